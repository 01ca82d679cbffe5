import copy
import functools
import json
from types import SimpleNamespace

import numpy as np
import pytest

from semgan.errors import UserError
from semgan.evaluation import evaluate as evaluation
from semgan.evaluation import evaluate_command
from semgan.evaluation.evaluate_command import evaluate_snapshot
from semgan.evaluation.extractors import tools
from semgan.evaluation.extractors.extractor import Perceptual
from semgan.evaluation.extractors.tools import Files
from semgan.evaluation.figures.figure import Figure
from semgan.evaluation.figures.passport import new_passport
from semgan.evaluation.judge.judge_training import initial_params
from semgan.evaluation.matcher import matcher
from semgan.inference.model import Model
from semgan.torch_files import writer
from tests.evaluation import random_weights
from tests.evaluation.standins import MeanColours, absolute_differences, random_lpips
from tests.evaluation.toy_models import squares_model
from tests.pages.html import Page

PASSPORT = new_passport({}, real="", real_count=0, fake_count=12)
CONFIG = {
    "image_size": 16,
    "data": {"name": "squares", "source": "here", "domains": (), "train_count": 80, "test_count": 40},
    "judge": {"channels": 8, "steps": 2, "matcher_steps": 2, "batch_size": 32, "pairs": 12, "samples": 14},
}


@pytest.fixture
def opened(monkeypatch, squares):
    """Stands in for the snapshot and the data that it was trained on; notes what is opened."""
    calls, datasets = [], {}

    def open_dataset(name, *, split, count, **options):
        calls.append({"name": name, "split": split, "count": count, **options})
        datasets[split] = squares(count, seed=len(split), split=split)
        return datasets[split]

    model = SimpleNamespace(
        config=copy.deepcopy(CONFIG), meta={"domains": ["red", "green", "blue"]}, kinds={"reference", "latent"}, targets=None
    )

    def load(_):
        return Model(squares_model(model.kinds, model.config, model.meta, model.targets))

    monkeypatch.setattr(evaluate_command, "open_dataset", open_dataset)
    small = {"channels": 4, "features": 8, "batch_size": 4}
    monkeypatch.setattr(evaluate_command, "load_or_train_matcher", functools.partial(matcher.load_or_train, **small))
    monkeypatch.setattr(matcher.training, "train", lambda dataset, rows, network, **_: initial_params(network, (64, 64, 3), 0))
    monkeypatch.setattr(matcher, "_BATCH", 16)
    monkeypatch.setattr("semgan.inference.model.load", load)
    return SimpleNamespace(calls=calls, model=model, datasets=datasets)


def test_snapshot_is_evaluated_on_the_data_of_its_config(opened, tmp_path, capsys):
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert report["pairs"] == 12
    assert report["model"] == "model.safetensors"
    assert report["diversity"]["latent"] is not None
    assert "transfer score" in capsys.readouterr().out
    assert [(call["split"], call["count"], call["source"]) for call in opened.calls] == [("train", 80, "here"), ("test", 40, "here")]


def test_a_page_stands_beside_the_report_with_what_it_names(opened, tmp_path, capsys):
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json")
    assert {entry.name for entry in tmp_path.iterdir()} == {"report.json", "report.html"}
    page = Page((tmp_path / "report.html").read_text())
    assert len(page.pictures) == 3 * 6 + 3 * 6 + 2 * len(report["nearest"])
    best = report["best_pairs"][0]
    data = opened.datasets["test"]
    np.testing.assert_array_equal(np.asarray(page.pictures[0]), data.images[best["content"]])
    np.testing.assert_array_equal(np.asarray(page.pictures[1]), data.images[best["reference"]])
    nearest = report["nearest"][0]
    np.testing.assert_array_equal(np.asarray(page.pictures[3 * 12 + 1]), opened.datasets["train"].images[nearest["row"]])
    assert report["training_data"]["fingerprint"] == opened.datasets["train"].fingerprint
    assert "report.html" in capsys.readouterr().out


