"""Losses in NumPy float64, written from their formulas, picture by picture: what tests compare the library's own with."""

import numpy as np


def softplus(x):
    """log(1 + e^x)."""
    return np.logaddexp(0, np.asarray(x, np.float64))


def log_softmax(x):
    """Over the last axis."""
    x = np.asarray(x, np.float64)
    return x - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)) - x.max(-1, keepdims=True)


def mean_distance(a, b):
    """Mean absolute difference."""
    return np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).mean()


def mask_loss(logits, truth):
    """Cross-entropy weighed by 1 / sqrt(pixels of the class), and one less the mean soft Dice of the classes that are there."""
    losses = []
    for picture, ids in zip(log_softmax(logits), np.asarray(truth), strict=True):
        present = np.unique(ids)
        weight = {k: 1 / np.sqrt((ids == k).sum()) for k in present}
        total = sum(weight[k] * (ids == k).sum() for k in present)
        entropy = sum(-weight[k] * picture[ids == k][:, k].sum() for k in present) / total
        share = np.exp(picture)
        dice = [(2 * share[ids == k][:, k].sum() + 1) / (share[..., k].sum() + (ids == k).sum() + 1) for k in present]
        losses.append(entropy + 1 - np.mean(dice))
    return np.array(losses)


def lost_iou(logits, truth):
    """One less the mean intersection over union of the classes that are there."""
    losses = []
    for ids, true in zip(np.argmax(np.asarray(logits), -1), np.asarray(truth), strict=True):
        scores = [((ids == k) & (true == k)).sum() / ((ids == k) | (true == k)).sum() for k in np.unique(true)]
        losses.append(1 - np.mean(scores))
    return np.array(losses)


def _inside(place):
    return all(0 <= coordinate <= 1 for coordinate in place)


def landmark_loss(places, truth):
    """sqrt(distance^2 + 0.01^2) - 0.01, in picture widths, the mean over landmarks inside the picture."""
    losses = []
    for picture, true in zip(np.asarray(places, np.float64), np.asarray(truth, np.float64), strict=True):
        values = [np.sqrt(((p - t) ** 2).sum() + 0.01**2) - 0.01 for p, t in zip(picture, true, strict=True) if _inside(t)]
        losses.append(np.mean(values) if values else 0.0)
    return np.array(losses)


def landmark_error(places, truth):
    """Mean distance over the distance between the eyes, which come first; eyes nearer than 0.05 widths count as 0.05 apart."""
    errors = []
    for picture, true in zip(np.asarray(places, np.float64), np.asarray(truth, np.float64), strict=True):
        values = [np.linalg.norm(p - t) for p, t in zip(picture, true, strict=True) if _inside(t)]
        errors.append((np.mean(values) if values else 0.0) / max(np.linalg.norm(true[0] - true[1]), 0.05))
    return np.array(errors)


def attribute_loss(logits, truth):
    """Mean over attributes of -log of the probability of the true value."""
    logits, truth = np.asarray(logits, np.float64), np.asarray(truth)
    return np.where(truth == 1, softplus(-logits), softplus(logits)).mean(-1)


def attribute_error(logits, truth):
    """Share of wrong signs."""
    return ((np.asarray(logits) > 0) != (np.asarray(truth) == 1)).mean(-1)


def category_loss(logits, truth):
    """-log of the true category's probability."""
    return np.array([-picture[category] for picture, category in zip(log_softmax(logits), np.asarray(truth), strict=True)])


def category_error(logits, truth):
    """1 where the largest logit is not the true category's."""
    return (np.argmax(np.asarray(logits), -1) != np.asarray(truth)).astype(float)


def _box_area(box):
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def _overlaps(a, b):
    """IoU and generalised IoU of two boxes (left, top, right, bottom)."""
    both = _box_area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    hull = _box_area((min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])))
    either = _box_area(a) + _box_area(b) - both
    return both / either, both / either - (hull - either) / hull


def _smooth(difference):
    """Smooth L1 whose square part ends at 0.1: d^2 / (2 * 0.1) below, d - 0.1 / 2 above."""
    d = abs(difference)
    return d**2 / 0.2 if d < 0.1 else d - 0.05


def _over_boxes(value, boxes, truth):
    pictures = zip(np.asarray(boxes, np.float64), np.asarray(truth, np.float64), strict=True)
    values = [[value(b, t) for b, t in zip(box, true, strict=True) if t[0] >= 0] for box, true in pictures]
    return np.array([np.mean(each) if each else 0.0 for each in values])


def box_loss(boxes, truth):
    """Smooth L1 summed over the sides plus one less the generalised IoU, the mean over the boxes that are there."""
    return _over_boxes(lambda b, t: sum(map(_smooth, b - t)) + 1 - _overlaps(b, t)[1], boxes, truth)


def box_error(boxes, truth):
    """One less the mean IoU of the boxes that are there."""
    return _over_boxes(lambda b, t: 1 - _overlaps(b, t)[0], boxes, truth)
