"""The collapse watch: finds out whether a generator draws one picture, or few, for everything; a pure function of the evaluations so far.

Two measures, both in a judge's features beside those of real pictures: `diversity_share`, the mean distance of two samples as a share of
that of two real pictures; and `recall`, the share of real pictures that lie among the samples (Kynkaanniemi et al. 2019, arXiv
1904.06991, equation 2). Neither alone will do: a young generator's recall is zero before its pictures are any good, and that its
samples are less diverse than real ones is common.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ALIKE = 0.1
"""Diversity share below which samples count as one picture, whatever was before."""
FALLEN = 0.5
"""The shares of the best diversity and of the best recall so far below which both together count as a collapse."""
LEAST_RECALL = 0.05
"""A best recall below it is noise, which cannot fall."""
PATIENCE = 3
"""Evaluations in a row after which training stops."""


class Watch(NamedTuple):
    """The state of the collapse watch after an evaluation.

    Attributes:
      streak: how many of the last evaluations in a row were low; 0: all is well.
      why: the last one's measures, in words; empty where all is well.
      healthy_step: the step of the last evaluation that was not low; None where there is none.
    """

    streak: int
    why: str
    healthy_step: int | None

    @property
    def stops(self) -> bool:
        """Returns whether training should stop."""
        return self.streak >= PATIENCE


def watch(evaluations: Sequence[Mapping[str, Any]]) -> Watch:
    """The state after these evaluations, oldest first.

    Args:
      evaluations: lines of the metrics log; those without "eval/diversity_share" say nothing and are passed over.
    """
    best = {"eval/diversity_share": 0.0, "eval/recall": 0.0}
    state = Watch(0, "", None)
    for line in evaluations:
        if line.get("eval/diversity_share") is None:
            continue
        why = _why_low(line, best)
        state = Watch(state.streak + 1, why, state.healthy_step) if why else Watch(0, "", line["step"])
        best = {name: max(value, line.get(name) or 0.0) for name, value in best.items()}
    return state


def _why_low(line: Mapping[str, Any], best: Mapping[str, float]) -> str:
    share, recall = line["eval/diversity_share"], line.get("eval/recall")
    if share < ALIKE:
        return f"its samples differ {share:.2f} times as much as real pictures do"
    best_share, best_recall = best["eval/diversity_share"], best["eval/recall"]
    if recall is None or best_recall < LEAST_RECALL:
        return ""
    if share < FALLEN * best_share and recall < FALLEN * best_recall:
        fell = f"fell to {share:.2f} of the real pictures' from {best_share:.2f}"
        return f"the diversity of its samples {fell}, recall to {recall:.2f} from {best_recall:.2f}"
    return ""
