"""Runs several processes on this machine that train together: a rehearsal of a pod.

The supervisor only starts them, passes signals on, and cleans up: they find one another, save and stop as they would on many hosts.
"""

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from semgan.errors import EXIT_PREEMPTED

_DEVICE_COUNT = re.compile(r"--xla_force_host_platform_device_count=\S*")


def run(command: Sequence[str], count: int, *, devices: int, grace: float) -> int:
    """Runs the command `count` times, each with variables by which it joins the others; returns one exit status for all.

    Args:
      command: what every process runs.
      count: how many.
      devices: of each; virtual ones on a CPU.
      grace: seconds that the others have, once one has died, to notice and end.
    """
    port = _free_port()
    children: list[subprocess.Popen[bytes]] = []
    with _forwarding(children) as signal_numbers:
        try:
            for index in range(count):
                children.append(_start(command, _environment(os.environ, index, count, devices, port), quiet=index > 0))
            readers = [_relay(child, f"[process {index}] ") for index, child in enumerate(children) if index > 0]
            status = _outcome(children, signal_numbers, grace)
        finally:
            for child in children:
                _kill(child)
    for reader in readers:
        reader.join(timeout=5)
    return status


def _environment(inherited: Mapping[str, str], index: int, count: int, devices: int, port: int) -> dict[str, str]:
    """The environment that makes a process number `index` of `count`."""
    flags = _DEVICE_COUNT.sub("", inherited.get("XLA_FLAGS", "")).strip()
    return {
        **{name: value for name, value in inherited.items() if name != "XLA_FLAGS"},
        **({"XLA_FLAGS": flags} if flags else {}),
        "JAX_COORDINATOR_ADDRESS": f"localhost:{port}",
        "JAX_NUM_PROCESSES": str(count),
        "JAX_PROCESS_ID": str(index),
        "JAX_NUM_CPU_DEVICES": str(devices),
        "JAX_LOCAL_DEVICE_IDS": ",".join(map(str, range(index * devices, (index + 1) * devices))),  # of GPUs
    }


def _start(command: Sequence[str], environment: dict[str, str], *, quiet: bool) -> subprocess.Popen[bytes]:
    """Starts a process in its own session, so that a terminal's Ctrl-C comes once, through the supervisor."""
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        start_new_session=True,
    )


def _relay(child: subprocess.Popen[bytes], prefix: str) -> threading.Thread:
    """Passes the lines on to stderr with a prefix."""

    def work() -> None:
        assert child.stdout
        with child.stdout as lines:
            for line in lines:
                sys.stderr.write(prefix + line.decode(errors="replace").rstrip("\n") + "\n")
                sys.stderr.flush()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@contextmanager
def _forwarding(children: Sequence[subprocess.Popen[bytes]]) -> Iterator[list[int]]:
    """SIGTERM and SIGINT go on to all processes; yields the list of those that came."""
    signal_numbers: list[int] = []

    def handle(number: int, _: object) -> None:
        signal_numbers.append(number)
        for child in children:
            if child.returncode is None:
                child.send_signal(number)

    previous = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield signal_numbers
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _outcome(children: Sequence[subprocess.Popen[bytes]], signal_numbers: list[int], grace: float) -> int:
    """Waits for all; once one has died, the others have `grace` seconds."""
    exits: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index, child in enumerate(children):
        threading.Thread(target=_wait, args=(child, lambda index=index: exits.put(index)), daemon=True).start()
    culprit, deadline = None, float("inf")
    for _ in children:
        try:
            index = _next(exits, deadline)
        except queue.Empty:
            break
        if culprit is None and children[index].returncode not in (0, EXIT_PREEMPTED):
            culprit, deadline = index, time.monotonic() + grace
    if culprit is not None:
        return _blame(culprit, children[culprit].returncode, signal_numbers)
    return max(child.returncode for child in children)


def _wait(child: subprocess.Popen[bytes], then: Callable[[], None]) -> None:
    child.wait()
    then()


def _next(exits: queue.SimpleQueue, deadline: float) -> int:
    return exits.get() if deadline == float("inf") else exits.get(timeout=max(0.0, deadline - time.monotonic()))


def _blame(index: int, returncode: int, signal_numbers: Sequence[int]) -> int:
    """The shell's status for how the first of them died, and a sentence unless a signal that was passed on has ended it."""
    status = returncode if returncode > 0 else 128 - returncode
    if status not in [128 + number for number in signal_numbers]:
        how = f"ended with status {returncode}" if returncode > 0 else f"was ended by {signal.Signals(-returncode).name}"
        print(f"semgan: error: process {index} {how}, and the others were stopped", file=sys.stderr)
    return status


def _kill(child: subprocess.Popen[bytes]) -> None:
    """The child and whatever it has started, unless it has ended."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]
