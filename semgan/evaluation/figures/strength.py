"""The transfer score and its parts as a curve over the strength of the style."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from semgan.evaluation.figures.passport import is_part, to_json
from semgan.evaluation.figures.semantics import score_figures, scores
from semgan.evaluation.figures.transfer_figures import transfer_origin
from semgan.evaluation.judge.judged_pairs import JudgedPairs, judge_translations

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Where the curve is taken when nothing else is asked for."""
TranslateAt = Callable[[dict[str, np.ndarray], float], np.ndarray]
"""`(batch, strength) -> images`: as `pairs.Translate`, from 0 (the content's own style) to 1 (the reference's)."""


def strength_curve(translate: TranslateAt, judged: JudgedPairs, strengths: Iterable[float], batch_size: int = 50) -> list[dict[str, Any]]:
    """All pairs translated and scored at each strength; their own pictures are not judged again.

    Returns:
      For each strength: `strength`, `transfer_score`, `retention`, `adoption`, and of the translations alone `mask_iou`,
      `landmark_error` (inter-ocular distances), `attributes` (mean balanced agreement over those that should be kept) and
      `domain_accuracy` (share judged as the reference's domain); None what the data or judge cannot tell. `figures`: these
      with their intervals and passports, which name the strength.
    """
    return [_point(translate, judged, strength, batch_size) for strength in strengths]


def _point(translate: TranslateAt, judged: JudgedPairs, strength: float, batch_size: int) -> dict[str, Any]:
    def translate_so(batch: dict[str, np.ndarray]) -> np.ndarray:
        return translate(batch, strength)

    verdict = judge_translations(translate_so, judged, batch_size).verdict
    found, origin = scores(judged, verdict), transfer_origin(judged)
    figures = score_figures(found, judged, verdict, origin._replace(parameters={**origin.parameters, "strength": float(strength)}))
    masks = judged.content.mask is not None and "mask" in judged.truth
    return {
        "strength": float(strength),
        "transfer_score": found["transfer_score"],
        "retention": found["retention"],
        "adoption": found["adoption"],
        "mask_iou": found["agreement"]["translated"] if masks else None,
        "landmark_error": found["landmark_error"]["translated"],
        "attributes": found["attributes_kept"]["translated"],
        "domain_accuracy": found["domain_accuracy"]["translated"],
        "figures": [to_json(figure) for figure in figures if not is_part(figure.name)],
    }
