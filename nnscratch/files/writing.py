"""Writing files so that bad luck never loses data: whole or not at all.

Stands on the standard library.
"""

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary name beside `path`; it takes path's place if the block succeeds.

    An earlier file stays until the new one is complete. Raises ValueError where nothing can be
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
    """Without this, a machine that loses power may have kept the new name and not the bytes."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def check_place(path: str | os.PathLike) -> Path:
    """`path`, or ValueError where no file can be: asked before long work, not after it."""
    path = Path(path)
    if not path.parent.is_dir():
        raise ValueError(
            f"cannot write '{path}': there is no folder '{path.parent}'; create it first"
        )
    if path.is_dir():
        raise ValueError(f"cannot write '{path}': it is a folder; name a file in it")
    if path.exists() and not path.is_file():  # it would be replaced: /dev/null by a file
        raise ValueError(f"cannot write '{path}': it is a device or a pipe; name a file")
    return path


def make_folder(path: str | os.PathLike) -> Path:
    """`path`, a folder, made where there is none; ValueError where none can be."""
    path = Path(path)
    if not path.parent.is_dir():
        raise ValueError(f"no folder '{path.parent}' to create '{path.name}' in; create it first")
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise ValueError(f"cannot create the folder '{path}': {error.strerror}") from error
    return path


def check_apart(outputs: Iterable[str | os.PathLike], inputs: Iterable[str | os.PathLike]) -> None:
    """ValueError where two outputs are one file, or one would take the place of an input."""
    read = {os.path.realpath(path) for path in inputs}  # Path.resolve fails over links in a circle
    written: set[str] = set()
    for path in outputs:
        place = os.path.realpath(path)
        if place in read:
            raise ValueError(f"cannot write '{path}': it is read as well; name another file")
        if place in written:
            raise ValueError(f"cannot write '{path}': two results would go there; name another")
        written.add(place)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
