"""Networks that an evaluation may use beside the judge: a matcher, and those with published weights, from files that the user has."""

from pathlib import Path
from typing import NamedTuple

from semgan.errors import UserError
from semgan.evaluation.extractors import lpips as lpips_network
from semgan.evaluation.extractors.art_fid import load_art_inception
from semgan.evaluation.extractors.extractor import Perceptual, load_extractor, load_lpips
from semgan.evaluation.extractors.feature_extractor import FeatureExtractor
from semgan.evaluation.extractors.onnx_network import OnnxNetwork, load_identity, load_landmarks
from semgan.evaluation.extractors.transformers import Embedder, KeyExtractor, load_clip, load_csd, load_dino
from semgan.evaluation.matcher.matcher import Matcher

PROTOCOL = "legacy"
"""Inception's protocol by default."""


class Tools(NamedTuple):
    """The networks that are available; without one (None) the figures that need it are left out."""

    matcher: Matcher | None = None
    inception: FeatureExtractor | None = None
    lpips: Perceptual | None = None
    dino: KeyExtractor | None = None
    clip: Embedder | None = None
    csd: Embedder | None = None
    art_inception: FeatureExtractor | None = None
    landmarks: OnnxNetwork | None = None
    identity: OnnxNetwork | None = None


class Files(NamedTuple):
    """The paths of the weight files, "" or None for none; `protocol` is Inception's, `lpips_heads` may be inside `lpips`.

    `landmarks_scaling` and `identity_scaling` are keys of `onnx_network.SCALINGS`, "" or None for the default.
    """

    inception: str | Path | None = None
    protocol: str | None = None
    lpips: str | Path | None = None
    lpips_heads: str | Path | None = None
    dino: str | Path | None = None
    clip: str | Path | None = None
    csd: str | Path | None = None
    artfid: str | Path | None = None
    landmarks_onnx: str | Path | None = None
    landmarks_scaling: str | None = None
    identity_onnx: str | Path | None = None
    identity_scaling: str | None = None


def load_tools(files: Files, image_size: int) -> Tools:
    """Reads the files that are named.

    Args:
      image_size: the size of the pictures to evaluate, in pixels.

    Raises:
      UserError: an option without the one that it belongs to, a file that is missing or not what it should be, or pictures that are too
        small for LPIPS.
    """
    if files.protocol and not files.inception:
        raise UserError("--protocol says how pictures are prepared for Inception: give its weights with --inception too")
    if files.lpips_heads and not files.lpips:
        raise UserError("--lpips-heads are the last layer of LPIPS: give the network's weights with --lpips too")
    if files.artfid and not files.lpips:
        raise UserError("--artfid measures contents by LPIPS: give its weights with --lpips too")
    for option, network in (("landmarks", files.landmarks_onnx), ("identity", files.identity_onnx)):
        if getattr(files, f"{option}_scaling") and not network:
            raise UserError(f"--{option}-scaling says how pictures are scaled for a network: give it with --{option}-onnx too")
    perceptual = load_lpips(files.lpips, files.lpips_heads or None) if files.lpips else None
    if perceptual and image_size < (least := lpips_network.SMALLEST[perceptual.backbone]):
        raise UserError(
            f"the model's pictures have {image_size} pixels, but LPIPS with {perceptual.backbone} needs {least} at least: leave out --lpips"
        )
    return Tools(
        inception=load_extractor(files.inception, files.protocol or PROTOCOL) if files.inception else None,
        lpips=perceptual,
        dino=load_dino(files.dino) if files.dino else None,
        clip=load_clip(files.clip) if files.clip else None,
        csd=load_csd(files.csd) if files.csd else None,
        art_inception=load_art_inception(files.artfid) if files.artfid else None,
        landmarks=load_landmarks(files.landmarks_onnx, files.landmarks_scaling or "") if files.landmarks_onnx else None,
        identity=load_identity(files.identity_onnx, files.identity_scaling or "") if files.identity_onnx else None,
    )
