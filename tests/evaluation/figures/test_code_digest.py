"""The digest of the code that computes figures changes with what is computed, and with nothing else."""

import ast
import shutil
from pathlib import Path

import pytest

import semgan
from semgan.evaluation.figures import code_digest
from semgan.evaluation.figures.code_digest import GENERATIONS, generation, package_digest, sources_digest
from semgan.evaluation.figures.passport import comparable, new_passport

PACKAGE = Path(semgan.__file__).parent
EARLIER = "ad1d6c98e5f9dfedf598b68d496046526295cee7493e4cc7a9a7d233bf8e3da7"
"""What reports of semgan 0.1.0 hold that were made while the digest was of whole files: taken with that version's own code."""
SCORE = '''
"""A score."""

import numpy as np

WEIGHT = 0.5
"""The weight of the second term."""


def score(a: np.ndarray, b: np.ndarray) -> float:
    """Return the distance of two vectors."""
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} numbers")
    return float(np.mean(a - WEIGHT * b))


def text(value):
    return f"{value:>{10}} points"
'''
SAME = {
    "a docstring": ("Return the distance of two vectors.", "Mean of the differences."),
    "a constant's description": ("The weight of the second term.", "Taken from nowhere."),
    "a comment": ("WEIGHT = 0.5", "WEIGHT = 0.5  # a half"),
    "the layout": ("return float(np.mean(a - WEIGHT * b))", "return float(\n        np.mean(a - (WEIGHT * b)),\n    )"),
    "an annotation": ("b: np.ndarray) -> float", "b) -> np.floating"),
    "an error's text": ("numbers", "values cannot be compared"),
    "an import": ("import numpy as np", "import numpy as np\nfrom semgan.elsewhere import other"),
}
OTHER = {
    "a sign": ("a - WEIGHT", "a + WEIGHT"),
    "a constant": ("0.5", "0.25"),
    "a function": ("np.mean", "np.sum"),
    "a condition": ("!=", "<"),
    "an order of arguments": ("a: np.ndarray, b: np.ndarray", "b: np.ndarray, a: np.ndarray"),
    "a dropped check": ("        raise ValueError", "        print"),
    "a text that is not a docstring": ("points", "marks"),
}


@pytest.mark.parametrize("changed", SAME.values(), ids=SAME)
def test_what_computes_nothing_leaves_the_digest_as_it_is(changed):
    assert changed[0] in SCORE
    assert sources_digest([SCORE.replace(*changed)]) == sources_digest([SCORE])


@pytest.mark.parametrize("changed", OTHER.values(), ids=OTHER)
def test_what_is_computed_makes_the_digest(changed):
    assert changed[0] in SCORE
    assert sources_digest([SCORE.replace(*changed)]) != sources_digest([SCORE])


def test_definitions_may_move_between_files():
    score, text = SCORE.split("\n\n\ndef text")
    parts = [f"import numpy as np\ndef text{text}", score]
    assert sources_digest(parts) == sources_digest(reversed(parts)) == sources_digest([SCORE])
    assert sources_digest([score]) != sources_digest([SCORE])


def test_every_python_writes_the_syntax_alike():
    """The digests, taken once with Python 3.11, 3.12 and 3.13; 3.12 alone puts an empty text after a format that holds another."""
    assert sources_digest([SCORE]) == "cbce4bd17510dbc5317939aac6878d9631bcac681aa488c186d0ea328cd2f2f2"


@pytest.fixture
def package(tmp_path):
    """A copy of the sources that can be edited."""
    shutil.copytree(PACKAGE, tmp_path / "semgan", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "semgan"


def test_a_file_may_move(package):
    whole = package_digest(package)
    (package / "evaluation" / "elsewhere").mkdir()
    (package / "evaluation" / "scores" / "manifold.py").rename(package / "evaluation" / "elsewhere" / "balls.py")
    assert package_digest(package) == whole == code_digest.semgan_digest()


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [
        ("evaluation/scores/manifold.py", "squares <= real_ball", "squares >= real_ball"),
        ("evaluation/scores/frechet.py", "- 2 * values.sum()", "+ 2 * values.sum()"),
        ("evaluation/judge/judge_training.py", "_LEARNING_RATE = 1e-2", "_LEARNING_RATE = 1e-3"),
        ("networks/judge.py", "space_to_depth", "depth_to_space"),
        ("data/decode.py", "LANCZOS", "BICUBIC"),
    ],
)
def test_an_edited_score_or_judge_has_another_digest(package, source, old, new):
    whole, path = package_digest(package), package / source
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert package_digest(package) != whole


def test_files_that_only_tell_figures_may_change(package):
    whole = package_digest(package)
    for name in code_digest.APART:
        for path in code_digest._files(package / name):
            path.write_text("x = 1\n")
    assert package_digest(package) == whole


def test_the_digest_covers_all_that_figures_are_computed_with():
    """Every module of semgan that a covered one imports is covered too, or computes nothing that a figure depends on."""
    beside = tuple(f"semgan.{name}" for name in ("errors", "files", "paths", "progress", "types", "sealed", "torch_files", "data.dataset"))
    beside += ("semgan.data.cache", "semgan.data.workers", "semgan.data.answers")  # what they hold is named by the data's fingerprint
    beside += ("semgan.trained_model", "semgan.data.loader")  # what is measured, and what it is given
    beside += ("semgan.layers.array_types", "semgan.names")  # types of arrays and spellings of names, which compute nothing
    apart = [path for name in code_digest.APART for path in code_digest._files(PACKAGE / name)]
    covered = [path for source in code_digest.SOURCES for path in code_digest._files(PACKAGE / source) if path not in apart]
    known = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in (*covered, *apart)}
    for path in covered:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("semgan."):
                for name in (f"{node.module}.{alias.name}" for alias in node.names):
                    assert {name, node.module} & known or name.startswith(beside), f"{path} imports {name}, which the digest leaves out"


def test_figures_from_before_the_sources_moved_compare_with_those_of_today():
    mine = new_passport({}, real="f00d", real_count=10, fake_count=20)
    assert comparable(mine._replace(code=EARLIER), mine) == []
    assert comparable(mine._replace(code="ab" * 32), mine) == ["code"]
    assert generation("ab" * 32) == "ab" * 32


def test_the_code_of_today_has_a_generation():
    digest = code_digest.semgan_digest()
    assert digest in GENERATIONS, (
        f"the code that computes figures has changed, and its digest is {digest} now. Put that into GENERATIONS: in the place of the last "
        "one, with its number, if the same pictures still give the same figures to the bit; with the next number if any figure changes"
    )
