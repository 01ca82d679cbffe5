"""Each protocol's change of size against its formula, written out in float64."""

import numpy as np
import pytest
from PIL import Image

from semgan.evaluation.extractors import protocols, resize

SIZES = pytest.mark.parametrize(("height", "width"), [(7, 12), (20, 20), (41, 33)])
OUT = 20


def _image(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def _bilinear(image, size, place):
    """One pixel at a time: `place(output, input length)` is where it is looked up."""
    height, width, _ = image.shape
    result = np.zeros((size, size, 3))
    for row, column in np.ndindex(size, size):
        y, x = place(row, height), place(column, width)
        top, left = int(y), int(x)
        for at_y, share_y in ((top, 1 - (y - top)), (min(top + 1, height - 1), y - top)):
            for at_x, share_x in ((left, 1 - (x - left)), (min(left + 1, width - 1), x - left)):
                result[row, column] += share_y * share_x * image[at_y, at_x].astype(np.float64)
    return result


def _antialiased(image, size, kernel, reach):
    """Each output pixel is the mean of the input's, weighted by a kernel as wide as an output pixel where the image shrinks."""

    def weights(length):
        scale = max(length / size, 1)
        centre = (np.arange(size) + 0.5) * length / size
        place = np.arange(length) + 0.5
        away = (place[None] - centre[:, None]) / scale
        found = np.where(np.abs(away) < reach, kernel(np.abs(away)), 0)
        return found / found.sum(1, keepdims=True)

    return np.einsum("yi,xj,ijc->yxc", weights(image.shape[0]), weights(image.shape[1]), image.astype(np.float64))


def _cubic(x, a=-0.5):
    return np.where(x < 1, (a + 2) * x**3 - (a + 3) * x**2 + 1, a * (x**3 - 5 * x**2 + 8 * x - 4))


def _triangle(x):
    return 1 - x


@SIZES
def test_half_pixel_looks_up_between_pixel_centres(height, width):
    image = _image(height, width)
    want = _bilinear(image, OUT, lambda at, length: max((at + 0.5) * length / OUT - 0.5, 0))
    np.testing.assert_allclose(resize.half_pixel(np.float32(image)[None], OUT)[0], want, atol=1e-3)


@SIZES
def test_tensorflow1_looks_up_at_corners(height, width):
    image = _image(height, width)
    want = _bilinear(image, OUT, lambda at, length: at * length / OUT)
    np.testing.assert_allclose(resize.tensorflow1(np.float32(image)[None], OUT)[0], want, atol=1e-3)


@SIZES
def test_clean_is_antialiased_bicubic_clipped_and_not_rounded(height, width):
    image = _image(height, width)
    want = _antialiased(image, OUT, _cubic, 2)
    assert want.max() > 255 or (height, width) != (7, 12)  # so that clipping is seen
    got = resize.clean(image, OUT)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want.clip(0, 255), atol=1e-3)
    if height != OUT:
        assert (np.abs(got - got.round()) > 0.01).mean() > 0.5


def test_twice_rounds_between_its_two_antialiased_steps():
    image = _image(41, 33)
    steps = np.clip(_antialiased(image, 16, _triangle, 1), 0, 255).round().astype(np.uint8)
    want = _antialiased(steps, OUT, _triangle, 1)
    got = resize.twice(image, 16, OUT)
    assert got.dtype == np.uint8
    assert np.abs(got - want).max() < 2  # Pillow's fixed point may round a middle either way, in each step
    assert np.abs(got - want).mean() < 0.4
    straight = Image.fromarray(image).resize((OUT, OUT), Image.Resampling.BILINEAR)
    assert np.abs(got - np.asarray(straight, np.float64)).mean() > 3


@pytest.mark.parametrize("function", [resize.half_pixel, resize.tensorflow1])
def test_an_image_of_the_right_size_is_left_alone(function):
    image = np.float32(_image(OUT, OUT))[None]
    np.testing.assert_array_equal(function(image, OUT), image)


def _prepared(name, images):
    protocol = protocols.find(name)
    return np.asarray(protocol.on_device(protocols.on_host(protocol, images), np.dtype(np.float32)))


def test_every_protocol_has_its_own_range():
    """Black and white: a byte by 255, doubled, less 1; by 128, less 1; in ImageNet's deviations from its mean."""
    images = np.stack([np.full((40, 40, 3), value, np.uint8) for value in (0, 255)])
    for name in protocols.PROTOCOLS:
        prepared = _prepared(name, images)
        assert prepared.shape == (2, 299, 299, 3)
        assert prepared.dtype == np.float32
        want = {
            "legacy": [[-1] * 3, [1] * 3],
            "stargan-v2": [[-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], [0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225]],
        }.get(name, [[-1] * 3, [127 / 128] * 3])
        np.testing.assert_allclose(prepared[:, ::150, ::150], np.broadcast_to(np.float32(want)[:, None, None], (2, 2, 2, 3)), rtol=1e-6)


def test_protocols_prepare_the_same_picture_differently():
    image = _image(64, 64)[None]
    prepared = [_prepared(name, image) for name in ("legacy", "tensorflow1", "clean")]
    for at, one in enumerate(prepared):
        for other in prepared[at + 1 :]:
            assert np.abs(one - other).mean() > 0.02
