"""`semgan translate`: a picture or a folder of them, in the style of a reference or of a latent, or into another domain."""

import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semgan.data.decode import DecodeError
from semgan.errors import EXIT_USER_ERROR, UserError
from semgan.inference import pictures
from semgan.inference.load import load
from semgan.inference.model import Model
from semgan.progress import track


class Style(NamedTuple):
    """Where the style comes from and how much of it; see `Model.translate`."""

    reference: np.ndarray | None = None
    latent_seed: int | None = None
    domain: str | None = None
    content_domain: str | None = None
    strength: float = 1.0
    truncation: float = 1.0


def translate_files(
    snapshot: Path,
    content: Path,
    out: Path,
    *,
    reference: Path | None = None,
    latent_seed: int | None = None,
    domain: str | None = None,
    content_domain: str | None = None,
    strength: float = 1.0,
    truncation: float = 1.0,
) -> int:
    """Translates `content` to `out` and says on stdout what it wrote and which domains it guessed.

    Returns:
      the exit status: 2 when pictures of a folder could not be read (listed on stderr, the others are done), else 0.

    Raises:
      UserError: for what concerns all pictures, or the only one.
    """
    jobs = plan(content, out, reference)
    model = load(snapshot)
    style = Style(None if reference is None else pictures.read(reference), latent_seed, domain, content_domain, strength, truncation)
    if style.reference is not None and domain is None:
        style = style._replace(domain=model.guess_domain(style.reference))
        if style.domain:
            print(f"{reference} is taken for {style.domain!r}; --domain says otherwise")
    if not content.is_dir():
        taken_for = _translate_one(model, content, jobs[content], style)
        print(f"wrote {jobs[content]}" + (f" ({content} is taken for {taken_for!r}; --content-domain says otherwise)" if taken_for else ""))
        return 0
    return _translate_folder(model, jobs, out, style)


def plan(content: Path, out: Path, reference: Path | None = None) -> dict[Path, Path]:
    """Each input and its output, in order; UserError when there is none or an output would overwrite an input."""
    if content.is_dir():
        if out.is_file():
            raise UserError(f"{out} is a file, but {content} is a folder: give a folder to write to")
        jobs = _named_in(out, pictures.list_folder(content))
    else:
        if not content.exists():
            raise UserError(f"{content} does not exist: give --content a picture or a folder of pictures")
        jobs = _named_in(out, [content]) if out.is_dir() else {content: out}
        pictures.check_writable_suffix(jobs[content])
    inputs = {path.resolve() for path in [*jobs, *([reference] if reference else [])]}
    for path in jobs.values():
        if path.resolve() in inputs:
            raise UserError(f"{path} is an input and would be overwritten: write to another place")
    return jobs


def _named_in(folder: Path, contents: list[Path]) -> dict[Path, Path]:
    """`a.jpg` becomes `a.png`; where `a.webp` is there as well, they become `a.jpg.png` and `a.webp.png`."""
    stems = Counter(path.stem.lower() for path in contents)
    return {path: folder / f"{path.stem if stems[path.stem.lower()] == 1 else path.name}.png" for path in contents}


def _translate_one(model: Model, content: Path, out: Path, style: Style) -> str | None:
    """Writes one translation; the domain that the content is taken for, if it had to be guessed."""
    image = pictures.read(content)
    guessed = model.guess_domain(image) if style.strength < 1 and style.content_domain is None else None
    translated = model.translate(
        image,
        style.reference,
        domain=style.domain,
        content_domain=guessed or style.content_domain,
        latent_seed=style.latent_seed,
        strength=style.strength,
        truncation=style.truncation,
    )
    pictures.write(out, translated)
    return guessed


def _translate_folder(model: Model, jobs: dict[Path, Path], out: Path, style: Style) -> int:
    failed: list[DecodeError] = []
    taken_for: Counter[str] = Counter()
    for content, path in track(jobs.items(), "translating", len(jobs)):
        try:
            guessed = _translate_one(model, content, path, style)
        except DecodeError as error:
            failed.append(error)
        else:
            taken_for.update([guessed] if guessed else [])
    if taken_for:
        counts = ", ".join(f"{count:,} for {name!r}" for name, count in taken_for.most_common())
        print(f"contents are taken {counts}; --content-domain says otherwise")
    print(f"wrote {len(jobs) - len(failed):,} of {len(jobs):,} pictures to {out}")
    for error in failed:
        print(f"semgan: left out: {error}", file=sys.stderr)
    return EXIT_USER_ERROR if failed else 0
