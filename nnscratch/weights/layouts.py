"""What the arrays of a weight file mean: whose names, which layer, which order of axes.

Stands on `form`, `own`, `channels` and `contents`. Names say the maker and the layers, shapes say
the axes; `channels` says which is red, and what is wanted of pixels.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnscratch.weights import own
from nnscratch.weights.channels import ORDERS, PIXELS, channels, or_caffe, wanted
from nnscratch.weights.contents import Contents, shown
from nnscratch.weights.form import (
    LAYER_NAME,
    NETWORKS,
    TORCHVISION,
    WIDTHS,
    LayerWeights,
    Preprocess,
    VGGWeights,
)

Pair = tuple[np.ndarray, np.ndarray]  # weight and bias
NORM_EPS = 1e-5  # of torchvision's batch norms
KNOWN = (
    "our own, Keras (block1_conv1/kernel), torchvision or timm (features.0.weight), Gatys "
    "(conv1_1.weight), AdaIN (0.weight, 2.weight), Frossard (conv1_1_W), Chainer (conv1_1/W), "
    "MatConvNet (.mat)"
)
KIND = dict.fromkeys(("kernel", "weight", "weights", "W", "filters", "vars/0"), 0) | dict.fromkeys(
    ("bias", "biases", "b", "vars/1"), 1
)


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
GATYS = Habit("Gatys", re.compile(r"(?:.*\.)?conv([1-9])_([1-9])\.(weight|bias)"), "OIHW", "BGR")
LETTERS = Habit(
    "Frossard or Chainer",
    re.compile(r"(?:.*/)?conv([1-9])_([1-9])[/_](W|b|weights|biases)(?::0)?"),
    "any",
    "RGB",
)
HABITS = (KERAS, MATCONVNET, GATYS, LETTERS)
NUMBERED = re.compile(
    r"(?:(?:.*\.)?(?:features|slice\d+)\.)?(\d+)\."
    r"(weight|bias|running_mean|running_var|num_batches_tracked)"
)
COUNTED = re.compile(  # Keras 3: layers by their class, their own names are not in the file
    r"(?:.*/)?(?:layers|_layer_checkpoint_dependencies)/conv2d(?:_(\d+))?/(vars/[01])"
)
KINDS_OF_NORM = ("weight", "bias", "running_mean", "running_var")


LONGEST = 300  # letters of a name


@dataclass(frozen=True)
class Found:
    """What a file says: pairs (C_out, C_in, kH, kW), the first as the file has it, RGB or BGR."""

    pairs: dict[str, Pair]
    order: str
    wants: Preprocess
    evidence: list[str]
    source: str = ""  # where the numbers come from, if the file says it


def vgg(
    contents: Contents, source: str, order: str | None = None, pixels: str | None = None
) -> tuple[VGGWeights, list[str]]:
    """The convolutions of a VGG, and by what evidence they were taken for what they are.

    source: names the file in errors, quoted; order, pixels: what the caller knows better, of
    ORDERS and PIXELS. Weights become float32 (C_out, C_in, kH, kW), the first takes RGB. Raises
    ValueError for contents of no known layout, or of several.
    """
    with np.errstate(all="ignore"):  # VGGWeights tells of NaN and infinity
        found = _as_said(_found(contents, source), order, pixels)
        pairs, first = dict(found.pairs), next(iter(found.pairs))
        if found.order == "BGR":
            pairs[first] = (pairs[first][0][:, ::-1], pairs[first][1])
        made = _made(pairs, found.wants, found.source or source.strip("'"))
    return made, [*found.evidence, wanted(found.wants)]


def _found(contents: Contents, source: str) -> Found:
    if contents.card is not None:
        return _own(contents.arrays, contents.card, source)
    if any(len(key) > LONGEST for key in contents.arrays):
        raise ValueError(
            f"weights: {source} has names of more than {LONGEST} letters, as no network has; "
            "fetch it from its maker"
        )
    readers = _readers(contents.arrays)
    if not readers:
        some = shown(", ".join(list(contents.arrays)[:4])) if contents.arrays else "none"
        raise ValueError(
            f"weights: {source} holds no VGG layers: expected names of {KNOWN}; came {some}"
        )
    if len(readers) > 1:
        raise ValueError(
            f"weights: {source} holds layers under names of several makers; save one network alone"
        )
    return readers[0](contents.arrays, source)


def _as_said(found: Found, order: str | None, pixels: str | None) -> Found:
    """`found` with what the caller says instead, and that he said it."""
    for name, given, known in (("channels", order, ORDERS), ("pixels", pixels, tuple(PIXELS))):
        if given is not None and given not in known:
            raise ValueError(f"weights: expected {name} in {known}, got {given!r}")
    evidence = list(found.evidence)
    if order is not None and order != found.order:
        evidence.append(f"you said that its first layer takes {order}")
    if pixels is not None and PIXELS[pixels] != found.wants:
        evidence.append(f"you said that it wants pixels as {pixels}")
    wants = found.wants if pixels is None else PIXELS[pixels]
    return replace(found, order=order or found.order, wants=wants, evidence=evidence)


def _own(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any], source: str) -> Found:
    given = own.from_arrays(arrays, card, source)
    pairs = {name: (layer.weight, layer.bias) for name, layer in given.layers.items()}
    evidence = ["a card of our own says what the network is"]
    return Found(pairs, "RGB", given.preprocess, evidence, given.source)


Reader = Callable[[Mapping[str, np.ndarray], str], Found]


def _readers(arrays: Mapping[str, np.ndarray]) -> list[Reader]:
    """For each family of names that occurs, what reads it."""
    found: list[Reader] = []
    for habit in HABITS:
        matches = (habit.key.fullmatch(key) for key in arrays)
        if any(match and KIND[match[3]] == 0 for match in matches):
            found.append(_named_reader(habit))
    if any(COUNTED.fullmatch(key) for key in arrays):
        found.append(_counted)
    if any(NUMBERED.fullmatch(key) for key in arrays):
        found.append(_numbered)
    return found


def _named_reader(habit: Habit) -> Reader:
    return lambda arrays, source: _named(arrays, habit, source)


# -- layers that bear their names -----------------------------------------------------------------


def _named(arrays: Mapping[str, np.ndarray], habit: Habit, source: str) -> Found:
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
        raise ValueError(f"weights: {source}: {name} lacks its weight or its bias; fetch it whole")
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


def _counted(arrays: Mapping[str, np.ndarray], source: str) -> Found:
    """Layers called by their class and place in the row: blocks show in a whole network only."""
    keys: dict[int, dict[str, str]] = {}
    for key in arrays:
        if match := COUNTED.fullmatch(key):
            parts = keys.setdefault(int(match[1] or 0), {})
            if match[2] in parts:
                raise ValueError(
                    f"weights: {source} holds both {parts[match[2]]} and {key}: two networks; "
                    "save one alone"
                )
            parts[match[2]] = key
    row = [
        _pair(arrays, parts.get("vars/0"), parts.get("vars/1"), f"layer {number}", source)
        for number, parts in sorted(keys.items())
    ]
    widths = [weight.shape[3] for weight, _ in row]
    for counts in NETWORKS.values():
        if widths == [w for w, count in zip(WIDTHS, counts, strict=True) for _ in range(count)]:
            places = [(block, i) for block, n in enumerate(counts, 1) for i in range(1, n + 1)]
            names = [f"conv{block}_{i}" for block, i in places]
            pairs = dict(zip(names, row, strict=True))
            evidence = ["names as layers/conv2d/vars/0, told by their number and their channels"]
            return _assemble(arrays, pairs, _settled(KERAS, pairs, source), evidence, source)
    raise ValueError(
        f"weights: {source} numbers its layers and does not name them: expected a whole "
        f"{', '.join(NETWORKS)}, got {len(row)} convolutions of {widths} channels; save the arrays "
        "by layer.name with numpy.savez, as block1_conv1/kernel and block1_conv1/bias"
    )


# -- layers that bear numbers ---------------------------------------------------------------------


def _numbered(arrays: Mapping[str, np.ndarray], source: str) -> Found:
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
    if {"1.weight", "4.weight", "6.weight"} <= ends:
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
) -> Found:
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
    ]
    return Found(named, "RGB", TORCHVISION, evidence)


def _adain(pairs: dict[int, Pair], evidence: list[str], source: str) -> Found:
    """The 1×1 layer in front, A·x + b, goes into conv1_1 and the mean.

    With A's largest factor s: A·x + b = A/s·(s·x − mean), mean = −s·A⁻¹·b. So borders of zeros
    mean what they meant, which would be lost if b went into the bias of conv1_1.
    """
    (kernel, shift), *_ = pairs.values()
    matrix = kernel[:, :, 0, 0].astype(np.float64)  # (3, 3, 1, 1) -> (3, 3)
    finite = np.isfinite(matrix).all() and np.isfinite(shift).all()
    if not finite or shift.shape != (3,) or np.linalg.cond(matrix) > 1e6:
        raise ValueError(
            f"weights: {source}: its 1×1 layer mixes colours past undoing; fetch it again"
        )
    scale = float(np.abs(matrix).max())
    mean = -scale * np.linalg.solve(matrix, shift.astype(np.float64))
    wants = Preprocess(scale, (float(mean[0]), float(mean[1]), float(mean[2])), (1.0, 1.0, 1.0))
    wants = or_caffe(wants)
    rest = {number: pair for number, pair in pairs.items() if number > min(pairs)}
    if not rest:
        raise ValueError(f"weights: {source} holds no convolutions but the 1×1; fetch it whole")
    named = _by_gaps(rest, 3, source)
    weight, bias = named["conv1_1"]
    mixed = np.einsum("ochw,ci->oihw", weight, matrix / scale)
    named["conv1_1"] = (mixed, bias)
    evidence += [
        "a 1×1 layer in front, as AdaIN's vgg_normalised has it, is folded into conv1_1; it takes "
        "RGB in [0, 1]"
    ]
    return Found(named, "RGB", wants, evidence)


# -- all of them ----------------------------------------------------------------------------------


def _assemble(
    arrays: Mapping[str, np.ndarray],
    pairs: Mapping[str, Pair],
    habit: Habit,
    evidence: list[str],
    source: str,
) -> Found:
    """Axes in order, and what is known of channels and pixels."""
    to_oihw = (3, 2, 0, 1) if habit.axes == "HWIO" else (0, 1, 2, 3)
    turned = {name: (weight.transpose(to_oihw), bias) for name, (weight, bias) in pairs.items()}
    first, (weight, _) = next(iter(turned.items()))
    image = arrays.get("averageImage")
    order, wants, why = channels(weight, habit.maker, habit.order, image, source)
    axes = f"kernels {habit.axes}, as {first} shows, and as {habit.maker} has them"
    return Found(turned, order, wants, [*evidence, axes, *why])


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
