"""Official weights of the networks that draw from noise: every name and shape, the architecture, snapshots, and what is refused."""

import json

import numpy as np
import pytest

import semgan
from semgan.errors import UserError
from semgan.interop.formats import progan, r3gan, stylegan2, stylegan2_ada
from semgan.snapshot import MODEL_STATE, write_snapshot
from semgan.torch_files import reader
from tests.interop import official_noise as official

FILES = {
    "stylegan2": (stylegan2.FORMAT, official.rosinality_file),
    "stylegan2-ada": (stylegan2_ada.FORMAT, official.ada_file),
    "stylegan2-ada residual": (stylegan2_ada.FORMAT, lambda: official.ada_file(residual=True, skip=True)),
    "progan": (progan.FORMAT, official.progan_file),
    "r3gan": (r3gan.FORMAT, official.r3gan_file),
}
"""By name: the format, and a file of it."""
every = pytest.mark.parametrize("name", FILES)


def networks_of(data):
    """The state dicts of a file, by the network's name."""
    return {name: value.get("state_dict", value) for name, value in data.items() if isinstance(value, dict)}


@every
def test_what_is_read_is_written_back_under_every_official_name(name):
    form, make = FILES[name]
    data = make()
    imported = form.read(data)
    written = form.write(*imported)
    assert written.keys() == data.keys()
    states, before = networks_of(written), networks_of(data)
    for network, tensors in before.items():
        assert states[network].keys() == tensors.keys()
        for key, tensor in tensors.items():
            assert states[network][key].shape == tensor.shape, key
            assert states[network][key].dtype == np.float32, key
            # the factors of 4 are exact, those of sqrt 2 are rounded once each way
            np.testing.assert_allclose(states[network][key], tensor, rtol=3e-7 if name == "progan" else 0, err_msg=key)
    if name == "progan":
        assert {key: value["conf"] for key, value in written.items()} == {key: value["conf"] for key, value in data.items()}


@every
def test_an_imported_model_draws_pictures_from_its_snapshot(name, tmp_path):
    form, make = FILES[name]
    params, model_state, config = form.read(make())
    assert config == json.loads(json.dumps(config))
    path = tmp_path / "snapshot.safetensors"
    meta = {"domains": config["data"]["domains"], "kimg": config.get("total_kimg", 0.0)}
    write_snapshot(path, {**params, MODEL_STATE: model_state}, config, meta)
    model = semgan.load(path)
    pictures = model.sample(2, truncation=0.7)
    assert (pictures.shape, pictures.dtype) == ((2, 16, 16, 3), np.uint8)
    assert (pictures[0] != pictures[1]).any()
    again = form.write(model.params, model.model_state, model.config)
    for network, tensors in networks_of(form.write(params, model_state, config)).items():
        for key, tensor in tensors.items():
            np.testing.assert_array_equal(networks_of(again)[network][key], tensor, err_msg=key)


def test_the_architecture_is_worked_out():
    config = stylegan2.FORMAT.read(official.rosinality_file()).config
    assert config["image_size"] == 16
    assert config["networks"] == {
        "mapping_network": {"latent_dim": official.W, "style_dim": official.W, "layers": 2, "lr_multiplier": 0.01},
        "generator": {"channel_base": 64, "max_channels": 6, "architecture": "skip"},
        "discriminator": {"channel_base": 48, "max_channels": 5, "architecture": "residual", "stddev_group": 4},
    }
    config = stylegan2_ada.FORMAT.read(official.ada_file(residual=True, skip=True)).config
    assert config["networks"]["mapping_network"] == {"latent_dim": official.Z, "style_dim": official.W, "layers": 2, "lr_multiplier": 0.01}
    assert [config["networks"][name]["architecture"] for name in ("generator", "discriminator")] == ["residual", "skip"]
    config = progan.FORMAT.read(official.progan_file()).config
    assert config["networks"] == {
        "generator": {"latent_dim": official.Z, "base_channels": 3, "max_channels": 6, "normalize_first": False},
        "discriminator": {"base_channels": 3, "max_channels": 6},
    }
    config = r3gan.FORMAT.read(official.r3gan_file()).config
    assert config["networks"] == {
        "generator": {"base_channels": 2, "max_channels": 4, "blocks": 2, "group_size": 4, "patch_size": 1, "latent_dim": official.Z},
        "discriminator": {"base_channels": 2, "max_channels": 4, "blocks": 1, "group_size": 2, "patch_size": 1},
    }


@every
def test_a_file_without_its_discriminator_is_read_too(name):
    form, make = FILES[name]
    data = {key: value for key, value in make().items() if key.lower() not in ("d", "discriminator")}
    imported = form.read(data)
    assert "discriminator" not in imported.params
    assert form.write(*imported).keys() == data.keys()


