"""XLA's settings that pay on a CPU, set before jax is imported and never over a user's own."""

import importlib.metadata
import os

_CONVOLUTIONS_OFF_YNN = "--xla_cpu_experimental_ynn_fusion_type=-individual_convolution"
_LITTLE_OPTIMIZATION = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
_KNOWN_TO = ("0.10.2",)
"""Versions of jaxlib that all these flags were tested with: one that jaxlib does not know aborts the process."""


def prefer_fast_convolutions() -> None:
    """Takes single convolutions away from XLA's YNN path: they, and with them training steps, are faster on a CPU."""
    _set(_CONVOLUTIONS_OFF_YNN)


def prefer_quick_compilation() -> None:
    """Compiles in half the time to slower programs: for runs of a few steps."""
    _set(_LITTLE_OPTIMIZATION)


def _set(flags: str) -> None:
    if "XLA_FLAGS" not in os.environ and importlib.metadata.version("jaxlib") in _KNOWN_TO:
        os.environ["XLA_FLAGS"] = flags
