"""Winograd's convolution in blocks of tiles that stay in the cache, on all cores.

Stands on `memory`, `parallel`, `products` and `layout`; `kernels.winograd` derives the algorithm
and its matrices. A block is transformed to the points of evaluation, multiplied there and
transformed back:

1. `_to_points`: Bᵀ D B for each tile D of the input
2. `multiply`: at each point a product (tiles, C_in) @ (C_in, C_out), nearly all of the work
3. `from_points`: Aᵀ M A for each tile M of products

The transforms are matrix products too: each addition in NumPy passes over memory once, a matrix
product does so once for all of its additions. The bias is added at the point (1, 1), because every
output contains the value there exactly once. Channels are last in memory.
"""

import contextlib
import functools
import itertools
import math
import weakref
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nnscratch.engines.numpy import im2col, memory, parallel, products, wide_tiles
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

    m: outputs of a tile along each axis, 2 or 4; None: the faster one
    """
    _check(weight, window, groups)
    out_size = window.out_size(x.shape[2:])
    before = tuple(pair[0] for pair in window.padding)
    m = m or tile(len(x), out_size)
    points = _points_of(weight, m, x.dtype, False)
    if points is None:
        return im2col.conv(x, weight, window, groups, bias)
    return _convolve(x, weight, points, before, out_size, bias, m)


def conv_grad_input(
    g: np.ndarray,
    weight: np.ndarray,
    window: Window,
    in_size: Size,
    groups: int = 1,
    m: int | None = None,
) -> np.ndarray:
    """The adjoint of `conv` in x: g (N, C_out, H', W') -> (N, C_in, H, W).

    It is a convolution of g with the kernel rotated by 180° and the channels exchanged; g is padded
    so that each input sees all outputs that see it.
    """
    _check(weight, window, groups)
    before = tuple(TAPS - 1 - pair[0] for pair in window.padding)
    m = m or tile(len(g), in_size)
    points = _points_of(weight, m, g.dtype, True)
    if points is None:
        return im2col.conv_grad_input(g, weight, window, in_size, groups)
    return _convolve(g, _rotated(weight), points, before, tuple(in_size), None, m)


def suits(window: Window, groups: int, dtype: Any) -> bool:
    """Whether the algorithm can compute a convolution with this window, groups and dtype."""
    axes = len(window.size)
    ones = (1,) * axes
    fits = window.size == (TAPS,) * axes and window.stride == ones and window.dilation == ones
    return axes in (2, 3) and fits and groups == 1 and dtype in (np.float32, np.float64)


def tile(n: int, out_size: Size) -> int:
    """The size of tile with less work for `n` images: 2 where 4 would compute too much padding."""

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
GRADIENT_BLOCK_TILES = 512  # for the gradient of the weights
LEAST_TILES = 32  # in a block
WEIGHTS_READ = 16  # reading the weights takes as long as multiplying so many tiles


def _convolve(
    x: np.ndarray,
    weight: np.ndarray,
    points: np.ndarray,
    before: Size,
    out_size: Size,
    bias: np.ndarray | None,
    m: int,
) -> np.ndarray:
    """x (N, C, H, W), weight (C_out, C, 3, 3) -> (N, C_out, *out_size).

    points: the weight at the points; before: padding before the first pixel of each axis
    """
    x = np.moveaxis(channels_last(x), 1, -1)
    y = memory.result((len(x), *out_size, points.shape[-1]), x.dtype)
    convolution = _Convolution(x, weight, points, before, bias, y, transforms(m, x.dtype))
    parallel.each(convolution.compute, _blocks((*y.shape[:-1], x.shape[-1]), m, BLOCK_TILES))
    return np.moveaxis(y, -1, 1)


Range = tuple[int, int]  # start, stop


class _Block(NamedTuple):
    """The images, and the tiles along each axis, that are computed at once."""

    images: Range
    tiles: tuple[Range, ...]

    @property
    def shape(self) -> Size:
        """(images, *tiles)"""
        return tuple(stop - start for start, stop in (self.images, *self.tiles))

    def starts(self, m: int, before: Size) -> Size:
        """The position of the first tile's first pixel along each axis."""
        return tuple(m * first - b for (first, _), b in zip(self.tiles, before, strict=True))

    def counts(self, m: int, out_size: Size) -> Size:
        """The number of outputs along each axis."""
        pairs = zip(self.tiles, out_size, strict=True)
        return tuple(min(m * last, size) - m * first for (first, last), size in pairs)


