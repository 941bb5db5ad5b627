"""The channel order that conv1_1 takes, and the network's preprocessing.

Stands on `vgg_weights`. If conv1_1 has the numbers of a published network (`PUBLISHED`), they
decide; then a mean colour in the file; then the convention of the file's maker.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from nnscratch.weights.readers.contents import Refused
from nnscratch.weights.vgg_weights import CAFFE, TORCHVISION, Preprocess

AMDEGROOT = Preprocess(255.0, (123.0, 117.0, 104.0), (1.0, 1.0, 1.0))
PLAIN = Preprocess(1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
ORDERS = ("RGB", "BGR")
PIXELS = {"caffe": CAFFE, "torchvision": TORCHVISION, "plain": PLAIN}  # names on the command line
NAMES = {CAFFE: "caffe", TORCHVISION: "torchvision", PLAIN: "no change"}  # in reports
NAMES[AMDEGROOT] = "amdegroot's port of caffe"
NEAR = 2e-3  # tolerance for half precision and for printed digits


@dataclass(frozen=True)
class PublishedLayer:
    """Numbers of a published conv1_1: (filter, row, column) -> the weights of R, G and B."""

    name: str
    preprocess: Preprocess
    values: Mapping[tuple[int, int, int], tuple[float, float, float]]


# fmt: off
PUBLISHED = (
    PublishedLayer("VGG-19 of Simonyan and Zisserman", CAFFE, {
        (0, 0, 0): (0.39416704, 0.46418372, 0.34119523),
        (0, 0, 1): (0.37740308, 0.41810837, 0.33999205),
        (0, 1, 0): (0.2671299, 0.30511212, 0.23215917),
    }),
    PublishedLayer("VGG-16 of Simonyan and Zisserman", CAFFE, {
        (0, 0, 0): (0.480015397, 0.550379455, 0.429470569),
        (1, 0, 0): (-0.17269668, 0.0208774377, 0.117273867),
        (2, 0, 0): (0.0375577137, 0.0988311544, 0.0340129584),
    }),
    PublishedLayer("torchvision's VGG-19", TORCHVISION, {
        (0, 0, 0): (-0.053474, 0.017015, -0.044885),
        (0, 0, 1): (-0.049257, 0.055403, 0.012680),
        (0, 1, 1): (0.045068, 0.22705, 0.13955),
    }),
    PublishedLayer("torchvision's VGG-16", TORCHVISION, {
        (0, 0, 0): (-0.5537, 0.1755, 0.3130),
        (0, 0, 1): (0.1427, 0.0099, -0.1659),
        (0, 1, 0): (-0.5831, 0.0441, 0.4752),
    }),
)
# fmt: on


def find_channels(weight, maker, order, image) -> tuple[str, Preprocess, list[str]]:
    """Channel order of conv1_1 (C_out, 3, kH, kW), preprocessing, and the evidence.

    maker, order: the file's maker and its usual order; image: MatConvNet's averageImage or None
    """
    known, published = _recognise(weight)
    mean = None if image is None else _mean_colour(image)
    if published is not None:
        order, preprocess = known, published.preprocess
        reason = f"conv1_1 has the numbers of the {published.name}: channels in {order}"
    else:
        preprocess = TORCHVISION if maker in ("torchvision", "timm") else CAFFE
        reason = f"conv1_1 is of an unknown network; channels taken as {order}, as in {maker}'s"
    if maker == "amdegroot":
        preprocess = AMDEGROOT
    if mean is None:
        return order, preprocess, [reason]
    if published is None and _close(mean[::-1], CAFFE.mean):
        order, reason = "BGR", "the mean colour in the file is that of pictures in BGR"
    red, green, blue = mean if order == "RGB" else mean[::-1]
    preprocess = round_to_caffe(Preprocess(255.0, (red, green, blue), (1.0, 1.0, 1.0)))
    return order, preprocess, [reason, f"the file states the mean colour {_digits(mean)}"]


def _recognise(weight: np.ndarray) -> tuple[str, PublishedLayer | None]:
    """The published layer that has these numbers. Raises Refused if they are mirrored."""
    for published in PUBLISHED:
        for order, rgb in (("RGB", weight), ("BGR", weight[:, ::-1])):
            if _agrees(rgb, published):
                return order, published
            if _agrees(rgb.swapaxes(2, 3), published) or _agrees(rgb[:, :, ::-1, ::-1], published):
                raise Refused(
                    f"has the kernels of the {published.name} mirrored (height and width swapped, "
                    "or turned by Theano); convert it again without that"
                )
    return "", None


def _agrees(weight: np.ndarray, published: PublishedLayer) -> bool:
    """Whether weight (C_out, 3, kH, kW) has the published numbers."""
    ends = np.array(list(published.values)).max(axis=0)
    if (ends >= np.array(weight.shape)[[0, 2, 3]]).any():
        return False
    return all(
        np.abs(weight[out, :, row, column] - np.array(colours)).max() < NEAR
        for (out, row, column), colours in published.values.items()
    )


def _mean_colour(image: np.ndarray) -> list[float]:
    """MatConvNet's averageImage (H, W, 3) -> three numbers in the file's channel order."""
    image = np.asarray(image, np.float64)
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise Refused(f"has a wrong mean: expected averageImage (H, W, 3), got {image.shape}")
    if not np.isfinite(image).all():
        raise Refused("has an averageImage with NaN or infinity; fetch it again")
    return image.mean(axis=(0, 1)).tolist()


def round_to_caffe(preprocess: Preprocess) -> Preprocess:
    """CAFFE, if only rounding differs from it."""
    same = abs(preprocess.scale - CAFFE.scale) < 1e-3 and _close(preprocess.mean, CAFFE.mean)
    return CAFFE if same else preprocess


def _close(a: Iterable[float], b: Iterable[float]) -> bool:
    return all(abs(x - y) < 1e-2 for x, y in zip(a, b, strict=True))


def describe(preprocess: Preprocess) -> str:
    """The preprocessing in words."""
    name = f" ({NAMES[preprocess]})" if preprocess in NAMES else ""
    return (
        f"takes RGB in [0, 1] times {preprocess.scale:g}, minus {_digits(preprocess.mean)}, over "
        f"{_digits(preprocess.std)}{name}"
    )


def _digits(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
