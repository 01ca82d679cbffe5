"""Times a cold and a warm start, from the command to the first training step, without and with the compilation cache; then the training.

    python benchmarks/start.py --config configs/quickstart.py

Each start is a separate process. The data are prepared before and so are not part of either; the first start finds an empty
compilation cache, the second the one that the first left. The second trains on: its images/s are the median of the logged intervals.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

LOGGED = 0.08
"""Thousands of images in an interval."""
ROOT = Path(__file__).resolve().parent.parent


def first_step(config: str, workdir: str, programs: str, kimg: float, overrides: list[str]) -> int:
    """Train for `kimg` thousand images; seconds from the command to the first step, as the launch itself says."""
    length = [f"--config.total_kimg={kimg}", f"--config.log_kimg={LOGGED}", "--config.evaluate_kimg=0"]
    short = [*length, "--config.judge.steps=10", "--config.judge.pairs=2", *overrides]
    command = [sys.executable, "launch.py", "--config", config, "--workdir", workdir, *short]
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": programs, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.5"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return int(re.findall(r"first step after (\d+) s", done.stderr)[0])


def images_per_second(workdir: Path) -> float:
    """The median of the logged intervals, none of which has the compilation in it."""
    lines = map(json.loads, (workdir / "metrics.jsonl").read_text().splitlines())
    rates = [line["time/images_per_second"] for line in lines if line.get("time/images_per_second")]
    return statistics.median(rates)


def main() -> None:
    """Prints both times and the rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, metavar="FILE.py[:ARGUMENT]", help="the experiment; --config.KEY=VALUE overrides")
    parser.add_argument("--kimg", type=float, default=0.8, help="thousands of images that the warm start trains on (default 0.8)")
    options, overrides = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("preparing data", "cold start", "warm start"):
            programs = Path(folder, "unused" if name == "preparing data" else "programs")
            kimg = options.kimg if name == "warm start" else 0.001
            seconds = first_step(options.config, str(Path(folder, name)), str(programs), kimg, overrides)
            print(f"{name:<16}{seconds:>5} s to the first step", flush=True)
        print(f"{'training':<16}{images_per_second(Path(folder, 'warm start')):>5.1f} images/s")


if __name__ == "__main__":
    main()
