"""The pickle machine reads the values of a state dict and executes nothing."""

import contextlib
import os
import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest
from weights.readers.pth_writer import (
    PLAIN,
    calling,
    make_legacy,
    make_zip,
    name,
    number,
    numbers,
    refused,
    state,
    storage,
    tensor,
    text,
)

from nnscratch.weights.readers.pickle_machine import (
    DESCRIBED,
    OPCODES,
    Machine,
    Name,
    Storage,
    StoredTensor,
)
from nnscratch.weights.readers.torch_file import BROKEN

SIX = Storage("FloatStorage", "0", 6, 0, 6)

# -- what is there arrives ------------------------------------------------------------------------


def run(body):
    return Machine(b"\x80\x02" + body + b".").run()


VALUES = [None, True, False, 0, 255, 256, 65_536, -1, 1 << 60, -(1 << 60), 0.5, "", "é", b"", b"ab"]
VALUES += [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], [1, [2, "x"]], {}, {"a": 1}]
VALUES += [{"a": {"b": [1, (2, None)]}, 3: "c", "d": "x" * 300}, OrderedDict(a=1, b=2)]


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values_arrive_as_pickle_wrote_them(value, protocol):
    made = Machine(pickle.dumps(value, protocol)).run()
    assert made == value
    assert type(made) is type(value)


def test_a_value_kept_is_the_same_when_taken_again():
    first, second = run(b"]q\x00h\x00\x86")
    assert first is second
    assert run(b"]r\x10\x00\x00\x00j\x10\x00\x00\x00\x86") == ([], [])


def test_a_list_may_hold_itself():
    made = run(b"]q\x00h\x00a")
    assert made[0] is made


def test_several_pickles_in_a_row():
    data = pickle.dumps([1], 2) + pickle.dumps("two", 2)
    first = Machine(data)
    assert first.run() == [1]
    assert Machine(data, first.at).run() == "two"


def test_names_storages_and_tensors():
    assert run(name("torch", "FloatStorage")) == Name("torch.FloatStorage")
    assert run(text("torch.cuda") + text("HalfStorage") + b"\x93") == Name("torch.cuda.HalfStorage")
    assert run(storage(6)) == SIX
    assert run(tensor((2, 3))) == StoredTensor(SIX, 0, (2, 3), (3, 1))
    assert run(name("torch", "Size") + numbers((2, 3)) + b"\x85R") == (2, 3)
    parameter = name("torch._utils", "_rebuild_parameter") + b"(" + tensor((6,)) + b"\x89NtR"
    assert run(parameter) == StoredTensor(SIX, 0, (6,), (1,))
    view = b"(" + text("v") + number(2) + number(3) + b"t"
    assert run(storage(6, tail=view)) == Storage("FloatStorage", "0", 6, 2, 3)


def test_the_storages_mentioned_are_known():
    machine = Machine(state(a=tensor((6,)), b=tensor((2,), given=storage(2, "1"))))
    machine.run()
    assert machine.storages == {"0": SIX, "1": Storage("FloatStorage", "1", 2, 0, 2)}


def test_attributes_of_an_ordered_dict_are_left_out():
    made = run(name("collections", "OrderedDict") + b")R}" + text("_metadata") + b"Nsb")
    assert made == OrderedDict()
    assert not vars(made)


def test_bytes_and_reach_of_a_tensor():
    assert SIX.nbytes == 24
    assert StoredTensor(SIX, 0, (2, 2), (3, 1)).reach == 5
    assert StoredTensor(SIX, 0, (2, 2), (3, 1)).nbytes == 16
    assert StoredTensor(SIX, 0, (0, 3), (3, 1)).reach == 0
    assert StoredTensor(SIX, 5, (), ()).reach == 1


