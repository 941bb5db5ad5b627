"""A stack machine that reads the pickle of a state dict into plain values and executes nothing.

Stands on `contents`, NumPy's dtypes and pickletools, which describes the opcodes. The machine knows
the opcodes and names that state dicts need, and never calls anything that a file names.
"""

import io
import pickletools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from nnscratch.weights.readers.contents import Refused, shown

# Limits on steps, values and marks, so that a few bytes cannot cost much time or memory. A VGG
# needs about 2,000 steps and 40 values at once.
STEPS = 100_000
STACK = 20_000
MARKS = 100
LETTERS = 1000  # in a key
LINE = 256  # bytes of a name
RANK = 32
COUNT = 1 << 40  # above every count of numbers, and every product of a tensor's sides
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


def unexpected(reason: str) -> Refused:
    """The error for a pickle of something other than a state dict."""
    return Refused(f"{reason}; load it where it was made and save model.state_dict() alone")


# -- the values -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name:
    """An allowed name, such as torch.FloatStorage."""

    full: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Consecutive numbers: `length` of them from `first` on, of the `count` in the file."""

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
        """The number of elements from the first to the last; 0 for an empty tensor."""
        if 0 in self.size:
            return 0
        return 1 + sum((n - 1) * s for n, s in zip(self.size, self.stride, strict=True))


def kind_of(value: object) -> str:
    """The type of a value, for a message."""
    return type(value).__name__.removeprefix("Stored")


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < COUNT


def _are_counts(values: object) -> bool:
    return type(values) is tuple and len(values) <= RANK and all(map(_is_count, values))


def _ordered_dict(machine: "Machine", args: tuple) -> OrderedDict:
    """OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it."""
    pairs = args[0] if args else []
    if len(args) > 1 or type(pairs) is not list:
        raise ValueError("an OrderedDict is not made of pairs")
    machine.spend(len(pairs))
    items: OrderedDict = OrderedDict()
    for pair in pairs:
        if type(pair) not in (list, tuple) or len(pair) != 2:
            raise ValueError("an OrderedDict is not made of pairs")
        items[_checked_key(pair[0])] = pair[1]
    return items


def _size(machine: "Machine", args: tuple) -> tuple:
    if len(args) != 1 or not _are_counts(args[0]):
        raise ValueError("a torch.Size is not made of counts")
    return args[0]


def _tensor(machine: "Machine", args: tuple) -> StoredTensor:
    """(storage, offset, size, stride, ...) -> a tensor within its storage."""
    if len(args) not in (4, 6, 7) or type(args[0]) is not Storage or not _is_count(args[1]):
        raise ValueError("a tensor is not made of a storage, an offset, a size and a stride")
    storage, offset, size, stride = args[:4]
    if not (_are_counts(size) and _are_counts(stride) and len(size) == len(stride)):
        raise ValueError("the size or the stride of a tensor are not counts, one for each axis")
    tensor = StoredTensor(storage, storage.first + offset, size, stride)
    if offset + tensor.reach > storage.length or prod(max(n, 1) for n in size) >= COUNT:
        raise ValueError(f"a tensor {size} reaches beyond its storage of {storage.length}")
    if prod(size) > storage.length:
        raise Refused(
            f"holds a tensor {size} that repeats a storage of {storage.length}: expected each "
            "number once; save tensor.contiguous()"
        )
    return tensor


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
        raise unexpected(f"holds a network ({shown(full)}): expected its tensors alone")
    if module.partition(".")[0] == "torch" and name.endswith("Storage"):
        raise Refused(
            f"holds numbers of kind {shown(full)}: expected one of {', '.join(DTYPES)}; convert "
            "it with .float()"
        )
    raise unexpected(
        f"asks for {shown(full)}: expected tensors and plain values; nothing was executed"
    )


def _checked_key(key: object) -> str | int:
    """Refuse tuples, which hash as deep as they nest, and large integers, which may collide."""
    if type(key) is str:
        return _checked_text(key)
    if type(key) is int and abs(key) < 1 << 31:
        return key
    raise unexpected(f"holds a dict with a key of type {kind_of(key)}: expected text")


def _checked_text(key: str) -> str:
    """Refuse long keys: equal up to their end, they would make thousands of long comparisons."""
    if len(key) > LETTERS:
        raise unexpected(f"holds a key of {len(key)} letters: expected {LETTERS} at most")
    return key


# -- the machine ----------------------------------------------------------------------------------


class Machine:
    """Reads one pickle from `data`, beginning at `at`, into plain values."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = io.BytesIO(data)
        self.data.seek(at)
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}  # by key; all that were mentioned
        self.left = STEPS

    @property
    def at(self) -> int:
        """The position in `data`; after `run`, behind the pickle."""
        return self.data.tell()

    def run(self) -> Any:
        """The value that the pickle describes."""
        while (code := self.data.read(1)) != b".":
            self.spend(1)
            self._step(code)
            if len(self.stack) > STACK or len(self.marks) > MARKS:
                raise unexpected("nests its values too deep: expected a state dict")
        if self.marks:
            raise ValueError("the pickle stops within a list")
        return self.stack.pop()

    def _step(self, code: bytes) -> None:
        if not code:
            raise ValueError("the pickle ends too early")
        opcode = DESCRIBED.get(code)
        if opcode is None or opcode.name not in OPCODES:
            raise unexpected(f"has opcode {code!r} at byte {self.at - 1} of its pickle")
        if opcode.name == "GLOBAL":  # pickletools would interpret backslashes in it
            argument: Any = (self._line(), self._line())
        else:
            argument = opcode.arg.reader(self.data) if opcode.arg else None
        OPCODES[opcode.name](self, argument)

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise unexpected(f"has a pickle of more than {STEPS} steps: too long for VGG")

    def _line(self) -> str:
        line = self.data.readline(LINE)
        if not line.endswith(b"\n"):
            raise ValueError("a name in the pickle has no end")
        return line[:-1].decode()

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
            raise ValueError("the pickle takes more values than it has")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def put(self, index: int) -> None:
        if index >= STEPS:
            raise unexpected(f"memoises a value as number {index}: expected below {STEPS}")
        self.memo[index] = self.stack[-1]

    def extend(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise ValueError("items for something that is not a list")
        self.stack[-1].extend(items)

    def update(self, items: list[Any]) -> None:
        if type(self.stack[-1]) not in (dict, OrderedDict) or len(items) % 2:
            raise ValueError("items for something that is not a dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            self.stack[-1][_checked_key(key)] = value

    def name(self) -> None:
        module, name = self.pop(2)
        if type(module) is not str or type(name) is not str:
            raise ValueError("a name that is not text")
        self.push(_named(module, name))

    def call(self) -> None:
        """Run the function in CALLS for a name, never the one that Python has under it."""
        name, args = self.pop(2)
        if type(name) is not Name or name.full not in CALLS or type(args) is not tuple:
            raise unexpected("calls something other than a tensor or a dict")
        self.push(CALLS[name.full](self, args))

    def build(self) -> None:
        """Skip the attributes of an OrderedDict (`_metadata`)."""
        target, _ = self.pop(2)
        if type(target) is not OrderedDict:
            raise unexpected(f"sets attributes of a {kind_of(target)}, not of an OrderedDict")
        self.push(target)

    def storage(self) -> None:
        """("storage", kind, key, place, count[, None or (view key, first, length)]) -> storage."""
        (fields,) = self.pop(1)
        if type(fields) is tuple and fields and type(fields[0]) is str and fields[0] == "module":
            raise unexpected("holds a network: expected its tensors alone")
        if type(fields) is not tuple or len(fields) not in (5, 6):
            raise ValueError("a storage is not described by five or six fields")
        word, kind, key, place, count = fields[:5]
        if not (all(type(x) is str for x in (word, key, place)) and word == "storage"):
            raise ValueError("a storage has no key of text")
        if type(kind) is not Name or kind.full not in KINDS or not _is_count(count):
            raise ValueError("a storage has no kind or no count")
        storage = Storage(KINDS[kind.full], _checked_text(key), count, 0, count)
        if self.storages.setdefault(key, storage) != storage:
            raise ValueError(f"storage {shown(key)} is described in two ways")
        self.push(_view(storage, fields[5] if len(fields) == 6 else None))


def _view(storage: Storage, view: object) -> Storage:
    """A storage, or a view of it as in old files."""
    if view is None:
        return storage
    if type(view) is not tuple or len(view) != 3 or not _are_counts(view[1:]):
        raise ValueError("a view of a storage is not described by a key, a start and a length")
    if view[1] + view[2] > storage.count:
        raise ValueError("a view reaches beyond its storage")
    return Storage(storage.kind, storage.key, storage.count, view[1], view[2])


DESCRIBED = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
# By their names in pickletools, with the machine and the opcode's argument. All others are refused,
# as torch.save writes none of them: some call or construct objects (INST, OBJ, NEWOBJ, EXT1), some
# are of protocol 0 (INT, PUT, DICT), some are for objects of over 4 GiB (BINBYTES8, LONG4).
OPCODES: dict[str, Callable[[Machine, Any], Any]] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda m, _: None),
    # constants
    **dict.fromkeys(
        ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINSTRING", "SHORT_BINSTRING")
        + ("BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES"),
        lambda m, value: m.push(value),
    ),
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    # tuples, lists and dicts
    "MARK": lambda m, _: m.mark(),
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "TUPLE": lambda m, _: m.push(tuple(m.pop_mark())),
    "TUPLE1": lambda m, _: m.push(tuple(m.pop(1))),
    "TUPLE2": lambda m, _: m.push(tuple(m.pop(2))),
    "TUPLE3": lambda m, _: m.push(tuple(m.pop(3))),
    "APPEND": lambda m, _: m.extend(m.pop(1)),
    "APPENDS": lambda m, _: m.extend(m.pop_mark()),
    "SETITEM": lambda m, _: m.update(m.pop(2)),
    "SETITEMS": lambda m, _: m.update(m.pop_mark()),
    # the memo
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), lambda m, index: m.put(index)),
    "MEMOIZE": lambda m, _: m.put(len(m.memo)),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda m, index: m.push(m.memo[index])),
    # names, and what is done with them
    "GLOBAL": lambda m, names: m.push(_named(*names)),
    "STACK_GLOBAL": lambda m, _: m.name(),
    "REDUCE": lambda m, _: m.call(),
    "BUILD": lambda m, _: m.build(),
    "BINPERSID": lambda m, _: m.storage(),
}
