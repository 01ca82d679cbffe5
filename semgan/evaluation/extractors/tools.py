"""Networks with published weights that an evaluation may use beside the judge, from files that the user has."""

from pathlib import Path
from typing import NamedTuple

from semgan.errors import UserError
from semgan.evaluation.extractors import lpips as lpips_network
from semgan.evaluation.extractors.extractor import Perceptual, load_extractor, load_lpips
from semgan.evaluation.extractors.feature_extractor import FeatureExtractor

PROTOCOL = "legacy"
"""Inception's protocol by default."""


class Tools(NamedTuple):
    """The networks that are available; without one (None) the figures that need it are left out."""

    inception: FeatureExtractor | None = None
    lpips: Perceptual | None = None


class Files(NamedTuple):
    """The paths of the weight files, "" or None for none; `protocol` is Inception's, `lpips_heads` may be inside `lpips`."""

    inception: str | Path | None = None
    protocol: str | None = None
    lpips: str | Path | None = None
    lpips_heads: str | Path | None = None


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
    perceptual = load_lpips(files.lpips, files.lpips_heads or None) if files.lpips else None
    if perceptual and image_size < (least := lpips_network.SMALLEST[perceptual.backbone]):
        raise UserError(
            f"the model's pictures have {image_size} pixels, but LPIPS with {perceptual.backbone} needs {least} at least: leave out --lpips"
        )
    return Tools(load_extractor(files.inception, files.protocol or PROTOCOL) if files.inception else None, perceptual)
