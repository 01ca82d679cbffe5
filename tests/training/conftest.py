import os

import pytest


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """The folder that runs and the processes that they start share compiled programs in: the user's, where there is one."""
    return os.environ.get("JAX_COMPILATION_CACHE_DIR") or str(tmp_path_factory.mktemp("xla"))
