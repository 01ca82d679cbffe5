"""semgan's networks with slots: where a style's parts act, what they are read from, and pictures of any size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from semgan.networks.semgan_slots import SlotGenerator, SlotStyleEncoder, packed_dim

SIZE = 16
STYLE, SLOTS, TOKEN = 3, 4, 2
PACKED = 11  # 3 + 4 * 2
WIDTHS = {"style_dim": STYLE, "slots": SLOTS, "token_dim": TOKEN, "base_channels": 4, "max_channels": 8}


def _random(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def _pictures(height=SIZE, width=SIZE, seed=0):
    return jnp.asarray(np.random.default_rng(seed).uniform(-1, 1, (2, height, width, 3)), jnp.float32)


def _generator(**options):
    return SlotGenerator(SIZE, half_channels=4, full_channels=4, detail_channels=2, bottleneck_blocks=1, **WIDTHS | options)


def _normal_params(module, *inputs, deviation=0.2):
    """Parameters that are not those of the start, whose biases are 0."""
    shapes = jax.eval_shape(module.init, jax.random.key(0), *inputs)["params"]
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, deviation, leaf.shape), leaf.dtype), shapes)


def _ready(**options):
    """A compiled generator of parameters and inputs, and normal parameters."""
    module = _generator(**options)
    params = _normal_params(module, _pictures(), jnp.zeros((2, PACKED)))
    return jax.jit(lambda params, *inputs: module.apply({"params": params}, *inputs)), params


@pytest.fixture(scope="module", params=[4, 2], ids=["no halving", "one halving"])
def generator(request):
    """By the lowest resolution: that of the grid of patches, and half of it."""
    return _ready(bottleneck_size=request.param)


@pytest.fixture(scope="module")
def one_halving():
    return _ready(bottleneck_size=2)


def _assign_all(params, slot):
    """Parameters by which `slot` takes all places."""
    none = {name: jax.tree.map(jnp.zeros_like, params[name]) for name in ("assign", "assign_half")}
    return params | none | {"assign": none["assign"] | {"bias": 1e4 * jnp.eye(SLOTS)[slot]}}


def _halves():
    """The left half of the picture, the right one, and a region that is nowhere."""
    weights = np.zeros((2, SIZE, SIZE, 3), np.float32)
    weights[:, :, : SIZE // 2, 0] = weights[:, :, SIZE // 2 :, 1] = 1
    return jnp.asarray(weights)


def _tokens(codes):
    return np.asarray(codes)[..., STYLE:].reshape(*codes.shape[:-1], SLOTS, TOKEN)


def test_a_code_is_as_long_as_its_parts():
    assert packed_dim(STYLE, SLOTS, TOKEN) == PACKED
    assert packed_dim(64, 8, 8) == 128


@pytest.mark.parametrize(("bottleneck", "stride", "sides"), [(4, 4, [4]), (2, 8, [4, 2]), (1, 16, [4, 2, 1])])
def test_the_stride_is_that_of_the_content_code(bottleneck, stride, sides):
    """Features go from the grid of patches, a quarter of the picture's side, down to the bottleneck."""
    module = _generator(bottleneck_size=bottleneck)
    assert module.stride == stride
    _, params = _ready(bottleneck_size=bottleneck)
    features = jax.eval_shape(lambda x: module.apply({"params": params}, x, method="features"), _pictures())
    assert sorted({each.shape[1] for each in features}, reverse=True) == sides
    assert features[-1].shape[1] == SIZE // stride


def test_the_slots_share_out_every_pixel():
    module = _generator(bottleneck_size=2)
    params = _normal_params(module, _pictures(), jnp.zeros((2, PACKED)), deviation=1)
    translate = jax.jit(lambda *inputs: module.apply({"params": params}, *inputs, method="translate"))
    weights = np.asarray(translate(_pictures(32, 48), _random(2, 2, PACKED))[1])
    assert weights.shape == (2, 32, 48, SLOTS)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert np.ptp(weights, axis=(1, 2)).max() > 0.2  # by what a place shows
    assert np.abs(np.diff(weights, axis=2)).max() <= 0.51 * np.ptp(weights, axis=(1, 2)).max()  # half a step at a time: interpolated


@pytest.mark.parametrize("slot", [0, 2])
def test_a_token_acts_only_where_its_slot_has_weight(generator, slot):
    generate, params = generator
    gradient = jax.grad(lambda codes: jnp.sum(generate(_assign_all(params, slot), _pictures(), codes) ** 2))(_random(2, 2, PACKED))
    tokens = _tokens(gradient)
    assert not np.delete(tokens, slot, 1).any()
    assert np.abs(tokens[:, slot]).min() > 0
    assert np.abs(gradient[:, :STYLE]).min() > 0


