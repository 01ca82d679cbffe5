"""A snapshot as something to call: `model = semgan.load(path)`, `model.translate(content, reference)`."""

import difflib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from semgan.algorithms import make
from semgan.data.augment import to_float, to_uint8
from semgan.data.decode import fit
from semgan.errors import UserError
from semgan.inference import domain_guess, pictures
from semgan.inference.pictures import Picture
from semgan.inference.snapshot import read_snapshot
from semgan.types import Algorithm

_SAMPLE_BATCH = 16


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model, from one snapshot file.

    Attributes:
      config: of the experiment, as plain data.
      meta: `domains` (names), and what training noted: kimg, dataset, scores.
      algorithm: its networks and its `sample`.
      params: averaged weights by network name.
      guess_kernel: of `domain_guess`; None where the snapshot has none.
    """

    config: dict[str, Any]
    meta: dict[str, Any]
    algorithm: Algorithm
    params: dict[str, Any]
    guess_kernel: np.ndarray | None
    _sample: Callable[..., jax.Array]

    @property
    def image_size(self) -> int:
        return self.config["image_size"]

    @property
    def domains(self) -> tuple[str, ...]:
        return tuple(self.meta.get("domains", ()))

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
        square is translated and faded into the rest.

        Args:
          domain: of the style, by name; guessed from the reference when not given, needed with `latent_seed`.
          content_domain: the content's own, read when `strength` is below 1; guessed when not given.
          strength: from 0 (the content's own style) to 1 (the reference's).
          truncation: from 0 (the mean style of the domain) to 1 (the style as drawn); for a latent's style.

        Returns:
          uint8, of the content's size.

        Raises:
          UserError: what is given is no picture, of no such domain, or not enough to translate by.
        """
        if (reference is None) == (latent_seed is None):
            raise UserError("a style comes from a reference picture or from a latent seed: give one of the two")
        if not 0 <= strength <= 1:
            raise UserError(f"strength is {strength}: give a number from 0 (the content's own style) to 1 (the reference's)")
        if not 0 <= truncation <= 1:
            raise UserError(f"truncation is {truncation}: give a number from 0 (the domain's mean style) to 1 (the style as drawn)")
        whole = pictures.read(content, "content")
        image = fit(whole, self.image_size)
        style = image if reference is None else fit(pictures.read(reference, "reference"), self.image_size)
        target = self._domain_of(style if reference is not None else None, domain, "domain")
        own = self._domain_of(image, content_domain, "content_domain") if strength < 1 or content_domain else target
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

    def translate_batch(self, batch: Mapping[str, np.ndarray], latent_seed: int | None = None) -> np.ndarray:
        """Translates a batch at the model's size; compiled once a batch size.

        Args:
          batch: `image` and (without `latent_seed`) `reference` uint8 (b, size, size, 3); `domain`, `target_domain` and
            `position` int32 (b,); optionally `strength` and `truncation` float32 (b,). An example's latent depends on the seed
            and its position.
          latent_seed: takes the styles from latents instead of the references.

        Returns:
          uint8 (b, size, size, 3).
        """
        seed = latent_seed or 0
        if not 0 <= seed < 2**32:
            raise UserError(f"the seed is {seed}: give a whole number from 0 to {2**32 - 1}")
        guide = "reference" if latent_seed is None else "latent"
        batch = {"reference": batch["image"], **batch}
        return np.asarray(self._sample(self.params, batch, jax.random.key(seed), guide=guide))

    def sample(self, count: int, seed: int = 0, *, content: Picture | Sequence[Picture], domain: str | None = None) -> np.ndarray:
        """`count` translations in styles drawn from the latent, each style another one.

        Args:
          content: a picture or several, taken in turn.
          domain: of the styles; the domains in turn when not given.

        Returns:
          uint8 (count, size, size, 3).
        """
        several = content if isinstance(content, Sequence) and not isinstance(content, str) else [content]  # pyright: ignore
        contents = np.stack([fit(pictures.read(picture, "content"), self.image_size) for picture in several])
        position = np.arange(count, dtype=np.int32)
        target = position % len(self.domains) if domain is None else np.full(count, self.domain_index(domain), np.int32)
        images = []
        for start in range(0, count, _SAMPLE_BATCH):
            rows = np.minimum(np.arange(start, start + _SAMPLE_BATCH), count - 1)  # one batch size: the last row fills up
            batch = {"image": contents[rows % len(contents)], "position": position[rows]}
            batch |= {"domain": target[rows], "target_domain": target[rows]}
            images.append(self.translate_batch(batch, seed)[: count - start])
        return np.concatenate(images)

    def apply(self, network: str, *arrays: Any, method: str | None = None) -> Any:
        """Runs one network by its name on raw arrays (images NHWC float32 in [-1, 1]), or one of its other methods."""
        module, params = self.algorithm.networks[self._network(network)], self.params[network]
        return _apply(module, method, params, arrays)

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

    def _network(self, name: str) -> str:
        return _known(name, [network for network in self.algorithm.networks if network in self.params], "network")


