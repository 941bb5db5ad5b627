"""The directory of a zip with stored (uncompressed) entries, as torch.save writes it.

Stands on `contents`. Every entry is checked to lie apart from all others, so that its bytes may be
read in place.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from nnscratch.weights.readers.contents import Refused, shown

# zipfile does not tell where the bytes of an entry begin, which a partial read needs, nor whether
# entries overlap, as in zip bombs. Format: APPNOTE.TXT by PKWARE, sections 4.3.7, 4.3.12, 4.3.16.

DIRECTORY_BYTES = 1 << 20  # a VGG needs about 4 kB
LONGEST_COMMENT = 0xFFFF
BEYOND = 0xFFFFFFFF  # marks a start beyond 4 GiB
ENCRYPTED = 1  # a flag
STORED = 0  # a method; all others compress
BROKEN = (ValueError, struct.error, OSError)  # what damaged bytes cause

# Each x skips a byte: versions, dates, disks and others not needed here.
ENTRY = struct.Struct("<4s4x2H4x3I3H8xI")  # in the directory, before a name; see _Entry
HEADER = struct.Struct("<4s4xH16x2H")  # before the entry: sign, method, lengths of name and extra
END = struct.Struct("<12x2IH")  # after the directory: its length and start, length of a comment


@dataclass(frozen=True)
class Place:
    """A range of bytes in the file; crc is None if the file states none."""

    offset: int
    nbytes: int
    crc: int | None = None


class _Entry(NamedTuple):
    """An entry of the directory."""

    sign: bytes
    flags: int
    method: int
    crc: int
    packed: int  # bytes in the file
    nbytes: int  # bytes once unpacked
    name_length: int
    extra_length: int
    comment_length: int
    header: int  # the position of the entry's own header in the file


def entries(file: BinaryIO) -> dict[str, Place]:
    """The place of every entry by its name.

    Raises Refused for a zip that is compressed, too large or malicious, and one of BROKEN for a
    damaged one.
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
                "torch.save does; save it again"
            )
        if name in places:
            raise ValueError(f"{shown(name)} occurs twice")
        offset = _after_header(file, entry.header, raw)
        places[name] = Place(offset, entry.nbytes, entry.crc)
        spans.append((entry.header, offset + entry.nbytes))
    _check_spans(spans, start)
    return places


def names(file: BinaryIO) -> list[str]:
    """The names of the entries, unchecked; raises what `entries` raises."""
    return [raw.decode("utf-8", "replace") for _, raw in _listed(_directory(file)[1])]


def check_crc(file: BinaryIO, place: Place) -> None:
    """Raise ValueError unless the checksum agrees; reads in blocks, as an entry may be large."""
    if place.crc is None:
        return
    file.seek(place.offset)
    crc = 0
    for start in range(0, place.nbytes, 1 << 20):
        crc = zlib.crc32(file.read(min(1 << 20, place.nbytes - start)), crc)
    if crc != place.crc:
        raise ValueError("a checksum does not agree")


def _directory(file: BinaryIO) -> tuple[int, bytes]:
    """Find the directory from the end of the file: its start and its bytes."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - END.size - LONGEST_COMMENT))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        raise ValueError("the directory of the zip is missing")
    nbytes, start, comment_length = END.unpack_from(tail, at)
    if start == BEYOND or nbytes > DIRECTORY_BYTES:
        raise Refused(
            "is a zip of over 4 GiB, or of too many entries for VGG; save model.state_dict() alone"
        )
    if at + END.size + comment_length != len(tail) or start + nbytes > end - len(tail) + at:
        raise ValueError("the directory of the zip is not where it should be")
    file.seek(start)
    return start, file.read(nbytes)


def _listed(directory: bytes) -> Iterator[tuple[_Entry, bytes]]:
    """The entries in order, each with the bytes of its name."""
    at = 0
    while at < len(directory):
        entry = _Entry._make(ENTRY.unpack_from(directory, at))
        at += ENTRY.size
        name = directory[at : at + entry.name_length]
        at += entry.name_length + entry.extra_length + entry.comment_length
        if entry.sign != b"PK\x01\x02" or at > len(directory):
            raise ValueError("the directory of the zip is malformed")
        yield entry, name


def _checked_name(raw: bytes) -> str:
    """Refuse names that lead out of a folder, a sign of malice; nothing is unpacked to a path."""
    name = raw.decode("utf-8")
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or "\0" in name:
        raise Refused(f"has an entry {shown(name)}: expected names within the zip; do not use it")
    return name


def _after_header(file: BinaryIO, header: int, name: bytes) -> int:
    """The start of an entry's bytes. Its header must state the same name, and no compression."""
    file.seek(header)
    sign, method, name_length, extra_length = HEADER.unpack(file.read(HEADER.size))
    if sign != b"PK\x03\x04" or method != STORED or file.read(name_length) != name:
        raise ValueError("the directory of the zip does not agree with its entries")
    return header + HEADER.size + name_length + extra_length


def _check_spans(spans: list[tuple[int, int]], end: int) -> None:
    """Raise ValueError if a span (header to last byte) reaches into the next, or beyond `end`.

    So all entries together are no larger than the file.
    """
    spans.sort()
    starts = [start for start, _ in spans] + [end]
    if any(stop > start for (_, stop), start in zip(spans, starts[1:], strict=True)):
        raise ValueError("entries of the zip overlap, or reach beyond it")
