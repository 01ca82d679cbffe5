"""Work spread over processes that end with their parent, and that fall back to this process if they cannot run."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_function: Callable[[Any], Any]  # in a worker: what it runs


def run_in_workers(
    function: Callable[[Item], Outcome], items: Sequence[Item], workers: int | None = None
) -> Iterator[tuple[Item, Outcome]]:
    """Yields `(item, function(item))` as they get done, in any order.

    Args:
      function: picklable; sent to each process once.
      items: hashable, and each big enough to be worth a message between processes.
      workers: processes; all cores by default, 1: this process.
    """
    workers = min(workers or core_count(), len(items)) if _can_spawn() else 1
    pending = dict.fromkeys(items)
    if workers > 1:
        try:
            for item, result in _in_processes(function, items, workers):
                del pending[item]
                yield item, result
        except BrokenProcessPool:
            print("a worker process ended early; going on in this process", file=sys.stderr, flush=True)
    for item in pending:
        yield item, function(item)


def core_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _can_spawn() -> bool:
    """Returns whether a new process can load the main module: not when that came from standard input."""
    path = getattr(sys.modules["__main__"], "__file__", None)
    return path is None or os.path.exists(path)


def _in_processes(function: Callable[[Item], Outcome], items: Sequence[Item], workers: int) -> Iterator[tuple[Item, Outcome]]:
    context = multiprocessing.get_context("spawn")  # a fork of a process that runs JAX can deadlock
    pool = ProcessPoolExecutor(workers, context, _start, (function,))
    try:
        futures = {pool.submit(_call, item): item for item in items}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _start(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C
    if (parent := multiprocessing.parent_process()) is not None:

        def end_with_parent() -> None:
            parent.join()
            os._exit(1)  # a parent that was killed leaves no workers behind

        threading.Thread(target=end_with_parent, daemon=True).start()


def _call(item: Any) -> Any:
    return _function(item)
