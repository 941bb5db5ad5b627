"""PyTorch's files are read; no file executes code or costs much memory or time."""

import pickle
import struct
import tracemalloc
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
from weights.readers.pth_writer import (
    MAGIC,
    PLAIN,
    SIX,
    SYSTEM,
    make_legacy,
    make_zip,
    name,
    number,
    numbers,
    read_bytes,
    refused,
    state,
    storage,
    tensor,
    text,
)

from nnscratch.weights.readers import torch_file

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


def test_entries_within_are_found(tmp_path):
    body = state(epoch=number(3), state_dict=PLAIN[2:-1], loss=b"G" + struct.pack(">d", 0.5))
    contents = read_bytes(tmp_path, make_zip(body, version="3\n"))
    assert list(contents.arrays) == ["w"]


KERNEL = {"w": tensor((1, 1, 2, 3))}


@pytest.mark.parametrize(
    "values",
    [
        {"best_acc1": tensor((6,)), "state_dict": state(**KERNEL)[2:-1]},  # PyTorch's own example
        {"generator": state(**KERNEL)[2:-1], "rng": tensor((6,))},
        {"vgg": state(**KERNEL)[2:-1], "scores": PLAIN[2:-1], "more": PLAIN[2:-1]},
        {**KERNEL, "model": state(mean=tensor((6,)))[2:-1]},
        {**KERNEL, "state_dict": state(w=tensor((6,)))[2:-1]},
    ],
)
@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_lone_tensors_do_not_hide_the_network(tmp_path, make, values):
    arrays = read_bytes(tmp_path, make(state(**values))).arrays
    assert arrays["w"].shape == (1, 1, 2, 3)
    assert not {"rng", "best_acc1"} & set(arrays)


def test_bytes_behind_the_last_storage_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"broken or cut short \(9 bytes follow its last storage"):
        read_bytes(tmp_path, make_legacy() + bytes(9))


def test_only_what_is_asked_is_read(tmp_path):
    """A flipped byte in one storage is reported on access to it; other storages are read."""
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
    """torch, and a function that saves with torch and reads with our reader."""
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


def test_programs_whose_code_is_compressed_are_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:  # as torch.jit.save writes it
        archive.writestr("w/data.pkl", PLAIN)
        archive.writestr("w/code/w.py", "class Net: ..." * 9, zipfile.ZIP_DEFLATED)
        archive.writestr("w/constants.pkl", b"\x80\x02).")
    with pytest.raises(ValueError, match="is a TorchScript program: expected tensors alone; "):
        torch_file.read(tmp_path / "w.pt")


# -- what is broken or means harm -----------------------------------------------------------------


PICKLES = {
    "no dict": lambda: b"\x80\x02]K\x01a.",
    "empty dict": lambda: b"\x80\x02}.",
    "itself": lambda: b"\x80\x02}q\x00" + text("state_dict") + b"h\x00s.",
    "two networks": lambda: state(a=PLAIN[2:-1], b=PLAIN[2:-1]),
    "count too large": lambda: state(w=tensor((6,), given=storage(7))),
    "count too small": lambda: state(w=tensor((5,), given=storage(5))),
    "no such storage": lambda: state(w=tensor((6,), given=storage(6, "1"))),
    "storage by path": lambda: state(w=tensor((6,), given=storage(6, "../data.pkl"))),
    "a tuple": lambda: b"\x80\x02)" + b"\x85" * 90_000 + b".",
    "a lone tensor": lambda: b"\x80\x02" + tensor((6,)) + b".",
    "deep dicts": lambda: b"\x80\x02}q\x00" + (b"}" + text("a") + b"h\x00sq\x00") * 16_000 + b".",
    "deep ordered dicts": lambda: (
        (b"\x80\x02" + name("collections", "OrderedDict") + b"q\x01)Rq\x00")
        + (b"h\x01)R" + text("a") + b"h\x00sq\x00") * 12_000
        + b"."
    ),
    "itself in a list": lambda: b"\x80\x02}q\x00" + text("net") + b"]q\x01h\x00ah\x01as.",
    "itself in a tuple": lambda: b"\x80\x02]q\x00h\x00\x85a.",
    "itself in an ordered dict": lambda: (
        (b"\x80\x02" + name("collections", "OrderedDict") + b")Rq\x00")
        + (text("net") + b"h\x00s" + text("a") + b"h\x00h\x00\x86s.")
    ),
    "tuples that double": lambda: (
        b"\x80\x02}" + text("net") + b"]" + b"q\x00h\x00\x86" * 1000 + b"s."
    ),
    "dicts within, over and over": lambda: (
        (b"\x80\x02" + tensor((6,)) + b"q\x02}q\x00(")
        + (b"".join(text(str(i)) + b"h\x02" for i in range(2000)) + b"u\x85}(")
        + (b"".join(text(str(i)) + b"h\x00" for i in range(2000)) + b"u.")
    ),
    "lists for dicts": lambda: state(state_dict=b"](" + text("w") + tensor((6,)) + b"e"),
    "beyond the file": lambda: state(
        w=tensor((1 << 39,), given=storage(1 << 39, kind="DoubleStorage"))
    ),
    "storages at odds": lambda: state(
        a=tensor((6,)), w=tensor((6,), given=storage(6, "1")), v=tensor((6,), given=storage(6, "2"))
    ),
}


@pytest.mark.parametrize("kind", PICKLES)
@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_a_pickle_of_something_else(tmp_path, make, kind):
    refused(tmp_path, make(PICKLES[kind]()))


