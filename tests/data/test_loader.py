"""Batches are the same for any number of hosts, resume anywhere, and end cleanly."""

import itertools
import threading

import numpy as np
import pytest

from semgan.data.dataset import Dataset
from semgan.data.loader import batches, make_batch
from semgan.errors import UserError


@pytest.fixture
def dataset() -> Dataset:
    images = np.random.default_rng(0).integers(0, 255, (40, 4, 4, 3), np.uint8)
    rows = np.arange(1, 40, dtype=np.int64)  # row 0 belongs to no domain
    return Dataset("made", "train", images, rows, (rows % 3).astype(np.int32), ("a", "b", "c"), {}, {}, "")


def take(iterator, count: int) -> list[dict[str, np.ndarray]]:
    found = list(itertools.islice(iterator, count))
    iterator.close()
    return found


def assert_same(left, right):
    assert left.keys() == right.keys()
    for key in left:
        np.testing.assert_array_equal(left[key], right[key], strict=True)


def test_batch_has_the_promised_arrays(dataset):
    batch = make_batch(dataset, np.arange(5, 11), seed=2)
    kinds = {key: (value.shape, str(value.dtype)) for key, value in batch.items()}
    picture, number = ((6, 4, 4, 3), "uint8"), ((6,), "int32")
    assert kinds == {
        "position": number, "image": picture, "domain": number, "reference": picture, "reference2": picture,
        "target_domain": number,
    }  # fmt: skip
    assert batch["position"].tolist() == list(range(5, 11))


def test_pictures_and_domains_belong_together(dataset):
    batch = make_batch(dataset, np.arange(60), seed=0)
    for pictures, domains in (("image", "domain"), ("reference", "target_domain"), ("reference2", "target_domain")):
        rows = [int(np.flatnonzero((dataset.images == picture).all((1, 2, 3)))[0]) for picture in batch[pictures]]
        assert 0 not in rows
        assert [row % 3 for row in rows] == batch[domains].tolist()


@pytest.mark.parametrize("hosts", [2, 4, 8])
def test_any_number_of_hosts_sees_the_same_global_batches(dataset, hosts):
    whole = take(batches(dataset, batch_size=16, seed=1), 4)
    parts = [take(batches(dataset, batch_size=16, seed=1, host=host, hosts=hosts), 4) for host in range(hosts)]
    for index, batch in enumerate(whole):
        joined = {key: np.concatenate([part[index][key] for part in parts]) for key in batch}
        assert_same(joined, batch)


@pytest.mark.parametrize("prefetch", [0, 3])
def test_resume_equals_uninterrupted_order(dataset, prefetch):
    whole = take(batches(dataset, batch_size=8, seed=1, prefetch=prefetch), 6)
    resumed = take(batches(dataset, batch_size=8, seed=1, position=24, prefetch=prefetch), 3)
    for left, right in zip(whole[3:], resumed, strict=True):
        assert_same(left, right)


def test_closing_ends_the_thread(dataset):
    iterator = batches(dataset, batch_size=8, seed=0)
    next(iterator)
    assert any(thread.name == "semgan-batches" for thread in threading.enumerate())
    iterator.close()
    assert not any(thread.name == "semgan-batches" for thread in threading.enumerate())


def test_an_exception_in_the_thread_reaches_the_consumer(dataset):
    broken = dataset._replace(rows=dataset.rows + 1000)
    with pytest.raises(IndexError):
        next(batches(broken, batch_size=8, seed=0))


def test_indivisible_batch_is_refused(dataset):
    with pytest.raises(UserError, match="batch_size 10 does not divide over 4 hosts"):
        batches(dataset, batch_size=10, seed=0, hosts=4)
