"""The official translation networks as PyTorch modules, written from their papers' formulas, with the official names; needs torch."""

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.interop import official_translation as official


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, normalize, halve):
        super().__init__()
        self.halve, self.normalize = halve, normalize
        self.conv1, self.conv2 = nn.Conv2d(inputs, inputs, 3, padding=1), nn.Conv2d(inputs, outputs, 3, padding=1)
        if normalize:
            self.norm1, self.norm2 = (nn.InstanceNorm2d(inputs, affine=True) for _ in range(2))
        if inputs != outputs:
            self.conv1x1 = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x):
        pool = (lambda y: F.avg_pool2d(y, 2)) if self.halve else (lambda y: y)
        norm1, norm2 = (self.norm1, self.norm2) if self.normalize else (lambda y: y,) * 2
        h = self.conv2(F.leaky_relu(norm2(pool(self.conv1(F.leaky_relu(norm1(x), 0.2)))), 0.2))
        around = self.conv1x1(x) if hasattr(self, "conv1x1") else x
        return (pool(around) + h) / 2**0.5


class AdaIN(nn.Module):
    def __init__(self, style, channels):
        super().__init__()
        self.fc = nn.Linear(style, 2 * channels)

    def forward(self, x, style):
        gamma, beta = self.fc(style)[:, :, None, None].chunk(2, 1)
        return (1 + gamma) * F.instance_norm(x) + beta


class AdaptiveBlock(nn.Module):
    def __init__(self, inputs, outputs, style, double, skip):
        super().__init__()
        self.double, self.skip = double, skip
        self.conv1, self.conv2 = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.norm1, self.norm2 = AdaIN(style, inputs), AdaIN(style, outputs)
        if inputs != outputs:
            self.conv1x1 = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x, style):
        resize = (lambda y: F.interpolate(y, scale_factor=2)) if self.double else (lambda y: y)
        h = self.conv1(resize(F.leaky_relu(self.norm1(x, style), 0.2)))
        h = self.conv2(F.leaky_relu(self.norm2(h, style), 0.2))
        if not self.skip:
            return h
        around = resize(x)
        return (h + (self.conv1x1(around) if hasattr(self, "conv1x1") else around)) / 2**0.5


