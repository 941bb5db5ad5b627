"""Commands of several jobs, as `nnscratch faces train`: what all jobs have in common."""

import argparse
from typing import Any


def add_job(
    jobs: Any, command: str, name: str, run: Any, line: str, example: str
) -> argparse.ArgumentParser:
    """A parser for one job: its line of help, its example, and --json."""
    parser = jobs.add_parser(
        name,
        help=line,
        description=f"{line[0].upper()}{line[1:]}.",
        epilog=f"example:\n  nnscratch {command} {name} {example}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("--json", metavar="FILE", help="write the answer as JSON")
    return parser
