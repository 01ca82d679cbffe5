"""The transfer score: does a translation keep what the content shows and take on the reference's domain?

    retention = (agreement with the content's annotations - that of the reference copied)
                / (that of the content itself - that of the reference copied)
    adoption  = (accuracy of the judged domain - that of the content copied)
                / (that of the reference itself - that of the content copied)
    score     = harmonic mean of both, 0 when either is not positive

All are judged by the same network on the same pairs, so copying either picture scores 0 and a perfect translation about 1,
whatever the judge's own errors are. Agreement is the mean over the mask's classes of the intersection over union; where the
data has no masks, the mean of the balanced agreement over the content's attributes and the share of landmarks kept.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from semgan.data.dataset import Dataset
from semgan.evaluation import agreement
from semgan.evaluation.diversity import diversity
from semgan.evaluation.judge import Judge, Verdict, by_name, decide
from semgan.evaluation.pairs import Pairs, Translate, choose_pairs, translate_pairs

_ROLES = ("translated", "content", "reference")
"""What is judged: the translation, and the copies of either picture that it is measured against."""

Compared = dict[str, tuple[np.ndarray, np.ndarray]]
"""True and judged annotations of the pairs' contents, by name; only those that both the data and the judge have."""


def evaluate(
    translate: Translate,
    judge: Judge,
    dataset: Dataset,
    *,
    pairs: int = 500,
    seed: int = 0,
    targets: Sequence[int] | None = None,
    batch_size: int = 50,
    style_attributes: Sequence[str] | None = None,
    translate_latent: Callable[[dict[str, np.ndarray], int], np.ndarray] | None = None,
) -> dict[str, Any]:
    """The transfer score and what stands beside it, as plain JSON-able data.

    Args:
      translate: called with batches of `batch_size` (see `pairs.Translate`).
      judge: trained on the same domains.
      dataset: the held-out split.
      targets: numbers of the domains that are translated into; None: all.
      style_attributes: attributes that belong to the style, and so are no part of what has to be kept; None: those that the
        domains' names name (`"Male"`, `"~Male"`).
      translate_latent: `(batch, seed) -> images`, translations in styles drawn from a latent instead of a reference, for the
        diversity; None where the model has no latent.

    Returns:
      Keys `transfer_score`, `retention`, `adoption` (None where the data or judge cannot tell; `notes` says why); by role
      (translated, content copied, reference copied) `agreement`, `domain_accuracy`, `landmark_error`, `attributes` (balanced
      agreement by name); `adopted` (share judged as the target domain, by source and target), `diversity`, `judge`, `pairs`,
      `seed`, `dataset`, `notes`.
    """
    chosen = choose_pairs(dataset, pairs, seed, targets)
    rows = {"content": dataset.rows[chosen.content], "reference": dataset.rows[chosen.reference]}
    verdicts = {name: decide(judge, dataset.images[rows[name]]) for name in rows}
    verdicts["translated"] = decide(judge, translate_pairs(translate, dataset, chosen, batch_size))
    truth = {name: values[rows["content"]] for name, values in dataset.annotations.items()}
    target = dataset.domain[chosen.reference]

    left_out = _named_in_domains(dataset.domains) if style_attributes is None else set(style_attributes)
    kept_names = [name for name in dataset.names.get("attributes", ()) if name not in left_out]
    compared = {role: _compare(truth, verdicts[role]) for role in _ROLES}
    agreements = {role: _agreement(compared[role], dataset.names, kept_names) for role in _ROLES}
    accuracies = {role: float(np.mean(verdicts[role].domain == target)) for role in _ROLES}
    notes: list[str] = []
    retention = _share("retention", agreements, "reference", "content", notes)
    adoption = _share("adoption", accuracies, "content", "reference", notes)
    return {
        "transfer_score": transfer_score(retention, adoption),
        "retention": retention,
        "adoption": adoption,
        "agreement": agreements,
        "domain_accuracy": accuracies,
        "adopted": _adopted(dataset, chosen, verdicts["translated"]),
        "landmark_error": {role: _landmark_error(compared[role]) for role in _ROLES},
        "attributes": {role: _attributes(compared[role], dataset.names) for role in _ROLES},
        "diversity": diversity(translate_latent, judge, dataset, chosen, seed=seed),
        "judge": {"name": judge.name, "channels": judge.heads.channels, "accuracy": judge.accuracy},
        "pairs": pairs,
        "seed": seed,
        "dataset": {"name": dataset.name, "split": dataset.split, "domains": list(dataset.domains)},
        "notes": notes,
    }


