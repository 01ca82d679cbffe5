"""Names and shapes of the official translation networks' tensors, written down apart from the tables that are tested with them."""

from itertools import pairwise

import numpy as np


def conv(name, outputs, inputs, size, bias=True):
    return {f"{name}.weight": (outputs, inputs, size, size)} | ({f"{name}.bias": (outputs,)} if bias else {})


def up(name, inputs, outputs, size, bias=True):
    return {f"{name}.weight": (inputs, outputs, size, size)} | ({f"{name}.bias": (outputs,)} if bias else {})


def dense(name, outputs, inputs):
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def affine(name, channels):
    return {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}


def batch_norm(name, channels):
    statistics = {f"{name}.running_mean": (channels,), f"{name}.running_var": (channels,), f"{name}.num_batches_tracked": ()}
    return affine(name, channels) | statistics


def stargan_widths(base, most, count):
    return [min(base << level, most) for level in range(count + 1)]


def stargan_generator(size, base, most, style=64, high_pass=False):
    levels = int(np.log2(size)) - 4 + high_pass
    widths = stargan_widths(base, most, levels)
    widest = widths[-1]
    shapes = conv("from_rgb", base, 3, 3)
    for index, (a, b) in enumerate([*pairwise(widths), (widest, widest), (widest, widest)]):
        name = f"encode.{index}"
        shapes |= conv(f"{name}.conv1", a, a, 3) | conv(f"{name}.conv2", b, a, 3) | affine(f"{name}.norm1", a) | affine(f"{name}.norm2", a)
        shapes |= conv(f"{name}.conv1x1", b, a, 1, bias=False) if a != b else {}
    for index, (a, b) in enumerate([(widest, widest), (widest, widest), *zip(widths[:0:-1], widths[-2::-1], strict=True)]):
        name = f"decode.{index}"
        shapes |= conv(f"{name}.conv1", b, a, 3) | conv(f"{name}.conv2", b, b, 3)
        shapes |= dense(f"{name}.norm1.fc", 2 * a, style) | dense(f"{name}.norm2.fc", 2 * b, style)
        shapes |= conv(f"{name}.conv1x1", b, a, 1, bias=False) if a != b else {}
    shapes |= affine("to_rgb.0", base) | conv("to_rgb.2", 3, base, 1)
    return shapes | ({"hpf.filter": (3, 3)} if high_pass else {})


def stargan_mapping_network(domains, latent=16, hidden=512, style=64):
    shapes = dense("shared.0", hidden, latent)
    for index in (2, 4, 6):
        shapes |= dense(f"shared.{index}", hidden, hidden)
    for domain in range(domains):
        for index in (0, 2, 4):
            shapes |= dense(f"unshared.{domain}.{index}", hidden, hidden)
        shapes |= dense(f"unshared.{domain}.6", style, hidden)
    return shapes


def stargan_trunk(name, size, base, most):
    blocks = int(np.log2(size)) - 2
    widths = stargan_widths(base, most, blocks)
    shapes = conv(f"{name}.0", base, 3, 3)
    for index, (a, b) in enumerate(pairwise(widths), 1):
        shapes |= conv(f"{name}.{index}.conv1", a, a, 3) | conv(f"{name}.{index}.conv2", b, a, 3)
        shapes |= conv(f"{name}.{index}.conv1x1", b, a, 1, bias=False) if a != b else {}
    return shapes | conv(f"{name}.{blocks + 2}", widths[-1], widths[-1], 4), widths[-1], blocks


def stargan_style_encoder(size, base, most, domains, style=64):
    shapes, width, _ = stargan_trunk("shared", size, base, most)
    for domain in range(domains):
        shapes |= dense(f"unshared.{domain}", style, width)
    return shapes


def stargan_discriminator(size, base, most, domains):
    shapes, width, blocks = stargan_trunk("main", size, base, most)
    return shapes | conv(f"main.{blocks + 4}", domains, width, 1)


