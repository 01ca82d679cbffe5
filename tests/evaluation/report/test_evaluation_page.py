import json

import numpy as np
import pytest

from semgan.evaluation.figures.novelty import audit_translations
from semgan.evaluation.figures.retention import extremes
from semgan.evaluation.figures.samples import evaluate_samples
from semgan.evaluation.figures.semantics import full_report
from semgan.evaluation.figures.strength import strength_curve
from semgan.evaluation.figures.transfer_figures import transfer_origin
from semgan.evaluation.judge.judged_pairs import judge_pairs, judge_translations
from semgan.evaluation.report import evaluation_page
from semgan.evaluation.report.report_file import page_path
from tests.pages.html import Page

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def made(judge, train_squares, test_squares, oracle):
    """A whole report of perfect translations, and its pictures."""
    judged = judge_pairs(judge, test_squares, pairs=20)
    translated = judge_translations(oracle, judged, 10)
    report = full_report(judged, translated) | {"model": HOSTILE, "semgan": "1.2.3", "algorithm": "toy", "kimg": 4.0}
    report |= extremes(judged, translated.verdict)
    audited, _ = audit_translations(translated.verdict.features, judged.target, judge, train_squares, test_squares, transfer_origin(judged))
    report |= audited
    report["strength_curve"] = strength_curve(lambda batch, strength: oracle(batch), judged, (0.5, 1.0))
    pictures = evaluation_page.Pictures(
        best=np.stack([translated.images[[pair["pair"]] * 3] for pair in report["best_pairs"]]),
        worst=np.stack([translated.images[[pair["pair"]] * 3] for pair in report["worst_pairs"]]),
        nearest=np.stack([train_squares.images[[each["row"]] * 2] for each in report["nearest"]]),
    )
    return report, pictures


def test_the_page_of_translations_is_whole_and_stands_alone(made):
    report, pictures = made
    shown = Page(evaluation_page.render(report, pictures))
    assert shown.loads == []
    assert len(shown.pictures) == 6 * 3 + 6 * 3 + 8 * 2
    np.testing.assert_array_equal(np.asarray(shown.pictures[0]), pictures.best[0, 0])
    for title in ("Memorisation audit", "Over the strength of the style", "Best pairs", "Worst pairs", "Nearest neighbours", "Attributes"):
        assert title in shown.texts
    assert "What makes a whole face" not in shown.texts


def test_the_page_says_the_figures_and_how_they_were_taken(made):
    report, pictures = made
    text = Page(evaluation_page.render(report, pictures)).text
    data, judge = report["dataset"], report["judge"]
    for said in (judge["name"], data["fingerprint"], "squares", "1.2.3", "toy", "4 kimg", f"{report['audit']['statistic']:.2f}"):
        assert said in text
    assert f"{report['retention']:.2f}" in text
    assert f"agreement {report['best_pairs'][0]['agreement']:.2f}" in text
    assert f"distance {report['nearest'][0]['distance']:.3f}" in text


def test_the_page_can_be_made_of_the_report_as_it_is_written(made):
    report, pictures = made
    assert evaluation_page.render(json.loads(json.dumps(report)), pictures) == evaluation_page.render(report, pictures)


def test_the_page_shows_every_figure_with_its_interval_and_what_all_share_once(made):
    report, pictures = made
    shown = Page(evaluation_page.render(report, pictures))
    for figure in report["figures"]:
        assert f"{figure['interval'][0]:.4g} to {figure['interval'][1]:.4g}" in shown.texts
    assert shown.texts.count(report["figures"][0]["passport"]["code"]) == 1
    assert sum("parameter neighbours: 3" in text for text in shown.texts) == 2


def test_hostile_names_run_nothing(made):
    report, pictures = made
    data = report["dataset"] | {"name": HOSTILE, "domains": [HOSTILE, "b"]}
    hostile = report | {"dataset": data, "adopted": {HOSTILE: {HOSTILE: 1.0}}, "notes": [HOSTILE], "best_pairs": []}
    hostile["nearest"] = [each | {"domain": HOSTILE} for each in report["nearest"]]
    html = evaluation_page.render(hostile, pictures._replace(best=()))
    assert "<script" not in html
    assert HOSTILE in Page(html).texts


def test_a_page_of_samples_shows_what_makes_a_face_beside_real_pictures(judge, train_squares, test_squares):
    images = test_squares.images[test_squares.rows[:30]]
    report = evaluate_samples(images, judge, train_squares, test_squares) | {"model": "m"}
    pictures = np.zeros((len(report.get("nearest", ())), 2, 16, 16, 3), np.uint8)
    shown = Page(evaluation_page.render(report, evaluation_page.Pictures(nearest=pictures)))
    assert len(shown.pictures) == 2 * len(pictures)
    for title in ("Beside real pictures", "What makes a whole face", "Domains", "Memorisation audit"):
        assert title in shown.texts
    assert "Over the strength of the style" not in shown.texts
    assert "transfer score" not in shown.texts


def test_what_is_unknown_is_said_or_left_out(judge, test_squares, oracle):
    judged = judge_pairs(judge, test_squares._replace(annotations={}), pairs=6)
    report = full_report(judged, judge_translations(oracle, judged, 6)) | {"model": "m", "best_pairs": [], "worst_pairs": []}
    text = Page(evaluation_page.render(report, evaluation_page.Pictures())).text
    assert "retention is unknown: the data has neither masks nor landmarks nor attributes to compare" in text
    assert "Best pairs" not in text


def test_the_page_lies_beside_the_report(tmp_path):
    assert page_path(tmp_path / "report.json").name == "report.html"
    assert page_path(tmp_path / "report").name == "report.html"
    assert page_path(tmp_path / "report.v2").name == "report.v2.html"
