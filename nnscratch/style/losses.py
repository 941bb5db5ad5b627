"""The costs of neural style transfer: content, style by Gram matrices, total variation.

Stands on `tensor`.
Source: Gatys, Ecker and Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks".
"""

from nnscratch.tensor import Tensor

TV_POWERS = (1, 2)


def content_cost(features: Tensor, target: Tensor) -> Tensor:
    """½ Σ (F − P)² over features of one shape (N, C, *size) -> (). Source: Gatys et al., eq. 1."""
    if features.shape != target.shape:
        raise ValueError(
            f"content_cost: expected features of one shape, got {features.shape} and {target.shape}"
        )
    return 0.5 * ((features - target) ** 2).sum()


def gram_matrix(features: Tensor) -> Tensor:
    """The mean product of each two channels: features (N, C, *size) -> (N, C, C).

    G = F Fᵀ / P with F the features as (C, P), P the number of positions.
    Source: Gatys et al., eq. 3. Differs from the paper: divided by P, so that pictures of different
    sizes can be compared.
    """
    rows = feature_rows(features)
    return _inner_products(rows) * (1 / max(rows.shape[1], 1))


def feature_rows(features: Tensor) -> Tensor:
    """The features of each position in a row: (N, C, *size) -> (N, P, C)."""
    last = features.moveaxis(1, -1)  # (N, C, *size) -> (N, *size, C)
    return last.reshape(len(last), -1, last.shape[-1])


def _inner_products(rows: Tensor) -> Tensor:
    """Fᵀ F: (N, P, C) -> (N, C, C). One product each way: the vjp is F (g + gᵀ)."""
    return Tensor.from_op(
        "inner_products",
        (rows.swapaxes(1, 2) @ rows).data,
        (rows, lambda g, y: rows @ (g + g.swapaxes(1, 2))),
    )


def style_cost(gram: Tensor, target: Tensor) -> Tensor:
    """Σ (G − A)² / (4 C²) over Gram matrices (N, C, C) -> ().

    Source: Gatys et al., eq. 4; its division by positions² is in `gram_matrix`.
    """
    if gram.shape[1:] != target.shape[1:]:
        raise ValueError(
            f"style_cost: expected Gram matrices of one shape, got {gram.shape} and {target.shape}"
        )
    return ((gram - target) ** 2).sum() * (1 / (4 * gram.shape[1] ** 2))


def total_variation(image: Tensor, power: int = 2) -> Tensor:
    """Σ over axes of mean |difference of neighbours|ᵖᵒʷᵉʳ: image (N, C, *size) -> ().

    power: 2, or 1, which keeps edges sharp. An axis of one element adds 0.
    Source: Mahendran and Vedaldi 2015 (arXiv:1412.0035), section 3.1, with exponents 2 and 1;
    1 is the total variation of Rudin, Osher and Fatemi 1992, taken along each axis.
    """
    if power not in TV_POWERS:
        raise ValueError(f"total_variation: expected power in {TV_POWERS}, got {power!r}")
    total = 0.0 * image.sum()
    for axis in range(2, image.ndim):
        step = steps(image, axis)
        magnitude = step**2 if power == 2 else step.abs()
        total = total + magnitude.sum() * (1 / max(1, step.size))
    return total


def steps(image: Tensor, axis: int) -> Tensor:
    """The differences of neighbours along `axis`, which becomes one shorter."""
    before, after = [slice(None)] * image.ndim, [slice(None)] * image.ndim
    before[axis], after[axis] = slice(None, -1), slice(1, None)
    return image[tuple(after)] - image[tuple(before)]
