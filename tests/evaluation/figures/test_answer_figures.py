"""The answer score on drawn faces: copies at 0, answers at 1, and what is wrong with a picture in the part that it belongs to."""

import numpy as np
import pytest
from scipy import ndimage

from semgan.data.dataset import open_dataset
from semgan.evaluation.figures import answer_figures as figures_of_answers
from semgan.evaluation.figures.answer_figures import BY_DOMAINS, PARTS, answer_figures
from semgan.evaluation.figures.figure import by_name
from semgan.evaluation.figures.transfer_figures import transfer_origin
from semgan.evaluation.judge import answers as kept_answers
from semgan.evaluation.judge.judge import Judge, decide, heads_for
from semgan.evaluation.judge.judge_training import initial_params
from semgan.evaluation.judge.judged_pairs import Translations, judge_pairs
from semgan.networks.judge import JudgeNetwork

PAIRS, SIZE = 48, 32


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("answers")


@pytest.fixture(scope="module")
def judged_pairs(cache):
    """Of all four media; the judge is untrained, which is enough for distances."""
    data = open_dataset("drawn_faces", split="test", image_size=SIZE, count=120, cache=cache)
    heads = heads_for(data, 4)
    judge = Judge(initial_params(JudgeNetwork(heads), (SIZE, SIZE, 3), 0), heads, "untrained", {})
    return judge_pairs(judge, data, pairs=PAIRS)


@pytest.fixture(autouse=True)
def own_cache(cache, monkeypatch):
    monkeypatch.setenv("SEMGAN_CACHE", str(cache))


@pytest.fixture
def pictures(judged_pairs):
    data, pairs = judged_pairs.dataset, judged_pairs.pairs
    answers = kept_answers.draw_answers(judged_pairs)
    return {
        "content": data.images[data.rows[pairs.content]],
        "reference": data.images[data.rows[pairs.reference]],
        "answer": answers.images,
        "redrawn": answers.redrawn[0],
    }


@pytest.fixture
def score(judged_pairs):
    def of(images):
        translations = Translations(images, decide(judged_pairs.judge, images))
        figures, notes = answer_figures(judged_pairs, translations, transfer_origin(judged_pairs))
        assert notes == []
        return by_name(figures)

    return of


def blurred(images, width):
    return ndimage.gaussian_filter(images, (0, width, width, 0))


def matched(images, references):
    """The contents with the references' histograms, channel by channel: colours alone."""
    values = np.sort(references.reshape(len(references), -1, 3), axis=1)
    ranks = images.reshape(values.shape).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return np.take_along_axis(values, ranks, axis=1).reshape(images.shape)


def test_copies_score_nothing_and_the_better_one_is_the_zero(score, pictures):
    content, reference = score(pictures["content"]), score(pictures["reference"])
    measures = [name for name in content if name.startswith("answer_") and "/" not in name and name != "answer_score"]
    assert {*PARTS, "answer_ssim", "answer_psnr", "answer_features"} == set(measures)
    for name in measures:
        assert max(content[name].value, reference[name].value) == pytest.approx(0, abs=1e-9), name
    assert max(content["answer_score"].value, reference["answer_score"].value) < 0
    assert reference["answer_structure"].value < -0.3  # it shows another face
    assert content["answer_color"].value < -0.3  # in other colours


def test_the_answer_scores_one_or_a_little_more_and_redrawn_ones_about_one(score, pictures):
    whole, redrawn = score(pictures["answer"]), score(pictures["redrawn"])
    for name in ("answer_score", *PARTS, "answer_ssim", "answer_psnr", "answer_features"):
        assert 1 <= whole[name].value < 1.4, name
        assert redrawn[name].value == pytest.approx(1, abs=0.05), name
    assert whole["answer_ssim/translated"].value == pytest.approx(1)
    assert "answer_psnr/translated" not in whole  # infinite


