"""One slope against the gradient: right, wrong, on a kink, or too noisy to decide.

Stands on `line`. Where the two disagree, the slope is measured with many steps, each time with half
the step as well. The difference of these two estimates the noise (curvature for long steps,
rounding for short ones), and the least noisy slope decides. At a kink the slopes to the left and to
the right differ for any step; on a curve their difference shrinks with the step.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from nnscratch.gradcheck.line import Line, name_of

STEPS = 10.0 ** np.arange(2, -13, -1)  # times eps: the steps to try on disagreement
ROUNDING = 1e-13  # of numbers of size 1, as random output gradients are, after some operations
UNDECIDED = 1e-3  # a slope noisier than this share of the largest gradient decides nothing


class GradcheckError(ValueError):
    """A gradient is wrong, or cannot be checked; the message says which and where."""


class Kink(Exception):
    """The function has a corner at this point."""


@dataclass(frozen=True)
class Tolerances:
    """The step, eps · max(1, |x|), and how much a gradient may differ from the slope:
    rtol · |gradient| + atol · the largest gradient of the argument."""

    eps: float = 1e-6
    rtol: float = 1e-6
    atol: float = 1e-8

    def __post_init__(self) -> None:
        within = 0 < self.eps < math.inf and 0 <= self.rtol < math.inf and 0 <= self.atol < math.inf
        if not within:
            raise ValueError(
                "gradcheck: expected finite eps above 0, rtol and atol of at least 0, got "
                f"{self.eps}, {self.rtol} and {self.atol}"
            )


@dataclass(frozen=True)
class Report:
    """The figures of a passed check: the worst error relative to the largest gradient of its
    argument, the number of slopes, and how often the point was moved off a kink."""

    worst_error: float
    slopes: int
    moves: int


def relative_error(line: Line, tolerances: Tolerances) -> float:
    """|gradient − slope| / the largest gradient; raises GradcheckError or Kink."""
    analytic, direction = line.analytic, line.direction
    largest = float(abs(line.gradient).max() * np.sqrt((direction**2).sum()))
    tolerance = tolerances.rtol * abs(analytic) + tolerances.atol * largest + ROUNDING
    reach = max(1.0, float(abs(line.x[direction != 0]).max()))
    unit = max(largest, 1e-3 * line.size / reach, 1e-6)  # the last two where the gradient is 0
    step = tolerances.eps * reach
    numeric = line.slope(step)
    error = abs(analytic - numeric)
    if not np.isfinite(analytic):
        raise GradcheckError(_wrong(line, numeric))
    if error <= tolerance + line.rounding(step):
        return error / unit

    numeric, noise, kink = _least_noisy_slope(line, step)
    error = abs(analytic - numeric)
    certain = noise <= UNDECIDED * max(unit, abs(numeric))
    if certain and error <= tolerance + 2 * noise:
        return error / unit
    _check_decidable(line, numeric, noise, kink, certain)
    if np.count_nonzero(direction) > 1:
        relative_error(_worst_element(line, step), tolerances)
    raise GradcheckError(_wrong(line, numeric))


def _check_decidable(line: Line, numeric: float, noise: float, kink: float, certain: bool) -> None:
    """Raise Kink or GradcheckError where the slope cannot tell whether the gradient is wrong."""
    where = f"{name_of(line.fn)}: argument {line.i}{_place(line)}"
    error = abs(line.analytic - numeric)
    if kink > error / 10:
        raise Kink(f"{where}: a kink, the slopes to the left and to the right differ by {kink:.3g}")
    if not certain and error <= 100 * noise:
        raise GradcheckError(
            f"{where}: analytic {line.analytic:.9g}, numeric {numeric:.9g}, but that only to "
            f"within {noise:.2g}: it cannot be decided here. Check at a point where fn is smoother"
        )


def _least_noisy_slope(line: Line, step: float) -> tuple[float, float, float]:
    """A slope, its noise, and |right slope − left slope| if that does not shrink with the step."""
    shortest = 1e5 * np.spacing(abs(line.x[line.direction != 0]).max())  # x is rounded as well
    steps = step * STEPS[step * STEPS > shortest]
    wide = np.array([line.slope(s) for s in steps])
    right, left = (np.array([line(s) for s in half]) for half in (steps / 2, -steps / 2))
    with np.errstate(all="ignore"):
        slopes, rounding = (right - left) / steps, line.rounding(steps)
        noise = np.maximum(abs(wide - slopes), rounding)
        bends = np.fmax(abs(right - 2 * line(0.0) + left) / (steps / 2) - 4 * rounding, 0.0)
    inside = np.isfinite(noise)  # the other steps leave the domain
    if not inside.any():
        return np.nan, np.inf, 0.0
    slopes, noise, bends = slopes[inside], noise[inside], bends[inside]
    for k in (1, 2):  # the next two, shorter steps must agree: one small difference may be luck
        noise[:-k] = np.maximum(noise[:-k], abs(slopes[k:] - slopes[:-k]))
    best = int(noise.argmin())
    bend = float(bends[best + 1 : best + 3].max(initial=0.0))
    return float(slopes[best]), float(noise[best]), bend if bend > bends[best] / 2 else 0.0


def _worst_element(line: Line, step: float) -> Line:
    """Along the element to blame alone: halve the direction, keep the half with more error."""
    while len(places := np.flatnonzero(line.direction)) > 1:
        first = line.direction.copy()
        first.flat[places[len(places) // 2 :]] = 0.0
        halves = replace(line, direction=first), replace(line, direction=line.direction - first)
        line = max(halves, key=lambda half: abs(half.analytic - half.slope(step)))
    return replace(line, direction=abs(line.direction))


# -- messages -------------------------------------------------------------------------------------


def _wrong(line: Line, numeric: float) -> str:
    analytic = line.analytic
    relative = abs(analytic - numeric) / max(abs(analytic), abs(numeric))
    place = _place(line) or " along a random direction"
    return (
        f"{name_of(line.fn)}: wrong gradient of argument {line.i}{place} (shape {line.x.shape}): "
        f"analytic {analytic:.9g}, numeric {numeric:.9g}, relative error {relative:.3g}"
        f"{_guess(analytic, numeric)}"
    )


def _place(line: Line) -> str:
    """[0, 2, 1] for one element, nothing for many."""
    places = np.argwhere(line.direction)
    return f"[{', '.join(map(str, places[0]))}]" if len(places) == 1 else ""


def _guess(analytic: float, numeric: float) -> str:
    """The likely mistake, where the ratio of the two shows it."""
    if not np.isfinite(analytic - numeric):
        return "; not a number: look for a division by 0, a logarithm of 0 or an overflow"
    if abs(analytic) < 1e-12:
        return "; the analytic gradient is 0: is the input used, or an edge missing?"
    ratio = numeric / analytic
    if abs(ratio + 1) < 1e-4:
        return "; the sign is wrong"
    for factor in (2.0, 0.5, 3.0, 4.0, 0.25):
        if abs(ratio - factor) < 1e-4 * factor:
            return f"; a factor {factor:g} is missing"
    return ""
