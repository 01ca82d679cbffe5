"""Compares measures of what translations keep that need no annotation with the truth, which drawn faces know.

    python benchmarks/label_free.py --models runs/*/snapshot.safetensors --into ink --bank runs/label_free/ink

translates the same held-out pairs with every model, and adds known damages of the translations that keep most and of the answers. Each
measure is normalised as `label_free_retention` is; a table gives its rank correlation (Spearman) with the retention that a judge of masks
reads and with the agreement of edges with the answers, over the models, the damages and all. With `--plot` a scatter is drawn. Translations
and their truth are kept in BANK as NAME.npz and NAME.json; any others that lie there are compared too.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.damage import damaged
from benchmarks.figures import write_scatters
from semgan.evaluation.evaluate_command import open_judge, open_splits
from semgan.evaluation.figures.figure import by_name
from semgan.evaluation.figures.transfer_figures import transfer_origin, transfer_score_figures
from semgan.evaluation.judge.answers import draw_answers
from semgan.evaluation.judge.judge import decide
from semgan.evaluation.judge.judge_training import initial_params
from semgan.evaluation.judge.judged_pairs import JudgedPairs, judge_pairs
from semgan.evaluation.judge.pairs import translate_pairs
from semgan.evaluation.matcher import matcher as matching
from semgan.evaluation.matcher.matcher import Matcher, features_of, restyle
from semgan.evaluation.matcher.training import SIZE
from semgan.evaluation.scores import answer
from semgan.evaluation.scores.colors import luminance
from semgan.evaluation.scores.place_match import place_match
from semgan.inference.model import load

TRUTHS = {"retention": "retention", "edges": "edges of the answer"}
GROUPS = ("models", "damages", "all")
_DAMAGE = "damage "
"""What the names of damaged pictures begin with."""
_PATCH = 4  # pixels


class Measure(NamedTuple):
    """A measure of how much of each content its picture keeps.

    Attributes:
      describe: maps pictures and their domains to an array per picture.
      compare: maps the contents' arrays and the pictures' to a number per pair.
    """

    describe: Callable[[np.ndarray, np.ndarray], np.ndarray]
    compare: Callable[[np.ndarray, np.ndarray], np.ndarray]


class Snapshot(NamedTuple):
    """Translations of all pairs, and the truth about them, by the names in `TRUTHS`."""

    images: np.ndarray
    truth: Mapping[str, float]


def main() -> None:
    """Builds what is missing of the bank, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", required=True, type=Path, metavar="FILE", help="snapshots of models of the same data")
    parser.add_argument("--into", default="", metavar="NAME", help="the medium that is translated into (default: all)")
    parser.add_argument("--bank", required=True, type=Path, metavar="DIR", help="where translations and their truth are kept")
    parser.add_argument("--pairs", default=200, type=int, metavar="N", help="held-out pairs (default: 200)")
    parser.add_argument("--seeds", default=1, type=int, metavar="N", help="of matchers that are trained (default: 1)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="an SVG of the matcher's retention beside the truth")
    options = parser.parse_args()
    config = load(options.models[0]).config
    train, test = open_splits(config)
    judge = open_judge(train, test, config["judge"])
    pairs = judge_pairs(judge, test, pairs=options.pairs, targets=[test.domains.index(options.into)] if options.into else None)
    bank = build(options.bank, options.models, pairs)
    matchers = [matching.load_or_train(train, test, seed=seed) for seed in range(options.seeds)]
    shares = {name: _shares(measure, pairs, bank) for name, measure in measures(matchers).items()}
    print_table(shares, bank)
    if options.plot:
        write_scatters(options.plot, {TRUTHS[name]: _points(shares["matcher"], bank, name) for name in TRUTHS}, "label-free retention")


def build(folder: Path, models: Sequence[Path], pairs: JudgedPairs) -> dict[str, Snapshot]:
    """All snapshots of the bank, after translating with the models that it lacks and damaging the best translations and the answers."""
    folder.mkdir(parents=True, exist_ok=True)
    contents, references = _pictures(pairs)
    answers = draw_answers(pairs).images  # pyright: ignore[reportOptionalMemberAccess]
    for path in models:
        name = f"{path.parent.name} {path.stem}"
        if not (folder / f"{name}.npz").exists():
            model = load(path)
            np.savez(folder / f"{name}.npz", translated=translate_pairs(model.translate_batch, pairs.dataset, pairs.pairs, 50))
    models_bank = {path.stem: _snapshot(path, pairs, answers) for path in folder.glob("*.npz") if _group(path.stem) == "models"}
    best = max(models_bank.values(), key=lambda each: each.truth["retention"])
    for source, images in {"answer": answers, "translation": best.images}.items():
        for name, changed in (("none", images), *damaged(images, contents, references)):
            path = folder / f"{_DAMAGE}{source} {name}.npz"
            if not path.exists():
                np.savez(path, translated=changed)
    return {path.stem: _snapshot(path, pairs, answers) for path in sorted(folder.glob("*.npz"))}


def _snapshot(path: Path, pairs: JudgedPairs, answers: np.ndarray) -> Snapshot:
    images, kept = np.load(path)["translated"], path.with_suffix(".json")
    if not kept.exists():
        figures, _ = transfer_score_figures(pairs, decide(pairs.judge, images), transfer_origin(pairs))
        edges = float(answer.edge_agreement(images, answers).mean())
        kept.write_text(json.dumps({"retention": by_name(figures)["retention"].value, "edges": edges}))
    return Snapshot(images, json.loads(kept.read_text()))


def _pictures(pairs: JudgedPairs) -> tuple[np.ndarray, np.ndarray]:
    """The contents and the references."""
    dataset = pairs.dataset
    contents, references = (dataset.images[dataset.rows[each]] for each in (pairs.pairs.content, pairs.pairs.reference))
    return contents, references


def measures(matchers: Sequence[Matcher]) -> dict[str, Measure]:
    """Label-free measures by name: the matchers', and those that are known."""
    first = matchers[0]
    untrained = first._replace(params=initial_params(matching.network_of(first.settings), (SIZE, SIZE, 3), seed=0))
    named = {"matcher" + f", seed {seed}" * (seed > 0): each for seed, each in enumerate(matchers)}
    return {
        **{name: Measure(partial(features_of, each), place_match) for name, each in named.items()},
        "the same network untrained": Measure(partial(features_of, untrained), place_match),
        "self-similarity of the matcher's features": Measure(lambda x, at: _similarities(_halved(features_of(first, x, at))), _correlation),
        "self-similarity of patches": Measure(lambda x, _: _similarities(_patches(x)), _correlation),
        "edge agreement": Measure(lambda x, _: x, answer.edge_agreement),
        "edge agreement, relative to those around": Measure(lambda x, _: _relative_edges(x), _correlation),
    }


def _halved(features: np.ndarray) -> np.ndarray:
    """Every fourth place along either side: self-similarity is of each place with every other."""
    side = round(features.shape[1] ** 0.5)
    return features.reshape(len(features), side, side, -1)[:, 2::4, 2::4].reshape(len(features), (side // 4) ** 2, -1)


def _patches(images: np.ndarray) -> np.ndarray:
    """Patches of `_PATCH` pixels as unit vectors about the picture's mean patch: (pairs, places, values)."""
    count, size = images.shape[:2]
    side = size // _PATCH
    patches = images.reshape(count, side, _PATCH, side, _PATCH, 3).swapaxes(2, 3).reshape(count, side**2, -1).astype(np.float64)
    patches -= patches.mean(1, keepdims=True)
    return patches / (np.linalg.norm(patches, axis=-1, keepdims=True) + 1e-6)


def _similarities(features: np.ndarray) -> np.ndarray:
    """The cosines of every place with every other, as in LSeSim (Zheng et al. 2021, arXiv 2104.00854)."""
    return features @ features.swapaxes(1, 2)


def _relative_edges(images: np.ndarray) -> np.ndarray:
    light, deviation = luminance(images), images.shape[1] / 80
    down, across = (ndimage.gaussian_filter(light, (0, deviation, deviation), order=order) for order in ((0, 1, 0), (0, 0, 1)))  # pyright: ignore[reportArgumentType]
    edges = np.hypot(down, across)
    around = ndimage.gaussian_filter(edges, (0, 8 * deviation, 8 * deviation))
    return edges / (around + 0.3 * edges.mean((1, 2), keepdims=True) + 1e-3)


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = (each.reshape(len(each), -1) - each.reshape(len(each), -1).mean(1, keepdims=True) for each in (a, b))
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1) + 1e-9)


def _shares(measure: Measure, pairs: JudgedPairs, bank: Mapping[str, Snapshot]) -> dict[str, float]:
    """Each snapshot's measure, 0 for the references copied and 1 for the contents in random styles."""
    contents, references = _pictures(pairs)
    source, target = pairs.dataset.domain[pairs.pairs.content], pairs.target
    described = measure.describe(contents, source)

    def match(images: np.ndarray, domain: np.ndarray) -> float:
        return float(measure.compare(described, measure.describe(images, domain)).mean())

    low, high = match(references, target), match(restyle(contents, 0), source)
    return {name: (match(each.images, target) - low) / (high - low) for name, each in bank.items()}


def print_table(shares: Mapping[str, Mapping[str, float]], bank: Mapping[str, Snapshot]) -> None:
    """Prints Markdown: a row per measure, and a column per truth and group of snapshots."""
    groups = {group: [name for name in bank if group in ("all", _group(name))] for group in GROUPS}
    heads = [f"{truth}: {len(names)} {group}" for group, names in groups.items() for truth in TRUTHS.values()]
    rows = {**shares, "(retention itself)": {name: each.truth["retention"] for name, each in bank.items()}}
    print("\n" + "\n".join(f"| {' | '.join(line)} |" for line in (["", "answer", *heads], ["-"] * (len(heads) + 2))))
    for name, values in rows.items():
        cells = [
            _correlate([values[each] for each in names], [bank[each].truth[truth] for each in names])
            for names in groups.values()
            for truth in TRUTHS
        ]
        print(f"| {name} | {values[f'{_DAMAGE}answer none']:.2f} | {' | '.join(cells)} |")


def _group(name: str) -> str:
    return "damages" if name.startswith(_DAMAGE) else "models"


def _correlate(a: Sequence[float], b: Sequence[float]) -> str:
    return f"{spearmanr(a, b)[0]:.3f}" if len(a) > 2 else "–"


def _points(values: Mapping[str, float], bank: Mapping[str, Snapshot], truth: str) -> dict[str, list[tuple[float, float]]]:
    """(truth, label-free retention) by group."""
    points: dict[str, Any] = {"models": [], "damages": []}
    for name, value in values.items():
        points[_group(name)].append((bank[name].truth[truth], value))
    return points


if __name__ == "__main__":
    main()
