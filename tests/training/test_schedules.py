"""What is due, by the images seen."""

import pytest

from semgan.training import schedules


@pytest.mark.parametrize(
    ("batch_size", "every_kimg", "steps"),
    [(16, 0.064, [4, 8, 12]), (16, 0.05, [4, 7, 10]), (16, 0.001, list(range(1, 13))), (16, 0.0, []), (300, 0.1, list(range(1, 13)))],
)
def test_intervals_end_at_the_step_that_passes_a_multiple(batch_size, every_kimg, steps):
    assert [step for step in range(1, 13) if schedules.due(step * batch_size, batch_size, every_kimg)] == steps
