"""Pooling in blocks that stay in the cache, one axis after another, on all cores.

Stands on `memory`, `layout` and `parallel`; `kernels.pool` has the definitions.

**One axis at a time.** A window over several axes is separable: the maximum of 3×3 numbers is the
maximum of the maxima of three rows, 3 + 3 terms instead of 9. So each kernel here is a chain of
steps, one for each axis. The exception is maximum pooling with windows that do not overlap: it
takes all axes in one step (`TiledWindow`). A step loops over the kernel offsets and computes all
outputs at once, as the definition does. Where a maximum was found is stored as the winning offset
along each axis (`Winners`).

**Blocks.** The work is cut into blocks of rows (the first axis of size), so that the result of one
step is still in the cache for the next, and threads share the blocks. In the forward direction each
output belongs to one block, in the backward direction each input does. Results have the memory
layout of the inputs.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nnscratch.engines.numpy import layout, memory, parallel
from nnscratch.kernels.window import Size, Window

BLOCK_BYTES = 2**22  # of the array that is written; larger steps switch threads less often
LEAST_ROWS = 8  # in a block: neighbouring blocks both compute the rows between them

ROWS = 2  # the axis of (N, C, *size) that is cut into blocks
Offsets = dict[int, np.ndarray]  # by axis


class Ranges(NamedTuple):
    """A range of outputs along one axis, and the range of inputs that belongs to it."""

    outputs: range
    inputs: range


class AxisWindow(NamedTuple):
    """The window along one axis: output o sees input o·stride + k·dilation − before, k < size.

    full: all outputs and all inputs along the axis
    """

    size: int
    stride: int
    before: int
    dilation: int
    full: Ranges

    @property
    def span(self) -> int:
        return self.dilation * (self.size - 1) + 1

    @property
    def sees_no_padding(self) -> bool:
        """Whether every output sees an input through every offset."""
        outputs, inputs = map(len, self.full)
        return self.before == 0 and (outputs - 1) * self.stride + self.span <= inputs

    @property
    def is_identity(self) -> bool:
        """Whether output o is input o."""
        return self.size == self.stride == 1 and len(self.full.outputs) == len(self.full.inputs)

    @property
    def covers_inputs(self) -> bool:
        """Whether every input is seen through one of the first `stride` offsets."""
        outputs, inputs = map(len, self.full)
        has_no_gaps = self.dilation == 1 and self.size >= self.stride
        return has_no_gaps and (inputs - 1 + self.before) // self.stride < outputs

    def shares_inputs(self, ranges: Ranges) -> bool:
        """Whether outputs outside these ranges may see some of the inputs inside."""
        return self.span > self.stride and len(ranges.outputs) < len(self.full.outputs)

    def ranges_of_outputs(self, outputs: range) -> Ranges:
        """These outputs, and the inputs from the first to the last that they see."""
        first = outputs.start * self.stride - self.before
        last = (outputs.stop - 1) * self.stride - self.before + self.span
        return Ranges(outputs, _clip(first, last, self.full.inputs))

    def ranges_of_inputs(self, inputs: range) -> Ranges:
        """These inputs, and the outputs from the first to the last that may see one of them."""
        first = -((self.span - 1 - self.before - inputs.start) // self.stride)
        last = (inputs.stop - 1 + self.before) // self.stride + 1
        return Ranges(_clip(first, last, self.full.outputs), inputs)

    def views(self, ranges: Ranges, axis: int) -> Iterator[tuple[int, tuple, tuple]]:
        """For each offset k, the outputs that see an input through it, and these inputs.

        Both are slices along `axis` of arrays that hold only the given ranges.
        """
        outputs, inputs = ranges
        lead = (slice(None),) * axis
        for k in range(self.size):
            shift = k * self.dilation - self.before
            first = max(outputs.start, -((shift - inputs.start) // self.stride))
            last = min(outputs.stop - 1, (inputs.stop - 1 - shift) // self.stride)
            if first <= last:
                start, stop = (o * self.stride + shift - inputs.start for o in (first, last))
                out_slice = slice(first - outputs.start, last - outputs.start + 1)
                yield k, (*lead, out_slice), (*lead, slice(start, stop + 1, self.stride))

    def reaches_new_inputs(self, k: int) -> bool:
        """Whether no smaller offset sees the inputs that offset k sees."""
        return k * self.dilation < self.stride

    def first_offsets_inside(self, outputs: range) -> list[int]:
        """For each output the first offset that is not in the padding."""
        starts = (o * self.stride - self.before for o in outputs)
        return [min(max(0, -(start // self.dilation)), self.size - 1) for start in starts]


class TiledWindow(NamedTuple):
    """Windows that neither overlap nor see padding, along all axes in one step.

    One axis at a time would take as many terms, and write and read the results between the steps.
    rows: the window along the axis ROWS
    """

    rows: AxisWindow
    others: tuple[AxisWindow, ...]

    @property
    def dilation(self) -> int:
        return 1

    @property
    def sees_no_padding(self) -> bool:
        return True

    @property
    def covers_inputs(self) -> bool:
        return True

    @property
    def size(self) -> int:
        return math.prod(window.size for window in (self.rows, *self.others))

    @property
    def full(self) -> Ranges:
        return self.rows.full

    def shares_inputs(self, ranges: Ranges) -> bool:
        return False

    def reaches_new_inputs(self, k: int) -> bool:
        return True

    def ranges_of_outputs(self, outputs: range) -> Ranges:
        return self.rows.ranges_of_outputs(outputs)

    def ranges_of_inputs(self, inputs: range) -> Ranges:
        return self.rows.ranges_of_inputs(inputs)

    def views(self, ranges: Ranges, axis: int) -> Iterator[tuple[int, tuple, tuple]]:
        """As AxisWindow.views, for the offsets of all axes in row-major order."""
        axes = [(self.rows, ranges), *((window, window.full) for window in self.others)]
        slices_by_axis = [
            [(out[-1], inp[-1]) for _, out, inp in window.views(axis_ranges, axis)]
            for window, axis_ranges in axes
        ]
        lead = (slice(None),) * axis
        for k, slices in enumerate(itertools.product(*slices_by_axis)):
            out, inp = zip(*slices, strict=True)
            yield k, (*lead, *out), (*lead, *inp)


AnyWindow = AxisWindow | TiledWindow


class Step(NamedTuple):
    """Pooling or its adjoint along one axis: reads `source` and writes `target`."""

    axis: int
    window: AnyWindow
    ranges: Ranges
    source: np.ndarray
    target: np.ndarray

    def views(self) -> Iterator[tuple[int, tuple, tuple]]:
        return self.window.views(self.ranges, self.axis)


class Block(NamedTuple):
    """What one thread computes at a time: some images, and some of their rows."""

    images: slice
    ranges: Ranges

    def rows(self, x: np.ndarray, rows: range) -> np.ndarray:
        return x[self.images, :, rows.start : rows.stop]

    def offsets(self, winners: "Winners", axis: int) -> np.ndarray:
        """This block's winning offsets along one axis.

        ROWS is the last axis that max_pool takes: for all others the rows are those of the input.
        """
        rows = self.ranges.outputs if axis == ROWS else self.ranges.inputs
        return self.rows(winners.offsets[axis], rows)

    def steps(
        self, windows: Mapping[int, AnyWindow], x: np.ndarray, y: np.ndarray, adjoint: bool = False
    ) -> Iterator[Step]:
        """The steps from x to y, in the order of `windows`; adjoint: from outputs to inputs."""
        source_rows, target_rows = self.ranges if adjoint else self.ranges[::-1]
        source = self.rows(x, source_rows)
        for number, (axis, window) in enumerate(windows.items(), 1):
            ranges = self.ranges if axis == ROWS else window.full
            if number == len(windows):
                target = self.rows(y, target_rows)
            else:
                size = len(ranges.inputs if adjoint else ranges.outputs)
                target = _scratch(f"axis {axis}", x, _resized(source.shape, axis, size), x.dtype)
            yield Step(axis, window, ranges, source, target)
            source = target


# -- the maximum ----------------------------------------------------------------------------------


class Winners(NamedTuple):
    """The winning offset along each axis, at each position of the step that took this axis.

    The last axis is taken first. So the offsets of an axis have output size along it and along
    later axes, and input size along earlier ones.
    """

    offsets: Offsets
    window: Window
    in_size: Size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The winning offset's number in the window (N, C, *out), as in the definition."""
        positions: list[Any] = list(np.indices(self.offsets[ROWS].shape, sparse=True))
        numbers: Any = 0
        for axis, window in _max_windows(self.window, self.in_size).items():
            offset = self.offsets[axis][tuple(positions)].astype(np.int32)
            numbers = numbers * window.size + offset
            if isinstance(window, AxisWindow):  # continue at the input that won along this axis
                inputs = positions[axis] * window.stride - window.before + offset * window.dilation
                positions[axis] = inputs.clip(0, len(window.full.inputs) - 1)
        return numbers if dtype is None else numbers.astype(dtype)


