"""Starts one training job, here or on a cluster: `python launch.py --config configs/quickstart.py --workdir runs/quickstart`."""

import argparse
import os
import sys
import time

_START_TIME = time.monotonic()
_EXAMPLES = """examples:
  python launch.py --config configs/quickstart.py --workdir runs/quickstart
  python launch.py --config configs/quickstart.py --workdir runs/small --config.batch_size=8 --config.data.domains=ink,shaded
  python launch.py --config configs/quickstart.py --workdir runs/debug --debug
  python launch.py --config configs/quickstart.py --config.batch_size=8 --print-config
  python launch.py --config configs/quickstart.py --workdir runs/quickstart --on processes:2
  python launch.py --config configs/celeba_semgan.py --workdir runs/celeba --config.batch_size=32 --on slurm --hosts 2 --submit

The same command again goes on where the last one stopped. Stopped by a signal, it exits with status 75."""


def main(arguments: list[str] | None = None) -> int:
    """Trains and prints the result; returns the exit status."""
    from semgan.errors import EXIT_PREEMPTED, EXIT_USER_ERROR, UserError
    from semgan.launching import targets
    from semgan.progress import accept_any_name

    accept_any_name()
    options = _options(arguments)
    overrides = options.overrides
    _quiet()
    try:
        targets.check(options)
        config = _config(options, overrides)
        if options.print_config:
            print(_resolved_config(config))
            return 0
        if options.on != "local":
            return targets.start(options, overrides, config, os.path.abspath(__file__))
        result = _train(options, config)
    except UserError as error:
        print(f"semgan: error: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        return 128 + 2  # what a shell gives a command that SIGINT ended
    if result.stopped == "signal":
        return EXIT_PREEMPTED
    from semgan.training.hosts import is_first

    if is_first():
        print("\n".join(summary(result)))
    return 0


def summary(result) -> list[str]:
    """The last lines of a finished run, from its `semgan.training.resume.Result`."""
    why = "stopped by the clock" if result.stopped == "clock" else "done"
    lines = [f"{why} at {result.kimg:.4g} kimg (step {result.step:,})"]
    if result.scores is not None and "transfer_score" in result.scores:
        lines += [_score_text(result.scores, title) for title in _known_scores(result.scores) or ["transfer score"]]
    elif result.scores is not None:
        whole, real, coverage = (result.scores[name] for name in ("whole_faces", "whole_faces_real", "medium_coverage"))
        lines.append(
            f"whole faces {_number_text(whole)} (of real pictures {_number_text(real)}), coverage of the domains {_number_text(coverage)}"
        )
    if result.scores is not None:
        lines += [f"  {note}" for note in result.scores["notes"]]
    if result.best is not None:
        lines.append(f"best: {result.best['sentence']}: {result.best['usage']}")
    return [*lines, f"picture: {result.picture}", f"page:    {result.page}", result.usage]


_SCORES = {
    "answer score": ("answer_score", "answer_structure", "answer_color", "answer_texture"),
    "transfer score": ("transfer_score", "retention", "adoption"),
    "label-free score": ("label_free_score", "label_free_retention", "style_adoption", "reference_match"),
}
"""Scores of translations with their parts, by their names in a report."""


def _known_scores(scores) -> list[str]:
    """Returns the titles of the scores of which something is known; adoption is without annotations too, and is not enough."""
    known = {name for name, score in scores.items() if score is not None} - {"adoption"}
    return [title for title, names in _SCORES.items() if known & set(names)]


def _score_text(scores, title: str) -> str:
    """Formats a score with its parts."""
    name, *parts = _SCORES[title]
    texts = (
        f"{part.removeprefix('answer_').removeprefix('label_free_').replace('_', ' ')} {_number_text(scores[part])}"
        for part in parts
        if part in scores
    )
    return f"{title} {_number_text(scores.get(name))} ({', '.join(texts)})"


def _number_text(score: float | None) -> str:
    return "unknown" if score is None else f"{score:.2f}"


def _options(arguments: list[str] | None) -> argparse.Namespace:
    """The command line's; a folder is needed to train alone."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.workdir is None and not options.print_config:
        parser.error("the following arguments are required: --workdir")
    return options


def _parser() -> argparse.ArgumentParser:
    from semgan.cli.arguments import Parser, path_text
    from semgan.launching.targets import add_arguments

    parser = Parser(
        description="Starts one training job.", epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--config", required=True, type=path_text, metavar="FILE.py[:ARGUMENT]", help="the experiment")
    parser.add_argument("--workdir", type=path_text, metavar="FOLDER", help="where the run is kept; made where absent")
    parser.add_argument("--debug", action="store_true", help="ten steps of tiny networks on a few small pictures")
    parser.add_argument("--config.KEY=VALUE", dest="_", metavar="", help="overrides one value of the config, any number of times")
    parser.add_argument("--print-config", action="store_true", help="prints the experiment's values as JSON, and trains nothing")
    add_arguments(parser)
    parser.takes_overrides = True
    return parser


def _config(options: argparse.Namespace, overrides: list[str]):
    """Reads and checks the experiment: a mistake in it is reported before jax is imported."""
    from semgan import config as configs

    config = configs.read(options.config)
    if options.debug:
        from configs.common import shrink

        config = shrink(config)
    config = configs.override(config, overrides)
    configs.validate(config)
    return config


def _resolved_config(config) -> str:
    """The experiment as the run's config.json has it, before the data fill anything in."""
    import json

    from semgan.config import to_json

    return json.dumps(to_json(config), indent=2)


def _train(options: argparse.Namespace, config):
    from semgan.xla import prefer_fast_convolutions, prefer_quick_compilation

    (prefer_quick_compilation if options.debug else prefer_fast_convolutions)()
    _keep_compiled_programs()
    if options.distributed:
        from semgan.training.joining import join

        join()
    from semgan.training.loop import train

    return train(config, options.workdir, start_time=_START_TIME)


def _quiet() -> None:
    """Libraries' warnings and notices are for developers: `python -W default launch.py ...` shows them."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("ABSL_MIN_LOG_LEVEL", "3")
    if sys.warnoptions:
        return
    import logging
    import warnings

    from absl import logging as absl_logging

    warnings.simplefilter("ignore")
    absl_logging.set_verbosity(absl_logging.FATAL)  # semgan itself reports what fails
    logging.getLogger("jax").setLevel(logging.ERROR)


def _keep_compiled_programs() -> None:
    """A program compiled once is read from disk by later runs; `JAX_COMPILATION_CACHE_DIR` moves it."""
    import jax

    from semgan.paths import cache_dir

    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


if __name__ == "__main__":
    sys.exit(main())
