"""Inside the evaluation, imports point one way too: from the page down to the scores, which know arrays alone."""

import ast
from pathlib import Path

import pytest

import semgan

ROOT = Path(semgan.__file__).parent / "evaluation"
FLOORS = ("scores", "judge", "matcher", "extractors", "figures", "report", "")
"""The lowest first; "" is what stands in no folder."""


def floor(name):
    """Returns the floor of a module below `semgan.evaluation`."""
    parts = name.split(".")
    return FLOORS.index(parts[0] if len(parts) > 1 or (ROOT / parts[0]).is_dir() else "")


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_imports_from_a_higher_floor(path):
    own = path.relative_to(ROOT).parts
    height = FLOORS.index(own[0] if len(own) > 1 else "")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("semgan.evaluation"):
            rest = node.module.removeprefix("semgan.evaluation").lstrip(".")
            for name in [rest] if rest else [alias.name for alias in node.names]:
                assert floor(name) <= height, f"{path.relative_to(ROOT)} imports {name}"
