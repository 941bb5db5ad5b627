"""Files of torch: what they hold arrives, and no file runs anything, takes memory or time."""

import contextlib
import io
import os
import pickle
import struct
import time
import tracemalloc
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from nnscratch.weights import torch_file

MAGIC = pickle.dumps(torch_file.MAGIC, 2) + pickle.dumps(1001, 2)
SYSTEM = pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)

# -- a small hand writer --------------------------------------------------------------------------


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


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


SIX = np.arange(6, dtype=np.float32)
PLAIN = state(w=tensor((2, 3)))


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


# -- what is there arrives (no torch) -------------------------------------------------------------


@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_a_tensor_of_the_hand_writer(tmp_path, make):
    contents = read_bytes(tmp_path, make())
    assert list(contents.arrays) == ["w"]
    np.testing.assert_array_equal(contents.arrays["w"], SIX.reshape(2, 3))
    assert contents.arrays["w"].dtype == np.float32
    assert contents.container == ("pth (zip)" if make is make_zip else "pth (legacy)")


VIEWS = [
    ((3, 2), (1, 3), 0, SIX.reshape(2, 3).T),
    ((3,), (1,), 3, SIX[3:]),
    ((3,), (2,), 1, SIX[1::2]),
    ((), (), 4, SIX[4]),
    ((0, 3), (3, 1), 0, np.zeros((0, 3))),
    ((2, 2), (1, 2), 1, np.array([[1, 3], [2, 4]])),
]


@pytest.mark.parametrize(("size", "stride", "offset", "expected"), VIEWS)
@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_views_of_a_storage(tmp_path, make, size, stride, offset, expected):
    found = read_bytes(tmp_path, make(state(w=tensor(size, stride, offset, storage(6))))).arrays
    assert found["w"].shape == size
    assert found["w"].flags.c_contiguous
    np.testing.assert_array_equal(found["w"], expected)