def max_pool(x: np.ndarray, window: Window) -> tuple[np.ndarray, Winners]:
    """x (N, C, *in) -> the maxima (N, C, *out), and the offsets where they were found.

    Padding counts as −inf, the first maximum wins, NaN passes through.
    """
    # the last axis first: then the first of equal values in row-major order wins
    windows = dict(reversed(_max_windows(window, x.shape[2:]).items()))
    out_shape = (*x.shape[:2], *window.out_size(x.shape[2:]))
    shape, winners = x.shape, Winners({}, window, x.shape[2:])
    for axis, axis_window in windows.items():
        size = len(axis_window.full.outputs)
        shape = out_shape if axis == ROWS else _resized(shape, axis, size)
        winners.offsets[axis] = _empty(x, shape, np.min_scalar_type(axis_window.size - 1))
    y = _empty(x, out_shape, x.dtype)

    def compute(block: Block) -> None:
        steps = list(block.steps(windows, x, y))
        results = {axis: block.offsets(winners, axis) for axis in windows}
        is_shared = windows[ROWS].shares_inputs(block.ranges)
        offsets = _private_offsets(results, x) if is_shared else results
        for step in steps:
            _max_along(step, offsets[step.axis])
        values = block.rows(y, block.ranges.outputs)
        if is_shared and windows[ROWS].dilation > 1:  # input rows that only other blocks see
            values = steps[-1].source
        if (values != values).any():  # NaN is the one value unequal to itself
            for step in steps:
                _choose_last_nan(step, offsets[step.axis])
        for axis, offset in offsets.items():
            if offset is not results[axis]:
                results[axis][...] = offset

    _each_block(compute, x, windows[ROWS].ranges_of_outputs, windows[ROWS].full.outputs)
    return y, winners


