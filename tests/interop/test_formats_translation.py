"""The formats of the official StarGAN v2, CycleGAN, pix2pix and CUT: every tensor by its name, there and back, and a picture translated."""

import jax
import numpy as np
import pytest

import semgan
from semgan.errors import UserError
from semgan.interop.formats import cut, cyclegan, pix2pix, stargan_v2
from semgan.snapshot import write_snapshot
from tests.interop import official_translation as official


def stargan(high_pass=False, domains=3, seed=0):
    size, base, most, style = 64 if high_pass else 32, 4, 8, 5
    shapes = {
        "generator": official.stargan_generator(size, base, most, style, high_pass),
        "mapping_network": official.stargan_mapping_network(domains, latent=3, hidden=6, style=style),
        "style_encoder": official.stargan_style_encoder(size, base, most, domains, style),
        "discriminator": official.stargan_discriminator(size, base, most, domains),
    } | ({"fan": official.fan(8)} if high_pass else {})
    return {name: official.draw(shape, seed + index) for index, (name, shape) in enumerate(shapes.items())}


def one(shapes, seed=0):
    return official.draw(shapes, seed)


def both(**shapes):
    return {name: official.draw(shape, seed) for seed, (name, shape) in enumerate(shapes.items())}


RESNET, UNET = official.resnet(4, 2), official.unet(2, 6)
CUT_RESNET = official.resnet(4, 5, antialiased=True)
CASES = {
    "stargan_v2": (stargan_v2, stargan()),
    "stargan_v2, high-pass": (stargan_v2, stargan(high_pass=True, domains=2)),
    "cyclegan, one file": (cyclegan, one(RESNET)),
    "cyclegan, both": (cyclegan, both(G_A=RESNET, G_B=RESNET, D_A=official.patchgan(3, 4), D_B=official.patchgan(3, 4))),
    "cyclegan, U-Nets": (cyclegan, both(G_A=official.unet(2, 5, "instance"), G_B=official.unet(2, 5, "instance"))),
    "pix2pix, one file": (pix2pix, one(UNET)),
    "pix2pix": (pix2pix, both(G=UNET, D=official.patchgan(6, 4, "batch"))),
    "cut, one file": (cut, one(CUT_RESNET)),
    "cut": (cut, both(G=CUT_RESNET, F=official.patch_sampler(4, 6), D=official.patchgan(3, 4, antialiased=True))),
    "cut without antialiasing": (cut, one(RESNET)),
}
UNREAD = ("running_mean", "running_var", "num_batches_tracked")


@pytest.fixture(scope="module", params=CASES)
def case(request):
    module, data = CASES[request.param]
    return module.FORMAT, data, module.FORMAT.read(data)


def by_network(data):
    return data if all(isinstance(value, dict) for value in data.values()) else {"": data}


def test_there_and_back_is_the_same_bits(case):
    form, data, imported = case
    back, data = by_network(form.write(*imported)), by_network(data)
    assert set(back) == set(data)
    for network, state in data.items():
        assert set(back[network]) == set(state)
        for name, tensor in state.items():
            told = back[network][name]
            assert (told.shape, told.dtype) == (tensor.shape, tensor.dtype), name
            unread = UNREAD[2:] if network == "fan" else UNREAD
            if name.endswith(unread):
                np.testing.assert_array_equal(told, np.full(tensor.shape, name.endswith("running_var")))
            else:
                np.testing.assert_array_equal(told, tensor, err_msg=name)


@pytest.mark.parametrize("name", ["stargan_v2", "stargan_v2, high-pass", "cyclegan, one file", "cyclegan, both", "pix2pix", "cut"])
def test_a_snapshot_of_it_translates_a_picture(name, tmp_path):
    module, data = CASES[name]
    params, model_state, config = module.FORMAT.read(data)
    path = tmp_path / "snapshot.safetensors"
    write_snapshot(path, params | ({"model_state": model_state} if model_state else {}), config, {"domains": config["data"]["domains"]})
    model = semgan.load(path)
    size = config["image_size"]
    picture, other = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    guide = {"reference": other} if model.guided else {}
    out = model.translate(picture, domain=config["data"]["domains"][1], **guide)
    assert (out.shape, out.dtype) == ((size, size, 3), np.uint8)
    assert out.std() > 1
    assert np.abs(out.astype(int) - picture).mean() > 1


