"""How each library names and stores the layers of a VGG, and how its arrays become our form.

Stands on `vgg_weights`, `channels` and `other_networks`. Names tell the maker and the layers;
shapes tell the order of axes and whether it is a VGG; `channels` decides the channel order and the
preprocessing.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nnscratch.weights import other_networks, vgg_weights
from nnscratch.weights.channels import ORDERS, PIXELS, describe, find_channels, round_to_caffe
from nnscratch.weights.readers.contents import Arrays, Contents, Refused, naming, shown
from nnscratch.weights.readers.other_files import INSTEAD
from nnscratch.weights.vgg_weights import NETWORKS, WIDTHS, Preprocess, VGGWeights, layer_names

Pair = tuple[np.ndarray, np.ndarray]  # weight and bias
NORM_EPS = 1e-5  # of torchvision's batch norms
LONGEST_NAME = 300  # letters
KNOWN = (
    "our own, Keras (block1_conv1/kernel), torchvision or timm (features.0.weight), Gatys "
    "(conv1_1.weight), AdaIN (0.weight, 2.weight), Frossard (conv1_1_W), Chainer (conv1_1/W), "
    "MatConvNet (.mat)"
)
PARTS = {
    **dict.fromkeys(("kernel", "weights", "W", "filters", "vars/0"), "weight"),
    **dict.fromkeys(("biases", "b", "vars/1"), "bias"),
}
NORM_PARTS = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class Convention:
    """What files of one maker contain, unless their numbers show otherwise.

    key: three groups: block, place in the block, part
    axes: "HWIO" (kH, kW, C_in, C_out), "OIHW" or "any" where makers differ; order: of channels
    """

    maker: str
    key: re.Pattern[str]
    axes: str
    order: str


BLOCK_CONV = re.compile(
    r"(?:.*/)?block([1-9])_conv([1-9])/(?:.*/)?(?:block\d_conv\d_)?"
    r"(kernel|bias|W|b|vars/[01])(?:_\d+)?(?::0)?"
)
FILTERS = re.compile(r"conv([1-9])_([1-9])/(filters|biases)")
DOTTED = re.compile(r"(?:.*\.)?conv([1-9])_([1-9])\.(weight|bias)")
LETTERS = re.compile(r"(?:.*/)?conv([1-9])_([1-9])[/_](W|b|weights|biases)(?::0)?")
KERAS = Convention("Keras", BLOCK_CONV, "HWIO", "BGR")
CONVENTIONS = (
    KERAS,
    Convention("MatConvNet", FILTERS, "HWIO", "RGB"),
    Convention("Gatys", DOTTED, "OIHW", "BGR"),
    Convention("Frossard or Chainer", LETTERS, "any", "RGB"),
)
NUMBERED = re.compile(  # torch: the layer's index, which also counts ReLUs, pools and norms
    r"(?:(?:.*\.)?(?:features|slice\d+)\.)?(\d+)\."
    r"(weight|bias|running_mean|running_var|num_batches_tracked)"
)
NUMBERED_END = re.compile(r"\d+\.[a-z_]+$")
NUMBERED_BLOCK = re.compile(r"\d+\.\w+\..*")  # features.3.squeeze.weight, within "features."
COUNTED = re.compile(  # Keras 3: the layer's index among convolutions; its name is not in the file
    r"(?:.*/)?(?:layers|_layer_checkpoint_dependencies)/conv2d(?:_(\d+))?/(vars/[01])"
)
PYTORCH = Convention("PyTorch", NUMBERED, "OIHW", "RGB")


@dataclass(frozen=True)
class Interpretation:
    """Named pairs, kernels (C_out, C_in, kH, kW); conv1_1 takes channels in `order`."""

    pairs: dict[str, Pair]
    order: str
    preprocess: Preprocess
    evidence: list[str]
    source: str = ""  # where the numbers come from, if the file states it


def interpret(contents: Contents, path, order=None, pixels=None) -> tuple[VGGWeights, list[str]]:
    """Turn contents into the convolutions of a VGG, with the evidence for each decision.

    path: for messages; order, pixels: override the detected ones, see ORDERS and PIXELS. Weights
    become float32 (C_out, C_in, kH, kW), the first takes RGB. Raises ValueError for contents of no
    known layout, or of several, and for a network that is not a VGG, which is named if possible.
    """
    with np.errstate(all="ignore"), naming(path):  # VGGWeights refuses NaN and infinity
        detected = _override(_detect(contents, path), order, pixels)
        pairs, first = dict(detected.pairs), next(iter(detected.pairs))
        if detected.order == "BGR":
            pairs[first] = (pairs[first][0][:, ::-1], pairs[first][1])
        as_float32 = partial(np.ascontiguousarray, dtype=np.float32)
        layers = {x: vgg_weights.LayerWeights(*map(as_float32, pair)) for x, pair in pairs.items()}
    vgg = VGGWeights(layers, detected.preprocess, detected.source or str(path))
    return vgg, [*detected.evidence, describe(detected.preprocess)]


def _detect(contents: Contents, path) -> Interpretation:
    arrays = contents.arrays
    if contents.card is not None:
        own = vgg_weights.from_arrays(arrays, contents.card, f"'{path}'")
        pairs = {name: (layer.weight, layer.bias) for name, layer in own.layers.items()}
        evidence = ["our own card states the network"]
        return Interpretation(pairs, "RGB", own.preprocess, evidence, own.source)
    if any(len(key) > LONGEST_NAME for key in arrays):
        raise Refused(f"has names of more than {LONGEST_NAME} letters; fetch it from its maker")
    try:
        interpretation = _read(arrays)
        check_structure(interpretation.pairs)
    except Refused as error:
        if network := other_networks.recognise(arrays):
            raise Refused(f"is {network}, not a VGG; {INSTEAD}") from error
        raise
    return interpretation


def _read(arrays: Arrays) -> Interpretation:
    readers = _readers(arrays)
    if not readers:
        names = shown(", ".join(list(arrays)[:4])) if arrays else "none"
        raise Refused(f"holds no VGG layers: expected names of {KNOWN}; got {names}")
    if len(readers) > 1:
        raise Refused("holds layers under names of several makers; save one network alone")
    return readers[0](arrays)


def check_structure(pairs: Mapping[str, Pair]) -> None:
    """Raise Refused unless kernels (C_out, C_in, kH, kW) by name are the first of a VGG's.

    A VGG has 3×3 kernels and blocks of whole length, and its channels double from block to block
    up to 8 times the first. A student with fewer channels has two convolutions in its first block.
    """
    names, shapes = list(pairs), [weight.shape for weight, _ in pairs.values()]
    for name, shape in zip(names, shapes, strict=True):
        if shape[2:] != (3, 3):
            kernels = "×".join(map(str, shape[2:]))
            raise Refused(f"is not a VGG: {name} has {kernels} kernels, a VGG's are 3×3; {INSTEAD}")
    expected = [shapes[0][0] * WIDTHS[int(name[4]) - 1] // WIDTHS[0] for name in names]
    if [shape[0] for shape in shapes] != expected:
        raise Refused(
            f"is not a VGG: its convolutions have {_counts(shape[0] for shape in shapes)} "
            f"channels, expected {_counts(expected)}; {INSTEAD}"
        )
    if len(names) == 1:
        raise Refused(
            f"holds {names[0]} alone, which many networks have: a VGG's first block or more is "
            f"needed; {INSTEAD}"
        )
    networks = [net for net in NETWORKS if names == layer_names(net)[: len(names)]]
    if not networks or (networks == ["vgg11"] and shapes[0][0] != WIDTHS[0]):
        blocks = Counter(int(name[4]) for name in names).values()
        known = "; ".join(_counts(counts) for counts in NETWORKS.values())
        raise Refused(
            f"is not a VGG: its blocks have {_counts(blocks)} convolutions, a VGG's {known}; "
            f"{INSTEAD}"
        )


def _counts(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _override(detected: Interpretation, order: str | None, pixels: str | None) -> Interpretation:
    """Replace what was detected by what the caller states, and say so in the evidence."""
    for name, value, known in (("channels", order, ORDERS), ("pixels", pixels, tuple(PIXELS))):
        if value is not None and value not in known:
            raise ValueError(f"weights: expected {name} in {known}, got {value!r}")
    evidence = list(detected.evidence)
    if order is not None and order != detected.order:
        evidence.append(f"you said that its first layer takes {order}")
    if pixels is not None and PIXELS[pixels] != detected.preprocess:
        evidence.append(f"you said that it takes pixels as {pixels}")
    preprocess = detected.preprocess if pixels is None else PIXELS[pixels]
    order = order or detected.order
    return replace(detected, order=order, preprocess=preprocess, evidence=evidence)


def _readers(arrays: Arrays) -> list[Callable[[Arrays], Interpretation]]:
    """One reader for each naming scheme that occurs."""
    readers: list[Callable[[Arrays], Interpretation]] = []
    for convention in CONVENTIONS:
        matches = [match for key in arrays if (match := convention.key.fullmatch(key))]
        if any(_part(match[3]) == "weight" for match in matches):
            readers.append(partial(_read_named, convention=convention))
    if any(COUNTED.fullmatch(key) for key in arrays):
        readers.append(_read_counted)
    if any(NUMBERED.fullmatch(key) for key in arrays):
        readers.append(_read_numbered)
    return readers


# -- keys, pairs and axes, for all makers ---------------------------------------------------------


def _part(word: str) -> str:
    return PARTS.get(word, word)


def _keys_by_layer(arrays: Arrays, key: re.Pattern) -> dict[tuple[int, ...], dict[str, str]]:
    """{(1, 2): {"weight": "conv1_2_W", "bias": "conv1_2_b"}}; all groups but the last: numbers."""
    layers: dict[tuple[int, ...], dict[str, str]] = {}
    for name in arrays:
        match = key.fullmatch(name)
        if match is None or "optimizer" in name:
            continue
        *numbers, word = match.groups()
        parts = layers.setdefault(tuple(int(number or 0) for number in numbers), {})
        if _part(word) in parts:
            raise Refused(
                f"holds both {parts[_part(word)]} and {name}, perhaps of two networks; save one "
                "alone"
            )
        parts[_part(word)] = name
    return dict(sorted(layers.items()))


def _pair(arrays: Arrays, parts: Mapping[str, str], layer: str) -> Pair:
    """weight of rank 4, bias (C_out,), as stored."""
    if "weight" not in parts or "bias" not in parts:
        raise Refused(f"is incomplete: {layer} lacks its weight or its bias; fetch it again")
    weight = arrays[parts["weight"]]
    bias = arrays[parts["bias"]].ravel()  # MatConvNet's are columns or rows
    for part, array in (("weight", weight), ("bias", bias)):
        if array.dtype.kind != "f":
            raise Refused(
                f"holds {parts[part]} as {array.dtype}, expected floating point; use weights that "
                "are not quantised"
            )
    if weight.ndim != 4:
        raise Refused(f"holds {parts['weight']} of shape {weight.shape}, expected rank 4")
    return weight, bias


def _with_axes(convention: Convention, pairs: Mapping[str, Pair]) -> Convention:
    """`convention` with the axes that the shapes show. Raises Refused if the two disagree."""
    axes = _axes(weight.shape for weight, _ in pairs.values())
    if convention.axes == "any" and axes == "either":
        raise Refused("has kernels that fit as HWIO as well as OIHW; save more of its layers")
    if convention.axes == "any":
        maker, order = ("Frossard", "RGB") if axes == "HWIO" else ("Chainer", "BGR")
        return replace(convention, maker=maker, axes=axes, order=order)
    if axes not in (convention.axes, "either"):
        raise Refused(
            f"has kernels {axes} {next(iter(pairs.values()))[0].shape}: expected kernels "
            f"{convention.axes}, as in {convention.maker}'s files; Theano's (th_kernels) are also "
            "mirrored, use another file"
        )
    return convention


def _axes(shapes: Iterable[tuple[int, ...]]) -> str:
    """Find the axis of C_in: it has 3 entries, then as many as the C_out of the layer before."""
    inputs = 3
    for shape in shapes:
        hwio = shape[0] == shape[1] and shape[2] == inputs
        oihw = shape[2] == shape[3] and shape[1] == inputs
        if hwio != oihw:
            return "HWIO" if hwio else "OIHW"
        if not hwio:
            raise Refused(
                f"has a kernel {shape} that fits {inputs} input channels neither as HWIO nor as "
                "OIHW; expected a VGG for images with three channels"
            )
        inputs = shape[0]  # all four are equal
    return "either"


def _assemble(arrays: Arrays, pairs, convention, evidence) -> Interpretation:
    """Bring the axes in order and add the channel order and preprocessing."""
    to_oihw = (3, 2, 0, 1) if convention.axes == "HWIO" else (0, 1, 2, 3)
    pairs = {name: (weight.transpose(to_oihw), bias) for name, (weight, bias) in pairs.items()}
    first, (weight, _) = next(iter(pairs.items()))
    order, preprocess, reasons = find_channels(
        weight, convention.maker, convention.order, arrays.get("averageImage")
    )
    axes = f"kernels {convention.axes}, as {first} shows, and as in {convention.maker}'s files"
    return Interpretation(pairs, order, preprocess, [*evidence, axes, *reasons])


# -- layers named by block and place --------------------------------------------------------------


def _read_named(arrays: Arrays, convention: Convention) -> Interpretation:
    layers = _keys_by_layer(arrays, convention.key)
    for block, place in layers:
        before = (block, place - 1) if place > 1 else (block - 1, 1)
        if before != (0, 1) and before not in layers:
            raise Refused(
                f"lacks conv{before[0]}_{before[1]}, though it has conv{block}_{place}; fetch it "
                "again"
            )
    named = {f"conv{block}_{place}": parts for (block, place), parts in layers.items()}
    pairs = {name: _pair(arrays, parts, name) for name, parts in named.items()}
    first = next(iter(layers.values()))["weight"]
    return _assemble(arrays, pairs, _with_axes(convention, pairs), [f"names as {first}"])


def _read_counted(arrays: Arrays) -> Interpretation:
    """Keras 3 counts convolutions, so blocks are recognised in whole networks only."""
    layers = _keys_by_layer(arrays, COUNTED)
    row = [_pair(arrays, parts, f"layer {number}") for (number,), parts in layers.items()]
    widths = [weight.shape[3] for weight, _ in row]
    for network, counts in NETWORKS.items():
        if widths == [w for w, count in zip(WIDTHS, counts, strict=True) for _ in range(count)]:
            pairs = dict(zip(layer_names(network), row, strict=True))
            evidence = ["names as layers/conv2d/vars/0, told by their number and their channels"]
            return _assemble(arrays, pairs, _with_axes(KERAS, pairs), evidence)
    raise Refused(
        f"numbers its layers and does not name them: expected a whole {', '.join(NETWORKS)}, got "
        f"{len(row)} convolutions of {widths} channels; save the arrays by layer.name with "
        "numpy.savez, as block1_conv1/kernel and block1_conv1/bias"
    )


# -- layers numbered by torch ---------------------------------------------------------------------


def _read_numbered(arrays: Arrays) -> Interpretation:
    layers = {number: parts for (number,), parts in _keys_by_layer(arrays, NUMBERED).items()}
    norms = {number: parts for number, parts in layers.items() if "running_mean" in parts}
    pairs = {
        number: _pair(arrays, parts, f"layer {number}")
        for number, parts in layers.items()
        if number not in norms
    }
    if not pairs:
        raise Refused(f"holds no convolutions; expected {KNOWN}")
    first = min(pairs)
    _check_sequence(arrays, layers[first])
    evidence = [f"names as {layers[first]['weight']}"]
    if norms:
        return _fold_norms(arrays, pairs, norms, evidence)
    if pairs[first][0].shape == (3, 3, 1, 1):
        return _fold_first_layer(pairs, evidence)
    return _assemble(arrays, _name_by_gaps(pairs, 2), _torch_convention(arrays), evidence)


def _check_sequence(arrays: Arrays, parts: Mapping[str, str]) -> None:
    """Raise Refused if a layer beside the convolution `parts` is a block with layers of its own."""
    start = NUMBERED_END.sub("", next(iter(parts.values())))
    for name in arrays:
        if name.startswith(start) and NUMBERED_BLOCK.fullmatch(name, len(start)):
            raise Refused(
                f"is not a VGG: it holds {shown(name)}, a layer within a block; {INSTEAD}"
            )


def _name_by_gaps(pairs: Mapping[int, Pair], step: int) -> dict[str, Pair]:
    """Layer numbers -> names: neighbours in a block are `step` apart, a pool adds one."""
    names: dict[str, Pair] = {}
    block, place, before = 1, 0, None
    for number, pair in pairs.items():
        gap = step if before is None else number - before
        if gap not in (step, step + 1):
            raise Refused(
                f"is incomplete or not a VGG: layers {before} and {number} are {gap} apart, where "
                f"a VGG has {step} or {step + 1}"
            )
        block, place = (block, place + 1) if gap == step else (block + 1, 1)
        names[f"conv{block}_{place}"] = pair
        before = number
    _with_axes(PYTORCH, names)
    return names


def _torch_convention(arrays: Arrays) -> Convention:
    """timm and torchvision take RGB; conversions from Caffe have other heads, and take BGR."""
    if any(key.startswith(("head.fc.", "pre_logits.")) for key in arrays):
        return replace(PYTORCH, maker="timm")
    ends = {key.rpartition("classifier.")[2] for key in arrays if "classifier." in key}
    if {"1.weight", "4.weight", "6.weight"} <= ends:
        return replace(PYTORCH, maker="jcjohnson", order="BGR")
    biases = [key for key in arrays if key.endswith("classifier.0.bias")]
    if biases and np.isnan(arrays[biases[0]]).all():
        return replace(PYTORCH, maker="amdegroot")
    return replace(PYTORCH, maker="torchvision")


def _fold_norms(arrays: Arrays, pairs, norms, evidence) -> Interpretation:
    """Fold batch norms into the convolutions: W·g/√(v + ε) and (b − m)·g/√(v + ε) + β."""
    folded: dict[int, Pair] = {}
    for number, (weight, bias) in pairs.items():
        parts = norms.get(number + 1, {})
        if any(part not in parts for part in NORM_PARTS):
            raise Refused(f"lacks a part of the batch norm after layer {number}; fetch it again")
        gain, shift, mean, variance = (arrays[parts[part]].astype(float) for part in NORM_PARTS)
        if any(v.shape != (len(weight),) for v in (gain, shift, mean, variance, bias)):
            raise Refused(
                f"has a batch norm that does not fit after layer {number}; expected {len(weight)} "
                f"channels, got {gain.shape}"
            )
        factor = gain / np.sqrt(variance + NORM_EPS)
        folded[number] = (weight * factor[:, None, None, None], (bias - mean) * factor + shift)
    named = _name_by_gaps(folded, 3)
    evidence = [
        *evidence,
        f"the batch norms after {len(named)} convolutions are folded into them",
        "channels in RGB, as in torchvision's _bn networks",
    ]
    return Interpretation(named, "RGB", vgg_weights.TORCHVISION, evidence)


def _fold_first_layer(pairs: Mapping[int, Pair], evidence: list[str]) -> Interpretation:
    """Fold AdaIN's 1×1 layer in front, A·x + b, into conv1_1 and the mean.

    With A's largest factor s: A·x + b = A/s·(s·x − mean), mean = −s·A⁻¹·b. With b in the bias of
    conv1_1 instead, zero padding would no longer mean the same.
    """
    (kernel, shift), *_ = pairs.values()
    matrix = kernel[:, :, 0, 0].astype(np.float64)  # (3, 3, 1, 1) -> (3, 3)
    finite = np.isfinite(matrix).all() and np.isfinite(shift).all()
    if not finite or shift.shape != (3,) or np.linalg.cond(matrix) > 1e6:
        raise Refused("has a 1×1 layer that cannot be inverted; fetch it again")
    scale = float(np.abs(matrix).max())
    r, g, b = (-scale * np.linalg.solve(matrix, shift.astype(np.float64))).tolist()
    preprocess = round_to_caffe(Preprocess(scale, (r, g, b), (1.0, 1.0, 1.0)))
    rest = {number: pair for number, pair in pairs.items() if number > min(pairs)}
    if not rest:
        raise Refused("holds no convolutions but the 1×1; fetch it again")
    named = _name_by_gaps(rest, 3)
    weight, bias = named["conv1_1"]
    named["conv1_1"] = (np.einsum("ochw,ci->oihw", weight, matrix / scale), bias)
    reason = (
        "a 1×1 layer in front, as in AdaIN's vgg_normalised, is folded into conv1_1; it takes RGB "
        "in [0, 1]"
    )
    return Interpretation(named, "RGB", preprocess, [*evidence, reason])
