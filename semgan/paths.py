"""The folder of what semgan can make again: prepared data, judges, compiled programs."""

import os
from pathlib import Path


def expand(path: str) -> str:
    """A path with `~` and `~user` replaced: a shell leaves them in `--workdir=~/runs`."""
    return os.path.expanduser(path)


def cache_dir() -> Path:
    """`$SEMGAN_CACHE`, else `$XDG_CACHE_HOME/semgan`, else `~/.cache/semgan`. Not created here."""
    if own := os.environ.get("SEMGAN_CACHE"):
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "semgan"
