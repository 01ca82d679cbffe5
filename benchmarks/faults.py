"""Disturbs training as machines do, again and again, and counts the losses: a table, and exit status 1 for any loss or mismatch.

    python benchmarks/faults.py                                  all of it: five minutes of an idle core
    python benchmarks/faults.py --trials kills,flips --count 5

Real processes of `launch.py` train a small DCGAN on drawn faces, with a checkpoint every ten steps, and are killed, interrupted and
starved of disk. What they go on to is held against a run that nothing disturbed, bit by bit: parameters, averages, optimizer states,
step and position in the data, of every checkpoint that both have.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import fault_damage
from benchmarks.fault_runs import RESUMED, WORKS, Place, Tally, Training, committed_steps, prepare, step_of, writing

_EARLY = 0.2
"""Share of the kills at any moment that come between launch and first step."""
_STEADY_SECONDS = 2.0
"""Other kills at any moment come so long after the first step at most, which is several checkpoints."""
_SAVE_SECONDS = 0.1
"""Kills during a save come so long after its beginning at most, if it still runs then."""
_ENDED = 0
_PREEMPTED = 75
_TERMINATED_TWICE = 128 + signal.SIGTERM


class Chain:
    """A run that is resumed after every disturbance; its checkpoints are compared with those of the undisturbed run."""

    def __init__(self, place: Place, tally: Tally, name: str):
        self._place, self._tally, self._name, self._number = place, tally, name, 0
        self._anew()

    def _anew(self) -> None:
        self._number += 1
        self.workdir = self._place.folder / f"{self._name}-{self._number}"
        self.checkpoints = self.workdir / "checkpoints"
        self._checked: set[int] = set()

    def newest(self) -> int:
        return max(committed_steps(self.checkpoints), default=0)

    def launch(self) -> Training:
        return self._place.start(self.workdir)

    def resume(self) -> Training:
        """Launches, and holds that it goes on from the newest committed checkpoint and has cleared up."""
        newest = self.newest()
        run = self.launch()
        match = run.wait_for(RESUMED)
        self._tally.hold(match is not None, f"the same command did not go on: {run.output}")
        step = int((match[1] or "0").replace(",", "")) if match else 0
        self._tally.hold(step == newest, f"it went on from step {step}, though {newest} was committed")
        leftovers = self._leftovers(run)
        self._tally.hold(not leftovers, f"{', '.join(leftovers)} was left over")
        return run

    def _leftovers(self, run: Training) -> list[str]:
        """Entries that are not checkpoints and older than the run."""
        leftovers = []
        for path in self.checkpoints.glob("*.*"):
            with contextlib.suppress(FileNotFoundError):  # the run's own work
                leftovers += [path.name] * (path.stat().st_mtime < run.launched)
        return leftovers

    def check(self) -> None:
        """Checks every checkpoint that has come since the last time."""
        for step in sorted(set(committed_steps(self.checkpoints)) - self._checked):
            self._place.check(self.checkpoints, step, self._tally)
            self._checked.add(step)

    def finish(self) -> None:
        """Notes that the run has come to its end: the next launch begins a new one."""
        self.check()
        self._tally.hold(self.newest() == max(self._place.expected), f"it ended at step {self.newest()}")
        self._anew()


def kills(place: Place, count: int, draw: random.Random) -> list[Tally]:
    """Ends it by kill -9, half of them during a save: the same command goes on from the last committed checkpoint, to the same bits."""
    tally = Tally("kill -9, at any moment or during a save")
    chain, during = Chain(place, tally, "kills"), 0
    while tally.times < count:
        at_a_save = tally.times % 2 == 0
        status, saving = _kill(place, chain, at_a_save, draw)
        if status == _ENDED:
            chain.finish()
            continue
        tally.times += 1
        _report_progress(tally, f"at step {chain.newest()}")
        tally.hold(status == -signal.SIGKILL, f"it had ended by itself with status {status}")
        chain.check()
        during += saving
    tally.hold(chain.resume().end() == _ENDED, "the run did not come to its end")
    chain.finish()
    tally.notes = f"{during} left a half-written checkpoint"
    return [tally]


def _kill(place: Place, chain: Chain, at_a_save: bool, draw: random.Random) -> tuple[int, bool]:
    """Takes the run up again and kills it: its exit status, and whether a checkpoint was being written."""
    if not at_a_save and draw.random() < _EARLY:
        run = chain.launch()
        time.sleep(draw.uniform(0, place.start_seconds))
    else:
        run = chain.resume()
        if at_a_save:
            _wait_within_save(run, draw)
        elif run.wait_for(WORKS):
            time.sleep(draw.uniform(0, _STEADY_SECONDS))
    return run.kill(), bool(writing(chain.checkpoints))


def _report_progress(tally: Tally, where: str) -> None:
    """Progress, for the person who watches."""
    print(f"{tally.name}: {tally.times}, {where}", file=sys.stderr, flush=True)


def _wait_within_save(run: Training, draw: random.Random) -> None:
    """Returns within a save, at any of its moments, or where the run has ended."""
    while (name := run.wait_for_save(draw.randint(1, 3))) is not None:
        time.sleep(draw.uniform(0, _SAVE_SECONDS))
        if name in writing(run.checkpoints):
            return


def terminations(place: Place, count: int, draw: random.Random) -> list[Tally]:
    """SIGTERM during a save, once or twice: the save commits, or the process ends at once and the step before is intact."""
    once, twice = Tally("SIGTERM during a save"), Tally("SIGTERM during a save, and again")
    chain = Chain(place, once, "once")
    while once.times < count:
        run = chain.resume()
        name = run.wait_for_save(draw.randint(1, 3))
        run.signal(signal.SIGTERM)
        status = run.end()
        if status == _ENDED:
            chain.finish()
            continue
        once.times += 1
        _report_progress(once, f"at step {chain.newest()}")
        once.hold(status == _PREEMPTED, f"its exit status was {status}")
        once.hold(name is not None and step_of(name) in committed_steps(chain.checkpoints), f"{name} was not committed")
        chain.check()
    chain, slowest = Chain(place, twice, "twice"), 0.0
    while twice.times < count:
        run = chain.resume()
        before = chain.newest()
        run.wait_for_save(draw.randint(1, 3))
        run.signal(signal.SIGTERM)
        run.wait_for("a second signal stops at once")
        began = time.monotonic()
        run.signal(signal.SIGTERM)
        if run.end() in (_ENDED, _PREEMPTED):  # before the second one came
            chain.check()
            continue
        twice.times += 1
        _report_progress(twice, f"at step {chain.newest()}")
        slowest = max(slowest, time.monotonic() - began)
        twice.hold(run.process.returncode == _TERMINATED_TWICE, f"its exit status was {run.process.returncode}")
        twice.hold(before in (0, *committed_steps(chain.checkpoints)), f"the checkpoint of step {before} is gone")
        chain.check()
    chain.resume().kill()
    twice.notes = f"gone after {slowest:.2f} s at most"
    return [once, twice]


def full_disks(place: Place, count: int, draw: random.Random) -> list[Tally]:
    """A disk fills up and is freed again while training goes on: an alert, the last step intact, nothing half-written, the same bits."""
    tally = Tally("disk full during a save")
    small = place.folder / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "semgan-faults", str(small)], capture_output=True, text=True)
    if mounted.returncode:
        tally.notes = f"left out: a small file system cannot be mounted here ({mounted.stderr.strip()})"
        return [tally]
    try:
        for _ in range(count):
            tally.times += 1
            _fill(place, small / "run", tally)
            shutil.rmtree(small / "run")
    finally:
        subprocess.run(["umount", str(small)], check=True)
    return [tally]


def _fill(place: Place, workdir: Path, tally: Tally) -> None:
    run = place.start(workdir, keep=2)
    begun = run.wait_until(lambda: len(committed_steps(run.checkpoints)) == 2)
    tally.hold(begun, f"training did not begin: {run.output}")
    ballast = workdir / "ballast"
    _fill_up(ballast)
    alerted = run.wait_until(lambda: run.output.count("SAVING THE CHECKPOINT") >= 2)
    tally.hold(alerted, f"training did not go on with an alert: {run.output}")
    steps = committed_steps(run.checkpoints)
    tally.hold(bool(steps), "no checkpoint is left")
    for step in steps:
        place.check(run.checkpoints, step, tally)
    ballast.unlink()
    more = run.wait_until(lambda: len([step for step in committed_steps(run.checkpoints) if step > max(steps, default=0)]) == 2)
    tally.hold(more, f"no save succeeded once the disk was free again: {run.output}")
    run.signal(signal.SIGTERM)
    tally.hold(run.end() == _PREEMPTED, f"its exit status was {run.process.returncode}")
    tally.hold(not writing(run.checkpoints), "half a checkpoint was left")
    for step in committed_steps(run.checkpoints):
        place.check(run.checkpoints, step, tally)


def _fill_up(path: Path) -> None:
    """Writes until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


