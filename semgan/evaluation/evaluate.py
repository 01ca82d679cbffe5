"""One evaluation of a trained model, for training and for `semgan evaluate` alike.

A model that draws from noise is measured by its samples, every other by translations of held-out pairs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from semgan import trained_model
from semgan.data.dataset import Dataset
from semgan.data.loader import take_inputs
from semgan.errors import UserError
from semgan.evaluation.extractors.extractor import Perceptual
from semgan.evaluation.extractors.feature_extractor import FeatureExtractor
from semgan.evaluation.extractors.tools import Tools
from semgan.evaluation.figures import inception_figures, perceptual_figures
from semgan.evaluation.figures.answer_figures import answer_figures
from semgan.evaluation.figures.audit_figures import audit_translations
from semgan.evaluation.figures.diversity import TranslateStyle, style_figures
from semgan.evaluation.figures.evaluation import Evaluation
from semgan.evaluation.figures.examples import Examples, best_and_worst
from semgan.evaluation.figures.figure import Figure, is_finite
from semgan.evaluation.figures.grid_figures import grid_figures
from semgan.evaluation.figures.label_free_figures import place_matches
from semgan.evaluation.figures.label_free_score import label_free_figures
from semgan.evaluation.figures.sample_figures import evaluate_samples
from semgan.evaluation.figures.set_figures import SCORES
from semgan.evaluation.figures.strength import strength_figures
from semgan.evaluation.figures.transfer_figures import transfer_origin, transfer_score_figures, variety_figures
from semgan.evaluation.figures.weight_figures import notes_on_samples, weight_figures
from semgan.evaluation.judge.judge import Judge
from semgan.evaluation.judge.judged_pairs import JudgedPairs, Translations, judge_pairs, judge_translations
from semgan.progress import track
from semgan.trained_model import PIECE, TrainedModel

_NO_TOOLS = Tools()
_BATCH = 50
"""Pairs per batch, where translations have a program of their own."""
_SEEDS = 2**32
"""The number of different seeds that `jax.random.key` takes."""


class Question(NamedTuple):
    """The options of an evaluation.

    Attributes:
      count: how many held-out pairs, or samples of a model that draws from noise.
      seed: the seed of the pairs and latents.
      targets: numbers of the domains translated into; None: all that the model can.
      contents: an expression that contents have to match, see `pairs.contents_matching`; "": any may be one.
      strengths: strengths of the style, each in [0, 1], at which translations are measured too.
      beside_training: whether translations are compared with the training pictures too, and with one another for examples to show.
      inception_scores: the scores to take with an Inception, where there is one; see `set_figures.SCORES`.
      shares_program: whether translations come from the program that pictures during training do, which makes every kind of image, so many
        at a time: there it is compiled already. Otherwise from programs of their own, which make the requested kind alone.
    """

    count: int
    seed: int = 0
    targets: Sequence[int] | None = None
    contents: str = ""
    strengths: Sequence[float] = ()
    beside_training: bool = True
    inception_scores: Sequence[str] = SCORES
    shares_program: bool = False


class _Translator(NamedTuple):
    """Translates batches of pairs, uint8 in and out.

    Attributes:
      model: the model.
      kinds: names of what it samples.
      shares_program: see `Question`.
    """

    model: TrainedModel
    kinds: frozenset[str]
    shares_program: bool

    @property
    def batch_size(self) -> int:
        """Returns how many pairs a batch should have."""
        return PIECE if self.shares_program else _BATCH

    def to_references(self, batch: dict[str, np.ndarray]) -> np.ndarray:
        """Translates in the references' styles, or without a style where the model takes none."""
        return self._images("reference" if "reference" in self.kinds else "translated", batch, 0)

    def in_latent_style(self, batch: dict[str, np.ndarray], style: int) -> np.ndarray:
        """Translates in a style drawn from the latent, by its number."""
        return self._images("latent", batch, style % _SEEDS)

    def at_strength(self, batch: dict[str, np.ndarray], strength: float) -> np.ndarray:
        """Translates in the references' styles at a strength from 0 (the contents' own styles) to 1."""
        return self.to_references(batch | {"strength": np.full(len(batch["image"]), strength, np.float32)})

    def _images(self, kind: str, batch: dict[str, np.ndarray], seed: int) -> np.ndarray:
        program = {} if self.shares_program else {"kind": kind, "size": len(batch["image"])}
        return trained_model.sample(self.model, batch, jax.random.key(seed), **program)[kind]


