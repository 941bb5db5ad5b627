"""Reading weight files: our own, Keras-layout .npz and torchvision-layout .safetensors.

Stands on `form` and `own`. Nothing is executed: no pickle is ever opened.
"""

import os
import re
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nnscratch.weights import own
from nnscratch.weights.form import CAFFE, TORCHVISION, LayerWeights, VGGWeights

KERAS_KEY = re.compile(r"block([1-9])_conv([1-9])/(kernel|bias)(?::0)?")
TORCHVISION_KEY = re.compile(r"features\.(\d+)\.(weight|bias)")
KNOWN = "our own, Keras-layout .npz (block1_conv1/kernel, ...) or torchvision-layout .safetensors"


def load(path: str | os.PathLike) -> VGGWeights:
    """The convolutions of a VGG from a weight file. Raises ValueError if it is none, or broken."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"weights: no file at '{path}'; check the path")
    with path.open("rb") as file:
        start = file.read(9)
    if start[:4] == b"PK\x03\x04":
        arrays = _read_npz(path)
        if own.CARD in arrays:
            return own.from_arrays(arrays, str(arrays[own.CARD]), f"'{path}'")
        return _keras(arrays, f"'{path}'")
    if start[8:9] == b"{":
        arrays, card = _read_safetensors(path)
        if card is not None:
            return own.from_arrays(arrays, card, f"'{path}'")
        return _torchvision(arrays, f"'{path}'")
    raise ValueError(f"weights: '{path}' is not a weight file of a known kind; expected {KNOWN}")


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of VGG layers in a .npz file, others left unread."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {key: file[key] for key in file.files if _is_wanted(key)}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError) as error:
        raise ValueError(
            f"weights: '{path}' is broken or cut short ({error}); fetch it again"
        ) from error


def _keras(arrays: dict[str, np.ndarray], source: str) -> VGGWeights:
    """Kernels (kH, kW, C_in, C_out), the first taking BGR -> the inner form."""
    layers = {}
    for name in sorted({key.partition("/")[0] for key in arrays}):
        match = re.fullmatch(r"block(\d)_conv(\d)", name)
        if match is None:
            continue
        kernel, bias = _pair(arrays, name, ("kernel", "bias"), source)
        if kernel.ndim != 4:
            raise ValueError(
                f"weights: {source}: expected {name}/kernel of rank 4, got {kernel.shape}"
            )
        weight = kernel.transpose(3, 2, 0, 1)  # (kH, kW, C_in, C_out) -> (C_out, C_in, kH, kW)
        layers[f"conv{match[1]}_{match[2]}"] = _layer(weight, bias)
    if not layers:
        raise ValueError(f"weights: {source} holds no VGG layers; expected {KNOWN}")
    first = next(iter(layers))
    layers[first] = _layer(layers[first].weight[:, ::-1], layers[first].bias)  # BGR -> RGB
    return VGGWeights(layers, CAFFE, source)


def _pair(
    arrays: dict[str, np.ndarray], name: str, kinds: Iterable[str], source: str
) -> list[np.ndarray]:
    """The kernel and the bias of one layer."""
    found = [arrays.get(f"{name}/{kind}", arrays.get(f"{name}/{kind}:0")) for kind in kinds]
    if any(array is None for array in found):
        raise ValueError(f"weights: {source}: {name} lacks its kernel or its bias")
    return [array for array in found if array is not None]


def _is_wanted(key: str) -> bool:
    return key == own.CARD or own.is_own(key) or KERAS_KEY.fullmatch(key) is not None


def _read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], str | None]:
    """The arrays of VGG layers, others left unread, and the card if the file is ours."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            card = (file.metadata() or {}).get(own.CARD)
            keys = file.keys()
            keys = [key for key in keys if TORCHVISION_KEY.fullmatch(key) or own.is_own(key)]
            return {key: file.get_tensor(key) for key in keys}, card
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise ValueError(
            f"weights: '{path}' is broken or cut short ({error}); fetch it again"
        ) from error


def _torchvision(found: dict[str, np.ndarray], source: str) -> VGGWeights:
    """features.N.weight (C_out, C_in, kH, kW), taking RGB -> the inner form."""
    arrays = {key: array for key, array in found.items() if TORCHVISION_KEY.fullmatch(key)}
    numbers = sorted({int(key.split(".")[1]) for key in arrays})
    if any(arrays[key].ndim != 4 for key in arrays if key.endswith("weight")):
        raise ValueError(
            f"weights: {source} has batch norm between its convolutions; use a plain VGG"
        )
    layers = {}
    for number, name in zip(numbers, _names(numbers), strict=True):
        weight, bias = (arrays.get(f"features.{number}.{kind}") for kind in ("weight", "bias"))
        if weight is None or bias is None:
            raise ValueError(f"weights: {source}: features.{number} lacks its weight or its bias")
        layers[name] = _layer(weight, bias)
    if not layers:
        raise ValueError(f"weights: {source} holds no VGG layers; expected {KNOWN}")
    return VGGWeights(layers, TORCHVISION, source)


def _names(numbers: list[int]) -> list[str]:
    """Layer numbers -> names. Each convolution has a ReLU behind it; a gap of 3 holds a pool."""
    names, block, place = [], 1, 0
    for i, number in enumerate(numbers):
        new = i > 0 and number - numbers[i - 1] > 2
        block, place = (block + 1, 1) if new else (block, place + 1)
        names.append(f"conv{block}_{place}")
    return names


def _layer(weight: np.ndarray, bias: np.ndarray) -> LayerWeights:
    return LayerWeights(
        np.ascontiguousarray(weight, np.float32), np.ascontiguousarray(bias, np.float32)
    )
