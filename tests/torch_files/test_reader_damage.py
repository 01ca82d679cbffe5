"""Containers cut short, out of step with themselves, or not as PyTorch writes them: one sentence each."""

import re
import struct
import zipfile

import pytest

from semgan.errors import UserError
from tests.torch_files import old_format
from tests.torch_files.checks import FILES, TENSORS, kinds, members_of, read, refused, zipped


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_zip_files_that_are_not_as_pytorch_writes_them_are_refused():
    members = members_of(old_format.zip_file(TENSORS))
    pickle_name = "archive/data.pkl"
    refused(zipped([*members.items(), ("archive/version", b"2")]), "two members of one name")
    refused(zipped([*members.items(), ("other/data.pkl", members[pickle_name])]), "without PyTorch's data.pkl")
    refused(zipped([("a.npy", b"")]), "without PyTorch's data.pkl")
    refused(
        zipped([*members.items(), ("archive/constants.pkl", b"")]),
        r"TorchScript archive, .*torch.save\(torch.jit.load",
    )
    first = next(name for name in members if "/data/" in name)
    refused(zipped((name, contents) for name, contents in members.items() if name != first), re.escape(f"lacks its member {first}"))
    refused(zipped((name, contents[: -1 if name == first else None]) for name, contents in members.items()), "malformed storage")
    refused(zipped(members.items(), zipfile.ZIP_BZIP2), "unusually compressed member")
    stored = old_format.zip_file(TENSORS)
    encrypted = bytearray(stored)
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    refused(bytes(encrypted), "encrypted")
    place = stored.index(TENSORS["float"].tobytes())
    refused(stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :], "damaged zip file")


def test_old_files_whose_storages_do_not_fit_are_refused():
    whole = old_format.old_file({"x": TENSORS["float"]})
    count = whole.index(struct.pack("<q", 24) + TENSORS["float"].tobytes())
    refused(whole[:count] + struct.pack("<q", 25) + whole[count + 8 :], "malformed storage")
    refused(whole[:count] + struct.pack("<q", 2**62) + whole[count + 8 :], "malformed storage")
    refused(whole + b"x", "1 bytes after its last storage")
    head = whole[: whole.index(old_format.pickled(["94000000"]))]
    refused(head + old_format.pickled([]), "malformed list of storages")
    refused(head + old_format.pickled(["94000000"] * 2) + whole[count:], "malformed list of storages")
    refused(head + old_format.pickled("94000000") + whole[count:], "malformed list of storages")
    refused(whole.replace(old_format.pickled(1001), old_format.pickled(1002)), "save it again with PyTorch 1.6")
    refused(old_format.plain_file({"x": 1}) + b"tail", "4 bytes after the end of its pickle")


@kinds
def test_every_prefix_is_refused(kind):
    contents = FILES[kind]({"x": TENSORS["float"], "y": {"z": [TENSORS["half"], 1.5]}})
    for length in range(len(contents)):
        with pytest.raises(UserError, match=r"^a\.pth "):
            read(contents[:length])
