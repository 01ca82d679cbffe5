"""A user's own pictures: one sub-folder per domain, in any of three layouts.

    root/cats/*.jpg           root/dogs/*.jpg            5 % of each domain are held out for the test split
    root/trainA/*.jpg         root/trainB/*.jpg          testA, testB optional (CycleGAN's layout)
    root/train/cats/*.jpg     root/train/dogs/*.jpg      test/ or val/ optional (AFHQ's layout)

Paired pictures (pix2pix) have the same name, but for the suffix, in each of two domains: A/7.jpg and B/7.png.

What pictures show may be annotated, see `folder_annotations`: attributes, category, landmarks, boxes, masks.

Files that are not pictures, dot-files, and pictures outside of domain folders are ignored and counted.
"""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data.cache import Source, hash_json
from semgan.data.decode import SUFFIXES, decode_picture, fit
from semgan.data.domains import ALL, DOMAIN, PAIR
from semgan.data.folder_annotations import AnnotationRows, belongings, read_annotations
from semgan.data.folder_masks import MASKS
from semgan.data.folder_table import TABLE
from semgan.errors import UserError

_HELD_OUT = 0.05  # share of a folder without a test split
_DECODING = 2  # raise when an example changes
_LETTERED = re.compile(r"(train|test|val)([A-Z])")


class Listing(NamedTuple):
    """The files of a folder of pictures.

    Attributes:
      files: by split and domain, sorted paths.
      ignored: files and folders that are not used, and why; dot-files are left out.
    """

    files: dict[str, dict[str, list[Path]]]
    ignored: list[tuple[Path, str]]


class FolderExample(NamedTuple):
    """Decodes a row; picklable."""

    root: str
    files: tuple[tuple[str, int, int], ...]  # path below root, domain, and what pictures of the same share
    image_size: int
    annotations: AnnotationRows

    def __call__(self, row: int) -> dict[str, np.ndarray]:
        path, domain, pair = self.files[row]
        picture = decode_picture(Path(self.root, path))
        height, width, _ = picture.shape
        values = self.annotations.fit(row, height, width, self.image_size)
        image = fit(picture, self.image_size)
        return {"image": image, DOMAIN: np.array(domain, np.int32), PAIR: np.array(pair, np.int32), **values}


def folder_source(root: Path | str, split: str, image_size: int, least_domains: int = 2, paired: bool = False) -> Source:
    """The pictures of one split ("train" or "test"), mixed over domains in an order that names alone decide, and their annotations.

    Raises:
      UserError: no such folder, domain folders that are missing or empty, or too few; it lists what was found. Pictures without
        a partner where `paired`. Annotations that are wrong, whatever the split.
    """
    root = Path(root)
    all_files = list_folder(root, least_domains, paired).files
    annotations = read_annotations(root, [path for domains in all_files.values() for paths in domains.values() for path in paths])
    domains = all_files[split]
    names = tuple(domains)
    pairs = {stem: number for number, stem in enumerate(sorted({path.stem for paths in domains.values() for path in paths}))}
    files = [(path.relative_to(root).as_posix(), index, pairs[path.stem]) for index, name in enumerate(names) for path in domains[name]]
    files.sort(key=lambda item: _name_hash(item[0]))
    stats = [(root / path).stat() for path, _, _ in files]
    listing = [[path, domain, stat.st_size, stat.st_mtime_ns] for (path, domain, _), stat in zip(files, stats, strict=True)]
    return Source(
        name="folder",
        split=split,
        count=len(files),
        fingerprint=hash_json(["folder", _DECODING, image_size, names, listing, *annotations.identity]),
        example=FolderExample(str(root), tuple(files), image_size, annotations.of([root / path for path, _, _ in files])),
        names={DOMAIN: names, **annotations.names},
    )


def list_folder(root: Path | str, least_domains: int = 2, paired: bool = False) -> Listing:
    """Finds the layout, the domains and their files; both splits have the same domains.

    With `least_domains` 1, pictures that lie in `root` itself, without sub-folders, are one domain, "all".

    Raises:
      UserError: as in `folder_source`.
    """
    root = Path(root)
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; give the folder that holds one sub-folder per domain")
    by_split = _find_domains(root, least_domains)
    used = {folder for domains in by_split.values() for folder in domains.values()}
    tables = belongings(root, used)
    ignored = [(path, "outside of the domain folders") for path in _unused_folders(root, used) if path not in tables]
    files: dict[str, dict[str, list[Path]]] = {}
    for split, domains in by_split.items():
        files[split] = {}
        for name, folder in domains.items():
            entries = _visible(folder)
            files[split][name] = [path for path in entries if path.suffix.lower() in SUFFIXES and path.is_file()]
            strays = sorted(set(entries) - set(files[split][name]) - tables)
            ignored += [(path, "a folder inside a domain" if path.is_dir() else "not a picture by its suffix") for path in strays]
    _check_domains(root, files, len(ignored), least_domains)
    if paired:
        for domains in files.values():
            _check_pairs(root, domains)
    if "test" not in files:
        files = _hold_out(root, files["train"], paired)
    return Listing(files, ignored)


