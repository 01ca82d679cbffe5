"""Extractors: files are recognised and checked, batches and devices change nothing, LPIPS is a distance."""

import functools
import hashlib
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import unflatten_dict
from safetensors.numpy import save_file

from semgan.errors import UserError
from semgan.evaluation.extractors import inception, lpips, protocols, weight_files
from semgan.evaluation.extractors.batches import over_batches, replicate
from semgan.evaluation.extractors.extractor import Extractor, features, load_extractor, load_lpips
from semgan.evaluation.extractors.primitives import average_pool, max_pool
from semgan.torch_files import writer
from tests.evaluation import random_weights

ONE = jax.local_devices()[:1]


@pytest.fixture(scope="module")
def fid_tensors():
    return random_weights.inception_tensors("fid")


@pytest.fixture(scope="module")
def fid_file(fid_tensors, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "fid.safetensors"
    save_file({name: np.ascontiguousarray(value) for name, value in fid_tensors.items()}, path)
    return path


@pytest.fixture(scope="module")
def extractor(fid_file):
    return load_extractor(fid_file, "legacy", device_batch_size=2, devices=ONE)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (2, 40, 48, 3), np.uint8)


def _write(path, tensors):
    writer.write(path, dict(tensors))
    return path


def test_features_are_a_vector_for_each_picture_whatever_batch_it_is_in(extractor, pictures):
    both = features(extractor, pictures)
    assert both.shape == (2, 2048)
    assert both.dtype == np.float32
    assert np.isfinite(both).all()
    assert both.std() > 0.01
    np.testing.assert_array_equal(features(extractor, pictures[::-1]), both[::-1])
    assert np.abs(both[0] - both[1]).max() > 1e-3


def test_pictures_of_several_sizes_have_the_features_of_each_size_alone(extractor, pictures):
    other = np.random.default_rng(1).integers(0, 256, (64, 33, 3), np.uint8)
    mixed = features(extractor, [pictures[0], other, pictures[1]])
    alone = features(extractor, pictures)
    np.testing.assert_allclose(mixed[[0, 2]], alone, rtol=1e-3, atol=1e-3 * alone.std())
    assert np.abs(mixed[1] - alone).max() > 0.05 * alone.std()


@pytest.mark.parametrize("name", list(protocols.PROTOCOLS))
def test_the_hosts_own_preparation_is_the_protocols(name, pictures):
    way = protocols.find(name)
    whole = jax.jit(lambda images: way.on_device(images, np.dtype(np.float32)))(protocols.on_host(way, pictures))
    np.testing.assert_allclose(protocols.each_alone(way, np.dtype(np.float32), list(pictures)), whole, atol=2e-6)


