"""nnscratch bench: every algorithm for convolution, timed and checked on this machine."""

import argparse
import math
import platform
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from nnscratch import files
from nnscratch.cli.common import say, show, write_json
from nnscratch.engines import measure
from nnscratch.engines.measure import Machine, Row

SHAPES = (
    *("1x3x224x224:64k3", "1x64x224x224:64k3", "1x128x112x112:128k3"),  # VGG
    *("1x256x56x56:256k3", "1x512x28x28:512k3", "1x512x14x14:512k3"),
    *("8x64x56x56:128k3s2", "8x256x28x28:64k1"),  # with stride; between pixels nothing
    *("32x16x1000:32k9", "2x16x32x32x32:32k3"),  # 1-D, 3-D
    *("8x64x56x56:64k3g64", "96x32x14x14:64k3"),  # depthwise; small images
)
MARKERS = {"forward": ("o", 0.94), "input": ("s", 1.0), "weight": ("^", 1.06)}  # side by side
NEAR = 1.2
COLOURS = ("tab:grey", "tab:blue", "tab:red", "tab:green", "tab:purple")

DESCRIPTION = """\
Time every algorithm that can do a convolution, in turns, in float32: forward, and the gradients of
the input and of the weight. The one that nnscratch takes is marked with →.

GFLOP/s counts the arithmetic of the definition, "of peak" compares it with the machine's matrix
product: an algorithm that multiplies less, such as Winograd's, can pass 100 %. The error is the
largest one against float64, relative to the largest value."""
EPILOG = """\
A SHAPE is N x channels x size : filters k kernel, then in any order
  s STRIDE (1)   p PADDING (that which keeps the size)   d DILATION (1)   g GROUPS (1)
without spaces; kernel, stride, padding and dilation are one number, or one for each axis with x
between.

example:
  nnscratch bench 1x64x224x224:64k3                      # one picture, 64 filters of 3×3
  nnscratch bench 8x64x56x56:128k3x5s2p1x2 32x16x1000:32k9
  nnscratch bench --plot roofline.png --json bench.json  # the usual shapes"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add = parser.add_argument
    add("shapes", metavar="SHAPE", nargs="*", help="see below; default: twelve usual ones")
    add("--seconds", metavar="S", type=float, default=1.0, help="for each shape (default 1)")
    add("--plot", metavar="FILE.png", help="draw the roofline")
    add("--seed", metavar="N", type=int, default=0, help="of the numbers to convolve")
    add("--json", metavar="FILE", help="write the figures as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    jobs = [measure.parse(text) for text in options.shapes or SHAPES]
    if not 0 < options.seconds < math.inf:
        raise ValueError(f"expected --seconds above 0, got {options.seconds}")
    if options.plot:
        _check_plot(options.plot)
    machine = measure.machine()
    rows: list[Row] = []
    for job in jobs:
        of_job = measure.measure(job, machine.gflops, options.seconds, options.seed)
        show(report(of_job, max(len(str(job)) for job in jobs), with_heads=not rows))
        say("")
        rows += of_job
    threads = f"{machine.threads} thread{'s' if machine.threads > 1 else ''}"
    say(
        f"peak, {threads}: {machine.gflops:.0f} GFLOP/s in a float32 product, "
        f"{machine.gigabytes:.1f} GB/s in a copy"
    )
    if options.plot:
        draw(options.plot, machine, rows)
    processor = platform.processor() or platform.machine()
    facts = {"processor": processor, "numpy": np.__version__, **asdict(machine)}
    return write_json(options, {"machine": facts, "rows": [asdict(row) for row in rows]})


def report(rows: list[Row], shape_width: int, with_heads: bool) -> Table:
    """The part of the table for one shape, with a line for each algorithm."""
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_header=with_heads)
    for name, width in {"shape": shape_width, "": 7, "algorithm": 20}.items():
        table.add_column(name, min_width=width)
    for name in ("ms", "GFLOP/s", "of peak", "error"):
        table.add_column(name, justify="right", no_wrap=True, min_width=7)
    shape = rows[0].shape
    for direction, of_direction in groupby(rows, key=lambda row: row.direction):
        for row in of_direction:
            table.add_row(shape, direction, *_cells(row), style="bold" if row.chosen else None)
            shape = direction = ""
    return table


def _cells(row: Row) -> tuple[str, ...]:
    algorithm = f"{'→' if row.chosen else ' '} {row.algorithm}"
    speed = f"{row.milliseconds:.2f}", f"{row.gflops:.1f}", f"{row.share:.0%}"
    return algorithm, *speed, f"{row.error:.0e}"


def _check_plot(path: str) -> None:
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"expected a file name ending in .png for --plot, got '{path}'")
    files.check_place(path)


# --- The roofline --------------------------------------------------------------------------------


def draw(path: str, machine: Machine, rows: list[Row]) -> None:
    """The roof of the machine, and where each algorithm stands under it (or above)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.5), layout="constrained")
    axes, legend = figure.subplots(1, 2, width_ratios=(3, 1))
    _draw_roof(axes, machine, rows)
    _draw_rows(axes, rows)
    _draw_names(axes, legend, rows)
    legend.legend(*axes.get_legend_handles_labels(), loc="lower left", borderaxespad=0)
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _draw_roof(axes: Any, machine: Machine, rows: list[Row]) -> None:
    from matplotlib.ticker import LogFormatter

    ridge = machine.gflops / machine.gigabytes
    first = min(ridge, *(row.intensity for row in rows)) / 2
    last = max(ridge, *(row.intensity for row in rows)) * 2
    ends = [first, ridge, last]
    axes.loglog(ends, [machine.roof(end) for end in ends], "k-", linewidth=2)
    axes.set(
        xlabel="arithmetic intensity: operations for each byte touched once (FLOP/byte)",
        ylabel="speed, operations counted as the definition does them (GFLOP/s)",
        xlim=(first, last),
    )
    axes.set_title(f"Convolution under the roofline, {machine.threads} threads, float32", pad=24)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(LogFormatter())
        axis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
    notes = (
        (last, f"matrix product, {machine.gflops:.0f} GFLOP/s", (-6, -12), "right"),
        (math.sqrt(first * ridge), f"copy, {machine.gigabytes:.0f} GB/s", (6, -10), "left"),
    )
    for at, text, shift, side in notes:
        point = (at, machine.roof(at))
        axes.annotate(text, point, shift, textcoords="offset points", ha=side, va="center")
    axes.grid(which="major", alpha=0.3)


