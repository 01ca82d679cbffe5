"""A tiny StarGAN v2 with random weights, as a snapshot that knows bright pictures from dark ones."""

import jax
import numpy as np
import pytest
from PIL import Image

from configs import stargan_v2
from semgan import domain_guess
from semgan.algorithms import make
from semgan.data.dataset import Dataset
from semgan.inference.model import load
from semgan.snapshot import DOMAIN_GUESS, read_snapshot, write_snapshot
from tests.inference import tiny_semgan
from tests.inference.noise import DOMAINS, SIZE, noise


def bright_and_dark(count=32):
    images = np.stack([noise(index, SIZE, SIZE, DOMAINS[index % 2]) for index in range(count)])
    domain = np.arange(count, dtype=np.int32) % 2
    return Dataset("folder", "train", images, np.arange(count), domain, DOMAINS, {}, {}, "00")


def tiny_config():
    config = stargan_v2.get_config()
    config.image_size = SIZE
    config.data.name = "folder"
    config.data.domains = DOMAINS
    widths = {"base_channels": 4, "max_channels": 8}
    config.networks.generator.update({"style_dim": 4, "bottleneck_size": 8, "bottleneck_blocks": 1, **widths})
    config.networks.mapping_network.update({"style_dim": 4, "latent_dim": 4, "hidden_channels": 8})
    config.networks.style_encoder.update({"style_dim": 4, **widths})
    config.networks.discriminator.update(widths)
    return config


@pytest.fixture(scope="session")
def plain_snapshot(tmp_path_factory):
    """Cannot guess domains."""
    path = tmp_path_factory.mktemp("plain") / "snapshot.safetensors"
    config = tiny_config()
    algorithm = make(config)
    shapes, _ = jax.eval_shape(algorithm.init, jax.random.key(0), {})  # random numbers without compiling the real start
    rng = np.random.default_rng(0)
    averaged = jax.tree.map(
        lambda leaf: (rng.normal(0, 1.5, leaf.shape) / np.sqrt(np.prod(leaf.shape[:-1]))).astype(np.float32),
        {name: shapes[name] for name in algorithm.averaged},
    )
    write_snapshot(path, averaged, config.to_dict(), {"domains": DOMAINS, "kimg": 1.5})
    return path


@pytest.fixture(scope="session")
def plain_model(plain_snapshot):
    return load(plain_snapshot)


@pytest.fixture(scope="session")
def snapshot(plain_snapshot, plain_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("guessing") / "snapshot.safetensors"
    params, config, meta = read_snapshot(plain_snapshot)

    def features(images):
        return plain_model.apply("style_encoder", images, method="features")

    params[DOMAIN_GUESS] = {"kernel": domain_guess.fit_for(features, bright_and_dark())}
    write_snapshot(path, params, config, meta)
    return path


@pytest.fixture(scope="session")
def model(snapshot):
    return load(snapshot)


@pytest.fixture(scope="session")
def parts_snapshot(tmp_path_factory):
    """Of a semgan that tells the parts of a picture and knows what attributes mean."""
    return tiny_semgan.write(tmp_path_factory.mktemp("parts") / "snapshot.safetensors")


@pytest.fixture(scope="session")
def parts_model(parts_snapshot):
    return load(parts_snapshot)


@pytest.fixture
def picture(tmp_path):
    """`picture(name, ...)` writes a picture of noise and returns its path."""

    def make_picture(name, height=20, width=30, domain="bright", seed=0):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(seed, height, width, domain)).save(path)
        return path

    return make_picture
