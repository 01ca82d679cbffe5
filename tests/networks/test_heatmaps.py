"""The heat maps' network and the masks that are made of its landmarks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.heatmaps import HeatMaps, face_masks, resize_to_corners, with_coordinates

SIZE = 64
ROW, COLUMN = 30, 40


def masks_of(landmark, height=0.5):
    """Returns the masks for heat at one pixel of one landmark's map."""
    maps = np.zeros((1, SIZE, SIZE, 98), np.float32)
    maps[0, ROW, COLUMN, landmark] = height
    return np.asarray(face_masks(jnp.asarray(maps)))[0]


def rows_of(mask):
    rows, columns = np.nonzero(mask > 1e-3)
    assert set(columns) <= {COLUMN}
    return [int(row) for row in rows]


@pytest.mark.parametrize(
    ("landmark", "outer", "inner"),
    [
        (0, [], []),  # the ends of the jaw are left out
        (16, [ROW], []),  # chin
        (40, [ROW + 7], []),  # eyebrow
        (33, [], []),
        (51, [ROW], [ROW]),  # bridge of the nose
        (53, [ROW - 4], [ROW - 4]),
        (57, [ROW - 8], [ROW - 8]),  # nostril
        (65, [ROW + 8, ROW + 24], [ROW + 8, ROW + 24]),  # eye
        (79, [ROW + 8], []),  # upper lip
        (85, [ROW - 8], []),  # lower lip
        (90, [ROW + 2], []),
        (97, [ROW], [ROW]),  # pupil
    ],
)
def test_each_part_of_a_face_lands_where_it_belongs(landmark, outer, inner):
    masks = masks_of(landmark)
    assert rows_of(masks[..., 0]) == outer
    assert rows_of(masks[..., 1]) == inner


def test_heat_is_stretched_and_weak_heat_is_none():
    np.testing.assert_allclose(masks_of(97)[ROW, COLUMN], [1, 1], atol=1e-5)
    assert masks_of(97, 0.09).max() == 0


def test_corners_stay_where_they_are_when_enlarging():
    x = np.random.default_rng(0).normal(size=(1, 5, 5, 2)).astype(np.float32)
    large = np.asarray(resize_to_corners(jnp.asarray(x), 13))
    np.testing.assert_allclose(large[:, ::3, ::3], x, atol=1e-6)
    np.testing.assert_allclose(large[0, 0, :, 1], np.interp(np.linspace(0, 4, 13), np.arange(5), x[0, 0, :, 1]), atol=1e-6)


def test_coordinates_run_from_corner_to_corner():
    x = np.asarray(with_coordinates(jnp.zeros((2, 3, 3, 1))))[1]
    np.testing.assert_allclose(x[..., 1], [[-1, -1, -1], [0, 0, 0], [1, 1, 1]])
    np.testing.assert_allclose(x[..., 2], x[..., 1].T)
    np.testing.assert_allclose(x[0, 0, 3], 1)
    np.testing.assert_allclose(x[1, 1, 3], 0)


def test_masks_are_of_one_size_whatever_the_picture_is():
    image = jax.ShapeDtypeStruct((1, 128, 128, 3), jnp.float32)
    masks, _ = jax.eval_shape(lambda key, x: HeatMaps(8).init_with_output(key, x), jax.random.key(0), image)
    assert masks.shape == (1, 256, 256, 2)