def test_every_token_acts_where_the_slots_share_places(generator):
    generate, params = generator
    gradient = jax.grad(lambda codes: jnp.sum(generate(params, _pictures(), codes) ** 2))(_random(2, 2, PACKED))
    assert np.abs(gradient).min() > 0


def test_slots_are_alike_to_the_generator(generator):
    """Tokens that change places with their slots' weights leave the picture as it was."""
    generate, params = generator
    order, codes = np.array([2, 0, 3, 1]), _random(2, 2, PACKED)
    permuted = params | jax.tree.map(lambda leaf: leaf[..., order], {name: params[name] for name in ("assign", "assign_half")})
    tokens = jnp.asarray(_tokens(codes)[:, order].reshape(2, -1))
    plain, same = generate(params, _pictures(), codes), generate(permuted, _pictures(), jnp.concatenate([codes[:, :STYLE], tokens], 1))
    np.testing.assert_allclose(same, plain, atol=2e-4 * np.abs(plain).max())
    assert np.abs(generate(permuted, _pictures(), codes) - plain).max() > 1e-2 * np.abs(plain).max()


def test_regions_of_one_style_are_as_if_there_were_none(generator):
    generate, params = generator
    codes = _random(2, 2, PACKED)
    plain = generate(params, _pictures(), codes)
    same = generate(params, _pictures(), jnp.repeat(codes[:, None], 3, 1), _halves())
    np.testing.assert_allclose(same, plain, atol=2e-4 * np.abs(plain).max())


def test_a_region_that_is_the_whole_picture_gives_it_its_style(generator):
    generate, params = generator
    codes, whole = _random(2, 2, 3, PACKED), jnp.zeros((2, SIZE, SIZE, 3)).at[..., 1].set(1)
    plain = generate(params, _pictures(), codes[:, 1])
    np.testing.assert_allclose(generate(params, _pictures(), codes, whole), plain, atol=2e-4 * np.abs(plain).max())


def test_a_style_whose_region_is_nowhere_has_no_effect(generator):
    generate, params = generator
    gradient = jax.grad(lambda codes: jnp.sum(generate(params, _pictures(), codes, _halves()) ** 2))(_random(2, 2, 3, PACKED))
    assert not np.asarray(gradient[:, 2]).any()
    assert np.abs(gradient[:, :2]).min() > 0


def test_a_token_acts_in_its_region_and_slot_alone(one_halving):
    """One slot has all places: of the regions' tokens, only those of that slot do anything."""
    generate, params = one_halving
    assigned = _assign_all(params, 1)
    gradient = jax.grad(lambda codes: jnp.sum(generate(assigned, _pictures(), codes, _halves()) ** 2))(_random(2, 2, 3, PACKED))
    tokens = _tokens(gradient)
    assert not np.delete(tokens, 1, 2).any()
    assert not tokens[:, 2].any()
    assert np.abs(tokens[:, :2, 1]).min() > 0


def test_a_style_acts_on_its_region_first_of_all():
    """Elsewhere it is felt through the receptive field, and everywhere a little through the statistics that instances are normed by."""
    generate, params = _ready(bottleneck_size=4)
    codes, image = _random(2, 2, 3, PACKED), _pictures(64, 64)
    weights = jnp.zeros((2, 64, 64, 3)).at[:, :, :32, 0].set(1).at[:, :, 32:, 1].set(1)
    change = jnp.abs(generate(params, image, codes.at[:, 0].multiply(-1), weights) - generate(params, image, codes, weights))
    columns = np.asarray(change.mean((0, 1, 3)))
    assert columns[:16].mean() > 2 * columns[-16:].mean()


@pytest.mark.parametrize(("height", "width"), [(8, 8), (24, 40)])
def test_pictures_may_be_of_other_sizes_than_those_of_training(one_halving, height, width):
    generate, params = one_halving
    image, codes = _pictures(height, width), _random(2, 2, PACKED)
    output = np.asarray(generate(params, image, codes))
    assert output.shape == (2, height, width, 3)
    assert np.isfinite(output).all()
    assert output.std((1, 2)).min() > 0


def test_the_slots_are_the_content_s_whatever_its_style(one_halving):
    """And the regions': the picture beside them is that of a call."""
    generate, params = one_halving
    module = _generator(bottleneck_size=2)
    translate = jax.jit(lambda *inputs: module.apply({"params": params}, *inputs, method="translate"))
    codes = _random(2, 2, PACKED)
    image, slots = translate(_pictures(), codes)
    np.testing.assert_allclose(image, generate(params, _pictures(), codes), atol=1e-5 * np.abs(image).max())
    for other in (translate(_pictures(), -codes), translate(_pictures(), _random(3, 2, 3, PACKED), _halves())):
        np.testing.assert_allclose(other[1], slots, atol=1e-6)
    assert np.abs(translate(-_pictures(), codes)[1] - slots).max() > 1e-3


