"""StyleGAN2's phases, losses, running means and adaptive augmentation, recomputed by hand from the networks' outputs."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import stylegan2 as experiment
from semgan import algorithms
from semgan.algorithms import stylegan2
from semgan.algorithms.common import ada, draws
from semgan.errors import UserError
from semgan.layers.adaptive_augment import augment
from semgan.networks import stylegan2 as networks
from tests.algorithms.batches import batch_of

COUNT, SIZE, DIM = 4, 8, 5
RNG = jax.random.key(7)


def _config(**losses):
    config = experiment.get_config()
    config.image_size = SIZE
    config.networks.mapping_network.update({"latent_dim": 3, "style_dim": DIM, "layers": 2})
    for name in ("generator", "discriminator"):
        config.networks[name].update({"channel_base": 64, "max_channels": 4})
    config.networks.discriminator.stddev_group = 1  # examples are independent
    config.losses.update({"style_mixing": 0.0, "r1_weight": 3.0, **losses})
    return config


@pytest.fixture(scope="module")
def batch():
    return batch_of(COUNT, SIZE)


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_config())


@pytest.fixture(scope="module")
def params(algorithm, batch):
    """Normal in every leaf, biases and noise strengths too."""
    rng = np.random.default_rng(1)
    shapes = jax.eval_shape(algorithm.init, RNG, batch)[0]
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape), jnp.float32), shapes)
    return {**params, "mapping_network": jax.tree.map(lambda leaf: 100 * leaf, params["mapping_network"])}


@pytest.fixture(scope="module")
def state():
    """A state in the middle of training, two steps before p is adapted."""
    w_avg = jnp.linspace(-1, 1, DIM)
    counters = {"augment_sign": jnp.float32(2.0), "augment_steps": jnp.int32(2)}
    return {"w_avg": w_avg, "path_mean": jnp.float32(0.3), "augment_p": jnp.float32(0.5), **counters}


@pytest.fixture(scope="module")
def run(algorithm, params):
    """One network by name on arrays, jitted once."""
    applied = {name: jax.jit(module.apply) for name, module in algorithm.networks.items()}
    return lambda name, *inputs: applied[name]({"params": params[name]}, *inputs)


@pytest.fixture(scope="module")
def evaluate(algorithm, params, batch, state):
    """`evaluate(phase) -> (value, metrics, new model_state)`, each compiled once."""
    phases, done = {phase.name: phase for phase in algorithm.phases}, {}

    def result(name):
        if name not in done:
            value, aux = jax.jit(phases[name].loss)(params, state, batch, RNG, jnp.float32(0))
            done[name] = float(value), {term: float(metric) for term, metric in aux.metrics.items()}, aux.model_state
        return done[name]

    return result


@pytest.fixture(scope="module")
def fakes(run, batch):
    """The unmixed w, and the fakes that the losses make of them."""
    w = run("mapping_network", draws.normal(RNG, batch, 3, stream=stylegan2.LATENT))
    w_plus = jnp.repeat(w[:, None], 4, 1)
    return w, run("generator", w_plus, draws.keys(RNG, batch, stylegan2.NOISE))


def _softplus(x):
    return np.logaddexp(0, np.asarray(x, np.float64)).mean()


def _seen(images, batch, stream, p=0.5):
    return jax.jit(augment)(images, draws.keys(RNG, batch, stream), jnp.float32(p))


def test_phases_are_the_papers_with_lazy_regularisation(algorithm):
    both = ("generator", "mapping_network")
    assert [(phase.name, phase.updates, phase.every) for phase in algorithm.phases] == [
        ("d", ("discriminator",), 1),
        ("d_r1", ("discriminator",), 16),
        ("g", both, 1),
        ("g_path", both, 4),
    ]
    assert set(algorithm.averaged) == set(both)
    assert [phase.name for phase in algorithms.make(_config(r1_weight=0.0, path_length_weight=0.0)).phases] == ["d", "g"]


def test_discriminator_loss_sees_augmented_reals_and_fakes(run, evaluate, batch, fakes):
    real_logits = run("discriminator", _seen(batch["image"], batch, stylegan2.REAL_AUGMENT))
    fake_logits = run("discriminator", _seen(fakes[1], batch, stylegan2.FAKE_AUGMENT))
    value, metrics, _ = evaluate("d")
    np.testing.assert_allclose(value, _softplus(-real_logits) + _softplus(fake_logits), rtol=1e-4)
    np.testing.assert_allclose(metrics["real_sign"], np.sign(real_logits).mean())


def test_generator_loss_sees_augmented_fakes(run, evaluate, batch, fakes):
    fake_logits = run("discriminator", _seen(fakes[1], batch, stylegan2.FAKE_AUGMENT))
    np.testing.assert_allclose(evaluate("g")[0], _softplus(-fake_logits), rtol=1e-4)


def test_r1_is_taken_through_the_augmentation_at_the_raw_image(run, evaluate, batch):
    """The discriminator's gradient at the augmented image, pulled back; weighted by gamma / 2 and the interval."""
    seen, pull = jax.vjp(lambda x: _seen(x, batch, stylegan2.REAL_AUGMENT), batch["image"])
    gradient = pull(jax.grad(lambda x: run("discriminator", x).sum())(seen))[0]
    squares = np.square(np.asarray(gradient, np.float64)).sum((1, 2, 3))
    np.testing.assert_allclose(evaluate("d_r1")[0], 16 * 3.0 / 2 * squares.mean(), rtol=1e-3)


