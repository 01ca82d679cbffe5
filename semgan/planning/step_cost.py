"""The cost of a training step on a device: parameters, memory, arithmetic and bytes, as functions of its examples."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax

from semgan.planning.collectives import PhaseBytes, all_reduce_bytes
from semgan.planning.traced import moved_bytes, peak_bytes, size
from semgan.training.experiment import Experiment
from semgan.training.state import parameter_counts
from semgan.types import Algorithm, TrainState

_LEAST = 8
"""Examples: with fewer, the step may be at its fullest elsewhere than with many, and no line goes through both."""


class Line(NamedTuple):
    """A cost that grows with a device's examples: `fixed` (the optimizers' and averages') and `example` for each one."""

    fixed: float
    example: float

    def at(self, examples: float) -> float:
        """The cost at this many examples."""
        return self.fixed + self.example * examples


class StepCost(NamedTuple):
    """The cost of one step on one device.

    Attributes:
      parameters: scalars by network.
      state: bytes of the train state's parts, which every device holds in full.
      gradients: bytes of the phase that has the most.
      batch: bytes of an example as the loader gives it.
      working: bytes of all that is made in a step, at its fullest, by the examples of a micro-batch; see `working_at`.
      flops: by the examples of all micro-batches; of lazy phases their share of a mean step.
      bytes_moved: bytes read from memory and written, in the same way.
      all_reduces: what goes over the links.
    """

    parameters: dict[str, int]
    state: dict[str, int]
    gradients: int
    batch: int
    working: Line
    flops: Line
    bytes_moved: Line
    all_reduces: tuple[PhaseBytes, ...]

    def working_at(self, examples: float) -> float:
        """Peak bytes. With few examples it is the new state that counts: the old one is kept until the new one has proved to be finite."""
        return max(self.working.at(examples), sum(self.state.values()))


class _Cost(NamedTuple):
    flops: float
    bytes_moved: float
    working: float


def cost_of_step(experiment: Experiment, examples: int, compiled: bool = False) -> StepCost:
    """Traces and lowers the step at `examples` per device (or `_LEAST`) and at twice as many; no array is made.

    FLOPs are XLA's cost analysis of the lowered step, bytes and memory those of `semgan.planning.traced`. With `compiled`, which takes
    minutes, all three are what XLA says of the step compiled for this machine's device.
    """
    state = experiment.state_shapes()
    base = max(examples, _LEAST)
    low, high = (_mean_step(experiment, state, count, compiled) for count in (base, 2 * base))
    flops, bytes_moved, working = (_line(a, b, base) for a, b in zip(low, high, strict=True))
    phases = all_reduce_bytes(experiment.algorithm, state, experiment.prepared_shapes(examples))
    return StepCost(
        parameters=parameter_counts(state.params),
        state=state_bytes(state),
        gradients=max(phase.gradients for phase in phases),
        batch=_bytes(experiment.batch_shapes(1)),
        working=working,
        flops=flops,
        bytes_moved=bytes_moved,
        all_reduces=phases,
    )


def state_bytes(state: TrainState) -> dict[str, int]:
    """Bytes of the train state, by part."""
    parts = {"parameters": state.params, "averages": state.ema_params, "optimizers": state.opt_state, "model_state": state.model_state}
    return {name: _bytes(tree) for name, tree in parts.items()}


def _bytes(tree: Any) -> int:
    return sum(map(size, jax.tree.leaves(tree)))


def _line(low: float, high: float, examples: int) -> Line:
    return Line(2 * low - high, (high - low) / examples)


def _mean_step(experiment: Experiment, state: TrainState, examples: int, compiled: bool) -> _Cost:
    """Lazy phases count by the share of steps that they run in, and in full for the memory."""
    algorithm = experiment.algorithm
    always = tuple(phase for phase in algorithm.phases if phase.every == 1)
    cost_of = _cost_compiled if compiled else _cost_estimated
    base = cost_of(experiment, algorithm._replace(phases=always), state, examples)
    flops, bytes_moved, working = base
    for phase in algorithm.phases:
        if phase.every > 1:
            with_it = cost_of(experiment, algorithm._replace(phases=(*always, phase._replace(every=1))), state, examples)
            flops += (with_it.flops - base.flops) / phase.every
            bytes_moved += (with_it.bytes_moved - base.bytes_moved) / phase.every
            working = max(working, with_it.working)
    return _Cost(flops, bytes_moved, working)


def _cost_estimated(experiment: Experiment, algorithm: Algorithm, state: TrainState, examples: int) -> _Cost:
    traced = _trace(experiment, algorithm, state, examples)
    program = traced.jaxpr.jaxpr
    inputs_and_outputs = sum(map(size, (*program.invars, *program.outvars)))
    return _Cost(_analysis(traced.lower())["flops"], inputs_and_outputs + moved_bytes(program), peak_bytes(program))


def _cost_compiled(experiment: Experiment, algorithm: Algorithm, state: TrainState, examples: int) -> _Cost:
    compiled = _trace(experiment, algorithm, state, examples).lower().compile()
    analysis, memory = _analysis(compiled), compiled.memory_analysis()
    outputs = memory.output_size_in_bytes - memory.alias_size_in_bytes  # the rest of what is returned lies where the old state was
    return _Cost(analysis["flops"], analysis["bytes accessed"], memory.temp_size_in_bytes + outputs)


def _trace(experiment: Experiment, algorithm: Algorithm, state: TrainState, examples: int) -> Any:
    step = experiment._replace(algorithm=algorithm).step(accumulate=1)  # `examples` are those of one micro-batch
    return jax.jit(step, donate_argnums=0).trace(state, experiment.batch_shapes(examples))


def _analysis(program: Any) -> Mapping[str, float]:
    """XLA's cost analysis of a lowered or compiled program: one mapping, or a list of one."""
    analysis = program.cost_analysis()
    return analysis[0] if isinstance(analysis, list | tuple) else analysis
