"""Times the training step of one config at several batch sizes, a JSON line per result; a part of `gpu.py`.

    python benchmarks/gpu_speed.py --compile configs/celeba_semgan.py:128 --batches 16,64
    python benchmarks/gpu_speed.py --time configs/celeba_semgan.py:128 --batches 16,64

`--compile` leaves its programs in JAX's compilation cache (`JAX_COMPILATION_CACHE_DIR`), where `--time` finds them. Data are noise on
the device, so that nothing waits for a loader. FLOPs are XLA's cost analysis of the lowered step; the peak is the best bfloat16 matrix
product between the steps.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from semgan import config as configs
from semgan.xla import prefer_fast_convolutions

DOMAINS = ("A", "B")
SECONDS = 2.0
"""Seconds for which each batch size is timed, or three rounds of lazy phases where these take longer."""


def say(**row: Any) -> None:
    """Print one result as a line of JSON."""
    print(json.dumps(row), flush=True)


def read(config: str, small: bool) -> Any:
    """The experiment's config, shrunk for a rehearsal."""
    from configs.common import shrink

    read = configs.read(config)
    if small:
        precision = read.precision
        read = shrink(read)
        read.precision = precision
    return read


def machine() -> None:
    """Print the device, the versions and the best bfloat16 matrix product; fails where the platform asked for has no device."""
    import jax
    import jaxlib

    from benchmarks.train_step import matrix_product

    device = jax.devices()[0]
    multiply = matrix_product("bfloat16")
    best = max(multiply() for _ in range(10))
    memory = (device.memory_stats() or {}).get("bytes_limit", 0) / 2**30
    versions = {"python": sys.version.split()[0], "jax": jax.__version__, "jaxlib": jaxlib.__version__}
    result = f"bfloat16 product {best / 1e12:.3g} TFLOP/s"
    say(what=device.device_kind, device=device.device_kind, platform=device.platform, memory_gib=memory, **versions, result=result)


def draw(config: str, small: bool) -> None:
    """Prepare the data that `config` trains on, as a training would at its start."""
    from semgan.data.dataset import open_dataset

    read_config = read(config, small)
    data = read_config.data
    for split, count in (("train", data.train_count), ("test", data.test_count)):
        open_dataset(data.name, image_size=read_config.image_size, domains=data.domains, split=split, count=count)


class TimedStep:
    """One config at one batch size: compiled ahead of time, then timed."""

    def __init__(self, config: Any, batch_size: int):
        """Trace, lower and compile."""
        import jax

        from benchmarks.noise import random_batch
        from semgan.training.experiment import Experiment

        config = config.copy_and_resolve_references()
        config.batch_size = batch_size
        config.data.domains = config.data.domains or DOMAINS
        self.experiment = Experiment.of(config)
        self.experiment = self.experiment.at(config.total_kimg)  # of an algorithm that grows: its full size
        self._batch = random_batch(self.experiment, batch_size)
        start = time.perf_counter()
        state = self.experiment.state_shapes()
        lowered = jax.jit(self.experiment.step(), donate_argnums=0).lower(state, self.experiment.batch_shapes(batch_size))
        self._compiled = lowered.compile()
        self.compile_seconds = time.perf_counter() - start

    def memory_gib(self) -> float:
        """Returns the program's peak memory in GiB: state, batch and all that is made on the way."""
        memory = self._compiled.memory_analysis()
        assert memory is not None
        sizes = memory.argument_size_in_bytes + memory.output_size_in_bytes - memory.alias_size_in_bytes + memory.temp_size_in_bytes
        return sizes / 2**30

    def step_seconds(self, multiply: Callable[[], float]) -> tuple[float, float]:
        """`(seconds per step, FLOP/s of the best matrix product)`, over about `SECONDS` and whole rounds of the lazy phases."""
        import jax

        round_length = math.lcm(*(phase.every for phase in self.experiment.algorithm.phases))
        state, batch = self.experiment.initial()(), jax.device_put(self._batch)

        def run(state: Any, steps: int) -> tuple[Any, float]:
            start = time.perf_counter()
            for _ in range(steps):
                state, metrics = self._compiled(state, batch)
            jax.block_until_ready((state, metrics))
            return state, time.perf_counter() - start

        state, _ = run(state, 1)
        state, seconds = run(state, round_length)
        rounds = max(1, math.ceil(SECONDS / 3 / seconds))
        best, products = math.inf, []
        for _ in range(3):
            state, seconds = run(state, rounds * round_length)
            best = min(best, seconds / (rounds * round_length))
            products += [multiply() for _ in range(3)]
        return best, max(products)


def compile_config(name: str, batches: tuple[int, ...], small: bool) -> None:
    """Print compile time and FLOPs of a step for each batch size; the program of the first state is compiled too."""
    from semgan.planning.step_cost import cost_of_step

    config = read(name, small)

    def compile_step(batch: int) -> TimedStep:
        timed = TimedStep(config, batch)
        if batch == batches[0]:
            timed.experiment.initial()()
        return timed

    with ThreadPoolExecutor(2) as pool:
        waiting = {batch: pool.submit(compile_step, batch) for batch in batches}
        cost = None
        for batch, future in waiting.items():
            timed = future.result()
            cost = cost or cost_of_step(timed.experiment, batches[0])
            say(what=_short(name), batch=batch, compile_seconds=timed.compile_seconds, flops=cost.flops.at(batch))


def time_config(name: str, batches: tuple[int, ...], small: bool) -> None:
    """Print a time for each batch size, the smallest first; out of memory is a result too."""
    import jax

    from benchmarks.train_step import matrix_product

    config, multiply = read(name, small), matrix_product("bfloat16")
    for batch in batches:
        try:
            timed = TimedStep(config, batch)
            seconds, product = timed.step_seconds(multiply)
        except jax.errors.JaxRuntimeError as error:
            say(what=_short(name), batch=batch, result=f"FAILED: {str(error).splitlines()[0][:200]}")
            continue
        measured = {"images_per_second": batch / seconds, "memory_gib": timed.memory_gib(), "seconds": seconds, "product": product}
        result = f"{1000 * seconds:.3g} ms per step, {config.precision}"
        say(what=_short(name), batch=batch, **measured, precision=config.precision, result=result)


def _short(name: str) -> str:
    return name.removeprefix("configs/")


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--compile", metavar="FILE.py[:ARGUMENT]", help="compile this experiment's step")
    what.add_argument("--time", metavar="FILE.py[:ARGUMENT]", help="time this experiment's step")
    what.add_argument("--machine", action="store_true", help="tell what the device is")
    what.add_argument("--draw", metavar="FILE.py[:ARGUMENT]", help="prepare this experiment's data")
    parser.add_argument("--batches", default="8", help="batch sizes, smallest first, as in 8,16 (default 8)")
    parser.add_argument("--small", action="store_true", help="debug sizes")
    options = parser.parse_args()
    prefer_fast_convolutions()
    if options.machine:
        machine()
    elif options.draw:
        draw(options.draw, options.small)
    else:
        run = compile_config if options.compile else time_config
        run(options.compile or options.time, tuple(map(int, options.batches.split(","))), options.small)


if __name__ == "__main__":
    try:
        main()
    except configs.UserError as error:
        sys.exit(f"semgan: error: {error}")
