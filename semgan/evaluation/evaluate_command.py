"""`semgan evaluate`: measures how well a snapshot translates, or draws, on the held-out part of a dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import semgan
from semgan.data.dataset import Dataset, open_dataset
from semgan.errors import UserError
from semgan.evaluation.evaluate import Question, evaluate
from semgan.evaluation.extractors.tools import Files, load_tools
from semgan.evaluation.figures.strength import STRENGTHS
from semgan.evaluation.judge.judge import Judge, load_or_train
from semgan.evaluation.judge.pairs import contents_matching
from semgan.evaluation.matcher.matcher import load_or_train as load_or_train_matcher
from semgan.evaluation.report import evaluation_page
from semgan.evaluation.report.describe import describe_dataset, describe_judge
from semgan.evaluation.report.evaluation_json import evaluation_json
from semgan.evaluation.report.evaluation_text import evaluation_text
from semgan.evaluation.report.report_file import page_path, write_json, write_text
from semgan.files import check_writable

_MATCHER_STEPS = 300
"""The matcher's training steps for models whose config does not give them."""
_SAMPLES = 1000
"""The number of samples for models whose config does not give one."""


def evaluate_snapshot(
    model_path: str | Path,
    out: str | Path,
    *,
    data_dir: str = "",
    pairs: int = 0,
    seed: int = 0,
    into: str = "",
    contents: str = "",
    strengths: Sequence[float] | None = None,
    weights: Files | None = None,
) -> dict[str, Any]:
    """Evaluates the snapshot, writes the report to `out` as JSON and beside it as a page, and prints it in short.

    Args:
      data_dir: folder of the user's files, where it is not (any more) the one that the model was trained on.
      pairs: how many held-out pairs, or samples of a model that draws from noise; 0: as many as the model's config says.
      seed: the seed of the pairs and latents.
      into: the one domain to translate into; when empty, every domain that the model can translate into.
      contents: an expression over domains and attributes (`semgan.data.domains`) that held-out pictures have to match to be translated;
        all are when empty.
      strengths: strengths of the style, each in [0, 1], at which a model that takes references is measured; None: `strength.STRENGTHS`.
      weights: files of Inception and LPIPS, for the figures that need them.
    """
    from semgan.inference.model import load  # here: all else in evaluation does without inference

    out = Path(out)
    check_writable(out)
    check_writable(page_path(out))
    model = load(model_path)
    question = Question(
        count=pairs or _count(model.config["judge"], model.kinds),
        seed=seed,
        targets=(model.target_index(into),) if into and "sample" not in model.kinds else None,
        contents=_check_contents(contents, model.kinds),
        strengths=_check_strengths(strengths, model.kinds),
    )
    tools = load_tools(weights or Files(), model.config["image_size"])
    train, test = open_splits(model.config, data_dir)
    _check_domains(model_path, model.meta["domains"], test.domains)
    if contents:
        contents_matching(test, contents)  # an expression that is wrong is refused before a judge is trained
    judge = open_judge(train, test, model.config["judge"])
    if "sample" not in model.kinds:
        steps = model.config["judge"].get("matcher_steps", _MATCHER_STEPS)
        tools = tools._replace(matcher=load_or_train_matcher(train, test, steps=steps))
    evaluation = evaluate(model.trained_model, train, test, judge, question, tools)
    about = _about(model_path, model.config, model.meta, question, train, test)
    report = evaluation_json(evaluation, judge, test) | about
    write_json(out, report)
    write_text(page_path(out), evaluation_page.render(evaluation, about | {"judge": describe_judge(judge)}))
    print(evaluation_text(evaluation, judge, test))
    print(f"written to {out} and, with pictures, {page_path(out)}")
    return report


def _count(settings: Mapping[str, Any], kinds: frozenset[str]) -> int:
    """Returns how many pairs or samples a model's config asks for."""
    return settings.get("samples", _SAMPLES) if "sample" in kinds else settings["pairs"]


def _about(
    model_path: str | Path, config: Mapping[str, Any], meta: Mapping[str, Any], question: Question, train: Dataset, test: Dataset
) -> dict[str, Any]:
    """Returns what a report says of the model and of the data beside the figures."""
    return {
        "model": str(model_path),
        "algorithm": config.get("algorithm"),
        "kimg": meta.get("kimg"),
        "seed": question.seed,
        "contents": question.contents,
        "dataset": describe_dataset(test),
        "training_data": describe_dataset(train),
        "left_out": list(config["data"].get("left_out", ())),
        "semgan": semgan.__version__,
    }


def _check_domains(model_path: str | Path, domains: Sequence[str], data_domains: Sequence[str]) -> None:
    """Raises UserError where the data have other domains than the model; weights from elsewhere may have none."""
    if domains and list(data_domains) != list(domains):
        raise UserError(
            f"{model_path} translates between {', '.join(domains)}, but the data has {', '.join(data_domains)}: "
            "give the same domains with --data"
        )


def _check_contents(contents: str, kinds: frozenset[str]) -> str:
    """Returns the expression that contents have to match, which a model that translates nothing cannot have."""
    if contents and "sample" in kinds:
        raise UserError("this model draws from noise and translates no contents: leave out --contents")
    return contents


def _check_strengths(strengths: Sequence[float] | None, kinds: frozenset[str]) -> Sequence[float]:
    """Returns the strengths to measure at: none for models whose style comes from no reference."""
    if "reference" not in kinds:
        if strengths:
            raise UserError("this model takes no style from a reference that could be weakened: leave out --strengths")
        return ()
    if strengths is None:
        return STRENGTHS
    if wrong := [strength for strength in strengths if not 0 <= strength <= 1]:
        raise UserError(f"--strengths has {wrong[0]:g}: give numbers from 0 (the content's own style) to 1 (the reference's)")
    return sorted(set(strengths))


def open_splits(config: Mapping[str, Any], source: str = "") -> tuple[Dataset, Dataset]:
    """Opens the train and test splits of the data that a config names; `source` replaces the config's folder.

    Both are whole: what `data.left_out` leaves out of training is there, so that one judge serves models that left out different pictures.
    """
    data = config["data"]
    pairing = data.get("pairing", "any")

    def open_split(split: str) -> Dataset:
        return open_dataset(
            data["name"],
            split=split,
            image_size=config["image_size"],
            source=source or data["source"],
            domains=tuple(data["domains"]),
            count=data[f"{split}_count"],
            least_domains=1 if pairing == "none" else 2,
            paired=pairing == "paired",
        )

    return open_split("train"), open_split("test")


def open_judge(train: Dataset, test: Dataset, settings: Mapping[str, Any]) -> Judge:
    """Opens the judge that a config's `judge` block describes, trained at first use."""
    return load_or_train(train, test, channels=settings["channels"], steps=settings["steps"], batch_size=settings["batch_size"])
