"""The arithmetic of the benchmarks' tables and figures; what they train and measure is tested where it is."""

import random
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks import bank, core_minutes, damage, fault_damage, fault_runs, faults, figures, label_free, restyle, runs, style_adoption
from benchmarks import semantics_tables as tables
from benchmarks.semantics_runs import minutes_to_scores
from semgan.training.checkpoints import Checkpoints
from semgan.types import TrainState


def _point(strength, adoption, error):
    errors = {"landmark_error": error, "lost_iou": 2 * error, "attributes": 0.8}
    return {"strength": strength, "transfer_score": adoption, "retention": 1 - error, "adoption": adoption, **errors}


def _run(*points, minutes=()):
    kept = {"curve": list(points), "floor": {"landmark_error": 0.1, "lost_iou": 0.1, "attributes": 0.9}}
    return {"kimg": 8.0, "both_ways": kept, "one_way": kept, "glasses": kept, "minutes": [list(each) for each in minutes]}


CURVE = (_point(0.0, 0.0, 0.1), _point(0.5, 0.4, 0.2), _point(1.0, 0.8, 0.6))


def _rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


@pytest.mark.parametrize(("adoption", "strength", "error"), [(-0.1, 0.0, 0.1), (0.2, 0.25, 0.15), (0.8, 1.0, 0.6), (0.9, 1.0, 0.6)])
def test_a_curve_is_read_where_it_first_has_an_adoption(adoption, strength, error):
    found = tables.at_adoption(CURVE, adoption)
    assert (found["strength"], found["landmark_error"]) == pytest.approx((strength, error))


def test_errors_are_compared_at_the_same_adoption_as_they_are_and_above_the_judge_s():
    found = {"semgan": {0: _run(*CURVE), 1: _run(*CURVE)}, "stargan_v2": {0: _run(_point(1.0, 0.6, 0.8))}}
    row, mean = _rows(tables.beside_table(found, "one_way"))
    assert row == ["0", "0.75", "0.600", "0.400", "0.800", "0.500", f"{0.3 / 0.7:.3f}", "0.800", "1.600", "0.500", f"{0.7 / 1.5:.3f}"]
    assert [mean[0], mean[5], mean[9]] == ["mean", "0.500", "0.500"]
    assert tables.beside_table({"semgan": found["semgan"]}, "one_way") == ""


def test_what_is_kept_is_told_at_full_strength_with_its_spread_beside_the_judge_s_own_errors():
    one_way = _run(_point(1.0, 1.0, 0.4)) | {"both_ways": None}
    found = {"semgan": {0: _run(*CURVE), 1: _run(_point(1.0, 0.6, 0.4))}, "cut": {0: one_way}}
    both, floor = _rows(tables.preservation_table(found, "both_ways"))
    assert both[:3] == ["semgan", "2", "8.0 ± 0.0"]
    assert both[6] == "0.500 ± 0.141"
    assert floor[6:] == ["0.100", "0.100", "0.900"]
    assert [row[0] for row in _rows(tables.preservation_table(found, "one_way"))] == ["semgan", "cut", "contents as they are"]


def test_times_are_when_a_score_was_first_reached_and_medians_count_who_has_not():
    lines = [{"time/minutes": 2.0, "eval/transfer_score": 0.12}, {"time/minutes": 3.0}, {"time/minutes": 4.0, "eval/transfer_score": 0.1}]
    assert minutes_to_scores(lines) == [(0.05, 2.0), (0.1, 2.0)]
    seeds = {seed: _run(*CURVE, minutes=minutes) for seed, minutes in enumerate(([(0.05, 1.0), (0.1, 5.0)], [(0.05, 3.0)], [(0.05, 9.0)]))}
    assert _rows(tables.times_table({"semgan": seeds})) == [["0.05", "3.0"]]


def test_a_combination_is_told_beside_the_method_that_has_not_seen_it():
    found = {"semgan": {0: _run(*CURVE)}, "left_out": {0: _run(_point(1.0, 0.5, 0.1))}, "stargan_v2": {0: _run(*CURVE)}}
    assert _rows(tables.unseen_table(found)) == [["semgan", "0.800", "0.500"]]


