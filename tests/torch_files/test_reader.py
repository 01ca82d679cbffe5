"""The restricted reader of PyTorch's files: exact on what is sound, and one sentence on what is of another kind."""

import argparse
import io
import pickle
import struct
from collections import OrderedDict

import ml_dtypes
import numpy as np
import pytest

from semgan.errors import UserError
from semgan.torch_files import reader
from semgan.torch_files.reader import Module, Namespace
from tests.torch_files import old_format
from tests.torch_files.checks import FILES, RNG, TENSORS, assert_same, kinds, read, refused
from tests.torch_files.old_format import Call, Name, New, Persistent, Raw, View


@kinds
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_tensors_of_every_type_are_read_to_the_bit(kind, protocol):
    assert_same(read(FILES[kind](TENSORS, protocol=protocol)), TENSORS)


@kinds
def test_plain_data_comes_back_as_it_was(kind):
    data = {
        "epoch": 3,
        "big": -(2**70),
        "lr": 1e-3,
        "names": ["a", "é", "\U0001f600" * 300],
        "pair": (1, None),
        7: {True: False},
        "empty": [(), {}, ""],
    }
    data["bytes"] = b"\x00\xff"
    data["set"] = {1, 2}
    got = read(FILES[kind](data, protocol=4))
    assert got == data
    assert list(map(type, got.values())) == list(map(type, data.values()))


@kinds
def test_bfloat16_becomes_float32_exactly(kind):
    numbers = RNG.normal(size=(4, 3)).astype(ml_dtypes.bfloat16)
    got = read(FILES[kind]({"x": numbers, "scalar": numbers[0, :1].reshape(())}))
    assert_same(got, {"x": numbers.astype(np.float32), "scalar": np.asarray(numbers[0, 0], np.float32)})


@kinds
def test_strides_and_offsets_are_honoured_over_a_shared_storage(kind):
    base = np.arange(24, dtype=np.int32)
    views = {"turned": View(base, 0, (4, 6), (1, 4)), "inner": View(base, 5, (2, 2), (8, 2)), "one": View(base, 23, (1,), (2**62,))}
    views |= {"same": View(base, 5, (2, 2), (8, 2)), "row": View(base, 3, (2, 3), (0, 1))}
    want = {"turned": base.reshape(6, 4).T, "inner": np.array([[5, 7], [13, 15]]), "one": base[23:]}
    want |= {"same": np.array([[5, 7], [13, 15]]), "row": np.array([[3, 4, 5], [3, 4, 5]])}
    assert_same(read(FILES[kind](views)), {name: np.asarray(array, np.int32) for name, array in want.items()})


@kinds
@pytest.mark.parametrize(
    ("offset", "shape", "strides", "because"),
    [
        (0, (25,), (1,), "beyond its storage"),
        (24, (1,), (1,), "beyond its storage"),
        (0, (2, 2), (23, 2), "beyond its storage"),
        (-1, (1,), (1,), "malformed tensor"),
        (0, (2,), (-1,), "malformed tensor"),
        (0, (-2,), (1,), "malformed tensor"),
        (0, (2, 2), (1,), "malformed tensor"),
        (0, (1,) * 40, (1,) * 40, "malformed tensor"),
        (0, (10**9,), (0,), "more than [0-9]+ bytes of memory"),
        (0, (2**40, 2**40), (0, 0), "more than [0-9]+ bytes of memory"),
        (0, (0, 2**60, 2**60), (1, 1, 1), "more than [0-9]+ bytes of memory"),
        (2**70, (1,), (1,), "beyond its storage"),
        (0, (2.0,), (1,), "malformed tensor"),
        (None, (2,), (1,), "malformed tensor"),
    ],
)
def test_a_tensor_outside_of_its_storage_or_far_larger_is_refused(kind, offset, shape, strides, because):
    refused(FILES[kind](View(np.arange(24, dtype=np.int32), offset, shape, strides)), because)


def test_big_endian_zip_files_are_converted_and_old_ones_refused():
    numbers = {name: array for name, array in TENSORS.items() if array.dtype != bool}
    assert_same(read(old_format.zip_file(numbers, order=b"big")), numbers)
    assert_same(read(old_format.zip_file(TENSORS, order=None)), TENSORS)
    refused(old_format.zip_file(TENSORS, order=b"middle"), "malformed byte order")
    refused(old_format.old_file(TENSORS, machine=old_format.MACHINE | {"little_endian": False}), "PyTorch 1.6 or newer")


