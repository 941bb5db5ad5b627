"""nnscratch weights: say what a weight file is, make it slim, fetch one."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from nnscratch import files
from nnscratch.cli.jobs import add_job
from nnscratch.progress import live_line
from nnscratch.weights import fetching, inspection
from nnscratch.weights.channels import ORDERS, PIXELS
from nnscratch.weights.inspection import Inspection

DESCRIPTION = """\
Weight files of VGG networks: what one is, by its content and not by its name; its convolutions
alone, which is all that style transfer needs; and those of torchvision from the network."""
EPILOG = """\
example:
  nnscratch weights fetch vgg19
  nnscratch weights inspect vgg19-dcbb9e9d.pth
  nnscratch weights convert vgg19-dcbb9e9d.pth vgg19.safetensors --dtype float16"""
DTYPES = ("float32", "float16")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    jobs = parser.add_subparsers(dest="job", metavar="JOB", required=True)

    def job(name: str, run: Any, line: str, example: str) -> Any:
        return add_job(jobs, "weights", name, run, line, example).add_argument

    add = job("inspect", _inspect, "say what a weight file is, and by what", "vgg19-dcbb9e9d.pth")
    add("file", metavar="FILE", help="of any kind that nnscratch reads, or vgg19 once fetched")
    add = job("convert", _convert, "keep the convolutions only", "vgg19-dcbb9e9d.pth vgg19.npz")
    add("file", metavar="FILE", help="of any kind that nnscratch reads, or vgg19 once fetched")
    add("out", metavar="OUT", help="an .npz or .safetensors file")
    add("--channels", choices=ORDERS, help="what its first layer takes, if inspect has it wrong")
    add("--pixels", choices=tuple(PIXELS), help="what it wants of pixels, likewise")
    add("--dtype", choices=DTYPES, default=DTYPES[0], help=f"default {DTYPES[0]}; float16 is half")
    add = job("fetch", _fetch, "download the weights of torchvision, verified", "vgg19")
    add("name", metavar="NAME", choices=tuple(fetching.FILES), help=", ".join(fetching.FILES))
    add("--folder", metavar="DIR", help="where to (default: this platform's folder for caches)")
    add("--url", metavar="URL", help="the same file from elsewhere")
    job("list", _list, "say what has been fetched into the folder for caches", "")


def _inspect(options: argparse.Namespace) -> int:
    _check_json(options, options.file)
    found = inspection.inspect(options.file)
    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    for line in _lines(found):
        console.print(line)
    Console().print(_table(found))
    _record(options, {**asdict(found), "slim_size": found.slim_size})
    return 1 if found.hash_agrees is False else 0


def _lines(found: Inspection) -> list[str]:
    p = found.preprocess
    slim = f"{_mb(found.slim_size)} of convolutions in float32"
    return [
        f"{found.path}: {found.network}",
        f"  container   {found.container}, {_mb(found.size)} ({slim})",
        f"  SHA-256     {found.sha256}",
        f"  layout      {found.layout}; the first layer takes {found.channels}",
        f"  pixels      (image in [0, 1] * {p.scale:g} - {_three(p.mean)}) / {_three(p.std)}, RGB",
        f"  source      {found.source}",
        *(f"  known by    {sentence}" for sentence in found.evidence),
    ]


def _three(numbers: tuple[float, ...]) -> str:
    return f"({', '.join(f'{x:g}' for x in numbers)})"


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _table(found: Inspection) -> Table:
    table = Table("layer", "C_out, C_in, kH, kW")
    for name, shape in found.layers.items():
        table.add_row(name, ", ".join(map(str, shape)))
    return table


def _convert(options: argparse.Namespace) -> int:
    _check_json(options, options.file, options.out)
    made = inspection.convert(
        options.file, options.out, options.dtype, options.channels, options.pixels
    )
    before = Path(fetching.locate(options.file)).stat().st_size
    _say(
        f"{options.out}: {made.network}, {len(made.layers)} convolutions, {_mb(made.size)} "
        f"(from {_mb(before)})\nnext: {_style(options.out)}"
    )
    figures = {"from": options.file, "before": before, "dtype": options.dtype, **asdict(made)}
    return _record(options, figures)


def _fetch(options: argparse.Namespace) -> int:
    try:
        with live_line(options.name, 100) as advance:
            path = fetching.fetch(options.name, options.folder, options.url, _percents(advance))
    except KeyboardInterrupt as stop:
        kept = f"; {stop}, the same command goes on from there" if str(stop) else ""
        sys.stderr.write(f"nnscratch weights: stopped{kept}\n")
        return 130
    digest, size = fetching.sha256(path), path.stat().st_size
    _say(
        f"{path}: {_mb(size)}, the SHA-256 begins with {digest[:8]}, as it should\n"
        f"next: {_style(path)}\n"
        f"  or: nnscratch weights convert {_word(path)} {options.name}.npz"
    )
    figures = {"name": options.name, "path": str(path), "size": size, "sha256": digest}
    return _record(options, figures)


def _style(weights: str | Path) -> str:
    """The command that paints with them."""
    return f"nnscratch style CONTENT STYLE -o OUT.png --weights {_word(weights)}"


def _word(path: str | Path) -> str:
    """A path as a command takes it, in any shell."""
    return f'"{path}"' if " " in str(path) else str(path)


def _percents(advance: Callable[[str], Any]) -> fetching.Watch:
    """Bytes as they come -> steps of one percent, each once."""
    shown = 0

    def watch(here: int, total: int | None) -> None:
        nonlocal shown
        while total and shown < min(100, here * 100 // total):
            shown += 1
            advance(f"{here / 1e6:,.1f} of {_mb(total)}")

    return watch


def _list(options: argparse.Namespace) -> int:
    found: dict[str, Any] = dict.fromkeys(fetching.FILES)
    for name in found:
        line = "not fetched"
        with contextlib.suppress(ValueError):
            path = fetching.fetched(name)
            found[name] = {"path": str(path), "size": path.stat().st_size}
            line = f"{_mb(path.stat().st_size):>8}  {path}"
        _say(f"{name:8}  {line}")
    return _record(options, found)


def _check_json(options: argparse.Namespace, read: str, *written: str) -> None:
    """The answer must not take the place of the weights."""
    files.check_apart([*written, *filter(None, [options.json])], [fetching.locate(read)])


def _record(options: argparse.Namespace, figures: dict[str, Any]) -> int:
    if options.json:
        files.write_text(options.json, json.dumps(figures, indent=1))
    return 0


def _say(text: str) -> None:
    Console(highlight=False, soft_wrap=True, markup=False, emoji=False).print(text)
