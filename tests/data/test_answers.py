"""The answers of drawn faces, and that nothing which learns can reach them."""

import ast
from pathlib import Path

import numpy as np
import pytest

from semgan.data.dataset import open_dataset
from semgan.data.drawn_faces import draw_factors, render_face
from semgan.data.drawn_faces.factors import MEDIA
from semgan.data.loader import make_batch

LEARNS = (
    *("layers", "networks", "losses", "algorithms", "adaptation", "inference"),
    *(f"training/{name}.py" for name in ("experiment", "step", "steps", "parallel", "optimizers", "loop")),
    *(f"data/{name}.py" for name in ("loader", "order", "augment", "annotations", "domains")),
)
"""All that a gradient or a batch passes through."""


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return open_dataset("drawn_faces", split="test", image_size=32, count=24, cache=tmp_path_factory.mktemp("faces"))


def test_the_answer_to_a_picture_in_its_own_style_is_the_picture(faces):
    for row in (0, 5, 11):
        np.testing.assert_array_equal(faces.answer(row, row, 32), faces.images[row])


def test_an_answer_shows_the_content_in_every_factor_of_the_references_style(faces):
    content, style = draw_factors(0, "test", 3)[0], draw_factors(0, "test", 8)[1]
    for size in (32, 48):
        np.testing.assert_array_equal(faces.answer(3, 8, size), render_face(content, style, size).image)


def test_textures_change_mosaics_and_leave_ink_and_shading(faces):
    first = {MEDIA[int(faces.domain[row])]: int(faces.rows[row]) for row in range(len(faces.rows))}
    for medium, row in first.items():
        redrawn = [faces.answer(1, row, 32, texture) for texture in (None, 1, 2)]
        same = all((each == redrawn[0]).all() for each in redrawn)
        assert same == (medium in ("shaded", "ink")), medium


def test_paired_faces_have_each_medium_as_the_reference(tmp_path):
    paired = open_dataset("drawn_faces", split="test", image_size=32, count=16, domains=("shaded", "ink"), paired=True, cache=tmp_path)
    for place, partner in enumerate(paired.partner):
        row, other = int(paired.rows[place]), int(paired.rows[partner])
        np.testing.assert_array_equal(paired.answer(row, other, 32), paired.images[other])


def test_batches_hold_no_answer_and_draw_none(faces):
    unheard = faces._replace(answer=lambda *_: pytest.fail("training asked for an answer"))
    batch = make_batch(unheard, np.arange(8), 0, annotations={"mask": (), "landmarks": (), "attributes": ()})
    assert not any("answer" in name for name in batch)


def test_nothing_that_learns_speaks_of_answers():
    package = Path(__file__).parents[2] / "semgan"
    for source in LEARNS:
        paths = [package / source] if source.endswith(".py") else sorted((package / source).rglob("*.py"))
        assert paths, source
        for path in paths:
            names = {name for node in ast.walk(ast.parse(path.read_text())) for name in _names(node)}
            assert not [name for name in names if "answer" in name.lower()], path


def _names(node):
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield getattr(node, "module", None) or ""
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.arg | ast.keyword):
        yield node.arg or ""
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        yield node.value
