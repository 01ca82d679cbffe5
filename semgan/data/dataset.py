"""Opens a dataset by name: prepared and cached at first use, memory-mapped from then on."""

import difflib
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from semgan.data.answers import Answer
from semgan.data.cache import Cache, Source, build_cache, hash_json
from semgan.data.domains import DOMAIN, PAIR, assign_domains, check_expressions, matches
from semgan.errors import UserError
from semgan.paths import cache_dir, expand

NAMES = ("drawn_faces", "celeb_a", "folder")
SPLITS = ("train", "test")


class Dataset(NamedTuple):
    """One split, ready to use; arrays are memory-mapped where large.

    Attributes:
      name, split: which.
      images: uint8 (cache_count, size, size, 3); those that could not be decoded are black and never in `rows`.
      rows: int64 (count,), the rows of the cache that belong to a domain and are not left out, in order.
      domain: int32 (count,), the domain of each used row, aligned with `rows`.
      domains: the domains' names.
      annotations: aligned with the cache, so index them with `rows`: "attributes" int8 (n, attributes) in {0, 1};
        "landmarks" float32 (n, 5, 2) as (x, y) in fractions of the width and height, the eye at the image's left first, then
        the other, nose, left and right corner of the mouth; "mask" uint8 (n, size, size), class ids; "category" int32 (n,), class ids;
        "boxes" float32 (n, boxes, 4) as (left, top, right, bottom) in fractions of the width and height, all -1 where a picture does
        not show the part. Those that the data has.
      names: of the attributes under "attributes", of the classes under "mask" and "category", of the parts under "boxes" and, where
        the data names them, "landmarks".
      fingerprint: hex; of the cache's content and of the rows and domains used.
      partner: int64 (count,), for each used row the place in `rows` of the picture that shows the same in the other domain; None
        unless opened as paired.
      lacks: what to do about annotations that it could have and does not, by annotation.
      answer: draws the right answers to translations between rows of the cache; None where nobody knows them.
    """

    name: str
    split: str
    images: np.ndarray
    rows: np.ndarray
    domain: np.ndarray
    domains: tuple[str, ...]
    annotations: dict[str, np.ndarray]
    names: dict[str, tuple[str, ...]]
    fingerprint: str
    partner: np.ndarray | None = None
    lacks: Mapping[str, str] = MappingProxyType({})
    answer: Answer | None = None


def open_dataset(
    name: str,
    *,
    split: str,
    image_size: int,
    source: str = "",
    domains: Sequence[str] = (),
    count: int = 0,
    left_out: Sequence[str] = (),
    cache: Path | str | None = None,
    least_domains: int = 2,
    paired: bool = False,
) -> Dataset:
    """Opens a split; at first use it is drawn or decoded, with progress.

    Args:
      name: "drawn_faces", "celeb_a" or "folder".
      split: "train" or "test".
      image_size: pixels; pictures are square.
      source: the folder of the user's files; not for drawn_faces.
      domains: names or attribute expressions (`semgan.data.domains`); none: all domains that the data has.
      count: uses the first `count` rows that belong to a domain, or all where there are fewer; 0: all. Of drawn_faces there are 20,000 to
        train on and 2,000 held out, of all domains together (or `count`, if that is more), and those that are needed are drawn.
      left_out: expressions like those of `domains`; pictures that match any are taken out of those that `count` gives, so that all
        others stay the same.
      cache: folder of the prepared data; `cache_dir() / "data"` by default.
      least_domains: with fewer it is refused; 1 for training without translation.
      paired: every picture has a partner that shows the same in the other of two domains: files of the same names in a folder's
        two sub-folders, or one drawn face in two media.

    Raises:
      UserError: an unknown name, split, domain or attribute; files that are missing or damaged; too few domains; a domain
        without pictures; pictures without a partner.
    """
    if split not in SPLITS:
        raise UserError(f"data split {split!r} is unknown; use one of: {', '.join(SPLITS)}")
    if image_size < 1 or count < 0:
        raise UserError(f"image_size {image_size} and count {count}: a size is at least 1 and a count at least 0")
    folder = Path(cache) if cache else cache_dir() / "data"
    listing = _source(name, split, image_size, expand(source), count, tuple(domains), folder, least_domains, paired)
    if listing.note:
        print(listing.note, file=sys.stderr, flush=True)
    check_expressions(domains, listing.names)
    check_expressions(left_out, listing.names, "data.left_out")
    prepared = build_cache(listing, folder / f"{name}-{split}-{image_size}-{listing.fingerprint[:16]}", image_size)
    _say_failed(listing, prepared)
    _say_notes(listing, prepared)
    dataset = _select(listing, prepared, domains, count, left_out, least_domains)
    return dataset._replace(partner=_partners(dataset, prepared.annotations[PAIR])) if paired else dataset


