"""Pooling in blocks, one axis after another.

Stands on `memory` and `parallel`. A window over several axes is a window along each of them in
turn: the maximum of 3×3 numbers is the maximum of the maxima of three rows, 3 + 3 terms instead of
9. So every kernel here is a chain of steps, each along one axis; only the maxima of windows that
tile the input are taken in one step. A step takes one kernel offset after another, for all outputs
at once, as the definition does.

The position of a maximum is kept as the number of the winning offset along each axis (`Winners`).

The work is cut into blocks of rows (the first axis of size), so that the result of one step is
still in the cache for the next; threads share the blocks. A block is the only one to write its
outputs on the way forward, and its inputs on the way back. Results lie in memory as inputs do:
channels last if the inputs are.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from nnscratch.engines.numpy import memory, parallel
from nnscratch.kernels.window import Size, Window

BLOCK_BYTES = 2**22  # bytes of the larger side: few, large steps hand Python's lock over seldom
LEAST_ROWS = 8  # of a block: blocks side by side do the rows both see twice

FIRST = 2  # the axis of rows, which is cut into blocks
Numbers = dict[int, np.ndarray]  # by axis


class Part(NamedTuple):
    """Some outputs along an axis, and the inputs they have to do with."""

    outputs: range
    inputs: range


class Line(NamedTuple):
    """A window along one axis: output o sees input o·stride + k·dilation − before, k < size."""

    size: int
    stride: int
    before: int
    dilation: int
    whole: Part

    @property
    def span(self) -> int:
        return self.dilation * (self.size - 1) + 1

    @property
    def is_inside(self) -> bool:
        """Whether every output sees an input through every offset."""
        outputs, inputs = map(len, self.whole)
        return self.before == 0 and (outputs - 1) * self.stride + self.span <= inputs

    @property
    def is_one(self) -> bool:
        """Whether every output is the input in its place."""
        return self.size == self.stride == 1 and len(self.whole.outputs) == len(self.whole.inputs)

    @property
    def is_covering(self) -> bool:
        """Whether every input is seen through one of the first `stride` offsets."""
        outputs, inputs = map(len, self.whole)
        reach = self.dilation == 1 and self.size >= self.stride
        return reach and (inputs - 1 + self.before) // self.stride < outputs

    def is_shared(self, part: Part) -> bool:
        """Whether other outputs may see some of these inputs as well."""
        return self.span > self.stride and len(part.outputs) < len(self.whole.outputs)

    def seen_by(self, outputs: range) -> Part:
        """These outputs, and all inputs from the first to the last they see."""
        first = outputs.start * self.stride - self.before
        last = (outputs.stop - 1) * self.stride - self.before + self.span
        return Part(outputs, _clip(first, last, self.whole.inputs))

    def seeing(self, inputs: range) -> Part:
        """These inputs, and all outputs from the first to the last that may see one of them."""
        first = -((self.span - 1 - self.before - inputs.start) // self.stride)
        last = (inputs.stop - 1 + self.before) // self.stride + 1
        return Part(_clip(first, last, self.whole.outputs), inputs)

    def pairs(self, part: Part, axis: int) -> Iterator[tuple[int, tuple, tuple]]:
        """For each offset k the outputs of a part that see one of its inputs, and these inputs.

        Both as slices along `axis` of arrays that hold the part alone.
        """
        outputs, inputs = part
        lead = (slice(None),) * axis
        for k in range(self.size):
            shift = k * self.dilation - self.before
            first = max(outputs.start, -((shift - inputs.start) // self.stride))
            last = min(outputs.stop - 1, (inputs.stop - 1 - shift) // self.stride)
            if first <= last:
                start, stop = (o * self.stride + shift - inputs.start for o in (first, last))
                out = slice(first - outputs.start, last - outputs.start + 1)
                yield k, (*lead, out), (*lead, slice(start, stop + 1, self.stride))

    def is_first(self, k: int) -> bool:
        """Whether no smaller offset sees what this one sees."""
        return k * self.dilation < self.stride

    def first_inside(self, outputs: range) -> list[int]:
        """For each output the first offset that is no padding."""
        starts = (o * self.stride - self.before for o in outputs)
        return [min(max(0, -(start // self.dilation)), self.size - 1) for start in starts]


class Tiles(NamedTuple):
    """Windows side by side, which share nothing, along all axes at once; `rows` is the first.

    Taken in turn they would have as many terms, and results of each step to write and read.
    """

    rows: Line
    others: tuple[Line, ...]

    @property
    def is_inside(self) -> bool:
        return True

    @property
    def is_covering(self) -> bool:
        return True

    @property
    def size(self) -> int:
        return math.prod(line.size for line in (self.rows, *self.others))

    @property
    def whole(self) -> Part:
        return self.rows.whole

    def is_shared(self, part: Part) -> bool:
        return False

    def is_first(self, k: int) -> bool:
        return True

    def seen_by(self, outputs: range) -> Part:
        return self.rows.seen_by(outputs)

    def seeing(self, inputs: range) -> Part:
        return self.rows.seeing(inputs)

    def pairs(self, part: Part, axis: int) -> Iterator[tuple[int, tuple, tuple]]:
        """As Line.pairs, for the offsets of all axes in row-major order."""
        parts = [part, *(line.whole for line in self.others)]
        each = [
            [(out[-1], into[-1]) for _, out, into in line.pairs(of, axis)]
            for line, of in zip((self.rows, *self.others), parts, strict=True)
        ]
        lead = (slice(None),) * axis
        for k, slices in enumerate(itertools.product(*each)):
            out, into = zip(*slices, strict=True)
            yield k, (*lead, *out), (*lead, *into)


class Block(NamedTuple):
    """What one thread does at a time: some images, some of their rows."""

    images: slice
    part: Part

    def rows(self, x: np.ndarray, rows: range) -> np.ndarray:
        return x[self.images, :, rows.start : rows.stop]

    def numbers(self, winners: Numbers, axis: int) -> np.ndarray:
        """The winners along one axis; all but the first are chosen on rows of inputs."""
        return self.rows(winners[axis], self.part.outputs if axis == FIRST else self.part.inputs)

    def steps(
        self, lines: dict[int, Any], x: np.ndarray, y: np.ndarray, back: bool = False
    ) -> Iterator[tuple[int, Line, Part, np.ndarray, np.ndarray]]:
        """From x to y along one axis after another: axis, line, part, given, to be made.

        back: x holds outputs, and inputs are made
        """
        before, after = self.part if back else self.part[::-1]
        given = self.rows(x, before)
        for axis, line in lines.items():
            part = self.part if axis == FIRST else line.whole
            if axis == next(reversed(lines)):
                made = self.rows(y, after)
            else:
                shape = _with(given.shape, axis, len(part.inputs if back else part.outputs))
                made = _scratch(f"axis {axis}", x, shape, x.dtype)
            yield axis, line, part, given, made
            given = made


# -- the maximum ----------------------------------------------------------------------------------


class Winners(NamedTuple):
    """The number of the winning offset along each axis, where and while that axis is taken.

    An axis is taken after all later ones: its numbers have the size of the output along it and
    along those behind it, and the size of the input along those before it.
    """

    numbers: Numbers
    window: Window
    in_size: Size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The number of the winning offset in the window (N, C, *out), as the definition has it."""
        steps = _steps(self.window, self.in_size)
        places: list[Any] = list(np.indices(self.numbers[FIRST].shape, sparse=True))
        flat: Any = 0
        for axis, line in steps.items():
            number = self.numbers[axis][tuple(places)].astype(np.int32)
            flat = flat * line.size + number
            if isinstance(line, Line):  # from outputs along this axis to the inputs that won
                inputs = places[axis] * line.stride - line.before + number * line.dilation
                places[axis] = inputs.clip(0, len(line.whole.inputs) - 1)
        return flat if dtype is None else flat.astype(dtype)


