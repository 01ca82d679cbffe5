"""Measures what more devices cost beyond the work: the mapped step against the plain one, and how long a checkpoint delays training.

    python benchmarks/scaling.py
    python benchmarks/scaling.py --devices 1 2 4 --processes --config configs/drawn_faces_dcgan.py --device-batch 4

Each count is measured in separate processes, whose devices are virtual and share this machine's cores: N devices of one process, then
one device of each of N processes. There the step that `parallelize` maps over all of them takes turns with a plain `jax.jit` of the same
step on one device of the first, which does all of their work. The difference is the wrapper's: cutting the batch, starting the devices,
the all-reduces, and each device's own update. A checkpoint's stall is how long `Checkpoints.save` keeps the loop waiting; whole is
the time until the checkpoint is committed.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from semgan import config as configs

COUNTS, PROCESSES = (1, 2, 4, 8), (1, 2, 4)


def measure(spec: str, device_batch: int, steps: int, saves: int) -> dict[str, float]:
    """On all devices of all processes, in milliseconds; what a worker writes."""
    import jax

    from benchmarks.noise import random_batch
    from semgan.training import hosts
    from semgan.training.experiment import Experiment
    from semgan.training.parallel import axis_name, parallelize

    config = configs.load(spec)
    config.image_size = 32
    experiment, count = Experiment.of(config).at(config.total_kimg), jax.device_count()
    hosts.connect()
    whole = random_batch(experiment, count * device_batch)
    share = len(whole["position"]) // jax.process_count()
    own = {name: array[jax.process_index() * share :][:share] for name, array in whole.items()}
    mapped = parallelize(experiment.step(axis_name=axis_name()))
    plain = jax.jit(experiment.step(), donate_argnums=0)
    initial = experiment.initial()
    states = [initial(), initial()]  # one each, since steps donate what they get
    times: tuple[list[float], list[float]] = ([], [])
    for index in range(steps + 2):
        for place, (update, batch) in enumerate(((plain, whole), (mapped, own))):
            if update is plain and not hosts.is_first():
                continue  # the others wait for the first
            start = time.perf_counter()
            states[place], metrics = update(states[place], batch)
            jax.block_until_ready((states[place], metrics))
            if index >= 2:  # the first two compile and warm up
                times[place].append(1000 * (time.perf_counter() - start))
    if not hosts.is_first():
        return {}
    figures = {"devices": count, "plain": statistics.median(times[0]), "mapped": statistics.median(times[1])}
    figures["overhead"] = statistics.median(mapped - plain for plain, mapped in zip(*times, strict=True))
    return figures | _checkpoints(states[1], saves)


def _checkpoints(state, saves: int) -> dict[str, float]:
    """Medians of several saves; the first, which sets Orbax up, is not counted."""
    import jax

    from semgan.training.checkpoints import Checkpoints

    stall, whole = [], []
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(folder)
        for index in range(saves + 1):
            start = time.perf_counter()
            checkpoints.save(state._replace(step=jax.numpy.int32(index)), {})
            stall.append(1000 * (time.perf_counter() - start))
            checkpoints.wait()
            whole.append(1000 * (time.perf_counter() - start))
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(state)) / 1e6
    return {"state_mb": size, "stall": statistics.median(stall[1:]), "whole": statistics.median(whole[1:])}


def in_workers(processes: int, devices: int, arguments: list[str]) -> dict[str, float]:
    """Runs `measure` in a number of processes with a number of virtual CPU devices each."""
    from semgan.launching.processes import run

    os.environ["JAX_PLATFORMS"] = "cpu"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        if status := run([sys.executable, __file__, "--worker", str(out), *arguments], processes, devices=devices, grace=60):
            sys.exit(status)
        return json.loads(out.read_text())


def work(out: Path, options: argparse.Namespace) -> None:
    """Measures as one of the processes; the first writes it down."""
    from semgan.training.joining import join

    if os.environ["JAX_NUM_PROCESSES"] != "1":  # by itself a process adds in memory, not by way of the network
        join()
    if figures := measure(options.config, options.device_batch, options.steps, options.saves):
        out.write_text(json.dumps(figures))


def main() -> None:
    """Prints a row for each device count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, nargs="+", default=COUNTS, metavar="N", help="counts (default: 1 2 4 8)")
    parser.add_argument("--processes", type=int, nargs="*", default=PROCESSES, metavar="N", help="counts (default: 1 2 4)")
    parser.add_argument("--config", default="configs/drawn_faces_dcgan.py", metavar="FILE.py", help="the experiment, at 32 px")
    parser.add_argument("--device-batch", type=int, default=4, metavar="N", help="examples on each device (default 4)")
    parser.add_argument("--steps", type=int, default=20, help="timed steps (default 20)")
    parser.add_argument("--saves", type=int, default=5, help="timed checkpoints (default 5)")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, options)
        return
    arguments = [f"--{name}={getattr(options, name.replace('-', '_'))}" for name in ("config", "device-batch", "steps", "saves")]
    print("| processes | devices | batch | plain ms | mapped ms | overhead ms | state MB | checkpoint stall ms | whole ms |")
    print("|-|-|-|-|-|-|-|-|-|")
    for processes, devices in [*((1, count) for count in options.devices), *((count, 1) for count in options.processes if count > 1)]:
        figures = in_workers(processes, devices, arguments)
        columns = " | ".join(f"{figures[name]:.1f}" for name in ("plain", "mapped", "overhead", "state_mb", "stall", "whole"))
        print(f"| {processes} | {processes * devices} | {processes * devices * options.device_batch} | {columns} |", flush=True)


if __name__ == "__main__":
    main()
