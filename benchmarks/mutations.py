"""Counts how many small faults the tests catch: puts one after another into the sources and runs the tests that cover them.

    python benchmarks/mutations.py --count 200 --out runs/mutations.jsonl
    python benchmarks/mutations.py --out runs/mutations.jsonl --report

Each fault is tried in a private copy of the repository, by a process that has imported everything already and forks for it, with the
test files that `tests_of` names, up to the first test that fails. Results are appended to `--out` as they come, and those that are there
are not tried again. Beside this file, `mutations_by_hand.json` has slips that went unnoticed once and are tried first, and
`mutations_equivalent.json` faults that change nothing that anyone could want held, each with the reason.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from itertools import zip_longest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.mutators import Mutant, mutants_of  # noqa: E402

PATHS = (
    "semgan/losses/*.py",
    "semgan/algorithms/*.py",
    "semgan/algorithms/common/*.py",
    "semgan/layers/*.py",
    "semgan/training/step.py",
    "semgan/evaluation/scores/*.py",
    "semgan/adaptation/losses.py",
)
"""The sources that are tried unless other paths are given."""
COVERS: dict[str, tuple[str, ...]] = {
    "semgan/evaluation/scores/landmark_error.py": ("evaluation/scores/test_similarity.py",),
    "semgan/evaluation/scores/spectra.py": ("evaluation/scores/test_answer.py",),
    "semgan/evaluation/scores/style_statistics.py": ("evaluation/scores/test_style_distance.py",),
    "semgan/losses/adversarial.py": ("losses/test_losses.py",),
    "semgan/losses/penalties.py": ("losses/test_losses.py", "losses/test_penalties.py"),
    "semgan/losses/reconstruction.py": ("losses/test_losses.py", "losses/test_reconstruction.py"),
    "semgan/algorithms/__init__.py": ("algorithms/test_algorithms.py",),
    "semgan/algorithms/common/ada.py": (
        "algorithms/common/test_ada.py",
        "algorithms/test_stylegan2.py",
    ),
    "semgan/algorithms/common/checks.py": (
        "algorithms/common/test_checks.py",
        "algorithms/common/test_ada.py",
    ),
    "semgan/algorithms/common/patch_contrast.py": (
        "algorithms/common/test_patch_contrast.py",
        "algorithms/test_cut.py",
    ),
    "semgan/algorithms/common/draws.py": ("algorithms/common/test_draws.py", "algorithms/common/test_styles.py"),
    "semgan/algorithms/common/semantic_terms.py": (
        "algorithms/common/test_semantic_terms.py",
        "algorithms/test_semgan.py",
    ),
    "semgan/algorithms/common/styles.py": (
        "algorithms/common/test_styles.py",
        "algorithms/test_stargan_v2.py",
    ),
    "semgan/algorithms/common/two_domains.py": ("algorithms/test_cyclegan.py", "algorithms/test_cut.py"),
    "semgan/algorithms/semgan.py": ("algorithms/test_semgan_losses.py", "algorithms/test_semgan.py"),
    "semgan/algorithms/common/semgan_losses.py": ("algorithms/test_semgan_losses.py", "algorithms/test_semgan.py"),
    "semgan/training/step.py": ("training/test_step.py", "training/test_parallel.py"),
    "semgan/layers/augment_geometry.py": ("layers/test_adaptive_augment.py",),
    "semgan/layers/broadcast.py": ("layers/test_batch_norm.py", "layers/test_equalized.py"),
    "semgan/layers/blocks.py": ("layers/test_blocks.py", "networks/test_stargan_v2.py", "networks/test_semgan.py"),
    "semgan/layers/precision.py": ("layers/test_normalize.py",),
    "semgan/evaluation/scores/moments.py": ("evaluation/scores/test_frechet.py", "evaluation/extractors/test_statistics.py"),
    "semgan/evaluation/scores/neighbours.py": (
        "evaluation/scores/test_neighbours.py",
        "evaluation/scores/test_audit.py",
    ),
    "semgan/evaluation/scores/path_length.py": ("evaluation/scores/test_perceptual.py", "evaluation/figures/test_perceptual_figures.py"),
    "semgan/evaluation/scores/structure.py": ("evaluation/scores/test_perceptual.py",),
    "semgan/adaptation/losses.py": ("adaptation/test_losses.py", "adaptation/test_adapt.py"),
}
"""The tests, under tests/, of sources for which the file of the same name does not exist or is not enough; the quickest first."""
EQUIVALENT, BY_HAND = (Path(__file__).with_name(f"mutations_{name}.json") for name in ("equivalent", "by_hand"))


def tests_of(path: str, root: Path) -> list[str]:
    """The test files that cover a source, of those that there are, the quickest first."""
    folder, name = path.removeprefix("semgan/").rsplit("/", 1)
    files = COVERS.get(path, (f"{folder}/test_{name}",))
    return [f"tests/{file}" for file in files if (root / "tests" / file).is_file()]


def sampled(by_path: Sequence[Sequence[Mutant]], count: int, seed: int) -> list[Mutant]:
    """A sample of `count` mutants, from every source as many as from the others as long as it has them; all where `count` is 0."""
    draw = random.Random(seed)
    shuffled = [draw.sample(mutants, len(mutants)) for mutants in by_path]
    turns = [mutant for turn in zip_longest(*shuffled) for mutant in turn if mutant is not None]
    return turns[: count or len(turns)]


def chosen(root: Path, patterns: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """A sample of the mutants of the sources that match a pattern or have its text in their mutants' names."""
    sources = sorted({path.relative_to(root).as_posix() for pattern in patterns for path in root.glob(pattern)})
    return sampled([mutants_of(source, (root / source).read_text(encoding="utf-8")) for source in sources], count, seed)