def test_path_penalty_and_its_mean_by_hand_on_every_second_example(run, evaluate, batch, fakes):
    half = {name: values[::2] for name, values in batch.items()}
    noise = draws.keys(RNG, half, stylegan2.NOISE)
    y = draws.normal(RNG, half, SIZE, SIZE, 3, stream=stylegan2.DIRECTION) / SIZE
    w_plus = jnp.repeat(fakes[0][::2, None], 4, 1)
    gradient = jax.grad(lambda w: (run("generator", w, noise) * y).sum())(w_plus)
    lengths = np.sqrt(np.square(np.asarray(gradient, np.float64)).sum(-1).mean(-1))
    mean = 0.3 + 0.01 * (lengths.mean() - 0.3)
    value, _, new = evaluate("g_path")
    np.testing.assert_allclose(new["path_mean"], mean, rtol=1e-5)
    np.testing.assert_allclose(value, 4 * 2.0 * np.square(lengths - mean).mean(), rtol=1e-3)


def test_mean_w_follows_the_latents_of_both_players(evaluate, state, fakes):
    want = 0.995 * state["w_avg"] + 0.005 * fakes[0].mean(0)
    for name in ("d", "g"):
        np.testing.assert_allclose(evaluate(name)[2]["w_avg"], want, atol=1e-6)


def test_running_means_begin_at_0():
    class Network(SimpleNamespace):
        def init(self, key, inputs):
            return {"params": inputs.shape}

    modules = {name: Network(latent_dim=3, style_dim=DIM, num_ws=4, image_size=SIZE) for name in networks.NAMES}
    params, state = stylegan2._init(modules, _config().losses, RNG, {})
    assert params == {"mapping_network": (1, 3), "generator": (1, 4, DIM), "discriminator": (1, SIZE, SIZE, 3)}
    np.testing.assert_array_equal(state["w_avg"], np.zeros(DIM))
    assert {name: float(value) for name, value in state.items() if name != "w_avg"} == dict.fromkeys(
        ("path_mean", "augment_p", "augment_sign", "augment_steps"), 0
    )


def test_every_loss_returns_the_whole_state_in_its_types(evaluate, state):
    types = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state)
    for name in ("d", "d_r1", "g", "g_path"):
        assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), evaluate(name)[2]) == types


def _adapted(state, logits, target=0.6, kimg=500.0):
    weights = _config(ada_target=target, ada_kimg=kimg).losses
    for _ in range(4):
        state = ada.adapt(weights, state, jnp.asarray(logits, jnp.float32))
    return state


