"""The agreement of predictions with the truth: intersection over union, landmark error, attribute agreement (numpy, no state)."""

import numpy as np

LANDMARK_TOLERANCE = 0.2
"""A landmark counts as kept within this many inter-ocular distances (the usual pupil-to-eye-corner distance)."""
_LEAST_INTER_OCULAR = 0.05
"""Least inter-ocular distance to divide by, in picture widths: profiles bring the eyes together, and no error may be divided by 0."""


def confusion_matrix(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray:
    """Counts of (true class, judged class) over all elements of two integer arrays of one shape: int64 (classes, classes)."""
    if truth.shape != prediction.shape:
        raise ValueError(f"shapes differ: {truth.shape} and {prediction.shape}")
    index = truth.astype(np.int64).ravel() * classes + prediction.astype(np.int64).ravel()
    return np.bincount(index, minlength=classes * classes).reshape(classes, classes)


def class_iou(confusion: np.ndarray) -> np.ndarray:
    """Intersection over union of each class, float64 (classes,); NaN for a class that is neither true nor judged anywhere."""
    intersection = np.diag(confusion).astype(np.float64)
    union = confusion.sum(0) + confusion.sum(1) - intersection
    return np.divide(intersection, union, out=np.full(len(confusion), np.nan), where=union > 0)


def mean_iou(truth: np.ndarray, prediction: np.ndarray, classes: int) -> float:
    """Mean over the classes that are true anywhere of the IoU of all pictures together.

    So a picture without a class does not count for it, and two judgements of the same truth are means over the same classes.
    """
    confusion = confusion_matrix(truth, prediction, classes)
    return float(np.mean(class_iou(confusion)[confusion.sum(1) > 0]))


def mask_iou_by_picture(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray:
    """Mean IoU of each picture over the classes that are true in it, float64 (n,), from class ids (n, height, width)."""
    values = []
    for true, ids in zip(truth, prediction, strict=True):
        confusion = confusion_matrix(true, ids, classes)
        values.append(class_iou(confusion)[confusion.sum(1) > 0].mean())
    return np.array(values)


def landmark_distances(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Distances (n, landmarks) in units of the true inter-ocular distance; inputs (n, landmarks, 2), the eyes first."""
    inter_ocular = np.linalg.norm(truth[:, 0] - truth[:, 1], axis=-1)
    return np.linalg.norm(truth - prediction, axis=-1) / np.maximum(inter_ocular, _LEAST_INTER_OCULAR)[:, None]


def landmarks_kept(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Share of the landmarks within `LANDMARK_TOLERANCE` inter-ocular distances of their true location."""
    return float(np.mean(landmark_distances(truth, prediction) <= LANDMARK_TOLERANCE))


def balanced_agreement(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Mean of the true-positive and true-negative rates of each attribute, (attributes,), from two {0, 1} arrays (n, attributes).

    A constant judgement gives 0.5 however rare the attribute is. NaN where the truth itself is constant: nothing to agree on.
    """
    truth, prediction = truth.astype(bool), prediction.astype(bool)
    positives, negatives = truth.sum(0), (~truth).sum(0)
    varied = (positives > 0) & (negatives > 0)
    true_positive = (truth & prediction).sum(0) / np.maximum(positives, 1)
    true_negative = (~truth & ~prediction).sum(0) / np.maximum(negatives, 1)
    return np.where(varied, (true_positive + true_negative) / 2, np.nan)
