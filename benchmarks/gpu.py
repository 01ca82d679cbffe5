"""Everything that a first GPU can tell in a few minutes: is it correct, how fast is it, and what does a model look like.

    python benchmarks/gpu.py --minutes 9 --out runs/gpu
    python benchmarks/gpu.py --minutes 3 --platform cpu --small --out runs/gpu_rehearsal

In this order: one step of every algorithm on the device against the CPU, in bfloat16 against float32, and a resumed run against one
without a break (`gpu_correctness.py`); the training step of six configs over batch sizes (`gpu_speed.py`); with `--peer DIR`, a
checkout of clovaai/stargan-v2, the official step beside ours (`gpu_peer.py`, which needs PyTorch); and a training of
`drawn_faces_semgan.py:128` for the minutes that are left.

Each part is a process with a deadline, so that one which hangs takes its own time and no other's. Every result is in `OUT/results.json`
as soon as it is known; `OUT/table.md` has them as one table, `OUT/picture.png` is the training's last picture, and `OUT/*.log` has what
the parts say.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from semgan.files import write_whole
from semgan.xla import knows

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = {
    "celeba_stargan_v2.py:256": (8, 16, 32),
    "celeba_semgan.py:128": (16, 64, 128),
    "celeba_semgan.py:256": (8, 16, 32),
    "celeba_r3gan.py": (32, 128, 256),
    "celeba_stylegan2.py": (16, 32, 64),
    "horse2zebra_cut.py": (1, 4, 16),
}
"""The configs that are timed, with their batch sizes."""
TRAINED = "configs/drawn_faces_semgan.py:128"
DETERMINISTIC = "--xla_gpu_deterministic_ops=true"
"""The flag without which a GPU adds in any order, and no two runs are equal to the bit."""
SHARES = {"correctness": 0.3, "speed": 0.7, "peer": 0.8}
"""The share of the time by which each part has to be over; the training has the rest."""
EVALUATION_SECONDS = 40.0
"""An estimate of what the end of the training takes: a snapshot, a picture and the judge's scores."""


class Record:
    """The results so far, on the disk after each one."""

    def __init__(self, out: Path, about: dict):
        self._out, self.about, self.rows = out, about, []
        self._write()

    def add(self, row: dict) -> None:
        """Keep and print one result."""
        self.rows.append(row)
        print(_line(row), flush=True)
        self._write()

    def _write(self) -> None:
        write_whole(self._out / "results.json", json.dumps(self.about | {"results": self.rows}, indent=1).encode())
        write_whole(self._out / "table.md", (table(self.rows) + "\n").encode())


COLUMNS = {
    "part": "part",
    "what": "what",
    "batch": "batch",
    "images_per_second": "images/s",
    "memory_gib": "memory, GiB",
    "compile_seconds": "compile, s",
    "share_of_product": "share of the bfloat16 product",
    "result": "result",
}
"""The table's columns: keys of a result, and their headings."""


