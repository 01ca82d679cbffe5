import numpy as np
import pytest

from semgan.errors import UserError
from semgan.pictures import tiles

RNG = np.random.default_rng(0)
CASES = [
    (64, 64, 64, 8, 4, False),
    (128, 200, 48, 8, 4, False),
    (128, 256, 64, 16, 4, True),
    (100, 100, 40, 4, 4, True),
    (64, 64, 128, 16, 4, True),
    (128, 128, 32, 0, 4, False),
    (64, 256, 192, 64, 64, False),
]
"""Height, width, side, margin, multiple, wraps."""


@pytest.mark.parametrize("case", CASES)
def test_cores_are_the_picture_and_margins_are_kept(case):
    height, width, side, margin, multiple, wraps = case
    grid = tiles.grid(height, width, side, margin, multiple, wraps=wraps)
    for spans, length, around in ((grid.rows, height, False), (grid.columns, width, wraps)):
        counts = sum(np.bincount(tiles.places(span, length)[tiles.core_mask(span) > 0], minlength=length) for span in spans)
        assert (counts == 1).all()
        for span in spans:
            assert span.start % multiple == 0
            assert span.length % multiple == 0
            if around or span.core_start > 0:
                assert span.core_start - span.start >= margin
            if around or span.core_stop < length:
                assert span.start + span.length - span.core_stop >= margin
            assert around or 0 <= span.start <= length - span.length
    assert len({(row.length, column.length) for row in grid.rows for column in grid.columns}) == 1  # one program does


@pytest.mark.parametrize("case", CASES)
def test_tiles_of_a_picture_make_the_picture(case):
    height, width, side, margin, multiple, wraps = case
    picture = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    grid = tiles.grid(height, width, side, margin, multiple, wraps=wraps)
    np.testing.assert_array_equal(tiles.assemble(grid, lambda rows, columns: tiles.take(picture, rows, columns)), picture)


def test_neighbours_are_blended_in_a_ramp():
    grid = tiles.grid(16, 48, 32, 8, 4)
    assert [span.core_start for span in grid.columns] == [0, 16, 32]
    values = iter([0, 100, 200])
    line = tiles.assemble(grid, lambda rows, columns: np.full((rows.length, columns.length, 3), next(values), np.uint8))[0, :, 0]
    # The blend is half of the margin, 4 pixels on either side of the edges at 16 and 32: pixel centres at 1/16, 3/16, ... of the way.
    ramp = (np.arange(8) + 0.5) / 8 * 100
    expected = np.concatenate([np.zeros(12), ramp, np.full(8, 100), 100 + ramp, np.full(12, 200)])
    np.testing.assert_array_equal(line, np.rint(expected))


def test_wrapping_tile_sees_the_other_side():
    picture = np.arange(12, dtype=np.uint8)[None, :, None] * np.ones((4, 1, 3), np.uint8)
    grid = tiles.grid(4, 12, 8, 2, 2, wraps=True)
    assert tiles.take(picture, grid.rows[0], grid.columns[0])[0, :, 0].tolist() == [10, 11, 0, 1, 2, 3, 4, 5]
    assert tiles.places(grid.columns[0], 12).tolist() == [10, 11, 0, 1, 2, 3, 4, 5]


def test_tile_without_room_for_its_margins_is_refused():
    with pytest.raises(UserError, match=r"a tile of 128 pixels is too small .* give 192 or more \(--tile\)"):
        tiles.grid(512, 512, 128, 64, 64)


def test_samples_at_another_resolution_are_bilinear():
    values = np.array([[[0.0], [4.0]]], np.float32)
    line = tiles.sample(values, np.arange(1), np.arange(8), 1, 8)[0, :, 0]
    np.testing.assert_allclose(line, [0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4], atol=1e-6)  # centres at 2 and 6 of 8 pixels
    picture = RNG.normal(size=(5, 7, 2)).astype(np.float32)
    np.testing.assert_allclose(tiles.sample(picture, np.arange(5), np.arange(7), 5, 7), picture, rtol=1e-6)
