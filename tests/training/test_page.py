"""The page: static, well-formed, with the scores, curves, pictures and config of the run."""

from html.parser import HTMLParser

import pytest

from semgan.training import curves, page

LINES = [
    {"step": 10, "kimg": 1.0, "d/loss": 1.0, "d_r1/loss": None, "time/minutes": 1.0},
    {"step": 20, "kimg": 2.0, "d/loss": 3.0, "d_r1/loss": 0.5, "time/minutes": 2.5},
    {"step": 20, "kimg": 2.0, "eval/transfer_score": 0.641, "eval/retention": 0.7, "eval/adoption": 0.59, "time/minutes": 3.0},
]
RUN = page.Run(
    name="a <b> run",
    config={"total_kimg": 4.0, "data.domains": ("ink", "shaded")},
    about="toy on pictures",
    lines=LINES,
    pictures={10: "pictures/00000010.png", 20: "pictures/00000020.png"},
)


class Checker(HTMLParser):
    """Fails on tags that are not closed in order; collects what is loaded."""

    VOID = ("meta", "img", "path", "polyline", "circle")

    def __init__(self):
        super().__init__()
        self.open, self.loads = [], []

    def handle_starttag(self, tag, attrs):
        self.loads += [value for name, value in attrs if name in ("src", "href")]
        assert tag != "script"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_only_its_pictures():
    checker = Checker()
    checker.feed(page.render(RUN))
    assert not checker.open
    assert set(checker.loads) == set(RUN.pictures.values())


def test_the_page_shows_scores_state_latest_picture_and_config():
    html = page.render(RUN)
    assert "a &lt;b&gt; run" in html
    assert "<b>0.64</b>" in html
    assert "<b>0.70</b>" in html
    assert "step 20 · 2 of 4 kimg (50%) · 3:00 since the start" in html
    assert "Held-out pictures at step 20" in html
    assert "<td>ink, shaded</td>" in html


def test_a_run_without_anything_yet_has_a_page():
    html = page.render(RUN._replace(lines=[], pictures={}))
    assert "0 of 4 kimg" in html
    assert "<svg" not in html
    assert "<img" not in html


def test_an_unknown_score_is_said_to_be_unknown_beside_the_known():
    lines = [{"step": 20, "kimg": 2.0, "eval/transfer_score": None, "eval/retention": None, "eval/adoption": 0.5}]
    html = page.render(RUN._replace(lines=lines))
    assert html.count("<b>unknown</b>") == 2
    assert "<b>0.50</b>" in html


def test_metrics_are_grouped_and_gaps_left_out():
    groups = curves.metric_names(LINES)
    assert list(groups) == ["d", "time", "d_r1", "eval"]
    assert curves.points(LINES, "d_r1/loss") == [(2.0, 0.5)]


def test_a_chart_places_its_points_between_its_extremes():
    svg = curves.chart("loss", [(0.0, 1.0), (1.0, 3.0), (2.0, 2.0)], right=2.0)
    assert 'points="0.0,92.2 130.0,3.8 260.0,48.0"' in svg
    assert "<b>2</b>" in svg


@pytest.mark.parametrize("values", [[(1.0, 0.0)], [(1.0, 5.0), (2.0, 5.0)], [(1.0, 1e30), (2.0, -1e30)]])
def test_flat_and_huge_curves_are_drawn(values):
    assert "nan" not in curves.chart("x", values, right=2.0)


def test_long_curves_are_thinned_and_keep_their_last_point():
    svg = curves.chart("x", [(float(i), float(i)) for i in range(10_001)], right=10_000.0)
    assert svg.count(",") < 500
    assert "260.0,3.8" in svg
