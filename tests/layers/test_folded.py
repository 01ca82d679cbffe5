"""The convolution on folded pictures is the plain one of a pixel at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.layers.folded import FoldedConvolution, fold_kernel
from tests.layers.by_hand import convolved

RNG = np.random.default_rng(0)
CHANNELS = [(3, 5), (1, 1), (4, 2)]


def _layer(x, out, dtype=jnp.float32):
    """The layer as a function of its kernel, and parameters that are normal, the biases too."""
    params = {"kernel": RNG.normal(size=(3, 3, x.shape[-1], out)), "bias": RNG.normal(size=out)}
    params = {name: jnp.asarray(value, jnp.float32) for name, value in params.items()}
    module = FoldedConvolution(out, dtype)
    return lambda kernel, x: module.apply({"params": params | {"kernel": kernel}}, x), params


@pytest.mark.parametrize(("channels", "out"), CHANNELS)
def test_it_is_the_plain_convolution_with_zeros_outside(channels, out):
    x = RNG.normal(size=(2, 6, 10, channels)).astype(np.float32)
    run, params = _layer(x, out)
    want = convolved(x, params["kernel"], params["bias"])
    np.testing.assert_allclose(run(params["kernel"], jnp.asarray(x)), want, atol=1e-5 * np.abs(want).max())


@pytest.mark.parametrize(("channels", "out"), CHANNELS)
def test_its_kernel_has_the_plain_convolutions_gradient(channels, out):
    """That of tap (i, j) is the sum over places of what is read there times what comes back from above."""
    x, above = RNG.normal(size=(2, 6, 4, channels)), RNG.normal(size=(2, 6, 4, out))
    run, params = _layer(x, out)
    gradient = jax.grad(lambda kernel: (run(kernel, jnp.asarray(x, jnp.float32)) * jnp.asarray(above, jnp.float32)).sum())
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    want = [[np.einsum("bhwi,bhwo->io", padded[:, i : i + 6, j : j + 4], above) for j in range(3)] for i in range(3)]
    np.testing.assert_allclose(gradient(params["kernel"]), want, atol=1e-5 * np.abs(want).max())


def test_its_input_has_the_plain_convolutions_gradient():
    """A convolution with the kernel turned by half a turn, from outputs to inputs."""
    x, above = RNG.normal(size=(1, 4, 6, 3)), RNG.normal(size=(1, 4, 6, 5))
    run, params = _layer(x, 5)
    gradient = jax.grad(lambda x: (run(params["kernel"], x) * jnp.asarray(above, jnp.float32)).sum())(jnp.asarray(x, jnp.float32))
    want = convolved(above, np.asarray(params["kernel"])[::-1, ::-1].transpose(0, 1, 3, 2))
    np.testing.assert_allclose(gradient, want, atol=1e-5 * np.abs(want).max())


def test_a_flat_picture_stays_flat_inside():
    x = np.ones((1, 8, 8, 3), np.float32)
    run, params = _layer(x, 5)
    inside = run(params["kernel"], jnp.asarray(x))[:, 1:-1, 1:-1]
    want = np.asarray(params["kernel"], np.float64).sum((0, 1, 2)) + np.asarray(params["bias"], np.float64)
    np.testing.assert_allclose(inside, np.broadcast_to(want, inside.shape), atol=1e-5 * np.abs(params["kernel"]).sum())


@pytest.mark.parametrize("axis", [1, 2])
def test_what_moves_by_one_pixel_comes_out_moved_by_one_pixel(axis):
    """One pixel is half of a patch: patches leave no trace."""
    x = np.zeros((1, 10, 10, 2), np.float32)
    x[:, 3:7, 3:7] = RNG.normal(size=(1, 4, 4, 2))
    run, params = _layer(x, 3)
    still, moved = (np.asarray(run(params["kernel"], jnp.asarray(each))) for each in (x, np.roll(x, 1, axis)))
    np.testing.assert_allclose(moved, np.roll(still, 1, axis), atol=1e-5 * np.abs(still).max())


def test_the_type_of_computation_is_kept():
    x = RNG.normal(size=(1, 4, 4, 3)).astype(np.float32)
    run, params = _layer(x, 5, jnp.bfloat16)
    for dtype in (jnp.bfloat16, jnp.float32):
        output = run(params["kernel"], jnp.asarray(x, dtype))
        assert output.dtype == jnp.bfloat16
    want = convolved(x, params["kernel"], params["bias"])
    np.testing.assert_allclose(np.asarray(output, np.float64), want, atol=0.03 * np.abs(want).max())
    shapes = jax.eval_shape(FoldedConvolution(5, jnp.bfloat16).init, jax.random.key(0), output[..., :3])["params"]
    assert {name: (leaf.shape, leaf.dtype) for name, leaf in shapes.items()} == {
        "kernel": ((3, 3, 3, 5), jnp.float32),
        "bias": ((5,), jnp.float32),
    }


def test_no_weight_is_read_twice_by_a_pixel():
    """Each of a patch's four pixels has the whole kernel, once, and zeros beside it."""
    kernel = RNG.uniform(1, 2, (3, 3, 2, 3)).astype(np.float32)
    folded = np.asarray(fold_kernel(jnp.asarray(kernel))).reshape(3, 3, 4, 2, 4, 3)
    assert ((folded != 0).sum((0, 1, 2)) == 9).all()
    np.testing.assert_allclose(folded.sum((0, 1, 2)), np.broadcast_to(kernel.sum((0, 1))[:, None], (2, 4, 3)), rtol=1e-5)
