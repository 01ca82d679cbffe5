import numpy as np
import pytest

from semgan.evaluation.evaluate import evaluate_translations
from semgan.evaluation.figures.audit_figures import audit_translations
from semgan.evaluation.figures.examples import Examples, best_and_worst
from semgan.evaluation.figures.sample_figures import evaluate_samples
from semgan.evaluation.figures.strength import strength_figures
from semgan.evaluation.judge.judged_pairs import judge_pairs, judge_translations
from semgan.evaluation.report.describe import describe_dataset, describe_judge
from semgan.evaluation.report.evaluation_page import render
from semgan.evaluation.report.report_file import page_path
from tests.evaluation.reports import evaluated
from tests.pages.html import Page

HOSTILE = "<script>alert(1)</script>"


def described(judge, test, **facts):
    return {"model": "m", "judge": describe_judge(judge), "dataset": describe_dataset(test), **facts}


@pytest.fixture(scope="module")
def evaluation(judge, train_squares, test_squares, oracle):
    """All that can be found about perfect translations."""
    judged = judge_pairs(judge, test_squares, pairs=20)
    translated = judge_translations(oracle, judged, 10)
    found = evaluate_translations(judged, translated)
    figures, nearest = audit_translations(judged, translated, train_squares)
    return found._replace(
        figures=[*found.figures, *figures],
        examples=Examples(*best_and_worst(judged, translated), nearest),
        by_strength=strength_figures(lambda batch, strength: oracle(batch), judged, (0.5, 1.0)),
    )


@pytest.fixture(scope="module")
def about(judge, test_squares):
    return described(judge, test_squares, model=HOSTILE, semgan="1.2.3", algorithm="toy", kimg=4.0, seed=0)


def test_the_page_of_translations_is_whole_and_stands_alone(evaluation, about):
    shown = Page(render(evaluation, about))
    assert shown.loads == []
    assert len(shown.pictures) == 6 * 3 + 6 * 3 + 8 * 2
    np.testing.assert_array_equal(np.asarray(shown.pictures[0]), evaluation.examples.best[0].images[0])
    for title in ("Memorisation audit", "Over the strength of the style", "Best pairs", "Worst pairs", "Nearest neighbours", "Attributes"):
        assert title in shown.texts
    assert "What makes a whole face" not in shown.texts


def test_the_page_says_the_figures_and_how_they_were_taken(evaluation, about):
    text = Page(render(evaluation, about)).text
    data, judge, examples = about["dataset"], about["judge"], evaluation.examples
    for said in (judge["name"], data["fingerprint"], "squares", "1.2.3", "toy", "4 kimg", f"{evaluation.value('copying_statistic'):.2f}"):
        assert said in text
    assert f"{evaluation.value('retention'):.2f}" in text
    assert f"agreement {examples.best[0].about['kept']:.2f}" in text
    assert f"distance {examples.nearest[0].about['distance']:.3f}" in text


def test_the_page_shows_every_figure_with_its_interval_and_what_all_share_once(evaluation, about):
    shown = Page(render(evaluation, about))
    for figure in evaluation.figures:
        assert figure.name in shown.texts
        if figure.interval:
            assert f"{figure.interval[0]:.4g} to {figure.interval[1]:.4g}" in shown.texts
    assert shown.texts.count(evaluation.figures[0].passport.code) == 1
    assert sum("parameter neighbours: 3" in text for text in shown.texts) == 2


def test_hostile_names_run_nothing(evaluation, about):
    data = about["dataset"] | {"name": HOSTILE, "domains": [HOSTILE, "b"]}
    adopted = evaluation.figures[0]._replace(name=f"adopted/{HOSTILE}/{HOSTILE}".replace("</", "<"), value=1.0)
    nearest = [each._replace(about=each.about | {"domain": HOSTILE}) for each in evaluation.examples.nearest]
    hostile = evaluation._replace(figures=[*evaluation.figures, adopted], notes=[HOSTILE], examples=Examples(nearest=nearest))
    html = render(hostile, about | {"dataset": data})
    assert "<script" not in html
    assert HOSTILE in Page(html).texts


def test_a_page_of_samples_shows_what_makes_a_face_beside_real_pictures(judge, train_squares, test_squares):
    found = evaluate_samples(test_squares.images[test_squares.rows[:30]], judge, train_squares, test_squares)
    shown = Page(render(found, described(judge, test_squares)))
    assert len(shown.pictures) == 2 * 8
    for title in ("Beside real pictures", "What makes a whole face", "Domains", "Memorisation audit"):
        assert title in shown.texts
    assert "Over the strength of the style" not in shown.texts
    assert "transfer score" not in shown.texts


def test_what_is_unknown_is_said_or_left_out(judge, test_squares, oracle):
    bare = test_squares._replace(annotations={})
    text = Page(render(evaluated(oracle, judge, bare, pairs=6), described(judge, bare))).text
    assert "retention is unknown: the data has neither masks nor landmarks nor attributes to compare" in text
    assert "Best pairs" not in text


def test_the_page_lies_beside_the_report(tmp_path):
    assert page_path(tmp_path / "report.json").name == "report.html"
    assert page_path(tmp_path / "report").name == "report.html"
    assert page_path(tmp_path / "report.v2").name == "report.v2.html"
