"""`semgan data`: checks and prepares pictures."""

import argparse
from pathlib import Path
from typing import Any

from semgan.cli.arguments import add, path_text, positive, whole
from semgan.errors import EXIT_USER_ERROR


def add_data(commands: Any) -> None:
    """Adds the command."""
    data = commands.add_parser("data", help="check or prepare a folder of pictures", description="Checks or prepares pictures.")
    subcommands = data.add_subparsers(required=True, metavar="COMMAND")
    check = add(
        subcommands, "check", _check, "decode every picture of a folder and list those that cannot be used", "semgan data check photos"
    )
    check.add_argument("folder", type=Path, metavar="DIR", help="one sub-folder per domain, or pictures of any layout")
    build = add(
        subcommands,
        "build",
        _build,
        "prepare a dataset ahead of training",
        "semgan data build --dataset celeb_a --source ~/celeba --out prepared --image-size 64",
    )
    build.add_argument("--dataset", required=True, metavar="NAME", help="drawn_faces, celeb_a or folder")
    build.add_argument("--source", type=path_text, default="", metavar="DIR", help="folder of your files; drawn_faces needs none")
    build.add_argument("--out", required=True, type=path_text, metavar="DIR", help="folder to prepare it in")
    build.add_argument("--image-size", type=positive, default=64, metavar="PIXELS", help="side of the square pictures (default: 64)")
    build.add_argument("--count", type=whole, default=0, metavar="N", help="pictures of each split (default: all)")
    panorama = add(
        subcommands,
        "panorama",
        _panorama,
        "draw a room with faces on its walls, all around, to try --panorama on",
        "semgan data panorama --out room.png --height 512",
    )
    panorama.add_argument("--out", required=True, type=Path, metavar="FILE", help="PNG, JPEG, WebP or TIFF file")
    panorama.add_argument("--height", type=positive, default=512, metavar="PIXELS", help="height; it is twice as wide (default: 512)")
    panorama.add_argument("--seed", type=whole, default=0, metavar="N", help="of the faces and the room's colours (default: 0)")
    panorama.add_argument(
        "--medium", default="shaded", metavar="NAME", help="of the faces: shaded, ink, poster or mosaic (default: shaded)"
    )
    panorama.add_argument(
        "--stereo", choices=("top-bottom", "side-by-side"), help="from two eyes; the left one is first (default: from one)"
    )


def _check(args: argparse.Namespace) -> int:
    from semgan.data.check import check_folder, format_report

    report = check_folder(args.folder)
    print(format_report(report))
    return EXIT_USER_ERROR if report.bad else 0


def _build(args: argparse.Namespace) -> None:
    from semgan.data.build import build_dataset

    print(build_dataset(args.dataset, args.source, args.out, args.image_size, args.count))


def _panorama(args: argparse.Namespace) -> None:
    from semgan.data.drawn_faces.panorama import EYE_DISTANCE, draw_panorama
    from semgan.files import check_writable
    from semgan.pictures import gpano, stereo
    from semgan.pictures.write import FORMATS, check_writable_suffix, write

    check_writable_suffix(args.out)
    format = FORMATS[args.out.suffix.lower()]
    gpano.check_format(format)
    check_writable(args.out)
    eyes = (-EYE_DISTANCE / 2, EYE_DISTANCE / 2) if args.stereo else (0.0,)
    pictures = [draw_panorama(args.height, args.seed, args.medium, eye) for eye in eyes]
    picture = stereo.join(pictures, args.stereo) if args.stereo else pictures[0]
    height, width = picture.shape[:2]
    write(args.out, picture, gpano.save_arguments(format, gpano.make_packet(gpano.whole_area(width, height))))
    print(args.out)
