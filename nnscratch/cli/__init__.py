"""The `nnscratch` command: one file for each sub-command, no logic of its own.

Exit codes: 0 right, 1 wrong or failed check, 2 bad input (one line on standard error).
"""

import argparse
import importlib
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from nnscratch.files import check_place
from nnscratch.names import did_you_mean

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
    "completion": "print a script that completes commands and options in your shell",
}


class Parser(argparse.ArgumentParser):
    """An argument parser with one-line error messages, each of the command that it is about."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2; a word that is not known is compared with those that are."""
        if wrong := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            message += did_you_mean(wrong[1], re.findall(r"[\w.-]+", wrong[2]))
        elif wrong := re.search("unrecognized arguments: .*?(--[^ =]+)", message):
            message += did_you_mean(wrong[1], self._option_string_actions)
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser_of(words: Sequence[str]) -> Parser:
    """The parser, with the options of the commands among `words`: only these are imported."""
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
        if name in words:
            importlib.import_module(f"nnscratch.cli.{name.replace('-', '_')}").configure(sub)
        sub.set_defaults(parser=sub)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command and return the exit code; 0 if the reader of a pipe ends, as `head`."""
    try:
        try:
            return _run(list(sys.argv[1:] if arguments is None else arguments))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left to write
    except SystemExit as stop:
        if not isinstance(stop.__context__, BrokenPipeError):  # rich makes that an exit with 1
            raise
    return 0


def _run(words: list[str]) -> int:
    parser = parser_of(words)
    options, unknown = parser.parse_known_args(words)
    if unknown:  # said by the parser of the command, which knows its options
        getattr(options, "parser", parser).error(f"unrecognized arguments: {' '.join(unknown)}")
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
    except BrokenPipeError:
        raise
    except (ValueError, TypeError, OSError) as error:
        line, code = " ".join(str(error).split()).removeprefix(f"{options.command}: "), 2
    except MemoryError:
        line, code = "out of memory; try a smaller --size", 2
    except KeyboardInterrupt:
        line, code = "stopped", 130
    sys.stderr.write(f"nnscratch {options.command}: {line}\n")
    return code
