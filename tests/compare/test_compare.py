"""Runs' folders on disk, read, compared field by field, and shown."""

import copy
import json

import numpy as np
import pytest
from PIL import Image

from semgan.compare import comparison_page
from semgan.compare.compare_command import compare_runs
from semgan.compare.differences import comparability, find_differences
from semgan.compare.run_folder import images_per_second, kimg, minutes, read_runs, score
from semgan.compare.table import compare_text
from semgan.errors import UserError
from semgan.evaluation.figures.figure import Figure, to_json
from semgan.evaluation.figures.passport import new_passport
from tests.pages.html import Page

CONFIG = {
    "algorithm": "toy",
    "image_size": 64,
    "data": {"name": "squares", "domains": ["red", "green"], "train_count": 80, "test_count": 40, "source": ""},
    "judge": {"channels": 8, "steps": 20, "batch_size": 32, "pairs": 12, "samples": 14},
}
SCORES = {
    "transfer_score": 0.8,
    "retention": 0.75,
    "adoption": 0.857,
    "pairs": 12,
    "seed": 0,
    "judge": {"name": "abc"},
    "dataset": {"name": "squares", "split": "test", "fingerprint": "f00d"},
}
LINES = [
    {"step": 5, "kimg": 1.0, "time/minutes": 1.0, "time/images_per_second": 10.0},
    {"step": 10, "kimg": 2.0, "time/minutes": 2.0, "time/images_per_second": 40.0},
    {"step": 10, "kimg": 2.0, "eval/transfer_score": 0.6, "eval/retention": 0.5, "eval/adoption": 0.75, "time/minutes": 2.5},
    {"step": 20, "kimg": 4.0, "time/minutes": 4.0, "time/images_per_second": 20.0},
    {"step": 20, "kimg": 4.0, "eval/transfer_score": 0.8, "eval/retention": 0.75, "eval/adoption": 0.857, "time/minutes": 4.5},
]


def changed(data, path, value):
    """A deep copy in which the value at a dotted path is another."""
    made = copy.deepcopy(data)
    *parents, leaf = path.split(".")
    node = made
    for parent in parents:
        node = node[parent]
    node[leaf] = value
    return made


@pytest.fixture
def write_run(tmp_path):
    """Writes a run's folder as training does."""

    def write(name, config=CONFIG, scores=SCORES, lines=LINES, pictures=(10, 20)):
        folder = tmp_path / name
        (folder / "pictures").mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config))
        if scores is not None:
            (folder / "result.json").write_text(json.dumps({"step": 20, "kimg": 4.0, "scores": scores}))
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        for step in pictures:
            Image.fromarray(np.full((8, 12, 3), step, np.uint8)).save(folder / "pictures" / f"{step:08d}.png")
        return folder

    return write


def test_a_run_says_what_it_was_and_how_it_went(write_run):
    (run,) = read_runs([write_run("one")])
    assert (run.name, run.config["judge.steps"]) == ("one", 20)
    assert (kimg(run), minutes(run), images_per_second(run), score(run, "transfer_score")) == (4.0, 4.5, 20.0, 0.8)
    assert run.picture
    assert run.picture[0] == 20


def test_a_run_that_has_not_ended_shows_its_last_scores(write_run):
    (run,) = read_runs([write_run("one", scores=None, lines=LINES[:4])])
    assert (score(run, "transfer_score"), score(run, "whole_faces")) == (0.6, None)
    assert comparability([run]) == ["No final scores yet: one."]


def test_a_run_that_has_only_begun_is_shown_all_the_same(write_run):
    runs = read_runs([write_run("one", scores=None, lines=(), pictures=()), write_run("two")])
    assert compare_text(runs).splitlines()[1].split() == ["one", "toy"] + ["-"] * 6
    assert len(Page(comparison_page.render(runs)).pictures) == 1


def test_the_table_has_a_row_a_run_and_its_columns_stand_under_one_another(write_run):
    runs = read_runs([write_run("one"), write_run("a longer name", scores=SCORES | {"transfer_score": 0.25})])
    head, first, second, said = compare_text(runs).splitlines()
    assert head.split() == ["run", "algorithm", "kimg", "minutes", "images/s", "transfer", "score", "retention", "adoption"]
    assert first.split() == ["one", "toy", "4", "4.5", "20", "0.800", "0.750", "0.857"]
    assert second.index("0.250") == first.index("0.800")
    assert "are comparable" in said


