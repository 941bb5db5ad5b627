"""Reader of PyTorch's .pth files, zip and legacy stream, without torch and without pickle.

Stands on `pickle_machine` for the pickle inside, on `zip_directory` for the places of the entries,
and on NumPy. No pickle is executed, and arrays are read on access.
"""

import os
import struct
from collections import OrderedDict
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nnscratch.files import LazyArrays
from nnscratch.weights.readers import other_files, zip_directory
from nnscratch.weights.readers.contents import Contents, Refused, naming, shown
from nnscratch.weights.readers.pickle_machine import Machine, StoredTensor, kind_of, unexpected
from nnscratch.weights.readers.zip_directory import Place, check_crc

MAGIC = 0x1950A86A20F9469CFC6C  # the first value of a legacy stream
PROTOCOL = 1001  # the second
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "params")
PICKLE_BYTES = 4 << 20  # a VGG needs about 10 kB
SHARED = 4  # limit of tensor bytes / file bytes; tensors may share a storage
# Errors that damaged bytes cause, here and in the machine.
BROKEN = (*zip_directory.BROKEN, IndexError, KeyError, OverflowError)


def read(path: str | os.PathLike) -> Contents:
    """The tensors of a state dict, read on access; bfloat16 becomes float32.

    Raises ValueError for a file that is broken, asks for more than tensors, or is not a .pth.
    """
    path = Path(path)
    with naming(path, *BROKEN), path.open("rb") as file:
        start = file.read(520)
        if start[:4] == b"PK\x03\x04":
            return _read_zip(path, file)
        if start[:1] == b"\x80":
            return _read_legacy(path, file)
        other = "is not a .pth: expected a zip or a stream that torch.save wrote; check the file"
        raise Refused(other_files.recognise(start) or other)


# -- the state dict -------------------------------------------------------------------------------


def _tensors_of(value: Any) -> dict[str, StoredTensor]:
    items = value.items() if type(value) in (dict, OrderedDict) else ()
    return {key: x for key, x in items if type(key) is str and type(x) is StoredTensor}


def _has_kernels(tensors: dict[str, StoredTensor]) -> bool:
    return any(len(tensor.size) == 4 for tensor in tensors.values())


def _state_dict(value: Any) -> dict[str, StoredTensor]:
    """The tensors, of the outermost dict or of an entry in it."""
    if type(value) not in (dict, OrderedDict):
        raise unexpected(f"holds a {kind_of(value)}: expected a dict of tensors by name")
    # A dict may occur under thousands of names; each is searched once.
    entries = {id(entry): entry for entry in value.values()}
    tensors = {key: _tensors_of(entry) for key, entry in entries.items()}
    kernels = {key for key, group in tensors.items() if _has_kernels(group)}
    dicts = {key: x for key, x in value.items() if type(key) is str and tensors[id(x)]}
    networks = {key: x for key, x in dicts.items() if id(x) in kernels}
    outer = _tensors_of(value)
    # A network may lie beside single tensors, such as its accuracy, and beside dicts of them.
    if outer and (_has_kernels(outer) or not networks):
        return outer
    dicts = networks or dicts
    names = list(dicts) if len(dicts) == 1 else [name for name in WRAPPERS if name in dicts]
    if not names:
        several = f"several dicts of tensors ({shown(', '.join(dicts))})" if dicts else "no tensors"
        raise unexpected(f"holds {several}: expected one state dict")
    return tensors[id(dicts[names[0]])]


class _Arrays(LazyArrays):
    """Tensors by name."""

    names: dict[str, StoredTensor]

    def __init__(self, path, tensors, places: dict[str, Place]) -> None:
        self.path, self.names, self.places = path, tensors, places
        self.checked: set[str] = set()

    def __getitem__(self, name: str) -> np.ndarray:
        tensor = self.names[name]
        with naming(self.path, *BROKEN), self.path.open("rb") as file:
            self._check(file, tensor.storage.key)
            return _read_tensor(file, self.places[tensor.storage.key].offset, tensor)

    def _check(self, file: BinaryIO, key: str) -> None:
        if key not in self.checked:
            check_crc(file, self.places[key])
            self.checked.add(key)


def _read_tensor(file: BufferedReader, start: int, tensor: StoredTensor) -> np.ndarray:
    """The tensor in C order; reads only the bytes from its first to its last number."""
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


