"""A translation in miniature: a GAN of a few dozen parameters on small coloured pictures, for tests of the loop around it."""

import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from PIL import Image

from configs import common
from semgan.evaluation import evaluate_command
from semgan.evaluation.matcher import matcher
from semgan.types import Algorithm, Aux, Phase

SIZE = 16
BATCH = 16


def write_pictures(root: Path, count: int = 24) -> Path:
    """Two domains, reddish and bluish noise, a sub-folder each, train and test."""
    draw = np.random.default_rng(0)
    for split, share in (("train", count), ("test", count // 2)):
        for name, channel in (("red", 0), ("blue", 2)):
            folder = root / split / name
            folder.mkdir(parents=True)
            for index in range(share):
                image = draw.integers(0, 120, (SIZE, SIZE, 3), np.uint8)
                image[..., channel] += 120
                Image.fromarray(image).save(folder / f"{index}.png")
    return root


def make_config(source: Path) -> ConfigDict:
    """Sixteen steps."""
    config = common.get_config()
    config.algorithm = "toy"
    config.image_size = SIZE
    config.batch_size = BATCH
    config.total_kimg = 16 * BATCH / 1000
    config.data.name = "folder"
    config.data.source = str(source)
    config.ema_half_life_kimg = 0.1
    config.log_kimg = config.picture_kimg = config.checkpoint_kimg = 4 * BATCH / 1000
    config.picture_rows, config.picture_columns = 2, 3
    config.judge.update({"channels": 8, "steps": 10, "batch_size": 8, "pairs": 8, "matcher_steps": 10})
    for name in ("generator", "discriminator"):
        config.optimizers[name] = common.optimizer(learning_rate=0.01)
    return config


def shrink_matcher(patch) -> None:
    """Has matchers be small ones, of the same shapes as those in `tests/evaluation`: compiled once for all."""
    small = functools.partial(matcher.load_or_train, channels=4, features=8, batch_size=6)
    patch.setattr(matcher, "load_or_train", small)
    patch.setattr(evaluate_command, "load_or_train_matcher", small)


def make(config: ConfigDict) -> Algorithm:
    """Shifts colours towards the reference's; with `config.losses.poison` above 0 every loss is NaN from that kimg on."""
    poison = config.losses.get("poison", jnp.inf)

    def init(rng, batch):
        weights = jax.random.normal(rng, (2, 3))
        return {"generator": {"shift": weights}, "discriminator": {"weights": weights}}, {}

    def translate(params, image, colour, batch, rng):
        noise = jax.vmap(lambda position: jax.random.normal(jax.random.fold_in(rng, position), (3,)))(batch["position"])
        shift = params["generator"]["shift"][batch["target_domain"]] + 0.1 * noise + 0.1 * colour
        return jnp.tanh(image + shift[:, None, None])

    def judged(params, image, domain):
        return (image.mean((1, 2)) * params["discriminator"]["weights"][domain]).sum(-1)

    def generated(params, batch, rng):
        return translate(params, batch["image"], batch["reference"].mean((1, 2)), batch, rng)

    def d_loss(params, model_state, batch, rng, kimg):
        real = jax.nn.softplus(-judged(params, batch["image"], batch["domain"])).mean()
        fake = jax.nn.softplus(judged(params, generated(params, batch, rng), batch["target_domain"])).mean()
        return jnp.where(kimg < poison, real + fake, jnp.nan), Aux({"real": real, "fake": fake}, model_state)

    def penalty(params, model_state, batch, rng, kimg):
        return jnp.sum(params["discriminator"]["weights"] ** 2), Aux({}, model_state)

    def g_loss(params, model_state, batch, rng, kimg):
        loss = jax.nn.softplus(-judged(params, generated(params, batch, rng), batch["target_domain"])).mean()
        return loss, Aux({}, model_state)

    def sample(params, model_state, batch, rng):
        colour = batch["reference"].mean((1, 2))
        pictures = {"reference": colour, "latent": jnp.zeros_like(colour)}
        return {name: translate(params, batch["image"], colour, batch, rng) for name, colour in pictures.items()}

    phases = (
        Phase("d", ("discriminator",), d_loss),
        Phase("d_penalty", ("discriminator",), penalty, every=3),
        Phase("g", ("generator",), g_loss),
    )
    return Algorithm(init=init, phases=phases, sample=sample, averaged=("generator",), networks={})


if __name__ == "__main__":  # python -m tests.training.toy SOURCE WORKDIR STEP: trains, and dies without a trace before that step
    import os
    import signal
    import sys

    from semgan import algorithms
    from semgan.training import loop, steps

    source, workdir, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
    made = steps.batches

    def dying(*args, **kwargs):
        for batch in made(*args, **kwargs):
            if batch["position"][0] == last * BATCH:
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    algorithms.make = make
    steps.batches = dying
    loop.train(make_config(Path(source)), workdir)
