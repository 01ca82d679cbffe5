"""A batch script for Slurm: one task per host, requeued when it was stopped before its end."""

import shlex

from semgan.errors import EXIT_PREEMPTED, EXIT_USER_ERROR, UserError
from semgan.launching.launch_job import SAVING_SECONDS, LaunchJob

_BODY = """
# The signal goes to the tasks alone, never through srun, which answers it by killing them.
cd {folder} || exit {user_error}
{devices}srun --kill-on-bad-exit=0 {command}
status=$?
if [ "$status" -eq {preempted} ]; then  # saved and stopped before its end: the same job goes on later
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
"""


def render(job: LaunchJob, *, python: str, script: str, folder: str) -> str:
    """The script for `sbatch`; all hosts see the same files, so that interpreter, script and folder are those of this machine."""
    if job.accelerator.kind == "tpu":
        raise UserError("--on slurm has no TPUs: give --accelerator gpu:8 or cpu")
    body = _BODY.format(
        folder=shlex.quote(folder),
        devices=_devices(job),
        command=shlex.join([python, script, *job.arguments]),
        preempted=EXIT_PREEMPTED,
        user_error=EXIT_USER_ERROR,
    )
    return "\n".join(["#!/bin/bash", *(f"#SBATCH --{directive}" for directive in _directives(job))]) + "\n" + body


def _directives(job: LaunchJob) -> list[str]:
    hosts, devices = job.accelerator.hosts, job.accelerator.devices
    return [
        f"job-name={job.name}",
        f"nodes={hosts}",
        "ntasks-per-node=1",
        *([f"gpus-per-node={devices}"] if job.accelerator.kind == "gpu" else []),
        *(["exclusive", "mem=0"] if hosts > 1 else []),  # whole hosts, with all of their memory
        *([f"time={job.time}"] if job.time else []),
        *([f"partition={job.partition}"] if job.partition else []),
        *([f"account={job.account}"] if job.account else []),
        f"signal=TERM@{SAVING_SECONDS}",
        "requeue",
        "open-mode=append",
    ]


def _devices(job: LaunchJob) -> str:
    """The variable that gives JAX all GPUs of a task: under Slurm it takes one per task by default."""
    if job.accelerator.kind != "gpu":
        return ""
    return f"export JAX_LOCAL_DEVICE_IDS={','.join(map(str, range(job.accelerator.devices)))}  # else JAX takes one per task\n"
