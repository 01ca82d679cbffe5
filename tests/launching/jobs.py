"""Jobs that the tests of this folder render."""

from semgan.launching import accelerators, kubernetes, slurm, tpu_vm
from semgan.launching.launch_job import LaunchJob

NASTY = [
    "a b,c'd",
    '"double"',
    "$(HOME)$$x`id`",
    "back\\slash",
    "#no: comment",
    "ink&~Male*?;|<>!{}[]",
    "line\nbreak\ttab",
    "é☃😀\u2028\x85\x7f",
    "",
]
"""Values that a shell or YAML would read as something else."""
TRAIN = ("--config", "configs/celeba_semgan.py:256", "--config.batch_size=32", "--config.data.domains=a b,c'd")


def job(accelerator="gpu", hosts=None, devices=None, *, workdir="/runs/faces", extra=(), **options):
    asked = accelerators.parse(accelerator, hosts, devices)
    joined = ("--distributed",) if asked.hosts > 1 else ()
    return LaunchJob(name="faces", workdir=workdir, arguments=(*joined, *TRAIN, "--workdir", workdir, *extra), accelerator=asked, **options)


def on_slurm(*arguments, **options):
    return slurm.render(
        job(*arguments, **options), python="/opt/venv/bin/python", script="/home/me/semgan/launch.py", folder="/home/me/my work"
    )


def on_kubernetes(*arguments, image="ghcr.io/me/semgan:1", volume="runs:/runs", **options):
    return kubernetes.render(job(*arguments, image=image, volume=volume, **options))


def on_tpu_vm(accelerator, image="ghcr.io/me/semgan:1", volume="10.0.0.2:/share:/runs", **options):
    return tpu_vm.render(job(accelerator, image=image, volume=volume, **options))


RENDERS = {
    "slurm_one_gpu": lambda: on_slurm("gpu:1"),
    "slurm_two_hosts": lambda: on_slurm("gpu:8", 2, time="1-12:00:00", partition="gpu,gpu-long", account="vision"),
    "slurm_cpus": lambda: on_slurm("cpu", 4),
    "kubernetes_one_host": lambda: on_kubernetes("gpu:8"),
    "kubernetes_two_hosts": lambda: on_kubernetes("gpu:8", 2),
    "kubernetes_tpu": lambda: on_kubernetes("tpu:v5e-16"),
    "kubernetes_cpus": lambda: on_kubernetes("cpu", 2),
    "tpu_vm_slice": lambda: on_tpu_vm("tpu:v5e-16", zone="us-west4-a", project="my-project", spot=True),
    "tpu_vm_one_host": lambda: on_tpu_vm("tpu:v6e-8"),
}
