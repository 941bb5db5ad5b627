"""Saying what a weight file is, by what it holds; and writing the slim form of one.

Stands on `files`, `layouts`, `own` and `fetching`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.files import as_path, check_apart, check_place, check_suffix
from nnscratch.weights import fetching, files, layouts, own
from nnscratch.weights.contents import Contents
from nnscratch.weights.fetching import hash_in_name, sha256
from nnscratch.weights.form import NETWORKS, WIDTHS, Preprocess, VGGWeights

LAYOUTS = {  # how a file's axes become ours, which are (C_out, C_in, kH, kW)
    "C_out, C_in, kH, kW": (0, 1, 2, 3),
    "kH, kW, C_in, C_out": (3, 2, 0, 1),
}
TALLIES = 1e-4  # relative: a file may hold float16


@dataclass(frozen=True)
class Inspection:
    """What a weight file is.

    network: "vgg19", "vgg19 up to conv4_1", "vgg16/vgg19 up to conv2_2" or "other"; blocks: how
    many convolutions each block has; layers: the shape (C_out, C_in, kH, kW) of each; layout: the
    file's own order of axes, channels: "RGB" or "BGR" as its first layer takes them, both "unknown"
    where the first layer was changed in loading; hash_agrees: with the hash in a name such as
    vgg19-dcbb9e9d.pth, None if there is none.
    """

    path: str
    container: str
    network: str
    blocks: dict[int, int]
    layers: dict[str, tuple[int, ...]]
    layout: str
    channels: str
    preprocess: Preprocess
    source: str
    evidence: list[str]
    size: int
    sha256: str
    hash_agrees: bool | None

    @property
    def slim_size(self) -> int:
        """Bytes of the convolutions alone, in float32."""
        return sum(4 * (int(np.prod(shape)) + shape[0]) for shape in self.layers.values())


def inspect(path: str | os.PathLike) -> Inspection:
    """What the file at `path` is, or that of "vgg19" and others once fetched.

    Raises ValueError if it holds no VGG, or is broken.
    """
    path = as_path(fetching.locate(path), "weights")
    contents, given, evidence = _read(path)
    layout, channels, compared = _compare(contents, given)
    shapes = {name: layer.weight.shape for name, layer in given.layers.items()}
    network = network_of(shapes)
    digest = sha256(path)
    promised = hash_in_name(path.name)
    return Inspection(
        path=str(path),
        container=contents.container,
        network=network,
        blocks=_blocks(shapes),
        layers=shapes,
        layout=layout,
        channels=channels,
        preprocess=given.preprocess,
        source=given.source,
        evidence=[*evidence, compared, _why(network, shapes), *_hash_said(promised, digest)],
        size=path.stat().st_size,
        sha256=digest,
        hash_agrees=None if promised is None else digest.startswith(promised),
    )


def convert(
    path: str | os.PathLike,
    out: str | os.PathLike,
    dtype: Any = np.float32,
    channels: str | None = None,
    pixels: str | None = None,
) -> Inspection:
    """Write the convolutions alone to `out`, .npz or .safetensors, and read them back.

    dtype: of the file, float16 halves it; channels, pixels: as in `load`, what is to be believed
    instead of what was found. Raises ValueError if `path` holds no VGG, if `out` cannot
    be written, or if a weight is too large for the type.
    """
    check_suffix(out, "weights")
    check_place(out)
    path = as_path(fetching.locate(path), "weights")
    check_apart([out], [path])
    given = files.load(path, channels, pixels)
    if str(path) in given.source:  # nobody's folders go into a file that may be passed on
        name, digest = path.name, sha256(path)
        given = replace(given, source=f"converted from {name}, SHA-256 {digest}")
    own.save(out, given, dtype)
    return inspect(out)


# -- reading --------------------------------------------------------------------------------------


def _read(path: Path) -> tuple[Contents, VGGWeights, list[str]]:
    """What the file holds, what that means, and by what that is known."""
    contents = files.open_contents(path)
    given, evidence = layouts.vgg(contents, f"'{path}'")
    return contents, given, [f"its bytes are those of {contents.container}", *evidence]


# -- what it means --------------------------------------------------------------------------------


def network_of(shapes: dict[str, tuple[int, ...]]) -> str:
    """The network that layers of these names and shapes (C_out, C_in, kH, kW) belong to."""
    if any(shape[0] != _width(name) or shape[2:] != (3, 3) for name, shape in shapes.items()):
        return "other"
    names = list(shapes)
    fitting = [net for net in NETWORKS if names == layer_names(net)[: len(names)]]
    whole = [net for net in fitting if len(names) == len(layer_names(net))]
    if whole:
        return whole[0]
    return f"{'/'.join(fitting)} up to {names[-1]}" if fitting else "other"


def layer_names(network: str) -> list[str]:
    """conv1_1, conv1_2, ... of "vgg19" and others."""
    counts = enumerate(NETWORKS[network], 1)
    return [f"conv{block}_{i}" for block, count in counts for i in range(1, count + 1)]


def _width(name: str) -> int | None:
    """The channels of conv3_1 in any of the published networks."""
    block = int(name[4])
    return WIDTHS[block - 1] if block <= len(WIDTHS) else None


def _blocks(shapes: dict[str, tuple[int, ...]]) -> dict[int, int]:
    blocks: dict[int, int] = {}
    for name in shapes:
        blocks[int(name[4])] = blocks.get(int(name[4]), 0) + 1
    return blocks


def _why(network: str, shapes: dict[str, tuple[int, ...]]) -> str:
    counts = ", ".join(str(count) for count in _blocks(shapes).values())
    widths = ", ".join(str(width) for width in _widths(shapes))
    kind = "no published VGG has" if network == "other" else f"{network} has"
    return f"{kind} such blocks: {counts} convolutions of {widths} channels"


def _widths(shapes: dict[str, tuple[int, ...]]) -> list[int]:
    """The channels that come out of each block."""
    return list({name[4]: shape[0] for name, shape in shapes.items()}.values())


def _hash_said(promised: str | None, digest: str) -> list[str]:
    if promised is None:
        return []
    if digest.startswith(promised):
        return [f"the SHA-256 begins with {promised}, as the name says"]
    return [
        f"the SHA-256 begins with {digest[: len(promised)]}, but the name says {promised}: it "
        "is broken, or another file"
    ]


# -- how it was stored ----------------------------------------------------------------------------


def _compare(contents: Contents, given: VGGWeights) -> tuple[str, str, str]:
    """The file's order of axes and channels, found by comparing its arrays with what was loaded."""
    name, layer = next(iter(given.layers.items()))
    for key, array in _small_first(contents):
        for layout, axes in LAYOUTS.items():
            stored = array.transpose(axes) if array.ndim == 4 else array
            if stored.shape != layer.weight.shape:
                continue
            for channels, order in (("RGB", stored), ("BGR", stored[:, ::-1])):
                if _same_filters(order, layer.weight):
                    said = f"{key} {array.shape} is ({layout}) and takes {channels}"
                    return layout, channels, f"{said}: so it tallies with {name} as loaded"
    return "unknown", "unknown", f"no array tallies with {name}: it was changed in loading"


def _small_first(contents: Contents) -> Iterator[tuple[str, np.ndarray]]:
    """Arrays by name, those of fully connected layers last: reading one takes 400 MB."""
    large = ("fc", "classifier", "dense", "head", "pre_logits", "predictions")
    for key in sorted(contents.arrays, key=lambda key: key.startswith(large)):
        yield key, contents.arrays[key]


def _same_filters(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether each filter (C_in, kH, kW) of `a` is that of `b` times a number (a folded norm)."""
    a, b = (np.asarray(x, np.float64).reshape(len(x), -1) for x in (a, b))
    peak = np.abs(b).argmax(1)[:, None]
    left, right = a * np.take_along_axis(b, peak, 1), b * np.take_along_axis(a, peak, 1)
    return bool(np.allclose(left, right, rtol=0, atol=TALLIES * np.abs(left).max(initial=0)))
