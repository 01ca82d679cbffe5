"""An evaluation's report as one static page, with its pictures inside."""

from collections.abc import Mapping, Sequence
from typing import Any

from semgan.evaluation.figures.answer_figures import SCORE
from semgan.evaluation.figures.evaluation import Evaluation
from semgan.evaluation.figures.examples import Example
from semgan.evaluation.figures.figure import Figure, by_name
from semgan.evaluation.figures.transfer_figures import ROLES
from semgan.evaluation.report.evaluation_json import (
    by_domains,
    is_of_samples,
    of_role,
    shown_scores,
    strength_point,
)
from semgan.evaluation.report.evaluation_text import audit_text
from semgan.evaluation.report.figure_table import HEAD, common_rows, figure_rows, headline
from semgan.evaluation.scores.audit import LEVEL
from semgan.pages import curves, document
from semgan.pages.document import details, examples, header, paragraph, section, statement, table
from semgan.pages.images import png, shown_width
from semgan.pages.scores import score_cards, value_text

_CURVES = {
    "transfer_score": "transfer score",
    "retention": "retention",
    "adoption": "adoption",
    "mask_iou": "mask IoU with the content",
    "landmark_error": "landmark error (inter-ocular)",
    "attributes": "agreement of the attributes",
    "domain_accuracy": "judged as the reference's domain",
}
_ROLES = ("translated", "content copied", "reference copied")
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


Figures = Mapping[str, Figure]
"""Figures by their names."""


def render(evaluation: Evaluation, about: Mapping[str, Any]) -> str:
    """Returns the page's HTML.

    Args:
      about: what was evaluated, and on what: `model`, `algorithm`, `kimg`, `seed`, `semgan`, and as `describe` has them `judge`, `dataset`
        and `training_data`; of these `model`, `judge` and `dataset` have to be there.
    """
    figures, samples = by_name(evaluation.figures), is_of_samples(evaluation)
    data, accuracy = about["dataset"], about["judge"]["accuracy"]
    return document.page_html(
        f"Evaluation of {about['model']}",
        [
            header("Evaluation", str(about["model"]), _what(figures, data)),
            score_cards({key: evaluation.value(key) for key in (*shown_scores(evaluation), "diversity_share", "recall")}),
            _figures(evaluation.figures),
            _audit(figures),
            _strength(evaluation),
            _pairs("Best pairs", "The translations that keep most of their contents.", evaluation.examples.best),
            _pairs("Worst pairs", "The translations that keep least of their contents.", evaluation.examples.worst),
            _nearest(figures, evaluation.examples.nearest, "sample" if samples else "translation"),
            _beside_real(figures) if samples else _beside_copies(figures),
            section("Attributes", _attributes(figures, accuracy)),
            section("Judged as the target domain", _domain_table(figures, "adopted", data["domains"])),
            section("Answer score by domains", _domain_table(figures, SCORE, data["domains"])),
            section("What makes a whole face", _checks(figures, evaluation.checks)),
            section("Domains", _domains(figures, evaluation.training_shares)),
            section("Notes", *map(paragraph, evaluation.notes)),
            section("The judge on held-out real pictures", _judge(accuracy)),
            section("How this was measured", table(facts(figures, about))),
        ],
    )


