"""Reads the user's weight files into parameters: recognised by their SHA-256 and checked tensor by tensor.

Nothing is ever downloaded. Files are PyTorch's, or .safetensors or .npz with the same names.
"""

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy

from semgan.errors import UserError
from semgan.evaluation.extractors import inception, lpips
from semgan.torch_files.mapping import CONVOLUTION, DENSE, SAME, Entry, Layout, Tensors, to_params

UNRECOGNISED = "unrecognised"
_MOST_COMPRESSED = 20


class KnownWeights(NamedTuple):
    """A published file: `digits` are the first of its SHA-256, eight where its own name gives no more."""

    file: str
    digits: str
    content: str


INCEPTION: dict[inception.Variant, str] = {"fid": "FID's Inception", "imagenet": "torchvision's ImageNet Inception"}
HEADS: dict[lpips.Backbone, str] = {"alexnet": "LPIPS heads for AlexNet", "vgg16": "LPIPS heads for VGG16"}
DINO, CLIP, CSD, ART_INCEPTION = "DINO's vision transformer", "CLIP", "CSD", "ArtFID's Inception"
KNOWN = (
    KnownWeights("pt_inception-2015-12-05-6726825d.pth", "6726825d", INCEPTION["fid"]),
    KnownWeights("inception_v3_google-0cc3c7bd.pth", "0cc3c7bd", INCEPTION["imagenet"]),
    KnownWeights("inception_v3_google-1a9a5a14.pth", "1a9a5a14", INCEPTION["imagenet"]),
    KnownWeights("alexnet-owt-7be5be79.pth", "7be5be79", "AlexNet"),
    KnownWeights("alexnet-owt-4df8aa71.pth", "4df8aa71", "AlexNet"),
    KnownWeights("vgg16-397923af.pth", "397923af", "VGG16"),
    KnownWeights("lpips v0.1 alex.pth", "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0", HEADS["alexnet"]),
    KnownWeights("lpips v0.1 vgg.pth", "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868", HEADS["vgg16"]),
    KnownWeights("stargan-v2 lpips_weights.ckpt", "8b641b3c88a60383027f5e3d9b14d0e8687a1b09aeeb4950ec5951813954a36a", HEADS["alexnet"]),
)
WHERE = {
    INCEPTION["fid"]: "pt_inception-2015-12-05-6726825d.pth from the releases of the pytorch-fid project",
    INCEPTION["imagenet"]: "inception_v3_google-0cc3c7bd.pth, torchvision's inception_v3 weights, from the PyTorch project",
    "AlexNet or VGG16": "alexnet-owt-7be5be79.pth or vgg16-397923af.pth, torchvision's weights, from the PyTorch project",
    "LPIPS heads": "alex.pth or vgg.pth of weights v0.1 from the PerceptualSimilarity project, whose package lpips holds them too",
    DINO: "dino_vitbase8_pretrain.pth, or another ViT's backbone weights, from facebookresearch's dino project",
    CLIP: "the state dict of one of openai's CLIP models with a vision transformer, or model.safetensors of its copy on Hugging Face",
    CSD: "checkpoint.pth or model.safetensors of CSD ViT-L, from learn2phoenix's CSD project",
    ART_INCEPTION: "art_inception.pth from matthias-wright's art-fid project, or one of Inception's files",
}
"""The source of each kind of weights."""


class WeightFile(NamedTuple):
    """A file that was read.

    Attributes:
      name: the published file's name, by its SHA-256, or `UNRECOGNISED`.
      content: what the published file is; "" where it is not recognised.
    """

    name: str
    content: str
    sha256: str
    tensors: Tensors


