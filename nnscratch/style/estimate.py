"""What a style transfer will take, told before it starts: seconds, bytes, and whether in tiles.

Stands on `transfer`, of which it times a few steps on a small copy, and on `footprint`, which knows
the memory from the shapes alone.
"""

import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.style import scales
from nnscratch.style.footprint import PROCESS, picture_bytes, step_bytes
from nnscratch.style.scales import Size
from nnscratch.style.settings import Objective, Settings, Style
from nnscratch.style.tiles import tile_side, tiles_of
from nnscratch.style.transfer import Styles, as_styles, scaled_style, stylize

PROBE = 128**2  # pixels of the small copy; more take longer in proportion
STEPS = 4  # on it; the first is not counted
SETUP = 2.0  # a scale's targets and last losses, in steps
DETOUR = 1.5  # tiles go forward twice and back once, where a step goes once each way
SCIPY = 45 * 2**20  # its optimisers, which only L-BFGS loads


@dataclass(frozen=True)
class Estimate:
    """seconds of the whole run and of a step at full size; bytes of the process at its peak.

    tiles: into how many the picture is cut at full size, 1 where it is not
    """

    seconds: float
    seconds_per_step: float
    bytes: int
    tiles: int = 1

    def __str__(self) -> str:
        """Such as "about 3 min (0.52 s a step), 420 MiB"."""
        cut = f" in {self.tiles} tiles" if self.tiles > 1 else ""
        step = f"{self.seconds_per_step:.2g} s a step"
        return f"about {_duration(self.seconds)} ({step}), {self.bytes / 2**20:.0f} MiB{cut}"


def estimate(
    network: Any,
    content: np.ndarray,
    styles: Styles,
    objective: Objective | None = None,
    settings: Settings | None = None,
    max_memory: float | None = None,
) -> Estimate:
    """What `stylize` with the same arguments will take, within about 30 in 100.

    The time is for a machine as busy as now and a run that does not end early; to know it, four
    steps are taken at 128 × 128 pixels. The memory is this process's now and what comes on top.
    """
    work = _Work(
        network, content, as_styles(styles), objective or Objective(), settings, max_memory
    )
    memory = work.memory()
    per_pixel = work.seconds_per_pixel()
    seconds = [per_pixel * work.pixels_per_step(size) for size, _ in work.plan]
    total = sum(s * (count + SETUP) for s, (_, count) in zip(seconds, work.plan, strict=True))
    return Estimate(total, seconds[-1], memory, work.tiles(content.shape[1:])[0])


class _Work:
    """The arguments of a transfer, and what follows from them for a size."""

    def __init__(
        self,
        network: Any,
        content: np.ndarray,
        styles: Sequence[Style],
        objective: Objective,
        settings: Settings | None,
        max_memory: float | None,
    ):
        self.network, self.content, self.styles = network, content, styles
        self.objective, self.settings = objective, settings or Settings()
        self.max_memory, self.plan = max_memory, self.settings.plan(content.shape[1:])

    def memory(self) -> int:
        """Bytes at the peak, which is at full size."""
        optimizer, shape = self.settings.optimizer, self.content.shape
        late = SCIPY if optimizer == "lbfgs" and "scipy.optimize" not in sys.modules else 0
        item = self.content.dtype.itemsize
        masks = sum(style.mask is not None for style in self.styles)
        shapes = [shape, *(style.image.shape for style in self.styles)]
        whole = max(step_bytes(self.network, self.objective, x, masks, item) for x in shapes)
        need = resident() + late + picture_bytes(optimizer, shape, item) + whole
        return need if self.max_memory is None else min(need, int(self.max_memory))

    def seconds_per_pixel(self) -> float:
        """Of a step, as timed on a small copy."""
        size = self.content.shape[1:]
        ratio = min(1.0, (PROBE / math.prod(size)) ** (1 / len(size)))
        small = scales.scaled(size, ratio)
        copy = scales.resize(self.content, small)
        styles = [scaled_style(style, ratio, small) for style in self.styles]
        times = [time.perf_counter()]
        settings = replace(self.settings, iterations=STEPS, scales=1)
        stylize(
            self.network,
            copy,
            styles,
            self.objective,
            settings,
            lambda step: times.append(time.perf_counter()),
        )
        return float(np.diff(times)[1:].min()) / math.prod(small)

    def pixels_per_step(self, size: Size) -> float:
        """That are worked through, some of them several times where tiles overlap."""
        count, seen = self.tiles(size)
        return math.prod(size) if count == 1 else DETOUR * seen

    def tiles(self, size: Size) -> tuple[int, int]:
        """How many tiles at `size`, and how many pixels they see together."""
        ratio = max(size) / max(self.content.shape[1:])
        content = _like(self.content, size)
        styles = [
            Style(_like(style.image, scales.scaled(style.image.shape[1:], ratio)))
            for style in self.styles
        ]
        given = (self.network, content, styles, self.objective)
        side = tile_side(*given, self.settings.optimizer, self.max_memory)
        if side is None:
            return 1, math.prod(size)
        grid = tiles_of(self.network, content.shape, self.objective, side)
        seen = sum(math.prod(b - a for a, b in tile.seen) for tile in grid.tiles)
        return len(grid.tiles), seen


def resident() -> int:
    """Bytes of memory that this process has now; a guess where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return PROCESS
    return pages * os.sysconf("SC_PAGE_SIZE")


def _like(picture: np.ndarray, size: Size) -> np.ndarray:
    """An array of that size that takes no memory."""
    return np.broadcast_to(np.zeros((), picture.dtype), (picture.shape[0], *size))


def _duration(seconds: float) -> str:
    """In the largest unit of which there are at least two."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
