"""Other right answers for the patches with the strongest activations of a channel."""

import numpy as np

from nnscratch.learn import right


@right("top_patches")
def padded_pictures(images, activations, channel, count, jump, field, start):
    """A wide border of zeros around all pictures, so that every patch is a slice."""
    n, _, height, width = images.shape
    maps = activations[:, channel]
    best = [np.unravel_index(np.argmax(m), m.shape) for m in maps]
    order = sorted(range(n), key=lambda k: maps[k].max(), reverse=True)[:count]
    border = field + abs(start)
    wide = np.pad(images, ((0, 0), (0, 0), (border, border), (border, border)))
    boxes, patches = [], []
    for k in order:
        y, x = (start + int(p) * jump for p in best[k])
        boxes.append([k, max(0, y), max(0, x), min(height, y + field), min(width, x + field)])
        y, x = y + border, x + border
        patches.append(wide[k, :, y : y + field, x : x + field])
    return np.array(boxes), np.stack(patches)


@right("top_patches")
def one_at_a_time(images, activations, channel, count, jump, field, start):
    """The best picture, then the best of the others; one pixel at a time."""
    maps = activations[:, channel].copy()
    boxes = np.zeros((count, 5), int)
    patches = np.zeros((count, images.shape[1], field, field))
    for k in range(count):
        n, i, j = np.unravel_index(maps.argmax(), maps.shape)
        maps[n] = -np.inf
        pixels = []
        for a in range(field):
            for b in range(field):
                y, x = start + i * jump + a, start + j * jump + b
                if 0 <= y < images.shape[2] and 0 <= x < images.shape[3]:
                    patches[k, :, a, b] = images[n, :, y, x]
                    pixels.append((y, x))
        boxes[k] = (n, *np.min(pixels, 0), *(np.max(pixels, 0) + 1))
    return boxes, patches
