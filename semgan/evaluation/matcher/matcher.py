"""The matcher: a network trained on a dataset's own pictures, without annotations, that finds the places of one picture in another.

Its features are trained to stay as they are when the style changes. Compared place by place, those of a content and of its translation say
how much of the content was kept: see `semgan/evaluation/scores/place_match.py`. It learns which domain each picture is of, and no more.
"""

import functools
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from semgan.data.dataset import Dataset
from semgan.errors import UserError
from semgan.evaluation.judge.network_file import load_network, network_name, save_network
from semgan.evaluation.matcher import training
from semgan.evaluation.matcher.training import to_size
from semgan.evaluation.scores import place_match
from semgan.layers.style_change import change_style
from semgan.networks.matcher import MatcherNetwork
from semgan.paths import cache_dir

MOST = 2000
"""The most pictures that a matcher learns from."""
_VERSION = 1
"""Part of a matcher's name: raise it when the network or its training changes, so that older matchers are not taken for these."""
_KIND = "matcher"
_BATCH = 50
_HELD_OUT = 200
_TYPICAL = 300
"""The most pictures of a domain that its mean is taken over."""
_LEAST_SIZE = 16

Pictures = UInt8[np.ndarray, "count size size 3"]
Features = Float[np.ndarray, "count place feature"]


class Matcher(NamedTuple):
    """A trained matcher.

    Attributes:
      params: the network's parameters.
      mean: features by domain and place, the mean over real pictures, float32 (domains, places, features).
      deviation: the features' standard deviations from there, float32 (domains, features).
      settings: `channels`, `features`, `steps`, `batch_size`, `seed` and the number of `pictures` that it learned from.
      name: a hash of the data and settings, the same on every machine.
      accuracy: how well it finds places on held-out real pictures, JSON-able; see `measure`.
    """

    params: dict[str, Any]
    mean: np.ndarray
    deviation: np.ndarray
    settings: dict[str, int]
    name: str
    accuracy: dict[str, Any]


def features_of(matcher: Matcher, images: Pictures, domain: Int[np.ndarray, " count"]) -> Features:
    """Features of every place of square pictures of any size, unit length, as they differ from those usual there in the domain.

    What is usual in a domain says nothing of a single picture, and where a domain's style moves features it moves the usual ones too.

    Args:
      domain: of each picture; of a translation that of its reference.
    """
    raw = _raw_features(matcher.params, images, network_of(matcher.settings))
    return place_match.standardize(raw, matcher.mean[domain], matcher.deviation[domain][:, None])


def restyle(images: Pictures, seed: int) -> Pictures:
    """The pictures in random styles, at the matcher's own size; a function of the pictures, their order and the seed."""
    key = jax.random.key(seed, impl="rbg")
    return _in_batches(lambda batch, start: _restyle(batch, jax.random.fold_in(key, start)), images)


def measure(matcher: Matcher, dataset: Dataset) -> dict[str, Any]:
    """Returns how often the matcher finds places again in another style, on up to 200 pictures of a split it was not trained on.

    Keys: `images`; `place`, the share of places whose nearest features in the restyled picture are at most one place away.
    """
    rows = np.arange(min(_HELD_OUT, len(dataset.rows)))
    images, domain = dataset.images[dataset.rows[rows]], dataset.domain[rows]
    restyled = restyle(images, seed=0)
    near = place_match.nearness(features_of(matcher, images, domain), features_of(matcher, restyled, domain))
    return {"images": len(rows), "place": float(near.mean())}


