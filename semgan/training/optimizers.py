"""One optimizer per network from its config: gradient clipping, coupled L2, Adam, and a rate that follows the images seen."""

import difflib
import math
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from semgan.errors import UserError
from semgan.settings import SETTINGS, Setting
from semgan.types import Phase, Scalar


class _OptimizerSettings(NamedTuple):
    """`config.optimizers.NETWORK`; `semgan/settings.py` says what the keys mean."""

    learning_rate: float
    final_learning_rate: float
    decay_start_kimg: float
    decay_end_kimg: float
    decay_shape: str
    warmup_kimg: float
    b1: float
    b2: float
    final_b2: float
    reset_kimg: float
    eps: float
    weight_decay: float
    clip_norm: float


def make_transforms(
    optimizers: Mapping[str, Mapping[str, Any]], phases: Iterable[Phase], *, total_kimg: float, spare: Container[str] = ()
) -> dict[str, optax.GradientTransformationExtraArgs]:
    """The transform of every network that a phase updates; each takes the thousands of images seen as `update(..., kimg=)`.

    Networks in `spare` may have an optimizer without being trained: those that the config describes and its losses do without.

    Raises UserError for a network without an optimizer, an optimizer without a network, and unknown, missing or impossible
    settings.
    """
    phases = tuple(phases)
    trained = list(dict.fromkeys(name for phase in phases for name in phase.updates))
    names = [name for name in optimizers if name in trained or name not in spare]
    _check_names("config.optimizers", "the algorithm trains", names, trained)
    return {name: _transform(_settings(name, optimizers[name]), _lazy_ratio(name, phases), total_kimg) for name in trained}


def ema_decay(half_life_kimg: float, ramp: float = 0.0, burn_in_kimg: float = 0.0) -> Callable[[Scalar, int], Scalar]:
    """`(kimg, batch_size) -> decay` of parameters averaged with this half-life in thousands of images, at any batch size.

    With `ramp` the half-life is at most that share of the images seen, so that early averages follow quickly (StyleGAN2-ADA);
    with `burn_in_kimg` it rises from 0 along half a cosine over that many thousand images (R3GAN).
    """

    def decay(kimg: Scalar, batch_size: int) -> Scalar:
        half_life = jnp.minimum(half_life_kimg, ramp * kimg) if ramp > 0 else jnp.float32(half_life_kimg)
        if burn_in_kimg > 0:
            half_life *= _half_cosine(kimg / burn_in_kimg)
        return 0.5 ** (batch_size / jnp.maximum(1000 * half_life, 1e-8))

    return decay


def with_schedule(make: Callable[[Scalar], optax.GradientTransformation]) -> optax.GradientTransformationExtraArgs:
    """A transform whose hyperparameters depend on the images seen: `make(kimg)` is rebuilt inside each update."""

    def init(params: optax.Params) -> optax.OptState:
        return make(jnp.float32(0)).init(params)

    def update(updates, state, params=None, **extra_args: Any):
        return make(extra_args["kimg"]).update(updates, state, params)

    return optax.GradientTransformationExtraArgs(init, update)


def progress(settings: Any, kimg: Scalar, total_kimg: float) -> Scalar:
    """The progress of the scheduled settings, 0 to 1: linear or half a cosine from `decay_start_kimg` to `decay_end_kimg`."""
    length = (settings.decay_end_kimg or total_kimg) - settings.decay_start_kimg
    share = jnp.clip((kimg - settings.decay_start_kimg) / max(length, 1e-8), 0, 1)
    return _half_cosine(share) if settings.decay_shape == "cosine" else share


def _half_cosine(share: Scalar) -> Scalar:
    """Rises from 0 to 1 as `share` does, slowly at both ends."""
    return (1 - jnp.cos(jnp.pi * jnp.clip(share, 0, 1))) / 2


