"""How references go with contents: of other domains, of any, or the very same thing in the other domain."""

import numpy as np
import pytest
from PIL import Image

from semgan.data.augment import augment_batch
from semgan.data.check import check_folder
from semgan.data.dataset import Dataset, open_dataset
from semgan.data.drawn_faces import draw
from semgan.data.folder import list_folder
from semgan.data.loader import make_batch
from semgan.errors import UserError


@pytest.fixture
def dataset() -> Dataset:
    images = np.arange(1, 41, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    rows = np.arange(1, 40, dtype=np.int64)
    return Dataset("made", "train", images, rows, (rows % 3 > 0).astype(np.int32), ("a", "b"), {}, {}, "")


def write_pairs(root, count=40, domains=("A", "B")):
    """Number i is grey i in A and grey 100 + i in B."""
    for index, name in enumerate(domains):
        (root / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (8, 8), (100 * index + number,) * 3).save(
                root / name / f"{number:03d}.{'jpg' if index else 'png'}", quality=100
            )
    return root


def test_other_never_gives_the_contents_own_domain(dataset):
    batch = make_batch(dataset, np.arange(200), 0, "other")
    np.testing.assert_array_equal(batch["target_domain"], 1 - batch["domain"])
    np.testing.assert_array_equal((batch["reference"][:, 0, 0, 0] - 1) % 3 > 0, batch["target_domain"])


def test_none_gives_any_picture_as_often_as_any(dataset):
    batch = make_batch(dataset, np.arange(4000), 0, "none")
    np.testing.assert_array_equal((batch["reference"][:, 0, 0, 0] - 1) % 3 > 0, batch["target_domain"])
    assert abs(batch["target_domain"].mean() - dataset.domain.mean()) < 0.04
    assert len(np.unique(batch["reference"])) == len(dataset.rows)


def test_pairs_of_a_folder_stay_together_in_both_splits(tmp_path):
    root = write_pairs(tmp_path / "pairs")
    held_out = list_folder(root, paired=True).files["test"]
    assert [path.stem for path in held_out["A"]] == [path.stem for path in held_out["B"]] != []
    dataset = open_dataset("folder", split="train", image_size=8, source=str(root), cache=tmp_path / "cache", paired=True)
    batch = make_batch(dataset, np.arange(50), 0, "paired")
    grey, other = (batch[key][:, 0, 0, 0].astype(int) for key in ("image", "reference"))
    np.testing.assert_array_equal(np.where(batch["domain"] == 0, other - grey, grey - other), 100)
    np.testing.assert_array_equal(batch["target_domain"], 1 - batch["domain"])


def test_drawn_pairs_are_one_face_in_two_media(tmp_path):
    dataset = open_dataset("drawn_faces", split="train", image_size=16, domains=("ink", "shaded"), count=8, cache=tmp_path, paired=True)
    assert len(dataset.rows) == 8
    mask, partner = dataset.annotations["mask"][dataset.rows], dataset.partner
    np.testing.assert_array_equal(mask, mask[partner])
    np.testing.assert_array_equal(dataset.domain[partner], 1 - dataset.domain)
    np.testing.assert_array_equal(partner[partner], np.arange(8))
    face = draw(1, 16)
    row = 4 + face.medium
    np.testing.assert_array_equal(dataset.images[row], face.image)


def test_pairs_are_augmented_alike(dataset):
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), np.uint8)
    batch = {"image": images, "reference": images, "position": np.arange(16, dtype=np.int32)}
    settings = {"flip": True, "crop_probability": 0.5, "crop_scale": 0.5}
    alike, apart = augment_batch(batch, 0, paired=True, **settings), augment_batch(batch, 0, **settings)
    np.testing.assert_array_equal(alike["image"], alike["reference"])
    assert (np.asarray(apart["image"]) != np.asarray(apart["reference"])).any()


def _lose(root):
    (root / "B" / "007.jpg").unlink()


def _double(root):
    Image.new("RGB", (8, 8)).save(root / "A" / "007.jpg")


