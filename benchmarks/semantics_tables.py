"""The tables of what methods keep, as Markdown, from the measurements of their runs (see `semantics_runs`)."""

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from benchmarks.semantics_runs import STEPS

Results = Mapping[str, Mapping[int, dict[str, Any]]]
"""Measurements by method and seed."""
Point = Mapping[str, float]
"""The scores of a curve over the strength of the style."""
SEMGAN, STARGAN = "semgan", "stargan_v2"
UNSEEN = {SEMGAN: "left_out", STARGAN: "stargan_v2_left_out"}
"""The same method trained without the combination, by method."""
_SCORES = ("transfer_score", "retention", "adoption", "landmark_error", "lost_iou", "attributes")
_ERRORS = ("landmark_error", "lost_iou")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown; nothing where there are no rows."""
    lines = [heads, ["-"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n" if rows else ""


def spread(values: Sequence[float | None], digits: int = 3) -> str:
    """The mean and the sample standard deviation of those that are known."""
    numbers = [value for value in values if value is not None]
    if not numbers:
        return "–"
    mean = f"{statistics.mean(numbers):.{digits}f}"
    return f"{mean} ± {statistics.stdev(numbers):.{digits}f}" if len(numbers) > 1 else mean


def preservation_table(results: Results, way: str) -> str:
    """A table of what each method keeps at full strength (`way`: "both_ways" or "one_way"), and the judge's own errors on the contents."""
    rows, floors = [], []
    for method, seeds in results.items():
        runs = [(run["kimg"], run[way]) for run in seeds.values() if run[way]]
        if runs:
            values = [spread([scores["curve"][-1][key] for _, scores in runs]) for key in _SCORES]
            rows.append([method, str(len(runs)), spread([kimg for kimg, _ in runs], 1), *values])
            floors += [scores["floor"] for _, scores in runs]
    if floors:
        rows.append(["contents as they are", "", "", "", "", "", *(spread([floors[0][key]]) for key in (*_ERRORS, "attributes"))])
    return table(("method", "seeds", "kimg", "score", "retention", "adoption", "landmark error", "lost IoU", "attributes kept"), rows)


def at_adoption(curve: Sequence[Point], adoption: float) -> Point:
    """The scores where the curve first has this adoption, linear between the strengths measured; its end where it never has."""
    if curve[0]["adoption"] >= adoption:
        return curve[0]
    for low, high in pairwise(curve):
        if high["adoption"] >= adoption:
            share = (adoption - low["adoption"]) / (high["adoption"] - low["adoption"])
            return {key: low[key] + share * (high[key] - low[key]) for key in ("strength", "adoption", *_ERRORS)}
    return curve[-1]


def beside_table(results: Results, way: str) -> str:
    """Errors of semgan as shares of StarGAN v2's at the same adoption, seed by seed: as they are, and above those on the contents."""
    rows, shares = [], {name: [] for error in _ERRORS for name in (error, f"{error} above")}
    for seed in sorted(results.get(SEMGAN, {}).keys() & results.get(STARGAN, {}).keys()):
        floor, theirs = (results[STARGAN][seed][way][key] for key in ("floor", "curve"))
        ours = at_adoption(results[SEMGAN][seed][way]["curve"], theirs[-1]["adoption"])
        cells = [f"{ours['strength']:.2f}", f"{ours['adoption']:.3f}"]
        for error in _ERRORS:
            raw = _ratio(ours[error], theirs[-1][error])
            above = _ratio(ours[error] - floor[error], theirs[-1][error] - floor[error])
            shares[error].append(raw)
            shares[f"{error} above"].append(above)
            cells += [f"{ours[error]:.3f}", f"{theirs[-1][error]:.3f}", spread([raw]), spread([above])]
        rows.append([str(seed), *cells])
    if rows:
        means = [["", "", spread(shares[error]), spread(shares[f"{error} above"])] for error in _ERRORS]
        rows.append(["mean", "", "", *means[0], *means[1]])
    kinds = [[f"{error}: {SEMGAN}", STARGAN, "ratio", "above the judge's"] for error in ("landmark error", "lost IoU")]
    return table(("seed", "strength", "adoption", *kinds[0], *kinds[1]), rows)


def _ratio(value: float, other: float) -> float | None:
    return value / other if other > 0 else None


def times_table(results: Results) -> str:
    """Minutes to each step of the transfer score, the median over the seeds; none where half of them have not reached it."""
    methods = [method for method in (SEMGAN, STARGAN) if results.get(method)]
    rows = []
    for step in range(1, STEPS + 1):
        times = [[dict(map(tuple, run["minutes"])).get(step / STEPS, math.inf) for run in results[method].values()] for method in methods]
        medians = [statistics.median(each) for each in times]
        if any(map(math.isfinite, medians)):
            rows.append([f"{step / STEPS:.2f}", *(f"{median:.1f}" if math.isfinite(median) else "–" for median in medians)])
    return table(("transfer score", *(f"{method}, minutes" for method in methods)), rows)


def unseen_table(results: Results) -> str:
    """Glasses into ink, which the second of each pair of methods has not seen there."""
    rows = []
    for method, without in UNSEEN.items():
        if method in results and without in results:
            familiar, unseen = (
                [run["glasses"]["curve"][-1]["transfer_score"] for run in results[name].values()] for name in (method, without)
            )
            rows.append([method, spread(familiar), spread(unseen)])
    return table(("method", "glasses in ink seen", "left out"), rows)
