"""nnscratch style-report: measure how good stylised pictures are."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from nnscratch import files
from nnscratch.data.images import read_image
from nnscratch.style.reports.report_image import check_report_image, draw_report_image, in_words
from nnscratch.style.reports.scores import MEASURES, StyleReport, style_report

LARGEST = 512  # pixels of the longer side, unless asked otherwise
DESCRIPTION = """\
Measure how like STYLE and how like CONTENT stylised pictures are, without a network that would be
judge in its own case.

style    the mean of texture (statistics of a steerable pyramid, Portilla and Simoncelli 2000),
         patches (sliced Wasserstein distance on several sizes) and colour (the same of the pixels
         in CIELAB): 0 as like the style as another part of it, below 0 liker than that,
         1 as unlike as the content
content  SSIM of brightness (Wang et al. 2004), and correlation of edges: 1 is equal

All pictures are brought to one size, as the width of a brush stroke counts."""
EPILOG = """\
example:
  nnscratch style-report town.jpg starry_night.jpg a.png b.png -o report.png"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add = parser.add_argument
    add("content", metavar="CONTENT", help="the picture whose scene was kept")
    add("style", metavar="STYLE", help="the picture whose hand was taken")
    add("results", metavar="RESULT", nargs="+", help="stylised pictures")
    add("-o", "--output", metavar="FILE.png", help="draw the pictures with their figures")
    add(
        "--size",
        metavar="N",
        type=int,
        help=f"longer side in pixels (default: of the smallest result, at most {LARGEST})",
    )
    add("--json", metavar="FILE", help="write the figures as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.output:
        check_report_image(options.output)
    size = options.size
    if size is None:
        size = min(LARGEST, *(max(read_image(path).shape) for path in options.results))
    content, style = read_image(options.content, size), read_image(options.style, size)
    names = _short_names(options.results)
    results = {
        name: read_image(path, size) for name, path in zip(names, options.results, strict=True)
    }
    report = style_report(content, style, results)
    if options.json:
        files.write_text(options.json, json.dumps(_record(options, size, report), indent=1))
    if options.output:
        draw_report_image(options.output, content, style, results, report)
    _show(report, size)
    return 0


def _short_names(paths: Sequence[str]) -> list[str]:
    """File names, or paths where two files have one name."""
    names = [Path(path).name for path in paths]
    names = names if len(set(names)) == len(names) else [str(Path(path)) for path in paths]
    if len(set(names)) < len(names):
        raise ValueError(f"expected each RESULT once, got {', '.join(names)}")
    return names


def _record(options: argparse.Namespace, size: int, report: StyleReport) -> dict:
    return {"content": options.content, "style": options.style, "size": size, **asdict(report)}


def _show(report: StyleReport, size: int) -> None:
    table = Table("result", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("style", *MEASURES, "SSIM", "edges"):
        table.add_column(name, justify="right", style="bold" if name == "style" else "")
    for score in report.scores:
        values = (*(getattr(score, name) for name in ("style", *MEASURES)), score.ssim, score.edges)
        table.add_row(score.name, *map(in_words, values))
    console = Console()
    console.print(table)
    console.print(
        f"style: 0 like another part of STYLE, 1 like CONTENT; at {size} pixels, "
        f"{report.levels['texture']} scales",
        highlight=False,
    )
    for name in report.silent():
        console.print(f"{name}: CONTENT is as like STYLE as its own parts are; no score")
