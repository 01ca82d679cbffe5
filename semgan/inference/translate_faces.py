"""Translates the faces of a photograph and leaves the rest as it is: each is found, aligned, translated and put back."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from semgan.errors import UserError
from semgan.faces.detect import Detector, Face
from semgan.faces.geometry import Target, align_to, celeba_square, square_of
from semgan.faces.paste import Piece, paste
from semgan.faces.warp import warp
from semgan.inference import style_request
from semgan.inference.model import Model
from semgan.inference.style_request import Style

ASSUMED = "the snapshot does not say how its pictures were aligned: faces are aligned as CelebA's"
"""What to say once, where `is_aligned` is False."""

FaceFinder = Callable[[np.ndarray], Sequence[Face]]


class TranslatedFaces(NamedTuple):
    """A photograph whose faces are translated.

    Attributes:
      picture: uint8 (height, width, 3), of the photograph's size.
      faces: those that were found, the surest first.
      contents, translations: uint8 (faces, size, size, 3): what the model saw of each and what it made of it.
    """

    picture: UInt8[np.ndarray, "height width 3"]
    faces: tuple[Face, ...]
    contents: UInt8[np.ndarray, "face size size 3"]
    translations: UInt8[np.ndarray, "face size size 3"]


class NoFaceError(UserError):
    """A photograph in which no face was found."""


def is_aligned(model: Model) -> bool:
    """Returns whether the snapshot notes how its training pictures were aligned; otherwise CelebA's geometry is used (see `ASSUMED`)."""
    return model.trained_model.alignment is not None


def target_of(model: Model) -> Target:
    """The geometry of the model's training pictures, at its size."""
    alignment = model.trained_model.alignment
    return celeba_square(model.image_size) if alignment is None else square_of(alignment, model.image_size)


def check_translates_faces(model: Model) -> None:
    """Raises a UserError for a model that needs more than pictures of a content, such as a mask."""
    if needed := ", ".join(sorted(model.algorithm.inputs)):
        raise UserError(f"this model needs the {needed} of a content, which a face found in a photograph does not have: leave out --faces")


def translate_faces(
    model: Model, picture: np.ndarray, style: Style, find: FaceFinder | None = None, name: str = "picture"
) -> TranslatedFaces:
    """Translates every face of a photograph in one style; a drawn style is the same for all of them.

    Args:
      picture: uint8 (height, width, 3), upright.
      style: as `style_request.prepare(model.trained_model, request)` makes it, once for all pictures.
      find: finds the faces; `Detector()` by default. Give one detector for many pictures: it compiles at its first.
      name: of the picture, for messages.

    Raises:
      NoFaceError: no face was found.
      UserError: the extra `faces` is not installed, or the model needs more than pictures.
    """
    check_translates_faces(model)
    faces = tuple((Detector() if find is None else find)(picture))
    if not faces:
        raise NoFaceError(f"{name}: no face was found: leave out --faces to translate the whole picture")
    target = target_of(model)
    transforms = [align_to(face.landmarks, target) for face in faces]
    contents = np.stack([warp(picture, transform, target.height, target.width) for transform in transforms])
    batches = [_batch_of(model, style, content) for content in contents]
    translations = np.concatenate([model.translate_batch(batch, style.latent_seed) for batch in batches])
    pieces = [Piece(*each) for each in zip(contents, translations, transforms, strict=True)]
    return TranslatedFaces(paste(picture, pieces), faces, contents, translations)


def _batch_of(model: Model, style: Style, content: np.ndarray) -> dict[str, np.ndarray]:
    """The batch of one face, with the weights of its regions where the style asks for them."""
    batch = style_request.batch_of(model.trained_model, style, content)
    if style.classes:
        batch["regions"] = style_request.region_weights(model.trained_model, content, style.classes)
    return batch
