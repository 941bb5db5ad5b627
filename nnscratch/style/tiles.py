"""The costs of a large picture and their exact gradient, a tile at a time.

Stands on `costs` and `memory_use`. Features are local: those of a tile depend on the tile and a
border of half a receptive field. The cost of a style depends on all features, but only through
statistics that add up over positions. So there are two passes: the first gathers the statistics,
without a graph, which gives the gradients of the costs in them; the second computes each tile's
features again and propagates those gradients to its pixels.
Source: Galerne et al. 2022 (arXiv:2212.13459), section 3.
"""

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.style import costs as whole
from nnscratch.style.costs import CostParts, Costs, Features, area_average, gradient_of
from nnscratch.style.memory_use import PROCESS, extents, kept_bytes, picture_bytes, step_bytes
from nnscratch.style.scales import Size
from nnscratch.style.settings import Objective
from nnscratch.style.statistics import STATISTICS, StyleStatistic
from nnscratch.tensor import Tensor, as_tensor

Span = tuple[int, int]  # start and stop
Gathered = tuple[Features, dict[int, Features]]  # whole features; statistics of each region


# -- the grid of tiles ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Tile:
    """The pixels whose features a tile computes (core), and the pixels it needs for that (seen)."""

    core: tuple[Span, ...]
    seen: tuple[Span, ...]


