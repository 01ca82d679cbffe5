"""Models that draw from noise, and models that translate without a guide."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.algorithms.common import draws
from semgan.data.augment import to_float, to_uint8
from semgan.errors import UserError
from semgan.inference import translate
from semgan.inference.model import load
from semgan.pictures.read import read
from tests.inference import stand_ins


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """`opened(name, ...)` writes a snapshot of a stand-in and loads it."""
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    return lambda name, **changes: load(stand_ins.write(tmp_path / "s.safetensors", name, **changes))


@pytest.fixture
def content():
    return np.random.default_rng(0).integers(60, 160, (8, 8, 3), dtype=np.uint8)


def colours(images):
    """What `stand_ins.plain` was given, as far as a byte tells it: 2.5 at most."""
    return np.arctanh(np.clip(to_float(images[:, 0, 0]), -0.987, 0.987))


def test_model_from_noise_draws_by_seed_and_number(opened):
    model = opened("from_noise")
    assert model.kinds == {"sample"}
    samples = model.sample(20, 3)
    assert (samples.shape, samples.dtype) == ((20, 8, 8, 3), np.uint8)
    assert len({sample.tobytes() for sample in samples}) == 20
    np.testing.assert_array_equal(model.sample(5, 3), samples[:5])
    assert (model.sample(5, 4) != samples[:5]).any()


def test_truncation_leads_to_the_kept_mean(opened):
    model = opened("from_noise")
    mean = to_uint8(np.tanh([0.5, -0.5, 0.0]).astype(np.float32))
    assert (model.sample(3, truncation=0) == mean).all()
    half, whole = (colours(model.sample(2, 1, truncation=t)) for t in (0.5, 1))
    middle = (np.array([0.5, -0.5, 0.0]) + whole) / 2
    np.testing.assert_allclose(half, middle, atol=0.1)


def test_interpolation_goes_from_one_latent_to_the_other(opened):
    model = opened("from_noise")
    ends = model.sample(2, 7)
    position = np.zeros(3, np.int32)
    batch = {"position": position, "position_to": position + 1, "mix": np.array([0, 0.5, 1], np.float32)}
    way = model.sample_batch(batch, 7)
    assert np.abs(way[[0, 2]].astype(int) - ends).max() <= 1
    assert (way[1] != ends).any()


def test_stage_is_that_of_the_images_seen(opened):
    early, late = (colours(opened("from_noise", kimg=kimg).sample(4)) for kimg in (9.0, 10.0))
    away = np.abs(late) < 1.5  # where a byte can still tell
    np.testing.assert_allclose(late[away], 2 * early[away], atol=0.1)


def test_state_that_does_not_fit_is_a_clean_error(opened):
    with pytest.raises(UserError, match=r"model_state/mean has the shape None, not \(3,\)"):
        opened("from_noise", model_state=None)
    with pytest.raises(UserError, match=r"model_state/mean has the shape \(2,\), not \(3,\)"):
        opened("from_noise", model_state={"mean": np.zeros(2, np.float32)})
    with pytest.raises(UserError, match=r"model_state/other has the shape \(2,\), not None"):
        opened("from_noise", model_state={"mean": np.zeros(3, np.float32), "other": np.zeros(2, np.float32)})


def test_model_from_noise_takes_no_content_and_translates_none(opened, content):
    model = opened("from_noise")
    with pytest.raises(UserError, match=r"draws pictures from noise: leave out the content"):
        model.sample(2, content=content)
    with pytest.raises(UserError, match=r"leave out .*--domain"):
        model.sample(2, domain="a")
    with pytest.raises(UserError, match=r"truncation is 1\.5"):
        model.sample(2, truncation=1.5)
    for given in ({}, {"latent_seed": 0}, {"reference": content}):
        with pytest.raises(UserError, match="cannot translate any: use `semgan sample`"):
            model.translate(content, **given)


def moved(content, domains):
    return to_uint8(to_float(content) + np.float32(0.25) * domains)


def test_translation_without_a_guide_needs_no_domains_where_one_direction_is_there(opened, content):
    model = opened("one_way")
    assert not model.guided
    np.testing.assert_array_equal(model.translate(content), moved(content, 1))
    np.testing.assert_array_equal(model.translate(content, domain="b", content_domain="a"), moved(content, 1))
    with pytest.raises(UserError, match="does not translate into 'a': give b"):
        model.translate(content, domain="a")
    with pytest.raises(UserError, match="the content is of 'b' already"):
        model.translate(content, domain="b", content_domain="b")


def test_translation_both_ways_needs_one_of_the_domains(opened, content):
    model = opened("both_ways")
    for given, by in [({"domain": "b"}, 1), ({"domain": "a"}, -1), ({"content_domain": "a"}, 1), ({"content_domain": "b"}, -1)]:
        np.testing.assert_array_equal(model.translate(content, **given), moved(content, by))
    with pytest.raises(UserError, match=r"translates into a, b: give domain \(--domain\)"):
        model.translate(content)


def test_of_three_domains_both_ends_are_asked_for(opened, content):
    model = opened("both_ways", domains=("a", "b", "c"))
    with pytest.raises(UserError, match=r"the content may be of a, b: give content_domain \(--content-domain\)"):
        model.translate(content, domain="c")
    np.testing.assert_array_equal(model.translate(content, domain="c", content_domain="a"), moved(content, 2))


def test_guides_and_latents_are_refused_where_there_are_none(opened, content):
    model = opened("one_way")
    for given in ({"reference": content}, {"latent_seed": 0, "domain": "b"}, {"style": "Smiling"}, {"regions": {"hair": content}}):
        with pytest.raises(UserError, match="this model needs no style: leave out --reference, --latent-seed, --style and --region"):
            model.translate(content, **given)
    with pytest.raises(UserError, match="no style to weaken"):
        model.translate(content, strength=0.5)
    with pytest.raises(UserError, match="no latent to draw styles from: use `semgan translate`"):
        model.sample(2, content=content)


def test_batch_is_translated_whatever_its_references(opened, content):
    numbers = np.array([0, 1], np.int32)
    batch = {"image": np.stack([content, content]), "domain": numbers, "target_domain": 1 - numbers, "position": numbers}
    expected = np.stack([moved(content, 1), moved(content, -1)])
    model = opened("both_ways")
    np.testing.assert_array_equal(model.translate_batch(batch), expected)
    np.testing.assert_array_equal(model.translate_batch({**batch, "reference": batch["image"]}), expected)
    with pytest.raises(UserError, match="samples by translated, not by latent"):
        model.translate_batch(batch, latent_seed=1)


def test_guided_models_still_ask_for_content_and_style(plain_model, content):
    with pytest.raises(UserError, match=r"this model translates: give a content \(--content\)"):
        plain_model.sample(2)
    with pytest.raises(UserError, match=r"give one of the three \(--reference, --latent-seed or --style\)"):
        plain_model.translate(content)


def test_command_needs_neither_reference_nor_seed(opened, tmp_path, picture, capsys):
    model = opened("one_way")
    source, out = picture("c.png", 20, 30), tmp_path / "out.png"
    assert translate.translate_files(tmp_path / "s.safetensors", source, out) == 0
    np.testing.assert_array_equal(read(out), model.translate(source))
    assert capsys.readouterr().out == f"wrote {out}\n"
    with pytest.raises(UserError, match="needs no style"):
        translate.translate_files(tmp_path / "s.safetensors", source, out, references=[picture("r.png")])


def test_latents_on_the_way_are_standard_normal():
    """What interpolation strips and videos rest on."""
    position = jnp.arange(4000, dtype=jnp.int32)
    z = draws.latents(jax.random.key(0), {"position": position, "position_to": position + 4000, "mix": jnp.full(4000, 0.4)}, 2)
    assert abs(float(z.mean())) < 0.05
    assert abs(float(z.std()) - 1) < 0.05
