import numpy as np
import pytest

from semgan.evaluation.figures.retention import agreement_by_pair, extremes, mask_iou_by_picture
from semgan.evaluation.judge.judge import decide
from semgan.evaluation.judge.judged_pairs import judge_pairs, judge_translations

PAIRS = 20


def test_mask_iou_of_single_pictures_by_hand():
    truth = np.array([[[0, 0], [1, 1]], [[0, 0], [0, 0]]])
    judged = np.array([[[0, 1], [1, 1]], [[0, 0], [0, 2]]])
    # ground 1 of 2 and square 2 of 3; then three of the four pixels of the only class that is true
    np.testing.assert_allclose(mask_iou_by_picture(truth, judged, 3), [(1 / 2 + 2 / 3) / 2, 3 / 4])


def test_a_copy_of_the_content_agrees_as_the_content_itself_does(judge, test_squares):
    judged = judge_pairs(judge, test_squares, pairs=PAIRS)
    copied = judge_translations(lambda batch: batch["image"], judged, 10)
    found = extremes(judged, copied.verdict)
    assert all(pair["agreement"] == pair["content_agreement"] for pair in found["best_pairs"] + found["worst_pairs"])
    assert all(pair["judged_as"] == pair["source"] for pair in found["best_pairs"])


def test_the_best_and_worst_pairs_are_those_that_kept_and_lost_their_content(judge, test_squares, oracle):
    ruined = {3, 8}

    def translate(batch):
        lost = np.isin(batch["position"], list(ruined))[:, None, None, None]
        return np.where(lost, 0, oracle(batch)).astype(np.uint8)

    judged = judge_pairs(judge, test_squares, pairs=PAIRS)
    translated = judge_translations(translate, judged, 10)
    found = extremes(judged, translated.verdict, count=2)
    assert {pair["pair"] for pair in found["worst_pairs"]} == ruined
    best, second = found["best_pairs"]
    kept = agreement_by_pair(judged, translated.verdict)
    assert best["agreement"] == kept.max() >= second["agreement"]
    assert (best["source"], best["target"]) == tuple(
        test_squares.domains[test_squares.domain[places[best["pair"]]]] for places in (judged.pairs.content, judged.pairs.reference)
    )
    assert best["content"] == test_squares.rows[judged.pairs.content[best["pair"]]]


@pytest.mark.parametrize(("pairs", "shown"), [(1, 0), (5, 2), (20, 6)])
def test_no_pair_is_among_the_best_and_the_worst(judge, test_squares, oracle, pairs, shown):
    judged = judge_pairs(judge, test_squares, pairs=pairs)
    found = extremes(judged, judge_translations(oracle, judged, 10).verdict)
    named = [pair["pair"] for pair in found["best_pairs"] + found["worst_pairs"]]
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


def test_without_annotations_there_is_nothing_to_show(judge, test_squares):
    bare = test_squares._replace(annotations={})
    judged = judge_pairs(judge, bare, pairs=PAIRS)
    assert agreement_by_pair(judged, decide(judge, bare.images[:PAIRS])) is None
    assert extremes(judged, judged.content) == {"best_pairs": [], "worst_pairs": []}
