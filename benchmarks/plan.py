"""Compares what `semgan plan` predicts with what is measured on this machine: the step's time, its memory and its FLOPs.

    python benchmarks/plan.py
    python benchmarks/plan.py --cases configs/quickstart.py=8 configs/drawn_faces_dcgan.py=32 --steps 10

The real step is compiled and run on noise. Between its runs this machine's rates are measured, so that both see the same load; the
prediction takes their medians. Compiling takes up to minutes a case.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from semgan import config as configs
from semgan.xla import prefer_fast_convolutions

CASES = ("configs/drawn_faces_dcgan.py=8", "configs/drawn_faces_dcgan.py=32", "configs/drawn_faces_cut.py=4", "configs/quickstart.py=8")


def compare(spec: str, examples: int, steps: int) -> dict[str, float]:
    """Predicted and measured, of one case."""
    import jax

    from benchmarks.noise import random_batch
    from benchmarks.train_step import lowered_step
    from semgan.planning.measure import Meter
    from semgan.planning.predict import step_time
    from semgan.planning.step_cost import cost_of_step
    from semgan.training.experiment import Experiment

    config = configs.load(spec)
    experiment = Experiment.of(config).at(config.total_kimg)
    cost = cost_of_step(experiment, examples)
    batch = random_batch(experiment, examples)
    state = experiment.initial()()
    compiled = lowered_step(experiment, state, batch).compile()
    meter, seconds = Meter(), []
    for index in range(steps + 2):
        start = time.perf_counter()
        state, metrics = compiled(state, batch)
        jax.block_until_ready((state, metrics))
        if index >= 2:  # the first two warm up
            seconds.append(time.perf_counter() - start)
            meter.sample()
    time_of = step_time(cost, meter.hardware(), experiment.config.precision, 1, examples)
    analysis = compiled.cost_analysis() or {}
    return {
        "measured": statistics.median(seconds),
        "predicted": time_of.total,
        "arithmetic": time_of.arithmetic,
        "memory": time_of.memory,
        "working": cost.working_at(examples) / compiled.memory_analysis().temp_size_in_bytes,  # pyright: ignore[reportOptionalMemberAccess]
        "flops": cost.flops.at(examples) / analysis["flops"],
        "moved": cost.bytes_moved.at(examples) / analysis["bytes accessed"],
    }


def main() -> None:
    """Prints one row per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=CASES, metavar="FILE.py=EXAMPLES", help="configs, and batches for one device")
    parser.add_argument("--steps", type=int, default=20, help="timed steps (default 20)")
    options = parser.parse_args()
    prefer_fast_convolutions()
    print("| config | batch | measured ms | predicted ms | of it arithmetic, memory | time | memory | FLOPs | bytes moved |")
    print("|-|-|-|-|-|-|-|-|-|")
    for case in options.cases:
        spec, _, examples = case.rpartition("=")
        figures = compare(spec, int(examples), options.steps)
        times = f"{1000 * figures['measured']:.0f} | {1000 * figures['predicted']:.0f}"
        parts = f"{1000 * figures['arithmetic']:.0f}, {1000 * figures['memory']:.0f}"
        ratios = " | ".join(f"{figures[name]:.2f}" for name in ("working", "flops", "moved"))
        print(f"| {spec} | {examples} | {times} | {parts} | {figures['predicted'] / figures['measured']:.2f} | {ratios} |", flush=True)
    print("\nThe last four are predicted over measured, or over what XLA says of the compiled step.")


if __name__ == "__main__":
    try:
        main()
    except configs.UserError as error:
        sys.exit(f"semgan: error: {error}")
