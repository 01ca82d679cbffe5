"""Names that a user gives, checked against those that exist."""

import difflib
import unicodedata
from collections.abc import Sequence

from semgan.errors import UserError


def one_form(name: str) -> str:
    """Returns the composed form (Unicode's NFC) of a name: what macOS wrote and what a keyboard gives are the same name then."""
    return unicodedata.normalize("NFC", name)


def require(name: str, names: Sequence[str], kind: str) -> str:
    """Returns the name if it is one of `names`; raises a UserError that suggests the nearest one otherwise."""
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UserError(f"this model has no {kind} {name!r}: {hint}it has {', '.join(names)}")
