"""The data's order is a pure function of position and seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semgan.data.order import content_rows, hash_counter, reference_rows


def test_hash_is_splitmix64():
    # The first output of SplitMix64 seeded with 0, as its authors' C program prints it.
    assert hash_counter(np.zeros(1, np.int64))[0] == 0xE220A8397B1DCDAF


def test_order_never_changes():
    # A run that is resumed by a later version must see the same examples.
    assert content_rows(np.arange(20), 10, 7).tolist() == [1, 7, 6, 0, 4, 2, 8, 9, 3, 5, 7, 5, 3, 6, 0, 8, 9, 2, 4, 1]
    target, reference, reference2 = reference_rows(np.arange(6), np.arange(10, dtype=np.int32) % 2, 2, 7)
    assert target.tolist() == [1, 0, 0, 0, 1, 1]
    assert (reference.tolist(), reference2.tolist()) == ([1, 0, 6, 2, 7, 9], [3, 8, 0, 0, 5, 7])


@given(st.integers(1, 300), st.integers(0, 2**31), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_every_epoch_visits_every_row_once(count, seed, epoch):
    positions = np.arange(epoch * count, (epoch + 1) * count)
    assert sorted(content_rows(positions, count, seed)) == list(range(count))


def test_epochs_and_seeds_have_orders_of_their_own():
    first = content_rows(np.arange(100), 100, 0)
    assert (first != content_rows(np.arange(100, 200), 100, 0)).any()
    assert (first != content_rows(np.arange(100), 100, 1)).any()
    assert (first != np.arange(100)).any()


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_a_position_decides_alone(positions):
    positions = np.array(positions)
    domain = np.array([0, 0, 1, 1, 1, 2], np.int32)
    together = np.stack([content_rows(positions, 50, 3), *reference_rows(positions, domain, 3, 3)])
    alone = [np.stack([content_rows(p, 50, 3), *reference_rows(p, domain, 3, 3)]) for p in np.split(positions, len(positions))]
    np.testing.assert_array_equal(together, np.concatenate(alone, axis=1))


def test_references_are_of_the_target_domain_and_differ():
    domain = np.array([0] * 97 + [1, 1] + [2], np.int32)
    target, reference, reference2 = reference_rows(np.arange(3000), domain, 3, 0)
    np.testing.assert_array_equal(domain[reference], target)
    np.testing.assert_array_equal(domain[reference2], target)
    several = target < 2
    assert (reference[several] != reference2[several]).all()
    assert (reference[~several] == 99).all()


def test_target_domain_is_uniform_whatever_the_sizes():
    domain = np.array([0] * 97 + [1, 1] + [2], np.int32)
    target, reference, _ = reference_rows(np.arange(30_000), domain, 3, 0)
    np.testing.assert_allclose(np.bincount(target) / 30_000, 1 / 3, atol=0.01)  # 3.7 standard errors
    np.testing.assert_allclose(np.bincount(reference[target == 0], minlength=97)[:97] / (target == 0).sum(), 1 / 97, atol=0.005)


def test_seeds_that_are_negative_or_large_are_fine():
    for seed in (-1, 2**62):
        assert sorted(content_rows(np.arange(9), 9, seed)) == list(range(9))


@pytest.mark.parametrize("count", [1, 2])
def test_tiny_data_repeats(count):
    assert content_rows(np.arange(4), count, 0).max() < count
