"""Checks that the device computes correctly, as a part of `gpu.py`; prints a JSON line per result.

One step of every algorithm's debug config is compared, and a resumed run.

    JAX_PLATFORMS=cuda,cpu XLA_FLAGS=--xla_gpu_deterministic_ops=true python benchmarks/gpu_correctness.py

The same state takes the same step on the device and on the CPU, in float32 with full precision of products, and on the device in
bfloat16. Compared are losses and the optimizers' moments, which are gradients in another form; parameters are not: Adam moves one
whose gradient is nothing but rounding by a whole rate, up or down.
"""

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import jax
import numpy as np

from benchmarks.noise import random_batch
from configs.common import shrink
from semgan import config as configs
from semgan.training.checkpoints import Checkpoints
from semgan.training.experiment import Experiment

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = 4
WORKERS = 4
"""Algorithms at a time: XLA compiles side by side, but Python traces one after the other, and the first results should come early."""
QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""For the CPU's program, which runs once."""
TOLERANCE = {"float32": 2e-2, "bfloat16": 0.5}
"""Relative differences that count as right: those of later phases carry Adam's first step, which rounding can turn around."""


class Outcome(NamedTuple):
    """The result of a step: losses by name, and a vector of moments per network."""

    losses: dict[str, float]
    moments: dict[str, np.ndarray]


def experiment_of(file: str, precision: str) -> Experiment:
    """The debug experiment of a config, grown to its full size."""
    config = shrink(configs.read(file))
    config.precision = precision
    return Experiment.of(config).at(config.total_kimg)


def take_step(file: str, precision: str, device: Any) -> Outcome:
    """One step on `device`, from a state that is made on the CPU: random bits for it differ between devices."""
    experiment, cpu = experiment_of(file, precision), jax.devices("cpu")[0]
    with jax.default_device(cpu):
        state = experiment.initial()()
    inputs = jax.device_put((state, random_batch(experiment, EXAMPLES)), device)
    with jax.default_matmul_precision("highest" if precision == "float32" else "default"):
        options = QUICK if device.platform == "cpu" else None
        state, metrics = jax.jit(experiment.step()).lower(*inputs).compile(compiler_options=options)(*inputs)
    state, metrics = jax.device_get((state, metrics))
    losses = {name: float(value) for name, value in metrics.items() if not name.endswith("grad_norm")}
    return Outcome(losses, {name: _vector(tree) for name, tree in state.opt_state.items()})


def _vector(tree: Any) -> np.ndarray:
    leaves = [np.ravel(leaf) for leaf in jax.tree.leaves(tree) if np.issubdtype(leaf.dtype, np.floating)]
    return np.concatenate([*leaves, np.zeros(1)]).astype(np.float64)


def difference(ours: Outcome, theirs: Outcome) -> tuple[float, str]:
    """The largest relative difference, and of what; losses below 0.1 count by a tenth."""
    differences = {}
    for name, loss in theirs.losses.items():
        if np.isfinite(loss) or np.isfinite(ours.losses[name]):
            differences[name] = abs(ours.losses[name] - loss) / max(abs(loss), 0.1)
    for name, moments in theirs.moments.items():
        size = np.linalg.norm(moments)
        if size > 0:
            differences[f"moments of {name}"] = float(np.linalg.norm(ours.moments[name] - moments) / size)
    worst = max(differences, key=lambda name: np.nan_to_num(differences[name], nan=np.inf))
    return differences[worst], worst


def check_algorithm(file: str, device: Any) -> list[dict[str, Any]]:
    """The device against the CPU, and bfloat16 against float32 on the device."""
    name = Path(file).stem.removeprefix("drawn_faces_")
    here = take_step(file, "float32", device)
    against = {
        "float32": (f"{name}: {device.platform} against cpu", here, take_step(file, "float32", jax.devices("cpu")[0])),
        "bfloat16": (f"{name}: bfloat16 against float32", take_step(file, "bfloat16", device), here),
    }
    rows = []
    for precision, (what, ours, theirs) in against.items():
        value, worst = difference(ours, theirs)
        right = value <= TOLERANCE[precision]  # not so of NaN
        rows.append({"what": what, "difference": value, "of": worst, "right": right, "result": _verdict(right, value, worst)})
    return rows


def _verdict(right: bool, value: float, worst: str) -> str:
    return f"{'right' if right else 'WRONG'}: {value:.1e} at most ({worst})"


def check_resume(device: Any) -> dict[str, Any]:
    """Four steps without a break against two, a checkpoint on the disk, and two more: to the last bit."""
    experiment = experiment_of("configs/quickstart.py", "float32")
    step = jax.jit(experiment.step())

    def run(state: Any, start: int, stop: int) -> Any:
        for index in range(start, stop):
            batch = random_batch(experiment, EXAMPLES) | {"position": np.arange(index * EXAMPLES, (index + 1) * EXAMPLES, dtype=np.int32)}
            state, _ = step(state, jax.device_put(batch, device))
        return jax.device_get(state)

    initial = jax.device_get(experiment.initial()())
    whole, again = run(initial, 0, 4), run(initial, 0, 4)
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(folder)
        checkpoints.save(run(initial, 0, 2), {})
        checkpoints.wait()
        restored = checkpoints.restore(experiment.state_shapes())
        assert restored is not None
        resumed = run(restored.state, 2, 4)
    right = _equal(whole, resumed)
    repeats = "" if _equal(whole, again) else "; the same four steps twice differ too: this device is not deterministic"
    return {"what": "resume to the bit", "right": right, "result": ("right: equal" if right else "WRONG: not equal") + repeats}


def _equal(a: Any, b: Any) -> bool:
    return all(np.array_equal(x, y, equal_nan=True) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def main() -> None:
    """Print each result as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="no effect: these configs are small")
    parser.add_argument("--only", default="", metavar="WORD", help="algorithms whose config has this word in its name")
    options = parser.parse_args()
    device = jax.devices()[0]
    files = sorted(path for path in (ROOT / "configs").glob("drawn_faces_*.py") if options.only in path.stem)
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting = {pool.submit(check_algorithm, f"configs/{path.name}", device): path.stem for path in files}
        waiting[pool.submit(lambda: [check_resume(device)])] = "resume"
        for future in as_completed(waiting):
            try:
                rows = future.result()
            except Exception as error:  # one algorithm's failure is a result, and no end of the others
                rows = [{"what": waiting[future], "right": False, "result": f"FAILED: {type(error).__name__}: {str(error)[:200]}"}]
            for row in rows:
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
