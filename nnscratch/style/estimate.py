"""Estimates of what a style transfer takes: memory from shapes, time from its first steps.

Stands on `memory_use` and `tiles`.
"""

import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnscratch.style import scales
from nnscratch.style.descent import Step
from nnscratch.style.memory_use import PROCESS, margin_ratio, picture_bytes, step_bytes
from nnscratch.style.scales import Size
from nnscratch.style.settings import Style
from nnscratch.style.tiles import tile_side, tiles_of

STEPS = 4  # that are timed; the first also makes its scale's targets and is not counted
SETUP = 2.0  # steps that the targets and the last losses of a scale take
DETOUR = 1.5  # tiles go forward twice and back once, where a step goes once each way
SCIPY = 45 * 2**20  # bytes of its optimisers, which only L-BFGS loads
CGROUPS = (  # of Linux, versions 2 and 1: folder, limit, usage, and the files among it
    ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    (
        "/sys/fs/cgroup/memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


@dataclass(frozen=True)
class TimeEstimate:
    """Seconds until the end, and seconds of a step at full size."""

    seconds: float
    seconds_per_step: float

    def __str__(self) -> str:
        """Such as "about 3 min (0.52 s a step at full size)"."""
        step = f"{self.seconds_per_step:.2g} s a step at full size"
        return f"about {_duration(self.seconds)} ({step})"


class Estimator:
    """An estimate of the memory and, while the transfer runs, of the time of `stylize`.

    content (C, *size), styles: a list of Style, objective, settings, max_memory: as in `stylize`;
    bytes: of the process at its peak, within about 30 %; tiles: at full size, 1 if it is not cut.
    Raises ValueError if max_memory is too small for any tile.
    """

    def __init__(self, network, content, styles, objective, settings, max_memory=None):
        self.network, self.content, self.styles = network, content, styles
        self.objective, self.settings, self.max_memory = objective, settings, max_memory
        self.plan = settings.plan(content.shape[1:])
        works = [self._tiles_and_pixels(size) for size, _ in self.plan]
        self.tiles, self.pixels = works[-1][0], [pixels for _, pixels in works]
        self.bytes = self._peak()
        self._times: list[float] = []
        self._scale = 0

    def __str__(self) -> str:
        """Such as "about 420 MiB in 6 tiles"."""
        tiles = f" in {self.tiles} tiles" if self.tiles > 1 else ""
        return f"about {self.bytes / 2**20:.0f} MiB{tiles}"

    def after(self, step: Step) -> TimeEstimate | None:
        """To be called after each step of the transfer: an estimate after the fourth, else None.

        The steps must be of one scale. The estimate holds for a machine as busy as now and a run
        that does not converge early.
        """
        if len(self._times) == STEPS:
            return None
        if step.scale != self._scale:
            self._scale, self._times = step.scale, []
        self._times.append(time.perf_counter())
        if len(self._times) < STEPS:
            return None
        seconds = float(np.diff(self._times).min())
        before = sum(count for _, count in self.plan[: step.scale])
        done = max(0, step.iteration - before)
        return self.time(seconds / self.pixels[step.scale], step.scale, done)

    def time(self, seconds_per_pixel: float, scale: int = 0, done: int = 0) -> TimeEstimate:
        """The time from the iteration `done` of a scale to the end."""
        steps = [count + SETUP for _, count in self.plan[scale:]]
        steps[0] -= done
        work = sum(n * count for n, count in zip(self.pixels[scale:], steps, strict=True))
        return TimeEstimate(seconds_per_pixel * work, seconds_per_pixel * self.pixels[-1])

    def works(self) -> list[float]:
        """The pixels of each iteration, to which its time is proportional."""
        scales = zip(self.plan, self.pixels, strict=True)
        return [pixels for (_, count), pixels in scales for _ in range(count)]

    def check(self) -> None:
        """Raise ValueError if the machine has less free memory than the transfer is to take."""
        need, free = self.bytes - resident(), free_bytes()
        if free is not None and need > free:
            raise ValueError(
                f"style: it would take {self}, and only {free / 2**20:.0f} MiB are free; choose a "
                "smaller --size, tiles by --max-memory MIB, or --ignore-memory to go on anyway"
            )

    def _peak(self) -> int:
        """Bytes at the peak, which is at full size."""
        optimizer, shape = self.settings.optimizer, self.content.shape
        late = SCIPY if optimizer == "lbfgs" and "scipy.optimize" not in sys.modules else 0
        item = self.content.dtype.itemsize
        masks = sum(style.mask is not None for style in self.styles)
        shapes = [shape, *(style.image.shape for style in self.styles)]
        step = max(step_bytes(self.network, self.objective, x, masks, item) for x in shapes)
        need = resident() + late + picture_bytes(optimizer, shape, item) + step
        return need if self.max_memory is None else min(need, int(self.max_memory))

    def _tiles_and_pixels(self, size: Size) -> tuple[int, float]:
        """The number of tiles at `size`, and the pixels of a step, repeated ones included."""
        ratio = max(size) / max(self.content.shape[1:])
        content = _empty(self.content, size)
        styles = [
            Style(_empty(style.image, scales.scaled(style.image.shape[1:], ratio)))
            for style in self.styles
        ]
        arguments = (self.network, content, styles, self.objective)
        side = tile_side(*arguments, self.settings.optimizer, self.max_memory)
        if side is None:
            layers = {name for part in self.objective.layers_in(self.network) for name in part}
            return 1, margin_ratio(self.network, layers, size) * math.prod(size)
        grid = tiles_of(self.network, content.shape, self.objective, side)
        seen = sum(math.prod(b - a for a, b in tile.seen) for tile in grid.tiles)
        return len(grid.tiles), math.prod(size) if len(grid.tiles) == 1 else DETOUR * seen


def resident() -> int:
    """Bytes of memory that this process has now; a guess if the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return PROCESS
    return pages * os.sysconf("SC_PAGE_SIZE")


def free_bytes() -> int | None:
    """Bytes of memory that the machine, and the process's control group, have left, or None."""
    free = [_fields("/proc/meminfo").get("MemAvailable:")]
    for folder, limit, usage, cache in CGROUPS:
        most, used = _number(f"{folder}/{limit}"), _number(f"{folder}/{usage}")
        if most is not None and used is not None:  # files in memory can be dropped
            free.append(most - used + (_fields(f"{folder}/memory.stat").get(cache) or 0))
    return min((n for n in free if n is not None), default=None)


def _number(path: str) -> int | None:
    """The number in a file, or None."""
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):  # "max" is no limit
        return None


def _fields(path: str) -> dict[str, int]:
    """Lines such as "MemAvailable: 100 kB" of a file, in bytes."""
    try:
        lines = [line.split() for line in Path(path).read_text().splitlines()]
    except OSError:
        return {}
    return {words[0]: int(words[1]) * (1024 if words[-1] == "kB" else 1) for words in lines}


def _empty(picture: np.ndarray, size: Size) -> np.ndarray:
    """An array of that size that takes no memory."""
    return np.broadcast_to(np.zeros((), picture.dtype), (picture.shape[0], *size))


def _duration(seconds: float) -> str:
    """In the largest unit of which there are at least two."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
