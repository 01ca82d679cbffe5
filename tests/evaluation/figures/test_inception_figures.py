"""FID and related scores with a stand-in for Inception: against which pictures, by domain, and what is kept."""

import numpy as np
import pytest

from semgan.evaluation.figures.inception_figures import compared_split, mean_figures, sample_set_figures, translation_figures
from semgan.evaluation.scores.moments import moments_of
from tests.evaluation.scores.in_one_number import frechet_distance
from tests.evaluation.standins import MeanColours

NAMES = ["fid", "kid", "inception_score", *(f"{name}_inception" for name in ("precision", "recall", "density", "coverage"))]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SEMGAN_CACHE", str(tmp_path))


def test_samples_are_scored_against_the_whole_split(test_squares, squares):
    images, extractor = squares(40, seed=5).images, MeanColours()
    figures, notes = sample_set_figures(extractor, images, test_squares, seeds={"latents": 3})
    assert [figure.name for figure in figures] == NAMES
    assert notes == []
    own, real = (moments_of(MeanColours().features(each)) for each in (images, test_squares.images[test_squares.rows]))
    assert figures[0].value == pytest.approx(frechet_distance(own, real), rel=1e-6)
    for figure in figures:
        assert figure.interval[0] <= figure.value <= figure.interval[1]
        passport = figure.passport
        assert (passport.protocol, passport.real, passport.split) == ("legacy", test_squares.fingerprint, "test")
        assert (passport.real_count, passport.fake_count, passport.seeds["latents"]) == (120, 44, 3)


def test_the_data_are_looked_at_once(test_squares, squares):
    images, extractor = squares(40, seed=5).images, MeanColours()
    first = sample_set_figures(extractor, images, test_squares, seeds={})
    assert extractor.seen == 44 + 120
    assert sample_set_figures(extractor, images, test_squares, seeds={}) == first
    assert extractor.seen == 2 * 44 + 120


def test_the_protocol_says_against_which_split(train_squares, test_squares):
    assert compared_split(MeanColours("stargan-v2"), train_squares, test_squares) is train_squares
    assert {compared_split(MeanColours(name), train_squares, test_squares).split for name in ("legacy", "tensorflow1", "clean")} == {"test"}


def test_translations_are_scored_by_domain_and_their_mean_is_named_plainly(test_squares, squares):
    made = squares(60, seed=5)
    images, target = made.images[made.rows], made.domain
    figures, _ = translation_figures(MeanColours(), images, target, test_squares, seeds={"pairs": 0}, parameters={"styles": "none"})
    by_name = {figure.name: figure for figure in figures}
    assert list(by_name)[:7] == NAMES
    own = [by_name[f"fid/{name}"] for name in test_squares.domains]
    assert by_name["fid"].value == pytest.approx(np.mean([figure.value for figure in own]))
    red, real = images[target == 0], test_squares.images[test_squares.rows[test_squares.domain == 0]]
    expected = frechet_distance(*(moments_of(MeanColours().features(each)) for each in (red, real)))
    assert own[0].value == pytest.approx(expected, rel=1e-6)
    passport = by_name["fid"].passport
    assert (passport.fake_count, passport.real_count) == (60, 120)
    assert passport.parameters["mean_of_domains"] == "red, green, blue"
    assert own[0].passport.parameters["domain"] == "red"
    width = by_name["fid"].interval[1] - by_name["fid"].interval[0]
    assert by_name["fid"].interval[0] <= by_name["fid"].value <= by_name["fid"].interval[1]
    assert width < np.mean([figure.interval[1] - figure.interval[0] for figure in own])


def test_a_domain_with_a_single_translation_is_left_out_of_no_mean_in_silence(test_squares, squares):
    made = squares(60, seed=5)
    chosen = np.concatenate([np.flatnonzero(made.domain == 0), np.flatnonzero(made.domain == 1)[:1]])
    images, target = made.images[made.rows[chosen]], made.domain[chosen]
    figures, notes = translation_figures(MeanColours(), images, target, test_squares, seeds={}, parameters={}, scores=("fd",))
    assert [figure.name for figure in figures] == ["fid/red"]
    assert notes == ["into green: no figures of Inception's features: at least 2 generated and 2 real pictures are needed"]


def test_few_pictures_are_told_of_once(test_squares, squares):
    class Wide(MeanColours):
        def features(self, images):
            return np.repeat(super().features(images), 30, axis=1)

    made = squares(60, seed=5)
    _, notes = translation_figures(Wide(), made.images[made.rows], made.domain, test_squares, seeds={}, parameters={}, scores=("fd",))
    assert notes == ["fewer pictures than the 180 features: the Fréchet distance is far above that of many pictures"]


def test_figures_that_a_domain_lacks_have_no_mean(test_squares, squares):
    figures, _ = sample_set_figures(MeanColours(), squares(40, seed=5).images, test_squares, seeds={})
    assert [figure.name for figure in mean_figures({"a": figures, "b": figures[1:]})] == NAMES[1:]
    assert mean_figures({"a": [], "b": figures}) == []
