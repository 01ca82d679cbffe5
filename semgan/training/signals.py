"""SIGTERM and SIGINT: the first asks for an orderly end, a second ends the process at once."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Interruption(Exception):
    """Raised when a signal comes during work that may be abandoned at any point."""


class Stop:
    """The request to stop that a signal makes; `with Stop() as stop:` owns both signals meanwhile.

    Training looks at `requested` between steps. Long work that can be left at any point runs under `stop.interrupts()`, where
    the signal raises Interrupted.
    """

    def __init__(self) -> None:
        self.requested = False
        self._raises = False
        self._previous: dict[int, object] = {}

    def __enter__(self) -> "Stop":
        self._previous = {number: signal.signal(number, self._handle) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            # None: what was there was not Python's, such as jax.distributed's own notice of SIGTERM
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # pyright: ignore[reportArgumentType]

    @contextmanager
    def interrupts(self) -> Iterator[None]:
        if self.requested:
            raise Interruption
        self._raises = True
        try:
            yield
        finally:
            self._raises = False

    def interruptible(self, work: Callable[[], T]) -> Callable[[], T]:
        """The work under `interrupts`."""

        def run() -> T:
            with self.interrupts():
                return work()

        return run

    def _handle(self, number: int, _: object) -> None:
        if self.requested:
            os._exit(128 + number)  # what was committed stays; nothing else is waited for
        self.requested = True
        print(f"{signal.Signals(number).name}: saving and stopping; a second signal stops at once", file=sys.stderr, flush=True)
        if self._raises:
            raise Interruption
