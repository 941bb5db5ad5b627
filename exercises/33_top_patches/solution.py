"""Boxes and patches of the pixels with the strongest activations."""

import numpy as np


def top_patches(images, activations, channel, count, jump, field, start):
    """images (N, K, H, W), activations (N, C, h, w) -> boxes (count, 5) ints: image, top, left,
    bottom, right; patches (count, K, field, field).
    """
    maps = activations[:, channel]
    flat = maps.reshape(len(maps), -1)
    strongest = np.argsort(-flat.max(axis=1))[:count]
    rows, columns = np.divmod(flat[strongest].argmax(axis=1), maps.shape[2])

    channels, height, width = images.shape[1:]
    boxes = np.empty((count, 5), dtype=int)
    patches = np.zeros((count, channels, field, field), dtype=images.dtype)
    corners = zip(strongest, start + rows * jump, start + columns * jump, strict=True)
    for k, (n, y, x) in enumerate(corners):
        top, bottom = max(y, 0), min(y + field, height)
        left, right = max(x, 0), min(x + field, width)
        boxes[k] = n, top, left, bottom, right
        patches[k, :, top - y : bottom - y, left - x : right - x] = images[
            n, :, top:bottom, left:right
        ]
    return boxes, patches
