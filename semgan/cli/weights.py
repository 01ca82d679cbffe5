"""`semgan import` and `export`: snapshots from other projects' weights, and files for others from snapshots."""

import argparse
from pathlib import Path
from typing import Any

from semgan.cli.arguments import add, add_model, model_of, prepare_jax


def add_import(commands: Any) -> None:
    """Adds the command."""
    parser = add(
        commands,
        "import",
        _import,
        "make a snapshot of another project's weights, without PyTorch and without running anything from the file",
        "semgan import stargan-v2 100000_nets_ema.ckpt --domains cat,dog,wild --out afhq.safetensors",
    )
    parser.add_argument("format", metavar="FORMAT", help="stargan-v2, cyclegan, pix2pix, cut, stylegan2, stylegan2-ada, progan or r3gan")
    parser.add_argument("weights", type=Path, metavar="WEIGHTS", help="the project's file, or a folder with one network per file")
    parser.add_argument(
        "--domains", default="", metavar="NAME,NAME", help="names of the model's domains, in its order (default: A, B, ...)"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="SNAPSHOT", help="snapshot to write")


def add_export(commands: Any) -> None:
    """Adds the command."""
    parser = add(
        commands,
        "export",
        _export,
        "write a snapshot's networks for other software",
        "semgan export --model afhq.safetensors --format pytorch --out nets_ema.ckpt",
    )
    add_model(parser)
    parser.add_argument("--format", required=True, choices=("pytorch",), help="pytorch: a state dict that the official code loads")
    parser.add_argument("--layout", default="", metavar="FORMAT", help="whose layout (default: the usual one for the algorithm)")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="file to write")


def _import(args: argparse.Namespace) -> None:
    prepare_jax()
    from semgan.interop.weights_command import import_weights

    print(import_weights(args.format, args.weights, args.out, args.domains))


def _export(args: argparse.Namespace) -> None:
    prepare_jax()
    from semgan.interop.weights_command import export_weights

    print(export_weights(model_of(args), args.out, args.layout))
