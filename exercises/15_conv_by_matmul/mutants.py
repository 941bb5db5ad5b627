"""Plausible wrong answers for a convolution as a matrix product."""

from solution import conv1d_by_matmul

from nnscratch.learn import wrong


def _windows(x, w, stride):
    """(N, L', C, K)."""
    columns, _, y = conv1d_by_matmul(x, w, stride)
    return columns.reshape(len(x), y.shape[2], *w.shape[1:])


def _in_order(product, items):
    """(N L', O) -> (N, O, L')."""
    return product.reshape(items, -1, product.shape[1]).swapaxes(1, 2)


@wrong("conv1d_by_matmul", hint=2)
def columns_reshaped(x, w, stride=1):
    """The windows are merged to rows without a transpose.

    From (N, C, L', K) reshape merges channels and windows into the rows. Exchange the two middle
    axes first: (N, L', C, K).
    """
    right, matrix, _ = conv1d_by_matmul(x, w, stride)
    columns = _windows(x, w, stride).swapaxes(1, 2).reshape(right.shape)
    return columns, matrix, _in_order(columns @ matrix, len(x))


@wrong("conv1d_by_matmul", hint=1)
def columns_places_first(x, w, stride=1):
    """In the rows of columns the channels run faster than the places.

    Column c*K + k means all places of channel 0, then all of channel 1. Yours is k*C + c, and does
    not fit the order of the matrix.
    """
    right, matrix, _ = conv1d_by_matmul(x, w, stride)
    columns = _windows(x, w, stride).swapaxes(2, 3).reshape(right.shape)
    return columns, matrix, _in_order(columns @ matrix, len(x))


@wrong("conv1d_by_matmul", hint=1)
def channels_last_in_both(x, w, stride=1):
    """Channels run faster than places, in both factors.

    Your y is right, since both factors have the same order. But the exercise asks for c*K + k: all
    places of channel 0, then all of channel 1.
    """
    right, matrix, y = conv1d_by_matmul(x, w, stride)
    columns = _windows(x, w, stride).swapaxes(2, 3).reshape(right.shape)
    return columns, w.swapaxes(1, 2).reshape(len(w), -1).T, y


@wrong("conv1d_by_matmul", hint=1)
def rows_by_window(x, w, stride=1):
    """The rows are ordered by window first, then by item.

    Row n*L' + i means all windows of item 0, then all of item 1. Yours is i*N + n. Your y is right,
    since you reorder it accordingly.
    """
    right, matrix, y = conv1d_by_matmul(x, w, stride)
    return _windows(x, w, stride).swapaxes(0, 1).reshape(right.shape), matrix, y


@wrong("conv1d_by_matmul", hint=1)
def rows_by_window_result_by_item(x, w, stride=1):
    """Rows by window first, but the result is split by item first.

    Your rows are i*N + n, and you split the result as if they were n*L' + i. Merge the axes in the
    order (N, L') and split them in the same order.
    """
    right, matrix, _ = conv1d_by_matmul(x, w, stride)
    columns = _windows(x, w, stride).swapaxes(0, 1).reshape(right.shape)
    return columns, matrix, _in_order(columns @ matrix, len(x))


@wrong("conv1d_by_matmul", hint=1)
def columns_transposed(x, w, stride=1):
    """columns has a column for each window.

    Despite the name each window is a row here: (N*L', C*K). You return the transpose.
    """
    columns, matrix, y = conv1d_by_matmul(x, w, stride)
    return columns.T, matrix, y


@wrong("conv1d_by_matmul", hint=1)
def stride_ignored(x, w, stride=1):
    """There is a row for every place, whatever the stride.

    Window i begins at place i*s of x, so there is a row for every s-th place only: L' = (L - K) //
    s + 1.
    """
    return conv1d_by_matmul(x, w)


@wrong("conv1d_by_matmul", hint=1)
def stride_in_length_only(x, w, stride=1):
    """The number of windows is right, but they lie one place apart.

    Window i begins at place i*s of x. Yours begins at i.
    """
    count = conv1d_by_matmul(x, w, stride)[2].shape[2]
    return conv1d_by_matmul(x[:, :, : count + w.shape[2] - 1], w)


@wrong("conv1d_by_matmul", hint=1)
def windows_flipped(x, w, stride=1):
    """The windows are flipped.

    Place k of a window is x[n, c, i*s + k]. Yours begins with the last place, as in the
    mathematical convolution.
    """
    right, matrix, _ = conv1d_by_matmul(x, w, stride)
    columns = _windows(x, w, stride)[..., ::-1].reshape(right.shape)
    return columns, matrix, _in_order(columns @ matrix, len(x))


