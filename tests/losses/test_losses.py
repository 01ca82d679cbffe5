"""Losses against hand-written NumPy, R1 against finite differences."""

import jax.numpy as jnp
import numpy as np

from semgan.losses import adversarial, penalties
from semgan.losses.reconstruction import l1


def test_adversarial_terms_are_cross_entropies_with_logits():
    logits = np.array([-30.0, -1.0, 0.0, 2.0, 30.0])
    sigmoid = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(adversarial.real_loss(jnp.asarray(logits, jnp.float32))[1:], -np.log(sigmoid[1:]), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(adversarial.fake_loss(jnp.asarray(logits, jnp.float32))[:4], -np.log(1 - sigmoid[:4]), rtol=1e-5, atol=1e-7)


def test_adversarial_terms_stay_finite_for_huge_logits():
    huge = jnp.asarray([-1e4, 1e4])
    np.testing.assert_allclose(adversarial.real_loss(huge), [1e4, 0])
    np.testing.assert_allclose(adversarial.fake_loss(huge), [0, 1e4])


def test_l1_is_elementwise_and_unreduced():
    np.testing.assert_array_equal(l1(jnp.asarray([[1.0, -2.0]]), jnp.asarray([[3.0, 2.0]])), [[2, 4]])


def test_r1_equals_finite_differences():
    rng = np.random.default_rng(0)
    image, weight = rng.normal(size=(2, 3, 3, 2)), rng.normal(size=(18,))

    def logits(images):  # any smooth function of each image alone
        flat = images.reshape(len(images), -1)
        return np.tanh(flat @ weight) + (flat**2).sum(1) / 7

    def logits_jax(images):
        flat = images.reshape(len(images), -1)
        return jnp.tanh(flat @ jnp.asarray(weight, jnp.float32)) + (flat**2).sum(1) / 7

    squares = np.zeros(2)
    for index in np.ndindex(3, 3, 2):
        step = np.zeros_like(image)
        step[(slice(None), *index)] = 1e-5
        squares += ((logits(image + step) - logits(image - step)) / 2e-5) ** 2
    np.testing.assert_allclose(penalties.r1(logits_jax, jnp.asarray(image, jnp.float32)), squares / 2, rtol=1e-4)
