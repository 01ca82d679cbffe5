"""Whatever files, domains and folders are called, they are used and can be printed."""

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import launch
from semgan import cli
from semgan.data.check import check_folder
from semgan.data.dataset import open_dataset
from semgan.data.domains import assign_domains, check_expressions, matches
from semgan.errors import UserError
from semgan.evaluation.judge.pairs import contents_matching
from semgan.inference.translate import masks_of
from semgan.names import printable, require
from semgan.pages.document import page_html, paragraph

LATIN_1 = os.fsdecode(b"caf\xe9")
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def fill(folder: Path, names: list[str], grey: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(names):
        pixels = np.random.default_rng(index).integers(0, 64, (40, 40, 3)) + grey
        with open(folder / name, "wb") as file:
            Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")


def test_names_of_other_encodings_are_checked_prepared_and_printed(tmp_path, monkeypatch, capsys):
    for domain in (LATIN_1, "dogs"):
        fill(tmp_path / domain, [f"{LATIN_1} {number}.png" for number in range(4)], 64 * (domain == "dogs"))
    (tmp_path / "dogs" / f"{LATIN_1} bad.png").write_bytes(b"damaged")
    terminal = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", terminal)
        assert cli.main(["data", "check", str(tmp_path)]) == 2
        terminal.flush()
    assert b"dogs/caf\\udce9 bad.png: not a picture" in terminal.buffer.getvalue()
    opened = {}
    for split in ("train", "test"):
        opened[split] = open_dataset("folder", split=split, image_size=8, source=str(tmp_path), cache=tmp_path / ".cache")
    assert sum(len(dataset.rows) for dataset in opened.values()) == 8
    assert opened["train"].domains == ("caf\\xe9", "dogs")
    assert "bad.png: not a picture" in capsys.readouterr().err
    again = open_dataset("folder", split="train", image_size=8, source=str(tmp_path), cache=tmp_path / ".cache")
    assert again.fingerprint == opened["train"].fingerprint


def test_pages_hold_any_name():
    assert b"caf\\udce9" in page_html("page", [paragraph(LATIN_1)]).encode()


@pytest.mark.parametrize(("name", "expected"), [("plain", "plain"), (COMPOSED, COMPOSED), (LATIN_1, "caf\\xe9")])
def test_printable(name, expected):
    assert printable(name) == expected
    printable(name).encode()


NAMES = {"domain": ("black&white", "~x", "x", "dogs"), "attributes": ("a&b", "c")}
VALUES = {"domain": np.int32([0, 1, 2, 3, 0]), "attributes": np.int8([[1, 0], [0, 1], [1, 1], [0, 0], [1, 1]])}


def test_a_whole_name_goes_before_an_expression():
    domain, names = assign_domains(("black&white", "~x", "x", "dogs"), VALUES, NAMES, 5)
    assert (domain.tolist(), names) == ([0, 1, 2, 3, 0], ("black&white", "~x", "x", "dogs"))


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("black&white&c", [4]),
        ("c & black&white", [4]),
        ("~black&white", [1, 2, 3]),
        ("~~x&c", [2, 4]),
        ("~dogs&~a&b", [1]),
        ("~a&b&~c", [3]),
    ],
)
def test_such_names_are_recognised_in_expressions(expression, rows):
    assert np.flatnonzero(matches(expression, VALUES, NAMES, 5)).tolist() == rows


def test_a_wrong_part_of_an_expression_is_named_alone():
    with pytest.raises(UserError, match=r"'whit' in 'black&whit' is neither|'black' in 'black&whit' is neither"):
        check_expressions(("black&whit",), NAMES)


def test_domains_of_such_names_are_opened_by_their_own_names_and_as_contents(tmp_path):
    for index, domain in enumerate(("black&white", "~x")):
        fill(tmp_path / domain, [f"{number}.png" for number in range(4)], 64 * index)
    options = {"split": "train", "image_size": 8, "source": str(tmp_path), "cache": tmp_path / ".cache"}
    dataset = open_dataset("folder", **options)
    again = open_dataset("folder", domains=dataset.domains, **options)  # as an evaluation does, by the domains of the model
    assert again.domains == ("black&white", "~x")
    np.testing.assert_array_equal(again.domain, dataset.domain)
    np.testing.assert_array_equal(contents_matching(again, "~x"), again.domain == 1)
    assert require("~x", again.domains, "domain") == "~x"


def test_composed_and_decomposed_names_are_the_same(tmp_path):
    fill(tmp_path / "train" / COMPOSED, ["1.png", "2.png"])
    fill(tmp_path / "test" / DECOMPOSED, ["3.png"])
    for split in ("train", "test"):
        fill(tmp_path / split / "dogs", [f"{DECOMPOSED}-{split}.png"])
        (tmp_path / split / "dogs" / "annotations.csv").write_text(f"file,category\n{COMPOSED}-{split}.png,pug\n")
    for split, domain, names in (("train", COMPOSED, "12"), ("test", DECOMPOSED, "3")):
        (tmp_path / split / domain / "annotations.csv").write_text("file,category\n" + "".join(f"{name}.png,tabby\n" for name in names))
    dataset = open_dataset(
        "folder", split="test", image_size=8, source=str(tmp_path), cache=tmp_path / ".cache", domains=(DECOMPOSED, "dogs")
    )
    assert len(dataset.rows) == 2
    assert require(DECOMPOSED, (COMPOSED, "dogs"), "domain") == COMPOSED
    assert check_folder(tmp_path).counts == {f"train/{COMPOSED}": 2, "train/dogs": 1, f"test/{COMPOSED}": 1, "test/dogs": 1}


def test_masks_are_found_in_either_form(tmp_path):
    fill(tmp_path / "contents", [f"{COMPOSED}.jpg"])
    fill(tmp_path / "masks", [f"{DECOMPOSED}.png"])
    contents = [tmp_path / "contents" / f"{COMPOSED}.jpg"]
    assert masks_of(tmp_path / "contents", contents, tmp_path / "masks") == {contents[0]: tmp_path / "masks" / f"{DECOMPOSED}.png"}


def test_a_tilde_in_an_option_is_the_home(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    for index, domain in enumerate(("cats", "dogs")):
        fill(tmp_path / "photos" / domain, ["1.png", "2.png"], 64 * index)
    assert cli.main(["data", "check", "~/photos"]) == 0
    assert cli.main(["data", "build", "--dataset=folder", "--source=~/photos", "--out=~/out", "--image-size=8"]) == 0
    assert (tmp_path / "out" / "data").is_dir()
    assert not Path("~").exists()
    options = launch._options(["--config=~/a.py", "--workdir=~/runs/x"])
    assert (options.config, options.workdir) == (str(tmp_path / "a.py"), str(tmp_path / "runs/x"))
    assert open_dataset("folder", split="train", image_size=8, source="~/photos", cache=tmp_path / "c").domains == ("cats", "dogs")