def test_a_chart_has_a_line_for_each_curve_and_a_dot_for_each_point(tmp_path):
    path = tmp_path / "chart.svg"
    figures.write_curves(path, {"kept": {"semgan": [(0.0, 1.0), (1.0, 0.9)], "cut": [(1.0, 0.8)]}}, along="adoption {:.0f}", end=1.0)
    drawn = ElementTree.parse(path).getroot()
    assert [len(list(drawn.iter(f"{{http://www.w3.org/2000/svg}}{name}"))) for name in ("polyline", "circle")] == [1, 1]
    assert "adoption 1" in path.read_text()


def test_a_finished_run_is_not_trained_again_and_unknown_names_are_refused(tmp_path: Path):
    (tmp_path / "result.json").touch()
    assert runs.train_run("configs/no_such_file.py", tmp_path) == tmp_path
    assert runs.choose("", ("a", "b")) == ["a", "b"]
    with pytest.raises(SystemExit, match="--only names 'c': choose from a, b"):
        runs.choose("a,c", ("a", "b"))


def _state(step, weight):
    number, params = np.array(step, np.int32), {"generator": {"kernel": np.full((2, 3), weight, np.float32)}}
    return TrainState(number, 8 * number, params, params, {"pool": np.zeros((0, 2), np.uint8)}, {}, np.array(0, np.int32))


@pytest.fixture
def disturbed(tmp_path):
    """A place whose undisturbed run had other parameters at step 20 than the checkpoints in the folder have."""
    kept = Checkpoints(tmp_path / "checkpoints")
    for step in (10, 20):
        kept.save(_state(step, 1.0), {})
    assert kept.wait()
    reader = Checkpoints(tmp_path / "links")
    same = fault_runs.fingerprints(reader, kept.folder / "10")
    assert same is not None
    other = same | {"params.generator.kernel": "other"}
    return fault_runs.Place(tmp_path, {}, reader, tmp_path, {10: same, 20: {**other, "step": "other"}}, 1.0), kept.folder


def test_a_checkpoint_that_differs_or_is_damaged_is_counted(disturbed):
    place, folder = disturbed
    tally = fault_runs.Tally("held")
    for tally.times, step in enumerate((10, 20), 1):
        place.check(folder, step, tally)
    assert (tally.survivors, tally.losses) == (1, [])
    assert tally.mismatches == [
        "trial 2: the checkpoint of step 20 differs in params.generator.kernel, position, step (3 arrays)",
    ]
    fault_damage.flip(folder / "10" / "manifest.json", random.Random(0))
    tally.times = 3
    place.check(folder, 10, tally)
    assert tally.losses == ["trial 3: the checkpoint of step 10 is not whole"]
    assert _rows(faults.table([tally]))[0][:5] == ["held", "3", "1", "1", "1"]


def test_damage_that_is_not_named_or_falls_back_to_nothing_is_counted(disturbed):
    place, folder = disturbed
    kept, tally = Checkpoints(folder), fault_runs.Tally("damaged")
    fault_damage._check(place, kept, Path("state/_METADATA"), folder / "10", tally)  # nothing is damaged
    assert len(tally.losses) == 2
    fault_damage.zero(folder / "20" / "state" / "_METADATA", random.Random(0))
    sound = fault_runs.Tally("damaged")
    fault_damage._check(place, kept, Path("state/_METADATA"), folder / "10", sound)
    assert (sound.losses, sound.mismatches) == ([], [])


def test_a_table_of_figures_has_a_dash_for_what_a_method_does_not_have(capsys):
    rows = {"semgan": {"answer_score": 0.25, "grid": 1.5}, "cut": {"grid": 2.0}}
    core_minutes.print_table("drawings", {"answer_score": "answer", "grid": "grid"}, rows)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "drawings:"
    assert lines[3:] == ["|  | answer | grid |", "| - | - | - |", "| semgan | 0.250 | 1.500 |", "| cut | – | 2.000 |"]


