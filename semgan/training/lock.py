"""One run at a time in a folder: a lock file that says who holds it.

The file system's own lock (flock) ends with the process that holds it, so a killed run never locks a folder on its own host. Hosts
that share a folder without sharing locks go by the file's content, and by its age: the holder touches it twice a minute.
"""

import errno
import fcntl
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semgan.errors import UserError

NAME = ".lock"
_TOUCH_SECONDS = 30.0
_STALE_SECONDS = 600.0
"""Seconds after which another host's lock that was not touched belongs to a run that has ended."""
_HELD_ERRORS = (errno.EWOULDBLOCK, errno.EACCES)


@contextmanager
def hold_lock(workdir: Path) -> Iterator[None]:
    """Holds the folder's lock; UserError naming host and process where another run holds it."""
    path = workdir / NAME
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(handle, workdir)
        try:
            with _touch_regularly(path):
                yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _take(handle: int, workdir: Path) -> None:
    kernel_lock = _kernel_lock(handle)
    holder = _read(handle)
    if kernel_lock is False or _alive(holder, os.fstat(handle).st_mtime, kernel_lock):
        raise UserError(
            f"{workdir} is in use by another run (host {holder.get('host', 'unknown')}, process {holder.get('pid', 'unknown')}, "
            f"since {holder.get('since', 'just now')}): stop that run or choose another --workdir"
        )
    if holder:
        print(
            f"taking over {workdir}: process {holder['pid']} on {holder['host']} held it since {holder['since']} and has ended",
            file=sys.stderr,
        )
    me = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    os.ftruncate(handle, 0)
    try:
        os.pwrite(handle, json.dumps(me).encode(), 0)
    except OSError as error:
        raise UserError(f"{workdir / NAME} cannot be written ({error.strerror}): free the disk or choose another --workdir") from error


def _kernel_lock(handle: int) -> bool | None:
    """Tries to lock. True: ours now; False: another process's; None: this file system has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _HELD_ERRORS else None
    return True


def _read(handle: int) -> dict:
    """Reads who wrote the file; empty where it was released or its writing was cut short."""
    try:
        return json.loads(os.pread(handle, 4096, 0) or b"{}")
    except ValueError:
        return {}


def _alive(holder: dict, touch_time: float, kernel_lock: bool | None) -> bool:
    """Returns whether the run that wrote the file may still go on."""
    if not holder:
        return False
    if holder["host"] != socket.gethostname():
        return time.time() - touch_time < _STALE_SECONDS
    return kernel_lock is None and _process_exists(holder["pid"])


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _touch_regularly(path: Path) -> Iterator[None]:
    """Keeps the file's time fresh from a thread."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(_TOUCH_SECONDS):
            if path.exists():
                os.utime(path)

    thread = threading.Thread(target=work, name="semgan-lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
