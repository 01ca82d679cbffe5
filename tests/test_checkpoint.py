"""Models read out of checkpoints: the averaged weights of that step, with what is fitted to these very weights and to no others."""

import json
import shutil
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import semgan
from semgan import cli
from semgan.checkpoint import MODEL
from semgan.config import to_json
from semgan.errors import UserError
from semgan.inference.model import load
from semgan.snapshot import read_snapshot, write_snapshot
from semgan.training.checkpoints import Checkpoints
from semgan.types import TrainState
from tests.inference import stand_ins, tiny_semgan

FINGERPRINT = "00"


def state_of(step, params, model_state=None):
    """A state whose trained weights are not the averaged ones, with the rest of what training carries."""
    trained = jax.tree.map(lambda leaf: leaf + 1, params)
    averaged = {name: tree for name, tree in params.items() if name not in ("domain_guess", "style_recipe")}
    opt_state = {"generator": (jnp.ones(3), {"count": jnp.int32(step)})}
    return TrainState(jnp.int32(step), jnp.int32(8 * step), trained, averaged, model_state or {}, opt_state, jnp.int32(0))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A run of an older version, which notes no model in its checkpoints: 250, and 500 as its snapshot."""
    run = tmp_path_factory.mktemp("run")
    params, config, meta = read_snapshot(tiny_semgan.write(run / "snapshot.safetensors"))
    dataset = {"name": "folder", "image_size": config["image_size"], "fingerprint": FINGERPRINT}
    meta |= {"step": 500, "kimg": 4.0, "dataset": dataset}
    write_snapshot(run / "snapshot.safetensors", params, config, meta)
    (run / "config.json").write_text(json.dumps(to_json(tiny_semgan.config())))
    checkpoints = Checkpoints(run / "checkpoints")
    earlier = jax.tree.map(lambda leaf: leaf * np.float32(0.5), params)
    for step, weights in ((250, earlier), (500, params)):
        checkpoints.save(state_of(step, weights), {"fingerprint": FINGERPRINT, "minutes": 1.0})
        assert checkpoints.wait()
    return run


@pytest.fixture
def run(original, tmp_path):
    """A copy, to be spoilt."""
    return shutil.copytree(original, tmp_path / "run")


@pytest.fixture
def content():
    return np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)


def assert_same(tree, other):
    for leaf, expected in zip(jax.tree.leaves(tree), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(leaf, expected, strict=True)


def test_a_checkpoint_of_the_snapshots_weights_is_the_snapshot(original, content):
    snapshot, checkpoint = load(original / "snapshot.safetensors"), load(original / "checkpoints" / "500")
    assert_same(checkpoint.params, snapshot.params)
    assert checkpoint.meta == snapshot.meta
    assert checkpoint.recipe.attributes == snapshot.recipe.attributes
    for options in ({"reference": content[::-1]}, {"style": "dark,Blond_Hair"}, {"regions": {"hair": content[::-1]}}):
        np.testing.assert_array_equal(checkpoint.translate(content, **options), snapshot.translate(content, **options))


def test_an_earlier_checkpoint_has_its_own_averaged_weights_and_nothing_stale(original, content):
    snapshot, checkpoint = load(original), load(original, step=250)
    assert_same(checkpoint.params, jax.tree.map(lambda leaf: leaf * np.float32(0.5), snapshot.params))
    assert (checkpoint.meta["step"], checkpoint.meta["kimg"]) == (250, 2.0)
    assert checkpoint.domains == snapshot.domains
    assert checkpoint.mask_classes == snapshot.mask_classes  # of the same data
    assert (checkpoint.guess_kernel, checkpoint.recipe) == (None, None)
    translated = checkpoint.translate(content, content[::-1], domain="dark", content_domain="bright")
    assert (translated != snapshot.translate(content, content[::-1], domain="dark", content_domain="bright")).any()
    with pytest.raises(
        UserError, match=r"a checkpoint, unlike .* cannot guess a picture's domain: give domain \(--domain\), one of bright"
    ):
        checkpoint.translate(content, content[::-1])
    with pytest.raises(UserError, match="a checkpoint has no recipes"):
        checkpoint.translate(content, style="dark,Blond_Hair")


def test_what_is_fitted_to_other_weights_of_the_same_step_is_not_taken(run):
    path = run / "snapshot.safetensors"
    params, config, meta = read_snapshot(path)
    jax.tree.leaves(params["generator"])[0].flat[0] += 1e-3  # a run that was rolled back, and came to this step anew
    write_snapshot(path, params, config, meta)
    assert load(run, step=500).guess_kernel is None


def test_the_best_snapshot_lends_what_is_fitted_too(run):
    (run / "snapshot.safetensors").rename(run / "snapshot_best.safetensors")
    assert load(run, step=500).recipe is not None


@pytest.mark.parametrize("spoil", ["absent", "damaged", "other data"])
def test_without_a_snapshot_of_these_data_a_checkpoint_has_no_names_of_classes(run, spoil):
    path = run / "snapshot.safetensors"
    if spoil == "absent":
        path.unlink()
    elif spoil == "damaged":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        params, config, meta = read_snapshot(path)
        write_snapshot(path, params, config, meta | {"step": 900, "dataset": {"fingerprint": "other"}})
    model = load(run / "checkpoints" / "500")
    assert model.domains == ("bright", "dark")
    assert model.mask_classes == ()


def test_a_checkpoint_with_its_own_description_needs_no_run(run, tmp_path):
    config, meta = to_json(tiny_semgan.config()), {"domains": ["bright", "dark"], "mask_classes": list(tiny_semgan.CLASSES)}
    checkpoints = Checkpoints(run / "checkpoints")
    params, _, _ = read_snapshot(run / "snapshot.safetensors")
    checkpoints.save(state_of(750, params), {"fingerprint": "00", MODEL: {"config": config, "meta": meta}})
    assert checkpoints.wait()
    shutil.move(run / "checkpoints" / "750", tmp_path / "mine")
    model = load(tmp_path / "mine")
    assert (model.meta["step"], model.mask_classes) == (750, tiny_semgan.CLASSES)


def test_state_that_samples_depend_on_comes_along_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr("semgan.algorithms.make", stand_ins.make)
    params, config, _ = read_snapshot(stand_ins.write(tmp_path / "s.safetensors", "from_noise", kimg=12.0))
    model_state = params.pop("model_state")
    pools = {**model_state, "other": (np.zeros(2, np.float32), {"empty": np.zeros((0, 3), np.float32)})}
    checkpoints = Checkpoints(tmp_path / "run" / "checkpoints")
    extra = {MODEL: {"config": config, "meta": {"domains": ["a", "b"]}}}
    checkpoints.save(state_of(1500, params, pools), extra)  # 12 kimg: the second stage
    assert checkpoints.wait()
    model = load(tmp_path / "run" / "checkpoints" / "1500")
    assert_same(model.model_state, model_state)
    np.testing.assert_array_equal(model.sample(5, 2, truncation=0.5), load(tmp_path / "s.safetensors").sample(5, 2, truncation=0.5))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda run: (run / "checkpoints" / "250" / "manifest.json").unlink(),
            r"250 is damaged \(manifest.json .*take another step \(500\)",
        ),
        (lambda run: flip(next((run / "checkpoints" / "250" / "state").rglob("d/*"))), r"250 is damaged \(.* is not as it was written\)"),
        (
            lambda run: (run / "checkpoints" / "250").rename(run / "checkpoints" / "251"),
            r"has no checkpoint of step 250: its 2 checkpoints are of steps 251 and 500",
        ),
        (lambda run: shutil.rmtree(run / "checkpoints"), r"has no checkpoint of step 250: it has no checkpoints"),
        (
            lambda run: (run / "config.json").unlink(),
            r"trained by the config in .*config.json, which cannot be read .*bring that file back",
        ),
        (lambda run: widen(run / "config.json"), r"250 does not fit the config of its run, or this version .* has the shape"),
    ],
)
def test_what_is_wrong_with_a_checkpoint_is_one_sentence(run, spoil, words):
    spoil(run)
    with pytest.raises(UserError, match=words) as error:
        load(run / "checkpoints" / "250")
    assert "\n" not in str(error.value)


def flip(path):
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 1
    path.write_bytes(contents)


def widen(path):
    config = json.loads(path.read_text())
    config["networks"]["generator"]["base_channels"] *= 2
    path.write_text(json.dumps(config))


def test_reading_a_checkpoint_changes_nothing(original):
    before = {path: path.stat().st_mtime_ns for path in original.rglob("*")}
    load(original, step=250)
    assert {path: path.stat().st_mtime_ns for path in original.rglob("*")} == before


def test_a_snapshot_is_read_without_the_library_of_checkpoints(original):
    code = f"import sys, semgan\nsemgan.load({str(original)!r})\nprint('orbax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize("where", [["checkpoints/250"], ["", "--step", "250"]])
def test_commands_take_a_checkpoint(original, tmp_path, monkeypatch, content, where):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "xla"))
    Image.fromarray(content).save(tmp_path / "c.png")
    model, out = ["--model", str(original / where[0]), *where[1:]], tmp_path / "out.png"
    style = ["--latent-seed", "1", "--domain", "dark", "--content-domain", "bright"]
    assert cli.main(["translate", *model, "--content", str(tmp_path / "c.png"), *style, "--out", str(out)]) == 0
    expected = semgan.load(original, step=250).translate(content, latent_seed=1, domain="dark", content_domain="bright")
    with Image.open(out) as image:
        np.testing.assert_array_equal(np.asarray(image), expected)
    assert cli.main(["sample", *model, "--content", str(tmp_path / "c.png"), "--only", "3", "--out", str(tmp_path / "set/")]) == 0
    assert [path.name for path in (tmp_path / "set").glob("*.png")] == ["seed0000_000003.png"]