def test_runs_of_one_name_are_told_apart_by_their_paths(write_run):
    assert [run.name for run in read_runs([write_run("a/run"), write_run("b/run")])] == ["a/run", "b/run"]


def test_alike_runs_do_not_differ(write_run):
    runs = read_runs([write_run("one"), write_run("two", config=changed(CONFIG, "data.source", "elsewhere"))])
    assert find_differences(runs) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("image_size", 32, "the image size"),
        ("data.name", "folder", "the data"),
        ("data.domains", ["red", "blue"], "the domains"),
        ("data.train_count", 81, "the number of training pictures asked for"),
        ("data.test_count", 41, "the number of held-out pictures asked for"),
        ("judge.channels", 16, "the judge's channels"),
        ("judge.steps", 21, "the judge's training steps"),
        ("judge.batch_size", 16, "the judge's batch size"),
        ("judge.samples", 15, "the number of samples"),
    ],
)
def test_each_difference_of_the_configs_is_told(write_run, path, value, said):
    runs = read_runs([write_run("one"), write_run("two", config=changed(CONFIG, path, value)), write_run("three")])
    (found,) = find_differences(runs)
    assert found.what == said
    assert sorted(found.values.values()) == [["one", "three"], ["two"]]
    first, second = comparability(runs)
    assert first == f"The scores are not comparable: the runs differ in {said}."
    assert "(one and three)" in second
    assert "(two)" in second


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("dataset.fingerprint", "beef", "the fingerprint of the held-out data"),
        ("dataset.split", "train", "the split"),
        ("judge.name", "def", "the judge"),
        ("pairs", 13, "the number of pairs"),
        ("seed", 1, "the seed of the pairs"),
    ],
)
def test_each_difference_of_the_scores_is_told(write_run, path, value, said):
    runs = read_runs([write_run("one"), write_run("two", scores=changed(SCORES, path, value))])
    assert [found.what for found in find_differences(runs)] == [said]


def test_what_a_run_does_not_say_is_no_difference(write_run):
    older = {name: value for name, value in SCORES.items() if name not in ("dataset", "judge", "seed")}
    assert find_differences(read_runs([write_run("one"), write_run("two", scores=older), write_run("three", scores=None)])) == []


def figure(name="recall", value=0.5, protocol="judge", **changes):
    given = {"real": "f00d", "real_count": 40, "fake_count": 14, "split": "test", "parameters": {"neighbours": 3}}
    passport = new_passport({"extractor": "judge abc", "protocol": protocol}, **(given | changes))
    return to_json(Figure(name, value, (value - 0.1, value + 0.1), passport, "1000 resamples of real pictures"))


def with_figures(*figures):
    return SCORES | {"recall": 0.5, "figures": list(figures)}


def test_figures_of_one_passport_compare_and_have_their_columns(write_run):
    scores = with_figures(figure(), figure("fd_judge", 12.3456), figure("fid/red", 3.0))
    runs = read_runs([write_run("one", scores=scores), write_run("two", scores=scores)])
    head, first, _, said = compare_text(runs).splitlines()
    assert head.split()[-2:] == ["recall", "fd_judge"]
    assert first.split()[-2:] == ["0.500", "12.35"]
    assert "are comparable" in said


def test_other_data_behind_a_figure_are_told_of_and_mark_it(write_run):
    mine, theirs = (
        with_figures(figure(real=real), figure("fd_judge", parameters=parameters), figure("precision"))
        for real, parameters in (("f00d", {}), ("beef", {"subsets": 9}))
    )
    runs = read_runs([write_run("one", scores=mine), write_run("two", scores=theirs), write_run("three")])
    head, *_, first, second = compare_text(runs).splitlines()
    assert head.split()[-3:] == ["recall*", "fd_judge*", "precision"]
    assert first == "* recall does not compare between these runs: its passports differ in the digest of the real pictures."
    assert second == "* fd_judge does not compare between these runs: its passports differ in the parameter subsets."
    assert "recall*" in Page(comparison_page.render(runs)).texts


