"""ArtFID's Inception: its own network on shares of its pictures' own size; and usual Inceptions, by what the file holds."""

import jax
import numpy as np
import pytest
from PIL import Image

from semgan.errors import UserError
from semgan.evaluation.extractors import art_fid, inception, weight_files
from semgan.evaluation.extractors.art_fid import load_art_inception
from semgan.torch_files import writer
from tests.evaluation import random_weights

ONE = jax.local_devices()[:1]


def write(path, tensors):
    writer.write(path, tensors)
    return path


def test_its_own_network_is_torchvisions_on_shares_and_small_pictures_are_enlarged(tmp_path):
    art = load_art_inception(write(tmp_path / "art.pth", random_weights.art_inception_tensors()), devices=ONE)._replace(device_batch_size=1)
    usual = weight_files.inception_params(write(tmp_path / "usual.pth", random_weights.inception_tensors("imagenet")), "imagenet")[1]
    picture = np.random.default_rng(0).integers(0, 256, (1, 60, 60, 3), np.uint8)
    enlarged = np.asarray(Image.fromarray(picture[0]).resize((299, 299), Image.Resampling.BICUBIC))[None]
    want = jax.jit(inception.pool3, static_argnums=2)(usual, enlarged / np.float32(255), "imagenet")
    np.testing.assert_allclose(art.features(picture), want, rtol=1e-3, atol=1e-4 * np.abs(want).max())
    assert (art.protocol, art.identity()["network"]) == ("art-fid", "ArtFID's Inception")


def test_pictures_of_the_networks_size_and_above_stay_as_they_are():
    for size in (299, 320):
        images = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)
        np.testing.assert_array_equal(art_fid._enlarged(images), images)


@pytest.mark.parametrize(("variant", "protocol"), [("fid", "legacy"), ("imagenet", "stargan-v2")])
def test_a_usual_inception_is_taken_by_its_own_protocol(tmp_path, variant, protocol):
    extractor = load_art_inception(write(tmp_path / "usual.pth", random_weights.inception_tensors(variant)), devices=ONE)
    assert (extractor.protocol, extractor.identity()["network"]) == (protocol, weight_files.INCEPTION[variant])


def test_a_network_with_a_part_missing_is_refused(tmp_path):
    tensors = {name: value for name, value in random_weights.art_inception_tensors().items() if name != "Mixed_7c.branch1x1.conv.weight"}
    with pytest.raises(UserError, match=r"art.pth: 1 of its tensors is missing: Mixed_7c.branch1x1.conv.weight"):
        load_art_inception(write(tmp_path / "art.pth", tensors))
    with pytest.raises(UserError, match=r"give the weights of ArtFID's Inception, which is art_inception.pth from"):
        load_art_inception(tmp_path / "none.pth")
