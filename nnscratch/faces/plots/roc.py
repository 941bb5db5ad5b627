"""The ROC plot: true accepts against false accepts.

Stands on `metrics` and `drawing`, and on matplotlib.
"""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from nnscratch import files
from nnscratch.faces.metrics import ENOUGH, Roc
from nnscratch.faces.plots.drawing import FAINT, check_png

LEAST_FAR = 1e-3  # the lowest false-accept rate on the axis
CURVES = (  # colours for the colour-blind (Okabe and Ito), and marks
    *(("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#AA4499", "D")),
    *(("#000000", "v"), ("#56B4E9", "P"), ("#E69F00", "X")),
)


def roc_plot(path, curves: Mapping[str, Roc], title: str = "") -> None:
    """True accepts against false accepts, on a logarithmic axis, with the EER on each curve.

    A curve is dotted where it rests on fewer than 10 false accepts. The axis begins at the rate of
    one false accept among the most impostors, but not below 1e-3.
    Raises ValueError if there are no curves, or more than colours; or if path is not a .png.
    """
    from matplotlib.figure import Figure

    path = check_png(path)
    if not 1 <= len(curves) <= len(CURVES):
        raise ValueError(f"roc_plot: expected 1 to {len(CURVES)} curves, got {len(curves)}")
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.subplots()
    left = max(LEAST_FAR, min(_first_far(curve) for curve in curves.values()))
    bottoms = [_draw_curve(axes, *item, left) for item in zip(curves.items(), CURVES, strict=False)]
    _draw_scales(axes, left, min(bottoms), title)
    _draw_legend(axes, list(curves.values()), left)
    _draw_eers(axes, list(curves.values()))
    with files.replacing(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font lacks
        figure.savefig(temporary, format="png", dpi=120)


def _draw_curve(axes, named: tuple[str, Roc], style: tuple[str, str], left: float) -> float:
    """Draw one curve from FAR `left` to 1; returns its lowest TAR there."""
    (name, curve), (colour, mark) = named, style
    far = np.geomspace(left, 1, 1000)
    tar = curve.tar[np.searchsorted(curve.far, far, side="right") - 1]
    sure = _reliable_far(curve)
    label = f"{name}\nEER {_percent(curve.eer)}, AUC {curve.auc:.4f}"
    axes.plot(far, np.where(far < sure, tar, np.nan), ":", color=colour, linewidth=1.5)
    axes.plot(far, np.where(far < sure, np.nan, tar), color=colour, linewidth=2)
    axes.plot([], [], color=colour, marker=mark, linewidth=2, label=label)
    return float(tar[0])


def _draw_scales(axes, left: float, bottom: float, title: str) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

    bottom = max(0.0, np.floor(10 * bottom - 0.5) / 10)
    axes.set(xscale="log", xlim=(left, 1), ylim=(bottom, 1 + 0.02 * (1 - bottom)))
    axes.set_xlabel("false-accept rate (FAR): other people taken for the same")
    axes.set_ylabel("true-accept rate (TAR): the same people recognised")
    axes.set_title(title, loc="left", parse_math=False)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda far, _: f"{100 * far:g} %"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_legend(axes, curves: Sequence[Roc], left: float) -> None:
    """Beside the axes: the curves in their colours, then the other lines."""
    far = np.geomspace(left, 1, 200)
    axes.plot(far, 1 - far, "--", color=FAINT, linewidth=1, label="FAR = 1 − TAR", zorder=1)
    if any(_reliable_far(curve) > left for curve in curves):
        axes.plot([], [], ":", color=FAINT, label=f"fewer than {ENOUGH}\nfalse accepts")
    legend = axes.figure.legend(loc="outside right center", frameon=False, labelspacing=1)
    for text, (colour, _) in zip(legend.get_texts()[: len(curves)], CURVES, strict=False):
        text.set(color=colour, parse_math=False)


def _draw_eers(axes, curves: Sequence[Roc]) -> None:
    """A mark at the EER of each curve, with its value beside it, apart from the others."""
    from matplotlib.patheffects import withStroke

    bottom, top = axes.get_ylim()
    eers = np.array([curve.eer for curve in curves])
    heights = _spread(1 - eers, 0.045 * (top - bottom))
    marks = {"markeredgecolor": "white", "markersize": 9, "clip_on": False, "zorder": 4}
    outline = [withStroke(linewidth=3, foreground="white")]
    for eer, height, (colour, mark) in zip(eers, heights, CURVES, strict=False):
        place = max(eer, axes.get_xlim()[0])  # a log axis has no 0
        axes.plot(place, 1 - eer, mark, color=colour, **marks)
        crowded = ((eers > eer) & (eers < 1.8 * eer)).any()
        left = crowded or eer > 0.4  # no room at the right
        offset, side = ((-10, 9), "right") if left else ((10, -9), "left")
        text = {"color": colour, "weight": "bold", "path_effects": outline, "ha": side}
        position = {"textcoords": "offset points", "va": "center"}
        axes.annotate(_percent(eer), (place, height), offset, **position, **text)


def _spread(values: np.ndarray, gap: float) -> np.ndarray:
    """Move values down, the larger ones first, until all are `gap` apart: (N,) -> (N,)."""
    moved, limit = np.array(values), np.inf
    for i in np.argsort(-moved, kind="stable"):
        moved[i] = min(moved[i], limit)
        limit = moved[i] - gap
    return moved


def _first_far(curve: Roc) -> float:
    """The smallest positive false-accept rate: of one impostor, unless there are ties."""
    return float(curve.far[curve.far > 0].min())


def _reliable_far(curve: Roc) -> float:
    """The rate above which the curve rests on enough false accepts."""
    return ENOUGH * _first_far(curve)


def _percent(rate: float) -> str:
    return f"{100 * rate:.3g} %"
