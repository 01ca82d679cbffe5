"""`semgan sample`: a grid, or a video, of pictures drawn from noise or of translations in styles drawn from the latent."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data.dataset import open_dataset
from semgan.data.loader import take_inputs
from semgan.errors import UserError
from semgan.inference import video
from semgan.inference.masks import Mask
from semgan.inference.model import Model, load
from semgan.inference.translate import masks_of
from semgan.pictures.read import Picture, list_pictures
from semgan.pictures.write import check_writable_suffix, grid, write
from semgan.progress import track

_CONTENTS = 64  # held-out faces drawn as contents
_LEG = 1.5
"""Seconds from one latent to the next."""
_FEWEST_LEGS = 3
_BLOCK = 128
"""Pictures drawn at a time, approximately."""


class SampleOptions(NamedTuple):
    """The options of a drawing; see `Model.sample`.

    Attributes:
      count: pictures.
      content: a picture, or a folder whose pictures are taken in turn; None: nothing for a model that draws from noise, or else
        held-out drawn faces, where the model knows them.
      domain: of the styles; the model's domains in turn when None.
      first: number of the first picture.
      mask: the content's or, of a folder, a folder of masks; as for `translate.translate_files`.
    """

    count: int
    seed: int = 0
    content: Path | None = None
    domain: str | None = None
    truncation: float = 1.0
    mask: Path | None = None
    first: int = 0


class Contents(NamedTuple):
    """What a model that translates is given, and their masks, in the same order; None where it takes none."""

    pictures: Sequence[Picture] | None
    masks: Sequence[Mask] | None


def sample_grid(snapshot: Path, out: Path, draws: SampleOptions) -> None:
    """Writes the grid as a picture and says so on stdout."""
    check_writable_suffix(out)
    model = load(snapshot)
    contents = contents_of(model, draws)
    images = model.sample(
        draws.count,
        draws.seed,
        first=draws.first,
        content=contents.pictures,
        domain=draws.domain,
        truncation=draws.truncation,
        mask=contents.masks,
    )
    write(out, grid(images))
    print(f"wrote {out}: {describe(draws, contents)}")


def sample_video(snapshot: Path, out: Path, draws: SampleOptions, seconds: float) -> None:
    """Writes the grid as a video that ends as it began: every tile goes around its own closed loop of latents."""
    video.check_writable(out)
    model = load(snapshot)
    contents = contents_of(model, draws)
    frames = max(round(seconds * video.FPS), _FEWEST_LEGS)
    batch = video_batch(model, draws, contents, frames)
    video.write(out, track(_drawn_frames(model, batch, draws), f"drawing {frames:,} frames", frames))
    print(f"wrote {out}: {frames / video.FPS:g} seconds of {describe(draws, contents)}")


def video_batch(model: Model, draws: SampleOptions, contents: Contents, frames: int) -> dict[str, np.ndarray]:
    """The batch of all tiles of all frames, tile after tile and frame after frame: (frames * count, ...).

    A tile's legs are of one duration and speed; the latents are numbered so that no two tiles share one.
    """
    legs = max(round(frames / video.FPS / _LEG), _FEWEST_LEGS)
    frame, tile = (index.ravel() for index in np.indices((frames, draws.count), np.int32))
    place = frame * (legs / frames)
    leg = np.minimum(place.astype(np.int32), legs - 1)
    batch = model.latent_batch(tile, content=contents.pictures, domain=draws.domain, truncation=draws.truncation, mask=contents.masks)
    return batch | {
        "position": tile * legs + leg,
        "position_to": tile * legs + (leg + 1) % legs,
        "mix": (place - leg).astype(np.float32),
    }


def _drawn_frames(model: Model, batch: dict[str, np.ndarray], draws: SampleOptions) -> Iterator[np.ndarray]:
    """Grids, one per frame; several frames are drawn at a time."""
    at_once = draws.count * max(_BLOCK // draws.count, 1)
    for start in range(0, len(batch["position"]), at_once):
        images = model.sample_batch({name: values[start : start + at_once] for name, values in batch.items()}, draws.seed)
        yield from map(grid, images.reshape(-1, draws.count, *images.shape[1:]))


def describe(draws: SampleOptions, contents: Contents) -> str:
    """`64 translations of 12 pictures`, or `64 pictures from noise`."""
    if contents.pictures is None:
        return f"{draws.count:,} pictures from noise"
    return f"{draws.count:,} translations of {min(len(contents.pictures), draws.count):,} pictures"


def contents_of(model: Model, draws: SampleOptions) -> Contents:
    """The contents that a model which translates is given, unread; those of the user are left to the model to refuse."""
    if draws.content is not None:
        paths = list_pictures(draws.content)[: draws.first + draws.count] if draws.content.is_dir() else [draws.content]
        masks = None if draws.mask is None else [*masks_of(draws.content, paths, draws.mask).values()]
        return Contents(paths, masks)
    if "latent" in model.kinds:
        if draws.mask is not None:
            raise UserError("a mask belongs to a content: give that too (--content)")
        return _held_out(model, draws.first + draws.count)
    return Contents(None, None if draws.mask is None else [draws.mask])


def _held_out(model: Model, count: int) -> Contents:
    """Held-out faces at the model's size, and their masks for a model that needs them; only drawn faces can be had anywhere."""
    name = model.config["data"]["name"]
    if name != "drawn_faces":
        raise UserError(f"the model was trained on {name}, whose pictures do not come with it: give some with --content")
    dataset = open_dataset(name, split="test", image_size=model.image_size, count=_CONTENTS)
    inputs = take_inputs(dataset, model.algorithm.inputs, np.arange(min(count, len(dataset.rows))))
    return Contents(list(dataset.images[dataset.rows[:count]]), list(inputs["mask"]) if inputs else None)
