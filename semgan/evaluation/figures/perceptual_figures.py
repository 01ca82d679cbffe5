"""LPIPS's figures of a model: the diversity of its translations, the smoothness of its latents, and the structure that is kept."""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from semgan.data.dataset import Dataset
from semgan.data.order import hash_counter
from semgan.evaluation.extractors import lpips
from semgan.evaluation.extractors.batches import over_batches
from semgan.evaluation.extractors.extractor import Perceptual
from semgan.evaluation.figures.diversity import TranslateStyle
from semgan.evaluation.figures.figure import Figure, resamples_of
from semgan.evaluation.figures.origin import Origin
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.judge.pairs import pair_batches
from semgan.evaluation.scores import bootstrap, path_length
from semgan.evaluation.scores.perceptual import OUTPUTS, mean_over_tasks, output_diversity
from semgan.evaluation.scores.structure import structure_distances
from semgan.progress import track
from semgan.trained_model import TrainedModel, apply

_CONTENTS = 100
_BATCH = 50
_PLACES = 16
"""The least number of places in a map: with fewer, it has little structure left to keep."""
_PROTOCOL = {"protocol": "lpips 0.1", "resize": "none"}
_STREAM = 12
"""The stream of the draws made here; those of `judge.pairs` have their own."""


def perceptual_origin(perceptual: Perceptual, dataset: Dataset, seeds: Mapping[str, int]) -> Origin:
    """Returns the parts that the passports of LPIPS's figures share."""
    return Origin({**perceptual.identity(), **_PROTOCOL}, dataset.fingerprint, dataset.split, seeds)


