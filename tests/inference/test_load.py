import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import semgan
from semgan.data.augment import to_float, to_uint8
from semgan.data.decode import fit
from semgan.errors import UserError
from semgan.pictures.read import read
from semgan.snapshot import read_snapshot, write_snapshot


@pytest.fixture
def content(picture):
    return read(picture("content.png", 20, 30, "bright", seed=1))


@pytest.fixture
def reference(picture):
    return read(picture("reference.png", 40, 25, "dark", seed=2))


def test_model_says_what_it_is(snapshot):
    model = semgan.load(snapshot)
    assert isinstance(model, semgan.Model)
    assert model.domains == ("bright", "dark")
    assert model.image_size == 16
    assert model.meta["kimg"] == 1.5
    assert sorted(model.params) == ["generator", "mapping_network", "style_encoder"]


def test_apply_runs_one_network_on_raw_arrays(model, content, reference):
    image, other = (to_float(fit(array, 16)[None]) for array in (content, reference))
    style = model.apply("style_encoder", other, np.array([1]))
    assert style.shape == (1, 4)
    translated = model.apply("generator", image, style)
    np.testing.assert_array_equal(
        to_uint8(np.asarray(translated))[0], model.translate(fit(content, 16), reference, domain="dark"), strict=True
    )
    assert model.apply("style_encoder", image, method="features").shape == (1, 8)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (20, 30), (31, 17), (1, 1), (3, 100)])
def test_translation_has_the_contents_size(model, picture, reference, height, width):
    content = read(picture("any.png", height, width))
    translated = model.translate(content, reference)
    assert translated.shape == (height, width, 3)
    assert translated.dtype == np.uint8
    assert (translated != content).any()
    assert (translated != content).any((0, 2)).all()  # all columns
    assert (translated != content).any((1, 2)).all()


def test_arrays_paths_and_pillow_images_translate_alike(model, picture, content, reference):
    translated = model.translate(content, reference)
    paths = picture("content.png", 20, 30, "bright", seed=1), str(picture("reference.png", 40, 25, "dark", seed=2))
    np.testing.assert_array_equal(model.translate(*paths), translated)
    np.testing.assert_array_equal(model.translate(Image.fromarray(content), Image.fromarray(reference)), translated)


def test_domains_are_guessed(model, plain_model, content, reference):
    assert model.guess_domain(content) == "bright"
    assert model.guess_domain(reference) == "dark"
    assert plain_model.guess_domain(content) is None
    guessed = model.translate(content, reference, strength=0.5)
    told = plain_model.translate(content, reference, domain="dark", content_domain="bright", strength=0.5)
    np.testing.assert_array_equal(guessed, told)
    other = plain_model.translate(content, reference, domain="bright", content_domain="bright", strength=0.5)
    assert (other != told).any()


def test_strength_leads_from_the_contents_own_style_to_the_references(model, content, reference):
    content = fit(content, 16)
    image = to_float(content[None])
    own = model.apply("style_encoder", image, jnp.array([0]))
    none = to_uint8(np.asarray(model.apply("generator", image, own)))[0]
    weakest, half, strongest = (model.translate(content, reference, strength=s).astype(int) for s in (0, 0.5, 1))
    assert np.abs(weakest - none).max() <= 1
    np.testing.assert_array_equal(strongest, model.translate(content, reference))
    assert (half != weakest).any()
    assert (half != strongest).any()


def test_latent_seed_decides_the_style(model, content):
    first, again, other = (model.translate(content, latent_seed=seed, domain="dark") for seed in (0, 0, 4_000_000_000))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def batch_of(images, position):
    domain = np.zeros(len(images), np.int32)
    return {
        "image": images,
        "domain": domain,
        "reference": images[::-1],
        "target_domain": domain + 1,
        "position": np.array(position, np.int32),
    }


def test_batch_translates_as_single_pictures_do(model, content, reference):
    images = np.stack([fit(content, 16), fit(reference, 16)])
    translated = model.translate_batch(batch_of(images, [3, 4]))
    assert translated.shape == images.shape
    assert translated.dtype == np.uint8
    for index in range(2):
        single = model.translate(images[index], images[1 - index], domain="dark")
        assert np.abs(translated[index].astype(int) - single).max() <= 1


def test_latent_of_a_batch_depends_on_seed_and_position_alone(model, content):
    images = np.stack([fit(content, 16)] * 3)
    styles = model.translate_batch(batch_of(images, [0, 1, 0]), latent_seed=5)
    np.testing.assert_array_equal(styles[0], styles[2])
    assert (styles[0] != styles[1]).any()
    assert (styles != model.translate_batch(batch_of(images, [0, 1, 0]), latent_seed=6)).any()


def test_batch_is_left_as_it_is(model, content):
    batch = batch_of(fit(content, 16)[None], [0])
    del batch["reference"]
    before = {name: value.copy() for name, value in batch.items()}
    model.translate_batch(batch, latent_seed=0)
    assert batch.keys() == before.keys()
    np.testing.assert_array_equal(batch["image"], before["image"])


