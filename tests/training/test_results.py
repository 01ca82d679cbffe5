"""What evaluations of a run leave behind: curves in its log, figures with passports in its result."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from semgan import algorithms
from semgan.compare.run_folder import read_runs
from semgan.compare.unlike_figures import unlike
from semgan.evaluation.extractors import tools
from semgan.evaluation.figures.figure import from_json
from semgan.inference import recipe
from semgan.inference.model import load
from semgan.snapshot import read_snapshot
from semgan.training import loop, snapshots
from semgan.training.metrics import read_lines
from tests.evaluation.standins import MeanColours
from tests.inference import tiny_semgan
from tests.training import toy

CURVES = {"eval/fd_judge", "eval/precision", "eval/recall", "eval/fid"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run that is scored halfway and at the end, with a stand-in for Inception."""
    config = toy.make_config(toy.write_pictures(tmp_path_factory.mktemp("pictures")))
    config.total_kimg, config.evaluate_kimg = 8 * toy.BATCH / 1000, 4 * toy.BATCH / 1000
    config.judge.pairs = 20
    weights = tmp_path_factory.mktemp("weights") / "inception.pth"
    weights.write_bytes(b"the stand-in reads nothing")
    config.judge.inception = str(weights)
    workdir = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(algorithms, "make", toy.make)
        toy.shrink_matcher(patch)
        patch.setattr(tools, "load_extractor", lambda path, protocol: MeanColours(protocol))
        return workdir, loop.train(config, workdir)


def test_every_evaluation_logs_the_scores_of_the_features(trained):
    workdir, _ = trained
    lines = [line for line in read_lines(workdir / "metrics.jsonl") if "eval/label_free_retention" in line]
    assert [line["step"] for line in lines] == [4, 8]
    for line in lines:
        assert set(line) >= CURVES
        assert all(isinstance(line[name], float) for name in CURVES)
    page = (workdir / "index.html").read_text()
    assert all(f"<figcaption>{name} " in page for name in ("fd judge", "precision", "recall", "fid"))
    assert read_snapshot(workdir / "snapshot.safetensors").meta["scores"]["fd_judge"] == lines[-1]["eval/fd_judge"]


def test_the_result_has_the_figures_with_their_passports_and_stays_small(trained):
    workdir, result = trained
    written = (workdir / "result.json").read_text()
    figures = [from_json(figure) for figure in json.loads(written)["scores"]["figures"]]
    by_name = {figure.name: figure for figure in figures}
    assert {"diversity_share", "fd_judge", "kd_judge", "precision", "recall", "density", "coverage", "fid", "fid/red"} <= set(by_name)
    assert by_name["recall"].value == result.scores["recall"]
    assert by_name["fid"].passport.protocol == "legacy"
    assert all(figure.interval for figure in figures)
    assert len(written) < 60_000


def test_a_run_compares_with_itself(trained):
    (run,) = read_runs([trained[0]])
    assert "fd_judge" in run.figures
    assert unlike([run, run]) == {}


def snapshot_of(workdir, config, data):
    """Written of weights that nobody trained."""
    algorithm = algorithms.make(config)
    job = SimpleNamespace(config=config, workdir=workdir, train=data, algorithm=algorithm)
    state = SimpleNamespace(ema_params=tiny_semgan.averaged(config), step=3, position=24, model_state={})
    return load(snapshots.write(job, state))


def test_a_snapshot_keeps_what_attributes_and_regions_are_for_its_users(tmp_path):
    data = tiny_semgan.annotated()
    model = snapshot_of(tmp_path, tiny_semgan.config(), data)
    assert model.mask_classes == tiny_semgan.CLASSES
    assert model.recipe.attributes == ("Blond_Hair", "Black_Hair", "Hat")  # Smiling is the content's
    code = recipe.code_of(model.recipe, {"Black_Hair": True}, 1, model.domains)
    has = data.annotations["attributes"][:, 2] == 1
    codes = np.asarray(model.apply("style_encoder", data.images[data.domain == 1] / np.float32(127.5) - 1, np.full(32, 1, np.int32)))
    assert np.linalg.norm(code - codes[has[data.domain == 1]].mean(0)) < np.linalg.norm(code - codes[~has[data.domain == 1]].mean(0))
    content, other = data.images[:2]
    assert model.translate(content, style="dark,Blond_Hair", regions={"hair": other}).shape == content.shape


def test_a_snapshot_of_data_without_annotations_goes_without(tmp_path):
    config, data = tiny_semgan.config(), tiny_semgan.annotated()._replace(annotations={}, names={})
    config.losses.content.update({"mask": 0.0, "attributes": 0.0})
    model = snapshot_of(tmp_path, config, data)
    assert (model.mask_classes, model.recipe) == ((), None)
    assert "semantic_heads" not in model.params
    assert not {"mask_classes", recipe.ATTRIBUTES} & model.meta.keys()
