"""Pictures that are translated part by part come out as they do whole, for every network that takes pictures of any size."""

import importlib

import jax
import numpy as np
import pytest

from semgan import algorithms, trained_model
from semgan.config import to_json
from semgan.inference import parts
from semgan.inference.parts import Guide
from semgan.pictures import tiles
from semgan.pictures.tiles import Field
from semgan.trained_model import TrainedModel

SMALL = {"base_channels": 4, "max_channels": 8}
NETWORKS = {
    "cut": {"generator": {"base_channels": 4, "blocks": 1}, "discriminator": {"base_channels": 4}, "patch_sampler": {"channels": 8}},
    "pix2pix": {"generator": {"base_channels": 4}, "discriminator": {"base_channels": 4}},
    "ugatit": {f"generator_{side}": {"base_channels": 4, "blocks": 1} for side in ("ab", "ba")},
    "munit": {f"autoencoder_{side}": {"base_channels": 4, "blocks": 1, "style_dim": 3, "hidden_channels": 6} for side in ("a", "b")},
    "stargan_v2": {
        "generator": {**SMALL, "style_dim": 4, "bottleneck_size": 4, "bottleneck_blocks": 1},
        "mapping_network": {"style_dim": 4, "latent_dim": 4, "hidden_channels": 8},
        "style_encoder": {**SMALL, "style_dim": 4},
        "discriminator": SMALL,
    },
    "semgan": {
        "generator": {**SMALL, "half_channels": 4, "full_channels": 4, "style_dim": 4, "bottleneck_size": 4, "bottleneck_blocks": 1},
        "mapping_network": {"latent_dim": 4, "hidden_channels": 8},
        "style_encoder": SMALL,
        "discriminator": {**SMALL, "logits_size": 4},
        "semantic_heads": {"channels": 4},
    },
}
MARGINS = {"pix2pix": 48}  # all around, three of its strides; the others look 32 pixels far, or less


def small_model(name: str) -> TrainedModel:
    """An algorithm in miniature, at 16 px, with random weights."""
    config = importlib.import_module(f"configs.{name}").get_config()
    config.image_size, config.data.domains = 16, ("a", "b")
    for network, changes in NETWORKS[name].items():
        config.networks[network].update(changes)
    if name == "cut":
        config.losses.nce_layers = (0, 4)
    algorithm = algorithms.make(config)
    shapes, _ = jax.eval_shape(algorithm.init, jax.random.key(0), trained_model.example_batch(algorithm, 16))
    rng = np.random.default_rng(0)
    params = jax.tree.map(
        lambda leaf: (rng.normal(0, 1, leaf.shape) / np.sqrt(max(np.prod(leaf.shape[:-1]), 1))).astype(np.float32),
        {network: shapes[network] for network in algorithm.averaged},
    )
    return TrainedModel(to_json(config), {"domains": ["a", "b"]}, algorithm, params, {})


