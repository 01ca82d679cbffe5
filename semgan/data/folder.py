"""A user's own pictures: one sub-folder per domain, in any of these layouts, in a folder or in a zip file.

    root/cats/*.jpg           root/dogs/*.jpg            5 % of each domain are held out for the test split
    root/trainA/*.jpg         root/trainB/*.jpg          testA, testB optional (CycleGAN's layout)
    root/train/cats/*.jpg     root/train/dogs/*.jpg      test/ or val/ optional (AFHQ's layout)
    root/cats/train/*.jpg     root/dogs/train/*.jpg      cats/test, dogs/test or val optional
    root/00000/img00000000.png, root/00001/...           shards of one domain (StyleGAN2-ADA's layout, and FFHQ's); with labels in
                                                         root/dataset.json the classes are the domains, called by their numbers
    root/*.jpg, or root/train/*.jpg and root/test/*.jpg  one domain, "all", where one is enough

Paired pictures (pix2pix) have the same name, but for the suffix, and the same shape in each of two domains: A/7.jpg and B/7.png. Or they
lie side by side in one file, A at the left, all twice as wide as high, or all of one shape: root/*.jpg, or root/train/*.jpg and
root/test/*.jpg (pix2pix's own layout).

Splits may be written with capital letters. A folder that holds nothing but one folder is looked through, above the domains and below them:
root/photos/cats/images/*.jpg is root/cats/*.jpg.

What pictures show may be annotated, see `folder_annotations`: attributes, category, landmarks, boxes, masks; not in a zip file.

Files that are not pictures, hidden ones, broken links, and pictures outside of domain folders are ignored and counted.
"""

import functools
import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data.cache import Source, hash_json
from semgan.data.decode import fit, is_flat
from semgan.data.decode_warnings import FlatWarning
from semgan.data.domains import ALL, DOMAIN, PAIR
from semgan.data.folder_annotations import AnnotationRows, belongings, read_annotations
from semgan.data.folder_layouts import LABELS, Layout, find_layout, missing_folder
from semgan.data.folder_pairs import check_pairs, check_sides
from semgan.data.picture_files import (
    HIDDEN,
    NO_PICTURE,
    SUB_FOLDER,
    UNREADABLE,
    UNSAFE,
    count_left_out,
    decode_file,
    describe,
    entries,
    file_state,
    is_folder,
    is_hidden,
    pictures_below,
    unsafe_members,
    visible,
    why_left_out,
)
from semgan.errors import UserError
from semgan.files import why_no_folder
from semgan.names import one_form

_HELD_OUT = 0.05  # share of a folder without a test split
_DECODING = 3  # raise when an example changes
_NO_LABEL = f"without a label in {LABELS}"


class Listing(NamedTuple):
    """The files of a folder of pictures.

    Attributes:
      files: by split and domain, sorted paths.
      ignored: files and folders that are not used, and why; hidden ones are left out.
      hidden: those: dot-files, and folders that systems make.
      side_by_side: whether each file is a pair, its left half of the first domain and its right half of the second: both list it.
    """

    files: dict[str, dict[str, list[Path]]]
    ignored: list[tuple[Path, str]]
    hidden: list[Path]
    side_by_side: bool = False

    @property
    def paths(self) -> list[Path]:
        """All files, each once."""
        return list(dict.fromkeys(path for domains in self.files.values() for paths in domains.values() for path in paths))

    @property
    def left_out(self) -> Counter[str]:
        """The number of files by the reason that they are left out."""
        return count_left_out([*self.ignored, *((path, HIDDEN) for path in self.hidden)])


class FolderExample(NamedTuple):
    """Decodes a row; picklable."""

    root: str
    files: tuple[tuple[str, int, int], ...]  # path below root, domain, and what pictures of the same share
    image_size: int
    annotations: AnnotationRows
    side_by_side: bool = False

    def __call__(self, row: int) -> dict[str, np.ndarray]:
        path, domain, pair = self.files[row]
        place = Path(self.root, path)
        picture = _halves(place, file_state(place))[domain] if self.side_by_side else decode_file(place)
        height, width, _ = picture.shape
        values = self.annotations.fit(row, height, width, self.image_size)
        image = fit(picture, self.image_size)
        if is_flat(image):
            warnings.warn(FlatWarning(str(place)), stacklevel=2)
        return {"image": image, DOMAIN: np.array(domain, np.int32), PAIR: np.array(pair, np.int32), **values}


