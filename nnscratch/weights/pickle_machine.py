"""A machine that reads the pickle of a state dict into plain values, and runs nothing.

Stands on `contents` and NumPy's dtypes. It knows the opcodes and the few names that state dicts
need, makes plain values of them, and calls nothing that a file names.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from nnscratch.weights.contents import Refused, shown

# Steps, values and marks are bounded, so a few bytes cannot ask for much time or memory. A VGG
# needs some 2,000 steps and keeps some 40 values at once.
STEPS = 100_000
STACK = 20_000
MARKS = 100
LETTERS = 1000  # of a key
RANK = 32
COUNT = 1 << 40  # no count of numbers reaches this, nor a tensor's product of counts
ALONE = "load it where it was made and save model.state_dict() alone"
DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",  # the upper half of a float32
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "<u1",
    "ComplexFloatStorage": "<c8",
    "ComplexDoubleStorage": "<c16",
}


# -- what the machine makes -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name:
    """One of the names that a state dict may mention."""

    full: str


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of numbers: `length` of them from `first` on, of the `count` in the file."""

    kind: str
    key: str
    count: int
    first: int
    length: int

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(DTYPES[self.kind])

    @property
    def nbytes(self) -> int:
        return self.count * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A view of a storage, in elements."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return prod(self.size) * self.storage.dtype.itemsize

    @property
    def reach(self) -> int:
        """How many elements lie from the first to the last; none for an empty tensor."""
        if 0 in self.size:
            return 0
        return 1 + sum((n - 1) * s for n, s in zip(self.size, self.stride, strict=True))


def kind_of(value: object) -> str:
    """What kind of value it is, for a message."""
    return type(value).__name__.removeprefix("Stored")


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < COUNT


def _are_counts(values: object) -> bool:
    return type(values) is tuple and len(values) <= RANK and all(map(_is_count, values))


def _ordered_dict(machine: "Machine", args: tuple) -> OrderedDict:
    """OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it."""
    made: OrderedDict = OrderedDict()
    if not args:
        return made
    pairs = args[0]
    if len(args) > 1 or type(pairs) is not list:
        raise ValueError("an OrderedDict of something else than pairs")
    machine.spend(len(pairs))
    for pair in pairs:
        if type(pair) not in (list, tuple) or len(pair) != 2:
            raise ValueError("an OrderedDict of something else than pairs")
        made[_checked_key(pair[0])] = pair[1]
    return made


def _size(machine: "Machine", args: tuple) -> tuple:
    if len(args) != 1 or not _are_counts(args[0]):
        raise ValueError("a torch.Size of something else than counts")
    return args[0]


def _tensor(machine: "Machine", args: tuple) -> StoredTensor:
    """(storage, offset, size, stride, ...) -> tensor that lies within its storage."""
    if len(args) not in (4, 6, 7) or type(args[0]) is not Storage or not _is_count(args[1]):
        raise ValueError("a tensor is not made of a storage, an offset, a size and a stride")
    storage, offset, size, stride = args[:4]
    if not (_are_counts(size) and _are_counts(stride) and len(size) == len(stride)):
        raise ValueError("the size or the stride of a tensor are not counts, one for each axis")
    made = StoredTensor(storage, storage.first + offset, size, stride)
    if offset + made.reach > storage.length or prod(max(n, 1) for n in size) >= COUNT:
        raise ValueError(f"a tensor {size} reaches beyond its storage of {storage.length}")
    if prod(size) > storage.length:
        raise Refused(
            f"holds a tensor {size} that repeats a storage of {storage.length}: expected each "
            "number once; save tensor.contiguous()"
        )
    return made


def _parameter(machine: "Machine", args: tuple) -> StoredTensor:
    if len(args) != 3 or type(args[0]) is not StoredTensor:
        raise ValueError("a parameter is not made of a tensor")
    return args[0]


CALLS: dict[str, Callable[["Machine", tuple], Any]] = {
    "collections.OrderedDict": _ordered_dict,
    "torch.Size": _size,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
}
KINDS = {f"{module}.{kind}": kind for module in ("torch", "torch.cuda") for kind in DTYPES}


