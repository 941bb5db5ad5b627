"""The directory of a zip: every entry is found at its place, and entries must not overlap."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from weights.readers.pth_writer import SIX, make_zip, refused

from nnscratch.weights.readers.zip_directory import BROKEN, Place, check_crc, entries, names

# -- what is there is found -----------------------------------------------------------------------


def test_every_entry_is_found():
    content = make_zip(data={"0": SIX.tobytes(), "1": b"", "é": b"abc"}, version="3\n")
    places = entries(io.BytesIO(content))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert list(places) == names(io.BytesIO(content)) == archive.namelist()
        for name, place in places.items():
            found = content[place.offset : place.offset + place.nbytes]
            assert found == archive.read(name)
            assert place.crc == zlib.crc32(found)


def test_comments_and_extra_fields_are_passed_over():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = b"a comment" * 99
        for i in range(3):
            info = zipfile.ZipInfo(f"vgg/{i}")
            info.comment, info.extra = b"PK\x01\x02" * i, struct.pack("<HH", 0xFFFE, 8) + bytes(8)
            archive.writestr(info, bytes(10 * i))
    places = entries(buffer)
    assert [place.nbytes for place in places.values()] == [0, 10, 20]


def test_a_zip_of_nothing():
    assert entries(io.BytesIO(b"PK\x05\x06" + bytes(18))) == {}


def test_a_checksum_is_compared():
    data = bytes(range(256)) * 10_000  # more than a block
    file = io.BytesIO(b"before" + data + b"behind")
    check_crc(file, Place(6, len(data), zlib.crc32(data)))
    check_crc(file, Place(0, len(data)))
    with pytest.raises(ValueError, match="a checksum does not agree"):
        check_crc(file, Place(7, len(data), zlib.crc32(data)))


# -- what is broken or means harm -----------------------------------------------------------------


def with_zip64(content):
    end = content.rfind(b"PK\x05\x06")
    return content[: end + 12] + b"\xff" * 8 + content[end + 20 :]


def overlapping():
    """Two names for one entry, as in overlapping zip bombs; the entry's header has one name."""
    content = make_zip(data={"0": SIX.tobytes(), "1": SIX.tobytes()})
    first, second = content.find(b"PK\x01\x02"), content.find(b"PK\x01\x02")
    second = content.find(b"PK\x01\x02", first + 4)
    third = content.find(b"PK\x01\x02", second + 4)
    return content[: third + 42] + content[second + 42 : second + 46] + content[third + 46 :]


def duplicate():
    return make_zip(data={"0": SIX.tobytes(), "1": SIX.tobytes()}).replace(b"data/1", b"data/0")


def patched(find, at, value, last=False):
    """A zip with some bytes after a signature replaced."""
    content = make_zip()
    begin = (content.rfind(find) if last else content.find(find)) + at
    return content[:begin] + value + content[begin + len(value) :]


def many_entries():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(30_000):
            archive.writestr(f"vgg/data/{i}", b"")
    return buffer.getvalue()


CENTRAL, END = b"PK\x01\x02", b"PK\x05\x06"


def within_another():
    """A second entry within the bytes of the first."""
    inner = make_zip(data={"0": SIX.tobytes(), "1": SIX.tobytes()})
    begin = inner.find(b"PK\x03\x04", 4)
    begin, end = inner.find(b"PK\x03\x04", begin + 4), inner.find(CENTRAL)
    content = make_zip(data={"0": inner[begin:end], "1": SIX.tobytes()})
    last = content.rfind(CENTRAL)
    at = struct.pack("<I", content.find(inner[begin:end]))
    return content[: last + 42] + at + content[last + 46 :]


def deflated_as_stored():
    """The directory says that bytes are stored, their header that they are compressed."""
    content = bytearray(make_zip(data={"0": bytes(1_000_000)}, method=zipfile.ZIP_DEFLATED))
    for at in (content.find(CENTRAL), content.rfind(CENTRAL)):
        content[at + 10 : at + 12] = b"\x00\x00"
        content[at + 24 : at + 28] = content[at + 20 : at + 24]
    return bytes(content)


