"""Atomic writes: a file appears complete or not at all, and the earlier one stays until then.

Stands on `locking` and the standard library.
"""

import contextlib
import os
import platform
import random
import re
import stat
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from nnscratch.files.locking import PREFIX, try_lock

HOST = zlib.crc32(platform.node().encode())  # in the names of temporary files
TEMPORARY = re.compile(r"\.(?P<name>.*?)\.(?:(?P<host>\d{10})\.)?\d+\.tmp")
BINARY = getattr(os, "O_BINARY", 0)  # Windows would write "\r\n" for "\n"
DAY = 24 * 3600.0  # seconds after which the temporary file of another host is a leftover


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which replaces it if the block succeeds.

    An earlier file stays until the new one is complete, and its mode and owner are kept. A symbolic
    link stays a link: the file that it leads to is replaced. Temporary files that killed processes
    have left in the folder are removed.
    Raises ValueError if the file cannot be written.
    """
    check_place(path)
    target = Path(os.path.realpath(path))
    _remove_leftovers(target)
    try:
        with _temporary_file(target) as temporary:
            yield temporary
            _to_disk(temporary)
            _keep_mode(target, temporary)
    except OSError as error:
        raise ValueError(f"cannot write '{path}': {error.strerror or error}") from error


@contextlib.contextmanager
def _temporary_file(target: Path) -> Iterator[Path]:
    """A new file, locked as long as its process lives; it replaces `target` at the end."""
    mode = 0o600 if target.exists() else 0o666  # private until it has the mode of the earlier file
    path, file = _new_file(target, mode)
    try:
        yield path
        if sys.platform == "win32":  # where an open file cannot be renamed
            file.close()
        os.replace(path, target)
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        file.close()


def _new_file(target: Path, mode: int) -> tuple[Path, IO[bytes]]:
    """Create and lock a temporary file: only the process that has made it can hold the lock."""
    while True:
        number = random.SystemRandom().randrange(10**10)
        path = target.with_name(f".{target.name[:PREFIX]}.{HOST:010}.{number:010}.tmp")
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | BINARY, mode), "wb")
        try:
            if try_lock(file):
                return path, file
        except OSError:  # a file system without locks, where leftovers are not removed
            return path, file
        file.close()  # it was taken for a leftover before it was locked


def _remove_leftovers(target: Path) -> None:
    """Remove temporary files in the folder of `target` whose processes have ended."""
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            name = TEMPORARY.fullmatch(entry.name)
            if name and (name["host"] or name["name"] == target.name[:PREFIX]):
                with contextlib.suppress(OSError):
                    _remove_unlocked(Path(entry.path), name["host"])


def _remove_unlocked(path: Path, host: str | None) -> None:
    """Remove a temporary file unless a process holds its lock.

    On a shared folder a lock may be unknown to other hosts, whose files are removed after a day.
    """
    if host not in (None, f"{HOST:010}") and time.time() - path.stat().st_mtime < DAY:
        return
    if sys.platform == "win32":  # where a file that is open cannot be removed
        path.unlink()
        return
    with path.open("rb+") as file:
        if try_lock(file):
            path.unlink()


def _to_disk(path: Path) -> None:
    """Write through to the disk: after a loss of power the name might exist without the bytes."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _keep_mode(target: Path, temporary: Path) -> None:
    """Give the temporary file the owner, group and mode of the file that it replaces, if any."""
    try:
        earlier, now = target.stat(), temporary.stat()
    except FileNotFoundError:
        return
    if hasattr(os, "chown") and (earlier.st_uid, earlier.st_gid) != (now.st_uid, now.st_gid):
        with contextlib.suppress(OSError):  # only the superuser may give a file away
            os.chown(temporary, earlier.st_uid, earlier.st_gid)
    os.chmod(temporary, stat.S_IMODE(earlier.st_mode))


def check_place(path: str | os.PathLike) -> Path:
    """Return `path`; ValueError if no file can be there. To be called before long work."""
    path = Path(path)
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise ValueError(f"cannot write '{path}': it is a link that leads to itself; remove it")
    folder = target.parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        raise ValueError(f"cannot write '{path}': there is no folder '{folder}'; create it first")
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
