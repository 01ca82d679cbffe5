"""Times the training step of any config: images a second, compile time, FLOPs and the share of the matrix-product peak.

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


def random_batch(config, domains: int, annotations) -> dict:
    """A host batch as the loader gives it, of noise; `annotations` are the algorithm's."""
    import numpy as np

    rng, count, size = np.random.default_rng(0), config.batch_size, config.image_size
    images = {key: rng.integers(0, 256, (count, size, size, 3), np.uint8) for key in ("image", "reference", "reference2")}
    labels = {key: rng.integers(0, domains, count).astype(np.int32) for key in ("domain", "target_domain")}
    heads = config.networks.get("semantic_heads", {})

    def annotated(name: str, columns) -> np.ndarray:
        if name == "mask":
            return rng.integers(0, heads.mask_classes, (count, size, size), np.uint8)
        if name == "landmarks":
            return rng.random((count, heads.landmarks, 2), np.float32)
        return rng.integers(0, 2, (count, len(columns)), np.int8)

    labels |= {name: annotated(name.removeprefix("reference_"), columns) for name, columns in annotations.items()}
    return images | labels | {"position": np.arange(count, dtype=np.int32)}


def compiled_step(config, batch):
    """`(state, compiled, seconds)`: the step that training runs on one device, compiled ahead of time."""
    from functools import partial

    import jax

    from semgan import algorithms
    from semgan.data.augment import augment
    from semgan.training.optimizers import ema_decay, make_transforms
    from semgan.training.state import init_state
    from semgan.training.step import make_step

    algorithm = algorithms.make(config)
    transforms = make_transforms(config.optimizers, algorithm.phases, total_kimg=config.total_kimg, spare=config.networks)
    prepare = partial(augment, seed=config.seed, **config.augment)
    decay = ema_decay(config.ema_half_life_kimg, config.ema_ramp, config.ema_burn_in_kimg)
    step = make_step(algorithm, transforms, seed=config.seed, ema_decay=decay, prepare=prepare, accumulate=config.accumulate)
    state = init_state(algorithm, transforms, jax.random.key(config.seed), batch)
    start = time.perf_counter()
    compiled = jax.jit(step, donate_argnums=0).lower(state, batch).compile()
    return state, compiled, time.perf_counter() - start


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
    parser.add_argument("--steps", type=int, default=20, help="timed steps (default 20)")
    options, overrides = parser.parse_known_args()
    config = configs.load(options.config, overrides)
    prefer_fast_convolutions()
    import jax

    from semgan import algorithms

    config.data.domains = config.data.domains or tuple(f"domain {index}" for index in range(options.domains))
    batch = random_batch(config, len(config.data.domains), algorithms.make(config).annotations)
    state, compiled, compile_seconds = compiled_step(config, batch)
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
    print(f"FLOPs a step        {flops / 1e9:12.2f} G    (XLA's cost analysis)")
    print(f"rate                {flops / median / 1e9:12.1f} GFLOP/s")
    print(f"matrix product peak {peak / 1e9:12.1f} GFLOP/s (best of {len(products)}, between the steps)")
    print(f"share of peak       {100 * flops / median / peak:12.1f} %")


if __name__ == "__main__":
    try:
        main()
    except configs.UserError as error:
        sys.exit(f"semgan: error: {error}")