def learning_rate(settings: Any, kimg: Scalar, total_kimg: float) -> Scalar:
    """Linear warm-up from 0, then constant, or falling to `final_learning_rate` as `progress` says."""
    rate = jnp.float32(settings.learning_rate)
    if settings.final_learning_rate >= 0:
        rate += (settings.final_learning_rate - settings.learning_rate) * progress(settings, kimg, total_kimg)
    if settings.warmup_kimg > 0:
        rate *= jnp.minimum(kimg / settings.warmup_kimg, 1)
    return rate


def _transform(settings: _OptimizerSettings, ratio: float, total_kimg: float) -> optax.GradientTransformationExtraArgs:
    """Adam as PyTorch has it: the L2 term joins the (clipped) gradient before the moments are taken."""

    def make(kimg: Scalar) -> optax.GradientTransformation:
        b2 = settings.b2
        if settings.final_b2 >= 0:
            b2 += (settings.final_b2 - settings.b2) * progress(settings, kimg, total_kimg)
        return optax.chain(
            optax.clip_by_global_norm(settings.clip_norm) if settings.clip_norm > 0 else optax.identity(),
            optax.add_decayed_weights(settings.weight_decay) if settings.weight_decay > 0 else optax.identity(),
            optax.scale_by_adam(settings.b1**ratio, b2**ratio, settings.eps),
            optax.scale_by_learning_rate(ratio * learning_rate(settings, kimg, total_kimg)),
        )

    transform = with_schedule(make)
    return _forgetful(transform, settings.reset_kimg) if settings.reset_kimg > 0 else transform


def _forgetful(transform: optax.GradientTransformationExtraArgs, every_kimg: float) -> optax.GradientTransformationExtraArgs:
    """The transform, reset whenever `every_kimg` thousand images have passed."""

    def init(params: optax.Params) -> optax.OptState:
        return transform.init(params), jnp.int32(0)

    def update(updates, state, params=None, **extra_args: Any):
        assert params is not None
        inner, period = state
        now = jnp.floor(extra_args["kimg"] / every_kimg).astype(jnp.int32)
        inner = jax.tree.map(lambda fresh, old: jnp.where(now == period, old, fresh), transform.init(params), inner)
        updates, inner = transform.update(updates, inner, params, **extra_args)
        return updates, (inner, now)

    return optax.GradientTransformationExtraArgs(init, update)


def _lazy_ratio(network: str, phases: Iterable[Phase]) -> float:
    """The factor that lazy regularisation scales the rate and the betas' exponents by: k / (k + 1) for one phase every k steps.

    A network that is also updated by lazy phases takes 1 + sum(1/k) Adam updates per step instead of one (StyleGAN2, appendix B).
    """
    intervals = [phase.every for phase in phases if network in phase.updates]
    lazy = sum(1 / every for every in intervals if every > 1)
    return 1 / (1 + lazy) if 1 in intervals else 1.0


def _settings(network: str, config: Mapping[str, Any]) -> _OptimizerSettings:
    key = f"config.optimizers.{network}"
    _check_names(key, "an optimizer has", config, _OptimizerSettings._fields)
    settings = _OptimizerSettings(**config)
    for name, value in settings._asdict().items():
        _check_value(f"{key}.{name}", value, SETTINGS[f"optimizers.*.{name}"])
    return settings


def _check_value(key: str, value: Any, setting: Setting) -> None:
    """Raises a UserError unless the value is of the default's type, text or a finite number, and within its range."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number and not isinstance(setting.default, str):
        raise UserError(f"{key}: {value!r} is not a finite number; set one.")
    if setting.range and not setting.range.holds(value):
        raise UserError(f"{key}: {setting.range.refusal.format(value=value)}")


def _check_names(key: str, what: str, names: Iterable[str], vocabulary: Iterable[str]) -> None:
    """Raises a UserError for the first name that is unknown (with the nearest of the vocabulary) or missing."""
    names, vocabulary = list(names), list(vocabulary)
    for name in names:
        if name not in vocabulary:
            near = difflib.get_close_matches(name, vocabulary, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"{what}: {', '.join(vocabulary)}."
            raise UserError(f"{key}.{name}: unknown; {advice}")
    for name in vocabulary:
        if name not in names:
            raise UserError(f"{key}.{name}: missing; {what}: {', '.join(vocabulary)}.")
