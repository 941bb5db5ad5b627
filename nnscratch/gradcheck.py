"""The gradient checker: is the derivative an operation claims the one its values have?

Stands on `tensor`. It compares with central differences, and says where, by how much and why not,
or that the question cannot be decided there.

Along one element the slope of L(x) = <fn(x), g>, for a random g, is measured. Where it disagrees
with the claim, it is measured at many steps, each time with the half step too: how far those two
disagree is an estimate of the noise (curvature where steps are long, rounding where they are
short), and the least noisy one decides. The slopes to the left and to the right tell a kink (they
differ, however small the step) from a curve (their difference shrinks with the step).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnscratch.autograd import enable_grad, grad, no_grad
from nnscratch.backend import array_module, to_numpy
from nnscratch.tensor import Tensor, as_tensor

ALL_ELEMENTS = 2000  # larger arguments are checked along random directions
DIRECTIONS = 8
MOVES = 3  # how often a point on a kink is moved off it
STEPS = tuple(10.0**k for k in range(2, -13, -1))  # times eps: what is tried on disagreement
ROUNDING = 1e-13  # of numbers of size 1, as random output gradients are, after some operations
UNDECIDED = 1e-3  # a slope less certain than this part of the largest gradient decides nothing


class GradcheckError(ValueError):
    """A derivative is wrong, or cannot be checked; the message says which and where."""


@dataclass(frozen=True)
class Report:
    """What a passed check saw: the worst error relative to the largest gradient of its argument,
    how many slopes, how often it moved off a kink."""

    worst_error: float
    slopes: int
    moves: int


@dataclass(frozen=True)
class _Slope:
    """The slope of L along a direction, measured with one step."""

    value: float
    bend: float  # |right slope − left slope|, as far as it is more than rounding
    noise: float


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
    eps: step, times max(1, |x|)
    rtol, atol: agreement within rtol · |gradient| + atol · the largest gradient of the argument
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
    gradient, arguments = gradient_of(fn, inputs, seed + 1)
    return check(gradient, arguments, eps, rtol, atol, seed)


def gradient_of(
    fn: Callable[..., Any], inputs: Any, seed: int = 0
) -> tuple[Callable[..., tuple[Tensor, ...]], list[Tensor]]:
    """The gradient of `fn` as a function, and arguments for it: inputs and output gradients."""
    points = _points("gradgradcheck", inputs)
    floats = [i for i, x in enumerate(points) if x.dtype.kind == "f"]
    with no_grad():
        outputs = _outputs(fn, points)
    rng = _generator(seed)
    upstream = [_like(y, rng.standard_normal(y.shape)) for y in outputs]

    @enable_grad()
    def gradient(*args: Tensor) -> tuple[Tensor, ...]:
        arguments, gs = list(args[: len(points)]), args[len(points) :]
        for i in floats:
            if not arguments[i].requires_grad:
                arguments[i] = _leaf(arguments[i])
        total = _paired(_as_tuple(fn(*arguments)), gs)
        return grad(total, [arguments[i] for i in floats], create_graph=True)

    gradient.__name__ = f"gradient of {_name(fn)}"
    return gradient, [*points, *upstream]


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
    rng = _generator(seed)
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
    pairs = zip(outputs, upstream, strict=True)
    size = sum(float(np.abs(to_numpy((y * g).data)).sum()) for y, g in pairs)

    worst, slopes = 0.0, 0
    for i, g in zip(floats, gradients, strict=True):
        line = _Line(fn, leaves, i, upstream, size)
        analytic = to_numpy(g.data)
        for direction in _directions(analytic.shape, rng):
            error = _compare(line, analytic, direction, eps, rtol, atol)
            worst, slopes = max(worst, error), slopes + 1
    return worst, slopes


@dataclass(frozen=True)
class _Line:
    """L as a function of argument i, the others fixed."""

    fn: Callable[..., Any]
    leaves: list[Tensor]
    i: int
    upstream: list[Tensor]
    size: float  # the sum of |terms| of L: how large its rounding is

    @property
    def x(self) -> np.ndarray:
        return to_numpy(self.leaves[self.i].data)

    def value(self, shift: np.ndarray) -> float:
        arguments = list(self.leaves)
        arguments[self.i] = _like(self.leaves[self.i], self.x + shift)
        with no_grad(), np.errstate(all="ignore"):  # a step may leave the domain
            return _paired(_outputs(self.fn, arguments), self.upstream).item()

    def central(self, direction: np.ndarray, step: float) -> float:
        shift = step * direction
        return (self.value(shift) - self.value(-shift)) / (2 * step)

    def slopes(self, direction: np.ndarray, step: float) -> list[_Slope]:
        """At every step that is not lost in the rounding of x and does not leave the domain."""
        shortest = 1e5 * float(np.spacing(np.abs(self.x[direction != 0]).max()))
        steps = [step * factor for factor in STEPS if step * factor > shortest]
        found = [
            slope for step in steps if np.isfinite((slope := self.slope(direction, step)).noise)
        ]
        # the next two, shorter ones should agree: a small difference of only two may be luck
        values = [slope.value for slope in found]
        spread = [max(abs(v - value) for v in values[k : k + 3]) for k, value in enumerate(values)]
        pairs = zip(found, spread, strict=True)
        return [replace(slope, noise=max(slope.noise, noise)) for slope, noise in pairs]

    def slope(self, direction: np.ndarray, step: float) -> _Slope:
        shift, half = step * direction, step / 2 * direction
        near_right, near_left = self.value(half), self.value(-half)
        narrow = (near_right - near_left) / step
        bend = abs(near_right - 2 * self.value(0 * shift) + near_left) / (step / 2)
        rounding = self.rounding(step)
        return _Slope(
            value=narrow,
            bend=max(0.0, bend - 4 * rounding),
            noise=max(abs(self.central(direction, step) - narrow), rounding),
        )

    def rounding(self, step: float) -> float:
        return 8 * float(np.finfo(np.float64).eps) * self.size / step


def _compare(
    line: _Line, analytic: np.ndarray, direction: np.ndarray, eps: float, rtol: float, atol: float
) -> float:
    """The relative error along one direction; raises GradcheckError or _Kink if it is too big."""
    claimed = float((analytic * direction).sum())
    largest = float(np.abs(analytic).max()) * float(np.sqrt((direction**2).sum()))
    tolerance = rtol * abs(claimed) + atol * largest + ROUNDING
    reach = max(1.0, float(np.abs(line.x[direction != 0]).max()))
    unit = max(largest, 1e-3 * line.size / reach, 1e-6)  # the last two where the gradient is 0
    step = eps * reach
    numeric = line.central(direction, step)
    error = abs(claimed - numeric)
    if error <= tolerance + line.rounding(step):
        return error / unit
    slopes = line.slopes(direction, step)
    if not np.isfinite(claimed) or not slopes:
        raise GradcheckError(_message(line, direction, claimed, numeric))
    best = min(range(len(slopes)), key=lambda k: slopes[k].noise)
    numeric, noise = slopes[best].value, slopes[best].noise
    error = abs(claimed - numeric)
    certain = noise <= UNDECIDED * max(unit, abs(numeric))
    if certain and error <= tolerance + 2 * noise:
        return error / unit
    where = f"{_name(line.fn)}: argument {line.i}{_place(direction)}"
    bend = max((slope.bend for slope in slopes[best + 1 : best + 3]), default=0.0)
    if bend > max(slopes[best].bend / 2, error / 10):  # on a smooth curve it shrinks with the step
        raise _Kink(
            f"{where}: a kink, the slopes to the left and to the right differ by {bend:.3g}"
        )
    if not certain and error <= 100 * noise:
        raise GradcheckError(
            f"{where}: analytic {claimed:.9g}, numeric {numeric:.9g}, but that only to within "
            f"{noise:.2g}: it cannot be decided here. Check at a point where fn is smoother"
        )
    if np.count_nonzero(direction) > 1:  # along many elements at once: look for the worst of them
        _compare(line, analytic, _bisect(line, analytic, direction, step), eps, rtol, atol)
    raise GradcheckError(_message(line, direction, claimed, numeric))


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


def _bisect(line: _Line, analytic: np.ndarray, direction: np.ndarray, step: float) -> np.ndarray:
    """The one element of `direction` that is to blame: again and again the worse half."""

    def error(half: np.ndarray) -> float:
        return abs(float((analytic * half).sum()) - line.central(half, step))

    while np.count_nonzero(direction) > 1:
        places = np.flatnonzero(direction)
        first = direction.copy()
        first.reshape(-1)[places[len(places) // 2 :]] = 0.0
        direction = max(first, direction - first, key=error)
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


def _generator(seed: int) -> np.random.Generator:
    """Not default_rng(seed): inputs drawn from that would be the output gradient once more."""
    return np.random.default_rng((seed, len("gradcheck")))


def _leaf(x: Tensor) -> Tensor:
    return Tensor(array_module(x.data).array(x.data), requires_grad=True)


def _like(x: Tensor, values: np.ndarray) -> Tensor:
    """`values` in the array library of x."""
    return Tensor(array_module(x.data).asarray(values.astype(x.dtype)))


def _moved(x: Tensor, rng: np.random.Generator) -> Tensor:
    """x, a little off: each element by up to a thousandth of itself (a 0 by one of the largest)."""
    if x.dtype.kind != "f":
        return x
    data = to_numpy(x.data)
    reach = np.where(data == 0, np.abs(data).max(initial=0.0) or 1.0, np.abs(data))
    return _like(x, data + rng.uniform(-1e-3, 1e-3, data.shape) * reach)


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


def _message(line: _Line, direction: np.ndarray, claimed: float, numeric: float) -> str:
    relative = abs(claimed - numeric) / max(abs(claimed), abs(numeric))
    place = _place(direction) or " along a random direction"
    return (
        f"{_name(line.fn)}: wrong gradient of argument {line.i}{place} (shape {line.x.shape}): "
        f"analytic {claimed:.9g}, numeric {numeric:.9g}, relative error {relative:.3g}"
        f"{_guess(claimed, numeric)}"
    )


def _guess(claimed: float, numeric: float) -> str:
    """What a simple ratio of the two would mean."""
    if not np.isfinite(claimed) or not np.isfinite(numeric):
        return "; not a number: look for a division by 0, a logarithm of 0 or an overflow"
    if abs(claimed) < 1e-12:
        return "; the analytic gradient is 0: is the input used, or an edge missing?"
    ratio = numeric / claimed
    if abs(ratio + 1) < 1e-4:
        return "; the sign is wrong"
    for factor in (2.0, 0.5, 3.0, 4.0, 0.25):
        if abs(ratio - factor) < 1e-4 * factor:
            return f"; a factor {factor:g} is missing"
    return ""
