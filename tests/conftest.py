"""Eight virtual CPU devices, a cache folder of the session's own, checked array shapes in the numeric packages, no implicit ranks."""

import gc
import os

from semgan.xla import OLDER_EMITTERS, QUICK_COMPILATION, try_flags

if "XLA_FLAGS" not in os.environ:  # the workers have their controller's
    _emitters = OLDER_EMITTERS if try_flags(OLDER_EMITTERS) else ""
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count=8 {QUICK_COMPILATION} {_emitters}"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import pytest
from jaxtyping import install_import_hook

install_import_hook(("semgan.algorithms", "semgan.layers", "semgan.losses", "semgan.networks"), "beartype.beartype")
jax.config.update("jax_numpy_rank_promotion", "raise")
gc.set_threshold(20_000, 50, 100)  # tracing makes many objects that live long
LONGEST = ("test_pod.py", "test_every.py", "test_adapt.py", "test_end_to_end.py")
"""Modules that take a minute or more, each of which one worker runs alone."""


def pytest_collection_modifyitems(items):
    """Has the longest modules begin first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session", autouse=True)
def semgan_cache(tmp_path_factory):
    """Prepared data and judges go to a folder that the tests share, never to the user's."""
    folder = tmp_path_factory.mktemp("semgan-cache")
    os.environ["SEMGAN_CACHE"] = str(folder)
    return folder
