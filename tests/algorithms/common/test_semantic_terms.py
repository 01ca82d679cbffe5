"""Which annotations a translation carries, what the heads learn, and what fakes are charged for: literal numbers."""

import jax.numpy as jnp
import numpy as np
import pytest

from configs import semgan as experiment
from semgan.algorithms.common import semantic_terms
from semgan.errors import UserError
from semgan.networks.judge import Heads, Judgement


def configured(content, style, content_attributes=(), style_attributes=()):
    config = experiment.get_config()
    config.losses.content.update(content)
    config.losses.style.update(style)
    config.losses.update({"content_attributes": content_attributes, "style_attributes": style_attributes})
    config.networks.semantic_heads.update({"channels": 8, "mask_classes": 7, "landmarks": 5, "categories": 4, "boxes": 2})
    return config


BOTH = configured({"mask": 0.5, "attributes": 2.0}, {"category": 3.0, "attributes": 4.0}, ("Smiling", "Bald"), ("Blond_Hair",))


def test_what_has_a_weight_above_0_is_carried_with_its_attributes():
    carried = semantic_terms.semantics_of(BOTH)
    assert dict(carried.content) == {"mask": 0.5, "attributes": 2.0}
    assert dict(carried.style) == {"category": 3.0, "attributes": 4.0}
    assert (carried.content_attributes, carried.style_attributes) == (("Smiling", "Bald"), ("Blond_Hair",))
    assert carried.head_weights == {"mask": 0.5, "attributes": 4.0, "category": 3.0}


def test_attributes_of_weight_0_are_not_asked_for():
    carried = semantic_terms.semantics_of(configured({"mask": 1.0}, {}, ("Smiling",), ("Smiling",)))
    assert (carried.content_attributes, carried.style_attributes) == ((), ())
    assert carried.annotations() == {"mask": ()}


def test_batches_carry_what_heads_learn_and_the_reference_s_style():
    assert semantic_terms.semantics_of(BOTH).annotations() == {
        "mask": (),
        "attributes": ("Smiling", "Bald", "Blond_Hair"),
        "category": (),
        "reference_category": (),
        "reference_attributes": ("Blond_Hair",),
    }


def test_heads_have_what_is_carried_and_no_more():
    assert semantic_terms.heads_of(BOTH, semantic_terms.semantics_of(BOTH)) == Heads(
        8, domains=0, mask_classes=7, attributes=3, categories=4
    )
    others = configured({"landmarks": 1.0, "boxes": 1.0}, {})
    heads = semantic_terms.heads_of(others, semantic_terms.semantics_of(others))
    assert heads == Heads(8, domains=0, landmarks=5, boxes=2)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (configured({"mask": 1.0}, {"mask": 1.0}), "mask in content and in style"),
        (configured({"attributes": 1.0}, {"attributes": 1.0}, ("Bald",), ("Bald",)), "Bald in content and in style"),
        (configured({"attributes": 1.0}, {}), "content_attributes is empty"),
        (configured({}, {"attributes": 1.0}), "style_attributes is empty"),
    ],
)
def test_contradictions_are_refused(config, sentence):
    with pytest.raises(UserError, match=sentence):
        semantic_terms.semantics_of(config)


def test_an_annotation_that_does_not_exist_is_refused():
    config = experiment.get_config()
    config.losses.content.unlock()
    config.losses.content["pose"] = 1.0
    with pytest.raises(UserError, match="content names 'pose'"):
        semantic_terms.semantics_of(config)


def _judged(attributes, category=None):
    return Judgement(
        domain=None,
        features=jnp.zeros((2, 1)),
        mask=None,
        landmarks=None,
        attributes=attributes,
        category=category,
    )


def test_fakes_are_charged_for_the_content_s_attributes_and_guided_ones_for_the_reference_s():
    """Logits of 0 cost log 2 per attribute and are wrong where the attribute is there; the second position alone is guided."""
    carried = semantic_terms.Semantics({"attributes": 2.0}, {"attributes": 4.0, "category": 3.0}, ("Smiling", "Bald"), ("Blond_Hair",))
    judged = _judged(jnp.array([[0.0, 0.0, -1.0], [0.0, 0.0, -1.0]]), jnp.zeros((2, 5)))
    batch = {
        "position": jnp.array([4, 6]),
        "attributes": jnp.array([[1, 1, 0], [1, 0, 1]]),
        "reference_attributes": jnp.array([[1], [1]]),
        "reference_category": jnp.array([0, 1]),
    }
    total, errors = semantic_terms.of_translations(judged, carried, batch)
    guided = 4 * np.log1p(np.e) + 3 * np.log(5)
    np.testing.assert_allclose(total, [2 * np.log(2), 2 * np.log(2) + guided], rtol=1e-5)
    assert {name: error.tolist() for name, error in errors.items()} == {
        "attributes": [1.0, 0.5],
        "style_attributes": [1.0, 1.0],
        "style_category": [0.0, 1.0],
    }


def test_either_side_may_be_missing():
    batch = {"position": jnp.array([4, 6]), "category": jnp.array([0, 1]), "reference_category": jnp.array([0, 1])}
    judged = _judged(None, jnp.array([[0.0, 0.0], [0.0, 0.0]]))
    total, errors = semantic_terms.of_translations(judged, semantic_terms.Semantics({"category": 2.0}, {}, (), ()), batch)
    np.testing.assert_allclose(total, [2 * np.log(2)] * 2, rtol=1e-6)
    assert errors.keys() == {"category"}
    total, errors = semantic_terms.of_translations(judged, semantic_terms.Semantics({}, {"category": 2.0}, (), ()), batch)
    np.testing.assert_allclose(total, [0, 2 * np.log(2)], rtol=1e-6)
    assert errors.keys() == {"style_category"}
