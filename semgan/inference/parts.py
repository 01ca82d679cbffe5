"""Translates pictures part by part, each part with the statistics of the whole: tiles of large pictures, and the fields of a panorama.

A normalisation goes by statistics that depend on those of all earlier layers, so that no single pass over the parts gives them. In the
first pass every part goes by its own; the moments of all parts together are the first guess of the whole's. In each later pass all parts
go by the guess, and what their layers really saw is the next one. Each pass makes one more layer exact, but an error of an early layer
shifts all later ones, which the guess does not know. So from the third pass on, each layer's guess moves along with what the part's own
moments have moved by since the pass before: then a few passes do.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from semgan.data.augment import to_uint8
from semgan.data.decode import size_of
from semgan.layers import whole
from semgan.layers.whole import Moments, Observer
from semgan.pictures import tiles
from semgan.pictures.tiles import Field, Grid, Span
from semgan.progress import Progress
from semgan.trained_model import TrainedModel, floats
from semgan.types import Key

MOST_PASSES = 10
"""The number of times that all parts are run for their statistics, at most."""
TOLERANCE = 0.01
"""Statistics have settled when no layer's channels have moved by more in the root mean square, in standard deviations of the channel: the
next pass would move them by a tenth of that."""

_LONG = 16  # tiles, from which on progress is shown
_LARGEST_PROBE = 1024  # pixels
_UNSEEN = 0.1
"""Of 255: differences between translations that count as none."""

Record = tuple[Moments, ...]
"""One part's moments, per layer."""


class Guide(NamedTuple):
    """What a translation takes beside the content.

    Attributes:
      batch: the batch of one example without its `image`.
      kind: the kind of sample.
      rng: see `trained_model.sample`.
    """

    batch: Mapping[str, Any]
    kind: str
    rng: Key


class Part(NamedTuple):
    """A tile of a field."""

    field: Field
    grid: Grid
    rows: Span
    columns: Span

    @property
    def weight(self) -> np.ndarray:
        """How far its pixels count for the whole, float32 (rows, columns)."""
        core = np.outer(tiles.core_mask(self.rows), tiles.core_mask(self.columns))
        return core if self.field.weight is None else core * tiles.take(self.field.weight, self.rows, self.columns)


def translate_fields(
    model: TrainedModel, guide: Guide, fields: Sequence[Field], *, side: int, margin: int, label: str = ""
) -> list[np.ndarray]:
    """Translates fields that make one whole, in tiles of at most `side` pixels a side.

    Args:
      fields: their heights and widths are multiples of the algorithm's `stride`, as are `side` and `margin`.
      label: what progress is shown of, where there are many tiles; none: it is not shown.

    Returns:
      uint8 images of the fields' sizes.
    """
    grids = [tiles.grid(*size_of(field.image), side, margin, model.algorithm.stride or 1, wraps=field.wraps) for field in fields]
    parts = {
        (number, rows, columns): Part(field, grid, rows, columns)
        for number, (field, grid) in enumerate(zip(fields, grids, strict=True))
        for rows in grid.rows
        for columns in grid.columns
    }
    label = label if len(parts) >= _LONG else ""
    moments = look(model, guide, parts, label)
    with Progress(f"translating {label}", len(parts) if label else 0) as progress:
        results = []
        for number, grid in enumerate(grids):

            def translate(rows: Span, columns: Span, number: int = number) -> np.ndarray:
                progress.advance()
                return run(model, guide, parts[number, rows, columns], moments)[0]

            results.append(tiles.assemble(grid, translate))
    return results


def look(model: TrainedModel, guide: Guide, parts: Mapping[tuple[int, Span, Span], Part], label: str = "") -> Record:
    """Finds the moments of the whole that the parts make, per layer; none where there is one part, which goes by its own."""
    counting = {place: part for place, part in parts.items() if part.weight.any()}
    if len(counting) == 1:
        return ()
    moments: Record = ()
    earlier: dict[tuple[int, Span, Span], Record] = {}
    for number in range(MOST_PASSES):
        records = {}
        with Progress(f"looking at {label}, pass {number + 1}", len(counting) if label else 0) as progress:
            for place, part in counting.items():
                records[place] = run(model, guide, part, moments, earlier.get(place, ()))[1]
                progress.advance()
        last, moments = moments, whole.combine(list(records.values()))
        if not moments or (earlier and change(last, moments) < TOLERANCE):
            break
        earlier = records if number else {}  # what parts saw by their own moments says nothing about the next pass
    return moments