def test_a_model_with_references_is_measured_over_the_strength(opened, tmp_path, capsys):
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json")
    curve = report["strength_curve"]
    assert [point["strength"] for point in curve] == [0, 0.25, 0.5, 0.75, 1]
    assert [point["mask_iou"] for point in curve] == [report["agreement"]["content"]] * 3 + [report["agreement"]["translated"]] * 2
    accuracy = report["domain_accuracy"]
    assert [point["domain_accuracy"] for point in curve] == [accuracy["content"]] * 3 + [accuracy["translated"]] * 2
    assert "at strength 0.75" in capsys.readouterr().out


def test_strengths_are_those_asked_for_in_order(opened, tmp_path):
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json", strengths=(1.0, 0.2, 1.0))
    assert [point["strength"] for point in report["strength_curve"]] == [0.2, 1]


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_strengths_out_of_range_are_refused_before_any_work(opened, tmp_path, wrong):
    with pytest.raises(UserError, match="--strengths"):
        evaluate_snapshot("model.safetensors", tmp_path / "report.json", strengths=(0.5, wrong))
    assert not opened.calls


def test_strengths_of_a_model_without_a_style_are_refused(opened, tmp_path):
    opened.model.kinds = {"translated"}
    with pytest.raises(UserError, match="leave out --strengths"):
        evaluate_snapshot("model.safetensors", tmp_path / "report.json", strengths=(0.5,))
    assert "strength_curve" not in evaluate_snapshot("model.safetensors", tmp_path / "report.json")


def test_data_elsewhere_and_other_pairs_are_taken_when_given(opened, tmp_path):
    opened.model.kinds = {"translated"}
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json", data_dir="there", pairs=6, seed=3)
    assert (report["pairs"], report["seed"]) == (6, 3)
    assert report["diversity"]["latent"] is None
    assert {call["source"] for call in opened.calls} == {"there"}


def test_model_that_translates_into_one_domain_is_judged_on_that(opened, tmp_path):
    opened.model.targets = (2,)
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json")
    assert {target for targets in report["adopted"].values() for target in targets} == {"blue"}


def test_one_domain_alone_is_translated_into_where_asked_for(opened, tmp_path):
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json", into="green")
    assert {target for targets in report["adopted"].values() for target in targets} == {"green"}


def test_contents_alone_that_match_are_translated_where_asked_for(opened, tmp_path, inception, perceptual):
    weights = Files("weights.pth", lpips="alexnet.pth")
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json", contents="large&~red", into="blue", weights=weights)
    assert report["contents"] == "large&~red"
    assert report["adopted"].keys() == {"green"}  # neither of red squares nor of those that are blue already
    data = opened.datasets["test"]
    shown = [pair["content"] for pair in report["best_pairs"] + report["worst_pairs"]]
    assert data.annotations["attributes"][shown].tolist() == [[1, 0]] * 12
    assert {"fid", "lpips_diversity_latent", "lpips_structure_distance", "copies", "agreement"} <= figures_of(report).keys()
    assert {figure["passport"]["parameters"].get("contents") for figure in report["figures"]} == {"large&~red"}


def test_a_report_of_all_contents_says_so_and_its_passports_stay_as_they_are(opened, tmp_path):
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json")
    assert report["contents"] == ""
    assert not any("contents" in figure["passport"]["parameters"] for figure in report["figures"])


@pytest.mark.parametrize(("kinds", "contents", "said"), [("reference", "lagre", "did you mean 'large'"), ("sample", "large", "leave out")])
def test_contents_that_cannot_be_had_are_refused_before_a_judge_is_trained(opened, tmp_path, monkeypatch, kinds, contents, said):
    opened.model.kinds = {kinds}
    monkeypatch.setattr(evaluate_command, "open_judge", None)
    with pytest.raises(UserError, match=f"--contents.*{said}|{said} --contents"):
        evaluate_snapshot("model.safetensors", tmp_path / "report.json", contents=contents)


