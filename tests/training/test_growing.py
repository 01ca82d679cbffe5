"""The program changes where the stage does, and nowhere else, whatever step a run begins at."""

import pytest

from semgan.training.steps import Programs
from semgan.types import Algorithm, Stages


@pytest.fixture
def growing():
    """A stage every ten images."""
    made = {number: Algorithm(None, (), None, (), {}, stages=None) for number in range(5)}
    stages = Stages(at=lambda kimg: made[round(1000 * kimg) // 10], describe=lambda kimg: f"at {kimg}")
    made = {number: algorithm._replace(stages=stages, averaged=(str(number),)) for number, algorithm in made.items()}
    return made[0]


def test_each_stage_is_compiled_once_when_it_is_reached(growing, capsys):
    compiled = []
    programs = Programs(growing, lambda stage: compiled.append(stage.averaged) or (lambda: stage.averaged), 0)
    assert [programs.at(position)() for position in (0, 4, 8, 12, 16, 20)] == [("0",), ("0",), ("0",), ("1",), ("1",), ("2",)]
    assert compiled == [("0",), ("1",), ("2",)]
    assert capsys.readouterr().err.count("compiling the training step (at ") == 3


def test_a_resumed_run_begins_with_its_own_stage(growing):
    compiled = []
    programs = Programs(growing, lambda stage: compiled.append(stage.averaged) or (lambda: stage.averaged), 0)
    assert programs.at(36)() == ("3",)
    assert compiled == [("3",)]


def test_an_algorithm_without_stages_is_compiled_once(growing):
    compiled = []
    programs = Programs(growing._replace(stages=None), lambda stage: compiled.append(stage) or (lambda: 0), 0)
    for position in range(0, 50, 10):
        programs.at(position)
    assert len(compiled) == 1
