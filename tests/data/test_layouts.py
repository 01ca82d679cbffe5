"""The layouts in which data are handed out become domains and pairs, and what is nearly one of them is named."""

import io
import json
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semgan.data import zip_files
from semgan.data.build import build_dataset
from semgan.data.check import check_folder, format_report
from semgan.data.dataset import open_dataset
from semgan.data.folder import folder_source, list_folder
from semgan.errors import UserError


def encode(colour, size=(64, 64)) -> bytes:
    """A picture with a mark, so that it is not of one colour."""
    image = Image.new("RGB", size, colour)
    image.paste((0, 0, 0), (size[0] - 2, size[1] - 2, size[0], size[1]))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def pair(left: int, right: int, size=(128, 64)) -> bytes:
    image = Image.new("RGB", size, (left,) * 3)
    image.paste((right,) * 3, (size[0] // 2, 0, *size))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def pictures(folders: dict[str, int]) -> dict[str, bytes]:
    return {f"{folder}/{at}.png": encode((at, place, 90)) for place, (folder, count) in enumerate(folders.items()) for at in range(count)}


def counts(root: Path, **options) -> dict[str, dict[str, int]]:
    return {split: {name: len(paths) for name, paths in each.items()} for split, each in list_folder(root, **options).files.items()}


def open_split(root: Path, split: str, **options):
    return open_dataset("folder", split=split, image_size=8, source=str(root), cache=root.parent / "cache", **options)


FACADES = {
    f"{split}/{number}.png": pair(number, 100 + number)
    for split, first, last in (("train", 0, 6), ("val", 6, 9))
    for number in range(first, last)
}


@pytest.mark.parametrize("prefix", ["", "facades/"])
def test_pix2pix_pairs_side_by_side_are_taken_apart_and_stay_together(tmp_path, prefix, capsys):
    root = write(tmp_path / "data", {prefix + name: data for name, data in FACADES.items()})
    train, test = (open_split(root, split, paired=True) for split in ("train", "test"))
    assert (train.domains, len(train.rows), len(test.rows)) == (("A", "B"), 12, 6)
    for dataset in (train, test):
        grey = dataset.images[dataset.rows][:, 0, 0, 0].astype(int)
        assert (dataset.images[dataset.rows] == grey[:, None, None, None]).all()
        np.testing.assert_array_equal(grey >= 100, dataset.domain == 1)
        np.testing.assert_array_equal(np.abs(grey - grey[dataset.partner]), 100)
    assert "9 pictures taken, 0 files left out; each is a pair side by side, A at the left and B at the right" in capsys.readouterr().err


def test_both_halves_come_out_of_one_decoding(tmp_path, monkeypatch):
    source = folder_source(write(tmp_path / "data", FACADES), "train", 8, paired=True)
    from semgan.data import folder

    decoded = []
    monkeypatch.setattr(folder, "decode_file", lambda path: decoded.append(path) or np.arange(96, dtype=np.uint8).reshape(4, 8, 3))
    for row in range(source.count):
        source.example(row)
    assert len(decoded) == len(set(decoded)) == 6


def test_pairs_side_by_side_in_one_folder_hold_out_a_part_of_both_halves(tmp_path):
    root = write(tmp_path / "data", {f"{number}.png": pair(number, 100 + number) for number in range(8)} | {"7.jpg": pair(1, 2)})
    assert counts(root, paired=True) == {"train": {"A": 8, "B": 8}, "test": {"A": 1, "B": 1}}
    files = list_folder(root, paired=True).files
    assert files["test"]["A"] == files["test"]["B"]
    assert len(open_split(root, "train", paired=True).rows) == 16


def test_pairs_side_by_side_may_be_of_one_other_shape(tmp_path):
    root = write(tmp_path / "data", {f"{number}.png": pair(number, 100, (100, 60)) for number in range(4)})
    assert counts(root, paired=True)["train"] == {"A": 3, "B": 3}


@pytest.mark.parametrize("odd", [(100, 64), (64, 64)])
def test_pictures_that_hold_no_pair_are_named(tmp_path, odd):
    root = write(tmp_path / "data", FACADES | {"train/4.png": pair(1, 2, odd)})
    sentence = (
        rf"pairs need two sub-folders, such as A and B, or pictures .* side by side, .*; train/4\.png is {odd[0]} x 64 pixels \(1 of 9"
    )
    for _ in range(2):
        with pytest.raises(UserError, match=sentence):
            list_folder(root, paired=True)


def test_check_takes_pairs_side_by_side_for_what_they_are(tmp_path):
    report = check_folder(write(tmp_path / "data", FACADES))
    assert report.clean
    assert report.counts == {"train: A and B side by side": 6, "test: A and B side by side": 3}
    plain = check_folder(write(tmp_path / "plain", {f"{number}.png": pair(number, 99, (90, 60)) for number in range(4)}))
    assert "2 domains are needed" in plain.notes[0]


@pytest.mark.parametrize("held_out", ["test", "val"])
def test_splits_inside_domains(tmp_path, held_out):
    root = write(tmp_path / "data", pictures({"A/train": 3, f"A/{held_out}": 1, "B/train": 2, f"B/{held_out}": 1}))
    assert counts(root) == {"train": {"A": 3, "B": 2}, "test": {"A": 1, "B": 1}}
    assert set(open_split(root, "train").domains) == {"A", "B"}
    assert check_folder(root).counts == {"train/A": 3, "train/B": 2, "test/A": 1, "test/B": 1}
    (root / "B" / held_out / "0.png").unlink()
    (root / "B" / held_out).rmdir()
    sentence = (
        r"domain 'B' has no picture in test; it has no folder there; add B/test, .* \(found train: A \(3 pictures\), B \(2 pictures\)"
    )
    with pytest.raises(UserError, match=sentence):
        list_folder(root)


def test_pairs_in_splits_inside_domains(tmp_path):
    root = write(tmp_path / "data", pictures({"A/train": 3, "A/test": 2, "B/train": 3, "B/test": 2}))
    assert counts(root, paired=True) == {"train": {"A": 3, "B": 3}, "test": {"A": 2, "B": 2}}


SHARDS = {
    f"{number // 1000:05d}/img{number:08d}.png": encode((number // 1000 * 10 + number % 1000, 40, 90))
    for number in (0, 1, 2, 1000, 1001, 2000)
}
FFHQ = {f"{number // 1000 * 1000:05d}/{number:05d}.png": encode((number % 250, 40, 90)) for number in (0, 1, 999, 1000, 69_000)}


@pytest.mark.parametrize(("files", "count"), [(SHARDS, 6), (FFHQ, 5)])
def test_shards_are_one_domain(tmp_path, files, count):
    for root in (write(tmp_path / "data", files), write_zip(tmp_path / "data.zip", files)):
        found = counts(root, least_domains=1)
        assert (list(found["train"]), found["train"]["all"] + found["test"]["all"]) == (["all"], count)
        with pytest.raises(UserError, match=r"2 domains are needed.*train: all \(\d pictures\)"):
            list_folder(root)


def test_folders_called_by_digits_stay_domains(tmp_path):
    assert list(counts(write(tmp_path / "a", pictures({"0": 3, "1": 3})))["train"]) == ["0", "1"]
    assert list(counts(write(tmp_path / "b", pictures({"00000": 3, "00001": 3})))["train"]) == ["00000", "00001"]


def labelled(labels) -> dict[str, bytes]:
    return SHARDS | {"dataset.json": json.dumps({"labels": labels}).encode()}


LABELS = [[name, (10, 2)[place % 2]] for place, name in enumerate(SHARDS)]


@pytest.mark.parametrize("make", [write, write_zip])
def test_labels_of_shards_are_domains(tmp_path, make, capsys):
    name = "data.zip" if make is write_zip else "data"
    root = make(tmp_path / name, labelled(LABELS[:5]))
    train = open_split(root, "train")
    assert train.domains == ("2", "10")
    values = train.images[train.rows][:, 0, 0, 0].tolist()
    expected = {int(file[9:14]) * 10 + int(file[14:17]): label for file, label in LABELS[:5]}
    assert [train.domains[index] for index in train.domain] == [str(expected[value]) for value in values]
    assert "5 pictures taken, 1 file left out (1 without a label in dataset.json)" in capsys.readouterr().err
    one_hot = [[file, [int(place % 2 == at) for at in range(3)]] for place, (file, _) in enumerate(LABELS)]
    assert list(counts(make(tmp_path / f"one_hot{name}", labelled(one_hot)))["train"]) == ["0", "1"]


def test_null_labels_leave_shards_one_domain_and_anothers_dataset_json_counts_for_nothing(tmp_path):
    assert list(counts(write(tmp_path / "a", labelled(None)), least_domains=1)["train"]) == ["all"]
    for place, content in enumerate((b"[1, 2]", b"not JSON", b'{"labels": ["cat"]}', b"")):
        root = write(tmp_path / f"b{place}", pictures({"cats": 3, "dogs": 3}) | {"dataset.json": content})
        assert list(counts(root)["train"]) == ["cats", "dogs"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"labels": [["a.png", 0]', r'its "labels" are not pairs'),
        (b'{"labels": [["00000/img00000000.png", 0.5]]}', r"0\.5 is not a number of a class"),
        (b'{"labels": [["../../a.png", 0]]}', "leads outside"),
        (b'{"labels": [["00000/img00000009.png", 0]]}', r"1 pictures that are not there, the first is .*img00000009\.png"),
        (b'{"labels": [["00007/img00000009.png", 0]]}', "1 pictures that are not there"),
    ],
)
def test_labels_that_cannot_be_used_are_named(tmp_path, content, message):
    with pytest.raises(UserError, match=message):
        list_folder(write(tmp_path / "data", SHARDS | {"dataset.json": content}))


@pytest.mark.parametrize("prefix", ["", "photos/"])
def test_a_zip_of_domains_is_read_in_place(tmp_path, prefix, capsys):
    files = {prefix + name: data for name, data in pictures({"cats": 4, "dogs": 3}).items()}
    root = write_zip(tmp_path / "photos.zip", files | {"__MACOSX/cats/._0.png": b"x", prefix + "cats/notes.txt": b"x"})
    before = sorted(path.name for path in tmp_path.iterdir())
    train = open_split(root, "train")
    assert "7 pictures taken, 2 files left out" in capsys.readouterr().err
    assert train.domains == ("cats", "dogs")
    np.testing.assert_array_equal(train.images[train.rows][:, 0, 0, 1], train.domain)
    folder = open_split(write(tmp_path / "photos", files), "train")
    assert len(folder.rows) == len(train.rows)
    report = check_folder(root)
    assert report.clean
    assert sum(report.counts.values()) == 7
    assert "2 test pictures of cats, dogs" in build_dataset("folder", str(root), str(tmp_path / "out"), 8, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "cache", "photos", "out"])


def test_pairs_in_a_zip(tmp_path):
    assert counts(write_zip(tmp_path / "a.zip", FACADES), paired=True) == {"train": {"A": 6, "B": 6}, "test": {"A": 3, "B": 3}}
    root = write_zip(tmp_path / "b.zip", pictures({"A": 4, "B": 4}))
    assert len(open_split(root, "train", paired=True).rows) == 6
    with pytest.raises(UserError, match=r"A/0\.png is 30 x 20 pixels as seen"):
        list_folder(write_zip(tmp_path / "c.zip", pictures({"A": 4, "B": 4}) | {"A/0.png": encode((1, 2, 3), (30, 20))}), paired=True)


def test_a_zips_fingerprint_follows_its_contents_alone(tmp_path):
    files = pictures({"cats": 4, "dogs": 3})
    prints = [
        [folder_source(write_zip(tmp_path / name / "a.zip", each), split, 8).fingerprint for split in ("train", "test")]
        for name, each in (("one", files), ("two", files), ("three", files | {"cats/1.png": encode((99, 9, 9))}))
    ]
    assert prints[0] == prints[1] != prints[2]


def test_hostile_names_in_a_zip_are_left_out_and_counted(tmp_path):
    root = write_zip(
        tmp_path / "a.zip", pictures({"cats": 3, "dogs": 3}) | {"../cats/9.png": encode((1, 1, 1)), "/cats/8.png": encode((1, 1, 1))}
    )
    link = zipfile.ZipInfo("cats/7.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(root, "a") as archive:
        archive.writestr(link, "0.png")
        archive.writestr("C:\\cats\\6.png", encode((1, 1, 1)))
    listing = list_folder(root)
    assert sum(map(len, listing.files["train"].values())) == 4
    assert listing.left_out == {"a link in the zip file, or a name that leads out of it": 4}
    assert all(path.is_relative_to(root) for path, _ in listing.ignored)


def test_bombs_in_a_zip_are_never_inflated(tmp_path, capsys):
    root = write_zip(tmp_path / "a.zip", pictures({"cats": 3, "dogs": 3}))
    with zipfile.ZipFile(root, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cats/bomb.png", bytes(10**6))
    assert ("cats/bomb.png", "1,000 bytes would grow to 1,000,000; it is not a picture")[1][6:] in dict(check_folder(root).bad)[
        "cats/bomb.png"
    ]
    sizes = [len(open_split(root, split).rows) for split in ("train", "test")]
    assert sum(sizes) == 6
    assert "would grow to 1,000,000" in capsys.readouterr().err


def test_zips_that_cannot_be_opened_are_named(tmp_path, monkeypatch):
    root = write_zip(tmp_path / "a.zip", pictures({"cats": 3, "dogs": 3}))
    (tmp_path / "cut.zip").write_bytes(root.read_bytes()[:-40])
    with pytest.raises(UserError, match=r"cut\.zip: .* cut short or not a zip file"):
        list_folder(tmp_path / "cut.zip")
    with pytest.raises(UserError, match=r"gone\.zip: no such folder"):
        list_folder(tmp_path / "gone.zip")
    monkeypatch.setattr(zip_files, "MAX_MEMBERS", 5)
    zip_files._contents.cache_clear()
    with pytest.raises(UserError, match="6 members are more than the 5 that are opened"):
        list_folder(root)
    zip_files._contents.cache_clear()


def test_a_zip_among_pictures_is_left_out_unopened(tmp_path):
    root = write(tmp_path / "data", pictures({"cats": 3, "dogs": 3}) | {"cats/more.zip": b"not a zip"})
    assert list_folder(root).left_out == {"not a picture by its suffix": 1}


@pytest.mark.parametrize(
    ("folders", "train"),
    [
        ({"Train/cats": 3, "Train/dogs": 2, "Test/cats": 1, "Test/dogs": 1}, {"cats": 3, "dogs": 2}),
        ({"TRAIN/cats": 3, "TRAIN/dogs": 2, "VAL/cats": 1, "VAL/dogs": 1}, {"cats": 3, "dogs": 2}),
        ({"TrainA": 3, "TrainB": 2, "TestA": 1, "TestB": 1}, {"A": 3, "B": 2}),
        ({"train_a": 3, "train_b": 2, "test_a": 1, "test_b": 1}, {"A": 3, "B": 2}),
        ({"trainA": 3, "trainB": 2, "TestA": 1, "TestB": 1}, {"A": 3, "B": 2}),
        ({"A/Train": 3, "B/Train": 2, "A/Test": 1, "B/Test": 1}, {"A": 3, "B": 2}),
        ({"images/train/cats": 3, "images/train/dogs": 2, "images/test/cats": 1, "images/test/dogs": 1}, {"cats": 3, "dogs": 2}),
        ({"train/cats/images": 3, "train/dogs/images": 2, "test/cats": 1, "test/dogs/images": 1}, {"cats": 3, "dogs": 2}),
        ({"set/set/trainA": 3, "set/set/trainB": 2, "set/set/testA": 1, "set/set/testB": 1}, {"A": 3, "B": 2}),
    ],
)
def test_nearly_these_layouts_are_recognised(tmp_path, folders, train):
    root = write(tmp_path / "data", pictures(folders))
    assert counts(root) == {"train": train, "test": dict.fromkeys(train, 1)}
    assert list_folder(root).left_out == {}


def test_domains_inside_one_folder_and_pictures_inside_images(tmp_path):
    root = write(tmp_path / "data", pictures({"images/cats": 3, "images/dogs": 3}))
    assert counts(root) == {"train": {"cats": 2, "dogs": 2}, "test": {"cats": 1, "dogs": 1}}
    root = write(tmp_path / "other", pictures({"cats/images": 3, "dogs/2019/images": 3}))
    assert counts(root) == {"train": {"cats": 2, "dogs": 2}, "test": {"cats": 1, "dogs": 1}}
    root = write(tmp_path / "kaggle", pictures({"faces/faces": 3}))
    assert counts(root, least_domains=1) == {"train": {"faces": 2}, "test": {"faces": 1}}


def test_flat_splits_are_one_domain_where_one_is_enough(tmp_path):
    root = write(tmp_path / "data", pictures({"train": 3, "test": 2}))
    assert counts(root, least_domains=1) == {"train": {"all": 3}, "test": {"all": 2}}
    with pytest.raises(UserError, match="2 domains are needed"):
        list_folder(root)


def test_pictures_that_lie_too_deep_are_pointed_at(tmp_path):
    root = write(tmp_path / "data", pictures({"cats/2019": 3, "cats/2020": 3, "dogs": 3}))
    with pytest.raises(UserError, match=r"'cats' has no picture in train; its pictures lie deeper, as cats/2019/0\.png does: move them up"):
        list_folder(root)


def test_other_spellings_than_trainA_get_the_advice_in_their_own(tmp_path):
    root = write(tmp_path / "data", pictures({"Train_A": 3, "Train_B": 2, "Test_A": 1}))
    with pytest.raises(UserError, match="'B' has no picture in test; it has no folder there; add Test_B, or take all test folders away"):
        list_folder(root)


def test_left_out_is_listed_by_check_in_zip_files_too(tmp_path):
    root = write_zip(tmp_path / "a.zip", pictures({"cats": 3, "dogs": 3}) | {"cats/notes.txt": b"x", "readme.md": b"x"})
    text = format_report(check_folder(root))
    assert "ignored: cats/notes.txt: not a picture by its suffix" in text
    assert "6 pictures taken, 2 files left out" in text
