"""Measures all that a first GPU can show in a few minutes: correctness, speed, and a trained model.

    python benchmarks/gpu.py --minutes 9 --out runs/gpu
    python benchmarks/gpu.py --minutes 9 --platform cpu --small --out runs/gpu_rehearsal

First, side by side, since both take the CPUs: one step of every algorithm on the device against the CPU, in bfloat16 against float32, and
a resumed run against one without a break (`gpu_correctness.py`); and the steps that are to be timed are compiled. Then, one at a time:
the training step of six configs over batch sizes (`gpu_speed.py`); with `--peer DIR`, a checkout of clovaai/stargan-v2, the official
step beside ours (`gpu_peer.py`, which needs PyTorch); and a training of `drawn_faces_semgan.py:128` for the minutes that are left.

Each part is a process with a deadline, so that one which hangs takes its own time and no other's. Every result is in `OUT/results.json`
as soon as it is known; `OUT/table.md` has them as one table, `OUT/picture.png` is the training's last picture, and `OUT/*.log` has what
the parts say.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.gpu_record import ROOT, Record, end, part, table
from semgan.xla import knows

CONFIGS = {
    "celeba_stargan_v2.py:256": (8, 16, 32),
    "celeba_semgan.py:128": (16, 64, 128),
    "celeba_semgan.py:256": (8, 16, 32),
    "celeba_r3gan.py": (32, 128, 256),
    "celeba_stylegan2.py": (16, 32, 64),
    "horse2zebra_cut.py": (1, 4, 16),
}
"""The configs that are timed, with their batch sizes."""
SMALL_BATCHES = (2, 4)
TRAINING_CONFIG = "configs/drawn_faces_semgan.py:128"
DETERMINISTIC = "--xla_gpu_deterministic_ops=true"
"""Without it, a GPU adds in any order, and no two runs are equal to the bit."""
SHARES = {"correctness": 0.4, "speed": 0.75, "peer": 0.85}
"""By which share of the time each part has to be over; the training has the rest."""
LEAST_SECONDS = 10.0
"""A part with less than this is not begun: it takes as long to import jax and find the device."""
EVALUATION_SECONDS = 40.0
"""Seconds that the end of the training takes (a snapshot, a picture and the judge's scores): an estimate."""
TIMED_OUT = "not run: no time left"


def missing_packages() -> list[str]:
    """The distributions that semgan depends on and this Python does not have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[<>=!~ \[;]", text)[0] for text in project["dependencies"]]

    def is_absent(name: str) -> bool:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            return True
        return False

    return list(filter(is_absent, names))


class Session:
    """The parts of one run, its clock and its record."""

    def __init__(self, options: argparse.Namespace):
        self.options, self.out = options, options.out.absolute()
        self._started, self._whole = time.monotonic(), 60 * options.minutes
        self._environment = {
            **os.environ,
            "JAX_PLATFORMS": "cpu" if options.platform == "cpu" else f"{options.platform},cpu",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
            "JAX_COMPILATION_CACHE_DIR": str(self.out / "programs"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "XLA_PYTHON_CLIENT_MEM_FRACTION": "0.92",
            "TF_CPP_MIN_LOG_LEVEL": "2",
        }
        self._compiled: dict[tuple[str, int], dict] = {}
        self.out.mkdir(parents=True, exist_ok=True)
        about = {"command": " ".join(sys.argv), "date": time.strftime("%Y-%m-%d %H:%M"), "minutes": options.minutes}
        self.record = Record(self.out, about)

    def seconds_left(self, share: float = 1.0) -> float:
        """Seconds until that share of the time is over."""
        return self._started + share * self._whole - time.monotonic()

    def script(self, name: str, what: str, arguments: list[str], seconds: float, **environment: str) -> list[dict]:
        """Run `benchmarks/gpu_...py` as a part of that name; what it finds, of which all but compiled programs is recorded at once."""
        if seconds < LEAST_SECONDS:
            self.record.add({"part": name, "what": what, "result": TIMED_OUT})
            return []
        command = [sys.executable, *arguments, *["--small"] * self.options.small]
        rows = []
        for row in part(name, what, command, self.out, self._environment | environment, seconds):
            if name == "compile" and "flops" in row:
                self._compiled[row["what"], row["batch"]] = row
            elif name == "speed" and "seconds" in row:
                self.record.add(self._with_rates(row))
            else:
                self.record.add(row)
            rows.append(row)
        return rows

    def _with_rates(self, row: dict) -> dict:
        """A time, with what is known of its compiled program."""
        compiled = self._compiled.get((row["what"], row["batch"]))
        if compiled is None:
            return row
        rate = compiled["flops"] / row["seconds"]
        rates = {"tflops_per_second": rate / 1e12, "share_of_product": rate / row["product"]}
        return row | rates | {"compile_seconds": compiled["compile_seconds"]}

    def start_data(self) -> subprocess.Popen:
        """Draw the faces that will be trained on, beside the other parts: a GPU leaves the CPUs free."""
        command = [
            "nice",
            "-n",
            "10",
            sys.executable,
            "benchmarks/gpu_speed.py",
            "--draw",
            TRAINING_CONFIG,
            *["--small"] * self.options.small,
        ]
        environment = self._environment | {"JAX_PLATFORMS": "cpu"}
        with (self.out / "data.log").open("w") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=ROOT, start_new_session=True)

    def prepare(self) -> None:
        """Runs what takes the CPUs side by side: correctness, and all compilations of what is timed, whose programs stay on the disk."""
        seconds, sharing = self.seconds_left(SHARES["correctness"]), {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        flags = {"XLA_FLAGS": DETERMINISTIC} if self.options.platform != "cpu" and knows(DETERMINISTIC) else {}
        waiting: list[Future] = []
        with ThreadPoolExecutor(1 + len(CONFIGS)) as pool:
            correct = ["benchmarks/gpu_correctness.py"]
            waiting.append(pool.submit(self.script, "correctness", "every algorithm", correct, seconds, **sharing, **flags))
            for config in CONFIGS:
                arguments = self._timing(config, "--compile")
                waiting.append(pool.submit(self.script, "compile", config, arguments, seconds, **sharing))
        for future in waiting:
            future.result()

    def speed(self) -> None:
        """Time the configs, each with its share of the time that is left for all."""
        for index, config in enumerate(CONFIGS):
            seconds = self.seconds_left(SHARES["speed"]) / (len(CONFIGS) - index)
            self.script("speed", config, self._timing(config, "--time"), seconds)

    def _timing(self, config: str, what: str) -> list[str]:
        batches = SMALL_BATCHES if self.options.small else CONFIGS[config]
        return ["benchmarks/gpu_speed.py", what, f"configs/{config}", "--batches", ",".join(map(str, batches))]

    def train(self) -> None:
        """Train for the time that is left; its scores and its last picture."""
        seconds = self.seconds_left() - 5
        if seconds < 3 * LEAST_SECONDS:
            self.record.add({"part": "training", "what": TRAINING_CONFIG, "result": TIMED_OUT})
            return
        workdir = self.out / "run"
        minutes = max(seconds - EVALUATION_SECONDS, seconds / 2) / 60
        command = [
            sys.executable,
            "launch.py",
            "--config",
            TRAINING_CONFIG,
            "--workdir",
            str(workdir),
            f"--config.max_minutes={minutes:.2f}",
        ]
        command += ["--debug"] if self.options.small else ["--config.picture_kimg=10"]
        for row in part("training", TRAINING_CONFIG, command, self.out, self._environment, seconds):
            self.record.add(row)
        self.record.add(training_result(workdir, self.out))


def training_result(workdir: Path, out: Path) -> dict:
    """Reads the results in the run's folder, whether or not the run came to its end; its last picture is copied to `out`."""
    lines = [json.loads(line) for line in _complete_lines(workdir / "metrics.jsonl")]
    rates = [line["time/images_per_second"] for line in lines if line.get("time/images_per_second")]
    scores = [line["eval/transfer_score"] for line in lines if line.get("eval/transfer_score") is not None]
    if pictures := sorted((workdir / "pictures").glob("*.png")):
        shutil.copy(pictures[-1], out / "picture.png")
    score = f"transfer score {scores[-1]:.3f}" if scores else "no score yet"
    row = {"part": "training", "what": TRAINING_CONFIG, "kimg": lines[-1]["kimg"] if lines else 0.0, "transfer_scores": scores}
    if rates:
        row["images_per_second"] = sorted(rates)[len(rates) // 2]
    return row | {"result": f"{score} at {row['kimg']:.4g} kimg{', picture.png' if pictures else ''}"}


def _complete_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.endswith("}")] if path.exists() else []


def main() -> None:
    """Run the parts and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=9.0, help="all that it may take (default 9)")
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"), metavar="FOLDER", help="results, logs and picture (default runs/gpu)")
    parser.add_argument("--platform", default="cuda", choices=("cuda", "rocm", "cpu"), help="JAX's platform (default cuda)")
    parser.add_argument("--small", action="store_true", help="debug configs, for a rehearsal on a CPU")
    parser.add_argument("--peer", type=Path, metavar="DIR", help="a checkout of clovaai/stargan-v2, timed with PyTorch")
    options = parser.parse_args()
    if names := missing_packages():
        install = f"pip install --no-index --find-links FOLDER {' '.join(names)}"
        sys.exit(f"semgan: error: this Python lacks {', '.join(names)}: carry their wheels here and run {install}")
    session = Session(options)
    machine = session.script("machine", options.platform, ["benchmarks/gpu_speed.py", "--machine"], min(120.0, session.seconds_left()))
    if not machine or "device" not in machine[0]:
        sys.exit(f"semgan: error: jax finds no {options.platform} device: {session.record.rows[-1]['result']}")
    session.record.about |= machine[0]
    data = session.start_data()
    session.prepare()
    session.speed()
    if options.peer:
        peer = ["benchmarks/gpu_peer.py", str(options.peer.absolute())]
        session.script("peer", "clovaai/stargan-v2", peer, session.seconds_left(SHARES["peer"]))
    try:
        data.wait(max(session.seconds_left() - 60, 1))
    except subprocess.TimeoutExpired:
        end(data)
    session.train()
    print(table(session.record.rows))


if __name__ == "__main__":
    main()
