"""Held-out pairs and the judge's verdicts on their own pictures, which no translation changes: judged once, used by every score."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from semgan.data.dataset import Dataset
from semgan.data.loader import NO_ANNOTATIONS, Annotations, check_inputs
from semgan.evaluation.judge.judge import Judge, Verdict, decide
from semgan.evaluation.judge.pairs import Pairs, Translate, choose_pairs, contents_matching, translate_pairs
from semgan.evaluation.scores.transfer import Compared


class JudgedPairs(NamedTuple):
    """What translations are measured against.

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


class Translated(NamedTuple):
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
    inputs: Annotations = NO_ANNOTATIONS,
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
    chosen = choose_pairs(dataset, pairs, seed, targets, contents_matching(dataset, contents) if contents else None)._replace(inputs=inputs)
    content, reference = dataset.rows[chosen.content], dataset.rows[chosen.reference]
    left_out = _named_in_domains(dataset.domains) if style_attributes is None else set(style_attributes)
    return JudgedPairs(
        judge=judge,
        dataset=dataset,
        pairs=chosen,
        seed=seed,
        truth={name: values[content] for name, values in dataset.annotations.items()},
        target=dataset.domain[chosen.reference],
        kept_names=tuple(name for name in dataset.names.get("attributes", ()) if name not in left_out),
        content=decide(judge, dataset.images[content]),
        reference=decide(judge, dataset.images[reference]),
        contents=contents,
    )


def judge_translations(translate: Translate, judged: JudgedPairs, batch_size: int) -> Translated:
    """Translates the pairs and judges the translations."""
    images = translate_pairs(translate, judged.dataset, judged.pairs, batch_size)
    return Translated(images, decide(judged.judge, images))


def compared_with_truth(judged: JudgedPairs, verdict: Verdict) -> Compared:
    """Puts the contents' annotations beside what a verdict says instead; only those that both the data and the judge have."""
    given = verdict._asdict()
    return {name: (values, given[name]) for name, values in judged.truth.items() if given.get(name) is not None}


def _named_in_domains(domains: Sequence[str]) -> set[str]:
    return {word for domain in domains for word in re.findall(r"\w+", domain)}
