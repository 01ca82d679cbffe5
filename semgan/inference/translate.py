"""`semgan translate`: a picture or a folder of them, in a style that `Model.translate` takes, or into another domain."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from semgan.data.decode import DecodeError
from semgan.errors import EXIT_USER_ERROR, UserError
from semgan.inference import pictures
from semgan.inference.masks import check_presence
from semgan.inference.model import Model, load
from semgan.inference.style_request import Request, Style, prepare
from semgan.progress import track


def translate_files(
    snapshot: Path,
    content: Path,
    out: Path,
    *,
    references: Sequence[Path] = (),
    regions: Mapping[str, Path] = MappingProxyType({}),
    mask: Path | None = None,
    **options: Any,
) -> int:
    """Translates `content` to `out` and says on stdout what it wrote and which domains it guessed.

    Args:
      references: pictures, and folders of pictures; of several the mean style is taken.
      regions: pictures by the names of a content's regions.
      mask: the content's or, of a folder, a folder of masks with the contents' names but for the suffix.
      options: what else `Model.translate` takes.

    Returns:
      the exit status: 2 when pictures of a folder could not be read (listed on stderr, the others are done), else 0.

    Raises:
      UserError: for what concerns all pictures, or the only one.
    """
    paths = [path for each in references for path in (pictures.list_folder(each) if each.is_dir() else [each])]
    jobs = plan(content, out, [*paths, *regions.values()])
    masks = {} if mask is None else masks_of(content, list(jobs), mask)
    if overwritten := set(masks.values()) & set(jobs.values()):
        raise UserError(f"{min(overwritten)} is an input and would be overwritten: write to another place")
    model = load(snapshot)
    check_presence(model.trained_model, mask is not None)
    style = prepare(model.trained_model, Request(paths or None, regions=regions, **options))
    _say_guesses(style)
    if not content.is_dir():
        taken_for = _translate_one(model, content, jobs[content], style, masks.get(content))
        print(f"wrote {jobs[content]}" + (f" ({content} is taken for {taken_for!r}; --content-domain says otherwise)" if taken_for else ""))
        return 0
    return _translate_folder(model, jobs, out, style, masks)


def _say_guesses(style: Style) -> None:
    """One line per domain."""
    by_domain: dict[str, list[str]] = {}
    for name, domain in style.guesses:
        by_domain.setdefault(domain, []).append(name)
    for domain, names in by_domain.items():
        which = f"{names[0]} is" if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more are"
        print(f"{which} taken for {domain!r}; --domain says otherwise")


def plan(content: Path, out: Path, others: Sequence[Path] = ()) -> dict[Path, Path]:
    """The contents and their outputs, in order; UserError when there is none or an output would overwrite an input or one of `others`."""
    if content.is_dir():
        if out.is_file():
            raise UserError(f"{out} is a file, but {content} is a folder: give a folder to write to")
        jobs = _named_in(out, pictures.list_folder(content))
    else:
        if not content.exists():
            raise UserError(f"{content} does not exist: give --content a picture or a folder of pictures")
        jobs = _named_in(out, [content]) if out.is_dir() else {content: out}
        pictures.check_writable_suffix(jobs[content])
    inputs = {path.resolve() for path in [*jobs, *others]}
    for path in jobs.values():
        if path.resolve() in inputs:
            raise UserError(f"{path} is an input and would be overwritten: write to another place")
    return jobs


def _named_in(folder: Path, contents: list[Path]) -> dict[Path, Path]:
    """`a.jpg` becomes `a.png`; where `a.webp` is there as well, they become `a.jpg.png` and `a.webp.png`."""
    stems = Counter(path.stem.lower() for path in contents)
    return {path: folder / f"{path.stem if stems[path.stem.lower()] == 1 else path.name}.png" for path in contents}


def masks_of(content: Path, contents: Sequence[Path], mask: Path) -> dict[Path, Path]:
    """Finds each content's mask; UserError where one has none."""
    if not content.is_dir():
        if mask.is_dir():
            raise UserError(f"{mask} is a folder, but {content} is a picture: give --mask its mask")
        return {content: mask}
    if not mask.is_dir():
        raise UserError(f"{content} is a folder: give --mask a folder too, with a mask of the same name for every picture")
    by_stem = {path.stem: path for path in sorted(mask.iterdir()) if path.suffix.lower() == ".png"}
    if missing := [path for path in contents if path.stem not in by_stem]:
        more = f", nor {len(missing) - 1:,} others" if len(missing) > 1 else ""
        raise UserError(f"{missing[0]} has no mask{more}: put {missing[0].stem}.png into {mask}")
    return {path: by_stem[path.stem] for path in contents}


def _translate_one(model: Model, content: Path, out: Path, style: Style, mask: Path | None) -> str | None:
    """Writes one translation; the domain that the content is taken for, if it had to be guessed."""
    image = pictures.read(content)
    guess = model.guess_domain(image) if style.own is None else None
    translation = model.translate_as(image, style._replace(own=model.domain_index(guess)) if guess else style, mask)
    pictures.write(out, translation)
    return guess


def _translate_folder(model: Model, jobs: dict[Path, Path], out: Path, style: Style, masks: Mapping[Path, Path]) -> int:
    failures: list[DecodeError] = []
    taken_for: Counter[str] = Counter()
    for content, path in track(jobs.items(), "translating", len(jobs)):
        try:
            guess = _translate_one(model, content, path, style, masks.get(content))
        except DecodeError as error:
            failures.append(error)
        else:
            taken_for.update([guess] if guess else [])
    if taken_for:
        counts = ", ".join(f"{count:,} for {name!r}" for name, count in taken_for.most_common())
        print(f"contents are taken {counts}; --content-domain says otherwise")
    print(f"wrote {len(jobs) - len(failures):,} of {len(jobs):,} pictures to {out}")
    for error in failures:
        print(f"semgan: left out: {error}", file=sys.stderr)
    return EXIT_USER_ERROR if failures else 0
