"""Three measures of similarity to a style, and two of similarity to a content, without a network.

Stands on `texture`, on `functional` for patches, and on SciPy's filters.
"""

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude

import nnscratch.functional as F
from nnscratch.autograd import no_grad
from nnscratch.data.images import resize_image
from nnscratch.style import texture

PATCHES = (3, 7)  # pixels, sides of the patches
DIRECTIONS = 32  # random projections of a distribution
QUANTILES = 256  # of each projection
SEED = 2015  # of the projections, the same for all pictures

# Mean distance between two pictures in each group of statistics, over six photographs and paintings
# and five drawings at 256 px. Dividing by it gives all groups the same weight.
USUAL = {
    "moments": 0.44,
    "low moments": 0.36,
    "energies": 0.39,
    "tint energies": 0.47,
    "low correlations": 0.16,
    "magnitude correlations": 0.12,
    "across orientations": 0.22,
    "across scales": 0.27,
}


# -- style: two pictures are compared by the Euclidean distance of their signatures ---------------


def texture_signature(image: np.ndarray, levels: int) -> np.ndarray:
    """The statistics of `texture`, all groups of equal weight: (3, H, W) in [0, 1] -> (D,)."""
    groups = texture.statistics(image, levels)
    scaled = [x / (USUAL[name] * np.sqrt(x.size)) for name, x in groups.items()]
    return np.concatenate(scaled) / np.sqrt(len(groups))


def patch_signature(image: np.ndarray, levels: int) -> np.ndarray:
    """The distribution of patches of 3×3 and 7×7 pixels at each of `levels` scales.

    (3, H, W) in [0, 1] -> (D,): quantiles of random projections of the patches. The distance of two
    signatures is the sliced Wasserstein-2 distance of their patches, as root mean square over
    scales. Projections have mean 0 in each colour, because `colour_signature` compares means. Each
    scale is half the one before, by Lanczos' filter.
    Source: Heitz et al. 2021 (arXiv:2006.07229) for the distance, there of features; Karras et al.
    2018 (arXiv:1710.10196), section 5, for patches at several scales.
    """
    rows = []
    for level in range(levels):
        if level:
            height, width = image.shape[1:]
            image = resize_image(image, (-(-height // 2), -(-width // 2)))
        rows += [_quantiles(_project_patches(image, side)) for side in PATCHES]
    return _signature(rows)


def colour_signature(image: np.ndarray) -> np.ndarray:
    """The distribution of colours: (3, H, W) in [0, 1] -> (D,), in units of CIELAB.

    The distance of two signatures is the sliced Wasserstein-2 distance of the pixels.
    """
    pixels = lab(image).reshape(3, -1)
    directions = _unit(np.random.default_rng(SEED).standard_normal((DIRECTIONS, 3)))
    return _signature([_quantiles(directions @ pixels)])


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Euclidean distance of two signatures (D,)."""
    return float(np.linalg.norm(a - b))


def lab(image: np.ndarray) -> np.ndarray:
    """sRGB (3, H, W) in [0, 1] -> CIELAB, white D65: L in [0, 100], a and b about −128 to 128.

    Source: IEC 61966-2-1 for sRGB; CIE 15:2004, section 8.2.1.
    """
    image = image.astype(np.float64)
    linear = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    relative = xyz / xyz.sum(1, keepdims=True)  # to white D65
    x, y, z = (_lightness(channel) for channel in np.tensordot(relative, linear, 1))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _lightness(t: np.ndarray) -> np.ndarray:
    """The cube root, linear near 0."""
    return np.where(t > (6 / 29) ** 3, np.cbrt(t), t * (29 / 6) ** 2 / 3 + 4 / 29)


def _project_patches(image: np.ndarray, side: int) -> np.ndarray:
    """Random projections of all patches, by a convolution -> (DIRECTIONS, patches)."""
    rng = np.random.default_rng([SEED, side])
    filters = rng.standard_normal((DIRECTIONS, len(image), side, side))
    filters -= filters.mean((2, 3), keepdims=True)
    unit = _unit(filters.reshape(DIRECTIONS, -1)).reshape(filters.shape)
    with no_grad():
        projected = F.conv2d(image[None].astype(np.float32), unit.astype(np.float32))
    return projected.numpy()[0].reshape(DIRECTIONS, -1)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _quantiles(values: np.ndarray) -> np.ndarray:
    """(K, N) -> (K, QUANTILES), at the middle of equal shares, interpolated."""
    count = values.shape[1]
    positions = (np.arange(QUANTILES) + 0.5) * count / QUANTILES - 0.5  # interp clips them
    return np.array([np.interp(positions, np.arange(count), row) for row in np.sort(values)])


def _signature(rows: list[np.ndarray]) -> np.ndarray:
    """All numbers as a vector whose norm is their root mean square."""
    flat = np.concatenate([row.ravel() for row in rows])
    return flat / np.sqrt(flat.size)


# -- content --------------------------------------------------------------------------------------


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity of two grey pictures (H, W) in [0, 1]: 1 if equal, in [−1, 1].

    The mean of (2 μa μb + c1)(2 σab + c2) / ((μa² + μb² + c1)(σa² + σb² + c2)) over all windows
    of 11×11 pixels inside the picture, weighted by a Gaussian of 1.5 pixels.
    Source: Wang, Bovik, Sheikh and Simoncelli 2004, "Image Quality Assessment: From Error
    Visibility to Structural Similarity", equation 13.

    Raises ValueError if the shapes differ or a side is below 11.
    """
    if a.shape != b.shape or a.ndim != 2 or min(a.shape) < 11:
        raise ValueError(
            f"ssim: expected two of one shape (H, W), sides of at least 11, got {a.shape} and "
            f"{b.shape}"
        )
    a, b = a.astype(np.float64), b.astype(np.float64)
    mean_a, mean_b = _window_mean(a), _window_mean(b)
    variances = _window_mean(a * a) - mean_a**2 + _window_mean(b * b) - mean_b**2
    covariance = _window_mean(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    brightness = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return float((brightness * (2 * covariance + c2) / (variances + c2)).mean())


def _window_mean(image: np.ndarray) -> np.ndarray:
    """Gaussian mean of each window inside the picture: (H, W) -> (H − 10, W − 10)."""
    return gaussian_filter(image, 1.5, radius=5)[5:-5, 5:-5]


def edge_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of the edges of two grey pictures (H, W): 1 if equal, in [−1, 1].

    Edges are the magnitudes of gradients, smoothed by a Gaussian of 1 pixel and of 2; the mean of
    the two correlations. 0 if a picture has no edges.
    """
    if a.shape != b.shape or a.ndim != 2:
        raise ValueError(f"edge_correlation: expected two of one shape, got {a.shape}, {b.shape}")
    a, b = a.astype(np.float64), b.astype(np.float64)
    edges = [[gaussian_gradient_magnitude(x, width) for x in (a, b)] for width in (1, 2)]
    return float(np.mean([_correlation(*pair) for pair in edges]))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / scale if scale > 1e-12 else 0.0
