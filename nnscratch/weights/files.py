"""Opening weight files: the first bytes say of what make they are, never the name.

Stands on the readers of this package, and on `layouts` for what the arrays mean. Nothing is
executed: no pickle is ever run.
"""

import os
from collections.abc import Callable
from pathlib import Path

from nnscratch.files import check_file, open_arrays
from nnscratch.weights import (
    fetching,
    foreign,
    h5_file,
    layouts,
    mat_file,
    torch_file,
    zip_directory,
)
from nnscratch.weights.contents import Contents
from nnscratch.weights.form import VGGWeights

ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second is one without entries
HDF5, MATLAB = b"\x89HDF\r\n\x1a\n", b"MATLAB "
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
TIGHTEST = 16  # .npz of weights do not unpack to more times their size
KNOWN = ".npz, .safetensors, .pth, .mat of MATLAB 5 to 7, .h5 of Keras"


def load(
    path: str | os.PathLike, channels: str | None = None, pixels: str | None = None
) -> VGGWeights:
    """The convolutions of a VGG from a weight file, or of "vgg19" and others once fetched.

    channels: "RGB" or "BGR", as the file's first layer takes them; pixels: "caffe", "torchvision"
    or "plain" (in [0, 1] as they are): for files where what is found by itself, and said by
    `inspect`, is wrong. Raises ValueError if it is none, or broken, or not yet fetched: nothing is
    downloaded here.
    """
    path = fetching.locate(path)
    return layouts.vgg(open_contents(path), f"'{path}'", channels, pixels)[0]


def open_contents(path: str | os.PathLike) -> Contents:
    """What a weight file holds, by its own names.

    Raises ValueError if it is missing, of no known make, or broken.
    """
    path = check_file(path, "weights")
    with path.open("rb") as file:
        start = file.read(520)
    return _reader(path, start)(path)


def _reader(path: Path, start: bytes) -> Callable[[Path], Contents]:
    if start[:4] in ZIP:
        return _zip_reader(path)
    if start[8:9] == b"{":
        return _arrays
    if start[:8] == HDF5:
        return h5_file.read
    if start[:7] == MATLAB:
        return mat_file.read
    if start[:2] in PICKLES:
        return torch_file.read
    what = foreign.recognised(start) or f"is not a weight file of a known kind; expected {KNOWN}"
    raise ValueError(f"weights: '{path}' {what}")


def _zip_reader(path: Path) -> Callable[[Path], Contents]:
    """A .pth and an .npz are zips; so are archives that people forget to unpack."""
    try:
        with path.open("rb") as file:
            names = list(zip_directory.names(file))
    except zip_directory.BROKEN:
        return _arrays  # which says what is wrong with it
    if any(name.rpartition("/")[2] == "data.pkl" for name in names):
        return torch_file.read
    if what := foreign.archived(names):
        raise ValueError(f"weights: '{path}' {what}")
    return _arrays


def _arrays(path: Path) -> Contents:
    found = open_arrays(path, "weights", tightest=TIGHTEST)
    return Contents(found.container, found, card=found.card)
