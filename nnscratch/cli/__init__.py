"""The `nnscratch` command: one file for each sub-command, no logic of its own.

Exit codes: 0 right, 1 wrong or failed check, 2 bad input (one line on standard error).
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from nnscratch.files import check_place

COMMANDS = {
    "demo": "a gradient check, a stylised picture, faces, a wrong answer: in about a minute",
    "style": "render one picture in the style of another",
    "style-report": "measure the quality of stylised pictures",
    "train-backbone": "train a small network for style transfer, from a VGG or from scratch",
    "weights": "inspect, convert and download weight files",
    "faces": "verify and recognise people: train, enrol, identify, evaluate, demo",
    "oneshot": "learn characters from one example each (Omniglot)",
    "learn": "exercises that diagnose wrong answers",
    "quiz": "24 questions whose answers are computed when you ask",
    "gradcheck": "check the first and second derivatives of every operation",
    "bench": "time and check every algorithm for convolution",
    "doctor": "show the libraries, threads and devices of this installation",
}


class Parser(argparse.ArgumentParser):
    """An argument parser with one-line error messages, each of the command that it is about."""

    def parse_known_args(self, args=None, namespace=None):
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = Parser(
        prog="nnscratch",
        description="A deep-learning engine written from scratch on NumPy, made to be read.",
        epilog="example: nnscratch demo",
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, line in COMMANDS.items():
        sub = commands.add_parser(
            name, help=line, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name in words:  # import only the command that runs
            importlib.import_module(f"nnscratch.cli.{name.replace('-', '_')}").configure(sub)
    options = parser.parse_args(words)
    if options.version:
        import nnscratch

        sys.stdout.write(f"nnscratch {nnscratch.__version__}\n")
        return 0
    if options.command is None:
        parser.print_help()
        return 2
    try:
        if options.json:
            check_place(options.json)
        return options.run(options)
    except (ValueError, TypeError, OSError) as error:
        line, code = " ".join(str(error).split()).removeprefix(f"{options.command}: "), 2
    except MemoryError:
        line, code = "out of memory; try a smaller --size", 2
    except KeyboardInterrupt:
        line, code = "stopped", 130
    sys.stderr.write(f"nnscratch {options.command}: {line}\n")
    return code
