"""What a user says of a picture moves with it into training, and what is wrong is named before anything long runs."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semgan.data import folder_masks
from semgan.data.check import check_folder
from semgan.data.dataset import open_dataset
from semgan.data.decode import DecodeError
from semgan.data.folder import folder_source, list_folder
from semgan.errors import UserError

pytestmark = pytest.mark.filterwarnings("ignore::semgan.data.decode_warnings.FlatWarning")  # pictures of one colour are easy to tell apart

FACE = ",".join(f"landmark:{name}:{axis}" for name in ("eye", "eye2", "nose", "mouth", "mouth2") for axis in "xy")
HAT = "box:hat:left,box:hat:top,box:hat:right,box:hat:bottom"


def save(path: Path, pixels: np.ndarray, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def write(folder: Path, header: str, rows: dict[str, str], width: int = 8, height: int = 4) -> Path:
    """A domain's folder: a black picture for every row, and the table."""
    for name in rows:
        save(folder / name, np.zeros((height, width, 3), np.uint8))
    (folder / "annotations.csv").write_text("\n".join([header, *(f"{name},{cells}" for name, cells in rows.items())]) + "\n")
    return folder


def write_two(root: Path, header: str = "file,attribute:sad", rows: tuple[str, ...] = ("0", "1", "1")) -> Path:
    """Cats and dogs, annotated alike."""
    for domain in ("cats", "dogs"):
        write(root / domain, header, {f"{number}.png": cells for number, cells in enumerate(rows)})
    return root


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def examples(root: Path, image_size: int = 4, **options) -> dict[str, dict]:
    """Of both splits, by the picture's path below root."""
    found = {}
    for split in ("train", "test"):
        source = folder_source(root, split, image_size, **options)
        found |= {path: source.example(row) for row, (path, _, _) in enumerate(source.example.files)}
    return found


def test_places_move_with_the_centred_square(tmp_path):
    """The square of 8 x 4 pixels starts at x = 2 and has 4 pixels a side; that of 4 x 8 starts at y = 2."""
    points = "2,0,6,0,4,2,3,3,7,5"
    rows = {
        "whole.png": f"{points},3,1,5,3",
        "cut.png": f"{points},0,1,4,9",
        "outside.png": f"{points},0,0,2,4",
        "none.png": f"{points},,,,",
    }
    write(tmp_path / "cats", f"file,{FACE},{HAT}", rows)
    write(tmp_path / "dogs", f"file,{FACE},{HAT}", rows, width=4, height=8)
    found = examples(tmp_path)
    landmarks = found["cats/cut.png"]["landmarks"]
    np.testing.assert_array_equal(landmarks, [[0, 0], [1, 0], [0.5, 0.5], [0.25, 0.75], [1.25, 1.25]])
    assert landmarks.dtype == found["cats/cut.png"]["boxes"].dtype == np.float32
    np.testing.assert_array_equal(found["cats/whole.png"]["boxes"], [[0.25, 0.25, 0.75, 0.75]])
    np.testing.assert_array_equal(found["cats/cut.png"]["boxes"], [[0, 0.25, 0.5, 1]])
    np.testing.assert_array_equal(found["cats/outside.png"]["boxes"], [[-1, -1, -1, -1]])
    np.testing.assert_array_equal(found["cats/none.png"]["boxes"], [[-1, -1, -1, -1]])
    np.testing.assert_array_equal(found["dogs/whole.png"]["landmarks"][:3], [[0.5, -0.5], [1.5, -0.5], [1, 0]])
    np.testing.assert_array_equal(found["dogs/whole.png"]["boxes"], [[0.75, 0, 1, 0.25]])


def test_masks_show_what_their_pictures_show(tmp_path):
    """A mask as bright as its picture stays so where nothing is resized, and else takes the pixel at each new pixel's centre."""
    ids = np.random.default_rng(0).integers(0, 5, (6, 8), np.uint8)
    write_two(tmp_path, "file,mask", ("masks/a.png", "masks/a.png"))
    for domain in ("cats", "dogs"):
        save(tmp_path / domain / "masks" / "a.png", ids)
        for number in range(2):
            save(tmp_path / domain / f"{number}.png", np.repeat(50 * ids[..., None], 3, -1))
    for example in examples(tmp_path, 6).values():
        np.testing.assert_array_equal(50 * example["mask"], example["image"][..., 0])
    for example in examples(tmp_path, 2).values():
        np.testing.assert_array_equal(example["mask"], ids[1::3, 2::3])
        assert example["mask"].dtype == np.uint8