@every
def test_missing_extra_and_misshapen_tensors_are_told_in_a_sentence(name):
    form, make = FILES[name]
    for network, tensors in networks_of(make()).items():
        for key, tensor in tensors.items():  # whichever is missing, and its architecture cannot be worked out otherwise
            data = make()
            networks_of(data)[network][key] = np.zeros((*tensor.shape, 2), np.float32)
            refused(form, data, key)
            if not (key.startswith("noises.") or "torgb" in key or "skip" in key):
                del networks_of(data)[network][key]
                refused(form, data, "give a")
        data = make()
        networks_of(data)[network]["conv9.weight"] = np.zeros(3, np.float32)
        refused(form, data, r"conv9\.weight")


def refused(form, data, naming):
    with pytest.raises(UserError, match=naming) as caught:
        form.read(data)
    assert "\n" not in str(caught.value)


@every
def test_another_format_is_told_from_this_one(name):
    form, make = FILES[name]
    own = type(make()), make().keys()
    for _, other_file in FILES.values():
        if (type(other_file()), other_file().keys()) != own:
            refused(form, other_file(), "give a")
    for nothing in ({}, [], None, "text", np.zeros(3), {"g_ema": 3}, {"g_ema": {}}, {"G_ema": {"a": 1}}, {"generator": {"state_dict": []}}):
        refused(form, nothing, "give a")


def test_r3gan_and_stylegan2_ada_are_told_apart():
    refused(stylegan2_ada.FORMAT, official.r3gan_file(), "pixels|missing")
    refused(r3gan.FORMAT, official.ada_file(), "missing")


@pytest.mark.parametrize("bad", ["stylegan3", "conditional", "conditional d", "original"])
def test_what_semgan_has_no_network_for_is_refused(bad):
    data = official.ada_file(residual=True)
    if bad == "stylegan3":
        data["G_ema"]["synthesis.L0_36_512.weight"] = np.zeros((1, 1, 3, 3), np.float32)
    elif bad == "original":
        data["G_ema"] = {key: value for key, value in data["G_ema"].items() if "skip" not in key}
    else:
        data["D" if bad.endswith("d") else "G_ema"]["mapping.embed.weight"] = np.zeros((official.W, 2), np.float32)
    refused(stylegan2_ada.FORMAT, data, {"stylegan3": "StyleGAN3", "original": "residual blocks"}.get(bad, "class labels"))


def test_widths_and_filters_that_semgan_cannot_express_are_refused():
    data = official.rosinality_file()
    data["g_ema"] |= {"convs.1.conv.weight": np.zeros((1, 7, 6, 3, 3), np.float32)}
    refused(stylegan2.FORMAT, data, "channel_base")
    data = official.rosinality_file()
    data["g_ema"]["to_rgbs.0.upsample.kernel"] = np.full((4, 4), 0.25, np.float32)
    refused(stylegan2.FORMAT, data, r"to_rgbs\.0\.upsample\.kernel")
    data = official.progan_file()
    data["shadow_generator"]["state_dict"]["layers.1.conv_2.weight"] = np.zeros((5, 6, 3, 3), np.float32)
    refused(progan.FORMAT, data, "doubles a width")
    data = official.progan_file()
    data["shadow_generator"]["conf"]["use_eql"] = False
    refused(progan.FORMAT, data, "use_eql")
    data = official.r3gan_file()
    data["G_ema"]["Model.MainLayers.0.Layers.1.LinearLayer2.Layer.weight"] = np.zeros((8, 8, 3, 3), np.float32)
    refused(r3gan.FORMAT, data, "groups of 8, 4, 4")
    data = official.r3gan_file()
    data["G_ema"] |= official.filled(official.r3gan_block("Model.MainLayers.1.Layers.3", 4, 4))
    refused(r3gan.FORMAT, data, "2, 3 blocks")


def as_module(tensors, attributes, name=""):
    """The state dict as the modules that a pickle holds; every tensor a buffer."""
    own = {key: value for key, value in tensors.items() if "." not in key}
    parts = dict.fromkeys(key.split(".")[0] for key in tensors if "." in key)
    inner = {}
    for part in parts:
        below = {key.removeprefix(f"{part}."): value for key, value in tensors.items() if key.startswith(f"{part}.")}
        inner[part] = as_module(below, attributes, f"{name}.{part}".lstrip("."))
    state = {"_parameters": {}, "_buffers": own, "_modules": inner, "training": False, **attributes.get(name, {})}
    return reader.Module("Generator" if not name else "Layer", state)


