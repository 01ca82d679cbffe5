import inspect
import itertools

import numpy as np
import pytest

from semgan.evaluation.scores.kernel import influences, kernel_distance, unbiased_mmd


def test_two_points_each_by_hand():
    # one feature: k(x, y) = (x y + 1)^3; k(0, 1) = 1, k(1, 2) = 27, k(0, 1) and k(0, 2) = 1, k(1, 1) = 8
    x, y = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    assert unbiased_mmd(x, y) == pytest.approx(1 + 27 - 2 * (1 + 1 + 8 + 27) / 4)


def test_estimate_is_unbiased_at_two_vectors():
    # over all ways to draw two of five vectors twice, independently and without replacement, it is 0 less what the pairs share
    population = np.random.RandomState(0).standard_normal((5, 3))
    pairs = [population[list(chosen)] for chosen in itertools.combinations(range(5), 2)]
    mean = np.mean([unbiased_mmd(a, b) for a in pairs for b in pairs])
    kernel = (population @ population.T / 3 + 1) ** 3
    different = (kernel.sum() - np.trace(kernel)) / 20
    assert mean == pytest.approx(2 * different - 2 * kernel.mean())


def test_equal_seeds_give_equal_figures_and_subsets_are_capped(feature_sets):
    real, fake = feature_sets["many"]
    first = kernel_distance(real, fake, subsets=3, subset_size=50, seed=1)
    assert first == kernel_distance(real, fake, subsets=3, subset_size=50, seed=1)
    assert first.mean != kernel_distance(real, fake, subsets=3, subset_size=50, seed=2).mean
    assert kernel_distance(real, fake[:30], subsets=2).subset_size == 30


def test_subsets_are_torch_fidelity_s_unless_others_are_asked_for():
    settings = inspect.signature(kernel_distance).parameters
    assert [settings[name].default for name in ("subsets", "subset_size", "seed")] == [100, 1000, 2020]


def test_whole_sets_are_taken_once(feature_sets):
    real, fake = feature_sets["deficient"]
    assert kernel_distance(real, fake) == (unbiased_mmd(real, fake), 0.0, 100)


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_influence_of_a_vector_is_what_leaving_it_out_changes(scale, feature_sets):
    sets = [features * scale for features in feature_sets["equal"]]
    moved = influences(*sets)
    whole = unbiased_mmd(*sets)
    for side in (0, 1):
        assert abs(moved[side].mean()) < 1e-12
        for place in (0, 7):
            rest = list(sets)
            rest[side] = np.delete(sets[side], place, axis=0)
            change = (whole - unbiased_mmd(*rest)) * (len(sets[side]) - 1)
            assert moved[side][place] == pytest.approx(change, abs=0.02 * np.abs(moved[side]).max())


def test_single_vectors_and_other_features_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        kernel_distance(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="features of 3 and of 4"):
        kernel_distance(np.zeros((5, 3)), np.zeros((5, 4)))
