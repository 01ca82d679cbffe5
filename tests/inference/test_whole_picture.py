"""Whole pictures of any shape, at any size, from any file."""

import numpy as np
import pytest
from PIL import Image

from semgan.errors import UserError
from semgan.inference import parts, translate, translate_folder
from semgan.inference.model import Model, load
from semgan.inference.translate import FileOptions, translate_files
from semgan.inference.whole_picture import PLAIN
from semgan.pictures.read import read
from semgan.pictures.scene import View
from tests.inference import stand_ins
from tests.inference.noise import noise


@pytest.fixture
def loaded(model, monkeypatch):
    monkeypatch.setattr(translate, "load", lambda _: model)


STYLE = {"latent_seed": 3, "domain": "dark"}


@pytest.mark.parametrize("size", ["model", "native", 24])
@pytest.mark.parametrize("shape", [(24, 64), (64, 24)])
def test_every_row_and_column_is_translated(model, shape, size):
    content = np.full((*shape, 3), 90, np.uint8)
    content[::3, ::2] = 200
    translated = model.translate(content, size=size, **STYLE)
    changed = translated != content
    assert translated.shape == content.shape
    assert changed.any((0, 2)).all()
    assert changed.any((1, 2)).all()


def test_network_sees_the_size_that_is_asked_for(model):
    """Detail that the model's size cannot hold is there at the picture's own size, and not at the model's."""
    content = noise(0, 64, 96)
    coarse, native = (model.translate(content, size=size, **STYLE).astype(int) for size in ("model", "native"))
    assert np.abs(np.diff(native, axis=1)).mean() > 2 * np.abs(np.diff(coarse, axis=1)).mean()
    np.testing.assert_array_equal(model.translate(content, size=64, **STYLE), model.translate(content, size="native", **STYLE))
    np.testing.assert_array_equal(model.translate(content, size=16, **STYLE), model.translate(content, **STYLE))


def test_tiles_by_request_are_like_the_whole(model):
    content = np.kron(noise(0, 24, 32), np.ones((4, 4, 1), np.uint8))
    whole = model.translate(content, size="native", **STYLE)
    tiled = model.translate(content, size="native", tile=80, **STYLE)
    assert np.abs(whole.astype(int) - tiled).mean() < 1
    assert (whole != tiled).any()  # they really are tiles


def test_reference_latent_and_strength_work_at_every_shape(model, plain_model):
    content, reference = noise(1, 20, 48), noise(2, 40, 25, "dark")
    for guide in (STYLE, {"reference": reference, "strength": 0.5}):
        for view in ({}, {"size": 64, "tile": 96}):
            assert model.translate(content, **guide, **view).shape == (20, 48, 3)
    own = model.translate(content, reference, strength=0.0, content_domain="bright")
    assert np.abs(own.astype(int) - model.translate(content, content, domain="bright")).max() <= 1  # its own square is its own style


def test_regions_follow_the_shape_of_the_picture(parts_model):
    content = noise(1, 16, 40)
    regions = {"hair": noise(2, 16, 16, "dark")}
    plain = parts_model.translate(content, noise(3, 16, 16, "dark"))
    for view in ({}, {"size": 40, "tile": 80}):
        changed = (parts_model.translate(content, noise(3, 16, 16, "dark"), regions=regions, **view) != plain).any((0, 2))
        assert changed[:12].any()
        assert changed[-12:].any()


def test_alpha_comes_back(model):
    content = np.dstack([noise(0, 20, 30), np.linspace(0, 255, 600).reshape(20, 30).astype(np.uint8)])
    translated = model.translate(content, **STYLE)
    np.testing.assert_array_equal(translated[..., 3], content[..., 3])
    opaque = content.copy()
    opaque[..., 3] = 255
    assert model.translate(opaque, **STYLE).shape == (20, 30, 3)


