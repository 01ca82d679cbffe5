"""The pictures that a run shows itself by: translations of the same held-out pairs, from first to last (numpy and Pillow)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_LEAST_CELL = 96
"""Pixels; smaller pictures are enlarged by a whole number, so that a person sees them."""
_GAP = 2
_MARGIN = 16
_LABEL = 22
_BACKGROUND = (238, 238, 236)
_INK = (70, 70, 68)


class Examples(NamedTuple):
    """What the pictures show: uint8 contents (rows, size, size, 3) and references (columns, size, size, 3) with their domains."""

    contents: np.ndarray
    content_domain: np.ndarray
    references: np.ndarray
    reference_domain: np.ndarray


def choose_examples(images: np.ndarray, rows: np.ndarray, domain: np.ndarray, contents: int, references: int) -> Examples:
    """The first pictures of each domain in turn: references first, then contents, so that no picture is both (where there are enough).

    Args:
      images, rows, domain: as in a dataset.
      contents, references: how many.
    """
    members = [np.flatnonzero(domain == value) for value in np.unique(domain)]
    across = [_member(members, index) for index in range(references)]
    taken = -(-references // len(members))
    down = [_member(members, index, skip=taken) for index in range(contents)]
    return Examples(images[rows[down]], domain[down], images[rows[across]], domain[across])


def _member(members: Sequence[np.ndarray], index: int, skip: int = 0) -> int:
    """Picture number `index` when the domains take turns, leaving out each domain's first `skip`."""
    own = members[index % len(members)]
    return int(own[(index // len(members) + skip) % len(own)])


def cells(examples: Examples) -> dict[str, np.ndarray]:
    """The batch that fills the grid row by row: every content with every reference.

    A cell's position, which its latent is drawn from, is its column: a column shows one latent on all contents.
    """
    row, column = (index.ravel() for index in np.indices((len(examples.contents), len(examples.references))))
    return {
        "image": examples.contents[row],
        "domain": examples.content_domain[row].astype(np.int32),
        "reference": examples.references[column],
        "target_domain": examples.reference_domain[column].astype(np.int32),
        "position": column.astype(np.int32),
    }


def compose(examples: Examples, samples: dict[str, np.ndarray], domains: Sequence[str]) -> Image.Image:
    """Contents down the left, and beside them one block a kind of sample, the reference's first.

    Args:
      samples: uint8 (rows * columns, size, size, 3) by name, as `Algorithm.sample` names them; the block "reference" has its
        references on top.
      domains: names, written over the columns.
    """
    down, across = len(examples.contents), len(examples.references)
    size = examples.contents.shape[1]
    scale = -(-_LEAST_CELL // size)
    pitch = size * scale + _GAP
    width = _MARGIN + pitch + sum(_MARGIN + across * pitch for _ in samples) + _MARGIN
    canvas = Image.new("RGB", (width, _MARGIN + 2 * _LABEL + (down + 1) * pitch + _MARGIN), _BACKGROUND)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(13)
    top = _MARGIN + 2 * _LABEL

    def paste(image: np.ndarray, left: int, row: int) -> None:
        enlarged = image.repeat(scale, 0).repeat(scale, 1)
        canvas.paste(Image.fromarray(enlarged), (left, top + row * pitch))

    draw.text((_MARGIN, _MARGIN), "content", fill=_INK, font=font)
    for row, content in enumerate(examples.contents):
        paste(content, _MARGIN, row + 1)
    for block, (name, images) in enumerate(sorted(samples.items(), key=lambda item: (item[0] != "reference", item[0]))):
        left = _MARGIN + pitch + _MARGIN + block * (across * pitch + _MARGIN)
        draw.text((left, _MARGIN), f"style from a {name}", fill=_INK, font=font)
        for column, domain in enumerate(examples.reference_domain):
            label = _fit(draw, font, domains[int(domain)], pitch - _GAP)
            draw.text((left + column * pitch, _MARGIN + _LABEL), label, fill=_INK, font=font)
            if name == "reference":
                paste(examples.references[column], left + column * pitch, 0)
        for index, image in enumerate(images):
            paste(image, left + index % across * pitch, index // across + 1)
    return canvas


def _fit(draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, text: str, width: int) -> str:
    """The text, cut to what fits."""
    while len(text) > 1 and draw.textlength(text, font=font) > width:
        text = text[:-2] + "…"
    return text


def file_name(step: int) -> str:
    """Names sort as the steps do."""
    return f"{step:08d}.png"


def save(path: Path, picture: Image.Image) -> None:
    """Writes a PNG that is complete or not there at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    picture.save(temporary, format="PNG")
    os.replace(temporary, path)
