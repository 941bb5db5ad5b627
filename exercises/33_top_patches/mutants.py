"""Plausible wrong answers for the patches with the strongest activations."""

import numpy as np
from solution import top_patches

from nnscratch.learn import wrong


def _strongest(maps, count):
    """(N, h, w) -> the `count` strongest [image, row, column], one for each image."""
    order = np.argsort(-maps.max((1, 2)))[:count]
    return [(n, *np.unravel_index(maps[n].argmax(), maps.shape[1:])) for n in order]


def _cut(images, corners, field):
    """Clipped boxes and padded patches for unclipped corners [image, y, x]."""
    height, width = images.shape[2:]
    boxes, patches = [], []
    for n, y, x in corners:
        top, left, bottom, right = (
            max(y, 0),
            max(x, 0),
            min(y + field, height),
            min(x + field, width),
        )
        patch = np.zeros((images.shape[1], field, field))
        patch[:, top - y : bottom - y, left - x : right - x] = images[n, :, top:bottom, left:right]
        boxes.append([n, top, left, bottom, right])
        patches.append(patch)
    return np.array(boxes), np.array(patches)


def _from_places(images, places, jump, field, start):
    corners = [(n, start + i * jump, start + j * jump) for n, i, j in places]
    return _cut(images, corners, field)


# -- which places ---------------------------------------------------------------------------------


@wrong("top_patches", hint=1)
def over_all_channels(images, activations, channel, count, jump, field, start):
    """The strongest place of any channel is taken.

    You take the maximum over all channels; use activations[:, channel] only.
    """
    largest = activations.max(1, keepdims=True)
    return top_patches(images, largest, 0, count, jump, field, start)


@wrong("top_patches", hint=1)
def first_channel(images, activations, channel, count, jump, field, start):
    """Channel 0 is always used.

    You do not use the argument `channel`. The activations are (N, C, h, w); take activations[:,
    channel].
    """
    return top_patches(images, activations, 0, count, jump, field, start)


@wrong("top_patches", hint=1)
def image_repeated(images, activations, channel, count, jump, field, start):
    """One image gives several patches.

    You sort all places of all images at once. Neighbouring places see nearly the same pixels, so
    the patches would be nearly equal: find the maximum of each image first, then sort the maxima.
    """
    maps = activations[:, channel]
    order = np.argsort(-maps, axis=None)[:count]
    places = list(zip(*np.unravel_index(order, maps.shape), strict=True))
    return _from_places(images, places, jump, field, start)


@wrong("top_patches", hint=1)
def ranked_by_mean(images, activations, channel, count, jump, field, start):
    """Images are sorted by the mean of the channel.

    A patch is one place: sort by the maximum over places.
    """
    maps = activations[:, channel]
    order = np.argsort(-maps.mean((1, 2)))[:count]
    places = [(n, *np.unravel_index(maps[n].argmax(), maps.shape[1:])) for n in order]
    return _from_places(images, places, jump, field, start)


@wrong("top_patches", hint=1)
def ranked_by_any_channel(images, activations, channel, count, jump, field, start):
    """Images are sorted by the maximum over all channels.

    The places are those of the given channel, but the order of the images is not. Use
    activations[:, channel] for both.
    """
    order = np.argsort(-activations.max((1, 2, 3)))[:count]
    maps = activations[:, channel]
    places = [(n, *np.unravel_index(maps[n].argmax(), maps.shape[1:])) for n in order]
    return _from_places(images, places, jump, field, start)


@wrong("top_patches", hint=2)
def weakest_images(images, activations, channel, count, jump, field, start):
    """The weakest images are returned instead of the strongest.

    argsort sorts in ascending order: its first entries are the smallest maxima. Sort the negative
    numbers, or take the last entries in reverse.
    """
    maps = activations[:, channel]
    order = np.argsort(maps.max((1, 2)))[:count]
    places = [(n, *np.unravel_index(maps[n].argmax(), maps.shape[1:])) for n in order]
    return _from_places(images, places, jump, field, start)


@wrong("top_patches", hint=2)
def strongest_last(images, activations, channel, count, jump, field, start):
    """The strongest image comes last.

    These are the right images in ascending order, as from argsort. Reverse the order.
    """
    boxes, patches = top_patches(images, activations, channel, count, jump, field, start)
    return boxes[::-1].copy(), patches[::-1].copy()