def by_hand(root: Path) -> list[Mutant]:
    """The mutants of `mutations_by_hand.json`, by the text that is changed, which has to be in the source once."""
    slips = []
    for path, before, after in (slip.values() for slip in json.loads(BY_HAND.read_text(encoding="utf-8"))):
        source = (root / path).read_text(encoding="utf-8")
        if source.count(before) != 1:
            raise SystemExit(f"{BY_HAND.name}: {path} has {before!r} {source.count(before)} times instead of once")
        line = source[: source.index(before)].count("\n") + 1
        slips.append(Mutant(f"{path}:by hand: {before.strip()} -> {after.strip()}", path, line, source.replace(before, after)))
    return slips


def copied(folder: Path, revision: str) -> Path:
    """A copy of the repository as it is, or of a revision."""
    folder.mkdir(parents=True)
    if revision:
        archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
        return folder
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(lambda name: (ROOT / name).is_file(), listed.splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


class Worker:
    """A `mutation_worker` in its copy of the repository."""

    def __init__(self, folder: Path, cache: Path):
        compiled = {"JAX_COMPILATION_CACHE_DIR": cache, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": 0}
        compiled["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = -1
        environment = os.environ | {name: str(value) for name, value in compiled.items()} | {"PYTHONPATH": str(folder)}
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("mutation_worker.py"))],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, path: str, source: str | None, tests: Sequence[str], limit: float) -> dict[str, Any]:
        """See `mutation_worker.outcome`."""
        request, answer = self.process.stdin, self.process.stdout
        assert request is not None
        assert answer is not None
        request.write(json.dumps({"path": path, "source": source, "tests": [*tests], "limit": limit}) + "\n")
        request.flush()
        line = answer.readline()
        if not line:
            raise SystemExit(f"the worker in {self.folder} ended with status {self.process.wait()}")
        return json.loads(line)


