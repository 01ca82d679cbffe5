import numpy as np
import pytest

from semgan.errors import UserError
from semgan.faces.geometry import align_to, anchors_of, celeba_square, celeba_target, similarity, square_of, turn_of
from semgan.faces.warp import warp

FACE = np.array([[40.0, 50], [60, 50], [50, 62], [43, 72], [57, 72]])


def test_similarity_by_hand():
    """Twice as large, a quarter turn clockwise, shifted by (3, 4): (x, y) -> (3 - 2 y, 4 + 2 x)."""
    source = np.array([[0.0, 0], [1, 0], [0, 2]])
    found = similarity(source, np.array([[3.0, 4], [3, 6], [-1, 4]]))
    np.testing.assert_allclose(found.linear, [[0, -2], [2, 0]], atol=1e-12)
    np.testing.assert_allclose(found.shift, [3, 4], atol=1e-12)
    assert (found.scale, found.angle) == (pytest.approx(2), pytest.approx(90))
    np.testing.assert_allclose(found.inverse()(found(source)), source, atol=1e-12)


def test_similarity_never_mirrors_and_is_the_least_squares_one():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(3, 2)), rng.normal(size=(3, 2)) * [-1, 1]
    found = similarity(source, target)
    assert np.linalg.det(found.linear) > 0
    x, y = source.T  # a similarity is linear in (a, b, s, t): x' = a x - b y + s, y' = b x + a y + t
    one, none = np.ones(3), np.zeros(3)
    design = np.concatenate([np.stack([x, -y, one, none], -1), np.stack([y, x, none, one], -1)])
    a, b, s, t = np.linalg.lstsq(design, np.concatenate([target[:, 0], target[:, 1]]), rcond=None)[0]
    np.testing.assert_allclose(found.linear, [[a, -b], [b, a]], atol=1e-9)
    np.testing.assert_allclose(found.shift, [s, t], atol=1e-9)


def test_one_place_has_no_similarity():
    with pytest.raises(UserError, match="one place"):
        similarity(np.ones((3, 2)), FACE[:3])


def test_celeba_geometry():
    """`align_face_celeba.m` counts pixels' centres from 1; the square leaves out 20 rows above."""
    target = celeba_target()
    assert (target.width, target.height) == (178, 218)
    np.testing.assert_allclose(target.anchors, [[70.245, 111.5], [107.737, 111.5], [88.932, 153.014]])
    np.testing.assert_allclose(celeba_square(89).anchors, [[35.1225, 45.75], [53.8685, 45.75], [44.466, 66.507]])


def test_square_of_fractions():
    np.testing.assert_allclose(square_of(FACE / 100, 50).anchors, [[20, 25], [30, 25], [25, 36]])


@pytest.mark.parametrize("degrees", [0, 30, -100, 180])
def test_turned_and_mirrored_faces_come_upright(degrees):
    turn = np.radians(degrees)
    rotation = 1.7 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = FACE @ rotation.T + [200, 100]
    np.testing.assert_allclose(anchors_of(align_to(turned, square_of(FACE / 100, 100))(turned)), anchors_of(FACE), atol=1e-9)
    mirrored = (FACE * [-1, 1] + [100, 0])[[1, 0, 2, 4, 3]]  # a face like any other, whose first eye is again at the left
    np.testing.assert_allclose(align_to(mirrored, square_of(FACE / 100, 100)).linear, np.eye(2), atol=1e-9)


def test_turn_is_the_noses_way_to_the_side():
    assert turn_of(FACE) == pytest.approx(0)
    assert turn_of(FACE + np.array([[0, 0], [0, 0], [5, 0], [0, 0], [0, 0]])) == pytest.approx(0.25)
    assert turn_of(FACE + np.array([[0, 0], [0, 0], [0, 5], [0, 0], [0, 0]])) == pytest.approx(0)


def blobs(height, width, places, radius=2.0):
    """Dark, with a smooth bright spot at each place."""
    y, x = np.mgrid[:height, :width] + 0.5
    spots = sum(np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * radius**2)) for px, py in places)
    return np.rint(np.clip(30 + 200 * spots, 0, 255)).astype(np.uint8)[..., None].repeat(3, -1)


def centre(image, near, reach):
    """The centre of brightness around a place."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    weight = np.where(np.hypot(x - near[0], y - near[1]) < reach, image[..., 0].astype(float) - 30, 0).clip(0)
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


@pytest.mark.parametrize(("scale", "degrees"), [(1.0, 0), (1.0, 25), (0.2, -40), (2.5, 170)])
def test_pixels_go_where_the_landmarks_go(scale, degrees):
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / scale
    places = np.array([[30.3, 40.2], [66.6, 41.1], [50.4, 70.7]])
    source = places @ rotation.T
    source += 40 / scale - source.min(0)
    height, width = np.ceil(source.max(0)[::-1] + 40 / scale).astype(int)
    picture = blobs(height, width, source, 3 / scale)
    aligned = warp(picture, similarity(source, places), 100, 100)
    for place in places:
        np.testing.assert_allclose(centre(aligned, place, 10), place, atol=0.12)


def test_identity_is_the_picture_itself():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    identity = similarity(FACE, FACE)
    np.testing.assert_array_equal(warp(picture, identity, 20, 30), picture)


def test_shrinking_does_not_alias():
    """Stripes of one pixel become grey."""
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    small = warp(stripes, similarity(np.array([[0.0, 0], [256, 0], [0, 256]]), np.array([[0.0, 0], [37, 0], [0, 37]])), 37, 37)
    assert np.abs(small[2:-2, 2:-2].astype(float) - 127.5).max() < 8


def test_beyond_the_border_the_outermost_pixels_go_on():
    picture = np.full((10, 10, 3), 50, np.uint8)
    picture[:, -1] = 200
    beyond = warp(picture, similarity(FACE, FACE - [9, 0]), 10, 30)
    np.testing.assert_array_equal(beyond[:, 3:], 200)
