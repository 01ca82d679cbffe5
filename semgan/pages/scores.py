"""The names and meanings of the scores, the same wherever they are shown."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from semgan.pages.document import Card, cards


class Score(NamedTuple):
    """A score's name, and its meaning in a line."""

    name: str
    meaning: str


SCORES = {
    "answer_score": Score(
        "answer score",
        "how near translations come to the true answers in structure, colour and texture: the better copy is at 0, another artist's at 1",
    ),
    "label_free_score": Score(
        "label-free score", "harmonic mean of the label-free retention and the style adoption: a copy of either picture scores 0"
    ),
    "label_free_retention": Score("label-free retention", "how well places of the contents are found again, without annotations"),
    "style_adoption": Score("style adoption", "how far colours and texture have come from the contents (0) to the references (1)"),
    "reference_match": Score("reference match", "share of other references that are farther in style than the own one: 0.5 by chance"),
    "transfer_score": Score(
        "transfer score", "harmonic mean of retention and adoption: a copy of either picture scores 0, a perfect translation about 1"
    ),
    "retention": Score("retention", "how much of what the content shows is kept"),
    "adoption": Score("adoption", "how often the reference's domain is taken on"),
    "whole_faces": Score("whole faces", "share of the samples with every part of a face at a place and of a size that real faces have"),
    "medium_coverage": Score("domain coverage", "how well the samples' domains are spread as the training pictures' are, 1 at best"),
    "neighbour_distance": Score(
        "neighbour distance", "mean distance to the nearest training picture in the judge's features; a copy is at 0"
    ),
    "diversity_share": Score("diversity", "how far apart two generated pictures are, as a share of how far apart two real ones are"),
    "recall": Score("recall", "share of the real pictures that lie among the generated ones"),
}
"""The scores by their keys in a report."""


def score_cards(values: Mapping[str, Any]) -> str:
    """Cards of those scores that there are; one that could not be taken, None, is said to be unknown."""
    return cards(Card(score.name, value_text(values[key]), score.meaning) for key, score in SCORES.items() if key in values)


def value_text(value: float | None, digits: int = 2) -> str:
    """`0.6412 -> "0.64"`, `None -> "unknown"`."""
    return "unknown" if value is None else f"{value:.{digits}f}"