def load(path: str | Path) -> Model:
    """Reads a snapshot and makes its networks ready.

    Raises:
      UserError: the file is missing, damaged or no snapshot, or this version of semgan has no such model.
    """
    params, config, meta = read_snapshot(path)
    try:
        guess_kernel = params.pop(domain_guess.NAME, {}).get("kernel")
        algorithm = make(ConfigDict(config))
        _check_shapes(algorithm, params, config["image_size"])
        _check_domains(meta.get("domains", []), config["data"]["domains"], guess_kernel)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} does not fit this version of semgan ({error}): use the version that wrote it") from error
    sample = jax.jit(functools.partial(_sample, algorithm), static_argnames="guide")
    params = jax.tree.map(jnp.asarray, params)
    return Model(config, meta, algorithm, params, guess_kernel, sample)


def _check_shapes(algorithm: Algorithm, params: dict[str, Any], image_size: int) -> None:
    """ValueError, naming the first difference, unless the averaged networks are those that the algorithm makes."""
    image, number = jnp.zeros((1, image_size, image_size, 3)), jnp.zeros(1, jnp.int32)
    batch = dict.fromkeys(("image", "reference", "reference2"), image) | dict.fromkeys(("domain", "target_domain", "position"), number)
    made, _ = jax.eval_shape(algorithm.init, jax.random.key(0), batch)
    expected = _shapes({name: made[name] for name in algorithm.averaged})
    found = _shapes({name: params[name] for name in algorithm.averaged if name in params})
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise ValueError(f"{name} has the shape {found.get(name)}, not {expected.get(name)}")


def _check_domains(names: Any, trained: Sequence[str], guess_kernel: np.ndarray | None) -> None:
    """ValueError unless the domains' names are as many as the networks and the guess know."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("meta.domains is not a list of names")
    if len(names) != len(trained):
        raise ValueError(f"meta.domains names {len(names)}, but config.data.domains {len(trained)}")
    if guess_kernel is not None and guess_kernel.shape[1:] != (len(names),):
        raise ValueError(f"{domain_guess.NAME}/kernel has the shape {guess_kernel.shape}, not (features + 1, {len(names)})")


def _shapes(tree: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf.shape for path, leaf in jax.tree.leaves_with_path(tree)}


def _sample(algorithm: Algorithm, params: dict[str, Any], batch: dict[str, jax.Array], rng: jax.Array, guide: str) -> jax.Array:
    """uint8 in, uint8 out; only the guide's images are computed, XLA drops the others."""
    floats = {name: to_float(batch[name]) for name in ("image", "reference")}
    images = algorithm.sample(params, {}, {**batch, **floats}, rng)
    if guide not in images:
        raise UserError(f"this model samples by {', '.join(images)}, not by {guide}")
    return to_uint8(images[guide])


@functools.partial(jax.jit, static_argnums=(0, 1))
def _apply(module: Any, method: str | None, params: dict[str, Any], arrays: tuple[Any, ...]) -> Any:
    return module.apply({"params": params}, *arrays, method=method)


def _known(name: str, names: Sequence[str], kind: str) -> str:
    """The name if it is one of `names`, or else a UserError that suggests the nearest."""
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UserError(f"this model has no {kind} {name!r}: {hint}it has {', '.join(names)}")