def evaluate(model: TrainedModel, train: Dataset, test: Dataset, judge: Judge, question: Question, tools: Tools = _NO_TOOLS) -> Evaluation:
    """Measures a model on the held-out split `test`.

    Args:
      train: the pictures that it learned from, and that the judge did.
      judge: trained on the same domains.
      tools: further networks, for the figures that need them: a matcher for those without annotations.

    Returns:
      The figures of `transfer_score_figures`, `style_figures`, `variety_figures`, `answer_figures` and `grid_figures` for a model that
      translates, those of `evaluate_samples` for one that draws from noise; and those of the tools.

    Raises:
      UserError: too few pairs or samples are asked for, or the data has no such pairs.
    """
    kinds = trained_model.kinds(model)
    if "sample" in kinds:
        return _of_samples(model, train, test, judge, question, tools)
    return _of_translations(_Translator(model, kinds, question.shares_program), train, test, judge, question, tools)


def _of_samples(model: TrainedModel, train: Dataset, test: Dataset, judge: Judge, question: Question, tools: Tools) -> Evaluation:
    if not 0 <= question.seed < _SEEDS:
        raise UserError(f"the seed is {question.seed}: give a whole number from 0 to {_SEEDS - 1}")
    position = np.arange(question.count, dtype=np.int32)
    batch = {"position": position, **take_inputs(test, model.algorithm.inputs, position % len(test.rows))}
    images = trained_model.sample(model, batch, jax.random.key(question.seed), kind="sample")["sample"]
    seeds = {"latents": question.seed}
    evaluation = evaluate_samples(images, judge, train, test, seeds=seeds, truncation=1.0)
    if tools.inception:
        real = inception_figures.compared_split(tools.inception, train, test)
        scores = question.inception_scores
        evaluation = _with(evaluation, *inception_figures.sample_set_figures(tools.inception, images, real, seeds=seeds, scores=scores))
    if tools.lpips:
        figures = perceptual_figures.path_length_figure(tools.lpips, model, test, count=question.count, seed=question.seed)
        evaluation = _with(evaluation, *figures)
    return _with(evaluation, [], notes_on_samples(tools))


def _of_translations(translator: _Translator, train: Dataset, test: Dataset, judge: Judge, question: Question, tools: Tools) -> Evaluation:
    algorithm = translator.model.algorithm
    judged_pairs = judge_pairs(
        judge,
        test,
        pairs=question.count,
        seed=question.seed,
        targets=algorithm.targets if question.targets is None else question.targets,
        contents=question.contents,
        inputs=algorithm.inputs,
    )
    translations = judge_translations(translator.to_references, judged_pairs, translator.batch_size)
    latent = translator.in_latent_style if "latent" in translator.kinds else None
    evaluation = evaluate_translations(judged_pairs, translations, latent, stride=algorithm.stride, lpips=tools.lpips)
    matches = None
    if tools.matcher:
        origin = transfer_origin(judged_pairs)
        matches = place_matches(tools.matcher, judged_pairs, translations.images)
        evaluation = _with(evaluation, *label_free_figures(tools.matcher, matches, judged_pairs, translations.images, origin))
    if question.beside_training:
        figures, nearest = audit_translations(judged_pairs, translations, train)
        best, worst = best_and_worst(judged_pairs, translations, matches)
        evaluation = _with(evaluation, figures)._replace(examples=Examples(best, worst, nearest))
    styles = "reference" if "reference" in translator.kinds else "none"
    if tools.inception:
        figures = _inception_figures(judged_pairs, translations, train, question, tools.inception, {"styles": styles})
        evaluation = _with(evaluation, *figures)
    if tools.lpips:
        evaluation = _with(evaluation, _perceptual_figures(translator, judged_pairs, translations, tools.lpips))
    evaluation = _with(evaluation, *weight_figures(tools, judged_pairs, translations.images, styles))
    if question.strengths:
        strengths = track(question.strengths, "measuring strengths of the style", len(question.strengths))
        by_strength = strength_figures(translator.at_strength, judged_pairs, strengths, translator.batch_size)
        evaluation = evaluation._replace(by_strength=by_strength)
    return evaluation