def fan(channels=256):
    def block(name, a, b):
        shapes = batch_norm(f"{name}.bn1", a) | batch_norm(f"{name}.bn2", b // 2) | batch_norm(f"{name}.bn3", b // 4)
        for index, (outputs, inputs) in enumerate(((b // 2, a), (b // 4, b // 2), (b // 4, b // 4)), 1):
            shapes |= conv(f"{name}.conv{index}", outputs, inputs, 3, bias=False)
        if a != b:
            shapes |= batch_norm(f"{name}.downsample.0", a) | conv(f"{name}.downsample.2", b, a, 1, bias=False)
        return shapes

    c = channels
    shapes = conv("conv1.conv", c // 4, 6, 7) | batch_norm("bn1", c // 4)
    shapes |= block("conv2", c // 4, c // 2) | block("conv3", c // 2, c // 2) | block("conv4", c // 2, c)
    shapes |= conv("m0.coordconv.conv", c, c + 3, 1) | block("m0.b2_plus_1", c, c) | block("top_m_0", c, c)
    for depth in (4, 3, 2, 1):
        for side in (1, 2, 3):
            shapes |= block(f"m0.b{side}_{depth}", c, c)
    return shapes | conv("conv_last0", c, c, 1) | batch_norm("bn_end0", c) | conv("l0", 99, c, 1)


def resnet(base, blocks, antialiased=False):
    shapes = conv("model.1", base, 3, 7)
    if antialiased:
        halve, first, filters = (4, 8), 12, {"model.7.filt": (2 * base, 1, 3, 3), "model.11.filt": (4 * base, 1, 3, 3)}
        ups = (first + blocks, first + blocks + 4)
        filters |= {f"model.{ups[0]}.filt": (4 * base, 1, 4, 4), f"model.{ups[1]}.filt": (2 * base, 1, 4, 4)}
        doubles = conv(f"model.{ups[0] + 1}", 2 * base, 4 * base, 3) | conv(f"model.{ups[1] + 1}", base, 2 * base, 3)
        last = ups[1] + 5
    else:
        halve, first, filters = (4, 7), 10, {}
        ups = (first + blocks, first + blocks + 3)
        doubles = up(f"model.{ups[0]}", 4 * base, 2 * base, 3) | up(f"model.{ups[1]}", 2 * base, base, 3)
        last = ups[1] + 4
    shapes |= conv(f"model.{halve[0]}", 2 * base, base, 3) | conv(f"model.{halve[1]}", 4 * base, 2 * base, 3)
    for index in range(first, first + blocks):
        shapes |= conv(f"model.{index}.conv_block.1", 4 * base, 4 * base, 3) | conv(f"model.{index}.conv_block.5", 4 * base, 4 * base, 3)
    return shapes | doubles | conv(f"model.{last}", 3, base, 7) | filters


def patchgan(inputs, base, norm="instance", antialiased=False):
    """Of three layers."""
    bias, widths = norm == "instance", (base, 2 * base, 4 * base, 8 * base)
    places = (0, 3, 7, 11, 14) if antialiased else (0, 2, 5, 8, 11)
    shapes = conv(f"model.{places[0]}", base, inputs, 4)
    for index in (1, 2, 3):
        shapes |= conv(f"model.{places[index]}", widths[index], widths[index - 1], 4, bias=bias)
        shapes |= {} if bias else batch_norm(f"model.{places[index] + 1}", widths[index])
    shapes |= conv(f"model.{places[4]}", 1, widths[3], 4)
    if antialiased:
        shapes |= {f"model.{place}.filt": (width, 1, 3, 3) for place, width in zip((2, 6, 10), widths, strict=False)}
    return shapes


def unet(base, levels, norm="batch"):
    bias = norm == "instance"
    widths = [base * min(2**level, 8) for level in range(levels)]
    shapes, name = conv("model.model.0", base, 3, 4, bias=bias) | up("model.model.3", 2 * base, 3, 4), "model.model.1.model"
    for level in range(1, levels):
        outer, inner = widths[level - 1], widths[level]
        shapes |= conv(f"{name}.1", inner, outer, 4, bias=bias)
        if level < levels - 1:
            shapes |= up(f"{name}.5", 2 * inner, outer, 4, bias=bias)
            shapes |= {} if bias else batch_norm(f"{name}.2", inner) | batch_norm(f"{name}.6", outer)
        else:
            shapes |= up(f"{name}.3", inner, outer, 4, bias=bias) | ({} if bias else batch_norm(f"{name}.4", outer))
        name += ".3.model"
    return shapes


def patch_sampler(base, channels, layers=5):
    shapes = {}
    for index, width in enumerate((3, 2 * base, 4 * base, 4 * base, 4 * base)[:layers]):
        shapes |= dense(f"mlp_{index}.0", channels, width) | dense(f"mlp_{index}.2", channels, channels)
    return shapes


def filters(name, shape):
    """The values of a buffer that is no weight."""
    if name == "hpf.filter":
        return np.float32([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    taps, gain = ([1, 2, 1], 1) if shape[-1] == 3 else ([1, 3, 3, 1], 4)
    return np.broadcast_to(np.outer(taps, taps) * gain / np.sum(np.outer(taps, taps)), shape).astype(np.float32).copy()


def draw(shapes, seed=0):
    """A state dict of random numbers with the right filters; convolutions and dense layers keep the variance about as it is."""
    rng, state = np.random.default_rng(seed), {}
    for name, shape in shapes.items():
        if name.endswith(("filt", "hpf.filter")):
            state[name] = filters(name, shape)
        elif name.endswith("num_batches_tracked"):
            state[name] = np.full((), 7, np.int64)
        elif name.endswith("running_var"):
            state[name] = rng.uniform(0.5, 2, shape).astype(np.float32)
        else:
            scale = np.sqrt(1.5 / np.prod(shape[1:])) if len(shape) > 1 else 0.3
            state[name] = (rng.normal(0, scale, shape) + (len(shape) == 1 and name.endswith("weight"))).astype(np.float32)
    return state