def max_pool(x: np.ndarray, window: Window) -> tuple[np.ndarray, Winners]:
    """x (N, C, *in) -> the maxima (N, C, *out), and for each axis the offsets where they sit.

    Padding counts as −inf, the first maximum wins, NaN passes through.
    """
    lines = _steps(window, x.shape[2:])
    lines = dict(reversed(lines.items()))  # the last axis first: of equal ones the very first wins
    final = (*x.shape[:2], *window.out_size(x.shape[2:]))
    shape, winners = x.shape, Winners({}, window, x.shape[2:])
    for axis, line in lines.items():
        shape = final if axis == FIRST else _with(shape, axis, len(line.whole.outputs))
        winners.numbers[axis] = _like(x, shape, np.min_scalar_type(line.size - 1))
    y = _like(x, final, x.dtype)

    def compute(block: Block) -> None:
        steps = list(block.steps(lines, x, y))
        numbers = {axis: block.numbers(winners.numbers, axis) for axis in lines}
        aside = _aside(numbers, x) if lines[FIRST].is_shared(block.part) else {}
        for axis, line, part, given, made in steps:
            _max_along(line, part, axis, given, made, aside.get(axis, numbers[axis]))
        if _has_nan(block.rows(y, block.part.outputs)):
            for axis, line, part, given, _ in steps:
                _let_nan_win(line, part, axis, given, aside.get(axis, numbers[axis]))
        for axis, number in aside.items():
            numbers[axis][...] = number

    _each_block(compute, x, lines[FIRST].seen_by, lines[FIRST].whole.outputs)
    return y, winners


