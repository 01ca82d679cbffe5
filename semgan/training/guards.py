"""When training gives up: all steps are skipped, or the generator has collapsed. The run's folder keeps the state from before."""

from collections.abc import Sequence
from pathlib import Path

from semgan.errors import UserError
from semgan.evaluation.collapse import PATIENCE, Watch, watch
from semgan.training import metrics
from semgan.training.checkpoints import Checkpoints
from semgan.training.report import say

_LEAST_SKIPPED = 10


class Collapsed(UserError):
    """The generator draws one thing, or few."""


def check_steps(workdir: Path, line: metrics.Line) -> None:
    """UserError where training cannot go on: every step of an interval was skipped. The weights are as before them."""
    if line["steps"] >= _LEAST_SKIPPED and line["skipped"] == line["steps"]:
        raise UserError(
            f"each of the last {line['steps']} steps was skipped because a loss or gradient was not finite: lower the rates "
            f"(--config.optimizers.NETWORK.learning_rate) in a new --workdir; {workdir} keeps its checkpoint from before"
        )


def hold_good(lines: Sequence[metrics.Line], checkpoints: Checkpoints) -> None:
    """Of a run that goes on: holds the checkpoint that its log vouches for."""
    checkpoints.hold(watch(lines).healthy_step)


def heed(seen: Watch, checkpoints: Checkpoints, workdir: Path) -> None:
    """Takes an evaluation's word: a healthy one vouches for the checkpoints so far, a low one is told, too many in a row end training.

    Raises:
      Collapsed: training should stop. The checkpoint that the last healthy evaluation vouched for is the newest that is left.
    """
    if not seen.streak:
        checkpoints.hold(seen.healthy_step)
        return
    say(f"warning: the generator may have collapsed (evaluation {seen.streak} of {PATIENCE} before training stops): {seen.why}")
    if seen.stops:
        step = checkpoints.roll_back()
        left = f"keeps the checkpoint of step {step} from before" if step else "holds no checkpoint from before"
        raise Collapsed(
            f"the generator has collapsed: {seen.why}, {seen.streak} evaluations in a row; {workdir} {left}: start anew in another "
            "--workdir with lower rates or a stronger penalty, or set --config.stop_on_collapse=False to train on"
        )