KINDS = {
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
    "ComplexFloatStorage": np.complex64,
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_numbers(tmp_path, kind):
    values = np.array([0, 1, 3, 7, 2, 5]).astype(KINDS[kind])
    body = state(w=tensor((6,), given=storage(6, kind=kind)))
    found = read_bytes(tmp_path, make_zip(body, {"0": values.tobytes()})).arrays["w"]
    assert found.dtype == KINDS[kind]
    np.testing.assert_array_equal(found, values)


def test_bfloat16_becomes_float32(tmp_path):
    values = np.array([1.5, -2, 0, 256, 0.125, 3], np.float32)
    body = state(w=tensor((6,), given=storage(6, kind="BFloat16Storage")))
    upper = (values.view(np.uint32) >> 16).astype("<u2")
    np.testing.assert_array_equal(
        read_bytes(tmp_path, make_zip(body, {"0": upper.tobytes()})).arrays["w"], values
    )


def test_what_python_2_wrote(tmp_path):
    """Text as bytes, an OrderedDict of pairs, and the first way to rebuild a tensor."""
    old = name("torch._utils", "_rebuild_tensor") + b"(" + storage(6) + number(0)
    old += numbers((6,)) + numbers((1,)) + b"tR"
    pairs = b"]](U\x09features0" + old + b"ea"
    body = b"\x80\x02" + name("collections", "OrderedDict") + pairs + b"\x85R."
    found = read_bytes(tmp_path, make_legacy(body)).arrays
    np.testing.assert_array_equal(found["features0"], SIX)


def test_a_view_of_a_storage_in_an_old_file(tmp_path):
    view = b"(" + text("v") + number(2) + number(3) + b"t"
    body = state(w=tensor((2,), offset=1, given=storage(6, tail=view)))
    content = b"".join([MAGIC, SYSTEM, body, pickle.dumps(["0"], 2), struct.pack("<q", 6)])
    found = read_bytes(tmp_path, content + SIX.tobytes()).arrays
    np.testing.assert_array_equal(found["w"], SIX[3:5])


def test_entries_within_are_found_and_named(tmp_path):
    body = state(epoch=number(3), state_dict=PLAIN[2:-1], loss=b"G" + struct.pack(">d", 0.5))
    contents = read_bytes(tmp_path, make_zip(body, version="3\n"))
    assert list(contents.arrays) == ["w"]
    assert contents.texts == {"version": "3", "byteorder": "little", "within": "state_dict"}


def test_only_what_is_asked_is_read(tmp_path):
    """A flipped byte in one storage is told by whoever asks for it, others are unharmed."""
    body = state(a=tensor((6,)), b=tensor((6,), given=storage(6, "1")))
    content = make_zip(body, {"0": SIX.tobytes(), "1": (SIX + 100).tobytes()})
    arrays = read_bytes(tmp_path, content.replace((SIX + 100).tobytes(), SIX.tobytes())).arrays
    np.testing.assert_array_equal(arrays["a"], SIX)
    assert "b" in arrays
    with pytest.raises(ValueError, match=r"w.pth' is broken or cut short \(a checksum"):
        arrays["b"]
    with pytest.raises(KeyError):
        arrays["c"]


def test_memory_is_for_the_array_asked(tmp_path):
    big = np.arange(2_000_000, dtype=np.float32)
    body = state(a=tensor((2_000_000,)), b=tensor((6,), given=storage(6, "1")))
    content = make_zip(body, {"0": big.tobytes(), "1": SIX.tobytes()})
    (tmp_path / "w.pth").write_bytes(content)
    tracemalloc.start()
    arrays = torch_file.read(tmp_path / "w.pth").arrays
    small, little = arrays["b"], tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    large, much = arrays["a"], tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(small, SIX)
    np.testing.assert_array_equal(large, big)
    assert little < 1_000_000
    assert much < big.nbytes + 3_000_000


def test_a_file_that_goes_away_or_shrinks_is_told(tmp_path):
    arrays = read_bytes(tmp_path, make_legacy()).arrays
    (tmp_path / "w.pth").write_bytes(make_legacy()[:-4])
    with pytest.raises(ValueError, match="has become shorter"):
        arrays["w"]
    (tmp_path / "w.pth").unlink()
    with pytest.raises(ValueError, match="No such file"):
        arrays["w"]


# -- what torch writes ----------------------------------------------------------------------------


@pytest.fixture(params=["zip", "legacy"])
def save(request, tmp_path):
    """torch, and a function that saves with it and reads with us."""
    torch = pytest.importorskip("torch", reason="compares with files that torch writes")

    def through(value, **options):
        form = {"_use_new_zipfile_serialization": request.param == "zip"}
        torch.save(value, tmp_path / "w.pth", **form, **options)
        return torch_file.read(tmp_path / "w.pth")

    through.torch = torch
    return through


@pytest.mark.torch
def test_torch_state_dict(save):
    torch = save.torch
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    given = network.state_dict()
    for value in (given, {"state_dict": given, "epoch": 3, "lr": [0.1, (1, None)]}):
        found = save(value).arrays
        assert list(found) == list(given)
        for key, expected in given.items():
            np.testing.assert_array_equal(found[key], expected.numpy())
            assert found[key].dtype == expected.numpy().dtype


@pytest.mark.torch
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_torch_protocols(save, protocol):
    given = {"w": save.torch.arange(6.0).reshape(2, 3), "é": save.torch.ones(2).double()}
    found = save(given, pickle_protocol=protocol).arrays
    for key, expected in given.items():
        np.testing.assert_array_equal(found[key], expected.numpy())


@pytest.mark.torch
def test_torch_views_kinds_and_parameters(save):
    torch = save.torch
    base = torch.arange(24.0).reshape(2, 3, 4)
    given = OrderedDict(
        [("base", base), ("t", base.permute(2, 0, 1)), ("part", base[1, ::2, 1:3])]
        + [("last", base.flip(0).to(memory_format=torch.contiguous_format)[-1])]
        + [(f"k{i}", base.to(dtype)) for i, dtype in enumerate((torch.float16, torch.float64))]
        + [("i", torch.arange(5)), ("bool", base > 7), ("scalar", torch.tensor(2.5))]
        + [("empty", torch.zeros(0, 3)), ("p", torch.nn.Parameter(base[0].t()))]
        + [("nhwc", torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last))]
    )
    found = save(given).arrays
    assert list(found) == list(given)
    for key, expected in given.items():
        np.testing.assert_array_equal(found[key], expected.detach().numpy(), strict=True)
    found = save({"b": base.bfloat16()}).arrays
    np.testing.assert_array_equal(found["b"], base.bfloat16().float().numpy(), strict=True)


