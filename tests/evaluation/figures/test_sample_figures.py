"""Samples beside real pictures: whole, of all domains, new and diverse; the pure parts by hand."""

import json
import re

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.evaluation.figures.judge_figures import pick_evenly
from semgan.evaluation.figures.sample_figures import evaluate_samples
from semgan.evaluation.judge import faces
from semgan.evaluation.judge.judge import Verdict
from semgan.evaluation.report.evaluation_json import evaluation_json
from semgan.evaluation.report.evaluation_text import evaluation_text

NAMES = ("ground", "face", "hat")


def verdict(mask=None, landmarks=None, count=1):
    return Verdict(np.zeros(count, int), np.zeros((count, 2)), mask, landmarks, None)


def evaluated(images, judge, train, test):
    """The report, and its text."""
    evaluation = evaluate_samples(images, judge, train, test)
    return evaluation_json(evaluation, judge, test), evaluation_text(evaluation, judge, test)


def test_more_pictures_like_the_real_ones_score_as_they_do(judge, train_squares, test_squares, squares):
    others = squares(150, seed=5, split="test")
    report, text = evaluated(others.images[others.rows], judge, train_squares, test_squares)
    assert report["whole_faces_real"] >= 0.85
    assert report["whole_faces"] == pytest.approx(report["whole_faces_real"], abs=0.1)
    assert report["medium_coverage"] > 0.85
    assert report["neighbour_distance"] == pytest.approx(report["neighbour_distance_real"], rel=0.15)
    assert report["copies"] < 0.06
    assert not report["audit"]["copying"]
    assert report["diversity"] == pytest.approx(report["diversity_real"], rel=0.1)
    assert set(report["checks"]) == {"ground", "square", "eyes above nose above mouth", "distance of the eyes", "layout"}
    assert sum(by["samples"] for by in report["domains"].values()) == pytest.approx(1)
    assert (report["samples"], report["real"], report["train"]) == (150, 120, 400)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert "150 samples beside 120 pictures of the test split of squares" in text
    assert re.search(rf"{report['whole_faces']:.3f} \(95 %: .*\), real {report['whole_faces_real']:.3f}\n", text)


def test_noise_has_no_whole_face(judge, train_squares, test_squares):
    noise = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    report, _ = evaluated(noise, judge, train_squares, test_squares)
    assert report["whole_faces"] == 0
    assert report["neighbour_distance"] > 2 * report["neighbour_distance_real"]
    assert report["copies"] == 0


def test_one_training_picture_over_and_over_is_all_copies_of_one_domain(judge, train_squares, test_squares):
    image = train_squares.images[train_squares.rows[7]]
    report, text = evaluated(np.repeat(image[None], 30, axis=0), judge, train_squares, test_squares)
    assert report["copies"] == 1
    assert report["audit"]["copying"]
    assert "copies training pictures" in text
    assert report["neighbour_distance"] < 1e-5
    assert report["medium_coverage"] < 0.45
    assert report["diversity"] < 1e-3 < report["diversity_real"]


def test_data_without_annotations_leave_wholeness_unknown(judge, train_squares, test_squares):
    blind = judge._replace(heads=judge.heads._replace(mask_classes=0, landmarks=0))
    test = test_squares._replace(annotations={}, names={})
    report, text = evaluated(test.images[test.rows[:8]], blind, train_squares, test)
    assert report["whole_faces"] is None
    assert report["whole_faces_real"] is None
    assert report["checks"] == {}
    assert report["notes"] == ["whole faces are unknown: the data has neither masks nor landmarks"]
    assert "whole faces                     unknown, real unknown" in text


def test_samples_of_another_size_and_single_ones_are_refused(judge, train_squares, test_squares):
    with pytest.raises(ValueError, match="not uint8"):
        evaluate_samples(np.zeros((3, 8, 8, 3), np.uint8), judge, train_squares, test_squares)
    with pytest.raises(UserError, match="1 samples cannot be measured"):
        evaluate_samples(np.zeros((1, 16, 16, 3), np.uint8), judge, train_squares, test_squares)


def test_classes_that_are_nearly_always_there_make_the_rule():
    mask = np.zeros((100, 4, 4), np.uint8)
    mask[:, :2] = 1  # half of every picture, but of two
    mask[:2, :2] = 0
    mask[:50, 3, 3] = 2  # a hat on half of them
    rule = faces.face_rule(verdict(mask, count=100), 3)
    assert rule is not None
    assert rule.inter_ocular is None
    assert set(rule.classes) == {0, 1}
    np.testing.assert_allclose(rule.classes[1], [[0.5, 0.5], [0.5, 0.5], [0.25, 0.25], [0.09375**0.5] * 2], atol=1e-9)
    assert rule.classes[0][0] == pytest.approx([0.4375 - 0.125, 0.9375 + 0.125])
    assert faces.face_rule(verdict(), 0) is None


def test_measures_by_hand():
    mask = np.zeros((2, 4, 4), np.uint8)
    mask[0, 1, 0], mask[0, 1, 2] = 3, 3
    np.testing.assert_allclose(faces.class_measures(mask, 3), [[2 / 16, 0.375, 0.375, 0.25], [0, 0, 0, 0]], atol=1e-9)


def test_layout_knows_how_parts_go_together():
    draw = np.random.default_rng(0).normal(size=(2000, 1))
    layout = faces.layout_of(np.concatenate([draw, draw + 0.1 * np.random.default_rng(1).normal(size=(2000, 1))], axis=1))
    together, apart = np.array([[1.0, 1.0]]), np.array([[1.0, -1.0]])
    assert faces.squared_distance(layout, together) < layout.limit < faces.squared_distance(layout, apart)
    np.testing.assert_allclose(faces.squared_distance(layout._replace(precision=np.eye(2), mean=np.ones(2)), apart), [4])


def test_checks_by_hand():
    rule = faces.FaceRule(
        {1: np.array([[0.2, 0.5], [0, 1], [0, 0.4], [0, 1]])}, np.array([0.3, 0.5]), faces.FaceLayout(np.zeros(14), np.eye(14), 4.0)
    )
    mask = np.zeros((4, 2, 2), np.uint8)
    mask[0, 0], mask[1, 0, 0], mask[2], mask[3, 1] = 1, 1, 1, 1  # areas 0.5, 0.25, 1 and 0.5, the last at the bottom
    face = np.array([[0.3, 0.3], [0.7, 0.3], [0.5, 0.5], [0.4, 0.7], [0.6, 0.7]])
    upside_down = face * [1, -1] + [0, 1]
    narrow = face.copy()
    narrow[:2, 0] = 0.45, 0.55
    passed = faces.face_checks(rule, verdict(mask, np.stack([face, upside_down, narrow, face]), 4), NAMES)
    assert {name: values.tolist() for name, values in passed.items()} == {
        "face": [True, True, False, False],
        "eyes above nose above mouth": [True, False, True, True],
        "distance of the eyes": [True, True, False, True],
        "layout": [True, True, False, False],
    }
    assert faces.whole(passed).tolist() == [True, False, False, False]


def test_few_of_many_are_taken_evenly():
    assert pick_evenly(np.arange(10), 4).tolist() == [0, 2, 5, 7]
    assert pick_evenly(np.arange(3), 4).tolist() == [0, 1, 2]
