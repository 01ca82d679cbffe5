import numpy as np
import pytest

from semgan.evaluation.figures.strength import strength_figures
from semgan.evaluation.judge import judged_pairs as judged_module
from semgan.evaluation.judge.judged_pairs import judge_pairs
from semgan.evaluation.report.evaluation_json import strength_point
from tests.evaluation.reports import transfer_report

PAIRS = 60


def strength_curve(*asked):
    return [strength_point(*point) for point in strength_figures(*asked).items()]


def blend(oracle):
    """A translation that is the content at strength 0 and the perfect one at 1."""

    def translate(batch, strength):
        mixed = (1 - strength) * batch["image"].astype(float) + strength * oracle(batch)
        return np.round(mixed).astype(np.uint8)

    return translate


def test_the_ends_are_the_plain_evaluation_and_the_content_itself(judge, test_squares, oracle):
    judged = judge_pairs(judge, test_squares, pairs=PAIRS)
    start, middle, end = strength_curve(blend(oracle), judged, (0.0, 0.5, 1.0))
    for point, translate in ((start, lambda batch: batch["image"]), (end, oracle)):
        plain = transfer_report(translate, judge, test_squares, pairs=PAIRS)
        assert {key: point[key] for key in ("transfer_score", "retention", "adoption")} == {
            key: plain[key] for key in ("transfer_score", "retention", "adoption")
        }
        assert point["mask_iou"] == plain["agreement"]["translated"]
        assert point["landmark_error"] == plain["landmark_error"]["translated"]
        assert point["domain_accuracy"] == plain["domain_accuracy"]["translated"]
        assert point["attributes"] == plain["attributes"]["translated"]["large"]  # "red" names a domain: no part of what is kept
    assert [point["strength"] for point in (start, middle, end)] == [0, 0.5, 1]
    assert (start["retention"], start["adoption"]) == (pytest.approx(1), 0)
    assert 0 <= middle["adoption"] <= end["adoption"]


def test_the_pairs_own_pictures_are_judged_once(judge, test_squares, oracle, monkeypatch):
    counted = []
    decide = judged_module.decide
    monkeypatch.setattr(judged_module, "decide", lambda judge, images: counted.append(len(images)) or decide(judge, images))
    strength_curve(blend(oracle), judge_pairs(judge, test_squares, pairs=10), (0.0, 0.5, 1.0))
    assert counted == [10] * (2 + 3)


def test_what_the_data_cannot_tell_is_unknown_all_along(judge, test_squares, oracle):
    bare = test_squares._replace(annotations={})
    (point,) = strength_curve(blend(oracle), judge_pairs(judge, bare, pairs=10), (1.0,))
    assert point["adoption"] is not None
    assert [point[key] for key in ("transfer_score", "retention", "mask_iou", "landmark_error", "attributes")] == [None] * 5
