"""`inspect` reports what a weight file is; `convert` writes its convolutions alone.

Stands on `files`, `loading`, `layouts`, `vgg_weights` and `fetching`.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nnscratch.files import as_path, check_apart, check_place, check_suffix
from nnscratch.weights import fetching, layouts, loading, vgg_weights
from nnscratch.weights.fetching import hash_in_name, sha256
from nnscratch.weights.readers.contents import Contents
from nnscratch.weights.vgg_weights import NETWORKS, WIDTHS, Preprocess, VGGWeights, layer_names

LAYOUTS = {  # stored axes -> the transposition to (C_out, C_in, kH, kW)
    "C_out, C_in, kH, kW": (0, 1, 2, 3),
    "kH, kW, C_in, C_out": (3, 2, 0, 1),
}
TOLERANCE = 1e-4  # relative; a file may hold float16
DENSE = ("fc", "classifier", "dense", "head", "pre_logits", "predictions")


@dataclass(frozen=True)
class Inspection:
    """What a weight file is.

    network: "vgg19", "vgg19 up to conv4_1", "vgg16/vgg19 up to conv2_2" or "other"; blocks: the
    convolutions in each block; layers: the shape (C_out, C_in, kH, kW) of each; layout: the file's
    own order of axes, channels: "RGB" or "BGR" as its first layer takes them, both "unknown" where
    loading changed the first layer; size, sha256: of the file, or the size of an index and its
    shards and the hash of the index; hash_agrees: with the hash in a name such as
    vgg19-dcbb9e9d.pth, None if the name has none.
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
    """Report what a file is, or a fetched one by name ("vgg19").

    Raises ValueError if it holds no VGG, or is broken.
    """
    path = as_path(fetching.locate(path), "weights")
    contents = loading.open_contents(path)
    vgg, evidence = layouts.interpret(contents, path)
    layout, channels, comparison = _compare(contents, vgg)
    shapes = {name: layer.weight.shape for name, layer in vgg.layers.items()}
    network = network_of(shapes)
    digest, promised = sha256(path), hash_in_name(path.name)
    return Inspection(
        path=str(path),
        container=contents.container,
        network=network,
        blocks=_blocks(shapes),
        layers=shapes,
        layout=layout,
        channels=channels,
        preprocess=vgg.preprocess,
        source=vgg.source,
        evidence=[
            f"its bytes are those of {contents.container}",
            *evidence,
            comparison,
            _describe_blocks(network, shapes),
            *_compare_hash(promised, digest),
        ],
        size=sum(file.stat().st_size for file in loading.files_of(path)),
        sha256=digest,
        hash_agrees=None if promised is None else digest.startswith(promised),
    )


def convert(path, out, dtype=np.float32, channels=None, pixels=None) -> Inspection:
    """Write the convolutions of the file at `path` to `out`, .npz or .safetensors; inspect `out`.

    dtype: of the new file, float16 halves it; channels, pixels: as in `load`. Raises ValueError if
    `path` holds no VGG, if `out` cannot be written, or if a weight is too large for the dtype.
    """
    check_suffix(out, "weights")
    check_place(out)
    path = as_path(fetching.locate(path), "weights")
    check_apart([out], loading.files_of(path))
    vgg = loading.load(path, channels, pixels)
    if str(path) in vgg.source:  # a file that may be shared should not name private folders
        vgg = replace(vgg, source=f"converted from {path.name}, SHA-256 {sha256(path)}")
    vgg_weights.save(out, vgg, dtype)
    return inspect(out)


# -- the network ----------------------------------------------------------------------------------


def network_of(shapes: dict[str, tuple[int, ...]]) -> str:
    """The network with layers of these names and shapes (C_out, C_in, kH, kW), see Inspection."""
    names = list(shapes)
    widths = dict(enumerate(WIDTHS, 1))
    if any(s[0] != widths.get(int(name[4])) or s[2:] != (3, 3) for name, s in shapes.items()):
        return "other"
    fitting = [net for net in NETWORKS if names == layer_names(net)[: len(names)]]
    complete = [net for net in fitting if len(names) == len(layer_names(net))]
    if complete:
        return complete[0]
    return f"{'/'.join(fitting)} up to {names[-1]}" if fitting else "other"


def _blocks(shapes: dict[str, tuple[int, ...]]) -> dict[int, int]:
    """The number of convolutions in each block."""
    return dict(Counter(int(name[4]) for name in shapes))


def _describe_blocks(network: str, shapes: dict[str, tuple[int, ...]]) -> str:
    counts = ", ".join(str(count) for count in _blocks(shapes).values())
    outputs = {name[4]: shape[0] for name, shape in shapes.items()}  # of each block
    widths = ", ".join(str(width) for width in outputs.values())
    subject = "no published VGG has" if network == "other" else f"{network} has"
    return f"{subject} these blocks: {counts} convolutions of {widths} channels"


def _compare_hash(promised: str | None, digest: str) -> list[str]:
    if promised is None:
        return []
    if digest.startswith(promised):
        return [f"the SHA-256 begins with {promised}, as the name says"]
    return [
        f"the SHA-256 begins with {digest[: len(promised)]}, but the name says {promised}: it "
        "is broken, or another file"
    ]


# -- how the file stores it -----------------------------------------------------------------------


def _compare(contents: Contents, vgg: VGGWeights) -> tuple[str, str, str]:
    """Find the file's axes and channels by comparing its arrays with the first loaded layer."""
    name, layer = next(iter(vgg.layers.items()))
    for key, array in _dense_last(contents):
        for layout, axes in LAYOUTS.items():
            stored = array.transpose(axes) if array.ndim == 4 else array
            if stored.shape != layer.weight.shape:
                continue
            for channels, rgb in (("RGB", stored), ("BGR", stored[:, ::-1])):
                if _same_filters(rgb, layer.weight):
                    stores = f"{key} {array.shape} is ({layout}) and takes {channels}"
                    return layout, channels, f"{stores}: it agrees with {name} as loaded"
    return "unknown", "unknown", f"no array agrees with {name}: loading changed it"


def _dense_last(contents: Contents) -> Iterator[tuple[str, np.ndarray]]:
    """Arrays by name, fully connected layers last: reading one of them takes 400 MB."""
    for key in sorted(contents.arrays, key=lambda key: key.startswith(DENSE)):
        yield key, contents.arrays[key]


def _same_filters(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether each filter (C_in, kH, kW) of `a` is a multiple of that in `b` (a folded norm)."""
    a, b = (np.asarray(x, np.float64).reshape(len(x), -1) for x in (a, b))
    peak = np.abs(b).argmax(1)[:, None]
    left, right = a * np.take_along_axis(b, peak, 1), b * np.take_along_axis(a, peak, 1)
    return bool(np.allclose(left, right, rtol=0, atol=TOLERANCE * np.abs(left).max(initial=0)))