@pytest.mark.parametrize(
    ("shapes", "count"),
    [
        (official.stargan_generator(256, 64, 512, high_pass=True), 43_467_395),
        (official.stargan_generator(256, 64, 512), 33_892_995),
        (official.stargan_mapping_network(2), 2_438_272),
        (official.stargan_style_encoder(256, 64, 512, 2), 20_916_928),
        (official.stargan_discriminator(256, 64, 512, 2), 20_852_290),
        (official.stargan_discriminator(256, 64, 512, 3), 20_852_803),
        (official.resnet(64, 9), 11_378_179),
        (official.unet(64, 8), 54_413_955),
        (official.patchgan(6, 64, "batch"), 2_768_705),
        (official.patchgan(3, 64), 2_764_737),
    ],
)
def test_the_lists_of_names_have_the_official_parameter_counts(shapes, count):
    buffers = (*UNREAD, "filter", "filt")
    assert sum(int(np.prod(shape)) for name, shape in shapes.items() if not name.endswith(buffers)) == count


@pytest.mark.parametrize("high_pass", [False, True])
def test_the_tables_have_every_official_name_at_full_width(high_pass):
    """Without arrays of that size: the tables of a config as the reader makes it."""
    widths = {"base_channels": 0, "max_channels": 512}
    networks = {
        "generator": {**widths, "high_pass_weight": float(high_pass)},
        "style_encoder": widths,
        "discriminator": widths,
        **({"heat_maps": {"channels": 256}} if high_pass else {}),
    }
    officials = stargan_v2._officials({"networks": networks, "image_size": 256, "data": {"domains": ["a", "b", "c"]}})
    expected = {
        "generator": official.stargan_generator(256, 64, 512, high_pass=high_pass),
        "mapping_network": official.stargan_mapping_network(3),
        "style_encoder": official.stargan_style_encoder(256, 64, 512, 3),
        "discriminator": official.stargan_discriminator(256, 64, 512, 3),
    } | ({"fan": official.fan()} if high_pass else {})
    assert set(officials) == set(expected)
    for name, shapes in expected.items():
        told = {entry.theirs for entry in officials[name].table} | set(officials[name].fixed) | set(officials[name].unread)
        assert told == {f"{name}.{key}" for key in shapes}


def test_what_the_shapes_say_stands_in_the_config():
    config = CASES["stargan_v2, high-pass"][0].FORMAT.read(stargan(high_pass=True, domains=2)).config
    assert config["image_size"] == 64
    assert config["data"]["domains"] == ["domain0", "domain1"]
    assert config["networks"]["generator"] == {
        "base_channels": 4,
        "max_channels": 8,
        "bottleneck_size": 16,
        "bottleneck_blocks": 2,
        "high_pass_weight": 1.0,
        "style_dim": 5,
        "patch_size": 1,
    }
    assert config["networks"]["mapping_network"] == {"style_dim": 5, "latent_dim": 3, "hidden_channels": 6}
    assert config["networks"]["heat_maps"] == {"channels": 8}
    config = pix2pix.FORMAT.read(one(official.unet(2, 7))).config
    assert (config["image_size"], config["networks"]["generator"]["norm"]) == (128, "batch")
    assert (config["networks"]["generator"]["dropout_start"], config["networks"]["generator"]["dropout_layers"]) == (1, 2)
    config = cut.FORMAT.read(one(CUT_RESNET)).config
    assert config["networks"]["generator"] == {"base_channels": 4, "blocks": 5, "antialiased": True, "initializer": "xavier"}
    assert config["losses"]["nce_layers"] == [0, 4, 8, 12, 16]
    assert cyclegan.FORMAT.read(one(RESNET)).config["networks"]["generator"]["blocks"] == 2


