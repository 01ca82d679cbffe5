"""An evaluation's report as one static page, with its pictures inside."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from semgan.evaluation.report.figure_table import HEAD, common_rows, figure_rows, headline
from semgan.evaluation.scores.audit import audit_text
from semgan.pages import curves
from semgan.pages.document import Example, details, document, examples, header, paragraph, said, section, table
from semgan.pages.images import png, shown_width
from semgan.pages.scores import SCORES, score_cards, shown

Report = Mapping[str, Any]
_CURVES = {
    "transfer_score": "transfer score",
    "retention": "retention",
    "adoption": "adoption",
    "mask_iou": "mask IoU with the content",
    "landmark_error": "landmark error (inter-ocular)",
    "attributes": "agreement of the attributes",
    "domain_accuracy": "judged as the reference's domain",
}
_ROLES = {"translated": "translated", "content": "content copied", "reference": "reference copied"}
_BY_ROLE = {
    "agreement": "agreement with the content",
    "domain_accuracy": "judged as the reference's domain",
    "landmark_error": "landmark error (inter-ocular)",
    "attributes_kept": "agreement of the attributes to be kept",
}
_BESIDE_REAL = {
    "whole_faces": "whole faces",
    "medium_coverage": "coverage of the domains",
    "diversity": "distance of two pictures",
    "neighbour_distance": "distance to the nearest training picture",
}


class Pictures(NamedTuple):
    """The pictures that the report's lists name, uint8, in the lists' order.

    Attributes:
      best, worst: of `best_pairs` and `worst_pairs`, (n, 3, size, size, 3): content, reference, translation.
      nearest: of `nearest`, (n, 2, size, size, 3): the generated picture and the training picture.
    """

    best: Sequence[np.ndarray] = ()
    worst: Sequence[np.ndarray] = ()
    nearest: Sequence[np.ndarray] = ()


def render(report: Report, pictures: Pictures) -> str:
    """The page's HTML, for the reports of `semantics.full_report` and of `samples.evaluate_samples`."""
    return document(
        f"Evaluation of {report['model']}",
        [
            header("Evaluation", str(report["model"]), _about(report)),
            score_cards({key: report[key] for key in SCORES if key in report}),
            _figures(report.get("figures", ())),
            _audit(report),
            _strength(report),
            _pairs("Best pairs", "The translations that keep most of their contents.", report.get("best_pairs", ()), pictures.best),
            _pairs("Worst pairs", "The translations that keep least of their contents.", report.get("worst_pairs", ()), pictures.worst),
            _nearest(report, pictures.nearest),
            _beside_copies(report),
            _beside_real(report),
            section("Attributes", _attributes(report)),
            section("Judged as the target domain", _adopted(report)),
            section("What makes a whole face", _checks(report)),
            section("Domains", _domains(report)),
            section("Notes", *map(paragraph, report["notes"])),
            section("The judge on held-out real pictures", _judge(report["judge"]["accuracy"])),
            section("How this was measured", table(passport(report))),
        ],
    )


def passport(report: Report) -> list[tuple[str, str]]:
    """By what and on what the figures were taken, as rows of a table; what a report does not say is left out."""
    judge, data, trained = report["judge"], report["dataset"], report.get("training_data", {})
    rows = [
        ("model file", report["model"]),
        ("algorithm", report.get("algorithm")),
        ("trained for", None if report.get("kimg") is None else f"{report['kimg']:.4g} kimg"),
        ("data", data["name"]),
        ("domains", ", ".join(data["domains"])),
        ("image size", data.get("image_size")),
        ("split", data["split"]),
        ("pictures of the split", _count(data.get("count"))),
        ("fingerprint of the split", data.get("fingerprint")),
        ("training pictures", _count(trained.get("count"))),
        ("fingerprint of the training pictures", trained.get("fingerprint")),
        ("held-out pairs", _count(report.get("pairs"))),
        ("samples", _count(report.get("samples"))),
        ("real pictures beside them", _count(report.get("real"))),
        ("seed", report.get("seed")),
        ("judge", judge["name"]),
        ("judge's channels", judge.get("channels")),
        ("judge's accuracy of the domain", shown(judge["accuracy"]["domain"], 3)),
        ("semgan", report.get("semgan")),
    ]
    return [(name, str(value)) for name, value in rows if value is not None]


