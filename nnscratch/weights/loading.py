"""Loading the convolutions of a VGG from a weight file of any supported kind.

Stands on `files` for our own kinds, on `readers` for those of other libraries, and on `layouts`,
which interprets the arrays. The first bytes decide the kind, never the name; no pickle is executed.
Only a shard is told by its name, as nothing in it says that the rest is elsewhere.
"""

import os
from pathlib import Path

from nnscratch.files import check_file, open_arrays
from nnscratch.weights import fetching, layouts
from nnscratch.weights.readers import (
    h5_file,
    mat_file,
    other_files,
    shards,
    torch_file,
    zip_directory,
)
from nnscratch.weights.readers.contents import Contents, Refused, naming
from nnscratch.weights.vgg_weights import VGGWeights

ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second: a zip without entries
HDF5, MATLAB = b"\x89HDF\r\n\x1a\n", b"MATLAB "
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
EXPANSION = 16  # an .npz of weights unpacks to at most this many times its size
KNOWN = ".npz, .safetensors, .pth, .mat of MATLAB 5 to 7, .h5 of Keras, an index of shards"


def load(path: str | os.PathLike, channels=None, pixels=None) -> VGGWeights:
    """Load the convolutions of a VGG from a file, or from a fetched one by name ("vgg19").

    channels: "RGB" or "BGR", the order that the file's first layer takes; pixels: "caffe",
    "torchvision" or "plain" ([0, 1] unchanged). They override what is detected (see `inspect`).
    Raises ValueError if the file is broken, is not a VGG, or has not been fetched; `load` never
    downloads.
    """
    path = fetching.locate(path)
    return layouts.interpret(open_contents(path), path, channels, pixels)[0]


def open_contents(path: str | os.PathLike) -> Contents:
    """Open a weight file, or all shards of an index; the arrays keep the file's own names.

    Raises ValueError if it is missing, of an unknown kind, broken, or one shard of several.
    """
    path = check_file(path, "weights")
    if shards.is_index(_start(path)):
        return shards.read(path, _open_file)
    shards.check_whole(path)
    return _open_file(path)


def files_of(path: str | os.PathLike) -> list[Path]:
    """The files that `open_contents` reads: the file, or an index and its shards."""
    path = check_file(path, "weights")
    return shards.files_of(path) if shards.is_index(_start(path)) else [path]


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(520)


def _open_file(path: Path) -> Contents:
    start = _start(check_file(path, "weights"))
    if start[:4] in ZIP and _is_torch_zip(path):
        return torch_file.read(path)
    if start[:4] in ZIP or start[8:9] == b"{":  # .safetensors, which may begin with any 8 bytes
        arrays = open_arrays(path, "weights", expansion=EXPANSION)
        return Contents(arrays.container, arrays, card=arrays.card)
    if start[:8] == HDF5:
        return h5_file.read(path)
    if start[:7] == MATLAB:
        return mat_file.read(path)
    if start[:2] in PICKLES:
        return torch_file.read(path)
    unknown = f"is not a weight file of a known kind; expected {KNOWN}"
    raise ValueError(f"weights: '{path}' {other_files.recognise(start) or unknown}")


def _is_torch_zip(path: Path) -> bool:
    """Tell .pth from .npz, both zips. Raises ValueError for an archive that contains weights."""
    try:
        with path.open("rb") as file:
            names = zip_directory.names(file)
    except zip_directory.BROKEN:
        return False  # open_arrays reports what is broken
    if any(name.rpartition("/")[2] == "data.pkl" for name in names):
        return True
    if reason := other_files.recognise_archive(names):
        with naming(path):
            raise Refused(reason)
    return False
