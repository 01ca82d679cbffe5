"""One training job, as the options of `launch.py` describe it."""

import argparse
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

from semgan.errors import UserError
from semgan.launching.accelerators import Accelerator, parse

SAVING_SECONDS = 300
"""Seconds before its end at which a job gets the signal to save and stop."""
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
_PLAIN = re.compile(r"[\w.,:+@-]+")


class LaunchJob(NamedTuple):
    """The values that a target renders; None: the target's own default."""

    name: str
    workdir: str
    arguments: tuple[str, ...]  # of launch.py, the same on every host
    accelerator: Accelerator
    time: str | None = None
    partition: str | None = None
    account: str | None = None
    image: str | None = None
    volume: str | None = None
    zone: str | None = None
    project: str | None = None
    spot: bool = False


def make(options: argparse.Namespace, overrides: Sequence[str], accelerator: Accelerator) -> LaunchJob:
    """Checks what the options say of the job; raises a UserError that names the first that is wrong."""
    for option in ("partition", "account", "image", "zone", "project"):
        value = getattr(options, option)
        if value is not None and not _PLAIN.fullmatch(value.replace("/", "") if option == "image" else value):
            raise UserError(f"--{option} is {value!r}, but has to be a plain name of letters, digits and .,:+@-")
    return LaunchJob(
        name=_name(options.name, options.workdir),
        workdir=options.workdir,
        arguments=(*(["--distributed"] if accelerator.hosts > 1 else []), *train_arguments(options, overrides)),
        accelerator=accelerator,
        time=_time(options.time),
        partition=options.partition,
        account=options.account,
        image=options.image,
        volume=options.volume,
        zone=options.zone,
        project=options.project,
        spot=bool(options.spot),
    )


def train_arguments(options: argparse.Namespace, overrides: Sequence[str]) -> list[str]:
    """The arguments that are about training, not about the target."""
    return ["--config", options.config, "--workdir", options.workdir, *(["--debug"] if options.debug else []), *overrides]


def accelerator(options: argparse.Namespace) -> Accelerator:
    """The accelerator asked for, by default eight GPUs on one host."""
    for option in ("hosts", "devices_per_host"):
        if (value := getattr(options, option)) is not None and value < 1:
            raise UserError(f"--{option.replace('_', '-')} is {value}, but has to be 1 or more")
    return parse(options.accelerator or "gpu", options.hosts, options.devices_per_host)


def volume(job: LaunchJob, source: str, example: str) -> tuple[str, str]:
    """The volume's two parts; UserError unless the run's folder lies on it, for what lies elsewhere ends with the machine."""
    text = job.volume or ""
    name, _, folder = text.rpartition(":")
    if not re.fullmatch(source, name) or not re.fullmatch(r"(/[\w.-]+)+", folder) or ".." in folder:
        problem = f"--volume is {text!r}" if text else "--volume is missing"
        raise UserError(f"{problem}: give the shared volume that holds the run and where it appears, such as {example}")
    workdir = PurePath(job.workdir)
    if PurePath(folder) not in workdir.parents or ".." in workdir.parts:
        raise UserError(f"--workdir {job.workdir} is not on the volume at {folder} and would end with the job: give {folder}/{job.name}")
    return name, folder


def image(job: LaunchJob, target: str) -> str:
    """The container image, which has no default."""
    if job.image is None:
        raise UserError(f"--on {target} needs --image, one with semgan and its configs inside (docs/pods.md shows how to build it)")
    return job.image


def _name(name: str | None, workdir: str) -> str:
    """A name that every target takes; made from the run's folder where none is given."""
    if name is None:
        slug = re.sub(r"[^a-z0-9]+", "-", PurePath(workdir).name.lower()).strip("-")
        return (slug if slug[:1].isalpha() else f"semgan-{slug}")[:40].strip("-")
    if not _NAME.fullmatch(name):
        raise UserError(f"--name is {name!r}, but has to be lower-case letters, digits and -, from a letter on and 40 at most")
    return name


def _time(time: str | None) -> str | None:
    if time is None:
        return None
    parts = re.fullmatch(r"(?:(\d+)-)?(\d+):([0-5]\d):([0-5]\d)", time)
    if not parts:
        raise UserError(f"--time is {time!r}, but has to be HH:MM:SS or DAYS-HH:MM:SS")
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    if ((days * 24 + hours) * 60 + minutes) * 60 + seconds <= SAVING_SECONDS:
        raise UserError(f"--time is {time}, but the last {SAVING_SECONDS // 60} minutes are for saving: give more")
    return time
