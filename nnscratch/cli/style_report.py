"""nnscratch style-report: measure how good stylised pictures are."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from nnscratch.cli.common import say, write_json
from nnscratch.data.images import read_image
from nnscratch.style.reports.report_image import check_report_image, draw_report_image, in_words
from nnscratch.style.reports.scores import MEASURES, StyleReport, style_report

LARGEST = 512  # pixels, largest default of --size
DESCRIPTION = """\
Measure how similar stylised pictures are to STYLE and to CONTENT. No neural network is used, since
the pictures were optimised for one.

style    the mean of texture (statistics of a steerable pyramid, Portilla and Simoncelli 2000),
         patches (sliced Wasserstein distance at several scales) and colour (the same of the pixels
         in CIELAB): 0 if as similar to the style as another part of it, below 0 if more similar,
         1 if as different as the content
content  SSIM of brightness (Wang et al. 2004), and correlation of edges: 1 if equal

All pictures are resized to one size, because the width of brush strokes matters."""
EPILOG = """\
example:
  nnscratch style-report town.jpg starry_night.jpg a.png b.png -o report.png"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add = parser.add_argument
    add("content", metavar="CONTENT", help="the content of the transfer")
    add("style", metavar="STYLE", help="the style of the transfer")
    add("results", metavar="RESULT", nargs="+", help="stylised pictures")
    add("-o", "--output", metavar="FILE.png", help="draw the pictures with their scores")
    size = f"longer side in pixels (default: that of the smallest result, at most {LARGEST})"
    add("--size", metavar="N", type=int, help=size)
    add("--json", metavar="FILE", help="write the scores as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.output:
        check_report_image(options.output)
    size = options.size
    if size is None:
        size = min(LARGEST, *(max(read_image(path).shape) for path in options.results))
    names = _short_names(options.results)
    paths = (options.content, options.style, *options.results)
    content, style, *images = (read_image(path, size) for path in paths)
    results = dict(zip(names, images, strict=True))
    report = style_report(content, style, results)
    if options.output:
        draw_report_image(options.output, content, style, results, report)
    _print(report, size)
    record = {"content": options.content, "style": options.style, "size": size}
    return write_json(options, record | asdict(report))


def _short_names(paths: Sequence[str]) -> list[str]:
    """File names, or paths if two files have one name."""
    names = [Path(path).name for path in paths]
    names = names if len(set(names)) == len(names) else [str(Path(path)) for path in paths]
    if len(set(names)) < len(names):
        raise ValueError(f"expected each RESULT once, got {', '.join(names)}")
    return names


def _print(report: StyleReport, size: int) -> None:
    table = Table("result", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("style", *MEASURES, "SSIM", "edges"):
        table.add_column(name, justify="right", style="bold" if name == "style" else "")
    for score in report.scores:
        values = (*(getattr(score, name) for name in ("style", *MEASURES)), score.ssim, score.edges)
        table.add_row(score.name, *map(in_words, values))
    Console(soft_wrap=True).print(table)
    say(
        f"style: 0 if like another part of STYLE, 1 if like CONTENT; at {size} pixels, "
        f"{report.levels['texture']} scales",
        *(f"{n}: CONTENT is as like STYLE as its own parts are; no score" for n in report.silent()),
    )
