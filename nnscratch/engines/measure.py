"""Measures the speed and accuracy of each convolution algorithm on this machine.

Stands on `registry` and the NumPy engine. All algorithms that can compute a convolution are timed
in turns and compared with the limits of the machine; the results are compared with the definition
in float64.

**The roofline.** A machine has a largest number of operations per second (`Machine.gflops`) and of
bytes per second from memory (`Machine.gigabytes`). A convolution with I operations per byte can
reach at most min(gflops, I · gigabytes): this roof rises with I, then is flat. Work under the
rising part is limited by memory, work under the flat part by arithmetic.

For every algorithm the operations of the definition are counted. An algorithm that needs fewer
multiplications, such as Winograd's, can be above the roof.

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
FIELD = re.compile(r"([kspdg])([0-9x]+)")

FORWARD, INPUT, WEIGHT = DIRECTIONS = ("forward", "input", "weight")
LEAST_TURNS = 3  # of each algorithm

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
        """Multiplications and additions of the definition, the same in each direction."""
        return 2 * math.prod(self.y_shape) * math.prod(self.weight_shape[1:])

    @property
    def intensity(self) -> float:
        """Operations per byte, if x, weight and y are each read or written once."""
        numbers = sum(map(math.prod, (self.x_shape, self.weight_shape, self.y_shape)))
        return self.operations / (4 * numbers)

    def __str__(self) -> str:
        """The text that `parse` reads, without defaults."""
        window, axes = self.window, len(self.size)
        padding = tuple(before for before, _ in window.padding)
        fields = [
            ("s", window.stride, (1,) * axes),
            ("p", padding, _same_padding(window.size, window.dilation)),
            ("d", window.dilation, (1,) * axes),
            ("g", (self.groups,), (1,)),
        ]
        rest = "".join(letter + _short(v) for letter, v, default in fields if v != default)
        x = "x".join(map(str, self.x_shape))
        return f"{x}:{self.filters}k{_short(window.size)}{rest}"


def parse(text: str) -> Convolution:
    """The convolution that a text such as 1x64x224x224:64k3 or 8x64x56x56:128k3x5s2p1x2 describes.

    N x channels x size : filters k kernel, then in any order s stride (default 1), p padding
    (default dilation·(kernel − 1)/2 rounded down, which keeps the size), d dilation (1), g groups
    (1). Kernel, stride, padding and dilation are one number, or one for each axis joined by x.
    """
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"shape {text!r}: expected {GRAMMAR} without spaces, such as {EXAMPLE}")
    (batch, channels, *size), filters = map(int, match[1].split("x")), int(match[2])
    if min(batch, channels, *size, filters) < 1:
        raise ValueError(f"shape {text!r}: expected numbers of at least 1")
    fields = _fields(text, match[3])

    def axes(letter: str, name: str, default: int | Size, least: int = 1) -> Size:
        return as_tuple(f"shape {text!r}", name, fields.get(letter, default), len(size), least)

    kernel, dilation = axes("k", "kernel", 1), axes("d", "dilation", 1)
    padding = axes("p", "padding", _same_padding(kernel, dilation), least=0)
    window = Window(kernel, axes("s", "stride", 1), tuple((p, p) for p in padding), dilation)
    window.check(f"shape {text!r}", tuple(size))
    (groups,) = as_tuple(f"shape {text!r}", "groups", fields.get("g", 1), 1, 1)
    if channels % groups or filters % groups:
        raise ValueError(
            f"shape {text!r}: expected channels and filters that {groups} groups divide, "
            f"got {channels} and {filters}"
        )
    return Convolution(batch, channels, tuple(size), filters, window, groups)


def _fields(text: str, settings: str) -> dict[str, int | Size]:
    """k3s1x2 -> {"k": 3, "s": (1, 2)}."""
    pairs = FIELD.findall(settings)
    letters = [letter for letter, _ in pairs]
    if "k" not in letters or len(set(letters)) < len(letters):
        raise ValueError(f"shape {text!r}: expected one k, and each of s, p, d, g at most once")
    return {letter: _numbers(numbers) for letter, numbers in pairs}


def _numbers(text: str) -> int | Size:
    values = tuple(map(int, text.split("x")))
    return values if len(values) > 1 else values[0]


def _same_padding(kernel: Size, dilation: Size) -> Size:
    """The padding with which an odd kernel keeps the size of its input."""
    return tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))


def _short(values: Size) -> str:
    return "x".join(map(str, values[:1] if len(set(values)) == 1 else values))


# -- the machine ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """10⁹ operations per second in a matrix product, 10⁹ bytes per second in a copy; threads."""

    gflops: float
    gigabytes: float
    threads: int

    def roof(self, intensity: float) -> float:
        """The most GFLOP/s for work with `intensity` operations per byte."""
        return min(self.gflops, intensity * self.gigabytes)


def machine() -> Machine:
    """Measure a square float32 product and a large copy by all threads (bytes read + written)."""
    threads = parallel.threads()
    a = np.random.default_rng(0).random((PRODUCT_SIDE, PRODUCT_SIDE), dtype="float32")
    rate = 2 * PRODUCT_SIDE**3 / _fastest(lambda: a @ a)
    source = np.random.default_rng(0).random(COPY_BYTES // 4, dtype="float32")
    target = source.copy()
    share = -(-len(source) // threads)
    slices = [slice(i, i + share) for i in range(0, len(source), share)]

    def copy() -> None:
        parallel.each(lambda s: target.__setitem__(s, source[s]), slices)

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
    """The measurement of one algorithm, in one direction of one convolution.

    direction: forward, or the gradient of the input or of the weight; chosen: whether the registry
    takes this algorithm; share: GFLOP/s relative to the machine's matrix product; error: the
    largest error relative to the largest value; intensity: operations per byte
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
    """A row for each direction and each algorithm that can compute it.

    peak: GFLOP/s of the machine's matrix product; seconds: of timing, in all. The channels of the
    operands are last in memory, as in results of the fast algorithms.
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
    implementation = find(kernel, None, *arguments)
    chosen = DEFINITION if implementation is None else implementation.name
    algorithms = {
        name: partial(_compute, name, kernel, arguments) for name in _applicable(kernel, arguments)
    }
    errors = {name: _error(work(), exact) for name, work in algorithms.items()}
    for name, median in in_turns(algorithms, seconds).items():
        gflops = job.operations / median / 1e9
        yield Row(
            *(str(job), direction, name, name == chosen),
            *(1000 * median, gflops, gflops / peak, errors[name], job.intensity),
        )


def _arguments(job: Convolution, direction: str, operands: Operands) -> tuple:
    """The arguments of the kernel for one direction."""
    x, weight, g = operands
    if direction == FORWARD:
        return x, weight, job.window, job.groups
    if direction == INPUT:
        return g, weight, job.window, job.size, job.groups
    return x, g, job.window, job.groups


def _applicable(kernel: str, arguments: tuple) -> list[str]:
    """The algorithms that can compute these arguments, the definition first."""
    return [DEFINITION, *(i.name for i in IMPLEMENTATIONS[kernel] if i.can(*arguments))]


def _compute(name: str, kernel: str, arguments: tuple) -> Array:
    with engine(name):
        return getattr(kernels, kernel)(*arguments)


def _exact(job: Convolution, direction: str, operands: Operands) -> Array:
    """The result of the definition, in float64."""
    x, weight, g = (array.astype("float64") for array in operands)
    return _compute(DEFINITION, KERNELS[direction], _arguments(job, direction, (x, weight, g)))


def _error(result: Array, exact: Array) -> float:
    return float(abs(result - exact).max() / abs(exact).max())


def in_turns(works: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """The median seconds of each function, timed in turns for about `seconds`.

    Each turn begins with an untimed call: the threads of the function before keep spinning for some
    milliseconds, which would count for this one.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds or min(map(len, times.values())) < LEAST_TURNS:
        for name, work in works.items():
            work()
            times[name].append(_seconds(work))
    return {name: statistics.median(values) for name, values in times.items()}
