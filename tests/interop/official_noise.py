"""Files of networks that draw from noise, by lists of their tensors' names and shapes that stand here on their own."""

import numpy as np

Z, W = 6, 5
FILTER = np.array([[1, 3, 3, 1], [3, 9, 9, 3], [3, 9, 9, 3], [1, 3, 3, 1]], np.float32) / 64


def filled(shapes, seed=0):
    """Random tensors of these shapes; what is given as an array stays as it is."""
    rng = np.random.default_rng(seed)
    return {name: shape if isinstance(shape, np.ndarray) else rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def rosinality_generator():
    """16 px, 6, 6 and 4 channels, two layers of mapping."""
    shapes = {"input.input": (1, 6, 4, 4)}
    for index in (1, 2):
        shapes |= {f"style.{index}.weight": (W, W), f"style.{index}.bias": (W,)}
    layers = [("conv1", 6, 6), ("convs.0", 6, 6), ("convs.1", 6, 6), ("convs.2", 6, 4), ("convs.3", 4, 4)]
    for (name, inputs, outputs), size in zip(layers, (4, 8, 8, 16, 16), strict=True):
        shapes |= {
            f"{name}.conv.weight": (1, outputs, inputs, 3, 3),
            f"{name}.conv.modulation.weight": (inputs, W),
            f"{name}.conv.modulation.bias": (inputs,),
            f"{name}.noise.weight": (1,),
            f"{name}.activate.bias": (outputs,),
            f"noises.noise_{layers.index((name, inputs, outputs))}": (1, 1, size, size),
        }
    for name in ("convs.0", "convs.2"):
        shapes[f"{name}.conv.blur.kernel"] = 4 * FILTER
    for name, inputs in (("to_rgb1", 6), ("to_rgbs.0", 6), ("to_rgbs.1", 4)):
        shapes |= {
            f"{name}.conv.weight": (1, 3, inputs, 1, 1),
            f"{name}.conv.modulation.weight": (inputs, W),
            f"{name}.conv.modulation.bias": (inputs,),
            f"{name}.bias": (1, 3, 1, 1),
        }
    return shapes | {"to_rgbs.0.upsample.kernel": 4 * FILTER, "to_rgbs.1.upsample.kernel": 4 * FILTER}


def rosinality_discriminator():
    """16 px, 3 channels, then 5 and 5."""
    shapes = {"convs.0.0.weight": (3, 3, 1, 1), "convs.0.1.bias": (3,)}
    for index, inputs, outputs in ((1, 3, 5), (2, 5, 5)):
        block = f"convs.{index}"
        shapes |= {
            f"{block}.conv1.0.weight": (inputs, inputs, 3, 3),
            f"{block}.conv1.1.bias": (inputs,),
            f"{block}.conv2.0.kernel": FILTER,
            f"{block}.conv2.1.weight": (outputs, inputs, 3, 3),
            f"{block}.conv2.2.bias": (outputs,),
            f"{block}.skip.0.kernel": FILTER,
            f"{block}.skip.1.weight": (outputs, inputs, 1, 1),
        }
    shapes |= {"final_conv.0.weight": (5, 6, 3, 3), "final_conv.1.bias": (5,)}
    shapes |= {"final_linear.0.weight": (5, 5 * 16), "final_linear.0.bias": (5,)}
    return shapes | {"final_linear.1.weight": (1, 5), "final_linear.1.bias": (1,)}


def ada_generator(residual=False):
    """16 px, 6, 6 and 4 channels, two layers of mapping from another width."""
    shapes = {"synthesis.b4.const": (6, 4, 4), "mapping.w_avg": (W,)}
    shapes |= {"mapping.fc0.weight": (W, Z), "mapping.fc0.bias": (W,), "mapping.fc1.weight": (W, W), "mapping.fc1.bias": (W,)}
    for name, inputs, outputs in (("b4.conv1", 6, 6), ("b8.conv0", 6, 6), ("b8.conv1", 6, 6), ("b16.conv0", 6, 4), ("b16.conv1", 4, 4)):
        size = int(name[1:].split(".")[0])
        shapes |= {
            f"synthesis.{name}.weight": (outputs, inputs, 3, 3),
            f"synthesis.{name}.affine.weight": (inputs, W),
            f"synthesis.{name}.affine.bias": (inputs,),
            f"synthesis.{name}.bias": (outputs,),
            f"synthesis.{name}.noise_strength": (),
            f"synthesis.{name}.noise_const": (size, size),
            f"synthesis.{name}.resample_filter": FILTER,
        }
    for size, width in ((4, 6), (8, 6), (16, 4)):
        shapes[f"synthesis.b{size}.resample_filter"] = FILTER
        if residual and size != 4:
            shapes |= {f"synthesis.b{size}.skip.weight": (width, 6, 1, 1), f"synthesis.b{size}.skip.resample_filter": FILTER}
        if not residual or size == 16:
            shapes |= {
                f"synthesis.b{size}.torgb.weight": (3, width, 1, 1),
                f"synthesis.b{size}.torgb.affine.weight": (width, W),
                f"synthesis.b{size}.torgb.affine.bias": (width,),
                f"synthesis.b{size}.torgb.bias": (3,),
            }
    return shapes


def ada_discriminator(skip=False):
    """16 px, 3 channels, then 5 and 5."""
    shapes = {}
    for size, inputs, outputs in ((16, 3, 5), (8, 5, 5)):
        layers = [("conv0", inputs, inputs, 3), ("conv1", inputs, outputs, 3)]
        layers += [("fromrgb", 3, inputs, 1)] if skip or size == 16 else []
        shapes[f"b{size}.resample_filter"] = FILTER
        for layer, before, after, kernel in layers:
            name = f"b{size}.{layer}"
            shapes |= {f"{name}.weight": (after, before, kernel, kernel), f"{name}.bias": (after,), f"{name}.resample_filter": FILTER}
        if not skip:
            shapes |= {f"b{size}.skip.weight": (outputs, inputs, 1, 1), f"b{size}.skip.resample_filter": FILTER}
    shapes |= {"b4.conv.weight": (5, 6, 3, 3), "b4.conv.bias": (5,), "b4.conv.resample_filter": FILTER}
    if skip:
        shapes |= {"b4.fromrgb.weight": (5, 3, 1, 1), "b4.fromrgb.bias": (5,), "b4.fromrgb.resample_filter": FILTER}
    return shapes | {"b4.fc.weight": (5, 5 * 16), "b4.fc.bias": (5,), "b4.out.weight": (1, 5), "b4.out.bias": (1,)}


def progan_generator():
    """16 px, 6, 6 and 3 channels."""
    shapes = {"layers.0.conv_1.weight": (Z, 6, 4, 4), "layers.0.conv_1.bias": (6,)}
    convolutions = [("0.conv_2", 6, 6), ("1.conv_1", 6, 6), ("1.conv_2", 6, 6), ("2.conv_1", 6, 3), ("2.conv_2", 3, 3)]
    for name, inputs, outputs in convolutions:
        shapes |= {f"layers.{name}.weight": (outputs, inputs, 3, 3), f"layers.{name}.bias": (outputs,)}
    for index, width in enumerate((6, 6, 3)):
        shapes |= {f"rgb_converters.{index}.weight": (3, width, 1, 1), f"rgb_converters.{index}.bias": (3,)}
    return shapes


def progan_discriminator():
    """16 px, 3 channels, then 6 and 6; a dense layer of 6."""
    shapes = {}
    for index, width in enumerate((3, 6, 6)):
        shapes |= {f"from_rgb.{index}.0.weight": (width, 3, 1, 1), f"from_rgb.{index}.0.bias": (width,)}
    convolutions = [("0.conv_1", 3, 3), ("0.conv_2", 3, 6), ("1.conv_1", 6, 6), ("1.conv_2", 6, 6), ("2.conv_1", 7, 6)]
    for name, inputs, outputs in convolutions:
        shapes |= {f"layers.{name}.weight": (outputs, inputs, 3, 3), f"layers.{name}.bias": (outputs,)}
    shapes |= {"layers.2.conv_2.weight": (6, 6, 4, 4), "layers.2.conv_2.bias": (6,)}
    return shapes | {"layers.2.conv_3.weight": (1, 6, 1, 1), "layers.2.conv_3.bias": (1,)}


def r3gan_block(name, width, group):
    return {
        f"{name}.LinearLayer1.Layer.weight": (2 * width, width, 1, 1),
        f"{name}.LinearLayer2.Layer.weight": (2 * width, group, 3, 3),
        f"{name}.LinearLayer3.Layer.weight": (width, 2 * width, 1, 1),
        f"{name}.NonLinearity1.Bias": (2 * width,),
        f"{name}.NonLinearity2.Bias": (2 * width,),
    }


def r3gan_generator():
    """16 px, 4, 4 and 2 channels, two blocks a stage, groups of four."""
    stages = "Model.MainLayers"
    shapes = {f"{stages}.0.Layers.0.Basis": (4, 4, 4), f"{stages}.0.Layers.0.LinearLayer.weight": (4, Z)}
    for stage, width in enumerate((4, 4, 2)):
        for index in (1, 2):
            shapes |= r3gan_block(f"{stages}.{stage}.Layers.{index}", width, 4)
        if stage:
            shapes[f"{stages}.{stage}.Layers.0.Resampler.Kernel"] = FILTER
    shapes[f"{stages}.2.Layers.0.LinearLayer.Layer.weight"] = (2, 4, 1, 1)
    return shapes | {"Model.AggregationLayer.Layer.weight": (3, 2, 1, 1)}


def r3gan_discriminator():
    """16 px, 2, 4 and 4 channels, one block a stage, groups of two."""
    stages = "Model.MainLayers"
    shapes = {"Model.ExtractionLayer.Layer.weight": (2, 3, 1, 1)}
    for stage, width in enumerate((2, 4, 4)):
        shapes |= r3gan_block(f"{stages}.{stage}.Layers.0", width, 2)
        if stage < 2:
            shapes[f"{stages}.{stage}.Layers.1.Resampler.Kernel"] = FILTER
    shapes[f"{stages}.0.Layers.1.LinearLayer.Layer.weight"] = (4, 2, 1, 1)
    return shapes | {f"{stages}.2.Layers.1.Basis.weight": (4, 1, 4, 4), f"{stages}.2.Layers.1.LinearLayer.weight": (1, 4)}


def rosinality_file():
    return {"g_ema": filled(rosinality_generator()), "d": filled(rosinality_discriminator(), 1), "latent_avg": filled({"w": (W,)})["w"]}


def ada_file(residual=False, skip=False):
    return {"G_ema": filled(ada_generator(residual)), "D": filled(ada_discriminator(skip), 1)}


def progan_file():
    conf = {"depth": 4, "num_channels": 3, "latent_size": Z, "use_eql": True}
    generator = {"conf": conf, "state_dict": filled(progan_generator())}
    return {
        "shadow_generator": generator,
        "discriminator": {
            "conf": {**conf, "latent_size": 6, "num_classes": None},
            "state_dict": filled(progan_discriminator(), 1),
        },
    }


def r3gan_file():
    return {"G_ema": filled(r3gan_generator()), "D": filled(r3gan_discriminator(), 1)}
