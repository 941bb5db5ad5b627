"""What all jobs of a command, such as `nnscratch faces train`, have in common."""

import argparse


def add_job(jobs, command, name, run, line, example) -> argparse.ArgumentParser:
    """Add the parser of one job, with its help line, its example, and --json."""
    parser = jobs.add_parser(
        name,
        help=line,
        description=f"{line[0].upper()}{line[1:]}.",
        epilog=f"example:\n  nnscratch {command} {name} {example}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON")
    return parser
