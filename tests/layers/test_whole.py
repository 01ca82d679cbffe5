"""Statistics of whole pictures for networks that see parts of them, against NumPy."""

import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers import whole
from semgan.layers.normalize import EPSILON, instance_norm, layer_norm
from semgan.layers.whole import Moments, Observer

RNG = np.random.default_rng(0)
PICTURE = RNG.normal(2, 3, (1, 8, 12, 3)).astype(np.float32)


def recorded(x, weight=None):
    observer = Observer(weight=weight)
    with whole.observe(observer):
        instance_norm(jnp.asarray(x))
    return tuple(observer.records)


def test_without_an_observer_layers_take_the_inputs_own_statistics():
    mean, variance = whole.moments(jnp.asarray(PICTURE))
    np.testing.assert_allclose(mean[0, 0, 0], PICTURE.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(variance[0, 0, 0], PICTURE.var((0, 1, 2)), rtol=1e-5)


def test_parts_moments_combine_to_those_of_the_whole():
    parts = [recorded(PICTURE[:, :3]), recorded(PICTURE[:, 3:])]
    (moments,) = whole.combine(parts)
    np.testing.assert_allclose(moments.mean[0], PICTURE.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(moments.variance[0], PICTURE.var((0, 1, 2)), rtol=1e-6)
    np.testing.assert_array_equal(moments.highest[0], PICTURE.max((0, 1, 2)))
    assert moments.weight == 8 * 12


def test_weights_leave_a_margin_out_and_are_summed_where_a_layer_is_coarser():
    weight = np.zeros((1, 16, 24), np.float32)
    weight[:, 4:10, 2:24] = 1  # of the layer's places rows 2 to 4 and columns 1 to 11, all in full
    (record,) = recorded(PICTURE, jnp.asarray(weight))
    inner = PICTURE[:, 2:5, 1:12]
    np.testing.assert_allclose(record.mean[0], inner.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(record.variance[0], inner.var((0, 1, 2)), rtol=1e-5)
    np.testing.assert_array_equal(record.highest[0], inner.max((0, 1, 2)))
    assert record.weight == 3 * 11 * 4


def test_part_goes_by_the_wholes_moments():
    mean, variance = np.array([[1.0, -2, 0]]), np.array([[4.0, 1, 9]])
    observer = Observer(whole=[Moments(np.ones(1), mean, variance, mean)])
    with whole.observe(observer):
        normal = instance_norm(jnp.asarray(PICTURE))
    np.testing.assert_allclose(normal, (PICTURE - mean) / np.sqrt(variance + EPSILON), rtol=1e-5)
    np.testing.assert_allclose(observer.records[0].mean[0], PICTURE.mean((0, 1, 2)), rtol=1e-5)  # records its own all the same


def test_given_moments_move_along_with_the_parts_own():
    (before,) = recorded(PICTURE)
    given = Moments(np.ones(1), np.zeros((1, 3)), np.full((1, 3), 1e-9), np.zeros((1, 3)))
    observer = Observer(whole=[given], earlier=[before])
    with whole.observe(observer):
        mean, variance = whole.moments(jnp.asarray(2 * PICTURE + 5))
    np.testing.assert_allclose(mean[0, 0], PICTURE.mean((1, 2)) + 5, rtol=1e-5)  # doubled less what it was, and 5
    np.testing.assert_allclose(variance[0, 0, 0], 4e-9, rtol=1e-5)  # deviations are doubled


def test_parts_without_contrast_move_the_variance_less():
    flat = np.zeros((1, 4, 4, 1), np.float32)
    given = Moments(np.ones(1), np.zeros((1, 1)), np.full((1, 1), 10.0), np.zeros((1, 1)))
    before = Moments(np.ones(1), np.zeros((1, 1)), np.full((1, 1), 1.0), np.zeros((1, 1)))
    with whole.observe(Observer(whole=[given], earlier=[before])):
        _, variance = whole.moments(jnp.asarray(flat))
    np.testing.assert_allclose(variance[0, 0, 0], 10 * (0 + 3) / (1 + 3), rtol=1e-6)  # with the floor of 0.3 of the whole's


def test_layer_norm_is_of_all_channels_together():
    observer = Observer()
    with whole.observe(observer):
        normal = layer_norm(jnp.asarray(PICTURE), 0.5)
    np.testing.assert_allclose(normal, (PICTURE - PICTURE.mean()) / np.sqrt(PICTURE.var() + 0.5), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(observer.records[0].mean, [[PICTURE.mean()]], rtol=1e-5)
    np.testing.assert_allclose(observer.records[0].variance, [[PICTURE.var()]], rtol=1e-5)


def test_maximum_of_the_whole_replaces_the_parts():
    given = Moments(np.ones(1), np.full((1, 3), 7.0), np.ones((1, 3)), np.full((1, 3), 50.0))
    with whole.observe(Observer(whole=[given])):
        mean, highest = whole.mean_and_maximum(jnp.asarray(PICTURE))
    assert (np.asarray(mean) == 7).all()
    assert (np.asarray(highest) == 50).all()


@pytest.mark.parametrize("stride", [1, 4])
def test_places_count_from_the_parts_place_in_the_whole(stride):
    x = jnp.zeros((1, 8, 8, 1))
    rows, columns = whole.places(x, stride)
    np.testing.assert_array_equal(rows[0], np.arange(8))
    full_rows, full_columns = np.arange(8 * stride)[None] + 3 * stride, (np.arange(8 * stride)[None] - 2 * stride) % (20 * stride)
    with whole.observe(Observer(rows=jnp.asarray(full_rows), columns=jnp.asarray(full_columns))):
        rows, columns = whole.places(x, stride)
    np.testing.assert_array_equal(rows[0], np.arange(3, 11))
    np.testing.assert_array_equal(columns[0], [18, 19, 0, 1, 2, 3, 4, 5])