def _count(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _about(report: Report) -> str:
    data = report["dataset"]
    what = f"{report['pairs']:,} held-out pairs" if "pairs" in report else f"{report['samples']:,} samples beside held-out pictures"
    return f"on {what} of {data['name']}, {data['split']} split, {', '.join(data['domains'])}"


def _figures(figures: Sequence[Report]) -> str:
    """All figures, and once for all of them what most of their passports say."""
    first = headline(figures)
    if not first:
        return ""
    parts = [figure for figure in figures if figure not in first]
    told = paragraph("The interval says how far a figure would move if other pictures had been drawn, as the column after it says which.")
    return section(
        "Figures",
        told,
        table(figure_rows(first), HEAD),
        "<h3>How this was measured, where the last column does not say otherwise</h3>",
        table(common_rows(first)),
        details("Of copies, real pictures, single domains and attributes", table(figure_rows(parts, first), HEAD)) if parts else "",
    )


def _audit(report: Report) -> str:
    found = report.get("audit")
    if found is None:
        return ""
    rows = [
        ("C_T: below 0 where the pictures are nearer to training pictures than held-out ones are", f"{found['statistic']:.2f}"),
        ("p-value of C_T", f"{found['p_value']:.2g}"),
        ("share of the pictures nearer to a training picture than 99 % of the held-out ones", f"{found['copies']:.4f}"),
        ("p-value of the share", f"{found['copies_p_value']:.2g}"),
        ("p-values below which it is called copying", f"{found['level']:g}"),
    ]
    return section("Memorisation audit", said(f"{_capital(audit_text(found))}."), table(rows))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _strength(report: Report) -> str:
    points = report.get("strength_curve", ())
    along = curves.Axis(1.0, "strength 1")
    lines = {key: curves.points(points, key, "strength") for key in _CURVES}
    charts = "".join(curves.chart(_CURVES[key], line, along) for key, line in lines.items() if line)
    if not charts:
        return ""
    rows = [[f"{point['strength']:g}", *(shown(point[key], 3) for key in _CURVES)] for point in points]
    return section(
        "Over the strength of the style",
        paragraph("From 0, the content's own style, to 1, the reference's."),
        f'<div class="charts">{charts}</div><h3>In figures</h3>',
        table(rows, ["strength", *_CURVES.values()]),
    )


def _pairs(title: str, meaning: str, pairs: Iterable[Mapping[str, Any]], pictures: Sequence[np.ndarray]) -> str:
    items = [
        Example(
            _pictures(("content", "reference", "translated"), images),
            f"{pair['source']} to {pair['target']}, judged as {pair['judged_as']}: agreement {pair['agreement']:.2f}, "
            f"of the content itself {pair['content_agreement']:.2f}",
        )
        for pair, images in zip(pairs, pictures, strict=True)
    ]
    return section(title, paragraph(meaning), examples(items)) if items else ""


def _nearest(report: Report, pictures: Sequence[np.ndarray]) -> str:
    made = "translation" if "pairs" in report else "sample"
    items = [
        Example(_pictures((made, f"training picture, {each['domain']}"), images), f"distance {each['distance']:.3f}")
        for each, images in zip(report.get("nearest", ()), pictures, strict=True)
    ]
    if not items:
        return ""
    return section(
        "Nearest neighbours",
        paragraph(f"The {len(items)} that come nearest to a training picture in the judge's features, each beside it."),
        said(f"{_capital(audit_text(report['audit']))}."),
        examples(items),
    )


def _pictures(names: Sequence[str], images: np.ndarray) -> list[tuple[str, bytes, int]]:
    return [(name, png(image), shown_width(image)) for name, image in zip(names, images, strict=True)]


def _beside_copies(report: Report) -> str:
    rows = [
        [label, *(shown(report[key][role], 3) for role in _ROLES)]
        for key, label in _BY_ROLE.items()
        if key in report and report[key]["translated"] is not None
    ]
    spread = report["diversity"]
    if isinstance(spread, Mapping):
        text = f"distance of ten styles {shown(spread['latent'], 3)}, of ten real pictures {shown(spread['real'], 3)}"
        return section("Beside copies of either picture", table(rows, ["", *_ROLES.values()]), paragraph(_capital(text)))
    return ""


def _beside_real(report: Report) -> str:
    rows = [
        (label, shown(report[key], 3), shown(report[f"{key}_real"], 3)) for key, label in _BESIDE_REAL.items() if f"{key}_real" in report
    ]
    return section("Beside real pictures", table(rows, ("", "samples", "real")))


def _attributes(report: Report) -> str:
    by_role = report.get("attributes")
    if by_role is None or by_role["translated"] is None:
        return ""
    rows = [[name, *(shown(by_role[role][name], 3) for role in _ROLES)] for name in by_role["translated"]]
    return paragraph("Balanced agreement with the contents' attributes; a constant answer gives 0.5.") + table(rows, ["", *_ROLES.values()])


def _adopted(report: Report) -> str:
    adopted: Mapping[str, Mapping[str, float]] = report.get("adopted", {})
    targets = [name for name in report["dataset"]["domains"] if any(name in row for row in adopted.values())]
    rows = [[source, *(shown(row[name]) if name in row else "" for name in targets)] for source, row in adopted.items()]
    return table(rows, ["from, to", *targets])


def _checks(report: Report) -> str:
    rows = [(name, shown(check["samples"], 3), shown(check["real"], 3)) for name, check in report.get("checks", {}).items()]
    return table(rows, ("passed by", "samples", "real"))


def _domains(report: Report) -> str:
    rows = [(name, *(shown(by[group], 3) for group in ("train", "samples", "real"))) for name, by in report.get("domains", {}).items()]
    return table(rows, ("", "in training", "samples, judged", "real, judged"))


def _judge(accuracy: Mapping[str, Any]) -> str:
    rows = [("pictures", f"{accuracy['images']:,}"), ("domain", shown(accuracy["domain"], 3))]
    rows += [
        (label, shown(accuracy[key], 3))
        for key, label in (("mask_iou", "mask IoU"), ("landmark_error", "landmark error"))
        if key in accuracy
    ]
    rows += [(f"mask IoU, {name}", shown(value, 3)) for name, value in accuracy.get("mask_iou_by_class", {}).items()]
    rows += [(f"{name} (balanced)", shown(value, 3)) for name, value in accuracy.get("attributes", {}).items()]
    return table(rows)