def _aside(numbers: Numbers, x: np.ndarray) -> Numbers:
    """Room for numbers on rows of inputs that another block has as well.

    Both come to the same numbers, but on the way either would read what the other has written.
    """
    return {
        axis: _scratch(f"numbers {axis}", x, number.shape, number.dtype)
        for axis, number in numbers.items()
        if axis != FIRST
    }


def _max_along(
    line: Line, part: Part, axis: int, x: np.ndarray, y: np.ndarray, number: np.ndarray
) -> None:
    offsets = line.pairs(part, axis)
    if line.is_inside:
        _, _, into = next(offsets)
        best = x[into]  # so far; copied only if it is all there is
        if line.size == 1:
            y[...], number[...] = best, 0
    else:
        best = y
        best[...] = -np.inf
        number[...] = _column(line.first_inside(part.outputs), x, axis)
    for k, out, into in offsets:
        seen = x[into]
        first = line.is_inside and k == 1  # then whether the second is larger is the number
        better = number if first else _scratch("better", x, seen.shape, number.dtype)
        np.greater(seen, best[out], out=better.view(bool) if better.itemsize == 1 else better)
        if not first:  # numbers grow, so the last offset to do better is the largest that did
            better *= number.dtype.type(k)
            np.maximum(number[out], better, out=number[out])
        np.maximum(best[out], seen, out=y[out])
        best = y


def _has_nan(y: np.ndarray) -> bool:
    return bool((y != y).any())  # NaN is the one value unequal to itself


def _let_nan_win(line: Line, part: Part, axis: int, x: np.ndarray, number: np.ndarray) -> None:
    """Of several NaN the last: no comparison could tell them."""
    for k, out, into in line.pairs(part, axis):
        number[out][x[into] != x[into]] = k


def has_winners(x: Any, winners: Any, *rest: Any) -> bool:
    """Whether `max_pool` of this file computed the winners, and x is a NumPy array."""
    return type(x) is np.ndarray and isinstance(winners, Winners)