def _visible(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]


def _find_domains(root: Path, least_domains: int) -> dict[str, dict[str, Path]]:
    """Folders by split and domain: `{"train": {"cats": Path}, "test": {...}}`; no "test" where none is kept apart."""
    folders = {path.name: path for path in _visible(root) if path.is_dir()}
    lettered = [match for name in folders if (match := _LETTERED.fullmatch(name))]
    tests = {match[1] for match in lettered} - {"train"}
    if lettered:
        held_out = "test" if "test" in tests else "val"
        splits = {"train": "train", held_out: "test"}
        folder_list = [(splits[match[1]], match[2], folders[match[0]]) for match in lettered if match[1] in splits]
    elif "train" in folders:
        held_out = "test" if "test" in folders else "val"
        split_roots = {"train": folders["train"]} | ({"test": folders[held_out]} if held_out in folders else {})
        folder_list = [(split, path.name, path) for split, top in split_roots.items() for path in _visible(top) if path.is_dir()]
    else:
        folder_list = [("train", name, path) for name, path in folders.items()]
        if not folders.keys() - ({MASKS} if (root / TABLE).is_file() else set()) and least_domains <= 1:
            folder_list = [("train", ALL, root)]
    result: dict[str, dict[str, Path]] = {"train": {}}
    for split, name, path in folder_list:
        result.setdefault(split, {})[name] = path
    return result


def _unused_folders(folder: Path, used: set[Path]) -> list[Path]:
    """The files and folders beside the used folders, at any level above them."""
    if folder in used:
        return []
    inner = [path for path in _visible(folder) if path in used or any(path in other.parents for other in used)]
    beside = sorted(set(_visible(folder)) - set(inner))
    return beside + [path for top in inner for path in _unused_folders(top, used)]


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
                raise UserError(f"{root}: domain {name!r} has no picture in {split}; add some or delete its folder {summary}")
            if name not in files["train"]:
                raise UserError(f"{root}: domain {name!r} is in {split} alone; add it to train {summary}")


def _check_pairs(root: Path, domains: dict[str, list[Path]]) -> None:
    if len(domains) != 2:
        raise UserError(f"{root}: pairs need two sub-folders, such as A and B; found {', '.join(domains)}")
    (a, b), stems = domains, [{path.stem: path.name for path in paths} for paths in domains.values()]
    for own, other, mine, others in ((a, b, *stems), (b, a, *reversed(stems))):
        if len(mine) < len(domains[own]):
            raise UserError(f"{root}: {own} has two files of one name that differ in the suffix alone; leave one")
        if alone := sorted(set(mine) - set(others)):
            raise UserError(
                f"{root}: {own} has {len(mine):,} pictures and {other} {len(others):,}, but {own}/{mine[alone[0]]} has no partner in "
                f"{other} ({len(alone):,} of {own} have none): give both the same names"
            )


def _hold_out(root: Path, domains: dict[str, list[Path]], paired: bool) -> dict[str, dict[str, list[Path]]]:
    """Holds out the files whose names hash lowest; at least one, and never all, of each domain, and of pairs always both."""
    files: dict[str, dict[str, list[Path]]] = {"train": {}, "test": {}}
    for name, paths in domains.items():
        if len(paths) < 2:
            raise UserError(f"{root}: domain {name!r} has one picture; two are needed, one to train on and one to test with")
        hashes = [_name_hash(path.stem if paired else f"{name}/{path.name}") for path in paths]
        held_out = {path for path, value in zip(paths, hashes, strict=True) if value < _HELD_OUT}
        if len(held_out) in (0, len(paths)):
            held_out = {paths[int(np.argmin(hashes))]}
        files["test"][name] = [path for path in paths if path in held_out]
        files["train"][name] = [path for path in paths if path not in held_out]
    return files


def _name_hash(name: str) -> float:
    """Uniform in [0, 1), by the name alone."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogateescape")).digest()[:7]) / 2**56
