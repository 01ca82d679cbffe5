"""Costs against counts by hand, on an experiment of two dense networks."""

import jax
import jax.numpy as jnp
import pytest

from semgan.planning import traced as programs
from semgan.planning.collectives import all_reduce_bytes
from semgan.planning.predict import memory_bytes
from semgan.planning.step_cost import _analysis, cost_of_step
from semgan.training.parallel import AXIS_NAME
from tests.planning.toy import INPUTS, SIDE, WIDTH, toy, traced

EXAMPLES = 4
FIRST, SECOND = INPUTS * WIDTH + WIDTH, WIDTH
"""Parameters."""


@pytest.fixture(scope="module")
def cost():
    return cost_of_step(toy(), EXAMPLES)


def averaged_in(program):
    """Bytes of every array that a traced program sums over its devices."""
    found = 0
    for equation in program.eqns:
        if equation.primitive.name.startswith("psum"):
            found += sum(map(programs.size, equation.invars))
        found += sum(map(averaged_in, programs._inner(equation)))
    return found


def test_parameters_and_state_are_those_counted_by_hand(cost):
    assert cost.parameters == {"first": FIRST, "second": SECOND}
    adam = [4 * 2 * count + 4 for count in (FIRST, SECOND)]  # two moments, and the number of updates
    parts = {"parameters": 4 * (FIRST + SECOND), "averages": 4 * FIRST, "optimizers": sum(adam), "model_state": 4 * 3 + 4}
    assert cost.state == parts
    assert cost.gradients == 4 * FIRST
    assert cost.batch == 3 * INPUTS + 3 * 4  # three uint8 pictures; position and two domains


def test_memory_counts_the_gradients_of_a_micro_batch_and_their_sum(cost):
    memory = memory_bytes(cost, 8, 1)
    assert memory["batch"] == 8 * cost.batch
    assert memory["gradients"] == cost.gradients
    assert memory["gradients"] + memory["activations"] == max(cost.working.at(8), sum(cost.state.values()))
    assert memory_bytes(cost, 8, 2)["gradients"] == 2 * cost.gradients
    assert memory_bytes(cost, 8, 2)["activations"] == cost.working_at(4) - cost.gradients


def test_gradients_floating_metrics_and_floating_state_are_averaged(cost):
    first, second = cost.all_reduces
    assert (first.name, first.gradients, first.metrics, first.model_state) == ("a", 4 * FIRST, 2 * 4, 3 * 4)
    assert (second.name, second.gradients, second.metrics, second.model_state) == ("b", 4 * SECOND, 4, 3 * 4)
    assert (first.every, second.every) == (1, 2)
    assert first.total == 4 * FIRST + 8 + 12


def test_bytes_averaged_are_those_that_the_mapped_step_sums():
    experiment = toy()
    state = experiment.state_shapes()
    batch = {name: jax.ShapeDtypeStruct((2, *each.shape), each.dtype) for name, each in experiment.batch_shapes(EXAMPLES).items()}
    for phase in experiment.algorithm.phases:
        alone = experiment.algorithm._replace(phases=(phase._replace(every=1),))
        step = experiment._replace(algorithm=alone).step(axis_name=AXIS_NAME)
        step = jax.pmap(step, axis_name=AXIS_NAME, in_axes=(None, 0), out_axes=None, devices=jax.devices()[:2])
        told = all_reduce_bytes(alone, state, experiment.prepared_shapes(EXAMPLES))
        assert averaged_in(jax.make_jaxpr(step)(state, batch).jaxpr) == told[0].total


def test_flops_an_example_are_those_of_the_products(cost):
    """The first phase: forward and the kernel's gradient; the second, in every other step, forward alone and the little kernel's."""
    first, second = 2 * 2 * INPUTS * WIDTH, (2 * INPUTS * WIDTH + 2 * 2 * WIDTH) / 2
    assert cost.flops.example == pytest.approx(first + second, rel=0.1)  # the rest: conversion, bias, squares


def test_flops_are_a_line(cost):
    direct = cost_of_step(toy(), 4 * EXAMPLES)
    assert direct.flops.at(4 * EXAMPLES) == pytest.approx(cost.flops.at(4 * EXAMPLES), rel=0.01)
    assert cost.flops.at(4096) / cost.flops.at(2048) == pytest.approx(2, rel=0.02)


def test_a_compiled_step_is_told_as_xla_tells_it(cost):
    compiled = cost_of_step(toy(), EXAMPLES, compiled=True)
    assert compiled._replace(working=cost.working, flops=cost.flops, bytes_moved=cost.bytes_moved) == cost
    assert compiled.flops.example == pytest.approx(cost.flops.example, rel=0.2)
    assert compiled.bytes_moved.at(EXAMPLES) > 0
    assert compiled.working.at(EXAMPLES) > 0


def test_flops_of_a_product_are_two_a_multiplication():
    a = jax.ShapeDtypeStruct((32, 48), jnp.float32)
    lowered = jax.jit(lambda a: a @ a.T).lower(a)
    assert _analysis(lowered)["flops"] == pytest.approx(2 * 32 * 48 * 32, rel=0.01)


def test_memory_at_its_fullest_is_what_lives_at_once():
    def chain(x):  # each value takes the place of the one before
        return jnp.sin(jnp.sin(jnp.sin(x)))

    def kept(x):  # both are needed at the end
        first = jnp.sin(x)
        return first + jnp.cos(jnp.cos(first))

    assert programs.peak_bytes(traced(chain, (1000,))) == 4000
    assert programs.peak_bytes(traced(kept, (1000,))) == 8000
    assert programs.peak_bytes(traced(jax.jit(kept), (1000,))) == 8000
    assert programs.peak_bytes(traced(lambda x: x.reshape(10, 100).sum(), (1000,))) == 4


def test_bytes_moved_are_those_of_products_and_of_what_is_made_for_them():
    operands, result = 4 * (8 * 16 + 16 * 32), 4 * 8 * 32
    assert programs.moved_bytes(traced(jnp.matmul, (8, 16), (16, 32))) == operands + result
    fused = programs.moved_bytes(traced(lambda a, b: jnp.sin(a) @ b, (8, 16), (16, 32)))
    assert fused == operands + result + 2 * 4 * 8 * 16
    assert programs.moved_bytes(traced(jnp.sin, (1000,))) == 0


def test_pictures_are_of_the_config_s_size():
    assert toy().batch_shapes(2)["image"].shape == (2, SIDE, SIDE, 3)
