"""Winograd's convolution: a 3×3 kernel with fewer multiplications.

Stands on `window`. `winograd_conv` below is the whole algorithm, for any number of axes; the rest
of this file derives the three matrices it uses.

**Multiplying polynomials.** (w₀ + w₁x + w₂x²)(a₀ + a₁x + a₂x² + a₃x³) by hand takes 3·4 = 12
multiplications. But the product s has degree 5, so it is known once its values at 6 points are,
and s(p) = w(p)·a(p): one multiplication for each point. So

    s = interpolate[ evaluate(w) ∘ evaluate(a) ]            6 multiplications instead of 12

where ∘ multiplies number by number. Evaluation is a matrix: row p of E holds 1, p, p², … One of
the points may be ∞, where the "value" of a polynomial is its leading coefficient: row 0, …, 0, 1.
Interpolation is the inverse E⁻¹. With w held fixed, a ↦ s is the matrix

    T(w) = E₆⁻¹ · diag(E₃w) · E₄         T(w)[j, i] = w[j − i]

(E₆, E₃, E₄ evaluate 6, 3 and 4 coefficients at the same points.)

**From products to convolutions.** A network's convolution slides w along an input d without
flipping it: y[i] = Σₖ w[k]·d[i + k] = Σⱼ w[j − i]·d[j]. That is T(w) transposed, and the transpose
of a product of matrices is the product of their transposes in reverse order:

    y = T(w)ᵀ d = E₄ᵀ · [ (E₃w) ∘ (E₆⁻ᵀ d) ] = Aᵀ · [ (G w) ∘ (Bᵀ d) ]

Four outputs from six inputs with 6 multiplications: this is F(4, 3). The names Aᵀ, Bᵀ and G are
those of the literature.

**Two dimensions.** Apply the transforms along the columns, then along the rows. 4×4 outputs Y of
a 6×6 tile D of the input take 36 multiplications instead of 16·9 = 144:

    Y = Aᵀ [ (G W Gᵀ) ∘ (Bᵀ D B) ] A

**Channels.** The sum over input channels passes through Aᵀ, which is linear. So at each of the 36
points of evaluation there is, over all tiles T, a product of matrices (T, C_in) @ (C_in, C_out):
this is nearly all of the work, and a quarter of what the definition needs.

**Which points?** Large points are raised to high powers, which cancel later and lose digits. With
0, ±1, ½, −2 and ∞ the largest error of a layer is about 4e-6 of its largest value in float32; with
±2 it is up to 1e-5, and for the definition 3e-7. Tiles of 2×2 outputs, with the points 0, ±1 and ∞,
need 16 multiplications instead of 36 and have an error of 6e-7.

Differs from the papers: the matrices are derived, not quoted.

Sources: Winograd 1980, "Arithmetic Complexity of Computations"; Lavin and Gray 2016
(arXiv:1509.09308).
"""

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from nnscratch.backend import Array, array_module
from nnscratch.kernels.window import Window, pad

POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)  # and ∞; small tiles use the first ones
TAPS = 3  # weights of a kernel along each axis


def winograd_conv(x: Array, weight: Array, window: Window, m: int = 4) -> Array:
    """The same as `conv` with kernels of 3, stride 1, no dilation and one group, on any axes.

    x (N, C_in, *in), weight (C_out, C_in, 3, ...) -> (N, C_out, *out); m: outputs of a tile
    along each axis, 2 or 4.
    """
    xp, axes = array_module(x), len(window.size)
    outputs, inputs, weights = (xp.asarray(matrix) for matrix in transforms(m, x.dtype))
    out_size = window.out_size(x.shape[2:])
    counts = tuple(-(-size // m) for size in out_size)  # tiles along each axis
    tiles = Window((m + TAPS - 1,) * axes, (m,) * axes, ((0, 0),) * axes, (1,) * axes)
    x = pad(x, window.padding)
    missing = zip(tiles.in_size(counts), x.shape[2:], strict=True)
    x = pad(x, tuple((0, needed - size) for needed, size in missing))
    d = xp.stack([x[view] for _, view in tiles.views(counts)], -1)  # (N, C_in, *counts, n·n)
    d = _along_axes(inputs, d.reshape(*d.shape[:-1], *tiles.size), axes)  # Bᵀ D B
    w = _along_axes(weights, weight, axes)  # G W Gᵀ
    points = len(inputs) ** axes
    d, w = d.reshape(*d.shape[:2], -1, points), w.reshape(*w.shape[:2], points)
    products = xp.einsum("nctp,ocp->notp", d, w)  # at each point, over all channels
    products = products.reshape(len(x), len(weight), *counts, *tiles.size)
    y = _along_axes(outputs, products, axes)  # Aᵀ [...] A: (N, C_out, *counts, *m)
    order = (0, 1, *(axis for i in range(2, 2 + axes) for axis in (i, i + axes)))
    y = y.transpose(order).reshape(*y.shape[:2], *(m * count for count in counts))
    return y[(..., *(slice(size) for size in out_size))]


def _along_axes(matrix: Array, x: Array, axes: int) -> Array:
    """`matrix` applied along each of the last `axes` axes of x."""
    xp = array_module(x)
    for axis in range(x.ndim - axes, x.ndim):
        x = xp.moveaxis(xp.tensordot(x, matrix, (axis, 1)), -1, axis)
    return x


class Transforms(NamedTuple):
    """The three matrices of F(m, taps)."""

    outputs: np.ndarray  # Aᵀ (m, m + 2)
    inputs: np.ndarray  # Bᵀ (m + 2, m + 2)
    weights: np.ndarray  # G (m + 2, 3)


@functools.cache
def transforms(m: int, dtype: Any = np.float64, taps: int = TAPS) -> Transforms:
    """Aᵀ, Bᵀ and G of F(m, taps), from the points alone.

    s = Σ s(p)·ℓ_p + s(∞)·Π(x − q), where ℓ_p = Π(x − q)/(p − q) over q ≠ p is 1 at p and 0 at all
    other points; so E⁻¹ has the coefficients of the ℓ as columns. Their denominators are moved to
    G, so that binary fractions hold the entries of Bᵀ exactly.
    """
    points = POINTS[: m + taps - 2]
    others = [[q for q in points if q != p] for p in points]
    inputs = [[*_coefficients(rest), 0.0] for rest in others] + [_coefficients(points)]
    scale = [math.prod(p - q for q in rest) for p, rest in zip(points, others, strict=True)]
    weights = evaluation(points, taps) / np.array([*scale, 1.0])[:, None]
    matrices = (evaluation(points, m).T, np.array(inputs), weights)
    return Transforms(*(np.ascontiguousarray(matrix, dtype=dtype) for matrix in matrices))


def evaluation(points: tuple[float, ...], count: int) -> np.ndarray:
    """The matrix that evaluates `count` coefficients, lowest first, at `points` and ∞."""
    finite = np.vander(points, count, increasing=True)
    return np.vstack([finite, np.eye(count)[-1]])


def _coefficients(roots: Any) -> list[float]:
    """Π(x − root), lowest coefficient first."""
    return list(np.poly(roots)[::-1])