def test_a_text_of_wide_letters(tmp_path):
    """One 4-byte letter makes a Python string four times as large, hence the limit on pickles."""
    body = state(x=text("a" * 4_190_000 + "\U0001f600"))
    refused(tmp_path, make_zip(body), "no tensors", spare=25 << 20)
    refused(tmp_path, make_zip(body[:-1] + bytes(9000) + b"."), "a pickle of 4199")


@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_a_storage_shared_too_often(tmp_path, make):
    """Tensors may share numbers, but their sum is limited to a multiple of the file."""
    body = b"\x80\x02}" + text("w") + tensor((1000,)) + b"q\x00s"
    names = [text(f"w{i}") + b"h\x00s" for i in range(50)]
    zeros = bytes(4000)
    given = {"data": {"0": zeros}} if make is make_zip else {"data": zeros, "counts": (1000,)}
    read_bytes(tmp_path, make(body + names[0] + b".", **given))
    refused(tmp_path, make(body + b"".join(names) + b".", **given), "clone")


@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_tensors_without_numbers_may_be_many(tmp_path, make):
    """Empty tensors need no bytes of the file, yet their sizes are limited."""
    body = b"\x80\x02}" + text("w") + tensor((0, 1000), given=storage(6)) + b"q\x00s"
    body += b"".join(text(f"w{i}") + b"h\x00s" for i in range(500)) + b"."
    arrays = read_bytes(tmp_path, make(body)).arrays
    assert {array.shape for array in arrays.values()} == {(0, 1000)}


@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_odd_values_beside_the_tensors_do_no_harm(tmp_path, make):
    odd = {
        "deep": b")" + b"\x85" * 40_000,
        "itself": b"]q\x07h\x07a",
        "doubled": b"]" + b"q\x08h\x08\x86" * 1000,
        "wide": text("\U0001f600"),
        "raw": b"C\x03\x00\xff\x00",
    }
    arrays = read_bytes(tmp_path, make(state(w=tensor((6,)), **odd))).arrays
    assert list(arrays) == ["w"]
    np.testing.assert_array_equal(arrays["w"], SIX)


@pytest.mark.parametrize("twentieth", range(20))
@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_cut_short_by_twentieths(tmp_path, make, twentieth):
    """Most of the file is numbers; it is cut between and within storages."""
    large = np.arange(5000, dtype=np.float32)
    body = state(**{f"w{i}": tensor((50, 100), given=storage(5000, str(i))) for i in range(3)})
    if make is make_zip:
        whole = make_zip(body, {str(i): large.tobytes() for i in range(3)})
    else:
        whole = make_legacy(body, ("0", "1", "2"), (5000,) * 3, large.tobytes())
    np.testing.assert_array_equal(read_bytes(tmp_path, whole).arrays["w2"], large.reshape(50, 100))
    refused(tmp_path, whole[: len(whole) * twentieth // 20])


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


CENTRAL = b"PK\x01\x02"


def without_crc():
    content = make_zip()
    at = content.rfind(CENTRAL) + 16
    return content[:at] + bytes(4) + content[at + 4 :]


ZIPS = {
    "long pickle": lambda: make_zip(b"N" * 5_000_000),
    "big-endian": lambda: make_zip(byteorder="big"),
    "odd byte order": lambda: make_zip(byteorder="\x1b[31m" * 90),
    "program": lambda: make_zip(**{"constants.pkl": b"\x80\x02)."}),
    "no pickle": lambda: make_zip().replace(b"data.pkl", b"data.pkx"),
    "zip in zip": lambda: make_zip(make_zip()),
    "no storage": lambda: make_zip(data={"7": SIX.tobytes()}),
    "storage too short": lambda: make_zip(data={"0": SIX[:5].tobytes()}),
    "storage too long": lambda: make_zip(data={"0": bytes(28)}),
    "checksum": without_crc,
    "npz": lambda: make_zip().replace(b"vgg/data.pkl", b"vgg_data.npy"),
    "storage in another folder": lambda: make_zip().replace(b"vgg/data/0", b"vgh/data/0"),
    "two pickles": lambda: make_zip(data_pkl=PLAIN).replace(b"vgg/data_pkl", b"two/data.pkl"),
}


@pytest.mark.parametrize("kind", ZIPS)
def test_a_zip_of_something_else(tmp_path, kind):
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
    "two networks": "several dicts of tensors",
    "dicts within, over and over": "several dicts of tensors",
    "deep dicts": "no tensors",
    "tuples that double": "no tensors",
    "a tuple": "holds a tuple",
    "a lone tensor": "holds a Tensor: expected a dict",
    "beyond the file": "expected 4398046511104 bytes of 'w', got 24",
    "storages at odds": "expected 24 bytes of 'w', got none",
    "long pickle": "a pickle of 5000000 bytes",
    "program": "a TorchScript program",
    "checksum": "a checksum does not agree",
    "storage too short": "expected 24 bytes of 'w', got 20",
    "numbers missing": "in a file of",
    "count lies": "numbers in storage .*, got 7",
    "view beyond": "a view reaches beyond its storage",
    "wrong magic": "that torch.save did not write",
    "tar": "torch before 0.2",
}


@pytest.mark.parametrize("kind", REASONS)
def test_each_is_refused_for_its_own_reason(tmp_path, kind):
    made = (PICKLES | ZIPS | LEGACY)[kind]()
    refused(tmp_path, make_zip(made) if kind in PICKLES else made, REASONS[kind])


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="^weights: .*No such file"):
        torch_file.read(tmp_path / "none.pth")
    with pytest.raises(ValueError, match="^weights: "):
        torch_file.read(tmp_path)