def test_a_run_is_stopped_once_its_process_has_worked_long_enough(monkeypatch):
    signals, spent = [], iter([0.0, 30.0, 59.9, 60.1])
    monkeypatch.setattr(core_minutes.time, "process_time", lambda: next(spent))
    monkeypatch.setattr(core_minutes.time, "sleep", lambda _: None)
    monkeypatch.setattr(core_minutes.os, "kill", lambda process, number: signals.append((process, number)))
    core_minutes._stop_after(60.0)
    assert signals == [(core_minutes.os.getpid(), core_minutes.signal.SIGTERM)]
    assert next(spent, None) is None


def test_damages_keep_shapes_and_stronger_ones_are_farther_from_the_picture():
    images = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3)).astype(np.uint8)
    smooth = np.repeat(np.repeat(images[:, :16, :16], 4, 1), 4, 2)
    changed = dict(damage.damaged(smooth, np.zeros_like(smooth), np.full_like(smooth, 255)))
    assert all(each.shape == smooth.shape and each.dtype == np.uint8 for each in changed.values())
    far = {name: np.abs(each.astype(float) - smooth).mean() for name, each in changed.items()}
    for names in (
        ("blur 0.01", "blur 0.047"),
        ("noise 20", "noise 100"),
        ("moved 0.016", "moved 0.047"),
        ("reference 0.25", "reference 0.75"),
    ):
        assert far[names[0]] < far[names[1]]
    for name in ("shuffled 4x4", "mirrored"):  # nothing new is drawn
        np.testing.assert_array_equal(np.sort(changed[name].ravel()), np.sort(smooth.ravel()))


def test_a_scatter_has_a_dot_for_each_point_those_beyond_at_the_border(tmp_path):
    figures.write_scatters(tmp_path / "a.svg", {"truth": {"a": [(0, 0), (1, 1), (9, -9)], "b": [(0.5, 0.5)]}}, ["measure"])
    circles = [each for each in ElementTree.parse(tmp_path / "a.svg").iter() if each.tag.endswith("circle")]
    assert len(circles) == 4
    right, bottom = figures.MARGIN + figures.WIDTH, figures.MARGIN + figures.HEIGHT
    assert (float(circles[2].get("cx")), float(circles[2].get("cy"))) == (right, bottom)


def test_recoloured_pictures_have_the_colours_of_the_reference_where_they_had_their_own():
    rng = np.random.default_rng(0)
    images = rng.permuted(np.tile(np.arange(256, dtype=np.uint8)[:, None], (2, 1, 3)), axis=1).reshape(2, 16, 16, 3)  # each value once
    references = rng.integers(60, 90, (2, 16, 16, 3)).astype(np.uint8)
    references[..., 0] += 100
    flat = references.reshape(2, -1, 3).astype(float)
    by_rank = restyle.match_histograms(images, references).reshape(2, -1, 3)
    np.testing.assert_array_equal(np.sort(by_rank, 1), np.sort(flat, 1))
    assert np.all(np.diff(np.take_along_axis(by_rank, images.reshape(2, -1, 3).argsort(1), 1).astype(int), axis=1) >= 0)
    for recolored in (restyle.match_moments(images, references), restyle.transfer_colors(images, references)):
        colors = recolored.reshape(2, -1, 3).astype(float)
        np.testing.assert_allclose(colors.mean(1), flat.mean(1), atol=1)
        np.testing.assert_allclose(colors.std(1), flat.std(1), atol=1)
    edge = np.zeros((1, 16, 16, 3), np.uint8)
    edge[:, :, 8:] = 200
    recolored = restyle.transfer_colors(edge, references[:1]).astype(float).mean((0, 1, 3))
    assert recolored[:8].max() < recolored[8:].min()


def test_names_of_models_are_unique_with_as_few_folders_as_that_takes(tmp_path):
    cut, other, munit = (tmp_path / each for each in ("x/cut", "y/cut", "x/munit"))
    paths = [cut / "checkpoints/500", cut / "checkpoints/1000", other / "checkpoints/500", munit / "last.safetensors"]
    for path in paths[:3]:
        path.mkdir(parents=True)
    names = bank.names_of([*paths, paths[0]])
    assert names == {"x cut 500": paths[0], "cut 1000": paths[1], "y cut 500": paths[2], "munit last": paths[3]}


