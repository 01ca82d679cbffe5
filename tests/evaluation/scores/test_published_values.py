"""Figures of torch-fidelity 0.4.0 (torch 2.13.0, SciPy 1.17.1, NumPy 2.4.6) on the same float64 features; pytorch-fid 0.3.0 gives the
same Fréchet distances to 2e-13. Input 1 is the generated set for precision and recall, the real set for the kernel distance.
"""

import numpy as np
import pytest

from semgan.evaluation.scores.inception_score import score_logits
from semgan.evaluation.scores.kernel import kernel_distance
from semgan.evaluation.scores.moments import moments_of
from tests.evaluation.scores.in_one_number import frechet_distance, precision_recall

FRECHET = {"many": 4.076940455631075, "equal": 45.025554755335804, "deficient": 345.3069221556495, "mixed": 94.32726972867259}
KERNEL = {  # mean and standard deviation over 100 subsets of 1,000, or of as many as there are; seed 2020
    "many": (0.19088847217752722, 0.007503665735765257),
    "equal": (0.5102290842844444, 8.981148454337477e-16),
    "deficient": (0.31440776340788723, 4.3511678576336585e-16),
    "mixed": (0.09842707619688922, 0.012539859822696021),
}
PRECISION_RECALL = {
    "many": (0.36133334040641785, 0.8650000095367432),
    "equal": (1.0, 0.0),
    "deficient": (0.0, 1.0),
    "mixed": (0.0555555559694767, 0.965833306312561),
}
NAMES = sorted(FRECHET)


@pytest.mark.parametrize("name", NAMES)
def test_frechet_distance_is_the_published_packages(name, feature_sets):
    # where vectors are fewer than features theirs is off by some 1e-5 (they give -9e-6 for a set against itself)
    distance = frechet_distance(*map(moments_of, feature_sets[name]))
    assert distance == pytest.approx(FRECHET[name], rel=1e-6 if name in ("deficient", "mixed") else 1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_kernel_distance_is_the_published_packages(name, feature_sets):
    mean, std, _ = kernel_distance(*feature_sets[name])
    assert mean == pytest.approx(KERNEL[name][0], rel=1e-12)
    assert std == pytest.approx(KERNEL[name][1], rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_precision_and_recall_are_the_published_packages(name, feature_sets):
    # theirs are float32 means
    assert precision_recall(*feature_sets[name]) == pytest.approx(PRECISION_RECALL[name], abs=1e-7)


@pytest.mark.parametrize(
    ("seed", "mean", "std"),
    [(2020, 8.407960187063086, 0.3703605781007444), (None, 8.403442138656164, 0.3502677832359211)],
)
def test_inception_score_is_the_published_packages(seed, mean, std, class_scores):
    assert score_logits(class_scores, seed=seed) == pytest.approx((mean, std), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_float32_features_change_nothing_that_matters(name, feature_sets):
    real, fake = (features.astype(np.float32) for features in feature_sets[name])
    assert frechet_distance(moments_of(real), moments_of(fake)) == pytest.approx(FRECHET[name], rel=1e-6)
    assert kernel_distance(real, fake, subsets=5).mean == pytest.approx(kernel_distance(*feature_sets[name], subsets=5).mean, rel=1e-5)
