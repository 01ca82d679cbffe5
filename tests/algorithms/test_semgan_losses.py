"""semgan's losses term by term, against NumPy in float64 on networks of a few numbers."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import semgan as experiment
from semgan import algorithms
from semgan.algorithms.common import semgan_losses
from semgan.algorithms.common.semantic_terms import semantics_of
from semgan.losses.reconstruction import dissimilarity
from semgan.losses.style_statistics import style_distance
from semgan.networks.judge import BranchHeads, JudgeNetwork
from tests.algorithms import toy_networks as toy
from tests.losses import by_hand

RNG = jax.random.key(5)
POSITIONS = (40, 41, 42, 43)
"""The first takes its style from a latent, the others from their references."""
LATENT = np.array(POSITIONS) % 4 == 0
LATENTS, LATENTS2, REAL_AUGMENT, FAKE_AUGMENT, NOISE_AMOUNT, NOISE, REAL_STEP, FAKE_STEP, RESTORED, STYLE_CHANGE = range(10)
"""Streams of draws. A run that is resumed after a change of the code goes on with the same ones."""


def configured(**losses):
    """The base experiment, which keeps masks, landmarks and two attributes and takes a third; every weight is another number."""
    config = experiment.get_config()
    config.data.domains = tuple("abc")
    config.losses.content.update({"mask": 0.5, "landmarks": 4.0, "attributes": 1.5})
    config.losses.style.attributes = 1.5
    config.losses.update({"content_attributes": ("Smiling", "Bald"), "style_attributes": ("Blond_Hair",)})
    config.losses.update({"r1_weight": 0.3, "r2_weight": 0.7, "heads_weight": 1.3, "heads_noise": 0.0, "semantic_weight": 0.6})
    config.losses.update({"style_reconstruction_weight": 2.0, "reconstruction_weight": 5.0, "nce_weight": 0.9, "nce_patches": 99})
    config.losses.update({"diversity_weight": 7.0, "diversity_decay_kimg": 20.0, "penalty_step": 0.0, "restoration_weight": 3.0})
    config.losses.update({"region_style_weight": 0.0, "latent_style_weight": 0.8, "changed_share": 0.0, "translated_share": 0.0})
    config.losses.update({"dissimilarity_weight": 0.0, "slots_weight": 0.0})
    config.losses.update(losses)
    return config


LOSSES = {
    "d": semgan_losses.discriminator_loss,
    "g": semgan_losses.generator_loss,
    "restore": semgan_losses.restoration_loss,
}
PARAMS, BATCH = toy.params(), toy.batch(POSITIONS)
NET = toy.in_numpy(PARAMS)


def evaluate(phase, kimg=5.0, params=PARAMS, model_state=None, batch=BATCH, regions=0, **losses):
    """The phase's value, metrics and new model_state."""
    config = configured(**losses)
    context = semgan_losses.LossContext(semgan_losses.functions(toy.modules()), semantics_of(config), config.losses, regions)
    run = partial(LOSSES[phase], context)
    in_jax = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), params)
    value, aux = run(in_jax, model_state or {}, toy.arrays(batch), RNG, jnp.float32(kimg))
    return float(value), {name: float(metric) for name, metric in aux.metrics.items()}, aux.model_state


def drawn(draw, stream, positions=POSITIONS):
    """A key for each position, and what is drawn with it."""
    keys = [jax.random.fold_in(jax.random.fold_in(RNG, stream), position) for position in positions]
    return np.stack([np.asarray(draw(key), np.float64) for key in keys])


def latent_codes():
    """By hand: of latents of two streams."""
    for stream in (LATENTS, LATENTS2):
        yield NET.mapping_network(drawn(lambda key: jax.random.normal(key, (toy.LATENT,)), stream), BATCH["target_domain"])


LATENT_CODES = list(latent_codes())
REFERENCE_CODES = [NET.style_encoder(BATCH[name], BATCH["target_domain"]) for name in ("reference", "reference2")]
STYLE, STYLE2 = (np.where(LATENT[:, None], *codes) for codes in zip(LATENT_CODES, REFERENCE_CODES, strict=True))
FAKE, FAKE2 = (NET.generator(BATCH["image"], style) for style in (STYLE, STYLE2))
REAL_LOGITS, FAKE_LOGITS = (NET.discriminator(images, BATCH["target_domain"]) for images in (BATCH["reference"], FAKE))


