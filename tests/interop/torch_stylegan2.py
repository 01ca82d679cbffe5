"""StyleGAN2 in PyTorch under the names of its two projects, written from the papers' formulas."""

import itertools
import math

from torch import nn

from tests.interop.torch_parts import (
    FILTER,
    SIZES,
    W,
    Z,
    buffered,
    channels,
    conv,
    holder,
    linear,
    lrelu,
    modulated,
    normal,
    resample,
    unit,
    with_deviation,
)


class RosinalityGenerator(nn.Module):
    def __init__(self, widths):
        super().__init__()
        self.style = nn.Sequential(nn.Identity(), *(holder(weight=normal(W, W) * 100, bias=normal(W) * 100) for _ in range(3)))
        self.input = holder(input=normal(1, widths[0], 4, 4))
        self.conv1 = self.styled(widths[0], widths[0])
        self.to_rgb1 = self.rgb(widths[0])
        self.convs, self.to_rgbs, self.noises = nn.ModuleList(), nn.ModuleList(), nn.Module()
        for before, width in itertools.pairwise(widths):
            self.convs += [self.styled(before, width, True), self.styled(width, width)]
            self.to_rgbs.append(self.rgb(width))
            self.to_rgbs[-1].upsample = buffered(nn.Module(), kernel=4 * FILTER)
        for index, size in enumerate((4, 8, 8, 16, 16)):
            self.noises.register_buffer(f"noise_{index}", normal(1, 1, size, size))

    def modulation(self, inputs):
        return holder(weight=normal(inputs, W), bias=1 + normal(inputs))

    def styled(self, inputs, outputs, up=False):
        inner = holder(weight=normal(1, outputs, inputs, 3, 3), modulation=self.modulation(inputs))
        if up:
            inner.blur = buffered(nn.Module(), kernel=4 * FILTER)
        return holder(conv=inner, noise=holder(weight=normal(1)), activate=holder(bias=normal(outputs)))

    def rgb(self, inputs):
        return holder(conv=holder(weight=normal(1, 3, inputs, 1, 1), modulation=self.modulation(inputs)), bias=normal(1, 3, 1, 1))

    def mapped(self, z):
        w = unit(z)
        for layer in self.style[1:]:
            w = lrelu(linear(w, layer.weight, layer.bias, 0.01))
        return w

    def forward(self, ws):
        def apply(conv, x, w, **how):
            style = linear(w, conv.modulation.weight, conv.modulation.bias)
            return modulated(x, conv.weight[0], style, **how)

        def styled(layer, x, w, index):
            x = apply(layer.conv, x, w, up=hasattr(layer.conv, "blur"))
            return lrelu(x + layer.noise.weight * getattr(self.noises, f"noise_{index}") + channels(layer.activate.bias))

        x = styled(self.conv1, self.input.input.repeat(len(ws), 1, 1, 1), ws[:, 0], 0)
        image = apply(self.to_rgb1.conv, x, ws[:, 1], demodulate=False) + self.to_rgb1.bias
        for index, rgb in enumerate(self.to_rgbs):
            for at in (2 * index, 2 * index + 1):
                x = styled(self.convs[at], x, ws[:, at + 1], at + 1)
            image = resample(image, up=2, pad=(2, 1), gain=4.0)
            image = image + apply(rgb.conv, x, ws[:, 2 * index + 3], demodulate=False) + rgb.bias
        return image


class RosinalityDiscriminator(nn.Module):
    def __init__(self, widths):
        super().__init__()

        def layer(inputs, outputs, size, blur=False):
            parts = [holder(weight=normal(outputs, inputs, size, size)), holder(bias=normal(outputs))]
            return nn.Sequential(*([buffered(nn.Module(), kernel=FILTER.clone())] * blur), *parts)

        widths = widths[::-1]
        self.convs = nn.Sequential(layer(3, widths[0], 1))
        for before, width in itertools.pairwise(widths):
            skip = layer(before, width, 1, blur=True)[:2]
            self.convs.append(holder(conv1=layer(before, before, 3), conv2=layer(before, width, 3, blur=True), skip=skip))
        last = widths[-1]
        self.final_conv = layer(last + 1, last, 3)
        first, second = holder(weight=normal(last, 16 * last), bias=normal(last)), holder(weight=normal(1, last), bias=normal(1))
        self.final_linear = nn.Sequential(first, second)

    def forward(self, x):
        first = self.convs[0]
        x = lrelu(conv(x, first[0].weight) + channels(first[1].bias))
        for block in self.convs[1:]:
            skip = conv(resample(x, down=2, pad=(1, 1)), block.skip[1].weight)
            x = lrelu(conv(x, block.conv1[0].weight, padding=1) + channels(block.conv1[1].bias))
            x = conv(resample(x, pad=(2, 2)), block.conv2[1].weight, stride=2)
            x = (lrelu(x + channels(block.conv2[2].bias)) + skip) / math.sqrt(2)
        x = lrelu(conv(with_deviation(x), self.final_conv[0].weight, padding=1) + channels(self.final_conv[1].bias))
        first, last = self.final_linear
        return linear(lrelu(linear(x.flatten(1), first.weight, first.bias)), last.weight, last.bias)[:, 0]


