"""Samples one by one: a number's picture is the same to the bit, whatever else is asked for, before or after an interruption."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from semgan import cli
from semgan.data.picture_files import survey
from semgan.errors import UserError
from semgan.inference import sample_folder as folders
from semgan.inference.model import load
from semgan.inference.sample import SampleOptions, sample_grid
from semgan.inference.sample_folder import sample_folder
from semgan.pictures.read import read
from semgan.snapshot import read_snapshot, write_snapshot
from tests.inference import stand_ins
from tests.inference.noise import DOMAINS, noise


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


@pytest.fixture
def noise_snapshot(tmp_path, monkeypatch):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    return stand_ins.write(tmp_path / "noise.safetensors", "from_noise")


def test_pictures_are_named_by_seed_and_number_and_are_the_models(snapshot, model, picture, tmp_path, capsys):
    content, out = picture("c.png"), tmp_path / "out"
    sample_folder(snapshot, out, SampleOptions(20, 7, content))
    assert list(files(out)) == [f"seed0007_0000{number:02d}.png" for number in range(20)]
    expected = model.sample(20, 7, content=content)
    for number, path in enumerate(sorted(out.glob("*.png"))):
        np.testing.assert_array_equal(read(path), expected[number])
    assert len({path.read_bytes() for path in out.glob("*.png")}) == 20
    assert capsys.readouterr().out == f"wrote 20 pictures to {out}: 20 translations of 1 pictures\n"


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """More pictures than a piece has rows."""
    folder = tmp_path_factory.mktemp("contents")
    for index in range(20):
        Image.fromarray(noise(index, 20, 30, DOMAINS[index % 2])).save(folder / f"{index:02d}.png")
    return folder


@pytest.fixture(scope="module")
def drawn_at_once(snapshot, contents, tmp_path_factory):
    out = tmp_path_factory.mktemp("drawn") / "all"
    sample_folder(snapshot, out, SampleOptions(40, 1, contents))
    return files(out)


@pytest.mark.parametrize(("first", "count"), [(12, 1), (0, 13), (3, 30), (37, 3)])
def test_a_number_has_the_same_bytes_whatever_is_drawn_with_it(snapshot, contents, drawn_at_once, tmp_path, first, count):
    sample_folder(snapshot, tmp_path / "some", SampleOptions(count, 1, contents, first=first))
    some = files(tmp_path / "some")
    assert list(some) == [folders.file_name(1, number) for number in range(first, first + count)]
    assert all(drawn_at_once[name] == written for name, written in some.items())


def test_number_decides_content_and_domain_in_turn(snapshot, model, contents, tmp_path):
    sample_folder(snapshot, tmp_path / "out", SampleOptions(2, 3, contents, first=24))
    expected = model.sample(26, 3, content=sorted(contents.iterdir()))
    for number in (24, 25):
        np.testing.assert_array_equal(read(tmp_path / "out" / folders.file_name(3, number)), expected[number])


def test_one_sample_again_as_a_picture_of_its_own(noise_snapshot, tmp_path):
    sample_folder(noise_snapshot, tmp_path / "out", SampleOptions(20))
    sample_grid(noise_snapshot, tmp_path / "one.png", SampleOptions(1, first=12))
    assert (tmp_path / "one.png").read_bytes() == files(tmp_path / "out")[folders.file_name(0, 12)]


def test_models_from_masks_draw_by_number_too(tmp_path, monkeypatch, picture):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    path = stand_ins.write(tmp_path / "s.safetensors", "painted")
    contents, masks = [], tmp_path / "masks"
    masks.mkdir()
    for index in range(18):
        contents.append(picture(f"in/{index:02d}.png", 20, 30, seed=index))
        Image.fromarray(np.full((20, 30), index % 3, np.uint8)).save(masks / f"{index:02d}.png")
    draws = SampleOptions(18, 0, tmp_path / "in", mask=masks)
    sample_folder(path, tmp_path / "out", draws)
    sample_folder(path, tmp_path / "one", draws._replace(first=16, count=1))
    expected = load(path).sample(18, content=contents, mask=[masks / f"{index:02d}.png" for index in range(18)])
    for number in range(18):
        np.testing.assert_array_equal(read(tmp_path / "out" / folders.file_name(0, number)), expected[number])
    assert files(tmp_path / "one") == {folders.file_name(0, 16): files(tmp_path / "out")[folders.file_name(0, 16)]}


def test_an_interrupted_set_goes_on_and_is_the_uninterrupted_one(noise_snapshot, tmp_path, monkeypatch, capsys):
    draws, out = SampleOptions(40, 2), tmp_path / "out"
    sample_folder(noise_snapshot, tmp_path / "whole", draws)
    drawn = folders.drawn_blocks

    def interrupted(*arguments):
        yield next(drawn(*arguments))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(folders, "drawn_blocks", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sample_folder(noise_snapshot, out, draws)
    assert len(files(out)) == 16
    assert "the same command goes on" in capsys.readouterr().err
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    (out / folders.file_name(2, 5)).unlink()
    sample_folder(noise_snapshot, out, draws)
    assert files(out) == files(tmp_path / "whole")
    assert sum(path.stat().st_mtime_ns == stamp for path, stamp in before.items() if path.exists()) == 15  # not drawn again
    assert "15 of them were there" in capsys.readouterr().out


def test_sets_of_other_seeds_and_longer_ones_share_a_folder(noise_snapshot, tmp_path):
    for draws in (SampleOptions(3, 1), SampleOptions(5, 1), SampleOptions(2, 0)):
        sample_folder(noise_snapshot, tmp_path / "out", draws)
    expected = [folders.file_name(0, 0), folders.file_name(0, 1), *(folders.file_name(1, number) for number in range(5))]
    assert list(files(tmp_path / "out")) == expected
    paths, _ = survey(tmp_path / "out")
    assert [path.name for path in paths] == expected  # what `semgan score` takes


def test_a_folder_with_other_files_is_refused_unless_asked(noise_snapshot, picture, tmp_path):
    other = picture("out/mine.png")
    kept = other.read_bytes()
    with pytest.raises(UserError, match=r"holds other files \(mine.png\).*--overwrite"):
        sample_folder(noise_snapshot, tmp_path / "out", SampleOptions(3))
    assert list(files(tmp_path / "out")) == ["mine.png"]
    sample_folder(noise_snapshot, tmp_path / "out", SampleOptions(3), overwrite=True)
    assert len(files(tmp_path / "out")) == 4
    assert other.read_bytes() == kept


@pytest.mark.parametrize("change", ["weights", "options"])
def test_samples_of_another_model_or_of_other_options_are_not_mixed(noise_snapshot, tmp_path, change):
    out, other, draws = tmp_path / "out", tmp_path / "other.safetensors", SampleOptions(3)
    sample_folder(noise_snapshot, out, SampleOptions(5))
    before = files(out)
    if change == "weights":
        params, config, meta = read_snapshot(noise_snapshot)
        params["generator"]["weights"] = params["generator"]["weights"] + 1
        write_snapshot(other, params, config, meta)
    else:
        other.write_bytes(noise_snapshot.read_bytes())
        draws = SampleOptions(3, truncation=0.5)
    with pytest.raises(UserError, match="holds samples of another " + ("model" if change == "weights" else "truncation")):
        sample_folder(other, out, draws)
    assert files(out) == before
    sample_folder(other, out, draws, overwrite=True)
    after = files(out)
    assert list(after) == list(before)[:3]  # none of the five before is left
    assert all(after[name] != before[name] for name in after)


def test_a_copy_of_the_model_is_the_same_model(noise_snapshot, tmp_path):
    sample_folder(noise_snapshot, tmp_path / "out", SampleOptions(2))
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(noise_snapshot.read_bytes())
    sample_folder(copy, tmp_path / "out", SampleOptions(3))
    assert len(files(tmp_path / "out")) == 3


def test_memory_does_not_grow_with_the_number_of_samples(noise_snapshot, tmp_path, monkeypatch):
    """However many there are, one block is in memory, and a bounded number waits to be written."""
    sizes = []
    model_class = type(load(noise_snapshot))
    sample = model_class.sample
    monkeypatch.setattr(model_class, "sample", lambda self, count, *a, **k: sizes.append(count) or sample(self, count, *a, **k))
    sample_folder(noise_snapshot, tmp_path / "out", SampleOptions(100))
    assert len(sizes) == 7
    assert max(sizes) == 16


def test_bad_numbers_and_places_are_sentences(noise_snapshot, picture, tmp_path):
    with pytest.raises(UserError, match="is a file"):
        sample_folder(noise_snapshot, picture("x.png"), SampleOptions(1))
    with pytest.raises(UserError, match="numbers are whole, from 0 to 2147483647"):
        load(noise_snapshot).sample(2, first=2**31 - 1)
    with pytest.raises(UserError, match="numbers are whole"):
        load(noise_snapshot).sample(2, first=-1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "3", "--count", "2", "--out", "o/"], "leave out --first and --count"),
        (["--only", "3", "--video", "o.gif"], "leave out --first and --only"),
        (["--overwrite", "--out", "o.png"], "--overwrite is for a folder"),
    ],
)
def test_options_that_contradict_are_refused(capsys, arguments, words):
    assert cli.main(["sample", "--model", "m", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("out", ["new/", "new", "there.d"])
def test_the_command_writes_into_folders(noise_snapshot, tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.d").mkdir()
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "xla"))
    assert cli.main(["sample", "--model", str(noise_snapshot), "--out", out, "--only", "12"]) == 0
    assert list(files(tmp_path / out)) == [folders.file_name(0, 12)]
    assert re.fullmatch(r"[0-9a-f]{64}", json.loads((tmp_path / out / folders.RECORD).read_text())["model"])


def test_every_number_has_its_own_row_of_a_piece(noise_snapshot, monkeypatch):
    """A compiled program may round one row otherwise than another."""
    model, numbers = load(noise_snapshot), []
    draw = type(model).sample_batch
    monkeypatch.setattr(type(model), "sample_batch", lambda self, batch, seed: numbers.append(batch["position"]) or draw(self, batch, seed))
    assert len(model.sample(3, first=37)) == 3
    assert numbers[0][-3:].tolist() == [37, 38, 39]
    assert all(number % 16 == row % 16 for row, number in enumerate(numbers[0]))


def test_numbers_that_no_sample_has_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UserError, match="there are no 20 samples from number 2147483640 on: numbers are whole, from 0 to 2147483647"):
        sample_folder(tmp_path / "any.safetensors", tmp_path / "samples", SampleOptions(count=20, first=2**31 - 8))
    assert not (tmp_path / "samples").exists()