def test_pictures_left_out_of_training_are_there_for_the_judge(opened, tmp_path):
    assert evaluate_snapshot("model.safetensors", tmp_path / "report.json")["left_out"] == []
    opened.model.config["data"]["left_out"] = ("large&red",)
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json")
    assert report["left_out"] == ["large&red"]
    assert not any(call.get("left_out") for call in opened.calls)


def test_model_from_noise_is_judged_by_its_samples(opened, tmp_path, capsys):
    opened.model.kinds = {"sample"}
    opened.model.config["data"]["pairing"] = "none"
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert report["samples"] == 14
    assert evaluate_snapshot("model.safetensors", tmp_path / "report.json", pairs=5, seed=1)["samples"] == 5
    assert "14 samples beside" in capsys.readouterr().out
    assert {call["least_domains"] for call in opened.calls} == {1}


def test_paired_data_are_opened_as_such(opened, tmp_path):
    opened.model.config["data"]["pairing"] = "paired"
    evaluate_snapshot("model.safetensors", tmp_path / "report.json")
    assert {(call["least_domains"], call["paired"]) for call in opened.calls} == {(2, True)}


def test_data_of_other_domains_are_refused(opened, tmp_path):
    opened.model.meta["domains"] = ["cats", "dogs"]
    with pytest.raises(UserError, match="cats, dogs"):
        evaluate_snapshot("model.safetensors", tmp_path / "report.json")


def test_out_that_is_a_folder_is_refused_before_any_work(opened, tmp_path):
    with pytest.raises(UserError, match="is a folder"):
        evaluate_snapshot("model.safetensors", tmp_path)
    assert not opened.calls


def test_the_name_of_the_page_is_refused_for_the_report(opened, tmp_path):
    with pytest.raises(UserError, match="a name such as"):
        evaluate_snapshot("model.safetensors", tmp_path / "report.html")
    assert not opened.calls


@pytest.fixture
def inception(monkeypatch):
    """Stands in for the network in any file; notes which was asked for."""
    asked = []

    def load_extractor(path, protocol):
        asked.append((path, protocol))
        return MeanColours(protocol)

    monkeypatch.setattr(tools, "load_extractor", load_extractor)
    return asked


@pytest.fixture
def perceptual(monkeypatch):
    """Stands in for the weights of LPIPS."""
    monkeypatch.setattr(tools, "load_lpips", lambda *_: random_lpips())
    monkeypatch.setattr(tools.lpips_network, "SMALLEST", {"alexnet": 16})
    standin = absolute_differences()
    monkeypatch.setattr(Perceptual, "distances", lambda self, a, b: standin.distances(a, b))
    monkeypatch.setattr(
        evaluation.perceptual_figures, "structure_figure", lambda *_: Figure("lpips_structure_distance", 0.5, None, PASSPORT)
    )


def figures_of(report):
    return {figure["name"]: figure for figure in report["figures"]}


def test_no_figure_is_called_fid_without_inception(opened, tmp_path):
    for kinds in ({"reference", "latent"}, {"sample"}):
        opened.model.kinds = kinds
        figures = figures_of(evaluate_snapshot("model.safetensors", tmp_path / "report.json"))
        assert {"fd_judge", "kd_judge", "precision", "recall", "density", "coverage"} <= set(figures)
        assert not [name for name in figures if "fid" in name or "kid" in name or "lpips" in name]


def test_inception_adds_fid_by_the_protocol_asked_for(opened, tmp_path, capsys, inception):
    opened.model.kinds = {"sample"}
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json", weights=Files("weights.pth"))
    assert json.loads((tmp_path / "report.json").read_text()) == report
    figures = {figure["name"]: figure for figure in report["figures"] if figure["passport"]["extractor"] == "colours"}
    beside = {f"{name}_inception" for name in ("precision", "recall", "density", "coverage")}
    assert set(figures) == {"fid", "kid", "inception_score", *beside}
    assert len(figures_of(report)) == len(report["figures"])  # no two of one name
    passport = figures["fid"]["passport"]
    assert (passport["protocol"], passport["split"], passport["real"]) == ("legacy", "test", opened.datasets["test"].fingerprint)
    assert "fid " in capsys.readouterr().out
    assert "fid" in Page((tmp_path / "report.html").read_text()).texts
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json", weights=Files("weights.pth", "stargan-v2"))
    assert figures_of(report)["fid"]["passport"]["split"] == "train"
    assert inception == [("weights.pth", "legacy"), ("weights.pth", "stargan-v2")]


