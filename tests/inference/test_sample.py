from types import SimpleNamespace

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.inference import sample
from semgan.inference.model import load
from semgan.inference.sample import SampleOptions
from semgan.pictures.read import read
from semgan.pictures.write import grid
from tests.inference import stand_ins


def test_grid_of_a_pictures_styles_is_written(snapshot, model, picture, tmp_path, capsys):
    content, out = picture("c.png"), tmp_path / "grid.png"
    sample.sample_grid(snapshot, out, SampleOptions(6, 1, content, "dark"))
    expected = grid(model.sample(6, 1, content=content, domain="dark"))
    np.testing.assert_array_equal(read(out), expected)
    assert capsys.readouterr().out == f"wrote {out}: 6 translations of 1 pictures\n"


def test_pictures_of_a_folder_are_taken_in_turn(snapshot, model, picture, tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "load", lambda _: model)
    contents = [picture("in/a.png"), picture("in/b.png", domain="dark")]
    sample.sample_grid(snapshot, tmp_path / "grid.png", SampleOptions(5, content=tmp_path / "in"))
    expected = grid(model.sample(5, 0, content=contents))
    np.testing.assert_array_equal(read(tmp_path / "grid.png"), expected)


def test_without_content_a_model_of_the_users_data_asks_for_it(snapshot, tmp_path):
    with pytest.raises(UserError, match=r"trained on folder, .* give some with --content"):
        sample.sample_grid(snapshot, tmp_path / "grid.png", SampleOptions(5))
    assert not (tmp_path / "grid.png").exists()


def test_without_content_a_model_of_drawn_faces_draws_some(snapshot, model, monkeypatch, tmp_path):
    faces = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), dtype=np.uint8)
    asked = {}

    def open_dataset(name, **settings):
        asked.update(settings, name=name)
        return SimpleNamespace(images=faces, rows=np.arange(1, 9))

    monkeypatch.setattr(sample, "open_dataset", open_dataset)
    monkeypatch.setitem(model.config["data"], "name", "drawn_faces")
    monkeypatch.setattr(sample, "load", lambda _: model)
    sample.sample_grid(snapshot, tmp_path / "grid.png", SampleOptions(4))
    assert (asked["name"], asked["split"], asked["image_size"]) == ("drawn_faces", "test", 16)
    expected = grid(model.sample(4, 0, content=list(faces[1:5])))
    np.testing.assert_array_equal(read(tmp_path / "grid.png"), expected)


def test_other_suffix_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(UserError, match="is not a picture format"):
        sample.sample_grid(tmp_path / "no.safetensors", tmp_path / "grid.pdf", SampleOptions(1))


def test_model_from_noise_needs_no_content(tmp_path, monkeypatch, capsys, picture):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    snapshot, out = stand_ins.write(tmp_path / "s.safetensors", "from_noise"), tmp_path / "grid.png"
    sample.sample_grid(snapshot, out, SampleOptions(9, 3, truncation=0.7))
    np.testing.assert_array_equal(read(out), grid(load(snapshot).sample(9, 3, truncation=0.7)))
    assert capsys.readouterr().out == f"wrote {out}: 9 pictures from noise\n"
    with pytest.raises(UserError, match="leave out the content"):
        sample.sample_grid(snapshot, out, SampleOptions(9, content=picture("c.png")))


def test_model_without_a_latent_is_a_clean_error(tmp_path, monkeypatch):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    with pytest.raises(UserError, match="use `semgan translate`"):
        sample.sample_grid(stand_ins.write(tmp_path / "s.safetensors", "one_way"), tmp_path / "grid.png", SampleOptions(9))
