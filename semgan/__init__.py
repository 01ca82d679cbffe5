"""GAN-based, high-level semantic image style transfer in JAX."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semgan.inference.model import Model, load

__version__ = "0.1.0"
__all__ = ["Model", "__version__", "load"]


def __getattr__(name: str):
    """Imports `load` and `Model` on first use, so that `import semgan` stays light."""
    if name in ("Model", "load"):
        from semgan.inference import model

        return getattr(model, name)
    raise AttributeError(f"module 'semgan' has no attribute {name!r}")
