"""An evaluation's report: as a JSON file with a page beside it, and as a few lines for a terminal."""

import json
from pathlib import Path
from typing import Any

from semgan.errors import UserError
from semgan.evaluation.report.figure_table import figure_lines
from semgan.evaluation.scores.audit import audit_text
from semgan.files import check_writable, write_whole


def page_path(path: Path) -> Path:
    """Where the page of the report in this file goes: `report.json -> report.html`."""
    if path.suffix == ".html":
        raise UserError(f"{path} is the name that the report's page would get: give a name such as {path.with_suffix('.json')} as --out")
    return path.with_suffix(".html") if path.suffix == ".json" else path.with_name(f"{path.name}.html")


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Writes the report as JSON, complete or not at all."""
    write_text(path, json.dumps(report, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes the file, complete or not at all; UserError where it cannot be."""
    check_writable(path)
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): give another --out") from error


def report_text(report: dict[str, Any]) -> str:
    """The transfer score and what it is made of, in a few lines."""
    data, judge = report["dataset"], report["judge"]
    lines = [
        f"transfer score {_number(report['transfer_score'])}: "
        f"retention {_number(report['retention'])}, adoption {_number(report['adoption'])}",
        f"  on {report['pairs']} pairs (seed {report['seed']}) of the {data['split']} split of {data['name']}, "
        f"domains {', '.join(data['domains'])}",
    ]
    rows = [("agreement with the content", report["agreement"]), ("judged as the target domain", report["domain_accuracy"])]
    if report["landmark_error"]["translated"] is not None:
        rows.append(("landmark error (inter-ocular)", report["landmark_error"]))
    lines += [
        f"  {label:<30}translated {_number(by['translated'])}, "
        f"content copied {_number(by['content'])}, reference copied {_number(by['reference'])}"
        for label, by in rows
    ]
    spread = report["diversity"]
    lines.append(f"  {'diversity of ten styles':<30}{_number(spread['latent'])}, of ten real pictures {_number(spread['real'])}")
    lines += [f"  {line}" for line in figure_lines(report["figures"])]
    lines += [f"  {_strength_text(point)}" for point in report.get("strength_curve", ())]
    if "audit" in report:
        lines.append(f"  {audit_text(report['audit'])}")
    accuracy = judge["accuracy"]
    lines.append(f"  judge {judge['name']} on {accuracy['images']} held-out real pictures: {_judge_text(accuracy)}")
    return "\n".join(lines + [f"  note: {note}" for note in report["notes"]])


def _strength_text(point: dict[str, Any]) -> str:
    return f"at strength {point['strength']:<{len('strength of the style')}g}" + ", ".join(
        f"{name.replace('_', ' ')} {_number(point[name])}" for name in ("transfer_score", "retention", "adoption")
    )


def _judge_text(accuracy: dict[str, Any]) -> str:
    parts = [f"domain {_number(accuracy['domain'])}"]
    if "mask_iou" in accuracy:
        parts.append(f"mask IoU {_number(accuracy['mask_iou'])}")
    if "landmark_error" in accuracy:
        parts.append(f"landmark error {_number(accuracy['landmark_error'])}")
    if values := [value for value in accuracy.get("attributes", {}).values() if value is not None]:
        parts.append(f"attributes {_number(sum(values) / len(values))}")
    return ", ".join(parts)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
