import numpy as np

from semgan.evaluation.figures.audit_figures import audit_figures, audit_translations
from semgan.evaluation.figures.passport import new_passport
from semgan.evaluation.judge.judge import decide
from semgan.evaluation.judge.judge_features import features_of
from semgan.evaluation.judge.judged_pairs import Translations, judge_pairs
from semgan.evaluation.report.evaluation_json import audit_json
from semgan.evaluation.scores.audit import Audit, CopyingTest


def test_features_are_those_of_the_whole_judge(judge, test_squares):
    places = np.array([5, 2, 9])
    expected = decide(judge, test_squares.images[test_squares.rows[places]]).features
    np.testing.assert_allclose(features_of(judge, test_squares, places), expected, atol=1e-5)
    assert len(features_of(judge, test_squares)) == len(test_squares.rows)


def handed_out(judge, test, images, target):
    """Pairs into these domains, and pictures that stand for their translations."""
    judged = judge_pairs(judge, test, pairs=len(images))._replace(target=target)
    return judged, Translations(images, decide(judge, images))


def test_training_pictures_handed_out_as_translations_are_found(judge, train_squares, test_squares):
    places = np.flatnonzero(train_squares.domain == 1)[:60]
    images = train_squares.images[train_squares.rows[places]]
    figures, nearest = audit_translations(*handed_out(judge, test_squares, images, np.ones(len(places), int)), train_squares)
    assert [figure.name for figure in figures] == ["copies", "copying_statistic", "copies/p_value", "copying_statistic/p_value"]
    assert figures[0].passport.real == train_squares.fingerprint
    assert audit_json(figures)["copying"]
    assert len(nearest) == 8
    assert all(each.about["distance"] < 1e-5 and each.about["domain"] == "green" for each in nearest)
    np.testing.assert_array_equal(nearest[0].images[0], nearest[0].images[1])


def test_new_pictures_are_no_copies(judge, train_squares, test_squares, squares):
    fresh = squares(90, seed=9)
    figures, _ = audit_translations(*handed_out(judge, test_squares, fresh.images[fresh.rows], fresh.domain), train_squares)
    assert not audit_json(figures)["copying"]


def test_an_audit_is_read_off_its_figures():
    """Copying is called where either p-value is below a thousandth."""
    passport = new_passport({}, real="", real_count=9, fake_count=4)
    for p_value, copies_p_value, copying in ((0.5, 0.5, False), (0.0009, 0.5, True), (0.5, 0.0009, True), (0.0011, 0.0011, False)):
        test = CopyingTest(-1.5, p_value, 3, [np.array([0.5, -0.5])])
        read = audit_json(audit_figures(Audit(test, np.array([True, False, False, False]), copies_p_value), passport))
        assert read == {
            "copying": copying,
            "statistic": -1.5,
            "p_value": p_value,
            "cells": 3,
            "copies": 0.25,
            "copies_p_value": copies_p_value,
            "level": 0.001,
        }