def test_fixed_grids_say_so(tmp_path, monkeypatch, picture, capsys):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    fixed = load(stand_ins.write(tmp_path / "fixed.safetensors", "one_way"))
    content = noise(0, 8, 24)
    translated = fixed.translate(content)
    assert (translated[:, :8] == content[:, :8]).all()
    for arguments in ({"size": "native"}, {"size": 16}, {"tile": 8}):
        with pytest.raises(UserError, match=r"works on a fixed grid of 8 x 8 pixels and translates the centred square .* leave out --size"):
            fixed.translate(content, **arguments)
    monkeypatch.setattr(translate, "load", lambda _: fixed)
    translate_files(tmp_path / "fixed.safetensors", picture("c.png"), tmp_path / "out.png")
    assert "translates the centred square of a picture alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [*({"size": size} for size in ("huge", 0, None)), *({"tile": tile} for tile in (-1, 1.5, "64", None))]
)
def test_impossible_views_are_refused(model, arguments):
    with pytest.raises(UserError, match=r"--(size|tile)\)"):
        model.translate(noise(0, 16, 16), **arguments, **STYLE)


@pytest.mark.parametrize("arguments", [{"strength": "a"}, {"strength": None}, {"truncation": "b"}, {"latent_seed": 1.5}])
def test_values_of_other_types_are_named(model, arguments):
    with pytest.raises(UserError, match=r"(strength|truncation|seed) is .*: give a"):
        model.translate(noise(0, 16, 16), **STYLE | arguments)


def test_numbers_may_be_numpys(model):
    content = noise(0, 16, 16)
    expected = model.translate(content, size=32, **STYLE)
    np.testing.assert_array_equal(model.translate(content, size=np.int64(32), tile=np.int32(0), strength=np.float32(1), **STYLE), expected)


def test_folder_keeps_sub_folders_and_says_what_it_leaves_out(loaded, snapshot, model, picture, tmp_path, capsys):
    paths = [picture(f"in/{name}", 20, 30, seed=seed) for seed, name in enumerate(("a.png", "deep/er/a.jpg", "deep/b.webp"))]
    picture("in/.hidden/c.png")
    (tmp_path / "in/notes.txt").touch()
    out = tmp_path / "in" / "translated"  # inside of the folder: its pictures are never contents
    for _ in range(2):
        assert translate_files(snapshot, tmp_path / "in", out, **STYLE) == 0
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == ["a.png", "deep/b.png", "deep/er/a.png"]
    said = capsys.readouterr().err
    assert f"{tmp_path / 'in'}: 3 pictures taken, 2 files left out (1 hidden, or the system's, 1 not a picture by its suffix)" in said
    for path in paths:
        expected = model.translate(path, **STYLE)
        written = read((out / path.relative_to(tmp_path / "in")).with_suffix(".png"))
        assert np.abs(written.astype(int) - expected).max() <= 1
    assert translate_files(snapshot, tmp_path / "in", tmp_path / "flat", files=FileOptions(recursive=False), **STYLE) == 0
    assert [path.name for path in (tmp_path / "flat").iterdir()] == ["a.png"]


def test_format_and_name_are_kept_where_asked(loaded, snapshot, picture, tmp_path):
    names = ["a.png", "a.jpg", "b.JPG", "c.webp", "d.tif", "e.bmp", "f.gif", "g.jfif"]
    for name in names:
        path = picture("in/x.png", 20, 30)
        Image.open(path).save(tmp_path / "in" / name, {"jfif": "JPEG", "JPG": "JPEG"}.get(name[2:]))
    (tmp_path / "in" / "x.png").unlink()
    translate_files(snapshot, tmp_path / "in", tmp_path / "out", files=FileOptions(keep_format=True), **STYLE)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
    for name in names:
        with Image.open(tmp_path / "in" / name) as content, Image.open(tmp_path / "out" / name) as result:
            assert (result.format, result.size) == (content.format, content.size)


def test_transparency_survives_in_files_that_can_hold_it(loaded, snapshot, tmp_path, capsys):
    alpha = np.linspace(0, 255, 600).reshape(20, 30).astype(np.uint8)
    (tmp_path / "in").mkdir()
    Image.fromarray(np.dstack([noise(0, 20, 30), alpha])).save(tmp_path / "in" / "a.png")
    translate_files(snapshot, tmp_path / "in", tmp_path / "out", **STYLE)
    with Image.open(tmp_path / "out" / "a.png") as result:
        assert result.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(result)[..., 3], alpha)
    translate_files(snapshot, tmp_path / "in" / "a.png", tmp_path / "b.jpg", **STYLE)
    assert "b.jpg: .jpg cannot be transparent; the result is over white" in capsys.readouterr().err
    assert read(tmp_path / "b.jpg")[0, 0].min() > 240