@pytest.mark.torch
def test_torch_networks_programs_and_lone_tensors_are_refused(save, tmp_path):
    torch = save.torch
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3))
    with pytest.raises(ValueError, match="holds a network .*model.state_dict"):
        save(network)
    with pytest.raises(ValueError, match="holds a Tensor: expected a dict of tensors"):
        save(torch.ones(3))
    with pytest.raises(ValueError, match=r"repeats a storage of 1: .*contiguous"):
        save({"w": torch.ones(1).expand(5)})


# -- what is broken or means harm -----------------------------------------------------------------


def calling(module, attribute, *args):
    """A state dict with `module.attribute(*args)` in it."""
    return state(x=name(module, attribute) + b"(" + b"".join(map(text, args)) + b"tR")


def canary(tmp):
    return f"echo > {tmp / 'canary'}"


def nested_reduce(tmp):
    inner = name("os", "system") + b"(" + text(canary(tmp)) + b"tR"
    return state(x=name("torch._utils", "_rebuild_parameter") + b"(" + inner + b"\x89NtR")


def getattr_chain(tmp):
    inner = name("builtins", "getattr") + b"(" + name("os", "system") + text("__call__") + b"tR"
    return state(x=inner + b"(" + text(canary(tmp)) + b"tR")


def open_canary(module, attribute):
    return lambda tmp: calling(
        module, attribute, f"__import__('pathlib').Path({str(tmp / 'canary')!r}).touch()"
    )


class Evil:
    """What Python's own pickle would run."""

    def __init__(self, tmp):
        self.command = canary(tmp)

    def __reduce__(self):
        return os.system, (self.command,)