def _third(root):
    write_pairs(root, domains=("C",))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_lose, r"A has 40 pictures and B 39, but A/007.png has no partner in B \(1 of A have none\): give both the same names"),
        (_double, "A has two files of one name that differ in the suffix alone"),
        (_third, "pairs need two sub-folders, such as A and B; found A, B, C"),
    ],
)
def test_unpaired_files_are_named(tmp_path, spoil, message):
    root = write_pairs(tmp_path / "pairs")
    spoil(root)
    with pytest.raises(UserError, match=message):
        open_dataset("folder", split="train", image_size=8, source=str(root), cache=tmp_path / "cache", paired=True)


def _rotate(root):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("RGB", (8, 4)).save(root / "A" / "007.png")
    Image.new("RGB", (8, 4)).save(root / "B" / "007.jpg", exif=exif)


def _widen(root):
    for number in (5, 7):
        Image.new("RGB", (16, 8)).save(root / "A" / f"{number:03d}.png")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_rotate, r"A/007\.png is 8 x 4 pixels as seen and its partner B/007\.jpg 4 x 8; make both of one shape"),
        (_widen, r"A/005\.png is 16 x 8 pixels as seen and its partner B/005\.jpg 8 x 8 \(and 1 more pairs differ\)"),
    ],
)
def test_pairs_of_different_shape_are_named(tmp_path, spoil, message):
    root = write_pairs(tmp_path / "pairs")
    spoil(root)
    with pytest.raises(UserError, match=message):
        open_dataset("folder", split="test", image_size=8, source=str(root), cache=tmp_path / "cache", paired=True)


def test_pairs_of_one_shape_may_differ_in_size_and_in_how_they_are_stored(tmp_path):
    root = write_pairs(tmp_path / "pairs")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (6, 4)).save(root / "A" / "007.png", exif=exif)
    Image.new("RGB", (4, 6)).save(root / "B" / "007.jpg")
    Image.new("RGB", (100, 67)).save(root / "A" / "008.png")
    Image.new("RGB", (50, 33)).save(root / "B" / "008.jpg")
    (root / "B" / "009.jpg").write_bytes(b"damaged")  # is left out when it is decoded
    list_folder(root, paired=True)


def test_composed_and_decomposed_names_are_partners(tmp_path):
    root = write_pairs(tmp_path / "pairs")
    (root / "A" / "007.png").rename(root / "A" / "caf\u00e9.png")
    (root / "B" / "007.jpg").rename(root / "B" / "cafe\u0301.jpg")
    dataset = open_dataset("folder", split="train", image_size=8, source=str(root), cache=tmp_path / "cache", paired=True)
    values = dataset.images[dataset.rows, 0, 0, 0].astype(int)
    assert {7, 107} <= set(values) or {7, 107} <= set(open_dataset(
        "folder", split="test", image_size=8, source=str(root), cache=tmp_path / "cache", paired=True
    ).images[:, 0, 0, 0].tolist())  # fmt: skip
    np.testing.assert_array_equal(np.abs(values - values[dataset.partner]), 100)


def test_what_has_no_pairs_says_so(tmp_path):
    with pytest.raises(UserError, match="celeb_a has no pairs of pictures"):
        open_dataset("celeb_a", split="train", image_size=8, source=str(tmp_path), paired=True)
    with pytest.raises(UserError, match="pairs are pictures of two domains, but there are 4"):
        open_dataset("drawn_faces", split="train", image_size=16, count=8, cache=tmp_path, paired=True)
    with pytest.raises(UserError, match="a paired face takes 4 pictures"):
        open_dataset("drawn_faces", split="train", image_size=16, count=3, cache=tmp_path, paired=True)


def test_check_notes_that_same_names_of_other_shapes_are_no_pairs(tmp_path):
    for domain, width in (("A", 128), ("B", 64)):
        (tmp_path / domain).mkdir()
        for number in range(3):
            noise = np.random.default_rng([width, number]).integers(0, 256, (64, width, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / domain / f"{number}.png")
    report = check_folder(tmp_path)
    assert not report.bad
    assert any("no pairs, which pix2pix needs" in note and "128 x 64" in note and "64 x 64" in note for note in report.notes)
