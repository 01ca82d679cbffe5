"""Config values that several algorithms refuse, each in a sentence."""

import pytest
from ml_collections import ConfigDict

from semgan.algorithms.common import checks
from semgan.errors import UserError


def configured(size=16, domains=("a", "b")):
    return ConfigDict({"algorithm": "cut", "image_size": size, "data": {"domains": domains}})


@pytest.mark.parametrize("size", [8, 16, 1024])
def test_powers_of_two_from_the_least_up_are_taken(size):
    checks.check_image_size(configured(size), 8)


@pytest.mark.parametrize("size", [0, 4, 12, 24, 96, 1023])
def test_other_sizes_are_refused(size):
    with pytest.raises(UserError, match=rf"image_size is {size}, but cut needs a power of two from 8 up"):
        checks.check_image_size(configured(size), 8)


@pytest.mark.parametrize("domains", [(), ("a",)])
def test_translation_needs_two_domains(domains):
    with pytest.raises(UserError, match=rf"names {len(domains)} domain\(s\), but cut translates between domains"):
        checks.check_domains(configured(domains=domains))
    for count in (2, 3):
        checks.check_domains(configured(domains=tuple("abc"[:count])))


@pytest.mark.parametrize("factor", [0, 3])
def test_supersampling_is_by_1_or_2(factor):
    with pytest.raises(UserError, match=f"augment_supersampling is {factor}: set 2, or 1 for none"):
        checks.check_supersampling(ConfigDict({"augment_supersampling": factor}))
    for good in (1, 2):
        checks.check_supersampling(ConfigDict({"augment_supersampling": good}))
