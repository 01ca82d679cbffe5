"""What an adaptation minimises, term by term, against NumPy in float64 on networks of a few numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import semgan as experiment
from semgan.adaptation import losses
from semgan.algorithms.common import semgan_losses
from semgan.algorithms.common.semantic_terms import semantics_of
from tests.algorithms import toy_networks as toy
from tests.losses import by_hand

RNG = jax.random.key(8)
POSITIONS = (20, 21, 22, 23)
LATENT = np.arange(4)[:, None] % 4 == 0
"""Where a latent gives the style."""
NEW = 2
"""The new domain's number."""
LATENTS, REAL_AUGMENT, FAKE_AUGMENT, NOISE_AMOUNT, NOISE = 0, 2, 3, 4, 5
"""Streams of draws."""
WEIGHTS = losses.TermWeights(
    style_reconstruction=2.0, reconstruction=3.0, content=5.0, semantic=7.0, correspondence=11.0, kept=13.0, augment_p=0.0
)


def _batch():
    batch = toy.batch(POSITIONS)
    images = {name: batch[name] for name in ("image", "reference", "reference2")}
    old = {"old_reference": np.random.default_rng(4).uniform(-1, 1, batch["image"].shape), "old_domain": np.array([0, 1, 1, 0])}
    domains = {"domain": np.array([1, 0, 1, 0]), "target_domain": np.full(4, NEW)}
    return images | old | domains | {"position": batch["position"]}


BATCH = _batch()
SOURCE = toy.params()
MOVED = toy.params(1)
TUNED = {
    "generator/gain": MOVED["generator"]["gain"],
    "style_encoder/kernel": MOVED["style_encoder"]["kernel"][NEW:],
    "mapping_network/kernel": MOVED["mapping_network"]["kernel"][NEW:],
}
"""The generator's gain is another, and so are the new domain's entries of the networks that give styles."""
JUDGE = {"kernel": MOVED["discriminator"]["kernel"][:1]}
"""The discriminator knows one domain alone."""


def _now(entries):
    """The source's parameters with the tuned ones in their places."""
    domains = {name: {"kernel": np.concatenate([SOURCE[name]["kernel"][:NEW], entries[f"{name}/kernel"]])} for name in toy.STYLE_NETWORKS}
    return SOURCE | domains | {"generator": SOURCE["generator"] | {"gain": entries["generator/gain"]}}


BEFORE, NOW = toy.in_numpy(SOURCE), toy.in_numpy(_now(TUNED))


def drawn(draw, stream):
    keys = [jax.random.fold_in(jax.random.fold_in(RNG, stream), position) for position in POSITIONS]
    return np.stack([np.asarray(draw(key), np.float64) for key in keys])


Z = drawn(lambda key: jax.random.normal(key, (toy.LATENT,)), LATENTS)
STYLE = np.where(LATENT, NOW.mapping_network(Z, BATCH["target_domain"]), NOW.style_encoder(BATCH["reference"], BATCH["target_domain"]))
FAKE = NOW.generator(BATCH["image"], STYLE)


def old_style(net):
    return np.where(LATENT, net.mapping_network(Z, BATCH["old_domain"]), net.style_encoder(BATCH["old_reference"], BATCH["old_domain"]))


OLD_STYLE = old_style(BEFORE)
OLD = BEFORE.generator(BATCH["image"], OLD_STYLE)


def logits(images):
    return toy.discriminator(JUDGE, images, np.zeros(len(images), int))