def _private_offsets(offsets: Offsets, x: np.ndarray) -> Offsets:
    """Scratch memory in place of the offsets on rows of inputs, which two blocks may share.

    Both blocks compute the same offsets, but each would read the other's intermediate values.
    """
    return {
        axis: offset if axis == ROWS else _scratch(f"offsets {axis}", x, offset.shape, offset.dtype)
        for axis, offset in offsets.items()
    }


def _max_along(step: Step, offset: np.ndarray) -> None:
    """The maxima along one axis to step.target, and where they were found to `offset`."""
    axis, window, ranges, x, y = step
    views = step.views()
    if isinstance(window, TiledWindow) or window.sees_no_padding:
        starts_with_input = True
        _, _, inp = next(views)
        best = x[inp]  # so far; a view: the first comparison writes to y
        if window.size == 1:
            y[...], offset[...] = best, 0
    else:
        starts_with_input = False
        best = y
        best[...] = -np.inf
        offset[...] = _along_axis(window.first_offsets_inside(ranges.outputs), x.ndim, axis)
    for k, out, inp in views:
        seen = x[inp]
        is_first = starts_with_input and k == 1  # then the comparison itself, 0 or 1, is the offset
        better = offset if is_first else _scratch("better", x, seen.shape, offset.dtype)
        np.greater(seen, best[out], out=better.view(bool) if better.itemsize == 1 else better)
        if not is_first:  # offsets grow, so the largest one that was better is the last
            better *= offset.dtype.type(k)
            np.maximum(offset[out], better, out=offset[out])
        np.maximum(best[out], seen, out=y[out])
        best = y