PICKLES = {
    "os.system": lambda tmp: calling("os", "system", canary(tmp)),
    "posix.system": lambda tmp: pickle.dumps({"x": Evil(tmp)}, 2),
    "by protocol 4": lambda tmp: pickle.dumps({"x": Evil(tmp)}, 4),
    "by protocol 0": lambda tmp: pickle.dumps({"x": Evil(tmp)}, 0),
    "nested reduce": nested_reduce,
    "builtins.eval": open_canary("builtins", "eval"),
    "exec of Python 2": open_canary("__builtin__", "exec"),
    "getattr chain": getattr_chain,
    "dotted name": lambda tmp: calling("torch._utils", "_rebuild_tensor_v2.__globals__"),
    "dotted name of os": lambda tmp: calling("torch", "os.system", canary(tmp)),
    "stack global": lambda tmp: (
        state(x=text("os") + text("system") + b"\x93(" + text(canary(tmp)) + b"tR")
    ),
    "inst": lambda tmp: state(x=b"(" + text(canary(tmp)) + b"ios\nsystem\n"),
    "obj": lambda tmp: state(x=b"(" + name("os", "system") + text(canary(tmp)) + b"o"),
    "newobj": lambda tmp: state(x=name("collections", "OrderedDict") + b")\x81"),
    "extension code": lambda tmp: state(x=b"\x82\x01"),
    "build on a tensor": lambda tmp: state(x=tensor((6,)) + b"}b"),
    "build on a name": lambda tmp: state(x=name("torch", "FloatStorage") + b"}b"),
    "text called": lambda tmp: state(x=text("torch._utils._rebuild_tensor_v2") + b")R"),
    "storage called": lambda tmp: state(x=name("torch", "FloatStorage") + b"(" + number(9) + b"tR"),
    "memo index": lambda tmp: state(x=b"Nr\xff\xff\xff\xff"),
    "memo not there": lambda tmp: state(x=b"h\x07"),
    "deep lists": lambda tmp: b"\x80\x02" + b"]" * 1_000_000 + b"a" * 999_999 + b".",
    "deep marks": lambda tmp: b"\x80\x02" + b"(" * 1_000_000 + b"t" * 999_999 + b".",
    "deep reduces": lambda tmp: b"\x80\x02" + (name("torch", "Size") + b"(") * 9000 + b"tR" * 9000,
    "many steps": lambda tmp: b"\x80\x02]" + b"(NNNNe" * 400_000 + b".",
    "a dict over and over": lambda tmp: (
        (b"\x80\x02](" + b"K\x01N\x86" * 5000 + b"eq\x00")
        + (name("collections", "OrderedDict") + b"h\x00\x85R") * 4000
        + b"."
    ),
    "hashed tuples": lambda tmp: b"\x80\x02}" + b")" + b"q\x00h\x00\x86" * 60 + b"Ns.",
    "long integer": lambda tmp: state(x=b"\x8b\xff\xff\xff\x7f" + b"\x01" * 1000),
    "negative length": lambda tmp: state(x=b"T\xff\xff\xff\xff"),
    "huge length": lambda tmp: state(x=b"X\xff\xff\xff\xff" + b"abc"),
    "endless name": lambda tmp: b"\x80\x02c" + b"a" * 100_000,
    "stop in a list": lambda tmp: b"\x80\x02}(.",
    "nothing": lambda tmp: b"\x80\x02.",
    "empty": lambda tmp: b"",
    "no dict": lambda tmp: b"\x80\x02]K\x01a.",
    "empty dict": lambda tmp: b"\x80\x02}.",
    "itself": lambda tmp: b"\x80\x02}q\x00" + text("state_dict") + b"h\x00s.",
    "two networks": lambda tmp: state(a=PLAIN[2:-1], b=PLAIN[2:-1]),
    "numpy object array": lambda tmp: pickle.dumps({"x": np.array([{}], object)}, 2),
    "numpy scalar": lambda tmp: pickle.dumps({"x": np.float64(2)}, 2),
    "set": lambda tmp: pickle.dumps({"x": {1}}, 4),
    "whole module": lambda tmp: state(
        x=b"(" + text("module") + name("torch", "FloatStorage") + text("a.py") + text("") + b"tQ"
    ),
    "id no tuple": lambda tmp: state(x=text("storage") + b"Q"),
    "id by line": lambda tmp: state(x=b"Pstorage\n"),
    "id too short": lambda tmp: state(x=b"(" + text("storage") + b"tQ"),
    "id of another word": lambda tmp: PLAIN.replace(b"storage", b"storagf"),
    "id with text as kind": lambda tmp: PLAIN.replace(name("torch", "FloatStorage"), text("x")),
    "id with key 0": lambda tmp: PLAIN.replace(text("0"), b"K\x00"),
    "kind not known": lambda tmp: PLAIN.replace(b"FloatStorage", b"QInt8Storage"),
    "kind a name": lambda tmp: PLAIN.replace(
        name("torch", "FloatStorage"), name("collections", "OrderedDict")
    ),
    "count below 0": lambda tmp: state(w=tensor((6,), given=storage(-6))),
    "count too large": lambda tmp: state(w=tensor((6,), given=storage(7))),
    "count too small": lambda tmp: state(w=tensor((5,), given=storage(5))),
    "count huge": lambda tmp: state(w=tensor((6,), given=storage(1 << 62))),
    "two descriptions": lambda tmp: state(
        a=tensor((6,)), w=tensor((3,), given=storage(3, kind="DoubleStorage"))
    ),
    "no such storage": lambda tmp: state(w=tensor((6,), given=storage(6, "1"))),
    "storage by path": lambda tmp: state(w=tensor((6,), given=storage(6, "../data.pkl"))),
    "size below 0": lambda tmp: state(w=tensor((-2, -3), (3, 1), given=storage(6))),
    "size beyond": lambda tmp: state(w=tensor((7,), given=storage(6))),
    "size huge": lambda tmp: state(w=tensor((1 << 31, 1 << 31), given=storage(6))),
    "size huge and empty": lambda tmp: state(w=tensor((0, 1 << 39, 1 << 39), given=storage(6))),
    "size overflows": lambda tmp: state(w=tensor((1 << 32, 1 << 32), (0, 0), given=storage(6))),
    "size no tuple": lambda tmp: state(w=tensor((6,)).replace(numbers((6,)), b"K\x06")),
    "size of text": lambda tmp: state(w=tensor((6,)).replace(numbers((6,)), text("6") + b"\x85")),
    "size of bools": lambda tmp: state(w=tensor((6,)).replace(numbers((6,)), b"\x88\x85")),
    "stride below 0": lambda tmp: state(w=tensor((6,), (-1,), 5)),
    "stride beyond": lambda tmp: state(w=tensor((2, 3), (4, 1), given=storage(6))),
    "stride of another rank": lambda tmp: state(w=tensor((2, 3), (1,), given=storage(6))),
    "stride 0": lambda tmp: state(w=tensor((1 << 30,), (0,), given=storage(6))),
    "windows over one another": lambda tmp: state(w=tensor((3, 4), (1, 1), given=storage(6))),
    "offset below 0": lambda tmp: state(w=tensor((3,), offset=-1, given=storage(6))),
    "offset beyond": lambda tmp: state(w=tensor((3,), offset=4, given=storage(6))),
    "rank of 70": lambda tmp: state(w=tensor((1,) * 70, (1,) * 70, given=storage(6))),
    "tensor without args": lambda tmp: calling("torch._utils", "_rebuild_tensor_v2"),
    "parameter of text": lambda tmp: calling("torch._utils", "_rebuild_parameter", "a", "b", "c"),
    "dict of text": lambda tmp: calling("collections", "OrderedDict", "abc"),
}  # fmt: skip


