"""SPADE's layers by hand: the label map, equation 1; and the sizes of what its networks give."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.spade import Discriminator, Generator, Spade, SpadeBlock, StyleEncoder, label_map
from tests.layers.by_hand import convolved


def test_a_place_of_the_label_map_has_its_class_and_the_pictures_domain():
    mask = jnp.array([[[0, 2], [1, 0]], [[2, 2], [2, 1]]], jnp.uint8)
    labels = label_map(mask, jnp.array([1, 0]), mask_classes=3, domain_count=2)
    assert labels.shape == (2, 2, 2, 5)
    assert labels[0].tolist() == [[[1, 0, 0, 0, 1], [0, 0, 1, 0, 1]], [[0, 1, 0, 0, 1], [1, 0, 0, 0, 1]]]
    assert labels[1, 1].tolist() == [[0, 0, 1, 1, 0], [0, 1, 0, 1, 0]]


def test_equation_1_by_hand():
    rng = np.random.default_rng(1)
    x, labels = (jnp.asarray(rng.normal(2, 3, shape), jnp.float32) for shape in ((2, 4, 4, 3), (2, 8, 8, 2)))
    module = Spade(hidden_channels=5)
    variables = jax.tree.map(
        lambda leaf: jnp.asarray(rng.normal(size=leaf.shape), jnp.float32), module.init(jax.random.key(0), x, labels, train=False)
    )
    running = {"mean": jnp.array([1.0, 2.0, 3.0]), "variance": jnp.array([4.0, 1.0, 9.0])}
    variables = {"params": variables["params"], "batch_stats": {"norm": running}}
    assert variables["params"].keys() == {"shared", "modulation"}  # the norm itself has no parameters
    shared, modulation = (variables["params"][name] for name in ("shared", "modulation"))
    hidden = np.maximum(convolved(np.asarray(labels)[:, ::2, ::2], shared["kernel"], shared["bias"]), 0)
    gamma, beta = np.split(convolved(hidden, modulation["kernel"], modulation["bias"]), 2, -1)
    values = np.asarray(x)
    normal = (values - values.mean((0, 1, 2))) / np.sqrt(values.var((0, 1, 2)) + 1e-5)
    output, _ = module.apply(variables, x, labels, train=True, mutable="batch_stats")
    np.testing.assert_allclose(output, normal * (1 + gamma) + beta, rtol=1e-4, atol=1e-3)
    still = (values - np.array([1, 2, 3])) / np.sqrt(np.array([4, 1, 9]) + 1e-5)
    np.testing.assert_allclose(module.apply(variables, x, labels, train=False), still * (1 + gamma) + beta, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("channels", "shortcut"), [(4, False), (6, True), (2, True)])
def test_a_shortcut_is_learned_where_the_width_changes(channels, shortcut):
    x, labels = jnp.ones((1, 4, 4, 4)), jnp.ones((1, 8, 8, 2))
    block = SpadeBlock(channels, hidden_channels=3)
    params = jax.eval_shape(lambda: block.init(jax.random.key(0), x, labels, train=False))["params"]
    assert ({"shortcut", "norm_shortcut"} <= params.keys()) == shortcut
    assert params["conv1"]["kernel"].shape == (3, 3, 4, min(4, channels))
    assert params["conv2"]["kernel"].shape == (3, 3, min(4, channels), channels)


def test_a_generator_has_a_block_at_every_resolution_and_paints_what_the_mask_says():
    generator = Generator(32, mask_classes=3, domain_count=2, style_dim=4, base_channels=4, max_channels=12, hidden_channels=4)
    style, mask, domain = jnp.ones((1, 4)), jnp.zeros((1, 32, 32), jnp.uint8), jnp.zeros(1, jnp.int32)
    variables = generator.init(jax.random.key(0), style, mask, domain)
    assert [variables["params"][f"block{i}"]["conv2"]["kernel"].shape[-1] for i in range(4)] == [12, 12, 8, 4]  # at 4, 8, 16 and 32 px
    params = jax.tree.map(lambda leaf: 20 * leaf, variables["params"])  # the first ones are small
    paint = jax.jit(lambda *inputs: generator.apply({"params": params, "batch_stats": variables["batch_stats"]}, *inputs))
    image = paint(style, mask, domain)
    assert image.shape == (1, 32, 32, 3)
    assert float(jnp.abs(image).max()) <= 1
    changed = jnp.abs(paint(style, mask.at[:, :, 30:].set(2), domain) - image).max((0, 1, 3))
    assert float(changed[30:].min()) > 10 * float(changed[:4].max())
    for other in ((-style, mask, domain), (style, mask, domain + 1)):
        assert float(jnp.abs(paint(*other) - image).max()) > 1e-4


def test_an_encoder_halves_down_to_four_and_gives_its_mean():
    encoder = StyleEncoder(32, style_dim=5, base_channels=4, max_channels=6, norm="none")
    images = jax.random.uniform(jax.random.key(1), (2, 32, 32, 3), minval=-1)
    variables = encoder.init(jax.random.key(0), images, method="moments")
    assert variables["params"]["mean"]["kernel"].shape == (4 * 4 * 6, 5)
    mean, log_variance = encoder.apply(variables, images, method="moments")
    np.testing.assert_array_equal(encoder.apply(variables, images, jnp.zeros(2, jnp.int32)), mean)
    assert log_variance.shape == (2, 5)
    assert float(jnp.abs(log_variance - mean).max()) > 0
    assert encoder.apply(variables, images, method="features").shape == (2, 6)


def test_a_discriminator_gives_every_layer_of_every_scale_with_the_logits_last():
    discriminator = Discriminator(3, 2, base_channels=4, max_channels=8, layers=4, scales=2)
    image, mask, domain = jnp.zeros((1, 16, 16, 3)), jnp.zeros((1, 16, 16), jnp.uint8), jnp.zeros(1, jnp.int32)
    activations = jax.eval_shape(lambda: discriminator.init_with_output(jax.random.key(0), image, mask, domain)[0])
    sizes = [[(layer.shape[1], layer.shape[-1]) for layer in scale] for scale in activations]
    # 4x4 convolutions with two zeros around: n // 2 + 1 at stride 2, n + 1 at stride 1
    assert sizes == [[(9, 4), (5, 8), (3, 8), (4, 8), (5, 1)], [(5, 4), (3, 8), (2, 8), (3, 8), (4, 1)]]


def test_a_discriminator_sees_the_mask_and_the_domain():
    discriminator = Discriminator(3, 2, base_channels=4, max_channels=8, layers=2, scales=2)
    image, mask, domain = jnp.ones((1, 16, 16, 3)), jnp.zeros((1, 16, 16), jnp.uint8), jnp.zeros(1, jnp.int32)
    variables = discriminator.init(jax.random.key(0), image, mask, domain)
    logits = [scale[-1] for scale in discriminator.apply(variables, image, mask, domain)]
    for other in ((image, mask + 1, domain), (image, mask, domain + 1), (-image, mask, domain)):
        for before, scale in zip(logits, discriminator.apply(variables, *other), strict=True):
            assert float(jnp.abs(scale[-1] - before).max()) > 1e-4