def _blocks(shape: Size, m: int, tiles: int) -> list[_Block]:
    """Blocks of about `tiles` tiles of m × m that cover `shape` (N, *size, C).

    A block has full rows if a row fits, and full images if an image fits. Rows of an image are also
    cut where the product of a strip would not be small. Rows of a volume are never cut, so that
    each plane is one piece of memory.
    """
    *counts, last = (-(-size // m) for size in shape[1:-1])  # tiles along each axis
    small_width = (products.SMALL // ((m + TAPS - 1) ** 2 * shape[-1]) - 2) // m
    ranges = [_split(last, max(1, min(tiles, small_width)) if len(counts) == 1 else last)]
    for count in (*counts[::-1], shape[0]):
        tiles //= ranges[0][0][1]
        ranges.insert(0, _split(count, max(1, tiles)))
    return [_Block(images, tuple(axes)) for images, *axes in itertools.product(*ranges)]


@dataclass
class _Convolution:
    """One convolution: reads x (N, *in, C) and writes y (N, *out, C_out), a block at a time.

    weight (C_out, C, 3, 3); points: the same transformed (n², C, C_out);
    before: padding before the first pixel
    """

    x: np.ndarray
    weight: np.ndarray
    points: np.ndarray
    before: Size
    bias: np.ndarray | None
    y: np.ndarray
    matrices: Transforms

    def compute(self, block: _Block) -> None:
        """Transform to the points, multiply and transform back, all in the cache.

        A thread computes its block alone; if there is only one block, all threads share it.
        """
        m = len(self.matrices.outputs)
        starts, counts = block.starts(m, self.before), block.counts(m, self.y.shape[1:-1])
        wide = wide_tiles.find(self.x[slice(*block.images)], starts, counts, TAPS, m, m)
        with np.errstate(over="ignore", invalid="ignore") if wide else contextlib.nullcontext():
            self.compute_fast(block)
        if wide:
            self.compute_exactly(block, wide)

    def compute_fast(self, block: _Block) -> None:
        """All tiles of a block by Winograd's algorithm."""
        n, (c_in, c_out) = len(self.matrices.inputs), self.points.shape[1:]
        shape = (n,) * len(block.tiles) + block.shape
        v = memory.scratch("inputs at points", (*shape, c_in), self.x.dtype)
        product = memory.scratch("outputs at points", (*shape, c_out), self.x.dtype)
        rows, count = range(block.shape[1]), len(self.points)
        shares = _split(count, -(-count // parallel.threads()))
        inputs, m = self.matrices.inputs, len(self.matrices.outputs)
        parallel.each(lambda i: _to_points(inputs, m, self.x, self.before, block, i, v), rows)
        parallel.each(lambda share: self.multiply(v, product, slice(*share)), shares)
        parallel.each(lambda i: self.from_points(block, i, product), rows)

    def compute_exactly(self, block: _Block, tiles: list[wide_tiles.Tile]) -> None:
        """Some tiles of a block by im2col."""
        m, size = len(self.matrices.outputs), (len(self.matrices.inputs),) * len(block.tiles)
        x, y = (a[slice(*block.images)] for a in (self.x, self.y))
        patches = wide_tiles.patches(x, tiles, m, block.starts(m, self.before), size)
        outputs = im2col.conv(patches, self.weight, _unpadded(len(block.tiles)), bias=self.bias)
        for (image, *index), output in zip(tiles, np.moveaxis(outputs, 1, -1), strict=True):
            corner = (m * (first + i) for (first, _), i in zip(block.tiles, index, strict=True))
            pixels = y[image][tuple(slice(c, c + m) for c in corner)]
            pixels[...] = output[tuple(slice(n) for n in pixels.shape[:-1])]

    def multiply(self, v: np.ndarray, product: np.ndarray, points: slice) -> None:
        """(points, tiles, C) @ (points, C, C_out) -> (points, tiles, C_out)."""
        weights, count = self.points[points], len(self.points)
        v = v.reshape(count, -1, v.shape[-1])[points]
        product = product.reshape(count, -1, product.shape[-1])[points]
        products.multiply(v, weights, product)

    def from_points(self, block: _Block, row: int, product: np.ndarray) -> None:
        """Write Aᵀ M A to y for every tile M in one row of tiles."""
        axes, matrix = len(block.tiles), self.matrices.outputs
        tiles = np.moveaxis(product, axes, 0)[_row(row, axes)]
        if self.bias is not None:
            tiles[(slice(None), *(POINT_ONE,) * axes)] += self.bias
        ranges = [(block.tiles[0][0] + row, block.tiles[0][0] + row + 1), *block.tiles[1:]]
        pixels = (slice(len(matrix) * first, len(matrix) * last) for first, last in ranges)
        _interpolate(matrix, tiles, self.y[(slice(*block.images), *pixels)], axes)


def _row(row: int, axes: int) -> tuple:
    """The index of one row of tiles in (..., *tiles, C)."""
    return (..., slice(row, row + 1)) + (slice(None),) * axes


def _to_points(
    matrix: np.ndarray, m: int, x: np.ndarray, before: Size, block: _Block, row: int, v: np.ndarray
) -> None:
    """Transform one row of tiles of x (N, *size, C) to v (*n, images, *tiles, C)."""
    axes = len(before)
    start, *others = block.starts(m, before)
    target = np.moveaxis(v, axes, 0)[_row(row, axes)]
    _evaluate(matrix, m, x[slice(*block.images)], (start + m * row, *others), target)


def _evaluate(matrix: np.ndarray, m: int, x: np.ndarray, starts: Size, v: np.ndarray) -> None:
    """v = matrix · D · matrixᵀ for the tiles D of x, the first at `starts`, m pixels apart.

    matrix (n, k), x (*lead, *size, C), v (*lead, *n, *tiles, C). Tiles are k × k. Along the first
    axis, one product transforms all pixels of a row of tiles; the n results are then transformed
    along the other axes in the same way.
    """
    axes, k = len(starts), matrix.shape[1]
    for i in range(v.shape[-1 - axes]):
        target = v[(..., i) + (slice(None),) * axes]
        strip, others = _strip(matrix, m, x, (starts[0] + m * i, *starts[1:]), target.shape[-axes])
        if axes > 2:
            _evaluate(matrix, m, strip, others, target)
            continue
        *lead, pixel, channel = strip.strides
        tiles = np.ndarray(  # views that overlap: (*lead, n, tiles, k, C)
            (*strip.shape[:-2], target.shape[-2], k, strip.shape[-1]),
            strip.dtype,
            strip,
            strides=(*lead, m * pixel, pixel, channel),
        )
        np.matmul(matrix, tiles, out=target.swapaxes(-3, -2))


def _strip(
    matrix: np.ndarray, m: int, x: np.ndarray, starts: Size, tiles: int
) -> tuple[np.ndarray, Size]:
    """matrix (n, k) times k rows of x -> a strip (*lead, n, *rest, C), and its starts.

    The rows begin at starts[0]; along the next axis the strip is as long as `tiles` tiles. Zeros
    surround x: for a row outside, the column of the matrix is left out; pixels outside are 0 on the
    last axis of size, and left out on others.
    """
    axes, (n, k) = len(starts), matrix.shape
    height, width = x.shape[-1 - axes], x.shape[-axes]
    start, stop = wide_tiles.inside(starts[0], k, height)
    length = m * (tiles - 1) + k
    begin, end = wide_tiles.inside(starts[1], length, width)
    inside = x[
        (..., slice(starts[0] + start, starts[0] + stop), slice(starts[1] + begin, starts[1] + end))
        + (slice(None),) * (axes - 1)
    ]
    lead, rest = x.shape[: -1 - axes], x.shape[1 - axes :]
    is_last = axes == 2
    shape = (*lead, n, length if is_last else end - begin, *rest)
    strip = memory.scratch(f"strip {axes}", shape, x.dtype)
    inner = strip[..., begin:end, :] if is_last else strip
    if is_last:
        strip[..., :begin, :] = 0
        strip[..., end:, :] = 0
    if start == stop or begin == end:
        strip[...] = 0
    else:  # all pixels and channels as one long row
        flat = inside.reshape(*lead, stop - start, -1)
        np.matmul(matrix[:, start:stop], flat, out=inner.reshape(*lead, n, -1))
    return strip, (0,) if is_last else (-begin, *starts[2:])


def _interpolate(matrix: np.ndarray, v: np.ndarray, y: np.ndarray, axes: int) -> None:
    """y = matrix · M · matrixᵀ for tiles M: v (*lead, *n, *tiles, C) -> y (*lead, *size, C).

    The last axis is transformed first: then one product turns a row of tiles into rows of pixels.
    """
    m = len(matrix)
    for i in range(v.shape[-1 - axes]):
        row = v[(..., i) + (slice(None),) * axes]  # (*lead, n, *n, *tiles, C)
        lead = row.shape[: -2 * axes + 1]
        if axes == 2:
            strip = memory.scratch("strip 2", (*lead, row.shape[-2], m, row.shape[-1]), v.dtype)
            np.matmul(matrix, row.swapaxes(-3, -2), out=strip)
        else:
            strip = memory.scratch(f"strip {axes}", (*lead, *y.shape[-axes:]), v.dtype)
            _interpolate(matrix, row, strip, axes - 1)
        pixels = y[(..., slice(m * i, m * i + m)) + (slice(None),) * axes]
        out = pixels.reshape(*pixels.shape[:-axes], -1)
        flat = strip.reshape(*lead, -1)[..., : out.shape[-1]]
        np.matmul(matrix[: out.shape[-2]], flat, out=out)


def _unpadded(axes: int) -> Window:
    """The window of a 3×3 convolution without padding."""
    return Window((TAPS,) * axes, (1,) * axes, ((0, 0),) * axes, (1,) * axes)


def _split(count: int, most: int) -> list[Range]:
    """0..count in equal ranges of at most `most`."""
    parts = -(-count // most)
    size = -(-count // parts)
    return [(start, min(start + size, count)) for start in range(0, count, size)]


# -- the gradient of the weights -------------------------------------------------------------------


def conv_grad_weight(
    x: np.ndarray, g: np.ndarray, window: Window, groups: int = 1, m: int | None = None
) -> np.ndarray:
    """The adjoint of `conv` in weight: x, g (N, C_out, H', W') -> (C_out, C_in, 3, 3).

    Each m × m tile of g is a kernel over a tile of the input, with 3×3 outputs: this is F(3, m), at
    the same points. The products of all tiles are summed at the points and transformed back once.
    """
    before = tuple(pair[0] for pair in window.padding)
    m = m or tile(len(x), g.shape[2:])
    x, g = (np.moveaxis(channels_last(a), 1, -1) for a in (x, g))
    tiles = math.prod(-(-size // m) for size in g.shape[1:-1]) * len(g)
    tiles_per_thread = max(LEAST_TILES, -(-tiles // parallel.threads()))
    block_tiles = min(GRADIENT_BLOCK_TILES, tiles_per_thread)
    blocks = _blocks((*g.shape[:-1], x.shape[-1]), m, block_tiles)
    gradient = _WeightGradient(x, g, before, m)
    shares = _split(len(blocks), -(-len(blocks) // parallel.threads()))
    sums = parallel.gather(lambda share: gradient.sum_over(blocks[slice(*share)]), shares)
    points, exact = (functools.reduce(np.add, parts) for parts in zip(*sums, strict=True))
    matrix = _on_each_axis(transforms(TAPS, x.dtype, m).outputs, len(before))
    weight = products.matmul(matrix, points.reshape(len(points), -1))
    weight = weight.reshape(*(TAPS,) * len(before), *points.shape[1:])  # (*kernel, C_in, C_out)
    return np.ascontiguousarray(np.moveaxis(weight, (-1, -2), (0, 1))) + exact


@dataclass
class _WeightGradient:
    """The sums over tiles of x (N, *in, C) and g (N, *out, C_out)."""

    x: np.ndarray
    g: np.ndarray
    before: Size
    m: int

    def sum_over(self, blocks: list[_Block]) -> tuple[np.ndarray, Any]:
        """The sum at the points (n², C, C_out), and that of wide tiles (C_out, C, 3, 3) or 0."""
        n, axes = self.m + TAPS - 1, len(self.before)
        points = np.zeros((n**axes, self.x.shape[-1], self.g.shape[-1]), self.x.dtype)
        exact: Any = np.zeros((), self.x.dtype)
        for block in blocks:
            wide = self.find_wide(block)
            with np.errstate(over="ignore", invalid="ignore") if wide else contextlib.nullcontext():
                v, k = self.to_points(block)
            for index in wide:
                for values in (v, k):
                    np.moveaxis(values, range(axes), range(-axes, 0))[index] = 0
            v, k = (a.reshape(n**axes, -1, a.shape[-1]) for a in (v, k))
            points += v.swapaxes(1, 2) @ k
            if wide:
                exact = exact + self.sum_exactly(block, wide)
        return points, exact

    def to_points(self, block: _Block) -> tuple[np.ndarray, np.ndarray]:
        """x and g of a block at the points: (*n, images, *tiles, C) and (..., C_out)."""
        _, inputs, kernels = transforms(TAPS, self.x.dtype, self.m)
        shape = (len(inputs),) * len(self.before) + block.shape
        v = memory.scratch("inputs at points", (*shape, self.x.shape[-1]), self.x.dtype)
        k = memory.scratch("outputs at points", (*shape, self.g.shape[-1]), self.x.dtype)
        for row in range(block.shape[1]):
            _to_points(inputs, self.m, self.x, self.before, block, row, v)
            _to_points(kernels, self.m, self.g, (0,) * len(self.before), block, row, k)
        return v, k

    def find_wide(self, block: _Block) -> list[wide_tiles.Tile]:
        """The tiles of x that differ too much between taps, and those of g between outputs."""
        images, m = slice(*block.images), self.m
        taps = tuple(m * (stop - start - 1) + TAPS for start, stop in block.tiles)
        outputs, first = block.counts(m, self.g.shape[1:-1]), block.starts(m, (0,) * len(taps))
        starts = block.starts(m, self.before)
        of_x = wide_tiles.find(self.x[images], starts, taps, m, m, TAPS)
        of_g = wide_tiles.find(self.g[images], first, outputs, 1, m, m)
        return list(dict.fromkeys(of_x + of_g))

    def sum_exactly(self, block: _Block, tiles: list[wide_tiles.Tile]) -> np.ndarray:
        """The sum over some tiles by im2col: (C_out, C, 3, 3).

        Tiles at the end of an axis are cut, since 0 times infinity would be NaN.
        """
        images, m, axes = slice(*block.images), self.m, len(self.before)
        starts, first = (block.starts(m, before) for before in (self.before, (0,) * axes))
        outputs = block.counts(m, self.g.shape[1:-1])
        sizes = [
            tuple(min(m, n - m * i) for n, i in zip(outputs, tile[1:], strict=True))
            for tile in tiles
        ]
        total: Any = 0
        for size in sorted(set(sizes)):
            part = [tile for tile, of_tile in zip(tiles, sizes, strict=True) if of_tile == size]
            larger = tuple(n + TAPS - 1 for n in size)
            x = wide_tiles.patches(self.x[images], part, m, starts, larger)
            g = wide_tiles.patches(self.g[images], part, m, first, size)
            total = total + im2col.conv_grad_weight(x, g, _unpadded(axes))
        return total


# -- the cache of transformed weights --------------------------------------------------------------

CACHE_BYTES = 2**29


class _Entry(NamedTuple):
    weight: weakref.ref
    contents: bytearray  # of the weight when it was transformed
    points: np.ndarray


_cache: dict[tuple, _Entry] = {}  # the least recently used first


def _points_of(weight: np.ndarray, m: int, dtype: Any, rotated: bool) -> np.ndarray | None:
    """weight (C_out, C_in, 3, 3) -> G W Gᵀ: (n², C_in, C_out), or (n², C_out, C_in) if rotated.

    None if the 9 weights of a kernel differ too much, as the pixels of a wide tile do.

    The result is cached. Weights may be written to in place, so each call compares all bytes with
    those that were transformed: reading 9 numbers costs much less than computing 36.
    """
    key = (id(weight), m, np.dtype(dtype), rotated)
    entry = _cache.pop(key, None)
    if entry is None or entry.weight() is not weight or entry.contents != _bytes(weight):
        turned = _rotated(weight) if rotated else weight
        rows, taps = np.moveaxis(turned, 1, -1), turned.shape[2:]
        if wide_tiles.find(rows, (0,) * len(taps), taps, 1, TAPS, TAPS):
            return None
        points = at_points(turned, m, dtype)
        reference = weakref.ref(weight, lambda _: _cache.pop(key, None))
        entry = _Entry(reference, bytearray(_bytes(weight)), points)
    _cache[key] = entry
    while sum(entry.points.nbytes for entry in list(_cache.values())) > CACHE_BYTES:
        _cache.pop(next(iter(_cache)), None)
    return entry.points


def _bytes(weight: np.ndarray) -> memoryview:
    """The contents of `weight`; copied only if it is not contiguous."""
    return np.ascontiguousarray(weight).data.cast("B")


def _rotated(weight: np.ndarray) -> np.ndarray:
    """The weight with channels exchanged and the kernel rotated by 180°."""
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
    """`matrix` along each of `axes` axes, as one matrix for flattened arrays (Kronecker)."""
    return functools.reduce(np.kron, [matrix] * axes)


def free() -> None:
    """Empty the cache of transformed weights."""
    _cache.clear()