def test_palettes_give_their_indices_and_lying_photographs_have_masks_as_they_are_seen(tmp_path):
    ids = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    mask = Image.fromarray(ids)
    mask.putpalette([9, 9, 9, 0, 0, 0, 255, 0, 0])
    write_two(tmp_path, "file,mask", ("masks/a.png",) * 2)
    lying = Image.Exif()
    lying[0x0112] = 6
    for domain in ("cats", "dogs"):
        (tmp_path / domain / "masks").mkdir()
        mask.save(tmp_path / domain / "masks" / "a.png")
        for number in range(2):
            save(tmp_path / domain / f"{number}.png", np.zeros((3, 2, 3), np.uint8), exif=lying)
    assert folder_source(tmp_path, "train", 2).names["mask"] == ("0", "1", "2")
    for example in examples(tmp_path, 2).values():
        np.testing.assert_array_equal(example["mask"], [[0, 1], [2, 1]])


def test_a_dataset_carries_the_annotations_under_their_names(tmp_path):
    header = "file,attribute:sad,attribute:old,category,mask"
    write(tmp_path / "cats", header, {f"{n}.png": f"{n % 2},{-1 if n % 3 else 1},{'xy'[n % 2]},masks/{n % 2}.png" for n in range(8)})
    write(tmp_path / "dogs", "file,category,mask,attribute:old,attribute:sad", {f"{n}.png": "a,masks/0.png,0,0" for n in range(8)})
    for domain, number in (("cats", 0), ("cats", 1), ("dogs", 0)):
        save(tmp_path / domain / "masks" / f"{number}.png", np.full((4, 8), number, np.uint8))
    (tmp_path / "mask_classes.txt").write_text("ground\nface\nhair\n\n")
    for number in range(8):
        save(tmp_path / "cats" / f"{number}.png", np.full((4, 8, 3), 100 + number, np.uint8))

    def opened(**options):
        return open_dataset("folder", image_size=4, source=str(tmp_path), cache=tmp_path / ".cache", **options)

    for split in ("train", "test"):
        data = opened(split=split)
        names = {"attributes": ("sad", "old"), "category": ("a", "x", "y"), "mask": ("ground", "face", "hair")}
        assert (data.names, data.annotations.keys()) == (names, names.keys())
        truth = {name: values[data.rows] for name, values in data.annotations.items()}
        assert (truth["attributes"].dtype, truth["category"].dtype, truth["mask"].dtype) == (np.int8, np.int32, np.uint8)
        cats, number = data.domain == 0, data.images[data.rows, 0, 0, 0] - 100
        np.testing.assert_array_equal(truth["attributes"][:, 0], np.where(cats, number % 2, 0))
        np.testing.assert_array_equal(truth["attributes"][:, 1], np.where(cats, number % 3 == 0, 0))
        np.testing.assert_array_equal(truth["category"], np.where(cats, 1 + number % 2, 0))
        np.testing.assert_array_equal(truth["mask"][:, 1, 2], np.where(cats, number % 2, 0))
    assert opened(split="train", domains=("sad", "~sad")).domains == ("sad", "~sad")


def test_every_layout_has_a_table_in_each_domain_s_folder(tmp_path):
    for number, layout in enumerate(("{split}A,{split}B", "{split}/A,{split}/B")):
        root = tmp_path / str(number)
        for split in ("train", "test"):
            for folder in layout.format(split=split).split(","):
                write(root / folder, "file,category", {f"{split}.png": split})
        found = examples(root, paired=True)
        assert [int(example["category"]) for _, example in sorted(found.items())] == [0, 0, 1, 1]
        (root / layout.format(split="test").split(",")[1] / "annotations.csv").unlink()
        with pytest.raises(UserError, match=r"test/?B has no annotations.csv, but train/?A has"):
            folder_source(root, "train", 4)


def test_one_flat_folder_may_be_annotated(tmp_path):
    write(tmp_path, "file,mask", {"0.png": "masks/0.png", "1.png": "masks/0.png"})
    save(tmp_path / "masks" / "0.png", np.ones((4, 8), np.uint8))
    (tmp_path / "mask_classes.txt").write_text("a\nb")
    assert list_folder(tmp_path, least_domains=1).ignored == []
    assert {path: example["mask"].sum() for path, example in examples(tmp_path, least_domains=1).items()} == {"0.png": 16, "1.png": 16}


