"""Fetching torchvision's VGG files: resumed where it broke off, kept only if the hash agrees.

Stands on urllib and `nnscratch.files`. What comes is never opened here, only hashed. Several
processes may ask for one file: one of them fetches it, the others are told so.
"""

import contextlib
import hashlib
import http.client
import os
import re
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from nnscratch.files import make_folder

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

BASE = "https://download.pytorch.org/models/"
FILES = {
    "vgg11": "vgg11-8a719046.pth",
    "vgg13": "vgg13-19584684.pth",
    "vgg16": "vgg16-397923af.pth",
    "vgg19": "vgg19-dcbb9e9d.pth",
    "vgg11_bn": "vgg11_bn-6002323d.pth",
    "vgg13_bn": "vgg13_bn-abd245e5.pth",
    "vgg16_bn": "vgg16_bn-6c64b313.pth",
    "vgg19_bn": "vgg19_bn-c79401a0.pth",
}
# A browser adds " (1)"; people add the day, as 20240131.
HASH_IN_NAME = re.compile(
    r"-(?!20\d\d(?:0[1-9]|1[0-2])[0-3]\d(?![0-9a-f]))([0-9a-f]{8,64})(?: ?\(\d+\))?\.pth"
)
LIMIT = 2 << 30  # bytes; the largest VGG has 0.6e9, a server may never come to an end
CHUNK = 1 << 18
TIMEOUT = 30.0  # seconds without a byte
TRIES = 5  # in one call, each of which must bring something new

Watch = Callable[[int, int | None], Any]  # bytes that are here, bytes in all if that is known


class _Broken(Exception):
    """The connection failed; what came so far is kept."""


def fetch(
    name: str,
    folder: str | os.PathLike | None = None,
    url: str | None = None,
    progress: Watch | None = None,
) -> Path:
    """Download weights of torchvision, one of `FILES` by name; the path of the file.

    folder: by default `cache_folder()`; url: of the same file elsewhere; progress: is told
    (bytes here, bytes in all or None). What broke off is in a .part file, and the next call goes on
    from there. A file that is there already, whole, is not fetched again; another stays until the
    new one is verified. Raises ValueError if no such file can be had, or another process is
    fetching it; KeyboardInterrupt says what is kept.
    """
    file_name = _file_name(name)
    url = _checked_url(url or BASE + file_name)
    target = _folder(folder) / file_name
    try:
        if not (target.is_file() and agrees(target)):
            with _alone(target):
                if target.is_file() and agrees(target):  # another process was quicker
                    return target
                _fetch(url, target, progress or (lambda here, total: None))
    except KeyboardInterrupt:
        part = _part(target)
        kept = f"{_size(part) / 1e6:.1f} MB are kept in '{part}'" if _size(part) else ""
        raise KeyboardInterrupt(kept) from None
    except OSError as error:
        raise ValueError(
            f"weights: cannot write '{target}': {error.strerror or error}; choose another folder"
        ) from error
    return target


def fetched(name: str) -> Path:
    """Where the cache folder has the file that `fetch(name)` brought and verified.

    It is not hashed again. Raises ValueError if it is not there; nothing is downloaded.
    """
    path = cache_folder() / _file_name(name)
    if not path.is_file():
        raise ValueError(
            f"weights: {name} has not been fetched, there is no '{path}'; fetch it with: nnscratch "
            f"weights fetch {name}"
        )
    return path


def locate(path_or_name: str | os.PathLike) -> str | os.PathLike:
    """A path as it is; for one of the names in `FILES`, the path of the file `fetched`.

    A file of that name in the current folder wins. Raises ValueError for a name whose file has not
    been fetched; whether there is a file at a path is not asked.
    """
    if isinstance(path_or_name, str) and path_or_name in FILES and not os.path.isfile(path_or_name):
        return fetched(path_or_name)
    return path_or_name


