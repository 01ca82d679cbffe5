"""What the toy's runs leave behind."""

from semgan.training.checkpoints import Checkpoints
from semgan.training.experiment import Experiment


def final_state(workdir, config):
    """Of the newest checkpoint, as host arrays."""
    shapes = Experiment.of(config).state_shapes()
    restored = Checkpoints(workdir / "checkpoints").restore(shapes)
    assert restored is not None
    return restored.state
