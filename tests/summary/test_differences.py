"""The report that says how the weights of two networks differ."""

import numpy as np
import pytest
from small_network import net, values

from nnscratch import nn
from nnscratch.summary.differences import LISTED, differences


def refused(network, state):
    before = values(network)
    with pytest.raises(ValueError, match="load_state_dict: ") as caught:
        network.load_state_dict(state)
    for name, value in values(network).items():
        np.testing.assert_array_equal(value, before[name])
    return str(caught.value)


def test_a_report_names_all_that_differs():
    state = values(net(hidden=5))
    del state["1.running_mean"]
    state["0.bias"] = state["0.bias"].astype(np.complex64)
    state["head.bias"] = np.zeros(7)
    assert refused(net(), state) == (
        "load_state_dict: the weights are of another network: 4 of 8 names agree in shape and "
        "dtype\n"
        "  missing     1.running_mean (2,)\n"
        "  unexpected  head.bias (7,)\n"
        "  shape       3.weight: expected (4, 8), got (5, 8)\n"
        "  shape       3.bias: expected (4,), got (5,)\n"
        "  dtype       0.bias: expected float32, got complex64"
    )


@pytest.mark.parametrize("kind", [np.complex64, "U3"])
def test_values_that_are_no_real_numbers_are_refused(kind):
    state = values(net()) | {"0.bias": np.zeros(2).astype(kind)}
    assert "dtype       0.bias: expected float32" in refused(net(), state)


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int32, bool])
def test_real_numbers_of_other_types_are_cast(kind):
    ours = net()
    ours.load_state_dict(values(net()) | {"0.bias": np.ones(2, kind)})
    np.testing.assert_array_equal(values(ours)["0.bias"], np.ones(2, np.float32))


def test_numbers_beyond_the_dtype_are_refused_and_nothing_changes():
    state = {name: value + 1.0 for name, value in values(net()).items()}
    state["3.bias"] = np.full(4, 1e300)
    ours, before = net(), values(net())
    with pytest.raises(
        ValueError, match=r"3.bias holds numbers that float32 cannot hold; take the"
    ):
        ours.load_state_dict(state)
    for name, value in values(ours).items():
        np.testing.assert_array_equal(value, before[name])
    ours.to(np.float64).load_state_dict(state)
    assert values(ours)["3.bias"][0] == 1e300


def test_long_reports_are_cut():
    expected = {f"{i}.weight": ((2, i), np.dtype("f4")) for i in range(LISTED + 8)}
    lines = differences(expected, {}).splitlines()
    assert len(lines) == 1 + LISTED + 1
    assert lines[-1] == "  missing     and 8 more"


def test_a_prefix_is_recognised_in_both_directions():
    state = values(net())
    longer = {f"module.{name}": value for name, value in state.items()}
    assert refused(net(), longer).endswith("hint: the names agree without 'module.' in front")
    within = nn.Sequential(net())
    assert refused(within, state).endswith("hint: the names agree with '0.' in front")


def test_names_that_agree_are_not_said_to_be_others():
    assert "hint" not in refused(net(), values(net()) | {"0.bias": np.zeros(2, "c8")})


def test_other_names_and_transposed_matrices_are_recognised():
    state = values(net())
    renamed = {f"layer{i}": value for i, value in enumerate(state.values())}
    assert "the shapes agree in their order" in refused(net(), renamed)
    turned = state | {"3.weight": state["3.weight"].T}
    assert "3.weight is transposed; Linear has (outputs, inputs)" in refused(net(), turned)


def test_equal_networks_have_no_report():
    same = {"a": ((2,), np.dtype("f4"))}
    assert differences(same, same) == ""
    assert differences(same, {"a": ((2,), np.dtype("f8"))}) == ""
