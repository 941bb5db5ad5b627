"""Our own weight files: conv1_1.weight, conv1_1.bias, ... and a card that says what they want.

Stands on `form`, `files` and safetensors.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.files import replacing
from nnscratch.weights.form import LAYER_NAME, LayerWeights, Preprocess, VGGWeights

CARD = "nnscratch"  # the key of the card: JSON with version, preprocess, source
VERSION = 1
SUFFIXES = (".npz", ".safetensors")


def save(path: str | os.PathLike, given: VGGWeights, dtype: Any = np.float32) -> None:
    """Write weights as .npz or .safetensors, whole or not at all; `load` reads them.

    dtype: of the file, float16 halves it. Raises ValueError for another suffix, for a place where
    nothing can be written, or where a weight is too large for the type.
    """
    if Path(path).suffix not in SUFFIXES:
        raise ValueError(f"weights: expected a name that ends in {SUFFIXES}, got '{path}'")
    card = {"version": VERSION, "preprocess": asdict(given.preprocess), "source": given.source}
    arrays = _arrays(given, np.dtype(dtype))
    with replacing(path) as temporary, temporary.open("wb") as file:
        if Path(path).suffix == ".npz":
            np.savez_compressed(file, allow_pickle=False, **arrays, **{CARD: json.dumps(card)})
        else:
            from safetensors.numpy import save as to_bytes

            file.write(to_bytes(arrays, {CARD: json.dumps(card)}))


def _arrays(given: VGGWeights, dtype: np.dtype) -> dict[str, np.ndarray]:
    arrays = {}
    for name, layer in given.layers.items():
        for kind, values in vars(layer).items():
            with np.errstate(over="ignore"):
                arrays[f"{name}.{kind}"] = np.ascontiguousarray(values, dtype)
            if not np.isfinite(arrays[f"{name}.{kind}"]).all():
                raise ValueError(f"weights: {name}.{kind} does not fit into {dtype}; take float32")
    return arrays


def is_own(key: str) -> bool:
    """Whether `key` is of a layer, as we write it."""
    name, _, kind = key.partition(".")
    return LAYER_NAME.fullmatch(name) is not None and kind in ("weight", "bias")


def from_arrays(arrays: Mapping[str, np.ndarray], card: str, source: str) -> VGGWeights:
    """The inner form of what `save` wrote. Raises ValueError if parts are missing."""
    preprocess, said = _read_card(card, source)
    layers = {}
    for name in sorted({key.partition(".")[0] for key in arrays if is_own(key)}):
        pair = [arrays.get(f"{name}.{kind}") for kind in ("weight", "bias")]
        if pair[0] is None or pair[1] is None:
            raise ValueError(f"weights: {source}: {name} lacks its weight or its bias")
        layers[name] = LayerWeights(*(np.asarray(values, np.float32) for values in pair))
    return VGGWeights(layers, preprocess, said or source)


def _read_card(card: str, source: str) -> tuple[Preprocess, str]:
    try:
        read = json.loads(card)
        version, wants = read["version"], read["preprocess"]
        preprocess = Preprocess(float(wants["scale"]), tuple(wants["mean"]), tuple(wants["std"]))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"weights: {source} says in no readable way what its network wants ({error}); fetch it "
            "again"
        ) from error
    if version > VERSION:
        raise ValueError(
            f"weights: {source} is of version {version}, this nnscratch reads up to {VERSION}; "
            "install a newer one"
        )
    return preprocess, str(read.get("source", ""))