def read_weights(path: str | Path, content: str, inside: Sequence[str] = ()) -> WeightFile:
    """Reads a state dict and recognises the file.

    Args:
      content: a key of `WHERE`, for the message where there is no such file.
      inside: names under which a training's checkpoint may hold the state dict beside other things.

    Raises:
      UserError: there is no such file, it cannot be read, or it does not hold named tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path} is not a file: give the weights of {content}, which is {WHERE[content]}; semgan downloads nothing")
    try:
        contents = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check its permissions") from error
    sha256 = hashlib.sha256(contents).hexdigest()
    publication = next((publication for publication in KNOWN if sha256.startswith(publication.digits)), KnownWeights(UNRECOGNISED, "", ""))
    tensors = _unwrapped(_READERS.get(path.suffix.lower(), _read_torch)(contents, path), inside)
    if not isinstance(tensors, Mapping) or not tensors or not all(isinstance(value, np.ndarray) for value in tensors.values()):
        raise UserError(f"{path} does not hold named tensors: give the weights of {content}, which is {WHERE[content]}")
    return WeightFile(publication.file, publication.content, sha256, dict(tensors))


def inception_params(
    path: str | Path, variant: inception.Variant, dtype: np.typing.DTypeLike = np.float32
) -> tuple[WeightFile, dict[str, Any]]:
    """FID's or ImageNet's Inception from a file with torchvision's names; an auxiliary head in it is left out.

    Raises:
      UserError: as `read_weights`; or tensors are missing, of another shape or unknown; or the file is known to be another network's.
    """
    file = read_weights(path, INCEPTION[variant])
    refuse_other(path, file, {INCEPTION[variant]})
    table = [_inception_entry(ours) for ours in inception.unfolded_shapes(variant)]
    ignored = ("AuxLogits.*", "*.num_batches_tracked")
    return file, inception.fold(parameters(path, table, file.tensors, inception.unfolded_shapes(variant), ignored), dtype)


def is_art_inception(file: WeightFile) -> bool:
    """Returns whether the file holds ArtFID's Inception, which has two classifiers, rather than one of the usual ones."""
    return "fc1.weight" in file.tensors


def art_inception_params(path: str | Path, file: WeightFile) -> dict[str, Any]:
    """The convolutions of ArtFID's Inception, whose classifiers of artists and of styles no score needs.

    Raises:
      UserError: tensors are missing, of another shape or unknown.
    """
    shapes = {ours: shape for ours, shape in inception.unfolded_shapes("imagenet").items() if not ours.startswith("fc/")}
    ignored = ("fc1.*", "fc2.*", "AuxLogits1.*", "AuxLogits2.*", "*.num_batches_tracked")
    return inception.fold(parameters(path, [_inception_entry(ours) for ours in shapes], file.tensors, shapes, ignored))


def lpips_params(backbone: str | Path, heads: str | Path | None = None) -> tuple[tuple[WeightFile, ...], dict[str, Any]]:
    """LPIPS from a classifier's file and one of heads, or from one file with both; AlexNet or VGG16 by what the first holds.

    Names may be torchvision's, the lpips package's or StarGAN v2's.

    Raises:
      UserError: as `inception_params`.
    """
    files = [read_weights(backbone, "AlexNet or VGG16")]
    refuse_other(backbone, files[0], {"AlexNet", "VGG16"})
    if heads is not None:
        files.append(read_weights(heads, "LPIPS heads"))
    tensors = {_plain_name(name): value for file in reversed(files) for name, value in file.tensors.items()}
    kind: lpips.Backbone = "vgg16" if any(name in tensors for name in ("features.2.weight", "features.28.weight")) else "alexnet"
    if not any(name.startswith("heads.") for name in tensors):
        raise UserError(f"{backbone} holds a classifier without LPIPS heads: give them as well, {WHERE['LPIPS heads']}")
    if heads is not None:
        refuse_other(heads, files[1], {HEADS[kind]})
    shapes = lpips.shapes(kind)
    table = [_lpips_entry(ours) for ours in shapes]
    named = str(backbone) if heads is None else f"{backbone} with {heads}"
    return tuple(files), parameters(named, table, tensors, shapes, ("classifier.*", "scaling_layer.*"))


