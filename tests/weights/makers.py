"""One VGG with the names and the orders of axes and channels of many makers.

vgg: conv1_1 and others -> (weight (C_out, C_in, kH, kW) for RGB, bias (C_out,)).
"""

import numpy as np

NUMBERS = {"conv1_1": 0, "conv1_2": 2, "conv2_1": 5}
WITH_NORMS = {"conv1_1": 0, "conv1_2": 3, "conv2_1": 7}
WITH_PADS = {"conv1_1": 2, "conv1_2": 5, "conv2_1": 9}
COLOUR = np.array([[0, 0, 255], [0, 255, 0], [255, 0, 0]], np.float32)  # RGB in [0, 1] to BGR
MEAN = np.array([123.68, 116.779, 103.939], np.float32)  # RGB
SHIFT = -np.array([103.939, 116.779, 123.68], np.float32)


def bgr(vgg):
    weight, bias = vgg["conv1_1"]
    return vgg | {"conv1_1": (weight[:, ::-1], bias)}


def keyed(vgg, form, axes="OIHW"):
    """Arrays by names built from block, place and 0 or 1."""
    order = (2, 3, 1, 0) if axes == "HWIO" else (0, 1, 2, 3)
    return {
        form(name, i): np.ascontiguousarray(array.transpose(order) if i == 0 else array)
        for name, pair in vgg.items()
        for i, array in enumerate(pair)
    }


def numbered(vgg, numbers=NUMBERS, start="features."):
    return keyed(vgg, lambda name, i: f"{start}{numbers[name]}.{('weight', 'bias')[i]}")


def keras(vgg, end=""):
    def form(name, i):
        return f"block{name[4]}_conv{name[6]}/{('kernel', 'bias')[i]}{end}"

    return keyed(bgr(vgg), form, "HWIO")


def gatys(vgg):
    arrays = keyed(bgr(vgg), lambda name, i: f"{name}.{('weight', 'bias')[i]}")
    return {key: array.astype(np.float64) for key, array in arrays.items()}


def frossard(vgg):
    arrays = keyed(vgg, lambda name, i: f"{name}_{'Wb'[i]}", "HWIO")
    return arrays | {"fc6_W": np.zeros((2, 2), np.float32)}


def chainer(vgg, between="/"):
    arrays = keyed(bgr(vgg), lambda name, i: f"{name}{between}{'Wb'[i]}")
    return arrays | {"fc6/W": np.zeros((2, 2), np.float32)}


def jcjohnson(vgg):
    head = {f"classifier.{i}.weight": np.zeros((2, 2), np.float32) for i in (1, 4, 6)}
    return numbered(bgr(vgg)) | head


def torchvision(vgg):
    head = {f"classifier.{i}.weight": np.zeros((2, 2), np.float32) for i in (0, 3, 6)}
    return numbered(vgg) | head


def timm(vgg):
    zeros = np.zeros((2, 2), np.float32)
    return numbered(vgg) | {"head.fc.weight": zeros, "pre_logits.fc1.weight": zeros}


def amdegroot(vgg):
    return numbered(vgg) | {"classifier.0.bias": np.full(4, np.nan, np.float32)}


def with_norms(vgg):
    """Random norms, and convolutions such that folding returns `vgg`."""
    rng, arrays = np.random.default_rng(1), {}
    for name, (weight, bias) in vgg.items():
        scale, variance = rng.uniform(0.5, 2, (2, len(bias)))
        mean, shift = rng.standard_normal((2, len(bias)))
        factor = scale / np.sqrt(variance + 1e-5)
        n = WITH_NORMS[name]
        arrays |= {
            f"features.{n}.weight": weight / factor[:, None, None, None],
            f"features.{n}.bias": (bias - shift) / factor + mean,
            f"features.{n + 1}.weight": scale,
            f"features.{n + 1}.bias": shift,
            f"features.{n + 1}.running_mean": mean,
            f"features.{n + 1}.running_var": variance,
        }
    return {key: np.asarray(array, np.float32) for key, array in arrays.items()}


def adain(vgg):
    front = {"0.weight": COLOUR[:, :, None, None], "0.bias": SHIFT}
    return front | numbered(bgr(vgg), WITH_PADS, "")


def marked(vgg, known):
    """`vgg` with the numbers of a published network in conv1_1."""
    weight = vgg["conv1_1"][0].copy()
    for (out, row, column), colours in known.values.items():
        weight[out, :, row, column] = colours
    return vgg | {"conv1_1": (weight, vgg["conv1_1"][1])}


# -- MatConvNet -----------------------------------------------------------------------------------


def cell(items):
    made = np.empty((1, len(items)), object)
    made[0] = items
    return made


def matconvnet_layer(name, weight, bias, release):
    """A convolution of the first, the old (beta16) or the new (beta17 to 25) releases."""
    kernel = weight.transpose(2, 3, 1, 0)  # (C_out, C_in, kH, kW) -> (kH, kW, C_in, C_out)
    pair = cell([kernel, bias[None] if release == "old" else bias[:, None]])
    if release == "first":
        return {"filters": kernel, "biases": bias[None], "type": "conv", "name": name}
    if release == "old":
        return {"weights": pair, "pad": 1.0, "type": "conv", "name": name, "stride": 1.0}
    opts = np.empty((0, 0), object)
    return {"name": name, "type": "conv", "weights": pair, "precious": 0.0, "opts": opts}


def matconvnet(vgg, release):
    """The argument of scipy.io.savemat."""
    layers = []
    for name, (weight, bias) in vgg.items():
        relu = {"type": "relu", "name": name.replace("conv", "relu")}
        layers += [matconvnet_layer(name, weight, bias, release), relu]
    top = np.ones((2, 6, 7, 7), np.float32), np.ones(2, np.float32)
    layers.append(matconvnet_layer("fc6", *top, release))
    mean = MEAN[None, None] if release == "new" else np.tile(MEAN, (224, 224, 1))
    normalization = {"averageImage": mean, "imageSize": np.array([224.0, 224.0, 3.0])}
    if release == "new":
        meta = {"normalization": normalization, "classes": {"name": cell(["tench", "shark"])}}
        return {"layers": cell(layers), "meta": meta}
    return {"layers": cell(layers), "classes": {"name": "x"}, "normalization": normalization}
