"""Communication between devices within a network or a loss; with one device it does nothing."""

from jax import lax
from jaxtyping import Array, Shaped

AXIS_NAME = "data"
"""The axis that `semgan/training/parallel.py` maps the step over."""


def mean_over_devices(x: Shaped[Array, "*shape"]) -> Shaped[Array, "*shape"]:
    """The mean of `x` over the devices, differentiable; `x` itself where no axis is mapped."""
    return lax.pmean(x, AXIS_NAME) if _is_mapped() else x


def gather_over_devices(x: Shaped[Array, "batch ..."]) -> Shaped[Array, "all_devices_batch ..."]:
    """The devices' shares of a batch put together, in the global batch's order, on every device."""
    return lax.all_gather(x, AXIS_NAME, tiled=True) if _is_mapped() else x


def own_share(gathered: Shaped[Array, "all_devices_batch ..."], local: Shaped[Array, "batch ..."]) -> Shaped[Array, "batch ..."]:
    """The part of a gathered batch that stands in the place of this device's own `local` batch."""
    return lax.dynamic_slice_in_dim(gathered, lax.axis_index(AXIS_NAME) * len(local), len(local)) if _is_mapped() else gathered


def _is_mapped() -> bool:
    try:
        lax.axis_index(AXIS_NAME)
    except NameError:  # what jax raises for an axis that nothing maps
        return False
    return True