def test_logits_are_a_linear_map_of_the_features(extractor, fid_tensors):
    pool3 = np.random.default_rng(0).uniform(0, 1, (3, 2048)).astype(np.float32)
    want = pool3.astype(np.float64) @ fid_tensors["fc.weight"].T
    np.testing.assert_allclose(extractor.logits(pool3), want, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(extractor.logits(pool3, bias=True), want + fid_tensors["fc.bias"], rtol=1e-4, atol=1e-4)


def test_batches_over_all_devices_give_every_row_once_and_in_order():
    shapes = set()

    @jax.jit
    def function(params, a, b):
        shapes.add(a.shape)
        return params * a.sum(1) - b

    a, b = (np.random.default_rng(at).normal(size=(21, 3)[: 2 - at]).astype(np.float32) for at in (0, 1))
    got = over_batches(function, replicate(np.float32(2)), (a, b), device_batch_size=1, prepare=lambda batch: batch + 1)
    np.testing.assert_allclose(got, 2 * (a + 1).sum(1) - (b + 1), rtol=1e-5, atol=1e-5)
    assert shapes == {(jax.local_device_count(), 3)}  # traced once, the last batch filled up


def test_batches_of_nothing_or_of_unequal_lengths_are_refused():
    for arrays in ((np.zeros((0, 3)),), (np.zeros(2), np.zeros(3))):
        with pytest.raises(ValueError, match="same length, at least 1"):
            over_batches(jax.jit(jnp.add), replicate(0), arrays, device_batch_size=1)


@pytest.mark.parametrize(
    "images", [np.zeros((1, 40, 40, 3), np.float32), np.zeros((40, 40, 3), np.uint8), np.zeros((1, 40, 40, 1), np.uint8)]
)
def test_pictures_of_another_type_or_shape_are_refused(images):
    with pytest.raises(ValueError, match="expected uint8 pictures"):
        Extractor("", "", "legacy", {}).features(images)


def test_batch_normalisation_folds_into_the_convolution():
    rng = np.random.default_rng(0)
    layer = {name: rng.uniform(0.5, 1.5, 4) for name in ("scale", "offset", "mean", "variance")} | {"kernel": rng.normal(size=(1, 1, 3, 4))}
    x = rng.normal(size=(5, 3))
    folded = inception.fold({"layer": layer}, np.float64)["layer"]
    want = (x @ layer["kernel"][0, 0] - layer["mean"]) / np.sqrt(layer["variance"] + 1e-3) * layer["scale"] + layer["offset"]
    np.testing.assert_allclose(x @ folded["kernel"][0, 0] + folded["bias"], want, rtol=1e-12)


def test_average_pools_count_padding_or_leave_it_out():
    ones = jnp.ones((1, 4, 5, 1))
    np.testing.assert_allclose(average_pool(ones, count_padding=False), ones, rtol=1e-6)
    counted = np.asarray(average_pool(ones, count_padding=True))[0, :, :, 0] * 9
    np.testing.assert_allclose(counted, np.outer([2, 3, 3, 2], [2, 3, 3, 3, 2]), rtol=1e-6)


def test_padding_never_is_the_maximum():
    np.testing.assert_array_equal(max_pool(-jnp.ones((1, 3, 3, 1)), 3, 1, padding=1), -jnp.ones((1, 3, 3, 1)))


def test_a_file_is_the_same_in_every_container(fid_tensors, extractor, tmp_path):
    path = _write(tmp_path / "fid.pth", fid_tensors | {"AuxLogits.fc.bias": np.zeros(1008, np.float32)})
    file, params = weight_files.inception_params(path, "fid")
    jax.tree.map(np.testing.assert_array_equal, params, jax.device_get(extractor.params))
    assert (file.name, file.sha256) == ("unrecognised", hashlib.sha256(path.read_bytes()).hexdigest())
    np.savez(tmp_path / "fid.npz", **fid_tensors)
    jax.tree.map(np.testing.assert_array_equal, weight_files.inception_params(tmp_path / "fid.npz", "fid")[1], params)


def test_a_known_file_is_named_and_refused_where_another_belongs(fid_file, monkeypatch):
    digits = hashlib.sha256(fid_file.read_bytes()).hexdigest()[:8]
    monkeypatch.setattr(weight_files, "KNOWN", (weight_files.KnownWeights("fid-2015.pth", digits, weight_files.INCEPTION["fid"]),))
    assert load_extractor(fid_file, "clean", devices=ONE).identity() == {
        "extractor": "fid-2015.pth",
        "network": "FID's Inception",
        "sha256": hashlib.sha256(fid_file.read_bytes()).hexdigest(),
        "protocol": "clean",
        "resize": "antialiased bicubic to 299 in float32",
    }
    with pytest.raises(UserError, match=r"is fid-2015.pth, which is FID's Inception, not torchvision's ImageNet Inception"):
        load_extractor(fid_file, "stargan-v2")


def test_another_number_of_classes_is_named(fid_file):
    with pytest.raises(UserError, match=r"fc.weight \(1008, 2048\) \(not \(1000, 2048\)\), fc.bias"):
        load_extractor(fid_file, "stargan-v2")


def test_an_unknown_protocol_is_refused_with_the_choices(fid_file):
    with pytest.raises(UserError, match="no scoring protocol 'modern': choose one of legacy, tensorflow1, clean, stargan-v2"):
        load_extractor(fid_file, "modern")


def test_a_missing_file_says_what_to_get(tmp_path):
    with pytest.raises(UserError, match=r"pt_inception-2015-12-05-6726825d.pth from the releases of the pytorch-fid project"):
        load_extractor(tmp_path / "none.pth", "legacy")
    with pytest.raises(UserError, match="torchvision's weights, from the PyTorch project"):
        load_lpips(tmp_path)


def test_missing_and_unknown_tensors_are_named(tmp_path):
    tensors = random_weights.classifier_tensors("alexnet") | random_weights.head_tensors("alexnet")
    gone = {name: value for name, value in tensors.items() if name != "features.3.bias"}
    with pytest.raises(UserError, match=r"gone.pth: 1 of its tensors is missing: features.3.bias"):
        load_lpips(_write(tmp_path / "gone.pth", gone))
    with pytest.raises(UserError, match=r"extra.pth: 1 of its tensors is not known: surprise"):
        load_lpips(_write(tmp_path / "extra.pth", tensors | {"surprise": np.zeros(1, np.float32)}))


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".pth"])
def test_damaged_files_are_refused_in_one_sentence(tmp_path, suffix):
    path = tmp_path / f"damaged{suffix}"
    for contents in (b"", b"PK\x03\x04" + bytes(100), bytes(range(256))):
        path.write_bytes(contents)
        with pytest.raises(UserError, match="damaged"):
            load_extractor(path, "legacy")


