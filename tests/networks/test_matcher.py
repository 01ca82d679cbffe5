import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.matcher import MatcherNetwork, edges


@pytest.fixture(scope="module")
def step():
    """Half dark, half light: an upright edge in the middle."""
    return jnp.broadcast_to(jnp.where(jnp.arange(32) < 16, -0.5, 0.5)[None, None, :, None], (1, 32, 32, 3))


def test_edges_are_strong_where_the_colour_changes_and_say_which_way(step):
    fine = np.asarray(edges(step))[0, 16, :, :3]
    assert fine[15:17, 0].min() > 10 * fine[4, 0]
    np.testing.assert_allclose(fine[15, 1], fine[15, 0], rtol=1e-3)  # cosine of twice 0 degrees
    lying = np.asarray(edges(step.swapaxes(1, 2)))[0, :, 16, :3]
    np.testing.assert_allclose(lying[15, 1], -fine[15, 1], rtol=1e-3)
    assert abs(fine[15, 2]) < 1e-3 * fine[15, 0]


def test_edges_do_not_see_inverted_exchanged_or_weaker_colours(step):
    picture = step + 0.2 * jax.random.uniform(jax.random.key(0), (1, 32, 32, 3))
    for changed in (-picture, picture[..., ::-1]):
        np.testing.assert_allclose(edges(changed), edges(picture), atol=1e-4)
    np.testing.assert_allclose(edges(0.7 * picture), edges(picture), atol=0.1)  # less the weakest


def test_flat_pictures_have_features_and_gradients():
    network, flat = MatcherNetwork(channels=4, features=4), jnp.zeros((1, 16, 16, 3))
    params = jax.jit(network.init)(jax.random.key(0), flat)["params"]
    grads = jax.jit(jax.grad(lambda params: network.apply({"params": params}, flat).sum()))(params)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))
    assert network.apply({"params": params}, flat).shape == (1, 8, 8, 4)
