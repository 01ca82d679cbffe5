"""Messages for the person who watches: lines, and the progress of long work as a bar on a terminal and plain lines elsewhere.

All of it goes to stderr, so that stdout holds the result alone.
"""

import io
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def accept_any_name() -> None:
    """Lets stdout and stderr print all names of files, also those that are not UTF-8 or that the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Prints one line. Of several processes the first alone speaks."""
    import jax

    if jax.process_index() == 0:
        print(text, file=sys.stderr, flush=True)


def note(text: str) -> None:
    """Prints one line, in commands that run in one process."""
    print(text, file=sys.stderr, flush=True)


def format_duration(seconds: float) -> str:
    """`75 -> '1:15'`, `4000 -> '1:06:40'`."""
    hours, rest = divmod(int(seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


class Progress:
    """Counts work towards `total` and says so: `with Progress("drawing faces", 2000) as progress: progress.advance(10)`.

    Nothing is said of a total of 0.
    """

    def __init__(self, label: str, total: int, lines: int = 4):
        self.label, self.total, self.done = label, total, 0
        self._terminal = sys.stderr.isatty()
        self._start = self._last_output = time.monotonic()
        self._every = max(total // lines, 1)
        self._next = self._every

    def advance(self, count: int = 1) -> None:
        if not self.total:
            return
        self.done += count
        now = time.monotonic()
        if self._terminal and (now - self._last_output > 0.1 or self.done >= self.total):
            self._last_output = now
            self._bar(now - self._start)
        elif not self._terminal and self.done >= self._next:
            self._next = self.done - self.done % self._every + self._every
            elapsed = format_duration(now - self._start)
            print(f"{self.label}: {self.done:,} of {self.total:,} ({elapsed})", file=sys.stderr, flush=True)

    def _bar(self, elapsed: float) -> None:
        share = self.done / max(self.total, 1)
        remaining = format_duration(elapsed * (1 - share) / max(share, 1e-9))
        filled = "█" * int(24 * share)
        print(f"\r{self.label} {filled:<24} {self.done:,}/{self.total:,} {remaining} left ", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal and self.done:
            print(file=sys.stderr)


def track(items: Iterable[T], label: str, total: int) -> Iterator[T]:
    """Yields the items and shows how far it is."""
    with Progress(label, total) as progress:
        for item in items:
            yield item
            progress.advance()