def train_matcher(dataset: Dataset, held_out: Dataset, **settings: int) -> Matcher:
    """Trains a matcher on one split and measures it on another.

    Args:
      settings: those of `Matcher.settings`, all but the seed (0).

    Raises:
      UserError: the pictures are too small, or a setting does not fit.
    """
    settings = {"seed": 0, **settings}
    size = dataset.images.shape[1]
    if size < _LEAST_SIZE:
        raise UserError(f"image_size is {size}, but places are matched in pictures of at least {_LEAST_SIZE} pixels: choose a larger one")
    pictures = settings["pictures"]
    rows = np.arange(len(dataset.rows))[:: max(len(dataset.rows) // pictures, 1)][:pictures]
    network = network_of(settings)
    params = training.train(dataset, rows, network, **{name: settings[name] for name in ("steps", "batch_size", "seed")})
    mean, deviation = _usual_features(params, network, dataset, rows)
    matcher = Matcher(params, mean, deviation, settings, network_name(_VERSION, dataset, held_out, **settings), {})
    return matcher._replace(accuracy=measure(matcher, held_out))


def load_or_train(
    dataset: Dataset,
    held_out: Dataset,
    *,
    channels: int = 16,
    features: int = 24,
    steps: int = 300,
    batch_size: int = 24,
    pictures: int = MOST,
    seed: int = 0,
    folder: Path | None = None,
) -> Matcher:
    """The matcher of these data and settings, kept in `folder` (`cache_dir()/matchers`); trained anew where absent or damaged."""
    settings = {
        "channels": channels,
        "features": features,
        "steps": steps,
        "batch_size": batch_size,
        "pictures": pictures,
        "seed": seed,
    }
    path = (folder or cache_dir() / "matchers") / f"{network_name(_VERSION, dataset, held_out, **settings)}.safetensors"
    matcher = load_matcher(path) if path.exists() else None
    if matcher is None:
        matcher = train_matcher(dataset, held_out, **settings)
        save_matcher(path, matcher)
    return matcher


def save_matcher(path: Path, matcher: Matcher) -> None:
    """Writes a matcher to one file, see `network_file`."""
    arrays = {"params": matcher.params, "mean": matcher.mean, "deviation": matcher.deviation}
    save_network(path, _KIND, arrays, {"settings": matcher.settings, "name": matcher.name, "accuracy": matcher.accuracy})


def load_matcher(path: Path) -> Matcher | None:
    """The matcher in the file, or None where the file is not what `save_matcher` wrote (cut short, bits changed)."""
    contents = load_network(path, _KIND)
    return None if contents is None else Matcher(**contents[0], **contents[1])


def network_of(settings: dict[str, int]) -> MatcherNetwork:
    return MatcherNetwork(settings["channels"], settings["features"])


def _usual_features(params: Any, network: MatcherNetwork, dataset: Dataset, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means by domain and place, and deviations by domain, of the real pictures' features."""
    means, deviations = [], []
    for domain in range(len(dataset.domains)):
        members = rows[dataset.domain[rows] == domain][:_TYPICAL]
        if len(members) == 0:  # so few pictures are taken that a domain has none among them
            members = np.flatnonzero(dataset.domain == domain)[:_TYPICAL]
        features = _raw_features(params, dataset.images[dataset.rows[members]], network)
        means.append(features.mean(0))
        deviations.append(np.sqrt(((features - means[-1]) ** 2).mean((0, 1)) + 1e-6))
    return np.stack(means).astype(np.float32), np.stack(deviations).astype(np.float32)


def _raw_features(params: Any, images: Pictures, network: MatcherNetwork) -> Features:
    features = _in_batches(lambda batch, _: _apply(params, batch, network), images)
    return features.reshape(len(features), -1, features.shape[-1])


def _in_batches(function: Any, images: Pictures) -> np.ndarray:
    """Applies a function of a batch and its place to any number (at least one) of pictures, in batches of one size."""
    results = []
    for start in range(0, len(images), _BATCH):
        batch = np.asarray(images[start : start + _BATCH])
        padded = np.concatenate([batch, np.repeat(batch[-1:], _BATCH - len(batch), axis=0)])
        results.append(np.asarray(function(padded, start))[: len(batch)])
    return np.concatenate(results)


@functools.partial(jax.jit, static_argnames="network")
def _apply(params: Any, images: Array, network: MatcherNetwork) -> Array:
    return network.apply({"params": params}, 2 * to_size(images) - 1)  # pyright: ignore[reportReturnType]


@jax.jit
def _restyle(images: Array, key: Array) -> Array:
    return jnp.round(255 * change_style(to_size(images), key)).astype(jnp.uint8)
