"""Augmentation depends on seed, position and role alone, and changes nothing it was not asked to."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.data.augment import augment_batch, crop_matrices, to_float, to_uint8

SIZE = 16


@functools.partial(jax.jit, static_argnames=("flip", "crop_probability", "paired"))
def run(batch, seed=0, flip=True, crop_probability=0.5, paired=False):
    return augment_batch(batch, seed, flip=flip, crop_probability=crop_probability, crop_scale=0.8, paired=paired)


matrices = jax.jit(crop_matrices, static_argnums=(1, 2, 3, 4))


@pytest.fixture(scope="module")
def batch():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 16, SIZE, SIZE, 3), np.uint8)
    names = dict(zip(("image", "reference", "reference2"), pictures, strict=True))
    return {**names, "position": np.arange(100, 116, dtype=np.int32), "domain": np.zeros(16, np.int32)}


@pytest.mark.parametrize("library", [np, jnp])
def test_floats_return_to_the_same_bytes(library):
    every = library.arange(256).astype(library.uint8)
    floats = to_float(every)
    assert floats.dtype == np.float32
    assert (float(floats[0]), float(floats[255])) == (-1.0, 1.0)
    assert isinstance(to_uint8(floats), np.ndarray) == (library is np)
    np.testing.assert_array_equal(to_uint8(floats), every)
    assert to_uint8(library.asarray([-3.0, 3.0])).tolist() == [0, 255]


def test_nothing_asked_changes_nothing(batch):
    plain = run(batch, flip=False, crop_probability=0.0)
    expected = jax.jit(to_float)(batch["image"])
    np.testing.assert_array_equal(plain["image"], expected)
    np.testing.assert_array_equal(plain["domain"], batch["domain"])
    assert plain.keys() == batch.keys()


def test_flip_mirrors_about_half_of_the_pictures_and_leaves_the_others(batch):
    flipped = np.asarray(run(batch, crop_probability=0.0)["image"])
    plain = np.asarray(jax.jit(to_float)(batch["image"]))
    mirrored = [np.abs(one - other[:, ::-1]).max() < 1e-6 for one, other in zip(flipped, plain, strict=True)]
    same = [np.abs(one - other).max() < 1e-6 for one, other in zip(flipped, plain, strict=True)]
    np.testing.assert_array_equal(mirrored, ~np.array(same))
    assert 2 < sum(mirrored) < 14


def test_uncropped_pictures_stay_exact_among_cropped_ones(batch):
    result, plain = run(batch, flip=False), jax.jit(to_float)(batch["image"])
    same = (np.asarray(result["image"]) == np.asarray(plain)).all((1, 2, 3))
    assert 2 < same.sum() < 14
    assert np.abs(result["image"]).max() <= 1


def test_a_part_of_the_batch_gets_the_same_draws(batch):
    """So the number of devices, and the batch a position falls in, do not matter."""
    whole = run(batch)
    parts = [run({key: value[start : start + 8] for key, value in batch.items()}) for start in (0, 8)]
    for key in whole:
        np.testing.assert_array_equal(whole[key], np.concatenate([part[key] for part in parts]))


def test_roles_positions_and_seeds_have_draws_of_their_own(batch):
    same = {**batch, "reference": batch["image"], "reference2": batch["image"]}
    result = run(same)
    assert (np.asarray(result["image"]) != np.asarray(result["reference"])).any()
    assert (np.asarray(result["reference"]) != np.asarray(result["reference2"])).any()
    assert (np.asarray(result["image"]) != np.asarray(run(same, seed=1)["image"])).any()


def _annotated(batch):
    """The red channel as a mask, and landmarks; the reference's are the image's mirrored, and so is its picture."""
    places = np.random.default_rng(1).random((16, 5, 2), np.float32)
    own = {"image": batch["image"], "mask": batch["image"][..., 0], "landmarks": places}
    reference = {"reference": own["image"][:, :, ::-1], "reference_mask": own["mask"][:, :, ::-1], "reference_landmarks": places}
    return {**own, **reference, "position": batch["position"]}


def test_the_reference_s_mask_and_landmarks_move_with_the_reference(batch):
    before = _annotated(batch)
    after = jax.device_get(run(before, crop_probability=0.0))
    np.testing.assert_array_equal(jax.jit(to_uint8)(after["reference"])[..., 0], after["reference_mask"])
    moved = {of: (after[f"{of}mask"] != before[f"{of}mask"]).any((1, 2)) for of in ("", "reference_")}
    assert 0 < moved["reference_"].sum() < 16
    assert (moved[""] != moved["reference_"]).any()
    for of, mirrored in moved.items():
        changed = (after[f"{of}landmarks"] != before[f"{of}landmarks"]).any((1, 2))
        np.testing.assert_array_equal(changed, mirrored)


def test_a_paired_reference_s_annotations_move_as_the_content_s(batch):
    before = _annotated(batch)
    before |= {"reference": before["image"], "reference_mask": before["mask"]}
    after = run(before, paired=True)
    for name in ("mask", "landmarks"):
        np.testing.assert_array_equal(after[f"reference_{name}"], after[name])
    assert (np.asarray(after["mask"]) != before["mask"]).any()


def test_crop_box_is_the_one_drawn():
    """Ratio 1 (a draw of one half is the geometric middle of 0.9 and 1.1), half the area, from the far corner."""
    middle = np.log(1.0 / 0.9) / np.log(1.1 / 0.9)
    draws = jnp.array([[0.0, 0.0, middle, 1.0, 0.0, 0.0]])
    rows, columns = matrices(draws, SIZE, 1.0, (0.5, 1.0), 1.1)
    gradient = jnp.arange(SIZE, dtype=jnp.float32)
    length = SIZE * np.sqrt(0.5)
    centres = (np.arange(SIZE) + 0.5) * length / SIZE - 0.5
    np.testing.assert_allclose((rows[0] @ gradient)[:-1], (centres + SIZE - length)[:-1], atol=1e-4)  # inside: linear
    np.testing.assert_allclose((columns[0] @ gradient)[1:], centres[1:], atol=1e-4)


def test_crop_weights_sum_to_one_and_are_the_identity_where_not_drawn():
    draws = jax.random.uniform(jax.random.key(0), (64, 6))
    for weights in matrices(draws, SIZE, 1.0, (0.3, 1.0), 1.1):
        np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)
        assert weights.min() >= 0
    for weights in matrices(draws, SIZE, 0.0, (0.3, 1.0), 1.1):
        np.testing.assert_array_equal(weights, np.broadcast_to(np.eye(SIZE), weights.shape))