@dataclass(frozen=True)
class Grid:
    """Tiles over a picture of `size`, and their positions in layers.

    jumps: pixels from one position of a layer to the next; positions: the size of the layer
    """

    size: Size
    tiles: list[Tile]
    jumps: dict[str, Size]
    positions: dict[str, Size]

    @classmethod
    def of(cls, network, layers, channels: int, size: Size, side: int) -> "Grid":
        """Tiles whose cores are at most `side` long.

        They begin at multiples of all strides, so that poolings pool the same pixels. An axis that
        wraps and that the strides do not divide is not cut. Raises ValueError for a network whose
        layers are not as large as the picture over the stride.
        """
        shapes = extents(network, layers, channels, size)
        padding = getattr(network, "padding", "constant")
        up = padding == "mirror"  # counts the last pixels that do not fill a window
        for name, x in shapes.items():
            if x.shape[2:] != tuple(
                (n + up * (j - 1)) // j for n, j in zip(size, x.jump, strict=True)
            ):
                raise ValueError(
                    f"tiles: expected layers as large as the picture over their stride, got {name} "
                    f"of {x.shape[2:]} for {size} and stride {x.jump}; do without max_memory"
                )
        axes = []
        for axis, n in enumerate(size):
            jump = max(x.jump[axis] for x in shapes.values())
            halo = max((x.field[axis] - x.jump[axis]) // 2 for x in shapes.values())
            axes.append(cut(n, side, jump, _ceil(halo, jump), padding == "wrap"))
        tiles = [Tile(*zip(*spans, strict=True)) for spans in itertools.product(*axes)]
        jumps = {name: x.jump for name, x in shapes.items()}
        return cls(size, tiles, jumps, {name: x.shape[2:] for name, x in shapes.items()})

    def inside(self, tile: Tile, layer: str) -> tuple[slice, ...]:
        """Index of the core in the layer's features of the whole picture (1, C, *positions)."""
        axes = zip(tile.core, self.size, self.jumps[layer], self.positions[layer], strict=True)
        cores = (slice(a // j, k if b == n else b // j) for (a, b), n, j, k in axes)
        return (slice(None), slice(None), *cores)

    def within(self, tile: Tile, layer: str) -> tuple[slice, ...]:
        """Index of the core in the layer's features of the seen pixels."""
        starts = [a // j for (a, _), j in zip(tile.seen, self.jumps[layer], strict=True)]
        cores = zip(self.inside(tile, layer)[2:], starts, strict=True)
        return (slice(None), slice(None), *(slice(c.start - a, c.stop - a) for c, a in cores))

    def pixels(self, tile: Tile) -> tuple[Any, ...]:
        """Index of the seen pixels in (1, C, *size); beyond a border it wraps around."""
        spans = list(zip(tile.seen, self.size, strict=True))
        if all(a >= 0 and b <= n for (a, b), n in spans):
            return (slice(None), slice(None), *(slice(a, b) for a, b in tile.seen))
        positions = np.ix_(*(np.arange(a, b) % n for (a, b), n in spans))
        return (slice(None), slice(None), *positions)


def cut(n: int, side: int, jump: int, halo: int, wraps: bool) -> list[tuple[Span, Span]]:
    """Cut an axis of n pixels into (core, seen) spans, the cores of equal length up to `side`.

    halo: pixels seen on each side of a core, a multiple of jump; where the picture wraps, also
    beyond the border
    """
    core = _ceil(-(-n // -(-n // side)), jump)
    if core >= n or (wraps and (n % jump or core + 2 * halo >= n)):
        return [((0, n), (0, n))]
    cores = [(a, min(a + core, n)) for a in range(0, n, core)]
    if wraps:
        return [((a, b), (a - halo, b + halo)) for a, b in cores]
    return [((a, b), (max(0, a - halo), min(n, b + halo))) for a, b in cores]


def _ceil(n: int, step: int) -> int:
    return -(-n // step) * step


# -- features and statistics of tiles --------------------------------------------------------------


class Region:
    """The positions of each layer where a style applies, and what a tile adds to their statistics.

    mask_at: size of a layer -> mask on its grid, or None for everywhere
    """

    def __init__(self, mask_at, grid: Grid, layers: Iterable[str], statistic: StyleStatistic):
        self.grid, self.statistic = grid, statistic
        self.masks = {name: mask_at(grid.positions[name]) for name in layers}
        self.energy = {
            name: math.prod(grid.positions[name]) if mask is None else float((mask**2).sum())
            for name, mask in self.masks.items()
        }

    def contributions(self, features: Features, tile: Tile) -> Iterator[tuple[str, Tensor]]:
        """(layer, statistic of the core · its share); none of layers where the share is 0."""
        for name, mask in self.masks.items():
            core = features[name]
            weights = None if mask is None else mask[self.grid.inside(tile, name)[2:]]
            energy = math.prod(core.shape[2:]) if weights is None else float((weights**2).sum())
            if energy:  # 0 where the tile is black, or has no position in a layer this deep
                share = energy / self.energy[name]
                yield name, self.statistic.statistic(core, weights) * share


class TiledNetwork:
    """A network that computes features in tiles whose cores are at most `side` pixels long."""

    def __init__(self, network: Any, side: int):
        self.network, self.side, self.layers = network, side, network.layers

    def grid(self, shape: Size, layers: Iterable[str]) -> Grid:
        """Tiles for a picture of `shape` (C, *size)."""
        return Grid.of(self.network, layers, shape[0], shape[1:], self.side)

    def cores(self, pixels: Tensor, layers: Iterable[str], grid: Grid, tile: Tile) -> Features:
        """Features of a tile's core, given the pixels that the tile sees."""
        features = self.network.features(pixels, layers)
        return {name: x[grid.within(tile, name)] for name, x in features.items()}

    def features(self, images: Any, layers: Iterable[str]) -> Features:
        """images (1, C, *size) -> {name: features}; without a graph, the same numbers."""
        layers = list(layers)
        image = as_tensor(images).numpy()
        return self.gather(image, self.grid(image.shape[1:], layers), layers, {})[0]

    def gather(self, image, grid: Grid, layers, regions: Mapping[int, Region]) -> Gathered:
        """The whole features of `layers`, and {region: {layer: statistic}}, without a graph.

        Statistics add up in float64, as a covariance is a small difference of large sums.
        """
        needed = {*layers, *(name for region in regions.values() for name in region.masks)}
        features: dict[str, np.ndarray] = {}
        sums: dict[int, dict[str, Any]] = {number: {} for number in regions}
        with no_grad():
            for tile in grid.tiles:
                cores = self.cores(Tensor(image[grid.pixels(tile)]), needed, grid, tile)
                for name in layers:
                    core = cores[name].data
                    if name not in features:
                        shape = (1, core.shape[1], *grid.positions[name])
                        features[name] = np.empty(shape, core.dtype)
                    features[name][grid.inside(tile, name)] = core
                for number, region in regions.items():
                    for name, part in region.contributions(cores, tile):
                        exact = part.data.astype(np.float64)
                        sums[number][name] = sums[number].get(name, 0.0) + exact
        return _tensors(features), {number: _tensors(x) for number, x in sums.items()}


def _tensors(arrays: Mapping[str, np.ndarray]) -> Features:
    return {name: Tensor(x) for name, x in arrays.items()}


def style_targets(network, styles, objective: Objective, side: int | None) -> list[Features]:
    """As costs.style_targets; in tiles, which hold no features whole, where side is a number.

    Statistics that are not additive (sliced) need the whole features.
    """
    statistic = STATISTICS[objective.style_kind]
    if side is None:
        return whole.style_targets(network, styles, objective)
    network, layers = TiledNetwork(network, side), list(objective.layers_in(network)[1])
    if not statistic.additive or not layers:
        return whole.style_targets(network, styles, objective)
    targets = []
    for style in styles:
        grid = network.grid(style.image.shape, layers)
        region = Region(partial(area_average, style.own_mask), grid, layers, statistic)
        statistics = network.gather(style.image[None], grid, (), {0: region})[1][0]
        targets.append({name: statistics[name] for name in layers})
    return targets


# -- the costs ------------------------------------------------------------------------------------


class TiledCosts:
    """`Costs` up to rounding, in tiles whose cores are at most `side` pixels long.

    The features of content layers, and of all layers for a statistic that is not additive (sliced),
    are kept for the whole picture, though never with their graph.
    """

    def __init__(self, network, content, styles, objective: Objective, side: int, targets=None):
        if targets is None:
            targets = style_targets(network, styles, objective, side)
        self.network, self.statistic = TiledNetwork(network, side), STATISTICS[objective.style_kind]
        self.costs = Costs(self.network, content, styles, objective, targets)
        self.grid = self.network.grid(content.shape, self.costs.layers)
        self.whole_layers, self.regions = self.costs.layers, dict[int, Region]()
        if self.statistic.additive:
            self.whole_layers = list(self.costs.content_layers)
            for i in set(self.costs.regions):
                mask_at = partial(self.costs.mask_at, i)
                style_layers = self.costs.style_layers
                self.regions[i] = Region(mask_at, self.grid, style_layers, self.statistic)

    def value(self, image: np.ndarray) -> CostParts:
        """image (1, C, *size) -> its costs, without a graph."""
        with no_grad():
            return self._costs(Tensor(image), *self._gather(image))

    def gradient(self, image: np.ndarray) -> tuple[CostParts, np.ndarray]:
        """image (1, C, *size) -> its costs and their gradient (1, C, *size)."""
        leaf = Tensor(image, requires_grad=True)
        features, statistics = self._gather(image)
        for tensors in (features, *statistics.values()):
            for x in tensors.values():
                x.requires_grad = True
        parts = self._costs(leaf, features, statistics)
        parts.total.backward()
        gradient = gradient_of(leaf)  # of the variation, so far
        for tile in self.grid.tiles:
            pixels = self.grid.pixels(tile)
            gradient[pixels] += self._tile_gradient(image[pixels], tile, features, statistics)
        return parts, gradient

    def _gather(self, image: np.ndarray) -> Gathered:
        return self.network.gather(image, self.grid, self.whole_layers, self.regions)

    def _costs(self, image: Tensor, features: Features, statistics) -> CostParts:
        """Raises ValueError where they are not finite."""
        costs = self.costs
        if not self.statistic.additive:
            statistics = costs.statistics(features)
        parts = costs.parts(features, statistics, image)
        if not math.isfinite(parts.total.item()):
            costs(image.detach())  # which raises, and names the layer
        return parts

    def _tile_gradient(self, pixels, tile: Tile, features: Features, statistics) -> np.ndarray:
        """The gradients in whole features and statistics, propagated to a tile's pixels."""
        leaf = Tensor(pixels, requires_grad=True)
        cores = self.network.cores(leaf, self.costs.layers, self.grid, tile)
        terms = [
            (part * statistics[number][name].grad).sum()
            for number, region in self.regions.items()
            for name, part in region.contributions(cores, tile)
            if statistics[number][name].grad is not None
        ]
        terms += [
            (cores[name] * gradient.data[self.grid.inside(tile, name)]).sum()
            for name in self.whole_layers
            if (gradient := features[name].grad) is not None
        ]
        sum(terms, 0.0 * leaf.sum()).backward()
        return gradient_of(leaf)


# -- how large tiles may be -----------------------------------------------------------------------


def tile_side(network, content, styles, objective, optimizer="adam", max_memory=None) -> int | None:
    """The longest side of tiles in pixels; None where max_memory (bytes) suffices without tiles.

    It depends on the arguments alone, not on the machine. Raises ValueError where the smallest
    tiles take more than max_memory.
    """
    shapes = [content.shape, *(style.image.shape for style in styles)]
    masks = sum(style.mask is not None for style in styles)
    channels, *size = content.shape
    itemsize, longest = content.dtype.itemsize, max(max(shape[1:]) for shape in shapes)
    pictures = PROCESS + picture_bytes(optimizer, content.shape, itemsize)
    untiled = max(step_bytes(network, objective, shape, masks, itemsize) for shape in shapes)
    if max_memory is None or pictures + untiled <= max_memory:
        return None
    jump, halo = _alignment(network, objective, content.shape)
    if getattr(network, "padding", None) == "wrap" and any(n % jump for n in size):
        raise ValueError(
            f"style: expected sides that {jump} divides, for tiles with padding by wrapping, got "
            f"{tuple(size)}; choose such a size, or more max_memory"
        )
    fixed = pictures + kept_bytes(network, objective, content.shape, itemsize)

    def need(steps: int) -> int:
        """Bytes for tiles whose cores are steps · jump long."""
        seen = (channels, *(min(longest, steps * jump + 2 * halo) for _ in size))
        return fixed + step_bytes(network, objective, seen, masks + 2, itemsize)

    if need(1) > max_memory:
        raise ValueError(
            f"style: expected max_memory of at least {-(-need(1) // 2**20)} MiB for {content.shape}"
            f", got {max_memory / 2**20:.0f}; allow more, or choose a smaller size"
        )
    return jump * bisect_right(range(1, longest // jump + 2), max_memory, key=need)


def tiles_of(network: Any, shape: Size, objective: Objective, side: int) -> Grid:
    """The tiles of a picture of `shape` (C, *size) whose cores are at most `side` long."""
    return TiledNetwork(network, side).grid(shape, _layers(network, objective))


def _alignment(network: Any, objective: Objective, shape: Size) -> tuple[int, int]:
    """The pixels that tiles begin at multiples of, and how many more they see on each side."""
    layers = extents(network, _layers(network, objective), shape[0], shape[1:]).values()
    jump = max(max(x.jump) for x in layers)
    return jump, _ceil((max(max(x.field) for x in layers) - 1) // 2, jump)


def _layers(network: Any, objective: Objective) -> set[str]:
    content, style = objective.layers_in(network)
    return {*content, *style}
