"""Which optimiser lowers the loss of a style transfer fastest: the loss over time, three ways.

    python benchmarks/style_optimizers.py [CONTENT STYLE] [--weights FILE] [--size 256]
        [--seconds 60] [--rounds 2] [--plot docs/style_optimizers.png] [--json FILE]

Adam and L-BFGS at one scale, Adam from coarse to fine, in turns, each for the same seconds of wall
clock. What is compared is the loss at full size, of the best picture so far; a coarse scale has
no such loss, so the time it takes counts and nothing is drawn for it.
"""

import argparse
import contextlib
import json
import time
from collections.abc import Callable, Mapping

import numpy as np

from nnscratch.data.drawn_pictures import landscape, swirls
from nnscratch.data.images import read_image
from nnscratch.style import vgg
from nnscratch.style.transfer import Settings, Step, stylize

FOREVER = 10**6  # iterations: the clock ends each run
COARSE = 60  # iterations at each scale before the last
Curve = list[tuple[float, float]]  # seconds, loss of the best picture so far


class TimeUp(Exception):
    """The seconds of a run are spent."""


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

    def watch(step: Step) -> None:
        spent = time.perf_counter() - start
        if step.scale == last:
            curve.append((spent, min(step.loss, curve[-1][1] if curve else np.inf)))
        if spent > seconds:
            raise TimeUp

    with contextlib.suppress(TimeUp):
        stylize(network, content, style, None, settings, watch)
    return curve


def measure(network, content, style, seconds: float, rounds: int) -> dict[str, list[Curve]]:
    """way -> one curve for each round, the ways in turns."""
    found: dict[str, list[Curve]] = {name: [] for name in ways(content.shape[1:])}
    for turn in range(rounds):
        for name, settings in ways(content.shape[1:]).items():
            found[name].append(run(network, content, style, settings, seconds))
            print(f"round {turn + 1}, {name}: {found[name][-1][-1][1]:.4f}", flush=True)
    return found


def at(curves: list[Curve], seconds: float) -> float:
    """The mean over rounds of the best loss after so many seconds; NaN before the first."""
    losses = [[loss for spent, loss in curve if spent <= seconds] for curve in curves]
    return float(np.mean([one[-1] if one else np.nan for one in losses]))


def table(found: Mapping[str, list[Curve]], seconds: float) -> str:
    """Markdown: a row for each way, a column for each of five moments."""
    moments = [seconds * part for part in (1 / 6, 1 / 3, 1 / 2, 2 / 3, 1)]
    lines = ["| loss after | " + " | ".join(f"{moment:.0f} s" for moment in moments) + " |"]
    lines.append("|---|" + "---|" * len(moments))
    for name, curves in found.items():
        cells = (f"{at(curves, moment):.3f}" for moment in moments)
        lines.append(f"| {name} | " + " | ".join(cells).replace("nan", "–") + " |")
    return "\n".join(lines)


def draw(path: str, found: Mapping[str, list[Curve]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawing, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for name, colour in zip(found, ("tab:blue", "tab:orange", "tab:green"), strict=True):
        for i, curve in enumerate(found[name]):
            axes.plot(*zip(*curve, strict=True), color=colour, label=None if i else name)
    axes.set(xlabel="seconds", ylabel="loss at full size, best so far", yscale="log")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    drawing.savefig(path, dpi=120)


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
    found = measure(network, *pictures(options), options.seconds, options.rounds)
    output(table(found, options.seconds))
    if options.plot:
        draw(options.plot, found)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(found, file)


if __name__ == "__main__":
    main()
