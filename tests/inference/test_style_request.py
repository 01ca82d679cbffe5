"""All that a user can say of a style, with a model that tells parts of a picture and knows what attributes mean."""

import numpy as np
import pytest

import semgan
from semgan.data.augment import to_float, to_uint8
from semgan.data.decode import fit
from semgan.errors import UserError
from semgan.inference import recipe, style_request
from semgan.pictures.read import is_loaded, read
from semgan.snapshot import STYLE_RECIPE, read_snapshot, write_snapshot
from tests.inference.noise import DOMAINS, noise


@pytest.fixture(scope="module")
def model(parts_model):
    return parts_model


@pytest.fixture(scope="module")
def content():
    return noise(1, 16, 16)


@pytest.fixture(scope="module")
def bright():
    return noise(2, 20, 24)


@pytest.fixture(scope="module")
def dark():
    return noise(3, 18, 18, "dark")


def assert_alike(image, other):
    """Up to a level, by which the roundings of other programs may differ."""
    assert np.abs(image.astype(int) - other).max() <= 1


def code(model, picture, domain):
    return np.asarray(model.apply("style_encoder", to_float(fit(picture, 16)[None]), np.array([DOMAINS.index(domain)])))[0]


def generated(model, content, *inputs):
    return to_uint8(np.asarray(model.apply("generator", to_float(content[None]), *inputs)))[0]


def test_several_references_give_their_mean_style(model, content, bright):
    other = noise(4, 16, 16)
    mean = np.mean([code(model, each, "bright") for each in (bright, other)], 0)
    assert_alike(model.translate(content, [bright, other]), generated(model, content, mean[None]))
    one = model.translate(content, bright)
    assert_alike(model.translate(content, [bright, bright]), one)
    np.testing.assert_array_equal(model.translate(content, [bright]), one)
    assert np.abs(model.translate(content, [bright, other]).astype(int) - one).max() > 1


def test_references_of_two_domains_are_refused_by_name_unless_the_domain_is_told(model, content, bright, dark, picture):
    first, second = picture("first.png", domain="bright"), picture("second.png", domain="dark")
    with pytest.raises(UserError, match=r"second\.png is taken for 'dark', but \S+first\.png for 'bright': give references of one domain"):
        model.translate(content, [first, second])
    with pytest.raises(UserError, match=r"^reference 2 is taken for 'dark', but reference 1 for 'bright'"):
        model.translate(content, (bright, dark))
    mean = np.mean([code(model, each, "dark") for each in (bright, dark)], 0)
    assert_alike(model.translate(content, (bright, dark), domain="dark"), generated(model, content, mean[None]))


def test_a_recipe_gives_the_style_that_was_fitted(model, content):
    fair, other = (model.translate(content, style=style) for style in ("dark,Blond_Hair", "dark, ~Blond_Hair"))
    assert np.abs(fair.astype(int) - other).max() > 1
    np.testing.assert_array_equal(model.translate(content, style="Blond_Hair", domain="dark"), fair)
    expected = recipe.code_of(model.recipe, {"Blond_Hair": True}, 1, DOMAINS)
    assert_alike(fair, generated(model, content, expected[None]))
    mean = model.translate(content, style="dark")
    assert min(np.abs(mean.astype(int) - each).max() for each in (fair, other)) > 0


def test_regions_take_their_pictures_styles(model, content, bright, dark):
    weights = style_request.region_weights(model.trained_model, content, (2, 1))
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
    assert weights.min() >= 0
    codes = np.stack([code(model, bright, "bright"), code(model, dark, "dark"), code(model, bright, "bright")])
    expected = generated(model, content, codes[None], weights)
    regions = {"hair": dark, "skin": bright}
    assert_alike(model.translate(content, bright, regions=regions), expected)
    assert np.abs(model.translate(content, bright).astype(int) - expected).max() > 1
    told = np.stack([code(model, bright, "dark"), code(model, dark, "dark")])
    expected = generated(model, content, told[None], style_request.region_weights(model.trained_model, content, (2,)))
    assert_alike(model.translate(content, bright, domain="dark", regions={"hair": dark}), expected)


def test_regions_of_the_references_own_style_change_nothing(model, content, bright):
    plain = model.translate(content, bright)
    assert_alike(model.translate(content, bright, regions={"skin": bright, "hair": bright}), plain)


def test_regions_alone_leave_the_rest_in_the_contents_own_style(model, content, dark):
    own = code(model, content, "bright")
    expected = generated(
        model, content, np.stack([own, code(model, dark, "dark")])[None], style_request.region_weights(model.trained_model, content, [2])
    )
    assert_alike(model.translate(content, regions={"hair": dark}), expected)
    itself = model.translate(content, regions={"hair": content})
    assert_alike(itself, model.translate(content, dark, strength=0))


