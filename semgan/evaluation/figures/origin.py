"""The parts of a passport that all figures of an evaluation share."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from semgan.data.dataset import Dataset
from semgan.evaluation.extractors.feature_extractor import JudgeExtractor
from semgan.evaluation.figures.passport import Passport, new_passport
from semgan.evaluation.judge.judge import Judge

OF = "of"
"""The parameter that says what a figure is of where that is not a generated picture."""


class Origin(NamedTuple):
    """The fields that the passports of several figures share; see `passport.Passport`.

    Attributes:
      identity: the extractor's identity.
      real: digest of the real pictures.
      split: the real data's split.
      seeds: the seeds that the generated pictures were drawn with.
      truncation: the truncation of their styles.
      parameters: those that every figure shares.
    """

    identity: Mapping[str, str]
    real: str
    split: str
    seeds: Mapping[str, int]
    truncation: float | None = None
    parameters: Mapping[str, Any] = {}

    def passport(self, real_count: int, fake_count: int, **parameters: Any) -> Passport:
        """Makes the passport of a figure of these numbers of pictures; `parameters` go on top of those that all figures share."""
        return new_passport(
            self.identity,
            real=self.real,
            real_count=real_count,
            fake_count=fake_count,
            split=self.split,
            seeds=self.seeds,
            truncation=self.truncation,
            parameters={**self.parameters, **parameters},
        )


def judge_origin(judge: Judge, dataset: Dataset, seeds: Mapping[str, int], truncation: float | None = None, **parameters: Any) -> Origin:
    """Returns the origin of figures that a judge takes against a split's pictures."""
    identity = JudgeExtractor(judge, dataset.images.shape[1]).identity()
    return Origin(identity, dataset.fingerprint, dataset.split, seeds, truncation, parameters)


def beside_training(origin: Origin, train: Dataset) -> Origin:
    """Returns the origin of figures of the same pictures against the training ones."""
    return origin._replace(real=train.fingerprint, split=train.split)