def test_any_folder_name_and_member_names_of_other_versions_are_fine():
    assert_same(read(old_format.zip_file(TENSORS, folder="010000_nets_ema", **{".data/serialization_id": b"1"})), TENSORS)


def test_a_part_of_a_storage_in_the_old_format_is_read():
    base = np.arange(10, dtype=np.float32)

    def file(view):
        identifier = ("storage", Name("torch", "FloatStorage"), "1", "cpu", 10, view)
        tensor = Call(old_format.TENSOR, (Persistent(identifier), 1, (2,), (2,), False, None))
        heads = b"".join(map(old_format.pickled, (old_format.MAGIC_NUMBER, 1001, old_format.MACHINE)))
        return heads + old_format.pickled(tensor) + old_format.pickled(["1"]) + struct.pack("<q", 10) + base.tobytes()

    np.testing.assert_array_equal(read(file(("2", 4, 5))), [5, 7])
    np.testing.assert_array_equal(read(file(None)), [1, 3])
    refused(file(("2", 4, 7)), "malformed part of a storage")
    refused(file(("2", 4, 3)), "beyond its storage")
    refused(file(("2", -1, 3)), "malformed part of a storage")


def test_files_of_python_2_are_read():
    """Its strings are bytes, its OrderedDict is made of a list of pairs, its memo begins at 1."""
    pairs = Raw(b"ccollections\nOrderedDict\nq\x01(](]q\x02(U\x06weightq\x03K\x07e]q\x04(T\x04\x00\x00\x00biash\x03eetR")
    assert read(old_format.old_file(pairs)) == {"weight": 7, "bias": "weight"}


def test_namespaces_and_small_records_become_plain_data():
    options = New(Name("argparse", "Namespace"), vars(argparse.Namespace(img_size=256, w_hpf=1.0, mode="train")))
    easy = New(Name("dnnlib.util", "EasyDict"))
    data = {
        "args": options,
        "easy": easy,
        "size": Call(Name("torch", "Size"), ((1, 2),)),
        "device": Call(Name("torch", "device"), ("cuda", 1)),
        "type": Name("torch", "bfloat16"),
        "default": Call(Name("collections", "defaultdict"), (Name("__builtin__", "list"),)),
        "state_dict": Call(old_format.ORDERED, (), {"_metadata": OrderedDict(a=1)}),
        "bytes": Call(Name("_codecs", "encode"), ("\x00ÿ", "latin1")),
        "set": Call(Name("__builtin__", "set"), ([1, "a"],)),
    }
    got = read(old_format.zip_file(data))
    assert type(got["args"]) is Namespace
    assert got.pop("args") == {"img_size": 256, "w_hpf": 1.0, "mode": "train"}
    want = {
        "easy": {},
        "size": (1, 2),
        "device": "cuda:1",
        "type": "bfloat16",
        "default": {},
        "state_dict": {},
        "bytes": b"\x00\xff",
        "set": {1, "a"},
    }
    assert got == want


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_numpy_arrays_and_numbers_are_read(protocol):
    arrays = {
        "a": np.arange(6.0).reshape(2, 3),
        "t": np.arange(6, dtype="<i2").reshape(2, 3).T,
        "b": np.array([True, False]),
        "big": np.arange(3, dtype=">f4"),
    }
    numbers = {
        "f": np.float32(0.1),
        "i": np.int64(-5),
        "b": np.bool_(True),
        "h": np.float16(2),
        "u": np.uint8(255),
        "big": np.arange(3, dtype=">i4")[2],
    }
    text = pickle.dumps((arrays, numbers), protocol)  # PyTorch's own writer leaves these to pickle, too
    got_arrays, got_numbers = read(text)
    assert_same(got_arrays, {name: array.astype(array.dtype.newbyteorder("=")) for name, array in arrays.items()})
    assert got_numbers == {name: number.item() for name, number in numbers.items()}
    assert {type(number) for number in got_numbers.values()} == {float, int, bool}


@pytest.mark.parametrize(
    "array", [np.array([{}], object), np.array(["a"]), np.zeros(2, "M8[s]"), np.zeros(2, "f4,i4"), np.zeros(2, complex)]
)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_numpy_arrays_of_anything_but_numbers_are_refused(array, protocol):
    refused(pickle.dumps(array, protocol), "only arrays of numbers are read|malformed|could run code")


