"""StarGAN v2's phases and losses: the official order and weights, each loss recomputed by hand from the networks' outputs."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import stargan_v2 as experiment
from semgan import algorithms
from semgan.algorithms.stargan_v2 import functions
from semgan.errors import UserError
from semgan.networks.stargan_v2 import NAMES
from tests.algorithms.batches import batch_of_domains

COUNT = 4


def _config():
    config = experiment.get_config()
    config.image_size = 16
    config.data.domains = ("a", "b", "c")
    small = {"base_channels": 4, "max_channels": 8}
    config.networks.generator.update({**small, "style_dim": 6, "bottleneck_size": 8, "bottleneck_blocks": 1})
    config.networks.mapping_network.update({"style_dim": 6, "latent_dim": 5, "hidden_channels": 8})
    config.networks.style_encoder.update({**small, "style_dim": 6})
    config.networks.discriminator.update(small)
    config.losses.update({"r1_weight": 3.0, "style_reconstruction_weight": 2.0, "cycle_weight": 5.0, "diversity_weight": 7.0})
    config.losses.diversity_decay_kimg = 10.0
    return config


@pytest.fixture(scope="module")
def batch():
    return batch_of_domains([0, 1, 2, 0], [1, 1, 0, 2], size=16, keys=("image", "reference", "reference2"))


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_config())


@pytest.fixture(scope="module")
def params(algorithm, batch):
    return algorithm.init(jax.random.key(1), batch)[0]


@pytest.fixture(scope="module")
def run(algorithm, params):
    """One network by name on arrays, jitted once."""
    applied = {name: jax.jit(module.apply) for name, module in algorithm.networks.items()}
    return lambda name, *inputs: applied[name]({"params": params[name]}, *inputs)


@pytest.fixture(scope="module")
def losses(algorithm, params, batch):
    """`losses(phase, kimg) -> (value, metrics)`."""
    jitted = {phase.name: jax.jit(phase.loss) for phase in algorithm.phases}

    def evaluate(name, kimg=0.0):
        value, aux = jitted[name](params, {}, batch, jax.random.key(7), jnp.float32(kimg))
        return float(value), {term: float(metric) for term, metric in aux.metrics.items()}

    return evaluate


def _cross_entropy(logits, target):
    probability = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    return -np.log(probability if target else 1 - probability).mean()


def _l1(a, b):
    return np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).mean()


def test_phases_are_the_official_four_in_order(algorithm):
    assert [(phase.name, phase.updates, phase.every) for phase in algorithm.phases] == [
        ("d_latent", ("discriminator",), 1),
        ("d_reference", ("discriminator",), 1),
        ("g_latent", ("generator", "mapping_network", "style_encoder"), 1),
        ("g_reference", ("generator",), 1),
    ]
    assert set(algorithm.averaged) == {"generator", "mapping_network", "style_encoder"}


def test_discriminator_loss_by_hand(run, losses, batch):
    style = run("style_encoder", batch["reference"], batch["target_domain"])
    fake = run("generator", batch["image"], style)
    real_logits = run("discriminator", batch["image"], batch["domain"])
    fake_logits = run("discriminator", fake, batch["target_domain"])
    value, metrics = losses("d_reference")
    np.testing.assert_allclose(metrics["adversarial"], _cross_entropy(real_logits, 1) + _cross_entropy(fake_logits, 0), rtol=1e-4)
    np.testing.assert_allclose(value, metrics["adversarial"] + 3.0 * metrics["r1"], rtol=1e-5)


def test_r1_of_the_discriminator_equals_finite_differences_along_its_gradient(run, losses, batch):
    """At every image, the slope along the gradient's own direction is the gradient's norm: 0.5 |g|^2 without autodiff's R1."""
    image, domain = batch["image"], batch["domain"]
    rng = np.random.default_rng(3)
    norms = []
    for index in range(COUNT):  # the norm as the root of the expected squared slope along random directions is too noisy: use g itself
        one, of = image[index : index + 1], domain[index : index + 1]
        gradient = jax.grad(lambda x, of=of: run("discriminator", x, of).sum())(one)
        direction = gradient / jnp.linalg.norm(gradient)
        slope = (run("discriminator", one + 2e-3 * direction, of) - run("discriminator", one - 2e-3 * direction, of)) / 4e-3
        other = jnp.asarray(rng.normal(size=one.shape), jnp.float32)
        other = other / jnp.linalg.norm(other)
        across = (run("discriminator", one + 2e-3 * other, of) - run("discriminator", one - 2e-3 * other, of)) / 4e-3
        np.testing.assert_allclose(across[0], float((gradient * other).sum()), atol=0.02 * float(slope[0]))
        norms.append(float(slope[0]))
    np.testing.assert_allclose(losses("d_reference")[1]["r1"], 0.5 * np.mean(np.square(norms)), rtol=0.02)