def test_tables_and_masks_are_no_strays_but_where_they_are_not_used(tmp_path):
    write_two(tmp_path)
    save(tmp_path / "cats" / "masks" / "0.png", np.zeros((4, 8), np.uint8))
    (tmp_path / "mask_classes.txt").write_text("a")
    assert list_folder(tmp_path).ignored == []
    (tmp_path / "annotations.csv").write_text("file")
    assert [path.name for path, _ in list_folder(tmp_path).ignored] == ["annotations.csv"]
    for domain in ("cats", "dogs"):
        (tmp_path / domain / "annotations.csv").unlink()
    assert sorted(path.name for path, _ in list_folder(tmp_path).ignored) == ["annotations.csv", "mask_classes.txt", "masks"]
    assert folder_source(tmp_path, "train", 4).names == {"domain": ("cats", "dogs")}


def test_fingerprint_follows_tables_masks_and_names_of_classes(tmp_path):
    write_two(tmp_path, "file,mask", ("masks/a.png", "masks/a.png"))
    for domain in ("cats", "dogs"):
        save(tmp_path / domain / "masks" / "a.png", np.zeros((4, 8), np.uint8))

    def fingerprint():
        return folder_source(tmp_path, "train", 4).fingerprint

    found = [fingerprint()]
    assert fingerprint() == found[0]
    os.utime(tmp_path / "cats" / "masks" / "a.png", ns=(1, 1))
    found.append(fingerprint())
    change(tmp_path / "dogs" / "annotations.csv", "0.png,", "0.png, ")
    found.append(fingerprint())
    (tmp_path / "mask_classes.txt").write_text("ground")
    found.append(fingerprint())
    assert len(set(found)) == 4


def test_masks_are_read_once_for_as_long_as_they_stay_the_same(tmp_path, monkeypatch):
    write_two(tmp_path, "file,mask", ("masks/a.png", "masks/a.png"))
    for domain in ("cats", "dogs"):
        save(tmp_path / domain / "masks" / "a.png", np.full((4, 8), 2, np.uint8))
    read = []
    load = folder_masks.load_mask
    monkeypatch.setattr(folder_masks, "load_mask", lambda path: read.append(path) or load(path))
    assert folder_source(tmp_path, "train", 4).names["mask"] == folder_source(tmp_path, "test", 4).names["mask"] == ("0", "1", "2")
    assert len(read) == 4
    save(tmp_path / "cats" / "masks" / "a.png", np.full((4, 8), 3, np.uint8))
    os.utime(tmp_path / "cats" / "masks" / "a.png", ns=(1, 1))
    assert folder_source(tmp_path, "train", 4).names["mask"] == ("0", "1", "2", "3")


def test_a_mask_that_changes_before_it_is_decoded_leaves_its_picture_out(tmp_path):
    write_two(tmp_path, "file,mask", ("masks/a.png", "masks/a.png"))
    masks = [save(tmp_path / domain / "masks" / "a.png", np.zeros((4, 8), np.uint8)) for domain in ("cats", "dogs")]
    source = folder_source(tmp_path, "train", 4)
    for path in masks:
        save(path, np.zeros((4, 4), np.uint8))
    with pytest.raises(DecodeError, match=r"masks/a.png: is 4 x 4 pixels and its picture 8 x 4; make them of one size"):
        source.example(0)


def test_a_picture_that_cannot_be_decoded_hinders_no_other(tmp_path):
    write_two(tmp_path, "file,mask", ("masks/a.png", "masks/a.png", "masks/a.png"))
    for domain in ("cats", "dogs"):
        save(tmp_path / domain / "masks" / "a.png", np.zeros((4, 8), np.uint8))
    list_folder(tmp_path).files["train"]["cats"][0].write_bytes(b"")
    opened = [open_dataset("folder", split=s, image_size=4, source=str(tmp_path), cache=tmp_path / ".cache") for s in ("test", "train")]
    assert sum(len(data.rows) for data in opened) == 5


