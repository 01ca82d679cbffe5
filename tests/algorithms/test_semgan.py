"""semgan: whose style each example takes, what the heads learn from, and what is refused."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from configs.common import shrink
from semgan import algorithms
from semgan import config as configs
from semgan.algorithms.common.semgan_losses import two_styles
from semgan.algorithms.common.styles import styles_of
from semgan.algorithms.semgan import LATER_LOSSES
from semgan.errors import UserError
from semgan.types import Algorithm, ModelState, Params
from tests.algorithms.batches import batch_of_domains

SIZE = 16


def configured(**changes):
    config = shrink(configs.load("configs/drawn_faces_semgan.py"))
    config.losses.changed_share = 0.5  # which the debug run leaves out
    config.image_size, config.data.domains = SIZE, ("shaded", "ink")
    config.update_from_flattened_dict(changes)
    return config


def annotated(batch):
    rng, count = np.random.default_rng(1), len(batch["position"])
    shapes = {"attributes": (count, 11), "reference_attributes": (count, 4)}
    attributes = {name: jnp.asarray(rng.integers(0, 2, shape), jnp.int8) for name, shape in shapes.items()}
    masks = {name: jnp.asarray(rng.integers(0, 7, (count, SIZE, SIZE)), jnp.uint8) for name in ("mask", "reference_mask")}
    return batch | attributes | masks | {"landmarks": jnp.asarray(rng.random((count, 5, 2), np.float32))}


@pytest.fixture(scope="module")
def batch():
    return annotated(batch_of_domains([0, 1, 0, 1], [1, 0, 0, 1], SIZE, ("image", "reference", "reference2")))


class Made(NamedTuple):
    """An algorithm with its first parameters and state, and each phase's loss with its gradient for every network, compiled once."""

    algorithm: Algorithm
    params: Params
    model_state: ModelState
    compiled: dict[str, Callable]


def started(batch, **changes):
    algorithm = algorithms.make(configured(**changes))
    compiled = {phase.name: jax.jit(jax.value_and_grad(phase.loss, has_aux=True)) for phase in algorithm.phases}
    return Made(algorithm, *algorithm.init(jax.random.key(0, impl="rbg"), batch), compiled)


@pytest.fixture(scope="module")
def made(batch):
    """The small experiment's, which keeps masks, landmarks and expressions and takes the hair's colour."""
    return started(batch)


def gradient(made, phase, batch, kimg=1.0):
    """The phase's `((loss, aux), gradient)` at so many kimg."""
    return made.compiled[phase](made.params, made.model_state, batch, jax.random.key(1), jnp.float32(kimg))


@pytest.fixture(scope="module")
def gradients(made, batch):
    return {phase: gradient(made, phase, batch) for phase in ("d", "g", "restore")}


def test_phases_update_their_networks(made):
    assert [(phase.name, phase.updates) for phase in made.algorithm.phases] == [
        ("d", ("discriminator", "semantic_heads")),
        ("g", ("generator", "mapping_network", "style_encoder")),
        ("restore", ("generator", "style_encoder")),
    ]
    assert set(made.algorithm.averaged) == {"generator", "mapping_network", "style_encoder", "discriminator", "semantic_heads"}
    losses = configured().losses
    assert made.algorithm.annotations == {
        "mask": (),
        "landmarks": (),
        "attributes": losses.content_attributes + losses.style_attributes,
        "reference_attributes": losses.style_attributes,
        "reference_mask": (),
    }


def test_heads_learn_from_real_images_alone(made, batch, gradients):
    other = batch | {"reference": -batch["reference"], "target_domain": 1 - batch["target_domain"]}
    before, after = gradients["d"][1]["semantic_heads"], gradient(made, "d", other)[1]["semantic_heads"]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), before, after)
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(before)) > 1e-3