def parameters(
    named: str | Path, table: list[Entry], tensors: Tensors, shapes: Mapping[str, tuple[int, ...]], ignored: Iterable[str] = ()
) -> dict[str, Any]:
    """Converts a file's tensors as `mapping.to_params` does; a UserError begins with `named`, the file's path."""
    try:
        return to_params(table, tensors, shapes, ignored=ignored)
    except UserError as error:
        raise UserError(f"{named}: {error}") from error


def refuse_other(path: str | Path, file: WeightFile, wanted: set[str]) -> None:
    """Raises UserError where the file is known to be none of the `wanted` contents."""
    if file.content and file.content not in wanted:
        raise UserError(f"{path} is {file.name}, which is {file.content}, not {' or '.join(sorted(wanted))}: give the other file")


_BATCH_NORM = {"scale": "bn.weight", "offset": "bn.bias", "mean": "bn.running_mean", "variance": "bn.running_var"}
_HEAD = Layout(lambda x: x.reshape(-1), lambda x: x.reshape(1, -1, 1, 1))
"""(1, channel, 1, 1) <-> (channel,)."""


def _inception_entry(ours: str) -> Entry:
    path, leaf = ours.split("/")
    if path == "fc":
        return Entry(ours, "fc.weight", DENSE) if leaf == "kernel" else Entry(ours, "fc.bias", SAME)
    return Entry(ours, f"{path}.conv.weight", CONVOLUTION) if leaf == "kernel" else Entry(ours, f"{path}.{_BATCH_NORM[leaf]}", SAME)


def _lpips_entry(ours: str) -> Entry:
    parent, name, *leaf = ours.split("/")
    if parent == "heads":
        return Entry(ours, f"heads.{name}", _HEAD)
    return Entry(ours, f"{name}.weight", CONVOLUTION) if leaf == ["kernel"] else Entry(ours, f"{name}.bias", SAME)


_SPELLINGS = (
    (re.compile(r"net\.slice\d\.(\d+)\.(weight|bias)"), r"features.\1.\2"),  # the lpips package
    (re.compile(r"alexnet\.layers\.(\d+)\.(weight|bias)"), r"features.\1.\2"),  # StarGAN v2
    (re.compile(r"lins?\.?(\d)\.model\.1\.weight"), r"heads.\1"),
    (re.compile(r"lpips_weights\.(\d)\.main\.1\.weight"), r"heads.\1"),
)


def _plain_name(name: str) -> str:
    for pattern, plain in _SPELLINGS:
        if match := pattern.fullmatch(name):
            return match.expand(plain)
    return name


def _unwrapped(contents: Any, inside: Sequence[str]) -> Any:
    if not isinstance(contents, Mapping):
        return contents
    return next((contents[name] for name in inside if isinstance(contents.get(name), Mapping)), contents)


def _read_torch(contents: bytes, path: Path) -> Any:
    from semgan.torch_files import reader

    return reader.read_bytes(contents, path)


def _read_safetensors(contents: bytes, path: Path) -> Any:
    try:
        return safetensors.numpy.load(contents)
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise UserError(f"{path} is not a safetensors file, or is damaged ({error}): copy it again") from error


def _read_npz(contents: bytes, path: Path) -> Any:
    try:
        with zipfile.ZipFile(io.BytesIO(contents)) as members:
            whole = sum(member.file_size for member in members.infolist())
        if whole > _MOST_COMPRESSED * len(contents):
            raise UserError(f"{path} would grow from {len(contents)} to {whole} bytes, as no weights do: give a file of weights")
        with np.load(io.BytesIO(contents), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} is not a .npz file of plain arrays, or is damaged ({error}): copy it again") from error


_READERS: dict[str, Callable[[bytes, Path], Any]] = {".safetensors": _read_safetensors, ".npz": _read_npz}
