"""Runs of several methods that have had the same time: minutes of one core's work, which other load on the machine does not change.

    python benchmarks/core_minutes.py CONFIG FOLDER MINUTES [--config.KEY=VALUE ...]

trains one run until its process has worked for so many minutes, over all its starts; on Linux it stays on one core. What is compiled
counts.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PAIRS = 500
"""Held-out pairs, by default."""
_SPENT = "core_seconds.json"
_NOTHING_ELSE = ("--config.max_minutes=0", "--config.evaluate_kimg=0", "--config.picture_kimg=20", "--config.checkpoint_kimg=2")
"""Training alone, without scores on the way, saved often enough."""
_EVERY = 0.5
"""Seconds between looks at the clock."""


def train_until(config: str, folder: Path, minutes: float, *overrides: str) -> Path:
    """The snapshot of the run after so many minutes of one core; one that is there is not trained again.

    Raises:
      subprocess.CalledProcessError: training has failed.
    """
    kept = folder / f"snapshot_{minutes:g}.safetensors"
    if not kept.exists():
        command = [sys.executable, __file__, config, str(folder.resolve()), str(minutes), *_NOTHING_ELSE, *overrides]
        subprocess.run(command, cwd=ROOT, check=True)
        shutil.copyfile(folder / "snapshot.safetensors", kept)
    return kept


def measure(snapshot: Path, pairs: int, data: str = "", into: str = "") -> dict[str, float]:
    """The figures of `semgan evaluate` by name, taken once and kept beside the snapshot with its page."""
    from semgan.evaluation.evaluate_command import evaluate_snapshot

    out = snapshot.with_name(f"{snapshot.stem}{'_' * bool(into)}{into}_{pairs}.json")
    if out.exists():
        report = json.loads(out.read_text())
    else:
        report = evaluate_snapshot(snapshot, out, data_dir=data, pairs=pairs, into=into, strengths=())
    return {figure["name"]: figure["value"] for figure in report["figures"]}


def print_table(title: str, columns: Mapping[str, str], rows: Mapping[str, Mapping[str, float]]) -> None:
    """Prints Markdown: a row per method, a column per figure (its head by its name); a dash for what a method does not have."""
    lines = [["", *columns.values()], ["-"] * (1 + len(columns))]
    lines += [[name, *(f"{values[key]:.3f}" if key in values else "–" for key in columns)] for name, values in rows.items()]
    print(f"\n{title}:\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))


def options_parser(description: str | None, minutes: float, only: str = "") -> argparse.ArgumentParser:
    """The options that the benchmarks of several methods share, with their defaults."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", required=True, type=Path, metavar="DIR", help="where the runs are kept")
    parser.add_argument("--minutes", default=minutes, type=float, metavar="N", help=f"of one core, for each (default: {minutes:g})")
    parser.add_argument("--only", default=only, metavar="NAMES", help=f"of methods, separated by commas (default: {only or 'all'})")
    parser.add_argument("--pairs", default=PAIRS, type=int, metavar="N", help=f"held-out pairs (default: {PAIRS})")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Trains in this process until its time is over; the status of the end."""
    config, folder, minutes, *overrides = arguments
    spent = _spent(Path(folder))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    threading.Thread(target=_stop_after, args=(60 * float(minutes) - spent,), daemon=True).start()
    import launch

    status = launch.main(["--config", config, "--workdir", folder, *overrides])
    (Path(folder) / _SPENT).write_text(json.dumps(spent + time.process_time()))
    from semgan.errors import EXIT_PREEMPTED

    return 0 if status == EXIT_PREEMPTED else status


def _spent(folder: Path) -> float:
    """Seconds that earlier starts of the run have worked."""
    path = folder / _SPENT
    return float(json.loads(path.read_text())) if path.exists() else 0.0


def _stop_after(seconds: float) -> Any:
    while time.process_time() < seconds:
        time.sleep(_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