def test_one_of_four_takes_its_style_from_a_latent_and_the_others_from_a_reference(made, batch):
    algorithm, params = made.algorithm, made.params
    modules = algorithm.networks
    first, second = two_styles(styles_of(dict(modules)), params, batch, jax.random.key(3))
    encoder, variables = modules["style_encoder"], {"params": params["style_encoder"]}
    encoded = [encoder.apply(variables, batch[name], batch["target_domain"]) for name in ("reference", "reference2")]
    guided = np.asarray(batch["position"]) % 4 != 0
    for style, of_reference in zip((first, second), encoded, strict=True):
        np.testing.assert_allclose(style[guided], of_reference[guided], atol=1e-6)
        assert np.abs(style[~guided] - of_reference[~guided]).max() > 1e-3


def test_every_term_is_told_in_its_unit(gradients):
    metrics = {phase: found[0][1].metrics for phase, found in gradients.items()}
    balance = {"adversarial", "r1", "r2", "real_sign", "fake_sign", "gap_sign"}
    assert balance | {"mask_error", "landmarks_error", "attributes_error"} == metrics["d"].keys()
    assert {"adversarial", "semantic", "style_reconstruction", "region_style", "latent_style", "slots", "mask_error"} <= metrics["g"].keys()
    assert metrics["restore"].keys() == {"distance", "dissimilarity", "slots"}
    for found in gradients.values():
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))


def test_contents_hold_the_generator_by_their_own_annotations(made, batch, gradients):
    moved = batch | {"mask": batch["mask"][::-1], "landmarks": batch["landmarks"][::-1]}
    before, after = (found[1]["generator"] for found in (gradients["g"], gradient(made, "g", moved)))
    assert any(np.abs(a - b).max() > 1e-6 for a, b in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True))


def test_the_style_s_attributes_come_from_references_and_hold_those_guided_by_one_alone(made, batch):
    """In the generator's loss, reference_attributes of positions whose style is a latent change nothing."""

    def loss(batch):
        return gradient(made, "g", batch)[0][0]

    latent = (batch["position"] % 4 == 0)[:, None]
    theirs = batch["reference_attributes"]
    whole = loss(batch)
    assert loss(batch | {"reference_attributes": jnp.where(latent, 1 - theirs, theirs)}) == whole
    assert abs(loss(batch | {"reference_attributes": jnp.where(latent, theirs, 1 - theirs)}) - whole) > 1e-4
    own = batch["attributes"]
    assert loss(batch | {"attributes": own.at[:, 7:].set(1 - own[:, 7:])}) == whole  # the content's own hair colour is nothing to keep
    assert abs(loss(batch | {"attributes": own.at[:, :7].set(1 - own[:, :7])}) - whole) > 1e-4


def test_without_annotations_there_are_no_heads_to_train():
    none = {f"losses.content.{name}": 0.0 for name in ("mask", "landmarks", "attributes")}
    algorithm = algorithms.make(configured(**none, **{"losses.style.attributes": 0.0}))
    assert algorithm.annotations == {}
    assert algorithm.phases[0].updates == ("discriminator",)


def test_the_contrast_trains_its_projection_with_the_generator_and_needs_no_annotation(batch):
    none = {f"losses.content.{name}": 0.0 for name in ("mask", "landmarks", "attributes")}
    made = started(batch, **none, **{"losses.style.attributes": 0.0, "losses.nce_weight": 1.0})
    algorithm = made.algorithm
    assert algorithm.annotations == {}
    assert algorithm.phases[1].updates == ("generator", "mapping_network", "style_encoder", "patch_sampler")
    (_, aux), gradients = gradient(made, "g", batch)
    assert aux.metrics["nce"] > 0
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(gradients["patch_sampler"])) > 0


def test_heads_as_a_branch_of_the_discriminator_teach_it_too(batch):
    made = started(batch, **{"losses.objective": "wasserstein"})
    before = gradient(made, "d", batch)[1]["discriminator"]["from_rgb"]["kernel"]
    after = gradient(made, "d", batch | {"attributes": 1 - batch["attributes"]})[1]["discriminator"]["from_rgb"]["kernel"]
    assert float(jnp.abs(before - after).max()) > 1e-5


@pytest.fixture(scope="module")
def with_heads_apart(batch):
    """With heads in a network of their own, which are frozen from 0.5 kimg on."""
    return started(batch, **{"networks.semantic_heads.branch": False, "losses.heads_until_kimg": 0.5, "losses.objective": "wasserstein"})


