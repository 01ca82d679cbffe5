"""The pictures that show a run's progress: samples of the same held-out examples and latents, from first to last."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from semgan.data.dataset import Dataset
from semgan.data.loader import NO_ANNOTATIONS, AnnotationNames, take_inputs
from semgan.files import write_whole
from semgan.training import grids
from semgan.training.grids import GridExamples, Sample

_GUIDED = ("reference", "latent")


def choose_examples(
    dataset: Dataset,
    contents: int,
    references: int,
    targets: Sequence[int] | None = None,
    inputs: AnnotationNames = NO_ANNOTATIONS,
) -> GridExamples:
    """Takes the first pictures of each domain in turn: references, then contents, so that no picture is both where there are enough.

    Args:
      contents, references: how many.
      targets: the domains that there are translations into, all when None: references are of these alone, contents of domains
        that can be translated into another one. A content's own target is the next such domain after its own.
      inputs: what else the algorithm samples a content with.
    """
    images, rows, domain = dataset.images, dataset.rows, dataset.domain
    members = {int(value): np.flatnonzero(domain == value) for value in np.unique(domain)}
    aims = [value for value in members if targets is None or value in targets] or list(members)
    sources = [value for value in members if set(aims) - {value}] or list(members)
    per_aim = -(-references // len(aims))  # of each aim
    across = [_member(members, aims, index) for index in range(references)]
    down = [_member(members, sources, index, skip=per_aim * (sources[index % len(sources)] in aims)) for index in range(contents)]
    return GridExamples(
        contents=images[rows[down]],
        content_domain=domain[down],
        references=images[rows[across]],
        reference_domain=domain[across],
        target_domain=np.array([_next(aims, int(own)) for own in domain[down]]),
        inputs=take_inputs(dataset, inputs, np.array(down)),
        answers=_answers(dataset, rows[down], rows[across]),
    )


def _answers(dataset: Dataset, contents: np.ndarray, references: np.ndarray) -> np.ndarray | None:
    """Draws every content, a row of the cache, in every reference's style; None where the data do not know how."""
    if dataset.answer is None:
        return None
    size = dataset.images.shape[1]
    return np.stack([dataset.answer(int(content), int(reference), size) for content in contents for reference in references])


def _member(members: Mapping[int, np.ndarray], domains: Sequence[int], index: int, skip: int = 0) -> int:
    """Picture number `index` when the domains take turns, leaving out its domain's first `skip`."""
    own = members[domains[index % len(domains)]]
    return int(own[(index // len(domains) + skip) % len(own)])


def _next(aims: Sequence[int], own: int) -> int:
    """The target domain that follows a domain, around the circle; the domain itself where there is no other."""
    return min(aims, key=lambda value: (value == own, value < own, value))


def picture(examples: GridExamples, sample: Sample, domains: Sequence[str], kinds: frozenset[str], caption: str = "") -> Image.Image:
    """Draws what the algorithm makes of the examples, laid out by what it samples.

    Args:
      sample: called with one or more batches whose keys are always the same.
      domains: names.
      kinds: names of what `sample` gives (see `semgan.types.Algorithm`).
      caption: a line over the picture, such as the stage of an algorithm that grows.
    """
    if guides := [name for name in _GUIDED if name in kinds]:
        return grids.guided_grid(examples, sample, domains, guides, caption)
    if "translated" in kinds:
        return grids.translated_grid(examples, sample, domains, caption)
    return grids.sample_grid(examples, sample, caption)


def file_name(step: int) -> str:
    """The name of a step's picture; names sort as the steps do."""
    return f"{step:08d}.png"


def save(path: Path, picture: Image.Image) -> None:
    """Writes a PNG that is complete or not there at all."""
    encoded = io.BytesIO()
    picture.save(encoded, format="PNG")
    write_whole(path, encoded.getvalue())
