"""What an evaluation finds."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from semgan.evaluation.figures.examples import Examples
from semgan.evaluation.figures.figure import Figure


class Evaluation(NamedTuple):
    """What is found about a model.

    Attributes:
      figures: all numbers, each of a name of its own.
      notes: in sentences, what could not be measured and what to mind.
      examples: pictures to look at.
      by_strength: further figures of weaker styles, by the style's strength.
      checks: what a whole face is told by, of a model that draws from noise: by the check's name, the ranges that it asks for (of the
        class's area, place and spread, see `faces.class_measures`, or of the distance of the eyes in picture widths).
      training_shares: beside the domains that samples are judged to be of, the shares of the training pictures by domain.
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