def change(earlier: Record, later: Record) -> float:
    """The largest root mean square, over a layer's channels, by which means and deviations move, in standard deviations."""
    moves = []
    for old, new in zip(earlier, later, strict=True):
        deviation = np.sqrt(new.variance) + 1e-6
        moves += [(new.mean - old.mean) / deviation, np.sqrt(old.variance) / deviation - 1]
    return max((float(np.sqrt(np.square(move).mean())) for move in moves), default=0.0)


def run(model: TrainedModel, guide: Guide, part: Part, moments: Record = (), earlier: Record = ()) -> tuple[np.ndarray, Record]:
    """Translates one part: uint8 of its size, and what its layers saw.

    Args:
      moments: the whole's, which it goes by; none: its own.
      earlier: what its layers saw when those moments came about; with it, they move along with what its layers see now.
    """
    image = np.ascontiguousarray(tiles.take(part.field.image, part.rows, part.columns))
    rows, columns = tiles.places(part.rows, part.grid.height), tiles.places(part.columns, part.grid.width)
    weight = part.weight
    batch = {**guide.batch, "image": image[None]}
    if part.field.regions is not None:
        batch["regions"] = tiles.sample(part.field.regions, rows, columns, part.grid.height, part.grid.width)[None]
    of_whole, of_part = (jax.tree.map(np.float32, each) for each in (moments, earlier))
    program = _program(model.algorithm.sample, guide.kind)
    arrays = batch, guide.rng, of_whole, of_part, weight[None], rows[None], columns[None]
    translated, record = jax.device_get(program(model.networks, model.model_state, *arrays))
    return translated[0], record


@functools.lru_cache(maxsize=8)
def _program(make_images: Any, kind: str) -> Any:
    def translate(params, model_state, batch, rng, moments, earlier, weight, rows, columns):
        observer = Observer(moments, earlier, weight, rows, columns)
        with whole.observe(observer):
            image = make_images(params, model_state, {**batch, **floats(batch)}, rng)[kind]
        return to_uint8(image), tuple(observer.records)

    return jax.jit(translate)


def reach(model: TrainedModel, guide: Guide, side: int) -> int:
    """Measures how far a network looks around a place: the pixels of the margin that tiles need, a multiple of the stride.

    A random picture with the amplitudes of photographs is translated twice, by the same statistics, with two different frames around it;
    the margin ends where the translations differ by less than `_UNSEEN` in the mean.

    Args:
      side: of that picture, in pixels, a multiple of the stride, at least four times it; it is doubled as long as the network looks as
        far as can be seen there, three eighths of it, up to `_LARGEST_PROBE`.
    """
    stride = model.algorithm.stride or 1
    margin, most = _reach_within(model, guide, side, stride)
    return margin if margin < most or 2 * side > _LARGEST_PROBE else reach(model, guide, 2 * side)


def _reach_within(model: TrainedModel, guide: Guide, side: int, stride: int) -> tuple[int, int]:
    """The margin as far as it can be measured in a picture of that side, and the largest that can be."""
    frame = max(side // 8 // stride, 1) * stride
    first, second = (_natural_noise(side, seed) for seed in range(2))
    second[frame:-frame, frame:-frame] = first[frame:-frame, frame:-frame]
    span = Span(0, side, 0, side)
    grid = Grid(side, side, (span,), (span,), False, 0)
    codes = guide.batch.get("region_styles")
    regions = None if codes is None else np.eye(1, 1 + codes.shape[1], dtype=np.float32)[None]  # the rest of the picture everywhere
    first_part, second_part = (Part(Field(image, regions=regions), grid, span, span) for image in (first, second))
    moments = whole.combine([run(model, guide, first_part)[1]])
    images = [run(model, guide, part, moments)[0] for part in (first_part, second_part)]
    difference = np.abs(images[0].astype(np.float32) - images[1])[frame:-frame, frame:-frame].mean(2)
    place = np.arange(len(difference))
    depth = np.minimum.outer(*[np.minimum(place, place[::-1])] * 2)
    depths = range(0, len(difference) // 2, stride)
    reached = [start for start in depths if difference[(depth >= start) & (depth < start + stride)].mean() >= _UNSEEN]
    return max(reached[-1] + stride if reached else 0, stride), depths[-1] + stride


def _natural_noise(side: int, seed: int) -> np.ndarray:
    """Colours whose amplitudes fall with the frequency, as photographs' do (Field 1987): uint8 (side, side, 3)."""
    frequency = np.hypot.outer(np.fft.fftfreq(side), np.fft.fftfreq(side))
    frequency[0, 0] = 1
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=(3, side, side))) / frequency
    values = np.moveaxis(np.fft.ifft2(spectrum).real, 0, -1)
    return np.clip(127.5 + 64 * (values - values.mean()) / values.std(), 0, 255).astype(np.uint8)
