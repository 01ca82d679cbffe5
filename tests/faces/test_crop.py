import csv

import numpy as np
import pytest
from PIL import Image

from semgan import cli
from semgan.data.check import check_folder
from semgan.data.dataset import open_dataset
from semgan.errors import UserError
from semgan.faces.crop import crop_folder
from semgan.faces.detect import Face
from semgan.faces.geometry import celeba_square, celeba_target
from semgan.faces.quality import Limits

FACE = np.array([[80.0, 100], [120, 100], [100, 120], [85, 145], [115, 145]])
LIMITS = Limits(smallest=40)


def photograph(path, seed=0, blurred=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (200, 300, 3), np.uint8)
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    (image.resize((6, 4)).resize((300, 200)) if blurred else image).save(path, exif=exif, quality=98)
    return path


def find(landmarks=FACE, *others):
    return lambda picture: [Face(np.zeros(4), 1.0, each) for each in (landmarks, *others)]


def left_out(out):
    with open(out / "left_out.csv", encoding="utf-8", newline="") as file:
        return [tuple(row[:3]) for row in csv.reader(file)][1:]


def test_result_is_a_clean_dataset_whose_landmarks_lie_as_in_celeba(tmp_path, capsys):
    for number in range(4):
        photograph(tmp_path / "in" / ("a" if number % 2 else "b") / f"{number}.jpg", number)
    report = crop_folder(tmp_path / "in", tmp_path / "out", celeba_square(64), LIMITS, find())
    assert report.line() == "4 faces of 4 pictures written"
    assert not (tmp_path / "out" / "left_out.csv").exists()
    assert check_folder(tmp_path / "out").clean
    data = open_dataset("folder", split="train", image_size=64, source=str(tmp_path / "out"), cache=tmp_path / "cache")
    eyes = data.annotations["landmarks"][data.rows][:, :2].mean(1) * 64
    target = celeba_square(64).anchors
    np.testing.assert_allclose(eyes, np.tile(target[:2].mean(0), (len(eyes), 1)), atol=0.5)  # the mouth has a say too
    with Image.open(tmp_path / "out" / "a" / "1.png") as image:
        assert image.size == (64, 64)
        assert not image.getexif()


def test_celeba_geometry_has_celebas_size(tmp_path):
    photograph(tmp_path / "in" / "1.jpg")
    crop_folder(tmp_path / "in", tmp_path / "out", celeba_target(), LIMITS, find())
    with Image.open(tmp_path / "out" / "1.png") as image:
        assert image.size == (178, 218)


def test_what_is_left_out_is_listed_with_its_reason(tmp_path):
    photograph(tmp_path / "in" / "x" / "good.jpg", 1)
    photograph(tmp_path / "in" / "x" / "soft.jpg", 2, blurred=True)
    (tmp_path / "in" / "x" / "bad.jpg").write_text("not a picture")
    turned = FACE + np.array([[0, 0], [0, 0], [25, 0], [0, 0], [0, 0]])
    report = crop_folder(tmp_path / "in", tmp_path / "out", celeba_square(64), LIMITS, find(FACE, FACE / 10, turned))
    assert left_out(tmp_path / "out") == [
        ("x/bad.jpg", "", "unreadable"),
        ("x/good.jpg", "2", "small"),
        ("x/good.jpg", "3", "turned away"),
        ("x/soft.jpg", "1", "blurred"),
        ("x/soft.jpg", "2", "small"),
        ("x/soft.jpg", "3", "turned away"),
    ]
    assert report.line().startswith("1 faces of 3 pictures written; left out: ")
    assert sorted(path.name for path in (tmp_path / "out" / "x").iterdir()) == ["annotations.csv", "good_1.png"]
    assert not check_folder(tmp_path / "out").ignored


def test_pictures_without_a_face_are_counted(tmp_path):
    photograph(tmp_path / "in" / "1.jpg")
    report = crop_folder(tmp_path / "in", tmp_path / "out", celeba_square(64), LIMITS, lambda picture: [])
    assert report.line() == "0 faces of 1 pictures written; left out: 1 no face (left_out.csv)"


def test_names_that_differ_in_the_suffix_alone_stay_apart(tmp_path):
    photograph(tmp_path / "in" / "1.jpg")
    photograph(tmp_path / "in" / "1.jpeg", 1)
    crop_folder(tmp_path / "in", tmp_path / "out", celeba_square(64), LIMITS, find())
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["1.jpeg.png", "1.jpg.png"]


def test_nothing_is_overwritten(tmp_path):
    photograph(tmp_path / "in" / "1.jpg")
    photograph(tmp_path / "out" / "1.jpg")
    with pytest.raises(UserError, match="not an empty folder"):
        crop_folder(tmp_path / "in", tmp_path / "out", celeba_square(64), LIMITS, find())
    with pytest.raises(UserError, match="no such folder"):
        crop_folder(tmp_path / "missing", tmp_path / "new", celeba_square(64), LIMITS, find())


def test_size_belongs_to_the_square(tmp_path, capsys):
    assert cli.main(["faces", "crop", str(tmp_path), "--out", str(tmp_path / "o"), "--geometry", "celeba", "--size", "64"]) == 2
    assert "--size is for --geometry square" in capsys.readouterr().err
