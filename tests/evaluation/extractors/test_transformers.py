"""DINO's, CLIP's and CSD's files: every published form is read alike, and another file is refused in one sentence."""

import hashlib

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from semgan.errors import UserError
from semgan.evaluation.extractors import resize, vit_files
from semgan.evaluation.extractors.transformers import load_clip, load_csd, load_dino
from semgan.torch_files import writer
from tests.evaluation import random_weights

ONE = jax.local_devices()[:1]


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), np.uint8)


def write(path, tensors):
    writer.write(path, tensors)
    return path


def same(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


def test_the_sizes_of_a_network_are_those_in_the_file(tmp_path):
    for width, depth, patch, grid in ((64, 1, 4, 2), (128, 3, 8, 5)):
        path = write(tmp_path / "dino.pth", random_weights.dino_tensors(width, depth, patch, grid))
        network = load_dino(path, devices=ONE)
        assert network.identity() == {
            "extractor": "unrecognised",
            "network": f"DINO's vision transformer of width {width}, {depth} blocks, patches of {patch}",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "protocol": "splice",
            "resize": f"bilinear to {patch * grid} with half-pixel centres, not antialiased",
        }
        assert network.keys(np.zeros((1, 7, 7, 3), np.uint8)).shape == (1, 1 + grid**2, width)


def test_dinos_checkpoint_of_a_training_gives_its_teacher(tmp_path):
    student, teacher = (random_weights.dino_tensors(64, 1, seed=seed) for seed in (0, 1))
    wrapped = {"module.backbone." + name: value for name, value in student.items()}
    whole = {
        "student": wrapped,
        "teacher": {"backbone." + name: value for name, value in teacher.items()} | {"head.mlp.0.bias": np.zeros(3, np.float32)},
        "epoch": 100,
    }
    got = vit_files.dino_params(write(tmp_path / "checkpoint.pth", whole))[1]
    same(got, vit_files.dino_params(write(tmp_path / "teacher.pth", teacher))[1])


def test_clip_is_the_same_under_openais_and_hugging_faces_names(tmp_path):
    tensors = random_weights.clip_tensors()
    want = vit_files.clip_params(write(tmp_path / "openai.pt", tensors))[1]
    path = tmp_path / "model.safetensors"
    save_file({name: np.ascontiguousarray(value) for name, value in random_weights.hugging_face_clip_tensors(tensors).items()}, path)
    same(vit_files.clip_params(path)[1], want)
    assert load_clip(path, devices=ONE).identity()["resize"] == "antialiased bicubic to 24, rounded"


def test_csd_is_the_same_in_a_checkpoint_and_alone_and_has_the_style_head(tmp_path):
    tensors = random_weights.csd_tensors(random_weights.clip_tensors())
    alone = vit_files.csd_params(write(tmp_path / "alone.pth", tensors))[1]
    checkpoint = {"model_state_dict": {f"module.{name}": value for name, value in tensors.items()}, "iter": 5}
    same(vit_files.csd_params(write(tmp_path / "checkpoint.pth", checkpoint))[1], alone)
    np.testing.assert_array_equal(alone["projection"], tensors["last_layer_style"])


def test_embeddings_of_a_picture_do_not_depend_on_its_batch(tmp_path, pictures):
    network = load_csd(write(tmp_path / "csd.pth", random_weights.csd_tensors(random_weights.clip_tensors())), devices=ONE)
    together = network.embeddings(pictures)
    assert together.shape == (3, 48)
    alone = np.concatenate([network.embeddings(picture[None]) for picture in pictures])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5 * np.abs(together).max())
    assert np.abs(together[0] - together[1]).max() > 0.01 * np.abs(together).max()


def test_a_picture_of_the_networks_own_size_keeps_its_pixels(pictures):
    np.testing.assert_array_equal(resize.bicubic(pictures[0], 20, 20), pictures[0])
    assert resize.bicubic(pictures[0], 30, 10).shape == (30, 10, 3)


def test_pictures_that_are_not_square_bytes_are_refused(tmp_path):
    network = load_dino(write(tmp_path / "dino.pth", random_weights.dino_tensors(64, 1)), devices=ONE)
    for images in (np.zeros((1, 8, 9, 3), np.uint8), np.zeros((1, 8, 8, 3), np.float32)):
        with pytest.raises(ValueError, match="expected square uint8 pictures"):
            network.keys(images)


@pytest.mark.parametrize(
    ("load", "tensors", "said"),
    [
        (load_dino, random_weights.clip_tensors(64, 1), r"does not hold DINO's vision transformer \(patch_embed.proj.weight is missing\)"),
        (load_clip, random_weights.dino_tensors(64, 1), r"does not hold CLIP \(visual.proj is missing\): give the state dict of"),
        (load_csd, random_weights.clip_tensors(64, 1), r"does not hold CSD \(last_layer_style is missing\): give checkpoint.pth or"),
        (load_clip, {"visual.layer1.0.conv1.weight": np.zeros(1, np.float32)}, "holds a CLIP with a ResNet: give one with a vision"),
        (
            load_dino,
            random_weights.dino_tensors(64, 1) | {"blocks.0.norm1.bias": np.zeros(3)},
            r"shape: blocks.0.norm1.bias \(3,\)",
        ),
        (load_dino, random_weights.dino_tensors(64, 1) | {"blocks.2.norm1.bias": np.zeros(64)}, "23 of its tensors are missing: blocks.1"),
        (load_dino, random_weights.dino_tensors(64, 1) | {"surprise": np.zeros(3)}, "1 of its tensors is not known: surprise"),
        (load_dino, random_weights.dino_tensors(64, 1) | {"pos_embed": np.zeros((1, 9, 64))}, "has 9 position codes, not one and a square"),
        (load_dino, {"step": 3}, "does not hold named tensors: give the weights of DINO's"),
    ],
)
def test_another_file_is_refused_in_one_sentence(tmp_path, load, tensors, said):
    with pytest.raises(UserError, match=said) as refusal:
        load(write(tmp_path / "weights.pth", tensors))
    assert str(refusal.value).startswith(str(tmp_path / "weights.pth"))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("load", "source"),
    [(load_dino, "facebookresearch's dino project"), (load_clip, "one of openai's CLIP models"), (load_csd, "learn2phoenix's CSD project")],
)
def test_a_file_that_is_not_there_says_which_to_get(tmp_path, load, source):
    with pytest.raises(UserError, match=rf"none.pth is not a file: give .*{source}.*; semgan downloads nothing"):
        load(tmp_path / "none.pth")