# -- what is broken or means harm -----------------------------------------------------------------


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
    """An object whose pickle makes Python run a command."""

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
    "count huge": lambda tmp: state(w=tensor((6,), given=storage(1 << 62))),
    "two descriptions": lambda tmp: state(
        a=tensor((6,)), w=tensor((3,), given=storage(3, kind="DoubleStorage"))
    ),
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
    "made value called": lambda tmp: state(x=name("collections", "OrderedDict") + b")R)R"),
    "reduce in a storage": lambda tmp: PLAIN.replace(
        text("cpu"), name("os", "system") + b"(" + text(canary(tmp)) + b"tR"
    ),
    "reduce in attributes": lambda tmp: state(
        x=name("collections", "OrderedDict") + b")R" + name("os", "system") + text("x") + b"\x85Rb"
    ),
    "arguments no tuple": lambda tmp: state(x=name("collections", "OrderedDict") + b"]R"),
    "memo index just above": lambda tmp: state(x=b"Nr" + struct.pack("<I", 100_000)),
    "memo index taken": lambda tmp: state(x=b"j\xff\xff\xff\xff"),
    "memo of nothing": lambda tmp: b"\x80\x02q\x00.",
    "bytes of 4 GiB": lambda tmp: state(x=b"B\xff\xff\xff\xff" + b"abc"),
    "text of Python 2 of 2 GiB": lambda tmp: state(x=b"T\xff\xff\xff\x7f" + b"abc"),
    "short text cut": lambda tmp: b"\x80\x04\x8c\xffabc",
    "text of 16 EiB": lambda tmp: state(x=b"\x8d" + b"\xff" * 8 + b"abc"),
    "bytes of 16 EiB": lambda tmp: state(x=b"\x8e" + b"\xff" * 8 + b"abc"),
    "byte array of 16 EiB": lambda tmp: state(x=b"\x96" + b"\xff" * 8 + b"abc"),
    "long integer below 0": lambda tmp: state(x=b"\x8b\xff\xff\xff\xff\x01"),
    "short integer cut": lambda tmp: b"\x80\x02\x8a\xff\x01",
    "frame cut": lambda tmp: b"\x80\x04\x95\xff\xff",
    "text not UTF-8": lambda tmp: state(x=text(b"\xff\xfe")),
    "key not UTF-8": lambda tmp: b"\x80\x02}" + text(b"\xc3\x28") + b"Ns.",
    "name not UTF-8": lambda tmp: state(x=b"c\xff\xfe\nOrderedDict\n)R"),
    "names empty": lambda tmp: state(x=b"c\n\n)R"),
    "name with a return": lambda tmp: state(x=b"ccollections\r\nOrderedDict\r\n)R"),
    "name with a line before": lambda tmp: state(x=b"c\ncollections\nOrderedDict\n)R"),
    "name with a line within": lambda tmp: state(x=b"ctorch\n_utils\n_rebuild_tensor_v2\n)R"),
    "name with a zero": lambda tmp: state(x=b"cos\x00\nsystem\n)R"),
    "stack global with lines": lambda tmp: state(
        x=text("os\ncollections") + text("OrderedDict\nsystem") + b"\x93)R"
    ),
    "stack global of numbers": lambda tmp: state(x=b"K\x01K\x02\x93"),
    "stack global of a list": lambda tmp: state(x=text("os") + b"](" + text("system") + b"e\x93"),
    "deep dicts": lambda tmp: b"\x80\x02" + (b"}" + text("a")) * 200_000 + b".",
    "mark not there": lambda tmp: b"\x80\x02t.",
    "items for a tuple": lambda tmp: b"\x80\x02)K\x01a.",
    "items for a list": lambda tmp: b"\x80\x02]" + text("a") + b"Ns.",
    "key without a value": lambda tmp: b"\x80\x02}(" + text("a") + b"u.",
    "key a float": lambda tmp: b"\x80\x02}G" + bytes(8) + b"Ns.",
    "key a large integer": lambda tmp: b"\x80\x02}" + number(1 << 61) + b"Ns.",
    "key a list": lambda tmp: b"\x80\x02}]Ns.",
    "long keys alike": lambda tmp: (
        (b"\x80\x02" + text("a" * 1_900_000) + b"q\x00" + text("a" * 1_900_000) + b"q\x01")
        + (b"}h\x00Ns" + b"h\x01Ns" * 30_000 + b".")
    ),
    "long keys of storages": lambda tmp: PLAIN.replace(text("0"), text("0" * 1001)),
    "size as a list": lambda tmp: state(w=tensor((6,)).replace(numbers((6,)), b"](" + b"K\x06e")),
    "sizes multiply to 0": lambda tmp: state(
        w=tensor((1 << 32, 1 << 32), (1, 1), given=storage(6))
    ),
    "view below 0": lambda tmp: state(
        w=tensor(
            (6,), given=storage(6, tail=b"(" + text("v") + number(-1) + number(6) + b"t")
        )
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PICKLES)
@pytest.mark.parametrize("make", [make_zip, make_legacy])
def test_a_harmful_or_broken_pickle(tmp_path, make, kind):
    refused(tmp_path, make(PICKLES[kind](tmp_path)))


@pytest.mark.parametrize("kind", PICKLES)
def test_it_is_the_machine_that_refuses(tmp_path, kind):
    with pytest.raises(BROKEN):
        Machine(PICKLES[kind](tmp_path)).run()
    assert os.listdir(tmp_path) == []


