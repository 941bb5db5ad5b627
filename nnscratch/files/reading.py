"""Checks of paths to be read, with messages for what is wrong.

Stands on the standard library.
"""

import os
from pathlib import Path


def as_path(path: str | os.PathLike, caller: str) -> Path:
    """`path` as a Path; TypeError for None, bytes, an open file and anything else."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"{caller}: expected a path, as str or pathlib.Path, got {type(path).__name__}; name "
            "the file"
        )
    return Path(path)


def check_file(path: str | os.PathLike, caller: str) -> Path:
    """`path` as a Path to a readable file; ValueError that says what is there instead."""
    path = as_path(path, caller)
    try:
        if path.is_file():  # opening a pipe would wait
            path.open("rb").close()
            return path
        there = path.exists()
    except OSError as error:
        raise ValueError(
            f"{caller}: cannot read '{path}': {error.strerror or error}; check its name and your "
            "rights"
        ) from error
    if path.is_dir():
        raise ValueError(f"{caller}: expected a file, got a folder: '{path}'; name a file in it")
    if there:
        raise ValueError(f"{caller}: expected a file, got a device or pipe: '{path}'; name a file")
    raise ValueError(f"{caller}: expected a file, got no file at '{path}'; check the path")
