"""Domains are what their names say, never overlap, and a misspelt one is put right."""

import numpy as np
import pytest

from semgan.data.domains import assign_domains, check_expressions, matches
from semgan.errors import UserError

NAMES = {"attributes": ("Male", "Blond_Hair", "Smiling")}
ATTRIBUTES = {"attributes": np.int8([[1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1]])}
MEDIA_NAMES = {"domain": ("photo", "sketch", "paint"), "attributes": ("Glasses",)}
MEDIA = {"domain": np.int32([0, 1, 2, 1]), "attributes": np.int8([[1], [0], [1], [1]])}


def assign(*expressions):
    domain, names = assign_domains(expressions, ATTRIBUTES, NAMES, 4)
    assert names == expressions
    assert domain.dtype == np.int32
    return domain.tolist()


def test_an_attribute_and_its_negation_share_out_all_rows():
    assert assign("Male", "~Male") == [0, 1, 1, 0]
    assert assign("~Male", "Male") == [1, 0, 0, 1]


def test_conjunctions_leave_the_rest_without_a_domain():
    assert assign("Blond_Hair&~Male", "~Blond_Hair & Male") == [-1, 0, -1, 1]


def test_without_expressions_the_datas_own_domains_are_used():
    domain, names = assign_domains((), MEDIA, MEDIA_NAMES, 4)
    assert (domain.tolist(), names) == ([0, 1, 2, 1], ("photo", "sketch", "paint"))
    assert assign_domains((), ATTRIBUTES, NAMES, 4)[1] == ("all",)


def test_own_domains_can_be_chosen_reordered_and_mixed_with_attributes():
    domain, _ = assign_domains(("paint", "photo"), MEDIA, MEDIA_NAMES, 4)
    assert domain.tolist() == [1, -1, 0, -1]
    domain, _ = assign_domains(("sketch&Glasses", "~sketch"), MEDIA, MEDIA_NAMES, 4)
    assert domain.tolist() == [1, -1, 1, 0]


def test_an_expression_matches_rows_whatever_domains_are_in_use():
    assert matches("sketch&Glasses", MEDIA, MEDIA_NAMES, 4).tolist() == [False, False, False, True]
    assert matches("~sketch", MEDIA, MEDIA_NAMES, 4).tolist() == [True, False, True, False]


def test_overlap_is_refused_with_both_names_and_the_count():
    with pytest.raises(UserError, match=r"1 pictures are in both 'Male' and 'Blond_Hair' \(the first is row 0\)"):
        assign("Male", "Blond_Hair")


@pytest.mark.parametrize(("wrong", "hint"), [("Mael", "did you mean 'Male'"), ("Qqqq", "known names: Male"), ("", "known names")])
def test_unknown_name_gets_the_nearest_one(wrong, hint):
    with pytest.raises(UserError, match=hint):
        check_expressions(("Male", f"~Male&{wrong}"), NAMES)


def test_an_error_names_the_key_that_the_expressions_come_from():
    with pytest.raises(UserError, match=r"^data\.left_out: 'Mael' in 'Mael' is neither"):
        check_expressions(("Mael",), NAMES, "data.left_out")


def test_same_domain_twice_is_refused():
    with pytest.raises(UserError, match="named twice in Male, Male"):
        check_expressions(("Male", "Male"), NAMES)