def test_generator_loss_by_hand_guided_by_references(run, losses, batch):
    image, domain, target = batch["image"], batch["domain"], batch["target_domain"]
    style, style2 = (run("style_encoder", batch[key], target) for key in ("reference", "reference2"))
    fake, fake2 = (run("generator", image, s) for s in (style, style2))
    reconstructed = run("generator", fake, run("style_encoder", image, domain))
    want = {
        "adversarial": _cross_entropy(run("discriminator", fake, target), 1),
        "style_reconstruction": _l1(run("style_encoder", fake, target), style),
        "cycle": _l1(reconstructed, image),
        "diversity": _l1(fake, fake2),
    }
    value, metrics = losses("g_reference", kimg=2.5)
    for term, expected in want.items():
        np.testing.assert_allclose(metrics[term], expected, rtol=1e-3, err_msg=term)
    total = want["adversarial"] + 2 * want["style_reconstruction"] + 5 * want["cycle"] - 7 * 0.75 * want["diversity"]
    np.testing.assert_allclose(value, total, rtol=1e-3)


def test_diversity_weight_falls_linearly_to_zero_and_stays(losses):
    metrics = losses("g_latent")[1]
    first, half, last, after = (losses("g_latent", kimg)[0] for kimg in (0.0, 5.0, 10.0, 99.0))
    np.testing.assert_allclose(half - first, 3.5 * metrics["diversity"], rtol=1e-3)
    np.testing.assert_allclose(last - first, 7.0 * metrics["diversity"], rtol=1e-3)
    assert last == after


def test_second_fake_of_the_diversity_term_is_detached(algorithm, params, batch):
    """With only the diversity term left, swapping the two references turns the gradient around only if both were attached."""
    config = _config()
    config.losses.update({"style_reconstruction_weight": 0.0, "cycle_weight": 0.0, "diversity_weight": 1.0})
    loss = algorithms.make(config).phases[3].loss
    frozen = algorithms.make(_config())

    def diversity(generator, batch):
        value, aux = loss({**params, "generator": generator}, {}, batch, jax.random.key(0), jnp.float32(0))
        return value - aux.metrics["adversarial"]  # leaves minus the diversity

    def attached(generator):
        styles = [
            frozen.networks["style_encoder"].apply({"params": params["style_encoder"]}, batch[key], batch["target_domain"])
            for key in ("reference", "reference2")
        ]
        fakes = [frozen.networks["generator"].apply({"params": generator}, batch["image"], style) for style in styles]
        return -jnp.abs(fakes[0] - fakes[1]).mean()

    gradient = jax.jit(jax.grad(diversity))
    swapped = {**batch, "reference": batch["reference2"], "reference2": batch["reference"]}
    one, two = (gradient(params["generator"], given) for given in (batch, swapped))
    both = jax.jit(jax.grad(attached))(params["generator"])
    jax.tree.map(lambda a, b, c: np.testing.assert_allclose(a + b, c, atol=1e-5), one, two, both)
    assert max(float(jnp.abs(a - c).max()) for a, c in zip(jax.tree.leaves(one), jax.tree.leaves(both), strict=True)) > 1e-4


def test_latents_belong_to_positions_not_to_places_in_the_batch(algorithm, params, batch):
    sample = jax.jit(algorithm.sample)
    order = jnp.asarray([2, 0, 3, 1])
    images = sample(params, {}, batch, jax.random.key(3))["latent"]
    shuffled = sample(params, {}, jax.tree.map(lambda x: x[order], batch), jax.random.key(3))["latent"]
    np.testing.assert_allclose(shuffled, images[order], atol=1e-5)


