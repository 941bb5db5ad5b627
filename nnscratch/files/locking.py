"""Locks between processes, which the operating system frees when a process ends for any reason.

Stands on the standard library: flock, or msvcrt on Windows.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

WAIT = 60.0  # seconds for which `locked` waits for another process
PAUSE = 0.02  # seconds between two attempts
PREFIX = 40  # letters of a file's name in those of its lock and temporary files


@contextlib.contextmanager
def locked(path: str | os.PathLike, wait: float = WAIT) -> Iterator[None]:
    """Keep other processes and threads that call this out of the block: read, change, write.

    The lock is a hidden file beside `path`, or beside the file that a link leads to.
    Raises ValueError if it cannot be had within `wait` seconds.
    """
    target = Path(os.path.realpath(path))
    place = target.with_name(f".{target.name[:PREFIX]}.lock")
    end = time.monotonic() + wait
    try:
        while (file := lock_file(place)) is None:
            if time.monotonic() > end:
                raise ValueError(
                    f"cannot write '{path}': another process has held its lock for {wait:g} s; try "
                    "again when that one has ended"
                )
            time.sleep(PAUSE)
    except OSError as error:
        raise ValueError(f"cannot write '{path}': {error.strerror or error}") from error
    try:
        yield
    finally:
        unlock_file(file, place)


def lock_file(place: Path) -> IO[bytes] | None:
    """Open and lock the file `place`, which is made if missing; None if another holds the lock."""
    try:
        file = place.open("ab")
    except PermissionError:
        if sys.platform == "win32" or place.exists():  # it is being removed, or another user's
            return None
        raise
    try:
        if try_lock(file):
            return file
    except OSError:  # a file system without locks
        return file
    except BaseException:
        file.close()
        raise
    file.close()
    return None


def unlock_file(file: IO[bytes], place: Path) -> None:
    """Remove and unlock a file of `lock_file`."""
    if sys.platform == "win32":  # where an open file cannot be removed
        file.close()
    with contextlib.suppress(OSError):
        place.unlink()  # while it is locked: later, it may be another's
    file.close()


def try_lock(file: IO[bytes]) -> bool:
    """Lock an open file without waiting, until it is closed.

    False if another process or another open file holds the lock, or if the file was removed.
    Raises OSError on a file system without locks.
    """
    try:
        system_lock(file)
    except (BlockingIOError, PermissionError):
        return False
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(file.name))
    except FileNotFoundError:
        return False


def system_lock(file: IO[bytes]) -> None:
    """Lock without waiting; OSError if another process or another open file holds the lock."""
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
