"""All figures of published measures between contents, references and translations, from the networks that the user has files of."""

import numpy as np

from semgan.evaluation.extractors.tools import Tools
from semgan.evaluation.figures.art_fid_figures import art_fid_figures
from semgan.evaluation.figures.figure import Figure
from semgan.evaluation.figures.inception_figures import FiguresAndNotes
from semgan.evaluation.figures.onnx_figures import identity_figures, landmark_figures
from semgan.evaluation.figures.transformer_figures import clip_figures, csd_figures, dino_structure_figure
from semgan.evaluation.judge.judged_pairs import JudgedPairs


def weight_figures(tools: Tools, judged_pairs: JudgedPairs, translations: np.ndarray, styles: str) -> FiguresAndNotes:
    """Computes the figures of the tools other than Inception and LPIPS alone; and notes on what could not be measured.

    Args:
      translations: uint8, of all pairs.
      styles: where their styles are from: "reference", or "none" for a model that takes none.
    """
    figures: list[Figure] = []
    notes: list[str] = []
    if tools.dino:
        figures.append(dino_structure_figure(tools.dino, judged_pairs, translations))
    if tools.clip:
        figures += clip_figures(tools.clip, judged_pairs, translations, styles)
    if tools.csd:
        figures += csd_figures(tools.csd, judged_pairs, translations, styles)
    if tools.art_inception and tools.lpips:
        more, remarks = art_fid_figures(tools.art_inception, tools.lpips, judged_pairs, translations, styles)
        figures, notes = [*figures, *more], [*notes, *remarks]
    if tools.landmarks:
        more, remarks = landmark_figures(tools.landmarks, judged_pairs, translations)
        figures, notes = [*figures, *more], [*notes, *remarks]
    if tools.identity:
        more, remarks = identity_figures(tools.identity, judged_pairs, translations)
        figures, notes = [*figures, *more], [*notes, *remarks]
    return figures, notes


def notes_on_samples(tools: Tools) -> list[str]:
    """Returns a note for a model that draws from noise where tools were loaded that can measure translations alone."""
    names = [name for name in ("dino", "clip", "csd", "art_inception", "landmarks", "identity") if getattr(tools, name)]
    return (
        [f"no figures of {', '.join(names)}: they compare translations with contents or references, and the model has none"]
        if names
        else []
    )