def test_heads_of_their_own_leave_the_discriminator_alone(batch, with_heads_apart):
    made = with_heads_apart
    other = batch | {"attributes": 1 - batch["attributes"]}
    before, after = (gradient(made, "d", each, kimg=0.4)[1] for each in (batch, other))
    jax.tree.map(np.testing.assert_array_equal, before["discriminator"], after["discriminator"])
    assert float(jnp.abs(before["semantic_heads"]["Dense_0"]["kernel"] - after["semantic_heads"]["Dense_0"]["kernel"]).max()) > 1e-5
    assert "semantic_heads" in made.algorithm.averaged
    assert "discriminator" not in made.algorithm.averaged


def test_frozen_heads_stay_as_they_are(batch, with_heads_apart):
    assert all(not leaf.any() for leaf in jax.tree.leaves(gradient(with_heads_apart, "d", batch, kimg=0.6)[1]["semantic_heads"]))


def test_augmentation_follows_how_often_the_discriminator_is_right(batch, gradients):
    """The steps' counter moves; at p = 0 nothing that is seen changes."""
    augmented = started(batch, **{"losses.ada_target": 0.5})
    assert set(augmented.model_state) == {"augment_p", "augment_sign", "augment_steps"}
    arguments = augmented.params, augmented.model_state, batch, jax.random.key(1), jnp.float32(1)
    loss, aux = jax.jit(augmented.algorithm.phases[0].loss)(*arguments)
    assert int(aux.model_state["augment_steps"]) == 1
    assert aux.model_state["augment_sign"] == pytest.approx(float(aux.metrics["gap_sign"]), abs=1e-6)
    assert float(loss) == pytest.approx(float(gradients["d"][0][0]), rel=1e-5)  # the plain one's, with the same parameters


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"losses.style.mask": 1.0}, "mask in content and in style"),
        ({"losses.content_attributes": ()}, "content_attributes is empty"),
        ({"losses.style_attributes": ("Smiling",)}, "Smiling in content and in style"),
        ({"image_size": 8}, "needs a power of two from 16 up"),
        ({"losses.heads_until_kimg": 0.5}, "set config.networks.semantic_heads.branch to False"),
        ({"networks.discriminator.base_channels": 6}, "base_channels is 6: with semantic heads on it, give a multiple of 4"),
        ({"losses.ada_target": 1.0}, "ada_target is 1.0"),
        ({"losses.changed_share": 0.8}, "changed_share is 0.8 and translated_share 0.25: .* 1 together at most"),
        ({"networks.generator.slots": 0}, "slots is 0: set it to 1 or more"),
        ({"data.domains": ("shaded",)}, "names 1 domain"),
        ({"losses.objective": "relativist"}, "did you mean 'relativistic'"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(changes, said):
    with pytest.raises(UserError, match=said):
        algorithms.make(configured(**changes))


def first_version():
    """The config as a snapshot of the first version has it: no key of what came later."""
    config = configured()
    with config.unlocked():
        code, widths = {"style_dim": 4}, {"base_channels": 4, "max_channels": 8, "patch_size": 2}
        config.networks.generator = ConfigDict({**code, **widths, "bottleneck_size": 4, "bottleneck_blocks": 1, "full_channels": 4})
        config.networks.mapping_network = ConfigDict({**code, "latent_dim": 4, "hidden_channels": 8})
        config.networks.style_encoder = ConfigDict({**code, **widths})
        for name in LATER_LOSSES:
            del config.losses[name]
    return config


def test_snapshots_of_the_first_version_keep_its_networks_and_losses():
    algorithm = algorithms.make(first_version())
    shapes, _ = jax.eval_shape(algorithm.init, jax.random.key(0), {})
    assert {"unfold", "full_details"} <= shapes["generator"].keys()
    assert shapes["style_encoder"]["heads"]["kernel"].shape == (2, 8, 4)
    assert [phase.name for phase in algorithm.phases] == ["d", "g"]
    assert "reference_mask" not in algorithm.annotations
    assert algorithm.stride == 4
