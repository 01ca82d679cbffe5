"""Known changes of translations and of answers, from none to all that they keep of their contents: snapshots whose order is known."""

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

_SEED = 1


def damaged(images: np.ndarray, contents: np.ndarray, references: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yields names and changed pictures: blurred, noisy, with a grid, moved, shuffled, bent, mirrored, mixed, and of other contents.

    Args:
      images: translations or answers, uint8 (pairs, size, size, 3).
    """
    size = images.shape[1]
    for share in (0.01, 0.023, 0.047, 0.094):
        yield f"blur {share:g}", blur(images, share * size)
    for deviation in (20, 50, 100):
        yield f"noise {deviation}", noise(images, deviation)
    for period in (2, 4, 8):
        yield f"grid {period}", grid(images, 25, period)
    for share in (0.016, 0.032, 0.047, 0.078, 0.125):
        yield f"moved {share:g}", move(images, round(share * size))
    for count in (16, 8, 4, 2):
        yield f"shuffled {count}x{count}", shuffle(images, count)
    for share in (0.016, 0.032, 0.063):
        yield f"bent {share:g}", bend(images, share * size)
    for share in (0.25, 0.5, 0.75):
        yield f"others {share:g}", exchange(images, np.roll(images, 1, 0), share)
        yield f"reference {share:g}", mix(images, references, share)
    yield "content 0.5", mix(images, contents, 0.5)
    yield "mirrored", images[:, :, ::-1].copy()


def blur(images: np.ndarray, deviation: float) -> np.ndarray:
    """Gaussian means, of a deviation in pixels."""
    return to_bytes(ndimage.gaussian_filter(images.astype(np.float32), (0, deviation, deviation, 0), mode="nearest"))


def noise(images: np.ndarray, deviation: float) -> np.ndarray:
    """Adds independent noise to every byte."""
    return to_bytes(images + deviation * np.random.default_rng(_SEED).standard_normal(images.shape))


def grid(images: np.ndarray, strength: float, period: int) -> np.ndarray:
    """Lays a chessboard over every picture, lighter and darker by `strength`."""
    y, x = np.indices(images.shape[1:3])
    sign = np.where((y % period < period / 2) ^ (x % period < period / 2), 1, -1)
    return to_bytes(images + strength * sign[None, :, :, None])


def move(images: np.ndarray, pixels: int) -> np.ndarray:
    """Moves each picture, in one of four directions in turn; borders repeat."""
    ways = ((0, pixels, 0), (pixels, 0, 0), (0, -pixels, 0), (-pixels, 0, 0))
    return np.stack([ndimage.shift(image, ways[i % 4], order=0, mode="nearest") for i, image in enumerate(images)])


def shuffle(images: np.ndarray, count: int) -> np.ndarray:
    """Cuts each picture into `count` x `count` blocks and puts them back in a random order."""
    rng, (pairs, size) = np.random.default_rng(_SEED), images.shape[:2]
    side = size // count
    blocks = images.reshape(pairs, count, side, count, side, 3).swapaxes(2, 3).reshape(pairs, count**2, side, side, 3)
    blocks = np.stack([each[rng.permutation(count**2)] for each in blocks])
    return blocks.reshape(pairs, count, count, side, side, 3).swapaxes(2, 3).reshape(images.shape)


def bend(images: np.ndarray, deviation: float) -> np.ndarray:
    """Moves each place by a smooth random field, of a deviation in pixels."""
    rng, size, bent = np.random.default_rng(_SEED), images.shape[1], np.empty_like(images)
    for i, image in enumerate(images):
        field = ndimage.gaussian_filter(rng.standard_normal((2, size, size)), (0, size / 10, size / 10))
        places = np.indices((size, size)) + field * deviation / field.std()
        channels = [
            ndimage.map_coordinates(channel.astype(np.float32), places, order=1, mode="nearest") for channel in image.transpose(2, 0, 1)
        ]
        bent[i] = to_bytes(np.stack(channels, -1))
    return bent


def exchange(images: np.ndarray, others: np.ndarray, share: float, seed: int = _SEED) -> np.ndarray:
    """Takes the other picture for a share of the pairs."""
    chosen = np.random.default_rng(seed).random(len(images)) < share
    return np.where(chosen[:, None, None, None], others, images)


def mix(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """Mixes the bytes, a share of them the second's."""
    return to_bytes((1 - share) * a.astype(np.float32) + share * b)


def to_bytes(x: np.ndarray) -> np.ndarray:
    """Rounds and clips to uint8."""
    return np.clip(np.round(x), 0, 255).astype(np.uint8)
