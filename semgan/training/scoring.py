"""Scores of a run's model by the judge, during training and at the end."""

from functools import cache
from typing import Any, NamedTuple

from semgan.errors import UserError
from semgan.progress import say
from semgan.trained_model import TrainedModel
from semgan.training.training_job import TrainingJob

_JUDGED = {"mask", "landmarks", "attributes"}
"""The annotations that retention can be judged by; without any a matcher, which takes minutes to train, is asked on the way too."""


class Scores(NamedTuple):
    """The outcome of an evaluation during training.

    Attributes:
      report: all of it, as plain data; see `evaluation_json`.
      log_values: the scores that the log and the snapshot keep, by name; None for one that could not be computed.
    """

    report: dict[str, Any]
    log_values: dict[str, float | None]


def score(job: TrainingJob, model: TrainedModel) -> Scores | None:
    """Evaluates the model as `semgan evaluate` does, at less length; None for data that cannot be judged."""
    from semgan.evaluation.evaluate import Question, evaluate
    from semgan.evaluation.extractors.tools import Tools
    from semgan.evaluation.judge.judge import load_or_train
    from semgan.evaluation.matcher.matcher import load_or_train as load_or_train_matcher
    from semgan.evaluation.report.evaluation_json import evaluation_json, logged_scores

    settings, samples = job.config.judge, "sample" in job.kinds
    question = Question(
        count=settings.samples if samples else settings.pairs,
        seed=job.config.seed if samples else 0,
        beside_training=False,
        inception_scores=("fd",),
        shares_program=True,
    )
    say("taking the scores")
    try:
        judge = load_or_train(job.whole_train, job.test, channels=settings.channels, steps=settings.steps, batch_size=settings.batch_size)
        unannotated = not samples and not _JUDGED & job.test.annotations.keys()
        matcher = load_or_train_matcher(job.whole_train, job.test, steps=settings.matcher_steps) if unannotated else None
        tools = Tools(matcher=matcher, inception=_inception(settings.inception) if settings.inception else None)
        evaluation = evaluate(model, job.whole_train, job.test, judge, question, tools)
    except UserError as error:
        say(f"no scores: {error}")
        return None
    return Scores(evaluation_json(evaluation, judge, job.test), logged_scores(evaluation))


@cache
def _inception(path: str) -> Any:
    """Reads the weights once in a process."""
    from semgan.evaluation.extractors import tools

    return tools.load_extractor(path, tools.PROTOCOL)