def test_parameters_do_not_depend_on_the_pictures_size():
    module, codes = _generator(bottleneck_size=2), jnp.zeros((2, PACKED))
    square, wide = (jax.eval_shape(module.init, jax.random.key(0), image, codes)["params"] for image in (_pictures(), _pictures(24, 40)))
    assert jax.tree.map(lambda leaf: leaf.shape, square) == jax.tree.map(lambda leaf: leaf.shape, wide)


def test_pictures_of_a_batch_have_nothing_to_do_with_each_other(one_halving):
    generate, params = one_halving
    images, codes = _pictures(), _random(2, 2, PACKED)
    plain = generate(params, images, codes)
    other = generate(params, images.at[1].multiply(-1), codes.at[1].multiply(-1))
    np.testing.assert_array_equal(other[0], plain[0])
    assert np.abs(other[1] - plain[1]).max() > 1e-2 * np.abs(plain).max()


def test_a_flat_content_gives_no_lattice():
    """Inside, where the zeros outside are not seen, each pixel is like the next."""
    generate, params = _ready(bottleneck_size=4)
    output = np.asarray(generate(params, jnp.full((2, 96, 96, 3), 0.3), _random(2, 2, PACKED)))
    inside = output[:, 40:-40, 40:-40]
    assert np.ptp(inside, axis=(1, 2)).max() < 1e-3 * np.abs(output).max()
    assert np.ptp(output, axis=(1, 2)).min() > 1e-2 * np.abs(output).max()


def test_full_resolution_is_interpolated_from_the_half(one_halving):
    """Even where the last layers see no neighbours, the two pixels of a pair differ, as do those of two pairs side by side."""
    generate, params = one_halving
    blind = {name: jnp.zeros_like(params[name]["kernel"]).at[1, 1].set(params[name]["kernel"][1, 1]) for name in ("full", "to_rgb")}
    blind = params | {name: params[name] | {"kernel": kernel} for name, kernel in blind.items()}
    output = np.asarray(generate(blind, _pictures(), _random(2, 2, PACKED)))
    for axis in (1, 2):
        steps = np.abs(np.diff(output, axis=axis)).mean((0, 3, 3 - axis))
        assert steps[2:-2:2].mean() > 0.2 * steps[1::2].mean()


def test_images_are_float32_whatever_the_type_of_computation():
    module = _generator(bottleneck_size=2, dtype=jnp.bfloat16)
    image, shapes = jax.eval_shape(module.init_with_output, jax.random.key(0), _pictures(), jnp.zeros((2, PACKED)))
    assert image.dtype == jnp.float32
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(shapes))


DOMAINS = 3
ENCODER = SlotStyleEncoder(2 * SIZE, DOMAINS, **WIDTHS)
ASSIGN = ("assign0", "assign1")
"""What says which slots a patch belongs to, from near and from farther away."""


@pytest.fixture(scope="module")
def encoder():
    """A compiled style encoder of parameters, pictures and domains, and normal parameters."""
    params = _normal_params(ENCODER, _references(), jnp.zeros(2, jnp.int32))
    return jax.jit(lambda params, *inputs: ENCODER.apply({"params": params}, *inputs)), params


def _references():
    return _pictures(2 * SIZE, 2 * SIZE, seed=3)


def _domains(*numbers):
    return jnp.asarray(numbers, jnp.int32)


@pytest.mark.parametrize("size", [16, 32])
def test_a_style_code_has_the_packed_length(size):
    module = SlotStyleEncoder(size, DOMAINS, **WIDTHS | {"dtype": jnp.bfloat16})
    code, _ = jax.eval_shape(module.init_with_output, jax.random.key(0), _pictures(size, size), _domains(0, 1))
    assert (code.shape, code.dtype) == ((2, PACKED), jnp.float32)


def test_a_code_depends_on_its_own_domains_heads_alone(encoder):
    encode, params = encoder
    gradient = jax.grad(lambda params: jnp.sum(encode(params, _references(), _domains(2, 0))[0] ** 2))(params)
    for head in ("heads", "tokens"):
        for leaf in jax.tree.leaves(gradient[head]):
            assert not np.asarray(leaf[:2]).any()
            assert np.abs(leaf[2]).min() > 0


def test_the_global_code_and_each_token_have_heads_of_their_own(encoder):
    encode, params = encoder
    of_whole = jax.grad(lambda params: jnp.sum(encode(params, _references(), _domains(1, 1))[:, :STYLE] ** 2))(params)
    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves((of_whole["tokens"], *(of_whole[name] for name in ASSIGN))))
    third = slice(STYLE + 2 * TOKEN, STYLE + 3 * TOKEN)
    of_token = jax.grad(lambda params: jnp.sum(encode(params, _references(), _domains(1, 1))[:, third] ** 2))(params)
    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves((of_token["heads"], of_token["collect"])))
    for leaf in jax.tree.leaves(of_token["tokens"]):
        assert not np.delete(np.asarray(leaf[1]), 2, 0).any()
        assert np.abs(leaf[1, 2]).min() > 0
    assert all(np.abs(of_token[name]["kernel"][..., 2]).max() > 0 for name in ASSIGN)


