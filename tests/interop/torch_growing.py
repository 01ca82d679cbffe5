"""ProGAN and R3GAN in PyTorch under the names of their projects, written from the papers' formulas."""

import itertools
import math

from torch import nn
from torch.nn import functional as F

from tests.interop.torch_parts import FILTER, Z, buffered, channels, conv, holder, lrelu, normal, resample, unit, with_deviation


def layer(inputs, outputs, size):
    return holder(weight=normal(outputs, inputs, size, size), bias=normal(outputs))


def equalised(layer, x, padding=0):
    """pro_gan_pytorch's convolution: sqrt 2 everywhere."""
    return conv(x, layer.weight, padding=padding, gain=math.sqrt(2)) + channels(layer.bias)


class ProGenerator(nn.Module):
    def __init__(self, widths):
        super().__init__()
        first = holder(weight=normal(Z, widths[0], 4, 4), bias=normal(widths[0]))
        self.layers = nn.ModuleList([holder(conv_1=first, conv_2=layer(widths[0], widths[0], 3))])
        for before, width in itertools.pairwise(widths):
            self.layers.append(holder(conv_1=layer(before, width, 3), conv_2=layer(width, width, 3)))
        self.rgb_converters = nn.ModuleList([layer(width, 3, 1) for width in widths])

    def forward(self, z):
        first = self.layers[0]
        x = F.conv_transpose2d(unit(z)[:, :, None, None], first.conv_1.weight * math.sqrt(2 / Z), first.conv_1.bias)
        x = unit(lrelu(equalised(first.conv_2, lrelu(x, 1), 1), 1))
        for block in self.layers[1:]:
            x = F.interpolate(x, scale_factor=2)
            for part in (block.conv_1, block.conv_2):
                x = unit(lrelu(equalised(part, x, 1), 1))
        return equalised(self.rgb_converters[-1], x)


class ProDiscriminator(nn.Module):
    def __init__(self, widths):
        super().__init__()
        widths = widths[::-1]
        blocks = [holder(conv_1=layer(a, a, 3), conv_2=layer(a, b, 3)) for a, b in itertools.pairwise(widths)]
        last = widths[-1]
        blocks.append(holder(conv_1=layer(last + 1, last, 3), conv_2=layer(last, last, 4), conv_3=layer(last, 1, 1)))
        self.layers = nn.ModuleList(blocks)
        self.from_rgb = nn.ModuleList([nn.Sequential(layer(3, width, 1), nn.LeakyReLU(0.2)) for width in widths])

    def forward(self, x):
        x = lrelu(equalised(self.from_rgb[0][0], x), 1)
        for block in self.layers[:-1]:
            for part in (block.conv_1, block.conv_2):
                x = lrelu(equalised(part, x, 1), 1)
            x = F.avg_pool2d(x, 2)
        last = self.layers[-1]
        x = lrelu(equalised(last.conv_1, with_deviation(x), 1), 1)
        return equalised(last.conv_3, lrelu(equalised(last.conv_2, x), 1)).reshape(-1)


class R3Network(nn.Module):
    """Either of R3GAN's networks, whose names lie under `Model`."""

    group = 4

    def __init__(self, widths, generator):
        super().__init__()
        self.generator, stages = generator, []
        order = widths if generator else widths[::-1]
        for index, width in enumerate(order):
            blocks = [self.block(width) for _ in range(2)]
            if generator:
                change = (
                    self.resampler(order[index - 1], width)
                    if index
                    else holder(Basis=normal(width, 4, 4), LinearLayer=self.dense(Z, width))
                )
                stages.append(holder(Layers=nn.ModuleList([change, *blocks])))
            else:
                last = holder(Basis=holder(weight=normal(width, 1, 4, 4)), LinearLayer=self.dense(width, 1))
                change = self.resampler(width, order[index + 1]) if index + 1 < len(order) else last
                stages.append(holder(Layers=nn.ModuleList([*blocks, change])))
        self.Model = holder(MainLayers=nn.ModuleList(stages))
        if generator:
            self.Model.AggregationLayer = self.conv(widths[-1], 3, 1)
        else:
            self.Model.ExtractionLayer = self.conv(3, widths[-1], 1)

    def conv(self, inputs, outputs, size):
        return holder(Layer=holder(weight=normal(outputs, inputs, size, size) / math.sqrt(inputs * size**2)))

    def dense(self, inputs, outputs):
        return holder(weight=normal(outputs, inputs) / math.sqrt(inputs))

    def block(self, width):
        parts = {"LinearLayer1": self.conv(width, 2 * width, 1), "LinearLayer2": self.conv(self.group, 2 * width, 3)}
        biases = {f"NonLinearity{index}": holder(Bias=normal(2 * width)) for index in (1, 2)}
        return holder(**parts, LinearLayer3=self.conv(2 * width, width, 1), **biases)

    def resampler(self, before, after):
        change = holder(LinearLayer=self.conv(before, after, 1)) if before != after else nn.Module()
        change.Resampler = buffered(nn.Module(), Kernel=FILTER.clone())
        return change

    def forward(self, x):
        def residual(block, x):
            h = F.conv2d(x, block.LinearLayer1.Layer.weight)
            h = lrelu(h + channels(block.NonLinearity1.Bias), 1)
            weight = block.LinearLayer2.Layer.weight
            h = F.conv2d(h, weight, padding=1, groups=len(weight) // self.group)
            return x + F.conv2d(lrelu(h + channels(block.NonLinearity2.Bias), 1), block.LinearLayer3.Layer.weight)

        def mixed(change, x):
            return F.conv2d(x, change.LinearLayer.Layer.weight) if hasattr(change, "LinearLayer") else x

        stages = self.Model.MainLayers
        x = x if self.generator else F.conv2d(x, self.Model.ExtractionLayer.Layer.weight)
        for index, stage in enumerate(stages):
            change, *blocks = stage.Layers if self.generator else [stage.Layers[-1], *stage.Layers[:-1]]
            if self.generator:
                scales = None if index else F.linear(x, change.LinearLayer.weight)
                x = resample(mixed(change, x), up=2, pad=(2, 1), gain=4.0) if index else change.Basis * scales[:, :, None, None]
            for block in blocks:
                x = residual(block, x)
            if not self.generator and index + 1 < len(stages):
                x = mixed(change, resample(x, down=2, pad=(1, 1)))
        if self.generator:
            return F.conv2d(x, self.Model.AggregationLayer.Layer.weight)
        x = F.conv2d(x, change.Basis.weight, groups=x.shape[1]).flatten(1)
        return F.linear(x, change.LinearLayer.weight)[:, 0]