def test_a_pickle_of_modules_says_more_than_its_tensors():
    data = official.ada_file()
    layers = {"mapping.fc0": {"bias_gain": 0.1, "activation": "lrelu"}, "synthesis.b4.conv1": {"conv_clamp": 256, "activation": "lrelu"}}
    modules = {"G_ema": as_module(data["G_ema"], layers), "D": as_module(data["D"], {"b4.mbstd": {"group_size": 2}})}
    modules["D"].state["_modules"]["b4"].state["_modules"]["mbstd"] = as_module({}, {"": {"group_size": 2}})
    imported = stylegan2_ada.FORMAT.read({**modules, "G": None, "training_set_kwargs": {}, "augment_pipe": None})
    assert imported.config["networks"]["mapping_network"]["lr_multiplier"] == 0.1
    assert imported.config["networks"]["discriminator"]["stddev_group"] == 2
    assert imported.config["imported"] == {"conv_clamp": 256}
    for network, tensors in stylegan2_ada.FORMAT.write(*imported).items():
        assert {key: value.tolist() for key, value in tensors.items()} == {key: value.tolist() for key, value in data[network].items()}
    modules["G_ema"] = as_module(data["G_ema"], {"synthesis.b8.conv0": {"activation": "relu"}})
    refused(stylegan2_ada.FORMAT, modules, "synthesis.b8.conv0 has the activation 'relu'")
    imported = r3gan.FORMAT.read({name: as_module(tensors, {}) for name, tensors in official.r3gan_file().items()})
    assert imported.config["image_size"] == 16


def test_the_mean_w_is_computed_where_the_file_has_none_and_noise_is_drawn():
    data = official.rosinality_file()
    del data["latent_avg"]
    data["g_ema"] = {key: value for key, value in data["g_ema"].items() if not key.startswith("noises.")}
    imported = stylegan2.FORMAT.read(data)
    z = np.random.default_rng(5).normal(size=(20_000, official.W))
    x = z / np.sqrt(np.square(z).mean(1, keepdims=True) + 1e-8)
    for index in (1, 2):
        weight, bias = (data["g_ema"][f"style.{index}.{kind}"] * 0.01 for kind in ("weight", "bias"))
        x = x @ weight.T / np.sqrt(official.W) + bias
        x = np.sqrt(2) * np.where(x < 0, 0.2 * x, x)
    np.testing.assert_allclose(imported.model_state["w_avg"], x.mean(0), atol=5 * x.std() / 100)
    assert imported.model_state["w_avg"].dtype == np.float32
    noise = stylegan2.FORMAT.write(*imported)["g_ema"]["noises.noise_4"]
    assert noise.shape == (1, 1, 16, 16)
    assert 0.8 < noise.std() < 1.2
    refused(stylegan2.FORMAT, {**official.rosinality_file(), "latent_avg": np.zeros(official.W + 1)}, "latent_avg")


def test_what_the_official_code_cannot_be_is_not_written():
    imported = stylegan2_ada.FORMAT.read(official.ada_file(residual=True))
    with pytest.raises(UserError, match="architecture is 'residual'"):
        stylegan2.FORMAT.write(*imported)
    with pytest.raises(UserError, match="is a stylegan2, but this format holds models of r3gan alone"):
        r3gan.FORMAT.write(*imported)
    imported = stylegan2_ada.FORMAT.read(official.ada_file())
    with pytest.raises(UserError, match="latent_dim is 6"):
        stylegan2.FORMAT.write(*imported)
    params, model_state, config = progan.FORMAT.read(official.progan_file())
    config["networks"]["generator"]["normalize_first"] = True
    with pytest.raises(UserError, match="normalize_first is True"):
        progan.FORMAT.write(params, model_state, config)
    params, model_state, config = r3gan.FORMAT.read(official.r3gan_file())
    config["networks"]["generator"]["patch_size"] = 2
    with pytest.raises(UserError, match="patch_size is 2"):
        r3gan.FORMAT.write(params, model_state, config)


def test_of_two_progan_generators_the_averaged_one_is_taken():
    data = official.progan_file()
    other = {"conf": data["shadow_generator"]["conf"], "state_dict": official.filled(official.progan_generator(), 9)}
    averaged = progan.FORMAT.read({**data, "generator": other}).params["generator"]["second_0"]["bias"]
    np.testing.assert_array_equal(averaged, data["shadow_generator"]["state_dict"]["layers.0.conv_2.bias"])
    trained = progan.FORMAT.read({"generator": other}).params["generator"]["second_0"]["bias"]
    np.testing.assert_array_equal(trained, other["state_dict"]["layers.0.conv_2.bias"])
