"""The `semgan` command. What a command needs is imported when it runs, so that `semgan --help` is there at once."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from semgan import __version__
from semgan.cli.adapt import add_adapt
from semgan.cli.arguments import Parser
from semgan.cli.data import add_data
from semgan.cli.faces import add_faces
from semgan.cli.measure import add_compare, add_evaluate
from semgan.cli.plan import add_plan
from semgan.cli.score import add_score
from semgan.cli.use import add_project, add_sample, add_translate
from semgan.cli.weights import add_export, add_import
from semgan.errors import EXIT_USER_ERROR, UserError
from semgan.progress import accept_any_name

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it
_COMMANDS = (
    *(add_data, add_faces, add_plan, add_translate, add_sample, add_project, add_adapt),
    *(add_evaluate, add_compare, add_score, add_import, add_export),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 0, 2 for bad input, 130 when interrupted."""
    accept_any_name()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            warnings.filterwarnings("ignore", "Image size .* could be decompression bomb")  # Pillow's; `decode` has its own limit
            args = _parser().parse_args(argv)
            return args.run(args) or 0
    except UserError as error:
        print(f"semgan: error: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        return _INTERRUPTED


def _show_warning(message: Warning | str, category: type[Warning], *_: Any) -> None:
    print(f"semgan: warning: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="semgan",
        description="Trains and runs GANs that draw pictures, or move a picture's style and keep what it shows. "
        "Training: python launch.py --help.",
        epilog="Every command has its own --help with an example.",
    )
    parser.add_argument("--version", action="version", version=f"semgan {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in _COMMANDS:
        add(commands)
    return parser
