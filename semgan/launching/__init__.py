"""Starts a training job where the user has machines: job files and commands for Slurm, Kubernetes and TPU VMs, and a rehearsal here."""