def test_an_npz_with_objects_or_a_bomb_in_it_is_refused(tmp_path):
    path = tmp_path / "objects.npz"
    np.savez(path, weight=np.array([print], object))
    with pytest.raises(UserError, match=r"is not a .npz file of plain arrays"):
        load_extractor(path, "legacy")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("weight.npy", bytes(10**7))
    with pytest.raises(UserError, match="would grow from"):
        load_extractor(tmp_path / "bomb.npz", "legacy")


def test_a_file_of_something_else_than_tensors_is_refused(tmp_path):
    with pytest.raises(UserError, match="does not hold named tensors"):
        load_extractor(_write(tmp_path / "other.pth", {"step": 3}), "legacy")


@pytest.fixture(scope="module")
def alexnet(tmp_path_factory):
    path = tmp_path_factory.mktemp("lpips") / "both.pth"
    return load_lpips(
        _write(path, random_weights.classifier_tensors("alexnet") | random_weights.head_tensors("alexnet")), device_batch_size=1
    )


@pytest.fixture(scope="module")
def pairs():
    return np.random.default_rng(1).integers(0, 256, (2, 3, 40, 40, 3), np.uint8)


def test_lpips_is_zero_for_a_picture_and_itself_symmetric_and_grows_with_noise(alexnet, pairs):
    image, noise = pairs[0], np.random.default_rng(2).normal(size=pairs[0].shape)
    assert (alexnet.distances(image, image) == 0).all()
    there, back = alexnet.distances(image, pairs[1]), alexnet.distances(pairs[1], image)
    np.testing.assert_allclose(there, back, rtol=1e-5)
    noised = [alexnet.distances(image, np.clip(image + scale * noise, 0, 255).astype(np.uint8)) for scale in (5, 40)]
    assert (noised[0] > 0).all()
    assert (noised[0] < noised[1]).all()