def test_strength_leads_from_the_contents_own_style_to_the_references(algorithm, params, batch, run):
    sample = jax.jit(algorithm.sample)
    rng = jax.random.key(3)
    plain = sample(params, {}, batch, rng)["reference"]
    own = run("generator", batch["image"], run("style_encoder", batch["image"], batch["domain"]))
    at = {strength: sample(params, {}, {**batch, "strength": jnp.full(COUNT, strength)}, rng)["reference"] for strength in (0.0, 1.0)}
    np.testing.assert_allclose(at[0.0], own, atol=1e-5)
    np.testing.assert_allclose(at[1.0], plain, atol=1e-5)


def test_truncation_draws_a_latents_style_towards_its_domains_mean(algorithm, params, batch, run):
    sample = jax.jit(algorithm.sample)
    at = {share: sample(params, {}, {**batch, "truncation": jnp.full(COUNT, share)}, jax.random.key(3))["latent"] for share in (0.0, 1.0)}
    np.testing.assert_allclose(at[1.0], sample(params, {}, batch, jax.random.key(3))["latent"], atol=1e-5)
    z = np.random.default_rng(0).normal(size=(10_000, 5)).astype(np.float32)  # other draws than the algorithm's own
    means = jnp.stack([run("mapping_network", z, jnp.full(len(z), domain)).mean(0) for domain in range(3)])
    mean_images = run("generator", batch["image"], means[batch["target_domain"]])
    assert np.abs(at[0.0] - mean_images).mean() < 0.1 * np.abs(at[1.0] - mean_images).mean()


def test_cycle_recomputes_the_masks_on_the_fake(batch):
    config = _config()
    config.image_size = 32
    config.networks.generator.update({"high_pass_weight": 1.0, "bottleneck_size": 16})
    seen = []

    def heat_maps(images):
        seen.append(images)
        return jnp.ones((*images.shape[:3], 2))

    algorithm = algorithms.make(config)
    masked = algorithms.stargan_v2.make(config, heat_maps)
    large = {**batch, **{key: jnp.repeat(jnp.repeat(batch[key], 2, 1), 2, 2) for key in ("image", "reference", "reference2")}}
    shapes = jax.eval_shape(algorithm.init, jax.random.key(0), large)[0]
    jax.eval_shape(lambda p: masked.phases[3].loss(p, {}, large, jax.random.key(0), jnp.float32(0))[0], shapes)
    assert len(seen) == 2  # once on the content, once on the fake
    with pytest.raises(UserError, match="high_pass_weight is above 0"):
        jax.eval_shape(lambda p: algorithm.phases[3].loss(p, {}, large, jax.random.key(0), jnp.float32(0))[0], shapes)
    with_batch_masks = {**large, "masks": jnp.ones((COUNT, 64, 64, 2))}
    jax.eval_shape(lambda p: algorithm.phases[3].loss(p, {}, with_batch_masks, jax.random.key(0), jnp.float32(0))[0], shapes)


def test_no_gradient_reaches_the_generator_through_the_network_that_finds_the_face():
    def found(variables, images):
        return 2 * images

    modules = {name: SimpleNamespace(apply=found, high_pass_weight=1.0) for name in (*NAMES, "heat_maps")}
    masks = functions(modules).masks
    params = {"heat_maps": {}}
    np.testing.assert_array_equal(masks(params, jnp.ones(3), {}), [2, 2, 2])
    np.testing.assert_array_equal(jax.grad(lambda images: masks(params, images, {}).sum())(jnp.ones(3)), [0, 0, 0])


def test_one_domain_and_an_unknown_algorithm_are_refused():
    config = _config()
    config.data.domains = ("a",)
    with pytest.raises(UserError, match="two or more"):
        algorithms.make(config)
    config.algorithm = "stargan_v3"
    with pytest.raises(UserError, match="did you mean 'stargan_v2'"):
        algorithms.make(config)
