"""Joins the processes of a job: they find one another through `jax.distributed`."""

import os
import signal
import sys
import threading

from semgan.errors import UserError

_HEARTBEAT_SECONDS = 30
_JOIN_SECONDS = 600
"""Seconds that the others may take to appear: on some clusters hosts are made when they are asked for."""
_LEAVE_SECONDS = 60
"""Seconds that a process that has ended waits for the others to end."""


def join() -> None:
    """Joins the other processes, before anything touches a device; UserError where there is nothing to join.

    JAX knows Slurm, Open MPI, Kubernetes and Cloud TPU by their environments. Elsewhere, and before all of these, count
    `JAX_COORDINATOR_ADDRESS`, `JAX_NUM_PROCESSES` and `JAX_PROCESS_ID`, of which JAX itself reads the first alone.
    """
    import jax

    options, heartbeat = _explicit_options(), heartbeat_seconds()
    late = threading.Timer(_JOIN_SECONDS, _give_up)  # at its own time limit JAX aborts with a stack trace
    late.daemon = True
    late.start()
    on_term = signal.getsignal(signal.SIGTERM)
    try:
        jax.distributed.initialize(
            **options,
            initialization_timeout=_JOIN_SECONDS + 60,
            heartbeat_timeout_seconds=heartbeat,
            shutdown_timeout_seconds=_LEAVE_SECONDS,
        )
    except (RuntimeError, ValueError) as error:
        raise UserError(
            f"--distributed cannot join other processes ({' '.join(str(error).split()).rstrip('.')}): start it by srun or mpirun, on TPUs, "
            "or with JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID set"
        ) from error
    finally:
        late.cancel()
        signal.signal(signal.SIGTERM, on_term)  # JAX has put its own handler there, which does not end the process


def heartbeat_seconds() -> int:
    """Seconds of silence after which a process counts as dead and the others abort; `SEMGAN_HEARTBEAT` changes it."""
    return _whole("SEMGAN_HEARTBEAT") or _HEARTBEAT_SECONDS


def _explicit_options() -> dict:
    """The arguments of `jax.distributed.initialize` that the environment gives in full; empty where JAX is to find them."""
    address, count, index = os.environ.get("JAX_COORDINATOR_ADDRESS"), _whole("JAX_NUM_PROCESSES"), _whole("JAX_PROCESS_ID")
    if address is None or count is None or index is None:
        return {}
    return {"coordinator_address": address, "num_processes": count, "process_id": index, "cluster_detection_method": "deactivate"}


def _whole(name: str) -> int | None:
    text = os.environ.get(name)
    if text is not None and not text.isdecimal():
        raise UserError(f"the environment variable {name} is {text!r}, but has to be a whole number")
    return int(text) if text is not None else None


def _give_up() -> None:
    """Ends the process as a failure of the surroundings, not of the input: started again, it may succeed."""
    print(f"semgan: error: the job's other processes did not appear within {_JOIN_SECONDS} seconds: look at their output", file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)