def max_unpool(g: np.ndarray, winners: Winners, window: Window, in_size: Size) -> np.ndarray:
    """Each g (N, C, *out) added where its maximum sat -> (N, C, *in)."""
    lines = _steps(window, in_size)
    g = _as_laid(g, winners.numbers[FIRST])
    x = _like(g, (*g.shape[:2], *in_size), g.dtype)

    def scatter(block: Block) -> None:
        finite = bool(np.isfinite(block.rows(g, block.part.outputs).sum()))
        for axis, line, part, given, made in block.steps(lines, g, x, back=True):
            number = block.numbers(winners.numbers, axis)
            _unpool_along(line, part, axis, given, made, number, finite)

    _each_block(scatter, x, lines[FIRST].seeing, lines[FIRST].whole.inputs)
    return x


def max_gather(x: np.ndarray, winners: Winners, window: Window) -> np.ndarray:
    """x (N, C, *in) read where each maximum sat -> (N, C, *out): the adjoint of max_unpool."""
    lines = _steps(window, x.shape[2:])
    for axis, number in winners.numbers.items():
        picked = _like(number, number.shape, x.dtype)
        picked[...] = 0
        for k, out, into in lines[axis].pairs(lines[axis].whole, axis):
            picked[out] = np.where(number[out] == k, x[into], picked[out])
        x = picked
    return x


# -- the sum --------------------------------------------------------------------------------------


def sum_pool(x: np.ndarray, window: Window, scale: float = 1) -> np.ndarray:
    """The sum over each window, times `scale`: x (N, C, *in) -> (N, C, *out)."""
    lines = _lines(window, x.shape[2:])  # the first axis first: there long pieces are added
    y = _like(x, (*x.shape[:2], *window.out_size(x.shape[2:])), x.dtype)

    def add(block: Block) -> None:
        for axis, line, part, given, made in block.steps(lines, x, y):
            _sum_along(line, part, axis, given, made)
        if scale != 1:
            total = block.rows(y, block.part.outputs)
            total *= total.dtype.type(scale)

    _each_block(add, x, lines[FIRST].seen_by, lines[FIRST].whole.outputs)
    return y


def _sum_along(line: Line, part: Part, axis: int, x: np.ndarray, y: np.ndarray) -> None:
    terms = [(y[out], x[into]) for _, out, into in line.pairs(part, axis)]
    if line.is_inside and line.size > 1:
        (total, first), (_, second), *terms = terms
        np.add(first, second, out=total)
    else:
        y[...] = 0
    for total, term in terms:
        total += term


def sum_unpool(g: np.ndarray, window: Window, in_size: Size, scale: float = 1) -> np.ndarray:
    """Each g (N, C, *out), times `scale`, added to all its window -> (N, C, *in).

    The adjoint of sum_pool.
    """
    lines = dict(reversed(_lines(window, in_size).items()))
    x = _like(g, (*g.shape[:2], *in_size), g.dtype)

    def spread(block: Block) -> None:
        steps = block.steps(lines, g, x, back=True)
        for step, (axis, line, part, given, made) in enumerate(steps):
            if step == 0 and scale != 1:
                scaled = _scratch("scaled", g, given.shape, g.dtype)
                given = np.multiply(given, g.dtype.type(scale), out=scaled)
            _unpool_along(line, part, axis, given, made)

    _each_block(spread, x, lines[FIRST].seeing, lines[FIRST].whole.inputs)
    return x


# -- both -----------------------------------------------------------------------------------------


def _unpool_along(
    line: Line,
    part: Part,
    axis: int,
    g: np.ndarray,
    x: np.ndarray,
    number: np.ndarray | None = None,
    finite: bool = True,
) -> None:
    """x = each g added at every offset of its window, or at the one that `number` tells."""
    if not line.is_covering:
        x[...] = 0
    for k, out, into in line.pairs(part, axis):
        alone = line.is_first(k)  # to write to these inputs
        given = g[out]
        if number is not None:
            mask = _scratch("mask", g, given.shape, bool)
            np.equal(number[out], number.dtype.type(k), out=mask)
            target = x[into] if alone else _scratch("part", g, given.shape, g.dtype)
            if finite:
                given = np.multiply(given, mask, out=target)
            else:  # 0·inf is no number; ten times as slow
                target[...] = given = np.where(mask, given, 0)
        elif alone:
            x[into] = given
        if not alone:
            x[into] += given


