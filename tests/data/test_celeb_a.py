"""CelebA is read from official files and from prepared copies alike, and says in a sentence what is wrong with either."""

import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from semgan.data import celeb_a, zip_files
from semgan.data.build import build_dataset
from semgan.data.celeb_a import celeb_a_source, open_pictures, read_annotations
from semgan.data.check import check_folder
from semgan.data.dataset import open_dataset
from semgan.data.decode import DecodeError
from semgan.data.loader import check_annotated
from semgan.data.records import open_records
from semgan.errors import UserError


def replace_text(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def open_train(folder: Path, cache: Path, **options):
    return open_dataset("celeb_a", split="train", image_size=8, source=str(folder), cache=cache, **options)


def test_splits_are_the_partitions(celeb_a_folder):
    assert [celeb_a_source(celeb_a_folder, split, 8).count for split in ("train", "validation", "test")] == [8, 2, 2]


def test_example_is_the_centred_square_with_its_annotations(celeb_a_folder):
    source = celeb_a_source(celeb_a_folder, "test", 8)
    example = source.example(1)  # row 11
    np.testing.assert_allclose(example["image"], 110, atol=6)  # nothing of the white above and below
    assert example["attributes"].dtype == np.int8
    assert example["attributes"].sum() == 0
    assert source.example(0)["attributes"].nonzero()[0].tolist() == [celeb_a.ATTRIBUTE_NAMES.index("Male")]
    expected = [[(11 + 10 * point) / 178, (20 + 11 - 20) / 178] for point in range(5)]
    np.testing.assert_allclose(example["landmarks"], expected, rtol=1e-6)


def test_opens_by_attribute_domains(celeb_a_folder, tmp_path):
    dataset = open_train(celeb_a_folder, tmp_path / "cache", domains=("~Male", "Male"))
    assert dataset.domain.tolist() == [1, 0] * 4
    np.testing.assert_allclose(dataset.images[dataset.rows, 4, 4, 0], np.arange(8) * 10, atol=6)
    assert dataset.annotations["landmarks"].shape == (8, 5, 2)
    assert dataset.names["attributes"] == celeb_a.ATTRIBUTE_NAMES
    with pytest.raises(UserError, match=r"2 domains are needed; found all: 8; .*'Male', '~Male'"):
        open_train(celeb_a_folder, tmp_path / "cache")
    assert open_train(celeb_a_folder, tmp_path / "cache", least_domains=1).domains == ("all",)


def test_landmarks_are_needed_only_where_they_are_used(celeb_a_folder, tmp_path):
    (celeb_a_folder / celeb_a.LANDMARKS).unlink()
    dataset = open_train(celeb_a_folder, tmp_path / "cache", domains=("~Male", "Male"))
    assert (len(dataset.rows), list(dataset.annotations)) == (8, ["attributes"])
    sentence = r"needs landmarks of every picture.* or download CelebA's list_landmarks_align_celeba\.txt .*into .*official"
    with pytest.raises(UserError, match=sentence):
        check_annotated(dataset, {"landmarks": ()})
    assert "list_landmarks_align_celeba.txt is absent; it is needed only where" in " ".join(check_folder(celeb_a_folder).notes)
    with pytest.raises(UserError, match=r"has landmarks, and these files none: download CelebA's list_landmarks_align_celeba\.txt"):
        build_dataset("celeb_a", str(celeb_a_folder), str(tmp_path / "out"), 0, 0)


def as_kaggle_ships_it(official: Path, folder: Path, *, nested: bool = True, bom: str = "", landmarks: bool = False) -> Path:
    """The same pictures in a folder, and tables with commas and a header."""
    with zipfile.ZipFile(official / celeb_a.ZIP) as archive:
        archive.extractall(folder / "img_align_celeba" if nested else folder)
    names = {celeb_a.ATTRIBUTES: celeb_a.ATTRIBUTE_NAMES, celeb_a.LANDMARKS: celeb_a.LANDMARK_NAMES, celeb_a.PARTITION: ("partition",)}
    for table in (celeb_a.ATTRIBUTES, celeb_a.PARTITION, *([celeb_a.LANDMARKS] if landmarks else [])):
        rows = (official / table).read_text().splitlines()[0 if table == celeb_a.PARTITION else 2 :]
        lines = [",".join(["image_id", *names[table]]), *(",".join(row.split()) for row in rows)]
        (folder / table.replace(".txt", ".csv")).write_text(bom + "\r\n".join(lines) + "\r\n", "utf-8")
    (folder / "list_bbox_celeba.csv").write_text("image_id,x_1,y_1,width,height\n")
    return folder


@pytest.mark.parametrize(("nested", "bom"), [(True, ""), (False, "\ufeff")])
def test_kaggles_files_equal_the_official_ones(celeb_a_folder, tmp_path, nested, bom):
    kaggle = as_kaggle_ships_it(celeb_a_folder, tmp_path / "kaggle", nested=nested, bom=bom, landmarks=True)
    for split, count in (("train", 8), ("validation", 2), ("test", 2)):
        source = celeb_a_source(kaggle, split, 8)
        assert source.count == count
        assert_same_examples(source, celeb_a_source(celeb_a_folder, split, 8), count)
    report = check_folder(kaggle)
    assert report.clean
    assert report.counts == {"train": 8, "validation": 2, "test": 2}


def test_kaggles_files_train_without_landmarks_and_follow_their_pictures(celeb_a_folder, tmp_path):
    kaggle = as_kaggle_ships_it(celeb_a_folder, tmp_path / "kaggle")
    dataset = open_train(kaggle, tmp_path / "cache", domains=("~Male", "Male"))
    assert dataset.domain.tolist() == [1, 0] * 4
    np.testing.assert_allclose(dataset.images[dataset.rows, 4, 4, 0], np.arange(8) * 10, atol=6)
    first = celeb_a_source(kaggle, "train", 8).fingerprint
    path = kaggle / "img_align_celeba" / "img_align_celeba" / "000003.jpg"
    path.write_bytes(path.read_bytes() + b"x")
    assert celeb_a_source(kaggle, "train", 8).fingerprint != first


def test_what_is_missing_from_kaggles_files_is_named(celeb_a_folder, tmp_path):
    kaggle = as_kaggle_ships_it(celeb_a_folder, tmp_path / "kaggle")
    (kaggle / "img_align_celeba" / "img_align_celeba" / "000003.jpg").unlink()
    with pytest.raises(UserError, match=r"1 pictures of .* are not in it, the first is img_align_celeba/000003\.jpg"):
        celeb_a_source(kaggle, "train", 8)
    replace_text(kaggle / "list_attr_celeba.csv", "Bald", "Baldness")
    with pytest.raises(UserError, match=r"list_attr_celeba\.csv: its names of columns .* start with image_id,5_o_Clock_Shadow"):
        read_annotations(kaggle)
    (kaggle / "list_eval_partition.csv").unlink()
    with pytest.raises(UserError, match=r"list_eval_partition\.txt is missing; .*Kaggle's .*list_eval_partition\.csv"):
        read_annotations(kaggle)


def test_another_count_is_a_note_not_an_error(celeb_a_folder, capsys):
    celeb_a_source(celeb_a_folder, "train", 8)
    assert "12 pictures, where CelebA has 202,599" in capsys.readouterr().err
    celeb_a_source(celeb_a_folder, "train", 8, expected_count=12)
    assert capsys.readouterr().err == ""


def test_rows_in_another_order_are_put_right(celeb_a_folder):
    before = read_annotations(celeb_a_folder)
    path = celeb_a_folder / celeb_a.LANDMARKS
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:2] + lines[:1:-1]))
    np.testing.assert_array_equal(read_annotations(celeb_a_folder).landmarks, before.landmarks)