def test_p_moves_every_four_steps_by_images_seen_and_stays_a_probability(state):
    fresh = {**state, "augment_sign": jnp.float32(0), "augment_steps": jnp.int32(0)}
    often = [3.0] * 9 + [-1.0]  # mean sign 0.8
    up, down = _adapted(fresh, often), _adapted(fresh, [1.0, -1.0])
    np.testing.assert_allclose(up["augment_p"], 0.5 + 10 * 4 / 500_000, rtol=1e-6)
    np.testing.assert_allclose(down["augment_p"], 0.5 - 2 * 4 / 500_000, rtol=1e-6)
    assert int(up["augment_steps"]) == float(up["augment_sign"]) == 0
    partway = ada.adapt(_config().losses, fresh, jnp.ones(10))
    assert (float(partway["augment_p"]), int(partway["augment_steps"])) == (0.5, 1)
    at = {**fresh, "augment_p": jnp.float32(0)}
    assert float(_adapted(at, [-1.0])["augment_p"]) == 0
    assert float(_adapted({**fresh, "augment_p": jnp.float32(1)}, often)["augment_p"]) == 1


def test_p_does_not_depend_on_the_number_of_devices(state):
    """A mean sign of 0.75, though on six of the eight devices it is 1."""
    fresh = {**state, "augment_sign": jnp.float32(0), "augment_steps": jnp.int32(0)}
    logits = jnp.asarray([2.0] * 14 + [-2.0] * 2)
    spread = jax.pmap(partial(_adapted, fresh), axis_name="data")(logits.reshape(8, 2))
    np.testing.assert_array_equal(spread["augment_p"], np.full(8, _adapted(fresh, logits)["augment_p"]))


def test_styles_are_mixed_from_a_random_layer_on(algorithm, params):
    f = stylegan2._functions(algorithm.networks)
    many = {"position": jnp.arange(600)}
    first, w_plus = jax.jit(partial(stylegan2._mixed_styles, f, _config(style_mixing=0.9).losses, rng=RNG))(params, batch=many)
    same = np.isclose(w_plus, first[:, None], atol=1e-6).all(-1)
    assert same[:, 0].all()
    assert (np.diff(same.astype(int), axis=1) <= 0).all()  # never back to the first latent's
    shares = [(same.sum(1) == crossover).mean() for crossover in (1, 2, 3, 4)]
    np.testing.assert_allclose(shares, [0.3, 0.3, 0.3, 0.1], atol=0.08)


def test_truncation_leads_from_the_mean_w_to_the_drawn(algorithm, params, state, batch, run):
    sample = jax.jit(algorithm.sample)
    at = {share: sample(params, state, {**batch, "truncation": jnp.full(COUNT, share)}, RNG)["sample"] for share in (0.0, 1.0)}
    np.testing.assert_allclose(at[1.0], jax.jit(algorithm.sample)(params, {}, {"position": batch["position"]}, RNG)["sample"], atol=1e-5)
    mean = jnp.broadcast_to(state["w_avg"], (COUNT, 4, DIM))
    np.testing.assert_allclose(at[0.0], run("generator", mean, draws.keys(RNG, batch, stylegan2.NOISE)), atol=1e-5)
    assert algorithm.kept == ("w_avg",)


def test_a_target_of_zero_leaves_the_augmentation_out(params, batch, run, fakes):
    plain = algorithms.make(_config(ada_target=0.0))
    shapes = jax.eval_shape(plain.init, RNG, batch)[1]
    assert sorted(shapes) == ["path_mean", "w_avg"]
    model_state = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), shapes)
    value, aux = jax.jit(plain.phases[0].loss)(params, model_state, batch, RNG, jnp.float32(0))
    want = _softplus(-run("discriminator", batch["image"])) + _softplus(run("discriminator", fakes[1]))
    np.testing.assert_allclose(value, want, rtol=1e-4)
    assert "augment_p" not in aux.metrics


def test_what_cannot_be_built_is_refused_in_a_sentence():
    config = _config()
    config.image_size = 24
    with pytest.raises(UserError, match="image_size is 24"):
        algorithms.make(config)
    config = _config()
    config.networks.generator.architecture = "original"
    with pytest.raises(UserError, match="architecture is 'original'"):
        algorithms.make(config)
    with pytest.raises(UserError, match=r"ada_target is 1\.5"):
        algorithms.make(_config(ada_target=1.5))
    with pytest.raises(UserError, match="objective"):
        algorithms.make(_config(objective="logistic"))
