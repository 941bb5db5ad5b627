"""Weights of a VGG in the layout of an older file, and the pixels for this network."""

import numpy as np


def convert(arrays, names):
    """NAME/kernel (kH, kW, I, O), NAME/bias (O,) -> {name: (weight (O, I, kH, kW), bias (O,))}."""
    missing = {f"{name}/{kind}" for name in names for kind in ("kernel", "bias")} - arrays.keys()
    if missing:
        raise ValueError(f"the file lacks {', '.join(sorted(missing))}")
    layers = {}
    for name in names:
        weight = arrays[f"{name}/kernel"].transpose(3, 2, 0, 1)
        if name == names[0]:
            weight = weight[:, ::-1]  # BGR -> RGB
        layers[name] = weight, arrays[f"{name}/bias"]
    return layers


def prepare(images, mean):
    """RGB images (N, 3, H, W) in [0, 1], BGR mean (3,) -> pixels (N, 3, H, W)."""
    return 255 * images - np.reshape(mean[::-1], (3, 1, 1))