def test_identity_is_optional(celeb_a_folder):
    assert read_annotations(celeb_a_folder).identity.tolist() == list(range(2000, 2012))
    (celeb_a_folder / celeb_a.IDENTITY).unlink()
    assert read_annotations(celeb_a_folder).identity.tolist() == [-1] * 12


@pytest.mark.parametrize("name", [celeb_a.ZIP, celeb_a.ATTRIBUTES, celeb_a.PARTITION])
def test_missing_file_is_named(celeb_a_folder, name):
    (celeb_a_folder / name).unlink()
    with pytest.raises(UserError, match=f"{name} is missing; CelebA needs"):
        celeb_a_source(celeb_a_folder, "train", 8)


@pytest.mark.parametrize("name", [celeb_a.ZIP, celeb_a.ATTRIBUTES, celeb_a.LANDMARKS, celeb_a.PARTITION])
def test_file_that_is_cut_short_is_named(celeb_a_folder, name):
    path = celeb_a_folder / name
    data = path.read_bytes()
    cut = data[: data.index(b"000009.jpg")] if path.suffix == ".txt" else data[:-100]
    path.write_bytes(cut)
    other = celeb_a.ATTRIBUTES if name == celeb_a.PARTITION else name  # the partition file does not say how long it is
    with pytest.raises(UserError, match=f"{other}: .*download"):
        celeb_a_source(celeb_a_folder, "train", 8)


