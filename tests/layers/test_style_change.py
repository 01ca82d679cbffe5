import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.style_change import change_style


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
