"""What the passports of an evaluation's figures have in common."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from semgan.data.dataset import Dataset
from semgan.evaluation.extractors.feature_extractor import JudgeExtractor
from semgan.evaluation.figures.passport import Passport, new_passport
from semgan.evaluation.judge.judge import Judge

OF = "of"
"""The parameter that says what a figure is of where that is not a generated picture."""


class Origin(NamedTuple):
    """What is the same in the passports of several figures; see `passport.Passport`.

    Attributes:
      identity: of the extractor.
      real: digest of the real pictures.
      split: of the real data.
      seeds: of what made the generated pictures.
      truncation: of their styles.
      parameters: that hold for every figure.
    """

    identity: Mapping[str, str]
    real: str
    split: str
    seeds: Mapping[str, int]
    truncation: float | None = None
    parameters: Mapping[str, Any] = {}

    def passport(self, real_count: int, fake_count: int, **parameters: Any) -> Passport:
        """Makes the passport of a figure of so many pictures; `parameters` go on top of those that all have."""
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
    """Returns the origin of figures that a judge takes beside a split's pictures."""
    identity = JudgeExtractor(judge, dataset.images.shape[1]).identity()
    return Origin(identity, dataset.fingerprint, dataset.split, seeds, truncation, parameters)


def beside_training(origin: Origin, train: Dataset) -> Origin:
    """Returns the origin of figures of the same pictures beside the training ones."""
    return origin._replace(real=train.fingerprint, split=train.split)
