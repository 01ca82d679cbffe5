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

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from semgan.data.dataset import Dataset
from semgan.evaluation.figures.diversity import diversity_figures, style_diversity
from semgan.evaluation.figures.judge_figures import Origin, value_of
from semgan.evaluation.figures.passport import Figure, to_json
from semgan.evaluation.figures.transfer_figures import transfer_figures, transfer_origin, variety_figures
from semgan.evaluation.figures.variety import diversity_share
from semgan.evaluation.judge.judge import Judge, Verdict, by_name
from semgan.evaluation.judge.judged_pairs import JudgedPairs, Translated, judge_pairs, judge_translations
from semgan.evaluation.judge.pairs import Pairs, Translate
from semgan.evaluation.report.describe import describe_dataset, describe_judge
from semgan.evaluation.scores import agreement
from semgan.evaluation.scores.pair_bootstrap import Compared

TranslateLatent = Callable[[dict[str, np.ndarray], int], np.ndarray]
"""`(batch, seed) -> images`, translations in styles drawn from a latent instead of a reference."""


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
    translate_latent: TranslateLatent | None = None,
) -> dict[str, Any]:
    """The transfer score and what stands beside it, as plain JSON-able data: `full_report` of pairs chosen and translated here.

    Args:
      translate: called with batches of `batch_size` (see `pairs.Translate`).
      judge: trained on the same domains.
      dataset: the held-out split.
      targets, style_attributes: see `judged.judge_pairs`.
      translate_latent: for the diversity; None where the model has no latent.
    """
    judged = judge_pairs(judge, dataset, pairs=pairs, seed=seed, targets=targets, style_attributes=style_attributes)
    return full_report(judged, judge_translations(translate, judged, batch_size), translate_latent)


def full_report(judged: JudgedPairs, translated: Translated, translate_latent: TranslateLatent | None = None) -> dict[str, Any]:
    """All scores of the translations of these pairs.

    Returns:
      What `scores` returns; `adopted` (share judged as the target domain, by source and target), `diversity`, `diversity_share`
      (beside the references, see `variety`), `recall` (of held-out pictures of the domains translated into; None for fewer than six),
      `figures` (all these numbers, the features' distances, precision, density and coverage, each with its interval and passport, see
      `passport.to_json`), `judge`, `pairs`, `seed`, `dataset`.
    """
    found, verdict = scores(judged, translated.verdict), translated.verdict
    origin = transfer_origin(judged)
    share = diversity_share(verdict.features, judged.reference.features)
    beside, notes = variety_figures(share, judged, verdict, origin)
    styles = style_diversity(translate_latent, judged.judge, judged.dataset, judged.pairs, seed=judged.seed)
    figures = [*score_figures(found, judged, verdict, origin), *diversity_figures(styles, origin), *beside]
    return {
        **found,
        "diversity_share": share,
        "recall": value_of(figures, "recall"),
        "figures": [to_json(figure) for figure in figures],
        "notes": found["notes"] + notes,
        "adopted": _adopted(judged.dataset, judged.pairs, translated.verdict),
        "diversity": {name: None if each is None else float(each.mean()) for name, each in styles.items()},
        "judge": describe_judge(judged.judge),
        "pairs": len(judged.pairs.content),
        "seed": judged.seed,
        "dataset": describe_dataset(judged.dataset),
    }


def scores(judged: JudgedPairs, verdict: Verdict) -> dict[str, Any]:
    """What the judge's verdict on translations comes to.

    Returns:
      Keys `transfer_score`, `retention`, `adoption` (None where the data or judge cannot tell; `notes` says why); by role
      (translated, content copied, reference copied) `agreement`, `domain_accuracy`, `landmark_error`, `attributes` (balanced
      agreement by name); `attributes_kept` (by role, the mean over those attributes that should be kept); `notes`.
    """
    names = judged.dataset.names
    verdicts = _by_role(judged, verdict)
    compared = {role: compare(judged.truth, given) for role, given in verdicts.items()}
    agreements = {role: _agreement(each, names, judged.kept_names) for role, each in compared.items()}
    accuracies = {role: float(np.mean(given.domain == judged.target)) for role, given in verdicts.items()}
    notes: list[str] = []
    retention = _share("retention", agreements, "reference", "content", notes)
    adoption = _share("adoption", accuracies, "content", "reference", notes)
    return {
        "transfer_score": transfer_score(retention, adoption),
        "retention": retention,
        "adoption": adoption,
        "agreement": agreements,
        "domain_accuracy": accuracies,
        "landmark_error": {role: _landmark_error(each) for role, each in compared.items()},
        "attributes": {role: _attributes(each, names) for role, each in compared.items()},
        "attributes_kept": {role: _attributes_kept(each, names, judged.kept_names) for role, each in compared.items()},
        "notes": notes,
    }


def score_figures(found: Mapping[str, Any], judged: JudgedPairs, verdict: Verdict, origin: Origin | None = None) -> list[Figure]:
    """What `scores` found, as figures, see `transfer_figures`."""
    verdicts = _by_role(judged, verdict)
    compared = {role: compare(judged.truth, given) for role, given in verdicts.items()}
    return transfer_figures(found, judged, verdicts, compared, origin or transfer_origin(judged))


def _by_role(judged: JudgedPairs, verdict: Verdict) -> dict[str, Verdict]:
    return {"translated": verdict, "content": judged.content, "reference": judged.reference}


def transfer_score(retention: float | None, adoption: float | None) -> float | None:
    """Harmonic mean; 0 when either is not positive, None when either is unknown."""
    if retention is None or adoption is None:
        return None
    if retention <= 0 or adoption <= 0:
        return 0.0
    return 2 * retention * adoption / (retention + adoption)


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


def compare(truth: dict[str, np.ndarray], verdict: Verdict) -> Compared:
    """The contents' annotations beside what a verdict says instead; only those that both the data and the judge have."""
    judged = verdict._asdict()
    return {name: (values, judged[name]) for name, values in truth.items() if judged.get(name) is not None}


def _agreement(compared: Compared, names: dict[str, tuple[str, ...]], kept_names: Sequence[str]) -> float | None:
    """Agreement with the contents' annotations, in [0, 1]; None where there is nothing to compare."""
    if "mask" in compared:
        return agreement.mean_iou(*compared["mask"], len(names["mask"]))
    kept = _attributes_kept(compared, names, kept_names)
    parts = [] if kept is None else [kept]
    if "landmarks" in compared:
        parts.append(agreement.landmarks_kept(*compared["landmarks"]))
    return float(np.mean(parts)) if parts else None


def _attributes_kept(compared: Compared, names: dict[str, tuple[str, ...]], kept_names: Sequence[str]) -> float | None:
    """Balanced agreement with the contents' attributes that should be kept, their mean; None where none of them varies."""
    if "attributes" not in compared or not kept_names:
        return None
    columns = [names["attributes"].index(name) for name in kept_names]
    balanced = agreement.balanced_agreement(*(values[:, columns] for values in compared["attributes"]))
    return None if np.isnan(balanced).all() else float(np.nanmean(balanced))


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
