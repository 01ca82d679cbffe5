"""A flag is set where the jaxlib that is there knows it, and only there; what a trial showed is remembered."""

import json
import os
import subprocess
import sys

import pytest

from semgan import xla

UNKNOWN = "--xla_flag_that_no_version_has=1"
ILL_VALUED = "--xla_cpu_experimental_ynn_fusion_type=-no_such_fusion"
REFUSING = "import os, sys; sys.stderr.write('F1128 parse_flags_from_env.cc:234] Unknown flag'); sys.stderr.flush(); os.abort()"
KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    monkeypatch.setenv("SEMGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "xla_flags.json"


@pytest.fixture
def trial(monkeypatch, tmp_path):
    """`trial(code)` has trials run `code` in place of jax, and returns a function that counts them."""

    def replace(code: str):
        log = tmp_path / "trials"
        monkeypatch.setattr(xla, "_TRIAL", f"open({str(log)!r}, 'a').write('x')\n{code}")
        return lambda: len(log.read_text()) if log.exists() else 0

    return replace


@pytest.mark.parametrize("flags", [xla.FAST_CONVOLUTIONS, xla.QUICK_COMPILATION])
def test_the_installed_jaxlib_knows_what_semgan_sets(flags):
    assert xla.try_flags(flags) is True, f"a new jaxlib no longer takes {flags}: find what has become of it and whether it still pays"


@pytest.mark.parametrize("flags", [UNKNOWN, ILL_VALUED])
def test_the_installed_jaxlib_refuses_what_it_does_not_know(flags):
    assert xla.try_flags(flags) is False


@pytest.mark.parametrize(
    ("prefer", "flags"),
    [
        (xla.prefer_fast_convolutions, xla.FAST_CONVOLUTIONS),
        (xla.prefer_quick_compilation, f"{xla.QUICK_COMPILATION} {xla.OLDER_EMITTERS}"),
    ],
)
def test_a_flag_that_is_known_is_set(trial, prefer, flags):
    trial("")
    prefer()
    assert os.environ.pop("XLA_FLAGS") == flags


def test_quick_compilation_does_without_the_flag_that_newer_jaxlibs_refuse(trial):
    trial("import os; assert 'fusion_emitters' not in os.environ['XLA_FLAGS'], 'parse_flags_from_env'")
    xla.prefer_quick_compilation()
    assert os.environ.pop("XLA_FLAGS") == xla.QUICK_COMPILATION


def test_a_flag_that_is_refused_is_not_set(trial):
    trial(REFUSING)
    xla.prefer_fast_convolutions()
    assert "XLA_FLAGS" not in os.environ


def test_a_users_own_flags_stay_and_cost_no_trial(trial, monkeypatch):
    count = trial("")
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/nowhere")
    xla.prefer_fast_convolutions()
    assert os.environ["XLA_FLAGS"] == "--xla_dump_to=/nowhere"
    assert count() == 0


@pytest.mark.parametrize(("code", "answer"), [("", True), (REFUSING, False)])
def test_a_trial_is_made_once(trial, code, answer):
    count = trial(code)
    assert [xla.knows(UNKNOWN) for _ in range(3)] == [answer] * 3
    assert count() == 1


def test_each_set_of_flags_has_its_own_trial(trial):
    count = trial("import os; assert os.environ['XLA_FLAGS'] == 'a', 'parse_flags_from_env'")
    assert (xla.knows("a"), xla.knows("b"), xla.knows("a"), xla.knows("b")) == (True, False, True, False)
    assert count() == 2


def test_another_jaxlib_is_tried_anew(trial, monkeypatch):
    count = trial("")
    xla.knows("a")
    monkeypatch.setattr(xla.importlib.metadata, "version", lambda name: "99.0")
    xla.knows("a")
    assert count() == 2


@pytest.mark.parametrize("code", [KILLED, "raise MemoryError", "import time; time.sleep(60)"], ids=["killed", "failed", "hanging"])
def test_a_trial_without_an_outcome_sets_nothing_and_is_made_again(trial, monkeypatch, code, nothing_set):
    monkeypatch.setattr(xla, "_PATIENCE", 1.0 if "sleep" in code else 120.0)
    trial(code)
    assert xla.try_flags("a") is None
    assert xla.knows("a") is False
    assert not nothing_set.exists()
    monkeypatch.setattr(xla, "_PATIENCE", 120.0)
    trial("")
    assert xla.knows("a") is True


def test_without_an_interpreter_nothing_is_set(monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    assert xla.knows(xla.FAST_CONVOLUTIONS) is False


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"a": 1}'])
def test_a_damaged_memory_is_written_anew(trial, damage, nothing_set):
    count = trial("")
    xla.knows("a")
    key = next(iter(json.loads(nothing_set.read_bytes())))
    nothing_set.write_bytes(damage.replace(b'"a"', json.dumps(key).encode()))
    assert xla.knows("a") is True
    assert count() == 2
    assert json.loads(nothing_set.read_bytes()) == {key: True}


def test_a_cache_that_cannot_be_written_costs_a_trial_each_time_and_nothing_else(trial, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("SEMGAN_CACHE", str(tmp_path / "file" / "cache"))
    count = trial("")
    assert xla.knows("a")
    assert xla.knows("a")
    assert count() == 2


def test_processes_that_start_together_agree(nothing_set):
    code = "from semgan import xla; xla._TRIAL = 'pass'; print(xla.knows('a'))"
    children = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert [child.communicate()[0] for child in children] == ["True\n"] * 6
    assert list(json.loads(nothing_set.read_bytes()).values()) == [True]
    assert [path.name for path in nothing_set.parent.iterdir()] == [nothing_set.name]


@pytest.mark.parametrize("arguments", [["--help"], ["translate", "--help"]])
def test_light_commands_make_no_trial(arguments, nothing_set):
    subprocess.run([sys.executable, "-m", "semgan.cli", *arguments], capture_output=True, check=False)
    assert not nothing_set.exists()


@pytest.mark.slow
def test_the_flag_pays():
    """The gradient of a convolution's kernel: a fifth of the time when this was written."""
    code = """
import jax
convolve = lambda x, k: jax.lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
x, k = jax.random.normal(jax.random.key(0), (8, 64, 64, 64)), jax.random.normal(jax.random.key(1), (3, 3, 64, 64))
gradient = jax.jit(lambda x, k: jax.vjp(lambda k: convolve(x, k), k)[1](x)[0])
seconds = []
for _ in range(6):
    start = time.perf_counter()
    gradient(x, k).block_until_ready()
    seconds.append(time.perf_counter() - start)
print(min(seconds))
"""

    def seconds(flags: str) -> float:
        command = [sys.executable, "-c", code]
        return float(subprocess.run(command, env=os.environ | {"XLA_FLAGS": flags}, capture_output=True, text=True, check=True).stdout)

    assert 2 * seconds(xla.FAST_CONVOLUTIONS) < seconds("")
