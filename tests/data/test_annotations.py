"""What is annotated stays true of the picture that it is annotated of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.data import annotations
from semgan.data.augment import augment_batch
from semgan.data.dataset import Dataset
from semgan.data.loader import batches, check_annotated, make_batch
from semgan.errors import UserError

SIZE, COUNT = 32, 24


@pytest.fixture(scope="module")
def batch():
    """Five blobs of 3x3 pixels, each of a class and a shade of its own, with the landmarks in their middles and the boxes around them."""
    rng = np.random.default_rng(0)
    cells = np.stack([rng.permutation(9)[:5] for _ in range(COUNT)])
    rows, columns = 6 + 10 * (cells // 3) + rng.integers(-2, 3, cells.shape), 6 + 10 * (cells % 3) + rng.integers(-2, 3, cells.shape)
    mask = np.zeros((COUNT, SIZE, SIZE), np.uint8)
    for example in range(COUNT):
        for number, (row, column) in enumerate(zip(rows[example], columns[example], strict=True), 1):
            mask[example, row - 1 : row + 2, column - 1 : column + 2] = number
    landmarks = ((np.stack([columns, rows], -1) + 0.5) / SIZE).astype(np.float32)
    image = np.repeat((50 * mask)[..., None], 3, -1)
    boxes = (np.stack([columns - 1, rows - 1, columns + 2, rows + 2], -1) / SIZE).astype(np.float32)
    return {"image": image, "mask": mask, "landmarks": landmarks, "boxes": boxes, "position": np.arange(COUNT, dtype=np.int32)}


def middles(mask, number):
    """Where class `number` lies in the middle, (x, y) in fractions; NaN where less of it than a whole blob is left."""
    rows, columns = np.nonzero(mask == number)
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5]) / SIZE if len(rows) >= 9 else np.full(2, np.nan)


def around(mask, number):
    """The box of class `number`, (left, top, right, bottom) in fractions."""
    rows, columns = np.nonzero(mask == number)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / SIZE


@pytest.mark.parametrize(("flip", "crop"), [(True, 0.0), (False, 1.0), (True, 0.6)])
def test_masks_landmarks_and_boxes_move_with_the_picture(batch, flip, crop):
    moved = jax.device_get(jax.jit(lambda batch: augment_batch(batch, 3, flip=flip, crop_probability=crop, crop_scale=0.6))(batch))
    shade = np.round((moved["image"][..., 0] + 1) * 127.5 / 50)
    assert np.mean(shade == moved["mask"]) > (0.97 if crop else 0.9999)  # edges between shades are blurred
    also = [1, 0, 2, 4, 3] if flip else [0, 1, 2, 3, 4]  # a blob keeps its class, but the landmarks of a mirrored face change names
    compared = 0
    for mask, places, boxes in zip(moved["mask"], moved["landmarks"], moved["boxes"], strict=True):
        for number in range(5):
            middle = middles(mask, number + 1)
            if np.isfinite(middle).all():
                compared += 1
                assert np.abs(places[[number, also[number]]] - middle).max(1).min() < 1.2 / SIZE
                assert np.abs(boxes[number] - around(mask, number + 1)).max() < (0.6 if crop else 1e-5) / SIZE
    assert compared > 60


def test_nothing_asked_changes_nothing(batch):
    plain = augment_batch(batch, 0, flip=False, crop_probability=0.0, crop_scale=0.8)
    assert all(plain[name] is batch[name] for name in annotations.SPATIAL)


def test_whole_pictures_leave_everything_as_it_was(batch):
    whole = annotations.Crops(*(jnp.full(COUNT, float(value)) for value in (0, 0, SIZE, SIZE)))
    cropped = annotations.crop({name: batch[name] for name in annotations.SPATIAL}, whole, SIZE)
    np.testing.assert_array_equal(cropped["mask"], batch["mask"])
    for name in ("landmarks", "boxes"):
        np.testing.assert_allclose(cropped[name], batch[name], rtol=1e-6)


def test_mirrored_landmarks_change_sides_and_names():
    face = jnp.array([[[0.3, 0.4], [0.6, 0.4], [0.5, 0.5], [0.35, 0.7], [0.55, 0.7]]] * 2)
    moved = annotations.mirror({"landmarks": face}, jnp.array([True, False]))["landmarks"]
    np.testing.assert_allclose(moved[0], [[0.4, 0.4], [0.7, 0.4], [0.5, 0.5], [0.45, 0.7], [0.65, 0.7]], rtol=1e-6)
    np.testing.assert_array_equal(moved[1], face[1])


def test_mirrored_boxes_change_sides_and_absent_ones_stay_absent():
    boxes = jnp.array([[[0.1, 0.2, 0.4, 0.9], [-1.0, -1, -1, -1]]] * 2)
    moved = annotations.mirror({"boxes": boxes}, jnp.array([True, False]))["boxes"]
    np.testing.assert_allclose(moved[0], [[0.6, 0.2, 0.9, 0.9], [-1, -1, -1, -1]], rtol=1e-6)
    np.testing.assert_array_equal(moved[1], boxes[1])


def test_cropped_boxes_are_clipped_and_absent_where_nothing_of_them_is_left():
    """Of 16 pixels, 8 from x = 4 and 4 from y = 8 are shown."""
    part = annotations.Crops(*(jnp.array([value]) for value in (8.0, 4.0, 4.0, 8.0)))
    boxes = jnp.array([[[6, 9, 10, 11], [0, 0, 8, 10], [4, 8, 12, 12], [0, 8, 4, 12], [13, 0, 16, 16], [-16, -16, -16, -16]]]) / 16
    cropped = annotations.crop({"boxes": boxes}, part, 16)["boxes"][0]
    np.testing.assert_allclose(cropped[:3], [[0.25, 0.25, 0.75, 0.75], [0, 0, 0.5, 0.5], [0, 0, 1, 1]], rtol=1e-6)
    np.testing.assert_array_equal(cropped[3:], -1)


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(1)
    return Dataset(
        name="made",
        split="train",
        images=rng.integers(0, 256, (12, 4, 4, 3), np.uint8),
        rows=np.arange(1, 11),
        domain=np.arange(10, dtype=np.int32) % 2,
        domains=("a", "b"),
        annotations={
            "attributes": rng.integers(0, 2, (12, 3)).astype(np.int8),
            "landmarks": rng.random((12, 5, 2), np.float32),
            "category": rng.integers(0, 4, 12).astype(np.int32),
            "boxes": rng.random((12, 2, 4), np.float32),
        },
        names={"attributes": ("x", "y", "z"), "category": tuple("abcd"), "boxes": ("hat", "bag")},
        fingerprint="made",
    )


def test_batches_carry_what_is_asked_for_of_image_and_reference(dataset):
    asked = {"landmarks": (), "attributes": ("z", "x"), "category": (), "reference_attributes": (), "reference_boxes": ("bag",)}
    made = make_batch(dataset, np.arange(8), 5, annotations=asked)
    row_of = {image.tobytes(): row for row, image in enumerate(dataset.images)}
    content, reference = ([row_of[image.tobytes()] for image in made[name]] for name in ("image", "reference"))
    np.testing.assert_array_equal(made["landmarks"], dataset.annotations["landmarks"][content])
    np.testing.assert_array_equal(made["attributes"], dataset.annotations["attributes"][content][:, [2, 0]])
    np.testing.assert_array_equal(made["reference_attributes"], dataset.annotations["attributes"][reference])
    np.testing.assert_array_equal(made["category"], dataset.annotations["category"][content])
    np.testing.assert_array_equal(made["reference_boxes"], dataset.annotations["boxes"][reference][:, 1:])
    plain = make_batch(dataset, np.arange(8), 5)
    assert plain.keys() == made.keys() - asked.keys()
    assert all(np.array_equal(plain[name], made[name]) for name in plain)
    first = next(batches(dataset, batch_size=8, seed=5, prefetch=0, annotations=asked))
    assert all(np.array_equal(first[name], made[name]) for name in made)


def test_annotations_that_the_data_lack_are_named(dataset):
    check_annotated(dataset, {"attributes": ("x",), "reference_landmarks": ()})
    with pytest.raises(UserError, match=r"needs mask .* of made \(train\) there is attributes, landmarks, category, boxes: take mask out"):
        check_annotated(dataset, {"attributes": (), "mask": ()})
    with pytest.raises(UserError, match=r"names the attribute 'xx', which made \(train\) does not have: did you mean 'x'"):
        check_annotated(dataset, {"reference_attributes": ("y", "xx")})
