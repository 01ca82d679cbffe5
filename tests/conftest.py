"""Eight virtual CPU devices, a cache folder of the session's own, checked array shapes in the numeric packages, no implicit ranks."""

import os

_QUICK_COMPILATION = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
os.environ.setdefault("XLA_FLAGS", f"--xla_force_host_platform_device_count=8 {_QUICK_COMPILATION}")
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import pytest
from jaxtyping import install_import_hook

install_import_hook(("semgan.algorithms", "semgan.layers", "semgan.losses", "semgan.networks"), "beartype.beartype")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(scope="session", autouse=True)
def semgan_cache(tmp_path_factory):
    """Prepared data and judges go to a folder that the tests share, never to the user's."""
    folder = tmp_path_factory.mktemp("semgan-cache")
    os.environ["SEMGAN_CACHE"] = str(folder)
    return folder