@pytest.mark.parametrize("weight", [1.0, 0.3, 7.0])
def test_the_high_pass_weight_comes_and_goes_by_its_filter(weight):
    data = stargan(high_pass=True, domains=2)
    data["generator"]["hpf.filter"] = data["generator"]["hpf.filter"] / np.float32(weight)
    imported = stargan_v2.FORMAT.read(data)
    assert imported.config["networks"]["generator"]["high_pass_weight"] == pytest.approx(weight, rel=1e-6)
    np.testing.assert_array_equal(stargan_v2.FORMAT.write(*imported)["generator"]["hpf.filter"], data["generator"]["hpf.filter"])


def test_each_head_is_its_own_domains():
    data = stargan()
    params = stargan_v2.FORMAT.read(data).params
    for domain in range(3):
        kernel = params["style_encoder"]["heads"]["kernel"][domain]
        np.testing.assert_array_equal(kernel, data["style_encoder"][f"unshared.{domain}.weight"].T)
        kernel = params["mapping_network"]["unshared2"]["kernel"][domain]
        np.testing.assert_array_equal(kernel, data["mapping_network"][f"unshared.{domain}.4.weight"].T)


def test_the_first_discriminator_judges_the_second_domain():
    data = CASES["cyclegan, both"][1]
    params = cyclegan.FORMAT.read(data).params
    kernel = params["discriminator_b"]["conv0"]["kernel"]
    np.testing.assert_array_equal(kernel.transpose(3, 2, 0, 1), data["D_A"]["model.0.weight"])
    kernel = params["generator_ab"]["encoder"]["from_rgb"]["kernel"]
    np.testing.assert_array_equal(kernel.transpose(3, 2, 0, 1), data["G_A"]["model.1.weight"])


def test_names_of_parallel_training_and_old_statistics_do_not_matter():
    data = one(RESNET)
    statistics = {f"model.2.{name}": np.zeros(4, np.float32) for name in ("running_mean", "running_var")}
    renamed = {f"module.{name}": tensor for name, tensor in (data | statistics).items()}
    first, second = cyclegan.FORMAT.read(data), cyclegan.FORMAT.read(renamed)
    assert first.config == second.config
    jax.tree.map(np.testing.assert_array_equal, first.params, second.params)


def changed(case, network, name, tensor):
    """The case's data with one tensor replaced, added or (None) left out."""
    module, data = CASES[case]
    states = {key: dict(state) for key, state in by_network(data).items()}
    states[network] |= {name: tensor}
    states[network] = {key: value for key, value in states[network].items() if value is not None}
    return module.FORMAT, states if network else states[""]


