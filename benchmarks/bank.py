"""A bank of translated pairs of drawn faces whose truth is known, for benchmarks of measures that do not know it.

A snapshot is the translations of all pairs by one model, at one strength, or a known change of such pictures or of the answers. Its images
lie in the bank's folder as NAME.npz, the truth about them beside it as NAME.json.
"""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from semgan.data.dataset import Dataset
from semgan.evaluation.evaluate_command import open_judge, open_splits
from semgan.evaluation.figures.answer_figures import answer_figures
from semgan.evaluation.figures.figure import by_name
from semgan.evaluation.figures.transfer_figures import transfer_origin, transfer_score_figures
from semgan.evaluation.judge.answers import draw_answers
from semgan.evaluation.judge.judge import decide
from semgan.evaluation.judge.judged_pairs import JudgedPairs, Translations, judge_pairs
from semgan.evaluation.judge.pairs import translate_pairs
from semgan.evaluation.scores import answer
from semgan.inference.model import Model, load
from semgan.run_files import CHECKPOINTS, model_path

DAMAGE, CHANGE = "damage ", "change "
"""What the names of damaged pictures and of known changes of style begin with; all other names are models'."""
STRENGTHS = (0.25, 0.5, 0.75, 1.5)
"""Strengths of the style, beside 1, at which the models that take one translate too."""
Images = np.ndarray
"""uint8 (pairs, size, size, 3)."""


class Snapshot(NamedTuple):
    """Translations of all pairs, and the truth about them.

    Attributes:
      images: uint8 (pairs, size, size, 3).
      truth: `retention`, `adoption` and `domain_accuracy` of a judge that has learned from annotations; `edges`, their agreement with the
        answers; `structure`, `color` and `texture`, which are `answer_structure`, `answer_color` and `answer_texture` (0 for the better
        copy, 1 for redrawn answers), and `style`, the mean of the last two; `own_margin` and `own_share`, see `own_answer`.
    """

    images: Images
    truth: Mapping[str, float]


class Drawings(NamedTuple):
    """The pairs and what is known of them.

    Attributes:
      contents, references: the pictures of the pairs.
      answers: each content in its own reference's style.
      others: each content in the style of another reference of the same domain.
      apart: the mean of `style_distances` of answers and others, (2,).
    """

    pairs: JudgedPairs
    contents: Images
    references: Images
    answers: Images
    others: Images
    apart: np.ndarray


def options_parser(description: str | None, plot: str) -> argparse.ArgumentParser:
    """The options that all benchmarks with a bank have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--models", nargs="+", required=True, type=Path, metavar="PATH", help="snapshots, checkpoints or runs of models of the same data"
    )
    parser.add_argument("--into", default="", metavar="NAME", help="the medium that is translated into (default: all)")
    parser.add_argument("--bank", required=True, type=Path, metavar="DIR", help="where translations and their truth are kept")
    parser.add_argument("--pairs", default=200, type=int, metavar="N", help="held-out pairs (default: 200)")
    parser.add_argument(
        "--strengths", nargs="*", default=STRENGTHS, type=float, metavar="S", help=f"beside 1 (default: {' '.join(map(str, STRENGTHS))})"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help=plot)
    return parser


def open_data(options: argparse.Namespace) -> tuple[Dataset, Dataset, Drawings]:
    """The train and test splits of the first model's data, and the pairs."""
    config = load(options.models[0]).config
    train, test = open_splits(config)
    judge = open_judge(train, test, config["judge"])
    targets = [test.domains.index(options.into)] if options.into else None
    return train, test, drawings(judge_pairs(judge, test, pairs=options.pairs, targets=targets))


def drawings(pairs: JudgedPairs) -> Drawings:
    """Draws what is known of the pairs."""
    dataset, drawn = pairs.dataset, draw_answers(pairs)
    if drawn is None:
        raise SystemExit(f"{dataset.name} does not know the answers: give models of drawn_faces")
    contents, references = (dataset.images[dataset.rows[each]] for each in (pairs.pairs.content, pairs.pairs.reference))
    others = answers_to_others(pairs, 1)
    apart = style_distances(drawn.images, others, pairs.truth["mask"]).mean(1)
    return Drawings(pairs, contents, references, drawn.images, others, apart)


def answers_to_others(pairs: JudgedPairs, turn: int) -> Images:
    """The contents in the styles of other held-out pictures of the references' domains, `turn` places on from the references."""
    dataset, size = pairs.dataset, pairs.dataset.images.shape[1]
    assert dataset.answer is not None
    images = []
    for content, reference in zip(pairs.pairs.content, pairs.pairs.reference, strict=True):
        members = np.flatnonzero(dataset.domain == dataset.domain[reference])
        other = members[(np.searchsorted(members, reference) + turn) % len(members)]
        images.append(dataset.answer(int(dataset.rows[content]), int(dataset.rows[other]), size))
    return np.stack(images)


