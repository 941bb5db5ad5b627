"""Plausible wrong answers for the Gram matrix and its gradient."""

import numpy as np
from solution import gram

from nnscratch.learn import wrong


def _rows(features):
    """(N, C, H, W) -> (N, C, P)."""
    return features.reshape(*features.shape[:2], -1)


def _misread(features):
    """(N, C, H, W) -> (N, P, C) by reshape alone."""
    return features.reshape(len(features), -1, features.shape[1])


# -- both -----------------------------------------------------------------------------------------


@wrong("gram", hint=1)
def reshaped_not_moved(features, g):
    """Numbers of different channels are in one column.

    reshape(N, H*W, C) does not move the channels to the end, it only splits the same sequence
    differently. Reshape to (N, C, H*W), or move the axis first.
    """
    rows = _misread(features)
    slope = rows @ (g + g.swapaxes(1, 2)) / rows.shape[1]
    return rows.swapaxes(1, 2) @ rows / rows.shape[1], slope.reshape(features.shape)


@wrong("gram", hint=1)
def reshaped_and_transposed(features, g):
    """The rows mix the channels: reshape(N, H*W, C), transposed.

    The shape (N, C, H*W) is right, but the channels come first already. reshape(N, H*W, C) puts the
    numbers in the wrong columns, and the transpose does not correct that.
    """
    rows = _misread(features).swapaxes(1, 2)
    slope = (g + g.swapaxes(1, 2)) @ rows / rows.shape[2]
    return rows @ rows.swapaxes(1, 2) / rows.shape[2], slope.reshape(features.shape)


@wrong("gram", hint=2)
def mean_subtracted(features, g):
    """The mean of each channel is subtracted first.

    That is the covariance. The Gram matrix uses the features themselves, so that a channel that is
    active everywhere counts.
    """
    return gram(features - features.mean((2, 3), keepdims=True), g)


@wrong("gram", hint=2)
def not_divided(features, g):
    """The division by the number of places is missing.

    A picture of twice the height and width would have a Gram matrix four times as large. Divide by
    P = H*W, and the slope as well.
    """
    grams, slope = gram(features, g)
    return grams * features[0, 0].size, slope * features[0, 0].size


@wrong("gram", hint=2)
def divided_by_all(features, g):
    """G and slope are divided by the channels as well.

    You divide by C*H*W. The sum runs over the H*W places only, and so does the mean.
    """
    grams, slope = gram(features, g)
    return grams / features.shape[1], slope / features.shape[1]


@wrong("gram", hint=2)
def divided_by_width(features, g):
    """G and slope are divided by the width only.

    The number of places is H*W, the length of a row of F. The last axis of the features is only W.
    """
    grams, slope = gram(features, g)
    return grams * features.shape[2], slope * features.shape[2]


@wrong("gram", hint=1)
def one_matrix_for_all(features, g):
    """The pictures of the batch are mixed.

    You merged the batch with the places and got one matrix for all pictures. Each picture has its
    own: G is (N, C, C).
    """
    grams, slope = gram(features, g)
    return grams.mean(0), slope


@wrong("gram", hint=1)
def batch_among_rows(features, g):
    """reshape(C, -1) splits the batch.

    The first axis of the features is the picture, not the channel. Keep it: the rows are (N, C,
    H*W), and each picture has its own (C, C).
    """
    rows = features.reshape(features.shape[1], -1)
    return rows @ rows.T / features[0, 0].size, gram(features, g)[1]


# -- G --------------------------------------------------------------------------------------------


@wrong("gram", hint=2)
def places_with_places(features, g):
    """The products are between places.

    You have F^T F, of shape (P, P). The Gram matrix compares channels: F F^T, of shape (C, C).
    """
    rows = _rows(features)
    return rows.swapaxes(1, 2) @ rows / rows.shape[2], gram(features, g)[1]


@wrong("gram", hint=2)
def g_not_divided(features, g):
    """G is not divided by the number of places.

    The slope is right: it belongs to a G that is a mean over places. Divide by P = H*W.
    """
    grams, slope = gram(features, g)
    return grams * features[0, 0].size, slope


@wrong("gram", hint=2)
def divided_twice(features, g):
    """G is divided by the square of the number of places.

    The square belongs to costs of Gram matrices that are sums. Here G is a mean over places: divide
    by P once.
    """
    grams, slope = gram(features, g)
    return grams / features[0, 0].size, slope


@wrong("gram", hint=2)
def normalised_rows(features, g):
    """Each channel is normalised to length 1.

    Then the diagonal is 1 everywhere: these are cosines. The strength of a channel is part of the
    style; divide by P only.
    """
    rows = _rows(features)
    rows = rows / np.linalg.norm(rows, axis=2, keepdims=True)
    return rows @ rows.swapaxes(1, 2), gram(features, g)[1]