def cache_folder(platform: str = sys.platform) -> Path:
    """Where this platform keeps what can be fetched again; the folder need not exist yet."""
    try:
        home = Path.home()
    except RuntimeError as error:
        raise ValueError(f"weights: {error}; name a folder to fetch into") from error
    if platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        given = os.environ.get("XDG_CACHE_HOME", "")
        base = given if os.path.isabs(given) else home / ".cache"  # its standard says: absolute
    return Path(base) / "nnscratch"


def sha256(path: str | os.PathLike) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_in_name(name: str) -> str | None:
    """The first digits of the SHA-256 that a name promises: vgg19-dcbb9e9d.pth -> dcbb9e9d."""
    match = HASH_IN_NAME.search(name)
    return match and match[1]


def agrees(path: Path) -> bool:
    """Whether a file has the SHA-256 that its name promises; True if it promises none."""
    return sha256(path).startswith(hash_in_name(path.name) or "")


# -- one file -------------------------------------------------------------------------------------


def _file_name(name: str) -> str:
    if name not in FILES:
        raise ValueError(f"weights: expected one of {', '.join(FILES)} to fetch, got {name!r}")
    return FILES[name]


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
    except ValueError:  # brackets or dots astray
        host = b""
    if not host or parts.scheme not in ("http", "https"):
        raise ValueError(f"weights: expected an address https://..., got {url!r}")
    return url


def _folder(folder: str | os.PathLike | None) -> Path:
    if folder is not None:
        return make_folder(folder)
    path = cache_folder()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"weights: cannot create the folder '{path}': {error.strerror}; name another"
        ) from error
    return path


def _fetch(url: str, target: Path, watch: Watch) -> None:
    """Bring `target` here, verified. A part that turns out to be of another file is dropped."""
    part = _part(target)
    expected = hash_in_name(target.name) or ""
    for resumed in (True, False) if _size(part) else (False,):
        if not (resumed and sha256(part).startswith(expected)):  # whole: only the name is missing
            _download(url, part, target, watch)
        found = sha256(part)
        if found.startswith(expected):
            os.replace(part, target)
            return
        part.unlink()
    raise ValueError(
        f"weights: {url} gave another file: expected a SHA-256 that begins with {expected}, got "
        f"{found[: len(expected)]}...; nothing was kept, try another address"
    )


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _download(url: str, part: Path, target: Path, watch: Watch) -> None:
    """Bring `part` to its end, in several goes where a connection breaks."""
    for _ in range(TRIES):
        before = _size(part)
        try:
            _go_on(url, part, watch)
            return
        except _Broken as error:
            reason = str(error)
            if _size(part) <= before:
                break
    kept = _size(part)
    again = f"{kept / 1e6:.1f} MB are kept and the next try goes on from there; " if kept else ""
    raise ValueError(
        f"weights: cannot fetch {url}: {reason}; {again}without a network: fetch it on another "
        f"machine, and copy it to '{target}'"
    )


def _go_on(url: str, part: Path, watch: Watch) -> None:
    """One connection: what it brings is added to `part`."""
    here = _size(part)
    response = _open(url, here)
    if response is None or _begin(response) not in (0, here):  # no such range, or another
        if response is not None:
            response.close()
        part.unlink(missing_ok=True)
        response = _open(url, 0)
    if response is None:
        raise ValueError(f"weights: {url} has no beginning (416); try another address")
    with response:
        here, total = _begin(response), _total(response)
        _check_room(part.parent, url, here, total)
        first = _read(response)  # a page, or nothing, must not cost what is here
        _check_kind(response, first, url)
        if total and not first:
            raise _Broken("it broke off before the first byte")
        with part.open("ab" if here else "wb") as file:
            for chunk in chain([first], iter(lambda: _read(response), b"")):
                here = _write(file, chunk, here, watch, total)
    if total is not None and here < total:
        raise _Broken(f"it broke off after {here:,} of {total:,} bytes")


