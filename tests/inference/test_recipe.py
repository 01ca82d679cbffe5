"""Style codes by attributes: what is fitted, what a recipe says, and what it cannot say."""

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.inference import recipe
from semgan.inference.recipe import Recipe
from tests.inference import tiny_semgan
from tests.inference.noise import DOMAINS


def linear(count=200, domains=2, attributes=3, style=4, seed=0):
    """Codes that are a linear function of the attributes, another one in each domain."""
    rng = np.random.default_rng(seed)
    x, domain = rng.integers(0, 2, (count, attributes)).astype(np.int8), rng.integers(0, domains, count)
    slopes, bias = rng.normal(size=(domains, attributes, style)), rng.normal(size=(domains, style))
    return x, domain, np.einsum("na,nas->ns", x, slopes[domain]) + bias[domain], slopes, bias


def test_a_linear_relation_is_recovered_domain_by_domain():
    x, domain, codes, slopes, bias = linear()
    kernel, mean, _ = recipe.fit(codes, x, domain, 2, ridge=0)
    np.testing.assert_allclose(kernel, np.concatenate([slopes, bias[:, None]], 1), atol=1e-5)
    np.testing.assert_allclose(mean, [x[domain == number].mean(0) for number in range(2)], atol=1e-6)
    assert kernel.dtype == mean.dtype == np.float32
    usual, *_ = recipe.fit(codes, x, domain, 2)
    np.testing.assert_allclose(usual, kernel, atol=0.03)


def test_of_what_few_pictures_show_little_is_believed_and_of_what_none_shows_nothing():
    rng, count = np.random.default_rng(0), 400
    x = np.stack([np.arange(count) < count / 2, np.arange(count) == 0, np.zeros(count)], 1)
    kernel, *_ = recipe.fit(rng.normal(size=(count, 1)) + [[3.0]] * x[:, :2].sum(1, keepdims=True), x, np.zeros(count, int), 1)
    common, rare, never, _ = kernel[0, :, 0]
    assert common == pytest.approx(3, abs=0.3)
    assert abs(rare) < 3
    assert never == 0


def test_a_recipe_has_what_is_named_and_else_the_domains_mean():
    x, domain, codes, slopes, bias = linear()
    fitted = Recipe(("a", "b", "c"), *recipe.fit(codes, x, domain, 2, ridge=0))
    code = recipe.code_of(fitted, {"a": True, "b": True, "c": False}, 1, ("d", "e"))
    np.testing.assert_allclose(code, np.array([1, 1, 0]) @ slopes[1] + bias[1], atol=0.05)
    assert code.dtype == np.float32
    np.testing.assert_allclose(recipe.code_of(fitted, {}, 0, ("d", "e")), codes[domain == 0].mean(0), atol=1e-5)


def test_what_goes_with_the_wanted_comes_along_and_what_excludes_it_goes():
    """Of three attributes of which each picture has exactly one, the wanted one leaves nothing of the others."""
    x = np.eye(3, dtype=np.int8)[np.arange(300) % 3]
    codes = np.eye(3)[np.arange(300) % 3] * [1.0, 2.0, 3.0]
    fitted = Recipe(("a", "b", "c"), *recipe.fit(codes, x, np.zeros(300, int), 1))
    np.testing.assert_allclose(recipe.code_of(fitted, {"b": True}, 0, ("d",)), [0, 2, 0], atol=0.05)
    np.testing.assert_allclose(recipe.code_of(fitted, {"b": False}, 0, ("d",)), [0.5, 0, 1.5], atol=0.05)


def test_data_are_read_in_whole_batches_an_equal_share_of_each_domain():
    data = tiny_semgan.annotated(150)
    few = np.flatnonzero((data.domain == 0) | (np.arange(150) < 20))  # ten dark pictures
    data = data._replace(rows=few, domain=data.domain[few])
    calls = []

    def encode(images, domain):
        calls.append((images.shape, images.dtype, domain.shape))
        return np.concatenate([images.mean((1, 2)), domain[:, None]], 1)

    found = recipe.fit_for(encode, data, left_out=("Smiling",), count=120)
    assert found.attributes == ("Blond_Hair", "Black_Hair", "Hat")
    assert calls == [((64, 16, 16, 3), np.float32, (64,))] * 2  # 60 bright ones and the ten
    np.testing.assert_array_equal(found.kernel[:, -1, 3], [0, 1])
    dark = data.annotations["attributes"][few[data.domain == 1]].mean(0)
    np.testing.assert_allclose(found.mean[1], dark[[0, 2, 3]], atol=1e-6)
    fair, dark_haired = (recipe.code_of(found, wanted, 0, DOMAINS) for wanted in ({"Blond_Hair": True}, {"Blond_Hair": False}))
    assert fair[0] - dark_haired[0] == pytest.approx((248 - 191.5) / 127.5, rel=0.1)
    assert np.abs(fair - dark_haired)[1:].max() < 0.05


def test_data_without_attributes_of_the_style_give_no_recipe():
    data = tiny_semgan.annotated()
    assert recipe.fit_for(None, data, left_out=tiny_semgan.ATTRIBUTES) is None
    assert recipe.fit_for(None, data._replace(annotations={}, names={})) is None


def test_a_recipe_may_name_its_domain():
    assert recipe.parse("ink, Blond_Hair,~Smiling", ("shaded", "ink")) == ("ink", {"Blond_Hair": True, "Smiling": False})
    assert recipe.parse("~Male", ("Male", "~Male")) == ("~Male", {})
    assert recipe.parse("~Male", ("shaded", "ink")) == (None, {"Male": False})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the style '' has an empty part"),
        ("Hat,,Smiling", "has an empty part: give attributes"),
        ("Hat,~", "has an empty part"),
        ("bright,dark", "names the domains 'bright' and 'dark': name one"),
        ("Hat,~Hat", "has Hat and ~Hat: name one"),
    ],
)
def test_recipes_that_contradict_themselves_are_clean_errors(text, message):
    with pytest.raises(UserError, match=message):
        recipe.parse(text, DOMAINS)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Smiling", "^Smiling belongs to the content of this model, which keeps it in every style: leave it out of the style$"),
        ("Blnd_Hair", "no domain or attribute 'Blnd_Hair': did you mean 'Blond_Hair'\\? it has bright, dark, Blond_Hair, Hat"),
        ("brigt", "did you mean 'bright'"),
        ("bright", "no domain or attribute 'bright'"),
        ("Hat", "this model has learned from no picture of 'dark' with Hat: leave it out"),
    ],
)
def test_attributes_that_the_style_has_not_are_clean_errors(name, message):
    found = Recipe(
        ("Blond_Hair", "Hat"),
        np.zeros((2, 3, 4), np.float32),
        np.array([[0.5, 0.5], [0.5, 0]], np.float32),
        np.zeros((2, 2, 2), np.float32),
    )
    with pytest.raises(UserError, match=message):
        recipe.code_of(found, {name: True}, 1, DOMAINS, content_attributes=("Smiling",))


def test_contents_attributes_are_those_that_the_losses_keep():
    config = tiny_semgan.config()
    assert recipe.kept_of_content(config.to_dict()) == ("Smiling",)
    config.losses.content.attributes = 0.0
    assert recipe.kept_of_content(config.to_dict()) == ()
    assert recipe.kept_of_content({"losses": {"cycle_weight": 1.0}}) == ()
