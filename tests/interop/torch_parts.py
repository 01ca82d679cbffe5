"""What the small PyTorch modules are made of: equalised and modulated convolutions, resampling and norms, from the papers' formulas."""

import math

import torch
from torch import nn
from torch.nn import functional as F

SIZES, Z, W = (4, 8, 16), 7, 5
ROOT2 = math.sqrt(2)
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0])
FILTER = torch.outer(TAPS, TAPS) / 64


def holder(**parts):
    """A module with these tensors (parameters) and modules as its parts."""
    module = nn.Module()
    for name, part in parts.items():
        setattr(module, name, part if isinstance(part, nn.Module) else nn.Parameter(part))
    return module


def buffered(module, **buffers):
    for name, value in buffers.items():
        module.register_buffer(name, value)
    return module


def normal(*shape):
    return torch.randn(shape)


def lrelu(x, gain=ROOT2):
    return gain * F.leaky_relu(x, 0.2)


def channels(bias):
    return bias.reshape(1, -1, 1, 1)


def resample(x, up=1, down=1, pad=(0, 0), gain=1.0):
    """Zeros between the pixels and around, the filter, and every `down`-th pixel."""
    batch, count, height, width = x.shape
    if up > 1:
        wide = x.new_zeros(batch, count, height * up, width * up)
        wide[:, :, ::up, ::up] = x
        x = wide
    kernel = (gain * FILTER).to(x).expand(count, 1, 4, 4)
    return F.conv2d(F.pad(x, (*pad, *pad)), kernel, groups=count)[:, :, ::down, ::down]


def modulated(x, weight, style, demodulate=True, up=False):
    """Equations 1 to 3 of StyleGAN2, one example at a time; upsampling by a transposed convolution, then the filter."""
    weight = weight / math.sqrt(weight[0].numel())
    images = []
    for image, scales in zip(x, style, strict=True):
        own = weight * scales.reshape(1, -1, 1, 1)
        if demodulate:
            own = own / torch.sqrt(own.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        if up:
            y = F.conv_transpose2d(image[None], own.transpose(0, 1), stride=2)
            images.append(resample(y, pad=(1, 1), gain=4.0))
        else:
            images.append(F.conv2d(image[None], own, padding=weight.shape[-1] // 2))
    return torch.cat(images)


def linear(x, weight, bias, lr=1.0):
    return F.linear(x, weight * (lr / math.sqrt(weight.shape[1])), bias * lr)


def conv(x, weight, padding=0, stride=1, gain=1.0):
    return F.conv2d(x, weight * (gain / math.sqrt(weight[0].numel())), padding=padding, stride=stride)


def unit(x):
    return x / torch.sqrt(x.square().mean(1, keepdim=True) + 1e-8)


def with_deviation(x, group=4):
    """Minibatch standard deviation: members of a group lie a number of groups apart."""
    parts = x.reshape(group, -1, *x.shape[1:])
    deviation = torch.sqrt(parts.var(0, unbiased=False) + 1e-8).mean((1, 2, 3))
    return torch.cat([x, deviation.repeat(group).reshape(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])], 1)