def uneven_picture(height: int, width: int) -> np.ndarray:
    """Noise whose brightness, contrast and scale change across the picture, so that no tile is like the whole."""
    rng = np.random.default_rng(1)
    ramp = np.linspace(0.1, 1, width)[None, :, None] * np.linspace(1, 0.3, height)[:, None, None]
    coarse = rng.uniform(0, 255, (height // 8, width // 8, 3)).repeat(8, 0).repeat(8, 1)
    return (ramp * (0.7 * coarse + 0.3 * rng.uniform(0, 255, (height, width, 3)))).astype(np.uint8)


def guide_of(model: TrainedModel) -> Guide:
    kinds = trained_model.kinds(model)
    batch = {name: np.array([number], np.int32) for name, number in {"domain": 0, "target_domain": 1}.items()}
    if "reference" in kinds:
        return Guide({**batch, "reference": uneven_picture(16, 16)[None]}, "reference", jax.random.key(0))
    return Guide({**batch, "position": np.zeros(1, np.int32)}, "translated", jax.random.key(0))


def plain(model: TrainedModel, guide: Guide, image: np.ndarray) -> np.ndarray:
    batch = {"position": np.zeros(1, np.int32), **guide.batch, "image": image[None]}
    return trained_model.sample(model, batch, guide.rng, kind=guide.kind, size=1)[guide.kind][0]


@pytest.mark.parametrize("name", NETWORKS)
def test_tiles_come_out_as_the_whole_does(name):
    model = small_model(name)
    guide, picture = guide_of(model), uneven_picture(160, 192)
    whole = plain(model, guide, picture).astype(int)
    margin = MARGINS.get(name, 32)
    (tiled,) = parts.translate_fields(model, guide, [Field(picture)], side=112, margin=margin)
    difference = np.abs(tiled - whole)
    assert difference.mean() < 1
    assert np.percentile(difference, 99) < 8
    grid = tiles.grid(160, 192, 112, margin, model.algorithm.stride or 1)
    assert grid.count >= 6
    own = tiles.assemble(grid, lambda rows, columns: parts.run(model, guide, parts.Part(Field(picture), grid, rows, columns))[0])
    assert np.abs(own - whole).mean() > 4 * difference.mean()  # what tiles are by their own statistics


def test_edges_that_are_one_place_translate_as_one_place():
    model = small_model("cut")
    guide, picture = guide_of(model), uneven_picture(32, 96)
    picture = np.hstack([picture, picture[:, ::-1]])
    for side in (256, 112):
        (image,) = parts.translate_fields(model, guide, [Field(picture, wraps=True)], side=side, margin=32)
        for shift in (4, 52, 96):
            (rolled,) = parts.translate_fields(model, guide, [Field(np.roll(picture, shift, 1), wraps=True)], side=side, margin=32)
            difference = np.abs(np.roll(image, shift, 1).astype(int) - rolled)
            assert difference.mean() < 0.5
            assert difference.max() < 8
    (flat,) = parts.translate_fields(model, guide, [Field(np.roll(picture, 52, 1))], side=256, margin=32)
    assert np.abs(np.roll(image, 52, 1).astype(int) - flat).max() > 20  # with mirrored edges instead


def test_fields_of_one_whole_share_statistics():
    model = small_model("cut")
    guide, dark = guide_of(model), uneven_picture(64, 64) // 4
    bright, alone = 255 - dark, plain(model, guide, dark).astype(int)
    both = parts.translate_fields(model, guide, [Field(dark), Field(dark)], side=64, margin=0)
    assert np.abs(both[0] - alone).max() <= 2
    np.testing.assert_array_equal(*both)
    beside, _ = parts.translate_fields(model, guide, [Field(dark), Field(bright)], side=64, margin=0)
    assert np.abs(beside - alone).mean() > 10
    unweighted = [Field(dark), Field(bright, np.zeros((64, 64), np.float32))]
    assert np.abs(parts.translate_fields(model, guide, unweighted, side=64, margin=0)[0] - alone).max() <= 2


@pytest.mark.parametrize("name", ["cut", "semgan"])
def test_reach_is_measured(name):
    model = small_model(name)
    guide = guide_of(model)
    reach = parts.reach(model, guide, 128)
    assert reach % 4 == 0
    # What lies further away than that changes nothing, what lies nearer does.
    picture = uneven_picture(128, 128)
    other = picture.copy()
    other[:, 96:] = 255 - other[:, 96:]
    grid = tiles.grid(128, 128, 128, 0, 4)
    whole_part, other_part = (parts.Part(Field(each), grid, grid.rows[0], grid.columns[0]) for each in (picture, other))
    moments = parts.whole.combine([parts.run(model, guide, whole_part)[1]])
    before, after = (parts.run(model, guide, part, moments)[0].astype(int) for part in (whole_part, other_part))
    assert np.abs(before - after)[:, : 96 - reach].mean() < 0.2
    assert np.abs(before - after)[:, 96 - reach // 2 : 96].mean() > 1
