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
from nnscratch.data.images import resize_image
from nnscratch.opcases import CASES
from nnscratch.progress import live_line
from nnscratch.style import Settings, Step, stylize, vgg
from nnscratch.style.reports.html_report import html

SIZE = 256
STAGES = 5  # pictures on the way, at even distances

NEXT = (
    ("Paint your own pictures", "nnscratch style PHOTO.jpg PAINTING.jpg -o RESULT.png"),
    ("Use real VGG weights", "nnscratch weights fetch vgg19"),
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
    add("--iterations", metavar="N", type=int, default=100, help="at each of 3 sizes (100)")
    add("--seed", metavar="N", type=int, default=0, help="of the pictures and the checks")
    add("--json", metavar="FILE", help="write the figures as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.iterations < 1:
        raise ValueError(f"expected at least 1 iteration, got {options.iterations}")
    folder = files.make_folder(options.output)
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
    settings = Settings(iterations=iterations, seed=seed)
    total = iterations * len(settings.plan(content.shape[1:]))
    shown = {max(1, total * (i + 1) // (STAGES + 1)) for i in range(STAGES)}
    with live_line("style", total) as advance:

        def watch(step: Step) -> None:
            if step.iteration in shown:
                stages.append(resize_image(step.image, content.shape[1:]))
            advance(f"loss {step.loss:.3f}")

        result = stylize(vgg.load("builtin"), content, style, None, settings, watch)
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
    captions = {"content": "content", "style": "style", "result": f"result, loss {loss:.3f}"}
    figures = "".join(
        f'<figure style="flex: 1"><img src="{name}.png" alt="{name}">'
        f"<figcaption>{caption}</figcaption></figure>"
        for name, caption in captions.items()
    )
    body = f"""<h2>1. Are the derivatives of convolution right?</h2>
<p>Each setting (stride, padding, dilation, groups) compared with central differences in float64,
first and second order.</p>
<table>
<tr><th>operation</th><th>settings</th><th>slopes</th><th>worst error, 1st</th>
<th>worst error, 2nd</th><th></th></tr>
{cells}
</table>
<h2>2. A picture in the hand of another</h2>
<div class="row">{figures}</div>
<p>{iterations} iterations of Adam on the pixels at each of three sizes; on the way:</p>
<img src="strip.png" alt="the content, the picture at even distances on the way, and the end">
<h2>3. What next</h2>
<ul>{steps}</ul>"""
    return html("nnscratch demo", body)
