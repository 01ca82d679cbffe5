"""The comparability of runs: whether their scores were measured in the same way, and where they differ if not."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from semgan.compare.run_folder import Run
from semgan.compare.unlike_figures import join_words, unlike_sentences
from semgan.settings import SETTINGS, keys_that


class Difference(NamedTuple):
    """A property that differs between runs: its name, and its values as text with the names of the runs that have them."""

    what: str
    values: dict[str, list[str]]


def _config(key: str) -> Callable[[Run], Any]:
    return lambda run: run.config.get(key)


def _scores(part: str, key: str) -> Callable[[Run], Any]:
    def read(run: Run) -> Any:
        block = run.scores.get(part)
        return block.get(key) if isinstance(block, dict) else None

    return read


_CONFIG: dict[str, Callable[[Run], Any]] = {
    SETTINGS[key].compared_as: _config(key) for key in keys_that(lambda setting: setting.compared_as)
}
_FIELDS: dict[str, Callable[[Run], Any]] = {
    SETTINGS["data.name"].compared_as: _config("data.name"),
    "the fingerprint of the held-out data": _scores("dataset", "fingerprint"),
    "the split": _scores("dataset", "split"),
    **_CONFIG,
    "the judge": _scores("judge", "name"),
    "the number of pairs": lambda run: run.scores.get("pairs", run.config.get("judge.pairs")),
    "the number of samples": lambda run: run.scores.get("samples", run.config.get("judge.samples")),
    "the seed of the pairs": lambda run: run.scores.get("seed"),
}
"""The properties that have to be the same for scores to be comparable; None where a run does not say."""


def find_differences(runs: Sequence[Run]) -> list[Difference]:
    """Returns every field in which two runs that know it differ."""
    differences = []
    for what, read in _FIELDS.items():
        values: dict[str, list[str]] = {}
        for run in runs:
            if (value := read(run)) is not None:
                values.setdefault(_text(value), []).append(run.name)
        if len(values) > 1:
            differences.append(Difference(what, values))
    return differences


def comparability(runs: Sequence[Run]) -> list[str]:
    """Returns sentences: whether the runs' scores are comparable, where they differ field by field, and which runs have none yet."""
    differences, unlike = find_differences(runs), unlike_sentences(runs)
    sentences = []
    if differences:
        sentences.append(f"The scores are not comparable: the runs differ in {join_words([each.what for each in differences])}.")
        sentences += [f"{_capital(each.what)}: {_values_text(each)}." for each in differences]
    elif len(runs) > 1 and not unlike:
        sentences.append("The scores are comparable: all runs name the same data, domains, sizes and settings of the judge.")
    sentences += unlike
    if unknown := [run.name for run in runs if not run.scores]:
        sentences.append(f"No final scores yet: {join_words(unknown)}.")
    return sentences


def _values_text(difference: Difference) -> str:
    return "; ".join(f"{value} ({join_words(names)})" for value, names in difference.values.items())


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value) or "none"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
