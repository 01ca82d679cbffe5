"""DINO, CLIP and CSD against PyTorch modules written from their published layouts, with random weights of small networks."""

import argparse
import collections

import jax
import numpy as np
import pytest
from PIL import Image

from semgan.evaluation.extractors.transformers import load_clip, load_csd, load_dino
from semgan.evaluation.scores.structure import structure_distances
from tests.evaluation import random_weights

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional

ONE = jax.local_devices()[:1]


class DinoBlock(nn.Module):
    """A block whose last keys can be looked at."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def qkv(self, x):
        """(3, batch, head, token, feature)"""
        batch, token, width = x.shape
        return self.attn["qkv"](self.norm1(x)).reshape(batch, token, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)

    def forward(self, x):
        q, k, v = self.qkv(x)
        weights = (q @ k.transpose(-2, -1) * (x.shape[-1] // self.heads) ** -0.5).softmax(-1)
        x = x + self.attn["proj"]((weights @ v).transpose(1, 2).reshape(x.shape))
        return x + self.mlp["fc2"](functional.gelu(self.mlp["fc1"](self.norm2(x))))


class Dino(nn.Module):
    """The vision transformer, with its last layer's keys as Splice concatenates them."""

    def __init__(self, width, depth, patch, grid):
        super().__init__()
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, patch, patch)})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, grid**2 + 1, width))
        self.blocks = nn.ModuleList([DinoBlock(width, width // 64) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def last_keys(self, x):
        x = self.patch_embed["proj"](x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls_token.expand(len(x), -1, -1), x), 1) + self.pos_embed
        for block in self.blocks[:-1]:
            x = block(x)
        keys = self.blocks[-1].qkv(x)[1]
        return keys.transpose(1, 2).reshape(x.shape)


class ClipBlock(nn.Module):
    """PyTorch's own attention, and a perceptron with the quick GELU."""

    def __init__(self, width, heads):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def forward(self, x):
        normal = self.ln_1(x)
        x = x + self.attn(normal, normal, normal, need_weights=False)[0]
        hidden = self.mlp["c_fc"](self.ln_2(x))
        return x + self.mlp["c_proj"](hidden * torch.sigmoid(1.702 * hidden))


class ClipVisual(nn.Module):
    """The half for pictures."""

    def __init__(self, width, depth, patch, grid, features):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros(grid**2 + 1, width))
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = nn.ModuleDict({"resblocks": nn.Sequential(*[ClipBlock(width, width // 64) for _ in range(depth)])})
        self.proj = nn.Parameter(torch.zeros(width, features))

    def forward(self, x):
        x = self.conv1(x).flatten(2).permute(2, 0, 1)
        first = self.class_embedding.expand(1, x.shape[1], -1)
        x = self.ln_pre(torch.cat([first, x]) + self.positional_embedding[:, None])
        return self.ln_post(self.transformer["resblocks"](x)[0]) @ self.proj


def loaded(module, tensors):
    module.load_state_dict({name: torch.tensor(value) for name, value in tensors.items()}, strict=True)
    return module.eval()


def as_modules(tensors):
    return collections.OrderedDict((name, torch.tensor(value)) for name, value in tensors.items())


def pictures(size, count=3):
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 3), np.uint8)


def nchw(images):
    return torch.tensor(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def normalised(shares, mean, deviation):
    return (shares - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]


@pytest.mark.parametrize(("width", "depth", "patch", "size"), [(128, 2, 8, 17), (128, 3, 16, 60), (64, 1, 8, 24)])
def test_structure_distance_equals_splices(width, depth, patch, size, tmp_path):
    """The keys, and the mean squared difference of the cosines of all tokens, written out in PyTorch from the pictures on."""
    tensors = random_weights.dino_tensors(width, depth, patch)
    torch.save(as_modules(tensors), tmp_path / "dino.pth")
    module = loaded(Dino(width, depth, patch, 3), tensors)

    def keys_of(images):
        shares = functional.interpolate(nchw(images).float() / 255, size=(3 * patch, 3 * patch), mode="bilinear", align_corners=False)
        with torch.no_grad():
            return module.last_keys(normalised(shares, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))

    def similarities(keys):
        norms = keys.norm(dim=2, keepdim=True)
        return keys @ keys.transpose(1, 2) / torch.clamp(norms @ norms.transpose(1, 2), min=1e-8)

    a, b = pictures(size), pictures(size)[::-1].copy()
    dino = load_dino(tmp_path / "dino.pth", devices=ONE)
    got = [dino.keys(images) for images in (a, b)]
    want = [keys_of(images) for images in (a, b)]
    np.testing.assert_allclose(got[0], want[0], atol=2e-4, rtol=1e-4)
    distances = [functional.mse_loss(x, y).item() for x, y in zip(*map(similarities, want), strict=True)]
    np.testing.assert_allclose(structure_distances(*got), distances, rtol=1e-3, atol=1e-6)
    assert distances[0] > 1e-3


def clip_input(images, size):
    shares = [np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)) for image in images]
    return normalised(nchw(np.stack(shares)).float() / 255, [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])


@pytest.mark.parametrize(("width", "depth", "patch", "size"), [(128, 2, 8, 17), (192, 1, 14, 60)])
def test_clip_and_csd_equal_the_official_networks(width, depth, patch, size, tmp_path):
    """Clip's from a state dict of openai's, halves as they publish them; CSD's from a checkpoint of its training."""
    tensors = random_weights.clip_tensors(width, depth, patch)
    halves = {name: value.astype(np.float16) for name, value in tensors.items()}
    torch.save(as_modules(halves | {"input_resolution": np.array(3 * patch)}), tmp_path / "clip.pt")
    visual = {name.removeprefix("visual."): value for name, value in tensors.items() if name.startswith("visual.")}
    module = loaded(ClipVisual(width, depth, patch, 3, 48), {name: value.astype(np.float16) for name, value in visual.items()})
    images = pictures(size)
    with torch.no_grad():
        want = module(clip_input(images, 3 * patch)).numpy()
    got = load_clip(tmp_path / "clip.pt", devices=ONE).embeddings(images)
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4 * np.abs(want).max())

    csd = random_weights.csd_tensors(tensors)
    checkpoint = {
        "model_state_dict": as_modules({f"module.{name}": value for name, value in csd.items()}),
        "opt_bb": torch.optim.AdamW([nn.Parameter(torch.zeros(2))]).state_dict(),
        "iter": 3,
        "args": argparse.Namespace(arch="vit_large", lr=0.003),
    }
    torch.save(checkpoint, tmp_path / "csd.pth")
    module = loaded(ClipVisual(width, depth, patch, 3, 48), visual | {"proj": csd["last_layer_style"]})
    with torch.no_grad():
        want = module(clip_input(images, 3 * patch)).numpy()
    got = load_csd(tmp_path / "csd.pth", devices=ONE).embeddings(images)
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4 * np.abs(want).max())
