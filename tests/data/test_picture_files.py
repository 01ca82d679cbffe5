"""Whatever lies among a user's pictures, the pictures are taken, and the rest is left out and told."""

import os
from pathlib import Path

import pytest
from PIL import Image

from semgan.data import picture_files
from semgan.data.check import check_folder, format_report
from semgan.data.dataset import open_dataset
from semgan.data.decode import DecodeError, decode_picture
from semgan.data.folder import list_folder
from semgan.data.picture_files import describe, survey, why_left_out
from semgan.errors import UserError
from semgan.evaluation.folder_pictures import open_folder
from semgan.inference.translate import FileOptions, plan
from semgan.pictures.read import list_pictures
from semgan.pictures.write import write


def fill(folder: Path, count: int, suffix: str = ".png", format: str = "PNG") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.linear_gradient("L").resize((40 + index, 40)).save(folder / f"{index}{suffix}", format)


def domains(root: Path) -> dict[str, dict[str, int]]:
    return {split: {name: len(paths) for name, paths in each.items()} for split, each in list_folder(root).files.items()}


@pytest.fixture
def littered(tmp_path) -> Path:
    """Two domains of 4 pictures, and 9 files that are none, in folders that several systems make."""
    for domain in ("cats", "dogs"):
        fill(tmp_path / domain, 4)
    for stray in ("cats/._0.png", ".DS_Store", "cats/notes.txt", "cats/more/1.png", "cats/more/2.png", "stray.png"):
        (tmp_path / stray).parent.mkdir(exist_ok=True)
        (tmp_path / stray).write_bytes(b"x")
    for folder in ("lost+found", "__MACOSX"):
        fill(tmp_path / folder, 3)
    (tmp_path / "dogs" / "gone.jpg").symlink_to("nowhere.jpg")
    return tmp_path


LINE = (
    "8 pictures taken, 9 files left out (4 hidden, or the system's, 2 a folder inside a domain, 1 outside of the domain folders, "
    "1 not a picture by its suffix, 1 a broken link)"
)


@pytest.mark.parametrize(
    ("suffix", "format"),
    [(".jfif", "JPEG"), (".jpe", "JPEG"), (".JPG", "JPEG"), (".pjpeg", "JPEG"), (".mpo", "MPO"), (".apng", "PNG"), (".dib", "BMP")],
)
def test_every_suffix_of_a_format_is_a_picture_everywhere(tmp_path, suffix, format):
    for domain in ("a", "b"):
        fill(tmp_path / domain, 3, suffix, format)
    assert domains(tmp_path) == {"train": {"a": 2, "b": 2}, "test": {"a": 1, "b": 1}}
    assert len(list_pictures(tmp_path / "a")) == 3
    assert len(open_folder(tmp_path / "a", 1).paths) == 1
    assert decode_picture(tmp_path / "a" / f"0{suffix}").shape == (40, 40, 3)


def test_results_can_be_jfif(tmp_path):
    write(tmp_path / "a.jfif", decode_picture(_png(tmp_path)))
    with Image.open(tmp_path / "a.jfif") as image:
        assert image.format == "JPEG"


def _png(folder: Path) -> Path:
    fill(folder, 1)
    return folder / "0.png"


def test_a_broken_link_is_called_one_by_its_path(tmp_path):
    link = tmp_path / "a.png"
    link.symlink_to("gone.png")
    assert why_left_out(link) == "a broken link"
    with pytest.raises(DecodeError, match=r"a\.png: is a broken link: gone\.png does not exist"):
        decode_picture(link)
    with pytest.raises(UserError, match=r"a\.png is a broken link, gone\.png does not exist"):
        plan(link, tmp_path / "b.png")


def test_training_says_what_it_takes_and_leaves_out(littered, tmp_path_factory, capsys):
    cache = tmp_path_factory.mktemp("cache")
    for split in ("train", "test"):
        open_dataset("folder", split=split, image_size=8, source=str(littered), cache=cache)
    lines = [line for line in capsys.readouterr().err.splitlines() if "taken" in line]
    assert lines == [f"{littered}: {LINE}"]


def test_check_says_what_it_leaves_out(littered):
    report = check_folder(littered)
    assert f"  {littered}: {LINE}" in format_report(report)
    assert sorted(report.counts) == ["test/cats", "test/dogs", "train/cats", "train/dogs"]


def test_translate_says_what_it_leaves_out(littered, capsys):
    assert len(plan(littered / "cats", littered.parent / "out", files=FileOptions(recursive=False))) == 4
    expected = "4 pictures taken, 4 files left out (2 in a sub-folder, 1 hidden, or the system's, 1 not a picture by its suffix)"
    assert capsys.readouterr().err == f"{littered / 'cats'}: {expected}\n"


def test_scores_and_check_of_any_layout_leave_hidden_pictures_out(tmp_path):
    fill(tmp_path / "deep" / "er", 3)
    for hidden in ("__MACOSX", "lost+found", ".cache"):
        fill(tmp_path / "deep" / hidden, 2)
    (tmp_path / "deep" / "er" / "._0.png").write_bytes(b"x")
    assert check_folder(tmp_path).counts == {"all": 3}
    assert len(open_folder(tmp_path).paths) == 3


def test_an_unreadable_folder_is_left_out(tmp_path, monkeypatch):
    for domain in ("cats", "dogs", "locked"):
        fill(tmp_path / domain, 3)
    monkeypatch.setattr(picture_files.os, "access", lambda path, mode: Path(path).name != "locked")
    listing = list_folder(tmp_path)
    assert list(listing.files["train"]) == ["cats", "dogs"]
    assert listing.left_out == {"a folder that cannot be read": 1}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_left_out_by_the_system_itself(tmp_path):
    for domain in ("cats", "dogs", "locked"):
        fill(tmp_path / domain, 3)
    (tmp_path / "locked").chmod(0)
    assert list(list_folder(tmp_path).files["train"]) == ["cats", "dogs"]


def test_a_domain_may_be_called_train(tmp_path):
    for domain in ("train", "ship"):
        fill(tmp_path / domain, 3)
    assert domains(tmp_path) == {"train": {"ship": 2, "train": 2}, "test": {"ship": 1, "train": 1}}


def test_a_missing_test_folder_is_asked_for_and_not_told_to_be_deleted(tmp_path):
    for name in ("trainA", "trainB", "testA"):
        fill(tmp_path / name, 2)
    with pytest.raises(UserError, match="'B' has no picture in test; it has no folder there; add testB, or take all test folders away"):
        list_folder(tmp_path)
    (tmp_path / "testB").mkdir()
    with pytest.raises(UserError, match="'B' has no picture in test; add some or delete its folder"):
        list_folder(tmp_path)


def test_nothing_left_out_is_said_too():
    assert describe("photos", 1200, {}) == "photos: 1,200 pictures taken, 0 files left out"


def test_links_to_folders_are_followed_once(tmp_path):
    fill(tmp_path / "all" / "deep", 2)
    fill(tmp_path / "elsewhere", 3)
    (tmp_path / "all" / "self").symlink_to(".")
    (tmp_path / "all" / "deep" / "up").symlink_to("..")
    (tmp_path / "all" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "all" / "more_again").symlink_to(tmp_path / "elsewhere")
    taken, left_out = survey(tmp_path / "all")
    assert [path.relative_to(tmp_path / "all").parts[0] for path in taken] == ["deep"] * 2 + ["more"] * 3
    assert left_out == {"links to folders that are taken already": 3}
