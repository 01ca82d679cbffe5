"""`semgan evaluate`: how well a snapshot translates, or draws, on the held-out part of a dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import semgan
from semgan.data.dataset import Dataset, open_dataset
from semgan.errors import UserError
from semgan.evaluation.extractors.tools import Files, Tools, load_tools
from semgan.evaluation.figures import inception_figures, perceptual_figures
from semgan.evaluation.figures.judge_figures import with_parameters
from semgan.evaluation.figures.novelty import audit_translations
from semgan.evaluation.figures.passport import Figure, to_json
from semgan.evaluation.figures.retention import extremes
from semgan.evaluation.figures.samples import evaluate_samples, sample_text
from semgan.evaluation.figures.semantics import full_report
from semgan.evaluation.figures.strength import STRENGTHS, strength_curve
from semgan.evaluation.figures.transfer_figures import transfer_origin
from semgan.evaluation.judge.judge import Judge, load_or_train
from semgan.evaluation.judge.judged_pairs import JudgedPairs, Translated, judge_pairs, judge_translations
from semgan.evaluation.judge.pairs import contents_matching
from semgan.evaluation.report import evaluation_page
from semgan.evaluation.report.describe import describe_dataset
from semgan.evaluation.report.report_file import page_path, report_text, write_report, write_text
from semgan.files import check_writable
from semgan.progress import track

_SAMPLES = 1000  # for models whose config does not say
_BATCH = 50


class Found(NamedTuple):
    """An evaluation: its report as plain data, in a few lines, and the pictures that it names."""

    report: dict[str, Any]
    text: str
    pictures: evaluation_page.Pictures


class Question(NamedTuple):
    """What is asked of a model.

    Attributes:
      pairs: how many, or how many samples.
      seed: that they are drawn by.
      into: the domain translated into; "": all.
      contents: the expression that contents match; "": any may be one.
      strengths: of the style; (): none.
    """

    pairs: int
    seed: int
    into: str
    contents: str
    strengths: Sequence[float]


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
      seed: of the pairs and of the latents.
      into: the one domain to translate into; all that the model can when empty.
      contents: an expression over domains and attributes (`semgan.data.domains`) that held-out pictures have to match to be translated;
        all are when empty.
      strengths: of the style, each in [0, 1], where a model that takes a reference is measured too; None: `strength.STRENGTHS`.
      weights: files of Inception and LPIPS, for the figures that need them.
    """
    from semgan.inference.model import load  # here: all else in evaluation does without inference

    out = Path(out)
    check_writable(out)
    check_writable(page_path(out))
    model = load(model_path)
    strengths = _checked_strengths(strengths, model.kinds)
    if contents and "sample" in model.kinds:
        raise UserError("this model draws from noise and translates no contents: leave out --contents")
    tools = load_tools(weights or Files(), model.config["image_size"])
    train, test = open_splits(model.config, data_dir)
    if model.meta["domains"] and list(test.domains) != list(model.meta["domains"]):  # weights from elsewhere may have none
        raise UserError(
            f"{model_path} translates between {', '.join(model.meta['domains'])}, but the data has {', '.join(test.domains)}: "
            "give the same domains with --data"
        )
    if contents:
        contents_matching(test, contents)  # what is wrong with it is told before a judge is trained
    judge = open_judge(train, test, model.config["judge"])
    question = Question(pairs, seed, into, contents, strengths)
    found = (_samples if "sample" in model.kinds else _translations)(model, judge, train, test, question, tools)
    report = found.report | {
        "model": str(model_path),
        "algorithm": model.config.get("algorithm"),
        "kimg": model.meta.get("kimg"),
        "seed": seed,
        "contents": contents,
        "dataset": describe_dataset(test),
        "training_data": describe_dataset(train),
        "left_out": list(model.config["data"].get("left_out", ())),
        "semgan": semgan.__version__,
    }
    write_report(out, report)
    write_text(page_path(out), evaluation_page.render(report, found.pictures))
    print(found.text)
    print(f"written to {out} and, with pictures, {page_path(out)}")
    return report


def _checked_strengths(strengths: Sequence[float] | None, kinds: frozenset[str]) -> Sequence[float]:
    """The strengths to measure at: none for models whose style comes from no reference."""
    if "reference" not in kinds:
        if strengths:
            raise UserError("this model takes no style from a reference that could be weakened: leave out --strengths")
        return ()
    if strengths is None:
        return STRENGTHS
    if wrong := [strength for strength in strengths if not 0 <= strength <= 1]:
        raise UserError(f"--strengths has {wrong[0]:g}: give numbers from 0 (the content's own style) to 1 (the reference's)")
    return sorted(set(strengths))


