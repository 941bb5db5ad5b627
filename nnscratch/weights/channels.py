"""Which channel of conv1_1 is red, and what the network wants done to pixels.

Stands on `form`. The numbers of conv1_1 tell it where they are those of a published network
(`FINGERPRINTS`); a mean colour in the file helps, and else the habit of the layout's maker counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from nnscratch.weights.form import CAFFE, TORCHVISION, Preprocess

AMDEGROOT = Preprocess(255.0, (123.0, 117.0, 104.0), (1.0, 1.0, 1.0))
PLAIN = Preprocess(1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
ORDERS = ("RGB", "BGR")
PIXELS = {"caffe": CAFFE, "torchvision": TORCHVISION, "plain": PLAIN}  # by the names users give
NAMES = {
    CAFFE: "caffe",
    TORCHVISION: "torchvision",
    AMDEGROOT: "amdegroot's port of caffe",
    PLAIN: "no change",
}
NEAR = 2e-3  # half precision and printed digits lie within


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
        "torchvision's VGG-19",
        TORCHVISION,
        {
            (0, 0, 0): (-0.053474, 0.017015, -0.044885),
            (0, 0, 1): (-0.049257, 0.055403, 0.012680),
            (0, 1, 1): (0.045068, 0.22705, 0.13955),
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


def channels(
    weight: np.ndarray, maker: str, order: str, image: np.ndarray | None, source: str
) -> tuple[str, Preprocess, list[str]]:
    """Channel order of conv1_1 (C_out, 3, kH, kW), what is wanted of pixels, and why.

    maker, order: of the layout, and what its files usually have; image: MatConvNet's averageImage;
    source: names the file in errors, quoted
    """
    found = _recognised(weight, source)
    mean = None if image is None else _mean_colour(image, source)
    if found is not None:
        order, known = found
        wants = known.preprocess
        why = f"conv1_1 has the numbers of the {known.name}: channels in {order}"
    else:
        wants = TORCHVISION if maker in ("torchvision", "timm") else CAFFE
        why = f"conv1_1 is of no network known here; channels taken as {order}, as {maker}'s"
    if maker == "amdegroot":
        wants = AMDEGROOT
    if mean is None:
        return order, wants, [why]
    if found is None and _close(mean[::-1], CAFFE.mean):
        order, why = "BGR", "the mean colour in the file is that of pictures in BGR"
    red, green, blue = mean if order == "RGB" else mean[::-1]
    wants = or_caffe(Preprocess(255.0, (red, green, blue), (1.0, 1.0, 1.0)))
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


def _mean_colour(image: np.ndarray, source: str) -> list[float]:
    """MatConvNet's averageImage (H, W, 3) -> three numbers in the file's channel order."""
    image = np.asarray(image, np.float64)
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"weights: {source}: expected averageImage (H, W, 3), got {image.shape}")
    if not np.isfinite(image).all():
        raise ValueError(f"weights: {source}: averageImage holds NaN or infinity; fetch it again")
    return [float(value) for value in image.mean(axis=(0, 1))]


def or_caffe(wants: Preprocess) -> Preprocess:
    """Caffe's numbers, where only rounding differs from them."""
    same = abs(wants.scale - CAFFE.scale) < 1e-3 and _close(wants.mean, CAFFE.mean)
    return CAFFE if same else wants


def _close(a: Iterable[float], b: Iterable[float]) -> bool:
    return all(abs(x - y) < 1e-2 for x, y in zip(a, b, strict=True))


def wanted(wants: Preprocess) -> str:
    """What is done to pixels, in words."""
    kind = f" ({NAMES[wants]})" if wants in NAMES else ""
    return (
        f"wants RGB in [0, 1] times {wants.scale:g}, minus {_digits(wants.mean)}, over "
        f"{_digits(wants.std)}{kind}"
    )


def _digits(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
