"""`semgan evaluate` and `compare`: measure a model, and compare runs."""

import argparse
from pathlib import Path
from typing import Any

from semgan.cli.arguments import add, add_model, model_of, path_text, prepare_jax, shares, whole


def add_evaluate(commands: Any) -> None:
    """Adds the command."""
    evaluate = add(
        commands,
        "evaluate",
        _evaluate,
        "measure on held-out pictures how well a model translates, or draws",
        "semgan evaluate --model runs/quickstart/snapshot.safetensors --out report.json",
    )
    add_model(evaluate)
    evaluate.add_argument(
        "--data", type=path_text, default="", metavar="DIR", help="folder of the data (default: where it was in training)"
    )
    evaluate.add_argument(
        "--pairs", type=whole, default=0, metavar="N", help="held-out pairs, or samples (default: the model's own number)"
    )
    evaluate.add_argument("--into", default="", metavar="NAME", help="the one domain to translate into (default: all that there are)")
    evaluate.add_argument(
        "--contents",
        default="",
        metavar="EXPR",
        help="translate only held-out pictures such as 'Eyeglasses' or 'Male&~Smiling' (default: all)",
    )
    evaluate.add_argument("--seed", type=whole, default=0, metavar="N", help="of the pairs and latents (default: 0)")
    evaluate.add_argument(
        "--strengths",
        type=shares,
        metavar="S,S,...",
        help="strengths of the style to measure at, for models that take a reference (default: 0,0.25,0.5,0.75,1)",
    )
    evaluate.add_argument("--out", required=True, type=Path, metavar="FILE", help="JSON report to write; its page, .html, goes beside it")
    _add_weights(evaluate)
    _add_networks(evaluate)


def _add_weights(evaluate: argparse.ArgumentParser) -> None:
    """Adds the options for files of published weights, which are never downloaded."""
    weights = evaluate.add_argument_group("published weights, from files of yours")
    weights.add_argument("--inception", type=Path, metavar="FILE", help="Inception's weights: adds FID, KID and the Inception score")
    weights.add_argument("--protocol", metavar="NAME", help="legacy, tensorflow1, clean or stargan-v2; with --inception (default: legacy)")
    weights.add_argument("--lpips", type=Path, metavar="FILE", help="AlexNet's or VGG16's weights: adds what LPIPS tells")
    weights.add_argument("--lpips-heads", type=Path, metavar="FILE", help="LPIPS's own weights, where they are not in the same file")
    weights.add_argument("--dino", type=Path, metavar="FILE", help="a DINO ViT's weights: adds Splice's structure distance")
    weights.add_argument("--clip", type=Path, metavar="FILE", help="a CLIP ViT's weights: adds similarity with contents and references")
    weights.add_argument("--csd", type=Path, metavar="FILE", help="CSD's weights: adds similarity of style with references")
    weights.add_argument("--artfid", type=Path, metavar="FILE", help="ArtFID's Inception, or a usual one: adds ArtFID; with --lpips")


def _add_networks(evaluate: argparse.ArgumentParser) -> None:
    """Adds the options for networks in ONNX files."""
    networks = evaluate.add_argument_group("networks of yours in ONNX files (pip install 'semgan[onnx-scores]')")
    scaling = "scale of the pixels that it takes: signed (-1 to 1, default), unit (0 to 1), imagenet or bytes"
    networks.add_argument("--landmarks-onnx", type=Path, metavar="FILE", help="predicts landmarks: adds how far translations move them")
    networks.add_argument("--landmarks-scaling", metavar="NAME", help=scaling)
    networks.add_argument("--identity-onnx", type=Path, metavar="FILE", help="embeds faces, as ArcFace does: adds similarity with contents")
    networks.add_argument("--identity-scaling", metavar="NAME", help=scaling)


def add_compare(commands: Any) -> None:
    """Adds the command."""
    compare = add(
        commands,
        "compare",
        _compare,
        "put several runs side by side: their figures, curves and last pictures",
        "semgan compare runs/quickstart runs/faces --out compare.html",
    )
    compare.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run")
    compare.add_argument("--out", type=Path, metavar="FILE", help="page to write (default: the table alone)")


def _evaluate(args: argparse.Namespace) -> None:
    prepare_jax()
    from semgan.evaluation.evaluate_command import evaluate_snapshot
    from semgan.evaluation.extractors.tools import Files

    evaluate_snapshot(
        model_of(args),
        args.out,
        data_dir=args.data,
        pairs=args.pairs,
        seed=args.seed,
        into=args.into,
        contents=args.contents,
        strengths=args.strengths,
        weights=Files(
            inception=args.inception,
            protocol=args.protocol,
            lpips=args.lpips,
            lpips_heads=args.lpips_heads,
            dino=args.dino,
            clip=args.clip,
            csd=args.csd,
            artfid=args.artfid,
            landmarks_onnx=args.landmarks_onnx,
            landmarks_scaling=args.landmarks_scaling,
            identity_onnx=args.identity_onnx,
            identity_scaling=args.identity_scaling,
        ),
    )


def _compare(args: argparse.Namespace) -> None:
    from semgan.compare.compare_command import compare_runs

    compare_runs(args.runs, args.out)
