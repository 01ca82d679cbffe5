"""The result of an evaluation."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from semgan.evaluation.figures.examples import Examples
from semgan.evaluation.figures.figure import Figure


class Evaluation(NamedTuple):
    """The result of evaluating a model.

    Attributes:
      figures: all numbers, each under its own name.
      notes: sentences on what could not be measured and on what to keep in mind.
      examples: pictures to look at.
      by_strength: further figures of weaker styles, by the style's strength.
      checks: for a model that draws from noise, the ranges within which a face counts as whole, by the check's name (ranges of the
        class's area, location and spread, see `faces.class_measures`, or of the distance of the eyes in picture widths).
      training_shares: the shares of the training pictures by domain, to compare with the domains that samples are judged to be of.
    """

    figures: Sequence[Figure]
    notes: Sequence[str] = ()
    examples: Examples = Examples()
    by_strength: Mapping[float, Sequence[Figure]] = {}
    checks: Mapping[str, Mapping[str, Any]] = {}
    training_shares: Mapping[str, float] = {}

    def value(self, name: str) -> float | None:
        """Returns the value of the figure of this name; None where it could not be taken."""
        return next((figure.value for figure in self.figures if figure.name == name), None)
