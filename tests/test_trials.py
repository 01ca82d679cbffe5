"""The table of trials names tests and benchmarks that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = [
    line.strip("| ").split(" | ")
    for line in (ROOT / "docs" / "trials.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| trial |")
]
NAME = re.compile(r"`(\S+\.py)::(\w+)`")


def functions(path: Path) -> set[str]:
    """Names of a file's functions that pytest would collect, or of all in a benchmark."""
    names = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    return {name for name in names if name.startswith("test_")} if path.name.startswith("test_") else names


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_holds_a_trial_exists(row):
    trial, happens, held_by = row
    assert trial
    assert happens
    assert re.fullmatch(rf"{NAME.pattern}( {NAME.pattern})*", held_by)
    for path, name in NAME.findall(held_by):
        assert name in functions(ROOT / path), f"{path}::{name}"


def test_the_table_has_rows_and_no_trial_twice():
    trials = [row[0] for row in ROWS]
    assert len(trials) > 30
    assert len(set(trials)) == len(trials)
