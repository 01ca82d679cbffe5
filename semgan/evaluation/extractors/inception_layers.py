"""The layers of Inception v3 (Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision") as data.

Names are those that torchvision gives and that the weight files hold: a block's name, a dot and the layer's name. Each convolution
stands for convolution, batch normalisation and ReLU.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple


class ConvLayer(NamedTuple):
    """Stride 2 and `padding="VALID"` shrink the map; everything else keeps its size."""

    name: str
    features: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: Literal["SAME", "VALID"] = "SAME"


class Pool(NamedTuple):
    """`halve`: the maximum of 3x3 windows, stride 2. `average`: the mean of 3x3 neighbourhoods. `last`: what the last block has."""

    kind: Literal["halve", "average", "last"]


class Fork(NamedTuple):
    """Convolutions side by side on the same input, their outputs joined."""

    layers: tuple[ConvLayer, ...]


ChainStep = ConvLayer | Pool | Fork
Branches = tuple[tuple[ChainStep, ...], ...]
"""Chains of steps side by side on the same input, their outputs joined."""


class InceptionBlock(NamedTuple):
    """A named set of branches."""

    name: str
    branches: Branches


class Placement(NamedTuple):
    """A convolution of the whole network: `path` as in the weight file, and the channels that it reads."""

    path: str
    inputs: int
    layer: ConvLayer


def _halving(name: str, features: int) -> ConvLayer:
    return ConvLayer(name, features, (3, 3), 2, "VALID")


def _a(pooled: int) -> Branches:
    return (
        (ConvLayer("branch1x1", 64),),
        (ConvLayer("branch5x5_1", 48), ConvLayer("branch5x5_2", 64, (5, 5))),
        (
            ConvLayer("branch3x3dbl_1", 64),
            ConvLayer("branch3x3dbl_2", 96, (3, 3)),
            ConvLayer("branch3x3dbl_3", 96, (3, 3)),
        ),
        (Pool("average"), ConvLayer("branch_pool", pooled)),
    )


def _b() -> Branches:
    return (
        (_halving("branch3x3", 384),),
        (ConvLayer("branch3x3dbl_1", 64), ConvLayer("branch3x3dbl_2", 96, (3, 3)), _halving("branch3x3dbl_3", 96)),
        (Pool("halve"),),
    )


def _c(narrow: int) -> Branches:
    return (
        (ConvLayer("branch1x1", 192),),
        (
            ConvLayer("branch7x7_1", narrow),
            ConvLayer("branch7x7_2", narrow, (1, 7)),
            ConvLayer("branch7x7_3", 192, (7, 1)),
        ),
        (
            ConvLayer("branch7x7dbl_1", narrow),
            ConvLayer("branch7x7dbl_2", narrow, (7, 1)),
            ConvLayer("branch7x7dbl_3", narrow, (1, 7)),
            ConvLayer("branch7x7dbl_4", narrow, (7, 1)),
            ConvLayer("branch7x7dbl_5", 192, (1, 7)),
        ),
        (Pool("average"), ConvLayer("branch_pool", 192)),
    )


def _d() -> Branches:
    return (
        (ConvLayer("branch3x3_1", 192), _halving("branch3x3_2", 320)),
        (
            ConvLayer("branch7x7x3_1", 192),
            ConvLayer("branch7x7x3_2", 192, (1, 7)),
            ConvLayer("branch7x7x3_3", 192, (7, 1)),
            _halving("branch7x7x3_4", 192),
        ),
        (Pool("halve"),),
    )


def _e(pool: Pool) -> Branches:
    return (
        (ConvLayer("branch1x1", 320),),
        (
            ConvLayer("branch3x3_1", 384),
            Fork((ConvLayer("branch3x3_2a", 384, (1, 3)), ConvLayer("branch3x3_2b", 384, (3, 1)))),
        ),
        (
            ConvLayer("branch3x3dbl_1", 448),
            ConvLayer("branch3x3dbl_2", 384, (3, 3)),
            Fork((ConvLayer("branch3x3dbl_3a", 384, (1, 3)), ConvLayer("branch3x3dbl_3b", 384, (3, 1)))),
        ),
        (pool, ConvLayer("branch_pool", 192)),
    )


NETWORK: tuple[ConvLayer | Pool | InceptionBlock, ...] = (
    _halving("Conv2d_1a_3x3", 32),
    ConvLayer("Conv2d_2a_3x3", 32, (3, 3), padding="VALID"),
    ConvLayer("Conv2d_2b_3x3", 64, (3, 3)),
    Pool("halve"),
    ConvLayer("Conv2d_3b_1x1", 80),
    ConvLayer("Conv2d_4a_3x3", 192, (3, 3), padding="VALID"),
    Pool("halve"),
    InceptionBlock("Mixed_5b", _a(32)),
    InceptionBlock("Mixed_5c", _a(64)),
    InceptionBlock("Mixed_5d", _a(64)),
    InceptionBlock("Mixed_6a", _b()),
    InceptionBlock("Mixed_6b", _c(128)),
    InceptionBlock("Mixed_6c", _c(160)),
    InceptionBlock("Mixed_6d", _c(160)),
    InceptionBlock("Mixed_6e", _c(192)),
    InceptionBlock("Mixed_7a", _d()),
    InceptionBlock("Mixed_7b", _e(Pool("average"))),
    InceptionBlock("Mixed_7c", _e(Pool("last"))),
)
"""The layers from pictures of 299 x 299 pixels to maps of 8 x 8 x 2048."""
IMAGE_SIZE = 299
FEATURES = 2048


def convolutions() -> list[Placement]:
    """All convolutions, in the order of the network."""
    placements: list[Placement] = []
    inputs = 3
    for part in NETWORK:
        if isinstance(part, InceptionBlock):
            outputs = [_walk(branch, inputs, f"{part.name}.", placements) for branch in part.branches]
            inputs = sum(outputs)
        else:
            inputs = _walk((part,), inputs, "", placements)
    return placements


def _walk(steps: tuple[ChainStep, ...], inputs: int, prefix: str, placements: list[Placement]) -> int:
    """Adds the convolutions of a chain to `placements`; the channels that come out of it."""
    for step in steps:
        if isinstance(step, Pool):
            continue
        layers = list(_layers(step))
        placements += [Placement(prefix + layer.name, inputs, layer) for layer in layers]
        inputs = sum(layer.features for layer in layers)
    return inputs


def _layers(step: ConvLayer | Fork) -> Iterator[ConvLayer]:
    yield from step.layers if isinstance(step, Fork) else (step,)
