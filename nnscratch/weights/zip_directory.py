"""The directory of a zip with stored entries, as torch.save writes one: where each entry lies.

Stands on `contents` alone. Every entry is found whole and apart from the others, so that its bytes
may be read at their place without another look at the zip.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from nnscratch.weights.contents import Refused, shown

# Why not zipfile: it tells neither where the bytes of an entry begin, which whoever reads a part
# of them must know, nor whether entries lie over one another, which bombs need. What is read here
# is described in APPNOTE.TXT by PKWARE, sections 4.3.7, 4.3.12 and 4.3.16.

DIRECTORY_BYTES = 1 << 20  # a VGG needs some 4 kB
LONGEST_COMMENT = 0xFFFF
ELSEWHERE = 0xFFFFFFFF  # stands for a start beyond 4 GiB
ENCRYPTED = 1  # a flag
STORED = 0  # a method, all others compress
BROKEN = (ValueError, struct.error, OSError)  # what broken bytes lead to

# An x passes over a byte: versions, dates, disks and what else is of no use here.
ENTRY = struct.Struct("<4s4x2H4x3I3H8xI")  # in the directory, before a name; see _Entry
HEADER = struct.Struct("<4s4xH16x2H")  # before the entry: sign, method, lengths of name and extra
END = struct.Struct("<12x2IH")  # behind the directory: its length and start, length of a comment


@dataclass(frozen=True)
class Place:
    """Where bytes lie in the file; crc is None where the file has none."""

    offset: int
    nbytes: int
    crc: int | None = None


class _Entry(NamedTuple):
    """What the directory says of an entry."""

    sign: bytes
    flags: int
    method: int
    crc: int
    packed: int  # bytes in the file
    nbytes: int  # bytes once unpacked
    name_length: int
    extra_length: int
    comment_length: int
    header: int  # where in the file the entry begins, with a header of its own


def entries(file: BinaryIO) -> dict[str, Place]:
    """The place of every entry by its name.

    Raises Refused for a zip that is not stored, too large or means harm; one of BROKEN for others.
    """
    start, directory = _directory(file)
    places: dict[str, Place] = {}
    spans = []
    for entry, raw in _listed(directory):
        name = _checked_name(raw)
        packed = entry.method != STORED or entry.packed != entry.nbytes
        if packed or entry.flags & ENCRYPTED:
            raise Refused(
                f"is a zip with {shown(name)} compressed or encrypted: expected it stored, as "
                "torch.save does; save it anew"
            )
        if name in places:
            raise ValueError(f"{shown(name)} is there twice")
        offset = _after_header(file, entry.header, raw)
        places[name] = Place(offset, entry.nbytes, entry.crc)
        spans.append((entry.header, offset + entry.nbytes))
    _check_spans(spans, start)
    return places


def names(file: BinaryIO) -> list[str]:
    """What the entries are called, unchecked; raises what `entries` raises."""
    return [raw.decode("utf-8", "replace") for _, raw in _listed(_directory(file)[1])]


def check_crc(file: BinaryIO, place: Place) -> None:
    """Raise ValueError unless the checksum agrees; a block at a time, as an entry may be large."""
    if place.crc is None:
        return
    file.seek(place.offset)
    crc = 0
    for start in range(0, place.nbytes, 1 << 20):
        crc = zlib.crc32(file.read(min(1 << 20, place.nbytes - start)), crc)
    if crc != place.crc:
        raise ValueError("a checksum does not agree")


def _directory(file: BinaryIO) -> tuple[int, bytes]:
    """Where the directory begins, and its bytes. It is found from the end of the file."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - END.size - LONGEST_COMMENT))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        raise ValueError("the directory of the zip is missing")
    nbytes, start, comment_length = END.unpack_from(tail, at)
    if start == ELSEWHERE or nbytes > DIRECTORY_BYTES:
        raise Refused(
            "is a zip of over 4 GiB, or of too many entries, for VGG; save model.state_dict() alone"
        )
    if at + END.size + comment_length != len(tail) or start + nbytes > end - len(tail) + at:
        raise ValueError("the directory of the zip is not where it should be")
    file.seek(start)
    return start, file.read(nbytes)


def _listed(directory: bytes) -> Iterator[tuple[_Entry, bytes]]:
    """The entries one after another, each with the bytes of its name."""
    at = 0
    while at < len(directory):
        entry = _Entry._make(ENTRY.unpack_from(directory, at))
        at += ENTRY.size
        name = directory[at : at + entry.name_length]
        at += entry.name_length + entry.extra_length + entry.comment_length
        if entry.sign != b"PK\x01\x02" or at > len(directory):
            raise ValueError("the directory of the zip is in disorder")
        yield entry, name


def _checked_name(raw: bytes) -> str:
    """Nothing is ever unpacked to a path; a name that would lead elsewhere tells of harm."""
    name = raw.decode("utf-8")
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or "\0" in name:
        raise Refused(f"has an entry {shown(name)}: expected names within; do not use this file")
    return name


def _after_header(file: BinaryIO, header: int, name: bytes) -> int:
    """Where the bytes of an entry begin. Its header must tell the same name, unpacked."""
    file.seek(header)
    sign, method, name_length, extra_length = HEADER.unpack(file.read(HEADER.size))
    if sign != b"PK\x03\x04" or method != STORED or file.read(name_length) != name:
        raise ValueError("the directory of the zip does not agree with its entries")
    return header + HEADER.size + name_length + extra_length


def _check_spans(spans: list[tuple[int, int]], end: int) -> None:
    """Each runs from its header to its last byte; none may reach into the next, or beyond `end`.

    So all entries together are no larger than the file.
    """
    spans.sort()
    starts = [start for start, _ in spans] + [end]
    if any(stop > start for (_, stop), start in zip(spans, starts[1:], strict=True)):
        raise ValueError("entries of the zip lie over one another, or reach beyond it")
