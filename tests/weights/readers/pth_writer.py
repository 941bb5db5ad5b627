"""Writes .pth files by hand, intact and malicious ones, and checks how they are refused.

Stands on nothing of torch: what torch would write is spelled out, opcode by opcode.
"""

import io
import os
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from nnscratch.weights.readers import torch_file

MAGIC = pickle.dumps(torch_file.MAGIC, 2) + pickle.dumps(1001, 2)
SYSTEM = pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)
SIX = np.arange(6, dtype=np.float32)

# -- parts of a pickle ----------------------------------------------------------------------------


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(value):
    return b"\x8a\x08" + struct.pack("<q", value)


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def storage(count, key="0", kind="FloatStorage", tail=b""):
    return (
        (b"(" + text("storage") + name("torch", kind) + text(key) + text("cpu"))
        + (number(count) + tail + b"tQ")
    )  # fmt: skip


def tensor(size, stride=None, offset=0, given=None):
    stride = [int(np.prod(size[i + 1 :])) for i in range(len(size))] if stride is None else stride
    given = storage(int(np.prod(size))) if given is None else given
    hooks = b"\x89" + name("collections", "OrderedDict") + b")R"
    return (
        name("torch._utils", "_rebuild_tensor_v2")
        + (b"(" + given + number(offset) + numbers(size) + numbers(stride) + hooks + b"tR")
    )  # fmt: skip


def state(**values):
    return b"\x80\x02}" + b"".join(text(k) + v + b"s" for k, v in values.items()) + b"."


def calling(module, attribute, *args):
    """A state dict that contains `module.attribute(*args)`."""
    return state(x=name(module, attribute) + b"(" + b"".join(map(text, args)) + b"tR")


PLAIN = state(w=tensor((2, 3)))

# -- files ----------------------------------------------------------------------------------------


def make_zip(body=PLAIN, data=None, method=zipfile.ZIP_STORED, **others):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("vgg/data.pkl", body)
        for key, values in (data or {"0": SIX.tobytes()}).items():
            archive.writestr(f"vgg/data/{key}", values)
        for entry, values in others.items():
            archive.writestr(f"vgg/{entry}", values)
    return buffer.getvalue()


def make_legacy(body=PLAIN, keys=("0",), counts=(6,), data=None, system=SYSTEM):
    data = SIX.tobytes() if data is None else data
    parts = [MAGIC, system, body.replace(b"tQ", b"NtQ"), pickle.dumps(list(keys), 2)]
    return b"".join(parts) + b"".join(struct.pack("<q", n) + data for n in counts)


def read_bytes(folder, content):
    (folder / "w.pth").write_bytes(content)
    return torch_file.read(folder / "w.pth")


def refused(folder, content, said="^weights: ", spare=8 << 20):
    """The file is refused with our own message, little memory and no side effect."""
    path = folder / "w.pth"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"(?s)^weights: '.*w\.pth' .*; ") as caught:
        dict(torch_file.read(path).arrays)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=said):
            dict(torch_file.read(path).arrays)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(content) + spare
    assert len(str(caught.value)) < 600 + len(str(path))
    assert str(caught.value).isprintable()
    assert os.listdir(folder) == ["w.pth"]