# -- the slope ------------------------------------------------------------------------------------


def _through_left(features, g):
    rows = _rows(features)
    return (g @ rows / rows.shape[2]).reshape(features.shape)


@wrong("gram", hint=3)
def one_contribution(features, g):
    """The slope has one of its two contributions.

    F occurs twice in F F^T, and g F is the gradient through the left one only. The one through the
    right F is g^T F: add the two.
    """
    return gram(features, g)[0], _through_left(features, g)


@wrong("gram", hint=3)
def other_contribution(features, g):
    """The slope has the second contribution only.

    g^T F is the gradient through the second F of F F^T. The one through the first is g F: add the
    two.
    """
    return gram(features, g)[0], _through_left(features, g.swapaxes(1, 2))


@wrong("gram", hint=3)
def symmetric_assumed(features, g):
    """2 g F is right for a symmetric g only.

    When g[i,j] and g[j,i] differ, the two contributions differ: (g + g^T) F.
    """
    return gram(features, g)[0], 2 * _through_left(features, g)


@wrong("gram", hint=3)
def slope_not_divided(features, g):
    """The slope is not divided by the number of places.

    G contains the factor 1/P, P = H*W, and so does its derivative.
    """
    grams, slope = gram(features, g)
    return grams, slope * features[0, 0].size


@wrong("gram", hint=3)
def slope_in_wrong_order(features, g):
    """The slope has its numbers in the wrong order.

    The numbers are right, their places are not. You reshaped (N, P, C) to (N, C, H, W); move the
    channels first.
    """
    grams, slope = gram(features, g)
    return grams, slope.transpose(0, 2, 3, 1).reshape(slope.shape)


@wrong("gram", hint=3)
def slope_stays_flat(features, g):
    """The slope is still (N, C, H*W).

    A derivative by the features has the shape of the features: reshape it back to (N, C, H, W).
    """
    grams, slope = gram(features, g)
    return grams, _rows(slope)


@wrong("gram", hint=3)
def slope_halved(features, g):
    """The slope is half of what it should be.

    (g + g^T) / 2 is the symmetric part of g. The slope has both contributions in full: (g + g^T) F.
    """
    grams, slope = gram(features, g)
    return grams, slope / 2


@wrong("gram", hint=3)
def slope_divided_by_all(features, g):
    """The slope is divided by the channels as well.

    G contains the factor 1/P, P the number of places alone, and so does its slope.
    """
    grams, slope = gram(features, g)
    return grams, slope / features.shape[1]


@wrong("gram", hint=3)
def contributions_subtracted(features, g):
    """The two contributions are subtracted from each other.

    F[i, p] is in a row of G and in a column, and both count: g + g^T.
    """
    rows = _rows(features)
    slope = (g - g.swapaxes(1, 2)) @ rows / rows.shape[2]
    return gram(features, g)[0], slope.reshape(features.shape)


@wrong("gram", hint=3)
def one_contribution_not_divided(features, g):
    """The slope is g F, with one contribution and no division.

    F[i, p] is in a row of G and in a column, and G contains the factor 1/P: (g + g^T) F / P.
    """
    return gram(features, g)[0], (g @ _rows(features)).reshape(features.shape)


@wrong("gram", hint=2)
def divided_by_channels(features, g):
    """G and slope are divided by the number of channels.

    The sum runs over the places, and so does the mean: divide by H*W.
    """
    grams, slope = gram(features, g)
    factor = features[0, 0].size / features.shape[1]
    return grams * factor, slope * factor


@wrong("gram", hint=2)
def divided_by_height(features, g):
    """G and slope are divided by the height only.

    The number of places is H*W, not H.
    """
    grams, slope = gram(features, g)
    return grams * features.shape[3], slope * features.shape[3]


@wrong("gram", hint=2)
def divided_by_the_batch(features, g):
    """G and slope are divided by the number of pictures as well.

    Each picture has its own matrix; there is no mean over pictures. Divide by H*W alone.
    """
    grams, slope = gram(features, g)
    return grams / len(features), slope / len(features)


@wrong("gram", hint=2)
def rows_and_columns_summed(features, g):
    """Each place is multiplied by others of its row.

    In G both factors are of one place p, (y, x). Your sum runs over two columns separately, x and
    x', for each row: use the same letter for both, "nchw,ndhw->ncd".
    """
    grams = np.einsum("nchw,ndhv->ncd", features, features) / features[0, 0].size
    return grams, gram(features, g)[1]
