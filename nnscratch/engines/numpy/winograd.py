"""Winograd's convolution in blocks of tiles, on all cores.

Stands on `memory`, `parallel` and `products`; `kernels.winograd` derives the algorithm and its
matrices. The channels are last in memory. At each of the points there is a product of matrices
(tiles, C_in) @ (C_in, C_out), nearly all of the work. The transforms are products with 6×6 matrices
too: additions in NumPy each walk through memory once, a matrix product walks through it once in
all. The bias is added at the point (1, 1), because every output contains that value exactly once.
"""

import functools
import itertools
import math
import weakref
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nnscratch.engines.numpy import memory, parallel, products
from nnscratch.engines.numpy.layout import channels_last
from nnscratch.kernels.window import Size, Window
from nnscratch.kernels.winograd import POINTS, TAPS, Transforms, transforms

TILES = (4, 2)
POINT_ONE = POINTS.index(1.0)


def conv(
    x: np.ndarray,
    weight: np.ndarray,
    window: Window,
    groups: int = 1,
    bias: np.ndarray | None = None,
    m: int | None = None,
) -> np.ndarray:
    """x (N, C_in, H, W), weight (C_out, C_in, 3, 3) -> (N, C_out, H', W').

    m: outputs of a tile along each axis, 2 or 4; chosen by size if not given
    """
    _check(weight, window, groups)
    out_size = window.out_size(x.shape[2:])
    before = tuple(pair[0] for pair in window.padding)
    m = m or tile(len(x), out_size)
    return _convolve(x, _points_of(weight, m, x.dtype, False), before, out_size, bias, m)


def conv_grad_input(
    g: np.ndarray,
    weight: np.ndarray,
    window: Window,
    in_size: Size,
    groups: int = 1,
    m: int | None = None,
) -> np.ndarray:
    """The adjoint of `conv` in x: g (N, C_out, H', W') -> (N, C_in, H, W).

    The same convolution with the kernel rotated by 180° and the channels exchanged, over g padded
    so that each input sees all outputs that saw it.
    """
    _check(weight, window, groups)
    before = tuple(TAPS - 1 - pair[0] for pair in window.padding)
    m = m or tile(len(g), in_size)
    return _convolve(g, _points_of(weight, m, g.dtype, True), before, tuple(in_size), None, m)


def suits(window: Window, groups: int, dtype: Any) -> bool:
    """Whether the algorithm applies."""
    axes = len(window.size)
    ones = (1,) * axes
    shape = window.size == (TAPS,) * axes and window.stride == ones and window.dilation == ones
    return axes in (2, 3) and shape and groups == 1 and dtype in (np.float32, np.float64)


