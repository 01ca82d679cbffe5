"""The layouts of folders of pictures: which folders hold which domain of which split."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from semgan.data.domains import ALL
from semgan.data.folder_masks import MASKS
from semgan.data.folder_table import TABLE
from semgan.data.picture_files import SUB_FOLDER, entries, is_file, is_folder, read_file, visible, why_left_out
from semgan.errors import UserError
from semgan.names import one_form, printable

Splits = dict[str, dict[str, tuple[Path, ...]]]
"""Folders by split ("train", and "test" where one is kept apart) and domain."""
SIDES = ("A", "B")
"""The domains of pictures that hold a pair side by side: the left half and the right one."""
LABELS = "dataset.json"
_LETTERED = re.compile(r"(train|test|val)([A-Z])")
_NEARLY_LETTERED = re.compile(r"(train|test|val)[_-]?([a-z])", re.IGNORECASE)
_SPLITS = ("train", "test", "val")
_SHARD, _SHARD_PICTURE = re.compile(r"\d{5}"), re.compile(r"(?:img)?(\d{5,})")
_SHARD_LENGTH = 1000
_MOST_WRAPPERS = 3


class Layout(NamedTuple):
    """The places of a folder's pictures.

    Attributes:
      splits: the folders of each domain of each split; of one domain, "all", where `labels` give the domains.
      side_by_side: whether each picture is a pair, A and B.
      labels: the domain of each picture that a `dataset.json` has given one; None without.
    """

    splits: Splits
    side_by_side: bool = False
    labels: Mapping[Path, str] | None = None

    @property
    def folders(self) -> set[Path]:
        """All folders that pictures are taken from."""
        return {folder for domains in self.splits.values() for folders in domains.values() for folder in folders}


def find_layout(root: Path, least_domains: int = 2, paired: bool = False) -> Layout:
    """Recognises the layout of a folder, see `folder`; whether its pictures are enough is not checked here.

    Raises:
      UserError: a `dataset.json` that cannot be read.
    """
    top = _unwrap(root)
    folders = {domain_name(path): path for path in visible(top) if is_usable(path)}
    shards = set(folders.values()) if _are_shards(folders) else set()
    if (labels := _read_labels(top / LABELS)) is not None:
        holding = {path.parent for path in labels if is_folder(path.parent)}
        return Layout({"train": {ALL: tuple(sorted(holding | shards))}}, labels=labels)
    if shards:
        return Layout({"train": {ALL: tuple(folders.values())}})
    if lettered := _lettered(folders):
        return _of_splits((split, letter, folders[name]) for name, (split, letter) in lettered.items())
    splits = _split_folders(folders)
    if "train" in splits and not _is_domain_called_train(folders, splits):
        return _below_splits(splits, least_domains, paired)
    if _are_domains_of_splits(folders.values()):
        inner = {name: _split_folders({path.name: path for path in visible(folder) if is_usable(path)}) for name, folder in folders.items()}
        return _of_splits((split, name, path) for name, each in inner.items() for split, path in each.items())
    return _without_splits(top, folders, least_domains, paired)


def domain_name(folder: Path) -> str:
    """The name of the domain that a folder holds."""
    return printable(one_form(folder.name))


def is_usable(path: Path) -> bool:
    """Returns whether it is a folder that can be read and is not hidden."""
    return why_left_out(path) == SUB_FOLDER


def holds_pictures(folder: Path) -> bool:
    """Returns whether pictures lie in the folder itself."""
    return any(not why_left_out(path) for path in entries(folder))


def missing_folder(root: Path, split: str, name: str) -> str:
    """The advice where a split lacks a domain."""
    folders = {domain_name(path): path for path in visible(_unwrap(root)) if is_usable(path)}
    if lettered := _lettered(folders):
        return f"add {_spelling(lettered, split)}{name}, or take all {split} folders away and a part of the others is held out"
    if "train" not in _split_folders(folders):
        return f"add {name}/{split}, or take all {split} folders away and a part of the others is held out"
    return f"add {split}/{name}, or take {split} away and a part of the others is held out"


def _spelling(lettered: Mapping[str, tuple[str, str]], split: str) -> str:
    """The way in which this folder writes `trainA` without its letter: `train`, `Train_`."""
    return next((name[:-1] for name, (own, _) in lettered.items() if own == split), split)


def _of_splits(places: Iterable[tuple[str, str, Path]]) -> Layout:
    """The layout of folders with their split and domain; `val` serves where there is no `test`."""
    places = list(places)
    held_out = "test" if any(split == "test" for split, _, _ in places) else "val"
    splits: Splits = {"train": {}}
    for split, name, path in places:
        if split in ("train", held_out):
            splits.setdefault("train" if split == "train" else "test", {})[name] = (_innermost(path),)
    return Layout(splits)


def _below_splits(splits: Mapping[str, Path], least_domains: int, paired: bool) -> Layout:
    held_out = "test" if "test" in splits else "val"
    places = {split: splits[split] for split in ("train", held_out) if split in splits}
    inner = {split: [path for path in visible(top) if is_usable(path)] for split, top in places.items()}
    if not inner["train"] and (least_domains <= 1 or paired) and holds_pictures(places["train"]):
        domains: tuple[str, ...] = SIDES if paired else (ALL,)
        whole: Splits = {"train" if split == "train" else "test": dict.fromkeys(domains, (path,)) for split, path in places.items()}
        return Layout(whole, side_by_side=paired)
    return _of_splits((split, domain_name(path), path) for split, paths in inner.items() for path in paths)


def _without_splits(top: Path, folders: Mapping[str, Path], least_domains: int, paired: bool) -> Layout:
    apart = {MASKS} if (top / TABLE).is_file() else set()
    if not folders.keys() - apart and (least_domains <= 1 or (paired and holds_pictures(top))):
        return Layout({"train": dict.fromkeys(SIDES if paired else (ALL,), (top,))}, side_by_side=paired)
    return Layout({"train": {name: (_innermost(path),) for name, path in folders.items()}})


def _unwrap(root: Path) -> Path:
    """The folder that holds the layout: archives often unpack to a folder in a folder, alone there."""
    top = root
    for _ in range(_MOST_WRAPPERS):
        inner = [path for path in visible(top) if is_usable(path)]
        if len(inner) != 1 or inner[0].name.lower() in _SPLITS or (top / TABLE).is_file() or holds_pictures(top):
            break
        top = inner[0]
        folders = {path.name: path for path in visible(top) if is_usable(path)}
        if len(folders) > 1 or _split_folders(folders) or _are_shards(folders) or _has_labels(top):
            return root if holds_pictures(top) and not _has_labels(top) else top
    return root


def _innermost(folder: Path) -> Path:
    """The folder inside which a domain's pictures lie: itself, or the only one in it, such as `images`, where it has none itself."""
    inner = folder
    for _ in range(_MOST_WRAPPERS):
        if holds_pictures(inner):
            return inner
        folders = [path for path in visible(inner) if is_usable(path)]
        if len(folders) != 1:
            break
        inner = folders[0]
    return folder


