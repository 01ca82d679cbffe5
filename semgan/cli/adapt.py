"""`semgan adapt`: a new domain for a trained model."""

import argparse
from pathlib import Path
from typing import Any

from semgan.adaptation.subsets import SUBSETS
from semgan.cli.arguments import add, add_model, model_of, path_text, positive, prepare_jax, whole
from semgan.errors import UserError

_SUBSETS = "\nwhat --tune can name:\n" + "\n".join(f"  {name}: {holds}" for name, holds in SUBSETS.items())


def add_adapt(commands: Any) -> None:
    """Adds the command."""
    adapt = add(
        commands,
        "adapt",
        _adapt,
        "teach a model of semgan's own algorithm a new domain from ten to fifty pictures, and keep its old ones",
        "semgan adapt --model runs/faces/snapshot.safetensors --pictures posters/ --name poster --out with_posters.safetensors",
    )
    adapt.description = f"{adapt.description}\n{_SUBSETS}"
    add_model(adapt)
    adapt.add_argument("--pictures", type=Path, metavar="DIR", help="folder of the new domain's pictures")
    adapt.add_argument("--name", metavar="NAME", help="of the new domain")
    adapt.add_argument("--out", type=Path, metavar="SNAPSHOT", help="snapshot to write")
    adapt.add_argument("--tune", choices=tuple(SUBSETS), default="style", help="parameters that change (default: style)")
    length = adapt.add_mutually_exclusive_group()
    length.add_argument("--steps", type=positive, metavar="N", help="of 8 pictures each (default: 1000)")
    length.add_argument("--minutes", type=_minutes, metavar="M", help="by the clock instead")
    adapt.add_argument("--seed", type=whole, default=0, metavar="N", help="of all that is drawn (default: 0)")
    adapt.add_argument(
        "--data", type=path_text, default="", metavar="DIR", help="folder of the model's training data (default: where it was in training)"
    )
    adapt.add_argument("--tune-list", action="store_true", help="only list the parameters of each subset")


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes above 0")
    return value


def _adapt(args: argparse.Namespace) -> None:
    needed = ("pictures", "name", "out")
    if not args.tune_list and (missing := [name for name in needed if getattr(args, name) is None]):
        raise UserError(f"--{missing[0]} is missing: an adaptation needs --pictures, --name and --out")
    prepare_jax()
    from semgan.adaptation.adapt_command import Length, adapt_snapshot, describe_subsets

    if args.tune_list:
        print(describe_subsets(model_of(args)))
        return
    length = Length(minutes=args.minutes) if args.steps is None else Length(args.steps)
    adapt_snapshot(model_of(args), args.pictures, args.name, args.out, subset=args.tune, length=length, seed=args.seed, data_dir=args.data)
