"""Runs a function in a Python process of its own, with limits of time and memory.

Stands on `files`. Whatever the code in the process does, `run` returns; it reads an answer from a
file, so prints do no harm.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMORY = 4 * 2**30  # bytes of address space, on systems that can limit it
GRACE = 20.0  # seconds to import and to end itself, with its calls; after that it is killed
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
START = """\
import faulthandler, importlib, json, sys
from nnscratch import files
module, job, answer, trace, seconds, memory = json.loads(sys.argv[1])
main = importlib.import_module(module).main
faulthandler.dump_traceback_later(seconds, exit=True, file=open(trace, "w"))
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
except (ImportError, ValueError, OSError):
    pass
record = main(job)
files.write_text(answer, json.dumps(record))
"""
PLACE = re.compile(r'File "(.+)", line (\d+)')


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    answer: what `main` returned, or None; code: exit code, None: it had to be killed
    late: its time was up; calls: the file and line of each call then, innermost first
    printed: the lines of its output
    """

    answer: Any
    code: int | None
    late: bool
    calls: tuple[tuple[Path, int], ...]
    printed: tuple[str, ...]


def run(module: str, job: Any, seconds: float, capture: bool = True) -> Ended:
    """Call `main(job)` of a module; job and result are JSON. `main` has so many seconds.

    capture: keep what it prints
    """
    with tempfile.TemporaryDirectory() as folder:
        answer, trace = Path(folder, "answer.json"), Path(folder, "trace.txt")
        settings = json.dumps([module, job, str(answer), str(trace), seconds, MEMORY])
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-c", START, settings],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if capture else subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                timeout=seconds + GRACE,
                env={**os.environ, **ENVIRONMENT, **ONE_THREAD},
                check=False,
            )
            output, code = done.stdout or b"", done.returncode
        except subprocess.TimeoutExpired as expired:
            output, code = expired.stdout or b"", None
        calls = trace.read_text(encoding="utf-8", errors="replace") if trace.is_file() else ""
        return Ended(
            json.loads(answer.read_text(encoding="utf-8")) if answer.is_file() else None,
            code,
            bool(calls) or code is None,
            tuple((Path(file), int(line)) for file, line in PLACE.findall(calls)),
            tuple(output.decode("utf-8", "replace").splitlines()),
        )