class StarGANGenerator(nn.Module):
    def __init__(self, size, base, most, style, weight):
        super().__init__()
        levels = int(np.log2(size)) - 4 + (weight > 0)
        widths = official.stargan_widths(base, most, levels)
        self.from_rgb = nn.Conv2d(3, base, 3, padding=1)
        pairs = list(pairwise(widths))
        still = [(widths[-1],) * 2] * 2
        self.encode = nn.ModuleList([ResidualBlock(*pair, True, True) for pair in pairs] + [ResidualBlock(*w, True, False) for w in still])
        ups = [AdaptiveBlock(b, a, style, True, weight == 0) for a, b in reversed(pairs)]
        self.decode = nn.ModuleList([AdaptiveBlock(*w, style, False, weight == 0) for w in still] + ups)
        self.to_rgb = nn.Sequential(nn.InstanceNorm2d(base, affine=True), nn.LeakyReLU(0.2), nn.Conv2d(base, 3, 1))
        if weight > 0:
            self.hpf = nn.Module()
            self.hpf.register_buffer("filter", torch.tensor([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / weight)

    def forward(self, x, style, masks=None):
        x, kept = self.from_rgb(x), {}
        for block in self.encode:
            kept[x.shape[2]] = x
            x = block(x)
        for block in self.decode:
            x = block(x, style)
            size = x.shape[2]
            if masks is not None and size in (32, 64, 128):
                mask = F.interpolate(masks[0 if size == 32 else 1], size=size, mode="bilinear", align_corners=False)
                kernel = self.hpf.filter.repeat(x.shape[1], 1, 1, 1)
                x = x + F.conv2d(mask * kept[size], kernel, padding=1, groups=x.shape[1])
        return self.to_rgb(x)


class StarGANMapping(nn.Module):
    def __init__(self, domains, latent, hidden, style):
        super().__init__()

        def layers(*widths):
            return [part for pair in pairwise(widths) for part in (nn.Linear(*pair), nn.ReLU())]

        self.shared = nn.Sequential(*layers(latent, *[hidden] * 4))
        self.unshared = nn.ModuleList(nn.Sequential(*layers(*[hidden] * 4, style)[:-1]) for _ in range(domains))

    def forward(self, z, domain):
        h = self.shared(z)
        return torch.stack([head(h) for head in self.unshared], 1)[torch.arange(len(z)), domain]


def stargan_trunk(size, base, most):
    blocks = int(np.log2(size)) - 2
    widths = official.stargan_widths(base, most, blocks)
    inner = [ResidualBlock(*pair, False, True) for pair in pairwise(widths)]
    ends = [nn.LeakyReLU(0.2), nn.Conv2d(widths[-1], widths[-1], 4), nn.LeakyReLU(0.2)]
    return [nn.Conv2d(3, base, 3, padding=1), *inner, *ends], widths[-1]


class StarGANEncoder(nn.Module):
    def __init__(self, size, base, most, domains, style):
        super().__init__()
        parts, width = stargan_trunk(size, base, most)
        self.shared = nn.Sequential(*parts)
        self.unshared = nn.ModuleList(nn.Linear(width, style) for _ in range(domains))

    def forward(self, x, domain):
        h = self.shared(x).flatten(1)
        return torch.stack([head(h) for head in self.unshared], 1)[torch.arange(len(x)), domain]


class StarGANDiscriminator(nn.Module):
    def __init__(self, size, base, most, domains):
        super().__init__()
        parts, width = stargan_trunk(size, base, most)
        self.main = nn.Sequential(*parts, nn.Conv2d(width, domains, 1))

    def forward(self, x, domain):
        return self.main(x).flatten(1)[torch.arange(len(x)), domain]


class FanBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(half), nn.BatchNorm2d(quarter)
        self.conv1, self.conv2 = nn.Conv2d(inputs, half, 3, padding=1, bias=False), nn.Conv2d(half, quarter, 3, padding=1, bias=False)
        self.conv3 = nn.Conv2d(quarter, quarter, 3, padding=1, bias=False)
        if inputs != outputs:
            self.downsample = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False))

    def forward(self, x):
        first = self.conv1(self.bn1(x).relu())
        second = self.conv2(self.bn2(first).relu())
        third = self.conv3(self.bn3(second).relu())
        return torch.cat([first, second, third], 1) + (self.downsample(x) if hasattr(self, "downsample") else x)


class Coordinates(nn.Module):
    def __init__(self, *args, **options):
        super().__init__()
        self.conv = nn.Conv2d(*args, **options)

    def forward(self, x):
        axis = torch.linspace(-1, 1, x.shape[2], dtype=x.dtype)
        rows, columns = torch.meshgrid(axis, axis, indexing="ij")
        radius = (rows**2 + columns**2).sqrt() / 2**0.5
        return self.conv(torch.cat([x, torch.stack([rows, columns, radius]).expand(len(x), -1, -1, -1)], 1))


