"""CUT's and FastCUT's losses recomputed by hand from the networks' outputs, which networks a phase reaches, and mask consistency."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import cut as experiment
from semgan import algorithms
from semgan.errors import UserError
from semgan.losses import semantic
from tests.algorithms.batches import batch_of_domains

COUNT, PIXELS = 3, 14 * 14


def _small(config):
    config.image_size = 8
    config.data.domains = ("a", "b")
    config.networks.generator.update({"base_channels": 4, "blocks": 1})
    config.networks.discriminator.update({"base_channels": 4})
    config.networks.patch_sampler.update({"channels": 8})
    config.losses.nce_layers = (0, 8, 12)
    config.losses.nce_patches = PIXELS  # all of them: the order of places does not matter then
    return config


@pytest.fixture(scope="module")
def batch():
    return batch_of_domains([0, 1, 0], [1, 0, 1], size=8)


@pytest.fixture(scope="module")
def algorithm():
    return algorithms.make(_small(experiment.get_config()))


@pytest.fixture(scope="module")
def params(algorithm, batch):
    return jax.tree.map(lambda x: 30 * x, algorithm.init(jax.random.key(1), batch)[0])  # louder than a gain of 0.02


@pytest.fixture(scope="module")
def parts(algorithm, params):
    """Generation, judgement, and the PatchNCE between two images by its formula over all places, row by row."""
    modules = algorithm.networks
    generate, judge = (
        jax.jit(lambda x, name=name: modules[name].apply({"params": params[name]}, x)) for name in ("generator", "discriminator")
    )

    @partial(jax.jit, static_argnums=1)
    def projected(image, flip):
        features = modules["generator"].apply({"params": params["generator"]}, image, (0, 8, 12), method="features")
        features = [feature[:, :, ::-1] if flip else feature for feature in features]
        places = [jnp.tile(jnp.arange(feature.shape[1] * feature.shape[2]), (len(image), 1)) for feature in features]
        return modules["patch_sampler"].apply({"params": params["patch_sampler"]}, features, places)

    def nce(image, translated, flip=False):
        losses = []
        for query, key in zip(projected(translated, flip), projected(image, False), strict=True):
            query, key = (np.asarray(x, np.float64) for x in (query, key))
            query, key = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (query, key))
            similarity = np.einsum("nqf,nkf->nqk", query, key)
            positive = np.einsum("nqf,nqf->nq", query, key)
            similarity[:, np.arange(len(key[0])), np.arange(len(key[0]))] = -10
            logits = np.concatenate([positive[..., None], similarity], -1) / 0.07
            losses.append((np.log(np.exp(logits).sum(-1)) - logits[..., 0]).mean(1))
        return np.mean(losses, 0)  # an example

    return generate, judge, nce


def _loss(algorithm, phase, params, batch, key=7):
    value, aux = jax.jit(algorithm.phases[phase].loss)(params, {}, batch, jax.random.key(key), jnp.float32(0))
    return float(value), {term: float(metric) for term, metric in aux.metrics.items()}


def _sides(batch):
    first = np.asarray(batch["domain"])[:, None, None, None] == 0
    return np.where(first, batch["image"], batch["reference"]), np.where(first, batch["reference"], batch["image"])


def test_discriminator_comes_first_then_generator_with_patch_sampler(algorithm):
    assert [(phase.name, phase.updates) for phase in algorithm.phases] == [("d", ("discriminator",)), ("g", ("generator", "patch_sampler"))]
    assert algorithm.targets == (1,)


def test_losses_by_hand(algorithm, params, batch, parts):
    generate, judge, nce = parts
    source, real = _sides(batch)
    fake = generate(source)
    value, _ = _loss(algorithm, 0, params, batch)
    np.testing.assert_allclose(value, 0.5 * (np.square(judge(real) - 1).mean() + np.square(judge(fake)).mean()), rtol=1e-3)
    value, metrics = _loss(algorithm, 1, params, batch)
    adversarial, x, y = np.square(judge(fake) - 1).mean(), nce(source, fake).mean(), nce(real, generate(real)).mean()
    np.testing.assert_allclose(metrics["nce"], x, rtol=2e-3)
    np.testing.assert_allclose(metrics["nce_identity"], y, rtol=2e-3)
    np.testing.assert_allclose(value, adversarial + (x + y) / 2, rtol=2e-3)


def _flipped(batch, key=7):
    """Whether each example is translated mirrored: with probability one half, by the key that is folded with 100 and its position."""
    flips = jax.random.fold_in(jax.random.key(key), 100)
    return [float(jax.random.uniform(jax.random.fold_in(flips, position))) < 0.5 for position in batch["position"].tolist()]


def test_fast_variant_mirrors_some_contents_and_mirrors_their_features_back(params, batch, parts):
    generate, _, nce = parts
    source, _ = _sides(batch)
    value, metrics = _loss(algorithms.make(_small(experiment.get_config("fastcut"))), 1, params, batch)
    assert set(metrics) == {"adversarial", "nce"}
    np.testing.assert_allclose(value, metrics["adversarial"] + 10 * metrics["nce"], rtol=1e-4)
    mirrored = generate(source[:, :, ::-1])
    by_flip = np.stack([nce(source, generate(source)), nce(source, mirrored, flip=True)])
    flipped = _flipped(batch)
    assert {*flipped} == {False, True}
    wanted = np.mean([by_flip[int(flip), i] for i, flip in enumerate(flipped)])
    np.testing.assert_allclose(metrics["nce"], wanted, rtol=2e-3)


def test_contrast_reaches_the_generator_and_the_patch_sampler_with_finite_gradients(params, batch):
    loss = algorithms.make(_small(experiment.get_config("fastcut"))).phases[1].loss

    def contrast(trained):
        return loss({**params, **trained}, {}, batch, jax.random.key(7), jnp.float32(0))[1].metrics["nce"]

    grads = jax.jit(jax.grad(contrast))({name: params[name] for name in ("generator", "patch_sampler")})
    for name, tree in grads.items():
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)), name
        assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(tree)) > 1e-4, name


def test_patches_of_the_identity_are_other_draws_than_those_of_the_source(algorithm, params, batch, monkeypatch):
    """Each of the three layers has a stream of its own, from 0 up."""
    streams = []
    monkeypatch.setattr("semgan.algorithms.cut.contrast", lambda *inputs: streams.append(inputs[-1]) or jnp.zeros(()))
    jax.eval_shape(lambda *state: algorithm.phases[1].loss(*state), params, {}, batch, jax.random.key(7), jnp.float32(0))  # traced anew
    assert streams == [0, 3]


def test_patches_belong_to_positions_not_to_places_in_the_batch(params, batch):
    config = _small(experiment.get_config())
    config.losses.nce_patches = 6
    loss = jax.jit(algorithms.make(config).phases[1].loss)
    order = jnp.asarray([2, 0, 1])
    values = [
        float(loss(params, {}, given, jax.random.key(7), jnp.float32(0))[0]) for given in (batch, jax.tree.map(lambda x: x[order], batch))
    ]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-4)
    moved = {**batch, "position": batch["position"] + 5}
    assert abs(float(loss(params, {}, moved, jax.random.key(7), jnp.float32(0))[0]) - values[0]) > 1e-3


def test_bad_layers_and_domains_are_refused():
    for layers in ((), (4, 0), (4, 4), (-1, 4), (0, 13), (0, 4, 13)):
        config = _small(experiment.get_config())
        config.losses.nce_layers = layers
        with pytest.raises(UserError, match="layers 0 to 12"):
            algorithms.make(config)
    config.data.domains = ("a",)
    with pytest.raises(UserError, match="names 1 domain"):
        algorithms.make(config)


def test_papers_values_give_the_papers_networks(batch):
    config = experiment.get_config()
    config.data.domains = ("a", "b")
    params = jax.eval_shape(algorithms.make(config).init, jax.random.key(0), batch)[0]
    counts = {name: sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(tree)) for name, tree in params.items()}
    assert counts == {"generator": 11_378_179, "patch_sampler": 560_384, "discriminator": 2_764_737}


KEPT = {"mask": 1.0, "landmarks": 10.0, "attributes": 0.5}


def _consistent(config):
    """Carries masks, landmarks and an attribute."""
    config = _small(config)
    config.losses.content.update(KEPT)
    config.losses.content_attributes = ("Smiling",)
    config.networks.semantic_heads.update({"channels": 4, "mask_classes": 3, "landmarks": 5})
    return config


@pytest.fixture(scope="module")
def annotated(batch):
    rng = np.random.default_rng(1)
    made = {
        "mask": rng.integers(0, 3, (2, COUNT, 8, 8)).astype(np.uint8),
        "landmarks": rng.random((2, COUNT, 5, 2), np.float32),
        "attributes": rng.integers(0, 2, (2, COUNT, 1)).astype(np.int8),
    }
    names = {f"{of}{name}": jnp.asarray(values[side]) for side, of in enumerate(("", "reference_")) for name, values in made.items()}
    return batch | names


@pytest.fixture(scope="module")
def consistent(annotated):
    algorithm = algorithms.make(_consistent(experiment.get_config()))
    return algorithm, algorithm.init(jax.random.key(1), annotated)[0]


def _judged(consistent, images):
    algorithm, params = consistent
    return algorithm.networks["semantic_heads"].apply({"params": params["semantic_heads"]}, images)


def test_without_annotations_networks_and_numbers_are_those_of_plain_cut(algorithm, consistent, batch):
    plain, with_heads = algorithm.init(jax.random.key(1), batch)[0], consistent[1]
    assert algorithm.annotations == {}
    assert with_heads.keys() - plain.keys() == {"semantic_heads"}
    jax.tree.map(np.testing.assert_array_equal, plain, {name: with_heads[name] for name in plain})
    older = _small(experiment.get_config())
    for key in ("content", "content_attributes", "semantic_weight", "heads_weight"):
        del older.losses[key]  # as in snapshots from before
    del older.networks["semantic_heads"]
    assert algorithms.make(older).phases[1].updates == algorithm.phases[1].updates


def test_heads_are_taught_by_the_discriminator_s_phase_and_need_both_pictures_annotated(consistent):
    algorithm, _ = consistent
    assert [phase.updates for phase in algorithm.phases] == [("discriminator", "semantic_heads"), ("generator", "patch_sampler")]
    assert algorithm.averaged == ("generator",)
    own = {"mask": (), "landmarks": (), "attributes": ("Smiling",)}
    assert algorithm.annotations == own | {f"reference_{name}": columns for name, columns in own.items()}


def test_heads_learn_from_real_images_of_both_domains_alone(consistent, annotated):
    algorithm, params = consistent
    loss = algorithm.phases[0].loss
    value, metrics = _loss(algorithm, 0, params, annotated)
    learned, errors = zip(
        *(
            semantic.consistency(_judged(consistent, annotated[picture]), {name: annotated[f"{of}{name}"] for name in KEPT}, KEPT)
            for picture, of in (("image", ""), ("reference", "reference_"))
        ),
        strict=True,
    )
    np.testing.assert_allclose(value - metrics["adversarial"], np.mean(learned), rtol=1e-3)
    for name in KEPT:
        np.testing.assert_allclose(metrics[f"{name}_error"], np.mean([each[name] for each in errors]), rtol=1e-4, err_msg=name)

    def loss_of(generator, heads):
        changed = {**params, "generator": generator, "semantic_heads": heads}
        return loss(changed, {}, annotated, jax.random.key(7), jnp.float32(0))[0]

    gradient = jax.jit(jax.grad(loss_of, argnums=1))
    louder = jax.tree.map(lambda leaf: 30 * leaf, params["generator"])
    grads = [gradient(generator, params["semantic_heads"]) for generator in (params["generator"], louder)]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), *grads)
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(grads[0])) > 1e-3


@pytest.mark.parametrize("variant", ["cut", "fastcut"])
def test_a_translation_has_to_carry_what_is_annotated_of_its_source(consistent, annotated, variant):
    """FastCUT's mirrored inputs are mirrored back after translation."""
    algorithm, params = algorithms.make(_consistent(experiment.get_config(variant))), consistent[1]
    value, metrics = _loss(algorithm, 1, params, annotated)
    first = annotated["domain"] == 0
    truth = {name: jnp.stack([annotated[name if own else f"reference_{name}"][place] for place, own in enumerate(first)]) for name in KEPT}
    source, _ = _sides(annotated)
    generate = jax.jit(lambda x: algorithm.networks["generator"].apply({"params": params["generator"]}, x))
    fakes = [generate(source), generate(source[:, :, ::-1])[:, :, ::-1]]
    (plain, errors), (mirrored, mirrored_errors) = (semantic.consistency(_judged(consistent, fake), truth, KEPT) for fake in fakes)
    flipped = np.array(_flipped(annotated)) & (variant == "fastcut")
    np.testing.assert_allclose(metrics["semantic"], np.where(flipped, mirrored, plain).mean(), rtol=1e-4)
    for name in KEPT:
        wanted = np.where(flipped, mirrored_errors[name], errors[name]).mean()
        np.testing.assert_allclose(metrics[f"{name}_error"], wanted, rtol=1e-4, err_msg=name)
    nce = (metrics["nce"] + metrics["nce_identity"]) / 2 if variant == "cut" else 10 * metrics["nce"]
    np.testing.assert_allclose(value, metrics["adversarial"] + nce + metrics["semantic"], rtol=1e-4)


def test_unknown_annotations_are_refused():
    config = _small(experiment.get_config())
    config.losses.content = {"masks": 1.0}
    with pytest.raises(UserError, match="'masks', which is not an annotation: choose from mask, landmarks"):
        algorithms.make(config)
