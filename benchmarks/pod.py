"""Rehearses a pod on this machine by `launch.py --on processes:N`, and compares what it trains with what one process trains.

    python benchmarks/pod.py --workdir runs/pod
    python benchmarks/pod.py --workdir runs/pod --parts numbers,devices

numbers: two and four processes of two and four devices in all give the log and the last checkpoint that one process gives with as many
  devices, but for float32's rounding.
death: one of two processes is killed by SIGKILL; the others end, and the same command ends in the same state as an uninterrupted run.
signal: one of two processes gets SIGTERM; both save at the same step and exit with 75, and one process goes on.
devices: a run goes on from eight devices to four, to two and to one.

The experiment is `configs/drawn_faces_semgan.py --debug`, the real algorithm with tiny networks, with an eps of Adam's of 0.1: updates go
with gradients then. At 1e-8 every parameter without a gradient but rounding (a bias before a normalisation) walks at random, on one device
as well as on many. The exit status is 1 if a part fails.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

BATCH, STEPS, EVERY = 8, 24, 4
TOLERANCE = 1e-5
"""The largest difference of parameters after all steps, as a share of the network's largest parameter."""
_NETWORKS = ("generator", "discriminator", "mapping_network", "style_encoder", "semantic_heads")
_HEARTBEAT = "10"
_PATIENCE = 600.0


def start(workdir: Path, processes: int, devices: int) -> subprocess.Popen[str]:
    """Starts the run on `processes` processes; its output goes to a file beside its folder."""
    command = [sys.executable, "launch.py", "--config", "configs/drawn_faces_semgan.py", "--workdir", str(workdir), "--debug"]
    command += [f"--config.batch_size={BATCH}", f"--config.total_kimg={STEPS * BATCH / 1000}"]
    command += [f"--config.{key}_kimg={EVERY * BATCH / 1000}" for key in ("checkpoint", "log")]
    command += [f"--config.optimizers.{name}.eps=0.1" for name in _NETWORKS]
    command += ["--config.keep_checkpoints=100", "--on", f"processes:{processes}", "--devices-per-process", str(devices)]
    with workdir.with_suffix(".log").open("a") as log:
        environment = os.environ | {"SEMGAN_HEARTBEAT": _HEARTBEAT}
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, text=True)


def wait_for_end(run: subprocess.Popen[str], expected: int | None) -> int:
    """The exit status of a process; SystemExit for another than expected."""
    status = run.wait(_PATIENCE)
    if expected is not None and status != expected:
        sys.exit(f"a run ended with status {status} instead of {expected}")
    return status


def whole(workdir: Path, processes: int, devices: int) -> Path:
    """A run from where it is to the end; one that has finished stays."""
    wait_for_end(start(workdir, processes, devices), 0)
    return workdir


def empty(workdir: Path) -> Path:
    """The folder, without an earlier run."""
    shutil.rmtree(workdir, ignore_errors=True)
    workdir.with_suffix(".log").unlink(missing_ok=True)
    return workdir


def at_checkpoint(run: subprocess.Popen[str], workdir: Path, step: int, act: Callable[[], None]) -> None:
    """Acts as soon as the checkpoint is there."""
    end = time.monotonic() + _PATIENCE
    while not (workdir / "checkpoints" / str(step)).is_dir():
        if run.poll() is not None or time.monotonic() > end:
            sys.exit(f"{workdir} did not come to step {step}")
        time.sleep(0.005)
    act()


def child(run: subprocess.Popen[str], number: int) -> int:
    """The process id of one of the supervisor's processes."""
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    for pid in children:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        if f"JAX_PROCESS_ID={number}".encode() in variables:
            return int(pid)
    sys.exit(f"process {number} is not there")


def arrays(workdir: Path) -> dict[str, np.ndarray]:
    """The arrays of the last checkpoint, by key."""
    import orbax.checkpoint as ocp

    last = max(int(path.name) for path in (workdir / "checkpoints").iterdir() if path.name.isdecimal())
    return ocp.StandardCheckpointer().restore((workdir / "checkpoints" / str(last) / "state").absolute())