def _named(module: str, name: str) -> Name:
    full = f"{module}.{name}"
    if full in CALLS or full in KINDS:
        return Name(full)
    if module.startswith(("torch.nn", "torchvision", "__torch__")):
        raise Refused(f"holds a network ({shown(full)}): expected its tensors alone; {ALONE}")
    if module.partition(".")[0] == "torch" and name.endswith("Storage"):
        raise Refused(
            f"holds numbers of kind {shown(full)}: expected one of {', '.join(DTYPES)}; convert "
            "it with .float()"
        )
    raise Refused(
        f"asks for {shown(full)}: expected tensors and plain values; nothing was run, {ALONE}"
    )


def _checked_key(key: object) -> str | int:
    """Tuples would be hashed as deep as they nest, and large integers chosen to collide."""
    if type(key) is str:
        return _checked_text(key)
    if type(key) is int and abs(key) < 1 << 31:
        return key
    raise Refused(f"holds a dict with a key of type {kind_of(key)}: expected text; {ALONE}")


def _checked_text(key: str) -> str:
    """Long keys that are equal up to their end would be compared up to it, thousands of times."""
    if len(key) > LETTERS:
        raise Refused(f"holds a key of {len(key)} letters: expected {LETTERS} at most; {ALONE}")
    return key


# -- the machine ----------------------------------------------------------------------------------


