"""The `semgan` command. What a command needs is imported when it runs, so that `semgan --help` is there at once."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from semgan import __version__
from semgan.errors import EXIT_USER_ERROR, UserError
from semgan.paths import cache_dir
from semgan.xla import prefer_fast_convolutions

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 0, 2 for bad input, 130 when interrupted."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            args = _parser().parse_args(argv)
            return args.run(args) or 0
    except UserError as error:
        print(f"semgan: error: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        return _INTERRUPTED


class _Parser(argparse.ArgumentParser):
    """argparse with the errors of all other bad input: one line, the same beginning."""

    def error(self, message: str) -> NoReturn:
        print(f"semgan: error: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(EXIT_USER_ERROR)


def _show_warning(message: Warning | str, category: type[Warning], *_: Any) -> None:
    print(f"semgan: warning: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="semgan",
        description="Trains and runs GANs that draw pictures, or move a picture's style and keep what it shows. "
        "Training: python launch.py --help.",
        epilog="Every command has its own --help with an example.",
    )
    parser.add_argument("--version", action="version", version=f"semgan {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_data(commands)
    _add_translate(commands)
    _add_sample(commands)
    _add_project(commands)
    _add_evaluate(commands)
    return parser


def _add(commands: Any, name: str, run: Any, help: str, example: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_data(commands: Any) -> None:
    data = commands.add_parser("data", help="check or prepare a folder of pictures", description="Checks or prepares pictures.")
    subcommands = data.add_subparsers(required=True, metavar="COMMAND")
    check = _add(
        subcommands, "check", _check, "decode every picture of a folder and list those that are no good", "semgan data check photos"
    )
    check.add_argument("folder", type=Path, metavar="DIR", help="one sub-folder a domain, or pictures of any layout")
    build = _add(
        subcommands,
        "build",
        _build,
        "prepare a dataset ahead of training",
        "semgan data build --dataset celeb_a --source ~/celeba --out prepared --image-size 64",
    )
    build.add_argument("--dataset", required=True, metavar="NAME", help="drawn_faces, celeb_a or folder")
    build.add_argument("--source", default="", metavar="DIR", help="folder of your files; drawn_faces needs none")
    build.add_argument("--out", required=True, metavar="DIR", help="folder to prepare it in")
    build.add_argument("--image-size", type=_positive, default=64, metavar="PIXELS", help="side of the square pictures (default: 64)")
    build.add_argument("--count", type=_whole, default=0, metavar="N", help="pictures of each split (default: all)")


def _add_translate(commands: Any) -> None:
    translate = _add(
        commands,
        "translate",
        _translate,
        "translate a picture, or a folder of them, to a reference's style or into another domain",
        "semgan translate --model runs/quickstart/snapshot.safetensors --content me.jpg --reference drawing.png --out drawn.png",
    )
    _add_model(translate)
    translate.add_argument("--content", required=True, type=Path, metavar="FILE_OR_DIR", help="what is translated")
    style = translate.add_mutually_exclusive_group()
    style.add_argument("--reference", type=Path, metavar="FILE", help="picture whose style is taken, by models that take one")
    style.add_argument("--latent-seed", type=_whole, metavar="N", help="draws a style instead; needs --domain")
    translate.add_argument(
        "--domain", metavar="NAME", help="domain to translate into (default: guessed from the reference, or the only one)"
    )
    translate.add_argument("--content-domain", metavar="NAME", help="domain of the content (default: guessed)")
    translate.add_argument(
        "--strength", type=float, default=1.0, metavar="S", help="0: the content's own style, 1: the reference's (default: 1)"
    )
    translate.add_argument(
        "--truncation", type=float, default=1.0, metavar="T", help="of a drawn style; 0: the domain's mean style (default: 1)"
    )
    translate.add_argument("--out", required=True, type=Path, metavar="FILE_OR_DIR", help="a folder where the content is one")


def _add_sample(commands: Any) -> None:
    sample = _add(
        commands,
        "sample",
        _sample,
        "draw pictures from noise, or contents in drawn styles, as one grid or as a video",
        "semgan sample --model runs/quickstart/snapshot.safetensors --count 64 --seed 0 --out grid.png",
    )
    _add_model(sample)
    sample.add_argument("--count", type=_positive, metavar="N", help="pictures in the grid (default: 64, in a video 16)")
    sample.add_argument("--seed", type=_whole, default=0, metavar="N", help="of the latents (default: 0)")
    sample.add_argument("--content", type=Path, metavar="FILE_OR_DIR", help="what is translated (default: held-out drawn faces)")
    sample.add_argument("--domain", metavar="NAME", help="domain of the styles (default: all in turn)")
    sample.add_argument(
        "--truncation", type=float, default=1.0, metavar="T", help="0: the mean, 1: as drawn; for models that have it (default: 1)"
    )
    written = sample.add_mutually_exclusive_group(required=True)
    written.add_argument("--out", type=Path, metavar="FILE", help="picture to write")
    written.add_argument("--video", type=Path, metavar="FILE", help=".mp4, .gif or .webp to write: a closed loop from latent to latent")
    sample.add_argument("--seconds", type=_seconds, default=6.0, metavar="S", help="of the video (default: 6)")


def _add_project(commands: Any) -> None:
    project = _add(
        commands,
        "project",
        _project,
        "find the codes of a StyleGAN2 whose picture comes nearest to a given one",
        "semgan project --model runs/faces/snapshot.safetensors --image me.jpg --out projected.png",
    )
    _add_model(project)
    project.add_argument("--image", required=True, type=Path, metavar="FILE", help="picture to come near to")
    project.add_argument("--space", choices=("w", "w+"), default="w", help="one code for all layers, or one for each (default: w)")
    project.add_argument("--steps", type=_positive, default=500, metavar="N", help="of the search (default: 500)")
    project.add_argument("--seed", type=_whole, default=0, metavar="N", help="of its noise (default: 0)")
    project.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="picture to write, both side by side; the codes go to .npz beside it"
    )


def _add_evaluate(commands: Any) -> None:
    evaluate = _add(
        commands,
        "evaluate",
        _evaluate,
        "measure on held-out pictures how well a model translates, or draws",
        "semgan evaluate --model runs/quickstart/snapshot.safetensors --out report.json",
    )
    _add_model(evaluate)
    evaluate.add_argument("--data", default="", metavar="DIR", help="folder of the data (default: where it was in training)")
    evaluate.add_argument(
        "--pairs", type=_whole, default=0, metavar="N", help="held-out pairs, or samples (default: the model's own number)"
    )
    evaluate.add_argument("--into", default="", metavar="NAME", help="the one domain to translate into (default: all that there are)")
    evaluate.add_argument("--seed", type=_whole, default=0, metavar="N", help="of the pairs and latents (default: 0)")
    evaluate.add_argument("--out", required=True, type=Path, metavar="FILE", help="JSON report to write")


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, type=Path, metavar="SNAPSHOT", help="a run's snapshot.safetensors")


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**32 - 1}")
    return int(text)


def _positive(text: str) -> int:
    if _whole(text) == 0:
        raise argparse.ArgumentTypeError("give 1 or more")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0 and up to 600")
    return seconds


def _prepare_jax() -> None:
    """Before jax is imported: its settings, and compiled programs kept for the next time."""
    prefer_fast_convolutions()
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache_dir() / "xla"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")


def _check(args: argparse.Namespace) -> int:
    from semgan.data.check import check_folder, format_report

    report = check_folder(args.folder)
    print(format_report(report))
    return EXIT_USER_ERROR if report.bad else 0


def _build(args: argparse.Namespace) -> None:
    from semgan.data.build import build

    print(build(args.dataset, args.source, args.out, args.image_size, args.count))


def _translate(args: argparse.Namespace) -> int:
    _prepare_jax()
    from semgan.inference.translate import translate_files

    return translate_files(
        args.model,
        args.content,
        args.out,
        reference=args.reference,
        latent_seed=args.latent_seed,
        domain=args.domain,
        content_domain=args.content_domain,
        strength=args.strength,
        truncation=args.truncation,
    )


def _sample(args: argparse.Namespace) -> None:
    _prepare_jax()
    from semgan.inference.sample import Draws, sample_grid, sample_video

    count = args.count or (64 if args.video is None else 16)
    draws = Draws(count, args.seed, args.content, args.domain, args.truncation)
    if args.video is None:
        sample_grid(args.model, args.out, draws)
    else:
        sample_video(args.model, args.video, draws, args.seconds)


def _project(args: argparse.Namespace) -> None:
    _prepare_jax()
    from semgan.inference.project import project_file

    project_file(args.model, args.image, args.out, space=args.space, steps=args.steps, seed=args.seed)


def _evaluate(args: argparse.Namespace) -> None:
    _prepare_jax()
    from semgan.evaluation.command import evaluate_snapshot

    evaluate_snapshot(args.model, args.out, data_dir=args.data, pairs=args.pairs, seed=args.seed, into=args.into)


if __name__ == "__main__":
    sys.exit(main())
