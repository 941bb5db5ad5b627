"""The costs of a large picture and their exact gradient, a tile at a time.

Stands on `costs` and `footprint`. Features are local: those of a tile need no more of the picture
than the tile and a border of half a receptive field. The cost of a style is not, but it knows
features only through statistics that add up over places. So two passes do: one gathers the
statistics, without a graph; the slopes of the costs in them are then known, and the other computes
each tile's features again and sends the slopes back into its pixels.
Source: Galerne et al. 2022 (arXiv:2212.13459), section 3.
"""

import itertools
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.style.costs import CostParts, Costs, Features, Objective, Style, area_average
from nnscratch.style.footprint import (
    PROCESS,
    extents,
    kept_bytes,
    picture_bytes,
    step_bytes,
    used_layers,
)
from nnscratch.style.scales import Size
from nnscratch.style.statistics import STATISTICS, Kind
from nnscratch.style.vgg import VGG
from nnscratch.tensor import Tensor, as_tensor

Span = tuple[int, int]  # from, up to


# -- where tiles lie ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tile:
    """What a tile answers for (core) and what it looks at for that (seen), in pixels."""

    core: tuple[Span, ...]
    seen: tuple[Span, ...]


@dataclass(frozen=True)
class Grid:
    """Tiles over a picture of `size`, and where they lie in layers.

    jumps: pixels from one place of a layer to the next; places: of the layer, both on each axis
    """

    size: Size
    tiles: list[Tile]
    jumps: dict[str, Size]
    places: dict[str, Size]

    @classmethod
    def of(
        cls, network: Any, layers: Iterable[str], channels: int, size: Size, side: int
    ) -> "Grid":
        """Tiles whose cores are at most `side` long.

        They begin at multiples of all strides, so that poolings pool the same pixels. An axis that
        wraps where strides do not divide it is not cut. Raises ValueError for a network whose
        layers are not as large as the picture over the stride.
        """
        shapes = extents(network, layers, channels, size)
        wraps = getattr(network, "padding", "constant") == "wrap"
        _check_layers(shapes, size)
        jumps = {name: x.jump for name, x in shapes.items()}
        axes = []
        for axis, n in enumerate(size):
            jump = max(x.jump[axis] for x in shapes.values())
            halo = max((x.field[axis] - x.jump[axis]) // 2 for x in shapes.values())
            axes.append(cut(n, side, jump, _ceil(halo, jump), wraps))
        tiles = [Tile(*zip(*spans, strict=True)) for spans in itertools.product(*axes)]
        return cls(size, tiles, jumps, {name: x.shape[2:] for name, x in shapes.items()})

    def inside(self, tile: Tile, layer: str) -> tuple[slice, ...]:
        """Index of the core in the layer's features of the whole picture (1, C, *places)."""
        axes = zip(tile.core, self.size, self.jumps[layer], self.places[layer], strict=True)
        cores = (slice(a // j, k if b == n else b // j) for (a, b), n, j, k in axes)
        return (slice(None), slice(None), *cores)

    def within(self, tile: Tile, layer: str) -> tuple[slice, ...]:
        """Index of the core in the layer's features of the seen pixels."""
        starts = [a // j for (a, _), j in zip(tile.seen, self.jumps[layer], strict=True)]
        cores = zip(self.inside(tile, layer)[2:], starts, strict=True)
        return (slice(None), slice(None), *(slice(c.start - a, c.stop - a) for c, a in cores))

    def pixels(self, tile: Tile) -> tuple[Any, ...]:
        """Index of the seen pixels in (1, C, *size); what is beyond a border lies opposite."""
        spans = list(zip(tile.seen, self.size, strict=True))
        if all(a >= 0 and b <= n for (a, b), n in spans):
            return (slice(None), slice(None), *(slice(a, b) for a, b in tile.seen))
        places = np.ix_(*(np.arange(a, b) % n for (a, b), n in spans))
        return (slice(None), slice(None), *places)


def cut(n: int, side: int, jump: int, halo: int, wraps: bool) -> list[tuple[Span, Span]]:
    """An axis of n pixels in (core, seen) spans, the cores at most `side` long and alike.

    halo: pixels seen on each side of a core, a multiple of jump, up to the border or, where the
    picture wraps, beyond
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


def _check_layers(shapes: Mapping[str, Any], size: Size) -> None:
    for name, x in shapes.items():
        if x.shape[2:] != tuple(n // j for n, j in zip(size, x.jump, strict=True)):
            raise ValueError(
                f"tiles: expected layers as large as the picture over their stride, got {name} of "
                f"{x.shape[2:]} for {size} and stride {x.jump}; do without max_memory"
            )


# -- what is seen through them --------------------------------------------------------------------


class Region:
    """Where a style applies, on the grid of each layer, and what a tile adds to its statistics."""

    def __init__(
        self, mask_at: Callable[[Size], Any], grid: Grid, layers: Iterable[str], kind: Kind
    ):
        self.grid, self.kind = grid, kind
        self.masks = {name: mask_at(grid.places[name]) for name in layers}
        self.energy = {
            name: math.prod(grid.places[name]) if mask is None else float((mask**2).sum())
            for name, mask in self.masks.items()
        }

    def parts(self, features: Features, tile: Tile) -> Iterator[tuple[str, Tensor]]:
        """(layer, statistic of the core · its share), for layers where there is one."""
        for name, mask in self.masks.items():
            core = features[name]
            weights = None if mask is None else mask[self.grid.inside(tile, name)[2:]]
            own = math.prod(core.shape[2:]) if weights is None else float((weights**2).sum())
            if own:  # 0 where the tile is black, or has no place in a layer this deep
                yield name, self.kind.statistic(core, weights) * (own / self.energy[name])


class TiledNetwork:
    """A network seen through tiles whose cores are at most `side` pixels long."""

    def __init__(self, network: Any, side: int):
        self.network, self.side, self.layers = network, side, network.layers

    def grid(self, shape: Size, layers: Iterable[str]) -> Grid:
        """Tiles for a picture of `shape` (C, *size)."""
        return Grid.of(self.network, layers, shape[0], shape[1:], self.side)

    def cores(self, seen: Tensor, layers: Iterable[str], grid: Grid, tile: Tile) -> Features:
        """Features of a tile's core, given its seen pixels."""
        features = self.network.features(seen, layers)
        return {name: x[grid.within(tile, name)] for name, x in features.items()}

    def features(self, images: Any, layers: Iterable[str]) -> Features:
        """images (1, C, *size) -> {name: features}; without a graph, the same numbers."""
        layers = list(layers)
        image = as_tensor(images).numpy()
        return self.gathered(image, self.grid(image.shape[1:], layers), layers)[0]

    def gathered(
        self,
        image: np.ndarray,
        grid: Grid,
        kept: Iterable[str],
        regions: Mapping[int, Region] | None = None,
    ) -> tuple[Features, dict[int, Features]]:
        """The features of the layers in `kept`, and {region: {layer: statistic}}."""
        kept, regions = list(kept), regions or {}
        layers = {*kept, *(name for region in regions.values() for name in region.masks)}
        whole: dict[str, np.ndarray] = {}
        sums: dict[int, dict[str, Any]] = {number: {} for number in regions}
        with no_grad():
            for tile in grid.tiles:
                features = self.cores(Tensor(image[grid.pixels(tile)]), layers, grid, tile)
                for name in kept:
                    _put_into(whole, name, features[name].data, grid, tile)
                for number, region in regions.items():
                    _add_to(sums[number], region.parts(features, tile))
        return _tensors(whole), {number: _tensors(values) for number, values in sums.items()}


def _mask_at(mask: Any, size: Size) -> Any:
    return None if mask is None else area_average(mask, size)


def _put_into(
    whole: dict[str, np.ndarray], name: str, core: np.ndarray, grid: Grid, tile: Tile
) -> None:
    shape = (1, core.shape[1], *grid.places[name])
    whole.setdefault(name, np.empty(shape, core.dtype))[grid.inside(tile, name)] = core


def _add_to(sums: dict[str, Any], parts: Iterable[tuple[str, Tensor]]) -> None:
    """In float64: many parts add up, and a covariance is a small difference of large sums."""
    for name, part in parts:
        sums[name] = sums.get(name, 0.0) + part.data.astype(np.float64)


def _tensors(arrays: Mapping[str, np.ndarray]) -> Features:
    return {name: Tensor(x) for name, x in arrays.items()}


# -- the costs ------------------------------------------------------------------------------------


class Whole:
    """Costs and their gradient in one piece."""

    def __init__(self, costs: Costs):
        self.costs = costs

    def value(self, image: np.ndarray) -> CostParts:
        """image (1, C, *size) -> its costs, without a graph."""
        with no_grad():
            return self.costs(Tensor(image))

    def gradient(self, image: np.ndarray) -> tuple[CostParts, np.ndarray]:
        """image (1, C, *size) -> its costs and their gradient (1, C, *size)."""
        leaf = Tensor(image, requires_grad=True)
        parts = self.costs(leaf)
        parts.total.backward()
        return parts, _gradient(leaf)


class Tiled:
    """As `Whole`, up to rounding, in tiles whose cores are at most `side` pixels long.

    Statistics that are not additive (sliced) are computed from features of the whole picture, as
    costs of contents are: these are kept, though never with their graph.
    """

    def __init__(
        self,
        network: Any,
        content: np.ndarray,
        styles: Sequence[Style],
        objective: Objective,
        side: int,
        cached: Sequence[Features] | None = None,
    ):
        self.kind, self.network = STATISTICS[objective.style_kind], TiledNetwork(network, side)
        if cached is None and self.kind.additive:
            cached = self._targets(styles, objective)
        seen_as = cast(VGG, self.network)
        self.costs = Costs(seen_as, content, styles, objective, cached)
        costs, style_layers = self.costs, list(self.costs.style_layers)
        self.kept = list(costs.content_layers) if self.kind.additive else costs.layers
        self.grid = self.network.grid(content.shape, costs.layers)
        self.regions = {
            number: Region(partial(costs.mask_at, number), self.grid, style_layers, self.kind)
            for number in (set(costs.regions) if self.kind.additive else ())
        }

    def _targets(self, styles: Sequence[Style], objective: Objective) -> list[Features]:
        """The statistics of each style, none of whose features are held whole."""
        layers = used_layers(self.network, objective)[1]
        return [self._target(style, layers) for style in styles]

    def _target(self, style: Style, layers: list[str]) -> Features:
        if not layers:
            return {}
        grid = self.network.grid(style.image.shape, layers)
        at = partial(_mask_at, style.own_mask)
        region = Region(at, grid, layers, self.kind)
        found = self.network.gathered(style.image[None], grid, (), {0: region})[1][0]
        return {name: found[name] for name in layers}

    def value(self, image: np.ndarray) -> CostParts:
        """image (1, C, *size) -> its costs, without a graph."""
        with no_grad():
            return self._costs(Tensor(image), *self._gathered(image))

    def gradient(self, image: np.ndarray) -> tuple[CostParts, np.ndarray]:
        """image (1, C, *size) -> its costs and their gradient (1, C, *size)."""
        leaf = Tensor(image, requires_grad=True)
        kept, statistics = self._gathered(image)
        for features in (kept, *statistics.values()):
            for x in features.values():
                x.requires_grad = True
        parts = self._costs(leaf, kept, statistics)
        parts.total.backward()
        gradient = _gradient(leaf)  # of the variation, so far
        for tile in self.grid.tiles:
            pixels = self.grid.pixels(tile)
            gradient[pixels] += self._slope(image[pixels], tile, kept, statistics)
        return parts, gradient

    def _gathered(self, image: np.ndarray) -> tuple[Features, dict[int, Features]]:
        return self.network.gathered(image, self.grid, self.kept, self.regions)

    def _costs(self, image: Tensor, kept: Features, statistics: dict[int, Features]) -> CostParts:
        """Raises ValueError where they are not finite."""
        costs = self.costs
        parts = CostParts(
            costs.content_cost(kept, image),
            costs.style_cost(statistics if self.kind.additive else costs.statistics(kept), image),
            costs.variation(image),
        )
        if not math.isfinite(parts.total.item()):
            self.costs(image.detach())  # which raises, and names the layer
        return parts

    def _slope(
        self, pixels: np.ndarray, tile: Tile, kept: Features, statistics: dict[int, Features]
    ) -> np.ndarray:
        """What the costs' slopes in kept features and statistics mean for the seen pixels."""
        seen = Tensor(pixels, requires_grad=True)
        features = self.network.cores(seen, self.costs.layers, self.grid, tile)
        terms = [
            (part * statistics[number][name].grad).sum()
            for number, region in self.regions.items()
            for name, part in region.parts(features, tile)
            if statistics[number][name].grad is not None
        ]
        terms += [
            (features[name] * slope.data[self.grid.inside(tile, name)]).sum()
            for name in self.kept
            if (slope := kept[name].grad) is not None
        ]
        sum(terms, 0.0 * seen.sum()).backward()
        return _gradient(seen)


Evaluation = Whole | Tiled


def _gradient(leaf: Tensor) -> np.ndarray:
    """Its gradient, in an array of its own."""
    return np.zeros_like(leaf.data) if leaf.grad is None else leaf.grad.numpy().copy()


def evaluation(
    network: Any,
    content: np.ndarray,
    styles: Sequence[Style],
    objective: Objective,
    optimizer: str = "adam",
    max_memory: float | None = None,
    cached: Sequence[Features] | None = None,
) -> Evaluation:
    """The costs in one piece or, where that takes more than max_memory bytes, in tiles.

    cached: the styles' targets, see costs.Costs
    """
    side = tile_side(network, content, styles, objective, optimizer, max_memory)
    if side is None:
        return Whole(Costs(network, content, styles, objective, cached))
    return Tiled(network, content, styles, objective, side, cached)


def tile_side(
    network: Any,
    content: np.ndarray,
    styles: Sequence[Style],
    objective: Objective,
    optimizer: str = "adam",
    max_memory: float | None = None,
) -> int | None:
    """How long tiles may be in pixels: None where none are needed.

    It depends on its arguments only, not on the machine. Raises ValueError where the smallest tiles
    take more than max_memory bytes.
    """
    shapes = [content.shape, *(style.image.shape for style in styles)]
    masks = sum(style.mask is not None for style in styles)
    itemsize, size = content.dtype.itemsize, max(max(shape[1:]) for shape in shapes)
    pictures = PROCESS + picture_bytes(optimizer, content.shape, itemsize)
    whole = max(step_bytes(network, objective, shape, masks, itemsize) for shape in shapes)
    if max_memory is None or pictures + whole <= max_memory:
        return None
    jump, halo = _alignment(network, objective, content.shape)
    if getattr(network, "padding", None) == "wrap" and any(n % jump for n in content.shape[1:]):
        raise ValueError(
            f"style: expected sides that {jump} divides, for tiles with padding by wrapping, got "
            f"{content.shape[1:]}; choose such a size, or more max_memory"
        )
    kept = kept_bytes(network, objective, content.shape, itemsize)

    def need(steps: int) -> int:
        seen = (
            *content.shape[:1],
            *(min(size, steps * jump + 2 * halo) for _ in content.shape[1:]),
        )
        return pictures + kept + step_bytes(network, objective, seen, masks + 2, itemsize)

    if need(1) > max_memory:
        raise ValueError(
            f"style: expected max_memory of at least {-(-need(1) // 2**20)} MiB for {content.shape}"
            f", got {max_memory / 2**20:.0f}; allow more, or choose a smaller size"
        )
    return jump * (bisect_right(range(1, size // jump + 2), max_memory, key=need))


def tiles_of(network: Any, shape: Size, objective: Objective, side: int) -> Grid:
    """The tiles of a picture of `shape` (C, *size) whose cores are at most `side` long."""
    content, style = used_layers(network, objective)
    return Grid.of(network, {*content, *style}, shape[0], shape[1:], side)


def _alignment(network: Any, objective: Objective, shape: Size) -> tuple[int, int]:
    """What tiles begin at multiples of, and how much more they see on each side."""
    content, style = used_layers(network, objective)
    layers = extents(network, {*content, *style}, shape[0], shape[1:]).values()
    jump = max(max(x.jump) for x in layers)
    return jump, _ceil((max(max(x.field) for x in layers) - 1) // 2, jump)
