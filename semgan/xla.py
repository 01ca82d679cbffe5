"""Sets the XLA flags that make a CPU faster, before jax is imported, and never overrides a user's own.

XLA aborts the process over a flag that it does not know, and each jaxlib knows others. So a flag is first tried in a child process, and
the answer is remembered beside the other things in the cache folder: the trial, a second long, is made once per version of jaxlib.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from semgan.files import write_whole
from semgan.paths import cache_dir

FAST_CONVOLUTIONS = "--xla_cpu_experimental_ynn_fusion_type=-individual_convolution"
"""Takes single convolutions away from YNN, whose kernel gradients take five times as long (jaxlib 0.10.2 and 0.12.0, 64 channels)."""
QUICK_COMPILATION = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
OLDER_EMITTERS = "--xla_cpu_use_fusion_emitters=false"
"""Has LLVM alone emit fusions: the unoptimised step of `drawn_faces_pix2pix.py`, made small, compiles in 3.7 s instead of 8.3 (jaxlib
0.10.2). Jaxlib 0.12 does not have the choice."""
_TRIAL = """
import contextlib
with contextlib.suppress(ImportError, ValueError, OSError):
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the abort leaves no core file
import jax
jax.devices()
"""
_PATIENCE = 120.0
"""Seconds until a trial is given up; alone on a core it takes one."""
_REFUSAL = b"parse_flags_from_env"
"""The file of XLA's sources that complains of an unknown flag, or of a value that a flag does not take."""


def prefer_fast_convolutions() -> None:
    """Make single convolutions, and with them training steps, faster on a CPU."""
    _set(FAST_CONVOLUTIONS)


def prefer_quick_compilation() -> None:
    """Compile in a half or a quarter of the time to slower programs: for runs of a few steps."""
    for flags in (f"{QUICK_COMPILATION} {OLDER_EMITTERS}", QUICK_COMPILATION):
        _set(flags)


def knows(flags: str) -> bool:
    """Tell whether the installed jaxlib takes `flags`: from the cache folder, else by a trial. False too where a trial has no outcome."""
    file = cache_dir() / "xla_flags.json"
    key = " ".join(("jaxlib", importlib.metadata.version("jaxlib"), sys.platform, platform.machine(), flags))
    answer = _read_answers(file).get(key)
    if isinstance(answer, bool):
        return answer
    answer = try_flags(flags)
    if answer is not None:
        with contextlib.suppress(OSError):  # a folder that cannot be written costs a trial each time, and nothing else
            write_whole(file, json.dumps(_read_answers(file) | {key: answer}, indent=1).encode())
    return bool(answer)


def try_flags(flags: str) -> bool | None:
    """Start XLA with `flags` in a child process: True where it starts, False where it refuses them, None where it fails otherwise."""
    command = [sys.executable, "-P", "-c", _TRIAL]
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    try:
        child = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    if child.returncode == 0:
        return True
    return False if _REFUSAL in child.stderr else None


def _read_answers(file: Path) -> dict:
    """Read the answers of earlier trials: none from a file that is absent or damaged."""
    try:
        answers = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return answers if isinstance(answers, dict) else {}


def _set(flags: str) -> None:
    if "XLA_FLAGS" not in os.environ and knows(flags):
        os.environ["XLA_FLAGS"] = flags
