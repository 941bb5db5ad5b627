"""nnscratch weights: inspect, convert and download weight files of VGG networks."""

import argparse
import contextlib
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table

from nnscratch import files
from nnscratch.cli.common import add_job, say, show, write_json
from nnscratch.progress import live_line
from nnscratch.weights import Inspection, convert, fetching, inspect
from nnscratch.weights.channels import ORDERS, PIXELS

DESCRIPTION = """\
Weight files of VGG networks: inspect one, whatever its name; keep only its convolutions, which is
all that style transfer needs; download torchvision's."""
EPILOG = """\
example:
  nnscratch weights fetch vgg19
  nnscratch weights inspect vgg19-dcbb9e9d.pth
  nnscratch weights convert vgg19-dcbb9e9d.pth vgg19.safetensors --dtype float16"""
DTYPES = ("float32", "float16")
FILE = "a weight file of any supported kind, or a fetched one by name (vgg19)"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    jobs = parser.add_subparsers(dest="job", metavar="JOB", required=True)
    job = partial(add_job, jobs, "weights")
    add = job("inspect", _inspect, "report what a file is, with evidence", "vgg19-dcbb9e9d.pth")
    add("file", metavar="FILE", help=FILE)
    add = job("convert", _convert, "keep the convolutions only", "vgg19-dcbb9e9d.pth vgg19.npz")
    add("file", metavar="FILE", help=FILE)
    add("out", metavar="OUT", help="an .npz or .safetensors file")
    add("--channels", choices=ORDERS, help="input order of its first layer, if detected wrongly")
    add("--pixels", choices=tuple(PIXELS), help="its preprocessing, if detected wrongly")
    add("--dtype", choices=DTYPES, default=DTYPES[0], help=f"default {DTYPES[0]}; float16 is half")
    add = job("fetch", _fetch, "download and verify the weights of torchvision", "vgg19")
    add("name", metavar="NAME", choices=tuple(fetching.FILES), help=", ".join(fetching.FILES))
    add("--folder", metavar="DIR", help="where to save (default: this platform's cache folder)")
    add("--url", metavar="URL", help="another address of the same file")
    job("list", _list, "list what has been fetched into the cache folder")


def _inspect(options: argparse.Namespace) -> int:
    _check_paths(options, options.file)
    inspection = inspect(options.file)
    say(_summary(inspection))
    table = Table("layer", "C_out, C_in, kH, kW")
    for name, shape in inspection.layers.items():
        table.add_row(name, ", ".join(map(str, shape)))
    show(table)
    write_json(options, {**asdict(inspection), "slim_size": inspection.slim_size})
    return 1 if inspection.hash_agrees is False else 0


def _summary(inspection: Inspection) -> str:
    p = inspection.preprocess
    mean, std = (f"({', '.join(f'{x:g}' for x in numbers)})" for numbers in (p.mean, p.std))
    slim = f"{_mb(inspection.slim_size)} of convolutions in float32"
    lines = [
        f"{inspection.path}: {inspection.network}",
        f"  container   {inspection.container}, {_mb(inspection.size)} ({slim})",
        f"  SHA-256     {inspection.sha256}",
        f"  layout      {inspection.layout}; the first layer takes {inspection.channels}",
        f"  pixels      (image in [0, 1] * {p.scale:g} - {mean}) / {std}, RGB",
        f"  source      {inspection.source}",
        *(f"  evidence    {sentence}" for sentence in inspection.evidence),
    ]
    return "\n".join(lines)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _convert(options: argparse.Namespace) -> int:
    _check_paths(options, options.file, options.out)
    result = convert(options.file, options.out, options.dtype, options.channels, options.pixels)
    before = Path(fetching.locate(options.file)).stat().st_size
    say(
        f"{options.out}: {result.network}, {len(result.layers)} convolutions, {_mb(result.size)} "
        f"(from {_mb(before)})\nnext: {_style(options.out)}"
    )
    figures = {"from": options.file, "before": before, "dtype": options.dtype, **asdict(result)}
    return write_json(options, figures)


def _fetch(options: argparse.Namespace) -> int:
    try:
        with live_line(options.name, 100) as advance:
            path = fetching.fetch(options.name, options.folder, options.url, _percents(advance))
    except KeyboardInterrupt as stop:
        kept = f"; {stop}, the same command resumes there" if str(stop) else ""
        sys.stderr.write(f"nnscratch weights: stopped{kept}\n")
        return 130
    digest, size = fetching.sha256(path), path.stat().st_size
    say(
        f"{path}: {_mb(size)}, the SHA-256 begins with {digest[:8]}, as expected\n"
        f"next: {_style(path)}\n"
        f"  or: nnscratch weights convert {_quoted(path)} {options.name}.npz"
    )
    figures = {"name": options.name, "path": str(path), "size": size, "sha256": digest}
    return write_json(options, figures)


def _style(weights: str | Path) -> str:
    return f"nnscratch style CONTENT STYLE -o OUT.png --weights {_quoted(weights)}"


def _quoted(path: str | Path) -> str:
    """A path as an argument, for any shell."""
    return f'"{path}"' if " " in str(path) else str(path)


def _percents(advance: Callable[[str], Any]) -> fetching.Watch:
    """Turn byte counts into steps of one percent, each reported once."""
    steps = 0

    def watch(here: int, total: int | None) -> None:
        nonlocal steps
        while total and steps < min(100, here * 100 // total):
            steps += 1
            advance(f"{here / 1e6:,.1f} of {_mb(total)}")

    return watch


def _list(options: argparse.Namespace) -> int:
    fetched: dict[str, Any] = dict.fromkeys(fetching.FILES)
    for name in fetched:
        line = "not fetched"
        with contextlib.suppress(ValueError):
            path = fetching.fetched(name)
            fetched[name] = {"path": str(path), "size": path.stat().st_size}
            line = f"{_mb(path.stat().st_size):>8}  {path}"
        say(f"{name:8}  {line}")
    return write_json(options, fetched)


def _check_paths(options: argparse.Namespace, read: str, *written: str) -> None:
    """Raise ValueError if an output would replace the weights or another output."""
    files.check_apart([*written, *filter(None, [options.json])], [fetching.locate(read)])
