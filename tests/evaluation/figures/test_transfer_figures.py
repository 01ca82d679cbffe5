import json

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.evaluation.report.evaluation_text import evaluation_text
from semgan.evaluation.report.report_file import write_json
from tests.evaluation.reports import evaluated
from tests.evaluation.reports import transfer_report as evaluate

PAIRS = 110


def test_copying_the_content_keeps_all_and_scores_0(judge, test_squares):
    report = evaluate(lambda batch: batch["image"], judge, test_squares, pairs=PAIRS)
    assert report["retention"] == pytest.approx(1)
    assert report["adoption"] == 0
    assert report["transfer_score"] == 0


def test_copying_the_reference_adopts_all_and_scores_0(judge, test_squares):
    report = evaluate(lambda batch: batch["reference"], judge, test_squares, pairs=PAIRS)
    assert report["retention"] == 0
    assert report["adoption"] == pytest.approx(1)
    assert report["transfer_score"] == 0


def test_perfect_translation_scores_1(judge, test_squares, oracle):
    report = evaluate(oracle, judge, test_squares, pairs=PAIRS)
    assert report["transfer_score"] == pytest.approx(1, abs=0.05)
    assert report["landmark_error"]["translated"] < report["landmark_error"]["reference"] / 3
    assert report["adopted"]["red"].keys() == {"green", "blue"}
    assert report["adopted"]["red"]["green"] > 0.9
    assert report["notes"] == []


def test_destroyed_pictures_score_lower_than_good_ones(judge, test_squares, oracle):
    def half(batch):
        return np.where((batch["position"] % 2)[:, None, None, None] == 0, oracle(batch), batch["image"]).astype(np.uint8)

    assert 0.3 < evaluate(half, judge, test_squares, pairs=PAIRS)["adoption"] < 0.7


def only(dataset, *names):
    return dataset._replace(annotations={name: dataset.annotations[name] for name in names}, name="folder")


def test_without_masks_attributes_and_landmarks_take_their_place(judge, test_squares, oracle):
    test = only(test_squares, "attributes", "landmarks")
    report = evaluate(oracle, judge, test, pairs=PAIRS)
    assert report["transfer_score"] == pytest.approx(1, abs=0.1)
    assert evaluate(lambda batch: batch["reference"], judge, test, pairs=PAIRS)["transfer_score"] == 0
    # "red" names a domain and so does not have to be kept; left in, the content would keep what a translation changes
    with_red = evaluate(oracle, judge, test, pairs=PAIRS, style_attributes=())
    assert with_red["agreement"]["translated"] < report["agreement"]["translated"]
    assert with_red["attributes"] == report["attributes"]


def test_agreement_without_masks_by_hand(judge, test_squares, oracle):
    report = evaluate(oracle, judge, only(test_squares, "attributes"), pairs=PAIRS)
    assert report["agreement"]["translated"] == report["attributes"]["translated"]["large"]


def test_without_annotations_only_adoption_is_known(judge, test_squares, oracle):
    report = evaluate(oracle, judge, only(test_squares), pairs=20)
    assert report["retention"] is None
    assert report["transfer_score"] is None
    assert report["adoption"] == pytest.approx(1)
    assert "neither masks nor landmarks" in report["notes"][0]
    assert "unknown" in evaluation_text(evaluated(oracle, judge, only(test_squares), pairs=20), judge, only(test_squares))


def test_report_is_json_and_names_what_it_was_made_with(judge, test_squares, oracle, tmp_path):
    report = evaluate(oracle, judge, test_squares, pairs=20, seed=7, translate_latent=lambda batch, seed: oracle(batch))
    write_json(tmp_path / "deep" / "report.json", report)
    assert json.loads((tmp_path / "deep" / "report.json").read_text()) == report
    assert [entry.name for entry in (tmp_path / "deep").iterdir()] == ["report.json"]
    assert report["judge"]["name"] == judge.name
    assert report["judge"]["accuracy"] == judge.accuracy
    assert (report["pairs"], report["seed"]) == (20, 7)
    assert report["dataset"]["fingerprint"] == test_squares.fingerprint
    assert (report["dataset"]["image_size"], report["dataset"]["count"]) == (16, 120)
    text = evaluation_text(evaluated(oracle, judge, test_squares, pairs=20, seed=7), judge, test_squares)
    assert judge.name in text
    assert "seed 7" in text


def test_report_that_cannot_be_written_is_a_clean_error(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "report.json", tmp_path / "folder"):
        with pytest.raises(UserError, match="--out"):
            write_json(path, {})
    assert {entry.name for entry in tmp_path.iterdir()} == {"file", "folder"}


def test_diversity_is_0_for_one_style_and_grows_with_the_styles(judge, test_squares, oracle):
    def constant(batch, seed):
        return oracle(batch)

    def coloured(batch, seed):
        return oracle(batch | {"target_domain": (batch["target_domain"] + seed) % 3})

    same = evaluate(oracle, judge, test_squares, pairs=20, translate_latent=constant)["diversity"]
    varied = evaluate(oracle, judge, test_squares, pairs=20, translate_latent=coloured)["diversity"]
    assert same["latent"] == pytest.approx(0, abs=1e-6)
    assert varied["latent"] > 0.05
    assert same["real"] == varied["real"] > 0
    assert evaluate(oracle, judge, test_squares, pairs=20)["diversity"]["latent"] is None


def test_variety_is_that_of_the_references_or_of_one_picture(judge, test_squares):
    def constant(batch):
        return np.broadcast_to(test_squares.images[:1], batch["image"].shape)

    copied = evaluate(lambda batch: batch["reference"], judge, test_squares, pairs=20)
    assert (copied["diversity_share"], copied["recall"]) == (pytest.approx(1), 1)
    alike = evaluate(constant, judge, test_squares, pairs=20)
    assert (alike["diversity_share"], alike["recall"]) == (pytest.approx(0, abs=1e-3), 0)
    few = evaluate(constant, judge, test_squares, pairs=1)
    assert (few["diversity_share"], few["recall"]) == (None, None)