def add_models(folder: Path, models: Sequence[Path], strengths: Sequence[float], pairs: JudgedPairs) -> None:
    """Translates with the models, and at the strengths, that the bank lacks; a model that cannot translate all pairs is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in names_of(models).items():
        model = load(path)
        if not set(pairs.target.tolist()) <= set(model.targets):
            print(f"{name} is left out: it translates into {', '.join(model.domains[each] for each in model.targets)} alone")
            continue
        for strength in (1.0, *(strengths if "reference" in model.kinds else ())):
            label = name if strength == 1 else f"{name} strength {strength:g}"
            if not (folder / f"{label}.npz").exists():
                add(folder, label, _translate(model, pairs, strength))


def names_of(models: Iterable[Path]) -> dict[str, Path]:
    """Models by names: the run and the step or snapshot, after as many folders above as make the name unique."""
    paths = list(dict.fromkeys(model_path(each).resolve() for each in models))
    parts = [[part for part in path.with_suffix("").parts[1:] if part != CHECKPOINTS] for path in paths]

    def name(own: Sequence[str]) -> str:
        return next((end for end in _ends(own) if sum(end in _ends(other) for other in parts) == 1), " ".join(own))

    return dict(zip(map(name, parts), paths, strict=True))


def _ends(parts: Sequence[str]) -> list[str]:
    """The last two parts of a path, the last three, and so on."""
    return [" ".join(parts[-length:]) for length in range(2, len(parts) + 1)]


def _translate(model: Model, pairs: JudgedPairs, strength: float) -> Images:
    def translate(batch: dict[str, np.ndarray]) -> np.ndarray:
        return model.translate_batch(batch if strength == 1 else batch | {"strength": np.full(len(batch["image"]), strength, np.float32)})

    return translate_pairs(translate, pairs.dataset, pairs.pairs._replace(inputs=model.algorithm.inputs), 50)


def add(folder: Path, name: str, images: Images) -> None:
    """Puts a snapshot into the bank, unless one of this name is there."""
    if not (folder / f"{name}.npz").exists():
        np.savez_compressed(folder / f"{name}.npz", translated=images)


def read(folder: Path, drawn: Drawings, groups: Sequence[str]) -> dict[str, Snapshot]:
    """The bank's snapshots of these groups by name, after finding out the truth where that is missing."""
    return {path.stem: _read(path, drawn) for path in sorted(folder.glob("*.npz")) if group_of(path.stem) in groups}


def group_of(name: str) -> str:
    """Returns the group of a snapshot: "models", "damages" or "changes"."""
    return "damages" if name.startswith(DAMAGE) else "changes" if name.startswith(CHANGE) else "models"


def _read(path: Path, drawn: Drawings) -> Snapshot:
    images, kept = np.load(path)["translated"], path.with_suffix(".json")
    if len(images) != len(drawn.answers):
        raise SystemExit(f"{path} has {len(images)} pairs, not {len(drawn.answers)}: give another --bank or as many --pairs")
    if not kept.exists():
        kept.write_text(json.dumps(truth_of(images, drawn)))
    return Snapshot(images, json.loads(kept.read_text()))


def truth_of(images: Images, drawn: Drawings) -> dict[str, float]:
    """The truth about translations; see `Snapshot`."""
    verdict, origin = decide(drawn.pairs.judge, images), transfer_origin(drawn.pairs)
    judged = by_name(transfer_score_figures(drawn.pairs, verdict, origin)[0])
    answered = by_name(answer_figures(drawn.pairs, Translations(images, verdict), origin)[0])
    truth = {name: judged[name].value for name in ("retention", "adoption", "domain_accuracy")}
    truth |= {"edges": float(answer.edge_agreement(images, drawn.answers).mean())}
    truth |= {part: answered[f"answer_{part}"].value for part in ("structure", "color", "texture")}
    margins = own_answer(images, drawn)
    style = (truth["color"] + truth["texture"]) / 2
    return truth | {"style": style, "own_margin": float(margins.mean()), "own_share": float((margins > 0).mean())}


def style_distances(a: Images, b: Images, regions: np.ndarray) -> np.ndarray:
    """The distances of pictures in the colours of regions and in local spectra, (2, pairs); see `semgan.evaluation.scores.answer`."""
    return np.stack([answer.region_color_distance(a, b, regions), answer.spectrum_distance(a, b)])


def own_answer(images: Images, drawn: Drawings) -> np.ndarray:
    """How much nearer each picture is to its own answer than to the answer in another reference's style, in colours and spectra.

    Relative to the mean distance of two such answers: 1 for the answer, 0 where the reference is ignored, -1 for the other answer.
    """
    regions = drawn.pairs.truth["mask"]
    nearer = style_distances(images, drawn.others, regions) - style_distances(images, drawn.answers, regions)
    return (nearer / drawn.apart[:, None]).mean(0)


def correlation(a: Sequence[float], b: Sequence[float]) -> str:
    """Spearman's rank correlation as text; a dash for two values or fewer."""
    return f"{spearmanr(a, b)[0]:.3f}" if len(a) > 2 else "–"


def print_markdown(rows: Sequence[Sequence[str]]) -> None:
    """Prints a table, the heads first."""
    head, *body = rows
    print("\n" + "\n".join(f"| {' | '.join(row)} |" for row in (head, ["-"] * len(head), *body)))
