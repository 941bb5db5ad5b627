"""Reading .pth files of torch, its zip form and its older stream, with neither torch nor pickle.

Stands on `contents` and NumPy. A small machine reads the pickle inside: it knows the opcodes and
the few names that state dicts need, makes plain values of them, and calls nothing the file names.
"""

import os
import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nnscratch.weights.contents import Contents

MAGIC = 0x1950A86A20F9469CFC6C  # the first value of the older stream
PROTOCOL = 1001  # its second
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
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "params")

# A VGG needs some 2,000 steps, 40 names and 10 kB of pickle.
STEPS = 100_000
STACK = 20_000
MARKS = 100
PICKLE_BYTES = 4 << 20
DIRECTORY_BYTES = 1 << 20
RANK = 32
SHARED = 4  # all tensors together may be so many times the file: some share their storage
ALONE = "load it where it was made and save model.state_dict() alone"
BROKEN = (ValueError, IndexError, KeyError, OverflowError, struct.error, OSError)


class _Refused(ValueError):
    """A file that is whole, but not what is read here; says itself what to do."""


def read(path: str | os.PathLike) -> Contents:
    """The tensors of a state dict, each read when asked; bfloat16 becomes float32.

    Raises ValueError for a file that is broken, asks for more than tensors, or is no .pth.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(4)
            if start == b"PK\x03\x04":
                return _read_zip(path, file)
            if start[:1] == b"\x80":
                return _read_legacy(path, file)
            raise _Refused(_other_kind(file))
    except BROKEN as error:
        raise _said(path, error) from error


def _said(path: Path, error: Exception) -> ValueError:
    if isinstance(error, _Refused):
        return ValueError(f"weights: '{path}' {error}")
    return ValueError(f"weights: '{path}' is broken or cut short ({error}); fetch it again")


def _other_kind(file: BinaryIO) -> str:
    file.seek(257)
    if file.read(5) == b"ustar":
        return "is a tar of torch before 0.2: expected a zip or a stream; save it with a newer one"
    return "is no .pth: expected a zip or a stream that torch.save wrote; check the file"


def _shown(text: str) -> str:
    """Words of a file for a message: escaped, and not too many."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


# -- what the machine makes -----------------------------------------------------------------------


@dataclass(frozen=True)
class _Name:
    """One of the names that a state dict may mention."""

    full: str


