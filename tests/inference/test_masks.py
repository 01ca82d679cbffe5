"""Models that paint from a content's mask: it is fitted as the content is, and what is wrong with it is said in a sentence."""

import numpy as np
import pytest
from PIL import Image

from semgan import cli
from semgan.data.decode import fit
from semgan.errors import UserError
from semgan.inference import sample, translate
from semgan.inference.model import load
from semgan.inference.sample import SampleOptions
from semgan.pictures.read import read
from semgan.pictures.write import grid
from tests.inference import stand_ins

GREYS = (64, 96, 128)
"""Of the classes on a mean grey: -1/2, -1/4 and 0 in [-1, 1]."""


@pytest.fixture
def snapshot(tmp_path, monkeypatch):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    return stand_ins.write(tmp_path / "s.safetensors", "painted")


@pytest.fixture
def model(snapshot):
    return load(snapshot)


@pytest.fixture
def grey():
    return np.full((8, 8, 3), 128, np.uint8)


@pytest.fixture
def written(tmp_path):
    """`written(name, values)` writes a picture or a mask and returns its path."""

    def write(name, values):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(path)
        return path

    return write


def columns(height=16, width=20):
    """Class 0, 1 and 2 from the left; of the centred square 6, 4 and 6 columns in 16."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, 8:12], mask[:, 12:] = 1, 2
    return mask


def test_the_mask_is_cut_and_resized_as_the_content_is(model, grey):
    content = np.zeros((16, 20, 3), np.uint8)
    square = model.translate(content[:, 2:18], grey, domain="a", mask=columns()[:, 2:18])
    eight = np.array([0, 0, 0, 1, 1, 2, 2, 2], np.uint8)  # columns 6, 4 and 6 wide at half the size
    numbers = {name: np.zeros(1, np.int32) for name in ("domain", "target_domain", "position")}
    small = model.translate_batch({"image": grey[None], "reference": grey[None], "mask": np.tile(eight, (1, 8, 1)), **numbers})[0]
    np.testing.assert_array_equal(small[:, :, 0], np.tile(np.array(GREYS)[eight], (8, 1)))
    np.testing.assert_array_equal(square, fit(small, 16))
    whole = model.translate(content, grey, domain="a", mask=columns())
    np.testing.assert_array_equal(whole[:, 6:14], square[:, 4:12])  # at its sides it fades into the content


@pytest.mark.parametrize("form", ["path", "text", "array", "grey", "palette"])
def test_masks_are_taken_in_every_form(model, grey, written, form):
    mask = np.zeros((8, 8), np.uint8)
    mask[2:, 3:] = 2
    palette = Image.fromarray(mask).convert("P")
    palette.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0])
    path = written("m.png", mask)
    given = {"path": path, "text": str(path), "array": mask, "grey": Image.fromarray(mask), "palette": palette}[form]
    np.testing.assert_array_equal(model.translate(grey, grey, domain="a", mask=given)[..., 0] > 100, mask > 0)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (None, r"paints from the content's mask: give mask \(--mask\), a PNG of class ids"),
        (np.full((8, 8), 3, np.uint8), "mask: has the class 3, but the model has 3, from 0 on"),
        (np.zeros((8, 9), np.uint8), "is 9 x 8 pixels and its picture 8 x 8"),
        (np.zeros((8, 8), int), "the mask is int64"),
        (Image.new("RGB", (8, 8)), "the mask has pixels of mode RGB"),
        ("nowhere.png", r"^nowhere\.png: is not there"),
    ],
)
def test_what_cannot_be_a_mask_is_a_clean_error(model, grey, mask, message):
    with pytest.raises(UserError, match=message) as caught:
        model.translate(grey, grey, domain="a", mask=mask)
    assert "\n" not in str(caught.value)


def test_a_model_without_use_for_a_mask_refuses_it(tmp_path, monkeypatch, grey):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    for name in ("one_way", "from_noise"):
        model = load(stand_ins.write(tmp_path / "other.safetensors", name))
        call = model.translate if name == "one_way" else lambda content, mask, model=model: model.sample(1, mask=mask)
        with pytest.raises(UserError, match=r"needs no mask: leave out mask \(--mask\)"):
            call(grey, mask=columns(8, 8))


def test_a_batch_without_its_inputs_is_a_clean_error(model, grey):
    with pytest.raises(UserError, match="this model needs mask of every content"):
        model.translate_batch({"image": grey[None], "position": np.zeros(1, np.int32)})


def test_samples_take_contents_and_their_masks_in_turn(model, grey):
    masks = [np.full((8, 8), number, np.uint8) for number in (0, 2)]
    dark, light = (model.sample(4, 1, content=grey, domain="a", mask=mask).mean((1, 2, 3)) for mask in masks)
    samples = model.sample(4, 1, content=[grey, grey], domain="a", mask=masks).mean((1, 2, 3))
    np.testing.assert_array_equal(samples, [dark[0], light[1], dark[2], light[3]])
    np.testing.assert_allclose(light - dark, 63.75, atol=1)  # two classes up
    with pytest.raises(UserError, match="there are 2 contents and 1 masks: give one mask per content"):
        model.sample(4, content=[grey, grey], domain="a", mask=masks[:1])


def run(*arguments):
    return cli.main([str(each) for each in arguments])


def test_the_command_translates_a_content_with_its_mask(snapshot, model, grey, written, tmp_path, capsys):
    content, mask, out = written("c.png", grey), written("m.png", columns(8, 8)), tmp_path / "out.png"
    given = ("translate", "--model", snapshot, "--content", content, "--reference", content, "--domain", "a")
    assert run(*given, "--mask", mask, "--out", out) == 0
    np.testing.assert_array_equal(read(out), model.translate(content, content, domain="a", mask=mask))
    assert run(*given, "--out", out) == 2
    assert "give mask (--mask)" in capsys.readouterr().err
    assert run(*given, "--mask", mask, "--out", mask) == 2
    assert "is an input and would be overwritten" in capsys.readouterr().err


def test_a_folder_of_contents_takes_the_masks_of_the_same_names(snapshot, grey, written, tmp_path):
    for number, name in enumerate(("b", "a")):
        written(f"in/{name}.png", grey)
        written(f"masks/{name}.png", np.full((8, 8), 2 * number, np.uint8))
    reference = written("r.png", grey)
    status = translate.translate_files(
        snapshot, tmp_path / "in", tmp_path / "out", references=[reference], domain="a", mask=tmp_path / "masks"
    )
    assert status == 0
    assert [int(read(tmp_path / "out" / f"{name}.png")[0, 0, 0]) for name in ("b", "a")] == [64, 128]


@pytest.mark.parametrize(
    ("content", "mask", "message"),
    [
        ("in", "m.png", "is a folder: give --mask a folder too"),
        ("in/a.png", "masks", "is a folder, but .* is a picture"),
        ("in", "masks", r"in/a\.png has no mask, nor 1 others: put a\.png into"),
    ],
)
def test_masks_that_do_not_go_with_the_contents_are_refused(snapshot, grey, written, tmp_path, content, mask, message):
    written("in/a.png", grey)
    written("in/b.png", grey)
    written("m.png", columns(8, 8))
    written("masks/other.png", columns(8, 8))
    with pytest.raises(UserError, match=message):
        translate.translate_files(
            snapshot,
            tmp_path / content,
            tmp_path / "out.png" if content.endswith("png") else tmp_path / "out",
            references=[tmp_path / "in/a.png"],
            mask=tmp_path / mask,
        )


def test_a_grid_of_samples_takes_a_contents_mask(snapshot, model, grey, written, tmp_path):
    content, mask, out = written("c.png", grey), written("m.png", columns(8, 8)), tmp_path / "out.png"
    sample.sample_grid(snapshot, out, SampleOptions(4, 5, content, "a", mask=mask))
    np.testing.assert_array_equal(read(out), grid(model.sample(4, 5, content=grey, domain="a", mask=mask)))
    with pytest.raises(UserError, match="belongs to a content"):
        sample.sample_grid(snapshot, out, SampleOptions(4, 5, mask=mask))
