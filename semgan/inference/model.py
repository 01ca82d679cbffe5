"""A trained model as something to call: `model.translate(content, reference)`, `model.sample(16)`."""

import difflib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from semgan.data.augment import to_float
from semgan.data.decode import fit
from semgan.errors import UserError
from semgan.inference import domain_guess, pictures
from semgan.inference.pictures import Picture
from semgan.types import Algorithm

_SAMPLE_BATCH = 16


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model, from one snapshot file.

    Attributes:
      config: of the experiment, as plain data.
      meta: `domains` (names), and what training noted: kimg, dataset, scores.
      algorithm: its networks and its `sample`, at the stage that training had come to.
      params: averaged weights by network name.
      model_state: what else its samples depend on, such as running statistics by network name.
      kinds: names of what it samples (see `semgan.types.Algorithm`): "sample" is drawn from noise alone, the others are translations.
      guess_kernel: of `domain_guess`; None where the snapshot has none.
    """

    config: dict[str, Any]
    meta: dict[str, Any]
    algorithm: Algorithm
    params: dict[str, Any]
    model_state: dict[str, Any]
    kinds: frozenset[str]
    guess_kernel: np.ndarray | None
    _run: Callable[..., jax.Array]

    @property
    def image_size(self) -> int:
        return self.config["image_size"]

    @property
    def domains(self) -> tuple[str, ...]:
        return tuple(self.meta.get("domains", ()))

    @property
    def guided(self) -> bool:
        """Whether a translation takes its style from a reference or a latent."""
        return bool(self.kinds & {"reference", "latent"})

    def translate(
        self,
        content: Picture,
        reference: Picture | None = None,
        *,
        domain: str | None = None,
        content_domain: str | None = None,
        latent_seed: int | None = None,
        strength: float = 1.0,
        truncation: float = 1.0,
    ) -> np.ndarray:
        """The content picture in the reference's style, or in one drawn from the latent by `latent_seed`.

        Pictures are uint8 (height, width, 3), Pillow images or paths, of any size. Of a content that is not square the centred
        square is translated and faded into the rest. Models that translate without a guide (CycleGAN, CUT, pix2pix) take neither
        a reference nor a seed, and of the rest only the domains.

        Args:
          domain: of the style, by name; guessed from the reference when not given, needed with `latent_seed`. Without a guide: what
            is translated into; not needed where only one can be meant.
          content_domain: the content's own, read when `strength` is below 1; guessed when not given.
          strength: from 0 (the content's own style) to 1 (the reference's).
          truncation: from 0 (the mean style of the domain) to 1 (the style as drawn); for a latent's style.

        Returns:
          uint8, of the content's size.

        Raises:
          UserError: what is given is no picture, of no such domain, or not what this model translates by.
        """
        self._check_translation(reference is not None, latent_seed is not None, strength, truncation)
        whole = pictures.read(content, "content")
        image = fit(whole, self.image_size)
        style = image if reference is None else fit(pictures.read(reference, "reference"), self.image_size)
        if self.guided:
            target = self._domain_of(style if reference is not None else None, domain, "domain")
            own = self._domain_of(image, content_domain, "content_domain") if strength < 1 or content_domain else target
        else:
            own, target = self._direction(content_domain, domain)
        batch = {
            "image": image[None],
            "domain": np.array([own], np.int32),
            "reference": style[None],
            "target_domain": np.array([target], np.int32),
            "position": np.zeros(1, np.int32),
        }
        if strength < 1:
            batch["strength"] = np.array([strength], np.float32)
        if truncation < 1:
            batch["truncation"] = np.array([truncation], np.float32)
        return pictures.put_back(whole, self.translate_batch(batch, latent_seed)[0])

    def _check_translation(self, reference: bool, latent: bool, strength: float, truncation: float) -> None:
        """UserError unless this model translates by what is given."""
        self._check_translates()
        if not 0 <= strength <= 1:
            raise UserError(f"strength is {strength}: give a number from 0 (the content's own style) to 1 (the reference's)")
        _check_truncation(truncation)
        if self.guided and reference == latent:
            raise UserError(
                "a style comes from a reference picture or from a latent seed: give one of the two (--reference or --latent-seed)"
            )
        if not self.guided and (reference or latent):
            raise UserError("this model needs no reference and no latent seed: leave out --reference and --latent-seed")
        if not self.guided and (strength < 1 or truncation < 1):
            raise UserError("this model has no style to weaken: leave out --strength and --truncation")

    def _check_translates(self) -> None:
        if self.kinds == {"sample"}:
            raise UserError("this model draws pictures from noise and cannot translate any: use `semgan sample` (model.sample)")

    def translate_batch(self, batch: Mapping[str, np.ndarray], latent_seed: int | None = None) -> np.ndarray:
        """Translates a batch at the model's size; compiled once a batch size.

        Args:
          batch: `image` and (without `latent_seed`) `reference` uint8 (b, size, size, 3); `domain`, `target_domain` and
            `position` int32 (b,); optionally `strength` and `truncation` float32 (b,). An example's latent depends on the seed
            and its position. The reference does not count where the model translates without a guide.
          latent_seed: takes the styles from latents instead of the references.

        Returns:
          uint8 (b, size, size, 3).
        """
        self._check_translates()
        guide = "latent" if latent_seed is not None else "reference" if self.guided else "translated"
        return self._images(guide, batch, latent_seed or 0)

    def sample(
        self,
        count: int,
        seed: int = 0,
        *,
        content: Picture | Sequence[Picture] | None = None,
        domain: str | None = None,
        truncation: float = 1.0,
    ) -> np.ndarray:
        """`count` pictures drawn from noise or, by a model that translates, translations in styles drawn from the latent.

        Args:
          content: a picture or several, taken in turn; for models that translate, and these need it.
          domain: of the styles; the domains in turn when not given.
          truncation: from 0 (the mean) to 1 (as drawn), for models that can truncate their latents; others take no notice.

        Returns:
          uint8 (count, size, size, 3).
        """
        batch = self.latent_batch(np.arange(count, dtype=np.int32), content=content, domain=domain, truncation=truncation)
        return self.sample_batch(batch, seed)

    def latent_batch(
        self,
        tile: np.ndarray,
        *,
        content: Picture | Sequence[Picture] | None = None,
        domain: str | None = None,
        truncation: float = 1.0,
    ) -> dict[str, np.ndarray]:
        """The batch for `sample_batch` in which example i shows latent, content and domain number `tile[i]` (int32)."""
        _check_truncation(truncation)
        batch = {"position": tile} | ({"truncation": np.full(len(tile), truncation, np.float32)} if truncation < 1 else {})
        if "sample" in self.kinds:
            if content is not None or domain is not None:
                raise UserError("this model draws pictures from noise: leave out the content and the domain (--content, --domain)")
            return batch
        if "latent" not in self.kinds:
            raise UserError("this model has no latent to draw styles from: use `semgan translate` (model.translate)")
        if content is None:
            raise UserError("this model translates: give a content (--content)")
        several = content if isinstance(content, Sequence) and not isinstance(content, str) else [content]  # pyright: ignore
        contents = np.stack([fit(pictures.read(picture, "content"), self.image_size) for picture in several])
        targets = self._targets()
        target = np.array(targets if domain is None else [self.target_index(domain)], np.int32)
        target = target[tile % len(target)]
        return batch | {"image": contents[tile % len(contents)], "domain": target, "target_domain": target}

    def sample_batch(self, batch: Mapping[str, np.ndarray], seed: int = 0) -> np.ndarray:
        """Draws a batch of any size, in pieces of one size so that there is one compilation: uint8 (b, size, size, 3).

        Args:
          batch: as `latent_batch` gives it; with `position_to` int32 and `mix` float32 (b,) the latents lie that far on the way
            from those of `position` to those of `position_to`.
        """
        kind, count = "sample" if "sample" in self.kinds else "latent", len(batch["position"])
        images = []
        for start in range(0, count, _SAMPLE_BATCH):
            rows = np.minimum(np.arange(start, start + _SAMPLE_BATCH), count - 1)  # the last row fills up
            piece = {name: values[rows] for name, values in batch.items()}
            images.append(self._images(kind, piece, seed)[: count - start])
        return np.concatenate(images)

    def _images(self, kind: str, batch: Mapping[str, np.ndarray], seed: int) -> np.ndarray:
        if not 0 <= seed < 2**32:
            raise UserError(f"the seed is {seed}: give a whole number from 0 to {2**32 - 1}")
        if kind not in self.kinds:
            raise UserError(f"this model samples by {', '.join(sorted(self.kinds))}, not by {kind}")
        if "image" in batch:
            batch = {"reference": batch["image"], **batch}
        return np.asarray(self._run(self.params, batch, jax.random.key(seed), kind=kind))

    def apply(self, network: str, *arrays: Any, method: str | None = None) -> Any:
        """Runs one network by its name on raw arrays (images NHWC float32 in [-1, 1]), or one of its other methods."""
        variables = {"params": self.params[self._network(network)]}
        if network in self.model_state:
            variables["batch_stats"] = self.model_state[network]
        return _apply(self.algorithm.networks[network], method, variables, arrays)

    def domain_index(self, name: str) -> int:
        """The number of a domain; UserError, with the nearest name, when the model has none of that name."""
        return self.domains.index(_known(name, self.domains, "domain"))

    def guess_domain(self, picture: Picture) -> str | None:
        """The domain that the picture looks most like, None where the snapshot cannot tell."""
        return self._guess(fit(pictures.read(picture), self.image_size))

    def _guess(self, image: np.ndarray) -> str | None:
        if self.guess_kernel is None:
            return None
        features = self.apply("style_encoder", to_float(image[None]), method="features")
        return self.domains[int(domain_guess.predict(self.guess_kernel, features)[0])]

    def _domain_of(self, image: np.ndarray | None, given: str | None, argument: str) -> int:
        """The domain given, or else the one that the image looks like."""
        name = given or (None if image is None else self._guess(image))
        if name is None:
            why = "a latent has no domain of its own" if image is None else "this snapshot cannot guess a picture's domain"
            raise UserError(f"{why}: give {argument} (--{argument.replace('_', '-')}), one of {', '.join(self.domains)}")
        return self.domain_index(name)

    def _targets(self) -> tuple[int, ...]:
        """Numbers of the domains that it translates into."""
        targets = self.algorithm.targets
        return tuple(range(len(self.domains))) if targets is None else targets

    def target_index(self, name: str) -> int:
        """The number of a domain that it translates into; UserError for any other."""
        number = self.domain_index(name)
        if number not in self._targets():
            raise UserError(f"this model does not translate into {name!r}: give {', '.join(self.domains[i] for i in self._targets())}")
        return number

    def _direction(self, content_domain: str | None, domain: str | None) -> tuple[int, int]:
        """From which domain to which, where there is no guide: what is not given is what alone can be meant."""
        own = None if content_domain is None else self.domain_index(content_domain)
        targets = [number for number in self._targets() if number != own] if domain is None else [self.target_index(domain)]
        if len(targets) != 1:
            raise UserError(
                f"this model translates into {', '.join(self.domains[i] for i in targets)}: give domain (--domain), one of these"
            )
        sources = [number for number in range(len(self.domains)) if number != targets[0]] if own is None else [own]
        if len(sources) != 1:
            raise UserError(
                f"the content may be of {', '.join(self.domains[i] for i in sources)}: give content_domain (--content-domain), one of these"
            )
        if sources == targets:
            raise UserError(f"the content is of {self.domains[targets[0]]!r} already: give another domain (--domain)")
        return sources[0], targets[0]

    def _network(self, name: str) -> str:
        return _known(name, [network for network in self.algorithm.networks if network in self.params], "network")


def _check_truncation(truncation: float) -> None:
    if not 0 <= truncation <= 1:
        raise UserError(f"truncation is {truncation}: give a number from 0 (the mean style) to 1 (the style as drawn)")


@functools.partial(jax.jit, static_argnums=(0, 1))
def _apply(module: Any, method: str | None, variables: dict[str, Any], arrays: tuple[Any, ...]) -> Any:
    return module.apply(variables, *arrays, method=method)


def _known(name: str, names: Sequence[str], kind: str) -> str:
    """The name if it is one of `names`, or else a UserError that suggests the nearest."""
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UserError(f"this model has no {kind} {name!r}: {hint}it has {', '.join(names)}")