def _choose_last_nan(step: Step, offset: np.ndarray) -> None:
    """Of several NaN the last wins; no comparison of `_max_along` is true for them."""
    for k, out, inp in step.views():
        offset[out][step.source[inp] != step.source[inp]] = k


def has_winners(x: Any, winners: Any, *rest: Any) -> bool:
    """Whether x is a NumPy array and `max_pool` of this file computed the winners."""
    return type(x) is np.ndarray and isinstance(winners, Winners)


def max_unpool(g: np.ndarray, winners: Winners, window: Window, in_size: Size) -> np.ndarray:
    """Each g (N, C, *out) added where its maximum was found -> (N, C, *in)."""
    windows = _max_windows(window, in_size)
    g = layout.match(g, winners.offsets[ROWS].strides)
    x = _empty(g, (*g.shape[:2], *in_size), g.dtype)

    def scatter(block: Block) -> None:
        is_finite = bool(np.isfinite(block.rows(g, block.ranges.outputs).sum()))
        for step in block.steps(windows, g, x, adjoint=True):
            _unpool_along(step, block.offsets(winners, step.axis), is_finite)

    _each_block(scatter, x, windows[ROWS].ranges_of_inputs, windows[ROWS].full.inputs)
    return x


def max_gather(x: np.ndarray, winners: Winners, window: Window) -> np.ndarray:
    """x (N, C, *in) read where each maximum was found -> (N, C, *out).

    The adjoint of max_unpool.
    """
    windows = _max_windows(window, x.shape[2:])
    for axis, offset in winners.offsets.items():
        y = _empty(offset, offset.shape, x.dtype)
        y[...] = 0
        for k, out, inp in windows[axis].views(windows[axis].full, axis):
            y[out] = np.where(offset[out] == k, x[inp], y[out])
        x = y
    return x


# -- the sum --------------------------------------------------------------------------------------


def sum_pool(x: np.ndarray, window: Window, scale: float = 1) -> np.ndarray:
    """The sum over each window, times `scale`: x (N, C, *in) -> (N, C, *out)."""
    # the first axis first: its slices are the longest pieces of memory
    windows = _axis_windows(window, x.shape[2:])
    y = _empty(x, (*x.shape[:2], *window.out_size(x.shape[2:])), x.dtype)

    def add(block: Block) -> None:
        for step in block.steps(windows, x, y):
            _sum_along(step)
        if scale != 1:
            total = block.rows(y, block.ranges.outputs)
            total *= total.dtype.type(scale)

    _each_block(add, x, windows[ROWS].ranges_of_outputs, windows[ROWS].full.outputs)
    return y


def _sum_along(step: Step) -> None:
    terms = [(step.target[out], step.source[inp]) for _, out, inp in step.views()]
    if step.window.sees_no_padding and step.window.size > 1:
        (total, first), (_, second), *terms = terms
        np.add(first, second, out=total)
    else:
        step.target[...] = 0
    for total, term in terms:
        total += term


def sum_unpool(g: np.ndarray, window: Window, in_size: Size, scale: float = 1) -> np.ndarray:
    """Each g (N, C, *out), times `scale`, added to its whole window -> (N, C, *in).

    The adjoint of sum_pool.
    """
    windows = dict(reversed(_axis_windows(window, in_size).items()))
    x = _empty(g, (*g.shape[:2], *in_size), g.dtype)

    def spread(block: Block) -> None:
        for number, step in enumerate(block.steps(windows, g, x, adjoint=True)):
            if number == 0 and scale != 1:
                scaled = _scratch("scaled", g, step.source.shape, g.dtype)
                np.multiply(step.source, g.dtype.type(scale), out=scaled)
                step = step._replace(source=scaled)
            _unpool_along(step)

    _each_block(spread, x, windows[ROWS].ranges_of_inputs, windows[ROWS].full.inputs)
    return x


# -- shared ---------------------------------------------------------------------------------------


