"""The record of `gpu.py`, on the disk after each result, and its parts: processes with deadlines that print results as lines of JSON."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from semgan.files import write_whole

ROOT = Path(__file__).resolve().parent.parent


class Record:
    """The results so far, on the disk after each one; parts that run side by side may add to it."""

    def __init__(self, out: Path, about: dict):
        self._out, self.about, self.rows = out, about, []
        self._lock = threading.Lock()
        self._write()

    def add(self, row: dict) -> None:
        """Keep and print one result."""
        with self._lock:
            self.rows.append(row)
            print(_line(row), flush=True)
            self._write()

    def _write(self) -> None:
        write_whole(self._out / "results.json", json.dumps(self.about | {"results": self.rows}, indent=1).encode())
        write_whole(self._out / "table.md", (table(self.rows) + "\n").encode())


COLUMNS = {
    "part": "part",
    "what": "what",
    "batch": "batch",
    "images_per_second": "images/s",
    "memory_gib": "memory, GiB",
    "compile_seconds": "compile, s",
    "share_of_product": "share of the bfloat16 product",
    "result": "result",
}
"""The table's columns: keys of a result, and their headings."""


def table(rows: list[dict]) -> str:
    """All results as one Markdown table."""
    lines = [" | ".join(COLUMNS.values()), " | ".join("-" for _ in COLUMNS), *map(_line, rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _line(row: dict) -> str:
    texts = {key: format(value, ".3g") if isinstance(value, float) else str(value) for key, value in row.items()}
    return " | ".join(texts.get(key, "") for key in COLUMNS)


def part(name: str, what: str, command: list[str], out: Path, environment: dict[str, str], seconds: float) -> Iterator[dict]:
    """Run `command` for at most `seconds`: yields each line of JSON that it prints, as it comes, and how it ended where it failed."""
    options = {"stdout": subprocess.PIPE, "env": environment, "cwd": ROOT, "text": True, "errors": "replace", "start_new_session": True}
    with (out / f"{name}.log").open("a") as log, subprocess.Popen(command, stderr=log, **options) as child:
        late = threading.Event()
        timer = threading.Timer(max(seconds, 1.0), lambda: (late.set(), end(child)))
        timer.start()
        try:
            for line in child.stdout or ():
                if line.startswith("{"):
                    yield {"part": name, **json.loads(line)}
                else:
                    log.write(line)
            status = child.wait()
        finally:
            timer.cancel()
            end(child)
    if late.is_set():
        yield {"part": name, "what": what, "result": f"cut off after {seconds:.0f} s"}
    elif status:
        yield {"part": name, "what": what, "result": f"FAILED with status {status}: {_last_line(out / f'{name}.log')}"}


def end(child: subprocess.Popen) -> None:
    """End the process and all that it started."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _last_line(path: Path) -> str:
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
