"""No file can make the restricted reader run, import or look up anything."""

import io
import os
import pickle
import struct
import sys

import numpy as np
import pytest

from tests.torch_files import old_format
from tests.torch_files.checks import FILES, TENSORS, refused
from tests.torch_files.old_format import Call, Name, New, Persistent, Raw


def evil(canary, name=("posix", "system")):
    return Call(Name(*name), (f"touch {canary}",))


def places(bad):
    """Files with a bad object in every place where one can stand."""
    module = old_format.module_state
    tensor = (old_format.Call(old_format.LOAD_BYTES, (old_format.old_file(None, storage_alone=TENSORS["float"]),)), 0, (1,), (1,))
    keyed = Raw(b"}" + old_format.pickled(bad)[2:-1] + b"K\x01s")
    yield from (file(bad) for file in FILES.values())
    yield from (file({"a": [TENSORS["float"], bad]}) for file in FILES.values())
    yield from (file(keyed) for file in FILES.values())
    for inside in (old_format.plain_file(bad), old_format.old_file(bad), old_format.zip_file(bad)):
        yield old_format.plain_file(Call(old_format.TENSOR, (Call(old_format.LOAD_BYTES, (inside,)), 0, (1,), (1,), False, None)))
    yield old_format.plain_file(old_format.persistent("G", module(attribute=bad)))
    yield old_format.plain_file(old_format.persistent("G", module(modules={"a": old_format.persistent("L", module({"w": bad}))})))
    yield old_format.plain_file(old_format.persistent("G", module(), module_src=bad))
    yield old_format.plain_file(New(Name("torch.nn.modules.container", "ModuleList"), module(attribute=bad)))
    yield old_format.plain_file(New(Name("argparse", "Namespace"), {"a": bad}))
    yield old_format.plain_file(Call(old_format.TENSOR, (*tensor, False, bad)))
    yield old_format.plain_file(Call(old_format.ORDERED, (), {"_metadata": bad}))
    yield from (file(Persistent(("storage", bad, "1", "cpu", 1))) for file in FILES.values())
    for head in (old_format.MAGIC_NUMBER, 1001), (old_format.MAGIC_NUMBER,):
        yield b"".join(map(old_format.pickled, head)) + old_format.pickled(bad)


def test_code_in_any_place_is_refused_and_leaves_no_trace(tmp_path):
    canary = tmp_path / "canary"
    files = list(places(evil(canary)))
    assert len(files) > 25
    for contents in files:
        refused(contents, "needs posix.system, which could run code")
    assert not canary.exists()
    pickle.loads(old_format.pickled(evil(canary)))  # the canary does sing: read without care, this very pickle makes the file
    assert canary.exists()