@pytest.fixture
def drawn():
    """Three pairs of domain 1, whose reference is at place 3, 5 and 5 of a dataset whose rows are ten times the places."""
    domain = np.array([0, 0, 0, 1, 0, 1, 1], np.int32)

    def draw(content, reference, size):
        return np.full((size, size, 3), content + reference, np.uint8)

    dataset = SimpleNamespace(domain=domain, rows=10 * np.arange(7), images=np.zeros((7, 8, 8, 3), np.uint8), answer=draw)
    pairs = SimpleNamespace(content=np.array([0, 1, 2]), reference=np.array([3, 5, 5]))
    judged = SimpleNamespace(dataset=dataset, pairs=pairs, truth={"mask": np.zeros((3, 8, 8), np.uint8)})
    rng = np.random.default_rng(0)
    answers, others = (rng.integers(low, low + 60, (3, 8, 8, 3)).astype(np.uint8) for low in (20, 150))
    apart = bank.style_distances(answers, others, judged.truth["mask"]).mean(1)
    return bank.Drawings(judged, answers, answers, answers, others, apart)


def test_other_references_are_others_of_the_same_domain(drawn):
    others = bank.answers_to_others(drawn.pairs, 1)
    assert others[:, 0, 0, 0].tolist() == [0 + 50, 10 + 60, 20 + 60]
    assert bank.answers_to_others(drawn.pairs, 2)[:, 0, 0, 0].tolist() == [0 + 60, 10 + 30, 20 + 30]


def test_the_answer_is_nearer_to_itself_than_the_other_answer_and_the_other_way_round(drawn):
    assert bank.own_answer(drawn.answers, drawn).mean() == pytest.approx(1)
    assert bank.own_answer(drawn.others, drawn).mean() == pytest.approx(-1)
    half = damage.mix(drawn.answers, drawn.others, 0.5)
    assert abs(bank.own_answer(half, drawn).mean()) < 0.5


def _snapshots(truths):
    return {name: bank.Snapshot(np.zeros(0), truth) for name, truth in truths.items()}


def test_adoption_s_table_correlates_by_group_and_counts_other_references_in_the_last_two(capsys):
    styles = {"a 1": 0.1, "a 2": 0.2, "a 3": 0.3, "change answer": 0.1, "change x": 0.2, "change y": 0.3, "change other reference": 0.0}
    keys = {key for row in style_adoption.ROWS for key in (row.measure, row.truth)}
    snapshots = _snapshots({name: dict.fromkeys(keys, style) for name, style in styles.items()})
    values = {name: dict.fromkeys(keys, style + 0.7) for name, style in styles.items()}
    values |= {"change answer": dict.fromkeys(keys, 0.9), "change x": dict.fromkeys(keys, 0.8), "change y": dict.fromkeys(keys, 0.7)}
    style_adoption.print_table(values, snapshots)
    rows = _rows(capsys.readouterr().out.strip())
    assert len(rows) == len(style_adoption.ROWS)
    assert rows[0][2:7] == ["0.90", "0.90", "1", "1.000", "-1.000"]
    assert float(rows[0][8]) == pytest.approx(np.corrcoef([2, 3, 4, 1], [4, 3, 1.5, 1.5])[0, 1], abs=1e-3)


def test_retention_s_table_has_a_row_per_measure_and_the_judge_s_own(capsys):
    retention = {"a 1": 0, "a 2": 1, "a 3": 2, "damage answer none": 3}
    snapshots = _snapshots({name: dict.fromkeys(label_free.TRUTHS, value) for name, value in retention.items()})
    label_free.print_table({"upside down": {name: 9 - value for name, value in retention.items()}}, snapshots)
    upside_down, itself = _rows(capsys.readouterr().out.strip())
    count = len(label_free.TRUTHS)
    assert upside_down == ["upside down", "6.00", *["-1.000"] * count, *["–"] * count, *["-1.000"] * count]
    assert itself[2 : 2 + count] == ["1.000"] * count