def test_what_is_wrong_shows_in_its_own_part(score, pictures):
    answer = pictures["answer"]
    tinted = score(np.clip(answer.astype(int) + np.array([25, -20, 25]), 0, 255).astype(np.uint8))
    soft = score(blurred(answer, 1.2))
    moved = score(np.roll(answer, 2, axis=2))
    assert tinted["answer_color"].value < min(tinted["answer_structure"].value, tinted["answer_texture"].value) - 0.2
    assert soft["answer_texture"].value < soft["answer_color"].value - 0.2
    assert moved["answer_structure"].value < moved["answer_texture"].value - 0.2


def test_broken_translations_score_where_they_should(score, pictures):
    """Constant pictures, recoloured contents, blur and a grid."""
    answer, content = pictures["answer"], pictures["content"]
    half = ((answer.astype(int) + content) // 2).astype(np.uint8)
    lattice = (np.indices((SIZE, SIZE)).sum(0) % 2 * 2 - 1)[..., None] * 25
    gridded = np.clip(half.astype(int) + lattice, 0, 255).astype(np.uint8)
    scores = {
        name: score(images)["answer_score"].value for name, images in {"half": half, "blurred": blurred(half, 2), "grid": gridded}.items()
    }
    assert max(scores["blurred"], scores["grid"]) < scores["half"]
    assert score(np.full_like(answer, 128))["answer_score"].value < -0.5
    recoloured = score(matched(content, pictures["reference"]))
    assert recoloured["answer_texture"].value < 0.15
    assert recoloured["answer_score"].value < 0.3


def test_the_way_to_the_answer_rises(score, pictures):
    content, answer = (pictures[name].astype(float) for name in ("content", "answer"))
    way = [score(np.rint(content + share * (answer - content)).astype(np.uint8))["answer_ssim"].value for share in (0, 0.3, 0.6, 1)]
    assert way == sorted(way)


def test_shares_are_of_the_plain_means_and_by_domains_too(score, pictures, judged_pairs):
    figures = score(blurred(pictures["answer"], 1))
    plain = {role: figures[f"answer_color/{role}"].value for role in ("translated", "content", "reference", "redrawn")}
    copy = min(plain["content"], plain["reference"])
    assert figures["answer_color"].value == pytest.approx((copy - plain["translated"]) / (copy - plain["redrawn"]))
    assert figures["answer_score"].value == pytest.approx(np.mean([figures[name].value for name in PARTS]))
    ways = {name.split("/", 1)[1] for name in figures if name.startswith("answer_score/")}
    domains, source = judged_pairs.dataset.domains, judged_pairs.dataset.domain[judged_pairs.pairs.content]
    assert ways == {f"{domains[a]}/{domains[b]}" for a, b in zip(source, judged_pairs.target, strict=True)}
    assert all(f"{name}/{way}" in figures for name in BY_DOMAINS for way in ways)
    low, high = figures["answer_score"].interval
    assert low < figures["answer_score"].value < high
    assert figures["answer_score"].passport.parameters["redrawn"] == 2


def test_data_that_do_not_know_the_answers_have_no_such_figures(judged_pairs, pictures):
    without = judged_pairs._replace(dataset=judged_pairs.dataset._replace(answer=None))
    translations = Translations(pictures["content"], judged_pairs.content)
    assert answer_figures(without, translations, transfer_origin(judged_pairs)) == ([], [])
    assert kept_answers.draw_answers(without) is None


def test_answers_are_drawn_once_and_anew_where_the_file_is_damaged(judged_pairs, tmp_path):
    first = kept_answers.draw_answers(judged_pairs, tmp_path)
    silent = judged_pairs._replace(dataset=judged_pairs.dataset._replace(answer=lambda *_: pytest.fail("drawn again")))
    again = kept_answers.draw_answers(silent, tmp_path)
    np.testing.assert_array_equal(first.images, again.images)
    (path,) = tmp_path.iterdir()
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.warns(UserWarning, match="is damaged .* drawn anew"):
        np.testing.assert_array_equal(first.redrawn, kept_answers.draw_answers(judged_pairs, tmp_path).redrawn)
    assert len(first.redrawn) == figures_of_answers.REDRAWN
