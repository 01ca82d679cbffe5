"""The collapse watch, on lines of a metrics log."""

import numpy as np
import pytest

from semgan.evaluation.figures.collapse import watch
from semgan.evaluation.figures.sample_figures import evaluate_samples


def lines(*values):
    return [{"step": 10 * at, "eval/diversity_share": share, "eval/recall": recall} for at, (share, recall) in enumerate(values, 1)]


def test_a_constant_generator_is_told_at_once_and_stops_within_three_evaluations():
    history = lines(*[(0.001, 0.0)] * 3)
    assert [watch(history[:count]).streak for count in range(4)] == [0, 1, 2, 3]
    assert [watch(history[:count]).stops for count in range(4)] == [False, False, False, True]
    assert watch(history).healthy_step is None


def test_real_evaluations_tell_a_constant_generator_from_a_healthy_one(judge, train_squares, test_squares, squares):
    """Through the samples' own evaluation: one picture over and over, with the little noise that a network's sum of rounding leaves."""
    rng, healthy = np.random.default_rng(0), squares(40, seed=6, split="test")
    healthy = healthy.images[healthy.rows]
    constant = np.clip(healthy[:1].astype(int) + rng.integers(-2, 3, healthy.shape), 0, 255).astype(np.uint8)

    def evaluated(images):
        evaluation = evaluate_samples(images, judge, train_squares, test_squares)
        return evaluation.value("diversity_share"), evaluation.value("recall")

    (same, good) = evaluated(constant), evaluated(healthy)
    assert watch(lines(*[same] * 3)).stops
    assert watch(lines(good, same, same, same)).healthy_step == 10
    assert watch(lines(*[good] * 3)).streak == 0


def test_a_collapse_in_the_middle_stops_and_names_the_last_healthy_step():
    state = watch(lines((0.8, 0.3), (0.9, 0.4), (0.3, 0.1), (0.25, 0.0), (0.2, 0.05)))
    assert state.stops
    assert state.healthy_step == 20
    assert state.why == "the diversity of its samples fell to 0.20 of the real pictures' from 0.90, recall to 0.05 from 0.40"


@pytest.mark.parametrize(
    "history",
    [
        [(0.4, 0.0), (0.6, 0.0), (0.8, 0.02), (0.9, 0.2), (0.95, 0.5)],  # learning: nothing is recalled at first
        [(0.9, 0.5), (0.9, 0.1), (0.85, 0.05), (0.9, 0.1)],  # recall swings, samples stay diverse
        [(0.9, 0.5), (0.4, 0.45), (0.42, 0.5), (0.41, 0.45)],  # fewer kinds of pictures, which still cover the real ones
        [(1.2, 0.01), (0.5, 0.0), (0.5, 0.0), (0.5, 0.0)],  # noise at the start is diverse
        [(0.8, None), (0.3, None), (0.3, None), (0.3, None)],  # recall was not measured
    ],
)
def test_healthy_runs_are_left_alone(history):
    states = [watch(lines(*history[: count + 1])) for count in range(len(history))]
    assert [state.streak for state in states] == [0] * len(history)
    assert states[-1].healthy_step == 10 * len(history)


def test_one_good_evaluation_ends_the_alarm():
    state = watch(lines((0.9, 0.5), (0.01, 0.0), (0.01, 0.0), (0.8, 0.4), (0.01, 0.0)))
    assert (state.streak, state.healthy_step) == (1, 40)


def test_other_lines_of_the_log_say_nothing():
    history = lines((0.001, 0.0), (0.001, 0.0))
    others = [{"step": 15, "d/loss": 1.0}, {"step": 16, "eval/whole_faces": 0.5}]
    assert watch([history[0], *others, history[1]]).streak == 2
    assert watch(others) == (0, "", None)
