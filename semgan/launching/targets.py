"""The targets of `launch.py --on`: their options, and what starts a job there."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from semgan.errors import UserError
from semgan.launching import kubernetes, launch_job, processes, slurm, tpu_vm
from semgan.training.joining import heartbeat_seconds

if TYPE_CHECKING:  # --help is there before it
    from ml_collections import ConfigDict


class _Site(NamedTuple):
    """The way to hand a job file to a target: the program that has to be there, the command that takes the file, and the file's ending."""

    options: frozenset[str]
    program: str
    command: tuple[str, ...]
    suffix: str


_GRACE_SECONDS = 30
"""Seconds beyond the heartbeat that other processes have to notice that one is gone."""
_ANYWHERE = {"submit", "name", "accelerator"}
_SITES = {
    "slurm": _Site(frozenset({*_ANYWHERE, "hosts", "devices_per_host", "time", "partition", "account"}), "sbatch", ("sbatch",), ".sbatch"),
    "kubernetes": _Site(
        frozenset({*_ANYWHERE, "hosts", "devices_per_host", "image", "volume"}), "kubectl", ("kubectl", "apply", "-f"), ".yaml"
    ),
    "tpu-vm": _Site(frozenset({*_ANYWHERE, "image", "volume", "zone", "project", "spot"}), "gcloud", ("bash",), ".sh"),
}
_OPTIONS = frozenset({"devices_per_process"}).union(*(site.options for site in _SITES.values()))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--on` and all that goes with it, in groups."""
    parser.add_argument(
        "--on",
        default="local",
        metavar="TARGET",
        help="where to train: local (here, the default), processes:N (a rehearsal of a pod), or slurm, kubernetes and tpu-vm, "
        "whose job file is printed",
    )
    parser.add_argument("--distributed", action="store_true", help="join the job's other processes; the job files say so by themselves")
    group = parser.add_argument_group("on processes:N")
    group.add_argument("--devices-per-process", type=int, metavar="K", help="virtual ones on a CPU (1)")
    group = parser.add_argument_group("on slurm, kubernetes and tpu-vm")
    group.add_argument("--submit", action="store_true", default=None, help="start the job by sbatch, kubectl or gcloud instead")
    group.add_argument("--name", help="of the job (the run's folder)")
    group.add_argument("--accelerator", metavar="KIND", help="gpu, gpu:4 (four per host), cpu, or a TPU slice such as tpu:v5e-16 (gpu:8)")
    group.add_argument("--hosts", type=int, metavar="N", help="with GPUs or CPUs, on slurm and kubernetes (1)")
    group.add_argument("--devices-per-host", type=int, metavar="N", help="GPUs, on slurm and kubernetes (8)")
    group = parser.add_argument_group("on slurm")
    group.add_argument("--time", metavar="HH:MM:SS", help="limit after which it is requeued where it has not finished (the partition's)")
    group.add_argument("--partition", help="(the site's default)")
    group.add_argument("--account", help="(the user's default)")
    group = parser.add_argument_group("on kubernetes and tpu-vm")
    group.add_argument("--image", help="container image with semgan inside")
    group.add_argument("--volume", metavar="SOURCE:/FOLDER", help="what holds the workdir: CLAIM:/runs, or on tpu-vm SERVER:/EXPORT:/runs")
    group = parser.add_argument_group("on tpu-vm")
    group.add_argument("--zone", help="(gcloud's own)")
    group.add_argument("--project", help="(gcloud's own)")
    group.add_argument("--spot", action="store_true", default=None, help="a slice that can be preempted, for less money")


def check(options: argparse.Namespace) -> None:
    """Raises a UserError for a target that does not exist, or an option that the target does not take."""
    target, _, count = options.on.partition(":")
    if target == "processes":
        if not count.isdecimal() or not 1 <= int(count) <= 256:
            raise UserError(f"--on {options.on} does not say how many processes: write --on processes:2")
    elif options.on != "local" and options.on not in _SITES:
        raise UserError(f"--on {options.on} is not a target: give local, processes:N, {', '.join(_SITES)}")
    if options.distributed and options.on != "local":
        raise UserError(f"--distributed is for a process of a job: leave it out with --on {options.on}, which adds it where it is needed")
    accepted = _SITES[target].options if target in _SITES else {"devices_per_process"} if target == "processes" else frozenset()
    for option in sorted(_OPTIONS - accepted):
        if getattr(options, option) is not None:
            raise UserError(f"--{option.replace('_', '-')} has no meaning with --on {options.on}: leave it out; --help says where it has")


def start(options: argparse.Namespace, overrides: Sequence[str], config: "ConfigDict", script: str) -> int:
    """Starts the job, or prints its file, anywhere but in this process; returns the exit status."""
    if options.on.startswith("processes:"):
        return _processes(options, overrides, config, script)
    site = _SITES[options.on]
    accelerator = launch_job.accelerator(options)
    _check_batch(config, accelerator.hosts * accelerator.devices)
    text = _render(options.on, launch_job.make(options, overrides, accelerator), script)
    if not options.submit:
        print(text, end="")
        return 0
    return _submit(options, site, text)


def _processes(options: argparse.Namespace, overrides: Sequence[str], config: "ConfigDict", script: str) -> int:
    count = int(options.on.partition(":")[2])
    devices = 1 if options.devices_per_process is None else options.devices_per_process
    if devices < 1:
        raise UserError(f"--devices-per-process is {devices}, but has to be 1 or more")
    _check_batch(config, count * devices)
    command = [sys.executable, script, "--distributed", *launch_job.train_arguments(options, overrides)]
    return processes.run(command, count, devices=devices, grace=heartbeat_seconds() + _GRACE_SECONDS)


def _check_batch(config: "ConfigDict", devices: int) -> None:
    from semgan.training.parallel import check_batch  # which imports jax, but touches no device

    check_batch(config.batch_size, devices, config.accumulate)


def _render(target: str, launch: launch_job.LaunchJob, script: str) -> str:
    if target == "slurm":
        return slurm.render(launch, python=sys.executable, script=script, folder=str(Path.cwd()))
    return kubernetes.render(launch) if target == "kubernetes" else tpu_vm.render(launch)


def _submit(options: argparse.Namespace, site: _Site, text: str) -> int:
    """Writes the job file, into the run's folder where that is on this machine, and gives it to the site's client."""
    if shutil.which(site.program) is None:
        raise UserError(
            f"--submit needs {site.program}, which is not on this machine: leave out --submit and take the file printed to one that has it"
        )
    file = _file(options, site.suffix)
    file.write_text(text, encoding="utf-8")
    print(f"job file: {file}", file=sys.stderr)
    status = subprocess.run([*site.command, str(file)], check=False).returncode
    if status:
        raise UserError(f"{site.program} could not start the job (status {status}): it has said why, and the file is {file}")
    return 0


def _file(options: argparse.Namespace, suffix: str) -> Path:
    folder = Path(options.workdir) if options.on == "slurm" else Path(tempfile.mkdtemp(prefix="semgan-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--workdir {folder} cannot be written to ({error.strerror}): choose another folder") from error
    return folder / f"launch{suffix}"