def _draw_rows(axes: Any, rows: list[Row]) -> None:
    colours = dict(zip(dict.fromkeys(row.algorithm for row in rows), COLOURS, strict=False))
    for row in rows:
        colour, (marker, aside) = colours[row.algorithm], MARKERS[row.direction]
        inside = colour if row.chosen else "none"
        axes.plot(row.intensity * aside, row.gflops, marker, color=colour, markerfacecolor=inside)
    keys = [(name, "o", colour) for name, colour in colours.items()]
    keys += [(_long(name), marker, "black") for name, (marker, _) in MARKERS.items()]
    for name, marker, colour in keys:
        axes.plot([], [], marker, color=colour, label=name)
    axes.plot([], [], "D", color="black", markerfacecolor="none", label="hollow: not taken")


def _long(direction: str) -> str:
    return direction if direction == "forward" else f"gradient of the {direction}"


def _draw_names(axes: Any, legend: Any, rows: list[Row]) -> None:
    """Numbers above the columns of marks, and beside the picture what they stand for."""
    intensities = {row.shape: row.intensity for row in rows}  # the same in all directions
    numbered = list(enumerate(intensities.values(), 1))
    above = axes.get_xaxis_transform()
    for column in _columns(numbered):
        numbers = ",".join(str(number) for number, _ in sorted(column))
        axes.text(column[0][1], 1.01, numbers, transform=above, ha="center", va="bottom")
    names = "\n".join(f"{number:2} {shape}" for number, shape in enumerate(intensities, 1))
    legend.text(0, 1, f"shapes\n\n{names}", va="top", family="monospace", linespacing=1.5)
    legend.axis("off")


def _columns(marks: list[tuple[int, float]]) -> list[list[tuple[int, float]]]:
    """(number, intensity) in groups too near each other for a number each."""
    columns: list[list[tuple[int, float]]] = []
    for mark in sorted(marks, key=lambda mark: mark[1]):
        if columns and mark[1] < NEAR * columns[-1][0][1]:
            columns[-1].append(mark)
        else:
            columns.append([mark])
    return columns
