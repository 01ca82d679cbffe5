"""One evaluation for training and the command: what depends on the question, and what does not."""

import json

import jax
import numpy as np
import pytest

from semgan import trained_model
from semgan.errors import UserError
from semgan.evaluation.evaluate import Question, evaluate
from semgan.evaluation.extractors.tools import Tools
from semgan.evaluation.figures.sample_figures import evaluate_samples
from semgan.evaluation.figures.set_figures import SCORES
from semgan.evaluation.report.evaluation_json import evaluation_json, logged_scores, shown_scores
from semgan.evaluation.report.evaluation_text import evaluation_text
from tests.evaluation.reports import evaluated
from tests.evaluation.standins import MeanColours
from tests.evaluation.toy_models import squares_model

CONFIG = {"image_size": 16}
GUIDED = {"reference", "latent"}


def values(figures):
    return {figure.name: figure.value for figure in figures}


@pytest.fixture
def measured(judge, train_squares, test_squares):
    def measure(kinds, question, tools=None):
        return evaluate(squares_model(kinds, CONFIG), train_squares, test_squares, judge, question, *([tools] if tools else []))

    return measure


@pytest.mark.parametrize("kinds", [GUIDED, {"translated"}])
def test_the_question_of_training_gets_the_answers_of_the_command(measured, kinds):
    """The same figures, but for those that take the training pictures or weaker styles."""
    strengths = (0.25, 1.0) if "reference" in kinds else ()
    whole = measured(kinds, Question(count=40, strengths=strengths))
    part = measured(kinds, Question(count=40, beside_training=False, shares_program=True))
    beside_training = {"copies", "copying_statistic", "copies/p_value", "copying_statistic/p_value"}
    assert values(part.figures) == {name: value for name, value in values(whole.figures).items() if name not in beside_training}
    assert beside_training <= values(whole.figures).keys()
    assert list(whole.by_strength) == list(strengths)
    assert (part.by_strength, part.examples) == ({}, ((), (), ()))


def test_it_is_what_the_parts_find(measured, judge, test_squares, oracle):
    expected = values(evaluated(oracle, judge, test_squares, pairs=30, seed=2, targets=(1,)).figures)
    found = values(measured({"translated"}, Question(count=30, seed=2, targets=(1,), beside_training=False)).figures)
    assert found == expected


def test_the_samples_are_those_that_the_model_draws_by_the_seed(measured, judge, train_squares, test_squares):
    model = squares_model({"sample"}, CONFIG)
    images = trained_model.sample(model, {"position": np.arange(20, dtype=np.int32)}, jax.random.key(3))["sample"]
    expected = evaluate_samples(images, judge, train_squares, test_squares, seeds={"latents": 3}, truncation=1.0)
    found = measured({"sample"}, Question(count=20, seed=3))
    assert list(found.figures) == list(expected.figures)
    assert values(measured({"sample"}, Question(count=20, seed=4)).figures) != values(expected.figures)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_that_jax_cannot_tell_apart_are_refused(measured, seed):
    with pytest.raises(UserError, match=f"the seed is {seed}"):
        measured({"sample"}, Question(count=4, seed=seed))


def test_inception_takes_the_scores_that_are_asked_for(measured, tmp_path, monkeypatch):
    monkeypatch.setenv("SEMGAN_CACHE", str(tmp_path))
    tools = Tools(inception=MeanColours())
    few = values(measured(GUIDED, Question(count=30, beside_training=False, inception_scores=("fd",)), tools).figures)
    all_of_them = values(measured(GUIDED, Question(count=30, beside_training=False, inception_scores=SCORES), tools).figures)
    assert {"fid", "fid/red", "fid/green", "fid/blue"} <= few.keys()
    assert "kid" not in few
    assert "kid" in all_of_them


def test_the_log_keeps_figures_by_their_names(measured):
    translations = measured(GUIDED, Question(count=30, beside_training=False))
    kept = ["transfer_score", "retention", "adoption", "diversity_share", "recall", "grid", "fd_judge", "precision"]
    assert logged_scores(translations) == {name: translations.value(name) for name in kept}
    samples = measured({"sample"}, Question(count=20))
    kept[:3] = ["whole_faces", "medium_coverage", "neighbour_distance"]
    kept.remove("grid")
    assert logged_scores(samples) == {name: samples.value(name) for name in kept}


def test_a_score_that_is_unknown_is_logged_as_such(judge, test_squares, oracle):
    scores = logged_scores(evaluated(oracle, judge, test_squares._replace(annotations={}), pairs=20))
    assert (scores["transfer_score"], scores["retention"]) == (None, None)
    assert scores["adoption"] == pytest.approx(1)
    assert "fid" not in scores


def test_a_report_without_the_training_pictures_has_neither_audit_nor_examples(measured, judge, test_squares):
    whole, part = (
        evaluation_json(measured(GUIDED, Question(count=20, beside_training=beside)), judge, test_squares) for beside in (True, False)
    )
    assert whole.keys() - part.keys() == {"best_pairs", "worst_pairs", "audit", "nearest"}
    assert part.keys() <= whole.keys()


@pytest.mark.parametrize(("value", "interval"), [(np.nan, (0.0, 1.0)), (0.5, (np.nan, np.nan)), (np.inf, None)])
def test_what_is_not_finite_is_a_note_and_not_a_figure(measured, judge, test_squares, monkeypatch, value, interval):
    first = measured(GUIDED, Question(20)).figures[0]
    broken = first._replace(name="structure_distance", value=value, interval=interval)
    monkeypatch.setattr("semgan.evaluation.evaluate.weight_figures", lambda *_: ([broken, first._replace(name="whole")], []))
    evaluation = measured(GUIDED, Question(20))
    assert "structure_distance" not in values(evaluation.figures)
    assert "whole" in values(evaluation.figures)
    assert any("structure_distance" in note for note in evaluation.notes)
    json.dumps(evaluation_json(evaluation, judge, test_squares), allow_nan=False)


def test_parts_that_are_known_are_shown_though_their_score_is_not(measured, judge, test_squares):
    evaluation = evaluated_without_score(measured)
    assert shown_scores(evaluation) == ["label_free_score", "label_free_retention", "style_adoption", "reference_match"]
    first = evaluation_text(evaluation, judge, test_squares).splitlines()[0]
    assert first.startswith("label-free score unknown: retention 0.900")


def evaluated_without_score(measured):
    """Translations without annotations, of which retention alone is known."""
    evaluation = measured(GUIDED, Question(20))
    first = evaluation.figures[0]
    apart = {"transfer_score", "retention", "adoption", "agreement"}
    figures = [figure for figure in evaluation.figures if figure.name not in apart]
    return evaluation._replace(figures=[*figures, first._replace(name="label_free_retention", value=0.9)])