def test_spreadsheets_that_quote_begin_with_a_mark_or_leave_lines_empty_are_read(tmp_path):
    write_two(tmp_path, rows=("1", "1"))
    (tmp_path / "cats" / "annotations.csv").write_bytes('\ufefffile,"attribute:sad"\r\n\r\n"0.png", 1 \r\n1.png,"1"\r\n,\r\n'.encode())
    assert all(example["attributes"].tolist() == [1] for example in examples(tmp_path).values())


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "its header starts with ''; start it with file, a comma and the annotations"),
        ("file;attribute:sad", "its header starts with 'file;attribute:sad'"),
        ("file,attribute:sad,attribute:sad", "has the column attribute:sad twice"),
        ("file,atribute:sad", r"the column 'atribute:sad' is not an annotation; use attribute:NAME, category, .* or mask"),
        ("file,attribute:", "the column 'attribute:' is not an annotation"),
        ("file,landmark:eye:z", "the column 'landmark:eye:z' is not an annotation"),
        ("file", "has no column but file"),
        (f"file,{HAT.removesuffix(',box:hat:bottom')}", "box:hat:bottom is missing beside the others of its name"),
        ("file,landmark:eye:y", "landmark:eye:x is missing"),
        ("file,landmark:eye:x,landmark:eye:y", r"has 1 landmarks \(eye\); give five: the eye at the picture's left"),
    ],
)
def test_wrong_headers_are_named(tmp_path, header, message):
    write_two(tmp_path)
    (tmp_path / "cats" / "annotations.csv").write_text(header)
    with pytest.raises(UserError, match=re.escape(str(tmp_path / "cats" / "annotations.csv")) + ": " + message):
        folder_source(tmp_path, "train", 4)


@pytest.mark.parametrize(
    ("header", "cells", "message"),
    [
        ("attribute:sad", "yes", "attribute:sad is 'yes'; give 0 or 1"),
        ("attribute:sad", "", "attribute:sad is ''"),
        ("category", "", "category is empty; give a name"),
        (FACE, "1,1,x,1,1,1,1,1,1,1", "landmark:eye2:x is 'x'; give a number of pixels"),
        (FACE, "1,1,1,1,1,,1,1,1,1", "landmark:nose:y is ''; give a number of pixels"),
        (FACE, "inf,1,1,1,1,1,1,1,1,1", "landmark:eye:x is 'inf'; give a finite number"),
        (HAT, "1,2,3,", "box:hat has some of its four sides alone"),
        (HAT, "3,1,1,2", "box:hat goes from 3 to 1 and from 1 to 2; give left and top the less"),
        (HAT, "1,2,nan,4", "box:hat:right is 'nan'"),
        ("mask", "", "mask is ''; give a file in the sub-folder masks, such as masks/7.png"),
        ("mask", "masks/../1.png", "mask is 'masks/../1.png'; give a file in the sub-folder masks"),
        ("mask", "masks/none.png", "mask is 'masks/none.png', but there is no such file"),
    ],
)
def test_wrong_values_are_named_with_their_line_and_picture(tmp_path, header, cells, message):
    good = {"attribute:sad": "1", "category": "a", FACE: "1,1,1,1,1,1,1,1,1,1", HAT: ",,,", "mask": "masks/a.png"}[header]
    for domain in ("cats", "dogs"):
        save(tmp_path / domain / "masks" / "a.png", np.zeros((4, 8), np.uint8))
    write_two(tmp_path, f"file,{header}", (good, good, good))
    folder_source(tmp_path, "train", 4)
    change(tmp_path / "dogs" / "annotations.csv", f"1.png,{good}", f"1.png,{cells}")
    with pytest.raises(UserError, match=re.escape(str(tmp_path / "dogs" / "annotations.csv")) + r": line 3 \(1.png\): " + message):
        folder_source(tmp_path, "test", 4)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1.png,1", "1.png,1,1", r"line 3 \(1.png\) has 3 cells where the header has 2; correct that line"),
        ("1.png", "7.png", r"line 3 \(7.png\) has no picture of that name in the folder; correct the name or delete the line"),
        ("1.png", "0.png", r"line 3 \(0.png\) is of the same picture as line 2; leave one of them"),
        ("1.png,1\n", "", "1 pictures have no line, the first is 1.png; add one for each or take them away"),
        ("1.png", '"1.png', "cannot be read as a table"),
    ],
)
def test_rows_and_pictures_have_to_be_each_other_s(tmp_path, old, new, message):
    write_two(tmp_path)
    change(tmp_path / "cats" / "annotations.csv", old, new)
    with pytest.raises(UserError, match=re.escape(str(tmp_path / "cats" / "annotations.csv")) + ": " + message):
        folder_source(tmp_path, "train", 4)


