"""Known changes of style, from the content's to the answer's: snapshots whose adoption is known.

Where a style is recoloured, the colours of its own reference are taken: by channel (`match_histograms`, `match_moments`) or all at once
(`transfer_colors`). That changes colours alone, so hatching stays and none is drawn.
"""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.bank import Drawings, Images, answers_to_others
from benchmarks.damage import blur, exchange, grid, mix, noise, to_bytes
from semgan.data.drawn_faces.factors import StyleFactors, draw_factors
from semgan.data.drawn_faces.render import render_face

OTHER = "other "
"""What the names of changes begin with that are in the style of the right domain, but not of their own reference."""
_SEED = 3
_TURNS = 20
"""Random turns of the axes that the colours' distributions are matched along; few more change anything."""


def restyled(drawn: Drawings) -> Iterator[tuple[str, Images]]:
    """Yields names and pictures: contents, recoloured ones, their mixes with answers, answers changed, and answers in wrong styles."""
    contents, references, answers = drawn.contents, drawn.references, drawn.answers
    recolored = transfer_colors(contents, references)
    yield "content", contents
    yield "recolored histograms", match_histograms(contents, references)
    yield "recolored moments", match_moments(contents, references)
    yield "recolored", recolored
    yield "recolored blur 0.02", blur(recolored, 0.02 * contents.shape[1])
    yield "recolored noise 15", noise(recolored, 15)
    for share in (0.25, 0.5, 0.75):
        yield f"answer and content {share:g}", mix(answers, contents, share)
        yield f"answer and recolored {share:g}", mix(answers, recolored, share)
        yield f"some contents {share:g}", exchange(answers, contents, share, _SEED)
    yield "some recolored 0.5", exchange(answers, recolored, 0.5, _SEED)
    yield "answer in the content's colors", transfer_colors(answers, contents)
    yield "palette alone", draw(drawn, lambda own, wanted: wanted._replace(medium=own.medium))
    for name, changed in (("answer", answers), *spoiled(answers)):
        yield name if name == "answer" else f"answer {name}", changed
    others = answers_to_others(drawn.pairs, 2)  # the truth looks at those one place on
    yield f"{OTHER}reference", others
    yield f"{OTHER}reference 0.5", mix(answers, others, 0.5)
    yield f"{OTHER}reference for some 0.5", exchange(answers, others, 0.5, _SEED)
    yield f"{OTHER}medium alone", draw(drawn, lambda own, wanted: own._replace(medium=wanted.medium))


def spoiled(images: Images) -> Iterator[tuple[str, Images]]:
    """Yields names and pictures of less texture, or more, than they should have: blurred, noisy, with a grid."""
    for share in (0.01, 0.023, 0.047):
        yield f"blur {share:g}", blur(images, share * images.shape[1])
    for deviation in (10, 25):
        yield f"noise {deviation}", noise(images, deviation)
    for strength in (10, 25):
        yield f"grid {strength}", grid(images, strength, 4)


def draw(drawn: Drawings, change: Callable[[StyleFactors, StyleFactors], StyleFactors]) -> Images:
    """Draws the contents in a style made of their own factors and their references'."""
    dataset, pairs, images = drawn.pairs.dataset, drawn.pairs.pairs, []
    for content, reference in zip(dataset.rows[pairs.content].tolist(), dataset.rows[pairs.reference].tolist(), strict=True):
        (shape, own), (_, wanted) = (draw_factors(0, dataset.split, row) for row in (content, reference))
        images.append(render_face(shape, change(own, wanted), dataset.images.shape[1]).image)
    return np.stack(images)


def match_histograms(images: Images, references: Images) -> Images:
    """Gives every channel the values of its reference's, in the same order."""
    wanted = np.sort(_flat(references), axis=1)
    ranks = _flat(images).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return np.take_along_axis(wanted, ranks, axis=1).reshape(images.shape)


def match_moments(images: Images, references: Images) -> Images:
    """Gives every channel the mean and deviation of its reference's (Reinhard et al. 2001, doi 10.1109/38.946629, in RGB)."""
    a, b = (each.astype(np.float64) for each in (_flat(images), _flat(references)))
    scale = b.std(1, keepdims=True) / np.maximum(a.std(1, keepdims=True), 1)
    return to_bytes((a - a.mean(1, keepdims=True)) * scale + b.mean(1, keepdims=True)).reshape(images.shape)


def transfer_colors(images: Images, references: Images) -> Images:
    """Gives every picture the distribution of its reference's colours (Pitié et al. 2007, doi 10.1016/j.cviu.2006.11.011)."""
    rng, result = np.random.default_rng(_SEED), np.empty_like(images)
    for place, (colors, wanted) in enumerate(zip(_flat(images), _flat(references), strict=True)):
        colors = colors + rng.normal(0, 0.5, colors.shape)  # equal colours may become different ones
        for _ in range(_TURNS):
            axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
            along, target = colors @ axes, np.sort(wanted @ axes, axis=0)
            colors = colors + (np.take_along_axis(target, along.argsort(0).argsort(0), axis=0) - along) @ axes.T
        result[place] = to_bytes(colors).reshape(images.shape[1:])
    return result


def _flat(images: Images) -> np.ndarray:
    return images.reshape(len(images), -1, 3)
