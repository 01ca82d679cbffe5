"""Diversity of outputs, structure distance and path length, with distances that are known."""

import numpy as np
import pytest

from semgan.evaluation.scores.path_length import path_steps, slerp, trim
from semgan.evaluation.scores.perceptual import mean_over_tasks, output_diversity
from semgan.evaluation.scores.structure import structure_distances


def mean_difference(a, b):
    return np.abs(a - b).mean((1, 2, 3))


def squared_difference(a, b):
    return np.sum((a - b) ** 2, -1)


def flat(values):
    """Outputs of one pixel: values (outputs, images)."""
    return np.array(values, float)[..., None, None, None]


def test_diversity_of_three_outputs_by_hand():
    # first content: |0-1|, |0-5|, |1-5|; second: all alike
    np.testing.assert_allclose(output_diversity(flat([[0, 2], [1, 2], [5, 2]]), mean_difference), [10 / 3, 0])


def test_ten_outputs_make_45_pairs_of_one_content():
    calls = []

    def distance(a, b):
        calls.append((a[0, 0, 0, 0], b[0, 0, 0, 0]))
        return np.ones(len(a))

    output_diversity(flat([[style] for style in range(10)]), distance)
    assert len(calls) == len(set(calls)) == 45
    assert all(a < b for a, b in calls)


def test_tasks_count_the_same_however_many_contents_they_have():
    tasks = {"a2b": flat([[0, 0, 0], [1, 1, 4]]), "b2a": flat([[0], [10]])}
    diversities = {task: output_diversity(outputs, mean_difference) for task, outputs in tasks.items()}
    assert mean_over_tasks(diversities) == pytest.approx((2 + 10) / 2)  # a2b: (1 + 1 + 4) / 3
    assert mean_over_tasks({"a2b": np.array([1, 3]), "b2a": np.array([6])}) == 4


def test_one_output_has_no_diversity():
    with pytest.raises(ValueError, match="at least 2"):
        output_diversity(flat([[0]]), mean_difference)


def test_structure_of_two_places_by_hand():
    # cosines of the two places: 1 and 0; the diagonals agree, so half of the entries differ by 1
    a, b = np.array([[[1.0, 0], [2, 0]]]), np.array([[[1.0, 0], [0, 3]]])
    assert structure_distances(a, b) == pytest.approx([0.5])


def test_structure_does_not_see_scale_or_turning_but_sees_moving():
    draw = np.random.RandomState(0)
    maps = draw.standard_normal((2, 9, 5))
    turn = np.linalg.qr(draw.standard_normal((5, 5)))[0]
    np.testing.assert_allclose(structure_distances(maps, 3 * maps @ turn), 0, atol=1e-20)
    assert (structure_distances(maps, maps[:, ::-1]) > 0.01).all()
    assert np.isfinite(structure_distances(maps, np.zeros_like(maps))).all()
    with pytest.raises(ValueError, match="other pictures or places"):
        structure_distances(maps, maps[:, :4])


@pytest.mark.parametrize("path", ["full", "end"])
def test_path_length_of_a_linear_generator_in_w_is_the_squared_speed(path):
    # w = 2 z and G(w) = w, so each step is |w1 - w0|^2 whatever t is
    settings = {"latent_size": 6, "count": 21, "seed": 3, "epsilon": 1e-2, "batch_size": 8, "path": path}
    steps = path_steps(lambda w: w, squared_difference, to_w=lambda z: 2 * z, **settings)
    first, second = np.random.default_rng(3).standard_normal((2, 24, 6))
    np.testing.assert_allclose(steps, 4 * np.sum((first - second) ** 2, 1)[:21], rtol=1e-3)


def test_path_length_on_arcs_in_z_is_the_squared_angle():
    steps = path_steps(lambda z: z, squared_difference, latent_size=4, count=20, seed=0, epsilon=1e-2)
    first, second = np.random.default_rng(0).standard_normal((2, 32, 4))
    angle = np.arccos(np.sum(first * second, 1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1))
    np.testing.assert_allclose(steps, 4 * angle[:20] ** 2, rtol=1e-3)  # the arc has the radius sqrt(4)


def test_arc_starts_and_ends_in_the_latents_directions():
    a, b = np.array([[3.0, 0]]), np.array([[0, 0.1]])
    ends = slerp(a, b, np.array([0.0])), slerp(a, b, np.array([1.0])), slerp(a, b, np.array([0.5]))
    np.testing.assert_allclose(np.concatenate(ends), 2**0.5 * np.array([[1, 0], [0, 1], [0.5**0.5, 0.5**0.5]]), atol=1e-12)


def test_outliers_do_not_count():
    steps = np.concatenate([np.ones(200), [1e9, -1e9]])
    np.testing.assert_array_equal(trim(np.arange(101.0)), np.arange(1.0, 100.0))
    assert trim(steps).mean() == 1


def test_codes_of_many_layers_and_a_constant_generator():
    def to_w(z):
        return np.repeat(z[:, None], 3, axis=1)

    steps = path_steps(
        lambda w: np.zeros((len(w), w.shape[1])), squared_difference, latent_size=4, count=5, seed=0, to_w=to_w, batch_size=2
    )
    assert trim(steps).mean() == 0


def test_steps_at_the_end_begin_at_the_first_latent():
    codes = []

    def generate(code):
        codes.append(code)
        return code

    path_steps(generate, lambda a, b: ((a - b) ** 2).sum(1), latent_size=3, count=4, seed=5, path="end", batch_size=4)
    first, _ = np.random.default_rng(5).standard_normal((2, 4, 3))
    np.testing.assert_allclose(codes[0], np.sqrt(3) * first / np.linalg.norm(first, axis=1, keepdims=True), rtol=1e-5)  # on the sphere
