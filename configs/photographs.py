"""Compares methods on a user's own folder of two kinds of pictures, without annotations: at 64 px, for one or two CPU cores.

    python launch.py --config configs/photographs.py:cut --workdir runs/photographs/cut --config.data.source=FOLDER
    python benchmarks/photographs.py --data FOLDER --runs runs/photographs

The argument names the method: semgan (the default), stargan_v2, cut, cyclegan or munit. Networks and rates are those of the small
experiments on drawings; semgan is `folder_semgan.py:64`. `benchmarks/photographs.py` trains and measures all of them in the same time.
"""

from collections.abc import Callable

from ml_collections import ConfigDict

from configs import common, cut, cyclegan, munit, semgan, stargan_v2
from configs.common import Values

_ON_A_FOLDER: Values = {"data.name": "folder", "data.domains": (), "data.train_count": 0, "data.test_count": 0}
METHODS: dict[str, Callable[[], ConfigDict]] = {
    "semgan": semgan.on_a_folder,
    "stargan_v2": stargan_v2.on_two_cores,
    "cut": cut.on_two_cores,
    "cyclegan": cyclegan.on_two_cores,
    "munit": munit.on_two_cores,
}
"""Experiments by the config's argument."""


def get_config(method: str = "semgan") -> ConfigDict:
    """One of `METHODS` on the folder that `config.data.source` names."""
    if method not in METHODS:
        raise ValueError(f"the config's argument is {method!r}: choose configs/photographs.py: followed by {', '.join(METHODS)}")
    return common.with_changes(METHODS[method](), _ON_A_FOLDER)
