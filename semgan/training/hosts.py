"""Joint actions of the processes of one run; with a single process each of these is a plain call.

The first process alone touches the run's folder: what it finds or decides goes to all, and what ends one process in order ends all.
"""

import hashlib
import pickle
import re
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np

from semgan.errors import UserError
from semgan.training.signals import Interruption

T = TypeVar("T")

AGREE_STEPS = 8
"""Steps from one agreement on stopping to the next: a signal takes effect within as many, and they cost little."""
WAIT_SECONDS = 3600
"""Seconds that the others wait for a process that prepares its data."""
_WISHES = ("", "clock", "signal")
_MOST_BYTES = 2048
"""Bytes of the longest message about a process's failure."""


def several() -> bool:
    return jax.process_count() > 1


def is_first() -> bool:
    """Returns whether this process reads and writes the run's folder."""
    return jax.process_index() == 0


def connect() -> None:
    """Links the processes and their devices while all are here: a network gives up on one that comes late, as compiling can make it."""
    if not several():
        return
    meet("started", WAIT_SECONDS)
    ones = np.ones((jax.local_device_count(), 1), np.float32)
    jax.block_until_ready(jax.pmap(lambda x: jax.lax.psum(x, "all"), axis_name="all", devices=jax.devices())(ones))


def first_does(work: Callable[[], T]) -> T:
    """The first process does the work; all return what it returned, or raise the UserError or Interrupted that it raised.

    What it returns can be pickled and goes over the devices' network, never to a disk.
    """
    if not several():
        return work()
    outcome = _attempt(work) if is_first() else None
    return _result_of(pickle.loads(_from_first(pickle.dumps(outcome, protocol=5))))


def all_do(what: str, work: Callable[[], T], seconds: int = WAIT_SECONDS) -> T:
    """Runs the work on every process; when one has raised UserError or Interrupted, all do, with its message.

    Args:
      what: the work as a sentence goes on after "process 3 has not": "opened its data".
      seconds: after which a process that has not come counts as missing, which is a UserError too.
    """
    if not several():
        return work()
    result, trouble = _attempt(work)
    meet(what, seconds)
    for number, (kind, text) in enumerate(_all_messages(_message_of(trouble))):
        if kind == "interrupted":
            raise Interruption
        if kind == "error":
            raise UserError(text if number == jax.process_index() else f"process {number}: {text}")
    return _result_of((result, trouble))


def meet(what: str, seconds: int) -> None:
    """Waits until all processes are here; UserError naming those that did not come in time."""
    if not several():
        return
    import orbax.checkpoint as ocp

    try:
        ocp.multihost.sync_global_processes(what.replace(" ", "_"), timeout=seconds, processes=set(range(jax.process_count())))
    except jax.errors.JaxRuntimeError as error:
        raise UserError(_missing(str(error), what, seconds)) from error


def same(what: str, value: str, remedy: str) -> None:
    """Raises a UserError, such as "process 3 has {what} than process 0: {remedy}", unless the value is the same on all processes."""
    if not several():
        return
    first, *others = _all_messages(("", hashlib.sha256(value.encode()).hexdigest()))
    for number, other in enumerate(others, 1):
        if other != first:
            raise UserError(f"process {number} has {what} than process 0: {remedy}")


def agree(wish: str, step: int) -> str:
    """The strongest wish to stop ("signal" before "clock" before none) of any process, asked every `AGREE_STEPS` steps; else ""."""
    if not several():
        return wish
    if step % AGREE_STEPS:
        return ""
    from jax.experimental import multihost_utils

    return _WISHES[int(multihost_utils.process_allgather(np.int32(_WISHES.index(wish))).max())]


def _attempt(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return work(), None
    except (UserError, Interruption) as trouble:
        return None, trouble


def _result_of(outcome: tuple[Any, Exception | None]) -> Any:
    result, trouble = outcome
    if trouble is not None:
        raise trouble
    return result


def _message_of(trouble: Exception | None) -> tuple[str, str]:
    """A failure's kind, "interrupted", "error" or "", and its message."""
    if isinstance(trouble, Interruption):
        return "interrupted", ""
    return ("error", str(trouble)) if trouble else ("", "")


def _all_messages(message: tuple[str, str]) -> list[tuple[str, str]]:
    """The reports of all processes, in their order."""
    from jax.experimental import multihost_utils

    text = "\n".join(message).encode()[:_MOST_BYTES]
    padded = np.frombuffer(text.ljust(_MOST_BYTES, b"\0"), np.uint8)
    texts = [bytes(row).rstrip(b"\0").decode(errors="ignore") for row in multihost_utils.process_allgather(padded)]
    return [tuple(text.split("\n", 1)) for text in texts]  # pyright: ignore[reportReturnType] (two, as joined)


def _from_first(data: bytes) -> bytes:
    """The first process's bytes, on all processes."""
    from jax.experimental import multihost_utils

    high, low = map(int, multihost_utils.broadcast_one_to_all(np.array(divmod(len(data), 2**30), np.int32)))
    size = high * 2**30 + low
    padded = np.frombuffer(data[:size].ljust(size, b"\0"), np.uint8)
    return bytes(np.asarray(multihost_utils.broadcast_one_to_all(padded)))


def _missing(error: str, what: str, seconds: int) -> str:
    """One sentence of the coordinator's report, which names the tasks that it waited for by their numbers."""
    names = re.search(r"timed out task names:\s*((?:\S*\d+\s*)+)", error)
    numbers = re.findall(r"(\d+)\s*$", names.group(1), re.MULTILINE) if names else []
    subject = f"process {', '.join(numbers)} has" if numbers else "a process has"
    return f"{subject} not {what} within {seconds} s: look at its log, and start the same command again to go on"