def generator():
    """A network as StyleGAN2-ADA pickles it, with a list of plain modules inside as R3GAN has it."""
    module = old_format.module_state
    inner = old_format.persistent("FullyConnectedLayer", module({"weight": TENSORS["float"], "bias": TENSORS["half"]}))
    layers = New(Name("torch.nn.modules.container", "ModuleList"), module(modules={"0": inner, "1": None}))
    stage = New(Name("R3GAN.Networks", "GeneratorStage"), module(modules={"Layers": layers}, DataType=Name("torch", "bfloat16")))
    state = module(
        {"Basis": TENSORS["double"]},
        {"w_avg": TENSORS["number"], "none": None, "hidden": TENSORS["byte"]},
        {"Model": stage},
        _init_args=(4,),
        _init_kwargs=New(Name("dnnlib.util", "EasyDict")),
    )
    state["_non_persistent_buffers_set"] = {"hidden"}
    return old_format.persistent("Generator", state)


@pytest.mark.parametrize("kind", ["plain", "zip", "old"])
def test_a_pickled_network_is_read_without_its_code(kind):
    network = read(FILES[kind]({"G_ema": generator(), "augment_pipe": None}, protocol=4))["G_ema"]
    assert type(network) is Module
    assert network.class_name == "Generator"
    assert network.state["training"] is False
    stage = network.state["_modules"]["Model"]
    assert (stage.class_name, stage.state["DataType"]) == ("R3GAN.Networks.GeneratorStage", "bfloat16")
    want = {"Basis": TENSORS["double"], "w_avg": TENSORS["number"]}
    want |= {"Model.Layers.0.weight": TENSORS["float"], "Model.Layers.0.bias": TENSORS["half"]}
    assert_same(reader.module_tensors(network), want)
    assert reader.module_arguments(network) == ((4,), {})


def test_what_is_no_whole_module_is_refused_by_name():
    with pytest.raises(UserError, match="holds a ReLU that is not a module of PyTorch \\(it has no _parameters\\)"):
        reader.module_tensors(Module("ReLU", {}))
    with pytest.raises(UserError, match="malformed tensor a"):
        reader.module_tensors(Module("ReLU", {"_parameters": {"a": 1}, "_buffers": {}, "_modules": {}}))
    with pytest.raises(UserError, match="malformed module a"):
        reader.module_tensors(Module("ReLU", {"_parameters": {}, "_buffers": {}, "_modules": {"a": {}}}))
    with pytest.raises(UserError, match="holds a ReLU without the arguments"):
        reader.module_arguments(Module("ReLU", {"_init_args": ()}))


def safetensors_file():
    from safetensors.numpy import save

    return save(TENSORS)


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("contents", "because"),
    [
        (b"", "is empty: download it again"),
        (b"hello\n", "is neither a PyTorch file nor a pickle of protocol 2 or newer: give a .pth"),
        (b"\n <!DOCTYPE html><html>", "is a web page, not a file of weights"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (npy(np.zeros(3)), "is a NumPy array, not a PyTorch file"),
        (safetensors_file(), "is a safetensors file, not a PyTorch file"),
        (b"\0" * 257 + b"ustar\0" + b"\0" * 300, "is a tar file"),
        (b"\x1f\x8b\x08\x00", "is neither"),
        (b"PK\x05\x06" + bytes(18), "is neither"),
        (b"PK\x03\x04", "damaged zip file"),
        (b"\x80", "cut short"),
    ],
)
def test_files_of_other_kinds_get_one_sentence(contents, because):
    refused(contents, because)


def test_files_on_disk(tmp_path):
    path = tmp_path / "100000_nets_ema.ckpt"
    path.write_bytes(old_format.old_file(TENSORS))
    assert_same(reader.read(path), TENSORS)
    assert_same(reader.read(str(path)), TENSORS)
    with pytest.raises(UserError, match="is a folder: give a file of weights"):
        reader.read(tmp_path)
    with pytest.raises(UserError, match=r"missing\.pth does not exist"):
        reader.read(tmp_path / "missing.pth")
    with pytest.raises(UserError, match="/dev/null is not a regular file"):
        reader.read("/dev/null")
