"""Figures together with the resamples behind one of them, for scores that are made of several."""

from typing import NamedTuple

from semgan.evaluation.figures.figure import Figure
from semgan.evaluation.scores.pair_bootstrap import ResampledValues


class Measured(NamedTuple):
    """Figures, and the first of them resample by resample.

    Attributes:
      figures: all of them.
      notes: sentences on those that are unknown.
      values: of the one that gives the others their name: its value first, then its resamples over the pairs; None where it is unknown.
    """

    figures: list[Figure]
    notes: list[str]
    values: ResampledValues | None
