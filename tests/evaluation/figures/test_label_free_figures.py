import numpy as np
import pytest

from semgan.evaluation.figures.figure import by_name
from semgan.evaluation.figures.label_free_figures import matcher_origin, place_matches, retention_figures
from semgan.evaluation.judge.judge import Judge, heads_for
from semgan.evaluation.judge.judge_training import initial_params
from semgan.evaluation.judge.judged_pairs import judge_pairs
from semgan.evaluation.judge.pairs import translate_pairs
from semgan.networks.judge import JudgeNetwork

PAIRS = 24
PARTS = {"place_match", "place_match/content", "place_match/reference", "place_match/restyled"}


@pytest.fixture(scope="module")
def judged_pairs(test_squares):
    """The judge, which these figures do not ask, is untrained."""
    heads = heads_for(test_squares, 4)
    judge = Judge(initial_params(JudgeNetwork(heads), (16, 16, 3), 0), heads, "untrained", {})
    return judge_pairs(judge, test_squares, pairs=PAIRS)


@pytest.fixture(scope="module")
def measure(matcher, judged_pairs):
    def figures_of(translate):
        images = translate_pairs(translate, judged_pairs.dataset, judged_pairs.pairs, 20)
        figures, notes, _ = retention_figures(place_matches(matcher, judged_pairs, images), matcher_origin(matcher, judged_pairs))
        assert notes == []
        return by_name(figures)

    return figures_of


@pytest.fixture(scope="module")
def perfect(measure, oracle):
    return measure(oracle)


def test_copying_the_reference_keeps_nothing(measure):
    assert measure(lambda batch: batch["reference"])["label_free_retention"].value == 0


def test_perfect_translation_keeps_about_what_the_content_does(perfect):
    assert perfect["label_free_retention"].value > 0.7


def test_the_content_itself_keeps_all_and_not_more(measure):
    figures = measure(lambda batch: batch["image"])
    assert figures["place_match"].value > figures["place_match/restyled"].value
    assert figures["label_free_retention"].value == figures["label_free_retention"].interval[1] == 1


def test_shifted_and_destroyed_translations_keep_less(measure, perfect, oracle):
    shifted = [measure(lambda batch, shift=shift: np.roll(oracle(batch), shift, 1)) for shift in (1, 2, 4)]
    values = [figures["label_free_retention"].value for figures in (perfect, *shifted)]
    assert all(np.diff(values) < -0.05)
    assert measure(lambda batch: np.full_like(batch["image"], 90))["label_free_retention"].value < 0.2


def test_parts_and_intervals_are_given(measure, oracle):
    figures = measure(lambda batch: np.roll(oracle(batch), 1, 1))
    assert figures.keys() == {"label_free_retention", *PARTS}
    for figure in figures.values():
        low, high = figure.interval
        assert low <= figure.value <= high
        assert figure.interval_of == "1000 resamples of the pairs"
    match = {name: figures[name].value for name in PARTS}
    share = (match["place_match"] - match["place_match/reference"]) / (match["place_match/restyled"] - match["place_match/reference"])
    assert figures["label_free_retention"].value == pytest.approx(share)


def test_passport_names_the_matcher_and_how_it_was_trained(perfect, matcher):
    passport = perfect["label_free_retention"].passport
    assert passport.extractor == f"matcher {matcher.name}"
    assert passport.parameters["matcher_steps"] == matcher.settings["steps"]
    assert passport.parameters["matcher_place_accuracy"] == matcher.accuracy["place"]
    assert (passport.fake_count, passport.seeds["pairs"]) == (PAIRS, 0)
    assert len(passport.sha256) == 64


def test_unknown_where_contents_and_references_cannot_be_told_apart(matcher, judged_pairs):
    last = {name: 0 * leaf for name, leaf in matcher.params["Conv_2"].items()}
    blind = matcher._replace(params={**matcher.params, "Conv_2": last}, mean=0 * matcher.mean)
    images = np.zeros((PAIRS, 16, 16, 3), np.uint8)
    figures, notes, _ = retention_figures(place_matches(blind, judged_pairs, images), matcher_origin(blind, judged_pairs))
    assert {figure.name for figure in figures} == PARTS
    assert notes == ["label_free_retention is unknown: the matcher does not tell the contents from the references better than chance"]