def tile(n: int, out_size: Size) -> int:
    """The tile with less work for `n` images: 4, or 2 if images are few or tiles fit badly."""

    def cost(m: int) -> int:
        tiles = n * math.prod(-(-size // m) for size in out_size)
        return (m + TAPS - 1) ** len(out_size) * (tiles + WEIGHTS_READ)

    return min(TILES, key=cost)


def _check(weight: np.ndarray, window: Window, groups: int) -> None:
    if not suits(window, groups, weight.dtype):
        raise ValueError(
            "winograd: expected a 3×3 or 3×3×3 kernel, stride 1, dilation 1, groups 1 and floats, "
            f"got {window}, groups {groups}, {weight.dtype}; use engine 'numpy:im2col'"
        )


# -- the convolution -------------------------------------------------------------------------------

BLOCK_TILES = 128
SUMMED_TILES = 512  # of a block whose products are summed over its tiles
LEAST_TILES = 32  # fewer are not worth a block
WEIGHTS_READ = 16  # multiplying so many tiles takes as long as reading the weights


def _convolve(
    x: np.ndarray, points: np.ndarray, before: Size, out_size: Size, bias: np.ndarray | None, m: int
) -> np.ndarray:
    """x (N, C, H, W), points ((m + 2)², C, C_out) -> (N, C_out, *out_size)."""
    x = np.moveaxis(channels_last(x), 1, -1)
    y = memory.result((len(x), *out_size, points.shape[-1]), x.dtype)
    job = _Job(x, points, before, bias, y, transforms(m, x.dtype))
    parallel.each(job.compute, _blocks((*y.shape[:-1], x.shape[-1]), m, BLOCK_TILES))
    return np.moveaxis(y, -1, 1)


Range = tuple[int, int]  # first, past last


class _Block(NamedTuple):
    """Images, and tiles along each axis, that are computed in one go."""

    images: Range
    tiles: tuple[Range, ...]

    @property
    def shape(self) -> Size:
        """(images, *tiles)"""
        return tuple(stop - start for start, stop in (self.images, *self.tiles))

    def starts(self, m: int, before: Size) -> Size:
        """The pixel where the first tile begins along each axis."""
        return tuple(m * first - b for (first, _), b in zip(self.tiles, before, strict=True))


def _blocks(shape: Size, m: int, tiles: int) -> list[_Block]:
    """Blocks of about `tiles` tiles of m × m that cover `shape` (N, *size, C).

    Of whole rows if a row fits, of whole images if one does. A row of an image may be halved, as
    its strip should be a small product; a row of a volume is left whole, so that planes are one
    piece of memory each.
    """
    *counts, last = (-(-size // m) for size in shape[1:-1])
    width = (products.SMALL // ((m + TAPS - 1) ** 2 * shape[-1]) - 2) // m
    ranges = [_split(last, max(1, min(tiles, width)) if len(counts) == 1 else last)]
    for count in (*counts[::-1], shape[0]):
        tiles //= ranges[0][0][1]
        ranges.insert(0, _split(count, max(1, tiles)))
    return [_Block(images, tuple(axes)) for images, *axes in itertools.product(*ranges)]


@dataclass
class _Job:
    """One convolution: reads x (N, *in, C) and writes y (N, *out, C_out)."""

    x: np.ndarray
    points: np.ndarray
    before: Size
    bias: np.ndarray | None
    y: np.ndarray
    matrices: Transforms

    def compute(self, block: _Block) -> None:
        """To the points, multiply, and back, while all of it is in the cache.

        A thread among others does all of it itself; a single block is shared out among them.
        """
        n, (c_in, c_out) = len(self.matrices.inputs), self.points.shape[1:]
        at = (n,) * len(block.tiles) + block.shape
        v = memory.scratch("inputs at points", (*at, c_in), self.x.dtype)
        product = memory.scratch("outputs at points", (*at, c_out), self.x.dtype)
        rows, count = range(block.shape[1]), len(self.points)
        shares = _split(count, -(-count // parallel.threads()))
        inputs, m = self.matrices.inputs, len(self.matrices.outputs)
        parallel.each(lambda i: _to_points(inputs, m, self.x, self.before, block, i, v), rows)
        parallel.each(lambda share: self.multiply(v, product, slice(*share)), shares)
        parallel.each(lambda i: self.from_points(block, i, product), rows)

    def multiply(self, v: np.ndarray, product: np.ndarray, points: slice) -> None:
        """(points, tiles, C) @ (points, C, C_out) -> (points, tiles, C_out): the real work."""
        weights, count = self.points[points], len(self.points)
        v = v.reshape(count, -1, v.shape[-1])[points]
        product = product.reshape(count, -1, product.shape[-1])[points]
        products.multiply(v, weights, product)

    def from_points(self, block: _Block, row: int, product: np.ndarray) -> None:
        """Aᵀ M A for every tile M in one row of tiles, to where it belongs in y."""
        axes, matrix = len(block.tiles), self.matrices.outputs
        part = np.moveaxis(product, axes, 0)[_row(row, axes)]
        if self.bias is not None:
            part[(slice(None), *(POINT_ONE,) * axes)] += self.bias
        ranges = [(block.tiles[0][0] + row, block.tiles[0][0] + row + 1), *block.tiles[1:]]
        pixels = (slice(len(matrix) * first, len(matrix) * last) for first, last in ranges)
        _interpolate(matrix, part, self.y[(slice(*block.images), *pixels)], axes)


def _row(row: int, axes: int) -> tuple:
    """Selects one row of tiles of (…, *tiles, C)."""
    return (..., slice(row, row + 1)) + (slice(None),) * axes


def _to_points(
    matrix: np.ndarray, m: int, x: np.ndarray, before: Size, block: _Block, row: int, v: np.ndarray
) -> None:
    """One row of tiles of x (N, *size, C) to v (*n, images, *tiles, C)."""
    axes = len(before)
    start, *others = block.starts(m, before)
    part = np.moveaxis(v, axes, 0)[_row(row, axes)]
    _evaluate(matrix, m, x[slice(*block.images)], (start + m * row, *others), part)


def _evaluate(matrix: np.ndarray, m: int, x: np.ndarray, starts: Size, v: np.ndarray) -> None:
    """v = matrix · D · matrixᵀ for tiles D of x, m pixels apart, the first one from `starts` on.

    matrix (n, k), x (*lead, *size, C), v (*lead, *n, *tiles, C). Tiles are k × k: along the first
    axis, all that lies under a row of tiles is multiplied at once; then the same for each of the n
    results along the other axes.
    """
    axes, k = len(starts), matrix.shape[1]
    for i in range(v.shape[-1 - axes]):
        part = v[(..., i) + (slice(None),) * axes]
        strip, others = _strip(matrix, m, x, (starts[0] + m * i, *starts[1:]), part.shape[-axes])
        if axes > 2:
            _evaluate(matrix, m, strip, others, part)
            continue
        *lead, pixel, channel = strip.strides
        tiles = np.ndarray(  # they may overlap: (*lead, n, tiles, k, C)
            (*strip.shape[:-2], part.shape[-2], k, strip.shape[-1]),
            strip.dtype,
            strip,
            strides=(*lead, m * pixel, pixel, channel),
        )
        np.matmul(matrix, tiles, out=part.swapaxes(-3, -2))


def _strip(
    matrix: np.ndarray, m: int, x: np.ndarray, starts: Size, tiles: int
) -> tuple[np.ndarray, Size]:
    """matrix (n, k) times the k rows of x from starts[0] on -> (*lead, n, *rest, C), its starts.

    Only as long along the next axis as `tiles` tiles need. Zeros surround x: a row outside needs
    no column of the matrix; a pixel outside stays 0 on the last axis, and is left out on others.
    """
    axes, (n, k) = len(starts), matrix.shape
    height, width = x.shape[-1 - axes], x.shape[-axes]
    start, stop = _inside(starts[0], k, height)
    length = m * (tiles - 1) + k
    begin, end = _inside(starts[1], length, width)
    seen = x[
        (..., slice(starts[0] + start, starts[0] + stop), slice(starts[1] + begin, starts[1] + end))
        + (slice(None),) * (axes - 1)
    ]
    lead, rest = x.shape[: -1 - axes], x.shape[1 - axes :]
    border = axes == 2
    shape = (*lead, n, length if border else end - begin, *rest)
    strip = memory.scratch(f"strip {axes}", shape, x.dtype)
    inner = strip[..., begin:end, :] if border else strip
    if border:
        strip[..., :begin, :] = 0
        strip[..., end:, :] = 0
    if start == stop or begin == end:
        strip[...] = 0
    else:  # all pixels and channels as one long row
        flat = seen.reshape(*lead, stop - start, -1)
        np.matmul(matrix[:, start:stop], flat, out=inner.reshape(*lead, n, -1))
    return strip, (0,) if border else (-begin, *starts[2:])


def _interpolate(matrix: np.ndarray, v: np.ndarray, y: np.ndarray, axes: int) -> None:
    """y = matrix · M · matrixᵀ for tiles M: v (*lead, *n, *tiles, C) -> y (*lead, *size, C).

    The last axis first, so that a row of tiles becomes rows of pixels in one product.
    """
    m = len(matrix)
    for i in range(v.shape[-1 - axes]):
        part = v[(..., i) + (slice(None),) * axes]  # (*lead, n, *n, *tiles, C)
        lead = part.shape[: -2 * axes + 1]
        if axes == 2:
            strip = memory.scratch("strip 2", (*lead, part.shape[-2], m, part.shape[-1]), v.dtype)
            np.matmul(matrix, part.swapaxes(-3, -2), out=strip)
        else:
            strip = memory.scratch(f"strip {axes}", (*lead, *y.shape[-axes:]), v.dtype)
            _interpolate(matrix, part, strip, axes - 1)
        rows = y[(..., slice(m * i, m * i + m)) + (slice(None),) * axes]
        out = rows.reshape(*rows.shape[:-axes], -1)
        flat = strip.reshape(*lead, -1)[..., : out.shape[-1]]
        np.matmul(matrix[: out.shape[-2]], flat, out=out)


def _split(count: int, most: int) -> list[tuple[int, int]]:
    """0..count in equal parts of at most `most`."""
    parts = -(-count // most)
    size = -(-count // parts)
    return [(start, min(start + size, count)) for start in range(0, count, size)]


def _inside(position: int, length: int, size: int) -> tuple[int, int]:
    """Which of `length` pixels from `position` on lie in 0..size: (first, past last)."""
    start = min(max(-position, 0), length)
    return start, max(start, min(length, size - position))


# -- the gradient of the weights -------------------------------------------------------------------


def conv_grad_weight(
    x: np.ndarray, g: np.ndarray, window: Window, groups: int = 1, m: int | None = None
) -> np.ndarray:
    """The adjoint of `conv` in weight: x, g (N, C_out, H', W') -> (C_out, C_in, 3, 3).

    Each m × m tile of g is a kernel that slides over a tile of the input, with 3×3 outputs:
    F(3, m), at the same points. All tiles are summed there; one transform of the sum remains.
    """
    before = tuple(pair[0] for pair in window.padding)
    m = m or tile(len(x), g.shape[2:])
    x, g = (np.moveaxis(channels_last(a), 1, -1) for a in (x, g))
    outputs, inputs, kernels = transforms(TAPS, x.dtype, m)
    tiles = math.prod(-(-size // m) for size in g.shape[1:-1]) * len(g)
    fair = max(LEAST_TILES, -(-tiles // parallel.threads()))  # to have a block for each thread
    blocks = _blocks((*g.shape[:-1], x.shape[-1]), m, min(SUMMED_TILES, fair))
    axes, n = len(before), m + TAPS - 1

    def total_of(share: Range) -> np.ndarray:
        total = np.zeros((n**axes, x.shape[-1], g.shape[-1]), x.dtype)
        for block in blocks[slice(*share)]:
            at = (n,) * axes + block.shape
            v = memory.scratch("inputs at points", (*at, x.shape[-1]), x.dtype)
            k = memory.scratch("outputs at points", (*at, g.shape[-1]), x.dtype)
            for row in range(block.shape[1]):
                _to_points(inputs, m, x, before, block, row, v)
                _to_points(kernels, m, g, (0,) * axes, block, row, k)
            v, k = (a.reshape(n**axes, -1, a.shape[-1]) for a in (v, k))
            total += v.swapaxes(1, 2) @ k
        return total

    sums = parallel.gather(total_of, _split(len(blocks), -(-len(blocks) // parallel.threads())))
    total = sum(sums[1:], sums[0])
    weight = products.matmul(_on_each_axis(outputs, axes), total.reshape(n**axes, -1))
    weight = weight.reshape(*(TAPS,) * axes, *total.shape[1:])  # (*kernel, C_in, C_out)
    return np.ascontiguousarray(np.moveaxis(weight, (-1, -2), (0, 1)))


# -- weights at the points, kept while they do not change ------------------------------------------

CACHE_BYTES = 2**29


class _Entry(NamedTuple):
    owner: weakref.ref
    weights: bytearray  # from which the points were computed
    points: np.ndarray


_cache: dict[tuple, _Entry] = {}  # the oldest first


def _points_of(weight: np.ndarray, m: int, dtype: Any, rotated: bool) -> np.ndarray:
    """weight (C_out, C_in, 3, 3) -> G W Gᵀ: (n², C_in, C_out), or (n², C_out, C_in) if rotated.

    Kept while the weights stay the same. They may be written to in place, so each call compares
    all bytes with those of the call before: reading 9 numbers is cheap beside computing 36.
    """
    key = (id(weight), m, np.dtype(dtype), rotated)
    entry = _cache.pop(key, None)
    if entry is None or entry.owner() is not weight or entry.weights != _bytes(weight):
        points = at_points(_rotated(weight) if rotated else weight, m, dtype)
        owner = weakref.ref(weight, lambda _: _cache.pop(key, None))
        entry = _Entry(owner, bytearray(_bytes(weight)), points)
    _cache[key] = entry
    _forget_the_oldest()
    return entry.points


def _bytes(weight: np.ndarray) -> memoryview:
    """A copy only if `weight` is not contiguous."""
    return np.ascontiguousarray(weight).data.cast("B")


def _forget_the_oldest() -> None:
    while sum(entry.points.nbytes for entry in list(_cache.values())) > CACHE_BYTES:
        _cache.pop(next(iter(_cache)), None)


def _rotated(weight: np.ndarray) -> np.ndarray:
    """Channels exchanged, the kernel rotated by 180°."""
    return np.flip(weight.swapaxes(0, 1), tuple(range(2, weight.ndim)))


def at_points(weight: np.ndarray, m: int, dtype: Any) -> np.ndarray:
    """G W Gᵀ of every kernel, computed in float64: (C_out, C_in, *kernel) -> (n², C_in, C_out)."""
    all_axes = _on_each_axis(transforms(m).weights, weight.ndim - 2)
    taps = np.moveaxis(weight, (1, 0), (-2, -1))
    points = memory.result((len(all_axes), *taps.shape[-2:]), dtype)

    def transform(channels: slice) -> None:
        part = taps[..., channels, :].astype(np.float64).reshape(all_axes.shape[1], -1)
        points[:, channels] = (all_axes @ part).reshape(len(all_axes), -1, taps.shape[-1])

    parallel.each(transform, [slice(c, c + 16) for c in range(0, taps.shape[-2], 16)])
    return points


def _on_each_axis(matrix: np.ndarray, axes: int) -> np.ndarray:
    """The matrix that does to (k, k, …), seen as one long vector, what `matrix` does to k."""
    return functools.reduce(np.kron, [matrix] * axes)


def free() -> None:
    """Forget all weights at points."""
    _cache.clear()
