"""Reports' figures: intervals that hold the values, passports that say where they come from, texts that show what differs."""

import json

import numpy as np
import pytest

from semgan.evaluation.figures.figure import by_name, from_json, to_json
from semgan.evaluation.figures.judge_figures import places_of_targets
from semgan.evaluation.figures.passport import comparable
from semgan.evaluation.figures.sample_figures import evaluate_samples
from semgan.evaluation.report.evaluation_json import evaluation_json
from semgan.evaluation.report.figure_table import common_rows, figure_lines, figure_rows, headline, in_words
from tests.evaluation.reports import evaluated

SAMPLES = ["whole_faces", "medium_coverage", "neighbour_distance", "diversity", "diversity_share", "copies", "copying_statistic"]
PAIRS = ["transfer_score", "retention", "adoption", "agreement", "domain_accuracy", "landmark_error", "attributes_kept"]
FEATURES = ["fd_judge", "kd_judge", "precision", "recall", "density", "coverage"]


def read(evaluation):
    """The figures by name, as a report on disk has them."""
    return by_name(map(from_json, json.loads(json.dumps([to_json(figure) for figure in evaluation.figures], allow_nan=False))))


@pytest.fixture(scope="module")
def sampled(judge, train_squares, test_squares, squares):
    others = squares(60, seed=5, split="test")
    return evaluate_samples(others.images[others.rows], judge, train_squares, test_squares, seeds={"latents": 4})


def test_samples_have_every_figure_with_an_interval_that_holds_it(sampled):
    figures = read(sampled)
    assert [figure.name for figure in headline(sampled.figures)] == SAMPLES + FEATURES
    for name, figure in figures.items():
        if not name.endswith("/p_value"):
            assert figure.interval is not None
            assert figure.interval[0] <= figure.value <= figure.interval[1], name
            assert figure.interval_of


def test_every_number_of_a_report_on_samples_is_a_figure(sampled, judge, test_squares, train_squares):
    report, figures = evaluation_json(sampled, judge, test_squares), read(sampled)
    for name in ("whole_faces", "medium_coverage", "neighbour_distance", "diversity"):
        assert (figures[name].value, figures[f"{name}/real"].value) == (report[name], report[f"{name}_real"])
    for name in ("diversity_share", "copies", "recall"):
        assert figures[name].value == report[name]
    for part, groups in (("checks", report["checks"]), ("domains", report["domains"])):
        for name, by in groups.items():
            assert (figures[f"{part}/{name}"].value, figures[f"{part}/{name}/real"].value) == (by["samples"], by["real"])
    assert {name: by["train"] for name, by in report["domains"].items()} == {
        name: pytest.approx(np.mean(train_squares.domain == number)) for number, name in enumerate(train_squares.domains)
    }
    assert (report["samples"], report["real"], report["train"]) == (60, 120, 400)
    assert not {"fid", "kid"} & set(figures)


def test_passports_say_what_was_compared(sampled, judge, train_squares, test_squares):
    figures = read(sampled)
    passport = figures["fd_judge"].passport
    assert (passport.extractor, passport.protocol) == (f"judge {judge.name}", "judge")
    assert (passport.real, passport.split, passport.real_count, passport.fake_count) == (test_squares.fingerprint, "test", 120, 60)
    assert len(passport.sha256) == 64
    assert passport.seeds == {"latents": 4}
    assert figures["kd_judge"].passport.real_count == 60  # as many of one as of the other
    beside = figures["neighbour_distance"].passport
    assert (beside.real, beside.split, beside.real_count) == (train_squares.fingerprint, "train", 400)
    held_out = figures["neighbour_distance/real"].passport
    assert (held_out.seeds, held_out.fake_count, held_out.parameters["of"]) == ({}, 120, "held-out pictures")


def test_more_samples_make_the_intervals_narrower(sampled, judge, train_squares, test_squares, squares):
    others = squares(240, seed=5, split="test")
    more = read(evaluate_samples(others.images[others.rows], judge, train_squares, test_squares))
    for name in ("neighbour_distance", "diversity", "diversity_share", "density"):
        wide, narrow = (figures[name].interval[1] - figures[name].interval[0] for figures in (read(sampled), more))
        assert narrow < 0.8 * wide, name


