"""The style codes that translations take, from stand-ins with literal numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.algorithms.common.styles import from_latent, styles_of, target_styles
from tests.algorithms import toy_networks as toy

RNG = jax.random.key(3)
POSITIONS = (4, 7)
PARAMS = toy.params()
NET = toy.in_numpy(PARAMS)
BATCH = {name: leaf for name, leaf in toy.batch(POSITIONS).items() if leaf.dtype.kind == "f" or "domain" in name or name == "position"}
TARGET = BATCH["target_domain"]
ENCODED, OWN = NET.style_encoder(BATCH["reference"], TARGET), NET.style_encoder(BATCH["image"], BATCH["domain"])


def latents(stream=0):
    keys = [jax.random.fold_in(jax.random.fold_in(RNG, stream), position) for position in POSITIONS]
    return np.stack([jax.random.normal(key, (toy.LATENT,)) for key in keys])


MAPPED = NET.mapping_network(latents(), TARGET)


@pytest.fixture(scope="module")
def styles():
    return styles_of(toy.modules())


def codes(styles, **changes):
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), PARAMS)
    batch = toy.arrays(BATCH) | {name: jnp.asarray(value, jnp.float32) for name, value in changes.items()}
    return target_styles(styles, params, batch, RNG)


def close(found, reference, latent):
    assert found.keys() == {"reference", "latent"}
    np.testing.assert_allclose(found["reference"], reference, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["latent"], latent, rtol=1e-4, atol=1e-5)


def test_codes_are_of_the_reference_and_of_a_latent_in_the_target_domain(styles):
    close(codes(styles), ENCODED, MAPPED)


def test_a_given_code_stands_in_for_the_reference_s(styles):
    given = np.array([[1.0, 2.0], [3.0, 4.0]])
    close(codes(styles, style=given), given, MAPPED)


def test_truncation_leads_a_latent_s_code_to_its_domain_s_mean(styles):
    z = np.asarray(jax.random.normal(jax.random.key(0), (10_000, toy.LATENT)))  # the same draws for every model, so that figures repeat
    mean = np.stack([NET.mapping_network(z, np.full(len(z), domain)).mean(0) for domain in range(toy.DOMAINS)])[TARGET]
    share = np.array([0.25, 0.0])
    close(codes(styles, truncation=share), ENCODED, mean + share[:, None] * (MAPPED - mean))


def test_strength_leads_from_the_content_s_own_code(styles):
    strength = np.array([0.25, 1.0])
    share = strength[:, None]
    close(codes(styles, strength=strength), OWN + share * (ENCODED - OWN), OWN + share * (MAPPED - OWN))


def test_codes_of_regions_follow_the_code_of_the_rest(styles):
    regions = np.arange(12.0).reshape(2, 3, 2)
    close(codes(styles, region_styles=regions), *(np.concatenate([code[:, None], regions], 1) for code in (ENCODED, MAPPED)))


def test_strength_holds_for_regions_too(styles):
    regions, share = np.arange(12.0).reshape(2, 3, 2), np.array([0.25, 0.5])[:, None, None]
    whole = [np.concatenate([code[:, None], regions], 1) for code in (ENCODED, MAPPED)]
    own = OWN[:, None]
    close(codes(styles, region_styles=regions, strength=share[:, 0, 0]), *(own + share * (code - own) for code in whole))


def test_latents_of_another_stream_are_others(styles):
    batch = toy.arrays(BATCH)
    for stream in (0, 3):
        np.testing.assert_allclose(styles.latents(RNG, batch, stream), latents(stream), rtol=1e-5)
    assert np.abs(latents(0) - latents(3)).max() > 0.1


def test_latents_on_the_way_to_another_position_s_go_along_a_quarter_of_a_circle(styles):
    batch = toy.arrays(BATCH) | {"position_to": jnp.array([7, 7]), "mix": jnp.array([0.0, 0.5])}
    start = latents()
    end = np.stack([start[1], start[1]])
    np.testing.assert_allclose(styles.latents(RNG, batch)[0], start[0], rtol=1e-5)
    np.testing.assert_allclose(styles.latents(RNG, batch)[1], (start[1] + end[1]) / np.sqrt(2), rtol=1e-4)
    third = styles.latents(RNG, batch | {"mix": jnp.array([1 / 3, 1.0])})
    np.testing.assert_allclose(third, [np.sqrt(0.75) * start[0] + 0.5 * end[0], end[1]], rtol=1e-4, atol=1e-6)


def test_one_example_of_four_takes_its_style_from_a_latent():
    assert from_latent({"position": jnp.arange(8)}).tolist() == [True, False, False, False] * 2
