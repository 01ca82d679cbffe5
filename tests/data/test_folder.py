"""A user's folders become domains in every known layout, and strays never become training data."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semgan.data.dataset import open_dataset
from semgan.data.folder import folder_source, list_folder
from semgan.errors import UserError

pytestmark = pytest.mark.filterwarnings("ignore::semgan.data.decode_warnings.FlatWarning")  # pictures of one colour are easy to tell apart


def fill(folder: Path, count: int, colour: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.new("RGB", (6, 4), (colour, index, 0)).save(folder / f"{index}.png")


def counts(root: Path) -> dict[str, dict[str, int]]:
    return {split: {name: len(paths) for name, paths in domains.items()} for split, domains in list_folder(root).files.items()}


def test_sub_folders_are_domains_and_five_percent_are_held_out(tmp_path):
    fill(tmp_path / "cats", 200)
    fill(tmp_path / "dogs", 3)
    found = counts(tmp_path)
    assert 3 <= found["test"]["cats"] <= 20
    assert found["train"]["cats"] == 200 - found["test"]["cats"]
    assert (found["train"]["dogs"], found["test"]["dogs"]) == (2, 1)
    assert counts(tmp_path) == found


def test_held_out_files_stay_held_out_when_others_come(tmp_path):
    fill(tmp_path / "cats", 200)
    fill(tmp_path / "dogs", 2)
    before = set(list_folder(tmp_path).files["test"]["cats"])
    fill(tmp_path / "cats", 300)
    assert before <= set(list_folder(tmp_path).files["test"]["cats"])


@pytest.mark.parametrize("held_out", ["test", "val"])
def test_layouts_with_their_own_test_split(tmp_path, held_out):
    for layout in ("{split}{letter}", "{split}/{letter}"):
        root = tmp_path / str(len(layout))
        for letter, size in (("A", 3), ("B", 2)):
            fill(root / layout.format(split="train", letter=letter), size)
            fill(root / layout.format(split=held_out, letter=letter), 1)
        assert counts(root) == {"train": {"A": 3, "B": 2}, "test": {"A": 1, "B": 1}}


def test_test_is_preferred_to_val(tmp_path):
    for name, size in (("train", 4), ("val", 3), ("test", 2)):
        fill(tmp_path / name / "a", size)
        fill(tmp_path / name / "b", size)
    assert counts(tmp_path)["test"] == {"a": 2, "b": 2}
    assert len(list_folder(tmp_path).ignored) == 1


def test_lettered_train_folders_alone_hold_out_a_part(tmp_path):
    fill(tmp_path / "trainA", 4)
    fill(tmp_path / "trainB", 4)
    assert counts(tmp_path) == {"train": {"A": 3, "B": 3}, "test": {"A": 1, "B": 1}}


def test_strays_are_ignored_and_listed_and_dot_files_not_even_that(tmp_path):
    fill(tmp_path / "cats", 4)
    fill(tmp_path / "dogs", 4)
    fill(tmp_path / ".thumbnails", 2)
    fill(tmp_path / "cats" / "more", 2)
    for stray in ("loose.png", "notes.txt", "cats/Thumbs.db", ".DS_Store", "cats/.hidden.png"):
        (tmp_path / stray).write_bytes(b"x")
    listing = list_folder(tmp_path)
    assert {path.relative_to(tmp_path).as_posix(): reason for path, reason in listing.ignored} == {
        "loose.png": "outside of the domain folders",
        "notes.txt": "outside of the domain folders",
        "cats/Thumbs.db": "not a picture by its suffix",
        "cats/more": "a folder inside a domain",
    }
    assert sum(len(paths) for domains in listing.files.values() for paths in domains.values()) == 8


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ({}, "2 domains are needed"),
        ({"cats": 3}, r"2 domains are needed.*found train: cats \(3 pictures\)"),
        ({"cats": 3, "dogs": 0}, r"'dogs' has no picture in train.*cats \(3 pictures\), dogs \(0 pictures\)"),
        ({"cats": 3, "dogs": 1}, "'dogs' has one picture"),
        ({"train/cats": 3, "train/dogs": 3, "test/cats": 1}, "'dogs' has no picture in test"),
        ({"train/cats": 3, "train/dogs": 3, "test/cats": 1, "test/dogs": 1, "test/owls": 1}, "'owls' is in test alone"),
        ({"train": 3, "test": 3}, r"2 domains are needed.*train: no sub-folder"),
    ],
)
def test_missing_empty_or_single_domain_lists_what_was_found(tmp_path, folders, message):
    for name, count in folders.items():
        fill(tmp_path / name, count)
    with pytest.raises(UserError, match=re.escape(str(tmp_path)) + ".*" + message):
        list_folder(tmp_path)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere: no such folder"):
        list_folder(tmp_path / "nowhere")


def test_flat_folder_is_one_domain_where_one_is_enough(tmp_path):
    fill(tmp_path, 5)
    assert list(list_folder(tmp_path, least_domains=1).files["train"]) == ["all"]
    with pytest.raises(UserError, match="2 domains are needed"):
        list_folder(tmp_path)


def test_rows_are_mixed_and_carry_their_domain(tmp_path):
    fill(tmp_path / "cats", 30, colour=10)
    fill(tmp_path / "dogs", 30, colour=20)
    source = folder_source(tmp_path, "train", 4)
    examples = [source.example(row) for row in range(source.count)]
    domains = [int(example["domain"]) for example in examples]
    assert [int(example["image"][0, 0, 0]) // 10 - 1 for example in examples] == domains
    assert 0 < sum(domains[: len(domains) // 2]) < len(domains) // 2
    assert source.names == {"domain": ("cats", "dogs")}


def test_fingerprint_follows_names_sizes_and_times(tmp_path):
    fill(tmp_path / "cats", 5)
    fill(tmp_path / "dogs", 5)
    first = folder_source(tmp_path, "train", 4).fingerprint
    assert folder_source(tmp_path, "train", 4).fingerprint == first
    assert folder_source(tmp_path, "train", 8).fingerprint != first
    fill(tmp_path / "dogs", 6)
    assert folder_source(tmp_path, "train", 4).fingerprint != first


def open_folder(root: Path, **options):
    return open_dataset("folder", split="train", image_size=4, source=str(root), cache=root / ".cache", **options)


def test_dataset_opens_with_chosen_domains_and_count_and_without_bad_files(tmp_path, capsys):
    fill(tmp_path / "cats", 30, colour=10)
    fill(tmp_path / "dogs", 30, colour=20)
    fill(tmp_path / "owls", 30, colour=30)
    (tmp_path / "cats" / "zero.jpg").write_bytes(b"")
    dataset = open_folder(tmp_path)
    assert "1 of " in (message := capsys.readouterr().err)
    assert "zero.jpg" in message
    assert dataset.domains == ("cats", "dogs", "owls")
    np.testing.assert_array_equal(dataset.images[dataset.rows, 0, 0, 0], (dataset.domain + 1) * 10)
    assert (dataset.annotations, dataset.names) == ({}, {})
    chosen = open_folder(tmp_path, domains=("owls", "cats"), count=20)
    assert len(chosen.rows) == len(chosen.domain) == 20
    np.testing.assert_array_equal(chosen.images[chosen.rows, 0, 0, 0], np.where(chosen.domain == 0, 30, 10))
    prints = {dataset.fingerprint, chosen.fingerprint, open_folder(tmp_path, domains=("cats", "owls"), count=20).fingerprint}
    assert len(prints) == 3
    assert open_folder(tmp_path).fingerprint == dataset.fingerprint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "foldr"}, "did you mean folder"),
        ({"split": "valid"}, "use one of: train, test"),
        ({"source": ""}, "data.source: folder needs"),
        ({"domains": ("cats", "dgos")}, "did you mean 'dogs'"),
        ({"domains": ("cats",)}, "2 domains are needed; found cats: "),
        ({"count": 1}, "has no picture; found"),
        ({"image_size": 0}, "image_size 0"),
    ],
)
def test_wrong_choices_are_refused_in_a_sentence(tmp_path, options, message):
    fill(tmp_path / "cats", 5)
    fill(tmp_path / "dogs", 5)
    arguments = {"name": "folder", "split": "train", "image_size": 4, "source": str(tmp_path), "cache": tmp_path / ".cache"}
    with pytest.raises(UserError, match=message):
        open_dataset(**(arguments | options))