def _samples(model: Any, judge: Judge, train: Dataset, test: Dataset, question: Question, tools: Tools) -> Found:
    count = question.pairs or model.config["judge"].get("samples", _SAMPLES)
    images = model.sample(count, question.seed)
    seeds = {"latents": question.seed}
    report = evaluate_samples(images, judge, train, test, seeds=seeds, truncation=1.0)
    if tools.inception:
        real = inception_figures.compared_split(tools.inception, train, test)
        _add(report, *inception_figures.sample_figures(tools.inception, images, real, seeds=seeds))
    if tools.lpips:
        _add(report, *perceptual_figures.path_length_figure(tools.lpips, model, test, count=count, seed=question.seed))
    return Found(report, sample_text(report), evaluation_page.Pictures(nearest=_beside_training(report.get("nearest", ()), images, train)))


def _translations(model: Any, judge: Judge, train: Dataset, test: Dataset, question: Question, tools: Tools) -> Found:
    targets = (model.target_index(question.into),) if question.into else model.algorithm.targets
    pairs = question.pairs or model.config["judge"]["pairs"]
    judged = judge_pairs(
        judge, test, pairs=pairs, seed=question.seed, targets=targets, contents=question.contents, inputs=model.algorithm.inputs
    )
    translated = judge_translations(model.translate_batch, judged, _BATCH)

    def from_latent(batch: dict[str, np.ndarray], style: int) -> np.ndarray:
        return model.translate_batch(batch, latent_seed=style % 2**32)

    def from_reference(batch: dict[str, np.ndarray], style: int) -> np.ndarray:
        return model.translate_batch(batch | {"reference": perceptual_figures.other_references(test, batch, style)})

    def at_strength(batch: dict[str, np.ndarray], strength: float) -> np.ndarray:
        return model.translate_batch(batch | {"strength": np.full(len(batch["image"]), strength, np.float32)})

    report = full_report(judged, translated, from_latent if "latent" in model.kinds else None)
    report |= extremes(judged, translated.verdict)
    audited, figures = audit_translations(translated.verdict.features, judged.target, judge, train, test, transfer_origin(judged))
    report |= audited
    _add(report, figures)
    if tools.inception:
        real = inception_figures.compared_split(tools.inception, train, test)
        parameters = judged.asked() | {"styles": "reference" if "reference" in model.kinds else "none"}
        told = {"seeds": {"pairs": question.seed}, "parameters": parameters}
        _add(report, *inception_figures.translation_figures(tools.inception, translated.images, judged.target, real, **told))
    if tools.lpips:
        by_styles = {"latent": from_latent, "reference": from_reference}
        by_styles = {styles: translate for styles, translate in by_styles.items() if styles in model.kinds}
        figures = [perceptual_figures.structure_figure(tools.lpips, judged, translated.images)]
        figures += [perceptual_figures.diversity_figure(tools.lpips, judged, each, styles) for styles, each in by_styles.items()]
        _add(report, [with_parameters(figure, judged.asked()) for figure in figures])
    if question.strengths:
        measured = track(question.strengths, "measuring strengths of the style", len(question.strengths))
        report["strength_curve"] = strength_curve(at_strength, judged, measured, _BATCH)
    pictures = evaluation_page.Pictures(
        best=_of_pairs(report["best_pairs"], judged, translated),
        worst=_of_pairs(report["worst_pairs"], judged, translated),
        nearest=_beside_training(report["nearest"], translated.images, train),
    )
    return Found(report, report_text(report), pictures)


def _add(report: dict[str, Any], figures: Sequence[Figure], notes: Sequence[str] = ()) -> None:
    """To those that the report has."""
    report["figures"] = [*report["figures"], *map(to_json, figures)]
    report["notes"] = [*report["notes"], *notes]


def _of_pairs(named: Sequence[Mapping[str, Any]], judged: JudgedPairs, translated: Translated) -> list[np.ndarray]:
    """Content, reference and translation of each pair."""
    images = judged.dataset.images
    return [np.stack([images[pair["content"]], images[pair["reference"]], translated.images[pair["pair"]]]) for pair in named]


def _beside_training(named: Sequence[Mapping[str, Any]], images: np.ndarray, train: Dataset) -> list[np.ndarray]:
    """Generated picture and training picture of each."""
    return [np.stack([images[each["index"]], train.images[each["row"]]]) for each in named]


def open_splits(config: Mapping[str, Any], source: str = "") -> tuple[Dataset, Dataset]:
    """The train and test splits of the data that a config names; `source` replaces the config's folder.

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
    """The judge that a config's `judge` block describes, trained at first use."""
    return load_or_train(train, test, channels=settings["channels"], steps=settings["steps"], batch_size=settings["batch_size"])
