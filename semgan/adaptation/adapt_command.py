"""`semgan adapt`: gives a model one more domain, learned from a few pictures, and keeps its old ones."""

import time
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from semgan.adaptation import adapted_snapshot, few_shot_pictures
from semgan.adaptation.algorithm import Adaptation, adaptation_of, experiment_of
from semgan.adaptation.few_shot_pictures import FewShotPictures
from semgan.adaptation.losses import TUNED, TermWeights
from semgan.adaptation.parameters import join, tuned_of
from semgan.adaptation.subsets import SUBSETS
from semgan.errors import UserError
from semgan.files import check_writable
from semgan.inference.model import Model, load
from semgan.progress import format_duration, say
from semgan.training import metrics
from semgan.types import Params, TrainState

STEPS = 1000
BATCH_SIZE = 8
_SECONDS = 15
"""Seconds between lines of progress."""


class Length(NamedTuple):
    """The length of an adaptation: by steps, which one seed repeats exactly, or by the clock from the command's start on."""

    steps: int = STEPS
    minutes: float | None = None


_LENGTH = Length()


def adapt_snapshot(
    model_path: Path,
    folder: Path,
    name: str,
    out: Path,
    *,
    subset: str = "style",
    length: Length = _LENGTH,
    seed: int = 0,
    data_dir: str = "",
    weights: TermWeights | None = None,
) -> None:
    """Adapts the snapshot to the pictures of a folder, writes the new one at the end, and says how to use it.

    Args:
      name: the new domain's name.
      subset: which parameters change, one of `SUBSETS`.
      data_dir: folder of the model's training data, where it has moved.
      weights: of the losses, for experiments.

    Raises:
      UserError: what is given cannot be adapted, or not to that; nothing is trained or written then.
    """
    started = time.monotonic()
    _check_out(out, model_path)
    model = load(model_path)
    check(model, model_path, name)
    new = few_shot_pictures.read_new(folder, model.image_size)
    few_shot = FewShotPictures(few_shot_pictures.open_old(model, data_dir, seed), new)
    nearest = adapted_snapshot.nearest_domain(model.algorithm.networks["style_encoder"], model.params["style_encoder"], few_shot.old, new)
    say(f"{len(new)} pictures of {name!r}, which starts from {model.domains[nearest]!r}; compiling")
    adaptation = adaptation_of(model, name, subset, nearest, weights)
    params, steps = _train(adaptation, few_shot, length, seed, started)
    minutes = (time.monotonic() - started) / 60
    note = {"domain": name, "from": model_path.name, "pictures": len(new), "tuned": subset, "steps": steps, "minutes": round(minutes, 2)}
    encoder = adaptation.algorithm.networks["style_encoder"]
    adapted_snapshot.write(out, model, encoder, params, adaptation.config, few_shot.together(name), note)
    print(f"written to {out} after {steps:,} steps in {format_duration(60 * minutes)}; now try")
    print(f"semgan translate --model {out} --content YOUR.jpg --latent-seed 0 --domain '{name}' --out out.png")


def _check_out(out: Path, model_path: Path) -> None:
    check_writable(out)
    if out.resolve() == model_path.resolve():
        raise UserError(f"--out {out} is the model itself, which is kept: give another file")


def check(model: Model, path: Path, name: str) -> None:
    """Raises a UserError unless the model can be adapted, to a domain of this name."""
    _check_algorithm(model, path)
    if name in model.domains:
        raise UserError(f"--name {name!r}: {path} has this domain already (it has {', '.join(model.domains)}); give another name")
    if not name.strip() or name != name.strip() or set(name) & set(",&~"):
        raise UserError(f"--name {name!r} is not a name for a domain: give a word without comma, ampersand and tilde")


def _check_algorithm(model: Model, path: Path) -> None:
    if (algorithm := model.config.get("algorithm")) != "semgan":
        raise UserError(f"{path} is a model of {algorithm}, which cannot be adapted: give one that was trained by semgan's own algorithm")


def _train(adaptation: Adaptation, few_shot: FewShotPictures, length: Length, seed: int, started: float) -> tuple[Params, int]:
    """The parameters by network, tuned and averaged over time, and the steps taken."""
    first = few_shot_pictures.make_batch(few_shot, np.arange(BATCH_SIZE), seed)
    experiment = experiment_of(adaptation, seed)
    state = experiment.initial(first)()
    step = jax.jit(experiment.step(), donate_argnums=0)
    state, steps = _iterate(step, state, few_shot, length, seed, started)
    if (skipped := int(state.skipped)) == steps:
        raise UserError("none of the steps had a finite loss: the pictures or the model do not allow an adaptation")
    if skipped:
        say(f"{skipped:,} of {steps:,} steps were not finite and left out")
    return join(adaptation.larger, state.ema_params[TUNED]), steps


def _iterate(step: Any, state: TrainState, few_shot: FewShotPictures, length: Length, seed: int, started: float) -> tuple[TrainState, int]:
    """Trains until the length is reached, with a line now and then; returns the state and the number of steps."""
    totals, last_line = None, time.monotonic()
    for number in count(1):
        positions = np.arange((number - 1) * BATCH_SIZE, number * BATCH_SIZE)
        state, step_metrics = step(state, few_shot_pictures.make_batch(few_shot, positions, seed))
        totals = metrics.add(totals, step_metrics)
        jax.block_until_ready(totals)
        now = time.monotonic()
        over = number >= length.steps if length.minutes is None else now - started >= 60 * length.minutes
        if over or number == 1 or now - last_line >= _SECONDS:
            say(_line(number, length, metrics.means(totals), now - started))
            totals, last_line = None, now
        if over:
            return state, number
    raise AssertionError("counts without end")


def _line(number: int, length: Length, means: dict[str, float | None], seconds: float) -> str:
    """`step 120 of 1,000 · 1:03 · adversarial 0.712 · kept 0.011 · ...`."""
    whole = f" of {length.steps:,}" if length.minutes is None else f", {seconds / 60:.1f} of {length.minutes:g} minutes"
    terms = (f"{name.removeprefix('g/')} {value:.3g}" for name, value in means.items() if value is not None and name.startswith("g/"))
    return " · ".join([f"step {number:,}{whole}", format_duration(seconds), *terms])


def describe_subsets(model_path: Path) -> str:
    """The subsets of this model's parameters, each with how many there are and where."""
    model = load(model_path)
    _check_algorithm(model, model_path)
    adaptation = adaptation_of(model, "", "all", 0)
    lines = []
    for subset, holds in SUBSETS.items():
        tuned = tuned_of(model.params, adaptation.larger, subset)
        lines.append(f"{subset}: {sum(leaf.size for leaf in tuned.values()):,} parameters, {holds}")
        lines += [f"  {path} {'x'.join(map(str, leaf.shape))}" for path, leaf in tuned.items()]
    return "\n".join(lines)