def penalty(images):
    """Half the squared slopes of the logits' sum at each image, by central differences, per logit."""
    squares = np.zeros(len(images))
    for index in np.ndindex(*images.shape[1:]):
        step = np.zeros_like(images)
        step[(slice(None), *index)] = 1e-5
        up, down = (NET.discriminator(images + sign * step, BATCH["target_domain"]).sum((1, 2)) for sign in (1, -1))
        squares += ((up - down) / 2e-5) ** 2
    return 0.5 * squares.mean() / 4


def semantic_of(images, attributes):
    """Each kept annotation's weighted loss and its error, (batch,), as the heads see the images."""
    judged = NET.semantic_heads(images)
    seen = {"mask": judged.mask, "landmarks": judged.landmarks, "attributes": judged.attributes[:, attributes]}
    true = {"mask": BATCH["mask"], "landmarks": BATCH["landmarks"], "attributes": BATCH["attributes"][:, attributes]}
    formulas = {
        "mask": (0.5, by_hand.mask_loss, by_hand.lost_iou),
        "landmarks": (4.0, by_hand.landmark_loss, by_hand.landmark_error),
        "attributes": (1.5, by_hand.attribute_loss, by_hand.attribute_error),
    }
    loss = sum(weight * loss(seen[name], true[name]) for name, (weight, loss, _) in formulas.items())
    return loss, {f"{name}_error": error(seen[name], true[name]).mean() for name, (_, _, error) in formulas.items()}


def translations(images):
    """The contents' annotations for all, the reference's attribute for those that take its style."""
    loss, errors = semantic_of(images, slice(2))
    judged, true = NET.semantic_heads(images).attributes[:, 2:], BATCH["reference_attributes"]
    errors["style_attributes_error"] = by_hand.attribute_error(judged, true).mean()
    return (loss + 1.5 * ~LATENT * by_hand.attribute_loss(judged, true)).mean(), errors


def nce():
    """PatchNCE of the fakes' features from the contents' at all places: the mean over two layers, examples and places."""
    layers = []
    for content, fake in zip(NET.features(BATCH["image"]), NET.features(FAKE), strict=True):
        places = np.tile(np.arange(content.shape[1] * content.shape[2]), (len(content), 1))
        (key,), (query,) = (NET.patch_sampler([layer], [places]) for layer in (content, fake))
        key, query = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (key, query))
        similarity = np.einsum("bqf,bkf->bqk", query, key)
        positive = np.einsum("bqf,bqf->bq", query, key)
        similarity[:, places[0], places[0]] = -10
        logits = np.concatenate([positive[..., None], similarity], -1) / 0.07
        layers.append(-by_hand.log_softmax(logits)[..., 0].mean())
    return np.mean(layers)


def latent_style():
    """The energy distance of the latents' codes from the references', by root mean squares of differences."""

    def apart(a, b):
        return np.sqrt(((a - b) ** 2).mean(1))

    (first, second), (one, other) = LATENT_CODES, REFERENCE_CODES
    return (apart(first, one) + apart(second, other) - apart(first, second) - apart(one, other)).mean()


def close(metrics, expected):
    for name, value in expected.items():
        np.testing.assert_allclose(metrics[name], value, rtol=2e-4, atol=1e-6, err_msg=name)


def test_discriminator_loss_by_hand():
    value, metrics, model_state = evaluate("d")
    learned, errors = semantic_of(BATCH["image"], slice(3))
    expected = {
        "adversarial": by_hand.softplus(FAKE_LOGITS - REAL_LOGITS).mean(),
        "r1": penalty(BATCH["reference"]),
        "r2": penalty(FAKE),
        "real_sign": np.sign(REAL_LOGITS).mean(),
        "fake_sign": np.sign(FAKE_LOGITS).mean(),
        "gap_sign": np.sign(REAL_LOGITS - FAKE_LOGITS).mean(),
        **errors,
    }
    assert metrics.keys() == expected.keys()
    close(metrics, expected)
    assert abs(expected["r1"] - expected["r2"]) > 0.1 * expected["r1"]  # or a penalty of the wrong pictures would not be seen
    total = expected["adversarial"] + 0.3 * expected["r1"] + 0.7 * expected["r2"] + 1.3 * learned.mean()
    np.testing.assert_allclose(value, total, rtol=2e-4)
    assert model_state == {}


