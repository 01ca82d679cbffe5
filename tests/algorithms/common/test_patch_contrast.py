"""Which places the contrast between patches compares, and what it is the mean of."""

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from semgan.algorithms.common import patch_contrast

RNG, BATCH = jax.random.key(2), {"position": jnp.array([5, 6, 9])}
LAYERS = [jnp.zeros((3, 4, 4, 2)), jnp.zeros((3, 2, 3, 2))]


def test_places_are_different_pixels_of_each_example_s_own_draw_and_at_most_so_many():
    first, second = patch_contrast.places_of(LAYERS, 8, BATCH, RNG, 0)
    assert first.shape == (3, 8)
    assert second.shape == (3, 6)
    for places, pixels in ((first, 16), (second, 6)):
        assert all(len(set(row)) == len(row) and min(row) >= 0 and max(row) < pixels for row in places.tolist())
    assert first[0].tolist() != first[1].tolist()


def test_places_belong_to_positions_and_streams_follow_the_layers():
    first, second = patch_contrast.places_of([LAYERS[0]] * 2, 8, BATCH, RNG, 3)
    for index, layer in enumerate((first, second)):
        for row, position in enumerate((5, 6, 9)):
            key = jax.random.fold_in(jax.random.fold_in(RNG, 3 + index), position)
            np.testing.assert_array_equal(layer[row], jax.random.choice(key, 16, (8,), replace=False))


def test_every_layer_counts_alike_however_many_places_it_has():
    """Orthogonal keys: a query that is its own key loses 0; one that is another's loses 1 / temperature."""
    losses = ConfigDict({"nce_patches": 9, "temperature": 0.1})
    batch = {"position": jnp.array([0])}
    eye = [jnp.eye(2)[None], jnp.eye(3)[None]]
    seen = []

    def project(features, places):
        seen.append([place.shape for place in places])
        return features

    swapped = [jnp.eye(2)[None], jnp.eye(3)[None, jnp.array([1, 0, 2])]]
    pixels = [jnp.zeros((1, 1, n, n)) for n in (2, 3)]

    def through(features, places):
        project(features, places)
        return eye if features is pixels else swapped

    loss = patch_contrast.contrast(through, pixels, list(pixels), losses, batch, RNG)
    want = np.mean([0.0, np.mean([10.0, 10.0, 0.0])])
    np.testing.assert_allclose(loss, want, atol=0.01)
    assert seen == [[(1, 2), (1, 3)]] * 2
