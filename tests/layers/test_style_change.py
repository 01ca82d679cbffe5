import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.style_change import change_style, change_styles


@pytest.fixture(scope="module")
def pictures():
    """A light disc on a dark ground, in 16 places."""
    centre = 16 + 32 * np.random.default_rng(0).random((16, 2, 1, 1))
    y, x = np.mgrid[:64, :64]
    inside = np.hypot(y - centre[:, 0], x - centre[:, 1]) < 12
    return jnp.asarray(np.where(inside[..., None], [0.9, 0.7, 0.5], [0.1, 0.2, 0.4]), jnp.float32)


def test_styles_change_strongly_and_differently_and_stay_in_range(pictures):
    changed = jax.jit(change_style)(pictures, jax.random.key(0))
    assert changed.shape == pictures.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert np.abs(changed - pictures).mean() > 0.1
    other = jax.jit(change_style)(pictures, jax.random.key(1))
    assert np.abs(changed - other).mean() > 0.1


def test_parts_stay_where_they_are(pictures):
    """In most styles what changes most along a row changes at the disc's rim, as in the picture itself."""
    changed = jax.jit(change_style)(pictures, jax.random.key(0))

    def rim(images):
        slope = np.abs(np.diff(np.asarray(images), axis=2)).sum(-1)
        return (slope - slope.mean((1, 2), keepdims=True)).reshape(len(images), -1)

    def agreement(a, b):
        return (rim(a) * rim(b)).sum(1) / np.linalg.norm(rim(a), axis=1) / (np.linalg.norm(rim(b), axis=1) + 1e-6)

    assert np.median(agreement(pictures, changed)) > np.median(agreement(pictures, np.roll(changed, 1, 0))) + 0.2


@pytest.fixture(scope="module")
def small():
    """Eight pictures of 16 pixels a side, all different, and a key for each."""
    values = np.random.default_rng(1).uniform(0.2, 0.8, (8, 4, 4, 3)).repeat(4, 1).repeat(4, 2)
    return jnp.asarray(values, jnp.float32), jax.random.split(jax.random.key(0), 8)


@pytest.fixture(scope="module")
def changed(small):
    return jax.jit(change_styles)(*small)


def test_a_pictures_change_does_not_depend_on_those_beside_it(small, changed):
    images, keys = small
    reversed_first = jnp.array([0, 7, 6, 5, 4, 3, 2, 1])
    np.testing.assert_array_equal(jax.jit(change_styles)(images[reversed_first], keys[reversed_first]), changed[reversed_first])
    others = jax.jit(change_styles)(images.at[1:].set(1 - images[1:]), keys)
    np.testing.assert_array_equal(others[0], changed[0])
    assert (np.abs(others - changed)[1:].mean((1, 2, 3)) > 1e-2).sum() >= 5  # inverted twice, a picture may be as before


def test_a_pictures_change_follows_its_own_key(small, changed):
    images, keys = small
    rekeyed = jax.jit(change_styles)(images, keys.at[3:].set(jax.random.split(jax.random.key(1), 5)))
    np.testing.assert_array_equal(rekeyed[:3], changed[:3])
    assert (np.abs(rekeyed - changed)[3:].mean((1, 2, 3)) > 1e-2).sum() >= 4  # two keys may both leave a picture's style as it is
    same = jax.jit(change_styles)(images[jnp.zeros(8, jnp.int32)], keys)
    assert len(np.unique(np.asarray(same).reshape(8, -1).round(3), axis=0)) >= 5
