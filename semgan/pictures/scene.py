"""A picture as the fields that a network translates: one flat field, or those of a panorama, for one eye or two."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from semgan.data.decode import size_of
from semgan.errors import UserError
from semgan.pictures import panorama, stereo
from semgan.pictures.canonical_angles import canonical_angles
from semgan.pictures.equirectangular import check_panorama
from semgan.pictures.frame import MODEL, Frame, frame_of, lay, restore, short_side
from semgan.pictures.gpano import Area
from semgan.pictures.panorama import Layout
from semgan.pictures.partial_panorama import cut_area, fill_sphere
from semgan.pictures.tiles import Field


class View(NamedTuple):
    """How contents are seen.

    Attributes:
      size: the length of the short side as the networks see it: "model" (the size that they were trained at), "native" (the content's
        own) or pixels.
      tile: pixels a side of overlapping tiles, which are translated with the statistics of the whole picture, so that memory is bounded;
        0: tiles of 1,024 where the networks see more than two megapixels, otherwise none.
      panorama: contents are equirectangular panoramas, twice as wide as high: their left and right edges are one place, and their poles
        are translated in views of their own.
      stereo: "top-bottom" or "side-by-side", where contents hold pictures for the left and the right eye, which share their style and
        statistics; none: they are for one eye.
    """

    size: int | str = MODEL
    tile: int = 0
    panorama: bool = False
    stereo: str = ""


class Scene(NamedTuple):
    """The fields of a picture, all of which make one whole.

    Attributes:
      fields: eye after eye.
      places: where the fields of each eye belong.
      stereo: as in `View`.
      area: the part of the sphere that a panorama shows; None for all of it.
    """

    fields: tuple[Field, ...]
    places: tuple[Frame | Layout, ...]
    stereo: str = ""
    area: Area | None = None

    @property
    def is_plain(self) -> bool:
        """Returns whether it is one flat field."""
        return len(self.fields) == 1

    @property
    def shape(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the fields' images."""
        return tuple(field.image.shape for field in self.fields)


def flat_frame(height: int, width: int, view: View, model_size: int, stride: int) -> Frame:
    """Lays out a flat picture for one eye; see `frame_of`."""
    return frame_of(height, width, short_side(height, width, view.size, model_size), stride)


def scene_of(picture: np.ndarray, view: View, model_size: int, stride: int, area: Area | None = None) -> Scene:
    """Lays a picture before a network.

    Args:
      picture: uint8 (height, width, 3).
      model_size, stride: the network's, in pixels.
      area: the part of the sphere that a panorama for one eye shows.

    Raises:
      UserError: shapes that are not a panorama's or a pair's.
    """
    if area is not None and not area.is_whole:
        if view.stereo:
            raise UserError("panoramas for two eyes have to show the whole sphere: leave out --stereo, or give one that does")
        picture = fill_sphere(picture, area)
    eyes = stereo.split(picture, view.stereo, panorama=view.panorama) if view.stereo else (picture,)
    if not view.panorama:
        frame = flat_frame(*size_of(eyes[0]), view, model_size, stride)
        return Scene(tuple(Field(lay(eye, frame)) for eye in eyes), (frame,) * len(eyes), view.stereo)
    check_panorama(eyes[0])
    angles = canonical_angles(eyes)
    height = short_side(*size_of(eyes[0]), view.size, model_size)
    cuts = [panorama.cut(eye, height, stride, angles) for eye in eyes]
    fields = tuple(field for each, _ in cuts for field in each)
    return Scene(fields, tuple(layout for _, layout in cuts), view.stereo, area)


def picture_of(scene: Scene, images: Sequence[np.ndarray]) -> np.ndarray:
    """Puts translated fields together: uint8, of the picture's size."""
    each = len(images) // len(scene.places)
    eyes = []
    for number, place in enumerate(scene.places):
        own = images[number * each : (number + 1) * each]
        eyes.append(restore(own[0], place) if isinstance(place, Frame) else panorama.assemble(own, place))
    picture = stereo.join(eyes, scene.stereo) if scene.stereo else eyes[0]
    return picture if scene.area is None else cut_area(picture, scene.area)