class Kind(NamedTuple):
    """A kind of trial: what makes it, and how often unless `--count` says otherwise."""

    make: Callable[[Place, int, random.Random], list[Tally]]
    count: int


KINDS = {
    "kills": Kind(kills, 50),
    "flips": Kind(fault_damage.flips, 40),
    "damage": Kind(fault_damage.damage, 30),
    "terminations": Kind(terminations, 5),
    "full_disks": Kind(full_disks, 3),
}
"""Kinds of trial by their names for `--trials`; those of several processes are in `benchmarks/pod.py`."""


def table(tallies: list[Tally]) -> str:
    """The trials, and beneath it a line for each loss and mismatch."""
    head = ["| trial | times | survived | losses | mismatches | |", "|---|---|---|---|---|---|"]
    rows = [f"| {t.name} | {t.times} | {t.survivors} | {len(t.losses)} | {len(t.mismatches)} | {t.notes} |" for t in tallies]
    sentences = [f"{t.name}: {sentence}" for t in tallies for sentence in t.losses + t.mismatches]
    return "\n".join([*head, *rows, *sentences])


def main() -> int:
    """Prints the table; 1 for any loss or mismatch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", default=",".join(KINDS), help="kinds, separated by commas (default %(default)s)")
    parser.add_argument("--count", type=int, default=0, help="of each kind; default: as many as its kind has")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and places (default %(default)s)")
    parser.add_argument("--workdir", type=Path, default=None, help="where runs are made and left; default: a temporary folder")
    options = parser.parse_args()
    names = options.trials.split(",")
    if unknown := [name for name in names if name not in KINDS]:
        parser.error(f"--trials names {unknown[0]!r}: choose from {', '.join(KINDS)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if options.workdir is None else options.workdir.absolute()
        if folder.exists() and os.listdir(folder):
            parser.error(f"--workdir {folder} is not empty: give a new folder")
        place = prepare(folder)
        print(
            f"first step {place.start_seconds:.1f} s after the launch; an undisturbed run of {max(place.expected):,} steps", file=sys.stderr
        )
        tallies: list[Tally] = []
        for name in names:
            kind = KINDS[name]
            tallies += kind.make(place, options.count or kind.count, random.Random(f"{options.seed} {name}"))
            print(table(tallies), file=sys.stderr, flush=True)
    print(table(tallies))
    return int(any(tally.losses or tally.mismatches for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