@pytest.mark.parametrize("content", ["a.jpg", "a.tif", "a.png", "a.webp"])
def test_orientation_is_applied_and_metadata_stay_out_unless_asked_for(loaded, snapshot, tmp_path, content):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"  # the camera was turned
    exif.get_ifd(0x8769).update({0x9003: "2026:11:28 12:00:00", 0xA001: 65535})  # when, and in which colours
    exif.get_ifd(0x8825)[1] = "N"
    Image.fromarray(noise(0, 20, 30)).save(tmp_path / content, exif=exif.tobytes())
    for keep in (False, True):
        for name in ("b.jpg", "b.png", "b.webp", "b.tif"):
            translate_files(snapshot, tmp_path / content, tmp_path / name, files=FileOptions(keep_metadata=keep), **STYLE)
            with Image.open(tmp_path / name) as result:
                assert (result.size, result.mode) == ((20, 30), "RGB")
                written = result.getexif()
                assert 0x0112 not in written or written[0x0112] == 1
                assert (written.get(0x010F) == "a camera") == keep
                assert (written.get_ifd(0x8769).get(0x9003) == "2026:11:28 12:00:00") == keep
                assert 0xA001 not in written.get_ifd(0x8769)
                assert bool(written.get_ifd(0x8825)) == keep
            assert read(tmp_path / name).std() > 5


def test_pictures_of_one_shape_run_together(model: Model, picture):
    shapes = [(20, 30), (16, 16), (20, 30), (40, 60), (16, 16), (20, 30), (10, 50)]
    paths = [picture(f"{number}.png", *shape) for number, shape in enumerate(shapes)]
    lists = translate_folder.batches(model, paths, PLAIN)
    assert sorted(path for each in lists for path in each) == sorted(paths)
    assert [[int(path.stem) for path in each] for each in lists] == [[0, 2, 3, 5], [1, 4], [6]]  # 40 x 60 is 20 x 30 before the network
    natively = translate_folder.batches(model, paths, View("native"))
    assert [0, 2] in [[int(path.stem) for path in each] for each in natively]
    assert [3] in [[int(path.stem) for path in each] for each in natively]


def test_header_that_lies_about_a_pictures_shape_harms_no_other(loaded, snapshot, model, picture, tmp_path, monkeypatch):
    paths = [picture(f"in/{name}.png", 20, width, seed=width) for name, width in (("a", 30), ("b", 40))]
    monkeypatch.setattr(translate_folder, "upright_size", lambda path: (20, 30))
    assert translate_files(snapshot, tmp_path / "in", tmp_path / "out", **STYLE) == 0
    for path in paths:
        expected = model.translate(path, **STYLE).astype(int)
        assert np.abs(read(tmp_path / "out" / path.name) - expected).max() <= 1


def test_folder_that_stops_says_how_far_it_came(loaded, snapshot, picture, tmp_path, monkeypatch, capsys):
    for number in range(3):
        picture(f"in/{number}.png", 20, 30 + 10 * number)  # three shapes, three batches
    original, calls = translate_folder.whole_picture.translate_contents, []

    def stop_at_the_last(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(translate_folder.whole_picture, "translate_contents", stop_at_the_last)
    with pytest.raises(KeyboardInterrupt):
        translate_files(snapshot, tmp_path / "in", tmp_path / "out", **STYLE)
    assert f"stopped after 2 of 3 pictures, which are in {tmp_path / 'out'}" in capsys.readouterr().err


def test_tiles_smaller_than_what_the_network_sees_are_refused_with_the_least(model, monkeypatch):
    monkeypatch.setattr(parts, "MOST_PASSES", 1)  # over tiles of which little more than margins are seen
    content = noise(0, 16, 96)
    with pytest.raises(UserError, match=r"a tile of 16 pixels is too small for this model: give (\d+) or more") as caught:
        model.translate(content, size="native", tile=16, **STYLE)
    least = int(str(caught.value).split("give ")[1].split()[0])
    assert 16 < least <= 96
    assert model.translate(content, size="native", tile=least, **STYLE).shape == content.shape


def test_results_that_cannot_be_written_are_refused_before_the_model_runs(snapshot, picture, tmp_path):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file" / "x.png", tmp_path / "file" / "deeper" / "x.png"):
        with pytest.raises(UserError, match=r"cannot be written \(.*file is a file\): give another --out"):
            translate_files(snapshot, picture("c.png"), out, **STYLE)
