"""The transfer score of any folders of pictures, without annotations: kept is what a matcher finds, adopted what statistics of style do.

label_free_score = harmonic mean of label_free_retention and style_adoption, 0 where either is not positive
"""

import numpy as np

from semgan.evaluation.figures.adoption_figures import adoption_figures
from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.label_free_figures import PlaceMatches, matcher_origin, retention_figures
from semgan.evaluation.figures.origin import Origin
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.matcher.matcher import Matcher
from semgan.evaluation.scores import pair_bootstrap

SCORE = "label_free_score"


def label_free_figures(
    matcher: Matcher, matches: PlaceMatches, judged_pairs: JudgedPairs, images: np.ndarray, origin: Origin
) -> tuple[list[Figure], list[str]]:
    """Computes the score and the figures of `retention_figures` and `adoption_figures`, and notes on those that are unknown.

    Args:
      matches: the matcher's, of the same pairs and translations.
      images: translations of all pairs, uint8 (pairs, size, size, 3).
      origin: see `transfer_figures.transfer_origin`.
    """
    own = matcher_origin(matcher, judged_pairs)
    retention = retention_figures(matches, own)
    adoption = adoption_figures(judged_pairs, images, origin)
    figures, notes = [*retention.figures, *adoption.figures], [*retention.notes, *adoption.notes]
    if retention.values is None or adoption.values is None:
        return figures, notes
    scores = pair_bootstrap.resampled_score(retention.values, adoption.values)
    passport = own.passport(len(images), len(images), adoption="style statistics")
    interval = pair_bootstrap.interval_of_resamples(scores[1:])
    score = Figure(SCORE, float(scores[0]), interval, passport, "" if interval is None else resamples_of("the pairs"))
    return [score, *figures], notes
