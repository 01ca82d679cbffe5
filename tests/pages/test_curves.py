import pytest

from semgan.pages import curves

KIMG = curves.axis(2.0, "kimg")
LINES = [
    {"step": 10, "kimg": 1.0, "d/loss": 1.0, "d_r1/loss": None, "time/minutes": 1.0},
    {"step": 20, "kimg": 2.0, "d/loss": 3.0, "d_r1/loss": 0.5, "time/minutes": 2.5},
    {"step": 20, "kimg": 2.0, "eval/retention": 0.7},
]


def test_metrics_are_grouped_and_gaps_left_out():
    assert list(curves.metric_names(LINES)) == ["d", "time", "d_r1", "eval"]
    assert curves.points(LINES, "d_r1/loss") == [(2.0, 0.5)]


def test_points_lie_along_any_axis_that_was_measured():
    assert curves.points(LINES, "d/loss", "time/minutes") == [(1.0, 1.0), (2.5, 3.0)]
    assert curves.points(LINES, "eval/retention", "time/minutes") == []


def test_a_chart_places_its_points_between_its_extremes():
    svg = curves.chart("loss", [(0.0, 1.0), (1.0, 3.0), (2.0, 2.0)], KIMG)
    assert 'points="0.0,92.2 130.0,3.8 260.0,48.0"' in svg
    assert "<b>2</b>" in svg
    assert ">2 kimg</text>" in svg


def test_the_axis_says_what_it_is_told_to():
    assert ">strength 1</text>" in curves.chart("retention", [(0.0, 1.0), (1.0, 0.5)], curves.Axis(1.0, "strength 1"))


@pytest.mark.parametrize("values", [[(1.0, 0.0)], [(1.0, 5.0), (2.0, 5.0)], [(1.0, 1e30), (2.0, -1e30)], [(0.0, 1.0)]])
def test_flat_and_huge_curves_are_drawn(values):
    for right in (2.0, 0.0):
        assert "nan" not in curves.chart("x", values, curves.axis(right, "kimg"))


def test_long_curves_are_thinned_and_keep_their_last_point():
    svg = curves.chart("x", [(float(i), float(i)) for i in range(10_001)], curves.axis(10_000.0, "kimg"))
    assert svg.count(",") < 500
    assert "260.0,3.8" in svg
    assert svg.count("<circle") == 1


def test_few_points_are_marked_each():
    assert curves.chart("x", [(0.0, 1.0), (1.0, 3.0), (2.0, 2.0)], KIMG).count("<circle") == 3


def test_overlaid_curves_share_one_range_and_keep_the_colours_of_the_legend():
    svg = curves.overlay("retention", [[(0.0, 0.0), (2.0, 1.0)], [], [(2.0, 0.5)]], KIMG)
    assert 'class="s0" points="0.0,92.2 260.0,3.8"' in svg
    assert 'class="s2" points="260.0,48.0"' in svg
    assert 'class="s1"' not in svg
    legend = curves.legend(["a", "<b>", "c"])
    assert [legend.index(f'class="s{i}"') for i in range(3)] == sorted(legend.index(f'class="s{i}"') for i in range(3))
    assert "&lt;b&gt;" in legend


def test_nothing_to_overlay_is_no_chart():
    assert curves.overlay("retention", [[], []], KIMG) == ""


def test_more_series_than_colours_are_told_apart_by_dashes():
    lines = curves.legend([str(i) for i in range(10)]).split("<li>")[1:]
    assert lines[0].replace("</svg>0", "") != lines[8].replace("</svg>8", "")
    assert "dasharray" in lines[8]
