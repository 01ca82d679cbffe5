"""Style adoption on drawn faces: copies at 0 and 1, answers at 1, colours alone near 0, and what is wrong with a picture below it."""

import functools
from typing import NamedTuple

import numpy as np
import pytest
from scipy import ndimage

from semgan.data.dataset import Dataset
from semgan.data.drawn_faces.factors import draw_factors
from semgan.data.drawn_faces.render import render_face
from semgan.evaluation.figures.adoption_figures import adoption_figures
from semgan.evaluation.figures.figure import by_name
from semgan.evaluation.figures.origin import Origin
from semgan.evaluation.judge.judged_pairs import JudgedPairs
from semgan.evaluation.judge.pairs import Pairs

FACES, PAIRS, SIZE = 60, 60, 64
MEDIA = ("shaded", "ink", "poster", "mosaic")
ORIGIN = Origin({"extractor": "a judge"}, "drawn", "test", {"pairs": 0}, None, {"into": "ink"})


@functools.cache
def draw(content, style, medium):
    return render_face(draw_factors(0, "test", content)[0], draw_factors(0, "test", style)[1]._replace(medium=medium), SIZE).image


class Drawings(NamedTuple):
    judged_pairs: JudgedPairs
    content: np.ndarray
    reference: np.ndarray
    answer: np.ndarray


@functools.cache
def drawings(source, target):
    """Faces 0 to FACES in the first medium, others in the second; each pair's reference is drawn anew, so that some come twice."""
    images = np.stack([draw(row, row, source if row < FACES else target) for row in range(2 * FACES)])
    domain = np.repeat(np.arange(2, dtype=np.int32), FACES)
    rng = np.random.default_rng(0)
    pairs = Pairs(np.arange(PAIRS), FACES + rng.integers(FACES, size=PAIRS))
    rows = np.arange(2 * FACES)
    data = Dataset("drawn_faces", "test", images, rows, domain, (MEDIA[source], MEDIA[target]), {}, {}, f"{source} to {target}")
    judged_pairs = JudgedPairs(None, data, pairs, 0, {}, domain[pairs.reference], (), None, None)
    content, reference = images[pairs.content], images[pairs.reference]
    answer = np.stack([draw(*pair, target) for pair in zip(pairs.content, pairs.reference, strict=True)])
    return Drawings(judged_pairs, content, reference, answer)


@pytest.fixture(scope="module", params=[(0, 1), (1, 0)], ids=["shaded_to_ink", "ink_to_shaded"])
def drawn(request):
    return drawings(*request.param)


@pytest.fixture(scope="module")
def to_ink():
    return drawings(0, 1)


def measure(drawn, images):
    figures, notes, values = adoption_figures(drawn.judged_pairs, np.clip(np.rint(images), 0, 255).astype(np.uint8), ORIGIN)
    assert notes == []
    assert values[0] == by_name(figures)["style_adoption"].value
    return by_name(figures)


def adoption(drawn, images):
    return measure(drawn, images)["style_adoption"].value


def blurred(images, width=1.2):
    return ndimage.gaussian_filter(images.astype(np.float64), (0, width, width, 0))


def with_grid(images, strength=20, period=4):
    wave = strength * (np.arange(SIZE) % period == 0)
    return images + (wave[:, None] + wave)[None, :, :, None] - wave.mean() * 2


def histogram_matched(images, references):
    values = np.sort(references.reshape(len(references), -1, 3), axis=1)
    ranks = images.reshape(values.shape).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return np.take_along_axis(values, ranks, axis=1).reshape(images.shape)


def moments_matched(images, references):
    def of(pictures):
        return pictures.mean((1, 2), keepdims=True), pictures.std((1, 2), keepdims=True)

    (mean, deviation), (wanted, wide) = of(images.astype(np.float64)), of(references)
    return (images - mean) / deviation * wide + wanted


def colors_matched(images, references, turns=15):
    """The whole distribution of colours, by matching it along turned axes again and again (Pitie et al. 2007)."""
    rng, result = np.random.default_rng(0), []
    for image, reference in zip(images, references, strict=True):
        colors, wanted = image.reshape(-1, 3) + rng.normal(0, 0.5, (SIZE * SIZE, 3)), reference.reshape(-1, 3)
        for _ in range(turns):
            axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
            along = colors @ axes
            moved = np.empty_like(along)
            for axis in range(3):
                moved[np.argsort(along[:, axis]), axis] = np.sort(wanted @ axes[:, axis])
            colors = moved @ axes.T
        result.append(colors.reshape(image.shape))
    return np.array(result)


