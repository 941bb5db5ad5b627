"""What the sub-commands have in common: jobs, plain lines, figures as JSON.

Stands on argparse, rich and `files`.
"""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from nnscratch import files


def add_job(jobs, command, name, run, line, example="") -> Callable[..., Any]:
    """Add a job such as `nnscratch faces train`, with --json. -> its parser's add_argument."""
    parser = jobs.add_parser(
        name,
        help=line,
        description=f"{line[0].upper()}{line[1:]}.",
        epilog=f"example:\n  nnscratch {command} {name} {example}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON")
    return parser.add_argument


def show(table: Table) -> None:
    """Print a table: in a file or a pipe as wide as it is, whatever COLUMNS says."""
    Console(width=None if sys.stdout.isatty() else 1000).print(table)


def say(*lines: str, stderr: bool = False) -> None:
    """Print lines as they are, without markup or wrapping."""
    console = Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)
    for line in lines:
        console.print(line)


def write_json(options: argparse.Namespace, figures: Any) -> int:
    """Write the figures to the file that --json names, if any. -> exit code 0."""
    if options.json:
        files.write_text(options.json, json.dumps(figures, indent=1))
    return 0
