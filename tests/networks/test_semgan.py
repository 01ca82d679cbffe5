"""semgan's generator under styles of regions; its plain path is that of every other test of the algorithm."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.semgan import Generator

SIZE = 16


@pytest.fixture(scope="module")
def image():
    return jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, SIZE, SIZE, 3)), jnp.float32)


@pytest.fixture(scope="module")
def generate(image):
    return ready(image, bottleneck_size=4, bottleneck_blocks=1)


def ready(image, **options):
    """A generator with parameters that are not those of the start, whose biases are 0."""
    module = Generator(SIZE, style_dim=4, base_channels=4, max_channels=8, full_channels=4, **options)
    shapes = jax.eval_shape(module.init, jax.random.key(0), image, jnp.zeros((2, 4)))
    rng = np.random.default_rng(1)
    variables = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, 0.2, leaf.shape), leaf.dtype), shapes)
    return jax.jit(lambda *inputs: module.apply(variables, *inputs))


def styles(*shape):
    return jnp.asarray(np.random.default_rng(2).normal(size=shape), jnp.float32)


def halves():
    """The left half of the picture, the right one, and a region that is nowhere."""
    weights = np.zeros((2, SIZE, SIZE, 3), np.float32)
    weights[:, :, : SIZE // 2, 0] = weights[:, :, SIZE // 2 :, 1] = 1
    return jnp.asarray(weights)


def test_regions_of_one_style_are_as_if_there_were_none(generate, image):
    style = styles(2, 4)
    plain, same = generate(image, style), generate(image, jnp.repeat(style[:, None], 3, 1), halves())
    np.testing.assert_allclose(same, plain, atol=2e-4 * float(jnp.abs(plain).max()))


def test_a_region_that_is_the_whole_picture_gives_it_its_style(generate, image):
    codes = styles(2, 3, 4)
    whole = jnp.zeros((2, SIZE, SIZE, 3)).at[..., 1].set(1)
    plain = generate(image, codes[:, 1])
    np.testing.assert_allclose(generate(image, codes, whole), plain, atol=2e-4 * float(jnp.abs(plain).max()))


def test_a_style_whose_region_is_nowhere_has_no_effect(generate, image):
    gradient = jax.grad(lambda codes: jnp.sum(generate(image, codes, halves()) ** 2))(styles(2, 3, 4))
    assert not np.asarray(gradient[:, 2]).any()
    assert np.abs(gradient[:, :2]).min() > 0


def test_a_style_acts_on_its_region_first_of_all(generate, image):
    """Elsewhere it is felt through the receptive field, and everywhere a little through the statistics that instances are normed by."""
    codes = styles(2, 3, 4)
    change = jnp.abs(generate(image, codes.at[:, 0].multiply(-1), halves()) - generate(image, codes, halves())).mean((0, 1, 3))
    assert float(change[: SIZE // 4].mean()) > 5 * float(change[-SIZE // 4 :].mean())


def test_without_blocks_a_style_acts_on_its_region_alone(image):
    """There the last norm is the only one, and its statistics are of features that no style has touched."""
    generate, codes = ready(image, bottleneck_size=SIZE // 2, bottleneck_blocks=0), styles(2, 3, 4)
    before, after = (generate(image, each, halves()) for each in (codes, codes.at[:, 0].add(1)))
    reach = SIZE // 2 + 1  # of the last convolution
    np.testing.assert_array_equal(after[:, :, reach:], before[:, :, reach:])
    assert (after[:, :, :reach] != before[:, :, :reach]).any((1, 3)).all()