@wrong("top_patches", hint=2)
def in_order_of_images(images, activations, channel, count, jump, field, start):
    """The first images are returned instead of the strongest.

    Each image's best place is right, but the images are in their original order. Sort them by their
    maxima.
    """
    maps = activations[:, channel]
    places = [(n, *np.unravel_index(maps[n].argmax(), maps.shape[1:])) for n in range(count)]
    return _from_places(images, places, jump, field, start)


@wrong("top_patches", hint=2)
def divided_by_height(images, activations, channel, count, jump, field, start):
    """The flat index is divided by the wrong length.

    In a flattened map the index is row*w + column, where w is the length of a row. You divide by h,
    the number of rows.
    """
    maps = activations[:, channel]
    h = maps.shape[1]
    flat = [(n, maps[n].argmax()) for n, _, _ in _strongest(maps, count)]
    places = [(n, at // h, at % h) for n, at in flat]
    return _from_places(images, places, jump, field, start)


# -- which pixels ---------------------------------------------------------------------------------


@wrong("top_patches", hint=3)
def places_as_pixels(images, activations, channel, count, jump, field, start):
    """Places of the layer are used as pixels.

    From one place to the next it is `jump` pixels: the corner is start + row*jump, not start + row.
    """
    return top_patches(images, activations, channel, count, 1, field, start)


@wrong("top_patches", hint=3)
def jump_and_field_swapped(images, activations, channel, count, jump, field, start):
    """jump and field are swapped.

    The distance between places is jump, and the box is field wide. Fields of neighbouring places
    overlap, so the field is the larger one.
    """
    return top_patches(images, activations, channel, count, field, jump, start)


@wrong("top_patches", hint=3)
def steps_of_field(images, activations, channel, count, jump, field, start):
    """Boxes of neighbouring places do not overlap.

    The corner is start + row*jump. With row*field the boxes of neighbouring places would only
    touch.
    """
    places = _strongest(activations[:, channel], count)
    return _from_places(images, places, field, field, start)


@wrong("top_patches", hint=3)
def boxes_of_jump(images, activations, channel, count, jump, field, start):
    """The box is as wide as the jump.

    jump is the distance to the next place. The box of one place is `field` pixels wide.
    """
    return top_patches(images, activations, channel, count, jump, jump, start)


@wrong("top_patches", hint=3)
def start_forgotten(images, activations, channel, count, jump, field, start):
    """The start is not used.

    Place 0 does not begin at pixel 0 but at `start`, which is negative with padding. All your boxes
    lie too far down and to the right.
    """
    return top_patches(images, activations, channel, count, jump, field, 0)


@wrong("top_patches", hint=3)
def start_subtracted(images, activations, channel, count, jump, field, start):
    """The start has the wrong sign.

    start is already a pixel, negative with padding: add it. A padding of p is a start of -p.
    """
    return top_patches(images, activations, channel, count, jump, field, -start)


@wrong("top_patches", hint=3)
def centred(images, activations, channel, count, jump, field, start):
    """The start is treated as the centre of the field.

    start + row*jump is the first pixel of the field, not its centre. Do not subtract half a field.
    """
    return top_patches(images, activations, channel, count, jump, field, start - field // 2)


@wrong("top_patches", hint=3)
def centred_on_the_jump(images, activations, channel, count, jump, field, start):
    """The box is centred on row*jump.

    The start of the field depends on the padding of every layer, and `start` contains it: the first
    pixel is start + row*jump.
    """
    return top_patches(images, activations, channel, count, jump, field, -(field // 2))


@wrong("top_patches", hint=3)
def ends_inclusive(images, activations, channel, count, jump, field, start):
    """bottom and right are one too small.

    They are exclusive here, as the end of a slice is: top + field, not top + field - 1.
    """
    boxes, patches = top_patches(images, activations, channel, count, jump, field, start)
    return boxes - [0, 0, 0, 1, 1], patches


@wrong("top_patches", hint=3)
def columns_first(images, activations, channel, count, jump, field, start):
    """The box is written with its columns first.

    You have image, left, top, right, bottom. Here rows come first, as in the shape of an array:
    image, top, left, bottom, right.
    """
    boxes, patches = top_patches(images, activations, channel, count, jump, field, start)
    return boxes[:, [0, 2, 1, 4, 3]], patches


# -- the border -----------------------------------------------------------------------------------


@wrong("top_patches", hint=3)
def not_clipped(images, activations, channel, count, jump, field, start):
    """The box extends past the picture.

    Pixels before 0 or from H or W on do not exist; a negative index would even read from the other
    end. Clip with max(.., 0) and min(.., H) or min(.., W).
    """
    boxes, patches = top_patches(images, activations, channel, count, jump, field, start)
    places = _strongest(activations[:, channel], count)
    raw = [(n, start + i * jump, start + j * jump) for n, i, j in places]
    return np.array([(n, y, x, y + field, x + field) for n, y, x in raw]), patches


@wrong("top_patches", hint=3)
def end_not_clipped(images, activations, channel, count, jump, field, start):
    """The box is clipped at the top and left only.

    A slice may end after the array, a box may not: bottom is at most H, right at most W.
    """
    boxes, patches = top_patches(images, activations, channel, count, jump, field, start)
    unclipped, _ = not_clipped(images, activations, channel, count, jump, field, start)
    return np.concatenate((boxes[:, :3], unclipped[:, 3:]), 1), patches


@wrong("top_patches", hint=3)
def shifted_inside(images, activations, channel, count, jump, field, start):
    """The box is moved until it fits.

    It has its full size, but it shows pixels outside the receptive field. Cut off what is outside
    the border and do not move the rest.
    """
    height, width = images.shape[2:]
    corners = [
        (
            n,
            np.clip(start + i * jump, 0, height - field),
            np.clip(start + j * jump, 0, width - field),
        )
        for n, i, j in _strongest(activations[:, channel], count)
    ]
    return _cut(images, corners, field)


@wrong("top_patches", hint=3)
def bottom_from_clipped_top(images, activations, channel, count, jump, field, start):
    """The end is computed from the clipped corner.

    You clip the corner first and then add the field, so a box at the top extends too far down. Add
    the field to the unclipped corner, then clip both.
    """
    corners = [
        (n, max(start + i * jump, 0), max(start + j * jump, 0))
        for n, i, j in _strongest(activations[:, channel], count)
    ]
    return _cut(images, corners, field)


@wrong("top_patches", hint=4)
def stretched(images, activations, channel, count, jump, field, start):
    """A clipped patch is scaled to the full size.

    Then the pattern is larger than in the picture. Keep the size of the pixels, and fill places
    outside the border with zeros.
    """
    boxes, _ = top_patches(images, activations, channel, count, jump, field, start)
    patches = []
    for n, top, left, bottom, right in boxes:
        rows = top + np.arange(field) * (bottom - top) // field
        columns = left + np.arange(field) * (right - left) // field
        patches.append(images[n][:, rows[:, None], columns])
    return boxes, np.array(patches)


@wrong("top_patches", hint=4)
def smaller_at_the_border(images, activations, channel, count, jump, field, start):
    """A clipped patch is smaller than the others.

    The box is clipped, the patch is not: it stays field x field, with zeros outside the border.
    """
    boxes, _ = top_patches(images, activations, channel, count, jump, field, start)
    patches = [images[n, :, top:bottom, left:right] for n, top, left, bottom, right in boxes]
    return boxes, np.array(patches)


@wrong("top_patches", hint=4)
def put_into_the_corner(images, activations, channel, count, jump, field, start):
    """A clipped patch lies in the upper left corner.

    The zeros are always at the bottom and on the right. Put the pixels at their place in the
    receptive field: at box minus unclipped corner.
    """
    boxes, patches = top_patches(images, activations, channel, count, jump, field, start)
    patches = np.zeros_like(patches)
    for patch, (n, top, left, bottom, right) in zip(patches, boxes, strict=True):
        patch[:, : bottom - top, : right - left] = images[n, :, top:bottom, left:right]
    return boxes, patches


@wrong("top_patches", hint=4)
def border_repeated(images, activations, channel, count, jump, field, start):
    """Outside the border the last pixels are repeated.

    The padding of the network is zeros. Fill with zeros.
    """
    boxes, _ = top_patches(images, activations, channel, count, jump, field, start)
    height, width = images.shape[2:]
    patches = []
    for n, i, j in _strongest(activations[:, channel], count):
        rows = np.clip(start + i * jump + np.arange(field), 0, height - 1)
        columns = np.clip(start + j * jump + np.arange(field), 0, width - 1)
        patches.append(images[n][:, rows[:, None], columns])
    return boxes, np.array(patches)


@wrong("top_patches", hint=2)
def rows_and_columns_swapped(images, activations, channel, count, jump, field, start):
    """Rows and columns are swapped.

    The first index of a map, (h, w), is the row, for top and bottom; the second one is the column,
    for left and right.
    """
    places = [(n, j, i) for n, i, j in _strongest(activations[:, channel], count)]
    return _from_places(images, places, jump, field, start)


@wrong("top_patches", hint=3)
def start_times_jump(images, activations, channel, count, jump, field, start):
    """The start is multiplied by the jump.

    It is already in pixels. Multiply only the place: start + row*jump.
    """
    places = _strongest(activations[:, channel], count)
    return _from_places(images, places, jump, field, start * jump)


@wrong("top_patches", hint=3)
def start_for_rows_only(images, activations, channel, count, jump, field, start):
    """The columns lack the start.

    start is the same for rows and columns: add it to both.
    """
    places = _strongest(activations[:, channel], count)
    return _cut(images, [(n, start + i * jump, j * jump) for n, i, j in places], field)


@wrong("top_patches", hint=1)
def strongest_either_way(images, activations, channel, count, jump, field, start):
    """Strongly negative activations count as strong.

    A unit at -5 responds least. Take the largest number, without np.abs.
    """
    return top_patches(images, np.abs(activations), channel, count, jump, field, start)


@wrong("top_patches", hint=3)
def sizes_for_ends(images, activations, channel, count, jump, field, start):
    """The box has height and width instead of its ends.

    Return top, left, bottom, right; bottom is top + height.
    """
    boxes, patches = top_patches(images, activations, channel, count, jump, field, start)
    return boxes - np.pad(boxes[:, 1:3], ((0, 0), (3, 0))), patches


@wrong("top_patches", hint=3)
def ends_of_rows_first(images, activations, channel, count, jump, field, start):
    """The box is written as top, bottom, left, right.

    The order is image, top, left, bottom, right: one corner, then the other.
    """
    boxes, patches = top_patches(images, activations, channel, count, jump, field, start)
    return boxes[:, [0, 1, 3, 2, 4]], patches


@wrong("top_patches", hint=2)
def rank_for_image(images, activations, channel, count, jump, field, start):
    """The box has its rank in place of the image.

    The first number of a box is the index of the picture, as given by argsort.
    """
    boxes, patches = top_patches(images, activations, channel, count, jump, field, start)
    return np.column_stack([np.arange(count), boxes[:, 1:]]), patches


@wrong("top_patches", hint=4)
def put_into_the_middle(images, activations, channel, count, jump, field, start):
    """A clipped patch lies in the middle of its frame.

    The zeros belong where there are no pixels: above, if the top was clipped. Each pixel is at its
    place in the receptive field.
    """
    boxes, _ = top_patches(images, activations, channel, count, jump, field, start)
    patches = np.zeros((count, images.shape[1], field, field))
    for patch, (n, top, left, bottom, right) in zip(patches, boxes, strict=True):
        y, x = (field - bottom + top) // 2, (field - right + left) // 2
        patch[:, y : y + bottom - top, x : x + right - left] = images[n, :, top:bottom, left:right]
    return boxes, patches


@wrong("top_patches", hint=3)
def patch_of_the_rank(images, activations, channel, count, jump, field, start):
    """The patch is cut from the image whose number is the rank.

    The boxes are right. The k-th patch comes from the k-th strongest image, not from images[k].
    """
    boxes, _ = top_patches(images, activations, channel, count, jump, field, start)
    places = _strongest(activations[:, channel], count)
    ranked = [(k, i, j) for k, (_, i, j) in enumerate(places)]
    return boxes, _from_places(images, ranked, jump, field, start)[1]


@wrong("top_patches", hint=1)
def nothing_below_zero(images, activations, channel, count, jump, field, start):
    """Activations below 0 are treated as 0.

    If the search begins with 0 as the best value, nothing below 0 is found. Before a ReLU the
    maximum of a picture may be negative: begin with minus infinity, or with the first number.
    """
    clipped = np.maximum(activations, 0)
    return top_patches(images, clipped, channel, count, jump, field, start)


@wrong("top_patches", hint=2)
def boxes_as_floats(images, activations, channel, count, jump, field, start):
    """The boxes are floats.

    Their numbers are right, but slices need ints: images[n, :, top:bottom]. np.zeros and np.empty
    make floats unless you pass dtype=int.
    """
    boxes, patches = top_patches(images, activations, channel, count, jump, field, start)
    return boxes.astype(float), patches
