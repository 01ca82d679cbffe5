"""`semgan data check`: decodes every picture in full and lists the bad ones, before a training run fails on them."""

import contextlib
import hashlib
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from semgan.data import cache, celeb_a
from semgan.data.celeb_a_files import Pictures, is_celeb_a
from semgan.data.decode import DecodeError, decode_picture, is_flat
from semgan.data.decode_warnings import FramesWarning
from semgan.data.folder import Listing, list_folder
from semgan.data.folder_annotations import is_mask, read_annotations
from semgan.data.folder_layouts import find_layout
from semgan.data.folder_pairs import check_pairs
from semgan.data.folder_table import TABLE
from semgan.data.picture_files import describe, is_folder, read_file, size_as_seen, survey
from semgan.data.records import open_records, parse_example, split_lengths
from semgan.data.workers import run_in_workers
from semgan.errors import UserError
from semgan.files import why_no_folder
from semgan.names import one_form
from semgan.progress import Progress

MIN_SIDE = 32
"""Smaller pictures are reported: there is nothing to learn from them."""
MAX_ASPECT = 4.0
"""Longer pictures are reported: the centred square that training sees leaves most of them out."""
_BATCH = 64
_MOST_LINES = 50  # lines of each kind in the text of a report


class DataReport(NamedTuple):
    """The findings of a check.

    Attributes:
      folder, kind: what was checked, and as what.
      counts: pictures by "split/domain" or split, with the bad ones.
      bad: names of pictures that should be fixed or removed, and why.
      ignored: names of what was skipped, and why.
      notes: other things worth knowing.
      left_out: the number of files that are not used, by the reason.
    """

    folder: str
    kind: str
    counts: dict[str, int]
    bad: list[tuple[str, str]]
    ignored: list[tuple[str, str]]
    notes: list[str]
    left_out: Mapping[str, int] = MappingProxyType({})

    @property
    def clean(self) -> bool:
        return not self.bad


def check_folder(folder: Path | str) -> DataReport:
    """Checks a folder of pictures or a zip file of them, or a folder of CelebA's files, of a prepared dataset, or a cache.

    Raises:
      UserError: no such folder, or none of these in it.
    """
    folder = Path(folder)
    if not is_folder(folder):
        raise UserError(f"{folder}: {why_no_folder(folder)}; give the folder to check, or a zip file")
    if not folder.is_dir():
        return _check_pictures(folder)
    if (folder / "manifest.json").is_file():
        return _check_cache(folder)
    if (prepared := celeb_a.find_prepared(folder, "*")) is not None:
        return _check_prepared(prepared)
    if is_celeb_a(folder):
        return _check_celeb_a(folder)
    return _check_pictures(folder)


def format_report(report: DataReport) -> str:
    """The report as text for a terminal, the verdict last."""
    lines = [f"{report.folder}: {report.kind}"]
    lines += [f"  {name}: {count:,} pictures" for name, count in report.counts.items()]
    listed = [[f"{name}: {reason}" for name, reason in entries] for entries in (report.ignored, report.bad)]
    for title, entries in zip(("note", "ignored", "bad"), (report.notes, *listed), strict=True):
        lines += [f"  {title}: {entry}" for entry in entries[:_MOST_LINES]]
        if len(entries) > _MOST_LINES:
            lines.append(f"  {title}: and {len(entries) - _MOST_LINES:,} more")
    total = sum(report.counts.values())
    if report.left_out:
        lines.append(f"  {describe(report.folder, total, report.left_out)}")
    verdict = "clean" if report.clean else f"{len(report.bad):,} bad"
    ignored = sum(report.left_out.values()) or len(report.ignored)
    lines.append(f"{total:,} pictures, {ignored:,} files ignored: {verdict}")
    return "\n".join(lines)


class _Finding(NamedTuple):
    reason: str  # "": nothing wrong
    sha256: str  # of the picture's bytes
    notes: tuple[str, ...] = ()  # what decoding had to guess
    frames: int = 0  # left out after the first


class _FileInspector(NamedTuple):
    """Inspects the pictures from `start` on, a batch; picklable."""

    read: Callable[[int], bytes]
    count: int
    minds_size: bool  # of a user's own pictures; a prepared dataset has the size it was asked for

    def __call__(self, start: int) -> list[_Finding]:
        return [self._inspect(index) for index in range(start, min(start + _BATCH, self.count))]

    def _inspect(self, index: int) -> _Finding:
        try:
            data = self.read(index)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                image = decode_picture(data, "picture")
        except DecodeError as error:
            return _Finding(error.reason, "")
        notes = tuple(str(each.message).removeprefix("picture: ") for each in caught)
        frames = sum(each.message.count for each in caught if isinstance(each.message, FramesWarning))
        return _Finding(self._fault(image) if self.minds_size else "", hashlib.sha256(data).hexdigest(), notes, frames)

    def _fault(self, image: np.ndarray) -> str:
        height, width = image.shape[:2]
        if min(height, width) < MIN_SIDE:
            return f"is {width} x {height} pixels, smaller than {MIN_SIDE}"
        if max(height, width) > MAX_ASPECT * min(height, width):
            return f"is {width} x {height} pixels, longer than {MAX_ASPECT:g} to 1"
        return "shows nothing: it is of one colour, or nearly" if is_flat(image) else ""


class _ReadFile(NamedTuple):
    paths: list[Path]

    def __call__(self, index: int) -> bytes:
        return read_file(self.paths[index])


class _ReadCelebA(NamedTuple):
    pictures: Pictures
    files: tuple[str, ...]

    def __call__(self, index: int) -> bytes:
        return self.pictures.read(self.files[index])