def test_samples_are_other_styles_of_the_contents_in_turn(model, content, reference):
    samples = model.sample(18, 3, content=[content, reference])
    assert samples.shape == (18, 16, 16, 3)
    assert len({sample.tobytes() for sample in samples}) == 18
    np.testing.assert_array_equal(samples, model.sample(18, 3, content=[content, reference]))
    np.testing.assert_array_equal(samples[:5], model.sample(5, 3, content=[content, reference]))
    dark = model.sample(3, 3, content=content, domain="dark")
    bright = model.sample(3, 3, content=content, domain="bright")
    assert (dark != bright).any((1, 2, 3)).all()
    np.testing.assert_array_equal(model.sample(2, 3, content=content), [bright[0], dark[1]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give one of the three"),
        ({"reference": "self", "latent_seed": 0, "domain": "dark"}, "give one of the three"),
        ({"latent_seed": 0}, r"a latent belongs to no domain: give domain \(--domain\), one of bright, dark"),
        ({"reference": "self", "domain": "drak"}, "no domain 'drak': did you mean 'dark'"),
        ({"reference": "self", "domain": "zzzz"}, "no domain 'zzzz': it has bright, dark"),
        ({"reference": "self", "content_domain": "brigt"}, "did you mean 'bright'"),
        ({"reference": "self", "strength": 1.5}, "strength is 1.5"),
        ({"reference": "self", "strength": float("nan")}, "strength is nan"),
        ({"latent_seed": -1, "domain": "dark"}, "the seed is -1"),
        ({"latent_seed": 2**32, "domain": "dark"}, "from 0 to 4294967295"),
        ({"reference": np.zeros((4, 4, 3))}, "the reference is float64"),
    ],
)
def test_bad_arguments_are_clean_errors(model, content, arguments, message):
    if isinstance(arguments.get("reference"), str):
        arguments = {**arguments, "reference": content}
    with pytest.raises(UserError, match=message):
        model.translate(content, **arguments)


def test_snapshot_without_a_guess_asks_for_the_domain(plain_model, content):
    with pytest.raises(UserError, match=r"cannot guess .* give domain \(--domain\)"):
        plain_model.translate(content, content)
    with pytest.raises(UserError, match=r"cannot guess .* give content_domain \(--content-domain\)"):
        plain_model.translate(content, content, domain="dark", strength=0.2)


def test_unknown_network_is_a_clean_error(model):
    with pytest.raises(UserError, match="no network 'genrator': did you mean 'generator'"):
        model.apply("genrator")
    with pytest.raises(UserError, match="it has generator, mapping_network, style_encoder"):
        model.apply("discriminator")


def changed(snapshot, path, change):
    params, config, meta = read_snapshot(snapshot)
    change(params, config, meta)
    write_snapshot(path, params, config, meta)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda params, config, meta: config.update(algorithm="../evil"), "config.algorithm is '../evil'"),
        (lambda params, config, meta: config.update(networks={}), "does not fit this version"),
        (lambda params, config, meta: config.pop("image_size"), "does not fit this version"),
        (lambda params, config, meta: params.pop("generator"), r"generator/\S+ has the shape None"),
        (lambda params, config, meta: params["generator"].update(extra=np.zeros(2)), r"generator/extra has the shape \(2,\)"),
        (lambda params, config, meta: params["generator"]["to_rgb"].update(bias=np.zeros(4)), r"bias has the shape \(4,\), not \(3,\)"),
        (lambda params, config, meta: meta.update(domains=["one"]), "meta.domains names 1, but config.data.domains 2"),
        (lambda params, config, meta: params.update(domain_guess={"kernel": np.zeros((9, 3))}), r"kernel has the shape \(9, 3\)"),
        (lambda params, config, meta: params.update(domain_guess=np.zeros(3)), "does not fit this version"),
        (lambda params, config, meta: meta.update(domains="ab"), "meta.domains is not a list of names"),
    ],
)
def test_snapshot_that_does_not_fit_is_a_clean_error(plain_snapshot, tmp_path, change, message):
    path = changed(plain_snapshot, tmp_path / "odd.safetensors", change)
    with pytest.raises(UserError, match=message) as caught:
        semgan.load(path)
    assert "odd.safetensors" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_beside_or_in_a_snapshot_is_run(plain_snapshot, tmp_path, monkeypatch):
    canary = tmp_path / "canary"
    (tmp_path / "evil.py").write_text(f"open({str(canary)!r}, 'w')")
    (tmp_path / "config.py").write_text(f"open({str(canary)!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)

    def change(params, config, meta):
        config["algorithm"] = "evil"
        config["precision"] = f"__import__('pathlib').Path({str(canary)!r}).touch()"

    path = changed(plain_snapshot, tmp_path / "s.safetensors", change)
    with pytest.raises(UserError):
        semgan.load(path)
    assert not canary.exists()
