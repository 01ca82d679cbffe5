import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.losses.energy_distance import energy_distance


def normal(seed, mean=0.0, deviation=1.0):
    return jnp.asarray(np.random.default_rng(seed).normal(mean, deviation, (20_000, 3)), jnp.float32)


def test_it_is_nothing_in_the_mean_between_samples_of_one_distribution():
    assert abs(float(energy_distance(*map(normal, range(4))).mean())) < 0.01


@pytest.mark.parametrize(("mean", "deviation"), [(0.5, 1.0), (0.0, 0.5), (0.0, 2.0)])
def test_it_is_positive_between_different_means_and_spreads_in_both_orders(mean, deviation):
    a, b = [normal(0), normal(1)], [normal(2, mean, deviation), normal(3, mean, deviation)]
    there, back = (float(energy_distance(*x, *y).mean()) for x, y in ((a, b), (b, a)))
    assert there > 0.05
    np.testing.assert_allclose(there, back, rtol=1e-5)


def test_it_is_by_root_mean_squares():
    a, b, c, d = (jnp.array([each]) for each in ([0.0, 0.0], [3.0, 3.0], [1.0, 1.0], [1.0, 5.0]))
    expected = 1 + np.sqrt((4 + 4) / 2) - 3 - np.sqrt(16 / 2)
    np.testing.assert_allclose(energy_distance(a, b, c, d), [expected], rtol=1e-4)


def test_equal_codes_have_a_gradient():
    zeros = jnp.zeros((1, 3))
    assert np.isfinite(jax.grad(lambda x: energy_distance(x, zeros, zeros, zeros).sum())(zeros)).all()


def test_codes_are_drawn_towards_the_others():
    """By its gradient a narrow distribution becomes as wide as the other."""
    wide = (normal(0), normal(1))

    def loss(scale):
        return energy_distance(scale * normal(2), scale * normal(3), *wide).mean()

    assert jax.grad(loss)(0.3) < 0 < jax.grad(loss)(3.0)
