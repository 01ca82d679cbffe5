import warnings

import numpy as np
import pytest

from semgan.evaluation.extractors.statistics import Statistics, StatisticsKey, load_or_compute
from semgan.evaluation.scores.moments import moments_of

KEY = StatisticsKey("data", "test", 0, {"extractor": "judge", "sha256": "ab", "protocol": "judge"})
FEATURES = np.random.RandomState(0).standard_normal((30, 4)).astype(np.float32)


@pytest.fixture
def counted():
    calls = []

    def compute():
        calls.append(1)
        return Statistics(moments_of(FEATURES), FEATURES, FEATURES[:, :2], "pixels")

    return compute, calls


def same(a, b):
    return a.pictures == b.pictures and all(np.array_equal(x, y) for x, y in zip(a.moments, b.moments, strict=True))


def test_second_time_is_read_and_bit_for_bit_the_same(tmp_path, counted):
    compute, calls = counted
    first, again = (load_or_compute(KEY, compute, features=True, folder=tmp_path) for _ in range(2))
    assert len(calls) == 1
    assert same(first, again)
    np.testing.assert_array_equal(again.features, FEATURES)
    np.testing.assert_array_equal(again.logits, FEATURES[:, :2])
    assert again.moments.mean.dtype == np.float64
    assert [path.name for path in tmp_path.iterdir()] == [f"{KEY.name}.safetensors"]


def test_features_are_kept_only_when_asked_for(tmp_path, counted):
    compute, calls = counted
    load_or_compute(KEY, compute, folder=tmp_path)
    assert load_or_compute(KEY, compute, folder=tmp_path).features is None
    assert len(calls) == 1
    assert load_or_compute(KEY, compute, features=True, folder=tmp_path).features is not None
    assert load_or_compute(KEY, compute, features=True, folder=tmp_path).features is not None
    assert len(calls) == 2


@pytest.mark.parametrize(
    "other",
    [
        KEY._replace(data="else"),
        KEY._replace(split="train"),
        KEY._replace(count=5),
        KEY._replace(extractor=KEY.extractor | {"sha256": "cd"}),
    ],
)
def test_each_part_of_a_key_has_its_own_file(other, tmp_path, counted):
    compute, calls = counted
    for key in (KEY, other):
        load_or_compute(key, compute, folder=tmp_path)
    assert len(calls) == len(list(tmp_path.iterdir())) == 2


def damages(intact):
    yield b""
    yield b"\x00" * 8
    yield b"\xff" * 100
    yield intact[: len(intact) // 2]
    yield intact + b"\x00"
    yield from (intact[:place] + bytes([intact[place] ^ 1]) + intact[place + 1 :] for place in range(0, len(intact), 37))


def test_damaged_file_is_computed_anew_with_a_warning_and_mended(tmp_path, counted):
    compute, calls = counted
    whole = load_or_compute(KEY, compute, folder=tmp_path)
    (path,) = tmp_path.iterdir()
    intact = path.read_bytes()
    for number, contents in enumerate(damages(intact), 2):
        path.write_bytes(contents)
        with pytest.warns(UserWarning, match="damaged"):
            assert same(load_or_compute(KEY, compute, folder=tmp_path), whole)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert same(load_or_compute(KEY, compute, folder=tmp_path), whole)
        assert len(calls) == number


def test_foreign_file_under_the_right_name_is_not_trusted(tmp_path, counted):
    compute, calls = counted
    other = KEY._replace(data="else")
    load_or_compute(other, compute, folder=tmp_path)
    (tmp_path / f"{other.name}.safetensors").rename(tmp_path / f"{KEY.name}.safetensors")
    with pytest.warns(UserWarning, match="of other data"):
        load_or_compute(KEY, compute, folder=tmp_path)
    assert len(calls) == 2


def test_folder_that_cannot_be_written_costs_a_warning(tmp_path, counted):
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="cannot be written"):
        load_or_compute(KEY, counted[0], folder=tmp_path / "file")


def test_default_folder_is_the_cache(semgan_cache, counted):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_or_compute(KEY._replace(data="default"), counted[0])
    assert (semgan_cache / "statistics" / f"{KEY._replace(data='default').name}.safetensors").is_file()
