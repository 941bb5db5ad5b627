"""The gradient checker: is the derivative an operation claims the one its values have?

Stands on `tensor`. It compares with central differences, and says where, by how much and why not,
or that the question cannot be decided there.

Along one element the slope of L(x) = <fn(x), g>, for a random g, is measured at two step sizes.
Their disagreement is an estimate of the noise; the slopes to the left and to the right tell a kink
(they differ, however small the step) from a curve (their difference shrinks with the step).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.backend import array_module, to_numpy
from nnscratch.tensor import Tensor, as_tensor, enable_grad, grad, no_grad

ALL_ELEMENTS = 2000  # larger arguments are checked along random directions
DIRECTIONS = 8
MOVES = 3  # how often a point on a kink is moved off it


class GradcheckError(ValueError):
    """A derivative is wrong, or cannot be checked; the message says which and where."""


@dataclass(frozen=True)
class Report:
    """What a passed check saw: the worst relative error, how many slopes, how often it moved."""

    worst_error: float
    slopes: int
    moves: int


@dataclass(frozen=True)
class _Slope:
    """The slope of L along one direction: at two step sizes, and to either side."""

    wide: float
    narrow: float
    bend_wide: float  # right slope − left slope, at the wide step and at the narrow one
    bend_narrow: float

    def noise(self, rounding: float) -> float:
        return max(abs(self.wide - self.narrow), rounding)

    def is_kink(self, tolerance: float) -> bool:
        """A bend that does not shrink with the step: on a smooth curve it would halve."""
        return abs(self.bend_narrow) > max(0.75 * abs(self.bend_wide), tolerance) or (
            abs(self.bend_wide) > tolerance
            and abs(self.wide - self.narrow) > 0.1 * abs(self.bend_wide)
        )


def gradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    eps: float = 1e-6,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    seed: int = 0,
    linear: bool = False,
) -> bool:
    """True if the gradients of `fn` agree with central differences, or GradcheckError.

    fn: takes the inputs as Tensors, returns a Tensor or several
    inputs: float64 Tensors or arrays, one or a sequence; those of integers are passed on unchecked
    eps: step, times max(1, |x|); rtol, atol: agreement within atol + rtol · the largest gradient
    linear: also check the adjoint identity <fn(u), v> = <u, gradient(v)>, which needs no step
    """
    check(fn, inputs, eps, rtol, atol, seed, linear)
    return True


def gradgradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    eps: float = 1e-6,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    seed: int = 0,
) -> bool:
    """gradcheck of the gradients of `fn`, as functions of its inputs and of the output gradient."""
    check_second(fn, inputs, eps, rtol, atol, seed)
    return True


def check_second(
    fn: Callable[..., Any],
    inputs: Any,
    eps: float = 1e-6,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    seed: int = 0,
) -> Report:
    """`check` of the gradients of `fn`."""
    points = _points("gradgradcheck", inputs)
    floats = [i for i, x in enumerate(points) if x.dtype.kind == "f"]
    with no_grad():
        outputs = _outputs(fn, points)
    rng = np.random.default_rng(seed + 1)
    upstream = [_like(y, rng.standard_normal(y.shape)) for y in outputs]

    @enable_grad()
    def gradients(*args: Tensor) -> tuple[Tensor, ...]:
        arguments, gs = list(args[: len(points)]), args[len(points) :]
        for i in floats:
            if not arguments[i].requires_grad:
                arguments[i] = _leaf(arguments[i])
        total = _paired(_as_tuple(fn(*arguments)), gs)
        return grad(total, [arguments[i] for i in floats], create_graph=True)

    gradients.__name__ = f"gradient of {_name(fn)}"
    return check(gradients, [*points, *upstream], eps, rtol, atol, seed)


def check(
    fn: Callable[..., Any],
    inputs: Any,
    eps: float = 1e-6,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    seed: int = 0,
    linear: bool = False,
) -> Report:
    """`gradcheck` with the figures it saw."""
    points = _points("gradcheck", inputs)
    rng = np.random.default_rng(seed)
    for move in range(MOVES + 1):
        try:
            worst, slopes = _check_at(fn, points, rng, eps, rtol, atol)
        except _Kink as kink:
            if move == MOVES:
                raise GradcheckError(
                    f"{kink}; {MOVES} random moves did not leave it: it cannot be decided here. "
                    "Check at a point without ties or zeros"
                ) from None
            points = [_moved(x, rng) for x in points]
            continue
        if linear:
            _check_adjoint(fn, points, rng)
        return Report(worst, slopes, move)
    raise AssertionError("unreachable")


class _Kink(Exception):
    """Raised where the function has a corner."""


def _check_at(
    fn: Callable[..., Any],
    points: list[Tensor],
    rng: np.random.Generator,
    eps: float,
    rtol: float,
    atol: float,
) -> tuple[float, int]:
    """The worst relative error and the number of slopes compared; raises on disagreement."""
    leaves = [_leaf(x) if x.dtype.kind == "f" else x for x in points]
    before = [to_numpy(x.data).copy() for x in leaves]
    outputs = _outputs(fn, leaves)
    upstream = [_like(y, rng.standard_normal(y.shape)) for y in outputs]
    total = _paired(outputs, upstream)
    floats = [i for i, x in enumerate(leaves) if x.dtype.kind == "f"]
    gradients = grad(total, [leaves[i] for i in floats])
    _check_unchanged(fn, leaves, before)
    _check_repeatable(fn, leaves, outputs)

    def value(i: int, data: np.ndarray) -> float:
        arguments = list(leaves)
        arguments[i] = _like(leaves[i], data)
        with no_grad():
            return _paired(_outputs(fn, arguments), upstream).item()

    worst, slopes = 0.0, 0
    for i, g in zip(floats, gradients, strict=True):
        if g.shape != leaves[i].shape:
            raise GradcheckError(f"{_name(fn)}: argument {i}: gradient of shape {g.shape}")
        analytic = to_numpy(g.data)
        scale = max(float(np.abs(analytic).max(initial=0.0)), 1e-3)
        for direction in _directions(leaves[i].shape, rng):
            error = _compare(fn, i, before[i], analytic, direction, value, eps, rtol, atol, scale)
            worst, slopes = max(worst, error), slopes + 1
    return worst, slopes


def _compare(
    fn: Callable[..., Any],
    i: int,
    x: np.ndarray,
    analytic: np.ndarray,
    direction: np.ndarray,
    value: Callable[[int, np.ndarray], float],
    eps: float,
    rtol: float,
    atol: float,
    scale: float,
) -> float:
    """The relative error along one direction; raises GradcheckError or _Kink if it is too big."""
    claimed = float((analytic * direction).sum())
    length = float(np.sqrt((direction**2).sum()))
    step = eps * max(1.0, float(np.abs(x[direction != 0]).max(initial=0.0)))
    slope, size = _slope(value, i, x, direction, step)
    tolerance = atol + rtol * scale * length
    # rounding of L itself, divided by the step
    rounding = 4 * np.finfo(np.float64).eps * size / step
    error = min(abs(claimed - slope.wide), abs(claimed - slope.narrow))
    relative = error / (scale * length)
    if not np.isfinite(claimed) or not np.isfinite(slope.narrow):
        raise GradcheckError(_message(fn, i, direction, claimed, slope.narrow, float("nan"), x))
    if error <= tolerance + 2 * rounding:
        return relative
    if slope.is_kink(100 * (tolerance + rounding)):
        raise _Kink(
            f"{_name(fn)}: argument {i}{_place(direction)}: a kink, the slopes to the left and to "
            f"the right differ by {slope.bend_narrow:.3g}"
        )
    if error <= 10 * slope.noise(rounding):
        finer, size = _slope(value, i, x, direction, step * 20)
        if abs(claimed - finer.narrow) <= max(tolerance, 2 * finer.noise(rounding / 20)):
            return relative
    if np.count_nonzero(direction) > 1:  # along many elements at once: look for the worst of them
        place = _bisect(value, i, x, analytic, direction, step)
        return _compare(fn, i, x, analytic, place, value, eps, rtol, atol, scale)
    raise GradcheckError(_message(fn, i, direction, claimed, slope.narrow, relative, x))


def _slope(
    value: Callable[[int, np.ndarray], float],
    i: int,
    x: np.ndarray,
    direction: np.ndarray,
    step: float,
) -> tuple[_Slope, float]:
    """The slope along `direction`, and the size of L there."""
    centre = value(i, x)
    right, left = value(i, x + step * direction), value(i, x - step * direction)
    half = step / 2
    near_right, near_left = value(i, x + half * direction), value(i, x - half * direction)
    slope = _Slope(
        wide=(right - left) / (2 * step),
        narrow=(near_right - near_left) / (2 * half),
        bend_wide=(right - 2 * centre + left) / step,
        bend_narrow=(near_right - 2 * centre + near_left) / half,
    )
    return slope, max(abs(right), abs(left), abs(centre))


def _directions(shape: tuple[int, ...], rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Every unit vector of a small argument; of a large one, random signs on all elements."""
    size = int(np.prod(shape))
    if size > ALL_ELEMENTS:
        for _ in range(DIRECTIONS):
            yield rng.choice([-1.0, 1.0], shape)
        return
    for index in range(size):
        direction = np.zeros(size)
        direction[index] = 1.0
        yield direction.reshape(shape)


