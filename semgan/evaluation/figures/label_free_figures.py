"""What translations keep of their contents, as a figure, without any annotation: matched place by place.

    label_free_retention = (match of content and translation - that of content and reference)
                           / (that of the content and itself in random styles - that of content and reference)

each the mean over the pairs; 0 for copying the reference, 1 for the content under changes of style that no place is lost in.
"""

from collections.abc import Mapping

import numpy as np

from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.measured import Measured
from semgan.evaluation.figures.origin import OF, Origin
from semgan.evaluation.figures.transfer_figures import COPIED
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.judge.network_file import weights_digest
from semgan.evaluation.matcher.matcher import Matcher, Pictures, features_of, restyle
from semgan.evaluation.matcher.training import SIZE
from semgan.evaluation.scores import pair_bootstrap
from semgan.evaluation.scores.place_match import PerPicture, place_match

RETENTION = "label_free_retention"
RESTYLED = "restyled"
PlaceMatches = Mapping[str, PerPicture]
"""The `place_match` of each pair's content with another picture, by that one's role: translated, content, reference, `RESTYLED`."""
_RESTYLE_SEED = 0
"""Of the random styles, apart from those that a matcher's accuracy is measured in."""


def matcher_origin(matcher: Matcher, judged_pairs: JudgedPairs) -> Origin:
    """Returns what the passports of all figures of a matcher of these pairs have in common."""
    identity = {
        "extractor": f"matcher {matcher.name}",
        "network": f"matcher of {matcher.settings['channels']} channels",
        "sha256": weights_digest({"params": matcher.params, "mean": matcher.mean, "deviation": matcher.deviation}),
        "protocol": "place by place",
        "resize": f"bilinear, antialiased, to {SIZE}",
    }
    into = ", ".join(judged_pairs.dataset.domains[each] for each in np.unique(judged_pairs.target))
    seeds = {"pairs": judged_pairs.seed, "restyled": _RESTYLE_SEED}
    parameters = {f"matcher_{name}": value for name, value in matcher.settings.items()}
    parameters |= {"matcher_place_accuracy": matcher.accuracy["place"], "into": into, **judged_pairs.parameters()}
    return Origin(identity, judged_pairs.dataset.fingerprint, judged_pairs.dataset.split, seeds, None, parameters)


def place_matches(matcher: Matcher, judged_pairs: JudgedPairs, images: Pictures) -> PlaceMatches:
    """Matches each pair's content with its translation, itself, the reference, and itself in random styles.

    Args:
      images: the translations.
    """
    dataset, pairs = judged_pairs.dataset, judged_pairs.pairs
    contents, references = (dataset.images[dataset.rows[places]] for places in (pairs.content, pairs.reference))
    source, target = dataset.domain[pairs.content], judged_pairs.target
    content = features_of(matcher, contents, source)
    roles = {"translated": (images, target), "content": (contents, source), "reference": (references, target)}
    roles[RESTYLED] = (restyle(contents, _RESTYLE_SEED), source)
    return {role: place_match(content, features_of(matcher, *pictures)) for role, pictures in roles.items()}


def retention_figures(matches: PlaceMatches, origin: Origin) -> Measured:
    """Computes `label_free_retention` and its parts: `place_match`, and that of the content, the reference and the restyled content.

    Args:
      matches: see `place_matches`.
      origin: see `matcher_origin`.

    Returns:
      The figures, and a note where the retention is unknown: the matcher does not tell contents from references.
    """
    means = {role: float(values.mean()) for role, values in matches.items()}
    count = len(matches["translated"])
    weights = pair_bootstrap.pair_weights(count)
    resampled = {role: weights @ values / count for role, values in matches.items()}
    passport = origin.passport(count, count)
    over = resamples_of("the pairs")
    roles = {**COPIED, RESTYLED: "the content in random styles"}
    parts = [
        Figure(
            f"place_match/{role}" if role in roles else "place_match",
            means[role],
            pair_bootstrap.interval_of_resamples(resampled[role]),
            passport.with_parameters(**({OF: roles[role]} if role in roles else {})),
            over,
        )
        for role in matches
    ]
    if means[RESTYLED] <= means["reference"]:
        note = f"{RETENTION} is unknown: the matcher does not tell the contents from the references better than chance"
        return Measured(parts, [note], None)
    value = (means["translated"] - means["reference"]) / (means[RESTYLED] - means["reference"])
    shares = pair_bootstrap.resampled_share(*(resampled[role] for role in ("translated", "reference", RESTYLED)))
    interval = pair_bootstrap.interval_of_resamples(shares)
    retention = Figure(RETENTION, value, interval, passport, "" if interval is None else over)
    return Measured([retention, *parts], [], np.concatenate([[value], shares]))
