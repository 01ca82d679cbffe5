"""Against PyTorch itself: what it writes is read to the same numbers, and it reads what is written here."""

import argparse
import collections
import io
import pickle
import sys
import types

import ml_dtypes
import numpy as np
import pytest

from semgan.torch_files import reader, writer

torch = pytest.importorskip("torch")

WAYS = [{}, {"_use_new_zipfile_serialization": False}, {"pickle_protocol": 4}, {"pickle_protocol": 5}]
ways = pytest.mark.parametrize("options", WAYS, ids=["zip", "old", "protocol 4", "protocol 5"])
TYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool", "uint16", "uint32", "uint64"]


def saved(data, **options):
    file = io.BytesIO()
    torch.save(data, file, **options)
    return file.getvalue()


def there(data, **options):
    return reader.read_bytes(saved(data, **options), "a.pth")


def assert_same(got, want):
    """Arrays against tensors; bfloat16 against itself in float32."""
    assert list(got) == list(want)
    for name, tensor in want.items():
        array = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().numpy()
        assert got[name].dtype == array.dtype
        np.testing.assert_array_equal(got[name], array)


@ways
def test_tensors_of_every_type(options):
    numbers = torch.arange(-3, 9).reshape(3, 4)
    tensors = {name: numbers.abs().to(getattr(torch, name)) for name in TYPES}
    tensors |= {"bfloat16": torch.randn(3, 5).bfloat16(), "number": torch.tensor(3.5), "nothing": torch.zeros(0, 3)}
    assert_same(there(tensors, **options), tensors)


@ways
def test_views_and_parameters(options):
    base = torch.randn(4, 5, 6)
    tensors = {"base": base, "turned": base.permute(2, 0, 1), "part": base[1:3, ::2, 4], "last": base.mT}
    tensors |= {"expanded": base[:1, :1].expand(2, 3, 6), "parameter": torch.nn.Parameter(base[0].clone()), "flat": base.flatten()[7:20:3]}
    assert_same(there(tensors, **options), tensors)


@ways
def test_a_training_checkpoint(options):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(2, 2, bias=False))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    network[2](torch.ones(1, 2)).sum().backward()
    optimizer.step()
    args = argparse.Namespace(size=256, betas=(0.0, 0.99), name=None)
    data = {"g_ema": network.state_dict(), "optimizer": optimizer.state_dict(), "args": args, "step": 7}
    got = there(data, **options)
    assert_same(got["g_ema"], network.state_dict())
    assert got["args"] == vars(args)
    assert got["step"] == 7
    assert got["optimizer"]["param_groups"][0]["lr"] == 1e-3
    assert_same(got["optimizer"]["state"][4], optimizer.state_dict()["state"][4])


@ways
def test_odds_and_ends(options):
    data = {
        "size": torch.zeros(2, 3).shape,
        "device": torch.device("cuda", 1),
        "type": torch.bfloat16,
        "default": collections.defaultdict(list),
    }
    data |= {
        "numpy": np.arange(6).reshape(2, 3).T,
        "number": np.float64(0.1),
        "bytes": b"\xff\0",
        "set": {"a", 1},
        "tuple": (1, (2.5, None)),
    }
    got = there(data, **options)
    np.testing.assert_array_equal(got.pop("numpy"), data.pop("numpy"))
    assert got == {**data, "size": (2, 3), "device": "cuda:1", "type": "bfloat16"}