def _lines(window: Window, in_size: Size) -> dict[int, Line]:
    """The window along each axis of (N, C, *size); an axis where nothing happens is left out."""
    sizes = zip(window.out_size(in_size), in_size, strict=True)
    befores = (before for before, _ in window.padding)
    axes = zip(window.size, window.stride, befores, window.dilation, sizes, strict=True)
    lines = {
        axis: Line(size, stride, before, dilation, Part(range(outputs), range(inputs)))
        for axis, (size, stride, before, dilation, (outputs, inputs)) in enumerate(axes, FIRST)
    }
    return {axis: line for axis, line in lines.items() if axis == FIRST or not line.is_one}


def _steps(window: Window, in_size: Size) -> dict[int, Any]:
    """What a maximum is taken along: one axis after another, or all at once where windows tile."""
    lines = _lines(window, in_size)
    inside = all(line.is_inside and line.is_covering for line in lines.values())
    if len(lines) == 1 or not inside or any(line.span > line.stride for line in lines.values()):
        return dict(lines)
    missing = len(lines) < len(in_size)  # an axis without a window has no offsets to multiply with
    first, *others = lines.values()
    return dict(lines) if missing else {FIRST: Tiles(first, tuple(others))}


def _each_block(
    function: Callable[[Block], None], x: np.ndarray, part: Callable[[range], Part], rows: range
) -> None:
    """function(block) for blocks that make up all `rows` of all images, on the side of writing."""
    row_bytes = x.nbytes // max(1, len(x) * len(rows))
    fit = max(LEAST_ROWS, BLOCK_BYTES // max(1, row_bytes))
    images = max(1, fit // max(1, len(rows)))
    blocks = [
        Block(slice(image, image + images), part(rows[first : first + fit]))
        for image in range(0, len(x), images)
        for first in range(0, len(rows), fit)
    ]
    parallel.each(function, blocks)


def _clip(first: int, last: int, within: range) -> range:
    first, last = (min(max(0, place), len(within)) for place in (first, last))
    return range(first, last)


def _with(shape: Size, axis: int, size: int) -> Size:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _column(values: list[int], x: np.ndarray, axis: int) -> np.ndarray:
    """One value for each place along `axis` of x, the same along all others."""
    return np.asarray(values).reshape(-1, *(1,) * (x.ndim - axis - 1))


def _is_channels_last(x: np.ndarray) -> bool:
    return x.ndim > 2 and x.strides[1] == x.itemsize and x.shape[1] > 1


def _like(x: np.ndarray, shape: Size, dtype: Any) -> np.ndarray:
    """An array (N, C, *size) to be filled, channels last in memory if those of x are."""
    if _is_channels_last(x):
        return np.moveaxis(memory.result((shape[0], *shape[2:], shape[1]), dtype), -1, 1)
    return memory.result(shape, dtype)


def _as_laid(g: np.ndarray, like: np.ndarray) -> np.ndarray:
    """g in memory as `like` is: on the way back as on the way forth."""
    if g.strides == tuple(g.itemsize // like.itemsize * s for s in like.strides):
        return g
    laid = _like(like, g.shape, g.dtype)
    laid[...] = g
    return laid


def _scratch(name: str, x: np.ndarray, shape: Size, dtype: Any) -> np.ndarray:
    """An array for intermediate results, channels last in memory if those of x are."""
    if _is_channels_last(x):
        return np.moveaxis(memory.scratch(name, (shape[0], *shape[2:], shape[1]), dtype), -1, 1)
    return memory.scratch(name, shape, dtype)
