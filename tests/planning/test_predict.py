"""Times by hand, the table's completeness, and refusals."""

import math

import pytest

from configs.common import get_config
from semgan.errors import UserError
from semgan.planning import collectives, measure, plan, predict
from semgan.planning.collectives import PhaseBytes
from semgan.planning.hardware import TABLE, Hardware
from semgan.planning.step_cost import Line, StepCost

PRECISIONS = {"bfloat16", "float32"}
DEVICE = Hardware(
    *("toy", {"float32": 100.0}, 1000.0, 10.0, 8.0, 2.0, 2, 4, "made up"),
    share={"float32": 0.5},
    share_source="made up",
)
COST = StepCost(
    parameters={"a": 10},
    state={"parameters": 40, "averages": 40, "optimizers": 80, "model_state": 0},
    gradients=40,
    batch=1,
    working=Line(90, 9),
    flops=Line(100, 50),
    bytes_moved=Line(10, 20),
    all_reduces=(PhaseBytes("d", 1, 40, 0, 0), PhaseBytes("g", 4, 80, 0, 0)),
)


@pytest.mark.parametrize("name", TABLE)
def test_every_entry_is_whole_and_has_its_source(name):
    device = TABLE[name]
    assert set(device.rate) == set(device.share) == PRECISIONS
    numbers = (*device.rate.values(), device.memory, device.memory_bandwidth, device.link_bandwidth, device.network_bandwidth)
    assert all(number > 0 for number in numbers)
    assert all(0 < share < 1 for share in device.share.values())
    assert device.rate["bfloat16"] >= device.rate["float32"]
    assert device.link_bandwidth > device.network_bandwidth
    assert device.devices_per_island % device.devices_per_host == 0
    assert "data sheet" in device.source or "http" in device.source
    assert device.share_source


def test_the_share_attained_is_that_of_the_published_images_a_second():
    forward_and_backward = 3 * 8.2e9
    a100 = TABLE["a100"]
    assert a100.share["bfloat16"] == pytest.approx(2470 * forward_and_backward / a100.rate["bfloat16"], rel=0.01)
    assert a100.share["float32"] == pytest.approx(938 * forward_and_backward / a100.rate["float32"], rel=0.01)


def test_unknown_hardware_is_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"'H10' is not in the table: did you mean 'h100'\? There are a100, .*, this"):
        plan.hardware_of("H10")


def test_this_machine_is_measured():
    device = measure.measure_rates(rounds=1)
    numbers = (*device.rate.values(), *device.share.values(), device.memory, device.memory_bandwidth)
    assert all(0 < number < float("inf") for number in numbers)
    assert set(device.rate) == set(device.share) == PRECISIONS


@pytest.mark.parametrize(("devices", "sent"), [(1, 0), (2, 100), (4, 150), (1000, 199.8)])
def test_a_ring_sends_twice_all_but_one_part(devices, sent):
    assert collectives.ring_bytes(100, devices) == pytest.approx(sent)


def test_all_reduces_go_over_links_and_each_device_s_share_over_the_network():
    hops = 2 * math.log2(16) * 5e-6  # a message takes 5 us from one to the next
    each = [2 * 3 / 4 * count / (0.8 * 8) + 2 * 3 / 4 * count / 4 / (0.8 * 2) + hops for count in (40, 80)]
    assert collectives.seconds(COST.all_reduces, 16, DEVICE) == pytest.approx(each[0] + each[1] / 4)
    assert collectives.seconds(COST.all_reduces, 1, DEVICE) == 0


def test_a_step_takes_the_slower_of_arithmetic_and_memory_and_then_communicates():
    time = predict.step_time(COST, DEVICE, "float32", 1, 2)
    assert time == (200 / 50, 50 / 10, 0)
    assert time.total == 5
    time = predict.step_time(COST, DEVICE, "float32", 16, 2)
    assert time.total == 5 + time.communication


def test_the_largest_batch_is_the_last_that_fits():
    most = predict.largest_batch(COST, DEVICE)
    room = 0.75 * DEVICE.memory  # what is left to a batch; the rest goes to fragments and to the framework
    needed = [sum(predict.memory_bytes(COST, count, 1).values()) for count in (most, most + 1)]
    assert needed[0] <= room < needed[1]
    assert predict.largest_batch(COST, DEVICE._replace(memory=100.0)) == 0


def test_efficiency_is_against_one_device():
    weak = predict.weak_scaling(COST, DEVICE, "float32", 16, 2)
    assert [row.devices for row in weak] == [1, 8, 16]
    assert [row.batch_size for row in weak] == [2, 16, 32]
    assert weak[0].efficiency == 1
    assert weak[2].efficiency == pytest.approx(weak[0].seconds / weak[2].seconds)
    strong = predict.strong_scaling(COST, DEVICE, "float32", 24, 24)
    assert [(row.devices, row.batch_size) for row in strong] == [(1, 24), (8, 24), (24, 24)]
    assert strong[1].efficiency == pytest.approx(strong[0].seconds / 8 / strong[1].seconds)


def test_a_count_that_does_not_divide_the_batch_is_refused_with_what_works():
    config = get_config()
    config.batch_size = 12
    predict.check_devices(config, 4)
    with pytest.raises(UserError, match=r"batch_size: 12 .* 8 device\(s\).* such as 8 or 16; or --devices 2, 3, 4 or 6$"):
        predict.check_devices(config, 8)
    config.accumulate = 12
    with pytest.raises(UserError, match=r"--devices 1$"):
        predict.check_devices(config, 8)
    config.accumulate = 5
    with pytest.raises(UserError, match="use a multiple of 40") as error:
        predict.check_devices(config, 8)
    assert "--devices" not in str(error.value)
