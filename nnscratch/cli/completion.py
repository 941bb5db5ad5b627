"""nnscratch completion: a script with which a shell completes commands and options."""

import argparse

from nnscratch.cli import COMMANDS, parser_of
from nnscratch.cli.common import say

SHELLS = ("bash", "zsh", "fish", "powershell")
EPILOG = """\
example:
  pip install "nnscratch[completion]"              # or, in a clone, pip install ".[completion]"
  eval "$(nnscratch completion bash)"              # in ~/.bashrc
  nnscratch completion zsh > "${fpath[1]}/_nnscratch"
  nnscratch completion fish > ~/.config/fish/completions/nnscratch.fish
  nnscratch completion powershell >> $PROFILE"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print a script that completes commands and options, made by shtab."
    parser.epilog = EPILOG
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    parser.set_defaults(run=run, json=None)


def run(options: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError as error:
        raise ValueError(
            'it needs shtab: pip install "nnscratch[completion]", or in a clone '
            'pip install ".[completion]"'
        ) from error
    say(shtab.complete(parser_of(list(COMMANDS)), options.shell))
    return 0
