"""PyTorch's two formats of files, and plain pickles, each to the passive records of its pickle.

The zip format (`torch.save` since 1.6): members `NAME/data.pkl`, a pickle whose persistent ids name storages, `NAME/data/KEY`, the
bytes of each storage, and `NAME/byteorder`, "little" where it is missing. PyTorch stores its members; deflated ones are read too.

The old format (before 1.6, and storages inside of pickled modules): one after another the pickles of a magic number, of the
protocol's number 1001, of a dict about the machine, of the object, and of the list of its storages' keys, then for each key the
number of elements as a little-endian int64 and the elements.

A persistent id is `("storage", type, key, location, elements)`; the old format adds None or `(key, offset, elements)`, a part of that
storage. The location ("cuda:0") says where the tensor lived, and is of no use here.

A plain pickle, as StyleGAN2-ADA, StyleGAN3 and R3GAN release their networks, has neither; each storage in it is the bytes of a whole
file in the old format.
"""

import io
import struct
import zipfile
import zlib
from functools import partial
from typing import Any

from semgan.errors import UserError
from semgan.torch_files.globals import Context, Global
from semgan.torch_files.unpickler import Unpickler
from semgan.torch_files.values import RECORD, TYPES, Budget, Storage, excerpt, malformed_error

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
ZIP_START = b"PK\x03\x04"
PICKLE_START = b"\x80"

_MEMBER_PRICE = 1500
"""Bytes that the standard library takes for one member of a zip file."""
_MOST_DEFLATED = 100
_DAMAGED = "is a damaged zip file: download it again"


def load(contents: bytes, budget: Budget, *, inside: bool = False) -> Any:
    """The records of a file that begins with `ZIP_START` or `PICKLE_START`.

    Args:
      inside: it is a storage inside of a pickle. No further one may lie inside of it.

    Raises:
      UserError: it is damaged, too large, or needs what is not allowed; the message goes on after the file's name.
    """
    context = Context(budget, _refuse_storage if inside else partial(_load_storage, budget))
    return _load_zip(contents, context) if contents.startswith(ZIP_START) else _load_pickles(contents, context)


def _load_storage(budget: Budget, contents: bytes) -> Storage:
    before = budget.remaining
    storage = load(contents, budget, inside=True)
    if not isinstance(storage, Storage):
        raise malformed_error("storage")
    # All else of it is thrown away. Its length is paid for, so that the same bytes cannot be read a thousand times.
    budget.remaining = before
    budget.spend(RECORD + (storage.whole or storage).size + len(contents))
    return storage


def _refuse_storage(contents: bytes) -> Storage:
    raise malformed_error("storage, with another inside of it")


def _load_pickles(contents: bytes, context: Context) -> Any:
    first = Unpickler(contents, 0, context)
    value = first.load()
    if type(value) is int and value == MAGIC_NUMBER:
        return _load_old(contents, first.at, context)
    if first.at != len(contents):
        raise UserError(f"has {len(contents) - first.at} bytes after the end of its pickle: download it again")
    return value


def _load_old(contents: bytes, at: int, context: Context) -> Any:
    for check in (_is_protocol, _is_little_endian):
        head = Unpickler(contents, at, context)
        if not check(head.load()):
            raise UserError("is of a version or a machine whose PyTorch files are not known here: save it again with PyTorch 1.6 or newer")
        at = head.at
    storages: dict[str, Storage] = {}
    body = Unpickler(contents, at, context, partial(_declare, storages, context.budget))
    value = body.load()
    names = Unpickler(contents, body.at, context)
    keys = names.load()
    if type(keys) is not list or not all(type(key) is str for key in keys) or sorted(keys) != sorted(storages):
        raise malformed_error("list of storages")
    at = names.at
    for storage in map(storages.__getitem__, keys):
        count = int.from_bytes(contents[at : at + 8], "little")
        at += 8
        if at + storage.size > len(contents):
            raise UserError("is cut short: download it again")
        if count * TYPES[storage.type_name].itemsize != storage.size:
            raise malformed_error("storage")
        storage.contents = memoryview(contents)[at : at + storage.size]
        at += storage.size
    if at != len(contents):
        raise UserError(f"has {len(contents) - at} bytes after its last storage: download it again")
    return value


def _is_protocol(value: Any) -> bool:
    return type(value) is int and value == PROTOCOL


def _is_little_endian(value: Any) -> bool:
    return type(value) is dict and value.get("little_endian") is True


