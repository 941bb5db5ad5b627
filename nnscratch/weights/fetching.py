"""Download of torchvision's VGG files: resumed after a break, kept only if the hash agrees.

Stands on urllib and `nnscratch.files`. The downloaded file is only hashed, never opened. Of several
processes that fetch one file, one downloads and the others raise an error.
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
from typing import Any
from urllib.parse import urlsplit

from nnscratch.files import locking, make_folder

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
# A browser adds " (1)"; a date such as 20240131 is not a hash.
HASH_IN_NAME = re.compile(
    r"-(?!20\d\d(?:0[1-9]|1[0-2])[0-3]\d(?![0-9a-f]))([0-9a-f]{8,64})(?: ?\(\d+\))?\.pth"
)
LIMIT = 2 << 30  # bytes; the largest VGG has 0.6e9, but a server may send without end
CHUNK = 1 << 18
TIMEOUT = 30.0  # seconds without a byte
TRIES = 5  # in one call; each must bring new bytes

Watch = Callable[[int, int | None], Any]  # bytes downloaded, total bytes if known


class _Broken(Exception):
    """The connection failed; the bytes received so far are kept."""


def fetch(name: str, folder=None, url: str | None = None, progress: Watch | None = None) -> Path:
    """Download weights of torchvision, one of `FILES` by name; return the path of the file.

    folder: a path, `cache_folder()` by default; url: another address of the same file; progress: is
    called with (bytes downloaded, total bytes or None). An interrupted download stays in a .part
    file, and the next call resumes it. A complete file is not downloaded again; any other is
    replaced once the new one is verified. Raises ValueError if the file cannot be had, or if
    another process is fetching it; the message of a KeyboardInterrupt states what is kept.
    """
    file_name = _file_name(name)
    url = _checked_url(url or BASE + file_name)
    target = _folder(folder) / file_name
    try:
        if not (target.is_file() and agrees(target)):
            with _alone(target):
                if target.is_file() and agrees(target):  # another process was faster
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
    """The path of the file that `fetch(name)` saved to the cache folder.

    It is not hashed again. Raises ValueError if it is missing; nothing is downloaded.
    """
    path = cache_folder() / _file_name(name)
    if not path.is_file():
        raise ValueError(
            f"weights: {name} has not been fetched, there is no '{path}'; run: nnscratch weights "
            f"fetch {name}"
        )
    return path


def locate(path_or_name: str | os.PathLike) -> str | os.PathLike:
    """Resolve a name in `FILES` to the path of its fetched file; any path is returned unchanged.

    A file of that name in the current folder takes precedence. Raises ValueError for a name whose
    file has not been fetched; whether a path exists is not checked.
    """
    if isinstance(path_or_name, str) and path_or_name in FILES and not os.path.isfile(path_or_name):
        return fetched(path_or_name)
    return path_or_name


def cache_folder(platform: str = sys.platform) -> Path:
    """The platform's folder for cached files; it need not exist yet."""
    try:
        home = Path.home()
    except RuntimeError as error:
        raise ValueError(f"weights: {error}; name a folder to fetch into") from error
    if platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        xdg = os.environ.get("XDG_CACHE_HOME", "")  # the standard requires an absolute path
        base = xdg if os.path.isabs(xdg) else home / ".cache"
    return Path(base) / "nnscratch"


def sha256(path: str | os.PathLike) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_in_name(name: str) -> str | None:
    """The first digits of the SHA-256 in a file name: vgg19-dcbb9e9d.pth -> dcbb9e9d."""
    match = HASH_IN_NAME.search(name)
    return match and match[1]


def agrees(path: Path) -> bool:
    """Whether a file has the SHA-256 in its name; True if the name has none."""
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
    except ValueError:  # misplaced brackets or dots
        host = b""
    if not host or parts.scheme not in ("http", "https"):
        raise ValueError(f"weights: expected an address https://..., got {url!r}")
    return url


def _folder(folder: str | os.PathLike | None) -> Path:
    return make_folder(cache_folder(), parents=True) if folder is None else make_folder(folder)