@dataclass(frozen=True)
class _Storage:
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


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage, in elements."""

    storage: _Storage
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


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 40


def _are_counts(values: object) -> bool:
    return type(values) is tuple and len(values) <= RANK and all(map(_is_count, values))


def _ordered_dict(machine: "_Machine", args: tuple) -> OrderedDict:
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


def _size(machine: "_Machine", args: tuple) -> tuple:
    if len(args) != 1 or not _are_counts(args[0]):
        raise ValueError("a torch.Size of something else than counts")
    return args[0]


def _tensor(machine: "_Machine", args: tuple) -> _Tensor:
    """(storage, offset, size, stride, ...) -> tensor that lies within its storage."""
    if len(args) not in (4, 6, 7) or type(args[0]) is not _Storage or not _is_count(args[1]):
        raise ValueError("a tensor is not made of a storage, an offset, a size and a stride")
    storage, offset, size, stride = args[:4]
    if not (_are_counts(size) and _are_counts(stride) and len(size) == len(stride)):
        raise ValueError("the size or the stride of a tensor are not counts, one for each axis")
    made = _Tensor(storage, storage.first + offset, size, stride)
    if offset + made.reach > storage.length or prod(max(n, 1) for n in size) >= 1 << 40:
        raise ValueError(f"a tensor {size} reaches beyond its storage of {storage.length}")
    if prod(size) > storage.length:
        raise _Refused(
            f"holds a tensor {size} that repeats a storage of {storage.length}: expected each "
            "number once; save tensor.contiguous()"
        )
    return made


def _parameter(machine: "_Machine", args: tuple) -> _Tensor:
    if len(args) != 3 or type(args[0]) is not _Tensor:
        raise ValueError("a parameter is not made of a tensor")
    return args[0]


CALLS: dict[str, Callable[["_Machine", tuple], Any]] = {
    "collections.OrderedDict": _ordered_dict,
    "torch.Size": _size,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
}
KINDS = {f"{module}.{kind}": kind for module in ("torch", "torch.cuda") for kind in DTYPES}


def _named(module: str, name: str) -> _Name:
    full = f"{module}.{name}"
    if full in CALLS or full in KINDS:
        return _Name(full)
    if module.startswith(("torch.nn", "torchvision", "__torch__")):
        raise _Refused(f"holds a network ({_shown(full)}): expected its tensors alone; {ALONE}")
    if module.partition(".")[0] == "torch" and name.endswith("Storage"):
        raise _Refused(
            f"holds numbers of kind {_shown(full)}: expected one of {', '.join(DTYPES)}; convert "
            "it with .float()"
        )
    raise _Refused(
        f"asks for {_shown(full)}: expected tensors and plain values; nothing was run, {ALONE}"
    )


def _checked_key(key: object) -> str | int:
    """Tuples would be hashed as deep as they nest, and large integers chosen to collide."""
    if type(key) is str or (type(key) is int and abs(key) < 1 << 31):
        return key
    raise _Refused(f"holds a dict with a key of type {type(key).__name__}: expected text; {ALONE}")


# -- the machine ----------------------------------------------------------------------------------


class _Machine:
    """Reads one pickle from `data`, beginning at `at`, into plain values."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, _Storage] = {}  # by key; all that were mentioned
        self.left = STEPS

    def run(self) -> Any:
        """The value that the pickle makes; `at` stands behind it."""
        while (code := self.take(1)) != b".":
            self.spend(1)
            if code not in OPCODES:
                raise _Refused(
                    f"has opcode {code!r} in its pickle, at byte {self.at - 1}: expected those of "
                    f"a state dict; {ALONE}"
                )
            OPCODES[code](self)
            if len(self.stack) > STACK or len(self.marks) > MARKS:
                raise _Refused(f"nests its values too deep: expected a state dict; {ALONE}")
        if self.marks:
            raise ValueError("the pickle stops within a list")
        return self.stack.pop()

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _Refused(f"has a pickle of more than {STEPS} steps: too long for VGG; {ALONE}")

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
            raise _Refused(f"keeps a value as number {index}: expected below {STEPS}; {ALONE}")
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
        if type(name) is not _Name or name.full not in CALLS or type(args) is not tuple:
            raise _Refused(f"calls something that makes no tensor and no dict; {ALONE}")
        self.push(CALLS[name.full](self, args))

    def build(self) -> None:
        """Attributes of an OrderedDict (`_metadata`), left out."""
        target, _ = self.pop(2)
        if type(target) is not OrderedDict:
            raise _Refused(
                f"gives attributes to a {type(target).__name__.strip('_')}: expected them on an "
                f"OrderedDict only; {ALONE}"
            )
        self.push(target)

    def storage(self) -> None:
        """("storage", kind, key, place, count[, None or (view key, first, length)]) -> storage."""
        (given,) = self.pop(1)
        if type(given) is tuple and given and type(given[0]) is str and given[0] == "module":
            raise _Refused(f"holds a network: expected its tensors alone; {ALONE}")
        if type(given) is not tuple or len(given) not in (5, 6):
            raise ValueError("a storage is not described by five or six things")
        word, kind, key, place, count = given[:5]
        if not (all(type(x) is str for x in (word, key, place)) and word == "storage"):
            raise ValueError("a storage has no key of text")
        if type(kind) is not _Name or kind.full not in KINDS or not _is_count(count):
            raise ValueError("a storage has no kind or no count")
        root = _Storage(KINDS[kind.full], key, count, 0, count)
        if self.storages.setdefault(key, root) != root:
            raise ValueError(f"storage {_shown(key)} is described in two ways")
        self.push(_part(root, given[5] if len(given) == 6 else None))


def _part(root: _Storage, view: object) -> _Storage:
    """A storage, or what an old file calls a view of it."""
    if view is None:
        return root
    if type(view) is not tuple or len(view) != 3 or not _are_counts(view[1:]):
        raise ValueError("a view of a storage is not described by a key, a start and a length")
    if view[1] + view[2] > root.count:
        raise ValueError("a view reaches beyond its storage")
    return _Storage(root.kind, root.key, root.count, view[1], view[2])


