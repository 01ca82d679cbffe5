"""Drawn faces are what their factors say, the same everywhere and at any size, and content says nothing of style."""

import itertools

import numpy as np
import pytest

from semgan.data import drawn_faces
from semgan.data.dataset import open_dataset
from semgan.data.drawn_faces import ATTRIBUTE_NAMES, MASK_CLASSES, MEDIA, draw, draw_factors, factors, geometry, render_face
from semgan.data.drawn_faces.encode import LANDMARK_NAMES
from semgan.data.drawn_faces.prepared_folder import VERSION, find_prepared
from semgan.data.drawn_faces.source import drawn_faces_source
from semgan.errors import UserError

SIZE = 64
BACKGROUND, SKIN, HAIR, EYES, BROWS, MOUTH, GLASSES = range(len(MASK_CLASSES))
FACING = {"yaw": 0.0, "pitch": 0.0, "roll": 0.0, "glasses": factors.NO_GLASSES}


@pytest.fixture(scope="module")
def faces():
    return [draw(index, SIZE) for index in range(80)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A dataset of 70 and 20 faces at 32 px, drawn by worker processes."""
    data_dir = tmp_path_factory.mktemp("drawn")
    from semgan.data.drawn_faces.builder import prepare

    return prepare(data_dir, 32, 70, 20)


def attribute(face, name: str) -> bool:
    return bool(face.attributes[ATTRIBUTE_NAMES.index(name)])


def near(mask: np.ndarray, point: np.ndarray, reach: int) -> np.ndarray:
    """The classes around a landmark."""
    column, row = (point * len(mask)).astype(int)
    return mask[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]


def rows_of(mask: np.ndarray, index: int) -> int:
    """Height in pixels of a class."""
    return int((mask == index).any(1).sum())


def test_image_and_annotations_have_their_ranges(faces):
    for face in faces:
        assert face.image.shape == (SIZE, SIZE, 3)
        assert face.image.dtype == face.mask.dtype == np.uint8
        assert face.mask.max() < len(MASK_CLASSES)
        assert face.landmarks.dtype == np.float32
        assert 0.1 < face.landmarks.min() < face.landmarks.max() < 0.9
        assert face.attributes.dtype == np.int8
        assert set(face.attributes) <= {0, 1}
        assert face.image.max() > 150
        assert face.image.std() > 20
    assert {face.medium for face in faces} == set(range(len(MEDIA)))


def test_same_index_is_the_same_face():
    first, second = draw(7, 32), draw(7, 32)
    assert first.image.tobytes() == second.image.tobytes()
    assert first.mask.tobytes() == second.mask.tobytes()
    for other in (draw(8, 32), draw(7, 32, split="test"), draw(7, 32, seed=1)):
        assert (first.image != other.image).mean() > 0.2


def test_size_changes_only_the_resolution():
    for index in range(12):
        large, small = draw(index, 64), draw(index, 32)
        np.testing.assert_array_equal(large.landmarks, small.landmarks)
        same = (large.mask == small.mask.repeat(2, 0).repeat(2, 1)).reshape(32, 2, 32, 2).sum((1, 3))
        assert (same >= 2).mean() > 0.97  # of the four pixels that a small one covers
        halved = large.image.astype(float).reshape(32, 2, 32, 2, 3).mean((1, 3))
        assert np.abs(halved - small.image).mean() < 6


def test_landmarks_lie_in_their_regions(faces):
    for face in faces:
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert left_eye[0] < right_eye[0]
        assert left_mouth[0] < right_mouth[0]
        for eye in (left_eye, right_eye):
            assert np.isin(near(face.mask, eye, 0), (EYES, GLASSES)).all()
            assert (near(face.mask, eye, 2) == EYES).any()
        assert near(face.mask, nose, 0) == SKIN
        for corner in (left_mouth, right_mouth):
            assert (near(face.mask, corner, 2) == MOUTH).any()
        rows, columns = np.nonzero(face.mask == MOUTH)
        middle = (left_mouth + right_mouth) / 2 * SIZE
        assert columns.min() < middle[0] < columns.max() + 1
        assert rows.min() - 3 < middle[1] < rows.max() + 3


def test_whole_picture_is_used(faces):
    """Features are large enough to be seen at 32 px."""
    shares = np.mean([[(face.mask == index).mean() for index in range(len(MASK_CLASSES))] for face in faces], axis=0)
    assert shares[BACKGROUND] < 0.6
    assert shares[[EYES, MOUTH]].min() > 0.01
    assert min((face.mask == EYES).sum() for face in faces) > 0.004 * SIZE**2


def test_glasses_and_hair_are_drawn_if_and_only_if_named(faces):
    for face in faces:
        assert (face.mask == GLASSES).any() == attribute(face, "Eyeglasses")
        assert (face.mask == HAIR).any() != attribute(face, "Bald")
        assert (face.mask == BROWS).any()


def test_expression_is_drawn_as_named():
    def neutral(**changes):
        content, style = draw_factors(0, "train", 3)
        return render_face(content._replace(**FACING, bald=1, **changes), style, 128)

    narrow, wide = neutral(eye_open=0.4), neutral(eye_open=0.9)
    assert (attribute(narrow, "Narrow_Eyes"), attribute(wide, "Narrow_Eyes")) == (True, False)
    assert rows_of(narrow.mask, EYES) < 0.75 * rows_of(wide.mask, EYES)

    opened, closed = neutral(mouth_open=0.8), neutral(mouth_open=0.0)
    assert (attribute(opened, "Mouth_Slightly_Open"), attribute(closed, "Mouth_Slightly_Open")) == (True, False)
    assert (opened.mask == MOUTH).sum() > 1.5 * (closed.mask == MOUTH).sum()

    for smile in (0.6, -0.6):
        face = neutral(smile=smile, mouth_open=0.0)
        columns = np.flatnonzero((face.mask == MOUTH).any(0))
        heights = [np.nonzero(face.mask[:, column] == MOUTH)[0].mean() for column in (columns[2], columns[len(columns) // 2])]
        assert (heights[0] < heights[1]) == attribute(face, "Smiling") == (smile > 0)

    arched, flat = neutral(brow_arch=0.15, brow_tilt=0.0), neutral(brow_arch=0.0, brow_tilt=0.0)
    assert (attribute(arched, "Arched_Eyebrows"), attribute(flat, "Arched_Eyebrows")) == (True, False)
    assert rows_of(arched.mask, BROWS) > rows_of(flat.mask, BROWS)


def test_bangs_cover_the_forehead():
    content, style = draw_factors(0, "train", 3)
    content = content._replace(**FACING, bald=0, x=0.5, y=0.5, scale=0.38)
    parted, straight = (render_face(content._replace(fringe=fringe), style, SIZE) for fringe in (factors.PARTED, factors.STRAIGHT))
    assert (attribute(parted, "Bangs"), attribute(straight, "Bangs")) == (False, True)
    forehead = (slice(17, 21), slice(24, 40))
    assert (straight.mask[forehead] == HAIR).mean() > (parted.mask[forehead] == HAIR).mean() + 0.5


def test_hair_colour_is_told_by_its_attribute():
    content, style = draw_factors(0, "train", 3)
    for color, bald in itertools.product(range(len(factors.HAIR_COLORS)), (0, 1)):
        face = render_face(content._replace(bald=bald), style._replace(hair_color=color), 32)
        told = [name for name in factors.STYLE_ATTRIBUTES if attribute(face, name)]
        assert told == [name for name in factors.HAIR_COLORS[color : color + 1] if not bald and name in factors.STYLE_ATTRIBUTES]


def test_style_changes_neither_mask_nor_landmarks_and_media_differ():
    content, _ = draw_factors(0, "train", 5)
    styles = [draw_factors(0, "train", index)[1]._replace(medium=index) for index in range(len(MEDIA))]
    drawn = [render_face(content, style, 32) for style in styles]
    for one, other in itertools.combinations(drawn, 2):
        np.testing.assert_array_equal(one.mask, other.mask)
        np.testing.assert_array_equal(one.landmarks, other.landmarks)
        assert np.abs(one.image.astype(float) - other.image).mean() > 20


def test_content_and_style_are_independent():
    count = 2000
    pairs = [draw_factors(0, "train", index) for index in range(count)]
    content, style = (np.array([pair[place] for pair in pairs], float) for place in (0, 1))
    medium = np.eye(len(MEDIA))[style[:, 0].astype(int)]
    hair = np.eye(len(factors.HAIR_COLORS))[style[:, 2].astype(int)]
    style = np.concatenate([medium, hair, style[:, 1:2], style[:, 3:]], 1)
    correlation = np.corrcoef(content.T, style.T)[: content.shape[1], content.shape[1] :]
    assert np.abs(correlation).max() < 4.5 / np.sqrt(count)  # 4.5 standard errors, for 700 pairs
    assert np.abs(medium.mean(0) - 0.25).max() < 0.04


def test_windows_hold_all_of_their_shapes(monkeypatch):
    """Small features are painted on a part of the grid; painting them on all of it gives the same."""
    indices = range(24)
    windowed = [draw(index, 32) for index in indices]
    monkeypatch.setattr(geometry, "window", lambda *_: (slice(None), slice(None)))
    for index in indices:
        whole = draw(index, 32)
        np.testing.assert_array_equal(windowed[index].mask, whole.mask)
        np.testing.assert_allclose(windowed[index].image, whole.image, atol=1)  # faint ends of the shadow of glasses


def test_tfds_reads_what_was_written(prepared):
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(prepared)
    for split, count in (("train", 70), ("test", 20)):
        source = builder.as_data_source(split)
        assert len(source) == count
        for index in (0, count - 1):
            example, face = source[index], draw(index, 32, split=split)
            np.testing.assert_array_equal(example["image"], face.image)
            np.testing.assert_array_equal(example["mask"][..., 0], face.mask)
            landmarks = np.array([example["landmarks"][name] for name in LANDMARK_NAMES], np.float32)
            np.testing.assert_array_equal(landmarks.reshape(5, 2), face.landmarks)
            named = dict(zip(ATTRIBUTE_NAMES, face.attributes.astype(bool), strict=True))
            assert example["attributes"] == named
            assert example["medium"] == face.medium
            np.testing.assert_array_equal(example["content"], np.array(face.content, np.float32))
            np.testing.assert_array_equal(example["style"], np.array(face.style, np.float32))
    assert builder.info.features["medium"].names == list(MEDIA)
    assert builder.info.metadata["content"] == list(factors.ContentFactors._fields)


def test_opened_dataset_is_the_faces_by_medium(prepared, capsys):
    cache = prepared.parents[2]
    dataset = open_dataset("drawn_faces", split="train", image_size=32, count=60, cache=cache)
    assert dataset.domains == MEDIA
    assert dataset.names == {"attributes": ATTRIBUTE_NAMES, "mask": MASK_CLASSES}
    for row in range(60):
        face = draw(row, 32)
        np.testing.assert_array_equal(dataset.images[row], face.image)
        assert dataset.domain[row] == face.medium
    np.testing.assert_array_equal(dataset.annotations["mask"][59], face.mask)
    np.testing.assert_array_equal(dataset.annotations["landmarks"][59], face.landmarks)
    np.testing.assert_array_equal(dataset.annotations["attributes"][59], face.attributes)
    assert capsys.readouterr().out == ""


def test_prepares_where_nothing_is_and_takes_what_is_there(prepared, tmp_path, capfd):
    source = drawn_faces_source("test", 16, 3, tmp_path)
    np.testing.assert_array_equal(source.example(2)["image"], draw(2, 16, split="test").image)
    folder = tmp_path / "drawn_faces" / "16px_train0_test3" / VERSION
    assert find_prepared(tmp_path, "test", 16, 3) == find_prepared(tmp_path, "test", 16, 2) == folder
    assert find_prepared(tmp_path, "test", 16, 4) is None
    assert find_prepared(prepared.parents[2], "train", 32, 70) == prepared
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "drawing faces (test, 16 px): 3 of 3" in captured.err
    assert "WARNING" not in captured.err


def test_build_says_what_it_made(tmp_path):
    assert "2 train, 2 test" in drawn_faces.build_drawn_faces(tmp_path, 16, 2)


@pytest.mark.parametrize("size", [0, 4, 100_000])
def test_size_that_cannot_be_drawn_is_refused(tmp_path, size):
    with pytest.raises(UserError, match=f"image_size {size}: faces can be drawn from 16 to 1024"):
        drawn_faces_source("train", size, 5, tmp_path)


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file: cannot be written"):
        drawn_faces_source("train", 32, 2, tmp_path / "file")


@pytest.mark.parametrize("train_count", [20_000, 19_999])
def test_listed_and_other_configurations_make_a_builder(tmp_path, train_count):
    from semgan.data.drawn_faces.builder import DrawnFacesConfig, make_builder

    builder = make_builder(tmp_path, DrawnFacesConfig(image_size=64, train_count=train_count, test_count=2_000))
    assert builder.builder_config.train_count == train_count