def _source(
    name: str,
    split: str,
    image_size: int,
    source: str,
    count: int,
    domains: tuple[str, ...],
    cache: Path,
    least_domains: int,
    paired: bool,
) -> Source:
    """Returns the listing that a dataset's cache is made from; of drawn faces only as many as `count` pictures of the domains need."""
    if name == "drawn_faces":
        from semgan.data.drawn_faces import drawn_faces_source, paired_faces_source
        from semgan.data.drawn_faces.counts import pictures_to_draw

        drawn = pictures_to_draw(split, count, domains, paired)
        if paired:
            return paired_faces_source(split, image_size, drawn)
        return drawn_faces_source(split, image_size, drawn, cache)
    if name not in NAMES:
        nearest = difflib.get_close_matches(name, NAMES, 1) or [", ".join(NAMES)]
        raise UserError(f"data.name: {name!r} is unknown; did you mean {nearest[0]}?")
    if not source:
        raise UserError(f"data.source: {name} needs the folder of your files; set --config.data.source=FOLDER")
    if name == "celeb_a" and paired:
        raise UserError("data.name: celeb_a has no pairs of pictures; use a folder with two sub-folders of files of the same names")
    if name == "celeb_a":
        from semgan.data.celeb_a import celeb_a_source

        return celeb_a_source(source, split, image_size)
    from semgan.data.folder import folder_source

    return folder_source(source, split, image_size, least_domains, paired)


def _say_failed(source: Source, cache: Cache) -> None:
    if failed := cache.manifest["failed"]:
        print(
            f"{source.name} ({source.split}): {len(failed):,} of {source.count:,} pictures cannot be used and are left out, "
            f"the first because: {failed[0][1]}",
            file=sys.stderr,
        )


_NOTES = {
    "frames": "have several pages or frames, of which the first is used and {count:,} are left out, the first is",
    "flat": "are of one colour, or nearly, and stay in the data (warning: there is nothing to learn from them), the first is",
    "guess": "were decoded by a guess (semgan data check lists all), the first is",
}


def _say_notes(source: Source, cache: Cache) -> None:
    """Says what decoding warned of when the cache was built, whenever that was."""
    for kind, note in cache.manifest.get("notes", {}).items():
        what = _NOTES[kind].format(count=note["count"])
        print(f"{source.name} ({source.split}): {note['pictures']:,} pictures {what} {note['first']}", file=sys.stderr)


def _select(source: Source, cache: Cache, expressions: Sequence[str], count: int, left_out: Sequence[str], least_domains: int) -> Dataset:
    """The rows that belong to a domain, the first `count` of them, without those that are left out."""
    domain, domains = assign_domains(expressions, cache.annotations, source.names, len(cache.images))
    rows = np.flatnonzero((domain >= 0) & cache.usable).astype(np.int64)[: count or None]
    rows = _leave_out(source, cache, rows, left_out)
    domain = domain[rows]
    counts = dict(zip(domains, np.bincount(domain, minlength=len(domains)).tolist(), strict=True))
    summary = ", ".join(f"{name}: {size:,}" for name, size in counts.items())
    if empty := [name for name, size in counts.items() if not size]:
        less = ", without those of data.left_out: leave out less" if left_out else ""
        raise UserError(f"{source.name} ({source.split}): domain {empty[0]!r} has no picture; found {summary}{less}")
    if len(domains) < least_domains:
        raise UserError(
            f"{source.name} ({source.split}): {least_domains} domains are needed; found {summary}; "
            "name more in data.domains, by attribute as in ('Male', '~Male') where the data has attributes"
        )
    used = hashlib.sha256(rows.tobytes() + domain.tobytes()).hexdigest()
    return Dataset(
        name=source.name,
        split=source.split,
        images=cache.images,
        rows=rows,
        domain=domain,
        domains=domains,
        annotations={key: value for key, value in cache.annotations.items() if key not in (DOMAIN, PAIR)},
        names={key: tuple(value) for key, value in source.names.items() if key != DOMAIN},
        fingerprint=hash_json([cache.manifest["fingerprint"], domains, used]),
        lacks=source.lacks,
        answer=source.answer,
    )


def _leave_out(source: Source, cache: Cache, rows: np.ndarray, left_out: Sequence[str]) -> np.ndarray:
    """The rows (n,) that match none of the expressions; says how many match which."""
    if not left_out:
        return rows
    matched = np.stack([matches(each, cache.annotations, source.names, len(cache.images))[rows] for each in left_out])
    by_expression = ", ".join(f"{each}: {number:,}" for each, number in zip(left_out, matched.sum(1).tolist(), strict=True))
    excluded = matched.any(0)
    print(f"{source.name} ({source.split}): {excluded.sum():,} of {len(rows):,} pictures are left out ({by_expression})", file=sys.stderr)
    return rows[~excluded]


def _partners(dataset: Dataset, pair: np.ndarray) -> np.ndarray:
    """The place of each used row's partner in the other domain."""
    if len(dataset.domains) != 2:
        raise UserError(
            f"data.domains: pairs are pictures of two domains, but there are {len(dataset.domains)} ({', '.join(dataset.domains)}); "
            "name two in data.domains"
        )
    pair = pair[dataset.rows]
    places = [dict(zip(pair[at].tolist(), at.tolist(), strict=True)) for at in (np.flatnonzero(dataset.domain == i) for i in range(2))]
    partner = np.empty(len(pair), np.int64)
    for place, (number, domain) in enumerate(zip(pair.tolist(), dataset.domain.tolist(), strict=True)):
        if number not in places[1 - domain]:
            raise UserError(
                f"{dataset.name} ({dataset.split}): picture {dataset.rows[place]} of {dataset.domains[domain]} has no partner that can be "
                f"used in {dataset.domains[1 - domain]}; give both, or leave both out (an odd data.{dataset.split}_count cuts a pair, "
                "and so does a data.left_out that matches one of its pictures alone)"
            )
        partner[place] = places[1 - domain][number]
    return partner
