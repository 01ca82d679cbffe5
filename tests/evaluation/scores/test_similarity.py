"""Cosines, and landmarks' errors, by hand."""

import numpy as np
import pytest

from semgan.evaluation.scores.landmark_error import normalised_mean_errors, normaliser
from semgan.evaluation.scores.similarity import cosines, other_cosines


def test_cosines_by_hand():
    a, b = np.array([[3, 4], [1, 0], [0, 0], [2, 0]], np.float32), np.array([[6, 8], [0, 5], [1, 1], [-7, 0]], np.float32)
    np.testing.assert_allclose(cosines(a, b), [1, 0, 0, -1], atol=1e-7)


def test_other_references_are_those_of_the_domain_but_the_own():
    references = np.array([[1, 0], [0, 2], [-3, 0], [0.6, 0.8]])
    domain = np.array([0, 0, 0, 1])
    outputs = np.array([[5, 0], [0, 1], [1, 0]])
    got = other_cosines(outputs, references, own=np.array([0, 1, 3]), output_domain=np.array([0, 0, 1]), reference_domain=domain)
    np.testing.assert_allclose(got[:2], [(0 - 1) / 2, 0], atol=1e-12)
    assert np.isnan(got[2])  # its domain has no other


def test_errors_of_five_points_are_in_distances_of_the_eyes():
    content = np.array([[[0, 0], [3, 4], [1, 1], [2, 2], [9, 9]]], float)
    moved = content + np.array([[0, 0], [0, 0], [0, 0], [0, 0], [6, 8]])
    np.testing.assert_allclose(normalised_mean_errors(content, moved), [10 / 5 / 5])
    assert normaliser(5) == "distance of the first two points"


def test_errors_of_more_points_are_in_diagonals_of_the_contents_box():
    content = np.array([[[0, 0], [0.1, 0], [30, 40], [1, 1], [2, 2], [9, 9]]])
    np.testing.assert_allclose(normalised_mean_errors(content, content + np.array([0, 3])), [3 / 50])
    np.testing.assert_allclose(normalised_mean_errors(content, 2 * content + 1), [np.linalg.norm(content + 1, axis=-1).mean() / 50])
    assert normaliser(6) == "diagonal of the box around the content's points"


def test_points_without_extent_have_an_infinite_error_and_one_point_is_refused():
    assert normalised_mean_errors(np.ones((1, 2, 2)), np.zeros((1, 2, 2))).tolist() == [np.inf]
    for shape in ((1, 1, 2), (2, 2, 2)):
        with pytest.raises(ValueError, match="two or more points of the same faces"):
            normalised_mean_errors(np.zeros((1, 1, 2)), np.zeros(shape))
