"""Names that a user gives, against those that there are."""

import difflib
from collections.abc import Sequence

from semgan.errors import UserError


def known(name: str, names: Sequence[str], kind: str) -> str:
    """The name if it is one of `names`, or else a UserError that suggests the nearest."""
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UserError(f"this model has no {kind} {name!r}: {hint}it has {', '.join(names)}")