def _lettered(folders: Mapping[str, Path]) -> dict[str, tuple[str, str]]:
    """The split and the domain of folders like `trainA`, by their names; in other spellings only where no folder is called otherwise."""
    near = {name: (match[1].lower(), match[2].upper()) for name in folders if (match := _NEARLY_LETTERED.fullmatch(name))}
    alike = len(near) == len(folders) and len(set(near.values())) == len(near)
    if alike and sum(split == "train" for split, _ in near.values()) > 1:
        return near
    return {name: (match[1], match[2]) for name in folders if (match := _LETTERED.fullmatch(name))}


def _split_folders(folders: Mapping[str, Path]) -> dict[str, Path]:
    """The folders that are called as a split is, by the split; capital letters count where small ones are absent."""
    by_small = {**{name.lower(): path for name, path in folders.items()}, **folders}
    return {split: by_small[split] for split in _SPLITS if split in by_small}


def _is_domain_called_train(folders: Mapping[str, Path], splits: Mapping[str, Path]) -> bool:
    """Returns whether `train` is a domain: it holds pictures and no folders, and beside it are folders that are not splits."""
    train = splits["train"]
    return holds_pictures(train) and not any(map(is_usable, visible(train))) and len(folders) > len(splits)


def _are_domains_of_splits(folders: Iterable[Path]) -> bool:
    """Returns whether the splits lie inside the domains, as `A/train`: some domain has such a folder, and none has pictures itself."""
    folders = list(folders)
    names = [{path.name.lower() for path in visible(folder) if is_usable(path)} for folder in folders]
    return any("train" in each for each in names) and not any(map(holds_pictures, folders))


def _are_shards(folders: Mapping[str, Path]) -> bool:
    """Returns whether folders hold a thousand pictures each, of one domain, as StyleGAN2-ADA's `00000/img00000000.png` and FFHQ's
    `01000/01000.png`: the numbers of pictures and folders go together.
    """
    return bool(folders) and all(_SHARD.fullmatch(name) and _is_shard(int(name), path) for name, path in folders.items())


def _is_shard(number: int, folder: Path) -> bool:
    names = [path.stem for path in visible(folder) if not why_left_out(path)]
    matches = [_SHARD_PICTURE.fullmatch(name) for name in names]
    firsts = (number, number * _SHARD_LENGTH)  # FFHQ's folders have the first picture's number, StyleGAN2-ADA's count on
    numbers = [int(match[1]) for match in matches if match]
    return (
        bool(names) and len(numbers) == len(names) and any(all(0 <= each - first < _SHARD_LENGTH for each in numbers) for first in firsts)
    )


def _has_labels(folder: Path) -> bool:
    return _read_labels(folder / LABELS) is not None


def _read_labels(path: Path) -> dict[Path, str] | None:
    """The class of each picture by StyleGAN2-ADA's `dataset.json`; None without the file, or where it is another's or has no labels."""
    if not is_file(path) or b'"labels"' not in (data := read_file(path)):
        return None
    try:
        labels = json.loads(data)["labels"]
        if not labels or not all(isinstance(each, list) and len(each) == 2 and isinstance(each[0], str) for each in labels):
            return None
        return dict(sorted((_picture(path.parent, file), _class_name(label)) for file, label in labels))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UserError(
            f'{path}: its "labels" are not pairs of a file and the number of its class ({error}); correct or delete it'
        ) from error


def _picture(top: Path, file: str) -> Path:
    parts = Path(file.replace("\\", "/")).parts
    if ".." in parts or "/" in parts or not parts:
        raise ValueError(f"{file!r} leads outside")
    return top.joinpath(*parts)


def _class_name(label: Any) -> str:
    """A class's number, also where it is written as a vector that is 1 in one place."""
    if isinstance(label, Sequence) and not isinstance(label, str) and sorted(label)[-2:] in ([0, 1], [1]) and sum(label) == 1:
        return str(list(label).index(1))
    if isinstance(label, bool) or not isinstance(label, int):
        raise ValueError(f"{label!r} is not a number of a class")
    return str(label)