def _bisect(
    value: Callable[[int, np.ndarray], float],
    i: int,
    x: np.ndarray,
    analytic: np.ndarray,
    direction: np.ndarray,
    step: float,
) -> np.ndarray:
    """The one element of `direction` that is to blame: again and again the worse half."""
    while np.count_nonzero(direction) > 1:
        places = np.flatnonzero(direction)
        halves = []
        for part in (places[: len(places) // 2], places[len(places) // 2 :]):
            half = np.zeros(direction.size)
            half[part] = direction.reshape(-1)[part]
            halves.append(half.reshape(direction.shape))
        errors = [
            abs(float((analytic * half).sum()) - _slope(value, i, x, half, step)[0].narrow)
            for half in halves
        ]
        direction = halves[int(np.argmax(errors))]
    return abs(direction)


def _check_unchanged(
    fn: Callable[..., Any], leaves: list[Tensor], before: list[np.ndarray]
) -> None:
    for i, (x, old) in enumerate(zip(leaves, before, strict=True)):
        if not np.array_equal(to_numpy(x.data), old, equal_nan=True):
            raise GradcheckError(
                f"{_name(fn)}: argument {i} was changed by the call; work on a copy"
            )


def _check_repeatable(
    fn: Callable[..., Any], leaves: list[Tensor], outputs: Sequence[Tensor]
) -> None:
    with no_grad():
        again = _outputs(fn, leaves)
    for first, second in zip(outputs, again, strict=True):
        if not np.array_equal(to_numpy(first.data), to_numpy(second.data), equal_nan=True):
            raise GradcheckError(
                f"{_name(fn)}: a second call with the same inputs gave another value; "
                "pass a generator made anew from a seed, and keep no state"
            )


def _check_adjoint(fn: Callable[..., Any], points: list[Tensor], rng: np.random.Generator) -> None:
    """<fn(u), v> = <u, gradient(v)>, to rounding, for a map linear in each argument."""
    for i, x in enumerate(points):
        if x.dtype.kind != "f":
            continue
        u = [_leaf(p) if p.dtype.kind == "f" else p for p in points]
        u[i] = _leaf(_like(x, rng.standard_normal(x.shape)))
        outputs = _outputs(fn, u)
        total = _paired(outputs, [_like(y, rng.standard_normal(y.shape)) for y in outputs])
        (g,) = grad(total, u[i])
        other = float((to_numpy(g.data) * to_numpy(u[i].data)).sum())
        size = max(abs(total.item()), float(np.abs(to_numpy(g.data)).sum()), 1.0)
        if abs(total.item() - other) > 1e-10 * size:
            raise GradcheckError(
                f"{_name(fn)}: argument {i}: the gradient is not the adjoint: <fn(u), v> is "
                f"{total.item():.9g}, <u, gradient(v)> is {other:.9g}"
            )


# -- small parts ----------------------------------------------------------------------------------


def _points(caller: str, inputs: Any) -> list[Tensor]:
    """The inputs as Tensors; TypeError unless the floats among them are float64."""
    given = [as_tensor(x) for x in (inputs if isinstance(inputs, (tuple, list)) else [inputs])]
    for i, x in enumerate(given):
        if x.dtype.kind == "f" and x.dtype != np.float64:
            raise TypeError(
                f"{caller}: argument {i} is {x.dtype}; expected float64: in float32 a central "
                "difference is right to about two digits only; convert with .astype(np.float64)"
            )
    if not any(x.dtype.kind == "f" for x in given):
        raise TypeError(f"{caller}: expected at least one float64 argument to differentiate by")
    return [x.detach() for x in given]


def _leaf(x: Tensor) -> Tensor:
    return Tensor(array_module(x.data).array(x.data), requires_grad=True)


def _like(x: Tensor, values: np.ndarray) -> Tensor:
    """`values` in the array library of x."""
    return Tensor(array_module(x.data).asarray(values.astype(x.dtype)))


def _moved(x: Tensor, rng: np.random.Generator) -> Tensor:
    """x, a little off: by up to a thousandth of max(1, |x|) in each element."""
    if x.dtype.kind != "f":
        return x
    data = to_numpy(x.data)
    shift = rng.uniform(-1e-3, 1e-3, data.shape) * np.maximum(1.0, np.abs(data))
    return _like(x, data + shift)


def _as_tuple(outputs: Any) -> tuple[Tensor, ...]:
    return tuple(outputs) if isinstance(outputs, (tuple, list)) else (outputs,)


def _outputs(fn: Callable[..., Any], arguments: Sequence[Tensor]) -> tuple[Tensor, ...]:
    outputs = _as_tuple(fn(*arguments))
    for y in outputs:
        if not isinstance(y, Tensor):
            raise TypeError(f"{_name(fn)}: expected a Tensor as result, got {type(y).__name__}")
    return outputs


def _paired(outputs: Sequence[Tensor], upstream: Sequence[Tensor]) -> Tensor:
    """L = the sum of all <output, upstream>."""
    total = (outputs[0] * upstream[0]).sum()
    for y, g in zip(outputs[1:], upstream[1:], strict=True):
        total = total + (y * g).sum()
    return total


def _name(fn: Callable[..., Any]) -> str:
    return getattr(fn, "__name__", type(fn).__name__)


def _place(direction: np.ndarray) -> str:
    """[0, 2, 1] for one element, nothing for many."""
    places = np.argwhere(direction)
    return f"[{', '.join(map(str, places[0]))}]" if len(places) == 1 else ""


def _message(
    fn: Callable[..., Any],
    i: int,
    direction: np.ndarray,
    claimed: float,
    numeric: float,
    relative: float,
    x: np.ndarray,
) -> str:
    return (
        f"{_name(fn)}: wrong gradient of argument {i}{_place(direction)} (shape {x.shape}): "
        f"analytic {claimed:.9g}, numeric {numeric:.9g}, relative error {relative:.3g}"
        f"{_guess(claimed, numeric)}"
    )


def _guess(claimed: float, numeric: float) -> str:
    """What a simple ratio of the two would mean."""
    if not np.isfinite(claimed) or not np.isfinite(numeric):
        return "; not a number: look for a division by 0 or a logarithm of 0"
    if abs(claimed) < 1e-12:
        return "; the analytic gradient is 0: is the input used, or an edge missing?"
    ratio = numeric / claimed
    if abs(ratio + 1) < 1e-4:
        return "; the sign is wrong"
    for factor in (2.0, 0.5, 3.0, 4.0, 0.25):
        if abs(ratio - factor) < 1e-4 * factor:
            return f"; a factor {factor:g} is missing"
    return ""
