"""Claims about converting weights."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("convert", "prepare")
READS = "nnscratch/weights/layouts.py"


def _file(rng, rung):
    """Named arrays, and the names of layers; at size 0 each number encodes its index."""
    if rung == 0:
        h, w, i, o = np.indices((2, 2, 3, 3))
        kernel, bias = 1000 * h + 100 * w + 10 * i + o, np.array([5, 6, 7])
        second = {"conv2/kernel": 20000 + kernel, "conv2/bias": 20 + bias}
        return second | {"conv1/kernel": 10000 + kernel, "conv1/bias": 10 + bias}, [
            "conv1",
            "conv2",
        ]
    size = (2, 3) if rung == 1 else (3, 3)
    channels = int(rng.integers(3, 5)) if rung == 1 else 3  # 3 everywhere: same shapes
    names = ["conv1", "conv2", "conv3"][: rng.integers(2, 4)]
    names = names if rung == 1 else names[::-1]  # the first layer is not the first in the alphabet
    arrays = {}
    for name in rng.permutation([*names, "fc6"]).tolist():
        inputs = 3 if name == names[0] else channels
        arrays[f"{name}/bias"] = rng.standard_normal(channels)
        arrays[f"{name}/kernel"] = rng.standard_normal((*size, inputs, channels))
    first = f"{names[0]}/kernel"
    return arrays | {first: arrays.pop(first)}, names  # the layer that takes images is last


def _values(layers, names):
    if not isinstance(layers, dict) and layers is not None:
        raise ValueError(f"a dict was expected, and a {type(layers).__name__} came")
    values = {"number of layers": len(layers)}
    for name in names:
        values[f"{name} weight"], values[f"{name} bias"] = layers[name]
    return values


def _convert_loops(f, rng, rung):
    arrays, names = _file(rng, rung)
    layers = {}
    for name in names:
        kernel = arrays[f"{name}/kernel"]
        weight = np.zeros([kernel.shape[axis] for axis in (3, 2, 0, 1)], kernel.dtype)
        for o, i, h, w in np.ndindex(weight.shape):
            weight[o, i, h, w] = kernel[h, w, 2 - i if name == names[0] else i, o]
        layers[name] = weight, arrays[f"{name}/bias"]
    return _values(layers, names)


def _images(rng, rung):
    """As wide as there are colours, from size 1 on: a mean along the wrong axis still fits."""
    if rung == 0:
        return np.array([0.5, 1.0, 0.0]).reshape(1, 3, 1, 1), np.array([100.0, 110.0, 120.0])
    height = 3 if rung == 2 else int(rng.integers(1, 3))
    return rng.random((int(rng.integers(1, 4)), 3, height, 3)), rng.uniform(90, 140, 3)


def _prepare_loops(f, rng, rung):
    images, mean = _images(rng, rung)
    pixels = np.zeros(images.shape)
    for n, c, h, w in np.ndindex(images.shape):
        pixels[n, c, h, w] = 255 * images[n, c, h, w] - mean[2 - c]
    return {"pixels": pixels}


_convert_loops.__name__ = _prepare_loops.__name__ = "loops"  # the heading of a column


@claim(
    "every weight and bias in its place",
    by_hand="conv1 weight[0,0,1,0] = kernel[1,0,2,0] = 10000 + 1*1000 + 2*10 = 11020",
    oracle=_convert_loops,
)
def places(f, rng, rung):
    arrays, names = _file(rng, rung)
    return _values(f.convert(arrays, names), names)


@claim("a missing array raises ValueError")
def missing(f, rng, rung):
    arrays, names = _file(rng, rung)
    without = ("conv1/bias", f"{names[-1]}/kernel", f"{rng.choice(names)}/bias")[rung]
    arrays = {key: array for key, array in arrays.items() if key != without}
    try:
        result = f.convert(arrays, names)
    except ValueError:
        return {"raises ValueError": True}
    return {"raises ValueError": False, "instead": _described(result)}


def _described(layers):
    """The result where an error was due, in words, so that wrong answers can be told apart."""
    if not isinstance(layers, dict):
        return "None" if layers is None else type(layers).__name__
    return "; ".join(f"{name}: {_kinds(layers[name])}" for name in sorted(layers, key=str))


def _kinds(pair):
    if not isinstance(pair, (tuple, list)):
        return type(pair).__name__
    arrays = [np.asarray(part) for part in pair]
    numbers = [array.dtype.kind in "iuf" and array.ndim > 0 for array in arrays]
    return ", ".join(
        ("numbers" if array.any() else "zeros") if good else str(type(part).__name__)
        for array, good, part in zip(arrays, numbers, pair, strict=True)
    )


@claim(
    "the pixels for the network",
    by_hand="pixels[0,0,0,0] = 255 * red - mean of red = 255*0.5 - 120 = 7.5",
    oracle=_prepare_loops,
)
def pixels(f, rng, rung):
    return {"pixels": f.prepare(*_images(rng, rung))}