def test_translations_have_a_fid_for_each_domain(opened, tmp_path, inception):
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json", pairs=30, weights=Files("weights.pth"))
    figures = figures_of(report)
    assert {"fid", "fid/red", "fid/green", "fid/blue"} <= set(figures)
    assert figures["fid"]["passport"]["parameters"]["styles"] == "reference"


def test_lpips_adds_diversity_by_both_guides_and_the_structure(opened, tmp_path, perceptual):
    figures = figures_of(evaluate_snapshot("model.safetensors", tmp_path / "report.json", weights=Files(lpips="alexnet.pth")))
    assert {"lpips_diversity_latent", "lpips_diversity_reference", "lpips_structure_distance"} <= set(figures)
    assert figures["lpips_diversity_reference"]["value"] == 0  # the stand-in for the model takes only the domain from its reference


def test_other_published_measures_are_figures_of_translations_and_a_note_for_samples(opened, tmp_path):
    tensors = random_weights.clip_tensors(64, 1)
    writer.write(tmp_path / "dino.pth", random_weights.dino_tensors(64, 1))
    writer.write(tmp_path / "clip.pth", tensors)
    writer.write(tmp_path / "csd.pth", random_weights.csd_tensors(tensors))
    weights = Files(dino=tmp_path / "dino.pth", clip=tmp_path / "clip.pth", csd=tmp_path / "csd.pth")
    figures = figures_of(evaluate_snapshot("model.safetensors", tmp_path / "report.json", pairs=20, contents="large", weights=weights))
    names = ("structure_distance", "clip_content_similarity", "clip_reference_similarity", "csd_similarity")
    for name in names:
        assert figures[name]["interval"][0] <= figures[name]["value"] <= figures[name]["interval"][1]
        assert figures[name]["passport"]["parameters"]["contents"] == "large"
    assert figures["csd_similarity"]["passport"]["parameters"]["styles"] == "reference"
    opened.model.kinds = {"sample"}
    report = evaluate_snapshot("model.safetensors", tmp_path / "report.json", weights=weights)
    assert not figures_of(report).keys() & set(names)
    assert any(note.startswith("no figures of dino, clip, csd: they compare translations") for note in report["notes"])


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (Files(protocol="clean"), "--inception too"),
        (Files(lpips_heads="heads.pth"), "--lpips too"),
        (Files("absent.pth"), "absent.pth"),
        (Files("absent.pth", "cleanest"), "no scoring protocol 'cleanest'"),
        (Files(lpips="absent.pth"), "absent.pth"),
        (Files(dino="absent.pth"), "absent.pth"),
        (Files(clip="absent.pth"), "absent.pth"),
        (Files(csd="absent.pth"), "absent.pth"),
        (Files(artfid="art.pth"), "--lpips too"),
        (Files(landmarks_scaling="unit"), "--landmarks-onnx too"),
        (Files(identity_scaling="unit"), "--identity-onnx too"),
    ],
)
def test_weights_that_are_not_there_are_a_sentence_before_any_work(opened, tmp_path, weights, said):
    with pytest.raises(UserError, match=said):
        evaluate_snapshot("model.safetensors", tmp_path / "report.json", weights=weights)
    assert not opened.calls


def test_pictures_too_small_for_lpips_are_refused_before_any_work(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "load_lpips", lambda *_: random_lpips())
    with pytest.raises(UserError, match="16 pixels, but LPIPS with alexnet needs 31 at least"):
        evaluate_snapshot("model.safetensors", tmp_path / "report.json", weights=Files(lpips="alexnet.pth"))
    assert not opened.calls