class Evil:
    """What a careless reader of objects would touch."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


@pytest.mark.parametrize("protocol", range(6))
def test_the_same_as_pickle_itself_writes_it(tmp_path, protocol):
    canary = tmp_path / "canary"
    refused(pickle.dumps({"a": Evil(canary)}, protocol), "needs posix.system|protocol 2 or newer")
    assert not canary.exists()


@pytest.mark.parametrize(("save", "because"), [(np.save, "is a NumPy array"), (np.savez, "without PyTorch's data.pkl")])
def test_numpy_files_of_objects_are_refused(tmp_path, save, because):
    canary, file = tmp_path / "canary", io.BytesIO()
    save(file, np.array([Evil(canary)], object))
    refused(file.getvalue(), because)
    assert not canary.exists()


NAMES = [
    ("this", "s"),
    ("os", "system"),
    ("nt", "system"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "getattr"),
    ("builtins", "open"),
    ("__builtin__", "eval"),
    ("operator", "attrgetter"),
    ("runpy", "_run_code"),
    ("pickle", "loads"),
    ("torch", "load"),
    ("torch.hub", "load"),
    ("torch.jit", "load"),
    ("torch.utils.cpp_extension", "load"),
    ("numpy", "load"),
    ("numpy", "fromfile"),
    ("dnnlib.util", "open_url"),
    ("dnnlib.util", "call_func_by_name"),
    ("torch_utils.persistence", "_src_to_module"),
    ("torch.nn.modules", "os.system"),
    ("torch.nn.modules.module", "__builtins__.eval"),
    ("torch.nn.modules.module\nx", "y"),
    ("R3GAN.Trainer", "x"),
    ("torch._utils", "_rebuild_tensor_v2.__globals__"),
    ("collections", "Counter"),
    ("", ""),
    ("torch", "float32.x"),
    ("functools", "partial"),
    ("copyreg", "_reconstructor"),
    ("copyreg", "__newobj__"),
    ("builtins", "object"),
    ("site", "xyz" * 50),
]


@pytest.mark.parametrize("name", NAMES, ids=[f"{module}.{name[:20]}" for module, name in NAMES])
def test_every_other_name_is_refused_before_anything_is_done_with_it(name):
    stacked = Raw(b"".join(b"X" + struct.pack("<I", len(part)) + part.encode() for part in name) + b"\x93)R")
    for file in FILES.values():
        refused(file(stacked), "which could run code")
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    "contents",
    [
        b"cos\nsystem\n(S'touch x'\ntR.",
        b"(S'touch x'\nios\nsystem\n.",
        b"(cos\nsystem\nS'touch x'\no.",
        b"\x80\x02(cos\nsystem\nX\x01\x00\x00\x00ao.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02\x83\x01\x00.",
        b"\x80\x02\x84\x01\x00\x00\x00.",
        b"\x80\x02Papersistent\n.",
        b"\x80\x04cargparse\nNamespace\n)}\x92.",
        b"\x80\x05\x97.",
        b"\x80\x05N\x98.",
        b"\x80\x02I01\n.",
        b"\x80\x02N2.",
    ],
)
def test_operations_that_no_writer_of_tensors_uses_are_refused(contents):
    refused(contents, "could run code|pickle operation 0x|protocol 2 or newer")


@pytest.mark.parametrize(
    "bad",
    [
        Call(Name("torch.nn.modules.conv", "Conv2d"), (1, 1, 1)),
        Call(Name("argparse", "Namespace"), ()),
        New(Name("torch.nn.modules.conv", "Conv2d"), args=(1,)),
        New(Name("torch", "FloatStorage")),
        New(Name("collections", "OrderedDict")),
        Name("torch", "FloatStorage"),
        Name("torch.nn.modules.conv", "Conv2d"),
        Call(Name("torch", "FloatStorage"), (1,)),
        Call(7, ()),
        Call(old_format.TENSOR, [1]),
        Call(Name("numpy", "ndarray"), ((1,), "O")),
        Call(Name("builtins", "set"), ([[1]],)),
        Call(Name("builtins", "bytes"), (10**12,)),
        Call(Name("_codecs", "encode"), ("a", "rot13")),
        Call(Name("torch", "device"), ("a" * 99,)),
        Call(Name("torch", "Size"), (("a",),)),
        Call(old_format.ORDERED, ([1],)),
        Call(old_format.PARAMETER, (1,)),
        Call(old_format.PERSISTENT, ({"type": "function"},)),
        Call(Name("numpy", "dtype"), ("f4",)),
        Call(Name("numpy._core.multiarray", "scalar"), (Call(Name("numpy", "dtype"), ("O8",)), b"12345678")),
        Raw(b"cargparse\nNamespace\n)\x81}b}b"),
        Raw(b"cargparse\nNamespace\n)\x81}K\x01K\x01sb"),
        Raw(b"}(K\x01u"),
        Raw(b"}((K\x01tK\x01u"),
        Raw(b"}(G\x00\x00\x00\x00\x00\x00\x00\x00K\x01u"),
        Raw(b"]K\x01K\x01s"),
        Raw(b"K\x01K\x01a"),
        Raw(b"\x8f(]\x90"),
        Raw(b"00"),
        Raw(b"t"),
        Raw(b"h\x07"),
        Raw(b"X\x02\x00\x00\x00\xff\xff"),
        Persistent(("storage", Name("torch", "FloatStorage"), "1", "cpu", -1)),
        Persistent(("module", Name("os", "path"), "x")),
        Persistent("x"),
    ],
)
def test_allowed_names_do_only_what_they_are_for(bad):
    for file in FILES.values():
        refused(file(bad), r"malformed|could run code|itself, which is not data|only arrays of numbers|no data")