def test_malformed_text_is_named(celeb_a_folder):
    replace_text(celeb_a_folder / celeb_a.LANDMARKS, "000004.jpg 3", "000004.jpg x")
    with pytest.raises(UserError, match=r"list_landmarks_align_celeba\.txt: cannot be read as numbers .*'x'"):
        read_annotations(celeb_a_folder)
    replace_text(celeb_a_folder / celeb_a.ATTRIBUTES, "Bald", "Baldness")
    with pytest.raises(UserError, match=r"list_attr_celeba\.txt: its names of columns"):
        read_annotations(celeb_a_folder)


def rewrite_zip(folder: Path, leave_out: str = "", **extra: bytes) -> None:
    path = folder / celeb_a.ZIP
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (members | extra).items():
            if name != leave_out:
                archive.writestr(name, data)


def test_picture_missing_from_the_zip_is_named(celeb_a_folder):
    rewrite_zip(celeb_a_folder, leave_out="img_align_celeba/000003.jpg")
    with pytest.raises(UserError, match=r"1 pictures of .* are not in it, the first is img_align_celeba/000003\.jpg"):
        celeb_a_source(celeb_a_folder, "train", 8)


def test_damaged_member_is_left_out_and_listed(celeb_a_folder, tmp_path, capsys):
    path = celeb_a_folder / celeb_a.ZIP
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("img_align_celeba/000002.jpg")
    data = bytearray(path.read_bytes())
    data[info.header_offset + 200] ^= 255
    path.write_bytes(data)
    dataset = open_train(celeb_a_folder, tmp_path / "cache", domains=("~Male", "Male"))
    assert dataset.rows.tolist() == [0, 2, 3, 4, 5, 6, 7]
    assert "000002.jpg: is damaged in the zip (Bad CRC-32" in capsys.readouterr().err


def test_bomb_in_the_zip_is_never_inflated(celeb_a_folder):
    rewrite_zip(celeb_a_folder, **{"img_align_celeba/000001.jpg": bytes(50_000_000), "img_align_celeba/000002.jpg": bytes(10**6)})
    for file in ("000001.jpg", "000002.jpg"):  # by its size, by its ratio
        with pytest.raises(DecodeError, match=f"{file}: .* bytes would grow to"):
            open_pictures(celeb_a_folder).read(file)


def test_a_symlink_in_the_zip_is_never_followed(celeb_a_folder, tmp_path, capsys):
    rewrite_zip(celeb_a_folder, leave_out="img_align_celeba/000003.jpg")
    link = zipfile.ZipInfo("img_align_celeba/000003.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(celeb_a_folder / celeb_a.ZIP, "a") as archive:
        archive.writestr(link, "000001.jpg")
    dataset = open_train(celeb_a_folder, tmp_path / "cache", domains=("~Male", "Male"))
    assert dataset.rows.tolist() == [0, 1, 3, 4, 5, 6, 7]
    assert "000003.jpg: not a picture" in capsys.readouterr().err


def test_a_zip_of_too_many_members_is_refused(celeb_a_folder, monkeypatch):
    monkeypatch.setattr(zip_files, "MAX_MEMBERS", 11)
    with pytest.raises(UserError, match=r"13 members are more than the 11 that are opened"):
        celeb_a_source(celeb_a_folder, "train", 8)


def test_zip_slip_writes_nothing(celeb_a_folder, tmp_path):
    rewrite_zip(celeb_a_folder, **{"../escaped.jpg": b"x", "/tmp/semgan-escaped.jpg": b"x"})
    dataset = open_train(celeb_a_folder, tmp_path / "cache", domains=("~Male", "Male"))
    assert len(dataset.rows) == 8
    assert {path.name for path in tmp_path.iterdir()} == {"official", "cache"}
    assert not Path("/tmp/semgan-escaped.jpg").exists()


def test_official_sizes_and_hashes_are_compared(celeb_a_folder, monkeypatch):
    assert len(celeb_a.compare_with_official(celeb_a_folder)) == 5
    path = celeb_a_folder / celeb_a.PARTITION
    size = path.stat().st_size
    monkeypatch.setattr(celeb_a, "OFFICIAL_FILES", {celeb_a.PARTITION: (size, celeb_a.hash_file(path))})
    assert celeb_a.compare_with_official(celeb_a_folder) == []
    monkeypatch.setattr(celeb_a, "OFFICIAL_FILES", {celeb_a.PARTITION: (size, "0" * 64)})
    assert "another SHA-256" in celeb_a.compare_with_official(celeb_a_folder)[0]


def assert_same_examples(left, right, count: int):
    for row in range(count):
        one, other = left.example(row), right.example(row)
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], strict=True)


