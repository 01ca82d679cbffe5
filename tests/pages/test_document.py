import numpy as np

from semgan.pages.document import Card, PictureRow, cards, details, examples, header, page_html, paragraph, section, statement, table
from semgan.pages.images import png, shown_width
from semgan.pages.scores import SCORES, score_cards
from tests.pages.html import Page

HOSTILE = "<script>alert('x')</script>\" onload=\"x"


def test_every_text_is_escaped_wherever_it_stands():
    picture = (HOSTILE, png(np.zeros((4, 4, 3), np.uint8)), 96)
    html = page_html(
        HOSTILE,
        [
            header(HOSTILE, HOSTILE),
            cards([Card(HOSTILE, HOSTILE, HOSTILE)]),
            section(
                HOSTILE, paragraph(HOSTILE), statement(HOSTILE), table([[HOSTILE]], [HOSTILE]), examples([PictureRow([picture], HOSTILE)])
            ),
            details(HOSTILE),
        ],
    )
    page = Page(html)
    assert "<script" not in html
    assert page.text.count(HOSTILE) == 14  # all that was given, an alt text aside
    assert page.loads == []


def test_pictures_keep_their_pixels_and_size_inside_the_page():
    pixels = np.random.default_rng(0).integers(0, 256, (24, 20, 3), np.uint8)
    page = Page(page_html("x", [examples([PictureRow([("it", png(pixels), shown_width(pixels))], "below")])]))
    np.testing.assert_array_equal(np.asarray(page.pictures[0]), pixels)


def test_small_pictures_are_shown_enlarged_and_large_ones_as_they_are():
    assert [shown_width(np.zeros((8, width, 3), np.uint8)) for width in (16, 96, 256)] == [96, 96, 256]


def test_what_is_empty_leaves_nothing_behind():
    assert [section("x"), table([], ["a"]), cards([]), examples([]), section("x", table([]))] == [""] * 5


def test_cards_show_those_scores_that_there_are_in_their_order():
    page = Page(page_html("x", [score_cards({"recall": None, "whole_faces": 0.6789, "other": 1.0})]))
    names = [SCORES["whole_faces"].name, "0.68", SCORES["recall"].name, "unknown"]
    assert [text for text in page.texts if text in names] == names
    assert SCORES["retention"].name not in page.texts