def facts(figures: Figures, about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the model, data and judge behind the figures as rows of a table; unknown values are left out."""
    judge, data, trained = about["judge"], about["dataset"], about.get("training_data", {})
    rows = [
        ("model file", about["model"]),
        ("algorithm", about.get("algorithm")),
        ("trained for", None if about.get("kimg") is None else f"{about['kimg']:.4g} kimg"),
        ("data", data["name"]),
        ("domains", ", ".join(data["domains"])),
        ("image size", data.get("image_size")),
        ("split", data["split"]),
        ("pictures of the split", _count(data.get("count"))),
        ("fingerprint of the split", data.get("fingerprint")),
        ("training pictures", _count(trained.get("count"))),
        ("fingerprint of the training pictures", trained.get("fingerprint")),
        ("held-out pairs", _count(_fake_count(figures, "domain_accuracy"))),
        ("samples", _count(_fake_count(figures, "neighbour_distance"))),
        ("real pictures beside them", _count(_fake_count(figures, "neighbour_distance/real"))),
        ("seed", about.get("seed")),
        ("judge", judge["name"]),
        ("judge's channels", judge.get("channels")),
        ("judge's accuracy of the domain", value_text(judge["accuracy"]["domain"], 3)),
        ("semgan", about.get("semgan")),
    ]
    return [(name, str(value)) for name, value in rows if value is not None]


def _fake_count(figures: Figures, name: str) -> int | None:
    return figures[name].passport.fake_count if name in figures else None


def _count(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _what(figures: Figures, data: Mapping[str, Any]) -> str:
    pairs, samples = (_fake_count(figures, name) for name in ("domain_accuracy", "neighbour_distance"))
    what = f"{samples:,} samples beside held-out pictures" if pairs is None else f"{pairs:,} held-out pairs"
    return f"on {what} of {data['name']}, {data['split']} split, {', '.join(data['domains'])}"


def _figures(figures: Sequence[Figure]) -> str:
    """Shows all figures, and once for all of them what most of their passports say."""
    first = headline(figures)
    if not first:
        return ""
    parts = [figure for figure in figures if figure not in first]
    meaning = "The interval says how far a figure would move if other pictures had been drawn, as the column after it says which."
    return section(
        "Figures",
        paragraph(meaning),
        table(figure_rows(first), HEAD),
        "<h3>How this was measured, where the last column does not say otherwise</h3>",
        table(common_rows(first)),
        details("Copies, real pictures, single domains and attributes", table(figure_rows(parts, first), HEAD)) if parts else "",
    )


def _audit(figures: Figures) -> str:
    if "copies" not in figures:
        return ""
    rows = [
        (
            "C_T: below 0 where the pictures are nearer to training pictures than held-out ones are",
            f"{figures['copying_statistic'].value:.2f}",
        ),
        ("p-value of C_T", f"{figures['copying_statistic/p_value'].value:.2g}"),
        ("share of the pictures nearer to a training picture than 99 % of the held-out ones", f"{figures['copies'].value:.4f}"),
        ("p-value of the share", f"{figures['copies/p_value'].value:.2g}"),
        ("p-values below which it is called copying", f"{LEVEL:g}"),
    ]
    return section("Memorisation audit", statement(f"{_capital(audit_text(figures))}."), table(rows))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _strength(evaluation: Evaluation) -> str:
    points = [strength_point(strength, figures) for strength, figures in evaluation.by_strength.items()]
    along = curves.Axis(1.0, "strength 1")
    lines = {key: curves.points(points, key, "strength") for key in _CURVES}
    charts = "".join(curves.chart(_CURVES[key], line, along) for key, line in lines.items() if line)
    if not charts:
        return ""
    known = [key for key in _CURVES if lines[key]]
    rows = [[f"{point['strength']:g}", *(value_text(point[key], 3) for key in known)] for point in points]
    return section(
        "Over the strength of the style",
        paragraph("From 0, the content's own style, to 1, the reference's."),
        f'<div class="charts">{charts}</div><h3>In figures</h3>',
        table(rows, ["strength", *(_CURVES[key] for key in known)]),
    )


def _pairs(title: str, meaning: str, pairs: Sequence[Example]) -> str:
    items = [
        document.PictureRow(
            _pictures(("content", "reference", "translated", "answer")[: len(pair.images)], pair),
            f"{pair.about['source']} to {pair.about['target']}, judged as {pair.about['judged_as']}: "
            f"{pair.about['measure']} {pair.about['kept']:.2f}, of the content itself {pair.about['content_kept']:.2f}",
        )
        for pair in pairs
    ]
    return section(title, paragraph(meaning), examples(items)) if items else ""


def _nearest(figures: Figures, nearest: Sequence[Example], kind: str) -> str:
    items = [
        document.PictureRow(
            _pictures((kind, f"training picture, {each.about['domain']}"), each),
            f"distance {each.about['distance']:.3f}",
        )
        for each in nearest
    ]
    if not items:
        return ""
    return section(
        "Nearest neighbours",
        paragraph(f"The {len(items)} that come nearest to a training picture in the judge's features, each beside it."),
        statement(f"{_capital(audit_text(figures))}."),
        examples(items),
    )


def _pictures(names: Sequence[str], example: Example) -> list[tuple[str, bytes, int]]:
    return [(name, png(image), shown_width(image)) for name, image in zip(names, example.images, strict=True)]


def _beside_copies(figures: Figures) -> str:
    rows = [
        [label, *(_value(figures, of_role(measure, role)) for role in ROLES)] for measure, label in _BY_ROLE.items() if measure in figures
    ]
    latent, real = _value(figures, "style_diversity"), _value(figures, "style_diversity/real")
    text = paragraph(f"Distance of ten styles {latent}, of ten real pictures {real}")
    return section("Beside copies of either picture", table(rows, ["", *_ROLES]), text)


def _beside_real(figures: Figures) -> str:
    rows = [(label, _value(figures, name), _value(figures, f"{name}/real")) for name, label in _BESIDE_REAL.items()]
    return section("Beside real pictures", table(rows, ("", "samples", "real")))


def _attributes(figures: Figures, accuracy: Mapping[str, Any]) -> str:
    """Shows attributes of translations, those that never vary among the contents last."""
    attributes = dict.fromkeys(name.split("/")[1] for name in figures if name.startswith("attributes/"))
    if "domain_accuracy" not in figures or not accuracy.get("attributes"):
        return ""
    names = attributes | dict.fromkeys(accuracy["attributes"])
    rows = [[name, *(_value(figures, of_role(f"attributes/{name}", role)) for role in ROLES)] for name in names]
    return paragraph("Balanced agreement with the contents' attributes; a constant answer gives 0.5.") + table(rows, ["", *_ROLES])


def _domain_table(figures: Figures, name: str, domains: Sequence[str]) -> str:
    values = by_domains(figures, name, domains)
    targets = [target for target in domains if any(target in row for row in values.values())]
    rows = [[source, *(value_text(row[each].value) if each in row else "" for each in targets)] for source, row in values.items()]
    return table(rows, ["from, to", *targets])


def _checks(figures: Figures, checks: Mapping[str, Any]) -> str:
    rows = [(name, _value(figures, f"checks/{name}"), _value(figures, f"checks/{name}/real")) for name in checks]
    return table(rows, ("passed by", "samples", "real"))


def _domains(figures: Figures, training_shares: Mapping[str, float]) -> str:
    rows = [
        (name, value_text(share, 3), _value(figures, f"domains/{name}"), _value(figures, f"domains/{name}/real"))
        for name, share in training_shares.items()
    ]
    return table(rows, ("", "in training", "samples, judged", "real, judged"))


def _value(figures: Figures, name: str) -> str:
    return value_text(figures[name].value if name in figures else None, 3)


def _judge(accuracy: Mapping[str, Any]) -> str:
    rows = [("pictures", f"{accuracy['images']:,}"), ("domain", value_text(accuracy["domain"], 3))]
    rows += [
        (label, value_text(accuracy[key], 3))
        for key, label in (("mask_iou", "mask IoU"), ("landmark_error", "landmark error"))
        if key in accuracy
    ]
    rows += [(f"mask IoU, {name}", value_text(value, 3)) for name, value in accuracy.get("mask_iou_by_class", {}).items()]
    rows += [(f"{name} (balanced)", value_text(value, 3)) for name, value in accuracy.get("attributes", {}).items()]
    return table(rows)
