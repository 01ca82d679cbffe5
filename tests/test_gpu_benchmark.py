"""What the GPU benchmark has when its time runs out is kept, and a part that hangs or dies takes no other with it."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gpu, gpu_correctness, gpu_record
from benchmarks.gpu_correctness import Outcome, difference


def _part(tmp_path, code, seconds=60.0):
    return list(gpu_record.part("speed", "a.py", [sys.executable, "-c", code], tmp_path, dict(os.environ), seconds))


def _ended(pid):
    """Whether a process ends within ten seconds, and is reaped or a zombie."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


def test_results_of_a_part_come_as_it_prints_them(tmp_path):
    rows = _part(tmp_path, 'print(\'{"what": "a"}\'); print(\'a remark\'); print(\'{"what": "b"}\')')
    assert rows == [{"part": "speed", "what": "a"}, {"part": "speed", "what": "b"}]
    assert "a remark" in (tmp_path / "speed.log").read_text()


def test_a_part_that_hangs_is_cut_off_with_all_that_it_started_and_its_results_stay(tmp_path):
    pid = tmp_path / "pid"
    code = (
        'import subprocess, sys, time; print(\'{"what": "a"}\', flush=True)\n'
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid)); time.sleep(600)"
    )
    start = time.monotonic()
    rows = _part(tmp_path, code, seconds=5.0)
    assert time.monotonic() - start < 60
    assert rows[0]["what"] == "a"
    assert rows[1] == {"part": "speed", "what": "a.py", "result": "cut off after 5 s"}
    assert _ended(int(pid.read_text()))


def test_a_part_that_dies_says_its_last_word(tmp_path):
    (row,) = _part(tmp_path, "import sys; sys.exit('semgan: error: no such thing')")
    assert row["result"] == "FAILED with status 1: semgan: error: no such thing"


def test_every_result_is_on_the_disk_at_once(tmp_path):
    record = gpu_record.Record(tmp_path, {"minutes": 9.0})
    for count, row in enumerate(({"part": "speed", "what": "a", "batch": 8, "images_per_second": 123.456}, {"part": "peer"}), 1):
        record.add(row)
        assert json.loads((tmp_path / "results.json").read_text()) == {"minutes": 9.0, "results": record.rows}
        assert len((tmp_path / "table.md").read_text().splitlines()) == 2 + count
    assert "| speed | a | 8 | 123 |" in (tmp_path / "table.md").read_text()


def test_without_time_a_part_is_not_run_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "part", lambda *arguments: pytest.fail("it ran"))
    session = gpu.Session(argparse.Namespace(out=tmp_path, minutes=0.0, platform="cpu", small=True, peer=None))
    session.speed()
    session.train()
    assert [row["result"] for row in session.record.rows] == ["not run: no time left"] * (len(gpu.CONFIGS) + 1)


def test_rates_join_what_was_compiled_and_what_was_timed(tmp_path, monkeypatch):
    compiled = [{"part": "compile", "what": "a.py", "batch": 8, "flops": 6e12, "compile_seconds": 40.0}]
    timed = [{"part": "speed", "what": "a.py", "batch": batch, "seconds": batch / 80, "product": 4e14} for batch in (8, 16)]
    rows = {"compile": compiled, "speed": timed}
    monkeypatch.setattr(gpu, "part", lambda name, *arguments: rows[name])
    session = gpu.Session(argparse.Namespace(out=tmp_path, minutes=9.0, platform="cpu", small=True, peer=None))
    session.script("compile", "a.py", [], 60.0)
    session.script("speed", "a.py", [], 60.0)
    first, second = session.record.rows
    assert first["tflops_per_second"] == pytest.approx(60.0)
    assert first["share_of_product"] == pytest.approx(0.15)
    assert first["compile_seconds"] == 40.0
    assert second == rows["speed"][1]


def test_a_training_that_was_cut_off_tells_what_it_had(tmp_path):
    run = tmp_path / "run"
    (run / "pictures").mkdir(parents=True)
    for name in ("10.png", "20.png"):
        (run / "pictures" / name).write_bytes(name.encode())
    lines = [{"kimg": 10.0, "time/images_per_second": 50.0}, {"kimg": 10.0, "eval/transfer_score": 0.5}, {"kimg": 20.0}]
    (run / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)) + '\n{"kimg": 3')
    row = gpu.training_result(run, tmp_path)
    assert (row["kimg"], row["images_per_second"], row["transfer_scores"]) == (20.0, 50.0, [0.5])
    assert row["result"] == "transfer score 0.500 at 20 kimg, picture.png"
    assert (tmp_path / "picture.png").read_bytes() == b"20.png"


def test_a_training_that_never_began_has_no_score(tmp_path):
    assert gpu.training_result(tmp_path / "run", tmp_path)["result"] == "no score yet at 0 kimg"


def test_absent_dependencies_are_named_in_one_sentence(tmp_path):
    code = (
        "from importlib import metadata\nfrom benchmarks import gpu\n"
        "def version(name):\n    if name in ('array-record', 'ml-collections'): raise metadata.PackageNotFoundError(name)\n"
        "gpu.metadata.version = version\ngpu.sys.argv = ['gpu.py']\ngpu.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=gpu.ROOT, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("semgan: error: this Python lacks array-record, ml-collections: ")
    assert done.stderr.count("\n") == 1


def test_all_configs_that_are_timed_are_there():
    names = [name.partition(":")[0] for name in (*(f"configs/{name}" for name in gpu.CONFIGS), gpu.TRAINING_CONFIG)]
    assert [name for name in names if not (gpu.ROOT / name).is_file()] == []


@pytest.mark.parametrize(
    ("ours", "worst", "value"),
    [
        (Outcome({"d/loss": 2.2}, {"d": np.array([3.0, 4.0])}), "d/loss", 0.1),
        (Outcome({"d/loss": 2.0}, {"d": np.array([3.0, 4.5])}), "moments of d", 0.1),
        (Outcome({"d/loss": float("nan")}, {"d": np.array([3.0, 4.0])}), "d/loss", float("nan")),
    ],
)
def test_the_largest_relative_difference_is_told(ours, worst, value):
    found = difference(ours, Outcome({"d/loss": 2.0}, {"d": np.array([3.0, 4.0])}))
    assert found == (pytest.approx(value, nan_ok=True), worst)
    assert (found[0] <= gpu_correctness.TOLERANCE["float32"]) is False