OPCODES: dict[bytes, Callable[[_Machine], Any]] = {
    b"\x80": lambda m: m.take(1),  # protocol
    b"\x95": lambda m: m.take(8),  # a frame's length
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"K": lambda m: m.push(m.number("<B")),
    b"M": lambda m: m.push(m.number("<H")),
    b"J": lambda m: m.push(m.number("<i")),
    b"\x8a": lambda m: m.push(m.integer()),
    b"G": lambda m: m.push(m.number(">d")),
    b"U": lambda m: m.push(m.take(m.number("<B")).decode("latin-1")),  # Python 2
    b"T": lambda m: m.push(m.take(m.number("<i")).decode("latin-1")),
    b"X": lambda m: m.push(m.take(m.number("<I")).decode("utf-8", "surrogatepass")),
    b"\x8c": lambda m: m.push(m.take(m.number("<B")).decode("utf-8", "surrogatepass")),
    b"C": lambda m: m.push(m.take(m.number("<B"))),
    b"B": lambda m: m.push(m.take(m.number("<I"))),
    b"(": lambda m: m.mark(),
    b")": lambda m: m.push(()),
    b"]": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b"t": lambda m: m.push(tuple(m.pop_mark())),
    b"\x85": lambda m: m.push(tuple(m.pop(1))),
    b"\x86": lambda m: m.push(tuple(m.pop(2))),
    b"\x87": lambda m: m.push(tuple(m.pop(3))),
    b"a": lambda m: m.extend(m.pop(1)),
    b"e": lambda m: m.extend(m.pop_mark()),
    b"s": lambda m: m.update(m.pop(2)),
    b"u": lambda m: m.update(m.pop_mark()),
    b"q": lambda m: m.put(m.number("<B")),
    b"r": lambda m: m.put(m.number("<I")),
    b"\x94": lambda m: m.put(len(m.memo)),
    b"h": lambda m: m.push(m.memo[m.number("<B")]),
    b"j": lambda m: m.push(m.memo[m.number("<I")]),
    b"c": lambda m: m.push(_named(m.line(), m.line())),
    b"\x93": lambda m: m.name(),
    b"R": lambda m: m.call(),
    b"b": lambda m: m.build(),
    b"Q": lambda m: m.storage(),
}


# -- the state dict -------------------------------------------------------------------------------


def _tensors_of(value: Any) -> dict[str, _Tensor]:
    items = value.items() if type(value) in (dict, OrderedDict) else ()
    return {key: x for key, x in items if type(key) is str and type(x) is _Tensor}


def _state_dict(value: Any) -> tuple[dict[str, _Tensor], str]:
    """The tensors, and the name of the entry that held them, "" for the outermost dict."""
    if type(value) not in (dict, OrderedDict):
        kind = type(value).__name__.strip("_")
        raise _Refused(f"holds a {kind}: expected a dict of tensors by name; {ALONE}")
    if found := _tensors_of(value):
        return found, ""
    inner = {key: _tensors_of(x) for key, x in value.items()}
    inner = {key: tensors for key, tensors in inner.items() if tensors and type(key) is str}
    names = list(inner) if len(inner) == 1 else [name for name in WRAPPERS if name in inner]
    if not names:
        several = (
            f"several dicts of tensors ({_shown(', '.join(inner))})" if inner else "no tensors"
        )
        raise _Refused(f"holds {several}: expected one state dict; {ALONE}")
    return inner[names[0]], names[0]


@dataclass(frozen=True)
class _Place:
    """Where bytes lie in the file; crc is None where the file has none."""

    offset: int
    nbytes: int
    crc: int | None = None


class _Arrays(Mapping[str, np.ndarray]):
    """Tensors by name, read from the file when asked."""

    def __init__(self, path: Path, tensors: dict[str, _Tensor], places: dict[str, _Place]) -> None:
        self.path, self.tensors, self.places = path, tensors, places
        self.checked: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def __contains__(self, name: object) -> bool:
        return name in self.tensors

    def __getitem__(self, name: str) -> np.ndarray:
        tensor = self.tensors[name]
        try:
            with self.path.open("rb") as file:
                self._check(file, tensor.storage.key)
                return _read_tensor(file, self.places[tensor.storage.key].offset, tensor)
        except BROKEN as error:
            raise _said(self.path, error) from error

    def _check(self, file: BinaryIO, key: str) -> None:
        if key not in self.checked:
            _check_crc(file, self.places[key])
            self.checked.add(key)


