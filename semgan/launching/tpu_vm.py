"""A script for TPU VMs: asks for a slice as a queued resource where there is none, and trains on all of its workers.

Nothing watches over the slice: a preempted one is gone for good, and running the script again makes a new one.
"""

import shlex

from semgan.errors import EXIT_PREEMPTED, UserError
from semgan.launching.launch_job import SAVING_SECONDS, LaunchJob, image, volume

_SCRIPT = """\
#!/bin/bash
# Trains on every worker of a TPU slice. Where the slice was preempted, run this again: it makes a new one and training goes on.
set -euo pipefail
slice=({slice})

state() {{
  gcloud compute tpus queued-resources describe "${{slice[@]}}" --format='value(state.state)' 2>/dev/null || echo ABSENT
}}

work() {{  # on every worker
  local status
  while :; do
    status=0
    {command} || status=$?
    if [ "$status" -ne {preempted} ]; then return "$status"; fi
  done
}}

now=$(state)
if [ "$now" = SUSPENDED ] || [ "$now" = FAILED ]; then  # preempted: it never comes back to life
  gcloud compute tpus queued-resources delete "${{slice[@]}}" --force --quiet
  now=ABSENT
fi
if [ "$now" = ABSENT ]; then
  gcloud compute tpus queued-resources create "${{slice[@]}}" {create}
fi
while :; do
  now=$(state)
  case "$now" in
    ACTIVE) break ;;
    ACCEPTED | CREATING | PROVISIONING | WAITING_FOR_RESOURCES) sleep 30 ;;
    *) echo "the slice is $now: run this again in some minutes" >&2; exit 1 ;;
  esac
done
gcloud compute tpus tpu-vm ssh "${{slice[@]}}" --worker=all --command="$(declare -f work); work"
"""


def render(job: LaunchJob) -> str:
    """The script for `bash`, on a machine that has gcloud."""
    tpu = job.accelerator.tpu
    if tpu is None:
        raise UserError("--on tpu-vm needs --accelerator, such as tpu:v5e-16")
    create = [f"--node-id={job.name}", f"--accelerator-type={tpu.accelerator_type}", f"--runtime-version={tpu.runtime}"]
    return _SCRIPT.format(
        slice=shlex.join([job.name, *_options(zone=job.zone, project=job.project)]),
        create=shlex.join([*create, *(["--spot"] if job.spot else [])]),
        command=shlex.join(_container(job)),
        preempted=EXIT_PREEMPTED,
    )


def _options(**options: str | None) -> list[str]:
    return [f"--{name}={value}" for name, value in options.items() if value]


def _container(job: LaunchJob) -> list[str]:
    """The worker's command; the NFS export is mounted by Docker, so that a new slice needs no preparation."""
    export, folder = volume(job, r"[\w.-]+:(/[\w.-]*)+", "10.0.0.2:/share:/runs, an NFS export that all workers reach")
    server, _, path = export.partition(":")
    nfs = f'volume-driver=local,volume-opt=type=nfs,"volume-opt=o=addr={server},nolock",volume-opt=device=:{path}'
    return [
        *("sudo", "docker", "run", "--rm", f"--name={job.name}", "--privileged", "--net=host", f"--stop-timeout={SAVING_SECONDS}"),
        *("--mount", f"type=volume,source=semgan-runs,target={folder},{nfs}"),
        *(image(job, "tpu-vm"), "python", "launch.py", *job.arguments),
    ]
