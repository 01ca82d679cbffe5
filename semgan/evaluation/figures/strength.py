"""The transfer score and its parts as a curve over the strength of the style."""

from collections.abc import Callable, Iterable

import numpy as np

from semgan.evaluation.figures.figure import Figure, is_part
from semgan.evaluation.figures.transfer_figures import transfer_origin, transfer_score_figures
from semgan.evaluation.judge.judged_pairs import JudgedPairs, judge_translations

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The default strengths of the curve."""
TranslateAt = Callable[[dict[str, np.ndarray], float], np.ndarray]
"""`(batch, strength) -> images`: as `pairs.Translate`, from 0 (the content's own style) to 1 (the reference's)."""


def strength_figures(
    translate: TranslateAt, judged_pairs: JudgedPairs, strengths: Iterable[float], batch_size: int = 50
) -> dict[float, list[Figure]]:
    """Translates and scores all pairs at each strength; their own pictures are not judged again.

    Returns:
      By strength, `transfer_score_figures` of the translations alone, without parts; their passports name the strength.
    """
    return {float(strength): _figures(translate, judged_pairs, float(strength), batch_size) for strength in strengths}


def _figures(translate: TranslateAt, judged_pairs: JudgedPairs, strength: float, batch_size: int) -> list[Figure]:
    def translate_so(batch: dict[str, np.ndarray]) -> np.ndarray:
        return translate(batch, strength)

    verdict, origin = judge_translations(translate_so, judged_pairs, batch_size).verdict, transfer_origin(judged_pairs)
    figures, _ = transfer_score_figures(judged_pairs, verdict, origin._replace(parameters={**origin.parameters, "strength": strength}))
    return [figure for figure in figures if not is_part(figure.name)]