class AdaGenerator(nn.Module):
    """With skip connections, or with residual blocks."""

    def __init__(self, widths, residual):
        super().__init__()
        self.synthesis, self.mapping, self.residual = nn.Module(), buffered(nn.Module(), w_avg=normal(W)), residual
        for index, inputs in enumerate((Z, W)):
            setattr(self.mapping, f"fc{index}", holder(weight=normal(W, inputs) * 100, bias=normal(W) * 100))
        for size, before, width in zip(SIZES, (0, *widths), widths, strict=False):
            block = buffered(nn.Module(), resample_filter=FILTER.clone())
            if before:
                block.conv0 = self.styled(before, width, size)
            else:
                block.const = nn.Parameter(normal(width, 4, 4))
            block.conv1 = self.styled(width, width, size)
            if not residual or size == SIZES[-1]:
                block.torgb = holder(weight=normal(3, width, 1, 1), bias=normal(3), affine=self.affine(width))
            if residual and before:
                block.skip = buffered(holder(weight=normal(width, before, 1, 1)), resample_filter=FILTER.clone())
            setattr(self.synthesis, f"b{size}", block)

    def affine(self, inputs):
        return holder(weight=normal(inputs, W), bias=1 + normal(inputs))

    def styled(self, inputs, outputs, size):
        layer = holder(weight=normal(outputs, inputs, 3, 3), bias=normal(outputs), noise_strength=normal(), affine=self.affine(inputs))
        return buffered(layer, noise_const=normal(size, size), resample_filter=FILTER.clone())

    def mapped(self, z):
        w = unit(z)
        for layer in (self.mapping.fc0, self.mapping.fc1):
            w = lrelu(linear(w, layer.weight, layer.bias, 0.01))
        return w

    def forward(self, ws):
        def apply(layer, x, w, **how):
            return modulated(x, layer.weight, linear(w, layer.affine.weight, layer.affine.bias), **how)

        def styled(layer, x, w, up=False, gain=1.0):
            x = apply(layer, x, w, up=up) + layer.noise_const * layer.noise_strength
            return gain * lrelu(x + channels(layer.bias))

        image, at = None, 0
        for size in SIZES:
            block = getattr(self.synthesis, f"b{size}")
            last_gain = 1.0
            if size == 4:
                x, before = block.const.repeat(len(ws), 1, 1, 1), None
            else:
                before, x, at = x, styled(block.conv0, x, ws[:, at], up=True), at + 1
                last_gain = math.sqrt(0.5) if self.residual else 1.0
            x, at = styled(block.conv1, x, ws[:, at], gain=last_gain), at + 1
            if self.residual and size > 4:
                x = x + resample(conv(before, block.skip.weight, gain=math.sqrt(0.5)), up=2, pad=(2, 1), gain=4.0)
            if image is not None:
                image = resample(image, up=2, pad=(2, 1), gain=4.0)
            if hasattr(block, "torgb"):
                rgb = apply(block.torgb, x, ws[:, at], demodulate=False) + channels(block.torgb.bias)
                image = rgb if image is None else image + rgb
        return image


class AdaDiscriminator(nn.Module):
    """With residual blocks, or with skip connections."""

    def __init__(self, widths, skip):
        super().__init__()
        self.skips = skip
        for size, width, below in zip(SIZES[:0:-1], widths[:0:-1], widths[-2::-1], strict=True):
            block = buffered(nn.Module(), resample_filter=FILTER.clone())
            if skip or size == SIZES[-1]:
                block.fromrgb = self.layer(3, width, 1)
            block.conv0, block.conv1 = self.layer(width, width, 3), self.layer(width, below, 3)
            if not skip:
                block.skip = buffered(holder(weight=normal(below, width, 1, 1)), resample_filter=FILTER.clone())
            setattr(self, f"b{size}", block)
        last = widths[0]
        fc, out = holder(weight=normal(last, 16 * last), bias=normal(last)), holder(weight=normal(1, last), bias=normal(1))
        self.b4 = holder(conv=self.layer(last + 1, last, 3), fc=fc, out=out)
        if skip:
            self.b4.fromrgb = self.layer(3, last, 1)

    def layer(self, inputs, outputs, size):
        return buffered(holder(weight=normal(outputs, inputs, size, size), bias=normal(outputs)), resample_filter=FILTER.clone())

    def forward(self, image):
        def apply(layer, x, gain=1.0, **how):
            return gain * lrelu(conv(x, layer.weight, **how) + channels(layer.bias))

        x = 0
        for size in SIZES[:0:-1]:
            block = getattr(self, f"b{size}")
            if hasattr(block, "fromrgb"):
                x = x + apply(block.fromrgb, image)
            image, gain = resample(image, down=2, pad=(1, 1)), 1.0 if self.skips else math.sqrt(0.5)
            h = resample(apply(block.conv0, x, padding=1), pad=(2, 2))
            h = apply(block.conv1, h, gain, stride=2)
            x = h if self.skips else h + conv(resample(x, down=2, pad=(1, 1)), block.skip.weight, gain=gain)
        x = x + apply(self.b4.fromrgb, image) if self.skips else x
        x = apply(self.b4.conv, with_deviation(x), padding=1)
        x = lrelu(linear(x.flatten(1), self.b4.fc.weight, self.b4.fc.bias))
        return linear(x, self.b4.out.weight, self.b4.out.bias)[:, 0]
