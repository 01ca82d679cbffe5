"""Held-out pairs and the judge's verdicts on their own pictures, which no translation changes: judged once, used by every score."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from semgan.data.dataset import Dataset
from semgan.data.loader import NO_ANNOTATIONS, AnnotationNames, check_inputs
from semgan.evaluation.judge.judge import Judge, Verdict, decide
from semgan.evaluation.judge.pairs import Pairs, Translate, choose_pairs, contents_matching, translate_pairs
from semgan.evaluation.scores.transfer import Comparison


class JudgedPairs(NamedTuple):
    """The held-out pairs that translations are measured on, with all that the measuring needs of them.

    Attributes:
      judge, dataset: the judge, and the held-out split.
      pairs: places in the dataset's `rows`.
      seed: the seed that they were chosen with.
      truth: the contents' annotations by name.
      target: the references' domains, (pairs,).
      kept_names: the attributes that a translation should keep: those that do not belong to the style.
      content, reference: the judge's verdicts on the pictures themselves.
      contents: the expression that all contents match; "" where any may be one.
    """

    judge: Judge
    dataset: Dataset
    pairs: Pairs
    seed: int
    truth: dict[str, np.ndarray]
    target: np.ndarray
    kept_names: tuple[str, ...]
    content: Verdict
    reference: Verdict
    contents: str = ""

    def parameters(self) -> dict[str, Any]:
        """Returns what passports say about the choice of contents; nothing where every picture may be one."""
        return {"contents": self.contents} if self.contents else {}


class Translations(NamedTuple):
    """Translations of all pairs, uint8 (pairs, size, size, 3), and the judge's verdict on them."""

    images: np.ndarray
    verdict: Verdict


def judge_pairs(
    judge: Judge,
    dataset: Dataset,
    *,
    pairs: int,
    seed: int = 0,
    targets: Sequence[int] | None = None,
    contents: str = "",
    style_attributes: Sequence[str] | None = None,
    inputs: AnnotationNames = NO_ANNOTATIONS,
) -> JudgedPairs:
    """Chooses the pairs and judges their pictures.

    Args:
      targets: numbers of the domains that are translated into; None: all.
      contents: an expression that contents have to match, see `pairs.contents_matching`; "": any may be one.
      style_attributes: attributes that belong to the style, and so do not have to be kept; None: those that the
        domains' names mention (`"Male"`, `"~Male"`).
      inputs: what else the model translates a content with (`Algorithm.inputs`).

    Raises:
      UserError: no such pairs can be made, or the data do not have the inputs.
    """
    check_inputs(dataset, inputs, "the model")
    drawn_pairs = choose_pairs(dataset, pairs, seed, targets, contents_matching(dataset, contents) if contents else None)._replace(
        inputs=inputs
    )
    content, reference = dataset.rows[drawn_pairs.content], dataset.rows[drawn_pairs.reference]
    left_out = _named_in_domains(dataset.domains) if style_attributes is None else set(style_attributes)
    return JudgedPairs(
        judge=judge,
        dataset=dataset,
        pairs=drawn_pairs,
        seed=seed,
        truth={name: values[content] for name, values in dataset.annotations.items()},
        target=dataset.domain[drawn_pairs.reference],
        kept_names=tuple(name for name in dataset.names.get("attributes", ()) if name not in left_out),
        content=decide(judge, dataset.images[content]),
        reference=decide(judge, dataset.images[reference]),
        contents=contents,
    )


def judge_translations(translate: Translate, judged_pairs: JudgedPairs, batch_size: int) -> Translations:
    """Translates the pairs and judges the translations."""
    images = translate_pairs(translate, judged_pairs.dataset, judged_pairs.pairs, batch_size)
    return Translations(images, decide(judged_pairs.judge, images))


def compare_with_truth(judged_pairs: JudgedPairs, verdict: Verdict) -> Comparison:
    """Puts the contents' annotations beside what a verdict says instead; only those that both the data and the judge have."""
    predictions = verdict._asdict()
    return {name: (values, predictions[name]) for name, values in judged_pairs.truth.items() if predictions.get(name) is not None}


def _named_in_domains(domains: Sequence[str]) -> set[str]:
    return {word for domain in domains for word in re.findall(r"\w+", domain)}
