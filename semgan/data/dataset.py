"""Opens a dataset by name: prepared and cached at first use, memory-mapped ever after."""

import difflib
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data.cache import Cache, Source, build_cache, hash_json
from semgan.data.domains import DOMAIN, assign_domains, check_expressions
from semgan.errors import UserError
from semgan.paths import cache_dir

NAMES = ("drawn_faces", "celeb_a", "folder")
SPLITS = ("train", "test")


class Dataset(NamedTuple):
    """One split, ready to use; arrays are memory-mapped where large.

    Attributes:
      name, split: which.
      images: uint8 (cache_count, size, size, 3); those that could not be decoded are black and never in `rows`.
      rows: int64 (count,), the rows of the cache that belong to a domain, in order.
      domain: int32 (count,), the domain of each used row, aligned with `rows`.
      domains: the domains' names.
      annotations: aligned with the cache, so index them with `rows`: "attributes" int8 (n, attributes) in {0, 1};
        "landmarks" float32 (n, 5, 2) as (x, y) in fractions of the width and height, the eye at the image's left first, then
        the other, nose, left and right corner of the mouth; "mask" uint8 (n, size, size), class ids. Those that the data has.
      names: of the attributes under "attributes", of the mask's classes under "mask".
      fingerprint: hex; of the cache's content and of the rows and domains used.
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


def open_dataset(
    name: str,
    *,
    split: str,
    image_size: int,
    source: str = "",
    domains: Sequence[str] = (),
    count: int = 0,
    cache: Path | str | None = None,
    least_domains: int = 2,
) -> Dataset:
    """Opens a split; at first use it is drawn or decoded, with progress.

    Args:
      name: "drawn_faces", "celeb_a" or "folder".
      split: "train" or "test".
      image_size: pixels; pictures are square.
      source: the folder of the user's files; not for drawn_faces.
      domains: names or attribute expressions (`semgan.data.domains`); none: all domains that the data has.
      count: uses the first `count` rows that belong to a domain; 0: all.
      cache: folder of the prepared data; `cache_dir() / "data"` by default.
      least_domains: with fewer it is refused; 1 for training without translation.

    Raises:
      UserError: an unknown name, split, domain or attribute; files that are missing or damaged; too few domains.
    """
    if split not in SPLITS:
        raise UserError(f"data split {split!r} is unknown; use one of: {', '.join(SPLITS)}")
    if image_size < 1 or count < 0:
        raise UserError(f"image_size {image_size} and count {count}: a size is at least 1 and a count at least 0")
    folder = Path(cache) if cache else cache_dir() / "data"
    listing = _source(name, split, image_size, source, count, folder, least_domains)
    check_expressions(domains, listing.names)
    prepared = build_cache(listing, folder / f"{name}-{split}-{image_size}-{listing.fingerprint[:16]}", image_size)
    _say_failed(listing, prepared)
    return _select(listing, prepared, domains, count, least_domains)


def _source(name: str, split: str, image_size: int, source: str, count: int, cache: Path, least_domains: int) -> Source:
    if name == "drawn_faces":
        from semgan.data.drawn_faces import drawn_faces_source

        return drawn_faces_source(split, image_size, count, cache)
    if name not in NAMES:
        nearest = difflib.get_close_matches(name, NAMES, 1) or [", ".join(NAMES)]
        raise UserError(f"data.name: {name!r} is unknown; did you mean {nearest[0]}?")
    if not source:
        raise UserError(f"data.source: {name} needs the folder of your files; set --config.data.source=FOLDER")
    if name == "celeb_a":
        from semgan.data.celeb_a import celeb_a_source

        return celeb_a_source(source, split, image_size)
    from semgan.data.folder import folder_source

    return folder_source(source, split, image_size, least_domains)


def _say_failed(source: Source, cache: Cache) -> None:
    if failed := cache.manifest["failed"]:
        print(
            f"{source.name} ({source.split}): {len(failed):,} of {source.count:,} pictures cannot be used and are left out, "
            f"the first because: {failed[0][1]}",
            file=sys.stderr,
        )


def _select(source: Source, cache: Cache, expressions: Sequence[str], count: int, least_domains: int) -> Dataset:
    """The rows that belong to a domain, the first `count` of them."""
    domain, domains = assign_domains(expressions, cache.annotations, source.names, len(cache.images))
    rows = np.flatnonzero((domain >= 0) & cache.usable).astype(np.int64)[: count or None]
    domain = domain[rows]
    found = dict(zip(domains, np.bincount(domain, minlength=len(domains)).tolist(), strict=True))
    listed = ", ".join(f"{name}: {size:,}" for name, size in found.items())
    if empty := [name for name, size in found.items() if not size]:
        raise UserError(f"{source.name} ({source.split}): domain {empty[0]!r} has no picture; found {listed}")
    if len(domains) < least_domains:
        raise UserError(
            f"{source.name} ({source.split}): {least_domains} domains are needed; found {listed}; "
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
        annotations={key: value for key, value in cache.annotations.items() if key != DOMAIN},
        names={key: tuple(value) for key, value in source.names.items() if key != DOMAIN},
        fingerprint=hash_json([cache.manifest["fingerprint"], domains, used]),
    )
