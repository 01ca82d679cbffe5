"""No file makes the restricted reader take more memory than it declares."""

import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from semgan.errors import UserError
from tests.torch_files import old_format
from tests.torch_files.checks import RNG, read, refused
from tests.torch_files.old_format import Call, Raw

MEMORY_FACTOR, MEMORY_BASE = 20, 2**20
"""What reading may take: the file's size so many times over, and so many bytes more."""


def measured(contents):
    """Peak of what reading takes beyond the file itself, in bytes; errors of the user's are fine."""
    tracemalloc.start()
    try:
        read(contents)
    except UserError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    "operations",
    [
        b"]",
        b"}",
        b"\x8f",
        b"(",
        b"N",
        b"K\x01",
        b"J\xff\xff\xff\x7f",
        b"M\xff\xff",
        b"\x8a\x01\x01",
        b"]\x94",
        b"\x8f\x94",
        b"}\x94",
        b"N\x85",
        b"))\x86",
        b"]q\x00",
        b"G\x40\x09\x21\xfb\x54\x44\x2d\x18",
        b"\x8c\x04\xf0\x9f\x98\x80",
        b"\x8c\x01a",
        b"C\x01a",
        b"cargparse\nNamespace\n",
        b"h\x00",
        b"cargparse\nNamespace\n)\x81",
        b"ccollections\nOrderedDict\n)R",
        b"ctorch.nn.modules.a\nA\n",
        b"0]",
        b"]K\x01a",
        b"}K\x01K\x01s",
        b"(l",
    ],
    ids=repr,
)
def test_every_operation_is_paid_for(operations):
    """However often it stands in a file, and whatever it leaves on the stack."""
    contents = b"\x80\x04N\x94" + operations * (100_000 // len(operations)) + b"."
    assert measured(contents) < MEMORY_FACTOR * len(contents) + MEMORY_BASE


def test_every_entry_of_a_large_container_is_paid_for():
    numbers = b"".join(b"J" + struct.pack("<i", i) for i in range(25_000))
    for contents in (
        b"\x80\x04](" + numbers + b"e.",
        b"\x80\x04}(" + numbers + b"u.",
        b"\x80\x04\x8f(" + numbers + b"\x90.",
        b"\x80\x04(" + numbers + b"t.",
    ):
        assert measured(contents) < MEMORY_FACTOR * len(contents) + MEMORY_BASE


@pytest.mark.parametrize(
    "claim",
    [
        b"X\xff\xff\xff\x7f",
        b"\x8d" + b"\xff" * 7 + b"\x7f",
        b"\x8e" + b"\xff" * 8,
        b"\x96" + b"\xff" * 8,
        b"B\xff\xff\xff\xff",
        b"T\xff\xff\xff\xff",
        b"\x95" + b"\xff" * 8 + b"K",
        b"Nr\xff\xff\xff\xff",
        b"\x8a\xff" + b"\x01" * 255,
        b"c" + b"a" * 10_000,
        b"\x8b\xff\xff\xff\x7f",
    ],
    ids=lambda claim: repr(claim[:6]),
)
def test_lengths_and_indices_are_only_claims(claim):
    contents = b"\x80\x04" + claim + b"."
    assert measured(contents) < 100_000
    if not claim.startswith((b"Nr", b"\x95")):
        refused(contents, "cut short|malformed|operation")


def test_a_deep_nest_a_loop_and_a_billion_laughs_are_refused():
    for nest in (b"]" * 70 + b"a" * 69, b")" + b"\x85" * 70, b"N" + b"\x85" * 9_000, b"]" * 5_000 + b"a" * 4_999):
        refused(b"\x80\x02" + nest + b".", "nests its data")
    assert read(b"\x80\x02" + b"]" * 50 + b"a" * 49 + b".")
    refused(b"\x80\x02]q\x00h\x00a.", "nests its data in itself")
    refused(b"\x80\x02}q\x00K\x01h\x00s.", "nests its data in itself")
    laughs = b"\x80\x02]q\x00" + b"".join(b"](" + b"h%c" % i * 10 + b"eq%c" % (i + 1) for i in range(40)) + b"."
    refused(laughs, "more than [0-9]+ bytes of memory")


def test_one_array_in_a_thousand_places_is_refused_and_in_two_is_one_array():
    """Whoever copies what was read must not be surprised."""

    def file(places):
        return old_format.old_file([np.zeros(1000), Raw(b"r\x0f\x27\x00\x00"), Raw(b"j\x0f\x27\x00\x00" * places)])

    first, second = read(file(1))
    assert first is second
    refused(file(1_000), "more than [0-9]+ bytes of memory")


def test_depth_counts_through_what_is_shared():
    """A nest that was found near the top is no less deep in a deep place."""
    for count, fine in ((1, True), (2, False), (3, False)):
        parts = b"".join(b"]" * 40 + (b"h%ca" % index if index else b"") + b"a" * 39 + b"q%c" % (index + 1) for index in range(count))
        contents = b"\x80\x02](" + parts + b"e."
        if fine:
            read(contents)
        else:
            refused(contents, "nests its data")


def test_empty_things_count_too():
    """A list of nothings, many times over, is still long to walk."""
    contents = b"\x80\x02](" + b"](" + b"X\0\0\0\0" + b"q\x01" + b"h\x01" * 2_000 + b"eq\x02" + b"h\x02" * 2_000 + b"e."
    refused(contents, "more than [0-9]+ bytes of memory")


def test_a_storage_that_is_read_a_thousand_times_is_paid_for_each_time():
    noisy = np.repeat(RNG.integers(0, 255, 1_000, np.uint8), 100)

    def file(inside, times):
        put, get = Raw(b"r\x0f\x27\x00\x00"), Raw(b"j\x0f\x27\x00\x00\x85")
        tensors = [Call(old_format.TENSOR, (Call(old_format.LOAD_BYTES, get), 0, (1,), (1,), False, None)) for _ in range(times)]
        return old_format.pickled([inside, put, *tensors], 3)

    for inside in (old_format.zip_storage(noisy, zipfile.ZIP_DEFLATED), old_format.old_file(None, storage_alone=noisy[:20_000])):
        assert len(read(file(inside, 3))) == 4
        refused(file(inside, 500), "more than [0-9]+ bytes of memory")
        assert measured(file(inside, 500)) < MEMORY_FACTOR * len(file(inside, 500)) + MEMORY_BASE


def test_keys_cannot_be_made_to_collide():
    many = b"".join(b"\x8a\x10" + (i * (2**61 - 1) << 3).to_bytes(16, "little") + b"N" for i in range(2, 50))
    refused(b"\x80\x02}(" + many + b"u.", "key of a dict")


def test_a_zip_bomb_is_refused():
    file = old_format.zip_file({"x": np.zeros(300_000, np.float32)}, compression=zipfile.ZIP_DEFLATED)
    assert len(file) < 3_000
    refused(file, "swells more than 100 times")
    assert measured(file) < 200_000


def test_a_deflated_pickle_within_the_ratio_is_paid_for_too():
    noisy = np.repeat(RNG.integers(0, 255, 40_000, np.uint8), 160)
    file = old_format.zip_file({"x": noisy}, compression=zipfile.ZIP_DEFLATED)
    peak = measured(file)
    assert 20 < len(noisy) / len(file) < 100
    assert peak < MEMORY_FACTOR * len(file) + MEMORY_BASE


def test_a_zip_with_many_members_is_paid_for_before_it_is_opened():
    file = old_format.zip_file({}, **{f"data/{i}": b"" for i in range(5_000)})
    assert measured(file) < MEMORY_FACTOR * len(file) + MEMORY_BASE
