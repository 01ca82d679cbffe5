import numpy as np
import pytest

from semgan.data.alignment import alignment_of
from semgan.data.dataset import Dataset


def dataset(annotations):
    return Dataset("folder", "train", np.zeros((3, 4, 4, 3), np.uint8), np.array([0, 2]), np.zeros(2, int), ("a",), annotations, {}, "00")


def test_mean_and_deviation_are_of_the_rows_used():
    landmarks = np.zeros((3, 5, 2), np.float32)
    landmarks[0], landmarks[1], landmarks[2] = 0.25, 9, 0.75
    alignment = alignment_of(dataset({"landmarks": landmarks}))
    assert alignment == {"mean": [[0.5, 0.5]] * 5, "deviation": [[pytest.approx(0.25)] * 2] * 5}


def test_pictures_without_landmarks_have_none():
    assert alignment_of(dataset({})) is None
