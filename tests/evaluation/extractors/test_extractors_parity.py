"""Extractors against PyTorch modules written from the official layouts and from the papers, with random weights at full size."""

import itertools

import jax
import numpy as np
import pytest

from semgan.evaluation.extractors import inception, lpips, protocols, resize, weight_files
from semgan.torch_files import writer
from tests.evaluation import random_weights

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional

SIZE = 107  # the smallest pictures for which the last maps are larger than one pixel
CONVOLUTIONS = """
Conv2d_1a_3x3 3 32 3 3 /2 | Conv2d_2a_3x3 32 32 3 3 | Conv2d_2b_3x3 32 64 3 3 + | Conv2d_3b_1x1 64 80 1 1 | Conv2d_4a_3x3 80 192 3 3
"""
A = (
    "branch1x1 i 64 1 1|branch5x5_1 i 48 1 1|branch5x5_2 48 64 5 5|branch3x3dbl_1 i 64 1 1|branch3x3dbl_2 64 96 3 3|"
    "branch3x3dbl_3 96 96 3 3|branch_pool i p 1 1"
)
B = "branch3x3 i 384 3 3 /2|branch3x3dbl_1 i 64 1 1|branch3x3dbl_2 64 96 3 3|branch3x3dbl_3 96 96 3 3 /2"
C = (
    "branch1x1 i 192 1 1|branch7x7_1 i n 1 1|branch7x7_2 n n 1 7|branch7x7_3 n 192 7 1|branch7x7dbl_1 i n 1 1|branch7x7dbl_2 n n 7 1|"
    "branch7x7dbl_3 n n 1 7|branch7x7dbl_4 n n 7 1|branch7x7dbl_5 n 192 1 7|branch_pool i 192 1 1"
)
D = (
    "branch3x3_1 i 192 1 1|branch3x3_2 192 320 3 3 /2|branch7x7x3_1 i 192 1 1|branch7x7x3_2 192 192 1 7|branch7x7x3_3 192 192 7 1|"
    "branch7x7x3_4 192 192 3 3 /2"
)
E = (
    "branch1x1 i 320 1 1|branch3x3_1 i 384 1 1|branch3x3_2a 384 384 1 3|branch3x3_2b 384 384 3 1|branch3x3dbl_1 i 448 1 1|"
    "branch3x3dbl_2 448 384 3 3|branch3x3dbl_3a 384 384 1 3|branch3x3dbl_3b 384 384 3 1|branch_pool i 192 1 1"
)