def evaluate(phase, weights=WEIGHTS, whole_encoder=False, params=None, tuned=TUNED, source=SOURCE, **changes):
    """The loss and its metrics."""
    config = experiment.get_config()
    config.losses.content.update({"mask": 0.5, "landmarks": 4.0, "attributes": 1.5})
    config.losses.style.attributes = 1.5
    config.losses.update({"content_attributes": ("Smiling", "Bald"), "style_attributes": ("Blond_Hair",)})
    config.losses.update({"r1_weight": 0.3, "r2_weight": 0.7, "heads_noise": 0.0})
    config.losses.update(changes)
    context = losses.AdaptationContext(semgan_losses.functions(toy.modules()), semantics_of(config), config.losses, whole_encoder, weights)
    trained = {losses.TUNED: tuned, "discriminator": JUDGE} | (params or {})
    given = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), (trained, {losses.SOURCE: source}))
    loss = {"d": losses.discriminator_loss, "g": losses.generator_loss}[phase]
    value, aux = loss(context, *given, toy.arrays(BATCH), RNG, jnp.float32(0))
    assert aux.model_state is given[1]
    return value, aux.metrics


def close(metrics, expected):
    for name, value in expected.items():
        np.testing.assert_allclose(metrics[name], value, rtol=3e-4, atol=1e-6, err_msg=name)


def penalty(images):
    """Half the squared slopes of the logits' sum at each image, by central differences, per logit."""
    squares = np.zeros(len(images))
    for index in np.ndindex(*images.shape[1:]):
        step = np.zeros_like(images)
        step[(slice(None), *index)] = 1e-5
        squares += ((logits(images + step).sum((1, 2)) - logits(images - step).sum((1, 2))) / 2e-5) ** 2
    return 0.5 * squares.mean() / 4


def test_discriminator_loss_by_hand():
    value, metrics = evaluate("d")
    real, fake = logits(BATCH["reference"]), logits(FAKE)
    expected = {
        "adversarial": by_hand.softplus(fake - real).mean(),
        "gap_sign": np.sign(real - fake).mean(),
        "r1": penalty(BATCH["reference"]),
        "r2": penalty(FAKE),
    }
    assert metrics.keys() == expected.keys()
    close(metrics, expected)
    assert abs(expected["r1"] - expected["r2"]) > 0.05 * expected["r1"]
    np.testing.assert_allclose(value, expected["adversarial"] + 0.3 * expected["r1"] + 0.7 * expected["r2"], rtol=3e-4)


def normalized(features):
    """Zero mean and unit variance over each picture's places, a channel at a time."""
    centred = features - features.mean((1, 2), keepdims=True)
    return centred / np.sqrt(features.var((1, 2), keepdims=True) + 1e-5)


def correspondence(fakes, before):
    """Each example's similarities to the others as shares, and how far they diverge from what they were; the mean over layers."""
    divergences = []
    for layer in zip(fakes, before, strict=True):
        shares = []
        for features in layer:
            flat = features.reshape(len(features), -1)
            flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
            others = [[flat[i] @ flat[j] for j in range(len(flat)) if j != i] for i in range(len(flat))]
            shares.append(np.exp(others) / np.exp(others).sum(1, keepdims=True))
        divergences.append((shares[0] * np.log(shares[0] / shares[1])).sum(1))
    return np.mean(divergences, 0)


def semantic(images):
    """What the source's heads see of the images against what they decide of the contents: the mean of the content's weighted losses."""
    judged, of_content = BEFORE.semantic_heads(images), BEFORE.semantic_heads(BATCH["image"])
    loss = 0.5 * by_hand.mask_loss(judged.mask, of_content.mask.argmax(-1)) + 4 * by_hand.landmark_loss(
        judged.landmarks, of_content.landmarks
    )
    return (loss + 1.5 * by_hand.attribute_loss(judged.attributes[:, :2], of_content.attributes[:, :2] > 0)).mean()


