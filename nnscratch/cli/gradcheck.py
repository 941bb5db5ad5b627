"""nnscratch gradcheck: the first and second derivatives of every operation against differences."""

import argparse
import time

from rich.console import Console
from rich.table import Table

from nnscratch.cli.common import say, show, write_json
from nnscratch.gradcheck import GradcheckError
from nnscratch.names import did_you_mean
from nnscratch.opcases import CASES, Case
from nnscratch.opcases import run as run_case
from nnscratch.progress import live_line


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Compare the first and second derivatives of every operation with central differences, "
        "in float64, and print the worst relative error of each."
    )
    parser.epilog = "example: nnscratch gradcheck conv2d max_pool2d"
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these operations")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="seed of the inputs")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    known = {case.name for case in CASES}
    for name in options.names:
        if name not in known:
            similar = did_you_mean(name, known) or f"; there are {', '.join(sorted(known))}"
            raise ValueError(f"no operation {name!r}{similar}")
    cases = [case for case in CASES if not options.names or case.name in options.names]
    start = time.perf_counter()
    rows = check_cases(cases, options.seed)
    problems = [row["problem"] for row in rows if row["problem"]]
    show(report(rows))
    for problem in problems:
        Console(stderr=True).print(problem, style="red", markup=False, highlight=False)
    say(
        f"{len(cases)} settings of {len(rows)} operations, {len(problems)} wrong, "
        f"{time.perf_counter() - start:.0f} s"
    )
    write_json(options, rows)
    return 1 if problems else 0


def check_cases(cases: list[Case], seed: int = 0) -> list[dict]:
    """One row for each operation: its settings, slopes compared, worst errors and problem."""
    rows: dict[str, dict] = {}
    empty = {"settings": 0, "slopes": 0, "first": 0.0, "second": 0.0, "problem": ""}
    with live_line("gradcheck", len(cases)) as advance:
        for case in cases:
            row = rows.setdefault(case.name, {"op": case.name, **empty})
            row["settings"] += 1
            try:
                for order, name in ((1, "first"), (2, "second")):
                    figures = run_case(case, order, seed)
                    row["slopes"] += figures.slopes
                    row[name] = max(row[name], figures.worst_error)
            except GradcheckError as error:
                row["problem"] = str(error)
            advance(case.name)
    return list(rows.values())


def report(rows: list[dict]) -> Table:
    """A table with one line for each operation."""
    table = Table("operation", "settings", "slopes", "worst error, 1st", "worst error, 2nd", "")
    for row in rows:
        errors = f"{row['first']:.1e}", f"{row['second']:.1e}"
        verdict = "[red]WRONG" if row["problem"] else "[green]right"
        table.add_row(row["op"], str(row["settings"]), f"{row['slopes']:,}", *errors, verdict)
    for column in table.columns[1:5]:
        column.justify = "right"
    return table
