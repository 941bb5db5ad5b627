"""How fast and how accurate each algorithm is, on a given convolution and on this machine.

Stands on `registry` and the engines. All algorithms that can compute a convolution take turns.
Their times are compared with two limits of the machine, their results with the definition in
float64.

**The roofline.** A machine multiplies at most so many numbers a second (`Machine.gflops`) and
fetches at most so many bytes (`Machine.gigabytes`). A convolution that does I operations for each
byte it must touch can therefore reach at most min(gflops, I · gigabytes): a roof that rises, and
from some I on is flat. Work under the rising part waits for memory; under the flat part it waits
for arithmetic.

Operations are counted as the definition does them, whatever the algorithm. One that needs fewer
multiplications, such as Winograd's, can come out above the roof.

Source: Williams, Waterman and Patterson 2009, "Roofline: An Insightful Visual Performance Model".
"""

import math
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from nnscratch import kernels
from nnscratch.backend import Array
from nnscratch.engines.numpy import parallel
from nnscratch.engines.numpy.layout import channels_last
from nnscratch.engines.registry import DEFINITION, IMPLEMENTATIONS, engine, find
from nnscratch.kernels.window import Size, Window, as_tuple

GRAMMAR = "N x CHANNELS x SIZE... : FILTERS k KERNEL [s STRIDE] [p PADDING] [d DILATION] [g GROUPS]"
EXAMPLE = "1x64x224x224:64k3"
FORM = re.compile(r"([0-9]+(?:x[0-9]+){2,4}):([0-9]+)((?:[kspdg][0-9]+(?:x[0-9]+)*)+)")
PART = re.compile(r"([kspdg])([0-9x]+)")

FORWARD, INPUT, WEIGHT = DIRECTIONS = ("forward", "input", "weight")
TURNS = 3  # at least so many of each algorithm

PRODUCT_SIDE = 2048
COPY_BYTES = 2**27
MACHINE_TURNS = 7


@dataclass(frozen=True)
class Convolution:
    """x (batch, channels, *size), weight (filters, channels/groups, *kernel); in float32."""

    batch: int
    channels: int
    size: Size
    filters: int
    window: Window
    groups: int = 1

    @property
    def x_shape(self) -> Size:
        return (self.batch, self.channels, *self.size)

    @property
    def weight_shape(self) -> Size:
        return (self.filters, self.channels // self.groups, *self.window.size)

    @property
    def y_shape(self) -> Size:
        return (self.batch, self.filters, *self.window.out_size(self.size))

    @property
    def operations(self) -> int:
        """Multiplications and additions by the definition, in each of the three directions."""
        return 2 * math.prod(self.y_shape) * math.prod(self.weight_shape[1:])

    @property
    def intensity(self) -> float:
        """Operations for each byte of x, weight and y touched once."""
        words = sum(map(math.prod, (self.x_shape, self.weight_shape, self.y_shape)))
        return self.operations / (4 * words)

    def __str__(self) -> str:
        """As `parse` reads it."""
        window, axes = self.window, len(self.size)
        padding = tuple(before for before, _ in window.padding)
        parts = [
            ("s", window.stride, (1,) * axes),
            ("p", padding, _keeping(window.size, window.dilation)),
            ("d", window.dilation, (1,) * axes),
            ("g", (self.groups,), (1,)),
        ]
        given = "".join(letter + _short(value) for letter, value, usual in parts if value != usual)
        x = "x".join(map(str, self.x_shape))
        return f"{x}:{self.filters}k{_short(window.size)}{given}"


def parse(text: str) -> Convolution:
    """A convolution from words like 1x64x224x224:64k3 or 8x64x56x56:128k3x5s2p1x2.

    N x channels x size : filters k kernel, then in any order s stride (1), p padding (that which
    keeps the size: dilation·(kernel − 1)/2, rounded down), d dilation (1), g groups (1). Kernel,
    stride, padding and dilation are one number, or one for each axis with x between.
    """
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"shape {text!r}: expected {GRAMMAR} without spaces, such as {EXAMPLE}")
    (batch, channels, *size), filters = map(int, match[1].split("x")), int(match[2])
    if min(batch, channels, *size, filters) < 1:
        raise ValueError(f"shape {text!r}: expected numbers of at least 1")
    parts = _parts(text, match[3])

    def axes(letter: str, name: str, usual: int | Size, least: int = 1) -> Size:
        return as_tuple(f"shape {text!r}", name, parts.get(letter, usual), len(size), least)

    kernel, dilation = axes("k", "kernel", 1), axes("d", "dilation", 1)
    padding = axes("p", "padding", _keeping(kernel, dilation), least=0)
    window = Window(kernel, axes("s", "stride", 1), tuple((p, p) for p in padding), dilation)
    window.check(f"shape {text!r}", tuple(size))
    (groups,) = as_tuple(f"shape {text!r}", "groups", parts.get("g", 1), 1, 1)
    if channels % groups or filters % groups:
        raise ValueError(
            f"shape {text!r}: expected channels and filters that {groups} groups divide, "
            f"got {channels} and {filters}"
        )
    return Convolution(batch, channels, tuple(size), filters, window, groups)


def _parts(text: str, words: str) -> dict[str, int | Size]:
    """k3s1x2 -> {"k": 3, "s": (1, 2)}."""
    found = PART.findall(words)
    letters = [letter for letter, _ in found]
    if "k" not in letters or len(set(letters)) < len(letters):
        raise ValueError(f"shape {text!r}: expected one k, and each of s, p, d, g at most once")
    return {letter: _numbers(numbers) for letter, numbers in found}


