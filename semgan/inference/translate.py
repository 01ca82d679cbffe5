"""`semgan translate`: a picture or a folder of them, in a style that `Model.translate` takes, or into another domain."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from semgan.data.decode import DecodeError, size_of
from semgan.data.picture_files import stems
from semgan.errors import UserError
from semgan.files import check_place
from semgan.inference import whole_picture
from semgan.inference.masks import check_presence
from semgan.inference.model import Model, load
from semgan.inference.style_request import Request, Style, prepare
from semgan.inference.translate_face_files import check_faces, translate_face_files
from semgan.inference.translate_folder import translate_folder
from semgan.inference.whole_picture import PLAIN
from semgan.names import one_form
from semgan.pictures.gpano import check_format, is_panorama
from semgan.pictures.metadata import metadata_of, panorama_area
from semgan.pictures.read import list_pictures, read_with_alpha
from semgan.pictures.scene import View
from semgan.pictures.write import FORMATS, check_writable_suffix, keeps_alpha, write
from semgan.progress import note


class FileOptions(NamedTuple):
    """What becomes of files.

    Attributes:
      recursive: takes the pictures of a folder's sub-folders too.
      keep_format: results have their contents' names and formats; otherwise they are PNG.
      keep_metadata: results have their contents' EXIF, where and when they were taken included.
      faces: contents are photographs whose faces alone are translated.
    """

    recursive: bool = True
    keep_format: bool = False
    keep_metadata: bool = False
    faces: bool = False


def translate_files(
    snapshot: Path,
    content: Path,
    out: Path,
    *,
    references: Sequence[Path] = (),
    regions: Mapping[str, Path] = MappingProxyType({}),
    mask: Path | None = None,
    view: View = PLAIN,
    files: FileOptions = FileOptions(),  # noqa: B008 (immutable)
    **options: Any,
) -> int:
    """Translates `content` to `out` and says on stdout what it wrote and which domains it guessed.

    Args:
      references: pictures, and folders of pictures; of several the mean style is taken.
      regions: pictures by the names of a content's regions.
      mask: the content's or, of a folder, a folder of masks with the contents' names but for the suffix.
      view: how contents are seen.
      options: what else `Model.translate` takes.

    Returns:
      the exit status: 2 when pictures of a folder could not be read (listed on stderr, the others are done), else 0.

    Raises:
      UserError: for what concerns all pictures, or the only one.
    """
    paths = [path for each in references for path in (list_pictures(each, say=note) if each.is_dir() else [each])]
    jobs = plan(content, out, [*paths, *regions.values()], files)
    masks = {} if mask is None else masks_of(content, list(jobs), mask)
    if overwritten := set(masks.values()) & set(jobs.values()):
        raise UserError(f"{min(overwritten)} is an input and would be overwritten: write to another place")
    _check_panoramas(jobs, view)
    model = load(snapshot)
    check_presence(model.trained_model, mask is not None)
    find = check_faces(model, view) if files.faces else None
    whole_picture.check_view(model.trained_model, view)
    style = prepare(model.trained_model, Request(paths or None, regions=regions, **options))
    _say_guesses(style)
    if find is not None:
        return translate_face_files(model, jobs, out, style, find, files.keep_metadata)
    if model.algorithm.stride is None:
        note(f"{whole_picture.fixed_grid(model.trained_model)}")
    if content.is_dir():
        return translate_folder(model, jobs, out, style, masks, view, files.keep_metadata)
    _translate_one(model, content, jobs[content], style, masks.get(content), view, files.keep_metadata)
    return 0


def _say_guesses(style: Style) -> None:
    """One line per domain."""
    by_domain: dict[str, list[str]] = {}
    for name, domain in style.guesses:
        by_domain.setdefault(domain, []).append(name)
    for domain, names in by_domain.items():
        which = f"{names[0]} is" if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more are"
        print(f"{which} taken for {domain!r}; --domain says otherwise")


def plan(content: Path, out: Path, others: Sequence[Path] = (), files: FileOptions = FileOptions()) -> dict[Path, Path]:  # noqa: B008
    """The contents and their outputs, in order; UserError when there is none or an output would overwrite an input or one of `others`."""
    if content.is_dir():
        if out.is_file():
            raise UserError(f"{out} is a file, but {content} is a folder: give a folder to write to")
        jobs = _named_in(out, content, list_pictures(content, files.recursive, out, note), files.keep_format)
    else:
        if content.is_symlink() and not content.exists():
            raise UserError(
                f"{content} is a broken link, {content.readlink()} does not exist: give --content a picture or a folder of pictures"
            )
        if not content.exists():
            raise UserError(f"{content} does not exist: give --content a picture or a folder of pictures")
        jobs = _named_in(out, content.parent, [content], files.keep_format) if out.is_dir() else {content: out}
        check_writable_suffix(jobs[content])
    check_place(out)
    inputs = {path.resolve() for path in [*jobs, *others]}
    for path in jobs.values():
        if path.resolve() in inputs:
            raise UserError(f"{path} is an input and would be overwritten: write to another place")
    return jobs


def _check_panoramas(jobs: Mapping[Path, Path], view: View) -> None:
    """Raises a UserError for results that could not say that they are panoramas; mentions contents that say so of themselves."""
    if view.panorama:
        for out in jobs.values():
            check_format(FORMATS[out.suffix.lower()])
    elif spheres := [path for path in jobs if is_panorama(path)]:
        more = f" and {len(spheres) - 1:,} more say" if len(spheres) > 1 else " says"
        note(f"{spheres[0]}{more} in its metadata that it is a panorama: --panorama translates it as one")


def _named_in(out: Path, folder: Path, contents: list[Path], keep_format: bool) -> dict[Path, Path]:
    """`sub/a.jpg` becomes `sub/a.png`; where `sub/a.webp` is there as well, they become `a.jpg.png` and `a.webp.png`."""
    if keep_format:
        return {path: out / path.relative_to(folder) for path in contents}
    return {path: out / stem.with_name(f"{stem.name}.png") for path, stem in stems(folder, contents).items()}


def masks_of(content: Path, contents: Sequence[Path], mask: Path) -> dict[Path, Path]:
    """Finds each content's mask, in the same sub-folder; UserError where one has none."""
    if not content.is_dir():
        if mask.is_dir():
            raise UserError(f"{mask} is a folder, but {content} is a picture: give --mask its mask")
        return {content: mask}
    if not mask.is_dir():
        raise UserError(f"{content} is a folder: give --mask a folder too, with a mask of the same name for every picture")

    def key(path: Path, folder: Path) -> str:
        return one_form(path.relative_to(folder).with_suffix("").as_posix())

    by_name = {key(path, mask): path for path in sorted(mask.rglob("*")) if path.suffix.lower() == ".png"}
    if missing := [path for path in contents if key(path, content) not in by_name]:
        more = f", nor {len(missing) - 1:,} others" if len(missing) > 1 else ""
        name = missing[0].relative_to(content).with_suffix(".png")
        raise UserError(f"{missing[0]} has no mask{more}: put {name} into {mask}")
    return {path: by_name[key(path, content)] for path in contents}


def _translate_one(model: Model, content: Path, out: Path, style: Style, mask: Path | None, view: View, keep_metadata: bool) -> None:
    """Writes one translation, and says what the content is taken for, if that had to be guessed."""
    try:
        decoded = read_with_alpha(content)
    except DecodeError as error:
        raise UserError(str(error)) from error
    guess = model.guess_domain(decoded.colour) if style.own is None else None
    style = style._replace(own=model.domain_index(guess)) if guess else style
    size = size_of(decoded.colour)
    ready = whole_picture.prepare(model.trained_model, decoded, view, panorama_area(content, *size, view))
    masks = [] if mask is None else [mask]
    (images,) = whole_picture.translate_contents(model.trained_model, [style], [ready], view, masks, label=content.name)
    write(out, whole_picture.finish(ready, images), **metadata_of(content, *size, view, keep_metadata)._asdict())
    if ready.alpha is not None and not keeps_alpha(out):
        note(f"{out}: {out.suffix} cannot be transparent; the result is over white (.png keeps the content's transparency)")
    print(f"wrote {out}" + (f" ({content} is taken for {guess!r}; --content-domain says otherwise)" if guess else ""))