def test_generator_loss_by_hand():
    value, metrics, model_state = evaluate("g")
    semantic, errors = translations(FAKE)
    own = NET.style_encoder(BATCH["image"], BATCH["domain"])
    expected = {
        "adversarial": by_hand.softplus(REAL_LOGITS - FAKE_LOGITS).mean(),
        "style_reconstruction": by_hand.mean_distance(NET.style_encoder(FAKE, BATCH["target_domain"]), STYLE),
        "reconstruction": by_hand.mean_distance(NET.generator(BATCH["image"], own), BATCH["image"]),
        "semantic": semantic,
        "nce": nce(),
        "diversity": by_hand.mean_distance(FAKE, FAKE2),
        "latent_style": latent_style(),
        **errors,
    }
    assert metrics.keys() == expected.keys()
    close(metrics, expected)
    weights = {"adversarial": 1, "style_reconstruction": 2, "reconstruction": 5, "semantic": 0.6, "nce": 0.9, "diversity": -7 * 0.75}
    weights["latent_style"] = 0.8
    np.testing.assert_allclose(value, sum(weight * expected[name] for name, weight in weights.items()), rtol=2e-4)
    assert model_state == {}


@pytest.mark.parametrize("phase", ["d", "g"])
def test_the_classic_game_by_hand(phase):
    """Non-saturating: the generator's part does not look at real pictures."""
    expected = {
        "d": by_hand.softplus(-REAL_LOGITS).mean() + by_hand.softplus(FAKE_LOGITS).mean(),
        "g": by_hand.softplus(-FAKE_LOGITS).mean(),
    }
    np.testing.assert_allclose(evaluate(phase, objective="non_saturating")[1]["adversarial"], expected[phase], rtol=1e-4)


@pytest.mark.parametrize(("kimg", "left"), [(0.0, 1.0), (15.0, 0.25), (20.0, 0.0), (70.0, 0.0)])
def test_diversity_falls_linearly_to_nothing(kimg, left):
    value, metrics, _ = evaluate("g", kimg)
    without = evaluate("g", kimg, diversity_weight=0.0)[0]
    np.testing.assert_allclose(value, without - 7 * left * metrics["diversity"], rtol=1e-5)


@pytest.mark.parametrize(
    ("phase", "term", "weight"),
    [
        ("d", "r1", "r1_weight"),
        ("d", "r2", "r2_weight"),
        ("g", "style_reconstruction", "style_reconstruction_weight"),
        ("g", "reconstruction", "reconstruction_weight"),
        ("g", "nce", "nce_weight"),
        ("g", "diversity", "diversity_weight"),
        ("g", "latent_style", "latent_style_weight"),
    ],
)
def test_a_term_of_weight_0_is_left_out_and_leaves_the_others_as_they_were(phase, term, weight):
    value, metrics, _ = evaluate(phase, kimg=0.0)
    without, others, _ = evaluate(phase, kimg=0.0, **{weight: 0.0})
    assert others == {name: metric for name, metric in metrics.items() if name != term}
    charged = configured().losses[weight] * metrics[term]
    np.testing.assert_allclose(value - without, -charged if term == "diversity" else charged, rtol=1e-3)


def _gradient(phase, term, network, **losses):
    """Returns the gradient of a metric with respect to a network's parameters."""
    config = configured(**losses)
    context = semgan_losses.LossContext(semgan_losses.functions(toy.modules()), semantics_of(config), config.losses)
    loss = LOSSES[phase]
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), PARAMS)

    def metric(trained):
        return loss(context, {**params, network: trained}, {}, toy.arrays(BATCH), RNG, jnp.float32(0))[1].metrics[term]

    return jax.jit(jax.grad(metric))(params[network])


def _slopes(value, leaf):
    """Returns the gradient of a NumPy function of one array, by central differences."""
    slopes = np.zeros_like(leaf)
    for index in np.ndindex(*leaf.shape):
        step = np.zeros_like(leaf)
        step[index] = 1e-6
        slopes[index] = (value(leaf + step) - value(leaf - step)) / 2e-6
    return slopes