def _contents(container, path, value, places: dict[str, Place]) -> Contents:
    """Raises ValueError if a storage is not in the file as described."""
    tensors = _state_dict(value)
    for name, tensor in tensors.items():
        key, nbytes = tensor.storage.key, tensor.storage.nbytes
        if key not in places or places[key].nbytes != nbytes:
            stored = places[key].nbytes if key in places else "none"
            raise ValueError(f"expected {nbytes} bytes of {shown(name)}, got {stored}")
    size = path.stat().st_size
    if sum(tensor.nbytes for tensor in tensors.values()) > SHARED * size:
        raise Refused(
            f"shares its storages among too many tensors: expected at most {SHARED} times the "
            f"file's {size} bytes; save each tensor.clone()"
        )
    return Contents(container, _Arrays(path, tensors, places))


# -- the legacy stream ----------------------------------------------------------------------------


def _read_legacy(path: Path, file: BinaryIO) -> Contents:
    """Five pickles: magic, protocol, system, object, keys; then a count and numbers per key."""
    file.seek(0)
    data, at = file.read(PICKLE_BYTES), 0
    values, storages = [], {}
    for _ in range(5):
        machine = Machine(data, at)
        values.append(machine.run())
        at = machine.at
        storages.update(machine.storages)
        if values[0] != MAGIC:
            raise unexpected("is a pickle that torch.save did not write")
    _, protocol, system, value, keys = values
    if type(protocol) is not int or protocol != PROTOCOL or type(system) is not dict:
        raise ValueError(f"expected protocol {PROTOCOL} and a dict about the system")
    if system.get("little_endian") is not True:
        raise Refused("has its numbers in big-endian order: expected little; save it again")
    places = _legacy_places(file, at, keys, storages)
    return _contents("pth (legacy)", path, value, places)


def _legacy_places(file, at, keys, storages) -> dict[str, Place]:
    """The place of each storage, from the counts before them."""
    if type(keys) is not list or any(type(key) is not str for key in keys):
        raise ValueError("expected a list of the keys of storages")
    end, places = file.seek(0, os.SEEK_END), {}
    for key in keys:
        if key in places or key not in storages:
            raise ValueError(f"storage {shown(key)} occurs twice, or belongs to no tensor")
        file.seek(at)
        (count,) = struct.unpack("<q", file.read(8))
        places[key] = Place(at + 8, storages[key].nbytes)
        at += 8 + storages[key].nbytes
        if count != storages[key].count or at > end:
            raise ValueError(
                f"expected {storages[key].count} numbers in storage {shown(key)}, got {count}, in "
                f"a file of {end} bytes"
            )
    if at != end:
        raise ValueError(f"{end - at} bytes follow its last storage")
    return places


# -- the zip --------------------------------------------------------------------------------------


def _read_zip(path: Path, file: BinaryIO) -> Contents:
    """A zip of <folder>/data.pkl, <folder>/data/<key> and small texts."""
    # first, as some entries of such a program are compressed
    if any(name.partition("/")[2] == "constants.pkl" for name in zip_directory.names(file)):
        raise unexpected("is a TorchScript program: expected tensors alone")
    entries = zip_directory.entries(file)
    folders = [name[:-9] for name in entries if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(folders) != 1:
        raise Refused("is a zip without <folder>/data.pkl: expected one by torch.save; check it")
    folder = folders[0]
    order = _small(file, entries, f"{folder}/byteorder") or "little"
    if order != "little":
        raise Refused(f"has numbers in {shown(order)}-endian order: expected little; save it again")
    pickle = entries[f"{folder}/data.pkl"]
    if pickle.nbytes > PICKLE_BYTES:
        raise unexpected(f"has a pickle of {pickle.nbytes} bytes: too long for VGG")
    check_crc(file, pickle)
    file.seek(pickle.offset)
    value = Machine(file.read(pickle.nbytes)).run()
    data = f"{folder}/data/"
    places = {name.removeprefix(data): p for name, p in entries.items() if name.startswith(data)}
    return _contents("pth (zip)", path, value, places)


def _small(file: BinaryIO, entries: dict[str, Place], name: str) -> str:
    """A short text in the zip, "" if there is none."""
    if name not in entries:
        return ""
    file.seek(entries[name].offset)
    return file.read(min(entries[name].nbytes, 100)).decode("latin-1").strip()
