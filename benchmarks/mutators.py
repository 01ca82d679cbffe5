"""Small faults to put into a source, one at a time: what `mutations.py` tries the tests on.

A fault is a change of one expression or statement that a slip of the pen could make: a sign, a comparison, a constant, a mean for a sum.
What no test should hold is left alone: docstrings, annotations, decorators, error messages and what raises them, assertions and the
`strict` of a zip.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Change = Iterator[tuple[ast.AST, ast.AST]]
"""Parts of a node, or the node itself, with what can be put in their place."""
NUMERIC = ("jnp", "np", "jax", "optax", "nn", "lax")
"""Names of the modules whose calls give arrays."""
SWAPS = {
    "mean": "sum",
    "sum": "mean",
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "all": "any",
    "any": "all",
    "argmax": "argmin",
    "argmin": "argmax",
    "zeros": "ones",
    "ones": "zeros",
    "sqrt": "square",
    "rsqrt": "sqrt",
    "sin": "cos",
    "cos": "sin",
}
"""Functions and methods that take what the other takes."""
DROPPED = ("stop_gradient", "abs", "square", "relu", "softplus")
"""Functions of one array in whose place the array itself is put."""
OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
BUILTINS = ("min", "max", "all", "any")
"""Those of `SWAPS` that Python has by itself."""
EPSILONS = 1e-3
"""Floats up to it count as epsilons and become a tenth; others double."""


class Mutant(NamedTuple):
    """A source with one fault.

    Attributes:
      name: `path:scope: before -> after`, which does not depend on the lines above; the second of one name ends in `(2)`.
      path, line: where the fault is, for the report.
      source: the whole text with it.
    """

    name: str
    path: str
    line: int
    source: str


def mutants_of(path: str, source: str) -> list[Mutant]:
    """All the faults that can be put into a source, in the order of the text."""
    mutants: list[Mutant] = []
    counts: dict[str, int] = {}
    for scope, node, changed in _changes(ast.parse(source), ""):
        before, after = _text(node), _text(changed)
        name = f"{path}:{scope}: {before} -> {after}"
        counts[name] = counts.get(name, 0) + 1
        number = f" ({counts[name]})" if counts[name] > 1 else ""
        mutants.append(Mutant(name + number, path, node.lineno, _replaced(source, node, changed)))
    return sorted(mutants, key=lambda mutant: mutant.line)


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else f"{text[:60]} ... {text[-25:]}"


def _replaced(source: str, node: Any, changed: ast.AST) -> str:
    """The text with the changed node in the place of the node; all else stays."""
    lines = source.encode().splitlines(keepends=True)  # columns count bytes
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    text = f"({ast.unparse(changed)})" if isinstance(changed, ast.expr) else ast.unparse(changed)
    whole = source.encode()
    return (whole[:start] + text.encode() + whole[end:]).decode()


def _changes(node: ast.AST, scope: str) -> Iterator[tuple[str, Any, ast.AST]]:
    """Every node below that can be changed, with its scope and what it becomes."""
    for child in _children(node):
        inner = f"{scope}.{child.name}".lstrip(".") if isinstance(child, (ast.FunctionDef, ast.ClassDef)) else scope
        for change in CHANGES:
            for part, changed in change(child):
                yield inner or "module", part, changed
        yield from _changes(child, inner)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The child nodes, without those that speak to people or to a type checker alone."""
    left_out = {"annotation", "returns", "decorator_list"}
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return  # of -1 the sign alone is changed
    for name, value in ast.iter_fields(node):
        if name in left_out or (isinstance(node, ast.JoinedStr) and name == "values"):
            continue
        for child in value if isinstance(value, list) else [value]:
            text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            asserted = isinstance(child, ast.Assert) or (isinstance(child, ast.keyword) and child.arg == "strict")
            if isinstance(child, ast.AST) and not (text or asserted or isinstance(child, (ast.Raise, ast.Import, ast.ImportFrom))):
                yield child


def _operator(node: ast.AST) -> Change:
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OPERATORS and not _of_sequences(node):
        yield node, _with(node, op=OPERATORS[type(node.op)]())
    if isinstance(node, ast.BoolOp):
        yield node, _with(node, op=OPERATORS[type(node.op)]())
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield node, _with(node, ops=[OPERATORS[type(node.ops[0])]()])
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        yield node, ast.UnaryOp(ast.Not(), node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        yield node, node.operand


def _of_sequences(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether it joins texts, tuples or lists, where another operator would only be an error."""
    operands = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.value,)
    plain = (ast.Tuple, ast.List, ast.JoinedStr, ast.Dict, ast.ListComp)
    return any(isinstance(each, plain) or (isinstance(each, ast.Constant) and isinstance(each.value, str)) for each in operands)


def _constant(node: ast.AST) -> Change:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, (bool, int, float)):
        return
    if isinstance(node.value, bool):
        yield node, ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield node, ast.Constant(node.value + 1)
    else:
        small = float(f"{node.value / 10:.6g}")
        yield node, ast.Constant(1.0 if not node.value else small if abs(node.value) <= EPSILONS else 2 * node.value)


def _call(node: ast.AST) -> Change:
    if not isinstance(node, ast.Call):
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name == "where" and len(node.args) == 3:
        yield node, _with(node, args=[node.args[0], node.args[2], node.args[1]])
    if name in DROPPED and len(node.args) == 1:
        yield node, node.args[0]
    if isinstance(node.func, ast.Attribute) and name in SWAPS and _root(node.func) != "math":
        yield node, _with(node, func=_with(node.func, attr=SWAPS[name]))
    if isinstance(node.func, ast.Name) and name in BUILTINS:
        yield node, _with(node, func=ast.Name(SWAPS[name]))


def _condition(node: ast.AST) -> Change:
    """Branches the other way round; conditions by a comparison or `not` are changed there."""
    if isinstance(node, ast.IfExp):
        yield node, _with(node, body=node.orelse, orelse=node.body)
    if isinstance(node, (ast.If, ast.While)) and not isinstance(node.test, (ast.Compare, ast.UnaryOp, ast.BoolOp)):
        yield node.test, ast.UnaryOp(ast.Not(), node.test)


def _returned(node: ast.AST) -> Change:
    """The negative of an array that a function returns."""
    if isinstance(node, ast.Return) and node.value is not None and _is_array(node.value):
        yield node, ast.Return(ast.UnaryOp(ast.USub(), node.value))


def _is_array(node: ast.expr) -> bool:
    """As far as can be seen: arithmetic, or a call of a numeric module or of an array's own mean or sum."""
    if isinstance(node, ast.BinOp):
        return type(node.op) in (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow) and not _of_sequences(node)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in ("mean", "sum") or _root(node.func) in NUMERIC


def _root(node: ast.expr) -> str:
    """The name that a chain of attributes begins with; empty where it begins with something else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _with(node: Any, **fields: Any) -> Any:
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


CHANGES: tuple[Callable[[ast.AST], Change], ...] = (_operator, _constant, _call, _condition, _returned)
