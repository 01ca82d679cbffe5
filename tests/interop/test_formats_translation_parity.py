"""The official translation networks in PyTorch against ours, with the same weights and inputs."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from semgan.algorithms import make
from semgan.interop.formats import cut, cyclegan, pix2pix, stargan_v2
from semgan.networks import heatmaps, unet
from tests.interop import official_translation as official

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional
networks = pytest.importorskip("tests.interop.torch_translation")

TOLERANCE = {"float32": 1e-4, "float64": 1e-10}


class Pair:
    """Official-shaped modules with random weights, and ours with what the format reads of them, in one precision."""

    def __init__(self, form, modules, precision, alone=False):
        self.modules = {name: loaded(module, seed) for seed, (name, module) in enumerate(modules.items())}
        states = {name: {key: value.numpy() for key, value in module.state_dict().items()} for name, module in self.modules.items()}
        params, state, config = form.read(states["G"] if alone else states)
        written = form.write(params, state, config)
        for name, module in self.modules.items():  # what is written loads strictly, and leaves the module as it was
            back = {key: torch.from_numpy(np.asarray(value)) for key, value in ({"G": written} if alone else written)[name].items()}
            module.load_state_dict(back, strict=True)
            module.to(getattr(torch, precision)).train(name != "fan")
        self.precision = precision
        self.params = jax.tree.map(lambda leaf: jnp.asarray(leaf, precision), params)
        self.networks = make(ConfigDict({**config, "precision": precision})).networks

    def image(self, size, seed=0, channels=3):
        return np.random.default_rng(seed).uniform(-1, 1, (2, size, size, channels)).astype(self.precision)

    def ours(self, name, *inputs, method=None):
        module = self.networks[name]
        if name == "heat_maps":
            module = module.clone(dtype=jnp.dtype(self.precision))
        return applied(module, method, self.params[name], jax.tree.map(jnp.asarray, inputs))

    def theirs(self, name, *inputs, method=None):
        with torch.no_grad():
            return getattr(self.modules[name], method or "forward")(*inputs)

    def check(self, ours, theirs, record_property, what):
        """The largest difference over the largest value."""
        ours = np.asarray(ours)
        theirs = theirs.numpy()
        assert ours.dtype == theirs.dtype == np.dtype(self.precision)
        assert ours.shape == theirs.shape
        error = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
        record_property(f"{what} {self.precision}", error)
        print(f"largest relative error: {what}, {self.precision}: {error:.1e}")
        assert error <= TOLERANCE[self.precision], f"{what}: {error}"


@functools.partial(jax.jit, static_argnums=(0, 1))
def applied(module, method, params, inputs):
    return module.apply({"params": params}, *inputs, method=method)


def loaded(module, seed):
    """The module with the random numbers that the other tests of the formats draw."""
    shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    drawn = official.draw(shapes, seed)
    if "hpf.filter" in drawn:
        drawn["hpf.filter"] = module.hpf.filter.numpy()
    module.load_state_dict({name: torch.from_numpy(value) for name, value in drawn.items()})
    if isinstance(module, networks.Fan):  # as of a trained one, there is heat in few places only
        with torch.no_grad():
            maps = module.eval().landmarks(torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (2, 3, 64, 64)).astype("float32")))
            module.l0.bias[:-1] += 2 - maps.amax((0, 2, 3))
    return module


def nchw(x):
    return torch.from_numpy(np.asarray(x)).permute(0, 3, 1, 2).contiguous()


def nhwc(x):
    return x.permute(0, 2, 3, 1)


@pytest.fixture(params=["float32", "float64"])
def precision(request):
    with jax.enable_x64(request.param == "float64"), jax.default_matmul_precision("highest"):
        yield request.param


def stargan(precision, weight):
    size, style, domains = 64 if weight else 32, 5, 2
    modules = {
        "generator": networks.StarGANGenerator(size, 4, 8, style, weight),
        "mapping_network": networks.StarGANMapping(domains, 3, 6, style),
        "style_encoder": networks.StarGANEncoder(size, 4, 8, domains, style),
        "discriminator": networks.StarGANDiscriminator(size, 4, 8, domains),
    } | ({"fan": networks.Fan(8)} if weight else {})
    return Pair(stargan_v2.FORMAT, modules, precision), size


def test_stargan_v2(precision, record_property):
    pair, size = stargan(precision, 0.0)
    image, style = pair.image(size), np.random.default_rng(1).normal(size=(2, 5)).astype(precision)
    z, domain = np.random.default_rng(2).normal(size=(2, 3)).astype(precision), np.array([1, 0])
    told = torch.from_numpy(domain)
    pair.check(
        pair.ours("generator", image, style),
        nhwc(pair.theirs("generator", nchw(image), torch.from_numpy(style))),
        record_property,
        "StarGAN v2 generator",
    )
    pair.check(
        pair.ours("mapping_network", z, domain),
        pair.theirs("mapping_network", torch.from_numpy(z), told),
        record_property,
        "StarGAN v2 mapping network",
    )
    for name in ("style_encoder", "discriminator"):
        theirs = pair.theirs(name, nchw(image), told)
        pair.check(pair.ours(name, image, domain), theirs, record_property, f"StarGAN v2 {name}")


def test_stargan_v2_with_high_pass(precision, record_property):
    pair, size = stargan(precision, 0.7)
    image, style = pair.image(size), np.random.default_rng(1).normal(size=(2, 5)).astype(precision)
    maps = pair.theirs("fan", nchw(image), method="landmarks")
    pair.check(pair.ours("heat_maps", image, method="landmarks"), nhwc(maps), record_property, "StarGAN v2 landmarks")
    large = F.interpolate(maps, scale_factor=4, mode="bilinear", align_corners=True)
    ours = heatmaps.resize_to_corners(jnp.asarray(nhwc(maps).numpy()), 256)
    pair.check(ours, nhwc(large), record_property, "StarGAN v2 landmarks, enlarged")
    masks = torch.cat(networks.fan_masks(large.clone()), 1)
    assert all(0.05 < share < 0.95 for share in masks.mean((0, 2, 3)))
    ours = heatmaps.face_masks(jnp.asarray(nhwc(large).numpy()))
    pair.check(ours, nhwc(masks), record_property, "StarGAN v2 masks of heat maps")
    if precision == "float64":  # in float32 a pixel at the very threshold may fall to either side
        pair.check(pair.ours("heat_maps", image), nhwc(torch.cat(pair.theirs("fan", nchw(image)), 1)), record_property, "StarGAN v2 masks")
    theirs = pair.theirs("generator", nchw(image), torch.from_numpy(style), (masks[:, :1], masks[:, 1:]))
    ours = pair.ours("generator", image, style, nhwc(masks).numpy())
    pair.check(ours, nhwc(theirs), record_property, "StarGAN v2 generator with high-pass")


def test_cyclegan(precision, record_property):
    modules = {name: networks.ResNet(4, 3, False) for name in ("G_A", "G_B")} | {
        name: networks.Patches(3, 4, nn.InstanceNorm2d, False) for name in ("D_A", "D_B")
    }
    pair = Pair(cyclegan.FORMAT, modules, precision)
    image = pair.image(32)
    for theirs, ours in (("G_A", "generator_ab"), ("G_B", "generator_ba")):
        pair.check(pair.ours(ours, image), nhwc(pair.theirs(theirs, nchw(image))), record_property, f"CycleGAN {theirs}")
    for theirs, ours in (("D_A", "discriminator_b"), ("D_B", "discriminator_a")):
        pair.check(pair.ours(ours, image), pair.theirs(theirs, nchw(image))[:, 0], record_property, f"CycleGAN {theirs}")


def test_cyclegan_of_one_file(precision, record_property):
    pair = Pair(cyclegan.FORMAT, {"G": networks.ResNet(4, 3, False)}, precision, alone=True)
    image = pair.image(32)
    pair.check(pair.ours("generator", image), nhwc(pair.theirs("G", nchw(image))), record_property, "CycleGAN G alone")


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, nn.InstanceNorm2d])
def test_pix2pix(precision, record_property, norm, monkeypatch):
    """Example by example, as the batch norm there is over one picture; dropout's places by a factor instead of it."""
    monkeypatch.setattr(unet, "_dropout", lambda x, keys, stride: 3 * x)
    pair = Pair(pix2pix.FORMAT, {"G": networks.UNet(2, 7, norm), "D": networks.Patches(6, 4, norm, False)}, precision)
    image, other = pair.image(128), pair.image(128, 1)
    keys = jax.vmap(jax.random.key)(jnp.arange(2))
    theirs = torch.cat([pair.theirs("G", nchw(image[index : index + 1])) for index in range(2)])
    pair.check(pair.ours("generator", image, keys), nhwc(theirs), record_property, f"pix2pix G, {norm.__name__}")
    both = np.concatenate([image, other], -1)
    theirs = torch.cat([pair.theirs("D", nchw(both[index : index + 1])) for index in range(2)])
    pair.check(pair.ours("discriminator", both), theirs[:, 0], record_property, f"pix2pix D, {norm.__name__}")


def test_cut(precision, record_property):
    modules = {
        "G": networks.ResNet(4, 5, True),
        "F": networks.Sampler((3, 8, 16, 16, 16), 6),
        "D": networks.Patches(3, 4, nn.InstanceNorm2d, True),
    }
    pair = Pair(cut.FORMAT, modules, precision)
    image = pair.image(32)
    pair.check(pair.ours("generator", image), nhwc(pair.theirs("G", nchw(image))), record_property, "CUT G")
    pair.check(pair.ours("discriminator", image), pair.theirs("D", nchw(image))[:, 0], record_property, "CUT D")
    places = [np.array([3, 1, 7]) for _ in cut.LAYERS]
    with torch.no_grad():
        theirs = pair.modules["F"](pair.modules["G"].features(nchw(image), cut.LAYERS), places)
    generator = pair.networks["generator"]
    encode = jax.jit(lambda params, x: generator.apply({"params": params}, x, cut.LAYERS, method="features"))
    features = encode(pair.params["generator"], jnp.asarray(image))
    ours = pair.ours("patch_sampler", features, [jnp.tile(place, (2, 1)) for place in places])
    for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        pair.check(mine, other, record_property, f"CUT F, layer {cut.LAYERS[index]}")