def generator_terms():
    own = NOW.generator(BATCH["reference"], NOW.style_encoder(BATCH["reference"], BATCH["target_domain"]))
    return {
        "adversarial": by_hand.softplus(logits(BATCH["reference"]) - logits(FAKE)).mean(),
        "style_reconstruction": by_hand.mean_distance(NOW.style_encoder(FAKE, BATCH["target_domain"]), STYLE),
        "reconstruction": by_hand.mean_distance(own, BATCH["reference"]),
        "content": by_hand.mean_distance(*(normalized(BEFORE.features(images)[-1]) for images in (FAKE, BATCH["image"]))),
        "correspondence": correspondence(BEFORE.features(FAKE), BEFORE.features(OLD)).mean(),
        "kept": by_hand.mean_distance(NOW.generator(BATCH["image"], OLD_STYLE), OLD),
        "semantic": semantic(FAKE),
    }


def total(terms):
    weights = {
        "adversarial": 1,
        "style_reconstruction": 2,
        "reconstruction": 3,
        "content": 5,
        "semantic": 7,
        "correspondence": 11,
        "kept": 13,
    }
    return sum(weights[name] * term for name, term in terms.items())


def test_generator_loss_by_hand():
    value, metrics = evaluate("g")
    expected = generator_terms()
    assert metrics.keys() == expected.keys()
    close(metrics, expected)
    np.testing.assert_allclose(value, total(expected), rtol=3e-4)


def test_every_term_counts_with_its_own_weight_and_adds():
    """A weight one higher raises the loss by the term itself, never lowers it."""
    value, metrics = evaluate("g")
    for name in generator_terms().keys() - {"adversarial"}:
        higher = evaluate("g", WEIGHTS._replace(**{name: getattr(WEIGHTS, name) + 1}))[0]
        assert metrics[name] > 1e-4, name
        np.testing.assert_allclose(higher - value, metrics[name], rtol=0.02, atol=1e-4, err_msg=name)


def test_the_weights_that_are_used_unless_others_are_given():
    assert losses.TermWeights()._asdict() == {
        "style_reconstruction": 1.0,
        "reconstruction": 1.0,
        "content": 1.0,
        "semantic": 1.0,
        "correspondence": 1.0,
        "kept": 10.0,
        "augment_p": 0.15,
    }


def test_old_domains_codes_are_held_too_where_the_whole_encoder_changes():
    tuned = {"generator/gain": MOVED["generator"]["gain"]} | {f"{name}/kernel": MOVED[name]["kernel"] for name in toy.STYLE_NETWORKS}
    now = toy.in_numpy(SOURCE | {name: MOVED[name] for name in toy.STYLE_NETWORKS})
    moved = by_hand.mean_distance(NOW.generator(BATCH["image"], OLD_STYLE), OLD) + by_hand.mean_distance(old_style(now), OLD_STYLE)
    close(evaluate("g", whole_encoder=True, tuned=tuned)[1], {"kept": moved})


def test_without_heads_or_kept_annotations_there_is_no_semantic_term():
    headless = {name: leaf for name, leaf in SOURCE.items() if name != "semantic_heads"}
    expected = {name: term for name, term in generator_terms().items() if name != "semantic"}
    value, metrics = evaluate("g", source=headless)
    assert metrics.keys() == expected.keys()
    np.testing.assert_allclose(value, total(expected), rtol=3e-4)
    nothing = {"mask": 0.0, "landmarks": 0.0, "attributes": 0.0}
    assert "semantic" not in evaluate("g", content=nothing)[1]


def test_heads_see_fakes_with_noise_and_contents_without():
    amount = drawn(lambda key: jax.random.uniform(key, (1, 1, 1)), NOISE_AMOUNT)
    noise = drawn(lambda key: jax.random.normal(key, FAKE.shape[1:]), NOISE)
    close(evaluate("g", heads_noise=0.8)[1], {"semantic": semantic(FAKE + 0.8 * amount * noise)})


def test_a_fake_that_is_the_source_s_own_loses_no_likeness():
    layers = [jnp.asarray(layer, jnp.float32) for layer in BEFORE.features(FAKE)]
    np.testing.assert_allclose(losses.correspondence(layers, layers), np.zeros(4), atol=1e-6)
    np.testing.assert_allclose(losses.correspondence([3 * layer for layer in layers], layers), np.zeros(4), atol=1e-6)  # by angles alone


