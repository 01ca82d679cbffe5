"""Scores as the papers give them, one number or two for a pair of sets, from the functions that figures are computed with."""

from semgan.evaluation.scores.frechet import distance_and_influences
from semgan.evaluation.scores.manifold import membership


def frechet_distance(a, b):
    """The Fréchet distance of two sets' moments."""
    distance, influences = distance_and_influences(a, b, None, None)
    assert influences == ()
    return distance


def precision_recall(real, fake):
    """The shares of fakes that lie among the real vectors, and of real vectors that lie among the fakes."""
    members = membership(real, fake)
    return members.precision.mean(), members.recall.mean()


def density_coverage(real, fake, **neighbours):
    """How densely fakes lie among the real vectors, and the share of real vectors that have a fake near."""
    members = membership(real, fake, **neighbours)
    return members.density.mean(), members.coverage.mean()
