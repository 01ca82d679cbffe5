"""`semgan translate`, `sample` and `project`: pictures from a snapshot."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from semgan.cli.arguments import add, add_model, model_of, path_text, positive, prepare_jax, seconds, whole
from semgan.errors import UserError

_CONTROLS = """
the style comes from one of
  --reference drawing.png                  a picture
  --reference a.png b.png drawings/        the mean style of several, or of a folder's
  --latent-seed 7 --domain ink             a draw; --truncation 0.5 draws it towards the domain's mean
  --style 'Blond_Hair,~Smiling,ink'        attributes, ~ for those that are not wanted, and the domain (or --domain ink)
and is changed by
  --region hair=a.png --region skin=b.png  their styles within these parts; alone, the rest keeps the content's own style
  --strength 0.5                           halfway from the content's own style; 0 is the content reconstructed
a model that translates without a guide takes --domain and --content-domain alone."""


def add_translate(commands: Any) -> None:
    """Adds the command."""
    translate = add(
        commands,
        "translate",
        _translate,
        "translate a picture, or a folder of them, to a reference's style or into another domain",
        "semgan translate --model runs/quickstart/snapshot.safetensors --content me.jpg --reference drawing.png --out drawn.png",
    )
    add_model(translate)
    translate.description = f"{translate.description}\n{_CONTROLS}"
    translate.add_argument("--content", required=True, type=Path, metavar="FILE_OR_DIR", help="what is translated")
    style = translate.add_mutually_exclusive_group()
    style.add_argument(
        "--reference", nargs="+", type=Path, default=[], metavar="FILE_OR_DIR", help="picture whose style is taken; of several, their mean"
    )
    style.add_argument("--latent-seed", type=whole, metavar="N", help="draws a style instead; needs --domain")
    style.add_argument("--style", metavar="RECIPE", help="attributes of the style instead, separated by commas; needs a domain")
    translate.add_argument(
        "--region", action="append", type=_region, default=[], metavar="NAME=FILE", help="picture whose style a part of the content takes"
    )
    translate.add_argument(
        "--domain", metavar="NAME", help="domain to translate into (default: guessed from the reference, or the only one)"
    )
    translate.add_argument(
        "--mask",
        type=Path,
        metavar="FILE_OR_DIR",
        help="PNG of the content's class ids, for models that paint from one; a folder of contents takes a folder",
    )
    translate.add_argument("--content-domain", metavar="NAME", help="domain of the content (default: guessed)")
    translate.add_argument(
        "--strength", type=float, default=1.0, metavar="S", help="0: the content's own style, 1: the one asked for (default: 1)"
    )
    translate.add_argument(
        "--truncation", type=float, default=1.0, metavar="T", help="of a drawn style; 0: the domain's mean style (default: 1)"
    )
    translate.add_argument("--out", required=True, type=Path, metavar="FILE_OR_DIR", help="a folder where the content is one")
    _add_shape(translate)
    _add_files(translate)


def _add_shape(translate: argparse.ArgumentParser) -> None:
    shape = translate.add_argument_group("shape and size")
    shape.add_argument(
        "--size",
        type=_size,
        default="model",
        metavar="model|native|N",
        help="length of the content's short side as the networks see it: the size that they were trained at, the content's own, or pixels "
        "(default: model); results have the content's size",
    )
    shape.add_argument(
        "--tile",
        type=whole,
        default=0,
        metavar="N",
        help="translate in overlapping tiles of N pixels a side, with the statistics of the whole picture, which bounds the memory "
        "(default: tiles of 1024 for what the networks see with more than two megapixels)",
    )
    shape.add_argument(
        "--panorama",
        action="store_true",
        help="contents are equirectangular panoramas, twice as wide as high: translate them all around, poles included",
    )
    shape.add_argument(
        "--stereo",
        choices=("top-bottom", "side-by-side"),
        default="",
        help="contents hold pictures for the left and the right eye; both take the same style, and agree",
    )
    shape.add_argument(
        "--faces",
        action="store_true",
        help="contents are photographs: find their faces, translate each, aligned as the model's pictures were, and put it back; "
        "takes the extra `faces`",
    )


def _add_files(translate: argparse.ArgumentParser) -> None:
    files = translate.add_argument_group("files")
    files.add_argument(
        "--recursive",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="a folder's sub-folders too, which results keep (default: yes)",
    )
    files.add_argument("--keep-format", action="store_true", help="in a folder, results have their contents' names and formats, not PNG")
    files.add_argument(
        "--keep-metadata", action="store_true", help="copy the content's EXIF into the result: camera, time and place (default: none of it)"
    )


def add_sample(commands: Any) -> None:
    """Adds the command."""
    sample = add(
        commands,
        "sample",
        _sample,
        "draw pictures from noise, or contents in drawn styles, one by one, as a grid or as a video",
        "semgan sample --model runs/quickstart/snapshot.safetensors --count 64 --seed 0 --out grid.png",
    )
    add_model(sample)
    sample.add_argument("--count", type=positive, metavar="N", help="pictures (default: 64, in a video 16)")
    sample.add_argument("--first", type=whole, metavar="N", help="number of the first picture (default: 0)")
    sample.add_argument("--only", type=whole, metavar="N", help="draw this one picture again; short for --first N --count 1")
    sample.add_argument("--seed", type=whole, default=0, metavar="N", help="of the latents (default: 0)")
    sample.add_argument("--content", type=Path, metavar="FILE_OR_DIR", help="what is translated (default: held-out drawn faces)")
    sample.add_argument("--mask", type=Path, metavar="FILE_OR_DIR", help="the content's mask, for models that paint from one")
    sample.add_argument("--domain", metavar="NAME", help="domain of the styles (default: all in turn)")
    sample.add_argument(
        "--truncation", type=float, default=1.0, metavar="T", help="0: the mean, 1: as drawn; for models that have it (default: 1)"
    )
    written = sample.add_mutually_exclusive_group(required=True)
    written.add_argument(
        "--out",
        type=path_text,
        metavar="FILE_OR_DIR/",
        help="picture to write, a grid; or folder to write pictures into, by seed and number: what is there already is not drawn again",
    )
    written.add_argument("--video", type=Path, metavar="FILE", help=".mp4, .gif or .webp to write: a closed loop from latent to latent")
    sample.add_argument(
        "--overwrite", action="store_true", help="of a folder: remove the samples in it first, and leave its other files (default: refuse)"
    )
    sample.add_argument("--seconds", type=seconds, default=6.0, metavar="S", help="of the video (default: 6)")


def add_project(commands: Any) -> None:
    """Adds the command."""
    project = add(
        commands,
        "project",
        _project,
        "find the codes of a StyleGAN2 whose picture comes nearest to a given one",
        "semgan project --model runs/faces/snapshot.safetensors --image me.jpg --out projected.png",
    )
    add_model(project)
    project.add_argument("--image", required=True, type=Path, metavar="FILE", help="picture to come near to")
    project.add_argument("--space", choices=("w", "w+"), default="w", help="one code for all layers, or one for each (default: w)")
    project.add_argument("--steps", type=positive, default=500, metavar="N", help="of the search (default: 500)")
    project.add_argument("--seed", type=whole, default=0, metavar="N", help="of its noise (default: 0)")
    project.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="picture to write, both side by side; the codes go to .npz beside it"
    )


def _region(text: str) -> tuple[str, Path]:
    name, _, file = text.partition("=")
    if not name or not file:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE, such as hair=reference.png")
    return name, Path(file)


def _size(text: str) -> int | str:
    if text in ("model", "native"):
        return text
    if not text.isdecimal() or not 0 < int(text) < 2**20:
        raise argparse.ArgumentTypeError(f"{text!r} is not 'model', 'native' or a number of pixels")
    return int(text)


def _by_name(regions: Sequence[tuple[str, Path]]) -> dict[str, Path]:
    """Collects regions by name; UserError for one that is named twice."""
    result = dict(regions)
    if len(result) < len(regions):
        twice = next(name for place, (name, _) in enumerate(regions) if name in dict(regions[:place]))
        raise UserError(f"--region names {twice!r} twice: give each region one picture")
    return result


def _translate(args: argparse.Namespace) -> int:
    prepare_jax()
    from semgan.inference.translate import FileOptions, translate_files
    from semgan.pictures.scene import View

    return translate_files(
        model_of(args),
        args.content,
        args.out,
        references=args.reference,
        regions=_by_name(args.region),
        style=args.style,
        latent_seed=args.latent_seed,
        domain=args.domain,
        content_domain=args.content_domain,
        mask=args.mask,
        view=View(args.size, args.tile, args.panorama, args.stereo),
        files=FileOptions(args.recursive, args.keep_format, args.keep_metadata, args.faces),
        strength=args.strength,
        truncation=args.truncation,
    )


def _sample(args: argparse.Namespace) -> None:
    prepare_jax()
    from semgan.inference.sample import SampleOptions, sample_grid, sample_video
    from semgan.inference.sample_folder import sample_folder

    first, count = _numbers(args)
    is_folder = args.video is None and _names_folder(args.out)
    if args.overwrite and not is_folder:
        raise UserError("--overwrite is for a folder of samples: leave it out")
    draws = SampleOptions(count, args.seed, args.content, args.domain, args.truncation, args.mask, first)
    if args.video is not None:
        sample_video(model_of(args), args.video, draws, args.seconds)
    elif is_folder:
        sample_folder(model_of(args), Path(args.out), draws, overwrite=args.overwrite)
    else:
        sample_grid(model_of(args), Path(args.out), draws)


def _numbers(args: argparse.Namespace) -> tuple[int, int]:
    """Returns the number of the first picture, and how many there are."""
    if args.only is not None and (args.first, args.count) != (None, None):
        raise UserError("--only draws one picture by its number: leave out --first and --count")
    if args.video is not None and (args.first, args.only) != (None, None):
        raise UserError("a video shows ways between latents: leave out --first and --only")
    if args.only is not None:
        return args.only, 1
    return args.first or 0, args.count or (64 if args.video is None else 16)


def _names_folder(text: str) -> bool:
    """Returns whether `--out` means a folder: it ends as one, is there as one, or has no suffix."""
    return text.endswith("/") or Path(text).is_dir() or not Path(text).suffix


def _project(args: argparse.Namespace) -> None:
    prepare_jax()
    from semgan.inference.project import project_file

    project_file(model_of(args), args.image, args.out, space=args.space, steps=args.steps, seed=args.seed)
