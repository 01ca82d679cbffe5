import numpy as np
import pytest

from semgan.errors import UserError
from semgan.pictures.frame import frame_of, lay, restore, short_side


def test_short_side_is_the_models_the_pictures_own_or_asked_for():
    assert [short_side(300, 200, size, 64) for size in ("model", "native", 128)] == [64, 200, 128]
    for size in ("large", 0, -3, 1.5, True):
        with pytest.raises(UserError, match="give 'model', 'native' or the number of pixels"):
            short_side(300, 200, size, 64)


@pytest.mark.parametrize(
    ("size", "short", "stride", "inner", "full"),
    [
        ((100, 100), 64, 4, (64, 64), (64, 64)),
        ((192, 512), 64, 4, (64, 171), (64, 176)),  # steps of an eighth of 64
        ((512, 192), 64, 4, (171, 64), (176, 64)),
        ((192, 512), 192, 16, (192, 512), (192, 512)),
        ((191, 511), 191, 16, (191, 511), (192, 512)),
        ((3000, 4000), 256, 256, (256, 341), (256, 512)),
        ((1, 100), 64, 4, (64, 6400), (64, 6400)),
        ((50, 50), 50, 16, (50, 50), (64, 64)),
    ],
)
def test_frame_keeps_the_shape_and_fills_up_to_multiples(size, short, stride, inner, full):
    frame = frame_of(*size, short, stride)
    assert (frame.inner_height, frame.inner_width) == inner
    assert frame.shape == full
    assert (frame.top, frame.left) == tuple((outer - own) // 2 for outer, own in zip(full, inner, strict=True))


@pytest.mark.parametrize("size", [(37, 64), (64, 37), (5, 5), (1, 1), (64, 171)])
def test_laid_picture_is_mirrored_at_its_edges_and_comes_back_unchanged(size):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    frame = frame_of(*size, min(size), 16)
    laid = lay(picture, frame)
    assert laid.shape == (*frame.shape, 3)
    np.testing.assert_array_equal(restore(laid, frame), picture)
    if frame.left and size[1] > 1:
        np.testing.assert_array_equal(laid[frame.top, frame.left - 1], picture[0, 1])


def test_result_has_the_pictures_size():
    frame = frame_of(30, 70, 64, 4)
    assert restore(np.zeros((*frame.shape, 3), np.uint8), frame).shape == (30, 70, 3)
