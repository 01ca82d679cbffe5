"""Measures what a run's translations keep of their contents, once, and keeps it beside the run as `semantics.json`."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.runs import metrics
from configs import drawn_faces_semgan
from semgan.data.dataset import Dataset
from semgan.evaluation.evaluate_command import open_judge, open_splits
from semgan.evaluation.figures.figure import by_name
from semgan.evaluation.figures.strength import STRENGTHS, strength_figures
from semgan.evaluation.figures.transfer_figures import transfer_origin, transfer_score_figures
from semgan.evaluation.judge.judge import Judge
from semgan.evaluation.judge.judged_pairs import JudgedPairs, judge_pairs
from semgan.evaluation.report.evaluation_json import strength_point
from semgan.files import write_whole
from semgan.inference.model import Model, load

ONE_WAY = (1,)
"""Into ink, which every method can."""
COMBINATION, COMBINATION_PAIRS = "Eyeglasses", 200
"""The attribute that two of the methods have not seen in ink, and the number of pairs with it that are translated into ink."""
STEPS = 20
"""The number of levels of the transfer score, from 0 to 1, whose times are taken."""
_BATCH = 50


def measure_run(folder: Path, pairs: int) -> dict[str, Any]:
    """The measurements kept beside the run; made where they are absent, or of another number of pairs or images seen.

    Returns:
      `kimg` and `pairs`; `both_ways` (None where the method has one way), `one_way` and `glasses` (contents with glasses, one way), see
      `_kept`; `minutes`, of the time at which each step of the transfer score was first reached: [score, minutes], for those reached.
    """
    path, key = folder / "semantics.json", {"kimg": json.loads((folder / "result.json").read_text())["kimg"], "pairs": pairs}
    results = json.loads(path.read_text()) if path.exists() else {}
    if key.items() <= results.items():
        return results
    model = load(folder / "snapshot.safetensors")
    with_glasses = min(pairs, COMBINATION_PAIRS)
    results = {
        **key,
        "both_ways": _preservation(model, pairs, None) if model.algorithm.targets is None else None,
        "one_way": _preservation(model, pairs, ONE_WAY),
        "glasses": _preservation(model, with_glasses, ONE_WAY, COMBINATION, strengths=(1.0,)),
        "minutes": minutes_to_scores(metrics(folder)),
    }
    write_whole(path, json.dumps(results, indent=1).encode())
    return results


def minutes_to_scores(lines: Sequence[dict[str, Any]]) -> list[tuple[float, float]]:
    """Each step of the transfer score that a run reached, with the minutes after which it first did."""
    scores = [(line["time/minutes"], line["eval/transfer_score"]) for line in lines if line.get("eval/transfer_score") is not None]
    thresholds = []
    for step in range(1, STEPS + 1):
        times = [minutes for minutes, score in scores if score >= step / STEPS]
        thresholds += [(step / STEPS, times[0])] if times else []
    return thresholds


def _preservation(
    model: Model, pairs: int, targets: tuple[int, ...] | None, contents: str = "", strengths: Sequence[float] = STRENGTHS
) -> dict[str, Any]:
    """Measures what translations of the same held-out pairs keep.

    Returns:
      `curve`: for each strength (1 alone where the style comes from no reference) `strength`, `transfer_score`, `retention`, `adoption`,
      `landmark_error`, `lost_iou` and `attributes`; `floor`: the last three of the contents themselves, by which the judge is off.
    """
    judged_pairs = _judge_pairs(_settings(model.config), pairs, targets, contents)

    def at_strength(batch: dict[str, np.ndarray], strength: float) -> np.ndarray:
        return model.translate_batch(batch | {"strength": np.full(len(batch["image"]), strength, np.float32)})

    by_strength = strength_figures(at_strength, judged_pairs, strengths if "reference" in model.kinds else (1.0,), _BATCH)
    curve = [strength_point(*point) for point in by_strength.items()]
    keys = ("strength", "transfer_score", "retention", "adoption", "landmark_error", "attributes")
    points = [{key: point[key] for key in keys} | {"lost_iou": 1 - point["mask_iou"]} for point in curve]
    return {"curve": points, "floor": _floor(judged_pairs)}


def _floor(judged_pairs: JudgedPairs) -> dict[str, float]:
    figures, _ = transfer_score_figures(judged_pairs, judged_pairs.content, transfer_origin(judged_pairs))
    names = {"landmark_error": "landmark_error", "attributes": "attributes_kept", "agreement": "agreement"}
    values = {key: by_name(figures)[f"{name}/content"].value for key, name in names.items()}
    return values | {"lost_iou": 1 - values.pop("agreement")}


def _settings(config: dict[str, Any]) -> str:
    """All that the held-out pairs and the judge depend on: the same for every method, so that pairs are judged once."""
    data = {key: config["data"][key] for key in ("name", "source", "domains", "train_count", "test_count")}
    return json.dumps({"data": data, "image_size": config["image_size"], "judge": config["judge"]}, sort_keys=True)


@cache
def _open(settings: str) -> tuple[Judge, Dataset]:
    config = json.loads(settings)
    train, test = open_splits(config)
    return open_judge(train, test, config["judge"]), test


@cache
def _judge_pairs(settings: str, pairs: int, targets: tuple[int, ...] | None, contents: str) -> JudgedPairs:
    """The pairs; hair's colour, which semgan is asked to take from references, is nothing that has to be kept."""
    judge, test = _open(settings)
    style = drawn_faces_semgan.get_config().losses.style_attributes
    return judge_pairs(judge, test, pairs=pairs, targets=targets, contents=contents, style_attributes=style)
