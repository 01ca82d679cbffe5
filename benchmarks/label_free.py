"""Compares measures of what translations keep that need no annotation with the truth, which drawn faces know.

    python benchmarks/label_free.py --models runs/*/checkpoints/* --into ink --bank runs/label_free/ink

translates the same held-out pairs with every model, at several strengths of the style where it takes one, and adds known damages of the
translations that keep most and of the answers. Each measure is normalised as `label_free_retention` is; a table gives its rank correlation
(Spearman) with the retention that a judge of masks reads, with `answer_structure` and with the agreement of edges with the answers, over
the models, the damages and all. With `--plot` a scatter is drawn. BANK keeps translations and their truth, see `benchmarks.bank`; any
others that lie there are compared too.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import bank
from benchmarks.bank import Drawings, Snapshot
from benchmarks.damage import damaged
from benchmarks.figures import write_scatters
from semgan.data.augment import to_float
from semgan.evaluation.judge.judge_training import initial_params
from semgan.evaluation.matcher import matcher as matching
from semgan.evaluation.matcher.matcher import Matcher, features_of, restyle
from semgan.evaluation.matcher.training import SIZE
from semgan.evaluation.scores import answer
from semgan.evaluation.scores.colors import luminance
from semgan.evaluation.scores.place_match import place_match
from semgan.inference.model import load

TRUTHS = {"retention": "retention", "structure": "structure of the answer", "edges": "edges of the answer"}
PLOTTED = ("retention", "edges")
GROUPS = ("models", "damages", "all")
_PIECE = 50
"""Pictures that a network sees at a time."""
_PATCH = 4  # pixels


class Measure(NamedTuple):
    """A measure of how much of each content its picture keeps.

    Attributes:
      describe: maps pictures and their domains to an array per picture.
      compare: maps the contents' arrays and the pictures' to a number per pair.
    """

    describe: Callable[[np.ndarray, np.ndarray], np.ndarray]
    compare: Callable[[np.ndarray, np.ndarray], np.ndarray]


def main() -> None:
    """Builds what is missing of the bank, and prints the table."""
    parser = bank.options_parser(__doc__, "an SVG of the matcher's retention beside the truth")
    parser.add_argument("--cut", type=Path, metavar="FILE", help="a snapshot of CUT, whose features are compared too")
    parser.add_argument("--seeds", default=1, type=int, metavar="N", help="of matchers that are trained (default: 1)")
    options = parser.parse_args()
    train, test, drawn = bank.open_data(options)
    snapshots = build(options, drawn)
    matchers = [matching.load_or_train(train, test, seed=seed) for seed in range(options.seeds)]
    named = measures(matchers) | (contrasted(options.cut) if options.cut else {})
    shares = {name: _shares(measure, drawn, snapshots) for name, measure in named.items()}
    print_table(shares, snapshots)
    if options.plot:
        charts = {TRUTHS[name]: _points(shares["matcher"], snapshots, name) for name in PLOTTED}
        write_scatters(options.plot, charts, ["label-free retention"] * len(charts))


def build(options: argparse.Namespace, drawn: Drawings) -> dict[str, Snapshot]:
    """The models' snapshots, and known damages of the one that keeps most and of the answers."""
    bank.add_models(options.bank, options.models, options.strengths, drawn.pairs)
    best = max(bank.read(options.bank, drawn, ["models"]).values(), key=lambda each: each.truth["retention"])
    for source, images in {"answer": drawn.answers, "translation": best.images}.items():
        for name, changed in (("none", images), *damaged(images, drawn.contents, drawn.references)):
            bank.add(options.bank, f"{bank.DAMAGE}{source} {name}", changed)
    return bank.read(options.bank, drawn, ["models", "damages"])


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


def contrasted(cut: Path) -> dict[str, Measure]:
    """What PatchNCE contrasts, by name: the deepest layer's features in CUT's generator; no snapshot holds their projection."""
    model = load(cut)
    generator, params, layer = model.algorithm.networks["generator"], model.params["generator"], model.config["losses"]["nce_layers"][-1]
    encode = jax.jit(lambda images: generator.apply({"params": params}, images, (layer,), method="features")[0])

    def describe(images: np.ndarray, _: np.ndarray) -> np.ndarray:
        deepest = [encode(to_float(piece)) for piece in np.split(images, range(_PIECE, len(images), _PIECE))]
        features = np.concatenate([np.asarray(each, np.float32).reshape(len(each), -1, each.shape[-1]) for each in deepest])
        return features / (np.linalg.norm(features, axis=-1, keepdims=True) + 1e-6)

    return {"features of CUT's generator, as PatchNCE contrasts them": Measure(describe, place_match)}


def _halved(features: np.ndarray) -> np.ndarray:
    """Every fourth place along either side: self-similarity is of each place with every other."""
    side = round(features.shape[1] ** 0.5)
    return features.reshape(len(features), side, side, -1)[:, 2::4, 2::4].reshape(len(features), (side // 4) ** 2, -1)


def _patches(images: np.ndarray) -> np.ndarray:
    """Patches of `_PATCH` pixels as unit vectors about the picture's mean patch: (pairs, places, values)."""
    count, size = images.shape[:2]
    side = size // _PATCH
    patches = images.reshape(count, side, _PATCH, side, _PATCH, 3).swapaxes(2, 3).reshape(count, side**2, -1).astype(np.float32)
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


def _shares(measure: Measure, drawn: Drawings, snapshots: Mapping[str, Snapshot]) -> dict[str, float]:
    """Each snapshot's measure, 0 for the references copied and 1 for the contents in random styles, which is the most."""
    source, target = drawn.pairs.dataset.domain[drawn.pairs.pairs.content], drawn.pairs.target
    described = measure.describe(drawn.contents, source)

    def match(images: np.ndarray, domain: np.ndarray) -> float:
        return float(measure.compare(described, measure.describe(images, domain)).mean())

    low, high = match(drawn.references, target), match(restyle(drawn.contents, 0), source)
    return {name: min((match(each.images, target) - low) / (high - low), 1) for name, each in snapshots.items()}


def print_table(shares: Mapping[str, Mapping[str, float]], snapshots: Mapping[str, Snapshot]) -> None:
    """Prints Markdown: a row per measure, and a column per truth and group of snapshots."""
    groups = {group: [name for name in snapshots if group in ("all", bank.group_of(name))] for group in GROUPS}
    heads = [f"{truth}: {len(names)} {group}" for group, names in groups.items() for truth in TRUTHS.values()]
    rows = [["", "answer", *heads]]
    itself = {name: each.truth["retention"] for name, each in snapshots.items()}
    for measure, values in {**shares, "(retention itself)": itself}.items():
        cells = [
            bank.correlation([values[each] for each in names], [snapshots[each].truth[truth] for each in names])
            for names in groups.values()
            for truth in TRUTHS
        ]
        rows.append([measure, f"{values[f'{bank.DAMAGE}answer none']:.2f}", *cells])
    bank.print_markdown(rows)


def _points(values: Mapping[str, float], snapshots: Mapping[str, Snapshot], truth: str) -> dict[str, list[tuple[float, float]]]:
    """(truth, label-free retention) by group."""
    points: dict[str, list[tuple[float, float]]] = {"models": [], "damages": []}
    for name, value in values.items():
        points[bank.group_of(name)].append((snapshots[name].truth[truth], value))
    return points


if __name__ == "__main__":
    main()
