"""`nnscratch completion`: a script that bash takes and that completes commands and options."""

import subprocess
import sys

import pytest
from commands import fails, succeeds

from nnscratch.cli import COMMANDS
from nnscratch.cli.completion import SHELLS

ASK = """
source /dev/stdin <<'SCRIPT'
{script}
SCRIPT
COMP_WORDS=(nnscratch {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_shtab_nnscratch
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_each_shell_names_all_commands(shell, capsys):
    pytest.importorskip("shtab")
    script = succeeds(capsys, "completion", shell)
    assert all(name in script for name in COMMANDS)
    assert "gallery" in script


@pytest.mark.skipif(sys.platform != "linux", reason="needs bash")
@pytest.mark.parametrize(
    ("words", "answer"),
    [("grad", "gradcheck"), ("faces enr", "enrol"), ("faces enrol --gal", "--gallery")],
)
def test_bash_completes_commands_jobs_and_options(words, answer, capsys):
    pytest.importorskip("shtab")
    script = ASK.format(script=succeeds(capsys, "completion", "bash"), words=words)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == ([answer], "")


def test_without_shtab_the_remedy_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    line = fails(capsys, "completion", "bash")
    assert 'pip install "nnscratch[completion]"' in line and 'pip install ".[completion]"' in line


def test_an_unknown_shell_is_refused(capsys):
    assert "invalid choice: 'csh'" in fails(capsys, "completion", "csh")