def _write(file: Any, chunk: bytes, here: int, watch: Watch, total: int | None) -> int:
    if here + len(chunk) > LIMIT:
        file.truncate(0)
        raise ValueError(f"weights: more than {LIMIT:,} bytes came, no VGG has so many")
    file.write(chunk)
    watch(here + len(chunk), total)
    return here + len(chunk)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _check_room(folder: Path, url: str, here: int, total: int | None) -> None:
    """Ask before, not after half a gigabyte."""
    if total is not None and total > LIMIT:
        raise ValueError(f"weights: {url} would be {total:,} bytes, no VGG has so many")
    free = shutil.disk_usage(folder).free
    if total is not None and total - here > free:
        raise ValueError(
            f"weights: {url} needs {(total - here) / 1e6:,.0f} MB in '{folder}', where "
            f"{free / 1e6:,.0f} MB are free; choose another folder"
        )


# -- one process ----------------------------------------------------------------------------------


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep every other process from fetching `target` meanwhile; ValueError if one is at it.

    The lock is the system's, on a file beside it: it ends with the process that holds it, however
    that ends, and a file that was left behind locks nobody out.
    """
    place = target.with_name(f"{target.name}.lock")
    with contextlib.ExitStack() as at_end:
        if sys.platform == "win32":  # which lets nobody remove an open file
            at_end.callback(_remove, place)
        file = at_end.enter_context(place.open("ab"))
        if not _locked(file, place):
            raise ValueError(
                f"weights: another process is fetching '{target}'; wait until it is done, or "
                "choose another folder"
            )
        if sys.platform != "win32":  # while it is locked: later, it may be another's
            at_end.callback(_remove, place)
        yield


def _locked(file: IO[bytes], place: Path) -> bool:
    """Lock an open file; False if another has it, or had it and removed it from `place`."""
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks: better none than no file
        return True
    try:
        return os.path.samestat(os.fstat(file.fileno()), place.stat())
    except FileNotFoundError:
        return False


def _lock(file: IO[bytes]) -> None:
    """OSError at once where it is taken, by another process or another open file of this one."""
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


# -- HTTP -----------------------------------------------------------------------------------------


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow to http and https only, and never from https to http."""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any):
        schemes = ("https",) if urlsplit(req.full_url).scheme == "https" else ("http", "https")
        if urlsplit(newurl).scheme not in schemes:
            fp.close()
            raise ValueError(f"weights: {req.full_url} leads to {newurl}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(url: str, here: int) -> http.client.HTTPResponse | None:
    """The answer to a request for what follows byte `here`; None if there is no such part."""
    headers = {"User-Agent": "nnscratch", **({"Range": f"bytes={here}-"} if here else {})}
    try:
        request = urllib.request.Request(url, headers=headers)
        return urllib.request.build_opener(_Redirects).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416:
                return None
            raise ValueError(
                f"weights: {url} answered {error.code} {_one_line(error.reason)}; try another "
                "address"
            ) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(_one_line(getattr(error, "reason", error))) from error


def _one_line(reason: Any) -> str:
    """What a library says, which may have several lines, or none."""
    return " ".join(str(reason).split()) or type(reason).__name__


def _range(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Content-Range: bytes 100-199/200 -> (100, 200)."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if match is None:
        return 0, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _begin(response: http.client.HTTPResponse) -> int:
    """Of which byte the answer is the first; 0 where the server sends all, asked or not."""
    return _range(response)[0] if response.status == 206 else 0


def _total(response: http.client.HTTPResponse) -> int | None:
    """How many bytes the whole file has, if the server says so."""
    whole = _range(response)[1] if response.status == 206 else None
    if whole is None and response.length is not None:
        whole = _begin(response) + response.length
    return whole


def _read(response: http.client.HTTPResponse) -> bytes:
    """The next bytes, as they come; b"" at the end."""
    try:
        return response.read1(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(_one_line(error)) from error


def _check_kind(response: http.client.HTTPResponse, first: bytes, url: str) -> None:
    page = response.headers.get_content_type() == "text/html"
    if page or first[:256].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise ValueError(
            f"weights: {url} gave a page, not a file; a login or a proxy may be in between, open "
            "the address in a browser"
        )
