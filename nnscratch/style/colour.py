"""Transfer of colours between pictures, so that a result may keep the content's colours.

Stands on NumPy. Pictures are RGB (3, H, W) in [0, 1]; float32 in gives float32 out, computed in
float64.
Source: Gatys, Bethge, Hertzmann and Shechtman 2016, "Preserving Color in Neural Artistic Style
Transfer" (arXiv:1606.05897).
"""

import numpy as np

KINDS = ("luminance", "cholesky", "pca", "symmetric", "histogram")
LINEAR = ("cholesky", "pca", "symmetric")
LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue, in YIQ and YCbCr alike
EPS = 1e-5  # a variance below it (0.8 levels of 8 bits) is noise


def prepare(kind: str, content: np.ndarray, style: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The content and the style for a transfer that keeps the content's colours.

    "luminance": both grey, the style's luma matched to the content's; the other kinds: the style
    in the content's colours. Source: Gatys et al., "luminance-only transfer" and "color histogram
    matching".
    Raises ValueError for a kind not in KINDS.
    """
    _check_kind("prepare", kind)
    if kind == "luminance":
        return grey(content), match_luma(style, content)
    return content, recolour(kind, style, content)


def finish(kind: str, result: np.ndarray, content: np.ndarray) -> np.ndarray:
    """The transfer's result (3, H, W) after `prepare`, in the content's colours.

    Only "luminance" changes the result. Raises ValueError for a kind not in KINDS.
    """
    _check_kind("finish", kind)
    return keep_luminance(result, content) if kind == "luminance" else result


def recolour(kind: str, image: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """image (3, H, W) in the colours of reference (3, H', W') -> (3, H, W) in [0, 1].

    kind: "luminance", see `keep_luminance`, for pictures of one size; "cholesky", "pca" or
    "symmetric", see `match_colours`, clipped; "histogram", see `match_histogram`.
    Raises ValueError for a kind not in KINDS.
    """
    _check_kind("recolour", kind)
    if kind == "luminance":
        return keep_luminance(image, reference)
    if kind == "histogram":
        return match_histogram(image, reference)
    return np.clip(match_colours(image, reference, kind), 0, 1)


# -- luma -----------------------------------------------------------------------------------------


def luma(image: np.ndarray) -> np.ndarray:
    """0.299 R + 0.587 G + 0.114 B: (3, H, W) -> (H, W)."""
    image = _check("luma", image)
    return np.tensordot(LUMA, image, 1).astype(image.dtype)


def grey(image: np.ndarray) -> np.ndarray:
    """The picture without its colours: (3, H, W) -> (3, H, W), luma in each channel."""
    return np.repeat(luma(image)[None], 3, axis=0)


def match_luma(style: np.ndarray, content: np.ndarray) -> np.ndarray:
    """The style in grey, its luma with the content's mean and deviation -> (3, H, W) in [0, 1].

    L' = (L − mean) · σ_content / σ_style + mean_content; a style of constant luma becomes the mean.
    Source: Gatys et al., "luminance-only transfer". Differs from the paper: clipped to [0, 1].
    """
    bright, target = luma(style), luma(content)
    spread = float(bright.std())
    scale = float(target.std()) / spread if spread**2 > EPS else 0.0
    matched = (bright - float(bright.mean())) * scale + float(target.mean())
    return np.repeat(np.clip(matched, 0, 1)[None], 3, axis=0)


def keep_luminance(result: np.ndarray, content: np.ndarray) -> np.ndarray:
    """The luma of result with the chroma of content: two of (3, H, W) -> (3, H, W) in [0, 1].

    Chroma is RGB − luma, the same in YIQ, YUV and YCbCr, so no conversion is needed. Source: Gatys
    et al., "luminance-only transfer". Differs from the paper: where the sum would leave [0, 1],
    chroma is lowered; luma and hue stay unchanged.
    Raises ValueError if the sizes differ.
    """
    result, content = _check("keep_luminance", result), _check("keep_luminance", content)
    if result.shape != content.shape:
        raise ValueError(
            f"keep_luminance: expected pictures of one size, got {result.shape} and "
            f"{content.shape}; resize_image makes them alike"
        )
    bright = np.tensordot(LUMA, np.clip(result, 0, 1), 1)  # (3, H, W) -> (H, W)
    chroma = content - np.tensordot(LUMA, content, 1)
    mixed = bright + _share(bright, chroma) * chroma
    return np.clip(mixed, 0, 1).astype(result.dtype)  # clips rounding errors only


def _share(bright: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """The largest s ≤ 1 with bright + s · chroma in [0, 1]: (H, W), (3, H, W) -> (H, W)."""
    room = np.where(chroma > 0, 1 - bright, bright)
    size = np.abs(chroma)
    return np.divide(room, size, out=np.ones_like(size), where=size > room).min(0)


# -- mean and covariance --------------------------------------------------------------------------


def match_colours(image, reference, kind: str = "symmetric", eps: float = EPS) -> np.ndarray:
    """Give image (3, H, W) the mean and covariance of reference's colours -> (3, H, W).

    x' = T (x − μ) + μ_r with T Σ Tᵀ = Σ_r. All such T are Σ_r^½ W Σ^-½ with a rotation W:
    "pca" takes none, "cholesky" the one that makes T triangular (red depends on red alone),
    "symmetric" the one that moves colours least (Monge's map, symmetric and positive).
    Directions with a variance of at most eps in image are set to 0: all but one in a grey picture,
    all in a picture of one colour.
    Values may leave [0, 1]. Source: Gatys et al., "color histogram matching". Differs from the
    paper: singular covariances are allowed.
    Raises ValueError if kind is not in LINEAR.
    """
    image, reference = _check("match_colours", image), _check("match_colours", reference)
    if kind not in LINEAR:
        raise ValueError(f"match_colours: expected kind in {LINEAR}, got {kind!r}")
    mean, covariance = moments(image)
    new_mean, new_covariance = moments(reference)
    matrix = _transport(covariance, new_covariance, kind, eps)
    matched = matrix @ (image.reshape(3, -1) - mean[:, None]) + new_mean[:, None]
    return matched.reshape(image.shape).astype(image.dtype)


def moments(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean colour (3,) and the covariance (3, 3) of colours, over (3, H, W), in float64."""
    colours = image.reshape(len(image), -1).astype(np.float64)  # (3, H, W) -> (3, H·W)
    centred = colours - colours.mean(1, keepdims=True)
    return colours.mean(1), centred @ centred.T / centred.shape[1]


def _transport(source: np.ndarray, goal: np.ndarray, kind: str, eps: float) -> np.ndarray:
    """T = goal^½ W source^-½ with T source Tᵀ = goal: (3, 3), (3, 3) -> (3, 3)."""
    root, goal_root = _power(source, 0.5, 0.0), _power(goal, 0.5, 0.0)
    rotation = np.eye(3)
    if kind == "cholesky":
        rotation = _triangulating(goal_root) @ _triangulating(root).T
    if kind == "symmetric":  # W is the orthogonal part of goal^½ source^½ (Procrustes)
        left, _, right = np.linalg.svd(goal_root @ root)
        rotation = left @ right
    return goal_root @ rotation @ _power(source, -0.5, eps)


def _power(covariance: np.ndarray, exponent: float, eps: float) -> np.ndarray:
    """A power of a symmetric matrix; eigenvalues of at most eps become 0."""
    values, vectors = np.linalg.eigh(covariance)
    large = values > eps
    powers = np.where(large, np.where(large, values, 1.0) ** exponent, 0.0)
    return vectors * powers @ vectors.T


def _triangulating(root: np.ndarray) -> np.ndarray:
    """The rotation Q for which root Q is the Cholesky factor, also where the rank is below 3."""
    rotation, upper = np.linalg.qr(root)  # root = Q U is symmetric: root Q = Uᵀ
    return rotation * np.where(np.diag(upper) < 0, -1.0, 1.0)


# -- histograms -----------------------------------------------------------------------------------


def match_histogram(image: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Give each channel the histogram of reference's: (C, H, W), (C, H', W') -> (C, H, W).

    By rank: the smallest value becomes reference's smallest, and so on; where sizes differ, values
    between ranks are interpolated. Equal values stay equal: they become the mean of the values of
    their ranks. As channels are independent, hues that neither picture has may appear.
    """
    image, reference = _check("match_histogram", image), _check("match_histogram", reference)
    channels = [_by_rank(a, b) for a, b in zip(image, reference, strict=True)]
    return np.stack(channels).astype(image.dtype)


def _by_rank(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(H, W), (H', W') -> (H, W)."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranked = np.sort(reference, axis=None).astype(np.float64)
    if values.size != ranked.size:
        ranked = np.interp(_quantiles(values.size), _quantiles(ranked.size), ranked)
    starts = np.cumsum(counts) - counts
    return (np.add.reduceat(ranked, starts) / counts)[where].reshape(values.shape)


def _quantiles(count: int) -> np.ndarray:
    """The quantiles in [0, 1] of `count` ranks: (count,)."""
    return (np.arange(count) + 0.5) / count


# -- checks ---------------------------------------------------------------------------------------


def _check_kind(caller: str, kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"{caller}: expected kind in {KINDS}, got {kind!r}")


def _check(caller: str, image: np.ndarray) -> np.ndarray:
    image = np.asarray(image)
    if image.dtype.kind != "f":
        raise TypeError(
            f"{caller}: expected floats in [0, 1], got {image.dtype}; divide bytes by 255"
        )
    if image.ndim != 3 or len(image) != 3 or not image.size:
        raise ValueError(f"{caller}: expected a picture (3, H, W), got shape {image.shape}")
    if not np.isfinite(image).all():
        raise ValueError(f"{caller}: expected finite values, got NaN or infinity")
    return image
