"""Damage to the files of a checkpoint: each is named, and the previous checkpoint is used instead."""

import contextlib
import io
import itertools
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.fault_runs import Place, Tally, committed_steps, digests, target
from semgan.errors import UserError
from semgan.training.checkpoints import Checkpoints

Damage = Callable[[Path, random.Random], object]


def flips(place: Place, count: int, draw: random.Random) -> list[Tally]:
    """One bit of one file, the files in turn, anywhere in it."""
    return [
        _damage_and_restore(place, Tally("one bit flipped in a checkpoint"), lambda files: itertools.product(files, [flip]), count, draw)
    ]


def damage(place: Place, count: int, draw: random.Random) -> list[Tally]:
    """Files that are cut short anywhere, zeroed or gone."""
    tally = Tally("a checkpoint's file cut short, zeroed or removed")
    return [_damage_and_restore(place, tally, lambda files: itertools.product(files, (cut, zero, remove)), count, draw)]


def flip(path: Path, draw: random.Random) -> None:
    data = bytearray(path.read_bytes())
    place = draw.randrange(8 * len(data))
    data[place // 8] ^= 1 << place % 8
    path.write_bytes(data)


def cut(path: Path, draw: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: draw.randrange(path.stat().st_size)])


def zero(path: Path, draw: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def remove(path: Path, draw: random.Random) -> None:
    path.unlink()


def _damage_and_restore(
    place: Place, tally: Tally, kinds: Callable[[list[Path]], Iterator[tuple[Path, Damage]]], count: int, draw: random.Random
) -> Tally:
    """Damages the newer of two checkpoints `count` times, then lets a run go on from the last damage to its end."""
    workdir, older, newer = _two_checkpoints(place, tally)
    checkpoints = Checkpoints(newer.parent)
    files = sorted(path for path in newer.rglob("*") if path.is_file())
    whole = {path: path.read_bytes() for path in files}
    faults = list(kinds(files))
    for path, harm in itertools.islice(itertools.cycle(draw.sample(faults, len(faults))), count):
        tally.times += 1
        for each, contents in whole.items():  # undoes the damage before
            each.write_bytes(contents)
        harm(path, draw)
        _check(place, checkpoints, path.relative_to(newer), older, tally)
    run = place.start(workdir)
    tally.hold(run.end() == 0, f"training did not go on from a damaged checkpoint: {run.output}")
    tally.hold(path.relative_to(newer).as_posix() in run.output, f"it did not name the damaged file: {run.output}")
    for step in committed_steps(newer.parent):
        place.check(newer.parent, step, tally)
    tally.notes = f"{len(files)} files; the last one trained on to the same bits"
    return tally


def _check(place: Place, checkpoints: Checkpoints, name: Path, older: Path, tally: Tally) -> None:
    """Holds that the damage is named and that the older checkpoint comes back."""
    output = io.StringIO()
    try:
        with contextlib.redirect_stderr(output):
            restored = checkpoints.restore(target(older))  # pyright: ignore[reportArgumentType]
    except UserError as error:
        tally.hold(False, f"{name}: {error}")
        return
    tally.hold(name.as_posix() in output.getvalue(), f"{name} was damaged and not named: {output.getvalue()!r}")
    if restored is None or restored.step != int(older.name):
        tally.hold(False, f"{name}: it did not fall back")
        return
    expected, actual = place.expected[restored.step], digests(restored.state)
    tally.equal(f"the checkpoint of step {restored.step}", [key for key in expected if actual.get(key) != expected[key]])


def _two_checkpoints(place: Place, tally: Tally) -> tuple[Path, Path, Path]:
    """A copy of the undisturbed run just before its end, with its last two checkpoints: folder, older and newer one."""
    workdir = place.folder / tally.name.replace(" ", "_")
    shutil.copytree(place.steady, workdir, ignore=shutil.ignore_patterns("checkpoints", "result.json"))
    older, newer = (str(step) for step in committed_steps(place.steady / "checkpoints")[-2:])
    for step in (older, newer):
        shutil.copytree(place.steady / "checkpoints" / step, workdir / "checkpoints" / step)
    return workdir, workdir / "checkpoints" / older, workdir / "checkpoints" / newer
