"""A count is one of pictures in the domains, for every dataset; of faces, no more are drawn than it takes."""

import numpy as np
import pytest

from semgan.data.dataset import open_dataset
from semgan.data.drawn_faces import draw
from semgan.data.drawn_faces.counts import pictures_to_draw
from semgan.data.drawn_faces.factors import MEDIA, draw_factors
from semgan.errors import UserError

DOMAINS = ("shaded", "ink")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def opened(cache, domains, count, **options):
    return open_dataset("drawn_faces", split="train", image_size=16, domains=domains, count=count, cache=cache, **options)


def media(count, split="train"):
    return [MEDIA[draw_factors(0, split, index)[1].medium] for index in range(count)]


def test_as_many_pictures_of_the_domains_are_used_as_are_asked_for(cache):
    dataset = opened(cache, DOMAINS, 20)
    assert len(dataset.rows) == 20
    first = [index for index, medium in enumerate(media(200)) if medium in DOMAINS][:20]
    assert dataset.rows.tolist() == first
    np.testing.assert_array_equal(dataset.images[first[-1]], draw(first[-1], 16).image)
    assert len(dataset.images) == first[-1] + 1  # the last one needed is the last one drawn


def test_a_dataset_of_all_domains_is_the_one_that_it_always_was(cache):
    """Its fingerprint is part of checkpoints, judges and passports."""
    dataset = opened(cache, (), 20)
    assert dataset.rows.tolist() == list(range(20)) == list(range(len(dataset.images)))
    assert dataset.fingerprint.startswith("2593c98bb3f7b99b")


@pytest.mark.parametrize(("split", "count"), [("train", 20_000), ("test", 2_000), ("train", 0), ("test", 0), ("train", 30_000)])
def test_the_experiments_between_two_media_draw_what_they_always_drew(split, count):
    assert pictures_to_draw(split, count, DOMAINS) == pictures_to_draw(split, count, DOMAINS, paired=True) == count


def test_what_is_left_out_is_taken_from_those_that_the_count_gives(cache):
    whole, rest = opened(cache, DOMAINS, 20), opened(cache, DOMAINS, 20, left_out=("Eyeglasses",))
    assert set(rest.rows) < set(whole.rows)
    assert len(rest.images) == len(whole.images)


def test_expressions_of_attributes_are_counted_too():
    count = pictures_to_draw("test", 5, ("ink&Eyeglasses", "shaded&~Eyeglasses"))
    factors = [draw_factors(0, "test", index) for index in range(count)]
    inside = [(MEDIA[style.medium], content.glasses > 0) in (("ink", True), ("shaded", False)) for content, style in factors]
    assert sum(inside) == 5
    assert inside[-1]


def test_pairs_are_whole_and_as_many_as_are_asked_for(cache):
    dataset = opened(cache, DOMAINS, 16, paired=True)
    assert len(dataset.rows) == 16
    assert len(dataset.images) == 8 * len(MEDIA)
    assert pictures_to_draw("train", 15, DOMAINS, paired=True) == 8 * len(MEDIA)


def test_a_rare_domain_has_fewer_pictures_rather_than_more_faces(monkeypatch):
    monkeypatch.setattr("semgan.data.drawn_faces.counts.COUNTS", {"train": 300})
    assert pictures_to_draw.__wrapped__("train", 250, ("ink&Bald",)) == 300


def test_an_unknown_domain_is_refused_before_anything_is_drawn(cache):
    with pytest.raises(UserError, match=r"data\.domains: 'inc' in 'inc' is neither a domain nor an attribute here; did you mean 'ink'"):
        opened(cache, ("inc", "shaded"), 20)