@wrong("conv1d_by_matmul", hint=3)
def kernel_flipped(x, w, stride=1):
    """The kernels are flipped.

    Row c*K + k of the matrix is w[o, c, k]. Yours begins with the last place of each kernel, as in
    the mathematical convolution.
    """
    columns, _, _ = conv1d_by_matmul(x, w, stride)
    return columns, *conv1d_by_matmul(x, w[..., ::-1], stride)[1:]


@wrong("conv1d_by_matmul", hint=3)
def matrix_reshaped(x, w, stride=1):
    """The matrix is computed by reshape alone.

    w.reshape(C*K, O) has the right shape, but its columns mix numbers of several kernels. Merge the
    last two axes, then transpose.
    """
    columns, right, _ = conv1d_by_matmul(x, w, stride)
    matrix = w.reshape(right.shape)
    return columns, matrix, _in_order(columns @ matrix, len(x))


@wrong("conv1d_by_matmul", hint=3)
def matrix_not_transposed(x, w, stride=1):
    """The matrix has a row for each kernel.

    It must be the factor in columns @ matrix: (C*K, O), a column for each kernel. You return its
    transpose.
    """
    columns, matrix, y = conv1d_by_matmul(x, w, stride)
    return columns, matrix.T, y


@wrong("conv1d_by_matmul", hint=3)
def matrix_places_first(x, w, stride=1):
    """In the matrix the channels run faster than the places.

    Row c*K + k, as in columns, means all places of channel 0, then all of channel 1. Yours is k*C +
    c, and the two factors do not fit.
    """
    columns, _, _ = conv1d_by_matmul(x, w, stride)
    matrix = w.swapaxes(1, 2).reshape(len(w), -1).T
    return columns, matrix, _in_order(columns @ matrix, len(x))


@wrong("conv1d_by_matmul", hint=4)
def result_reshaped(x, w, stride=1):
    """The product is reshaped to y without a transpose.

    Its rows are windows and its columns are kernels: split (N*L', O) to (N, L', O), then exchange
    the last two axes.
    """
    columns, matrix, y = conv1d_by_matmul(x, w, stride)
    return columns, matrix, (columns @ matrix).reshape(y.shape)


@wrong("conv1d_by_matmul", hint=4)
def result_turned_then_split(x, w, stride=1):
    """The product is transposed before the items are split off.

    (O, N*L') has the kernels first and the items second; splitting it to (N, O, L') mixes the two.
    Split first, (N, L', O), then exchange.
    """
    columns, matrix, y = conv1d_by_matmul(x, w, stride)
    return columns, matrix, (columns @ matrix).T.reshape(y.shape)


@wrong("conv1d_by_matmul", hint=4)
def result_by_window(x, w, stride=1):
    """Items and windows are split in the wrong order.

    The rows of the product are those of columns, n*L' + i: items first. You split them to (L', N,
    O), windows first.
    """
    columns, matrix, y = conv1d_by_matmul(x, w, stride)
    items, out, count = y.shape
    split = (columns @ matrix).reshape(count, items, out)
    return columns, matrix, split.transpose(1, 2, 0)


@wrong("conv1d_by_matmul", hint=4)
def result_channels_last(x, w, stride=1):
    """y has its channels last.

    Yours is (N, L', O). y is (N, O, L'), as in the other exercises.
    """
    columns, matrix, y = conv1d_by_matmul(x, w, stride)
    return columns, matrix, y.swapaxes(1, 2)


@wrong("conv1d_by_matmul", hint=4)
def result_still_a_matrix(x, w, stride=1):
    """y is still the product.

    columns @ matrix has the right numbers as (N*L', O). Split the rows into items and windows, and
    put the kernels before the windows.
    """
    columns, matrix, _ = conv1d_by_matmul(x, w, stride)
    return columns, matrix, columns @ matrix


@wrong("conv1d_by_matmul", hint=4)
def only_y_returned(x, w, stride=1):
    """Only y is returned.

    Return three arrays, so that the check can compare the factors as well: columns, matrix, y.
    """
    return conv1d_by_matmul(x, w, stride)[2]


@wrong("conv1d_by_matmul", hint=1)
def last_window_missing(x, w, stride=1):
    """The last window of each item is missing.

    (L - K) // s is the number of steps from the first window to the last. There is one more window.
    """
    windows = _windows(x, w, stride)[:, :-1]
    _, matrix, y = conv1d_by_matmul(x, w, stride)
    return windows.reshape(-1, len(matrix)), matrix, y[:, :, :-1]
