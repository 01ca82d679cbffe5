import numpy as np
import pytest

from semgan.errors import UserError
from semgan.inference import project
from semgan.inference.model import load
from semgan.pictures.read import read
from tests.inference import stand_ins


@pytest.fixture
def snapshot(tmp_path, monkeypatch):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    return stand_ins.write(tmp_path / "s.safetensors", "styled")


@pytest.fixture
def model(snapshot):
    return load(snapshot)


def halves(left, right):
    """A picture of two colours, which takes two codes."""
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, :4], image[:, 4:] = left, right
    return image


def test_own_pictures_are_found_again_in_w(model):
    target = model.sample(3, 5)[2]
    found = project.project_picture(model, target, steps=200)
    assert found.distance < 0.1 * found.first_distance
    assert found.codes.shape == (2, 4)
    np.testing.assert_array_equal(found.codes[0], found.codes[1])
    assert np.abs(found.image.astype(int) - target).mean() < 6


def test_a_code_a_layer_reaches_what_one_cannot(model):
    target = halves((40, 160, 90), (170, 60, 140))
    one, several = (project.project_picture(model, target, space=space, steps=200) for space in project.SPACES)
    assert several.distance < 0.3 * one.distance
    assert (several.codes[0] != several.codes[1]).any()
    assert np.abs(several.image.astype(int) - target).mean() < 8


def test_seed_decides_and_codes_make_the_picture(model):
    target = halves((40, 160, 90), (170, 60, 140))
    first, again = (project.project_picture(model, target, space="w+", steps=30, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.codes, again.codes)
    made = model.apply("generator", first.codes[None])
    np.testing.assert_array_equal(project.to_uint8(np.asarray(made))[0], first.image)


def test_learning_rate_rises_and_falls():
    assert float(project.learning_rate(0.0)) == 0
    assert float(project.learning_rate(0.025)) == pytest.approx(0.05)
    assert float(project.learning_rate(0.5)) == pytest.approx(0.1)
    assert float(project.learning_rate(0.875)) == pytest.approx(0.05)
    assert float(project.learning_rate(1.0)) == pytest.approx(0, abs=1e-8)


def test_distance_is_the_mean_over_the_scales():
    images = np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)).astype(np.float32)
    goal = np.zeros_like(images)
    terms = []
    for factor in (1, 2, 4):  # 16, 8 and 4 pixels
        pooled = images.reshape(1, 16 // factor, factor, 16 // factor, factor, 3).mean((2, 4))
        terms.append(np.abs(pooled).mean() + (pooled**2).mean())
    assert float(project.distance(images, goal)) == pytest.approx(np.mean(terms), rel=1e-5)
    assert float(project.distance(images, images)) == 0


def test_command_writes_the_pair_and_the_codes(snapshot, picture, tmp_path, capsys):
    image, out = picture("me.png", 20, 30), tmp_path / "new" / "out.png"
    project.project_file(snapshot, image, out, steps=5)
    pair = read(out)
    assert pair.shape == (8, 18, 3)
    np.testing.assert_array_equal(pair[:, :8], project.fit(read(image), 8))
    with np.load(out.with_suffix(".npz")) as codes:
        assert codes["w"].shape == (2, 4)
        assert codes["w"].dtype == np.float32
    assert f"wrote {out} and {out.with_suffix('.npz')}: distance " in capsys.readouterr().out


def test_models_without_codes_are_a_clean_error(plain_model, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="style codes of a model such as stylegan2, which stargan_v2 does not have"):
        project.project_picture(plain_model, np.zeros((16, 16, 3), np.uint8))


def test_other_spaces_and_overwritten_inputs_are_clean_errors(model, snapshot, picture):
    image = picture("me.png")
    with pytest.raises(UserError, match=r"the space is 'z': give one of w, w\+"):
        project.project_picture(model, np.zeros((8, 8, 3), np.uint8), space="z")
    with pytest.raises(UserError, match="is the input and would be overwritten"):
        project.project_file(snapshot, image, image)