class _ReadRecord(NamedTuple):
    folder: Path
    split: str

    def __call__(self, index: int) -> bytes:
        try:
            return parse_example(open_records(self.folder, self.split)(index))["image"][0]
        except (ValueError, KeyError, IndexError) as error:
            raise DecodeError(f"record {index}", f"is not an example with a picture ({error})") from error


def _inspect_all(read: Callable[[int], bytes], count: int, label: str, minds_size: bool = False) -> list[_Finding]:
    findings: dict[int, list[_Finding]] = {}
    with Progress(label, count) as progress:
        for start, batch in run_in_workers(_FileInspector(read, count, minds_size), range(0, count, _BATCH)):
            findings[start] = batch
            progress.advance(len(batch))
    return [finding for start in sorted(findings) for finding in findings[start]]


def _check_pictures(folder: Path) -> DataReport:
    notes: list[str] = []
    try:
        listing = _list_any(folder)
        groups = {f"{split}/{name}": paths for split, domains in listing.files.items() for name, paths in domains.items()}
        ignored = [(path.relative_to(folder).as_posix(), reason) for path, reason in listing.ignored]
        left_out = listing.left_out
        if listing.side_by_side:
            groups = {f"{split}: A and B side by side": next(iter(domains.values())) for split, domains in listing.files.items()}
    except UserError as error:
        paths, left_out = survey(folder)
        groups, ignored = {"all": [path for path in paths if not is_mask(path)]}, []
        if not groups["all"]:
            raise
        notes.append(f"not yet a dataset for translation: {error}")
    paths = [path for group in groups.values() for path in group]
    names = [path.relative_to(folder).as_posix() for path in paths]
    findings = _inspect_all(_ReadFile(paths), len(paths), "checking pictures", minds_size=True)
    (bad, annotation_notes), first = _check_annotations(folder, paths), {}
    for name, finding in zip(names, findings, strict=True):
        if finding.reason:
            bad.append((name, finding.reason))
        elif (original := first.setdefault(finding.sha256, name)) != name:
            bad.append((name, f"has the same bytes as {original}"))
        notes += [f"{name}: {note}" for note in finding.notes]
    if frames := [finding.frames for finding in findings if finding.frames]:
        notes.append(f"{len(frames):,} files have several pages or frames; {sum(frames):,} are left out")
    notes += _unlike_pairs(folder, groups)
    counts = {name: len(group) for name, group in groups.items()}
    return DataReport(str(folder), "a folder of pictures", counts, bad, ignored, notes + annotation_notes, left_out)


def _list_any(folder: Path) -> Listing:
    """The listing of domains, or of pairs side by side, each twice as wide as high."""
    try:
        return list_folder(folder)
    except UserError:
        if find_layout(folder, paired=True).side_by_side:
            with contextlib.suppress(UserError):
                listing = list_folder(folder, paired=True)
                height, width = next(filter(None, map(size_as_seen, listing.paths)), (0, 0))
                if 0 < width == 2 * height:
                    return listing
        raise


def _unlike_pairs(folder: Path, groups: Mapping[str, list[Path]]) -> list[str]:
    """A note where two domains of a split have the same names, as pairs have, but pictures of different shapes under them."""
    notes = []
    for split in sorted({name.partition("/")[0] for name in groups}):
        domains = {name.partition("/")[2]: paths for name, paths in groups.items() if name.partition("/")[0] == split}
        names = [{one_form(path.stem) for path in paths} for paths in domains.values()]
        if len(names) == 2 and names[0] == names[1]:
            try:
                check_pairs(folder, domains)
            except UserError as error:
                notes.append(f"no pairs, which pix2pix needs: {error}")
    return notes


def _check_annotations(folder: Path, paths: list[Path]) -> tuple[list[tuple[str, str]], list[str]]:
    """The faults of the annotations of a folder's pictures, or a note of what is annotated."""
    try:
        names = read_annotations(folder, paths).names
    except UserError as error:
        return [(TABLE, str(error))], []
    return [], [f"annotated with {', '.join(f'{name} ({len(each):,})' for name, each in names.items())}"] if names else []


def _check_celeb_a(folder: Path) -> DataReport:
    annotations, pictures = celeb_a.read_annotations(folder), celeb_a.open_pictures(folder)
    notes = celeb_a.compare_with_official(folder)
    findings = _inspect_all(_ReadCelebA(pictures, annotations.files), len(annotations.files), "checking CelebA")
    bad = [(name, finding.reason) for name, finding in zip(annotations.files, findings, strict=True) if finding.reason]
    counts = {split: int(np.sum(annotations.partition == number)) for split, number in celeb_a.SPLITS.items()}
    return DataReport(str(folder), "CelebA's official files" if pictures.is_zip else "CelebA's files", counts, bad, [], notes)


def _check_prepared(folder: Path) -> DataReport:
    bad, counts = [], {}
    for split in split_lengths(folder):
        counts[split] = open_records(folder, split).count
        findings = _inspect_all(_ReadRecord(folder, split), counts[split], f"checking {split}")
        bad += [(f"{split} record {row}", finding.reason) for row, finding in enumerate(findings) if finding.reason]
    return DataReport(str(folder), "a dataset that tfds prepared", counts, bad, [], [])


def _check_cache(folder: Path) -> DataReport:
    opened = cache.open_cache(folder)
    bad = [(name, "its SHA-256 is not the manifest's; delete the cache") for name in cache.verify(folder)]
    ignored = [(f"row {row}", reason) for row, reason in opened.manifest["failed"]]
    return DataReport(str(folder), "a cache", {opened.manifest["split"]: len(opened.images)}, bad, ignored, [])
