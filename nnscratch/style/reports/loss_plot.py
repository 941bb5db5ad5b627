"""The costs of a style transfer as curves.

Stands on matplotlib and `files`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.files import replacing
from nnscratch.style.reports.output import check_name

CURVES = (  # name, label, colour (Okabe and Ito: readable for the colour-blind), width
    ("loss", "total", "#000000", 2.2),
    ("content", "content", "#0072B2", 1.5),
    ("style", "style", "#D55E00", 1.5),
    ("tv", "total variation", "#009E73", 1.5),
)
History = Sequence[Mapping[str, float]]


def loss_plot(path, history: History, sizes: Sequence[str | int] = (), title: str = "") -> None:
    """Write a PNG with the weighted costs of each iteration, on a logarithmic axis.

    history: for each iteration "loss", "content", "style" and "tv", and "scale", counted from 0,
    if there are several; sizes: the name of each scale, or its pixels.
    Costs that are 0 or not finite are left out, because the axis is logarithmic.
    Raises ValueError if history is empty, or if no .png can be written to path.
    """
    from matplotlib.figure import Figure

    path = check_plot(path)
    if not history:
        raise ValueError("loss_plot: expected at least one iteration, got none")
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    _draw_curves(axes, history)
    _draw_scales(axes, history, sizes)
    axes.set_title(title, loc="left", pad=22, parse_math=False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def check_plot(path) -> Path:
    """The path. Raises ValueError if no plot can be written there."""
    return check_name(path, (".png",), "loss_plot")


def _draw_curves(axes: Any, history: History) -> None:
    iterations = np.arange(1, len(history) + 1)
    marker = "o-" if len(history) == 1 else "-"
    for name, label, colour, width in CURVES:
        values = np.array([costs.get(name, np.nan) for costs in history], np.float64)
        values = np.where(np.isfinite(values) & (values > 0), values, np.nan)
        if not np.isnan(values).all():
            axes.plot(iterations, values, marker, color=colour, linewidth=width, label=label)
    drawn = bool(axes.get_lines())
    axes.set(xlabel="iteration", ylabel="weighted cost", yscale="log" if drawn else "linear")
    axes.margins(x=0.02)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if drawn:
        axes.figure.legend(loc="outside right center", frameon=False, labelcolor="linecolor")


def _draw_scales(axes: Any, history: History, sizes: Sequence[str | int]) -> None:
    """A vertical line where each scale begins, with its name above."""
    starts = scale_starts(history)
    if len(starts) < 2:
        return
    above = {"xycoords": ("data", "axes fraction"), "color": "#555555", "fontsize": 9}
    for scale, start in starts.items():
        name = sizes[scale] if scale < len(sizes) else f"scale {scale + 1}"
        text = f"{name} px" if isinstance(name, int) else name
        axes.axvline(start, color="#999999", linewidth=1, linestyle=":", zorder=1)
        axes.annotate(text, (start, 1.02), **above, parse_math=False)


def scale_starts(history: History) -> dict[int, int]:
    """The iteration, from 1, at which each scale begins: {scale: iteration}."""
    starts: dict[int, int] = {}
    for iteration, costs in enumerate(history, start=1):
        starts.setdefault(int(costs.get("scale", 0)), iteration)
    return starts
