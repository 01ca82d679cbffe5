"""`semgan faces`: training sets of faces."""

import argparse
from pathlib import Path
from typing import Any

from semgan.cli.arguments import add, positive, prepare_jax, share


def add_faces(commands: Any) -> None:
    """Adds the command."""
    faces = commands.add_parser("faces", help="cut aligned faces out of photographs", description="Prepares faces in photographs.")
    subcommands = faces.add_subparsers(required=True, metavar="COMMAND")
    crop = add(
        subcommands,
        "crop",
        _crop,
        "find the faces of a folder's photographs and write them, aligned as CelebA's, with their landmarks",
        "semgan faces crop photographs --out faces --size 128",
    )
    crop.add_argument("folder", type=Path, metavar="DIR", help="photographs; sub-folders become sub-folders of the result")
    crop.add_argument("--out", required=True, type=Path, metavar="DIR", help="new or empty folder to write to")
    crop.add_argument(
        "--geometry",
        choices=("square", "celeba"),
        default="square",
        help="square: the centred square of CelebA's pictures, which training sees; celeba: 178x218 pixels (default: square)",
    )
    crop.add_argument("--size", type=positive, metavar="PIXELS", help="side of the square (default: 178)")
    crop.add_argument(
        "--smallest",
        type=float,
        metavar="PIXELS",
        help="leave out faces whose square is smaller in the picture (default: half the side of the result)",
    )
    crop.add_argument(
        "--sharpness", type=float, metavar="S", help="leave out faces whose variance of the Laplacian at 128 pixels is less (default: 20)"
    )
    crop.add_argument(
        "--turn",
        type=float,
        metavar="T",
        help="leave out heads turned further: the nose's way to the side, in distances between the eyes (default: 0.35)",
    )
    crop.add_argument(
        "--least-share",
        type=share,
        metavar="S",
        help="smallest face looked for, as a share of the picture's short side; less takes longer (default: 0.03)",
    )


def _crop(args: argparse.Namespace) -> None:
    prepare_jax()
    from semgan.errors import UserError
    from semgan.faces.crop import crop_folder
    from semgan.faces.detect import SMALLEST, Detector
    from semgan.faces.geometry import celeba_square, celeba_target
    from semgan.faces.quality import LEAST_SHARPNESS, MOST_TURN, Limits

    if args.geometry == "celeba" and args.size is not None:
        raise UserError("--size is for --geometry square: CelebA's pictures are 178x218 pixels")
    target = celeba_target() if args.geometry == "celeba" else celeba_square(args.size or celeba_target().width)
    limits = Limits(
        target.width / 2 if args.smallest is None else args.smallest,
        LEAST_SHARPNESS if args.sharpness is None else args.sharpness,
        MOST_TURN if args.turn is None else args.turn,
    )
    report = crop_folder(args.folder, args.out, target, limits, Detector(smallest=args.least_share or SMALLEST))
    print(f"{args.out}: {report.line()}")
