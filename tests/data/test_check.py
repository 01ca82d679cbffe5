"""A check names every bad file and nothing else."""

import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semgan.data import celeb_a
from semgan.data.build import build_dataset
from semgan.data.check import check_folder, format_report
from semgan.data.dataset import open_dataset
from semgan.errors import UserError


def jpeg(seed: int, size: tuple[int, int] = (40, 40)) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (*size, 3), np.uint8)).save(file, "JPEG")
    return file.getvalue()


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def root(tmp_path) -> Path:
    for offset, domain in ((0, "cats"), (100, "dogs")):
        (tmp_path / "root" / domain).mkdir(parents=True)
        for index in range(6):
            (tmp_path / "root" / domain / f"{index}.jpg").write_bytes(jpeg(offset + index))
    return tmp_path / "root"


def test_clean_folder_is_clean(root):
    report = check_folder(root)
    assert (report.clean, report.bad, report.ignored) == (True, [], [])
    assert report.counts == {"train/cats": 5, "train/dogs": 5, "test/cats": 1, "test/dogs": 1}
    assert format_report(report).endswith("12 pictures, 0 files ignored: clean")


def test_every_bad_file_is_named_with_its_fault(root):
    bad = {
        "cats/zero.jpg": (b"", "not a picture"),
        "cats/text.jpg": (b"hello", "not a picture"),
        "cats/cut.jpg": (jpeg(50)[:-300], "damaged or cut short"),
        "dogs/small.jpg": (jpeg(51, (31, 40)), "is 40 x 31 pixels, smaller than 32"),
        "dogs/long.jpg": (jpeg(52, (40, 161)), "longer than 4 to 1"),
        "dogs/grey.png": (png(np.full((40, 40, 3), 99, np.uint8)), "shows nothing: it is of one colour, or nearly"),
        "dogs/twin.jpg": (jpeg(3), "has the same bytes as cats/3.jpg"),
    }
    for name, (data, _) in bad.items():
        (root / name).write_bytes(data)
    (root / "cats" / "notes.txt").write_text("x")
    report = check_folder(root)
    found = dict(report.bad)
    twins = {"dogs/twin.jpg", "cats/3.jpg"} & found.keys()  # whichever comes later
    assert len(twins) == 1
    assert found.keys() | {"dogs/twin.jpg"} == bad.keys() | twins
    for name in bad.keys() - {"dogs/twin.jpg"}:
        assert bad[name][1] in found[name]
    assert report.ignored == [("cats/notes.txt", "not a picture by its suffix")]
    assert not report.clean
    text = format_report(report)
    assert all(name in text for name in found)
    assert text.endswith("19 pictures, 1 files ignored: 7 bad")


def test_what_decoding_guesses_is_noted_by_name(root):
    (root / "cats" / "scan.png").write_bytes(png(np.arange(1600, dtype=np.uint16).reshape(40, 40) * 2))
    report = check_folder(root)
    assert report.clean
    assert "note: cats/scan.png: its values go to 3,198 of 65,535, so they are taken for 12 bits" in format_report(report)


def test_training_never_sees_the_undecodable_ones(root, tmp_path):
    (root / "cats" / "cut.jpg").write_bytes(jpeg(50)[:-300])
    train, test = (open_dataset("folder", split=s, image_size=8, source=str(root), cache=tmp_path / "c") for s in ("train", "test"))
    assert len(train.rows) + len(test.rows) == 12


def test_folder_without_domains_is_checked_all_the_same(root):
    shutil.rmtree(root / "dogs")
    (root / "cats" / "0.jpg").write_bytes(b"")
    report = check_folder(root)
    assert report.counts == {"all": 6}
    assert "2 domains are needed" in report.notes[0]
    assert [name for name, _ in report.bad] == ["cats/0.jpg"]


def test_nothing_to_check_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        check_folder(tmp_path / "gone")
    with pytest.raises(UserError, match="2 domains are needed"):
        check_folder(tmp_path)


def test_many_findings_are_cut_in_the_text_only(root):
    for index in range(60):
        (root / "cats" / f"bad-{index}.jpg").write_bytes(b"")
    report = check_folder(root)
    assert len(report.bad) == 60
    assert "bad: and 10 more" in format_report(report)


def test_celeb_a_files_are_checked_and_compared_with_the_official_ones(celeb_a_folder):
    report = check_folder(celeb_a_folder)
    assert report.clean
    assert report.counts == {"train": 8, "validation": 2, "test": 2}
    assert any("official file 1,443,490,838" in note for note in report.notes)
    path = celeb_a_folder / celeb_a.ZIP
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("img_align_celeba/000002.jpg").header_offset
    data = bytearray(path.read_bytes())
    data[offset + 200] ^= 255
    path.write_bytes(data)
    assert [name for name, _ in check_folder(celeb_a_folder).bad] == ["000002.jpg"]


def test_prepared_dataset_is_checked(celeb_a_prepared):
    report = check_folder(celeb_a_prepared)
    assert report.clean
    assert report.counts == {"train": 8, "validation": 2, "test": 2}


def test_built_folder_cache_is_checked_by_its_hashes(root, tmp_path):
    sentence = build_dataset("folder", str(root), str(tmp_path / "out"), 8, 0)
    assert "10 train, 2 test pictures of cats, dogs at 8 px" in sentence
    (cache,) = (tmp_path / "out" / "data").glob("folder-train-*[!k]")
    assert check_folder(cache).clean
    data = bytearray((cache / "images.u8").read_bytes())
    data[5] ^= 1
    (cache / "images.u8").write_bytes(data)
    report = check_folder(cache)
    assert not report.clean
    assert "rows 0 to 9" in report.bad[0][0]


def test_unknown_dataset_is_refused():
    with pytest.raises(UserError, match="use one of: drawn_faces, celeb_a, folder"):
        build_dataset("celeba", "", "", 0, 0)