ZIPS = {
    "bomb": lambda: make_zip(data={"0": bytes(50_000_000)}, method=zipfile.ZIP_DEFLATED),
    "bomb as a pickle": lambda: make_zip(b"N" * 50_000_000, method=zipfile.ZIP_DEFLATED),
    "compressed": lambda: make_zip(method=zipfile.ZIP_BZIP2),
    "duplicate names": duplicate,
    "overlapping entries": overlapping,
    "name upward": lambda: make_zip(**{"../../canary": "x"}),
    "name from the root": lambda: make_zip().replace(b"vgg/data/0", b"/etc/pass0"),
    "name of Windows": lambda: make_zip(**{"..\\canary": "x"}),
    "name not UTF-8": lambda: make_zip().replace(b"vgg/data/0", b"vgg/data/\xff"),
    "name with a bell": lambda: make_zip(**{"../\x1b[2J": "x"}),
    "names that differ": lambda: make_zip().replace(b"vgg/data/0", b"vgg/data/1", 1),
    "encrypted": lambda: patched(CENTRAL, 8, b"\x01"),
    "size lies": lambda: patched(CENTRAL, 24, b"\xff\xff\xff\x7f", last=True),
    "both sizes lie": lambda: patched(CENTRAL, 20, b"\xff\xff\xff\x7f" * 2, last=True),
    "offset beyond": lambda: patched(CENTRAL, 42, b"\xff\xff\xff\x7f", last=True),
    "offset to elsewhere": lambda: patched(CENTRAL, 42, b"\x01", last=True),
    "directory elsewhere": lambda: patched(END, 16, b"\x00"),
    "directory too long": lambda: patched(END, 12, b"\xff\xff\xff\x7f"),
    "comment lies": lambda: patched(END, 20, b"\x10"),
    "over 4 GiB": lambda: with_zip64(make_zip()),
    "many entries": many_entries,
    "signature alone": lambda: b"PK\x03\x04",
    "signature and zeros": lambda: b"PK\x03\x04" + bytes(100_000),
    "directory beyond 4 GiB": lambda: patched(END, 16, b"\xff" * 4),
    "entry within another": within_another,
    "deflated, said to be stored": deflated_as_stored,
    "header of another method": lambda: patched(b"PK\x03\x04", 8, b"\x08"),
    "header in the directory": lambda: patched(
        CENTRAL, 42, struct.pack("<I", make_zip().find(CENTRAL)), last=True
    ),
    "name reaches beyond": lambda: patched(CENTRAL, 28, b"\xff\xff", last=True),
    "comment reaches beyond": lambda: patched(CENTRAL, 32, b"\x01", last=True),
    "extra field reaches beyond": lambda: patched(CENTRAL, 30, b"\xff\x7f", last=True),
    "sign of an entry": lambda: patched(CENTRAL, 0, b"PK\x01\x03", last=True),
    "directory in the comment": lambda: make_zip()[:-2] + b"\x16\x00PK\x05\x06" + b"\xff" * 18,
    "directory alone": lambda: b"PK\x03\x04PK\x05\x06",
}


@pytest.mark.parametrize("kind", ZIPS)
def test_a_harmful_or_broken_zip(tmp_path, kind):
    refused(tmp_path, ZIPS[kind]())


@pytest.mark.parametrize("kind", ZIPS)
def test_it_is_the_directory_that_is_refused(tmp_path, kind):
    with pytest.raises(BROKEN):
        entries(io.BytesIO(ZIPS[kind]()))


REASONS = {
    "compressed": "compressed or encrypted",
    "encrypted": "compressed or encrypted",
    "bomb": "compressed or encrypted",
    "size lies": "compressed or encrypted",
    "both sizes lie": "overlap",
    "overlapping entries": "does not agree with its entries",
    "entry within another": "overlap",
    "deflated, said to be stored": "does not agree with its entries",
    "duplicate names": "occurs twice",
    "many entries": "too many entries",
    "over 4 GiB": "over 4 GiB",
    "directory beyond 4 GiB": "over 4 GiB",
    "names that differ": "does not agree with its entries",
    "header of another method": "does not agree with its entries",
    "header in the directory": "does not agree with its entries",
    "name upward": "expected names within",
    "name reaches beyond": "is malformed",
    "comment reaches beyond": "is malformed",
    "extra field reaches beyond": "is malformed",
    "sign of an entry": "is malformed",
    "signature alone": "directory of the zip is missing",
}


@pytest.mark.parametrize("kind", REASONS)
def test_each_is_refused_for_its_own_reason(tmp_path, kind):
    refused(tmp_path, ZIPS[kind](), REASONS[kind])


def test_flipped_bytes_give_an_error_that_is_known_or_places_within():
    whole, rng = make_zip(data={"0": SIX.tobytes(), "1": SIX.tobytes()}), np.random.default_rng(0)
    for _ in range(5000):
        content = bytearray(whole)
        for at in rng.integers(whole.find(CENTRAL), len(whole), size=rng.integers(1, 4)):
            content[at] = rng.integers(256)
        try:
            places = entries(io.BytesIO(bytes(content)))
        except BROKEN:
            continue
        assert sum(place.nbytes for place in places.values()) < len(whole)
        assert all(place.offset + place.nbytes <= len(whole) for place in places.values())
