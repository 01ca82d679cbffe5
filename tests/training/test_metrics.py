"""Metrics: means of what was measured, and a file without duplicates after a resume."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from semgan.training import metrics


def test_means_leave_out_the_steps_that_a_lazy_phase_sat_out():
    totals = None
    for loss, lazy in [(1.0, 5.0), (2.0, np.nan), (6.0, 7.0)]:
        totals = metrics.add(totals, {"d/loss": jnp.float32(loss), "d_r1/loss": jnp.float32(lazy), "x": jnp.float32(np.inf)})
    assert totals is not None
    assert metrics.means(totals) == {"d/loss": 3.0, "d_r1/loss": 6.0, "x": None}


def test_the_progress_line_says_how_far_how_fast_and_how_long():
    line = {"step": 1500, "kimg": 24.0, "skipped": 2, "d/loss": 1.2345, "d/real": 9.0, "g/loss": None, "time/images_per_second": 41.26}
    assert metrics.progress_line(line, 48.0, 585.4) == (
        "step 1,500 · 24 of 48 kimg (50%) · 41.3 images/s · 9:45 left · d 1.23 · g not finite · 2 steps skipped"
    )


def test_lines_after_the_restored_step_are_dropped(tmp_path):
    log = metrics.MetricsLog(tmp_path, step=0)
    for step in (5, 10, 15):
        log.write({"step": step, "kimg": step / 10, "d/loss": float("nan") if step == 10 else 1.0})
    log.close()
    with (tmp_path / metrics.FILE).open("a") as file:
        file.write('{"step": 16, "ki')  # a process killed while it wrote
    log = metrics.MetricsLog(tmp_path, step=10)
    assert [line["step"] for line in log.lines] == [5, 10]
    log.write({"step": 15, "kimg": 1.5})
    log.close()
    lines = [json.loads(text) for text in (tmp_path / metrics.FILE).read_text().splitlines()]
    assert [line["step"] for line in lines] == [5, 10, 15]
    assert lines[1]["d/loss"] is None


def test_events_are_written_where_tensorboard_is_installed(tmp_path):
    pytest.importorskip("tensorboardX")
    log = metrics.MetricsLog(tmp_path, step=0)
    log.write({"step": 1, "kimg": 0.1, "d/loss": 1.0, "g/loss": None})
    log.close()
    assert [path.stat().st_size > 50 for path in tmp_path.glob("events.out.tfevents.*")] == [True]