def refused(tmp_path, content, said=""):
    """Within a second, with little memory, in words of our own, and nothing else happens."""
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    begun = time.perf_counter()
    with pytest.raises(ValueError, match=r"(?s)^weights: '.*w\.pth' .*; .*" + said) as caught:
        dict(torch_file.read(path).arrays)
    assert time.perf_counter() - begun < 1
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"^weights: "):
        dict(torch_file.read(path).arrays)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(content) + 30_000_000
    assert len(str(caught.value)) < 600 + len(str(path))
    assert str(caught.value).isprintable()
    assert os.listdir(tmp_path) == ["w.pth"]


@pytest.mark.parametrize("kind", PICKLES)
@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_a_harmful_or_broken_pickle(tmp_path, make, kind):
    refused(tmp_path, make(PICKLES[kind](tmp_path)))


REAL = ("os.system", "posix.system", "by protocol 4", "by protocol 0")
REAL += ("builtins.eval", "exec of Python 2", "getattr chain", "inst", "obj")


@pytest.mark.parametrize("kind", REAL)
def test_the_canary_would_sing(tmp_path, kind):
    """Python's own pickle does run these, so the tests above can fail."""
    with contextlib.suppress(Exception):
        pickle.loads(PICKLES[kind](tmp_path))
    assert (tmp_path / "canary").exists()


def test_a_storage_shared_too_often(tmp_path):
    """Tensors may share numbers, but not until they are many times the file."""
    body = b"\x80\x02}" + text("w") + tensor((1000,)) + b"q\x00s"
    names = [text(f"w{i}") + b"h\x00s" for i in range(50)]
    data = {"0": bytes(4000)}
    read_bytes(tmp_path, make_zip(body + names[0] + b".", data))
    refused(tmp_path, make_zip(body + b"".join(names) + b".", data), "clone")


def test_the_reason_is_told(tmp_path):
    refused(tmp_path, make_zip(PICKLES["os.system"](tmp_path)))
    with pytest.raises(ValueError, match=r"asks for 'os.system'.*nothing was run"):
        torch_file.read(tmp_path / "w.pth")
    refused(tmp_path, make_zip(calling("torch.nn.modules.conv", "Conv2d")))
    with pytest.raises(ValueError, match="holds a network .'torch.nn.modules.conv.Conv2d'"):
        torch_file.read(tmp_path / "w.pth")


@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_cut_short_anywhere(tmp_path, make):
    whole = make()
    for length in range(len(whole)):
        (tmp_path / "w.pth").write_bytes(whole[:length])
        with pytest.raises(ValueError, match="^weights: "):
            dict(torch_file.read(tmp_path / "w.pth").arrays)