@pytest.mark.parametrize("base", [{"latent_seed": 3, "domain": "dark"}, {"style": "dark,Black_Hair"}])
def test_strength_leads_every_region_from_the_contents_own_style(model, content, bright, base):
    none, half = (model.translate(content, **base, regions={"hair": bright}, strength=strength) for strength in (0, 0.5))
    own = code(model, content, "bright")
    assert_alike(none, generated(model, content, own[None]))
    assert np.abs(half.astype(int) - none).max() > 1
    if "style" in base:
        codes = np.stack([recipe.code_of(model.recipe, {"Black_Hair": True}, 1, DOMAINS), code(model, bright, "dark")])
        weights = style_request.region_weights(model.trained_model, content, [2])
        assert_alike(half, generated(model, content, 0.5 * (own + codes)[None], weights))


def test_one_style_is_made_ready_for_several_contents(model, content, bright, dark):
    asked = {"regions": {"hair": dark}, "strength": 0.5}
    style = style_request.prepare(model.trained_model, style_request.Request([bright, bright], **asked))
    assert style.guesses == (("reference 1", "bright"), ("reference 2", "bright"), ("picture for 'hair'", "dark"))
    for each in (content, noise(5, 20, 30, "dark")):
        np.testing.assert_array_equal(model.translate_as(each, style), model.translate(each, [bright, bright], **asked))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give one of the three"),
        ({"style": "Blond_Hair", "latent_seed": 1, "domain": "dark"}, "give one of the three"),
        ({"reference": []}, "there is no reference among those given: give one picture or more"),
        ({"style": "Blond_Hair"}, r"a recipe holds for one domain: give domain \(--domain\), one of bright, dark"),
        ({"style": "Blond_Hair,dark", "domain": "bright"}, r"names the domain 'dark', but domain \(--domain\) is 'bright': leave one out"),
        ({"style": "dark,Smiling"}, "Smiling belongs to the content of this model"),
        ({"style": "dark,Hat"}, "learned from no picture of 'dark' with Hat"),
        ({"style": "dark,Blnd_Hair"}, "did you mean 'Blond_Hair'"),
        ({"regions": {"hiar": noise(0, 16, 16)}}, "no region 'hiar': did you mean 'hair'. it has background, skin, hair"),
        ({"regions": {"hair": np.zeros((4, 4))}}, "the picture for 'hair' is float64"),
        ({"regions": {"hair": "nowhere.png"}}, r"^nowhere\.png: cannot be read"),
        ({"reference": ["nowhere.png", "neither.png"]}, r"^nowhere\.png: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_a_clean_error(model, content, arguments, message):
    with pytest.raises(UserError, match=message) as caught:
        model.translate(content, **arguments)
    assert "\n" not in str(caught.value)


def test_models_without_masks_and_recipes_say_so(plain_model, content):
    with pytest.raises(UserError, match="has not learned from masks to tell the regions of a picture: leave out regions"):
        plain_model.translate(content, content, domain="dark", regions={"hair": content})
    with pytest.raises(UserError, match="this snapshot has no recipes"):
        plain_model.translate(content, style="Blond_Hair", domain="dark")


def changed(snapshot, path, change):
    params, config, meta = read_snapshot(snapshot)
    change(params, meta)
    write_snapshot(path, params, config, meta)
    return path


def test_snapshots_from_before_regions_and_recipes_translate_as_ever(parts_snapshot, model, content, bright, tmp_path):
    def older(params, meta):
        for name in ("semantic_heads", "discriminator", STYLE_RECIPE):
            del params[name]
        for name in ("mask_classes", recipe.ATTRIBUTES):
            del meta[name]

    old = semgan.load(changed(parts_snapshot, tmp_path / "old.safetensors", older))
    np.testing.assert_array_equal(old.translate(content, bright), model.translate(content, bright))
    assert (old.mask_classes, old.recipe) == ((), None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda params, meta: params.pop("semantic_heads"), "meta.mask_classes names 3, but the networks"),
        (lambda params, meta: meta.update(mask_classes=["hair"]), "meta.mask_classes names 1, but the networks"),
        (lambda params, meta: meta.update(mask_classes="hair"), "meta.mask_classes is not a list of names"),
        (lambda params, meta: meta.update(recipe_attributes=["Hat"]), r"style_recipe has the shapes .* for .* \(2, 1\)"),
        (lambda params, meta: meta.pop("recipe_attributes"), "recipe_attributes"),
        (lambda params, meta: params.pop("discriminator"), r"discriminator/\S+ has the shape None"),
        (lambda params, meta: params["semantic_heads"].popitem(), r"semantic_heads/\S+ has the shape None"),
    ],
)
def test_parts_that_do_not_go_together_are_a_clean_error(parts_snapshot, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        semgan.load(changed(parts_snapshot, tmp_path / "odd.safetensors", change))


def test_read_pictures_and_paths_are_told_apart(picture):
    path = picture("a.png")
    assert [is_loaded(each) for each in (path, str(path), read(path))] == [False, False, True]
