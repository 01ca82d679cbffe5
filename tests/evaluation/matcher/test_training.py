import jax
import jax.numpy as jnp
import numpy as np

from semgan.evaluation.matcher.training import crop_and_mirror


def test_crops_enlarge_and_half_are_mirrored():
    ramp = jnp.broadcast_to((jnp.arange(64.0) / 63)[None, None, :, None], (200, 64, 64, 3))
    cropped = np.asarray(jax.jit(crop_and_mirror)(ramp, jax.random.key(0)))
    rise = cropped[:, 32, -1, 0] - cropped[:, 32, 0, 0]
    assert 0.35 < (rise < 0).mean() < 0.65
    assert np.abs(rise).min() > 0.65
    assert np.abs(rise).max() < 1.001