def _declare(storages: dict[str, Storage], budget: Budget, identifier: Any) -> Storage:
    """The storage that a persistent id of the old format means; its bytes are found later."""
    match identifier:
        case ("storage", Global(storage=str(type_name)), str(key), str(), int(count), view):
            storage = _storage_of(storages, budget, key, type_name, count)
            match view:
                case None:
                    return storage
                case (str(), int(offset), int(elements)):
                    budget.spend(RECORD)
                    return storage.part(offset, elements)
    raise malformed_error("storage")


def _storage_of(storages: dict[str, Storage], budget: Budget, key: str, type_name: str, count: int) -> Storage:
    size = count * TYPES[type_name].itemsize
    if key not in storages:
        budget.spend(2 * RECORD)
        storages[key] = Storage(type_name, size)
    if (storages[key].type_name, storages[key].size) != (type_name, size) or size < 0:
        raise malformed_error("storage, which is declared twice in different ways")
    return storages[key]


def _load_zip(contents: bytes, context: Context) -> Any:
    archive = _Archive(contents, context.budget)
    folders = [name.removesuffix("/data.pkl") for name in archive.members if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(folders) != 1:
        raise UserError("is a zip file without PyTorch's data.pkl: give a .pth, .pt, .ckpt or .pkl file")
    folder = folders[0]
    if f"{folder}/constants.pkl" in archive.members:
        raise UserError(
            "is a TorchScript archive, which holds code: give the state dict it was made of, which PyTorch writes with "
            "torch.save(torch.jit.load(OLD).state_dict(), NEW)"
        )
    order = {b"little": "<", b"big": ">"}.get(bytes(archive.read(f"{folder}/byteorder", b"little")))
    if order is None:
        raise malformed_error("byte order")
    storages: dict[str, Storage] = {}

    def storage_of(identifier: Any) -> Storage:
        match identifier:
            case ("storage", Global(storage=str(type_name)), str(key), str(), int(count)):
                storage = _storage_of(storages, context.budget, key, type_name, count)
                if storage.contents is None:
                    storage.order, storage.contents = order, archive.read(f"{folder}/data/{key}")
                if len(storage.contents) != storage.size:
                    raise malformed_error("storage")
                return storage
        raise malformed_error("storage")

    pickle = Unpickler(bytes(archive.read(f"{folder}/data.pkl")), 0, context, storage_of)
    return pickle.load()


class _Archive:
    """The members of a zip file in memory. Nothing is extracted, and stored members are read where they lie.

    Attributes:
      members: what the directory says, by name.
    """

    def __init__(self, contents: bytes, budget: Budget):
        budget.spend(_MEMBER_PRICE * contents.count(b"PK\x01\x02"))  # before the directory is read
        self._contents = contents
        self._budget = budget
        try:
            members = zipfile.ZipFile(io.BytesIO(contents)).infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
            raise UserError(_DAMAGED) from error
        self.members = {member.filename: member for member in members}
        if len(self.members) != len(members):
            raise UserError("is a zip file with two members of one name: use a file that you trust")

    def read(self, name: str, default: bytes | None = None) -> bytes | memoryview:
        """The member's bytes, after a check of their sum. Raises UserError where there is none, and no `default`."""
        member = self.members.get(name)
        if member is None:
            if default is None:
                raise UserError(f"lacks its member {excerpt(name)}: download it again")
            return default
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UserError(f"has an encrypted or unusually compressed member {excerpt(name)}: save it again with torch.save")
        if member.file_size > _MOST_DEFLATED * max(member.compress_size, 1):
            raise UserError(f"has a member {excerpt(name)} that swells more than {_MOST_DEFLATED} times: use a file that you trust")
        self._budget.spend(member.file_size)
        contents = self._inflate(member) if member.compress_type == zipfile.ZIP_DEFLATED else self._read_stored(member)
        if len(contents) != member.file_size or zlib.crc32(contents) != member.CRC:
            raise UserError(_DAMAGED)
        return contents

    def _read_stored(self, member: zipfile.ZipInfo) -> memoryview:
        start = member.header_offset
        head = self._contents[start : start + 30] if start >= 0 else b""
        if len(head) != 30 or not head.startswith(ZIP_START):
            raise UserError(_DAMAGED)
        name_length, extra_length = struct.unpack("<2H", head[26:])
        start += 30 + name_length + extra_length
        return memoryview(self._contents)[start : start + member.compress_size]

    def _inflate(self, member: zipfile.ZipInfo) -> bytes:
        try:
            return zlib.decompressobj(-15).decompress(self._read_stored(member), member.file_size + 1)
        except zlib.error as error:
            raise UserError(_DAMAGED) from error