def _numbers(text: str) -> int | Size:
    values = tuple(map(int, text.split("x")))
    return values if len(values) > 1 else values[0]


def _keeping(kernel: Size, dilation: Size) -> Size:
    """The padding that keeps the size of an image under an odd kernel."""
    return tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))


def _short(values: Size) -> str:
    return "x".join(map(str, values[:1] if len(set(values)) == 1 else values))


# -- the machine ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """The two limits: 10⁹ operations a second in a matrix product, 10⁹ bytes a second in a copy."""

    gflops: float
    gigabytes: float
    threads: int

    def roof(self, intensity: float) -> float:
        """GFLOP/s that work of so many operations for each byte can reach."""
        return min(self.gflops, intensity * self.gigabytes)


def machine() -> Machine:
    """Measured: a square float32 product, and a large copy by all threads (read and written)."""
    threads = parallel.threads()
    a = np.random.default_rng(0).random((PRODUCT_SIDE, PRODUCT_SIDE), dtype="float32")
    rate = 2 * PRODUCT_SIDE**3 / _fastest(lambda: a @ a)
    source = np.random.default_rng(0).random(COPY_BYTES // 4, dtype="float32")
    target = source.copy()
    share = -(-len(source) // threads)
    parts = [slice(i, i + share) for i in range(0, len(source), share)]

    def copy() -> None:
        parallel.each(lambda part: target.__setitem__(part, source[part]), parts)

    return Machine(rate / 1e9, 2 * COPY_BYTES / _fastest(copy) / 1e9, threads)


def _fastest(work: Callable[[], object]) -> float:
    work()
    return min(_seconds(work) for _ in range(MACHINE_TURNS))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# -- the algorithms -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """What one algorithm does in one direction of one convolution.

    direction: forward, or the gradient of the input or of the weight; share: of the machine's
    matrix product, 1 is all of it; error: the largest one, relative to the largest value;
    intensity: operations for each byte; chosen: the registry takes this algorithm
    """

    shape: str
    direction: str
    algorithm: str
    chosen: bool
    milliseconds: float
    gflops: float
    share: float
    error: float
    intensity: float


def measure(job: Convolution, peak: float, seconds: float = 1.0, seed: int = 0) -> list[Row]:
    """A row for each direction and each algorithm that can do it, in about `seconds` and a bit.

    peak: GFLOP/s of the machine's matrix product. Operands have their channels last in memory, as
    results of the fast algorithms do.
    """
    rng = np.random.default_rng(seed)
    shapes = (job.x_shape, job.weight_shape, job.y_shape)
    x, weight, g = (rng.standard_normal(shape, dtype="float32") for shape in shapes)
    operands = channels_last(x), weight, channels_last(g)
    return [
        row
        for direction in DIRECTIONS
        for row in _rows(job, direction, operands, peak, seconds / len(DIRECTIONS))
    ]


Operands = tuple[Array, Array, Array]  # x, weight, g
KERNELS = {FORWARD: "conv", INPUT: "conv_grad_input", WEIGHT: "conv_grad_weight"}


def _rows(
    job: Convolution, direction: str, operands: Operands, peak: float, seconds: float
) -> Iterator[Row]:
    kernel, arguments = KERNELS[direction], _arguments(job, direction, operands)
    exact = _exact(job, direction, operands)
    offer = find(kernel, None, *arguments)
    chosen = DEFINITION if offer is None else offer.name
    works = {name: partial(_compute, name, kernel, arguments) for name in _able(kernel, arguments)}
    errors = {name: _error(work(), exact) for name, work in works.items()}
    for name, median in in_turns(works, seconds).items():
        gflops = job.operations / median / 1e9
        yield Row(
            *(str(job), direction, name, name == chosen),
            *(1000 * median, gflops, gflops / peak, errors[name], job.intensity),
        )


def _arguments(job: Convolution, direction: str, operands: Operands) -> tuple:
    """What the kernel of one direction takes."""
    x, weight, g = operands
    if direction == FORWARD:
        return x, weight, job.window, job.groups
    if direction == INPUT:
        return g, weight, job.window, job.size, job.groups
    return x, g, job.window, job.groups


def _able(kernel: str, arguments: tuple) -> list[str]:
    """The algorithms that can compute it, the definition first."""
    offers = IMPLEMENTATIONS[kernel]
    return [DEFINITION, *(offer.name for offer in offers if offer.can(*arguments))]


def _compute(name: str, kernel: str, arguments: tuple) -> Array:
    with engine(name):
        return getattr(kernels, kernel)(*arguments)


def _exact(job: Convolution, direction: str, operands: Operands) -> Array:
    """By the definition, in float64."""
    x, weight, g = (array.astype("float64") for array in operands)
    return _compute(DEFINITION, KERNELS[direction], _arguments(job, direction, (x, weight, g)))


def _error(got: Array, exact: Array) -> float:
    return float(abs(got - exact).max() / abs(exact).max())


def in_turns(works: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """Median seconds of each, one after the other round by round, for about `seconds`.

    Each runs once untimed at the start of its turn: the threads of the one before wait in a loop
    for some milliseconds and would be charged to it.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds or min(map(len, times.values())) < TURNS:
        for name, work in works.items():
            work()
            times[name].append(_seconds(work))
    return {name: statistics.median(values) for name, values in times.items()}
