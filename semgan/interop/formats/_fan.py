"""The heat-map network of StarGAN v2's high-pass files, `fan`: a table of its tensors, and the counters that nothing reads."""

import numpy as np

from semgan.interop.formats._translation import Official, layer, scale_and_bias
from semgan.networks.heatmaps import DEPTH
from semgan.torch_files.mapping import SAME, Entry

OURS = "heat_maps"


def fan(name: str) -> Official:
    """The network in the order of its modules; its batch norms' statistics are parameters of ours."""
    table: list[Entry] = []
    norms: list[str] = []

    def convolution(ours: str, theirs: str, bias: bool = True) -> None:
        table.extend(layer(f"{OURS}/{ours}", f"{name}.{theirs}", bias=bias))

    def norm(ours: str, theirs: str) -> None:
        table.extend(scale_and_bias(f"{OURS}/{ours}", f"{name}.{theirs}"))
        for statistic, buffer in (("mean", "running_mean"), ("variance", "running_var")):
            table.append(Entry(f"{OURS}/{ours}/{statistic}", f"{name}.{theirs}.{buffer}", SAME))
        norms.append(f"{name}.{theirs}")

    def block(ours: str, theirs: str, shortcut: bool = False) -> None:
        for number in (1, 2, 3):
            norm(f"{ours}/norm{number}", f"{theirs}.bn{number}")
            convolution(f"{ours}/conv{number}", f"{theirs}.conv{number}", bias=False)
        if shortcut:
            norm(f"{ours}/shortcut_norm", f"{theirs}.downsample.0")
            convolution(f"{ours}/shortcut", f"{theirs}.downsample.2", bias=False)

    convolution("conv1", "conv1.conv")
    norm("norm1", "bn1")
    block("block2", "conv2", shortcut=True)
    block("block3", "conv3")
    block("block4", "conv4", shortcut=True)
    convolution("coordinates", "m0.coordconv.conv")
    for depth in range(DEPTH, 0, -1):
        for ours, theirs in (("around", "b1_"), ("down", "b2_"), ("up", "b3_")):
            block(f"hourglass/{ours}{depth}", f"m0.{theirs}{depth}")
    block("hourglass/middle", "m0.b2_plus_1")
    block("top", "top_m_0")
    convolution("last", "conv_last0")
    norm("last_norm", "bn_end0")
    convolution("maps", "l0")
    return Official(table, unread={f"{place}.num_batches_tracked": np.zeros((), np.int64) for place in norms})
