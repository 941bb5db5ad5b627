"""Operations as functions: of several Tensors, and the methods of one under NumPy's names.

Stands on `tensor`, which has `where` as well. All take Tensors, arrays or numbers.
"""

import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any

from numpy.lib.array_utils import normalize_axis_index

from nnscratch.backend import array_module
from nnscratch.protocols import with_axis
from nnscratch.tensor import Tensor, as_tensor, common_module, operands
from nnscratch.tensor import where as where


def exp(x: Any) -> Tensor:
    """e to the power of each element."""
    return as_tensor(x).exp()


def log(x: Any) -> Tensor:
    """The natural logarithm."""
    return as_tensor(x).log()


def log1p(x: Any) -> Tensor:
    """log(1 + x), exact for small x."""
    return as_tensor(x).log1p()


def sqrt(x: Any) -> Tensor:
    """The square root; its slope at 0 is infinite."""
    return as_tensor(x).sqrt()


def sin(x: Any) -> Tensor:
    """The sine."""
    return as_tensor(x).sin()


def cos(x: Any) -> Tensor:
    """The cosine."""
    return as_tensor(x).cos()


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return as_tensor(x).tanh()


def abs(x: Any) -> Tensor:
    """The absolute value; the gradient at 0 is 0."""
    return as_tensor(x).abs()


def clip(x: Any, low: float | None = None, high: float | None = None) -> Tensor:
    """Values limited to [low, high]; the gradient passes where x lies in that range."""
    return as_tensor(x).clip(low, high)


def matmul(a: Any, b: Any) -> Tensor:
    """Matrix product, NumPy's rules: a (..., M, K), b (..., K, N) -> (..., M, N)."""
    return as_tensor(a) @ b


def maximum(a: Any, b: Any) -> Tensor:
    """The larger of the two, element by element; equal ones share the gradient."""
    return _extreme_of("maximum", a, b)


def minimum(a: Any, b: Any) -> Tensor:
    """The smaller of the two, element by element; equal ones share the gradient."""
    return _extreme_of("minimum", a, b)


def _extreme_of(op: str, a: Any, b: Any) -> Tensor:
    a, b = operands(a, b)
    xp = common_module(a, b)
    loses = operator.lt if op == "maximum" else operator.gt  # false for NaN, which passes

    def share(x: Tensor, other: Tensor, g: Tensor) -> Tensor:
        weight = xp.where(a.data == b.data, 0.5, ~loses(x.data, other.data))
        return g * weight.astype(g.dtype)

    return Tensor.from_op(
        op,
        getattr(xp, op)(a.data, b.data),
        (a, lambda g: share(a, b, g)),
        (b, lambda g: share(b, a, g)),
    )


@with_axis
def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join along an existing axis."""
    parts = [as_tensor(x) for x in tensors]
    if not parts:
        raise ValueError("concatenate: expected at least one Tensor, got none")
    axis = normalize_axis_index(axis, parts[0].ndim)
    data = array_module(*(x.data for x in parts)).concatenate([x.data for x in parts], axis)
    ends = list(itertools.accumulate(x.shape[axis] for x in parts))

    def part(start: int, stop: int) -> Callable[[Tensor], Tensor]:
        return lambda g: g[(slice(None),) * axis + (slice(start, stop),)]

    edges = [(x, part(end - x.shape[axis], end)) for x, end in zip(parts, ends, strict=True)]
    return Tensor.from_op("concatenate", data, *edges)


@with_axis
def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join along a new axis."""
    return concatenate([as_tensor(x).expand_dims(axis) for x in tensors], axis)


def einsum(subscripts: str, *operands: Any) -> Tensor:
    """Sums of products over the axes that `subscripts` names: "ij,jk->ik" is a matrix product.

    Each axis has a letter; letters that the part after "->" leaves out are summed over. As
    numpy.einsum, without "..." and without a letter twice in one operand.
    """
    tensors = [as_tensor(x) for x in operands]
    terms, output = _letters(subscripts, [x.ndim for x in tensors])
    size: dict[str, int] = {}
    for x, term in zip(tensors, terms, strict=True):
        for letter, n in zip(term, x.shape, strict=True):
            if size.setdefault(letter, n) != n:
                shapes = ", ".join(str(t.shape) for t in tensors)
                raise ValueError(f"einsum: sizes of {letter!r} differ in {subscripts!r}: {shapes}")
    xp = common_module(*tensors)
    data = xp.einsum(f"{','.join(terms)}->{output}", *(x.data for x in tensors), optimize=True)

    def towards(i: int) -> Callable[[Tensor], Tensor]:
        """The gradient of operand i: g times the other operands, summed to its letters."""

        def grad_x(g: Tensor) -> Tensor:
            others = terms[:i] + terms[i + 1 :]
            summed = [a for a in terms[i] if a not in output and not any(a in t for t in others)]
            ones = array_module(g.data).ones([size[a] for a in summed], dtype=g.dtype)
            inputs = ",".join([output, *others, *(["".join(summed)] if summed else [])])
            rest = [x for j, x in enumerate(tensors) if j != i]
            return einsum(f"{inputs}->{terms[i]}", g, *rest, *([ones] if summed else []))

        return grad_x

    return Tensor.from_op("einsum", data, *((x, towards(i)) for i, x in enumerate(tensors)))


def _letters(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of each operand, and of the output; without "->" those that occur once."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if not arrow:
        output = "".join(sorted(a for a in set(inputs) - {","} if inputs.count(a) == 1))
    letters = "".join(terms)
    ok = letters.isalpha() or not letters
    if not ok or [len(t) for t in terms] != ranks or any(len(set(t)) < len(t) for t in terms):
        raise ValueError(
            f"einsum: expected a letter for each axis of the operands (of ranks {ranks}), none "
            f'twice in one operand, as in "ij,jk->ik"; got {subscripts!r}'
        )
    return terms, output