def transfer_score(retention: float | None, adoption: float | None) -> float | None:
    """Harmonic mean; 0 when either is not positive, None when either is unknown."""
    if retention is None or adoption is None:
        return None
    if retention <= 0 or adoption <= 0:
        return 0.0
    return 2 * retention * adoption / (retention + adoption)


def _named_in_domains(domains: Sequence[str]) -> set[str]:
    return {word for domain in domains for word in re.findall(r"\w+", domain)}


def _share(name: str, values: Mapping[str, float | None], copied: str, best: str, notes: list[str]) -> float | None:
    """How far the translation has come from the copy that fails (0) to the real picture that succeeds (1); not clipped."""
    low, high, reached = values[copied], values[best], values["translated"]
    if low is None or high is None or reached is None:
        notes.append(f"{name} is unknown: the data has neither masks nor landmarks nor attributes to compare")
        return None
    if high <= low:
        notes.append(f"{name} is unknown: the judge does not tell the contents from the references better than chance")
        return None
    return (reached - low) / (high - low)


def _compare(truth: dict[str, np.ndarray], verdict: Verdict) -> Compared:
    judged = verdict._asdict()
    return {name: (values, judged[name]) for name, values in truth.items() if judged.get(name) is not None}


def _agreement(compared: Compared, names: dict[str, tuple[str, ...]], kept_names: Sequence[str]) -> float | None:
    """Agreement with the contents' annotations, in [0, 1]; None where there is nothing to compare."""
    if "mask" in compared:
        return agreement.mean_iou(*compared["mask"], len(names["mask"]))
    parts = []
    if "attributes" in compared and kept_names:
        columns = [names["attributes"].index(name) for name in kept_names]
        balanced = agreement.balanced_agreement(*(values[:, columns] for values in compared["attributes"]))
        if not np.isnan(balanced).all():
            parts.append(float(np.nanmean(balanced)))
    if "landmarks" in compared:
        parts.append(agreement.landmarks_kept(*compared["landmarks"]))
    return float(np.mean(parts)) if parts else None


def _landmark_error(compared: Compared) -> float | None:
    """Mean distance to the contents' landmarks in inter-ocular distances."""
    return float(np.mean(agreement.landmark_distances(*compared["landmarks"]))) if "landmarks" in compared else None


def _attributes(compared: Compared, names: dict[str, tuple[str, ...]]) -> dict[str, float | None] | None:
    """Balanced agreement with the contents' attributes, by name."""
    if "attributes" not in compared:
        return None
    return by_name(names["attributes"], agreement.balanced_agreement(*compared["attributes"]))


def _adopted(dataset: Dataset, pairs: Pairs, verdict: Verdict) -> dict[str, dict[str, float]]:
    """Share of the translations judged to be of their target domain: source domain -> target domain -> share."""
    source, target = dataset.domain[pairs.content], dataset.domain[pairs.reference]
    right = verdict.domain == target
    table: dict[str, dict[str, float]] = {}
    for a, b in sorted(set(zip(source.tolist(), target.tolist(), strict=True))):
        chosen = (source == a) & (target == b)
        table.setdefault(dataset.domains[a], {})[dataset.domains[b]] = float(np.mean(right[chosen]))
    return table