def test_the_global_code_is_its_domains_head_of_the_features(encoder):
    """So that the features, which no domain is asked for, are what all domains share."""
    encode, params = encoder
    features = np.asarray(ENCODER.apply({"params": params}, _references(), method="features"), np.float64)
    kernel, bias = (np.asarray(params["heads"][name], np.float64) for name in ("kernel", "bias"))
    want = [features[index] @ kernel[domain] + bias[domain] for index, domain in enumerate((2, 0))]
    np.testing.assert_allclose(encode(params, _references(), _domains(2, 0))[:, :STYLE], want, rtol=1e-4, atol=1e-4 * np.abs(want).max())


def _pointwise(params):
    """Parameters by which no place sees its neighbours before the tokens are collected."""

    def centre(path, leaf):
        looks_around = path[0].key in ("from_rgb", "places") and leaf.shape[:2] == (3, 3)
        return jnp.zeros_like(leaf).at[1, 1].set(leaf[1, 1]) if looks_around else leaf

    return jax.tree_util.tree_map_with_path(centre, params)


def _assigned(params, *leaves):
    """Parameters by which patches are assigned by these kernels and biases, by level, the finest first; 0 where there is none."""
    none = [jax.tree.map(jnp.zeros_like, params[name]) for name in ASSIGN]
    return params | dict(zip(ASSIGN, [*leaves, *none[len(leaves) :]], strict=True))


def test_tokens_do_not_know_where_places_are(encoder):
    """Patches of 4 pixels may be anywhere as far as what they look like goes; from farther away it is seen where they are."""
    encode, params = encoder
    patches = np.asarray(_references()).reshape(2, 8, 4, 8, 4, 3).transpose(0, 1, 3, 2, 4, 5).reshape(2, 64, 4, 4, 3)
    patches = patches[:, np.random.default_rng(0).permutation(64)].reshape(2, 8, 8, 4, 4, 3).transpose(0, 1, 3, 2, 4, 5)
    pictures = _references(), jnp.asarray(patches.reshape(2, 32, 32, 3))
    near, far = _pointwise(_assigned(params, params["assign0"])), _pointwise(params)
    (before, after), (same, other) = ([np.asarray(encode(each, image, _domains(2, 0))) for image in pictures] for each in (near, far))
    np.testing.assert_allclose(after[:, STYLE:], before[:, STYLE:], atol=1e-4 * np.abs(before).max())
    assert np.abs(after[:, :STYLE] - before[:, :STYLE]).max() > 1e-3 * np.abs(before).max()
    assert np.abs(other[:, STYLE:] - same[:, STYLE:]).max() > 1e-3 * np.abs(same).max()


def test_slots_share_out_every_patch_of_a_reference(encoder):
    _, params = encoder
    weights = np.asarray(jax.jit(lambda image: ENCODER.apply({"params": params}, image, method="slots_of"))(_references()))
    assert weights.shape == (2, 8, 8, SLOTS)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert np.ptp(weights, axis=(1, 2)).max() > 0.1


def test_the_token_of_a_slot_that_is_nowhere_is_its_head_s_bias(encoder):
    encode, params = encoder
    bias = jnp.zeros(SLOTS).at[1].set(-1e4)
    nowhere = _assigned(params, {"kernel": jnp.zeros_like(params["assign0"]["kernel"]), "bias": bias})
    tokens = _tokens(encode(nowhere, _references(), _domains(2, 0)))
    np.testing.assert_allclose(tokens[:, 1], params["tokens"]["bias"][jnp.array([2, 0]), 1], atol=1e-6)
    assert np.abs(tokens - params["tokens"]["bias"][jnp.array([2, 0])])[:, [0, 2, 3]].max() > 1e-3


def test_a_token_is_of_the_mean_of_its_places(encoder):
    """Two patches, of which one covers a quarter of the picture and the other the rest; all belong to all slots alike, heads are linear."""
    encode, params = encoder
    even = _pointwise(_assigned(params))
    left, right = (jnp.tile(patch[None], (2, 8, 8, 1)) for patch in _references()[:, :4, :4])
    mixed = jnp.concatenate([left[:, :, :8], right[:, :, 8:]], 2)
    first, second, both = (encode(even, image, _domains(1, 1))[:, STYLE:] for image in (left, right, mixed))
    np.testing.assert_allclose(both, 0.25 * first + 0.75 * second, atol=1e-4 * np.abs(both).max())
    assert np.abs(first - second).max() > 1e-2 * np.abs(both).max()