def diversity_figure(perceptual: Perceptual, judged_pairs: JudgedPairs, translate: TranslateStyle, styles: str) -> Figure:
    """`lpips_diversity_latent` or `lpips_diversity_reference`: StarGAN v2's protocol on the pairs' first contents, ten outputs of each.

    Args:
      styles: what they come from, "latent" or "reference".
    """
    data, first = judged_pairs.dataset, judged_pairs.pairs.first(_CONTENTS)
    batches = track(pair_batches(data, first, _BATCH), f"looking at {OUTPUTS} {styles} styles", -(-len(first.content) // _BATCH))
    values = np.concatenate([_of_batch(perceptual, translate, judged_pairs.seed, batch, count) for batch, count in batches])
    source, target = data.domain[first.content], data.domain[first.reference]
    numbers = source * len(data.domains) + target
    tasks = {str(number): values[numbers == number] for number in np.unique(numbers)}
    value = mean_over_tasks(tasks)
    interval = bootstrap.percentile_interval(value, [(each - each.mean()) / len(tasks) for each in tasks.values()])
    passport = perceptual_origin(perceptual, data, {"pairs": judged_pairs.seed}).passport(
        len(values), OUTPUTS * len(values), styles=styles, outputs=OUTPUTS, tasks=len(tasks)
    )
    return Figure(f"lpips_diversity_{styles}", value, interval, passport, resamples_of("the contents of each task"))


def _of_batch(perceptual: Perceptual, translate: TranslateStyle, seed: int, batch: dict[str, np.ndarray], count: int) -> np.ndarray:
    outputs = np.stack([np.asarray(translate(batch, seed * OUTPUTS + style))[:count] for style in range(OUTPUTS)])
    return output_diversity(outputs, perceptual.distances)


def other_references(dataset: Dataset, batch: Mapping[str, np.ndarray], style: int) -> np.ndarray:
    """Draws for each example another picture of its target domain, by the example's position and the style: uint8 pictures."""
    draws = hash_counter(batch["position"], style, _STREAM)
    members = {domain: np.flatnonzero(dataset.domain == domain) for domain in np.unique(batch["target_domain"]).tolist()}
    places = [
        members[int(domain)][int(draw) % len(members[int(domain)])] for domain, draw in zip(batch["target_domain"], draws, strict=True)
    ]
    return dataset.images[dataset.rows[places]]


def structure_figure(perceptual: Perceptual, judged_pairs: JudgedPairs, translations: np.ndarray) -> Figure:
    """`lpips_structure_distance` between contents and translations, on the deepest map that LPIPS compares and that has enough places."""
    rows = judged_pairs.dataset.rows[judged_pairs.pairs.content]
    values = np.concatenate(
        [
            structure_distances(
                *(_maps(perceptual, np.asarray(each)) for each in (judged_pairs.dataset.images[rows[part]], translations[part]))
            )
            for part in (slice(start, start + _BATCH) for start in range(0, len(rows), _BATCH))
        ]
    )
    origin = perceptual_origin(perceptual, judged_pairs.dataset, {"pairs": judged_pairs.seed})
    passport = origin.passport(len(values), len(values), maps=_maps_in_words(perceptual, translations.shape[1:]))
    return Figure("lpips_structure_distance", float(values.mean()), bootstrap.mean_interval(values), passport, resamples_of("the pairs"))


def _maps(perceptual: Perceptual, images: np.ndarray) -> Float[np.ndarray, "image place feature"]:
    return over_batches(_activations, perceptual.params, (images,), device_batch_size=perceptual.device_batch_size)


@jax.jit
def _activations(params: lpips.LpipsParams, images: Array) -> Float[Array, "image place feature"]:
    maps = list(lpips.activations(params, images.astype(jnp.float32) / 127.5 - 1))
    deepest = maps[_deepest([each.shape for each in maps])]
    return deepest.reshape(len(deepest), -1, deepest.shape[-1])


def _deepest(shapes: Sequence[tuple[int, ...]]) -> int:
    """The number of the last map that has `_PLACES` or more; of small pictures it is the first, whatever that has."""
    return max((number for number, (_, height, width, _) in enumerate(shapes) if height * width >= _PLACES), default=0)


def _maps_in_words(perceptual: Perceptual, shape: tuple[int, ...]) -> str:
    """Returns which maps of pictures of this shape are compared."""
    images = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
    shapes = [
        each.shape for each in jax.eval_shape(lambda params, images: list(lpips.activations(params, images)), perceptual.params, images)
    ]
    number = _deepest(shapes)
    layers = [layer.path for layer in lpips.LAYERS[perceptual.backbone] if layer.compared]
    return f"after {layers[number]} and its ReLU, {shapes[number][1]} x {shapes[number][2]} places"


def path_length_figure(
    perceptual: Perceptual, model: TrainedModel, dataset: Dataset, *, count: int, seed: int
) -> tuple[list[Figure], list[str]]:
    """Computes `perceptual_path_length` of a model that draws from noise, in w where it maps its latents, else in z; or says why not.

    Pictures stay floats, for a step of 1e-4 is lost in bytes; a StyleGAN's noise is off.
    """
    generator, mapping = (model.algorithm.networks.get(name) for name in ("generator", "mapping_network"))
    latent_size = getattr(mapping or generator, "latent_dim", None)
    if latent_size is None:
        return [], ["no perceptual path length: the model does not draw from one latent"]
    if not _has_full_size(model):
        return [], ["no perceptual path length: the model had not grown to its full size"]
    distance = jax.jit(lpips.distance)

    def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return over_batches(distance, perceptual.params, (a, b), device_batch_size=perceptual.device_batch_size)

    def generate(codes: np.ndarray) -> np.ndarray:
        if mapping is None:
            return np.asarray(apply(model, "generator", codes))
        return np.asarray(apply(model, "generator", np.repeat(codes[:, None], model.algorithm.networks["generator"].num_ws, axis=1)))

    def to_w(z: np.ndarray) -> np.ndarray:
        return np.asarray(apply(model, "mapping_network", z))

    steps = path_length.trim(
        path_length.path_steps(generate, distances, latent_size=latent_size, count=count, seed=seed, to_w=None if mapping is None else to_w)
    )
    passport = (
        perceptual_origin(perceptual, dataset, {"latents": seed})
        ._replace(real="", split="")
        .passport(0, count, space="z" if mapping is None else "w", path="full", epsilon=path_length.EPSILON, kept="1st to 99th percentile")
    )
    interval = bootstrap.mean_interval(steps)
    return [Figure("perceptual_path_length", float(steps.mean()), interval, passport, resamples_of("the steps that are kept"))], []


def _has_full_size(model: TrainedModel) -> bool:
    """Returns whether a growing model was trained up to its last stage."""
    stages = model.algorithm.stages
    return stages is None or stages.at(model.meta["kimg"]) is stages.at(_FOREVER)


_FOREVER = 1e9
"""Thousand images."""
