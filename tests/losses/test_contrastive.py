"""PatchNCE against its formula in float64, and what its gradient reaches."""

import jax
import jax.numpy as jnp
import numpy as np

from semgan.losses.contrastive import patch_nce

RNG = np.random.default_rng(0)
QUERIES, KEYS = (RNG.normal(size=(2, 5, 4)) for _ in range(2))
TEMPERATURE = 0.07


def _by_hand(queries, keys):
    queries, keys = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (queries, keys))
    losses = np.zeros(queries.shape[:2])
    for n in range(len(queries)):
        for i in range(queries.shape[1]):
            similarity = [queries[n, i] @ keys[n, j] if j != i else -10.0 for j in range(keys.shape[1])]
            logits = np.array([queries[n, i] @ keys[n, i], *similarity]) / TEMPERATURE
            losses[n, i] = np.log(np.exp(logits).sum()) - logits[0]
    return losses


def _nce(queries, keys):
    return patch_nce(jnp.asarray(queries, jnp.float32), jnp.asarray(keys, jnp.float32), TEMPERATURE)


def test_equals_the_cross_entropy_over_the_patches_of_the_same_image():
    np.testing.assert_allclose(_nce(QUERIES, KEYS), _by_hand(QUERIES, KEYS), rtol=1e-4)


def test_the_own_patch_counts_as_a_negative_of_minus_ten_before_the_division():
    """A single patch is a contest of 1 against -10 / 0.07, and so is lost nothing; in place of 1 or 0 it would cost log 2 or more."""
    np.testing.assert_allclose(_nce(QUERIES[:, :1], QUERIES[:, :1]), 0.0, atol=1e-6)
    opposite = _nce(QUERIES[:, :1], -QUERIES[:, :1])
    np.testing.assert_allclose(opposite, 0.0, atol=1e-6)  # -1 still beats -10


def test_lengths_do_not_matter():
    np.testing.assert_allclose(_nce(3 * QUERIES, 0.2 * KEYS), _nce(QUERIES, KEYS), rtol=1e-4)


def test_no_gradient_reaches_the_keys_and_zero_vectors_have_a_finite_one():
    queries = jnp.asarray(QUERIES, jnp.float32).at[0, 0].set(0)
    to_queries, to_keys = jax.grad(lambda *x: patch_nce(*x, TEMPERATURE).sum(), (0, 1))(queries, jnp.asarray(KEYS, jnp.float32))
    assert np.isfinite(to_queries).all()
    assert np.abs(to_queries).max() > 0
    np.testing.assert_array_equal(to_keys, 0)


def test_vectors_shorter_than_a_ten_millionth_count_for_less():
    """A length of 1e-7 is brought to the root of one half."""
    eye = jnp.eye(2)[None]
    short = np.sqrt(0.5)
    expected = np.log(np.exp(short) + np.exp(-10.0) + 1) - short
    np.testing.assert_allclose(patch_nce(1e-7 * eye, eye, 1.0), np.full((1, 2), expected), rtol=1e-4)