@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_flipped_bytes_give_a_value_error_or_an_array(tmp_path, make):
    whole, rng = make(), np.random.default_rng(0)
    for _ in range(2000):
        content = bytearray(whole)
        for at in rng.integers(len(whole), size=rng.integers(1, 4)):
            content[at] = rng.integers(256)
        (tmp_path / "w.pth").write_bytes(bytes(content))
        try:
            found = dict(torch_file.read(tmp_path / "w.pth").arrays)
        except ValueError as error:
            assert str(error).startswith("weights: ")
        else:
            assert all(array.nbytes <= 48 for array in found.values())


def with_zip64(content):
    end = content.rfind(b"PK\x05\x06")
    return content[: end + 12] + b"\xff" * 8 + content[end + 20 :]


def overlapping():
    """Two names for one entry, as in bombs of overlapping files."""
    content = make_zip(data={"0": SIX.tobytes(), "1": SIX.tobytes()})
    first, second = content.find(b"PK\x01\x02"), content.find(b"PK\x01\x02")
    second = content.find(b"PK\x01\x02", first + 4)
    third = content.find(b"PK\x01\x02", second + 4)
    return content[: third + 42] + content[second + 42 : second + 46] + content[third + 46 :]


def duplicate():
    return make_zip(data={"0": SIX.tobytes(), "1": SIX.tobytes()}).replace(b"data/1", b"data/0")


def patched(find, at, value, last=False):
    """The zip with some bytes behind a signature changed."""
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
ZIPS = {
    "bomb": lambda: make_zip(data={"0": bytes(50_000_000)}, method=zipfile.ZIP_DEFLATED),
    "bomb as a pickle": lambda: make_zip(b"N" * 50_000_000, method=zipfile.ZIP_DEFLATED),
    "compressed": lambda: make_zip(method=zipfile.ZIP_BZIP2),
    "long pickle": lambda: make_zip(b"N" * 5_000_000),
    "duplicate names": duplicate,
    "overlapping entries": overlapping,
    "name upward": lambda: make_zip(**{"../../canary": "x"}),
    "name from the root": lambda: make_zip().replace(b"vgg/data/0", b"/etc/pass0"),
    "name of Windows": lambda: make_zip(**{"..\\canary": "x"}),
    "name not UTF-8": lambda: make_zip().replace(b"vgg/data/0", b"vgg/data/\xff"),
    "name with a bell": lambda: make_zip(**{"../\x1b[2J": "x"}),
    "names that differ": lambda: make_zip().replace(b"vgg/data/0", b"vgg/data/1", 1),
    "big-endian": lambda: make_zip(byteorder="big"),
    "odd byte order": lambda: make_zip(byteorder="\x1b[31m" * 90),
    "program": lambda: make_zip(**{"constants.pkl": b"\x80\x02)."}),
    "no pickle": lambda: make_zip().replace(b"data.pkl", b"data.pkx"),
    "zip in zip": lambda: make_zip(make_zip()),
    "no storage": lambda: make_zip(data={"7": SIX.tobytes()}),
    "storage too short": lambda: make_zip(data={"0": SIX[:5].tobytes()}),
    "storage too long": lambda: make_zip(data={"0": bytes(28)}),
    "encrypted": lambda: patched(CENTRAL, 8, b"\x01"),
    "size lies": lambda: patched(CENTRAL, 24, b"\xff\xff\xff\x7f", last=True),
    "both sizes lie": lambda: patched(CENTRAL, 20, b"\xff\xff\xff\x7f" * 2, last=True),
    "offset beyond": lambda: patched(CENTRAL, 42, b"\xff\xff\xff\x7f", last=True),
    "offset to elsewhere": lambda: patched(CENTRAL, 42, b"\x01", last=True),
    "directory elsewhere": lambda: patched(END, 16, b"\x00"),
    "directory too long": lambda: patched(END, 12, b"\xff\xff\xff\x7f"),
    "comment lies": lambda: patched(END, 20, b"\x10"),
    "checksum": lambda: patched(CENTRAL, 16, b"\x00\x00\x00\x00", last=True),
    "over 4 GiB": lambda: with_zip64(make_zip()),
    "many entries": many_entries,
    "signature alone": lambda: b"PK\x03\x04",
    "signature and zeros": lambda: b"PK\x03\x04" + bytes(100_000),
    "npz": lambda: make_zip().replace(b"vgg/data.pkl", b"vgg_data.npy"),
}


