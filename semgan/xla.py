"""XLA's settings that pay on a CPU, set before jax starts and never over a user's own."""

import importlib.metadata
import os

_CONVOLUTIONS_OFF_YNN = "--xla_cpu_experimental_ynn_fusion_type=-individual_convolution"
_KNOWN_TO = ("0.10.2",)


def prefer_fast_convolutions() -> None:
    """Takes single convolutions away from XLA's YNN path on a CPU: 1.2 to 1.6 times faster training steps there.

    Call before jax is imported. A flag that jaxlib does not know aborts the process, so it is set for the jaxlib versions
    that were tested and only where the user has set no XLA_FLAGS.
    """
    if "XLA_FLAGS" not in os.environ and importlib.metadata.version("jaxlib") in _KNOWN_TO:
        os.environ["XLA_FLAGS"] = _CONVOLUTIONS_OFF_YNN