def _unpool_along(step: Step, offset: np.ndarray | None = None, is_finite: bool = True) -> None:
    """Each gradient g added at every offset of its window, or only at `offset` where given.

    is_finite: of g
    """
    g, x = step.source, step.target
    if not step.window.covers_inputs:
        x[...] = 0
    for k, out, inp in step.views():
        is_new = step.window.reaches_new_inputs(k)  # nothing was written to these inputs yet
        term = g[out]
        if offset is not None:
            mask = _scratch("mask", g, term.shape, bool)
            np.equal(offset[out], offset.dtype.type(k), out=mask)
            target = x[inp] if is_new else _scratch("term", g, term.shape, g.dtype)
            if is_finite:
                term = np.multiply(term, mask, out=target)
            else:  # 0·inf would be NaN; np.where is ten times as slow
                target[...] = term = np.where(mask, term, 0)
        elif is_new:
            x[inp] = term
        if not is_new:
            x[inp] += term


def _axis_windows(window: Window, in_size: Size) -> dict[int, AxisWindow]:
    """The window along each axis of (N, C, *size), without axes that it leaves as they are.

    ROWS is always among them.
    """
    full = map(Ranges, map(range, window.out_size(in_size)), map(range, in_size))
    befores = (before for before, _ in window.padding)
    axes = zip(window.size, window.stride, befores, window.dilation, full, strict=True)
    windows = enumerate((AxisWindow(*axis) for axis in axes), ROWS)
    return {axis: w for axis, w in windows if axis == ROWS or not w.is_identity}


def _max_windows(window: Window, in_size: Size) -> dict[int, AnyWindow]:
    """The steps of max_pool by axis: a single one of all axes where the windows tile the input."""
    windows = _axis_windows(window, in_size)
    is_tiled = len(windows) > 1 and all(
        w.sees_no_padding and w.covers_inputs and w.span <= w.stride for w in windows.values()
    )
    if not is_tiled or len(windows) < len(in_size):  # a TiledWindow has offsets on every axis
        return dict(windows)
    rows, *others = windows.values()
    return {ROWS: TiledWindow(rows, tuple(others))}


def _each_block(
    function: Callable[[Block], None],
    x: np.ndarray,
    ranges_of: Callable[[range], Ranges],
    rows: range,
) -> None:
    """function(block) for blocks that cover all images and all `rows` of the array to write.

    x: the array whose size decides how many rows fit; ranges_of: the Ranges for some of the rows
    """
    row_bytes = x.nbytes // max(1, len(x) * len(rows))
    rows_at_once = max(LEAST_ROWS, BLOCK_BYTES // max(1, row_bytes))
    images = max(1, rows_at_once // max(1, len(rows)))
    blocks = [
        Block(slice(image, image + images), ranges_of(rows[first : first + rows_at_once]))
        for image in range(0, len(x), images)
        for first in range(0, len(rows), rows_at_once)
    ]
    parallel.each(function, blocks)


def _clip(start: int, stop: int, bounds: range) -> range:
    start, stop = (min(max(0, position), len(bounds)) for position in (start, stop))
    return range(start, stop)


def _resized(shape: Size, axis: int, size: int) -> Size:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _along_axis(values: list[int], ndim: int, axis: int) -> np.ndarray:
    """`values` shaped to broadcast along `axis` of an array with `ndim` axes."""
    return np.asarray(values).reshape(-1, *(1,) * (ndim - axis - 1))


def _empty(
    x: np.ndarray, shape: Size, dtype: Any, allocate: Callable[..., np.ndarray] = memory.result
) -> np.ndarray:
    """An uninitialised array (N, C, *size), with channels last in memory where x has them last."""
    if x.ndim > 2 and x.strides[1] == x.itemsize and x.shape[1] > 1:
        return np.moveaxis(allocate((shape[0], *shape[2:], shape[1]), dtype), -1, 1)
    return allocate(shape, dtype)


def _scratch(name: str, x: np.ndarray, shape: Size, dtype: Any) -> np.ndarray:
    """As `_empty`, in a scratch buffer of this thread."""
    return _empty(x, shape, dtype, partial(memory.scratch, name))
