"""Shared parts of the commands' parsers: how a command is added, types of arguments, and JAX's settings."""

import argparse
import difflib
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from semgan.errors import EXIT_USER_ERROR
from semgan.paths import cache_dir, expand
from semgan.xla import prefer_fast_convolutions


class Parser(argparse.ArgumentParser):
    """argparse with the errors of all other bad input: one line, the same beginning.

    A command that `takes_overrides` gets all `--config.KEY=VALUE` as the list `overrides`.
    """

    takes_overrides = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parses as argparse does, but takes overrides out of the unknown options; any other is an error that names the nearest."""
        options, unknown = super().parse_known_args(args, namespace)
        for name, value in vars(options).items():
            setattr(options, name, _expanded(value))
        if self.takes_overrides:
            options.overrides = [item for item in unknown if item.startswith("--config.")]
            unknown = [item for item in unknown if not item.startswith("--config.")]
        if unknown and unknown[0].startswith("-"):
            name = unknown[0].partition("=")[0]
            near = difflib.get_close_matches(name, self._option_string_actions, n=1)
            self.error(f"{name} is not an option" + (f": did you mean {near[0]}?" if near else ""))
        return options, unknown

    def error(self, message: str) -> NoReturn:
        print(f"semgan: error: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(EXIT_USER_ERROR)


def _expanded(value: Any) -> Any:
    """An option's value, its paths without `~`."""
    if isinstance(value, Path):
        return Path(expand(str(value)))
    return type(value)(map(_expanded, value)) if isinstance(value, list | tuple) else value


def path_text(text: str) -> str:
    """A path that is kept as text."""
    return expand(text)


def add(commands: Any, name: str, run: Any, help: str, example: str) -> Parser:
    """A command whose --help ends with an example."""
    parser = commands.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_model(parser: argparse.ArgumentParser) -> None:
    """The model that a command uses; `model_of` gives its path."""
    parser.add_argument(
        "--model", required=True, type=Path, metavar="SNAPSHOT_OR_RUN", help="a snapshot, a run's folder, or RUN/checkpoints/STEP"
    )
    parser.add_argument(
        "--step", type=_step, metavar="N|best|last", help="of a run's folder: the checkpoint, or the snapshot, to use (default: last)"
    )


def model_of(args: argparse.Namespace) -> Path:
    """Returns the path of the snapshot or checkpoint that `--model` and `--step` mean; UserError where the run has no such step."""
    from semgan.run_files import model_path

    return model_path(args.model, args.step)


def _step(text: str) -> int | str:
    if text in ("best", "last"):
        return text
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a checkpoint's number, 'best' or 'last'")
    return int(text)


def whole(text: str) -> int:
    """A number such as a seed or a count."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**32 - 1}")
    return int(text)


def positive(text: str) -> int:
    """A whole number above 0."""
    if whole(text) == 0:
        raise argparse.ArgumentTypeError("give 1 or more")
    return int(text)


def shares(text: str) -> tuple[float, ...]:
    """Several numbers from 0 to 1."""
    try:
        values = tuple(map(float, text.split(",")))
    except ValueError:
        values = ()
    if not values or not all(0 <= value <= 1 for value in values):
        raise argparse.ArgumentTypeError(f"{text!r} are not numbers from 0 to 1, separated by commas")
    return values


def seconds(text: str) -> float:
    """A video's length."""
    return _above_zero(text, 600, "a number of seconds")


def share(text: str) -> float:
    """A number above 0 and up to 1."""
    return _above_zero(text, 1, "a share")


def _above_zero(text: str, most: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} above 0 and up to {most}")
    return value


def prepare_jax() -> None:
    """Sets up JAX before it is imported: its settings, and compiled programs kept for the next time."""
    prefer_fast_convolutions()
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache_dir() / "xla"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
