"""Other right answers for converting weights."""

import numpy as np

from nnscratch.learn import right


@right("convert")
def number_by_number(arrays, names):
    """Each number is copied to its place."""
    layers = {}
    for place, name in enumerate(names):
        try:
            kernel, bias = arrays[name + "/kernel"], arrays[name + "/bias"]
        except KeyError as error:
            raise ValueError(f"missing: {error}") from error
        height, width, inputs, outputs = kernel.shape
        weight = np.empty((outputs, inputs, height, width))
        for h, w, i, o in np.ndindex(kernel.shape):
            weight[o, inputs - 1 - i if place == 0 else i, h, w] = kernel[h, w, i, o]
        layers[name] = (weight, bias.copy())
    return layers


@right("convert")
def by_einsum(arrays, names):
    """Axes by their letters, colours by index."""
    layers = {}
    for name in names:
        for key in (f"{name}/kernel", f"{name}/bias"):
            if key not in arrays:
                raise ValueError(f"no array {key}")
        layers[name] = [np.einsum("hwio->oihw", arrays[f"{name}/kernel"]), arrays[f"{name}/bias"]]
    layers[names[0]][0] = layers[names[0]][0][:, [2, 1, 0]]
    return layers


@right("prepare")
def colour_by_colour(images, mean):
    """Red, green and blue separately."""
    blue, green, red = mean
    planes = [images[:, c] * 255.0 - m for c, m in enumerate((red, green, blue))]
    return np.stack(planes, axis=1)


@right("prepare")
def colours_last(images, mean):
    """With the colours on the last axis the mean broadcasts by itself."""
    pixels = np.moveaxis(images, 1, -1) - mean[::-1] / 255
    return np.moveaxis(pixels * 255, -1, 1)
