"""A trained model as something to call: `model = semgan.load(path)`, `model.translate(content, reference)`, `model.sample(16)`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np

from semgan import trained_model
from semgan.data.decode import fit
from semgan.errors import UserError
from semgan.inference import domain_choice, masks, style_request, whole_picture
from semgan.inference.masks import Mask
from semgan.inference.recipe import Recipe, recipe_of
from semgan.inference.style_request import Request, Style, check_numbers, check_seed, check_truncation
from semgan.inference.whole_picture import PLAIN
from semgan.pictures.frame import MODEL
from semgan.pictures.read import Picture, read, read_with_alpha
from semgan.pictures.scene import View
from semgan.run_files import model_path
from semgan.snapshot import blaming
from semgan.trained_model import PIECE, TrainedModel, from_snapshot
from semgan.types import Algorithm


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model, from a snapshot or a checkpoint.

    Attributes:
      trained_model: the model as a value, for the functions of `semgan.trained_model`.
    """

    trained_model: TrainedModel

    @property
    def config(self) -> dict[str, Any]:
        """The experiment's config, as plain data."""
        return dict(self.trained_model.config)

    @property
    def meta(self) -> dict[str, Any]:
        """`domains` (names), and what training noted: `kimg`, `dataset`, `scores`, `mask_classes`, `alignment`."""
        return dict(self.trained_model.meta)

    @property
    def algorithm(self) -> Algorithm:
        """The networks and `sample`, at the stage that training had reached."""
        return self.trained_model.algorithm

    @property
    def params(self) -> dict[str, Any]:
        """Averaged weights by network name."""
        return self.trained_model.networks

    @property
    def model_state(self) -> dict[str, Any]:
        """The entries of `model_state` that its samples depend on, such as running statistics by network name."""
        return self.trained_model.model_state

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Names of what it samples (see `semgan.types.Algorithm`): "sample" is drawn from noise alone, the others are translations."""
        return trained_model.kinds(self.trained_model)

    @property
    def guess_kernel(self) -> np.ndarray | None:
        """The kernel of `semgan.domain_guess`; None where the snapshot has none."""
        return self.trained_model.guess_kernel

    @property
    def recipe(self) -> Recipe | None:
        """The recipe: styles by their attributes; None where the snapshot has none."""
        return recipe_of(self.trained_model)

    @property
    def image_size(self) -> int:
        """Width and height of the pictures that its networks take and give, in pixels."""
        return self.trained_model.image_size

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains."""
        return self.trained_model.domains

    @property
    def mask_classes(self) -> tuple[str, ...]:
        """Names of a content's parts that can take different styles; none for a model that has not learned from masks."""
        return self.trained_model.mask_classes

    @property
    def targets(self) -> tuple[int, ...]:
        """Numbers of the domains that it translates into."""
        return self.trained_model.targets

    @property
    def guided(self) -> bool:
        """Returns whether a translation takes its style from a reference or a latent."""
        return trained_model.is_guided(self.trained_model)

    def translate(
        self,
        content: Picture,
        reference: Picture | Sequence[Picture] | None = None,
        *,
        style: str | None = None,
        domain: str | None = None,
        content_domain: str | None = None,
        latent_seed: int | None = None,
        regions: Mapping[str, Picture] | None = None,
        strength: float = 1.0,
        truncation: float = 1.0,
        mask: Mask | None = None,
        size: int | str = MODEL,
        tile: int = 0,
        panorama: bool = False,
        stereo: str = "",
    ) -> np.ndarray:
        """The content picture in a style: the reference's or, of several, their mean; a recipe's; or one drawn by `latent_seed`.

        Pictures are uint8 (height, width, 3), or 4 with alpha, Pillow images or paths, of any shape; of a reference the centred square
        counts. A model that works at one size alone (SPADE, StarGAN v2 with its face branch) translates the content's centred square and
        fades it into the rest. Models that translate without a guide (CycleGAN, CUT, pix2pix) take no style, only the domains.

        >>> import semgan
        >>> model = semgan.load("runs/quickstart/snapshot.safetensors")
        >>> picture = model.translate("me.jpg", "drawing.png", strength=0.8)
        >>> picture.shape, picture.dtype
        ((60, 40, 3), dtype('uint8'))

        Args:
          style: a recipe: attributes, and those that are not wanted after a "~", such as "Blond_Hair,~Smiling". It may name the domain.
          domain: of the style, by name, that of all its pictures; guessed from the pictures when not given, needed with `latent_seed`
            and recipes. Without a guide: what is translated into; not needed where only one can be meant.
          content_domain: the content's own, read when `strength` is below 1 or nothing but `regions` is given; guessed when not given.
          regions: pictures whose styles hold, in the place of that style, within parts of the content, by the names of `mask_classes`.
            By themselves they leave the rest of the content in its own style.
          strength: from 0 (the content's own style) to 1 (the style that is asked for).
          truncation: from 0 (the mean style of the domain) to 1 (the style as drawn); for a latent's style.
          mask: the class ids of the content's pixels, for models that paint from a mask (SPADE), which need it: a PNG, or uint8
            (height, width), of the content's size.
          size, tile, panorama, stereo: how the content is seen, see `semgan.pictures.scene.View`.

        Returns:
          uint8 (height, width, 3), of the content's size; 4 with its alpha, where it is not opaque.

        Raises:
          UserError: what is given is not a picture or mask, of no such domain, attribute or region, or not what this model translates by.
        """
        request = Request(reference, style, domain, content_domain, latent_seed, regions, strength, truncation)
        masks.check_presence(self.trained_model, mask is not None)
        view = View(size, tile, panorama, stereo)
        whole_picture.check_view(self.trained_model, view)
        style_ready = style_request.prepare(self.trained_model, request)
        return self.translate_as(content, style_ready, mask, view)

    def translate_as(self, content: Picture, style: Style, mask: Mask | None = None, view: View = PLAIN) -> np.ndarray:
        """Translates one of several contents in the same style, which `style_request.prepare` made ready, as `translate` does."""
        ready = whole_picture.prepare(self.trained_model, read_with_alpha(content, "content"), view)
        (images,) = whole_picture.translate_contents(self.trained_model, [style], [ready], view, [] if mask is None else [mask])
        return whole_picture.finish(ready, images)

    def check_translates(self) -> None:
        """Raises a UserError for a model that draws from noise."""
        style_request.check_translates(self.trained_model)

    def translate_batch(self, batch: Mapping[str, np.ndarray], latent_seed: int | None = None) -> np.ndarray:
        """Translates a batch at the model's size; compiled once per batch size.

        Args:
          batch: `image` and (without `latent_seed`) `reference` uint8 (b, size, size, 3); `domain`, `target_domain` and
            `position` int32 (b,); optionally `strength` and `truncation` float32 (b,), `style` float32 (b, style) in the place of the
            reference, and `regions` float32 (b, size, size, 1 + region) with `region_styles` float32 (b, region, style); and the
            algorithm's `inputs`, such as `mask` uint8 (b, size, size). An example's latent depends on the seed and its position. No style
            counts where the model translates without a guide.
          latent_seed: takes the styles from latents instead of the references.

        Returns:
          uint8 (b, size, size, 3).
        """
        self.check_translates()
        guide = "latent" if latent_seed is not None else "reference" if self.guided else "translated"
        return self._images(guide, batch, latent_seed or 0, size=len(batch["position"]))

    def sample(
        self,
        count: int,
        seed: int = 0,
        *,
        first: int = 0,
        content: Picture | Sequence[Picture] | None = None,
        domain: str | None = None,
        truncation: float = 1.0,
        mask: Mask | Sequence[Mask] | None = None,
    ) -> np.ndarray:
        """`count` pictures drawn from noise or, by a model that translates, translations in styles drawn from the latent.

        Args:
          first: number of the first one; a number's picture is the same to the bit, however many are drawn.
          content: a picture or several, taken in turn; for models that translate, and these need it.
          domain: of the styles; the domains in turn when not given.
          truncation: from 0 (the mean) to 1 (as drawn), for models that can truncate their latents; others take no notice.
          mask: of the content, one per picture, for models that paint from masks; see `translate`.

        Returns:
          uint8 (count, size, size, 3).
        """
        check_numbers(first, count)
        before = first % PIECE  # each number has its own row of a piece
        number = np.arange(first - before, first + count, dtype=np.int32)
        batch = self.latent_batch(number, content=content, domain=domain, truncation=truncation, mask=mask)
        return self.sample_batch(batch, seed)[before:]

    def latent_batch(
        self,
        tile: np.ndarray,
        *,
        content: Picture | Sequence[Picture] | None = None,
        domain: str | None = None,
        truncation: float = 1.0,
        mask: Mask | Sequence[Mask] | None = None,
    ) -> dict[str, np.ndarray]:
        """The batch for `sample_batch` in which example i shows latent, content and domain number `tile[i]` (int32)."""
        check_truncation(truncation)
        batch = {"position": tile} | ({"truncation": np.full(len(tile), truncation, np.float32)} if truncation < 1 else {})
        mask_list: list[Any] = [] if mask is None else list(mask) if isinstance(mask, list | tuple) else [mask]
        if "sample" in self.kinds:
            inputs = masks.inputs_of(self.trained_model, mask_list, [])
            if content is not None or domain is not None:
                raise UserError("this model draws pictures from noise: leave out the content and the domain (--content, --domain)")
            return batch | {name: values[tile % len(values)] for name, values in inputs.items()}
        if "latent" not in self.kinds:
            raise UserError("this model has no latent to draw styles from: use `semgan translate` (model.translate)")
        if content is None:
            raise UserError("this model translates: give a content (--content)")
        several = content if isinstance(content, Sequence) and not isinstance(content, str) else [content]  # pyright: ignore
        whole = [read(picture, "content") for picture in several]
        inputs = masks.inputs_of(self.trained_model, mask_list, [picture.shape[:2] for picture in whole])
        contents = np.stack([fit(picture, self.image_size) for picture in whole])
        targets = self.targets
        target = np.array(targets if domain is None else [self.target_index(domain)], np.int32)
        target = target[tile % len(target)]
        batch |= {name: values[tile % len(contents)] for name, values in {"image": contents, **inputs}.items()}
        return batch | {"domain": target, "target_domain": target}

    def sample_batch(self, batch: Mapping[str, np.ndarray], seed: int = 0) -> np.ndarray:
        """Draws a batch of any size, in pieces of one size so that there is one compilation: uint8 (b, size, size, 3).

        Args:
          batch: as `latent_batch` gives it; with `position_to` int32 and `mix` float32 (b,) the latents lie that far on the way
            from those of `position` to those of `position_to`.
        """
        return self._images("sample" if "sample" in self.kinds else "latent", batch, seed)

    def _images(self, kind: str, batch: Mapping[str, np.ndarray], seed: int, size: int = PIECE) -> np.ndarray:
        check_seed(seed)
        if kind not in self.kinds:
            raise UserError(f"this model samples by {', '.join(sorted(self.kinds))}, not by {kind}")
        if missing := self.algorithm.inputs.keys() - batch.keys():
            raise UserError(f"this model needs {', '.join(sorted(missing))} of every content: put it into the batch")
        return trained_model.sample(self.trained_model, batch, jax.random.key(seed), kind=kind, size=size)[kind]

    def apply(self, network: str, *arrays: Any, method: str | None = None) -> Any:
        """Runs one network by its name on raw arrays (images NHWC float32 in [-1, 1]), or one of its other methods.

        >>> import numpy as np, semgan
        >>> model = semgan.load("runs/quickstart/snapshot.safetensors")
        >>> images = np.zeros((2, model.image_size, model.image_size, 3), np.float32)
        >>> domain = np.array([model.domain_index("ink")] * 2)
        >>> len(model.apply("style_encoder", images, domain))
        2
        """
        return trained_model.apply(self.trained_model, network, *arrays, method=method)

    def domain_index(self, name: str) -> int:
        """Returns the number of a domain; UserError, with the nearest name, when the model has none of that name."""
        return domain_choice.domain_index(self.trained_model, name)

    def target_index(self, name: str) -> int:
        """Returns the number of a domain that it translates into; UserError for any other."""
        return domain_choice.target_index(self.trained_model, name)

    def guess_domain(self, picture: Picture) -> str | None:
        """Returns the domain that the picture looks most like, None where the snapshot cannot tell."""
        if self.guess_kernel is None:
            return None
        return self.domains[domain_choice.guess(self.trained_model, fit(read(picture), self.image_size), "domain")]


def load(path: str | Path, step: int | str | None = None) -> Model:
    """Reads a snapshot, a checkpoint or the model of a run's folder, and makes its networks ready.

    Args:
      path: of a snapshot, of a checkpoint (`RUN/checkpoints/STEP`), or of a run's folder, whose last snapshot is read.
      step: for a run's folder, the step of the checkpoint to read instead, or "best".

    >>> import semgan
    >>> model = semgan.load("runs/quickstart/snapshot.safetensors")
    >>> model.domains
    ('shaded', 'ink')

    Raises:
      UserError: the file is missing, damaged or not a model, the run has no such step, or this version of semgan has no such model.
    """
    path = model_path(path, step)
    value = from_snapshot(path)
    with blaming(path):
        recipe_of(value)
    return Model(value)
