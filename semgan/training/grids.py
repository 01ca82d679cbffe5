"""Layouts of a run's examples, for each kind of sample: what is asked of the algorithm, and where its pictures go.

One kind always asks for batches with the same keys, so that its program is compiled once.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from PIL import Image

from semgan.training.drawing import GAP, LABEL, MARGIN, Sheet, pitch_of

Sample = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
"""Maps a batch (pictures uint8, numbers int32, `mix` float32) to uint8 images by the names of their kinds."""

_REAL_COLUMNS = 4
_DRAWN_COLUMNS = 8
_STRIPS = 3
_TALLEST = 4
"""Rows of translations without a guide; more of them go on in another block beside."""


class GridExamples(NamedTuple):
    """The examples that the pictures show.

    Attributes:
      contents, references: uint8 (rows, size, size, 3) and (columns, size, size, 3).
      content_domain, reference_domain: of which domains they are, by number.
      target_domain: what each content is translated into where there is no guide, (rows,).
      inputs: what else the algorithm samples a content with (see `semgan.types.Algorithm`), by name, (rows, ...).
      answers: what every content should look like in every reference's style, row by row, uint8 (rows * columns, size, size, 3); None
        where nobody knows.
    """

    contents: np.ndarray
    content_domain: np.ndarray
    references: np.ndarray
    reference_domain: np.ndarray
    target_domain: np.ndarray
    inputs: Mapping[str, np.ndarray] = MappingProxyType({})
    answers: np.ndarray | None = None

    def batch(self, row: np.ndarray, column: np.ndarray, target: np.ndarray, position: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the batch in which content number `row[i]` meets reference number `column[i]`, to be translated into `target[i]`."""
        return {
            "image": self.contents[row],
            "domain": self.content_domain[row].astype(np.int32),
            "reference": self.references[column],
            "target_domain": target.astype(np.int32),
            "position": position.astype(np.int32),
            **self.inputs_of(row),
        }

    def inputs_of(self, row: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the other inputs that content number `row[i]` is sampled with."""
        return {name: values[row] for name, values in self.inputs.items()}


def guided_grid(examples: GridExamples, sample: Sample, domains: Sequence[str], kinds: Sequence[str], caption: str) -> Image.Image:
    """Contents down the left, and beside them a block for each of `kinds`; the block "reference" has its references on top.

    A last block has the answers to these, where they are known.
    """
    samples = sample(guided_cells(examples))
    blocks = {f"style from a {name}": samples[name] for name in kinds}
    if examples.answers is not None and "reference" in kinds:
        blocks["the true answers"] = examples.answers
    down, across = len(examples.contents), len(examples.references)
    pitch = pitch_of(examples.contents.shape[1])
    top = MARGIN + 2 * LABEL
    width = MARGIN + pitch + len(blocks) * (MARGIN + across * pitch) + MARGIN
    sheet = Sheet(width, top + (down + 1) * pitch + MARGIN, examples.contents.shape[1], caption)
    sheet.write(MARGIN, MARGIN, "content")
    for row, content in enumerate(examples.contents):
        sheet.paste(MARGIN, top + (row + 1) * pitch, content)
    for block, (title, images) in enumerate(blocks.items()):
        left = MARGIN + pitch + MARGIN + block * (across * pitch + MARGIN)
        sheet.write(left, MARGIN, title)
        for column, domain in enumerate(examples.reference_domain):
            sheet.write(left + column * pitch, MARGIN + LABEL, domains[int(domain)], pitch - GAP)
            if title != "style from a latent":
                sheet.paste(left + column * pitch, top, examples.references[column])
        _fill(sheet, left, top + pitch, across, pitch, images)
    return sheet.image


def guided_cells(examples: GridExamples) -> dict[str, np.ndarray]:
    """The batch that fills a grid row by row: every content with every reference.

    A cell's position, which its latent is drawn from, is its column: a column shows one latent on all contents.
    """
    row, column = (index.ravel() for index in np.indices((len(examples.contents), len(examples.references))))
    return examples.batch(row, column, examples.reference_domain[column], column)


def translated_grid(examples: GridExamples, sample: Sample, domains: Sequence[str], caption: str) -> Image.Image:
    """Draws each content with its translation at its right; after `_TALLEST` rows they go on in another such pair of columns."""
    images = sample(translated_cells(examples))["translated"]
    count, size = examples.contents.shape[:2]
    pitch = pitch_of(size)
    blocks = -(-count // _TALLEST)
    rows = -(-count // blocks)
    pair = 2 * pitch + MARGIN
    cell = pitch + LABEL
    sheet = Sheet(MARGIN + blocks * pair, MARGIN + LABEL + rows * cell + MARGIN, size, caption)
    for block in range(blocks):
        sheet.write(MARGIN + block * pair, MARGIN, "content", pitch - GAP)
        sheet.write(MARGIN + block * pair + pitch, MARGIN, "translated", pitch - GAP)
    for index in range(count):
        left, top = MARGIN + index // rows * pair, MARGIN + LABEL + index % rows * cell
        cells = (examples.contents[index], examples.content_domain[index]), (images[index], examples.target_domain[index])
        for column, (picture, domain) in enumerate(cells):
            sheet.write(left + column * pitch, top, domains[int(domain)], pitch - GAP)
            sheet.paste(left + column * pitch, top + LABEL, picture)
    return sheet.image


def translated_cells(examples: GridExamples) -> dict[str, np.ndarray]:
    """The batch of all contents with their targets; the references are there because every batch has some."""
    row = np.arange(len(examples.contents))
    return examples.batch(row, row % len(examples.references), examples.target_domain, row)


def sample_grid(examples: GridExamples, sample: Sample, caption: str) -> Image.Image:
    """Real pictures at the left, samples of fixed seeds at the right, under these strips on the way from one latent to another."""
    real = np.concatenate([examples.references, examples.contents])
    size = real.shape[1]
    rows = max(len(real) // _REAL_COLUMNS, 1)
    batch = drawn_cells(rows * _DRAWN_COLUMNS)
    images = sample(batch | examples.inputs_of(batch["position"] % len(examples.contents)))["sample"]
    samples, strips = np.split(images, [rows * _DRAWN_COLUMNS])

    pitch = pitch_of(size)
    right = MARGIN + _REAL_COLUMNS * pitch + MARGIN
    top = MARGIN + LABEL
    below = top + rows * pitch + LABEL
    sheet = Sheet(right + _DRAWN_COLUMNS * pitch + MARGIN, below + _STRIPS * pitch + MARGIN, size, caption)
    sheet.write(MARGIN, MARGIN, "real")
    sheet.write(right, MARGIN, "drawn from noise")
    sheet.write(right, below - LABEL, "from one latent to another")
    _fill(sheet, MARGIN, top, _REAL_COLUMNS, pitch, real[: rows * _REAL_COLUMNS])
    _fill(sheet, right, top, _DRAWN_COLUMNS, pitch, samples)
    _fill(sheet, right, below, _DRAWN_COLUMNS, pitch, strips)
    return sheet.image


def drawn_cells(count: int) -> dict[str, np.ndarray]:
    """The batch of `count` samples and then of the strips, whose ends are separate latents.

    A sample is drawn as the start (mix 0) of a way to itself, so that one program serves both.
    """
    samples = np.arange(count)
    start = count + 2 * np.arange(_STRIPS).repeat(_DRAWN_COLUMNS)
    way = np.tile(np.linspace(0, 1, _DRAWN_COLUMNS), _STRIPS)
    return {
        "position": np.concatenate([samples, start]).astype(np.int32),
        "position_to": np.concatenate([samples, start + 1]).astype(np.int32),
        "mix": np.concatenate([np.zeros(count), way]).astype(np.float32),
    }


def _fill(sheet: Sheet, left: int, top: int, columns: int, pitch: int, images: np.ndarray) -> None:
    """The places of a grid, row by row."""
    for index, image in enumerate(images):
        sheet.paste(left + index % columns * pitch, top + index // columns * pitch, image)
