"""Other right answers for batch normalisation."""

import numpy as np

from nnscratch.learn import right


@right("batch_norm")
def channel_by_channel(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """One channel after another, with explicit sums."""
    y, new_mean, new_var = np.empty(x.shape), np.array(mean), np.array(var)
    for c in range(x.shape[1]):
        plane = x[:, c]
        centre, variance = mean[c], var[c]
        if training:
            centre = plane.sum() / plane.size
            squares = ((plane - centre) ** 2).sum()
            variance = squares / plane.size
            new_mean[c] += momentum * (centre - mean[c])
            new_var[c] += momentum * (squares / (plane.size - 1) - var[c])
        scale = gamma[c] / (variance + eps) ** 0.5
        y[:, c] = plane * scale + (beta[c] - centre * scale)
    return y, new_mean, new_var


@right("batch_norm")
def channels_first(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """Channels as rows of a matrix."""
    rows = np.moveaxis(x, 1, 0).reshape(x.shape[1], -1)
    if training:
        centre = rows.mean(1)
        variance = np.einsum("cm,cm->c", rows - centre[:, None], rows - centre[:, None])
        mean = mean * (1 - momentum) + centre * momentum
        var = var * (1 - momentum) + variance / (rows.shape[1] - 1) * momentum
        variance = variance / rows.shape[1]
    else:
        centre, variance = mean, var
    factor = gamma / np.sqrt(variance + eps)
    rows = factor[:, None] * (rows - centre[:, None]) + beta[:, None]
    shape = (x.shape[1], x.shape[0], *x.shape[2:])
    return np.moveaxis(rows.reshape(shape), 0, 1), mean, var


@right("batch_norm_backward")
def by_chain_rule(g, normal, gamma, root):
    """Through the variance, through the mean, and directly."""
    gamma, root = (values.reshape(1, -1, 1, 1) for values in (gamma, root))
    axes, count = (0, 2, 3), g.size / g.shape[1]
    centred = normal * root
    dnormal = g * gamma
    dvar = (dnormal * centred).sum(axes, keepdims=True) * -0.5 / root**3
    dmean = -(dnormal / root).sum(axes, keepdims=True)  # the sum of centred is 0
    dx = dnormal / root + dvar * 2 * centred / count + dmean / count
    return dx, (g * normal).sum(axes), g.sum(axes)


@right("batch_norm_backward")
def by_matrix(g, normal, gamma, root):
    """The Jacobian of each channel, (1 - 1/M - x x'/M) / root, times g."""
    dx, dgamma, dbeta = np.empty_like(g), [], []
    for c in range(g.shape[1]):
        upstream, values = g[:, c].ravel(), normal[:, c].ravel()
        count = len(values)
        jacobian = np.eye(count) - 1 / count - np.outer(values, values) / count
        dx[:, c] = (gamma[c] / root[c] * jacobian @ upstream).reshape(g[:, c].shape)
        dgamma.append(upstream @ values)
        dbeta.append(upstream.sum())
    return dx, np.array(dgamma), np.array(dbeta)
