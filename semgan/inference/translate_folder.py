"""Translates the pictures of a folder in batches of one shape; decoding, the network and writing go on side by side."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from semgan import trained_model
from semgan.data.decode import DecodeError, decode_with_alpha, size_of, upright_size
from semgan.data.workers import core_count
from semgan.errors import EXIT_USER_ERROR, UserError
from semgan.inference import whole_picture
from semgan.inference.model import Model
from semgan.inference.style_request import Style
from semgan.inference.whole_picture import Content
from semgan.pictures.metadata import metadata_of, panorama_area
from semgan.pictures.scene import View, flat_frame
from semgan.pictures.write import FormatError, keeps_alpha, write
from semgan.progress import Progress, note
from semgan.trained_model import PIECE

_BATCH_PIXELS = 2**20  # of all pictures before the network that are translated at once
_AHEAD = 2  # batches that are decoded ahead, and that wait to be written


@dataclass
class _Outcome:
    """What has become of a folder's pictures so far."""

    written: int = 0
    writing: deque[Future[None]] = field(default_factory=deque)
    failures: list[UserError] = field(default_factory=list)
    taken_for: Counter[str] = field(default_factory=Counter)
    opaque: list[Path] = field(default_factory=list)  # results that could not keep their content's transparency

    def wait(self) -> None:
        """Waits until the next result is written; one that its format cannot hold is left out."""
        try:
            self.writing.popleft().result()
            self.written += 1
        except FormatError as error:
            self.failures.append(error)


def translate_folder(
    model: Model, jobs: Mapping[Path, Path], out: Path, style: Style, masks: Mapping[Path, Path], view: View, keep_metadata: bool
) -> int:
    """Translates all contents, says what became of them, and returns the exit status: 2 where some could not be read, else 0.

    Args:
      jobs: contents and their results' paths.
      masks: of the contents, for models that need them.
    """
    outcome = _Outcome()
    try:
        _translate_all(model, jobs, style, masks, view, keep_metadata, outcome)
    except BaseException:
        written = outcome.written + sum(future.done() and future.exception() is None for future in outcome.writing)
        note(f"stopped after {written:,} of {len(jobs):,} pictures, which are in {out}")
        raise
    return _say_outcome(outcome, len(jobs), out)


def _translate_all(
    model: Model,
    jobs: Mapping[Path, Path],
    style: Style,
    masks: Mapping[Path, Path],
    view: View,
    keep_metadata: bool,
    outcome: _Outcome,
) -> None:
    with Progress("translating", len(jobs)) as progress, ThreadPoolExecutor(core_count()) as pool:
        for paths, contents in _decoded(model, batches(model, list(jobs), view), view, pool, outcome.failures, progress):
            styles = _styles(model, style, contents, outcome.taken_for)
            label = paths[0].name if whole_picture.in_parts(contents[0], view) else ""
            mask_paths = [masks[path] for path in paths if path in masks]
            results = whole_picture.translate_contents(model.trained_model, styles, contents, view, mask_paths, label)
            for path, content, images in zip(paths, contents, results, strict=True):
                outcome.writing.append(pool.submit(_write, path, jobs[path], content, images, view, keep_metadata))
                if content.alpha is not None and not keeps_alpha(jobs[path]):
                    outcome.opaque.append(jobs[path])
            while len(outcome.writing) > _AHEAD * PIECE:
                outcome.wait()
            progress.advance(len(paths))
        while outcome.writing:
            outcome.wait()


def batches(model: Model, paths: Sequence[Path], view: View) -> list[list[Path]]:
    """Groups pictures by their shape before the network, as their headers tell it, in lists of at most so many as are translated at once.

    A list has as many pictures as a power of two, so that a few programs do.
    """
    if view.panorama or view.stereo:
        return [[path] for path in paths]
    groups: dict[tuple[int, int], list[Path]] = {}
    for path in paths:
        groups.setdefault(_shape(model, path, view), []).append(path)
    result = []
    for shape, group in groups.items():
        most = max(min(_BATCH_PIXELS // (shape[0] * shape[1]), PIECE), 1)
        start = 0
        while start < len(group):
            count = 2 ** (min(most, len(group) - start).bit_length() - 1)
            result.append(group[start : start + count])
            start += count
    return result


def _shape(model: Model, path: Path, view: View) -> tuple[int, int]:
    """The height and width before the network, by the header; any for what decoding will refuse."""
    if model.algorithm.stride is None:
        return model.image_size, model.image_size
    return flat_frame(*(upright_size(path) or (1, 1)), view, model.image_size, model.algorithm.stride).shape


def _decoded(
    model: Model,
    path_lists: Sequence[list[Path]],
    view: View,
    pool: ThreadPoolExecutor,
    failures: list[UserError],
    progress: Progress,
) -> Iterator[tuple[list[Path], list[Content]]]:
    """The batches, decoded ahead; pictures that cannot be read go to `failures`, and those whose header was wrong come by themselves."""
    waiting: deque[tuple[list[Path], list[Future[Content]]]] = deque()
    todo = deque(path_lists)

    def submit() -> None:
        if todo:
            paths = todo.popleft()
            waiting.append((paths, [pool.submit(_read, model, path, view) for path in paths]))

    for _ in range(_AHEAD):
        submit()
    while waiting:
        submit()
        by_shape: dict[tuple[tuple[int, ...], ...], list[tuple[Path, Content]]] = {}
        for path, future in zip(*waiting.popleft(), strict=True):
            try:
                content = future.result()
            except DecodeError as error:
                failures.append(error)
                progress.advance()
            else:
                by_shape.setdefault(content.shape, []).append((path, content))
        for group in by_shape.values():
            yield [path for path, _ in group], [content for _, content in group]


def _read(model: Model, path: Path, view: View) -> Content:
    decoded = decode_with_alpha(path)
    return whole_picture.prepare(model.trained_model, decoded, view, panorama_area(path, *size_of(decoded.colour), view))


def _styles(model: Model, style: Style, contents: Sequence[Content], taken_for: Counter[str]) -> list[Style]:
    """The style for each content, whose domain is guessed where that matters; counts the guesses."""
    if style.own is not None or model.guess_kernel is None:
        return [style] * len(contents)
    numbers = trained_model.guess_domain(model.trained_model, np.stack([content.square for content in contents]))
    assert numbers is not None  # there is a kernel
    taken_for.update(model.domains[int(number)] for number in numbers)
    return [style._replace(own=int(number)) for number in numbers]


def _write(path: Path, out: Path, content: Content, images: list[np.ndarray], view: View, keep_metadata: bool) -> None:
    write(out, whole_picture.finish(content, images), **metadata_of(path, *content.size, view, keep_metadata)._asdict())


def _say_outcome(outcome: _Outcome, count: int, out: Path) -> int:
    if outcome.taken_for:
        counts = ", ".join(f"{number:,} for {name!r}" for name, number in outcome.taken_for.most_common())
        print(f"contents are taken {counts}; --content-domain says otherwise")
    if outcome.opaque:
        note(f"{len(outcome.opaque):,} results are over white, the first is {outcome.opaque[0]}: their formats cannot be transparent")
    print(f"wrote {outcome.written:,} of {count:,} pictures to {out}")
    for error in outcome.failures:
        note(f"semgan: left out: {error}")
    return EXIT_USER_ERROR if outcome.failures else 0