def run(
    mutants: Iterable[Mutant],
    out: Path,
    workers: Sequence[Worker],
    limit: float,
    most: int | None = None,
    checked: bool = True,
    open_outcomes: Sequence[str] = ("unsound",),
) -> None:
    """Tries those that `out` does not have yet, and appends what became of each.

    Args:
      open_outcomes: results in `out` that do not keep a mutant from being tried.
      most: test files of each source that are run.
      checked: runs every set of tests once on the sources as they are: tests that fail there would catch everything.
    """
    done = {result["name"] for result in read(out) if result["outcome"] not in open_outcomes}
    waiting = [mutant for mutant in mutants if mutant.name not in done]
    sound: dict[tuple[str, ...], bool] = {}
    lock = threading.Lock()

    def work(worker: Worker) -> None:
        while True:
            with lock:
                if not waiting:
                    return
                mutant = waiting.pop(0)
            tests = tests_of(mutant.path, worker.folder)[:most]
            key = tuple(tests)
            if key not in sound:
                sound[key] = not checked or not tests or worker.run(mutant.path, None, tests, 10 * limit)["outcome"] == "survived"
            if not sound[key]:
                result: dict[str, Any] = {"outcome": "unsound"}
            else:
                result = worker.run(mutant.path, mutant.source, tests, limit) if tests else {"outcome": "survived", "status": "no tests"}
            with lock, out.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"name": mutant.name, "path": mutant.path, "line": mutant.line, **result}) + "\n")
                print(f"{result['outcome']:9}{mutant.name}", flush=True)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def read(out: Path) -> list[dict[str, Any]]:
    """The results so far; of one mutant the last."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.is_file() else []
    return [*{result["name"]: result for result in map(json.loads, lines)}.values()]


def report(results: Sequence[dict[str, Any]], equivalent: dict[str, str]) -> str:
    """A table of shares by folder, without the mutants that are judged equivalent, and the survivors one by one."""
    counted = [each for each in results if each["outcome"] != "unsound" and each["name"] not in equivalent]
    folders = sorted({each["path"].rsplit("/", 1)[0] for each in counted})
    lines = ["| sources | mutants | caught | share |", "|---|---|---|---|"]
    for folder in [*folders, ""]:
        some = [each for each in counted if not folder or each["path"].rsplit("/", 1)[0] == folder]
        caught = sum(each["outcome"] != "survived" for each in some)
        lines.append(f"| {folder or 'all'} | {len(some)} | {caught} | {100 * caught / max(len(some), 1):.1f} % |")
    survivors = sorted((each for each in counted if each["outcome"] == "survived"), key=lambda each: (each["path"], each["line"]))
    lines += ["", *(f"- `{each['path']}:{each['line']}` {each['name'].split(':', 1)[1]}" for each in survivors)]
    judged = [f"- {each['name']}: {equivalent[each['name']]}" for each in results if each["name"] in equivalent]
    return "\n".join([*lines, *(["", "Judged equivalent:", *judged] if judged else [])])


def wanted(root: Path, options: argparse.Namespace) -> list[Mutant]:
    """The mutants that the command line asks for, but for those that are judged equivalent."""
    narrowed = options.only or options.again
    mutants = by_hand(root) + chosen(root, options.paths, 0 if narrowed else options.count, options.seed)
    if options.again:
        survivors = {result["name"] for result in read(options.again) if result["outcome"] == "survived"}
        mutants = [mutant for mutant in mutants if mutant.name in survivors]
    return [mutant for mutant in mutants if fnmatch(mutant.name, options.only or "*") and mutant.name not in equivalent_mutants()]


def equivalent_mutants() -> dict[str, str]:
    """Returns the reason for each mutant, by name, that is judged to change nothing."""
    return json.loads(EQUIVALENT.read_text(encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", nargs="+", default=PATHS, help="patterns of sources, from the repository's root")
    parser.add_argument("--only", default="", help="a pattern of mutants' names, such as '*stop_gradient*'")
    parser.add_argument("--again", type=Path, help="tries the mutants that survived in this file of results, which may be `--out` itself")
    parser.add_argument("--count", type=int, default=0, help="how many of them; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, choices=(1, 2))
    parser.add_argument("--limit", type=float, default=240.0, help="seconds of processor time that the tests of one mutant may take")
    parser.add_argument("--revision", default="", help="a commit whose sources and tests are taken instead of those that are here")
    parser.add_argument("--covers", type=Path, help="a file of JSON with the tests of the sources that are named otherwise there")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "mutations_cache", help="folder of compiled programs")
    parser.add_argument("--out", type=Path, required=True, help="file of results, one line of JSON per mutant")
    parser.add_argument("--files", type=int, default=0, help="how many of a source's test files are run, the quickest first; 0: all")
    parser.add_argument("--unchecked", action="store_true", help="trusts that all tests pass on the sources as they are")
    parser.add_argument("--report", action="store_true", help="says what the file has, and tries nothing")
    options = parser.parse_args()
    if options.covers:
        COVERS.update(json.loads(options.covers.read_text(encoding="utf-8")))
    if not options.report:
        with tempfile.TemporaryDirectory() as temporary:
            folders = [copied(Path(temporary) / f"copy{number}", options.revision) for number in range(options.workers)]
            mutants = wanted(folders[0], options)
            workers = [Worker(folder, options.cache) for folder in folders]
            tried_again = ("unsound", "survived") if options.again else ("unsound",)
            run(mutants, options.out, workers, options.limit, options.files or None, not options.unchecked, tried_again)
    print(report(read(options.out), equivalent_mutants()))


if __name__ == "__main__":
    main()
