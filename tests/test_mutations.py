"""What the benchmark of the tests makes of sources, which tests it runs, and how it counts."""

import ast
import json
from pathlib import Path

import pytest

from benchmarks import mutation_worker, mutations
from benchmarks.mutators import Mutant, mutants_of


def changes(source):
    """What each line becomes, without the parentheses around what was changed."""
    made = mutants_of("semgan/losses/x.py", source)
    for mutant in made:
        ast.parse(mutant.source)
    return [mutant.name.split(": ", 1)[1] for mutant in made]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a + b", {"a + b -> a - b"}),
        ("x = a * b", {"a * b -> a / b"}),
        ("x -= b", {"x -= b -> x += b"}),
        ("x = a < b", {"a < b -> a >= b"}),
        ("x = 0 <= a < b", {"0 <= a < b -> not 0 <= a < b", "0 -> 1"}),
        ("x = a and b", {"a and b -> a or b"}),
        ("x = -a", {"-a -> a"}),
        ("x = -1", {"-1 -> 1"}),
        ("x = 1e-5", {"1e-05 -> 1e-06"}),
        ("x = 0.5", {"0.5 -> 1.0"}),
        ("x = 0.0", {"0.0 -> 1.0"}),
        ("x = 3", {"3 -> 4"}),
        ("x = f(train=True)", {"True -> False"}),
        ("x = jax.lax.stop_gradient(a)", {"jax.lax.stop_gradient(a) -> a"}),
        ("x = jnp.where(a, b, c)", {"jnp.where(a, b, c) -> jnp.where(a, c, b)"}),
        ("x = min(a, b)", {"min(a, b) -> max(a, b)"}),
        ("x = a.mean()", {"a.mean() -> a.sum()"}),
        ("x = math.sqrt(a)", set()),
        ("x = a if b else c", {"a if b else c -> c if b else a"}),
        ("if a:\n    f()", {"a -> not a"}),
        ("def f():\n    return jnp.square(a)", {"return jnp.square(a) -> return -jnp.square(a)", "jnp.square(a) -> a"}),
        ("def f():\n    return a, b", set()),
    ],
)
def test_a_slip_of_the_pen_is_made_once(source, expected):
    assert set(changes(source)) == expected
    assert len(changes(source)) == len(expected)


@pytest.mark.parametrize(
    "source",
    [
        '"""Of 1 + 1."""',
        "def f():\n    'At most 3.'",
        "def f(x: Float[Array, 3]) -> Array[2]: ...",
        "x: Final[1]",
        "raise ValueError(f'{1 + a} is too many')",
        "x = f'{a + 1}'",
        "x = 'a' + b",
        "x = (a,) + b",
        "@partial(jax.jit, static_argnums=1)\ndef f(): ...",
        "from a import b",
        "assert a < b",
        "x = zip(a, b, strict=True)",
        "x = {**a} | b",
    ],
)
def test_what_speaks_to_people_or_to_type_checkers_is_left_alone(source):
    assert changes(source) == []


def test_all_else_of_the_text_stays_as_it_is():
    source = "# héllo\nx = (a  +  # why\n     b)\ny = 1\n"
    first, second = mutants_of("semgan/losses/x.py", source)
    assert (first.source, first.line) == ("# héllo\nx = ((a - b))\ny = 1\n", 2)
    assert (second.source, second.line) == ("# héllo\nx = (a  +  # why\n     b)\ny = (2)\n", 4)


def test_names_say_where_a_fault_is_and_are_each_one_s_own():
    source = "class A:\n    def f(self):\n        return g(1, 1)\n\nX = 1\n"
    assert [mutant.name for mutant in mutants_of("semgan/losses/x.py", source)] == [
        "semgan/losses/x.py:A.f: 1 -> 2",
        "semgan/losses/x.py:A.f: 1 -> 2 (2)",
        "semgan/losses/x.py:module: 1 -> 2",
    ]


def _mutants(path, count):
    return [Mutant(f"{path}:{index}", path, index, "") for index in range(count)]


def test_a_sample_takes_from_every_source_alike_and_repeats_with_its_seed():
    by_path = [_mutants("a", 10), _mutants("b", 2), _mutants("c", 10)]
    drawn = mutations.sampled(by_path, 9, seed=3)
    assert sorted(mutant.path for mutant in drawn) == ["a"] * 4 + ["b"] * 2 + ["c"] * 3
    assert mutations.sampled(by_path, 9, seed=3) == drawn
    assert mutations.sampled(by_path, 9, seed=4) != drawn
    assert len(mutations.sampled(by_path, 0, seed=3)) == 22


def test_a_source_is_covered_by_the_file_of_its_name_and_those_of_the_table(tmp_path):
    for name in ("losses/test_semantic.py", "losses/test_losses.py"):
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tests" / name).touch()
    assert mutations.tests_of("semgan/losses/semantic.py", tmp_path) == ["tests/losses/test_semantic.py"]
    assert mutations.tests_of("semgan/losses/penalties.py", tmp_path) == ["tests/losses/test_losses.py"]
    assert mutations.tests_of("semgan/losses/none.py", tmp_path) == []


def test_every_source_that_is_tried_has_tests_and_every_slip_by_hand_its_place():
    root = mutations.ROOT
    sources = {path.relative_to(root).as_posix() for pattern in mutations.PATHS for path in root.glob(pattern)}
    assert {*mutations.COVERS} <= sources
    for source in sources:
        if mutants_of(source, (root / source).read_text()):
            assert mutations.tests_of(source, root), source
    for source, files in mutations.COVERS.items():
        assert all((root / "tests" / file).is_file() for file in files)
        namesake = source.removeprefix("semgan/").replace(Path(source).name, f"test_{Path(source).name}")
        assert namesake in files or not (root / "tests" / namesake).is_file(), source
    assert len(mutations.by_hand(root)) >= 8
    everything = {mutant.name for mutant in mutations.chosen(root, mutations.PATHS, 0, 0)}
    assert {*json.loads(mutations.EQUIVALENT.read_text())} <= everything


def test_what_is_judged_equivalent_counts_neither_way_and_survivors_are_listed(tmp_path):
    names = ("semgan/losses/a.py:f: 1 -> 2", "semgan/losses/a.py:g: 1 -> 2", "semgan/layers/b.py:h: 1 -> 2", "semgan/layers/b.py:i: 1 -> 2")
    outcomes = ("caught", "survived", "timeout", "survived")
    file = tmp_path / "results.jsonl"
    lines = [
        json.dumps({"name": name, "path": name.split(":")[0], "line": 7, "outcome": outcome})
        for name, outcome in zip(names, outcomes, strict=True)
    ]
    file.write_text("\n".join([*lines, lines[0]]) + "\n")
    text = mutations.report(mutations.read(file), {names[3]: "it makes no difference"})
    assert "| semgan/layers | 1 | 1 | 100.0 % |" in text
    assert "| all | 3 | 2 | 66.7 % |" in text
    assert "- `semgan/losses/a.py:7` g: 1 -> 2" in text
    assert f"- {names[3]}: it makes no difference" in text


def test_what_depends_on_a_changed_source_is_imported_anew():
    import semgan.algorithms.semgan  # noqa: F401

    depending = mutation_worker.dependents("semgan/losses/semantic.py", mutation_worker.imports_by_module())
    assert {"semgan.losses.semantic", "semgan.algorithms.common.semantic_terms", "semgan.algorithms.semgan"} <= depending
    assert not {"semgan.losses.penalties", "semgan.networks.judge"} & depending
