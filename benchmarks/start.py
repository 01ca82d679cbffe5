"""Times a cold and a warm start: from the command to the first training step, without and with the compilation cache.

    python benchmarks/start.py --config configs/quickstart.py

Each start is a process of its own that trains two steps. The data are prepared before and so are no part of either; the first
start finds an empty compilation cache, the second the one that the first left.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def first_step(config: str, workdir: str, programs: str, overrides: list[str]) -> int:
    """Seconds from the command to the first step, as the launch itself says."""
    short = ["--config.total_kimg=0.001", "--config.judge.steps=10", "--config.judge.pairs=2", *overrides]
    command = [sys.executable, "launch.py", "--config", config, "--workdir", workdir, *short]
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": programs, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.5"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return int(re.findall(r"first step after (\d+) s", done.stderr)[0])


def main() -> None:
    """Prints both times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, metavar="FILE.py[:ARGUMENT]", help="the experiment; --config.KEY=VALUE overrides")
    options, overrides = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("preparing data", "cold start", "warm start"):
            programs = Path(folder, "unused" if name == "preparing data" else "programs")
            seconds = first_step(options.config, str(Path(folder, name)), str(programs), overrides)
            print(f"{name:<16}{seconds:>5} s to the first step", flush=True)


if __name__ == "__main__":
    main()
