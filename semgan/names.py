"""Names that a user gives, checked against those that exist."""

import difflib
import unicodedata
from collections.abc import Sequence

from semgan.errors import UserError


def one_form(name: str) -> str:
    """Returns the composed form (Unicode's NFC) of a name: what macOS wrote and what a keyboard gives are the same name then."""
    return unicodedata.normalize("NFC", name)


def printable(name: str) -> str:
    """Returns the name as any file and stream can hold it: bytes of a file's name that are not UTF-8 become `\\xe9` and the like."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def require(name: str, names: Sequence[str], kind: str) -> str:
    """Returns the name as it is among `names`; raises a UserError that suggests the nearest one where it is not."""
    if name in names:
        return name
    if composed := [each for each in names if one_form(each) == one_form(name)]:
        return composed[0]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UserError(f"this model has no {kind} {name!r}: {hint}it has {', '.join(names)}")
