"""Decides when training goes back, or gives up: steps are skipped one after another, or the generator has collapsed.

The run's folder keeps the state from before.
"""

from collections.abc import Sequence
from pathlib import Path

from ml_collections import ConfigDict

from semgan.errors import UserError
from semgan.evaluation.figures.collapse import PATIENCE, Watch, watch
from semgan.progress import say
from semgan.training import metrics
from semgan.training.checkpoints import Checkpoints

DIVERGED = "diverged"
"""The reason for stopping when too many steps in a row were skipped."""


class CollapseError(UserError):
    """Raised where the generator draws the same image, or a few images, for everything."""


class Skips:
    """Counts the skipped steps in a row, of this process's work.

    Args:
      most: steps in a row that count as a divergence; 0: no number does.
    """

    def __init__(self, most: int):
        self._most = most
        self.streak = 0

    def add(self, skipped: bool) -> bool:
        """Counts one more step; returns whether training has diverged."""
        self.streak = self.streak + 1 if skipped else 0
        return 0 < self._most <= self.streak


def check_rollbacks(workdir: Path, config: ConfigDict, rollbacks: int, target_step: int | None) -> None:
    """Says that training goes back to the checkpoint of `target_step` (None: to the start); UserError where it has done so too often."""
    why = f"{config.rollback_after} steps in a row were skipped because a loss or gradient was not finite"
    if rollbacks > config.most_rollbacks:
        checkpoint_text = f"keeps the checkpoint of step {target_step} from before" if target_step else "holds no checkpoint from before"
        raise UserError(
            f"{why}, after {config.most_rollbacks} returns to an earlier state: lower the rates "
            f"(--config.optimizers.NETWORK.learning_rate) in a new --workdir; {workdir} {checkpoint_text}"
        )
    back = f"the checkpoint of step {target_step}" if target_step else "the start"
    say(f"warning: {why}: going back to {back} with other noise ({rollbacks} of {config.most_rollbacks} times)")


def hold_good(lines: Sequence[metrics.LogLine], checkpoints: Checkpoints) -> None:
    """Holds the checkpoint that the log of a resumed run vouches for."""
    checkpoints.hold(watch(lines).healthy_step)


def act_on(collapse_watch: Watch, checkpoints: Checkpoints, workdir: Path) -> None:
    """Acts on an evaluation: a healthy one vouches for the checkpoints so far, a poor one is reported, and too many in a row end training.

    Raises:
      Collapsed: training should stop. The checkpoint that the last healthy evaluation vouched for is the newest that is left.
    """
    if not collapse_watch.streak:
        checkpoints.hold(collapse_watch.healthy_step)
        return
    evaluation = f"evaluation {collapse_watch.streak} of {PATIENCE} before training stops"
    say(f"warning: the generator may have collapsed ({evaluation}): {collapse_watch.why}")
    if collapse_watch.stops:
        step = checkpoints.roll_back()
        checkpoint_text = f"keeps the checkpoint of step {step} from before" if step else "holds no checkpoint from before"
        raise CollapseError(
            f"the generator has collapsed: {collapse_watch.why}, {collapse_watch.streak} evaluations in a row; "
            f"{workdir} {checkpoint_text}: start again in another --workdir with lower rates "
            "or a stronger penalty, or set --config.stop_on_collapse=False to train on"
        )
