"""Shared parts of benchmarks of whole runs: training one, and reading what it left behind."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def choose(only: str, names: Sequence[str]) -> list[str]:
    """The names that `--only` gives, separated by commas, or all; ends the process for an unknown one."""
    requested = only.split(",") if only else list(names)
    if unknown := [name for name in requested if name not in names]:
        sys.exit(f"semgan: error: --only names {unknown[0]!r}: choose from {', '.join(names)}")
    return requested


def is_finished(folder: Path) -> bool:
    """Returns whether the run has come to its end."""
    return (folder / "result.json").exists()


def train_run(config: str, folder: Path, *overrides: str) -> Path:
    """The folder of the finished run; one that has finished is not started again."""
    if not is_finished(folder):
        command = [sys.executable, "launch.py", "--config", config, "--workdir", str(folder.resolve()), *overrides]
        subprocess.run(command, cwd=ROOT, check=True)
    return folder


def metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines that the run logged, earliest first."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def result(folder: Path) -> dict[str, Any]:
    """The run's result, with the rate of training and the number of parameters that the pictures are made with."""
    data, lines = json.loads((folder / "result.json").read_text()), metrics(folder)
    rates = sorted(line["time/images_per_second"] for line in lines if line.get("time/images_per_second"))
    data["rate"] = rates[len(rates) // 2]
    data["minutes"] = max(line["time/minutes"] for line in lines)
    data["parameters"] = _parameters(folder / "snapshot.safetensors")
    return data


def _parameters(snapshot: Path) -> int:
    import jax

    from semgan.snapshot import DOMAIN_GUESS, MODEL_STATE, STYLE_RECIPE, read_snapshot

    params, others = read_snapshot(snapshot).params, (DOMAIN_GUESS, STYLE_RECIPE, MODEL_STATE)
    return sum(leaf.size for name, tree in params.items() if name not in others for leaf in jax.tree.leaves(tree))
