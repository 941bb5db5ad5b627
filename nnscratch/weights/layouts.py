"""What the arrays of a weight file mean: whose names, which order of axes and channels.

Stands on `form`, `own` and `contents`. Names and shapes say the layout; the channel order and what
the network wants done to pixels show in the numbers of conv1_1 where those are known
(`FINGERPRINTS`), and else follow the habit of the layout's maker, which the evidence then says.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from nnscratch.weights import own
from nnscratch.weights.contents import Contents
from nnscratch.weights.form import (
    CAFFE,
    LAYER_NAME,
    TORCHVISION,
    LayerWeights,
    Preprocess,
    VGGWeights,
)

Pair = tuple[np.ndarray, np.ndarray]  # weight and bias
NORM_EPS = 1e-5  # of torchvision's batch norms
AMDEGROOT = Preprocess(255.0, (123.0, 117.0, 104.0), (1.0, 1.0, 1.0))
KNOWN = (
    "our own, Keras (block1_conv1/kernel), torchvision or timm (features.0.weight), Gatys "
    "(conv1_1.weight), AdaIN (0.weight, 2.weight), Frossard (conv1_1_W), Chainer (conv1_1/W), "
    "MatConvNet (.mat)"
)
KIND = {"kernel": 0, "weight": 0, "W": 0, "filters": 0, "vars/0": 0} | {
    "bias": 1,
    "b": 1,
    "biases": 1,
    "vars/1": 1,
}
WANTS = {CAFFE: "caffe", TORCHVISION: "torchvision", AMDEGROOT: "amdegroot's port of caffe"}


@dataclass(frozen=True)
class Habit:
    """What files with such names hold, unless the numbers say otherwise.

    key: three groups: block, place, kind
    axes: "HWIO" (kH, kW, C_in, C_out), "OIHW" or, where makers differ, "any"
    """

    maker: str
    key: re.Pattern[str]
    axes: str
    order: str


KERAS = Habit(
    "Keras",
    re.compile(
        r"(?:.*/)?block([1-9])_conv([1-9])/(?:.*/)?(?:block\d_conv\d_)?"
        r"(kernel|bias|W|b|vars/[01])(?:_\d+)?(?::0)?"
    ),
    "HWIO",
    "BGR",
)
MATCONVNET = Habit("MatConvNet", re.compile(r"conv([1-9])_([1-9])/(filters|biases)"), "HWIO", "RGB")
GATYS = Habit(
    "Gatys", re.compile(r"(?:module\.)?conv([1-9])_([1-9])\.(weight|bias)"), "OIHW", "BGR"
)
LETTERS = Habit(
    "Frossard or Chainer", re.compile(r"(?:.*/)?conv([1-9])_([1-9])[/_](W|b)"), "any", "RGB"
)
HABITS = (KERAS, MATCONVNET, GATYS, LETTERS)
NUMBERED = re.compile(
    r"(?:(?:.*\.)?features\.)?(\d+)\.(weight|bias|running_mean|running_var|num_batches_tracked)"
)
KINDS_OF_NORM = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class Fingerprint:
    """Numbers of a published conv1_1: (filter, row, column) -> what R, G and B are taken times."""

    name: str
    preprocess: Preprocess
    at: Mapping[tuple[int, int, int], tuple[float, float, float]]


FINGERPRINTS = (
    Fingerprint(
        "VGG-19 of Simonyan and Zisserman",
        CAFFE,
        {
            (0, 0, 0): (0.39416704, 0.46418372, 0.34119523),
            (0, 0, 1): (0.37740308, 0.41810837, 0.33999205),
            (0, 1, 0): (0.2671299, 0.30511212, 0.23215917),
        },
    ),
    Fingerprint(
        "VGG-16 of Simonyan and Zisserman",
        CAFFE,
        {
            (0, 0, 0): (0.480015397, 0.550379455, 0.429470569),
            (1, 0, 0): (-0.17269668, 0.0208774377, 0.117273867),
            (2, 0, 0): (0.0375577137, 0.0988311544, 0.0340129584),
        },
    ),
    Fingerprint(
        "torchvision's VGG-16",
        TORCHVISION,
        {
            (0, 0, 0): (-0.5537, 0.1755, 0.3130),
            (0, 0, 1): (0.1427, 0.0099, -0.1659),
            (0, 1, 0): (-0.5831, 0.0441, 0.4752),
        },
    ),
)
LONGEST = 300  # letters of a name
NEAR = 2e-3  # half precision and printed digits lie within


def vgg(contents: Contents, source: str) -> tuple[VGGWeights, list[str]]:
    """The convolutions of a VGG, and by what evidence they were taken for what they are.

    source: names the file in errors, quoted. Weights become float32 (C_out, C_in, kH, kW), the
    first takes RGB. Raises ValueError for contents of no known layout, or of several.
    """
    card = contents.texts.get(own.CARD)
    if card is None and own.CARD in contents.arrays:
        card = str(contents.arrays[own.CARD])
    if card is not None:
        given = own.from_arrays(contents.arrays, card, source)
        return given, ["a card of our own says what the network is", _wants(given.preprocess)]
    if any(len(key) > LONGEST for key in contents.arrays):
        raise ValueError(
            f"weights: {source} has names of more than {LONGEST} letters, as no network has; "
            "fetch it from its maker"
        )
    readers = _readers(contents.arrays)
    if not readers:
        some = ", ".join(list(contents.arrays)[:4]) or "none"
        raise ValueError(
            f"weights: {source} holds no VGG layers: expected names of {KNOWN}; came {some}"
        )
    if len(readers) > 1:
        raise ValueError(
            f"weights: {source} holds layers under names of several makers; save one network alone"
        )
    with np.errstate(all="ignore"):  # VGGWeights tells of NaN and infinity
        return readers[0](contents.arrays, source)


Reader = Callable[[Mapping[str, np.ndarray], str], tuple[VGGWeights, list[str]]]


def _readers(arrays: Mapping[str, np.ndarray]) -> list[Reader]:
    """For each family of names that occurs, what reads it."""
    found: list[Reader] = []
    for habit in HABITS:
        if any(habit.key.fullmatch(key) for key in arrays):
            found.append(_named_reader(habit))
    if any(NUMBERED.fullmatch(key) for key in arrays):
        found.append(_numbered)
    return found


def _named_reader(habit: Habit) -> Reader:
    return lambda arrays, source: _named(arrays, habit, source)


# -- layers that bear their names -----------------------------------------------------------------


def _named(
    arrays: Mapping[str, np.ndarray], habit: Habit, source: str
) -> tuple[VGGWeights, list[str]]:
    """Layers called by block and place."""
    keys: dict[tuple[str, str], list[str | None]] = {}
    for key in arrays:
        match = habit.key.fullmatch(key)
        if match is None or "optimizer" in key:
            continue
        pair = keys.setdefault((match[1], match[2]), [None, None])
        kind = KIND[match[3]]
        if pair[kind] is not None:
            raise ValueError(f"weights: {source} holds both {pair[kind]} and {key}; keep one")
        pair[kind] = key
    places = sorted(keys)
    names = [f"conv{block}_{place}" for block, place in places]
    _check_row(names, source)
    pairs: dict[str, Pair] = {}
    for name, place in zip(names, places, strict=True):
        weight, bias = keys[place]
        pairs[name] = _pair(arrays, weight, bias, name, source)
    first = keys[places[0]][0]
    return _assemble(arrays, pairs, _settled(habit, pairs, source), [f"names as {first}"], source)


def _check_row(names: list[str], source: str) -> None:
    """Raise ValueError where a layer is missing between others."""
    here = {(int(name[4]), int(name[6])) for name in names}
    for block, place in sorted(here):
        before = (block, place - 1) if place > 1 else (block - 1, 1)
        if before != (0, 1) and before not in here:
            raise ValueError(
                f"weights: {source} lacks conv{before[0]}_{before[1]}, though it has "
                f"conv{block}_{place}; fetch it whole"
            )


def _pair(
    arrays: Mapping[str, np.ndarray], weight: str | None, bias: str | None, name: str, source: str
) -> Pair:
    """weight of rank 4, bias (C_out,), as in the file."""
    if weight not in arrays or bias not in arrays:
        raise ValueError(f"weights: {source}: {name} lacks its weight or its bias")
    pair = (arrays[str(weight)], arrays[str(bias)].ravel())  # MatConvNet's are columns or rows
    for key, array in zip((weight, bias), pair, strict=True):
        if array.dtype.kind != "f":
            raise ValueError(
                f"weights: {source}: expected {key} of floating point, got {array.dtype}; take "
                "weights that are not quantised"
            )
    if pair[0].ndim != 4:
        raise ValueError(
            f"weights: {source}: expected {weight} of rank 4, got shape {pair[0].shape}"
        )
    return pair


def _settled(habit: Habit, pairs: Mapping[str, Pair], source: str) -> Habit:
    """`habit` with the axes that the shapes show. Raises ValueError if they show others."""
    axes = _axes([weight.shape for weight, _ in pairs.values()], source)
    if habit.axes == "any" and axes == "either":
        raise ValueError(
            f"weights: {source}: its kernels fit as HWIO as well as OIHW; save more of its layers"
        )
    if habit.axes == "any":
        maker, order = ("Frossard", "RGB") if axes == "HWIO" else ("Chainer", "BGR")
        return replace(habit, maker=maker, axes=axes, order=order)
    if axes not in (habit.axes, "either"):
        raise ValueError(
            f"weights: {source}: expected kernels {habit.axes} as {habit.maker} has them, got "
            f"{axes} {next(iter(pairs.values()))[0].shape}; Theano's (th_kernels) are mirrored "
            "besides, take another file"
        )
    return habit


def _axes(shapes: Iterable[tuple[int, ...]], source: str) -> str:
    """Which axis takes the channels that came out of the layer before: 3, then C_out."""
    inputs, seen = 3, (0, 0, 0, 0)
    for a, b, c, d in shapes:
        seen = (a, b, c, d)
        first = seen[0] == seen[1] and seen[2] == inputs
        second = seen[2] == seen[3] and seen[1] == inputs
        if first != second:
            return "HWIO" if first else "OIHW"
        if not first:
            break
        inputs = seen[0]  # all four are alike
    else:
        return "either"
    raise ValueError(
        f"weights: {source}: a kernel {seen} fits {inputs} input channels neither as HWIO nor as "
        "OIHW; expected a VGG of pictures with three channels"
    )


# -- layers that bear numbers ---------------------------------------------------------------------


def _numbered(arrays: Mapping[str, np.ndarray], source: str) -> tuple[VGGWeights, list[str]]:
    """Layers called by their place among convolutions, norms, ReLUs, pools and paddings."""
    keys: dict[int, dict[str, str]] = {}
    for key in arrays:
        match = NUMBERED.fullmatch(key)
        if match is not None:
            parts = keys.setdefault(int(match[1]), {})
            if match[2] in parts:
                raise ValueError(
                    f"weights: {source} holds both {parts[match[2]]} and {key}: two networks; "
                    "save one alone"
                )
            parts[match[2]] = key
    norms = {number: keys.pop(number) for number in list(keys) if "running_mean" in keys[number]}
    pairs = {
        number: _pair(arrays, parts.get("weight"), parts.get("bias"), f"layer {number}", source)
        for number, parts in sorted(keys.items())
    }
    if not pairs:
        raise ValueError(f"weights: {source} holds no convolutions; expected {KNOWN}")
    evidence = [f"names as {keys[min(keys)].get('weight')}"]
    if norms:
        return _normed(arrays, pairs, norms, evidence, source)
    if pairs[min(pairs)][0].shape == (3, 3, 1, 1):
        return _adain(pairs, evidence, source)
    named = _by_gaps(pairs, 2, source)
    return _assemble(arrays, named, _torch_habit(arrays), evidence, source)


def _by_gaps(pairs: Mapping[int, Pair], step: int, source: str) -> dict[str, Pair]:
    """Numbers -> names: `step` lies between neighbours of a block, and a pool between blocks."""
    names: dict[str, Pair] = {}
    block, place, before = 1, 0, None
    for number, pair in pairs.items():
        gap = step if before is None else number - before
        if gap not in (step, step + 1):
            raise ValueError(
                f"weights: {source}: layers {before} and {number} are {gap} apart, where a VGG "
                f"has {step} or {step + 1}; it is another network, or not whole"
            )
        block, place = (block, place + 1) if gap == step else (block + 1, 1)
        names[f"conv{block}_{place}"] = pair
        before = number
    _axes_are(names, "OIHW", source)
    return names


def _axes_are(pairs: Mapping[str, Pair], axes: str, source: str) -> None:
    _settled(Habit("PyTorch", NUMBERED, axes, "RGB"), pairs, source)


def _torch_habit(arrays: Mapping[str, np.ndarray]) -> Habit:
    """timm and torchvision have RGB; the conversions from caffe have other heads, and BGR."""
    if any(key.startswith(("head.fc.", "pre_logits.")) for key in arrays):
        return Habit("timm", NUMBERED, "OIHW", "RGB")
    ends = {key.rpartition("classifier.")[2] for key in arrays if "classifier." in key}
    if "1.weight" in ends and "0.weight" not in ends:
        return Habit("jcjohnson", NUMBERED, "OIHW", "BGR")
    biases = [key for key in arrays if key.endswith("classifier.0.bias")]
    if biases and np.isnan(arrays[biases[0]]).all():
        return Habit("amdegroot", NUMBERED, "OIHW", "RGB")
    return Habit("torchvision", NUMBERED, "OIHW", "RGB")


def _normed(
    arrays: Mapping[str, np.ndarray],
    pairs: Mapping[int, Pair],
    norms: Mapping[int, Mapping[str, str]],
    evidence: list[str],
    source: str,
) -> tuple[VGGWeights, list[str]]:
    """Batch norms folded in: W·g/√(v + ε) and (b − m)·g/√(v + ε) + β."""
    folded: dict[int, Pair] = {}
    for number, (weight, bias) in pairs.items():
        parts = norms.get(number + 1, {})
        if any(kind not in parts for kind in KINDS_OF_NORM):
            raise ValueError(
                f"weights: {source}: the batch norm behind layer {number} is not whole; fetch the "
                "file again"
            )
        scale, shift, mean, variance = (
            arrays[parts[kind]].astype(np.float64) for kind in KINDS_OF_NORM
        )
        if any(v.shape != (len(weight),) for v in (scale, shift, mean, variance, bias)):
            raise ValueError(
                f"weights: {source}: the batch norm behind layer {number} does not fit; expected "
                f"{len(weight)} channels, got {scale.shape}"
            )
        factor = scale / np.sqrt(variance + NORM_EPS)
        folded[number] = (weight * factor[:, None, None, None], (bias - mean) * factor + shift)
    named = _by_gaps(folded, 3, source)
    evidence += [
        f"the batch norms behind {len(named)} convolutions are folded into them",
        "channels in RGB, as torchvision has its _bn networks",
        _wants(TORCHVISION),
    ]
    return _made(named, TORCHVISION, source), evidence


def _adain(
    pairs: dict[int, Pair], evidence: list[str], source: str
) -> tuple[VGGWeights, list[str]]:
    """The 1×1 layer in front, A·x + b, goes into conv1_1 and the mean.

    With A's largest factor s: A·x + b = A/s·(s·x − mean), mean = −s·A⁻¹·b. So borders of zeros
    mean what they meant, which would be lost if b went into the bias of conv1_1.
    """
    (kernel, shift), *_ = pairs.values()
    matrix = kernel[:, :, 0, 0].astype(np.float64)  # (3, 3, 1, 1) -> (3, 3)
    if not np.isfinite(matrix).all() or np.linalg.cond(matrix) > 1e6:
        raise ValueError(f"weights: {source}: its 1×1 layer mixes colours past undoing")
    scale = float(np.abs(matrix).max())
    mean = -scale * np.linalg.solve(matrix, shift.astype(np.float64))
    wants = Preprocess(scale, (float(mean[0]), float(mean[1]), float(mean[2])), (1.0, 1.0, 1.0))
    wants = _near(wants)
    rest = {number: pair for number, pair in pairs.items() if number > min(pairs)}
    if not rest:
        raise ValueError(f"weights: {source} holds no convolutions but the 1×1; fetch it whole")
    named = _by_gaps(rest, 3, source)
    weight, bias = named["conv1_1"]
    mixed = np.einsum("ochw,ci->oihw", weight, matrix / scale)
    named["conv1_1"] = (mixed, bias)
    evidence += [
        "a 1×1 layer in front, as AdaIN's vgg_normalised has it, is folded into conv1_1; it takes "
        "RGB in [0, 1]",
        _wants(wants),
    ]
    return _made(named, wants, source), evidence


# -- channels and pixels --------------------------------------------------------------------------


def _assemble(
    arrays: Mapping[str, np.ndarray],
    pairs: dict[str, Pair],
    habit: Habit,
    evidence: list[str],
    source: str,
) -> tuple[VGGWeights, list[str]]:
    """Axes and channels in order, and what the network wants done to pixels."""
    to_oihw = (3, 2, 0, 1) if habit.axes == "HWIO" else (0, 1, 2, 3)
    pairs = {name: (weight.transpose(to_oihw), bias) for name, (weight, bias) in pairs.items()}
    first = next(iter(pairs))
    weight, bias = pairs[first]
    order, wants, why = _channels(arrays, weight, habit, source)
    if order == "BGR":
        pairs[first] = (weight[:, ::-1], bias)
    axes = f"kernels {habit.axes}, as {first} shows, and as {habit.maker} has them"
    return _made(pairs, wants, source), [*evidence, axes, *why, _wants(wants)]


def _channels(
    arrays: Mapping[str, np.ndarray], weight: np.ndarray, habit: Habit, source: str
) -> tuple[str, Preprocess, list[str]]:
    """Channel order of conv1_1 (C_out, 3, kH, kW), what is wanted of pixels, and why."""
    found = _recognised(weight, source)
    mean = _stated_mean(arrays, source)
    if found is not None:
        order, print_ = found
        why = f"conv1_1 has the numbers of the {print_.name}: channels in {order}"
        wants = print_.preprocess
    else:
        order, wants = habit.order, _habitual(habit)
        why = f"conv1_1 is of no network known here; channels taken as {order}, as {habit.maker}'s"
    if habit.maker == "amdegroot":
        wants = AMDEGROOT
    if mean is None:
        return order, wants, [why]
    if found is None and _close(mean[::-1], CAFFE.mean):
        order, why = "BGR", "the mean colour in the file is that of pictures in BGR"
    red, green, blue = mean if order == "RGB" else mean[::-1]
    wants = _near(Preprocess(255.0, (red, green, blue), (1.0, 1.0, 1.0)))
    return order, wants, [why, f"the file states the mean colour {_digits(mean)}"]


def _recognised(weight: np.ndarray, source: str) -> tuple[str, Fingerprint] | None:
    """The fingerprint that conv1_1 bears. Raises ValueError if it does so mirrored."""
    for known in FINGERPRINTS:
        for order, given in (("RGB", weight), ("BGR", weight[:, ::-1])):
            if _bears(given, known):
                return order, known
            if _bears(given.swapaxes(2, 3), known) or _bears(given[:, :, ::-1, ::-1], known):
                raise ValueError(
                    f"weights: {source} has the kernels of the {known.name} mirrored (height and "
                    "width swapped, or turned by Theano); convert it again without that"
                )
    return None


def _bears(weight: np.ndarray, known: Fingerprint) -> bool:
    """Whether weight (C_out, 3, kH, kW) has the numbers at the places."""
    ends = np.array(list(known.at)).max(axis=0)
    if any(end >= size for end, size in zip(ends, np.array(weight.shape)[[0, 2, 3]], strict=True)):
        return False
    return all(
        np.abs(weight[out, :, row, column] - np.array(colours)).max() < NEAR
        for (out, row, column), colours in known.at.items()
    )


def _habitual(habit: Habit) -> Preprocess:
    return TORCHVISION if habit.maker in ("torchvision", "timm") else CAFFE


def _stated_mean(arrays: Mapping[str, np.ndarray], source: str) -> list[float] | None:
    """MatConvNet's averageImage (kH, kW, 3) -> three numbers in the file's channel order."""
    if "averageImage" not in arrays:
        return None
    image = np.asarray(arrays["averageImage"], np.float64)
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"weights: {source}: expected averageImage (kH, kW, 3), got {image.shape}")
    if not np.isfinite(image).all():
        raise ValueError(f"weights: {source}: averageImage holds NaN or infinity; fetch it again")
    return [float(value) for value in image.mean(axis=(0, 1))]


def _near(wants: Preprocess) -> Preprocess:
    """Caffe's numbers, where only rounding differs from them."""
    same = abs(wants.scale - CAFFE.scale) < 1e-3 and _close(wants.mean, CAFFE.mean)
    return CAFFE if same else wants


def _close(a: Iterable[float], b: Iterable[float]) -> bool:
    return all(abs(x - y) < 1e-2 for x, y in zip(a, b, strict=True))


def _wants(wants: Preprocess) -> str:
    kind = f" ({WANTS[wants]}'s)" if wants in WANTS else ""
    return (
        f"wants RGB in [0, 1] times {wants.scale:g}, minus {_digits(wants.mean)}, over "
        f"{_digits(wants.std)}{kind}"
    )


def _digits(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _made(pairs: Mapping[str, Pair], wants: Preprocess, source: str) -> VGGWeights:
    layers = {
        name: LayerWeights(
            np.ascontiguousarray(weight, np.float32), np.ascontiguousarray(bias, np.float32)
        )
        for name, (weight, bias) in pairs.items()
    }
    _check_names(layers, source)
    return VGGWeights(layers, wants, source)


def _check_names(names: Iterable[str], source: str) -> None:
    for name in names:
        if LAYER_NAME.fullmatch(name) is None:
            raise ValueError(f"weights: {source}: {name} is past what a VGG has")