def test_the_second_fake_of_the_diversity_is_held_still():
    def diversity(gain):
        return by_hand.mean_distance(toy.generator(PARAMS["generator"] | {"gain": gain}, BATCH["image"], STYLE), FAKE2)

    want = _slopes(diversity, PARAMS["generator"]["gain"])
    np.testing.assert_allclose(_gradient("g", "diversity", "generator")["gain"], want, rtol=1e-3, atol=1e-5)


def test_the_code_that_a_style_is_compared_with_is_held_still():
    """The mapping network learns only through the fakes: not by moving its code towards what the encoder sees."""

    def distance(kernel):
        z = drawn(lambda key: jax.random.normal(key, (toy.LATENT,)), LATENTS)
        style = toy.mapping_network({"kernel": kernel}, z, BATCH["target_domain"])
        style = np.where(LATENT[:, None], style, STYLE)
        seen = NET.style_encoder(NET.generator(BATCH["image"], style), BATCH["target_domain"])
        return by_hand.mean_distance(seen, STYLE)

    want = _slopes(distance, PARAMS["mapping_network"]["kernel"])
    np.testing.assert_allclose(_gradient("g", "style_reconstruction", "mapping_network")["kernel"], want, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("term", ["adversarial", "r2"])
@pytest.mark.parametrize("network", ["generator", "mapping_network", "style_encoder"])
def test_the_discriminator_s_loss_teaches_the_generator_nothing(term, network):
    assert not any(leaf.any() for leaf in jax.tree.leaves(_gradient("d", term, network)))


@pytest.mark.parametrize(("until", "kimg", "share"), [(0.0, 99.0, 1), (6.0, 5.9, 1), (6.0, 6.0, 0), (6.0, 7.0, 0)])
def test_heads_learn_up_to_so_many_images_or_throughout(until, kimg, share):
    value, metrics, _ = evaluate("d", kimg, heads_until_kimg=until)
    others = metrics["adversarial"] + 0.3 * metrics["r1"] + 0.7 * metrics["r2"]
    np.testing.assert_allclose(value - others, share * 1.3 * semantic_of(BATCH["image"], slice(3))[0].mean(), rtol=1e-3, atol=1e-5)


def _with_noise(images, largest):
    """By hand: of a deviation that is uniform from 0 to the largest, another for each example."""
    amount = drawn(lambda key: jax.random.uniform(key, (1, 1, 1)), NOISE_AMOUNT)
    return images + largest * amount * drawn(lambda key: jax.random.normal(key, images.shape[1:]), NOISE)


def test_heads_see_pictures_with_noise_when_they_learn_and_when_they_judge():
    value, metrics, _ = evaluate("d", heads_noise=0.8)
    learned, errors = semantic_of(_with_noise(BATCH["image"], 0.8), slice(3))
    close(metrics, errors)
    others = metrics["adversarial"] + 0.3 * metrics["r1"] + 0.7 * metrics["r2"]
    np.testing.assert_allclose(value - others, 1.3 * learned.mean(), rtol=1e-3)
    semantic, errors = translations(_with_noise(FAKE, 0.8))
    close(evaluate("g", heads_noise=0.8)[1], errors | {"semantic": semantic})


def test_a_model_that_keeps_nothing_has_no_semantic_term():
    nothing = {"content": {"mask": 0.0, "landmarks": 0.0, "attributes": 0.0}, "style": {"attributes": 0.0}}
    value, metrics, _ = evaluate("d", **nothing)
    np.testing.assert_allclose(value, metrics["adversarial"] + 0.3 * metrics["r1"] + 0.7 * metrics["r2"], rtol=1e-5)
    assert "semantic" not in evaluate("g", **nothing)[1]


def _augmented(images, keys, p, supersampling):
    """In the place of the real augmentation: each example shifted by a number of its own, as far as p."""
    shift = jax.vmap(lambda key: jax.random.uniform(key, (1, 1, 1)))(keys)
    return images + p * supersampling * shift


def _shifted(images, stream):
    return images + 0.25 * 2 * drawn(lambda key: jax.random.uniform(key, (1, 1, 1)), stream)


def test_the_discriminator_sees_augmented_pictures_and_the_probability_follows_how_often_it_is_right(monkeypatch):
    monkeypatch.setattr(semgan_losses, "augment", _augmented)
    state = {"augment_p": jnp.float32(0.25), "augment_sign": jnp.float32(2.5), "augment_steps": jnp.int32(3)}
    options = {"ada_target": 0.5, "ada_kimg": 0.02, "ada_most": 0.9, "augment_supersampling": 2}
    real, fake = _shifted(BATCH["reference"], REAL_AUGMENT), _shifted(FAKE, FAKE_AUGMENT)
    real_logits, fake_logits = (NET.discriminator(images, BATCH["target_domain"]) for images in (real, fake))
    _, metrics, after = evaluate("d", model_state=state, **options)
    gap = np.sign(real_logits - fake_logits).mean()
    close(metrics, {"adversarial": by_hand.softplus(fake_logits - real_logits).mean(), "gap_sign": gap, "r1": penalty(real)})
    right = (2.5 + gap) / 4 > 0.5
    np.testing.assert_allclose(after["augment_p"], min(0.25 + 0.8, 0.9) if right else 0.0, rtol=1e-5)  # 4 x 4 images of 20
    assert metrics["augment_p"] == float(after["augment_p"])
    _, metrics, unchanged = evaluate("g", model_state=state, **options)
    close(metrics, {"adversarial": by_hand.softplus(real_logits - fake_logits).mean()})
    assert unchanged == state


def test_styles_are_of_two_latents_or_of_two_references():
    functions = semgan_losses.functions(toy.modules())
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), PARAMS)
    for style, want in zip(semgan_losses.two_styles(functions.styles, params, toy.arrays(BATCH), RNG), (STYLE, STYLE2), strict=True):
        np.testing.assert_allclose(style, want, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("branch", [True, False])
def test_heads_are_a_branch_of_the_discriminator_or_a_network_of_their_own(branch):
    config = configured()
    config.image_size, config.networks.semantic_heads.branch = 64, branch
    config.networks.semantic_heads.update({"mask_classes": 7, "landmarks": 5})
    algorithm = algorithms.make(config)
    assert type(algorithm.networks["semantic_heads"]) is (BranchHeads if branch else JudgeNetwork)
    assert algorithm.phases[0].updates == ("discriminator", "semantic_heads")
    assert algorithm.phases[1].updates == ("generator", "mapping_network", "style_encoder", "patch_sampler")
    assert ("discriminator" in algorithm.averaged) == branch  # by its features regions are found in contents without a mask
    assert "semantic_heads" in algorithm.averaged


def test_penalties_by_differences_are_of_one_step_along_a_direction_of_each_example():
    _, metrics, _ = evaluate("d", penalty_step=0.05)
    for name, images, stream in (("r1", BATCH["reference"], REAL_STEP), ("r2", FAKE, FAKE_STEP)):
        noise = 0.05 * drawn(lambda key: jax.random.normal(key, images.shape[1:]), stream)  # noqa: B023
        before, after = (NET.discriminator(each, BATCH["target_domain"]) for each in (images, images + noise))
        change = (after - before).reshape(len(images), -1)
        expected = 0.5 * (change**2).mean(1) / (noise**2).reshape(len(images), -1).mean(1)
        np.testing.assert_allclose(metrics[name], expected.mean(), rtol=1e-2)


@pytest.mark.parametrize("regions", [0, 7])
def test_statistics_of_style_are_the_reference_s_where_there_is_one(regions):
    """In each region of the masks, or in the picture as a whole."""
    batch = BATCH | {"reference_mask": BATCH["mask"][::-1]}
    value, metrics, _ = evaluate("g", batch=batch, regions=regions, region_style_weight=1.7)
    ids = [np.zeros_like(BATCH["mask"])] * 2 if not regions else [batch["mask"], batch["reference_mask"]]
    inputs = [jnp.asarray(each) for each in (FAKE, ids[0], BATCH["reference"], ids[1])]
    expected = np.where(LATENT, 0, style_distance(*inputs, max(regions, 1))).mean()
    np.testing.assert_allclose(metrics["region_style"], expected, rtol=1e-3)
    np.testing.assert_allclose(value - evaluate("g")[0], 1.7 * expected, rtol=1e-3)


def _misplaced(slots, masks):
    """The mask's loss of two slots, of which the second has the classes 1 and 2."""
    return by_hand.mask_loss(np.log(slots + 1e-3), np.minimum(masks, 1)).mean()


def test_slots_are_to_be_the_classes_of_the_masks():
    """A content's at every pixel, a reference's at the pixels in the middle of its patches; the last slot has all further classes."""
    batch = BATCH | {"reference_mask": BATCH["mask"][::-1]}
    asked = {"batch": batch, "regions": toy.CLASSES, "slots_weight": 1.7}
    _, contents = NET.translate(BATCH["image"], STYLE)
    expected = _misplaced(contents, BATCH["mask"]) + _misplaced(NET.slots_of(BATCH["reference"]), batch["reference_mask"][:, 1::2, 1::2])
    value, metrics, _ = evaluate("g", **asked)
    np.testing.assert_allclose(metrics["slots"], expected, rtol=1e-4)
    np.testing.assert_allclose(value - evaluate("g", batch=batch)[0], 1.7 * expected, rtol=1e-3)
    value, metrics, _ = evaluate("restore", translated_share=1.0, **asked)
    _, of_translations = NET.translate(FAKE, STYLE)
    np.testing.assert_allclose(metrics["slots"], _misplaced(of_translations, BATCH["mask"]), rtol=1e-4)
    np.testing.assert_allclose(value, 3 * metrics["distance"] + 1.7 * metrics["slots"], rtol=1e-5)


def test_without_masks_slots_are_nothing_s():
    assert evaluate("g", slots_weight=1.7) == evaluate("g")


def _restored(contents):
    own = NET.style_encoder(BATCH["image"], BATCH["domain"])
    return by_hand.mean_distance(NET.generator(contents, own), BATCH["image"])


def test_contents_as_they_are_changed_and_translated_are_given_their_own_style_again(monkeypatch):
    def darken(images, keys):
        return images * jax.vmap(lambda key: jax.random.uniform(key, (1, 1, 1)))(keys)

    monkeypatch.setattr(semgan_losses, "change_styles", darken)
    gain = drawn(lambda key: jax.random.uniform(key, (1, 1, 1)), STYLE_CHANGE)
    changed = 2 * gain * (BATCH["image"] + 1) / 2 - 1
    kind = drawn(lambda key: jax.random.uniform(key, (1, 1, 1)), RESTORED)
    mixed = np.where(kind < 0.4, changed, np.where(kind >= 0.7, FAKE, BATCH["image"]))
    for contents, shares in ((BATCH["image"], (0.0, 0.0)), (changed, (1.0, 0.0)), (FAKE, (0.0, 1.0)), (mixed, (0.4, 0.3))):
        value, metrics, _ = evaluate("restore", changed_share=shares[0], translated_share=shares[1])
        np.testing.assert_allclose(metrics["distance"], _restored(contents), rtol=2e-4)
        np.testing.assert_allclose(value, 3 * _restored(contents), rtol=2e-4)


def test_what_is_restored_is_to_be_similar_in_structure_too():
    own = NET.style_encoder(BATCH["image"], BATCH["domain"])
    expected = dissimilarity(*(jnp.asarray(each, jnp.float32) for each in (NET.generator(BATCH["image"], own), BATCH["image"]))).mean()
    value, metrics, _ = evaluate("restore", dissimilarity_weight=0.6)
    np.testing.assert_allclose(metrics["dissimilarity"], expected, rtol=1e-3)
    np.testing.assert_allclose(value, 3 * (metrics["distance"] + 0.6 * metrics["dissimilarity"]), rtol=1e-5)


def test_nothing_flows_back_through_the_translation_that_is_restored():
    def restored(gain):
        own = NET.style_encoder(BATCH["image"], BATCH["domain"])
        return by_hand.mean_distance(toy.generator(PARAMS["generator"] | {"gain": gain}, FAKE, own), BATCH["image"])

    want = _slopes(restored, PARAMS["generator"]["gain"])
    got = _gradient("restore", "distance", "generator", translated_share=1.0)["gain"]
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5)