@pytest.mark.parametrize(
    ("case", "network", "name", "tensor", "words"),
    [
        ("stargan_v2", "generator", "decode.1.norm1.fc.bias", None, r"missing: generator\.decode\.1\.norm1\.fc\.bias"),
        ("stargan_v2", "generator", "from_rgb.weight", None, r"generator\.from_rgb\.weight is missing"),
        ("stargan_v2", "mapping_network", "unshared.1.4.weight", None, r"missing: mapping_network\.unshared\.1\.4\.weight"),
        ("stargan_v2", "style_encoder", "extra", np.zeros(3), r"not known: style_encoder\.extra"),
        ("stargan_v2", "style_encoder", "unshared.3.bias", np.zeros(5), r"not known: style_encoder\.unshared\.3\.bias"),
        (
            "stargan_v2",
            "discriminator",
            "main.7.weight",
            np.zeros((2, 8, 1, 1)),
            r"other shapes?.*main\.7\.weight \(2, 8, 1, 1\) \(not \(3,",
        ),
        ("stargan_v2, high-pass", "generator", "hpf.filter", np.ones((3, 3)), r"generator\.hpf\.filter is not the usual one"),
        ("stargan_v2, high-pass", "fan", "m0.b1_2.bn2.running_var", None, r"missing: fan\.m0\.b1_2\.bn2\.running_var"),
        ("cyclegan, one file", "", "model.11.conv_block.5.bias", None, r"missing: G\.model\.11\.conv_block\.5\.bias"),
        ("cyclegan, both", "G_B", "model.4.weight", np.zeros((8, 4, 4, 4)), r"G_B\.model\.4\.weight \(8, 4, 4, 4\) \(not \(8, 4, 3, 3\)\)"),
        ("cyclegan, both", "D_A", "model.8.bias", None, r"missing: D_A\.model\.8\.bias"),
        ("cyclegan, one file", "", "model.10.conv_block.6.weight", np.zeros(1), "ResNet with dropout"),
        ("pix2pix", "G", "model.model.1.model.3.model.2.weight", None, r"missing: G\.model\.model\.1\.model\.3\.model\.2\.weight"),
        ("pix2pix", "D", "model.9.weight", np.zeros(31), r"D\.model\.9\.weight \(31,\) \(not \(32,\)\)"),
        ("cut", "F", "mlp_3.2.bias", None, r"missing: F\.mlp_3\.2\.bias"),
        ("cut, one file", "", "model.7.filt", np.ones((8, 1, 3, 3)), r"filter G\.model\.7\.filt is not the usual one"),
        ("cut, one file", "", "model.11.filt", None, r"model\.11\.filt is missing"),
    ],
)
def test_missing_extra_and_wrong_tensors_are_named(case, network, name, tensor, words):
    form, data = changed(case, network, name, tensor)
    with pytest.raises(UserError, match=words) as caught:
        form.read(data)
    assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize(
    ("module", "case", "words"),
    [
        (cyclegan, "pix2pix, one file", "not a ResNet generator"),
        (cyclegan, "cut, one file", "choose the format cut"),
        (cyclegan, "stargan_v2", "holds no state dict 'G_A'"),
        (pix2pix, "cyclegan, one file", "is not a U-Net"),
        (pix2pix, "cyclegan, both", "holds no state dict 'G'"),
        (cut, "pix2pix", "not a ResNet generator"),
        (stargan_v2, "cyclegan, one file", "holds no state dict 'generator'"),
        (stargan_v2, "cut", "holds no state dict 'generator'"),
    ],
)
def test_a_file_of_another_format_is_told(module, case, words):
    with pytest.raises(UserError, match=words):
        module.FORMAT.read(CASES[case][1])


@pytest.mark.parametrize("module", [stargan_v2, cyclegan, pix2pix, cut])
@pytest.mark.parametrize("data", [None, [], {}, {"a": 1}, np.zeros(3), {"G": {}, "G_A": 1, "generator": []}, {"G": {"a": "b"}}])
def test_what_is_no_state_dict_is_told(module, data):
    with pytest.raises(UserError):
        module.FORMAT.read(data)


def test_a_high_pass_file_needs_its_heat_maps():
    data = stargan(high_pass=True, domains=2)
    with pytest.raises(UserError, match="no 'fan'"):
        stargan_v2.FORMAT.read({name: state for name, state in data.items() if name != "fan"})


def test_networks_of_different_sizes_are_told():
    data = stargan()
    data["generator"] = official.draw(official.stargan_generator(64, 4, 8, 5))
    with pytest.raises(UserError, match="generator has the blocks of 64 px, but its style encoder those of 32"):
        stargan_v2.FORMAT.read(data)


@pytest.mark.parametrize(
    ("module", "config", "words"),
    [
        (stargan_v2, {"algorithm": "cut"}, "the model is a cut"),
        (pix2pix, {"algorithm": "cyclegan"}, "the model is a cyclegan"),
        (cut, {"algorithm": "munit"}, "the model is a munit"),
        (cyclegan, {"algorithm": "cut", "networks": {"generator": {"antialiased": True}}}, "choose the format cut"),
        (pix2pix, {"algorithm": "pix2pix", "image_size": 16, "networks": {"generator": {}, "discriminator": {}}}, "16 px"),
    ],
)
def test_models_without_an_official_form_are_not_written(module, config, words):
    with pytest.raises(UserError, match=words):
        module.FORMAT.write({}, {}, config)


def test_a_bottleneck_that_the_official_code_does_not_have_is_not_written():
    params, state, config = stargan_v2.FORMAT.read(stargan())
    config["networks"]["generator"]["bottleneck_size"] = 8
    with pytest.raises(UserError, match="bottleneck_size"):
        stargan_v2.FORMAT.write(params, state, config)
