"""Imports point one way, reach for no other framework, and happen when they are needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "semgan"
FILES = sorted(ROOT.rglob("*.py"))
FOREIGN = {"tensorflow", "torch", "tensorflow_hub", "torchvision", "keras"}

BASE = {
    *("checkpoint", "config", "errors", "files", "manifest", "names", "paths", "progress", "run_files", "sealed", "settings", "snapshot"),
    *("types", "xla"),
}
"""What anything may import; these import nothing but one another."""
MAY_IMPORT = {
    **dict.fromkeys(BASE, BASE),
    "layers": {"layers"},
    "networks": {"networks", "layers"},
    "losses": {"losses"},
    "losses.reconstruction": {"losses", "layers"},
    "algorithms": {"algorithms", "networks", "losses", "layers"},
    "torch_files": {"torch_files"},
    "data": {"data"},
    "pictures": {"pictures", "data"},
    "domain_guess": {"data"},
    "trained_model": {"domain_guess", "data", "algorithms"},
    "pages": {"pages"},
    "evaluation": {"evaluation", "data", "networks", "layers"},
    "evaluation.extractors.weight_files": {"evaluation", "torch_files"},
    "evaluation.extractors.vit_files": {"evaluation", "torch_files"},
    "evaluation.evaluate": {"evaluation", "data", "trained_model"},
    "evaluation.evaluate_command": {"evaluation", "data", "inference"},
    "evaluation.figures.perceptual_figures": {"evaluation", "data", "trained_model"},
    "evaluation.report.evaluation_page": {"evaluation", "pages"},
    "faces": {"faces", "networks"},
    "faces.crop": {"faces", "pictures", "data"},
    "inference.translate_faces": {"inference", "faces"},
    "inference.translate_face_files": {"inference", "data", "pictures", "faces"},
    "inference.parts": {"inference", "pictures", "trained_model", "data", "layers"},
    "inference": {"inference", "pictures", "trained_model", "algorithms", "data", "networks", "evaluation"},
    "interop": {"interop", "torch_files", "trained_model", "algorithms", "networks", "layers", "inference"},
    "training": {"training", "data"},
    "training.page": {"training", "pages"},
    "training.guards": {"training", "evaluation"},
    "training.experiment": {"training", "data", "algorithms"},
    "training.loop": {"training", "trained_model", "data"},
    "training.training_job": {"training", "trained_model", "data"},
    "training.results": {"training", "trained_model", "evaluation"},
    "training.scoring": {"training", "trained_model", "data", "evaluation"},
    "training.snapshots": {"training", "trained_model", "domain_guess", "inference"},
    "adaptation": {
        "adaptation",
        "pictures",
        "training",
        "inference",
        "trained_model",
        "domain_guess",
        "algorithms",
        "losses",
        "layers",
        "data",
    },
    "launching": {"launching"},
    "launching.targets": {"launching", "training"},
    "planning": {"planning", "training", "data"},
    "compare": {"compare", "training", "pages", "evaluation"},
}
"""By module or else by package: the packages that may be imported besides the base."""


def module_name(path):
    """`semgan/training/step.py -> "training.step"`, a package's own file by the package's name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported(path):
    """Names of all modules that a file imports, wherever in it, with what `from` takes from them: they may be modules too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_at_once(path):
    """Like `imported`, of the statements at the top of the file alone."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}"


def own(names):
    """The part after "semgan." of those that are of semgan."""
    return [name.removeprefix("semgan.") for name in names if name.startswith("semgan.")]


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT.parent, check=False)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_one_way(path):
    name = module_name(path)
    package = name.split(".")[0]
    if package in ("", "cli"):  # these are the doors to everything
        return
    assert package in MAY_IMPORT, f"say in this test what semgan/{package} may import"
    allowed = BASE | MAY_IMPORT.get(name, MAY_IMPORT[package])
    wrong = [other for other in own(imported(path)) if other.split(".")[0] not in allowed]
    assert not wrong, f"semgan.{name} imports {wrong}"


def graph():
    """Semgan's modules, each with those that it imports, wherever in its file: for types alone and inside functions too."""
    names = {module_name(path) for path in FILES}

    def target(name):
        """The module that `a.b.c` means: itself, or else the one that holds the name `c`."""
        return name if name in names else name.rpartition(".")[0]

    return {module_name(path): {target(name) for name in own(imported(path))} & names for path in FILES}


def in_circles(imports):
    """Those modules that are left when, again and again, all that import none of the others, or that none imports, are taken away."""
    while True:
        targets = set().union(*imports.values())
        left = {name: others & imports.keys() for name, others in imports.items() if others & imports.keys() and name in targets}
        if left == imports:
            return set(left)
        imports = left


def test_no_module_needs_itself_by_way_of_others():
    assert not in_circles(graph())


def test_circles_are_seen():
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": set()}) == set()
    assert in_circles({"a": {"b"}, "b": {"a", "c"}, "c": set(), "d": {"c"}}) == {"a", "b"}


def test_the_step_needs_types_jax_and_optax_alone():
    names = set(imported(ROOT / "training" / "step.py"))
    outside = {name.split(".")[0] for name in names} - sys.stdlib_module_names
    assert outside <= {"jax", "jaxtyping", "optax", "semgan"}
    assert all(name.startswith("types.") for name in own(names))


def test_evaluation_reaches_for_a_model_only_when_its_command_runs():
    assert not [name for name in own(imported_at_once(ROOT / "evaluation" / "evaluate_command.py")) if name.startswith("inference")]


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_no_file_names_another_framework(path):
    assert not {name.split(".")[0] for name in imported(path)} & FOREIGN


def test_no_other_framework_comes_in_with_any_module():
    modules = [f"semgan.{name}" for name in map(module_name, FILES) if name]
    code = "import importlib, sys\n"
    code += f"for name in {modules}: importlib.import_module(name)\n"
    code += f"print(sorted({FOREIGN} & set(sys.modules)))"
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_import_of_semgan_is_light():
    done = run("import sys, semgan\nprint(sorted({'jax', 'flax', 'numpy', 'PIL', 'argparse'} & set(sys.modules)))")
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_help_of_the_command_imports_no_library():
    code = "import sys\nfrom semgan import cli\ntry: cli.main(['translate', '--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted({'jax', 'flax', 'numpy', 'PIL'} & set(sys.modules)))"
    done = run(code)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr


def test_load_comes_with_the_package_but_on_first_use():
    done = run("import sys, semgan\nassert semgan.load.__module__ == 'semgan.inference.model'\nprint('jax' in sys.modules)")
    assert done.stdout.strip() == "True", done.stderr
