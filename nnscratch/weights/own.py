"""Our own weight files: conv1_1.weight, conv1_1.bias, ... and a card that says what they want.

Stands on `form` and `files`.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from nnscratch.files import check_card, write_arrays
from nnscratch.weights.form import LAYER_NAME, LayerWeights, Preprocess, VGGWeights

KIND, VERSION = "vgg", 1  # what the card of a file says, beside preprocess and source


def save(path: str | os.PathLike, given: VGGWeights, dtype: Any = np.float32) -> None:
    """Write weights as .npz or .safetensors, whole or not at all; `load` reads them.

    dtype: of the file, of floating point, float16 halves it. Raises ValueError for another suffix
    or type, for a place where nothing can be written, or where a weight is too large for the type.
    """
    if not isinstance(given, VGGWeights):
        raise TypeError(
            f"weights: expected VGGWeights, as load gives them, got {type(given).__name__}; save "
            "takes the path first"
        )
    if np.dtype(dtype).kind != "f":  # integers would make zeros of them
        raise ValueError(
            f"weights: expected a dtype of floating point, got {np.dtype(dtype)}; take float32 or "
            "float16"
        )
    wants, source = asdict(given.preprocess), given.source
    card = {"kind": KIND, "version": VERSION, "preprocess": wants, "source": source}
    write_arrays(path, _arrays(given, np.dtype(dtype)), card, "weights", compress=True)


def _arrays(given: VGGWeights, dtype: np.dtype) -> dict[str, np.ndarray]:
    arrays = {}
    for name, layer in given.layers.items():
        for kind, values in vars(layer).items():
            with np.errstate(over="ignore"):
                arrays[f"{name}.{kind}"] = np.asarray(values, dtype)
            if not np.isfinite(arrays[f"{name}.{kind}"]).all():
                raise ValueError(f"weights: {name}.{kind} does not fit into {dtype}; take float32")
    return arrays


def is_own(key: str) -> bool:
    """Whether `key` is of a layer, as we write it."""
    name, _, kind = key.partition(".")
    return LAYER_NAME.fullmatch(name) is not None and kind in ("weight", "bias")


def from_arrays(
    arrays: Mapping[str, np.ndarray], card: Mapping[str, Any], source: str
) -> VGGWeights:
    """The inner form of what `save` wrote. Raises ValueError if parts are missing."""
    check_card({"kind": KIND, **card}, KIND, VERSION, f"weights: {source}")  # once without a kind
    preprocess = _preprocess(card, source)
    layers = {}
    for name in sorted({key.partition(".")[0] for key in arrays if is_own(key)}):
        pair = [arrays.get(f"{name}.{kind}") for kind in ("weight", "bias")]
        if pair[0] is None or pair[1] is None:
            raise ValueError(
                f"weights: {source}: {name} lacks its weight or its bias; fetch it whole"
            )
        layers[name] = LayerWeights(*(np.asarray(values, np.float32) for values in pair))
    return VGGWeights(layers, preprocess, str(card.get("source") or source))


def _preprocess(card: Mapping[str, Any], source: str) -> Preprocess:
    try:
        wants = card["preprocess"]
        mean, std = (tuple(float(x) for x in wants[part]) for part in ("mean", "std"))
        return Preprocess(float(wants["scale"]), _three(mean), _three(std))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"weights: {source} says in no readable way what its network wants ({error}); fetch it "
            "again"
        ) from error


def _three(numbers: tuple[float, ...]) -> tuple[float, float, float]:
    red, green, blue = numbers
    return red, green, blue
