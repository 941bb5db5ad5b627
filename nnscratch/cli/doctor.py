"""nnscratch doctor: the libraries, threads and devices of this installation."""

import argparse
import importlib.metadata
import os
import platform

from rich.table import Table
from threadpoolctl import threadpool_info

import nnscratch
from nnscratch.cli.common import show, write_json
from nnscratch.engines import names

PACKAGES = ("numpy", "scipy", "pillow", "rich", "safetensors", "threadpoolctl", "matplotlib")
OPTIONAL = ("h5py", "cupy-cuda12x", "cupy-cuda13x", "torch")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = "Show the libraries, threads and devices of this installation."
    parser.epilog = "example: nnscratch doctor"
    parser.add_argument("--json", metavar="FILE", help="write the results as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    facts = {
        "nnscratch": nnscratch.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "engines": ", ".join(names()),
        **{name: _version(name) for name in PACKAGES + OPTIONAL},
    }
    for pool in threadpool_info():
        facts[f"threads of {pool['internal_api']}"] = str(pool["num_threads"])
    table = Table("component", "version or setting")
    for name, value in facts.items():
        table.add_row(name, value)
    show(table)
    write_json(options, facts)
    return 1 if any(facts[name] == "missing" for name in PACKAGES) else 0


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing" if package in PACKAGES else "not installed (optional)"
