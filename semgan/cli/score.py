"""`semgan score`: measures the distance of one folder of pictures from another."""

import argparse
from pathlib import Path
from typing import Any

from semgan.cli.arguments import add, prepare_jax, whole

_JUDGE_HELP = (
    "a judge's .safetensors file: one that an earlier score or a training run kept in the folder judges of the cache ($SEMGAN_CACHE, else "
    "~/.cache/semgan); default: the judge of drawn_faces, which is trained first where it is not there, in some minutes"
)


def add_score(commands: Any) -> None:
    """Adds the command."""
    score = add(
        commands,
        "score",
        _score,
        "score a folder of pictures against another: Fréchet and kernel distance, precision, recall, density, coverage",
        "semgan score photos translated --inception pt_inception-2015-12-05-6726825d.pth --out score.json",
    )
    score.add_argument("real", type=Path, metavar="REAL_DIR", help="real pictures of any sizes, at any depth; or a zip file")
    score.add_argument("fake", type=Path, metavar="FAKE_DIR", help="generated pictures, likewise")
    weights = score.add_mutually_exclusive_group()
    weights.add_argument("--inception", type=Path, metavar="FILE", help="Inception's weights; without them a judge's features are used")
    weights.add_argument("--judge", type=Path, metavar="FILE", help=_JUDGE_HELP)
    score.add_argument("--protocol", metavar="NAME", help="legacy, tensorflow1, clean or stargan-v2; with --inception (default: legacy)")
    score.add_argument("--judge-size", type=whole, default=64, metavar="PIXELS", help="of the judge's pictures (default: 64)")
    score.add_argument("--count", type=whole, default=0, metavar="N", help="pictures of each folder, evenly (default: all)")
    score.add_argument("--split", default="all", metavar="NAME", help="what the real pictures are, for the passport (default: all)")
    score.add_argument("--seed", type=whole, metavar="N", help="of subsets, shuffling and bootstrap (default: torch-fidelity's 2020)")
    score.add_argument("--no-cache", action="store_true", help="look at the real pictures again and keep nothing")
    score.add_argument("--out", required=True, type=Path, metavar="FILE", help="JSON to write")


def _score(args: argparse.Namespace) -> None:
    prepare_jax()
    from semgan.errors import UserError
    from semgan.evaluation.extractors.extractor import load_extractor
    from semgan.evaluation.extractors.feature_extractor import extractor_from_judge_file
    from semgan.evaluation.score_command import score_to_file

    if args.protocol and not args.inception:
        raise UserError("--protocol says how pictures are prepared for Inception: give its weights with --inception too")
    extractor = None
    if args.inception:
        extractor = load_extractor(args.inception, args.protocol or "legacy")
    elif args.judge:
        extractor = extractor_from_judge_file(args.judge, args.judge_size)
    score_to_file(
        args.real,
        args.fake,
        args.out,
        extractor=extractor,
        count=args.count,
        split=args.split,
        seed=args.seed,
        cache=not args.no_cache,
    )