@functools.lru_cache(maxsize=1)
def _halves(path: Path, state: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The left and the right half of a picture; the second is asked for right after the first, and comes out of the same decoding."""
    picture = decode_file(path)
    middle = picture.shape[1] // 2
    return picture[:, :middle], picture[:, middle : 2 * middle]


def folder_source(root: Path | str, split: str, image_size: int, least_domains: int = 2, paired: bool = False) -> Source:
    """The pictures of one split ("train" or "test"), mixed over domains in an order that names alone decide, and their annotations.

    Raises:
      UserError: no such folder, domain folders that are missing or empty, or too few; it lists what was found. Pictures without
        a partner of their shape where `paired`. Annotations that are wrong, whatever the split.
    """
    root = Path(root)
    listing = list_folder(root, least_domains, paired)
    annotations = read_annotations(root, [] if listing.side_by_side else listing.paths)
    domains = listing.files[split]
    names = tuple(domains)
    shared = {path: one_form(path.name if listing.side_by_side else path.stem) for paths in domains.values() for path in paths}
    pairs = {name: number for number, name in enumerate(sorted(set(shared.values())))}
    files = [(path.relative_to(root).as_posix(), index, pairs[shared[path]]) for index, name in enumerate(names) for path in domains[name]]
    files.sort(key=lambda item: _name_hash(item[0]))
    identities = [[path, domain, *file_state(root / path)] for path, domain, _ in files]
    kind = ["folder", *(["side by side"] if listing.side_by_side else [])]
    return Source(
        name="folder",
        split=split,
        count=len(files),
        fingerprint=hash_json([*kind, _DECODING, image_size, names, identities, *annotations.identity]),
        example=FolderExample(
            str(root), tuple(files), image_size, annotations.of([root / path for path, _, _ in files]), listing.side_by_side
        ),
        names={DOMAIN: names, **annotations.names},
        note=describe_listing(root, listing) if split == "train" else "",
    )


def describe_listing(root: Path, listing: Listing) -> str:
    """The line that tells what became of a folder's files."""
    line = describe(root, len(listing.paths), listing.left_out)
    return line + ("; each is a pair side by side, A at the left and B at the right" if listing.side_by_side else "")


def list_folder(root: Path | str, least_domains: int = 2, paired: bool = False) -> Listing:
    """Finds the layout, the domains and their files; both splits have the same domains.

    With `least_domains` 1, pictures that lie in `root` itself, without sub-folders, are one domain, "all".

    Raises:
      UserError: as in `folder_source`.
    """
    root = Path(root)
    _check_readable(root)
    layout = find_layout(root, least_domains, paired)
    used = layout.folders
    tables = set() if layout.side_by_side else belongings(root, used)
    tables |= set() if layout.labels is None else {folder / LABELS for folder in used | {path.parent for path in used}}
    beside, above = _around(root, used)
    ignored = [(path, _reason(path, "outside of the domain folders", NO_PICTURE)) for path in beside if path not in tables]
    ignored += [(path, UNSAFE) for path in unsafe_members(root)]
    hidden = [path for folder in sorted(used | above) for path in entries(folder) if is_hidden(path)]
    pictures: dict[Path, list[Path]] = {}
    for folder in dict.fromkeys(folder for domains in layout.splits.values() for folders in domains.values() for folder in folders):
        inside = visible(folder)
        pictures[folder] = [path for path in inside if not why_left_out(path)]
        strays = sorted(set(inside) - set(pictures[folder]) - tables - used)
        ignored += [(path, _reason(path, "a folder inside a domain")) for path in strays]
    files = _by_domain(root, layout, pictures)
    ignored += _without_label(layout, pictures)
    _check_domains(root, files, len(ignored), least_domains)
    if layout.side_by_side:
        check_sides(root, [path for domains in files.values() for path in next(iter(domains.values()))])
    elif paired:
        for domains in files.values():
            check_pairs(root, domains)
    if "test" not in files:
        files = _hold_out(root, files["train"], paired)
    return Listing(files, ignored, hidden, layout.side_by_side)


def _check_readable(root: Path) -> None:
    if not is_folder(root):
        raise UserError(f"{root}: {why_no_folder(root)}; give the folder that holds one sub-folder per domain, or a zip file of it")
    if not os.access(root, os.R_OK | (os.X_OK if root.is_dir() else 0)):
        raise UserError(f"{root}: is {UNREADABLE if root.is_dir() else 'a file that cannot be read'}; change its permissions")


def _by_domain(root: Path, layout: Layout, pictures: Mapping[Path, Sequence[Path]]) -> dict[str, dict[str, list[Path]]]:
    """The pictures by split and domain."""
    files = {
        split: {name: [path for folder in folders for path in pictures[folder]] for name, folders in domains.items()}
        for split, domains in layout.splits.items()
    }
    if layout.labels is None:
        return files
    if absent := set(layout.labels) - set(files["train"][ALL]):
        raise UserError(f"{root}: {LABELS} has a label for {len(absent):,} pictures that are not there, the first is {min(absent)}")
    names = sorted(set(layout.labels.values()), key=int)
    return {"train": {name: [path for path, own in layout.labels.items() if own == name] for name in names}}


def _without_label(layout: Layout, pictures: Mapping[Path, Sequence[Path]]) -> list[tuple[Path, str]]:
    if layout.labels is None:
        return []
    return [(path, _NO_LABEL) for paths in pictures.values() for path in paths if path not in layout.labels]


def _reason(path: Path, by_place: str, *unlike: str) -> str:
    """Why a path is not used: its place, where it is what could be used elsewhere or is of these kinds; otherwise its own kind."""
    reason = why_left_out(path)
    return by_place if reason in ("", SUB_FOLDER, *unlike) else reason


def _around(folder: Path, used: set[Path]) -> tuple[list[Path], set[Path]]:
    """The files and folders beside the used folders, at any level above them, and the folders above them."""
    if folder in used:
        return [], set()
    inner = [path for path in visible(folder) if path in used or any(path in other.parents for other in used)]
    beside, above = sorted(set(visible(folder)) - set(inner)), {folder}
    for more, higher in (_around(top, used) for top in inner):
        beside, above = beside + more, above | higher
    return beside, above


def _check_domains(root: Path, files: dict[str, dict[str, list[Path]]], ignored: int, least_domains: int) -> None:
    summary = "; ".join(
        f"{split}: " + (", ".join(f"{name} ({len(paths):,} pictures)" for name, paths in domains.items()) or "no sub-folder")
        for split, domains in files.items()
    )
    summary = f"(found {summary}" + (f"; {ignored:,} other files ignored)" if ignored else ")")
    if len(files["train"]) < least_domains:
        raise UserError(f"{root}: {least_domains} domains are needed; make one sub-folder per domain, or trainA and trainB {summary}")
    for split, domains in files.items():
        for name in files["train"] | domains:
            if not domains.get(name):
                what = _no_picture(root, name) if name in domains else f"it has no folder there; {missing_folder(root, split, name)}"
                raise UserError(f"{root}: domain {name!r} has no picture in {split}; {what} {summary}")
            if name not in files["train"]:
                raise UserError(f"{root}: domain {name!r} is in {split} alone; add it to train {summary}")


def _no_picture(root: Path, name: str) -> str:
    """The advice where a domain's folder has no pictures in it."""
    deeper = [path for path in pictures_below(root) if name in path.relative_to(root).parts[:-2]]
    if not deeper:
        return "add some or delete its folder"
    example = deeper[0].relative_to(root).as_posix()
    return f"its pictures lie deeper, as {example} does: move them up, or give the folder that holds the domains"


def _hold_out(root: Path, domains: dict[str, list[Path]], paired: bool) -> dict[str, dict[str, list[Path]]]:
    """Holds out the files whose names hash lowest; at least one, and never all, of each domain, and of pairs always both."""
    files: dict[str, dict[str, list[Path]]] = {"train": {}, "test": {}}
    for name, paths in domains.items():
        if len(paths) < 2:
            raise UserError(f"{root}: domain {name!r} has one picture; two are needed, one to train on and one to test with")
        hashes = [_name_hash(one_form(path.stem) if paired else f"{name}/{path.name}") for path in paths]
        held_out = {path for path, value in zip(paths, hashes, strict=True) if value < _HELD_OUT}
        if len(held_out) in (0, len(paths)):
            held_out = {paths[int(np.argmin(hashes))]}
        files["test"][name] = [path for path in paths if path in held_out]
        files["train"][name] = [path for path in paths if path not in held_out]
    return files


def _name_hash(name: str) -> float:
    """Uniform in [0, 1), by the name alone."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogateescape")).digest()[:7]) / 2**56
