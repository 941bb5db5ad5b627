"""PNG and TIFF with 16 bits for each colour, which Pillow cannot write.

Stands on NumPy and zlib. Sources: PNG (ISO/IEC 15948), section 11; TIFF 6.0, sections 2 and 8.
"""

import struct
import zlib
from collections.abc import Callable, Mapping

import numpy as np

PNG_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # channels: colour type


def png(levels: np.ndarray, text: Mapping[str, str]) -> bytes:
    """levels (H, W, C) uint16 of grey or RGB, with alpha or without -> the bytes of a PNG."""
    height, width, channels = levels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, PNG_COLOURS[channels], 0, 0, 0)
    rows = levels.astype(">u2").reshape(height, -1).view(np.uint8)
    filtered = np.pad(rows, ((0, 0), (1, 0)))  # 0 before each row: it is stored as it is
    notes = [
        _chunk(b"iTXt", key.encode("latin-1") + b"\0\1\0\0\0" + zlib.compress(words.encode()))
        for key, words in text.items()
    ]
    data = _chunk(b"IDAT", zlib.compress(filtered.tobytes()))
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", header), *notes, data, _chunk(b"IEND", b"")]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(levels: np.ndarray, text: Mapping[str, str]) -> bytes:
    """levels (H, W, C) uint16 -> the bytes of a TIFF, one strip, deflated; text is not stored."""
    height, width, channels = levels.shape
    data = zlib.compress(levels.astype("<u2").tobytes())
    data += b"\0" * (len(data) % 2)
    colours = 3 if channels > 2 else 1
    fields = [  # tag, type (3: 16 bits, 4: 32 bits), values
        (256, 4, [width]), (257, 4, [height]), (258, 3, [16] * channels), (259, 3, [8]),
        (262, 3, [2 if colours == 3 else 1]), (273, 4, [8]), (277, 3, [channels]),
        (278, 4, [height]), (279, 4, [len(data)]), (284, 3, [1]),
    ]  # fmt: skip
    fields += [(338, 3, [2])] * (channels - colours)  # alpha, not multiplied into the colours
    directory, spare = struct.pack("<H", len(fields)), b""
    start = 8 + len(data)
    after = start + 2 + 12 * len(fields) + 4
    for tag, kind, values in fields:
        packed = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            packed, spare = struct.pack("<I", after + len(spare)), spare + packed
        directory += struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    return struct.pack("<2sHI", b"II", 42, start) + data + directory + b"\0\0\0\0" + spare


ENCODERS: dict[str, Callable[[np.ndarray, Mapping[str, str]], bytes]] = {"PNG": png, "TIFF": tiff}