def _check_crc(file: BinaryIO, place: _Place) -> None:
    """Compare a checksum, a block at a time."""
    if place.crc is None:
        return
    file.seek(place.offset)
    crc = 0
    for start in range(0, place.nbytes, 1 << 20):
        crc = zlib.crc32(file.read(min(1 << 20, place.nbytes - start)), crc)
    if crc != place.crc:
        raise ValueError("a checksum does not agree")


def _read_tensor(file: BufferedReader, start: int, tensor: _Tensor) -> np.ndarray:
    """The tensor in C order; only the bytes from its first to its last number are read."""
    dtype = tensor.storage.dtype
    values = np.empty(tensor.reach, dtype)
    file.seek(start + tensor.offset * dtype.itemsize)
    if file.readinto(values.view(np.uint8).data) != values.nbytes:
        raise ValueError("the file has become shorter")
    strides = [s * dtype.itemsize for s in tensor.stride]
    if tensor.reach:
        values = np.lib.stride_tricks.as_strided(values, tensor.size, strides)
    values = np.asarray(values.reshape(tensor.size), order="C")
    if tensor.storage.kind == "BFloat16Storage":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values != 0 if tensor.storage.kind == "BoolStorage" else values


def _contents(
    container: str, path: Path, value: object, places: dict[str, _Place], texts: dict[str, str]
) -> Contents:
    """Raises ValueError where a storage is not in the file as it was described."""
    tensors, within = _state_dict(value)
    for name, tensor in tensors.items():
        key, nbytes = tensor.storage.key, tensor.storage.nbytes
        if key not in places or places[key].nbytes != nbytes:
            has = places[key].nbytes if key in places else "none"
            raise ValueError(f"expected {nbytes} bytes of {_shown(name)}, got {has}")
    size = path.stat().st_size
    if sum(tensor.nbytes for tensor in tensors.values()) > SHARED * size:
        raise _Refused(
            f"shares its storages among too many tensors: expected at most {SHARED} times the "
            f"file's {size} bytes; save each tensor.clone()"
        )
    return Contents(container, _Arrays(path, tensors, places), texts | {"within": within})


# -- the older stream -----------------------------------------------------------------------------


def _read_legacy(path: Path, file: BinaryIO) -> Contents:
    """Five pickles: magic, protocol, system, object, keys; for each key a count and numbers."""
    file.seek(0)
    data, at = file.read(PICKLE_BYTES), 0
    values, storages = [], {}
    for _ in range(5):
        machine = _Machine(data, at)
        values.append(machine.run())
        at = machine.at
        storages.update(machine.storages)
        if values[0] != MAGIC:
            raise _Refused(f"is a pickle, but none that torch.save wrote; {ALONE}")
    _, protocol, system, value, keys = values
    if type(protocol) is not int or protocol != PROTOCOL or type(system) is not dict:
        raise ValueError(f"expected protocol {PROTOCOL} and a dict about the system")
    if system.get("little_endian") is not True:
        raise _Refused("has its numbers in big-endian order: expected little; save it anew")
    places = _legacy_places(file, at, keys, storages)
    return _contents("pth (legacy)", path, value, places, {"protocol": str(protocol)})


def _legacy_places(
    file: BinaryIO, at: int, keys: object, storages: dict[str, _Storage]
) -> dict[str, _Place]:
    """Where each storage lies, from the counts before them."""
    if type(keys) is not list or any(type(key) is not str for key in keys):
        raise ValueError("expected a list of the keys of storages")
    end, places = file.seek(0, os.SEEK_END), {}
    for key in keys:
        if key in places or key not in storages:
            raise ValueError(f"storage {_shown(key)} comes twice, or belongs to no tensor")
        file.seek(at)
        (count,) = struct.unpack("<q", file.read(8))
        places[key] = _Place(at + 8, storages[key].nbytes)
        at += 8 + storages[key].nbytes
        if count != storages[key].count or at > end:
            raise ValueError(
                f"expected {storages[key].count} numbers in storage {_shown(key)}, {count} are "
                f"announced, and the file ends at byte {end}"
            )
    return places


# -- the zip --------------------------------------------------------------------------------------