class Unit(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs, features, height, width, stride, padded):
        super().__init__()
        padding = (height // 2, width // 2) if padded else 0
        self.conv = nn.Conv2d(inputs, features, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(features, eps=0.001)

    def forward(self, x):
        return functional.relu(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """One block: its convolutions by name, and how they follow one another, by its kind."""

    def __init__(self, kind, table, pool=None, **numbers):
        super().__init__()
        self.kind, self.pool = kind, pool
        for line in table.split("|"):
            name, inputs, features, height, width, *stride = line.split()
            sizes = [int(numbers.get(value, value)) for value in (inputs, features, height, width)]
            self.add_module(name, Unit(*sizes, 2 if stride else 1, not stride))

    def forward(self, x):
        def chain(*names, x=x):
            for name in names:
                x = getattr(self, name)(x)
            return x

        def numbered(name, last, start=1):
            return chain(*(f"{name}_{at}" for at in range(start, last + 1)))

        def fork(x, name):
            return [chain(f"{name}{side}", x=x) for side in "ab"]

        if self.kind == "A":
            parts = [chain("branch1x1"), numbered("branch5x5", 2), numbered("branch3x3dbl", 3)]
        elif self.kind == "B":
            parts = [chain("branch3x3"), numbered("branch3x3dbl", 3)]
        elif self.kind == "C":
            parts = [chain("branch1x1"), numbered("branch7x7", 3), numbered("branch7x7dbl", 5)]
        elif self.kind == "D":
            parts = [numbered("branch3x3", 2), numbered("branch7x7x3", 4)]
        else:
            parts = [
                chain("branch1x1"),
                *fork(numbered("branch3x3", 1), "branch3x3_2"),
                *fork(numbered("branch3x3dbl", 2), "branch3x3dbl_3"),
            ]
        if self.kind in "BD":
            return torch.cat([*parts, functional.max_pool2d(x, 3, 2)], 1)
        return torch.cat([*parts, self.branch_pool(self.pool(x))], 1)


class Inception(nn.Module):
    """Both kinds: `classes` is 1008 for FID's, whose pools leave padding out and whose last one is a maximum, or 1000."""

    def __init__(self, classes):
        super().__init__()
        fid = classes == 1008

        def average(x):
            return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=not fid)

        def last(x):
            return functional.max_pool2d(x, 3, 1, 1) if fid else average(x)

        for line in CONVOLUTIONS.split("|"):
            name, inputs, features, height, width, *more = line.split()
            self.add_module(name, Unit(*map(int, (inputs, features, height, width)), 2 if "/2" in more else 1, "+" in more))
        for name, inputs, pooled in (("Mixed_5b", 192, 32), ("Mixed_5c", 256, 64), ("Mixed_5d", 288, 64)):
            self.add_module(name, Mixed("A", A, average, i=inputs, p=pooled))
        self.Mixed_6a = Mixed("B", B, i=288)
        for name, narrow in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
            self.add_module(name, Mixed("C", C, average, i=768, n=narrow))
        self.Mixed_7a = Mixed("D", D, i=768)
        self.Mixed_7b, self.Mixed_7c = Mixed("E", E, average, i=1280), Mixed("E", E, last, i=2048)
        self.fc = nn.Linear(2048, classes)

    def forward(self, x):
        for name, layer in self.named_children():
            if name == "fc":
                break
            if name in ("Conv2d_3b_1x1", "Mixed_5b"):
                x = functional.max_pool2d(x, 3, 2)
            x = layer(x)
        features = x.mean((2, 3))
        return features, self.fc(features)


def _modules(tensors):
    return {name: torch.tensor(value) for name, value in tensors.items() if not name.startswith("AuxLogits")}


def _loaded(module, tensors, dtype):
    module.load_state_dict(_modules(tensors), strict=True)
    return module.eval().to(dtype)


def _nchw(images):
    return torch.tensor(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def _relative(got, want):
    return np.abs(np.asarray(got) - want.numpy()).max() / np.abs(want.numpy()).max()


@pytest.mark.parametrize("variant", ["fid", "imagenet"])
def test_inception_equals_the_official_network(variant, tmp_path):
    """Float32 to 1e-4 and float64 to 1e-10 of the largest value; from a file that PyTorch could have written."""
    tensors = random_weights.inception_tensors(variant)
    writer.write(tmp_path / "inception.pth", tensors)
    images = np.random.default_rng(0).uniform(-1, 1, (1, SIZE, SIZE, 3))
    module = _loaded(Inception(inception.CLASSES[variant]), tensors, torch.float64)

    def compare(dtype, limit):
        params = weight_files.inception_params(tmp_path / "inception.pth", variant, dtype)[1]
        with torch.no_grad():
            want, logits = module.to(getattr(torch, np.dtype(dtype).name))(_nchw(images.astype(dtype)))
        got = jax.jit(inception.pool3, static_argnums=2)(params, images.astype(dtype), variant)
        assert got.dtype == dtype
        assert _relative(got, want) < limit
        assert _relative(inception.logits(params, got, bias=True), logits) < limit
        assert _relative(inception.logits(params, got, bias=False), logits - module.fc.bias.detach()) < limit

    with jax.enable_x64(True):
        compare(np.float64, 1e-10)
    compare(np.float32, 1e-4)


def _classifier(backbone):
    """Torchvision's `features`."""
    if backbone == "alexnet":
        shapes, pools = [(3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1), (256, 256, 3, 1, 1)], {0: 3, 1: 3}
    else:
        widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
        shapes, pools = [(*pair, 3, 1, 1) for pair in itertools.pairwise(widths)], dict.fromkeys((1, 3, 6, 9), 2)
    layers = []
    for at, shape in enumerate(shapes):
        layers += [nn.Conv2d(*shape), nn.ReLU()]
        layers += [nn.MaxPool2d(pools[at], 2)] if at in pools else []
    return nn.Sequential(*layers)


def _official_lpips(features, heads, taps, a, b):
    buffers = [-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]  # float32 in the module, whatever it is cast to later
    shift, scale = (torch.tensor(value, dtype=torch.float32)[:, None, None].to(a.dtype) for value in buffers)
    x, y, total = (a - shift) / scale, (b - shift) / scale, 0
    for at, layer in enumerate(features):
        x, y = layer(x), layer(y)
        if at in taps:
            one, other = (value / (value.pow(2).sum(1, keepdim=True).sqrt() + 1e-10) for value in (x, y))
            total = total + functional.conv2d((one - other) ** 2, heads[taps.index(at)]).mean((1, 2, 3))
    return total


@pytest.mark.parametrize(("backbone", "taps"), [("alexnet", [1, 4, 7, 9, 11]), ("vgg16", [3, 8, 15, 22, 29])])
def test_lpips_equals_the_official_network(backbone, taps, tmp_path):
    classifier, heads = random_weights.classifier_tensors(backbone), random_weights.head_tensors(backbone)
    writer.write(tmp_path / "classifier.pth", classifier)
    writer.write(tmp_path / "heads.pth", heads)
    params = weight_files.lpips_params(tmp_path / "classifier.pth", tmp_path / "heads.pth")[1]
    module = _classifier(backbone)
    kept = {name.removeprefix("features."): value for name, value in classifier.items() if name.startswith("features.")}
    module.load_state_dict({name: torch.tensor(value) for name, value in kept.items()}, strict=True)
    a, b = np.random.default_rng(0).uniform(-1, 1, (2, 2, 48, 40, 3))

    def compare(dtype, limit):
        kind = getattr(torch, np.dtype(dtype).name)
        head_weights = [torch.tensor(value).to(kind) for value in heads.values()]
        with torch.no_grad():
            want = _official_lpips(module.to(kind), head_weights, taps, *(_nchw(x.astype(dtype)) for x in (a, b)))
        cast = jax.tree.map(lambda x: x.astype(dtype), params)
        got = jax.jit(lpips.distance)(cast, a.astype(dtype), b.astype(dtype))
        assert got.dtype == dtype
        assert _relative(got, want) < limit

    with jax.enable_x64(True):
        compare(np.float64, 1e-10)
    compare(np.float32, 1e-4)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 70), (600, 401)])
def test_half_pixel_equals_interpolate(height, width):
    image = np.random.default_rng(0).uniform(0, 1, (1, height, width, 3)).astype(np.float32)
    want = functional.interpolate(_nchw(image), size=(299, 299), mode="bilinear", align_corners=False)
    got = jax.jit(resize.half_pixel, static_argnums=1)(image, 299)
    np.testing.assert_allclose(got, want.numpy().transpose(0, 2, 3, 1), atol=5e-7)


def test_the_stargan_v2_protocol_feeds_the_network_the_same_bits():
    """Resized twice by Pillow, divided by 255, less the mean, by the deviation: each rounded once, as PyTorch does."""
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 80, 3), np.uint8)
    protocol = protocols.find("stargan-v2")
    sent = protocols.on_host(protocol, image)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    want = (torch.from_numpy(sent).float().div(255) - mean) / deviation
    got = jax.jit(lambda x: protocol.on_device(x, np.dtype(np.float32)))(sent)
    np.testing.assert_array_equal(got, want.numpy())
