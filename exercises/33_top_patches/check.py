"""Claims about the patches with the strongest activations of a channel."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("top_patches",)
READS = "nnscratch/summary/shapes.py"


def _images(n, channels, size):
    """Pixels that encode their index: 213 is the third of the first row of image 2."""
    parts = np.meshgrid(*map(np.arange, (n, channels, *size)), indexing="ij")
    return 100.0 * parts[0] + 0.5 * parts[1] + 10.0 * parts[2] + parts[3] + 11


def _layer(rng):
    """jump, field and start of a possible layer."""
    jump = int(rng.integers(2, 4))
    field = jump + int(rng.integers(1, 4))
    return jump, field, -int(rng.integers(1, jump))


def _inside(rng, rung):
    """Several images, larger than the fields; no box is clipped, neither right nor wrong ones."""
    if rung == 0:
        activations = np.array([[[[8.0, 3, 0]], [[1, 2, 5]]], [[[0, 1, 6]], [[4, 9, 7]]]])
        return _images(2, 1, (9, 12)), activations, 1, 2, 2, 3, 0
    n, channels = int(rng.integers(4, 7)), int(rng.integers(2, 4))
    places = rng.permutation([3, 4 + rung])
    activations = rng.standard_normal((n, channels, *places))
    activations -= 4.0 * (rung == 2)  # before a ReLU even the strongest may be below 0
    activations[:, :, 0] -= 6
    activations[:, :, :, 0] -= 6
    jump, field, start = _layer(rng)
    room = max(places) * field + 4
    images = _images(n, 1, rng.permutation([room, room + 3]))
    return images, activations, int(rng.integers(channels)), n - 2, jump, field, start


def _at_the_border(rng, rung):
    """One image whose strongest place has a clipped field."""
    if rung == 0:
        return _images(1, 1, (3, 4)), np.array([[[[1.0, 3.0], [2.0, 0.0]]]]), 0, 1, 2, 3, -1
    jump, field, start = _layer(rng)
    field += 2
    places = rng.integers(1, 3, 2) if rung == 2 else np.array([2, 2])
    activations = rng.standard_normal((1, 1, *places))
    if rung == 1:
        activations[0, 0, -1, -1] += 9
    # as much padding at the end as at the start, and a spare column or row
    size = (places - 1) * jump + field + 2 * start + rng.permutation([0, 1])
    images = _images(1, 3, size) + rng.standard_normal((1, 3, *size))
    return images, activations, 0, 1, jump, field, start


def _by_loops(images, activations, channel, count, jump, field, start):
    """Pixel by pixel."""
    best = []
    for n, item in enumerate(activations):
        places = [(item[channel][at], n, at) for at in np.ndindex(item[channel].shape)]
        best.append(max(places))
    boxes, patches = [], []
    for _, n, at in sorted(best, reverse=True)[:count]:
        pixels = [[start + p * jump + k for k in range(field)] for p in at]
        real = [[p for p in s if 0 <= p < m] for s, m in zip(pixels, images.shape[2:], strict=True)]
        ends = [s[-1] + 1 for s in real]
        boxes.append([n, real[0][0], real[1][0], *ends])
        patch = np.zeros((images.shape[1], field, field))
        for i, y in enumerate(pixels[0]):
            for j, x in enumerate(pixels[1]):
                if y in real[0] and x in real[1]:
                    patch[:, i, j] = images[n, :, y, x]
        patches.append(patch)
    return np.array(boxes), np.array(patches)


def _oracle(inputs, *names):
    def loops(f, rng, rung):
        both = dict(zip(("boxes", "patches"), _by_loops(*inputs(rng, rung)), strict=True))
        return {name: both[name] for name in names}

    return loops


@claim(
    "boxes of the strongest images, one for each",
    by_hand="boxes[0,2] = left = start + column*jump = 0 + 1*2 = 2",
    oracle=_oracle(_inside, "boxes"),
)
def strongest(f, rng, rung):
    boxes, _ = f.top_patches(*_inside(rng, rung))
    return {"boxes": boxes, "boxes are ints": np.asarray(boxes).dtype.kind in "iu"}


@claim("each patch is cut from its own image", oracle=_oracle(_inside, "patches"))
def cut(f, rng, rung):
    _, patches = f.top_patches(*_inside(rng, rung))
    return {"patches": patches}


@claim(
    "box and patch at the border",
    by_hand="boxes[0,3] = bottom = start + row*jump + field = -1 + 0*2 + 3 = 2",
    oracle=_oracle(_at_the_border, "boxes", "patches"),
    image=("patches",),
)
def clipped(f, rng, rung):
    boxes, patches = f.top_patches(*_at_the_border(rng, rung))
    return {"boxes": boxes, "patches": patches}
