"""Experiment configs: read from a Python file, changed from the command line, checked, and kept as plain JSON data."""

import ast
import difflib
import importlib.util
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from semgan.errors import UserError
from semgan.settings import SETTINGS

_TYPES_IN_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text", tuple: "values separated by commas"}
_BOOLS = {"true": True, "1": True, "false": False, "0": False}


def load(spec: str, overrides: Iterable[str] = ()) -> ConfigDict:
    """The config of `file.py[:argument]` with `--config.a.b=value` overrides applied; UserError in one sentence for bad input."""
    return override(read(spec), overrides)


def read(spec: str) -> ConfigDict:
    """Calls the file's `get_config`, with the text after the first colon where there is one."""
    name, _, argument = spec.partition(":")
    path = Path(name)
    if path.suffix != ".py":
        raise UserError(f"--config names {name!r}, which is not a Python file: give a file such as configs/quickstart.py")
    if not path.is_file():
        raise UserError(f"--config names {name}, which does not exist: {_config_files(path)}")
    get_config = _get_config(path)
    argument_count = len(inspect.signature(get_config).parameters)
    if argument and not argument_count:
        raise UserError(f"{name} takes no argument, but --config gives it {argument!r}: leave out the colon and what follows")
    config = _run(path, lambda: get_config(argument) if argument else get_config())
    if not isinstance(config, ConfigDict):
        raise UserError(f"{name}: get_config returns a {type(config).__name__}, but has to return an ml_collections.ConfigDict")
    return config


def override(config: ConfigDict, overrides: Iterable[str]) -> ConfigDict:
    """A copy of the config with `--config.a.b=value` (or `a.b=value`) overrides applied, each checked against the default's type."""
    flat = flatten(config)
    config = config.copy_and_resolve_references()
    for item in overrides:
        name, equals, text = item.partition("=")
        key = name.removeprefix("--").removeprefix("config.")
        if name.startswith("--") and not name.startswith("--config."):
            raise UserError(f"{name} is not an option: overrides look like --config.batch_size=8; --help lists the options")
        if key not in flat:
            raise UserError(_unknown_key(key, flat))
        if not equals:
            raise UserError(f"--config.{key} has no value: write --config.{key}={_example(flat[key])}")
        with config.unlocked():
            config.update_from_flattened_dict({key: _parse(key, text, flat[key])})
    return config


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}} -> {"a.b": 1}`; works on a ConfigDict and on plain dicts alike."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        nested = isinstance(value, Mapping | ConfigDict)
        flat |= flatten(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return flat


def to_json(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config as plain data for `json.dumps`: tuples become lists, which `from_json` turns back."""
    return {key: _plain(value) for key, value in config.items()}


def from_json(data: Mapping[str, Any]) -> ConfigDict:
    """The config that `to_json` was given; every list becomes a tuple, since a config holds no lists."""
    return ConfigDict({key: _rich(value) for key, value in data.items()})


def validate(config: ConfigDict) -> None:
    """Raises a UserError naming the first key whose value is out of its range."""
    flat = flatten(config)
    for key, setting in SETTINGS.items():
        if setting.range and "*" not in key and not setting.range.holds(flat[key]):
            must = setting.range.description
            raise UserError(f"config.{key} is {flat[key]!r}, but has to be {must}: set --config.{key} to such a value")


def _config_files(path: Path) -> str:
    """Suggests a file to give instead of one that does not exist."""
    folder = path.parent if path.parent.is_dir() else Path("configs")
    names = [str(file) for file in sorted(folder.glob("*.py")) if file.stem not in ("common", "__init__")]
    near = difflib.get_close_matches(str(path), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are {', '.join(names)}" if names else "give a file such as configs/quickstart.py"


def _get_config(path: Path) -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location(f"semgan_config_{path.stem}", path)
    assert spec  # a path that ends in .py always has a loader
    loader = spec.loader
    assert loader
    module = importlib.util.module_from_spec(spec)
    _run(path, lambda: loader.exec_module(module))
    if not callable(getattr(module, "get_config", None)):
        raise UserError(f"{path} has no function get_config(), which every config file needs: see configs/quickstart.py")
    return module.get_config


def _run(path: Path, call: Callable[[], Any]) -> Any:
    """Runs the user's own code; whatever goes wrong in it becomes one sentence, with the line where it is known."""
    try:
        return call()
    except UserError:
        raise
    except SyntaxError as error:
        raise UserError(f"{error.filename or path}, line {error.lineno}: {error.msg}: correct the file") from error
    except Exception as error:
        line = next((frame.lineno for frame in reversed(_frames(error)) if frame.filename == str(path)), None)
        place = f"{path}, line {line}" if line else str(path)
        raise UserError(f"{place}: {type(error).__name__}: {' '.join(str(error).split())}") from error


def _frames(error: Exception) -> list[inspect.FrameInfo]:
    return inspect.getinnerframes(error.__traceback__) if error.__traceback__ else []


def _unknown_key(key: str, flat: dict[str, Any]) -> str:
    members = [name for name in flat if name.startswith(f"{key}.")]
    if members:
        return f"config.{key} is a group of keys, not one: set one of {', '.join(members)}"
    near = _nearest(key, list(flat))
    return f"config.{key} does not exist: did you mean --config.{near}={_example(flat[near])} ({_type_in_words(flat[near])})?"


def _nearest(key: str, names: list[str]) -> str:
    """The nearest full key; where only its last part was given (`batchsize`, `flip`), the key whose last part is nearest."""

    def likeness(name: str) -> float:
        last_parts = difflib.SequenceMatcher(None, key.rpartition(".")[2], name.rpartition(".")[2]).ratio()
        return difflib.SequenceMatcher(None, key, name).ratio() + last_parts

    return max(names, key=likeness)


def _type_in_words(default: Any) -> str:
    return _TYPES_IN_WORDS.get(type(default), f"a {type(default).__name__}")


def _example(default: Any) -> str:
    """The default as one would write it on the command line."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ",".join(map(str, default)) or "A,B"
    return str(default) or "TEXT"


def _parse(key: str, text: str, default: Any) -> Any:
    """The text as a value of the default's type."""
    try:
        return _convert(text, default)
    except (ValueError, SyntaxError):
        expected, example = _type_in_words(default), _example(default)
        raise UserError(f"config.{key} is {text!r}, but has to be {expected}: for example --config.{key}={example}") from None


def _convert(text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text.lower() not in _BOOLS:
            raise ValueError(text)
        return _BOOLS[text.lower()]
    if isinstance(default, int | float | str):
        return type(default)(text)
    if isinstance(default, tuple):
        return _tuple(text, default)
    return ast.literal_eval(text)


def _tuple(text: str, default: tuple) -> tuple:
    """`A,B`, `("A", "B")` or `["A", "B"]`; the elements take the type that the default's have, text where it has none."""
    kind = type(default[0]) if default else str
    if text.strip()[:1] in ("(", "["):
        value = ast.literal_eval(text)
        values = list(value) if isinstance(value, tuple | list) else [value]
        if kind is str and not all(isinstance(value, str) for value in values):
            raise ValueError(text)
        return tuple(kind(value) for value in values)
    return tuple(kind(part.strip()) for part in text.split(",") if part.strip())


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping | ConfigDict):
        return to_json(value)  # pyright: ignore[reportArgumentType]
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _rich(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _rich(item) for key, item in value.items()}
    return tuple(_rich(item) for item in value) if isinstance(value, list) else value
