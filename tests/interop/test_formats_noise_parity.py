"""Networks that draw from noise against small PyTorch modules of the official names, written from the papers' formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from semgan.algorithms import make
from semgan.interop.formats import _stylegan2, progan, r3gan, stylegan2, stylegan2_ada

torch = pytest.importorskip("torch")
styled = pytest.importorskip("tests.interop.torch_stylegan2")
growing = pytest.importorskip("tests.interop.torch_growing")

SIZES, Z, W, BATCH = (4, 8, 16), 7, 5, 4
TOLERANCES = {"float32": 1e-4, "float64": 1e-10}


def tensors_of(module):
    return {name: value.detach().numpy().copy() for name, value in module.state_dict().items()}


CASES = {
    "stylegan2": (stylegan2.FORMAT, lambda: (styled.RosinalityGenerator((8, 8, 4)), styled.RosinalityDiscriminator((6, 6, 3)))),
    "stylegan2-ada": (stylegan2_ada.FORMAT, lambda: (styled.AdaGenerator((8, 8, 4), False), styled.AdaDiscriminator((6, 6, 3), False))),
    "stylegan2-ada residual": (
        stylegan2_ada.FORMAT,
        lambda: (styled.AdaGenerator((8, 8, 4), True), styled.AdaDiscriminator((6, 6, 3), True)),
    ),
    "progan": (progan.FORMAT, lambda: (growing.ProGenerator((8, 8, 4)), growing.ProDiscriminator((6, 6, 3)))),
    "r3gan": (r3gan.FORMAT, lambda: (growing.R3Network((8, 8, 4), True), growing.R3Network((8, 8, 4), False))),
}


def file_of(form, generator, discriminator):
    """As the official code would save it."""
    states = [tensors_of(generator), tensors_of(discriminator)]
    if form is progan.FORMAT:
        return {name: {"conf": {}, "state_dict": state} for name, state in zip(("generator", "discriminator"), states, strict=True)}
    return dict(zip(("g_ema", "d") if form is stylegan2.FORMAT else ("G_ema", "D"), states, strict=True))


def outputs_of(imported, precision, inputs):
    """Ours: w, pictures (from separate w's where there are such), logits; of NHWC inputs."""
    params, _, config = imported
    networks = make(ConfigDict({**config, "precision": precision})).networks

    @jax.jit
    def run(params, z, ws, image):
        def apply(name, *args):
            return networks[name].apply({"params": params[name]}, *args)

        if "mapping_network" not in networks:
            return None, apply("generator", z), apply("discriminator", image)
        maps = [params[_stylegan2.NOISE_MAPS][name] for name in _stylegan2.layer_names(list(SIZES))]
        return apply("mapping_network", z), apply("generator", ws, maps), apply("discriminator", image)

    return run(jax.tree.map(lambda x: jnp.asarray(x, precision), params), *inputs)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("precision", TOLERANCES)
def test_outputs_are_the_official_ones(name, precision):
    """In float64 the official modules take, strictly, what is written of the weights that were read: the numbers behind ours exactly."""
    form, modules = CASES[name]
    torch.manual_seed(0)
    generator, discriminator = modules()
    imported = form.read(file_of(form, generator, discriminator))
    with jax.enable_x64(precision == "float64"):
        if precision == "float64":
            params, model_state = jax.tree.map(lambda x: np.asarray(x, precision), (imported.params, imported.model_state))
            states = states_of(form.write(params, model_state, imported.config))
            for module, tensors in zip((generator, discriminator), states, strict=True):
                module.double().load_state_dict({key: torch.as_tensor(value) for key, value in tensors.items()}, strict=True)
        rng = np.random.default_rng(1)
        latent_dim = W if name == "stylegan2" else Z
        z, ws, image = (rng.normal(size=shape).astype(precision) for shape in ((BATCH, latent_dim), (BATCH, 6, W), (BATCH, 16, 16, 3)))
        ours = outputs_of(imported, precision, (z, ws, image))
    with torch.no_grad():
        z, ws, image = map(torch.as_tensor, (z, ws, image.transpose(0, 3, 1, 2).copy()))
        maps = hasattr(generator, "mapped")
        picture = generator(ws if maps else z).permute(0, 2, 3, 1)
        theirs = (generator.mapped(z) if maps else None, picture, discriminator(image))
    errors = {}
    for what, own, other in zip(("w", "picture", "logits"), ours, theirs, strict=True):
        if own is not None:
            own, other = np.asarray(own), other.numpy()
            assert own.dtype == other.dtype == precision, what
            errors[what] = float(np.abs(own - other).max() / np.abs(other).max())
    print(f"largest relative errors of {name} in {precision}: {errors}")
    assert max(errors.values()) < TOLERANCES[precision], errors


def states_of(data):
    """The state dicts of a file, the generator's first."""
    states = [value.get("state_dict", value) for value in data.values() if isinstance(value, dict)]
    assert len(states) == 2
    return states