def test_copying_the_content_scores_0_and_copying_the_reference_1(drawn):
    content, reference = measure(drawn, drawn.content), measure(drawn, drawn.reference)
    for name in ("style_adoption", "style_adoption/color", "style_adoption/texture"):
        assert content[name].value == pytest.approx(0, abs=1e-9)
        assert reference[name].value == pytest.approx(1, abs=1e-9)


def test_the_answer_scores_1(drawn):
    figure = measure(drawn, drawn.answer)["style_adoption"]
    assert figure.value >= 0.9
    assert figure.interval[0] <= figure.value <= figure.interval[1]


@pytest.mark.parametrize("recolor", [histogram_matched, moments_matched, colors_matched])
def test_recoloring_alone_is_not_a_style(drawn, recolor):
    recolored = measure(drawn, recolor(drawn.content, drawn.reference))
    assert recolored["style_adoption"].value <= 0.3
    assert recolored["style_adoption/color"].value > recolored["style_adoption/texture"].value


@pytest.mark.parametrize("media", [(0, 2), (0, 3), (2, 3), (3, 0)], ids=lambda media: "_to_".join(MEDIA[each] for each in media))
def test_matched_histograms_are_not_a_style_in_other_media(media):
    drawn = drawings(*media)
    assert adoption(drawn, histogram_matched(drawn.content, drawn.reference)) <= 0.3
    assert adoption(drawn, drawn.answer) >= 0.9


def test_texture_alone_is_not_a_style(drawn):
    assert adoption(drawn, moments_matched(drawn.answer, drawn.content)) <= 0.5


def test_a_constant_picture_has_no_style(drawn):
    assert adoption(drawn, np.broadcast_to(drawn.reference.mean((1, 2), keepdims=True), drawn.reference.shape)) <= 0


@pytest.mark.parametrize("spoil", [blurred, with_grid])
@pytest.mark.parametrize("translate", ["answer", "half"])
def test_blur_and_grids_do_not_look_more_like_the_target(drawn, spoil, translate):
    images = drawn.answer if translate == "answer" else (drawn.answer / 2 + drawn.content / 2)
    assert adoption(drawn, spoil(images)) < adoption(drawn, images)


def test_adoption_rises_from_the_content_to_the_answer(drawn):
    steps = [adoption(drawn, share * drawn.answer + (1.0 - share) * drawn.content) for share in (0.2, 0.4, 0.6, 0.8, 1)]
    assert np.all(np.diff(steps) > 0.02)
    assert steps[-2] < 0.97  # not full before the end


def test_half_of_the_pairs_translated_is_half_of_the_way(to_ink):
    half = np.where((np.arange(PAIRS) % 2)[:, None, None, None] == 0, to_ink.answer, to_ink.content)
    assert adoption(to_ink, half) == pytest.approx(0.5, abs=0.1)


def test_the_match_knows_the_own_reference_from_others(drawn):
    pairs, target = drawn.judged_pairs.pairs, MEDIA.index(drawn.judged_pairs.dataset.domains[1])
    others = np.stack([draw(*pair, target) for pair in zip(pairs.content, np.roll(pairs.reference, 5), strict=True)])
    assert measure(drawn, drawn.reference)["reference_match"].value == 1
    own, other = measure(drawn, drawn.answer)["reference_match"], measure(drawn, others)["reference_match"]
    assert own.value >= 0.85
    assert other.interval[0] <= 0.5 <= other.interval[1]
    content = measure(drawn, drawn.content)["reference_match"]
    assert content.interval[0] <= 0.5 <= content.interval[1]


def test_too_few_pictures_are_not_called_alike(to_ink):
    """All pairs have one reference, beside which the domain has no other: distances of sets cannot be estimated."""
    pairs = to_ink.judged_pairs.pairs._replace(reference=np.full(PAIRS, FACES))
    data = to_ink.judged_pairs.dataset
    one = data._replace(images=data.images[: FACES + 1], rows=data.rows[: FACES + 1], domain=data.domain[: FACES + 1])
    judged_pairs = to_ink.judged_pairs._replace(dataset=one._replace(fingerprint="one picture"), pairs=pairs)
    measured = adoption_figures(judged_pairs, to_ink.content, ORIGIN)
    assert "style_adoption" not in by_name(measured.figures)
    assert any("too few held-out pictures" in note for note in measured.notes)
    assert not any("cannot be told" in note for note in measured.notes)
