"""Figures of published measures, with small stand-ins for the networks and values by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import linalg

from semgan.evaluation.extractors.tools import Tools
from semgan.evaluation.figures.art_fid_figures import art_fid_figures
from semgan.evaluation.figures.onnx_figures import identity_figures, landmark_figures
from semgan.evaluation.figures.transformer_figures import clip_figures, csd_figures, dino_structure_figure
from semgan.evaluation.figures.weight_figures import notes_on_samples, weight_figures
from semgan.evaluation.judge.judged_pairs import judge_pairs
from tests.evaluation.standins import MeanColours, absolute_differences


def identity(network):
    return {"extractor": "toy", "network": network, "sha256": "f3" * 32, "protocol": "toy", "resize": "none"}


def colours(images):
    return images.astype(float).mean((1, 2))


@pytest.fixture(scope="module")
def judged(judge, test_squares):
    return judge_pairs(judge, test_squares, pairs=24, seed=3)


@pytest.fixture(scope="module")
def pictures(judged):
    data, pairs = judged.dataset, judged.pairs
    return SimpleNamespace(content=data.images[data.rows[pairs.content]], reference=data.images[data.rows[pairs.reference]])


@pytest.fixture
def embedder():
    """Embeds a picture as its mean colour; notes how many it saw."""
    seen = []

    def embeddings(images):
        seen.append(len(images))
        return colours(images)

    return SimpleNamespace(family="toy", embeddings=embeddings, identity=lambda: identity("embeds"), seen=seen)


def cosine(a, b):
    return np.sum(a * b, -1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def translated(pictures):
    """A different mixture of content and reference in each pair."""
    share = np.linspace(0.1, 0.6, len(pictures.content))[:, None, None, None]
    return (share * pictures.content + (1 - share) * pictures.reference).astype(np.uint8)


def test_structure_distance_is_that_of_the_keys(judged, pictures):
    dino = SimpleNamespace(keys=lambda images: images.astype(float).reshape(len(images), -1, 3)[:, :4], identity=lambda: identity("keys"))
    images = np.random.default_rng(0).integers(1, 256, pictures.content.shape, np.uint8)
    figure = dino_structure_figure(dino, judged, images)

    def similarities(each):
        keys = each.reshape(-1, 3)[:4].astype(float)
        return cosine(keys[:, None], keys[None])

    want = [np.mean((similarities(a) - similarities(b)) ** 2) for a, b in zip(pictures.content, images, strict=True)]
    assert (figure.name, figure.value) == ("structure_distance", pytest.approx(np.mean(want)))
    assert figure.interval[0] < figure.value < figure.interval[1]
    assert (figure.passport.network, figure.passport.fake_count, figure.passport.seeds) == ("keys", 24, {"pairs": 3})
    assert dino_structure_figure(dino, judged, pictures.content).value == 0


def test_clip_similarities_are_cosines_with_contents_and_with_references(judged, pictures, embedder):
    images = translated(pictures)
    content, reference = clip_figures(embedder, judged, images, "reference")
    assert (content.name, reference.name) == ("clip_content_similarity", "clip_reference_similarity")
    assert content.value == pytest.approx(cosine(colours(images), colours(pictures.content)).mean())
    assert reference.value == pytest.approx(cosine(colours(images), colours(pictures.reference)).mean())
    assert content.value != pytest.approx(reference.value, abs=0.01)
    assert content.passport.parameters["styles"] == "reference"
    distinct = sum(len(np.unique(places)) for places in judged.pairs[:2])
    assert sum(embedder.seen) == 24 + distinct  # no picture of the data is seen twice


def test_csd_is_one_for_copies_of_the_references_and_less_with_others(judged, pictures, embedder):
    own, others = csd_figures(embedder, judged, pictures.reference, "none")
    assert (own.name, own.value) == ("csd_similarity", pytest.approx(1))
    places, target = judged.pairs.reference, judged.target
    want = []
    for place, domain in zip(places, target, strict=True):
        rest = np.unique(places[(target == domain) & (places != place)])
        data = judged.dataset
        want.append(cosine(colours(data.images[data.rows[[place]]]), colours(data.images[data.rows[rest]])).mean())
    assert (others.name, others.value) == ("csd_similarity/other_references", pytest.approx(np.mean(want)))
    assert own.passport.parameters["styles"] == "none"


def test_csd_without_another_reference_has_no_part(judge, test_squares, embedder):
    alone = judge_pairs(judge, test_squares, pairs=1)
    figures = csd_figures(embedder, alone, test_squares.images[:1], "none")
    assert [figure.name for figure in figures] == ["csd_similarity"]


def frechet(a, b):
    root = linalg.sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    return np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)


def test_artfid_is_the_product_and_names_both_networks(judged, pictures):
    images = np.random.default_rng(1).integers(0, 256, pictures.content.shape, np.uint8)
    inception = MeanColours()
    (figure, content, fid), notes = art_fid_figures(inception, absolute_differences(), judged, images, "reference")
    distance = np.abs(images.astype(float) - pictures.content).mean()
    want = frechet(*(inception.features(each).astype(float) for each in (images, pictures.reference)))
    assert [each.name for each in (figure, content, fid)] == ["artfid", "artfid/content_distance", "artfid/fid"]
    assert fid.value == pytest.approx(want, rel=1e-4)
    assert content.value == pytest.approx(distance)
    assert figure.value == pytest.approx((1 + distance) * (1 + want), rel=1e-4)
    assert (figure.passport.network, figure.passport.sha256) == ("means + none", f"{'c0' * 32} + {'d1' * 32}")
    assert (content.passport.network, content.passport.protocol, fid.passport.network) == ("none", "lpips 0.1", "means")
    assert notes == []


def test_artfids_interval_moves_with_either_part(judged, pictures):
    images = np.random.default_rng(1).integers(0, 256, pictures.content.shape, np.uint8)
    equal = SimpleNamespace(**vars(absolute_differences()) | {"distances": lambda a, b: np.full(len(a), 0.5)})
    (figure, _, fid), _ = art_fid_figures(MeanColours(), equal, judged, images, "none")
    np.testing.assert_allclose(figure.interval, [1.5 * (1 + bound) for bound in fid.interval])
    constant = MeanColours()
    constant.features = lambda images: np.zeros((len(images), 6))
    (figure, content, fid), notes = art_fid_figures(constant, absolute_differences(), judged, images, "none")
    assert fid.value == 0
    np.testing.assert_allclose(figure.interval, [1 + bound for bound in content.interval])
    assert notes == []


def test_artfid_of_few_pairs_has_a_note(judge, test_squares):
    for pairs, said in ((1, "at least 2 pairs"), (4, "fewer pairs than the 6 features")):
        few = judge_pairs(judge, test_squares, pairs=pairs)
        figures, (note,) = art_fid_figures(MeanColours(), absolute_differences(), few, test_squares.images[:pairs], "none")
        assert bool(figures) == (pairs > 1)
        assert said in note


def network(predict, task):
    return SimpleNamespace(predict=predict, task=task, identity=lambda: identity(task))


def test_landmark_error_is_that_of_the_predictions(judged, pictures):
    """Two points, 10 apart in every picture, which stand where its mean colour says."""

    def points(images):
        return np.stack([colours(images)[:, :2], colours(images)[:, :2] + [6, 8]], 1)

    images = translated(pictures)
    (figure,), notes = landmark_figures(network(points, "landmarks"), judged, images)
    want = np.linalg.norm(colours(images)[:, :2] - colours(pictures.content)[:, :2], axis=-1).mean() / 10
    assert (figure.name, figure.value, notes) == ("landmark_nme", pytest.approx(want), [])
    assert (figure.passport.parameters["points"], figure.passport.parameters["normaliser"]) == (2, "distance of the first two points")


def test_faces_without_extent_are_left_out_and_counted(judged, pictures):
    bad = np.unique(judged.dataset.rows[judged.pairs.content])[0]

    def points(images):
        size = 10.0 * np.any(images != judged.dataset.images[bad], axis=(1, 2, 3))
        return np.stack([np.zeros((len(images), 2)), np.stack([size, 0 * size], 1)], 1)

    images = np.zeros_like(pictures.content)
    (figure,), (note,) = landmark_figures(network(points, "landmarks"), judged, images)
    left = np.sum(judged.dataset.rows[judged.pairs.content] != bad)
    assert (figure.value, figure.passport.fake_count) == (0, left)
    assert note.startswith(f"landmark_nme: left out {24 - left} of 24 pairs")
    figures, (note,) = landmark_figures(network(lambda images: np.zeros((len(images), 2, 2)), "landmarks"), judged, images)
    assert figures == []
    assert "left out 24 of 24" in note


def test_identity_similarity_is_a_cosine(judged, pictures):
    images = translated(pictures)
    (figure,), _ = identity_figures(network(colours, "identity"), judged, images)
    assert (figure.name, figure.value) == ("identity_similarity", pytest.approx(cosine(colours(images), colours(pictures.content)).mean()))


def test_every_tool_gives_its_figures_and_none_gives_none(judged, pictures, embedder):
    assert weight_figures(Tools(), judged, pictures.content, "none") == ([], [])
    dino = SimpleNamespace(keys=lambda images: images.astype(float).reshape(len(images), -1, 3)[:, :4], identity=lambda: identity("keys"))
    landmarks = network(lambda images: np.arange(4.0).reshape(1, 2, 2).repeat(len(images), 0), "landmarks")
    tools = Tools(None, None, absolute_differences(), dino, embedder, embedder, MeanColours(), landmarks, network(colours, "identity"))
    figures, notes = weight_figures(tools, judged, pictures.content, "none")
    assert [figure.name for figure in figures] == [
        "structure_distance",
        "clip_content_similarity",
        "clip_reference_similarity",
        "csd_similarity",
        "csd_similarity/other_references",
        "artfid",
        "artfid/content_distance",
        "artfid/fid",
        "landmark_nme",
        "identity_similarity",
    ]
    assert notes == []
    assert notes_on_samples(Tools(lpips=absolute_differences())) == []
    assert notes_on_samples(tools)[0].startswith("no figures of dino, clip, csd, art_inception, landmarks, identity:")


def test_passports_name_the_contents_that_were_asked_for(judged, pictures, embedder):
    chosen = judged._replace(contents="large")
    assert {figure.passport.parameters["contents"] for figure in clip_figures(embedder, chosen, pictures.content, "none")} == {"large"}
