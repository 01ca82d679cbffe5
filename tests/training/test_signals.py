"""Signals: the first asks, the second ends at once, and work that may be left is left."""

import os
import signal
import subprocess
import sys

import pytest

from semgan.training.signals import Interruption, Stop

TWICE = """
import os, signal, sys
from semgan.training.signals import Stop
with Stop() as stop:
    os.kill(os.getpid(), signal.SIGTERM)
    print("still here", stop.requested, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    print("never printed")
"""


def test_the_first_signal_asks_and_the_handlers_are_given_back():
    before = signal.getsignal(signal.SIGTERM)
    with Stop() as stop:
        assert not stop.requested
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_second_signal_ends_the_process_at_once():
    ended = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 128 + signal.SIGTERM
    assert ended.stdout == "still here True\n"
    assert ended.stderr.count("\n") == 1
    assert "a second signal stops at once" in ended.stderr


def test_a_signal_interrupts_work_that_may_be_left():
    with Stop() as stop:
        with pytest.raises(Interruption), stop.interrupts():
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interruption), stop.interrupts():  # asked before: such work is not begun
            pass
