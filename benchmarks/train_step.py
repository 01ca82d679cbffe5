"""Times the training step of any config: images per second, compile time, FLOPs and the share of the matrix-product peak.

    python benchmarks/train_step.py --config configs/quickstart.py
    python benchmarks/train_step.py --config configs/celeba_stargan_v2.py:128 --config.batch_size=4 --domains 2

Data are random, so no data set is prepared. The peak is the best of several float32 or bfloat16 matrix products of this device in
this very run, taken between the steps, so that both see the same load.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from semgan import config as configs
from semgan.xla import prefer_fast_convolutions


def lowered_step(experiment, state, batch):
    """The step that training takes on one device, ready to be compiled."""
    import jax

    return jax.jit(experiment.step(), donate_argnums=0).lower(state, batch)


def matrix_product(precision: str):
    """`() -> FLOP/s` of one square matrix product, large enough to be bound by arithmetic."""
    import jax
    import jax.numpy as jnp

    size = 1024 if jax.default_backend() == "cpu" else 8192
    a = jnp.ones((size, size), precision)
    multiply = jax.jit(lambda a: a @ a)
    multiply(a).block_until_ready()

    def measure() -> float:
        start = time.perf_counter()
        multiply(a).block_until_ready()
        return 2 * size**3 / (time.perf_counter() - start)

    return measure


def main() -> None:
    """Prints one small table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, metavar="FILE.py[:ARGUMENT]", help="the experiment; --config.KEY=VALUE overrides")
    parser.add_argument("--domains", type=int, default=4, help="how many where the config leaves them to the data (default 4)")
    parser.add_argument("--kimg", type=float, default=0.0, help="of an algorithm that grows: the images seen, in thousands (default 0)")
    parser.add_argument("--steps", type=int, default=20, help="timed steps (default 20)")
    options, overrides = parser.parse_known_args()
    config = configs.load(options.config, overrides)
    prefer_fast_convolutions()
    import jax

    from benchmarks.noise import random_batch
    from semgan.training.experiment import Experiment

    config.data.domains = config.data.domains or tuple(f"domain {index}" for index in range(options.domains))
    experiment = Experiment.of(config).at(options.kimg)
    batch = random_batch(experiment, config.batch_size)
    state = experiment.initial()()
    start = time.perf_counter()
    compiled = lowered_step(experiment, state, batch).compile()
    compile_seconds = time.perf_counter() - start
    multiply = matrix_product(config.precision)
    seconds, products = [], []
    for index in range(options.steps + 2):
        start = time.perf_counter()
        state, metrics = compiled(state, batch)
        jax.block_until_ready((state, metrics))
        if index >= 2:  # the first two warm up
            seconds.append(time.perf_counter() - start)
            products.append(multiply())
    median, flops, peak = statistics.median(seconds), (compiled.cost_analysis() or {})["flops"], max(products)
    device = jax.devices()[0]
    print(f"{options.config} on {device.device_kind} ({device.platform}), jax {jax.__version__}, {config.precision}")
    print(f"images/s            {config.batch_size / median:12.1f}")
    print(f"step                {1000 * median:12.1f} ms   (batch {config.batch_size}, median of {options.steps})")
    print(f"compile             {compile_seconds:12.1f} s")
    print(f"FLOPs per step      {flops / 1e9:12.2f} G    (XLA's cost analysis)")
    print(f"rate                {flops / median / 1e9:12.1f} GFLOP/s")
    print(f"matrix product peak {peak / 1e9:12.1f} GFLOP/s (best of {len(products)}, between the steps)")
    print(f"share of peak       {100 * flops / median / peak:12.1f} %")


if __name__ == "__main__":
    try:
        main()
    except configs.UserError as error:
        sys.exit(f"semgan: error: {error}")
