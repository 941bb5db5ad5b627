"""Places that are read: whether there is a file at all, in words where there is none.

Stands on the standard library.
"""

import os
from pathlib import Path


def as_path(path: str | os.PathLike, caller: str) -> Path:
    """`path` as a Path; TypeError for None, bytes, an open file and whatever else is no path."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"{caller}: expected a path, as text or pathlib.Path, got {type(path).__name__}; name "
            "the file"
        )
    return Path(path)


def check_file(path: str | os.PathLike, caller: str) -> Path:
    """`path` if a file is there that may be read; ValueError that says what is there instead."""
    path = as_path(path, caller)
    try:
        if path.is_file():  # a pipe would keep whoever opens it waiting
            path.open("rb").close()
            return path
        there = path.exists()
    except OSError as error:
        raise ValueError(
            f"{caller}: cannot read '{path}': {error.strerror or error}; check its name and your "
            "rights"
        ) from error
    if path.is_dir():
        raise ValueError(f"{caller}: '{path}' is a folder; name a file in it")
    if there:
        raise ValueError(f"{caller}: '{path}' is a device or a pipe; name a file")
    raise ValueError(f"{caller}: no file at '{path}'; check the path")