def evaluate_translations(
    judged_pairs: JudgedPairs,
    translations: Translations,
    translate_latent: TranslateStyle | None = None,
    *,
    stride: int | None = None,
    lpips: Perceptual | None = None,
) -> Evaluation:
    """Measures translations of pairs by what needs no other pictures.

    Args:
      translate_latent: translates in styles drawn from a latent, for their diversity; None where the model has no latent.
      stride: the generator's (`Algorithm.stride`), whose grid is looked for.
      lpips: for the distance from the answers, where the data know these.
    """
    origin = transfer_origin(judged_pairs)
    figures, notes = transfer_score_figures(judged_pairs, translations.verdict, origin)
    styles = style_figures(translate_latent, judged_pairs, origin)
    variety, variety_notes = variety_figures(judged_pairs, translations.verdict, origin)
    evaluation = Evaluation([*figures, *styles, *variety], [*notes, *variety_notes])
    evaluation = _with(evaluation, *answer_figures(judged_pairs, translations, origin, lpips))
    references = judged_pairs.dataset.images[judged_pairs.dataset.rows[judged_pairs.pairs.reference]]
    return _with(evaluation, grid_figures(translations.images, references, stride, origin))


def _inception_figures(
    judged_pairs: JudgedPairs,
    translations: Translations,
    train: Dataset,
    question: Question,
    inception: FeatureExtractor,
    styles: dict[str, str],
) -> inception_figures.FiguresAndNotes:
    return inception_figures.translation_figures(
        inception,
        translations.images,
        judged_pairs.target,
        inception_figures.compared_split(inception, train, judged_pairs.dataset),
        seeds={"pairs": judged_pairs.seed},
        parameters=judged_pairs.parameters() | styles,
        scores=question.inception_scores,
    )


def _perceptual_figures(translator: _Translator, judged_pairs: JudgedPairs, translations: Translations, lpips: Perceptual) -> list[Figure]:
    def in_reference_style(batch: dict[str, np.ndarray], style: int) -> np.ndarray:
        return translator.to_references(batch | {"reference": perceptual_figures.other_references(judged_pairs.dataset, batch, style)})

    by_styles: dict[str, TranslateStyle] = {"latent": translator.in_latent_style, "reference": in_reference_style}
    figures = [perceptual_figures.structure_figure(lpips, judged_pairs, translations.images)]
    figures += [
        perceptual_figures.diversity_figure(lpips, judged_pairs, translate, styles)
        for styles, translate in by_styles.items()
        if styles in translator.kinds
    ]
    return [figure.with_parameters(**judged_pairs.parameters()) for figure in figures]


def _with(evaluation: Evaluation, figures: Sequence[Figure], notes: Sequence[str] = ()) -> Evaluation:
    """Returns the evaluation with these on top of its own; those that are not finite, as of a damaged network, only as a note."""
    unknown = [figure.name for figure in figures if not is_finite(figure)]
    if unknown:
        notes = [*notes, f"unknown, since what the networks gave is not finite: {', '.join(unknown)}"]
    known = [figure for figure in figures if figure.name not in unknown]
    return evaluation._replace(figures=[*evaluation.figures, *known], notes=[*evaluation.notes, *notes])
