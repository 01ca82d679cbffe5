"""Drawn faces as the encoded examples of the dataset; worker processes run this, so it imports little."""

import io
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from semgan.data.drawn_faces.factors import ATTRIBUTE_NAMES
from semgan.data.drawn_faces.render import Face, draw

LANDMARK_NAMES = tuple(f"{point}_{axis}" for point in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for axis in "xy")
"""CelebA's names of the landmarks' coordinates, in order."""
_COMPRESSION = 3  # of PNG: nearly as small as the most, at a third of the time


class Chunk(NamedTuple):
    """Examples that a worker draws at a time."""

    split: str
    image_size: int
    start: int
    stop: int


def encode_chunk(chunk: Chunk) -> list[dict[str, Any]]:
    """Draws and encodes examples `start` to `stop - 1`."""
    return [encode_face(draw(index, chunk.image_size, split=chunk.split)) for index in range(chunk.start, chunk.stop)]


def encode_face(face: Face) -> dict[str, Any]:
    """A face in the features of the dataset, pictures as PNG bytes."""
    return {
        "image": _png(face.image),
        "mask": _png(face.mask),
        "landmarks": dict(zip(LANDMARK_NAMES, face.landmarks.ravel().tolist(), strict=True)),
        "attributes": dict(zip(ATTRIBUTE_NAMES, (face.attributes > 0).tolist(), strict=True)),
        "medium": face.medium,
        "content": np.array(face.content, np.float32),
        "style": np.array(face.style, np.float32),
    }


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=_COMPRESSION)
    return file.getvalue()
