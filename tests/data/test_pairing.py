"""How references go with contents: of other domains, of any, or the very same thing in the other domain."""

import numpy as np
import pytest
from PIL import Image

from semgan.data.augment import augment_batch
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


def test_what_has_no_pairs_says_so(tmp_path):
    with pytest.raises(UserError, match="celeb_a has no pairs of pictures"):
        open_dataset("celeb_a", split="train", image_size=8, source=str(tmp_path), paired=True)
    with pytest.raises(UserError, match="pairs are pictures of two domains, but there are 4"):
        open_dataset("drawn_faces", split="train", image_size=16, count=8, cache=tmp_path, paired=True)
    with pytest.raises(UserError, match="a paired face takes 4 pictures"):
        open_dataset("drawn_faces", split="train", image_size=16, count=3, cache=tmp_path, paired=True)
