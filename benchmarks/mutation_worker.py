"""Runs tests on one mutant after another: a process that has imported all that is slow to import, and forks for each of them.

`mutations.py` starts it inside of a copy of the repository, with that as its working directory, and speaks to it by lines of JSON.
"""

import ast
import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

Imports = dict[str, set[str]]
"""The names of all imports, by module."""
PYTEST = ("-o", "addopts=", "--import-mode=importlib", "-m", "not slow", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider")
PYTEST += ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # some of its plugins are imported already
BROKEN = 70
"""Status of a run that never came to pytest's verdict."""
WAIT = 20.0
"""Seconds by the clock for each second of processor time that a run may take: the machine may be busy with others."""


def main() -> None:
    """Answers each line of standard input, `{"path", "source", "tests", "limit"}`, with a line of `outcome`."""
    importlib.import_module("tests.conftest")  # the devices, and the hook that checks shapes
    for name in _modules():
        with contextlib.suppress(ImportError):  # what needs an extra
            importlib.import_module(name)
    answers, sys.stdout = sys.stdout, sys.stderr
    pytest.main([*PYTEST, "--collect-only", "tests/conftest.py"])  # its plugins are imported here, once
    imports = imports_by_module()
    for line in sys.stdin:
        print(json.dumps(outcome(imports=imports, **json.loads(line))), file=answers, flush=True)


def _modules() -> Iterator[str]:
    for path in sorted(Path("semgan").rglob("*.py")):
        if not path.name.startswith("__main__"):
            yield ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def outcome(imports: Imports, path: str, source: str | None, tests: list[str], limit: float) -> dict[str, Any]:
    """Runs the tests with the source in the place of the file, or with the file as it is.

    Args:
      limit: in seconds of processor time.

    Returns:
      `outcome`: "caught", "survived", "timeout", or "unsound" where pytest came to no verdict; with pytest's status and the times.
    """
    began, file = time.monotonic(), Path(path)
    original, times = file.read_bytes(), (file.stat().st_atime, file.stat().st_mtime)
    if source is not None:
        file.write_text(source, encoding="utf-8")
        os.utime(file, (time.time(), times[1] + 10 + began))  # compiled files are told apart by whole seconds
    child = os.fork()
    if not child:
        _run_tests(dependents(path, imports) if source is not None else set(), tests, limit)
    status, processor = _ended(child, WAIT * limit)
    file.write_bytes(original)
    os.utime(file, times)
    how = {None: "timeout", 0: "survived", 1: "caught", 2: "caught", 4: "caught"}  # tests, or what they import, or a conftest
    return {
        "outcome": how.get(status, "unsound"),
        "status": status,
        "processor_s": round(processor, 1),
        "wall_s": round(time.monotonic() - began, 1),
    }


def _ended(child: int, wait: float) -> tuple[int | None, float]:
    """The exit status of a child, None of one that had to be stopped, and the processor time it took."""
    end = time.monotonic() + wait
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            return None if code == -signal.SIGXCPU else code, usage.ru_utime + usage.ru_stime
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None, wait
        time.sleep(0.05)


def _run_tests(changed: set[str], tests: list[str], limit: float) -> None:
    """Ends the process with pytest's status. The modules that are changed are imported again."""
    status = BROKEN
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 5))
        if changed:
            sys.dont_write_bytecode = True
            _forget(changed)
        status = int(pytest.main([*PYTEST, *tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _forget(names: set[str]) -> None:
    """Drops the modules, so that they are imported again, whether by their own names or from their packages."""
    for name in names:
        sys.modules.pop(name, None)
        package, _, last = name.rpartition(".")
        if package in sys.modules:
            vars(sys.modules[package]).pop(last, None)


def dependents(path: str, imports: Imports) -> set[str]:
    """The modules that import a file, by way of others too, and itself."""
    depending, size = {".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")}, 0
    while size < len(depending):
        size = len(depending)
        depending |= {name for name, needed in imports.items() if needed & depending}
    return depending


def imports_by_module() -> Imports:
    """The imports of all loaded modules under semgan/ and configs/."""
    return {name: _imports(name) for name in [*sys.modules] if name.split(".")[0] in ("semgan", "configs")}


def _imports(name: str) -> set[str]:
    """The imports of a loaded module's file, anywhere in it; names that it takes from a package may be modules."""
    file = getattr(sys.modules[name], "__file__", None)
    needed: set[str] = set()
    for node in ast.walk(ast.parse(Path(file).read_bytes())) if file else ():
        if isinstance(node, ast.Import):
            needed |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            needed |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return needed


if __name__ == "__main__":
    main()
