"""The page: static, well-formed, with the scores, curves, pictures and config of the run."""

from semgan.training import page
from tests.pages.html import Page

LINES = [
    {"step": 10, "kimg": 1.0, "d/loss": 1.0, "d_r1/loss": None, "time/minutes": 1.0},
    {"step": 20, "kimg": 2.0, "d/loss": 3.0, "d_r1/loss": 0.5, "time/minutes": 2.5},
    {"step": 20, "kimg": 2.0, "eval/transfer_score": 0.641, "eval/retention": 0.7, "eval/adoption": 0.59, "time/minutes": 3.0},
]
OVERVIEW = page.Overview(
    name="a <b> run",
    config={"total_kimg": 4.0, "data.domains": ("ink", "shaded")},
    about="toy on pictures",
    lines=LINES,
    pictures={10: "pictures/00000010.png", 20: "pictures/00000020.png"},
    kinds={"reference", "latent"},
)


def test_the_page_is_well_formed_and_loads_only_its_pictures():
    assert set(Page(page.render(OVERVIEW)).loads) == set(OVERVIEW.pictures.values())


def test_a_hostile_name_runs_nothing():
    html = page.render(OVERVIEW._replace(name="<script>x</script>", about="<script>", config={"total_kimg": 1, "<script>": "<script>"}))
    assert "<script>x</script>" in Page(html).texts


def test_the_page_shows_scores_state_latest_picture_and_config():
    html = page.render(OVERVIEW)
    assert "a &lt;b&gt; run" in html
    assert "<b>0.64</b>" in html
    assert "<b>0.70</b>" in html
    assert "step 20 · 2 of 4 kimg (50%) · 3:00 since the start" in html
    assert "Held-out pictures at step 20" in html
    assert "references across the top" in html
    assert "on held-out pairs at 2 kimg" in html
    assert "<td>ink, shaded</td>" in html


def test_a_model_that_draws_from_noise_shows_its_scores_and_no_contents():
    scores = {"eval/whole_faces": 0.75, "eval/medium_coverage": 0.875, "eval/neighbour_distance": 0.25}
    html = page.render(OVERVIEW._replace(lines=[{"step": 20, "kimg": 2.0, **scores}], kinds={"sample"}))
    text = Page(html).text
    for expected in ("whole faces 0.75", "domain coverage 0.88", "neighbour distance 0.25", "drawn from noise at the right", "samples"):
        assert expected in text
    for absent in ("ontents down", "eferences", "retention", "held-out pairs"):
        assert absent not in text


def test_a_model_without_a_guide_says_so_of_its_pictures():
    assert "Each content beside its translation" in page.render(OVERVIEW._replace(kinds={"translated"}))


def test_a_run_without_anything_yet_has_a_page():
    html = page.render(OVERVIEW._replace(lines=[], pictures={}))
    assert "0 of 4 kimg" in html
    assert "<svg" not in html
    assert "<img" not in html


def test_an_unknown_score_is_said_to_be_unknown_beside_the_known():
    lines = [{"step": 20, "kimg": 2.0, "eval/transfer_score": None, "eval/retention": None, "eval/adoption": 0.5}]
    html = page.render(OVERVIEW._replace(lines=lines))
    assert html.count("<b>unknown</b>") == 2
    assert "<b>0.50</b>" in html
