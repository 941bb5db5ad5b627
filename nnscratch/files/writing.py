"""Atomic writes: a file appears complete or not at all, and the earlier one stays until then.

Stands on the standard library.
"""

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which replaces it if the block succeeds.

    An earlier file stays until the new one is complete. Raises ValueError if it cannot be
    written.
    """
    path = check_place(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        yield temporary
        _to_disk(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise ValueError(f"cannot write '{path}': {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Write through to the disk: after a loss of power the name might exist without the bytes."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def check_place(path: str | os.PathLike) -> Path:
    """Return `path`; ValueError if no file can be there. To be called before long work."""
    path = Path(path)
    if not path.parent.is_dir():
        raise ValueError(
            f"cannot write '{path}': there is no folder '{path.parent}'; create it first"
        )
    if path.is_dir():
        raise ValueError(f"cannot write '{path}': it is a folder; name a file in it")
    if path.exists() and not path.is_file():  # replacing it would turn /dev/null into a file
        raise ValueError(f"cannot write '{path}': it is a device or a pipe; name a file")
    return path


def make_folder(path: str | os.PathLike, parents: bool = False) -> Path:
    """Return the folder `path`, creating it if missing, with parents if asked; else ValueError."""
    path = Path(path)
    if not (parents or path.parent.is_dir()):
        raise ValueError(f"no folder '{path.parent}' to create '{path.name}' in; create it first")
    try:
        path.mkdir(parents=parents, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"cannot create the folder '{path}': {error.strerror}; name another"
        ) from error
    return path


def check_apart(outputs: Iterable[str | os.PathLike], inputs: Iterable[str | os.PathLike]) -> None:
    """Raise ValueError if two outputs are the same file, or one would replace an input."""
    read = {os.path.realpath(path) for path in inputs}  # Path.resolve fails on circular links
    written: set[str] = set()
    for path in outputs:
        place = os.path.realpath(path)
        if place in read:
            raise ValueError(f"cannot write '{path}': it is read as well; name another file")
        if place in written:
            raise ValueError(f"cannot write '{path}': two results would go there; name another")
        written.add(place)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