def test_other_data_show_in_the_passports(judge, test_squares, squares, oracle):
    def passports(data, **asked):
        return {name: figure.passport for name, figure in read(evaluated(oracle, judge, data, pairs=12, **asked)).items()}

    mine, theirs = passports(test_squares), passports(squares(120, seed=9, split="test"))
    assert [name for name in mine if "/" not in name] == [*PAIRS, "diversity_share", *FEATURES, "grid"]
    assert all("real" in comparable(mine[name], theirs[name]) for name in mine if name in theirs)
    assert mine["retention"].parameters["into"] == "red, green, blue"
    assert not any(comparable(passport, mine[name]) for name, passport in passports(test_squares).items())
    large = passports(test_squares, contents="large")
    assert all("parameters.contents" in comparable(mine[name], large[name]) for name in mine if name in large)


def test_every_number_of_a_report_on_translations_is_a_figure(judge, test_squares, oracle):
    def in_colours(batch, seed):
        return np.maximum(oracle(batch), 9 * (seed % 10))

    evaluation = evaluated(oracle, judge, test_squares, pairs=60, translate_latent=in_colours)
    report, figures = evaluation_json(evaluation, judge, test_squares), read(evaluation)
    for name in ("transfer_score", "retention", "adoption", "diversity_share", "recall"):
        assert figures[name].value == report[name]
    for measure in ("agreement", "domain_accuracy", "landmark_error", "attributes_kept"):
        for role, name in (("translated", measure), ("content", f"{measure}/content"), ("reference", f"{measure}/reference")):
            assert figures[name].value == report[measure][role]
    assert figures["agreement/content"].passport.parameters["of"] == "the content copied"
    for role, end in (("translated", ""), ("content", "/content"), ("reference", "/reference")):
        assert {name: figures[f"attributes/{name}{end}"].value for name in report["attributes"][role]} == report["attributes"][role]
    for source, by in report["adopted"].items():
        assert {target: figures[f"adopted/{source}/{target}"].value for target in by} == by
    assert figures["style_diversity"].value == report["diversity"]["latent"] > 0
    assert figures["style_diversity/real"].value == report["diversity"]["real"]
    for name, figure in figures.items():
        assert figure.interval is not None
        assert figure.interval[0] <= figure.value <= figure.interval[1], name


def test_too_few_pictures_for_a_figure_are_told_of(judge, test_squares, oracle):
    few = evaluated(oracle, judge, test_squares, pairs=4)
    assert few.value("recall") is None
    assert {"fd_judge", "kd_judge"} <= set(read(few))
    assert "no precision" in few.notes[0]
    assert "no distances" in evaluated(oracle, judge, test_squares, pairs=1).notes[-1]


def test_real_pictures_come_in_the_shares_of_the_translations():
    domain = np.repeat([0, 1, 2], [40, 100, 7])
    places = places_of_targets(domain, np.array([0, 0, 0, 1]))
    assert np.bincount(domain[places], minlength=3).tolist() == [40, 13, 0]
    assert len(np.unique(places)) == len(places)
    assert np.bincount(domain[places_of_targets(domain, np.array([2] * 5))]).tolist() == [0, 0, 7]


def test_tables_tell_the_common_once_and_the_rest_beside_each_figure(sampled, train_squares):
    figures = sampled.figures
    first = headline(figures)
    rows, shared = figure_rows(first), dict(common_rows(first))
    assert [row[0] for row in rows] == SAMPLES + FEATURES
    (row,) = figure_rows([figure for figure in figures if figure.name == "domains/red/real"], first)
    assert "seed of the latents: none" in row[-1]
    assert "what it is of: held-out pictures" in row[-1]
    assert shared["Protocol"] == "judge"
    assert shared["Seed of the latents"] == "4"
    assert shared["Split"] == "test"
    by_name = {row[0]: row for row in rows}
    assert "split: train" in by_name["medium_coverage"][-1]
    assert f"digest of the real pictures: {train_squares.fingerprint}" in by_name["medium_coverage"][-1]
    assert by_name["fd_judge"][-1] == ""
    assert "parameter neighbours: 3" in by_name["recall"][-1]
    assert by_name["recall"][2] == " to ".join(f"{bound:.4g}" for bound in read(sampled)["recall"].interval)
    assert (figure_rows([]), common_rows([])) == ([], [])
    assert [line.split()[0] for line in figure_lines(figures)] == SAMPLES + FEATURES
    assert in_words("sha256") == "the SHA-256 of its weights"