def test_figures_with_the_same_reason_share_a_sentence(write_run):
    mine, theirs = (with_figures(figure(split=split), figure("precision", split=split)) for split in ("test", "train"))
    runs = read_runs([write_run("one", scores=mine), write_run("two", scores=theirs)])
    assert comparability(runs) == ["* recall and precision do not compare between these runs: their passports differ in the split."]


@pytest.mark.parametrize("damaged", [{"name": "recall"}, 3, figure() | {"passport": {}}, figure() | {"value": "high"}])
def test_damaged_figures_are_named(write_run, damaged):
    with pytest.raises(UserError, match=r"result\.json is damaged"):
        read_runs([write_run("one", scores=SCORES | {"figures": [damaged]})])
    with pytest.raises(UserError, match="not a list"):
        read_runs([write_run("two", scores=SCORES | {"figures": {"recall": 1}})])


def test_the_page_overlays_the_runs_and_stands_alone(write_run, tmp_path, capsys):
    folders = [write_run("one"), write_run("two", config=changed(CONFIG, "image_size", 32))]
    compare_runs(folders, tmp_path / "deep" / "compare.html")
    html = (tmp_path / "deep" / "compare.html").read_text()
    shown = Page(html)
    assert shown.loads == []
    assert [np.asarray(picture)[0, 0, 0] for picture in shown.pictures] == [20, 20]
    assert html.count('<polyline class="s1"') == 2 * (3 + 1)  # three scores and the legend, over images and over minutes
    assert {"4.5 min", "4 kimg"} <= set(shown.texts)
    assert "the runs differ in the image size" in shown.text
    out = capsys.readouterr().out
    assert "the runs differ in the image size" in out
    assert "compare.html" in out


def test_hostile_names_neither_run_nor_steer(write_run):
    folder = write_run("<script>alert(1)<")
    renamed = folder.rename(folder.with_name("\x1b[2J<script>x"))
    (run,) = read_runs([renamed])
    html = comparison_page.render([run])
    assert "<script" not in html
    assert any("<script>x" in text for text in Page(html).texts)
    assert "\x1b" not in compare_text([run])


def test_a_picture_cut_short_gives_way_to_the_one_before(write_run):
    folder = write_run("one")
    whole = (folder / "pictures" / "00000020.png").read_bytes()
    (folder / "pictures" / "00000020.png").write_bytes(whole[:-20])
    (run,) = read_runs([folder])
    assert run.picture
    assert run.picture[0] == 10


def test_bad_folders_are_a_sentence_each(write_run, tmp_path):
    good = write_run("good")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    cases = [
        ([], "no run is given"),
        ([good, good], "given twice"),
        ([tmp_path / "absent"], "is not a folder"),
        ([tmp_path / "file"], "is not a folder"),
    ]
    for folders, said in [*cases, ([good, tmp_path / "empty"], "config.json")]:
        with pytest.raises(UserError, match=said):
            read_runs(folders)


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("config.json", "{"),
        ("config.json", "[]"),
        ("config.json", "[" * 100_000),
        ("result.json", '{"scores": 3}'),
        ("result.json", "\xff"),
        ("metrics.jsonl", "[]\n"),
        ("metrics.jsonl", '{"step": 1}\n'),
        ("metrics.jsonl", '{"step": 1, "kimg": NaN}\n'),
        ("metrics.jsonl", '{"step": 1, "kimg": 1, "eval/retention": "high"}\n'),
    ],
)
def test_damaged_files_are_named(write_run, name, contents):
    folder = write_run("one")
    (folder / name).write_bytes(contents.encode("latin-1"))
    with pytest.raises(UserError, match=name):
        read_runs([folder])


def test_a_page_that_cannot_be_written_is_a_sentence(write_run, tmp_path):
    folder = write_run("one")
    with pytest.raises(UserError, match="is a folder"):
        compare_runs([folder], tmp_path)
    with pytest.raises(UserError, match="cannot be written"):
        compare_runs([folder], folder / "config.json" / "compare.html")