class Fan(nn.Module):
    def __init__(self, channels):
        super().__init__()
        c = channels
        self.conv1, self.bn1 = Coordinates(6, c // 4, 7, stride=2, padding=3), nn.BatchNorm2d(c // 4)
        self.conv2, self.conv3, self.conv4 = FanBlock(c // 4, c // 2), FanBlock(c // 2, c // 2), FanBlock(c // 2, c)
        self.m0 = nn.Module()
        self.m0.coordconv = Coordinates(c + 3, c, 1)
        for name in [f"b{side}_{depth}" for depth in (4, 3, 2, 1) for side in (1, 2, 3)] + ["b2_plus_1"]:
            self.m0.add_module(name, FanBlock(c, c))
        self.top_m_0, self.conv_last0, self.bn_end0 = FanBlock(c, c), nn.Conv2d(c, c, 1), nn.BatchNorm2d(c)
        self.l0 = nn.Conv2d(c, 99, 1)

    def _hourglass(self, depth, x):
        low = getattr(self.m0, f"b2_{depth}")(F.avg_pool2d(x, 2))
        low = self._hourglass(depth - 1, low) if depth > 1 else self.m0.b2_plus_1(low)
        return getattr(self.m0, f"b1_{depth}")(x) + F.interpolate(getattr(self.m0, f"b3_{depth}")(low), scale_factor=2)

    def landmarks(self, image):
        x = F.interpolate(image, size=256, mode="bilinear", align_corners=False) * 0.5 + 0.5
        x = self.conv4(self.conv3(F.avg_pool2d(self.conv2(self.bn1(self.conv1(x)).relu()), 2)))
        x = self.top_m_0(self._hourglass(4, self.m0.coordconv(x)))
        return self.l0(self.bn_end0(self.conv_last0(x)).relu())[:, :-1]

    def forward(self, image):
        return fan_masks(F.interpolate(self.landmarks(image), scale_factor=4, mode="bilinear", align_corners=True))


def moved(x, up):
    return torch.cat([x[:, :, up:], x[:, :, :up]], 2)


def fan_masks(x):
    """Landmark by landmark, as the paper's code orders the steps."""
    x = torch.where(x < 0.1, torch.zeros_like(x), x)
    least, most = x.amin((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
    x = (x - least) / (most - least + 1e-6)
    parts = {"chin": (8, 25, 0, 3), "brows": (33, 51, -7, 2), "nostrils": (55, 60, 8, 4), "upper": (77, 82, -8, 4)}
    for start, end, up, power in (*parts.values(), (83, 88, 8, 4), (88, 96, -2, 3)):
        x[:, start:end] = moved(x[:, start:end], up) ** power
    x[:, [*range(8), *range(25, 33), 33, 46, 76, 82]] = 0
    x[:, 52:55] = moved(x[:, 52:55].clone(), 4)
    eyes = x[:, 60:76].clone()
    x[:, 60:76] = moved(eyes, -8) ** 3 + moved(eyes, -24)
    inner = x.clone()
    for start, end in ((8, 25), (76, 96), (33, 51)):
        inner[:, start:end] = 0
    return x.sum(1, keepdim=True).clamp(0, 1), inner.sum(1, keepdim=True).clamp(0, 1)


class Blur(nn.Module):
    """CUT's resampling: halving after [1, 2, 1] with mirrored edges, doubling by [1, 3, 3, 1] with repeated ones."""

    def __init__(self, channels, double=False):
        super().__init__()
        taps = torch.tensor([1.0, 3, 3, 1] if double else [1.0, 2, 1])
        square = torch.outer(taps, taps) / taps.sum() ** 2 * (4 if double else 1)
        self.double = double
        self.register_buffer("filt", square.repeat(channels, 1, 1, 1))

    def forward(self, x):
        groups = x.shape[1]
        if not self.double:
            return F.conv2d(F.pad(x, (1,) * 4, "reflect"), self.filt, stride=2, groups=groups)
        x = F.conv_transpose2d(F.pad(x, (1,) * 4, "replicate"), self.filt, stride=2, padding=2, groups=groups)
        return x[:, :, 1:-1, 1:-1]


class ResNetBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        parts = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        again = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        self.conv_block = nn.Sequential(*parts, nn.ReLU(), *again)

    def forward(self, x):
        return x + self.conv_block(x)


class ResNet(nn.Module):
    def __init__(self, base, blocks, antialiased):
        super().__init__()
        parts = [nn.ReflectionPad2d(3), nn.Conv2d(3, base, 7), nn.InstanceNorm2d(base), nn.ReLU()]
        for width in (base, 2 * base):
            conv = nn.Conv2d(width, 2 * width, 3, stride=1 if antialiased else 2, padding=1)
            parts += [conv, nn.InstanceNorm2d(2 * width), nn.ReLU(), *([Blur(2 * width)] if antialiased else [])]
        parts += [ResNetBlock(4 * base) for _ in range(blocks)]
        for width in (4 * base, 2 * base):
            if antialiased:
                parts += [Blur(width, double=True), nn.Conv2d(width, width // 2, 3, padding=1)]
            else:
                parts += [nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1)]
            parts += [nn.InstanceNorm2d(width // 2), nn.ReLU()]
        self.model = nn.Sequential(*parts, nn.ReflectionPad2d(3), nn.Conv2d(base, 3, 7), nn.Tanh())

    def forward(self, x):
        return self.model(x)

    def features(self, x, layers):
        found = []
        for number, part in enumerate(self.model):
            x = part(x)
            found += [x] * (number in layers)
        return found


class Threefold(nn.Module):
    """In the place of dropout, to see where it works."""

    def forward(self, x):
        return 3 * x


class UNetLevel(nn.Module):
    def __init__(self, outer, inner, below, norm, dropout=False, outermost=False):
        super().__init__()
        bias = norm is nn.InstanceNorm2d
        down = nn.Conv2d(3 if outermost else outer, inner, 4, stride=2, padding=1, bias=bias)
        up = nn.ConvTranspose2d(
            inner if below is None else 2 * inner, 3 if outermost else outer, 4, stride=2, padding=1, bias=bias or outermost
        )
        before, after = [nn.LeakyReLU(0.2), down, norm(inner)], [nn.ReLU(), up, norm(outer)]
        if outermost:
            before, after = [down], [nn.ReLU(), up, nn.Tanh()]
        elif below is None:
            before = before[:2]
        self.outermost = outermost
        self.model = nn.Sequential(*before, *([] if below is None else [below]), *after, *([Threefold()] if dropout else []))

    def forward(self, x):
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class UNet(nn.Module):
    def __init__(self, base, levels, norm):
        super().__init__()
        inner = UNetLevel(8 * base, 8 * base, None, norm)
        for _ in range(levels - 5):
            inner = UNetLevel(8 * base, 8 * base, inner, norm, dropout=True)
        for outer in (4, 2, 1):
            inner = UNetLevel(outer * base, 2 * outer * base, inner, norm)
        self.model = UNetLevel(base, base, inner, norm, outermost=True)

    def forward(self, x):
        return self.model(x)


class Patches(nn.Module):
    def __init__(self, inputs, base, norm, antialiased):
        super().__init__()

        def part(index, width, outputs):
            stride = 2 if index < 3 and not antialiased else 1
            conv = nn.Conv2d(width, outputs, 4, stride=stride, padding=1, bias=index == 0 or norm is nn.InstanceNorm2d)
            blur = [Blur(outputs)] if index < 3 and antialiased else []
            return [conv, *([norm(outputs)] if index else []), nn.LeakyReLU(0.2), *blur]

        widths = (inputs, base, 2 * base, 4 * base, 8 * base)
        parts = [layer for index in range(4) for layer in part(index, widths[index], widths[index + 1])]
        self.model = nn.Sequential(*parts, nn.Conv2d(8 * base, 1, 4, padding=1))

    def forward(self, x):
        return self.model(x)


class Sampler(nn.Module):
    def __init__(self, widths, channels):
        super().__init__()
        for index, width in enumerate(widths):
            self.add_module(f"mlp_{index}", nn.Sequential(nn.Linear(width, channels), nn.ReLU(), nn.Linear(channels, channels)))

    def forward(self, features, places):
        pixels = [feature.flatten(2).transpose(1, 2)[:, place] for feature, place in zip(features, places, strict=True)]
        return [getattr(self, f"mlp_{index}")(x) for index, x in enumerate(pixels)]
