"""What decoding leaves out or guesses is counted when data are prepared, and said then and whenever they are opened."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semgan.data.check import check_folder, format_report
from semgan.data.dataset import open_dataset


def ramp(seed: int, mode: str = "L") -> Image.Image:
    image = Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 40), np.uint8))
    return image.convert(mode)


@pytest.fixture
def root(tmp_path) -> Path:
    """Two domains of 60; a scan of 5 pages, a dance of 3 frames, two flat pictures and one of 12 bits in one of them."""
    for place, domain in enumerate(("cats", "dogs")):
        (tmp_path / domain).mkdir()
        for number in range(60):
            ramp(100 * place + number).save(tmp_path / domain / f"{number}.png")
    pages = [ramp(300 + number) for number in range(5)]
    pages[0].save(tmp_path / "cats" / "scan.tif", save_all=True, append_images=pages[1:])
    pages[1].save(tmp_path / "cats" / "dance.gif", save_all=True, append_images=pages[2:4])
    Image.new("RGB", (40, 40), (9, 9, 9)).save(tmp_path / "cats" / "flat.png")
    Image.fromarray(np.random.default_rng(0).integers(100, 108, (40, 40), np.uint8)).save(tmp_path / "dogs" / "nearly.png")
    Image.fromarray(np.random.default_rng(1).integers(0, 4095, (40, 40)).astype(np.uint16)).save(tmp_path / "dogs" / "deep.png")
    return tmp_path


def said(root: Path, cache: Path, capsys) -> list[str]:
    """The lines of both splits about what decoding met, and nothing in warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for split in ("train", "test"):
            open_dataset("folder", split=split, image_size=16, source=str(root), cache=cache)
    return [line for line in capsys.readouterr().err.splitlines() if " pictures " in line and "pictures taken" not in line]


def numbers(lines: list[str], word: str) -> int:
    return sum(int(line.split("): ")[1].split()[0]) for line in lines if word in line)


def test_pages_flat_pictures_and_guesses_are_counted_and_said_again(root, tmp_path_factory, capsys):
    cache = tmp_path_factory.mktemp("cache")
    lines = said(root, cache, capsys)
    assert numbers(lines, "several pages or frames") == 2
    assert sum(int(line.split("used and ")[1].split()[0]) for line in lines if "pages or frames" in line) == 4 + 2
    assert numbers(lines, "of one colour, or nearly, and stay in the data (warning") == 2
    assert numbers(lines, "were decoded by a guess") == 1
    text = "\n".join(lines)
    assert "scan.tif: has 5 pages; the first is used, 4 are left out" in text or "dance.gif: has 3 frames" in text
    assert any(f"the first is {root / name}" in text for name in ("cats/flat.png", "dogs/nearly.png"))
    assert said(root, cache, capsys) == lines


def test_flat_pictures_stay_in_the_data(root, tmp_path_factory):
    sizes = [
        len(open_dataset("folder", split=split, image_size=16, source=str(root), cache=tmp_path_factory.mktemp(split)).rows)
        for split in ("train", "test")
    ]
    assert sum(sizes) == 125


def test_notes_change_no_fingerprint_and_caches_without_them_open(root, tmp_path_factory, capsys):
    cache = tmp_path_factory.mktemp("cache")
    first = open_dataset("folder", split="train", image_size=16, source=str(root), cache=cache)
    (path,) = cache.glob("folder-train-*/manifest.json")
    manifest = json.loads(path.read_text())
    assert manifest.pop("notes")
    path.write_text(json.dumps(manifest))
    capsys.readouterr()
    again = open_dataset("folder", split="train", image_size=16, source=str(root), cache=cache)
    assert again.fingerprint == first.fingerprint
    assert "one colour" not in capsys.readouterr().err


def test_check_names_every_file_of_several_pages_and_counts_what_is_left_out(root):
    text = format_report(check_folder(root))
    assert "note: cats/scan.tif: has 5 pages; the first is used, 4 are left out" in text
    assert "note: cats/dance.gif: has 3 frames; the first is used, 2 are left out" in text
    assert "note: 2 files have several pages or frames; 6 are left out" in text