def table(rows: list[dict]) -> str:
    """All results as one Markdown table."""
    lines = [" | ".join(COLUMNS.values()), " | ".join("-" for _ in COLUMNS), *map(_line, rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _line(row: dict) -> str:
    texts = {key: format(value, ".3g") if isinstance(value, float) else str(value) for key, value in row.items()}
    return " | ".join(texts.get(key, "") for key in COLUMNS)


def part(name: str, command: list[str], out: Path, environment: dict[str, str], seconds: float) -> Iterator[dict]:
    """Run `command` for at most `seconds`: yields each line of JSON that it prints, as it comes, and how it ended where it failed."""
    options = {"stdout": subprocess.PIPE, "env": environment, "cwd": ROOT, "text": True, "errors": "replace", "start_new_session": True}
    with (out / f"{name}.log").open("a") as log, subprocess.Popen(command, stderr=log, **options) as child:
        late = threading.Event()
        timer = threading.Timer(max(seconds, 1.0), lambda: (late.set(), _kill(child)))
        timer.start()
        try:
            for line in child.stdout or ():
                if line.startswith("{"):
                    yield {"part": name, **json.loads(line)}
                else:
                    log.write(line)
            status = child.wait()
        finally:
            timer.cancel()
            _kill(child)
    if late.is_set():
        yield {"part": name, "what": " ".join(command[2:4]), "result": f"cut off after {seconds:.0f} s"}
    elif status:
        yield {"part": name, "what": " ".join(command[2:4]), "result": f"FAILED with status {status}: {_last_line(out / f'{name}.log')}"}


def _kill(child: subprocess.Popen) -> None:
    """End the process and all that it started."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _last_line(path: Path) -> str:
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def missing() -> list[str]:
    """The distributions that semgan depends on and this Python does not have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[<>=!~ \[;]", text)[0] for text in project["dependencies"]]

    def absent(name: str) -> bool:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            return True
        return False

    return list(filter(absent, names))


class Session:
    """The parts of one run, its clock and its record."""

    def __init__(self, options: argparse.Namespace):
        self.options, self.out = options, options.out.absolute()
        self._started, self._whole = time.monotonic(), 60 * options.minutes
        self.environment = {
            **os.environ,
            "JAX_PLATFORMS": "cpu" if options.platform == "cpu" else f"{options.platform},cpu",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
            "XLA_PYTHON_CLIENT_MEM_FRACTION": "0.92",
            "TF_CPP_MIN_LOG_LEVEL": "2",
        }
        self.out.mkdir(parents=True, exist_ok=True)
        about = {"command": " ".join(sys.argv), "date": time.strftime("%Y-%m-%d %H:%M"), "minutes": options.minutes}
        self.record = Record(self.out, about)

    def left(self, share: float = 1.0) -> float:
        """Seconds until that share of the time is over."""
        return self._started + share * self._whole - time.monotonic()

    def script(self, name: str, file: str, arguments: list[str], seconds: float, **environment: str) -> list[dict]:
        """Run a script of this folder as a part and keep what it finds."""
        if seconds < 10:
            self.record.add({"part": name, "what": " ".join(arguments[:2]), "result": "not run: no time left"})
            return []
        small = ["--small"] if self.options.small else []
        command = [sys.executable, f"benchmarks/{file}", *arguments, *small]
        rows = []
        for row in part(name, command, self.out, self.environment | environment, seconds):
            rows.append(row)
            self.record.add(row)
        return rows

    def start_data(self) -> subprocess.Popen:
        """Draw the faces that will be trained on, beside the other parts: a GPU leaves the CPUs free."""
        command = ["nice", "-n", "10", sys.executable, "benchmarks/gpu_speed.py", "--draw", TRAINED, *(["--small"] * self.options.small)]
        log = (self.out / "data.log").open("w")
        return subprocess.Popen(
            command, stdout=log, stderr=log, env=self.environment | {"JAX_PLATFORMS": "cpu"}, cwd=ROOT, start_new_session=True
        )

    def speed(self) -> None:
        """Time the configs, each with its share of the time that is left for all."""
        for index, (config, batches) in enumerate(CONFIGS.items()):
            sizes = ",".join(map(str, (2, 4) if self.options.small else batches))
            seconds = self.left(SHARES["speed"]) / (len(CONFIGS) - index)
            self.script("speed", "gpu_speed.py", ["--config", f"configs/{config}", "--batches", sizes], seconds)

    def train(self) -> None:
        """Train for the time that is left; its scores and its last picture."""
        seconds = self.left() - 5
        if seconds < 30:
            self.record.add({"part": "training", "what": TRAINED, "result": "not run: no time left"})
            return
        workdir = self.out / "run"
        minutes = max(seconds - EVALUATION_SECONDS, seconds / 2) / 60
        command = [sys.executable, "launch.py", "--config", TRAINED, "--workdir", str(workdir), f"--config.max_minutes={minutes:.2f}"]
        command += ["--debug"] if self.options.small else ["--config.picture_kimg=10"]
        for row in part("training", command, self.out, self.environment, seconds):
            self.record.add(row)
        self.record.add(trained(workdir, self.out))


def trained(workdir: Path, out: Path) -> dict:
    """The results in the run's folder, whether or not the run came to its end; its last picture is copied to `out`."""
    lines = [json.loads(line) for line in _complete_lines(workdir / "metrics.jsonl")]
    rates = [line["time/images_per_second"] for line in lines if line.get("time/images_per_second")]
    scores = [line["eval/transfer_score"] for line in lines if line.get("eval/transfer_score") is not None]
    if pictures := sorted((workdir / "pictures").glob("*.png")):
        shutil.copy(pictures[-1], out / "picture.png")
    score = f"transfer score {scores[-1]:.3f}" if scores else "no score yet"
    row = {"part": "training", "what": TRAINED, "kimg": lines[-1]["kimg"] if lines else 0.0, "transfer_scores": scores}
    if rates:
        row["images_per_second"] = sorted(rates)[len(rates) // 2]
    return row | {"result": f"{score} at {row['kimg']:.4g} kimg{', picture.png' if pictures else ''}"}


def _complete_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.endswith("}")] if path.exists() else []


def main() -> None:
    """Run the parts in order and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=9.0, help="all that it may take (default 9)")
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"), metavar="FOLDER", help="results, logs and picture (default runs/gpu)")
    parser.add_argument("--platform", default="cuda", choices=("cuda", "rocm", "cpu"), help="JAX's platform (default cuda)")
    parser.add_argument("--small", action="store_true", help="debug configs, for a rehearsal on a CPU")
    parser.add_argument("--peer", type=Path, metavar="DIR", help="a checkout of clovaai/stargan-v2, timed with PyTorch")
    options = parser.parse_args()
    if names := missing():
        install = f"pip install --no-index --find-links FOLDER {' '.join(names)}"
        sys.exit(f"semgan: error: this Python lacks {', '.join(names)}: carry their wheels here and run {install}")
    session = Session(options)
    machine = session.script("machine", "gpu_speed.py", ["--machine"], min(120.0, session.left()))
    if not machine or "device" not in machine[0]:
        sys.exit(f"semgan: error: jax finds no {options.platform} device: {session.record.rows[-1]['result']}")
    session.record.about |= machine[0]
    data = session.start_data()
    flags = {"XLA_FLAGS": DETERMINISTIC} if options.platform != "cpu" and knows(DETERMINISTIC) else {}
    session.script("correctness", "gpu_correctness.py", [], session.left(SHARES["correctness"]), **flags)
    session.speed()
    if options.peer:
        session.script("peer", "gpu_peer.py", [str(options.peer.absolute())], session.left(SHARES["peer"]))
    try:
        data.wait(max(session.left() - 60, 1))
    except subprocess.TimeoutExpired:
        _kill(data)
    session.train()
    print(table(session.record.rows))


if __name__ == "__main__":
    main()
