"""What `--accelerator` says in the words of each place."""

import math

import pytest

from semgan.errors import UserError
from semgan.launching import accelerators


@pytest.mark.parametrize(
    ("name", "accelerator_type", "pool", "topology", "hosts", "devices"),
    [
        ("v5e-1", "v5litepod-1", "tpu-v5-lite-podslice", "1x1", 1, 1),
        ("v5e-8", "v5litepod-8", "tpu-v5-lite-podslice", "2x4", 1, 8),
        ("v5e-16", "v5litepod-16", "tpu-v5-lite-podslice", "4x4", 4, 4),
        ("v5litepod-256", "v5litepod-256", "tpu-v5-lite-podslice", "16x16", 64, 4),
        ("v6e-32", "v6e-32", "tpu-v6e-slice", "4x8", 8, 4),
        ("v4-8", "v4-8", "tpu-v4-podslice", "2x2x1", 1, 4),
        ("v4-32", "v4-32", "tpu-v4-podslice", "2x2x4", 4, 4),
        ("v5p-128", "v5p-128", "tpu-v5p-slice", "4x4x4", 16, 4),
    ],
)
def test_a_slice_has_its_hosts_chips_and_names(name, accelerator_type, pool, topology, hosts, devices):
    found = accelerators.parse(f"tpu:{name}")
    assert found.tpu is not None
    assert (found.tpu.accelerator_type, found.tpu.pool, found.tpu.topology) == (accelerator_type, pool, topology)
    assert (found.hosts, found.devices) == (hosts, devices)
    assert math.prod(map(int, topology.split("x"))) == hosts * devices


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("gpu",), ("gpu", 1, 8)),
        (("gpu:4", 2), ("gpu", 2, 4)),
        (("gpu", 3, 2), ("gpu", 3, 2)),
        (("gpu:4", 2, 4), ("gpu", 2, 4)),
        (("cpu", 2), ("cpu", 2, 1)),
    ],
)
def test_gpus_and_cpus_are_counted_by_host(asked, found):
    assert accelerators.parse(*asked)[:3] == found


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("gpu:0",), "give gpu:8"),
        (("gpu:many",), "give gpu:8"),
        (("cpu:4",), "give gpu:8"),
        (("npu",), "give gpu:8"),
        (("gpu:4", 1, 8), "contradict"),
        (("tpu:v5e-16", 4), "leave out --hosts"),
        (("tpu:v1-8",), "v4, v5e, v5p, v6e"),
        (("tpu:v5e-12",), "1, 4, 8, 16, 32, 64, 128, 256"),
        (("tpu:v4-4",), "8, 16, 32"),
        (("tpu",), "with a size"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(asked, words):
    with pytest.raises(UserError, match=words):
        accelerators.parse(*asked)
