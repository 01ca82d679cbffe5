"""What documents show runs as it stands: the algorithm of docs/new_algorithm.md, and the examples in docstrings."""

import doctest
import re
import sys
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import pytest
from PIL import Image

from configs.common import shrink
from semgan import algorithms
from semgan.inference import model
from semgan.snapshot import read_snapshot, write_snapshot
from semgan.training.experiment import Experiment
from tests.inference import tiny_semgan
from tests.inference.noise import noise

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(#[^)]*)?\)")


def module_of(block):
    """The code block as a module."""
    module = ModuleType("shown")
    exec(compile(block, "docs/new_algorithm.md", "exec"), module.__dict__)
    return module


def random_batch(experiment):
    """Pictures of two domains, of noise."""
    draw = np.random.default_rng(0)
    batch = {
        name: draw.integers(0, 256, leaf.shape, leaf.dtype)
        if leaf.ndim == 4
        else np.arange(len(experiment.config.data.domains), dtype=leaf.dtype)
        for name, leaf in experiment.batch_shapes(2).items()
    }
    return batch | {"target_domain": batch["domain"][::-1]}


@pytest.fixture
def shown(monkeypatch):
    """The algorithm and the config of the guide, in place as if in files of their own."""
    text = (ROOT / "docs" / "new_algorithm.md").read_text(encoding="utf-8")
    algorithm, config = map(module_of, re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    monkeypatch.setitem(sys.modules, "semgan.algorithms.NAME", algorithm)
    monkeypatch.setattr(algorithms, "names", lambda: ["NAME"])
    return config.get_config()


def test_the_algorithm_of_the_guide_takes_a_step_that_moves_both_networks(shown):
    config = shrink(shown)
    config.batch_size = 2
    experiment = Experiment.of(config)
    first = experiment.initial()()
    state, metrics = jax.jit(experiment.step())(first, random_batch(experiment))
    assert int(state.skipped) == 0
    assert {"d/adversarial", "g/adversarial"} <= metrics.keys()
    for name in ("generator", "discriminator"):
        moved = [(a != b).any() for a, b in zip(*map(jax.tree.leaves, (first.params[name], state.params[name])), strict=True)]
        assert any(moved), name


@pytest.fixture
def workdir(tmp_path, monkeypatch):
    """A folder with what the examples name, at hand."""
    snapshot = tiny_semgan.write(tmp_path / "tiny.safetensors")
    params, config, meta = read_snapshot(snapshot)
    domains = ["shaded", "ink"]
    write_snapshot(
        tmp_path / "runs/quickstart/snapshot.safetensors",
        params,
        config | {"data": config["data"] | {"domains": domains}},
        meta | {"domains": domains},
    )
    for name, seed in (("me.jpg", 0), ("drawing.png", 1)):
        Image.fromarray(noise(seed, 60, 40)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("workdir")
def test_examples_in_docstrings_run():
    failed, tried = doctest.testmod(model)
    assert failed == 0
    assert tried >= 3


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "benchmarks/README.md"], ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path):
    for target, _ in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"
