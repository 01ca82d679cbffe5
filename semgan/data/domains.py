"""Domains by name: a dataset's own (media, folders), or expressions over attributes (`"Male"`, `"Blond_Hair&~Male"`)."""

import difflib
from collections.abc import Mapping, Sequence

import numpy as np

from semgan.errors import UserError

DOMAIN = "domain"
"""The annotation that holds a dataset's own domain, and the key of their names."""
PAIR = "pair"
"""The annotation that tells which pictures show the same in different domains: those with the same number."""
ALL = "all"
"""The one domain of data without domains, where none is requested."""


def check_expressions(expressions: Sequence[str], names: Mapping[str, Sequence[str]], key: str = "data.domains") -> None:
    """Raises `UserError` for a name that the data does not have, with the nearest one that it has.

    Args:
      names: those of the dataset's own domains under "domain", those of its attributes under "attributes".
      key: the config's key or the option that the expressions come from, which the error names.
    """
    valid = [*names.get(DOMAIN, ()), *names.get("attributes", ())]
    for expression in expressions:
        for term in expression.split("&"):
            name = term.strip().removeprefix("~")
            if name not in valid:
                nearest = difflib.get_close_matches(name, valid, 1, 0.5)
                hint = f"did you mean {nearest[0]!r}?" if nearest else f"known names: {', '.join(valid) or 'none'}"
                raise UserError(f"{key}: {name!r} in {expression!r} is neither a domain nor an attribute here; {hint}")
    if len(set(expressions)) < len(expressions):
        raise UserError(f"{key}: one is named twice in {', '.join(expressions)}")


def assign_domains(
    expressions: Sequence[str], annotations: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]], count: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The domain of each row.

    Args:
      expressions: one per domain: a conjunction with `&` of names, each negated by a leading `~`; none: the dataset's own
        domains, or all rows as one domain where it has none.
      annotations: "domain" int (count,) and "attributes" in {0, 1} (count, attributes), those that the data has.
      names: as in `check_expressions`.
      count: rows.

    Returns:
      int32 (count,), -1 for rows of no domain, and the domains' names.

    Raises:
      UserError: an unknown name, or rows that two domains claim.
    """
    if not expressions:
        if DOMAIN in names:
            return np.asarray(annotations[DOMAIN], np.int32), tuple(names[DOMAIN])
        return np.zeros(count, np.int32), (ALL,)
    check_expressions(expressions, names)
    domain = np.full(count, -1, np.int32)
    for index, expression in enumerate(expressions):
        members = matches(expression, annotations, names, count)
        if (shared := members & (domain >= 0)).any():
            row = int(np.flatnonzero(shared)[0])
            raise UserError(
                f"data.domains: {int(shared.sum()):,} pictures are in both {expressions[domain[row]]!r} and {expression!r} "
                f"(the first is row {row}); add a term that keeps them apart, as in 'A&~B'"
            )
        domain[members] = index
    return domain, tuple(expressions)


def matches(expression: str, annotations: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]], count: int) -> np.ndarray:
    """Returns whether all terms of the expression are true of a row, bool (count,); the rest as in `assign_domains`, checked before."""
    holds = np.ones(count, bool)
    for term in expression.split("&"):
        holds &= _is_true(term.strip(), annotations, names)
    return holds


def _is_true(term: str, annotations: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]]) -> np.ndarray:
    name, value = term.removeprefix("~"), not term.startswith("~")
    if name in names.get(DOMAIN, ()):
        return (np.asarray(annotations[DOMAIN]) == names[DOMAIN].index(name)) == value
    return (np.asarray(annotations["attributes"][:, names["attributes"].index(name)]) == 1) == value