def test_prepared_dataset_equals_the_official_files(celeb_a_folder, celeb_a_prepared):
    for split, count in (("train", 8), ("test", 2)):
        prepared = celeb_a_source(celeb_a_prepared, split, 8)
        assert prepared.count == count
        assert_same_examples(prepared, celeb_a_source(celeb_a_folder, split, 8), count)


def write_tfrecords(prepared: Path, folder: Path, lengths: tuple[int, ...]) -> None:
    """The train split as TFRecord files; the checksums, which are not read, are zero."""
    folder.mkdir(parents=True)
    read, row = open_records(prepared / "celeb_a" / "2.1.0", "train"), 0
    for shard, length in enumerate(lengths):
        with open(folder / f"celeb_a-train.tfrecord-{shard:05d}-of-{len(lengths):05d}", "wb") as file:
            for _ in range(length):
                record, row = read(row), row + 1
                file.write(struct.pack("<Q", len(record)) + bytes(4) + record + bytes(4))
    splits = f'[{{"name": "train", "shardLengths": {[str(length) for length in lengths]}}}]'.replace("'", '"')
    (folder / "dataset_info.json").write_text(f'{{"fileFormat": "tfrecord", "splits": {splits}}}')


def test_tfrecord_copy_equals_the_official_files(celeb_a_folder, celeb_a_prepared, tmp_path):
    write_tfrecords(celeb_a_prepared, tmp_path / "copy", (5, 3))
    assert_same_examples(celeb_a_source(tmp_path / "copy", "train", 8), celeb_a_source(celeb_a_folder, "train", 8), 8)


@pytest.mark.parametrize(("cut", "message"), [(10, "is cut short or damaged after record 2"), (10**9, "is empty")])
def test_cut_tfrecord_is_named(celeb_a_prepared, tmp_path, cut, message):
    write_tfrecords(celeb_a_prepared, tmp_path / "copy", (5, 3))
    path = tmp_path / "copy" / "celeb_a-train.tfrecord-00001-of-00002"
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(UserError, match=f"00001-of-00002: {message}"):
        celeb_a_source(tmp_path / "copy", "train", 8)


def test_stock_tfds_reads_what_was_built(celeb_a_prepared):
    tfds = pytest.importorskip("tensorflow_datasets")
    source = tfds.data_source("celeb_a", split="train", data_dir=celeb_a_prepared)
    example = source[3]
    assert len(source) == 8
    assert example["image"].shape == (218, 178, 3)
    assert (example["attributes"]["Male"], example["landmarks"]["nose_x"]) == (False, 23)
    assert example["identity"]["Identity_No"] == 2003
    stock = tfds.builder_cls("celeb_a")
    features = tfds.builder_from_directory(celeb_a_prepared / "celeb_a" / "2.1.0").info.features
    assert str(features) == str(stock(data_dir=celeb_a_prepared).info.features)
    assert str(stock.VERSION) == "2.1.0"


def test_build_says_what_it_made_and_keeps_stdout_clean(celeb_a_folder, tmp_path, capsys):
    sentence = build_dataset("celeb_a", str(celeb_a_folder), str(tmp_path / "out"), 0, 0)
    assert all(part in sentence for part in ("8 train", "2 validation", "2 test", f"--config.data.source={tmp_path / 'out'}"))
    assert capsys.readouterr().out == ""


def test_build_of_nothing_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        build_dataset("celeb_a", str(tmp_path / "gone"), str(tmp_path / "out"), 0, 0)
    with pytest.raises(UserError, match="--source and --out"):
        build_dataset("celeb_a", "", "", 0, 0)
