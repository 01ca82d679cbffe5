"""The digest of the code that computes figures: an edited semgan has the same version, but not the same digest.

It depends on what the sources compute, not on how they read: docstrings, comments, layout, type annotations, the texts of errors,
imports, and the files and order in which definitions stand do not change it. `GENERATIONS` says which digests compute the same figures.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SOURCES = (
    "evaluation",
    *("data/adobe_rgb.py", "data/annotations.py", "data/augment.py", "data/colour_profiles.py", "data/decode.py"),
    *("data/decode_warnings.py", "data/domains.py", "data/order.py", "data/picture_files.py", "data/sample_range.py", "data/zip_files.py"),
    *("networks/judge.py", "networks/matcher.py", "layers/blur.py", "layers/broadcast.py", "layers/precision.py", "layers/resample.py"),
    "layers/style_change.py",
)
"""The files below semgan/ that compute figures: scores, extractors, judges with their network, and the way of pictures and pairs there."""
APART = (
    *("evaluation/evaluate_command.py", "evaluation/score_command.py", "evaluation/report"),
    *(f"evaluation/figures/{name}.py" for name in ("code_digest", "evaluation", "figure", "passport")),
)
"""Files among `SOURCES` that only format or write figures, and so compute none."""
GENERATIONS = {
    "ad1d6c98e5f9dfedf598b68d496046526295cee7493e4cc7a9a7d233bf8e3da7": 1,  # a hash of whole source files, comments and paths included
    "4e2342f4b1c96f8e21a4613987bef291a223ab4133e6bfc4578aa7cfedda2a32": 1,
    "c6b36c6fb25483f0feaadb760c5a21c1de5aa5d85f2645883e0a2b928f21d27c": 1,
    "dda5af829864488b2e20f0114f4b5ac0b69cbebd945af9bbc7b7c2e2852d527b": 1,
}
"""The generation of the code by its digest: where two digests have the same number, the same pictures give the same figures.

Code that is not here, such as one that somebody has edited, compares with itself alone. A change to the sources that leaves every figure
as it is gets the last number; one that changes any figure gets the next.
"""


@functools.cache
def semgan_digest() -> str:
    """The SHA-256, in hexadecimal digits, of this semgan's sources that compute figures."""
    return package_digest(Path(__file__).parents[2])


def package_digest(package: Path) -> str:
    """The digest of `SOURCES` without `APART` below a folder that holds semgan's modules."""
    apart = {path for name in APART for path in _files(package / name)}
    files = {path for source in SOURCES for path in _files(package / source)} - apart
    return sources_digest(path.read_text(encoding="utf-8") for path in files)


def sources_digest(sources: Iterable[str]) -> str:
    """The SHA-256 of the syntax of source files' definitions, whatever order the files and their definitions come in."""
    statements = (syntax(statement) for source in sources for statement in ast.parse(source).body)
    digests = sorted(hashlib.sha256(text.encode()).hexdigest() for text in statements if text)
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def generation(digest: str) -> int | str:
    """The number of a digest in `GENERATIONS`; the digest itself where it has none."""
    return GENERATIONS.get(digest, digest)


def syntax(node: Any) -> str:
    """The syntax tree as text that every Python version writes alike, without anything that computes nothing; empty where nothing is left.

    Docstrings and imports are left out, and so are annotations, which compute nothing here, and what errors say.
    """
    if isinstance(node, list):
        return f"[{', '.join(filter(None, map(syntax, node)))}]"
    if not isinstance(node, ast.AST):
        return f"{type(node).__name__} {node!r}"
    if isinstance(node, ast.Import | ast.ImportFrom) or _is_text_alone(node):
        return ""
    if isinstance(node, ast.JoinedStr):
        node = ast.JoinedStr([part for part in node.values if not _is_empty(part)])
    if isinstance(node, ast.Raise):
        return "Raise()"
    fields = ((name, value) for name, value in ast.iter_fields(node) if name not in _SILENT and value is not None and value != [])
    return f"{type(node).__name__}({', '.join(f'{name}={syntax(value)}' for name, value in fields)})"


_SILENT = {"annotation", "ctx", "kind", "returns", "type_comment", "type_params"}
"""Fields of a syntax tree that do not change what is computed."""


def _is_text_alone(node: ast.AST) -> bool:
    """Returns whether a statement is a string and nothing else: a docstring, or a constant's description."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_empty(node: ast.AST) -> bool:
    """Returns whether a part of an f-string is an empty text: Python 3.12 alone puts one after a nested format."""
    return isinstance(node, ast.Constant) and node.value == ""


def _files(path: Path) -> list[Path]:
    return list(path.rglob("*.py")) if path.is_dir() else [path]
