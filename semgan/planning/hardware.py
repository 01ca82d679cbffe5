"""The vendors' numbers for the devices that training is planned for, each with its source.

Rates are of dense products. `float32` is what JAX's default precision makes of float32 matrix products and convolutions there: TF32 on
NVIDIA's, one bfloat16 pass on TPUs. A link's and the network's bandwidth are what one device can send, one way.
"""

from collections.abc import Mapping
from typing import NamedTuple

RESNET_SHARE = {"bfloat16": 0.195, "float32": 0.148}
"""The share of the peak that training attains: ResNet-50 on one A100 80GB does 2,470 images/s in mixed precision and 938 in TF32,
at 3 x 8.2 GFLOP per image (NVIDIA/DeepLearningExamples, PyTorch/Classification/ConvNets/resnet50v1.5/README.md). Taken for all others."""
RESNET_SOURCE = "ResNet-50 on an A100"


class Hardware(NamedTuple):
    """One kind of device, as a plan needs it.

    Attributes:
      name: in full.
      rate: peak FLOP/s by `config.precision`.
      share: of that peak, what training attains, and `share_source` where that is known from.
      memory: bytes; `memory_bandwidth` bytes/s.
      link_bandwidth: bytes/s that a device sends to the others of its island.
      network_bandwidth: bytes/s that a device sends out of its island.
      devices_per_host: devices of one process's machine.
      devices_per_island: devices joined by links: a host's GPUs, a pod's TPUs.
      source: where the numbers were published.
    """

    name: str
    rate: Mapping[str, float]
    memory: float
    memory_bandwidth: float
    link_bandwidth: float
    network_bandwidth: float
    devices_per_host: int
    devices_per_island: int
    source: str
    share: Mapping[str, float] = RESNET_SHARE
    share_source: str = RESNET_SOURCE


def _gpu(name: str, bfloat16: float, tf32: float, memory: float, bandwidth: float, link: float, network: float, source: str) -> Hardware:
    """A GPU, from numbers in TFLOP/s, GB and GB/s; eight on a host."""
    rate = {"bfloat16": 1e12 * bfloat16, "float32": 1e12 * tf32}
    return Hardware(name, rate, 1e9 * memory, 1e9 * bandwidth, 1e9 * link, 1e9 * network, 8, 8, source)


def _tpu(
    name: str, bfloat16: float, memory: float, bandwidth: float, link: float, network: float, host: int, pod: int, source: str
) -> Hardware:
    """A TPU, from numbers in TFLOP/s, GB and GB/s."""
    rate = {"bfloat16": 1e12 * bfloat16, "float32": 1e12 * bfloat16}
    return Hardware(name, rate, 1e9 * memory, 1e9 * bandwidth, 1e9 * link, 1e9 * network, host, pod, source)


_TPU_PAGES = "https://docs.cloud.google.com/tpu/docs"
_DGX_PAGES = "https://docs.nvidia.com/dgx"
_HOPPER = "989.4 and 494.7 TFLOP/s: NVIDIA H100 Tensor Core GPU Architecture white paper"

TABLE: Mapping[str, Hardware] = {
    "a100": _gpu(
        *("NVIDIA A100 80GB SXM", 312, 156, 80, 2039, 300, 25),
        "NVIDIA A100 data sheet (nvidia-a100-datasheet-us-nvidia-1758950-r4-web.pdf): NVLink 600 GB/s both ways; network: 8 x 200 Gb/s "
        f"ConnectX, {_DGX_PAGES}/dgxa100-user-guide/introduction-to-dgxa100.html",
    ),
    "h100": _gpu(
        *("NVIDIA H100 80GB SXM", 989.4, 494.7, 80, 3350, 450, 50),
        f"{_HOPPER}; NVIDIA H100 data sheet: 3.35 TB/s, NVLink 900 GB/s both ways; network: 8 x 400 Gb/s ConnectX-7, "
        f"{_DGX_PAGES}/dgxh100-user-guide/introduction-to-dgxh100.html",
    ),
    "h200": _gpu(
        *("NVIDIA H200 141GB SXM", 989.4, 494.7, 141, 4800, 450, 50),
        f"{_HOPPER}; NVIDIA H200 data sheet: 141 GB, 4.8 TB/s, NVLink 900 GB/s both ways; network: 8 x 400 Gb/s as in DGX H200",
    ),
    "b200": _gpu(
        *("NVIDIA B200 180GB (HGX)", 2250, 1100, 180, 8000, 900, 50),
        "NVIDIA Blackwell Architecture Technical Brief, HGX B200 at 1,000 W: dense rates, NVLink 1.8 TB/s both ways; 1,440 GB and 64 TB/s "
        f"of eight, network 8 x 400 Gb/s ConnectX-7: {_DGX_PAGES}/dgxb200-user-guide/introduction-to-dgxb200.html",
    ),
    "v4": _tpu(
        *("TPU v4", 275, 32 * 1.073741824, 1200, 300, 6.25, 4, 4096),
        f"{_TPU_PAGES}/v4; links 6 x 50 GB/s: arXiv 2304.01433, table 4; the network's is not published there and taken as v5p's",
    ),
    "v5e": _tpu(
        *("TPU v5e", 197, 16, 819, 200, 3.125, 8, 256),
        f"{_TPU_PAGES}/v5e: links 400 GB/s both ways; network 6.4 Tb/s of a pod of 256",
    ),
    "v5p": _tpu(
        *("TPU v5p", 459, 95 * 1.073741824, 2765, 600, 6.25, 4, 8960),
        f"{_TPU_PAGES}/v5p: links 1,200 GB/s both ways; network 50 Gb/s a chip",
    ),
    "v6e": _tpu(
        *("TPU v6e", 918, 32, 1638, 400, 12.5, 8, 256),
        f"{_TPU_PAGES}/v6e: links 800 GB/s both ways; network 25.6 Tb/s of a pod of 256",
    ),
}
"""Devices by the name that the command takes."""
