"""Loss curves: each cost in its colour, scales marked, values that have no logarithm left out."""

import numpy as np
import pytest
from PIL import Image

from nnscratch.style.reports import loss_plot as module
from nnscratch.style.reports.loss_plot import loss_plot, scale_starts


def costs(i, scale=0, **other):
    parts = {"content": 0.1 + 0.01 * i, "style": 9.0 / (i + 1), "tv": 0.02}
    return {"scale": scale, "loss": sum(parts.values()), **parts, **other}


HISTORY = [costs(i, i // 20) for i in range(60)]


def colours(path):
    with Image.open(path) as file:
        return {tuple(c) for c in np.asarray(file.convert("RGB")).reshape(-1, 3).tolist()}


BLUE, ORANGE, GREEN = (0, 0x72, 0xB2), (0xD5, 0x5E, 0), (0, 0x9E, 0x73)


def test_loss_plot_draws_each_cost(tmp_path):
    loss_plot(tmp_path / "a.png", HISTORY, (128, 181, "256 wide"), "town $in$ the <hand>")
    assert {BLUE, ORANGE, GREEN, (0, 0, 0)} <= colours(tmp_path / "a.png")
    given = [{k: v for k, v in row.items() if k != "tv"} | {"content": 0.0} for row in HISTORY]
    loss_plot(tmp_path / "b.png", given)
    assert not {BLUE, GREEN} & colours(tmp_path / "b.png")


def drawn(history, sizes=()):
    """The axes that `loss_plot` would save."""
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    module._draw_curves(axes, history)
    module._draw_scales(axes, history, sizes)
    return axes


def test_curves_hold_the_costs_on_a_logarithmic_axis():
    axes = drawn(HISTORY)
    assert axes.get_yscale() == "log" and axes.get_xlabel() == "iteration"
    lines = {line.get_label(): line for line in axes.get_lines()}
    for label, name in (("total", "loss"), ("style", "style"), ("total variation", "tv")):
        np.testing.assert_array_equal(lines[label].get_xdata(), np.arange(1, 61))
        np.testing.assert_allclose(lines[label].get_ydata(), [row[name] for row in HISTORY])


def test_scales_are_marked_where_they_begin():
    assert scale_starts(HISTORY) == {0: 1, 1: 21, 2: 41}
    axes = drawn(HISTORY, (128, "181 wide"))
    assert [text.get_text() for text in axes.texts] == ["128 px", "181 wide", "scale 3"]
    assert [text.xy[0] for text in axes.texts] == [1, 21, 41]
    assert len(drawn(HISTORY[:20], (128,)).texts) == 0  # one scale needs no mark
    assert scale_starts([{"loss": 1.0}] * 3) == {0: 1}


def test_what_has_no_logarithm_is_left_out():
    history = [costs(0), costs(1, loss=np.inf), costs(2, tv=0.0), costs(3, style=np.nan)]
    lines = {line.get_label(): line.get_ydata() for line in drawn(history).get_lines()}
    assert [int(np.isnan(lines[k]).sum()) for k in ("total", "total variation", "style")] == [1] * 3
    assert len(drawn([{"loss": 0.0}]).get_lines()) == 0


def test_loss_plot_of_one_iteration(tmp_path):
    loss_plot(tmp_path / "a.png", HISTORY[:1])
    assert BLUE in colours(tmp_path / "a.png")


def test_loss_plot_refuses(tmp_path):
    with pytest.raises(ValueError, match=r"^loss_plot: expected at least one iteration, got none"):
        loss_plot(tmp_path / "a.png", [])
    with pytest.raises(ValueError, match=r"^loss_plot: expected a file name ending in .png"):
        loss_plot(tmp_path / "a.svg", HISTORY)
    with pytest.raises(ValueError, match=r"^cannot write .*there is no folder"):
        loss_plot(tmp_path / "none" / "a.png", HISTORY)