def _read_zip(path: Path, file: BinaryIO) -> Contents:
    """<folder>/data.pkl, <folder>/data/<key>, and small texts beside them."""
    entries = _entries(file)
    folders = [name[:-9] for name in entries if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(folders) != 1:
        raise _Refused("is a zip without <folder>/data.pkl: expected one by torch.save; check it")
    folder = folders[0]
    if f"{folder}/constants.pkl" in entries:
        raise _Refused(f"is a TorchScript program: expected tensors alone; {ALONE}")
    order = _small(file, entries, f"{folder}/byteorder") or "little"
    if order != "little":
        raise _Refused(
            f"has its numbers in {_shown(order)}-endian order: expected little; save anew"
        )
    pickle = entries[f"{folder}/data.pkl"]
    if pickle.nbytes > PICKLE_BYTES:
        raise _Refused(f"has a pickle of {pickle.nbytes} bytes: too long for VGG; {ALONE}")
    _check_crc(file, pickle)
    file.seek(pickle.offset)
    value = _Machine(file.read(pickle.nbytes)).run()
    data = f"{folder}/data/"
    places = {name.removeprefix(data): p for name, p in entries.items() if name.startswith(data)}
    texts = {"version": _small(file, entries, f"{folder}/version"), "byteorder": order}
    return _contents("pth (zip)", path, value, places, texts)


def _small(file: BinaryIO, entries: dict[str, _Place], name: str) -> str:
    """A short text in the zip, "" if there is none."""
    if name not in entries:
        return ""
    file.seek(entries[name].offset)
    return file.read(min(entries[name].nbytes, 100)).decode("latin-1").strip()


def _entries(file: BinaryIO) -> dict[str, _Place]:
    """The directory at the end of a zip, each entry found stored, whole and apart from others."""
    start, directory = _directory(file)
    places, spans, at = {}, [], 0
    while at < len(directory):
        (
            sign,
            _,
            _,
            flags,
            method,
            _,
            _,
            crc,
            packed,
            nbytes,
            n,
            extra,
            comment,
            _,
            _,
            _,
            header,
        ) = struct.unpack_from("<4s6H3I5H2I", directory, at)
        raw = directory[at + 46 : at + 46 + n]
        name = _entry_name(raw, sign)
        at += 46 + n + extra + comment
        if flags & 1 or method or packed != nbytes:
            raise _Refused(
                f"is a zip with {_shown(name)} compressed or encrypted: expected it stored, as "
                "torch.save does; save it anew"
            )
        if name in places:
            raise ValueError(f"{_shown(name)} is there twice")
        offset = _after_header(file, header, raw)
        places[name] = _Place(offset, nbytes, crc)
        spans.append((header, offset + nbytes))
    _check_spans(spans, start)
    return places


def _directory(file: BinaryIO) -> tuple[int, bytes]:
    """Where the directory of a zip begins, and its bytes."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 22 - 0xFFFF))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        raise ValueError("the directory of the zip is missing")
    _, _, _, _, _, nbytes, start, comment = struct.unpack_from("<4s4H2IH", tail, at)
    if max(nbytes, start) == 0xFFFFFFFF or nbytes > DIRECTORY_BYTES:
        raise _Refused(f"is a zip of over 4 GiB, or of too many entries, for VGG; {ALONE}")
    if at + 22 + comment != len(tail) or start + nbytes > end - len(tail) + at:
        raise ValueError("the directory of the zip is not where it should be")
    file.seek(start)
    return start, file.read(nbytes)


def _entry_name(raw: bytes, sign: bytes) -> str:
    """Nothing is ever unpacked to a path; a name that would lead elsewhere tells of harm."""
    name = raw.decode("utf-8")
    if sign != b"PK\x01\x02":
        raise ValueError("the directory of the zip is in disorder")
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or "\0" in name:
        raise _Refused(f"has an entry {_shown(name)}: expected names within; do not use this file")
    return name


def _after_header(file: BinaryIO, header: int, name: bytes) -> int:
    """Where the bytes of an entry begin. Its header must tell the same name, unpacked."""
    file.seek(header)
    sign, _, _, method, _, n, extra = struct.unpack("<4sHHH16s2H", file.read(30))
    if sign != b"PK\x03\x04" or method or file.read(n) != name:
        raise ValueError("the directory of the zip does not agree with its entries")
    return header + 30 + n + extra


def _check_spans(spans: list[tuple[int, int]], end: int) -> None:
    spans.sort()
    starts = [start for start, _ in spans[1:]] + [end]
    if any(stop > start for (_, stop), start in zip(spans, starts, strict=True)):
        raise ValueError("entries of the zip lie over one another, or reach beyond it")