REAL = ("os.system", "posix.system", "by protocol 4", "by protocol 0")
REAL += ("builtins.eval", "exec of Python 2", "getattr chain", "inst", "obj")


@pytest.mark.parametrize("kind", REAL)
def test_the_canary_would_sing(tmp_path, kind):
    """Python's pickle does execute these, so the tests above can fail."""
    with contextlib.suppress(Exception):
        pickle.loads(PICKLES[kind](tmp_path))
    assert (tmp_path / "canary").exists()


REASONS = {
    "os.system": "asks for 'os.system'.*nothing was executed",
    "by protocol 0": "opcode",
    "newobj": "opcode",
    "text of 16 EiB": "opcode",
    "bytes of 16 EiB": "opcode",
    "byte array of 16 EiB": "opcode",
    "long integer": "opcode",
    "long integer below 0": "opcode",
    "made value called": "calls something other than a tensor",
    "arguments no tuple": "calls something other than a tensor",
    "build on a tensor": "sets attributes of a Tensor",
    "reduce in a storage": "asks for 'os.system'",
    "memo index": "memoises a value as number 4294967295",
    "memo index just above": "memoises a value as number 100000",
    "memo not there": "broken or cut short",
    "memo index taken": "broken or cut short",
    "deep lists": "nests its values too deep",
    "deep marks": "nests its values too deep",
    "deep dicts": "nests its values too deep",
    "many steps": "more than 100000 steps",
    "a dict over and over": "more than 100000 steps",
    "stop in a list": "stops within a list",
    "bytes of 4 GiB": "but only",
    "huge length": "but only",
    "negative length": "byte count < 0",
    "text of Python 2 of 2 GiB": "but only",
    "name not UTF-8": "can't decode byte",
    "key not UTF-8": "can't decode byte",
    "name with a return": r"asks for 'collections\\r\.OrderedDict\\r'",
    "name with a line before": r"asks for '\.collections'",
    "name with a line within": r"asks for 'torch\._utils'",
    "stack global with lines": r"asks for 'os\\ncollections\.OrderedDict\\nsystem'",
    "hashed tuples": "a key of type tuple",
    "key a list": "a key of type list",
    "long keys alike": "a key of 1900000 letters",
    "long keys of storages": "a key of 1001 letters",
    "two descriptions": "described in two ways",
    "size beyond": "reaches beyond its storage",
    "size overflows": "reaches beyond its storage",
    "sizes multiply to 0": "reaches beyond its storage",
    "size huge and empty": "reaches beyond its storage",
    "offset below 0": "not made of a storage, an offset",
    "stride below 0": "not counts",
    "size below 0": "not counts",
    "windows over one another": "repeats a storage",
}


@pytest.mark.parametrize("kind", REASONS)
def test_each_is_refused_for_its_own_reason(tmp_path, kind):
    refused(tmp_path, make_zip(PICKLES[kind](tmp_path)), REASONS[kind])


def test_the_reason_is_told(tmp_path):
    refused(
        tmp_path, make_zip(PICKLES["os.system"](tmp_path)), r"asks for 'os.system'.*nothing was"
    )
    refused(
        tmp_path,
        make_zip(calling("torch.nn.modules.conv", "Conv2d")),
        "holds a network .'torch.nn.modules.conv.Conv2d'",
    )


def test_the_view_of_a_storage_must_lie_within():
    for start, length in ((4, 3), (7, 0), (0, 7)):
        view = b"(" + text("v") + number(start) + number(length) + b"t"
        with pytest.raises(ValueError, match="a view reaches beyond its storage"):
            run(storage(6, tail=view))


def test_any_opcodes_give_a_value_or_an_error_that_is_known():
    """Random opcodes never cause another error, such as a TypeError."""
    rng = np.random.default_rng(0)
    codes = [code for code, opcode in DESCRIBED.items() if opcode.name in OPCODES]
    assert len(codes) == len(OPCODES)
    pieces = [code + bytes(rng.integers(0, 4, 3, np.uint8)) for code in codes for _ in range(3)]
    pieces += codes * 3
    pieces += [text("a"), number(3), numbers((2, 3)), storage(6), tensor((6,)), tensor((2, 3))]
    pieces += [name("torch", "Size"), name("collections", "OrderedDict"), b"]q\x00", b"}q\x01"]
    values = 0
    for _ in range(20_000):
        body = b"".join(pieces[i] for i in rng.integers(len(pieces), size=rng.integers(1, 12)))
        with contextlib.suppress(*BROKEN):
            run(body)
            values += 1
    assert values > 100
