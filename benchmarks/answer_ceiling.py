"""What a size of network allows: semgan's generator and style encoder trained on the true answers themselves, which no algorithm may see.

    python benchmarks/answer_ceiling.py --config configs/quickstart.py --minutes 40 --out runs/ceiling/snapshot.safetensors
    semgan evaluate --model runs/ceiling/snapshot.safetensors --out runs/ceiling/evaluation.json

The pictures, sizes, batch and rates are the config's; the loss is the mean absolute difference from the answer alone, and the rate falls
to 0 along a cosine. Time is counted in minutes of this process's work.
"""

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

_LOG_EVERY = 100
"""Steps from one line to the next."""


def main() -> None:
    """Trains for the time asked for and writes the snapshot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/quickstart.py", metavar="FILE.py[:ARGUMENT]", help="of semgan on drawn_faces")
    parser.add_argument("--minutes", default=40.0, type=float, metavar="N", help="of work (default: 40)")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the snapshot")
    options = parser.parse_args()
    from semgan import config as configs
    from semgan.data.dataset import open_dataset
    from semgan.training.experiment import Experiment

    config = configs.read(options.config)
    data = config.data
    train_set = open_dataset(data.name, split="train", image_size=config.image_size, count=data.train_count, domains=data.domains)
    experiment = Experiment.of(config, train_set)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    params, step = _train(experiment, train_set, options.minutes)
    _write(experiment, train_set, params, step, options.out)
    print(f"{options.out}: {step:,} steps")


def _train(experiment: Any, train_set: Any, minutes: float) -> tuple[dict[str, Any], int]:
    """The parameters after so many minutes, of which the generator and the style encoder have learned, and the number of steps."""
    import jax
    import jax.numpy as jnp
    import optax

    from semgan.data.augment import to_float
    from semgan.data.loader import make_batch

    config, modules = experiment.config, experiment.algorithm.networks
    learned = {name: experiment.initial()().params[name] for name in ("generator", "style_encoder")}
    tx = optax.adam(1.0, b1=0.9, b2=0.99)
    opt_state = tx.init(learned)

    def loss(params, batch):
        style = modules["style_encoder"].apply({"params": params["style_encoder"]}, batch["reference"], batch["target_domain"])
        return jnp.abs(modules["generator"].apply({"params": params["generator"]}, batch["image"], style) - batch["answer"]).mean()

    @jax.jit
    def update(params, opt_state, batch, rate):
        batch = {name: to_float(each) if each.dtype == np.uint8 else each for name, each in batch.items()}
        value, grads = jax.value_and_grad(loss)(params, batch)
        updates, opt_state = tx.update(grads, opt_state, params)
        return optax.apply_updates(params, jax.tree.map(lambda each: rate * each, updates)), opt_state, value

    losses, step, share = [], 0, 0.0
    while share < 1:
        batch = make_batch(train_set, np.arange(config.batch_size) + step * config.batch_size, config.seed, "any")
        batch = {name: batch[name] for name in ("image", "reference", "target_domain")} | {"answer": _answers(train_set, config, step)}
        rate = config.optimizers.generator.learning_rate * 0.5 * (1 + np.cos(np.pi * share)) * min((step + 1) / 100, 1)
        learned, opt_state, value = update(learned, opt_state, batch, rate)
        losses.append(value)
        step += 1
        share = time.process_time() / (60 * minutes)
        if step % _LOG_EVERY == 0:
            print(f"step {step:,} · {100 * share:.0f}% · loss {float(np.mean(losses[-_LOG_EVERY:])):.4f}", flush=True)
    return jax.device_get({**experiment.initial()().params, **learned}), step


def _answers(train_set: Any, config: Any, step: int) -> np.ndarray:
    """The answers to the batch of a step: contents and references as `make_batch` draws them."""
    from semgan.data import order
    from semgan.data.loader import draw_references

    positions = np.arange(config.batch_size) + step * config.batch_size
    content = order.content_rows(positions, len(train_set.rows), config.seed)
    reference, _ = draw_references(train_set, positions, content, config.seed, "any")
    draw = partial(train_set.answer, size=config.image_size)
    return np.stack([draw(int(train_set.rows[a]), int(train_set.rows[b])) for a, b in zip(content, reference, strict=True)])


def _write(experiment: Any, train_set: Any, params: dict[str, Any], step: int, out: Path) -> None:
    from semgan.config import to_json
    from semgan.snapshot import write_snapshot

    algorithm, config = experiment.algorithm, experiment.config
    about = {"name": train_set.name, "image_size": config.image_size, "fingerprint": train_set.fingerprint}
    meta = {"domains": list(train_set.domains), "dataset": about, "step": step, "kimg": step * config.batch_size / 1000}
    if "semantic_heads" in algorithm.averaged:
        meta["mask_classes"] = list(train_set.names["mask"])
    write_snapshot(out, {name: params[name] for name in algorithm.averaged}, to_json(config), meta)


if __name__ == "__main__":
    main()
