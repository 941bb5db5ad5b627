"""The gradient check with care: several arguments and outputs, any size, second derivatives.

Stands on `idea`, `line` and `diagnosis`. Small arguments are checked element by element, large ones
along random directions; a point on a kink is moved a little and checked again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from nnscratch.autograd import enable_grad, grad, no_grad
from nnscratch.backend import array_module
from nnscratch.gradcheck.diagnosis import GradcheckError, Kink, Report, Tolerances, relative_error
from nnscratch.gradcheck.idea import generator, unit_vectors
from nnscratch.gradcheck.line import Line, inner, like, name_of, outputs_of
from nnscratch.tensor import Tensor, as_tensor

ALL_ELEMENTS = 2000  # larger arguments are checked along random directions
DIRECTIONS = 8
MOVES = 3  # how often a point on a kink is moved
DEFAULT = Tolerances()


def gradcheck(fn, inputs, eps=1e-6, rtol=1e-6, atol=1e-8, seed=0, linear=False) -> bool:
    """True if the gradients of `fn` agree with central differences; GradcheckError if not.

    fn: takes the inputs as Tensors, returns a Tensor or several
    inputs: float64 Tensors or arrays, one or a sequence; integers are passed on unchecked
    eps: step, times max(1, |x|)
    rtol, atol: a gradient may be off by rtol · |gradient| + atol · the largest of its argument
    linear: also check the adjoint identity <fn(u), v> = <u, gradient(v)>, which needs no step
    """
    check(fn, inputs, seed, linear, Tolerances(eps, rtol, atol))
    return True


def gradgradcheck(fn, inputs, eps=1e-6, rtol=1e-6, atol=1e-8, seed=0) -> bool:
    """gradcheck of the gradients of `fn`, as functions of its inputs and of the output gradient."""
    check_second(fn, inputs, seed, Tolerances(eps, rtol, atol))
    return True


def check_second(fn, inputs, seed=0, tolerances=DEFAULT) -> Report:
    """`check` of the gradients of `fn`."""
    gradient, arguments = gradient_of(fn, inputs, seed + 1)
    return check(gradient, arguments, seed, tolerances=tolerances)


def gradient_of(fn: Callable, inputs, seed: int = 0) -> tuple[Callable, list[Tensor]]:
    """The gradient of `fn` as a function, and arguments for it: inputs and output gradients."""
    points = _points("gradgradcheck", inputs)
    with no_grad():
        outputs = outputs_of(fn, points)

    @enable_grad()
    def gradient(*args: Tensor) -> tuple[Tensor, ...]:
        arguments = [x if x.requires_grad else _leaf(x) for x in args[: len(points)]]
        loss = inner(outputs_of(fn, arguments), args[len(points) :])
        return grad(loss, list(filter(_is_float, arguments)), create_graph=True)

    gradient.__name__ = f"gradient of {name_of(fn)}"
    return gradient, [*points, *_random_like(outputs, generator(seed))]


def check(fn, inputs, seed=0, linear=False, tolerances=DEFAULT) -> Report:
    """`gradcheck` that returns its figures."""
    points, rng = _points("gradcheck", inputs), generator(seed)
    for moves in range(MOVES + 1):
        try:
            errors = _errors(fn, points, rng, linear, tolerances)
            return Report(max(errors, default=0.0), len(errors), moves)
        except Kink as kink:
            message, points = str(kink), [_moved(x, rng) for x in points]
    raise GradcheckError(
        f"{message}; {MOVES} random moves did not leave it: it cannot be decided here. "
        "Check at a point without ties or zeros"
    )


def _errors(fn, points, rng, linear, tolerances) -> list[float]:
    """The relative error of each slope; raises GradcheckError or Kink on disagreement."""
    leaves = [_leaf(x) for x in points]
    copies = [x.numpy().copy() for x in leaves]
    outputs = outputs_of(fn, leaves)
    upstream = _random_like(outputs, rng)
    floats = [i for i, x in enumerate(leaves) if _is_float(x)]
    gradients = grad(inner(outputs, upstream), [leaves[i] for i in floats])
    _check_function(fn, leaves, copies, outputs)
    size = sum(abs((y * g).numpy()).sum() for y, g in zip(outputs, upstream, strict=True))
    errors = []
    for i, g in zip(floats, gradients, strict=True):
        line = Line(fn, leaves, i, leaves[i].numpy(), g.numpy(), upstream, float(size))
        directions = _directions(g.shape, rng)
        errors += [relative_error(replace(line, direction=d), tolerances) for d in directions]
        if linear:
            _check_adjoint(line)
    return errors


def _directions(shape: tuple[int, ...], rng: np.random.Generator) -> Iterable[np.ndarray]:
    """Every unit vector of a small argument; random signs on all elements of a large one."""
    if np.prod(shape) <= ALL_ELEMENTS:
        return unit_vectors(shape)
    return (rng.choice([-1.0, 1.0], shape) for _ in range(DIRECTIONS))


def _check_function(fn, leaves, copies, outputs) -> None:
    """GradcheckError if fn changed its arguments, or gives other outputs when called again."""
    name = name_of(fn)
    for i, (x, copy) in enumerate(zip(leaves, copies, strict=True)):
        if not np.array_equal(x.numpy(), copy, equal_nan=True):
            raise GradcheckError(f"{name}: argument {i} was changed by the call; work on a copy")
    with no_grad():
        again = outputs_of(fn, leaves)
    for y, z in zip(outputs, again, strict=True):
        if not np.array_equal(y.numpy(), z.numpy(), equal_nan=True):
            raise GradcheckError(
                f"{name}: a second call with the same inputs gave another value; "
                "pass a generator made anew from a seed, and keep no state"
            )


def _check_adjoint(line: Line) -> None:
    """<fn(u), v> = <u, gradient(v)> up to rounding, for fn linear in u; the direction is u."""
    value, other = line(0.0), line.analytic
    if abs(value - other) > 1e-10 * max(abs(value), float(abs(line.gradient).sum()), 1.0):
        raise GradcheckError(
            f"{name_of(line.fn)}: argument {line.i}: the gradient is not the adjoint: "
            f"<fn(u), v> is {value:.9g}, <u, gradient(v)> is {other:.9g}"
        )


# -- inputs ---------------------------------------------------------------------------------------


def _points(caller: str, inputs) -> list[Tensor]:
    """The inputs as Tensors; TypeError unless the floats among them are float64."""
    points = [as_tensor(x) for x in (inputs if isinstance(inputs, (tuple, list)) else [inputs])]
    for i, x in enumerate(points):
        if _is_float(x) and x.dtype != np.float64:
            raise TypeError(
                f"{caller}: argument {i} is {x.dtype}; expected float64: in float32 a central "
                "difference is right to about two digits only; convert with .astype(np.float64)"
            )
        if _is_float(x) and not array_module(x.data).isfinite(x.data).all():
            raise ValueError(f"{caller}: argument {i} holds NaN or infinite numbers")
    if not any(map(_is_float, points)):
        raise TypeError(f"{caller}: expected at least one float64 argument to differentiate by")
    return [x.detach() for x in points]


def _is_float(x: Tensor) -> bool:
    """Whether x is differentiated by; integers are constants of the function."""
    return x.dtype.kind == "f"


def _leaf(x: Tensor) -> Tensor:
    """A copy of x that requires a gradient; x itself if it holds integers."""
    return Tensor(array_module(x.data).array(x.data), requires_grad=True) if _is_float(x) else x


def _random_like(tensors: Sequence[Tensor], rng: np.random.Generator) -> list[Tensor]:
    """Normal numbers in the shape of each Tensor."""
    return [like(x, rng.standard_normal(x.shape)) for x in tensors]


def _moved(x: Tensor, rng: np.random.Generator) -> Tensor:
    """x moved by up to a thousandth of each element (of the largest, where an element is 0)."""
    if not _is_float(x):
        return x
    values = x.numpy()
    reach = np.where(values == 0, abs(values).max(initial=0.0) or 1.0, abs(values))
    return like(x, values + rng.uniform(-1e-3, 1e-3, values.shape) * reach)