@pytest.fixture
def generator(monkeypatch):
    """A stand-in for StyleGAN2-ADA's `torch_utils.persistence`, and classes that pickle through it."""
    package, module = types.ModuleType("torch_utils"), types.ModuleType("torch_utils.persistence")
    package.persistence = module  # pyright: ignore[reportAttributeAccessIssue]

    def _reconstruct_persistent_obj(meta):
        raise AssertionError("code of a file was about to run")

    _reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    module._reconstruct_persistent_obj = _reconstruct_persistent_obj  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "torch_utils", package)
    monkeypatch.setitem(sys.modules, "torch_utils.persistence", module)

    class Persistent(torch.nn.Module):
        def __reduce__(self):
            meta = {"type": "class", "version": 6, "module_src": "assert False", "class_name": type(self).__name__, "state": vars(self)}
            return _reconstruct_persistent_obj, (meta,)

    class Layer(Persistent):
        def __init__(self, width):
            super().__init__()
            self._init_args, self._init_kwargs = (width,), {}
            self.weight = torch.nn.Parameter(torch.randn(width, width).to(memory_format=torch.contiguous_format))
            self.register_buffer("filter", torch.ones(3).bfloat16())
            self.register_buffer("hidden", torch.ones(3), persistent=False)
            self.gain = np.sqrt(0.5)

    class Generator(Persistent):
        def __init__(self, width, *, depth):
            super().__init__()
            self._init_args, self._init_kwargs = (width,), {"depth": depth}
            self.layers = torch.nn.ModuleList([Layer(width) for _ in range(depth)])
            self.head = torch.nn.Sequential(torch.nn.Linear(width, 1), torch.nn.LeakyReLU(0.2))
            self.register_parameter("nothing", None)
            self.register_buffer("w_avg", torch.zeros(()))

    return Generator


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickled_networks(generator, protocol):
    data = {"G": generator(4, depth=2), "G_ema": generator(4, depth=2).requires_grad_(False).half(), "augment_pipe": None}
    got = reader.read_bytes(pickle.dumps(data, protocol), "network.pkl")
    for name in ("G", "G_ema"):
        assert got[name].class_name == "Generator"
        assert reader.module_arguments(got[name]) == ((4,), {"depth": 2})
        assert_same(reader.module_tensors(got[name]), data[name].state_dict())
    layer = got["G"].state["_modules"]["layers"].state["_modules"]["1"]
    assert layer.state["gain"] == np.sqrt(0.5)


def test_modules_saved_whole(generator):
    """`torch.save` of a network writes its storages beside the pickle."""
    network = generator(4, depth=2)
    for options in ({}, {"pickle_protocol": 4}):
        assert_same(reader.module_tensors(there({"g": network}, **options)["g"]), network.state_dict())


def test_pytorch_reads_what_the_writer_writes(tmp_path):
    path = tmp_path / "net.pth"
    rng = np.random.default_rng(0)
    arrays = {name: rng.integers(0, 2, (2, 3)).astype(name) for name in TYPES if not name.startswith("uint") or name == "uint8"}
    arrays |= {"bfloat16": rng.normal(size=4).astype(ml_dtypes.bfloat16), "turned": rng.normal(size=(2, 3, 4)).transpose(2, 0, 1)}
    arrays |= {"number": np.array(2.5), "nothing": np.zeros((0, 3), np.float32), "big": np.arange(3, dtype=">i4")}
    plain = {"epoch": -3, "big": 2**40, "lr": 1e-3, "names": ["a", "é", ("b", None, True)], 5: {}, "list": [], "tuple": ()}
    writer.write(path, {"state": collections.OrderedDict(arrays), "plain": plain})
    for options in ({}, {"mmap": True}):
        got = torch.load(path, weights_only=True, **options)
        assert got["plain"] == plain
        assert type(got["state"]) is collections.OrderedDict
        assert list(got["state"]) == list(arrays)
        for name, array in arrays.items():
            tensor = got["state"][name]
            assert str(tensor.dtype) == f"torch.{array.dtype.name}"
            assert tensor.is_contiguous()
            wide = name == "bfloat16"
            np.testing.assert_array_equal((tensor.float() if wide else tensor).numpy(), array.astype(np.float32) if wide else array)


def test_a_state_dict_is_loaded_strictly_and_shared_arrays_stay_shared(tmp_path):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    tensors = {name: np.asarray(torch.randn(t.shape) if t.is_floating_point() else t) for name, t in network.state_dict().items()}
    writer.write(tmp_path / "net.pth", collections.OrderedDict(tensors))
    network.load_state_dict(torch.load(tmp_path / "net.pth", weights_only=True), strict=True)
    for name, tensor in network.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), tensors[name])
    array = np.zeros(3, np.float32)
    writer.write(tmp_path / "net.pth", [array, array])
    first, second = torch.load(tmp_path / "net.pth", weights_only=True)
    assert first.data_ptr() == second.data_ptr()
