"""nnscratch demo: a gradient check and a stylised picture, in about a minute."""

import argparse
import json
import time
from html import escape
from pathlib import Path

import numpy as np
from rich.console import Console

from nnscratch import files
from nnscratch.cli.gradcheck import check_cases, report
from nnscratch.data import PICTURES, contact_strip, save_image
from nnscratch.opcases import CASES
from nnscratch.progress import live_line
from nnscratch.style import Objective, Settings, Step, stylize, vgg

SIZE = 256
SMOOTHNESS = 30.0  # random weights see no strokes: without it the picture is speckled
STAGES = (1, 5, 15, 40, 100)  # iterations whose pictures go into the strip

NEXT = (
    ("Paint your own pictures", "nnscratch style PHOTO.jpg PAINTING.jpg -o RESULT.png"),
    (
        "Use real VGG weights",
        "nnscratch style PHOTO.jpg PAINTING.jpg -o RESULT.png --weights VGG.npz",
    ),
    ("Check every derivative", "nnscratch gradcheck"),
    ("See what you run on", "nnscratch doctor"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Check the derivatives of convolution in 1, 2 and 3 dimensions, and paint one of the "
        "project's own pictures in the style of another; everything lands in a folder."
    )
    parser.epilog = "example: nnscratch demo -o my-demo"
    add = parser.add_argument
    add("-o", "--output", metavar="FOLDER", default="nnscratch-demo", help="default nnscratch-demo")
    add("--iterations", metavar="N", type=int, default=250, help="of the picture (default 250)")
    add("--seed", metavar="N", type=int, default=0, help="of the pictures and the checks")
    add("--json", metavar="FILE", help="write the figures as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    folder = Path(options.output)
    if not folder.parent.is_dir():
        raise ValueError(f"no folder '{folder.parent}' to create '{folder.name}' in")
    if options.iterations < 1:
        raise ValueError(f"expected at least 1 iteration, got {options.iterations}")
    folder.mkdir(exist_ok=True)
    console = Console()
    start = time.perf_counter()

    console.print("1. Are the derivatives of convolution right?", style="bold")
    rows = check_cases([c for c in CASES if c.name in ("conv1d", "conv2d", "conv3d")], options.seed)
    console.print(report(rows))

    console.print("2. A picture in the hand of another", style="bold")
    loss = paint(folder, options.iterations, options.seed)

    files.write_text(folder / "index.html", page(rows, options.iterations, loss))
    console.print("3. What next", style="bold")
    for what, command in NEXT:
        console.print(f"   {what}: [cyan]{escape(command)}", highlight=False)
    seconds = time.perf_counter() - start
    console.print(f"Done in {seconds:.0f} s; open {folder / 'index.html'}", highlight=False)
    if options.json:
        record = {"gradcheck": rows, "loss": loss, "seconds": seconds}
        files.write_text(options.json, json.dumps(record, indent=1))
    return 1 if any(row["problem"] for row in rows) else 0


def paint(folder: Path, iterations: int, seed: int) -> float:
    """Write content.png, style.png, result.png and strip.png; the final loss."""
    content, style = (PICTURES[name](SIZE, seed) for name in ("landscape", "swirls"))
    stages: list[np.ndarray] = [content]
    with live_line("style", iterations) as advance:

        def watch(step: Step) -> None:
            if step.iteration in STAGES:
                stages.append(step.image.copy())
            advance(f"loss {step.loss:.3f}")

        result = stylize(
            vgg.load("builtin"),
            content,
            style,
            Objective(tv_weight=SMOOTHNESS),
            Settings(iterations=iterations, seed=seed),
            watch,
        )
    save_image(folder / "content.png", content)
    save_image(folder / "style.png", style)
    save_image(folder / "result.png", result.image)
    save_image(folder / "strip.png", contact_strip([*stages, result.image]))
    return result.loss


def page(rows: list[dict], iterations: int, loss: float) -> str:
    """The report as one HTML page."""
    cells = "".join(
        f"<tr><td>{row['op']}</td><td>{row['settings']}</td><td>{row['slopes']:,}</td>"
        f"<td>{row['first']:.1e}</td><td>{row['second']:.1e}</td>"
        f"<td>{escape(row['problem']) or 'right'}</td></tr>"
        for row in rows
    )
    steps = "".join(
        f"<li>{escape(what)}: <code>{escape(command)}</code></li>" for what, command in NEXT
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>nnscratch demo</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; }}
img {{ max-width: 100%; }}
figure {{ display: inline-block; margin: 0 .5rem 1rem 0; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: .2rem .8rem; border-bottom: 1px solid #ccc; text-align: right; }}
td:first-child, th:first-child, td:last-child {{ text-align: left; }}
code {{ background: #f2f2f2; padding: .1rem .3rem; }}
</style>
<h1>nnscratch demo</h1>
<h2>1. Are the derivatives of convolution right?</h2>
<p>Each setting (stride, padding, dilation, groups) compared with central differences in float64,
first and second order.</p>
<table>
<tr><th>operation</th><th>settings</th><th>slopes</th><th>worst error, 1st</th>
<th>worst error, 2nd</th><th></th></tr>
{cells}
</table>
<h2>2. A picture in the hand of another</h2>
<figure><img src="content.png" alt="content"><figcaption>content</figcaption></figure>
<figure><img src="style.png" alt="style"><figcaption>style</figcaption></figure>
<figure><img src="result.png" alt="result"><figcaption>result, loss {loss:.3f}</figcaption></figure>
<p>{iterations} iterations of Adam on the pixels; on the way:</p>
<img src="strip.png" alt="the picture at iterations 0, {", ".join(map(str, STAGES))} and the end">
<h2>3. What next</h2>
<ul>{steps}</ul>
</html>
"""
