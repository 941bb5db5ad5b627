"""How the cost of a convolution grows with the side of the image, the batch and the channels.

    python benchmarks/scaling.py [docs/scaling.png] [--json FILE] [--doublings N] [--seconds S]

Forward and both gradients of conv2d, 3×3 kernels with padding 1, float32: nnscratch, and PyTorch in
both memory layouts where it is installed; the same work in turns, medians. In the plot both axes
are logarithmic, so a power of n is a straight line.
"""

import argparse
import json
import os
import platform
from collections.abc import Callable

import numpy as np

import nnscratch.functional as F
from nnscratch import Tensor
from nnscratch.engines.measure import in_turns
from nnscratch.engines.numpy import parallel

BASE = {"batch": 1, "channels": 64, "side": 56}
FIRST = {"side": 14, "batch": 1, "channels": 8}
POWERS = {"side": 2, "batch": 1, "channels": 2}  # of n, in the count of operations
STYLES = {
    "nnscratch": "o-",
    "PyTorch": "s--",
    "PyTorch, channels last": "^--",
    "the count of operations": "k:",
}


def works(batch: int, channels: int, side: int) -> dict[str, Callable[[], object]]:
    """`channels` filters over x (batch, channels, side, side), ready to run."""
    rng = np.random.default_rng(0)
    shapes = ((batch, channels, side, side), (channels, channels, 3, 3))
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    g = rng.standard_normal(x.shape).astype(np.float32)
    found: dict[str, Callable[[], object]] = {"nnscratch": lambda: ours(x, w, g)}
    try:
        import torch
    except ImportError:
        return found
    torch.set_num_threads(parallel.threads())
    names = {"PyTorch": torch.contiguous_format, "PyTorch, channels last": torch.channels_last}
    return found | {name: theirs(torch, layout, x, w, g) for name, layout in names.items()}


def ours(x: np.ndarray, w: np.ndarray, g: np.ndarray) -> tuple:
    a, b = Tensor(x, requires_grad=True), Tensor(w, requires_grad=True)
    F.conv2d(a, b, padding=1).backward(g)
    return a.grad, b.grad


def theirs(torch, layout, *arrays: np.ndarray) -> Callable[[], object]:
    x, w, g = (torch.tensor(array).to(memory_format=layout) for array in arrays)

    def work():
        a, b = x.detach().requires_grad_(), w.detach().requires_grad_()
        torch.nn.functional.conv2d(a, b, padding=1).backward(g)
        return a.grad, b.grad

    return work


def measure(doublings: int, seconds: float) -> dict[str, dict[int, dict[str, float]]]:
    """axis -> n -> who -> seconds."""
    found: dict[str, dict[int, dict[str, float]]] = {}
    for axis, first in FIRST.items():
        found[axis] = {}
        for n in (first * 2**i for i in range(doublings + 1)):
            times = in_turns(works(**{**BASE, axis: n}), seconds)
            found[axis][n] = times
            cells = ", ".join(f"{who} {1000 * time:.2f} ms" for who, time in times.items())
            print(f"{axis} {n}: {cells}", flush=True)
    return found


def draw(path: str, found: dict[str, dict[int, dict[str, float]]]) -> None:
    """One panel an axis; the dotted line grows as the count of operations does."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import LogFormatter, NullLocator, StrMethodFormatter

    figure, panels = pyplot.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
    for panel, (axis, points) in zip(panels, found.items(), strict=True):
        sizes = list(points)
        for who, times in lines(axis, points).items():
            panel.loglog(sizes, [1000 * time for time in times], STYLES[who], label=who)
        fixed = ", ".join(f"{name} {value}" for name, value in BASE.items() if name != axis)
        panel.set(xlabel=axis, xticks=sizes, title=fixed)
        panel.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.yaxis.set_major_formatter(LogFormatter())
        panel.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("forward and both gradients (ms)")
    panels[0].legend()
    figure.savefig(path, dpi=120)


def lines(axis: str, points: dict[int, dict[str, float]]) -> dict[str, list[float]]:
    """who -> seconds at each size, with what the count of operations says from our last point."""
    last = max(points)
    counted = [points[last]["nnscratch"] * (n / last) ** POWERS[axis] for n in points]
    names = list(points[last])
    seen = {who: [times[who] for times in points.values()] for who in names}
    return seen | {"the count of operations": counted}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = os.path.join(os.path.dirname(__file__), "..", "docs", "scaling.png")
    parser.add_argument("plot", nargs="?", default=default, help="default docs/scaling.png")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--doublings", type=int, default=5, help="of each size (default 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each point (default 3)")
    options = parser.parse_args()
    found = measure(options.doublings, options.seconds)
    draw(options.plot, found)
    if options.json:
        machine = {
            "processor": platform.processor() or platform.machine(),
            "threads": parallel.threads(),
            "numpy": np.__version__,
        }
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": machine, "base": BASE, "seconds": found}, file, indent=1)


if __name__ == "__main__":
    main()
