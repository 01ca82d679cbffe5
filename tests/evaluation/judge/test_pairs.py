import numpy as np
import pytest

from semgan.errors import UserError
from semgan.evaluation.judge.pairs import choose_pairs, contents_matching, pair_batches, translate_pairs


def test_pairs_are_of_different_domains_and_fixed_by_the_seed(test_squares):
    pairs = choose_pairs(test_squares, 300, seed=3)
    assert (test_squares.domain[pairs.content] != test_squares.domain[pairs.reference]).all()
    again, other = choose_pairs(test_squares, 300, seed=3), choose_pairs(test_squares, 300, seed=4)
    np.testing.assert_array_equal(pairs.content, again.content)
    np.testing.assert_array_equal(pairs.reference, again.reference)
    assert (pairs.content != other.content).any()


def test_more_pairs_begin_with_the_same_ones(test_squares):
    few, more = choose_pairs(test_squares, 10), choose_pairs(test_squares, 20)
    np.testing.assert_array_equal(few[:2], np.stack(more[:2])[:, :10])


def test_every_content_comes_before_one_comes_again_and_all_domains_are_targets(test_squares):
    total = len(test_squares.rows)
    pairs = choose_pairs(test_squares, 2 * total)
    np.testing.assert_array_equal(np.sort(pairs.content[:total]), np.arange(total))
    np.testing.assert_array_equal(np.sort(pairs.content[total:]), np.arange(total))
    shares = np.bincount(test_squares.domain[pairs.reference]) / (2 * total)
    assert (abs(shares - 1 / 3) < 0.1).all()


def test_one_domain_is_refused(test_squares):
    alone = test_squares._replace(domain=np.zeros_like(test_squares.domain))
    with pytest.raises(UserError, match="at least two domains"):
        choose_pairs(alone, 4)


def test_no_pairs_are_refused(test_squares):
    with pytest.raises(UserError, match="at least 1"):
        choose_pairs(test_squares, 0)


def test_contents_can_be_narrowed_and_references_stay_any(test_squares):
    large = test_squares.annotations["attributes"][test_squares.rows, 0] == 1
    pairs = choose_pairs(test_squares, 2 * large.sum(), contents=large)
    np.testing.assert_array_equal(np.unique(pairs.content), np.flatnonzero(large))
    assert 0 < large[pairs.reference].mean() < 1
    assert (test_squares.domain[pairs.content] != test_squares.domain[pairs.reference]).all()
    into = choose_pairs(test_squares, 20, targets=(2,), contents=large)
    assert large[into.content].all()
    assert set(test_squares.domain[into.reference]) == {2}


def test_all_contents_are_the_same_pairs_as_none_asked_for(test_squares):
    pairs, same = choose_pairs(test_squares, 50), choose_pairs(test_squares, 50, contents=np.ones(len(test_squares.rows), bool))
    np.testing.assert_array_equal(pairs[:2], same[:2])


def test_contents_match_by_domain_and_attribute(test_squares):
    large, red = test_squares.annotations["attributes"][test_squares.rows].T == 1
    np.testing.assert_array_equal(contents_matching(test_squares, "large"), large)
    np.testing.assert_array_equal(contents_matching(test_squares, "~large & green"), ~large & (test_squares.domain == 1))
    np.testing.assert_array_equal(contents_matching(test_squares, "red"), red)
    bare = test_squares._replace(annotations={})
    np.testing.assert_array_equal(contents_matching(bare, "~blue"), test_squares.domain != 2)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("lagre", "^--contents: 'lagre' in 'lagre' is neither a domain nor an attribute here; did you mean 'large'"),
        ("green&red", r"^--contents: none of the 120 pictures of squares \(test\) matches 'green&red'; ask for fewer"),
    ],
)
def test_contents_that_are_not_there_are_a_sentence(test_squares, expression, message):
    with pytest.raises(UserError, match=message):
        contents_matching(test_squares, expression)
    with pytest.raises(UserError, match="'large' in 'large' is neither"):
        contents_matching(test_squares._replace(annotations={}), "large")


def test_contents_that_are_all_of_the_target_domain_are_a_sentence(test_squares):
    with pytest.raises(
        UserError, match=r"^--contents: all \d+ pictures of squares \(test\) that match are of the domain .* another --into"
    ):
        choose_pairs(test_squares, 4, targets=(1,), contents=test_squares.domain == 1)


def test_batches_have_one_size_and_hold_the_pairs_in_order(test_squares):
    pairs = choose_pairs(test_squares, 10)
    batches = list(pair_batches(test_squares, pairs, 4))
    assert [count for _, count in batches] == [4, 4, 2]
    assert {batch["image"].shape for batch, _ in batches} == {(4, 16, 16, 3)}
    positions = np.concatenate([batch["position"][:count] for batch, count in batches])
    np.testing.assert_array_equal(positions, np.arange(10))
    batch, _ = batches[1]
    np.testing.assert_array_equal(batch["image"][0], test_squares.images[test_squares.rows[pairs.content[4]]])
    np.testing.assert_array_equal(batch["reference"][0], test_squares.images[test_squares.rows[pairs.reference[4]]])
    np.testing.assert_array_equal(batch["target_domain"], test_squares.domain[pairs.reference[4:8]])


def test_translations_come_back_without_the_padding(test_squares):
    pairs = choose_pairs(test_squares, 6)
    images = translate_pairs(lambda batch: batch["reference"], test_squares, pairs, 4)
    np.testing.assert_array_equal(images, test_squares.images[test_squares.rows[pairs.reference]])


def test_a_translation_of_another_type_is_refused(test_squares):
    with pytest.raises(ValueError, match="not uint8"):
        translate_pairs(lambda batch: batch["image"].astype(np.float32), test_squares, choose_pairs(test_squares, 4), 4)


def test_batches_bring_the_contents_inputs_along(test_squares):
    pairs = choose_pairs(test_squares, 10, seed=3)._replace(inputs={"mask": (), "attributes": ("red",)})
    masks, red = test_squares.annotations["mask"], test_squares.annotations["attributes"][:, 1]
    batches = list(pair_batches(test_squares, pairs, 8))
    rows = test_squares.rows[pairs.content]
    np.testing.assert_array_equal(np.concatenate([batch["mask"][:count] for batch, count in batches]), masks[rows])
    np.testing.assert_array_equal(np.concatenate([batch["attributes"][:count, 0] for batch, count in batches]), red[rows])
    plain, _ = next(pair_batches(test_squares, choose_pairs(test_squares, 10, seed=3), 8))
    assert plain.keys() == {"image", "domain", "reference", "target_domain", "position"}
