"""Losses against hand-written NumPy, penalties against finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.errors import UserError
from semgan.losses import adversarial, penalties
from semgan.losses.reconstruction import l1

LOGITS = np.array([-30.0, -1.0, 0.0, 2.0, 30.0])
OTHER = np.array([1.0, -2.0, 0.5, 2.5, -4.0])


def _log_sigmoid(x):
    return -np.logaddexp(0, -x)


BY_HAND = {  # (discriminator of (real, fake), generator of (fake, real)), in float64
    "non_saturating": (lambda r, f: -_log_sigmoid(r) - _log_sigmoid(-f), lambda f, r: -_log_sigmoid(f)),
    "minimax": (lambda r, f: -_log_sigmoid(r) - _log_sigmoid(-f), lambda f, r: _log_sigmoid(-f)),
    "hinge": (lambda r, f: np.maximum(0, 1 - r) + np.maximum(0, 1 + f), lambda f, r: -f),
    "least_squares": (lambda r, f: (r - 1) ** 2 + f**2, lambda f, r: (f - 1) ** 2),
    "wasserstein": (lambda r, f: f - r, lambda f, r: -f),
    "relativistic": (lambda r, f: -_log_sigmoid(r - f), lambda f, r: -_log_sigmoid(f - r)),
}


@pytest.mark.parametrize("name", adversarial.OBJECTIVES)
def test_objectives_are_their_formulas_elementwise(name):
    made, (discriminator, generator) = adversarial.objective(name), BY_HAND[name]
    a, b = jnp.asarray(LOGITS, jnp.float32), jnp.asarray(OTHER, jnp.float32)
    np.testing.assert_allclose(made.discriminator(a, b), discriminator(LOGITS, OTHER), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(made.generator(a, b), generator(LOGITS, OTHER), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", adversarial.OBJECTIVES)
def test_objectives_stay_finite_for_huge_logits_with_their_gradients(name):
    made, huge = adversarial.objective(name), jnp.asarray([-1e4, 1e4])
    for loss in made:
        gradients = jax.grad(lambda a, b, loss=loss: loss(a, b).sum(), argnums=(0, 1))(huge, huge[::-1])
        assert jnp.isfinite(jnp.stack(gradients)).all()


def test_unknown_objective_names_the_nearest():
    with pytest.raises(UserError, match="did you mean 'hinge'"):
        adversarial.objective("hing")


def test_signs_are_means_over_all_logits():
    signs = adversarial.signs(jnp.asarray([[1.0, -2.0], [3.0, 4.0]]), jnp.asarray([[-1.0, -1.0], [-1.0, -1.0]]))
    assert (float(signs["real_sign"]), float(signs["fake_sign"])) == (0.5, -1.0)


def test_l1_is_elementwise_and_unreduced():
    np.testing.assert_array_equal(l1(jnp.asarray([[1.0, -2.0]]), jnp.asarray([[3.0, 2.0]])), [[2, 4]])


WEIGHT = np.random.default_rng(1).normal(size=(18,)) / 4


def _logits(images, xp=np):
    """Any smooth function of each image alone."""
    flat = images.reshape(len(images), -1)
    return xp.tanh(flat @ xp.asarray(WEIGHT, images.dtype)) + (flat**2).sum(1) / 7


def _squared_slopes(image):
    """Returns the squared gradient norms of `_logits`, by central differences in float64: (batch,)."""
    squares = np.zeros(len(image))
    for index in np.ndindex(*image.shape[1:]):
        step = np.zeros_like(image)
        step[(slice(None), *index)] = 1e-5
        squares += ((_logits(image + step) - _logits(image - step)) / 2e-5) ** 2
    return squares


REAL, FAKE = np.random.default_rng(0).normal(size=(2, 2, 3, 3, 2))


def _jax_logits(images):
    return _logits(images, jnp)


@pytest.mark.parametrize("penalty", [penalties.r1, penalties.r2])
def test_r1_and_r2_equal_finite_differences(penalty):
    np.testing.assert_allclose(penalty(_jax_logits, jnp.asarray(FAKE, jnp.float32)), _squared_slopes(FAKE) / 2, rtol=1e-4)


def test_gradient_penalty_equals_finite_differences_between_real_and_fake():
    mix = np.array([0.3, 0.8])
    between = REAL + mix[:, None, None, None] * (FAKE - REAL)
    expected = (np.sqrt(_squared_slopes(between)) - 1) ** 2
    arrays = (jnp.asarray(x, jnp.float32) for x in (REAL, FAKE, mix))
    np.testing.assert_allclose(penalties.gradient_penalty(_jax_logits, *arrays), expected, rtol=1e-4)


def test_drift_is_the_square():
    np.testing.assert_array_equal(penalties.drift(jnp.asarray([2.0, -3.0])), [4, 9])


@pytest.mark.parametrize("shape", [(2, 5), (2, 3, 5)], ids=["one w", "one w per layer"])
def test_path_lengths_equal_finite_differences(shape):
    draw = np.random.default_rng(2)
    w, noise = draw.normal(size=shape), draw.normal(size=(2, 4, 4, 3))
    mixing = draw.normal(size=(int(np.prod(shape[1:])), 48)) / 5

    def images(w, xp=np):
        return xp.sin(w.reshape(2, -1) @ xp.asarray(mixing, w.dtype)).reshape(2, 4, 4, 3)

    squares = np.zeros(shape)
    for index in np.ndindex(*shape[1:]):
        step = np.zeros(shape)
        step[(slice(None), *index)] = 1e-5
        slopes = ((images(w + step) - images(w - step)) / 2e-5 * noise / 4).sum((1, 2, 3))
        squares[(slice(None), *index)] = slopes**2
    expected = np.sqrt(squares.sum(-1).reshape(2, -1).mean(1))
    measured = penalties.path_lengths(lambda w: images(w, jnp), *(jnp.asarray(x, jnp.float32) for x in (w, noise)))
    np.testing.assert_allclose(measured, expected, rtol=1e-4)


def test_slopes_of_0_have_a_norm_of_a_millionth_and_a_finite_gradient():
    real, fake, noise = (jnp.asarray(x, jnp.float32) for x in (REAL, FAKE, FAKE))

    def length(scale):
        return penalties.path_lengths(lambda w: scale * w.reshape(2, 3, 3, 2), jnp.asarray(REAL.reshape(2, 18), jnp.float32), noise).mean()

    def penalty(scale):
        return penalties.gradient_penalty(lambda x: scale * x.sum((1, 2, 3)), real, fake, jnp.zeros(2)).mean()

    np.testing.assert_allclose(length(0.0), 1e-6, rtol=1e-3)
    np.testing.assert_allclose(penalty(0.0), 0.999998, rtol=3e-7)
    assert [float(jax.grad(term)(0.0)) for term in (length, penalty)] == [0, 0]