def difference(actual: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> float:
    """The largest, of parameters, as a share of the largest parameter of the same network."""
    worst, largest = 0.0, {}
    names = [key for key in expected if key.startswith(("params.", "ema_params."))]
    for key in names:
        network = key.split(".")[1]
        largest[network] = max(largest.get(network, 0.0), float(np.abs(expected[key]).max()))
    for key in names:
        worst = max(worst, float(np.abs(actual[key] - expected[key]).max()) / largest[key.split(".")[1]])
    return worst


def equal_bits(actual: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> bool:
    """Returns whether all leaves are equal: parameters, averages, optimizer states and counters."""
    return actual.keys() == expected.keys() and all(np.array_equal(actual[key], expected[key]) for key in expected)


def losses(workdir: Path) -> np.ndarray:
    """The losses in the log, (interval, phase)."""
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return np.array([[line[name] for name in ("d/loss", "g/loss")] for line in lines if "steps" in line])


def numbers(folder: Path) -> list[str]:
    rows = []
    for processes, count in ((2, 2), (2, 4), (4, 4)):
        alone = whole(folder / f"one_of_{count}", 1, count)
        other = whole(folder / f"{processes}_of_{count}", processes, count // processes)
        apart = difference(arrays(other), arrays(alone))
        of_losses = float(np.abs(losses(other) / losses(alone) - 1).max())
        what = f"{processes} processes of {count} devices in all as one, {STEPS} steps"
        rows.append(line(what, f"but for {apart:.1e}, losses {of_losses:.1e}", apart < TOLERANCE))
    return rows


def death(folder: Path) -> list[str]:
    expected, workdir = whole(folder / "2_of_4", 2, 2), empty(folder / "death")
    run = start(workdir, 2, 2)
    at_checkpoint(run, workdir, 8, lambda: os.kill(child(run, 1), signal.SIGKILL))
    killed = time.monotonic()
    status, seconds = wait_for_end(run, None), time.monotonic() - killed
    rows = [line("process 1 of 2 killed: the other ends", f"status {status} after {seconds:.0f} s", status != 0)]
    same = equal_bits(arrays(whole(workdir, 2, 2)), arrays(expected))
    return [*rows, line("the same command again", f"{'' if same else 'NOT '}equal to an uninterrupted run to the last bit", same)]


def preemption(folder: Path) -> list[str]:
    expected, workdir = whole(folder / "2_of_4", 2, 2), empty(folder / "signal")
    run = start(workdir, 2, 2)
    at_checkpoint(run, workdir, 4, lambda: os.kill(child(run, 1), signal.SIGTERM))
    status = wait_for_end(run, None)
    stopped = re.findall(r"stopped after step (\d+)", workdir.with_suffix(".log").read_text())
    rows = [line("SIGTERM to process 1 of 2", f"status {status} after step {', '.join(stopped)}", status == 75 and len(stopped) == 1)]
    apart = difference(arrays(whole(workdir, 1, 4)), arrays(expected))
    return [*rows, line("one process with four devices goes on", f"but for {apart:.1e}", apart < TOLERANCE)]


def devices(folder: Path) -> list[str]:
    expected, workdir = whole(folder / "one_of_8", 1, 8), empty(folder / "fewer")
    for count, until in ((8, 4), (4, 12), (2, 16)):
        run = start(workdir, 1, count)
        at_checkpoint(run, workdir, until, run.terminate)
        wait_for_end(run, 75)
    apart = difference(arrays(whole(workdir, 1, 1)), arrays(expected))
    position = int(arrays(workdir)["position"]) == int(arrays(expected)["position"])
    return [line("8, 4, 2, 1 devices in one run", f"but for {apart:.1e}", apart < TOLERANCE and position)]


def line(what: str, result: str, good: bool) -> str:
    return f"| {what} | {result} | {'good' if good else 'FAILED'} |"


PARTS: dict[str, Any] = {"numbers": numbers, "death": death, "signal": preemption, "devices": devices}


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", required=True, type=Path, metavar="DIR", help="for the runs; those that have finished serve again")
    parser.add_argument("--parts", default=",".join(PARTS), metavar="NAMES", help=f"separated by commas (default: {','.join(PARTS)})")
    options = parser.parse_args()
    if unknown := set(options.parts.split(",")) - PARTS.keys():
        parser.error(f"--parts names {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    options.workdir.mkdir(parents=True, exist_ok=True)
    print("| trial | found | |", "|-|-|-|", sep="\n", flush=True)
    rows = []
    for part in options.parts.split(","):
        for text in PARTS[part](options.workdir):
            print(text, flush=True)
            rows.append(text)
    sys.exit(any("FAILED" in text for text in rows))


if __name__ == "__main__":
    main()