class Machine:
    """Reads one pickle from `data`, beginning at `at`, into plain values."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}  # by key; all that were mentioned
        self.left = STEPS

    def run(self) -> Any:
        """The value that the pickle makes; `at` stands behind it."""
        while (code := self.take(1)) != b".":
            self.spend(1)
            if code not in OPCODES:
                raise Refused(
                    f"has opcode {code!r} in its pickle, at byte {self.at - 1}: expected those of "
                    f"a state dict; {ALONE}"
                )
            OPCODES[code](self)
            if len(self.stack) > STACK or len(self.marks) > MARKS:
                raise Refused(f"nests its values too deep: expected a state dict; {ALONE}")
        if self.marks:
            raise ValueError("the pickle stops within a list")
        return self.stack.pop()

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise Refused(f"has a pickle of more than {STEPS} steps: too long for VGG; {ALONE}")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if count < 0 or count > len(self.data) - self.at:
            raise ValueError("the pickle ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def integer(self) -> int:
        return int.from_bytes(self.take(self.take(1)[0]), "little", signed=True)

    def line(self) -> str:
        end = self.data.find(b"\n", self.at, self.at + 256)
        if end < 0:
            raise ValueError("a name in the pickle has no end")
        return self.take(end + 1 - self.at)[:-1].decode()

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def pop_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def pop(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise ValueError("the pickle takes more values than there are")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def put(self, index: int) -> None:
        if index >= STEPS:
            raise Refused(f"keeps a value as number {index}: expected below {STEPS}; {ALONE}")
        self.memo[index] = self.stack[-1]

    def extend(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise ValueError("items for something that is no list")
        self.stack[-1].extend(items)

    def update(self, items: list[Any]) -> None:
        if type(self.stack[-1]) not in (dict, OrderedDict) or len(items) % 2:
            raise ValueError("items for something that is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            self.stack[-1][_checked_key(key)] = value

    def name(self) -> None:
        module, name = self.pop(2)
        if type(module) is not str or type(name) is not str:
            raise ValueError("a name that is no text")
        self.push(_named(module, name))

    def call(self) -> None:
        """What the name stands for here: one of CALLS, never what Python has under it."""
        name, args = self.pop(2)
        if type(name) is not Name or name.full not in CALLS or type(args) is not tuple:
            raise Refused(f"calls something that makes no tensor and no dict; {ALONE}")
        self.push(CALLS[name.full](self, args))

    def build(self) -> None:
        """Attributes of an OrderedDict (`_metadata`), left out."""
        target, _ = self.pop(2)
        if type(target) is not OrderedDict:
            raise Refused(
                f"gives attributes to a {kind_of(target)}: expected them on an "
                f"OrderedDict only; {ALONE}"
            )
        self.push(target)

    def storage(self) -> None:
        """("storage", kind, key, place, count[, None or (view key, first, length)]) -> storage."""
        (given,) = self.pop(1)
        if type(given) is tuple and given and type(given[0]) is str and given[0] == "module":
            raise Refused(f"holds a network: expected its tensors alone; {ALONE}")
        if type(given) is not tuple or len(given) not in (5, 6):
            raise ValueError("a storage is not described by five or six things")
        word, kind, key, place, count = given[:5]
        if not (all(type(x) is str for x in (word, key, place)) and word == "storage"):
            raise ValueError("a storage has no key of text")
        if type(kind) is not Name or kind.full not in KINDS or not _is_count(count):
            raise ValueError("a storage has no kind or no count")
        root = Storage(KINDS[kind.full], _checked_text(key), count, 0, count)
        if self.storages.setdefault(key, root) != root:
            raise ValueError(f"storage {shown(key)} is described in two ways")
        self.push(_part(root, given[5] if len(given) == 6 else None))


def _part(root: Storage, view: object) -> Storage:
    """A storage, or what an old file calls a view of it."""
    if view is None:
        return root
    if type(view) is not tuple or len(view) != 3 or not _are_counts(view[1:]):
        raise ValueError("a view of a storage is not described by a key, a start and a length")
    if view[1] + view[2] > root.count:
        raise ValueError("a view reaches beyond its storage")
    return Storage(root.kind, root.key, root.count, view[1], view[2])


# Called as in Python's pickletools. All others are refused, as torch.save writes none of them: some
# call or make things (INST, OBJ, NEWOBJ, EXT1), some are of protocol 0 (INT, PUT, DICT), some are
# for things of over 4 GiB (BINBYTES8, LONG4).
OPCODES: dict[bytes, Callable[[Machine], Any]] = {
    b"\x80": lambda m: m.take(1),  # PROTO
    b"\x95": lambda m: m.take(8),  # FRAME: its length
    # plain values
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"K": lambda m: m.push(m.number("<B")),  # BININT1
    b"M": lambda m: m.push(m.number("<H")),  # BININT2
    b"J": lambda m: m.push(m.number("<i")),  # BININT
    b"\x8a": lambda m: m.push(m.integer()),  # LONG1
    b"G": lambda m: m.push(m.number(">d")),  # BINFLOAT
    b"U": lambda m: m.push(m.take(m.number("<B")).decode("latin-1")),  # SHORT_BINSTRING, Python 2
    b"T": lambda m: m.push(m.take(m.number("<i")).decode("latin-1")),  # BINSTRING, Python 2
    b"X": lambda m: m.push(m.take(m.number("<I")).decode("utf-8", "surrogatepass")),  # BINUNICODE
    b"\x8c": lambda m: m.push(m.take(m.number("<B")).decode("utf-8", "surrogatepass")),  # SHORT_
    b"C": lambda m: m.push(m.take(m.number("<B"))),  # SHORT_BINBYTES
    b"B": lambda m: m.push(m.take(m.number("<I"))),  # BINBYTES
    # tuples, lists and dicts
    b"(": lambda m: m.mark(),  # MARK
    b")": lambda m: m.push(()),
    b"]": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b"t": lambda m: m.push(tuple(m.pop_mark())),  # TUPLE
    b"\x85": lambda m: m.push(tuple(m.pop(1))),  # TUPLE1
    b"\x86": lambda m: m.push(tuple(m.pop(2))),
    b"\x87": lambda m: m.push(tuple(m.pop(3))),
    b"a": lambda m: m.extend(m.pop(1)),  # APPEND
    b"e": lambda m: m.extend(m.pop_mark()),  # APPENDS
    b"s": lambda m: m.update(m.pop(2)),  # SETITEM
    b"u": lambda m: m.update(m.pop_mark()),  # SETITEMS
    # values kept and taken again
    b"q": lambda m: m.put(m.number("<B")),  # BINPUT
    b"r": lambda m: m.put(m.number("<I")),  # LONG_BINPUT
    b"\x94": lambda m: m.put(len(m.memo)),  # MEMOIZE
    b"h": lambda m: m.push(m.memo[m.number("<B")]),  # BINGET
    b"j": lambda m: m.push(m.memo[m.number("<I")]),  # LONG_BINGET
    # names and what is done with them
    b"c": lambda m: m.push(_named(m.line(), m.line())),  # GLOBAL
    b"\x93": lambda m: m.name(),  # STACK_GLOBAL
    b"R": lambda m: m.call(),  # REDUCE
    b"b": lambda m: m.build(),  # BUILD
    b"Q": lambda m: m.storage(),  # BINPERSID
}
