"""Compare three ways to optimise a style transfer: the loss over time.

    python benchmarks/style_optimizers.py [CONTENT STYLE] [--weights FILE] [--size 256]
        [--seconds 60] [--rounds 2] [--plot docs/style_optimizers.png] [--json FILE]

Adam at one scale, L-BFGS at one scale and Adam from coarse to fine run in turns, each for the same
wall-clock time. The loss is that of the best picture so far at full size. Coarse scales have no
such loss: their time counts, and nothing is drawn for it.
"""

import argparse
import contextlib
import json
import time
from collections.abc import Callable, Mapping

import numpy as np

from nnscratch.data.drawn_pictures import landscape, swirls
from nnscratch.data.images import read_image
from nnscratch.style import Settings, Step, stylize, vgg

FOREVER = 10**6  # iterations; the clock ends each run
COARSE = 60  # iterations at each scale before the last
Curve = list[tuple[float, float]]  # seconds, loss of the best picture so far


class TimeUp(Exception):
    """Ends a run."""


def ways(size: tuple[int, ...]) -> dict[str, Settings]:
    """The three ways, by name, for a picture of `size`."""
    scales = len(Settings(scales=None, iterations=1).plan(size))
    return {
        "Adam, one scale": Settings("adam", FOREVER, scales=1),
        "L-BFGS, one scale": Settings("lbfgs", FOREVER, scales=1),
        "Adam, coarse to fine": Settings("adam", (*(COARSE,) * (scales - 1), FOREVER), scales=None),
    }


def run(network, content, style, settings: Settings, seconds: float) -> Curve:
    """Stylise until the time is up: the best loss at full size after each iteration."""
    curve: Curve = []
    last = len(settings.plan(content.shape[1:])) - 1
    start = time.perf_counter()

    def on_step(step: Step) -> None:
        elapsed = time.perf_counter() - start
        if step.scale == last:
            curve.append((elapsed, min(step.loss, curve[-1][1] if curve else np.inf)))
        if elapsed > seconds:
            raise TimeUp

    with contextlib.suppress(TimeUp):
        stylize(network, content, style, settings=settings, on_step=on_step)
    return curve


def measure(network, content, style, seconds: float, rounds: int) -> dict[str, list[Curve]]:
    """One curve for each round, by way."""
    curves: dict[str, list[Curve]] = {name: [] for name in ways(content.shape[1:])}
    for turn in range(rounds):
        for name, settings in ways(content.shape[1:]).items():
            curves[name].append(run(network, content, style, settings, seconds))
            print(f"round {turn + 1}, {name}: {curves[name][-1][-1][1]:.4f}", flush=True)
    return curves


def at(curves: list[Curve], seconds: float) -> float:
    """The mean over rounds of the best loss after `seconds`; NaN if there is none yet."""
    losses = [[loss for elapsed, loss in curve if elapsed <= seconds] for curve in curves]
    return float(np.mean([values[-1] if values else np.nan for values in losses]))


def table(curves: Mapping[str, list[Curve]], seconds: float) -> str:
    """Markdown: a row for each way, a column for each of five times."""
    moments = [seconds * part for part in (1 / 6, 1 / 3, 1 / 2, 2 / 3, 1)]
    lines = ["| loss after | " + " | ".join(f"{moment:.0f} s" for moment in moments) + " |"]
    lines.append("|---|" + "---|" * len(moments))
    for name, rounds in curves.items():
        cells = (f"{at(rounds, moment):.3f}" for moment in moments)
        lines.append(f"| {name} | " + " | ".join(cells).replace("nan", "–") + " |")
    return "\n".join(lines)


def draw(path: str, curves: Mapping[str, list[Curve]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, colour in zip(curves, ("tab:blue", "tab:orange", "tab:green"), strict=True):
        for i, curve in enumerate(curves[name]):
            axes.plot(*zip(*curve, strict=True), color=colour, label=None if i else name)
    axes.set(xlabel="seconds", ylabel="loss at full size, best so far", yscale="log")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    figure.savefig(path, dpi=120)


def pictures(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    if options.content is None:
        return landscape(options.size), swirls(options.size)
    return read_image(options.content, options.size), read_image(options.style, options.size)


def main(output: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("content", nargs="?")
    parser.add_argument("style", nargs="?")
    parser.add_argument("--weights", default="builtin")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--plot")
    parser.add_argument("--json")
    options = parser.parse_args()
    if options.content is not None and options.style is None:
        parser.error("expected CONTENT and STYLE, or neither")
    network = vgg.load(options.weights)
    curves = measure(network, *pictures(options), options.seconds, options.rounds)
    output(table(curves, options.seconds))
    if options.plot:
        draw(options.plot, curves)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(curves, file)


if __name__ == "__main__":
    main()