@pytest.mark.parametrize("kind", ZIPS)
def test_a_harmful_or_broken_zip(tmp_path, kind):
    refused(tmp_path, ZIPS[kind]())


BIG = pickle.dumps({"protocol_version": 1001, "little_endian": False}, 2)
LEGACY = {
    "big-endian": lambda: make_legacy(system=BIG),
    "wrong magic": lambda: make_legacy().replace(MAGIC[4:8], b"abcd", 1),
    "wrong protocol": lambda: make_legacy().replace(b"M\xe9\x03", b"M\xe8\x03"),
    "no system": lambda: make_legacy(system=pickle.dumps(None, 2)),
    "key twice": lambda: make_legacy(keys=("0", "0"), counts=(6, 6)),
    "key of nothing": lambda: make_legacy(keys=("0", "9"), counts=(6, 6)),
    "key missing": lambda: make_legacy(keys=(), counts=()),
    "key a number": lambda: make_legacy(keys=(0,)),
    "keys a text": lambda: make_legacy(keys=()).replace(pickle.dumps([], 2), pickle.dumps("0", 2)),
    "count lies": lambda: make_legacy(counts=(7,)),
    "count below 0": lambda: make_legacy(counts=(-6,)),
    "numbers missing": lambda: make_legacy(data=SIX[:3].tobytes()),
    "another pickle": lambda: pickle.dumps({"a": 1}, 2),
    "five pickles": lambda: pickle.dumps(1, 2) * 5,
    "text": lambda: b"hello",
    "nothing": lambda: b"",
    "page": lambda: b"<html></html>" * 99,
    "tar": lambda: bytes(257) + b"ustar" + bytes(300),
    "view beyond": lambda: make_legacy().replace(
        b"NtQ", b"(" + text("v") + number(4) + number(3) + b"ttQ"
    ),
    "view no tuple": lambda: make_legacy().replace(b"NtQ", b"K\x01tQ"),
}


@pytest.mark.parametrize("kind", LEGACY)
def test_a_harmful_or_broken_stream(tmp_path, kind):
    refused(tmp_path, LEGACY[kind]())


REASONS = {
    "memo index": "keeps a value as number 4294967295",
    "memo not there": "broken or cut short",
    "deep lists": "nests its values too deep",
    "deep marks": "nests its values too deep",
    "many steps": "more than 100000 steps",
    "a dict over and over": "more than 100000 steps",
    "stop in a list": "stops within a list",
    "hashed tuples": "a key of type tuple",
    "newobj": "opcode",
    "two descriptions": "described in two ways",
    "size beyond": "reaches beyond its storage",
    "size huge and empty": "reaches beyond its storage",
    "offset below 0": "not made of a storage, an offset",
    "stride below 0": "not counts",
    "windows over one another": "repeats a storage",
    "two networks": "several dicts of tensors",
    "compressed": "compressed or encrypted",
    "bomb": "compressed or encrypted",
    "both sizes lie": "lie over one another",
    "duplicate names": "is there twice",
    "many entries": "too many entries",
    "long pickle": "a pickle of 5000000 bytes",
    "names that differ": "does not agree with its entries",
    "name upward": "expected names within",
    "program": "a TorchScript program",
    "storage too short": "expected 24 bytes of 'w', got 20",
    "numbers missing": "the file ends at byte",
    "count lies": "7 are announced",
    "view beyond": "a view reaches beyond its storage",
    "wrong magic": "none that torch.save wrote",
    "tar": "torch before 0.2",
}


@pytest.mark.parametrize("kind", REASONS)
def test_each_is_refused_for_its_own_reason(tmp_path, kind):
    made = PICKLES[kind](tmp_path) if kind in PICKLES else (ZIPS | LEGACY)[kind]()
    refused(tmp_path, make_zip(made) if kind in PICKLES else made)
    with pytest.raises(ValueError, match=REASONS[kind]):
        torch_file.read(tmp_path / "w.pth")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="^weights: .*No such file"):
        torch_file.read(tmp_path / "none.pth")
    with pytest.raises(ValueError, match="^weights: "):
        torch_file.read(tmp_path)
