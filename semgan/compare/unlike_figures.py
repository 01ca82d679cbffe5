"""The final figures of runs, and the differences in how they were measured."""

from collections.abc import Sequence

from semgan.compare.run_folder import Run
from semgan.evaluation.figures.figure import is_part
from semgan.evaluation.figures.passport import comparable
from semgan.evaluation.report.figure_table import in_words

MARK = "*"
"""Stands behind the names of figures that do not compare."""


def figure_names(runs: Sequence[Run]) -> list[str]:
    """Names of the figures that any run has, in the order of the first that has them; without those that are part of another."""
    return list(dict.fromkeys(name for run in runs for name in run.figures if not is_part(name)))


def unlike(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Returns the fields in which the passports of two runs differ, by the figure's name; without figures whose passports agree."""
    names = dict.fromkeys(name for run in runs for name in run.figures)
    differences = {name: _fields([run for run in runs if name in run.figures], name) for name in names}
    return {name: fields for name, fields in differences.items() if fields}


def unlike_sentences(runs: Sequence[Run]) -> list[str]:
    """Returns for each figure that cannot be compared where its passports differ; figures with the same reasons share a sentence.

    Parts ("fid/ink") are named only where the figure that they are parts of is not.
    """
    by_fields: dict[tuple[str, ...], list[str]] = {}
    differ = unlike(runs)
    for name, fields in differ.items():
        if is_part(name) and differ.get(name.split("/")[0]) == fields:
            continue
        by_fields.setdefault(tuple(fields), []).append(name)
    return [
        f"{MARK} {join_words(names)} {'do' if len(names) > 1 else 'does'} not compare between these runs: "
        f"{'their' if len(names) > 1 else 'its'} passports differ in {join_words([in_words(field) for field in fields])}."
        for fields, names in by_fields.items()
    ]


def join_words(words: Sequence[str]) -> str:
    """`["a", "b", "c"] -> "a, b and c"`."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _fields(runs: Sequence[Run], name: str) -> list[str]:
    """If any two differ in a field, one of them differs in it from the first."""
    first, *rest = (run.figures[name].passport for run in runs)
    return list(dict.fromkeys(field for passport in rest for field in comparable(first, passport)))
