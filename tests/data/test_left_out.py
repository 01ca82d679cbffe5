"""Combinations of content and domain can be left out, and nothing else changes by it."""

import numpy as np
import pytest

from semgan.data.dataset import open_dataset
from semgan.errors import UserError

COUNT = 60


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Opens drawn faces, drawn once."""
    cache = tmp_path_factory.mktemp("cache")

    def open_faces(**options):
        return open_dataset("drawn_faces", split="train", image_size=16, cache=cache, **{"count": COUNT, **options})

    return open_faces


def of(dataset, rows, *names):
    """Those attributes of the rows, bool (n, names)."""
    return dataset.annotations["attributes"][rows][:, [dataset.names["attributes"].index(name) for name in names]] == 1


def test_what_matches_is_gone_and_all_else_stays_in_order(opened):
    whole, rest = opened(), opened(left_out=("ink&Eyeglasses",))
    ink = whole.domain == whole.domains.index("ink")
    gone = ink & of(whole, whole.rows, "Eyeglasses")[:, 0]
    assert 0 < gone.sum() < ink.sum()
    np.testing.assert_array_equal(rest.rows, whole.rows[~gone])
    np.testing.assert_array_equal(rest.domain, whole.domain[~gone])
    assert rest.domains == whole.domains
    np.testing.assert_array_equal(rest.images, whole.images)


def test_any_of_several_expressions_is_enough_and_negation_holds(opened):
    domains = ("shaded", "ink")
    whole, rest = (opened(domains=domains, left_out=left_out) for left_out in ((), ("shaded&~Smiling", "Eyeglasses")))
    smiling, glasses = of(whole, whole.rows, "Smiling", "Eyeglasses").T
    np.testing.assert_array_equal(rest.rows, whole.rows[~((whole.domain == 0) & ~smiling | glasses)])


def test_a_count_takes_the_same_pictures_before_some_are_left_out(opened):
    few, rest = (opened(domains=("shaded", "ink"), count=30, left_out=left_out) for left_out in ((), ("Eyeglasses",)))
    assert set(rest.rows) < set(few.rows)
    assert len(few.rows) <= 30


def test_domains_that_are_not_in_use_can_be_named(opened):
    whole, rest = (opened(domains=("shaded", "ink"), left_out=left_out) for left_out in ((), ("poster",)))
    np.testing.assert_array_equal(rest.rows, whole.rows)
    assert rest.fingerprint == whole.fingerprint


def test_the_fingerprint_tells_what_was_left_out(opened):
    prints = [opened(left_out=left_out).fingerprint for left_out in ((), ("ink&Eyeglasses",), ("ink&Smiling",), ())]
    assert len(set(prints)) == 3
    assert prints[0] == prints[3]


def test_how_many_match_is_said(opened, capsys):
    whole = opened()
    assert capsys.readouterr().err == ""
    rest = opened(left_out=("ink&Eyeglasses", "mosaic&Bald"))
    said = capsys.readouterr().err
    assert f"(train): {len(whole.rows) - len(rest.rows)} of {COUNT} pictures are left out (ink&Eyeglasses: " in said
    assert "mosaic&Bald: " in said


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        (("ink&Eyeglases",), r"^data\.left_out: 'Eyeglases' in 'ink&Eyeglases' is neither .*; did you mean 'Eyeglasses'\?"),
        (("inc",), r"^data\.left_out: 'inc' .* did you mean 'ink'\?"),
        (("ink", "ink"), r"^data\.left_out: one is named twice in ink, ink"),
        (
            ("ink&Eyeglasses", "ink&~Eyeglasses"),
            r"domain 'ink' has no picture; found .*ink: 0.*, without those of data\.left_out: leave out less",
        ),
    ],
)
def test_what_cannot_be_left_out_is_a_sentence(opened, left_out, message):
    with pytest.raises(UserError, match=message):
        opened(left_out=left_out)


def test_pairs_are_left_out_whole_or_refused(opened):
    options = {"domains": ("shaded", "ink"), "paired": True}
    whole, rest = opened(**options), opened(left_out=("Eyeglasses",), **options)
    assert 0 < len(rest.rows) < len(whole.rows)
    np.testing.assert_array_equal(rest.partner[rest.partner], np.arange(len(rest.rows)))
    with pytest.raises(UserError, match=r"has no partner .* so does a data\.left_out that matches one of its pictures alone"):
        opened(left_out=("ink&Eyeglasses",), **options)
