"""CUT's projection: parameters in full from the start, one network per layer, applied at the places asked for."""

import jax
import jax.numpy as jnp
import numpy as np

from semgan.networks.patch_sampler import PatchSampler


def test_parameter_count_equals_the_official_one():
    sizes = [(262, 3), (256, 128), (128, 256), (64, 256), (64, 256)]
    features = [jax.ShapeDtypeStruct((1, size, size, channels), jnp.float32) for size, channels in sizes]
    places = [jax.ShapeDtypeStruct((1, 256), jnp.int32)] * 5
    params = jax.eval_shape(PatchSampler().init, jax.random.key(0), features, places)
    assert sum(np.prod(leaf.shape, dtype=int) for leaf in jax.tree.leaves(params)) == 560_384


def test_places_count_pixels_row_by_row_and_each_layer_has_its_own_dense_layers():
    rng = np.random.default_rng(0)
    features = [jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in ((2, 3, 4, 5), (2, 2, 2, 5))]
    places = [jnp.asarray([[0, 7], [11, 4]]), jnp.asarray([[3], [1]])]
    module = PatchSampler(6)
    params = module.init(jax.random.key(0), features, places)["params"]
    out = module.apply({"params": params}, features, places)
    assert [x.shape for x in out] == [(2, 2, 6), (2, 1, 6)]
    for layer, example, index, place in ((0, 0, 1, (1, 3)), (0, 1, 0, (2, 3)), (1, 0, 0, (1, 1)), (1, 1, 0, (0, 1))):
        hidden = np.maximum(np.asarray(features[layer])[(example, *place)] @ params[f"hidden{layer}"]["kernel"], 0)
        np.testing.assert_allclose(out[layer][example, index], hidden @ params[f"out{layer}"]["kernel"], atol=1e-7)