def test_lpips_weighs_channels_by_its_heads(alexnet, pairs):
    """Each head alone, against the formula written out in float64 from the activations."""
    a, b = (jnp.asarray(image[:1] / 127.5 - 1, jnp.float32) for image in pairs)
    params = alexnet.params
    total = 0.0
    for at, (x, y) in enumerate(zip(lpips.activations(params, a), lpips.activations(params, b), strict=True)):
        x, y = (np.asarray(value, np.float64) for value in (x, y))
        x, y = (value / (np.linalg.norm(value, axis=-1, keepdims=True) + 1e-10) for value in (x, y))
        total += ((x - y) ** 2 @ np.asarray(params["heads"][str(at)], np.float64)).mean()
    np.testing.assert_allclose(lpips.distance(params, a, b), [total], rtol=1e-5)
    np.testing.assert_allclose(alexnet.distances(pairs[0], pairs[1])[0], total, rtol=1e-5)


def test_lpips_has_a_finite_gradient_where_pictures_are_equal_and_activations_vanish(alexnet):
    params = jax.device_put(jax.device_get(alexnet.params), ONE[0])
    silent = {
        **params,
        "alexnet": {**params["alexnet"], "features.10": jax.tree.map(lambda x: -jnp.abs(x), params["alexnet"]["features.10"])},
    }
    gradient = jax.grad(lambda a, b: lpips.distance(silent, a, b).sum())(jnp.zeros((1, 40, 40, 3)), jnp.zeros((1, 40, 40, 3)))
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize(("backbone", "size"), [("alexnet", 31), ("vgg16", 16)])
def test_lpips_takes_pictures_down_to_its_smallest_size(backbone, size):
    params = jax.tree.map(
        lambda shape: jnp.ones(shape), unflatten_dict(lpips.shapes(backbone), sep="/"), is_leaf=lambda x: isinstance(x, tuple)
    )

    def shape_of(size):
        images = jax.ShapeDtypeStruct((2, size, size, 3), jnp.float32)
        maps = jax.eval_shape(lambda x: list(lpips.activations(params, x)), images)
        return [value.shape[1] for value in maps], jax.eval_shape(functools.partial(lpips.distance, params), images, images).shape

    widths, shape = shape_of(size)
    assert (min(widths), shape) == (1, (2,))
    with pytest.raises(ValueError, match=f"at least {size} pixels"):
        shape_of(size - 1)


def test_every_spelling_of_lpips_files_gives_the_same_parameters(tmp_path):
    classifier, heads = random_weights.classifier_tensors("alexnet"), random_weights.head_tensors("alexnet")
    separate = _write(tmp_path / "alexnet.pth", classifier), _write(tmp_path / "heads.pth", heads)
    files, want = weight_files.lpips_params(*separate)
    assert [file.name for file in files] == ["unrecognised"] * 2
    slices = {"0": 1, "3": 2, "6": 3, "8": 4, "10": 5}
    kept = {name: value for name, value in classifier.items() if name.startswith("features.")}
    package = {f"net.slice{slices[name.split('.')[1]]}.{name.removeprefix('features.')}": value for name, value in kept.items()}
    package |= (
        heads | {f"lins.{name[3:]}": value for name, value in heads.items()} | {"scaling_layer.shift": np.zeros((1, 3, 1, 1), np.float32)}
    )
    stargan = {f"alexnet.layers.{name.removeprefix('features.')}": value for name, value in kept.items()}
    stargan |= {f"lpips_weights.{name[3]}.main.1.weight": value for name, value in heads.items()}
    for at, tensors in enumerate((package, stargan)):
        got = weight_files.lpips_params(_write(tmp_path / f"{at}.pth", tensors))[1]
        jax.tree.map(np.testing.assert_array_equal, got, want)


def test_heads_that_are_missing_or_of_another_classifier_are_refused(tmp_path):
    classifier = _write(tmp_path / "alexnet.pth", random_weights.classifier_tensors("alexnet"))
    with pytest.raises(UserError, match=r"holds a classifier without LPIPS heads: give them as well, alex.pth or vgg.pth"):
        load_lpips(classifier)
    heads = _write(tmp_path / "vgg.pth", random_weights.head_tensors("vgg16"))
    with pytest.raises(UserError, match=r"alexnet.pth with .*vgg.pth: 4 of its tensors have other shapes: heads.1"):
        load_lpips(classifier, heads)
