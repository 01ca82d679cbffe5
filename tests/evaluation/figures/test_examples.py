import numpy as np
import pytest

from semgan.evaluation.figures.examples import agreement_by_pair, best_and_worst, nearest_examples
from semgan.evaluation.judge.judge import decide
from semgan.evaluation.judge.judged_pairs import Translations, judge_pairs, judge_translations

PAIRS = 20


def about(examples):
    return [example.about for example in examples]


def test_a_copy_of_the_content_agrees_as_the_content_itself_does(judge, test_squares):
    judged = judge_pairs(judge, test_squares, pairs=PAIRS)
    copied = judge_translations(lambda batch: batch["image"], judged, 10)
    best, worst = map(about, best_and_worst(judged, copied))
    assert all(pair["kept"] == pair["content_kept"] for pair in best + worst)
    assert all(pair["judged_as"] == pair["source"] for pair in best)


def test_the_best_and_worst_pairs_are_those_that_kept_and_lost_their_content(judge, test_squares, oracle):
    ruined = {3, 8}

    def translate(batch):
        lost = np.isin(batch["position"], list(ruined))[:, None, None, None]
        return np.where(lost, 0, oracle(batch)).astype(np.uint8)

    judged = judge_pairs(judge, test_squares, pairs=PAIRS)
    translated = judge_translations(translate, judged, 10)
    most, least = best_and_worst(judged, translated, count=2)
    assert {pair["pair"] for pair in about(least)} == ruined
    best, second = about(most)
    kept = agreement_by_pair(judged, translated.verdict)
    assert best["kept"] == kept.max() >= second["kept"]
    assert best["measure"] == "agreement"
    assert (best["source"], best["target"]) == tuple(
        test_squares.domains[test_squares.domain[places[best["pair"]]]] for places in (judged.pairs.content, judged.pairs.reference)
    )
    assert best["content"] == test_squares.rows[judged.pairs.content[best["pair"]]]
    images = test_squares.images
    expected = [images[best["content"]], images[best["reference"]], translated.images[best["pair"]]]
    np.testing.assert_array_equal(most[0].images, expected)


@pytest.mark.parametrize(("pairs", "shown"), [(1, 0), (5, 2), (20, 6)])
def test_no_pair_is_among_the_best_and_the_worst(judge, test_squares, oracle, pairs, shown):
    judged = judge_pairs(judge, test_squares, pairs=pairs)
    best, worst = best_and_worst(judged, judge_translations(oracle, judged, 10))
    named = [pair["pair"] for pair in about(best) + about(worst)]
    assert len(set(named)) == len(named) == 2 * shown


def test_without_masks_attributes_and_landmarks_take_their_place(judge, test_squares):
    annotations = {name: test_squares.annotations[name] for name in ("landmarks", "attributes")}
    judged = judge_pairs(judge, test_squares._replace(annotations=annotations), pairs=PAIRS)
    large = judged.content.attributes[:, 0] == judged.truth["attributes"][:, 0]
    kept = agreement_by_pair(judged, judged.content)
    # five landmarks and the one attribute that names no domain: halves of fifths
    np.testing.assert_allclose(kept * 10, np.round(kept * 10), atol=1e-9)
    assert np.all(kept[~large] <= 0.5)
    assert kept[large].mean() > 0.7


@pytest.fixture
def bare(judge, test_squares):
    return judge_pairs(judge, test_squares._replace(annotations={}), pairs=PAIRS)


def test_without_annotations_and_matches_there_is_nothing_to_show(judge, bare):
    images = bare.dataset.images[:PAIRS]
    assert agreement_by_pair(bare, decide(judge, images)) is None
    assert best_and_worst(bare, Translations(images, bare.content)) == ([], [])


def test_without_annotations_the_places_that_are_found_again_say_which_pairs_keep_most(bare):
    rng = np.random.default_rng(0)
    matches = {"translated": rng.permutation(PAIRS) / PAIRS, "content": np.ones(PAIRS)}
    best, worst = map(about, best_and_worst(bare, Translations(bare.dataset.images[:PAIRS], bare.content), matches, count=3))
    assert [pair["kept"] for pair in best + worst] == pytest.approx([0.95, 0.9, 0.85, 0, 0.05, 0.1])
    assert all(matches["translated"][pair["pair"]] == pair["kept"] for pair in best + worst)
    assert {(pair["content_kept"], pair["measure"]) for pair in best + worst} == {(1.0, "place match")}


def test_nearest_pictures_name_the_rows_of_the_cache(train_squares):
    places, images = np.array([7, 3, 11]), np.arange(3 * 16 * 16 * 3, dtype=np.uint8).reshape(3, 16, 16, 3)
    first, second = nearest_examples(np.array([0.5, 0.1, 0.3]), places, images, train_squares, count=2)
    assert first.about == {
        "index": 1,
        "row": int(train_squares.rows[3]),
        "domain": train_squares.domains[train_squares.domain[3]],
        "distance": 0.1,
    }
    assert (second.about["index"], second.about["distance"]) == (2, 0.3)
    np.testing.assert_array_equal(first.images, [images[1], train_squares.images[train_squares.rows[3]]])
