"""Figures of LPIPS: of random weights where a network is needed, of plain pixels where a distance is."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from semgan.evaluation.figures import perceptual_figures
from semgan.evaluation.figures.perceptual_figures import diversity_figure, other_references, path_length_figure, structure_figure
from semgan.evaluation.judge.judged_pairs import judge_pairs
from semgan.trained_model import TrainedModel
from tests.evaluation.standins import absolute_differences, random_lpips


@pytest.fixture(scope="module")
def perceptual():
    return random_lpips()


def test_diversity_is_the_mean_distance_of_the_45_pairs_of_outputs(judge, test_squares):
    seen = []

    def translate(batch, style):
        seen.append(style)
        levels = (style + 10 * batch["domain"])[:, None, None, None]
        return np.broadcast_to(levels, batch["image"].shape).astype(np.uint8)

    judged = judge_pairs(judge, test_squares, pairs=7, seed=2)
    figure = diversity_figure(absolute_differences(), judged, translate, "latent")
    # of ten levels one apart, the mean distance is eleven thirds
    assert (figure.name, figure.value) == ("lpips_diversity_latent", pytest.approx(11 / 3))
    assert sorted(set(seen)) == list(range(20, 30))
    passport = figure.passport
    assert (passport.real_count, passport.fake_count, passport.parameters["outputs"], passport.extractor) == (7, 70, 10, "pixels")
    assert figure.interval == (pytest.approx(11 / 3), pytest.approx(11 / 3))


def test_diversity_counts_every_task_the_same(judge, test_squares):
    def translate(batch, style):
        return np.broadcast_to((style * batch["domain"])[:, None, None, None], batch["image"].shape).astype(np.uint8)

    judged = judge_pairs(judge, test_squares, pairs=40)
    source, target = (test_squares.domain[places] for places in judged.pairs[:2])
    tasks = sorted(set(zip(source.tolist(), target.tolist(), strict=True)))
    figure = diversity_figure(absolute_differences(), judged, translate, "reference")
    assert figure.value == pytest.approx(np.mean([11 / 3 * own for own, _ in tasks]))
    assert figure.passport.parameters["tasks"] == len(tasks) == 6
    assert figure.interval[0] <= figure.value <= figure.interval[1]


def test_references_are_of_the_target_domain_and_change_with_the_style(test_squares):
    batch = {"position": np.arange(30), "target_domain": np.arange(30) % 3}
    first, again, other = (other_references(test_squares, batch, style) for style in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.mean(np.any(first != other, axis=(1, 2, 3))) > 0.5
    assert first.max((1, 2)).argmax(-1).tolist() == (np.arange(30) % 3).tolist()


def enlarged(judge, data, pairs):
    """Pairs whose pictures have 32 pixels: the least for AlexNet."""
    judged = judge_pairs(judge, data, pairs=pairs)
    return judged._replace(dataset=data._replace(images=data.images.repeat(2, axis=1).repeat(2, axis=2)))


def test_structure_is_kept_by_a_copy_and_lost_by_noise(judge, test_squares, perceptual):
    judged = enlarged(judge, test_squares, 6)
    contents = judged.dataset.images[judged.dataset.rows[judged.pairs.content]]
    copied = structure_figure(perceptual, judged, contents)
    noise = structure_figure(perceptual, judged, np.random.default_rng(0).integers(0, 256, contents.shape, np.uint8))
    assert (copied.name, copied.value) == ("lpips_structure_distance", 0)
    assert noise.interval[0] <= noise.value <= noise.interval[1]
    assert noise.value > 0.001
    assert noise.passport.parameters["maps"] == "after features.0 and its ReLU, 7 x 7 places"


class Doubling:
    """A mapping network: w is twice z."""

    latent_dim = 4

    def apply(self, _, codes, method=None):
        return 2 * codes


class Linear:
    """A generator of pictures that are linear in their code."""

    latent_dim, num_ws = 4, 2

    def apply(self, _, codes, method=None):
        directions = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype(np.float32) / 10
        return jnp.tensordot(codes if codes.ndim == 2 else codes[:, 1], directions, 1)


def toy(mapped, grown=True):
    networks = {"generator": Linear()} | ({"mapping_network": Doubling()} if mapped else {})
    stages = SimpleNamespace(at=lambda kimg: "last" if grown or kimg > 100 else "first")
    algorithm = SimpleNamespace(networks=networks, stages=stages)
    return TrainedModel({}, {"kimg": 8.0}, algorithm, {name: {} for name in networks}, {})


@pytest.mark.parametrize(("mapped", "space"), [(True, "w"), (False, "z")])
def test_path_length_is_taken_in_w_where_there_is_one(test_squares, perceptual, mapped, space):
    (figure,), notes = path_length_figure(perceptual, toy(mapped), test_squares, count=16, seed=1)
    assert notes == []
    assert figure.value > 0
    assert figure.interval[0] <= figure.value <= figure.interval[1]
    passport = figure.passport
    assert (passport.parameters["space"], passport.fake_count, passport.real, passport.seeds) == (space, 16, "", {"latents": 1})


def test_a_path_length_that_cannot_be_taken_is_told_of(test_squares, perceptual):
    blind = toy(False)._replace(algorithm=SimpleNamespace(networks={"generator": SimpleNamespace()}, stages=None))
    for model, said in ((blind, "one latent"), (toy(False, grown=False), "full size")):
        figures, (note,) = path_length_figure(perceptual, model, test_squares, count=4, seed=0)
        assert figures == []
        assert said in note


def test_the_deepest_map_with_enough_places_is_taken():
    shapes = [(1, size, size, 8) for size in (15, 7, 3, 3, 3)]
    assert perceptual_figures._deepest(shapes) == 1
    assert perceptual_figures._deepest([(1, 3, 3, 8), (1, 1, 1, 8)]) == 0