def test_domains_have_to_have_the_same_columns(tmp_path):
    write_two(tmp_path, "file,attribute:sad,attribute:old", ("0,1", "1,1"))
    cats, dogs = (tmp_path / domain / "annotations.csv" for domain in ("cats", "dogs"))
    change(cats, "attribute:old", "category")
    with pytest.raises(UserError, match=f"{dogs}: category is missing, which {cats} has; give every domain and split the same columns"):
        folder_source(tmp_path, "train", 4)
    write(tmp_path / "cats", "file,attribute:sad", {"0.png": "0", "1.png": "1"})
    with pytest.raises(UserError, match=f"{cats}: attribute:old is missing, which {dogs} has"):
        folder_source(tmp_path, "train", 4)
    dogs.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=f"{dogs}: cannot be read as a table .* save it as CSV in UTF-8, with commas"):
        folder_source(tmp_path, "train", 4)
    dogs.unlink()
    with pytest.raises(UserError, match=r"dogs has no annotations.csv, but cats has; give one to every domain and split, or to none"):
        folder_source(tmp_path, "train", 4)


def _grey(bits: int) -> Image.Image:
    return Image.new({1: "1", 8: "L", 16: "I;16", 24: "RGB"}[bits], (8, 4))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: _grey(8).resize((4, 8)).save(path), "is 4 x 8 pixels and its picture 8 x 4; make them of one size"),
        (lambda path: Image.new("L", (8, 4), 3).save(path), "has the class 3, but mask_classes.txt names 3, from 0 on; name it there"),
        (lambda path: _grey(1).save(path), "is neither of 8-bit grey nor with a palette; save it so"),
        (lambda path: _grey(16).save(path), "is neither of 8-bit grey nor with a palette"),
        (lambda path: _grey(24).save(path), "is neither of 8-bit grey nor with a palette"),
        (lambda path: _grey(8).save(path, "JPEG"), "is not a PNG, or is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:45]), "is not a PNG, or is damaged"),
    ],
)
def test_wrong_masks_are_named_with_the_row_before_anything_is_decoded(tmp_path, spoil, message):
    write_two(tmp_path, "file,mask", tuple(f"masks/{number}.png" for number in range(3)))
    for domain in ("cats", "dogs"):
        for number in range(3):
            save(tmp_path / domain / "masks" / f"{number}.png", np.full((4, 8), number, np.uint8))
    (tmp_path / "mask_classes.txt").write_text("a\nb\nc")
    folder_source(tmp_path, "train", 4)
    spoil(tmp_path / "dogs" / "masks" / "1.png")
    table = re.escape(str(tmp_path / "dogs" / "annotations.csv"))
    with pytest.raises(UserError, match=table + r": line 3 \(1.png\): mask masks/1.png " + message):
        folder_source(tmp_path, "train", 4)


@pytest.mark.parametrize("text", ["", "a\n\nb", "a\nb\na", "\n".join(map(str, range(257)))])
def test_names_of_classes_are_one_per_line(tmp_path, text):
    write_two(tmp_path, "file,mask", ("masks/a.png", "masks/a.png"))
    for domain in ("cats", "dogs"):
        save(tmp_path / domain / "masks" / "a.png", np.zeros((4, 8), np.uint8))
    (tmp_path / "mask_classes.txt").write_text(text)
    with pytest.raises(UserError, match=r"mask_classes.txt: has to have one class per line, that of id 0 first"):
        folder_source(tmp_path, "train", 4)


def test_a_check_says_what_is_annotated_and_what_is_wrong(tmp_path):
    write_two(tmp_path, f"file,attribute:sad,{HAT},mask", ("0,1,1,2,2,masks/a.png",) * 2)
    for domain in ("cats", "dogs"):
        save(tmp_path / domain / "masks" / "a.png", np.zeros((4, 8), np.uint8))
    report = check_folder(tmp_path)
    assert report.notes == ["annotated with attributes (1), boxes (1), mask (1)"]
    assert (report.ignored, sum(report.counts.values())) == ([], 4)
    assert "annotations.csv" not in dict(report.bad)
    change(tmp_path / "cats" / "annotations.csv", "0.png,0", "0.png,2")
    assert "line 2 (0.png): attribute:sad is '2'" in dict(check_folder(tmp_path).bad)["annotations.csv"]
    shutil.rmtree(tmp_path / "cats")
    assert check_folder(tmp_path).counts == {"all": 2}