def _fetch(url: str, target: Path, watch: Watch) -> None:
    """Download and verify `target`; if a resumed part fails the check, start over once."""
    part = _part(target)
    expected = hash_in_name(target.name) or ""
    for resumed in (True, False) if _size(part) else (False,):
        if not (resumed and sha256(part).startswith(expected)):  # complete, but not renamed yet
            _download(url, part, target, watch)
        digest = sha256(part)
        if digest.startswith(expected):
            os.replace(part, target)
            return
        part.unlink()
    raise ValueError(
        f"weights: {url} gave another file: expected a SHA-256 that begins with {expected}, got "
        f"{digest[: len(expected)]}...; nothing was kept, try another address"
    )


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _download(url: str, part: Path, target: Path, watch: Watch) -> None:
    """Complete `part`, over several connections if one breaks."""
    for _ in range(TRIES):
        before = _size(part)
        try:
            _continue(url, part, watch)
            return
        except _Broken as error:
            reason = str(error)
            if _size(part) <= before:
                break
    kept = _size(part)
    again = f"{kept / 1e6:.1f} MB are kept and the next try resumes there; " if kept else ""
    raise ValueError(
        f"weights: cannot fetch {url}: {reason}; {again}without a network: fetch it on another "
        f"machine, and copy it to '{target}'"
    )


def _continue(url: str, part: Path, watch: Watch) -> None:
    """Append the bytes of one connection to `part`."""
    here = _size(part)
    response = _open(url, here)
    if response is None or _span(response)[0] not in (0, here):  # no such range, or another one
        if response is not None:
            response.close()
        part.unlink(missing_ok=True)
        response = _open(url, 0)
    if response is None:
        raise ValueError(f"weights: {url} has no first byte (416); try another address")
    with response:
        here, total = _span(response)
        _check_size(part.parent, url, here, total)
        first = _read(response)  # checked before `part` is touched
        _check_kind(response, first, url)
        if total and not first:
            raise _Broken("it broke off before the first byte")
        with part.open("ab" if here else "wb") as file:
            for chunk in chain([first], iter(lambda: _read(response), b"")):
                here += len(chunk)
                if here > LIMIT:
                    file.truncate(0)
                    raise ValueError(f"weights: {url} sends over {LIMIT:,} bytes, unlike a VGG")
                file.write(chunk)
                watch(here, total)
    if total is not None and here < total:
        raise _Broken(f"it broke off after {here:,} of {total:,} bytes")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _check_size(folder: Path, url: str, here: int, total: int | None) -> None:
    """Raise ValueError before the download if the file is too large for a VGG or for the disk."""
    if total is None:
        return
    if total > LIMIT:
        raise ValueError(f"weights: {url} would have {total:,} bytes, unlike a VGG")
    free = shutil.disk_usage(folder).free
    if total - here > free:
        raise ValueError(
            f"weights: {url} needs {(total - here) / 1e6:,.0f} MB in '{folder}', where "
            f"{free / 1e6:,.0f} MB are free; choose another folder"
        )


# -- one process at a time ------------------------------------------------------------------------


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Lock `target` against other processes; ValueError if one holds the lock.

    The operating system locks a file beside the target and unlocks it when the process ends for any
    reason, so a lock file left behind blocks nobody.
    """
    place = target.with_name(f"{target.name}.lock")
    file = locking.lock_file(place)
    if file is None:
        raise ValueError(
            f"weights: another process is fetching '{target}'; wait until it is done, or choose "
            "another folder"
        )
    try:
        yield
    finally:
        locking.unlock_file(file, place)


# -- HTTP -----------------------------------------------------------------------------------------


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects to http and https only, and never from https to http."""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any):
        schemes = ("https",) if urlsplit(req.full_url).scheme == "https" else ("http", "https")
        if urlsplit(newurl).scheme not in schemes:
            fp.close()
            raise ValueError(f"weights: {req.full_url} redirects to {newurl}, not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(url: str, here: int) -> http.client.HTTPResponse | None:
    """The response to a request for the bytes from `here` on; None if there are none (416)."""
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
    """A library's error message, which may have several lines, or none."""
    return " ".join(str(reason).split()) or type(reason).__name__


def _span(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """The position of the first byte, and the size of the file if stated.

    Content-Range: bytes 100-199/200 -> (100, 200); a server that ignores the range starts at 0.
    """
    header = response.headers.get("Content-Range", "") if response.status == 206 else ""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", header)
    start = int(match[1]) if match else 0
    if match and match[2] != "*":
        return start, int(match[2])
    return start, None if response.length is None else start + response.length


def _read(response: http.client.HTTPResponse) -> bytes:
    """The next bytes, as they arrive; b"" at the end."""
    try:
        return response.read1(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(_one_line(error)) from error


def _check_kind(response: http.client.HTTPResponse, first: bytes, url: str) -> None:
    page = response.headers.get_content_type() == "text/html"
    if page or first[:256].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise ValueError(
            f"weights: {url} gave a web page, not a file, perhaps of a login or a proxy; open the "
            "address in a browser"
        )