def test_each_example_s_likeness_by_hand():
    fakes, before = ([jnp.asarray(layer, jnp.float32) for layer in BEFORE.features(images)] for images in (FAKE, OLD))
    want = correspondence(BEFORE.features(FAKE), BEFORE.features(OLD))
    np.testing.assert_allclose(losses.correspondence(fakes, before), want, rtol=1e-3, atol=1e-7)


def test_features_shorter_than_a_millionth_count_for_less():
    """A length of 1e-6 is brought to the root of one half: cosines of 0.5 and 0 instead of 1 and 0."""
    features = jnp.asarray([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])[:, None, None]
    shares, before = (np.array([[np.exp(c), 1], [np.exp(c), 1], [1, 1]]) for c in (0.5, 1.0))
    shares, before = (each / each.sum(1, keepdims=True) for each in (shares, before))
    want = (shares * np.log(shares / before)).sum(1)
    np.testing.assert_allclose(losses.correspondence([1e-6 * features], [features]), want, rtol=1e-3, atol=1e-7)


def _augmented(images, keys, p, supersampling):
    """In the place of the real augmentation: each example shifted by a number of its own, as far as p."""
    return images + p * supersampling * jax.vmap(lambda key: jax.random.uniform(key, (1, 1, 1)))(keys)


def test_the_discriminator_sees_augmented_pictures(monkeypatch):
    monkeypatch.setattr(losses, "augment", _augmented)
    weights, options = WEIGHTS._replace(augment_p=0.25), {"augment_supersampling": 2}
    shifts = (drawn(lambda key: jax.random.uniform(key, (1, 1, 1)), stream) for stream in (REAL_AUGMENT, FAKE_AUGMENT))
    real, fake = (images + 0.25 * 2 * shift for images, shift in zip((BATCH["reference"], FAKE), shifts, strict=True))
    expected = {"adversarial": by_hand.softplus(logits(fake) - logits(real)).mean(), "r1": penalty(real), "r2": penalty(fake)}
    close(evaluate("d", weights, **options)[1], expected)
    plain = generator_terms()
    expected = plain | {"adversarial": by_hand.softplus(logits(real) - logits(fake)).mean()}  # what else there is sees them as they are
    close(evaluate("g", weights, **options)[1], expected)


def _gradient(phase, term, **options):
    """Returns the gradient of a metric with respect to everything that is trained."""
    trained = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), {losses.TUNED: TUNED, "discriminator": JUDGE})
    return jax.grad(lambda params: evaluate(phase, params=params, **options)[1][term])(trained)


@pytest.mark.parametrize("term", ["adversarial", "r2"])
def test_the_discriminator_s_loss_teaches_the_generator_nothing(term):
    assert not any(leaf.any() for leaf in jax.tree.leaves(_gradient("d", term)[losses.TUNED]))


def test_a_style_is_a_fixed_target_for_the_encoder():
    """The mapping network learns only through the fakes: not by moving its code towards what the encoder sees."""
    slopes = np.zeros_like(TUNED["mapping_network/kernel"])

    def distance(kernel):
        style = np.where(LATENT, np.einsum("bz,zs->bs", Z, kernel[0]), STYLE)
        return by_hand.mean_distance(NOW.style_encoder(NOW.generator(BATCH["image"], style), BATCH["target_domain"]), STYLE)

    for index in np.ndindex(*slopes.shape):
        step = np.zeros_like(slopes)
        step[index] = 1e-6
        kernel = TUNED["mapping_network/kernel"]
        slopes[index] = (distance(kernel + step) - distance(kernel - step)) / 2e-6
    found = _gradient("g", "style_reconstruction")[losses.TUNED]["mapping_network/kernel"]
    np.testing.assert_allclose(found, slopes, rtol=1e-3, atol=1e-5)
