"""Plausible wrong answers for the receptive field."""

import numpy as np
from solution import receptive_field, seen

from nnscratch.learn import wrong


def _walk(layers, field=None, jump=None, start=None, first=(1, 1, 0)):
    """The loop over layers with other rules: each (k, s, p, d, jump before, old value) -> new."""
    rules = (
        field or (lambda k, s, p, d, j, old: old + (k - 1) * d * j),
        jump or (lambda k, s, p, d, j, old: old * s),
        start or (lambda k, s, p, d, j, old: old - p * j),
    )
    now, rows = first, []
    for k, s, p, d in layers:
        now = tuple(rule(k, s, p, d, now[1], old) for rule, old in zip(rules, now, strict=True))
        rows.append(now)
    return tuple(zip(*rows, strict=True))


@wrong("receptive_field", hint=2)
def whole_kernel_added(kinds, kernels, strides, paddings, dilations):
    """Each layer adds k places, not k - 1.

    One place is counted already; a window of k adds the k - 1 others: field + (k - 1)*d*jump.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, field=lambda k, s, p, d, j, old: old + k * d * j)


@wrong("receptive_field", hint=2)
def jump_forgotten(kinds, kernels, strides, paddings, dilations):
    """The field grows by places, not by pixels.

    After a stride of 2, neighbours are 2 pixels apart. A window adds (k - 1)*d steps, each of as
    many pixels as the jump before the layer.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, field=lambda k, s, p, d, j, old: old + (k - 1) * d)


@wrong("receptive_field", hint=3)
def own_stride_first(kinds, kernels, strides, paddings, dilations):
    """The field uses the jump after the layer.

    A layer's own stride moves its window; it does not make it wider. Compute the field first, with
    the jump of the input; then jump*s.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, field=lambda k, s, p, d, j, old: old + (k - 1) * d * j * s)


@wrong("receptive_field", hint=3)
def last_stride_only(kinds, kernels, strides, paddings, dilations):
    """Only the stride of the previous layer counts.

    The jump is the product of all strides so far. Two layers of stride 2 give a jump of 4.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, jump=lambda k, s, p, d, j, old: s)


@wrong("receptive_field", hint=3)
def strides_added(kinds, kernels, strides, paddings, dilations):
    """The strides are added, not multiplied.

    A step here is s steps of the previous layer, and each of these is a jump there: jump*s.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, jump=lambda k, s, p, d, j, old: old + s - 1)


@wrong("receptive_field", hint=2)
def dilation_ignored(kinds, kernels, strides, paddings, dilations):
    """The dilation is ignored.

    A window of 3 with dilation 2 uses places 0, 2 and 4: it spans (k - 1)*d steps.
    """
    return receptive_field(kinds, kernels, strides, paddings, [1] * len(kernels))


@wrong("receptive_field", hint=2)
def dilation_times_kernel(kinds, kernels, strides, paddings, dilations):
    """The width of a dilated window is computed as k*d.

    There are k - 1 gaps between k places, so its width is (k - 1)*d + 1, and it adds (k - 1)*d.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, field=lambda k, s, p, d, j, old: old + (k * d - 1) * j)


@wrong("receptive_field", hint=3)
def dilation_in_jump(kinds, kernels, strides, paddings, dilations):
    """The jump is multiplied by the dilation.

    The dilation spreads the places within one window. The distance from one output to the next is
    the stride alone.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, jump=lambda k, s, p, d, j, old: old * s * d)


@wrong("receptive_field", hint=1)
def pooling_not_counted(kinds, kernels, strides, paddings, dilations):
    """Poolings are skipped.

    A pooling has a window like a convolution, and its stride makes the jump larger. What it
    computes makes no difference.
    """
    arrays = zip(kinds, kernels, strides, paddings, dilations, strict=True)
    return _walk([(k, s, p, d) if kind == "conv" else (1, 1, 0, 1) for kind, k, s, p, d in arrays])


@wrong("receptive_field", hint=1)
def pooling_only_strides(kinds, kernels, strides, paddings, dilations):
    """Only the strides of poolings count.

    The jump is right, but a pooling also uses all places of its window: the field grows by (k -
    1)*jump there, too.
    """
    arrays = zip(kinds, kernels, strides, paddings, dilations, strict=True)
    return _walk([(k if kind == "conv" else 1, s, p, d) for kind, k, s, p, d in arrays])


@wrong("receptive_field", hint=3)
def start_without_padding(kinds, kernels, strides, paddings, dilations):
    """The start is always 0.

    With padding the first window begins before the first pixel. Each layer moves the start by
    p*jump to the left.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, start=lambda k, s, p, d, j, old: 0)


@wrong("receptive_field", hint=3)
def padding_in_places(kinds, kernels, strides, paddings, dilations):
    """The padding is subtracted in places, not in pixels.

    A place of the layer's input is a jump of pixels, so the start moves by p*jump.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, start=lambda k, s, p, d, j, old: old - p)


@wrong("receptive_field", hint=3)
def padding_after_stride(kinds, kernels, strides, paddings, dilations):
    """The start uses the jump after the layer.

    The padding is around the layer's input, so it is measured in steps of that input: use the jump
    before you multiply by the stride.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, start=lambda k, s, p, d, j, old: old - p * j * s)


@wrong("receptive_field", hint=3)
def start_to_the_right(kinds, kernels, strides, paddings, dilations):
    """The start moves to the right.

    With padding the first window begins earlier: minus p*jump.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, start=lambda k, s, p, d, j, old: old + p * j)


@wrong("receptive_field", hint=3)
def centre_not_start(kinds, kernels, strides, paddings, dilations):
    """The start is the centre of the field of place 0.

    Some texts use the centre, which moves by (k - 1)*d/2 - p steps in each layer. Here it is the
    first pixel, which moves by -p steps.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, start=lambda k, s, p, d, j, old: old + ((k - 1) * d / 2 - p) * j)


@wrong("receptive_field", hint=2)
def padding_in_field(kinds, kernels, strides, paddings, dilations):
    """The padding makes the field smaller.

    Near a border a part of the field lies in the padding, but in the middle of a picture all of it
    is pixels. Padding changes the start, not the size.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, field=lambda k, s, p, d, j, old: old + ((k - 1) * d - 2 * p) * j)


@wrong("receptive_field", hint=2)
def from_the_last_layer(kinds, kernels, strides, paddings, dilations):
    """The layers are traversed from the last to the first.

    Another formula goes from the output back to the input and gives one field for the whole
    network. Here each layer needs its own numbers, and they follow from those of the layer before
    it.
    """
    arrays = (array[::-1] for array in (kinds, kernels, strides, paddings, dilations))
    return receptive_field(*arrays)


@wrong("receptive_field", hint=2)
def from_zero(kinds, kernels, strides, paddings, dilations):
    """The field begins at 0.

    Before any layer a place is a pixel: field 1.
    """
    return _walk(zip(kernels, strides, paddings, dilations, strict=True), first=(0, 1, 0))


@wrong("receptive_field", hint=3)
def own_stride_only(kinds, kernels, strides, paddings, dilations):
    """The field grows by the layer's own stride.

    A layer's stride separates its places; its own window is as wide as before. Use the jump before
    the layer, the product of all strides before it.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, field=lambda k, s, p, d, j, old: old + (k - 1) * d * s)


@wrong("receptive_field", hint=3)
def stride_comes_first(kinds, kernels, strides, paddings, dilations):
    """The jump is multiplied before field and start are computed.

    Both are measured in steps of the layer's input. Use the old jump for them, and multiply it by
    the stride at the end.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(
        layers,
        field=lambda k, s, p, d, j, old: old + (k - 1) * d * j * s,
        start=lambda k, s, p, d, j, old: old - p * j * s,
    )


@wrong("receptive_field", hint=3)
def strides_summed(kinds, kernels, strides, paddings, dilations):
    """The jump is the sum of the strides.

    A step here is s steps of the previous layer, and each of these is a jump there: jump*s.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, jump=lambda k, s, p, d, j, old: old + s)


@wrong("receptive_field", hint=2)
def from_the_other_side(kinds, kernels, strides, paddings, dilations):
    """The formula for the opposite direction is used.

    (field - 1)*s + (k - 1)*d + 1 is right from the last layer to the first. From the first on, a
    layer adds (k - 1)*d*jump.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, field=lambda k, s, p, d, j, old: (old - 1) * s + (k - 1) * d + 1)


@wrong("receptive_field", hint=3)
def last_padding_only(kinds, kernels, strides, paddings, dilations):
    """The start depends only on the padding of the last layer.

    Each padding moves the start further to the left: start - p*jump.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, start=lambda k, s, p, d, j, old: -p * j)


@wrong("receptive_field", hint=3)
def padding_twice(kinds, kernels, strides, paddings, dilations):
    """The padding counts twice in the start.

    It is on both sides, and the length of a layer changes by 2p. But the start moves only by the
    padding at the start, which is p.
    """
    layers = zip(kernels, strides, paddings, dilations, strict=True)
    return _walk(layers, start=lambda k, s, p, d, j, old: old - 2 * p * j)


@wrong("receptive_field", hint=2)
def before_each_layer(kinds, kernels, strides, paddings, dilations):
    """The numbers are those before each layer.

    You store them before the layer has changed them, so the first entry is 1, 1, 0. Store them
    after.
    """
    rows = receptive_field(kinds, kernels, strides, paddings, dilations)
    return tuple([first, *row[:-1]] for first, row in zip((1, 1, 0), rows, strict=True))


@wrong("receptive_field", hint=2)
def input_included(kinds, kernels, strides, paddings, dilations):
    """The input has an entry, too.

    1, 1, 0 are the numbers before any layer. The result has one entry for each layer, after it.
    """
    rows = receptive_field(kinds, kernels, strides, paddings, dilations)
    return tuple([first, *row] for first, row in zip((1, 1, 0), rows, strict=True))


# -- the pixels of places -------------------------------------------------------------------------


@wrong("seen", hint=4)
def one_too_many(field, jump, start, places, size):
    """The last pixel is one too far.

    Of n pixels that begin at a, the last is a + n - 1.
    """
    first = start + places * jump
    return np.maximum(first, 0), np.minimum(first + field, size - 1)


@wrong("seen", hint=4)
def end_excluded(field, jump, start, places, size):
    """The end is excluded, as in a slice.

    range and slices exclude their end. Here return the last pixel itself.
    """
    first, last = seen(field, jump, start, places, size)
    return first, last + 1


@wrong("seen", hint=4)
def not_clipped(field, jump, start, places, size):
    """The padding is counted as pixels.

    The input has no pixel before 0, and none after size - 1. Clip the first pixel from below and
    the last one from above.
    """
    first = start + places * jump
    return first, first + field - 1


@wrong("seen", hint=4)
def not_clipped_at_the_end(field, jump, start, places, size):
    """The last pixel may lie after the input.

    The input ends at size - 1. The padding at the end does not count, like the one at the start.
    """
    first = start + places * jump
    return np.maximum(first, 0), first + field - 1


@wrong("seen", hint=4)
def clipped_too_early(field, jump, start, places, size):
    """The first pixel is clipped before the last is computed.

    If the field begins in the padding, fewer than `field` pixels of it remain. Compute the last
    pixel from the unclipped start of the field, then clip.
    """
    first = np.maximum(start + places * jump, 0)
    return first, np.minimum(first + field, size) - 1


@wrong("seen", hint=4)
def fields_side_by_side(field, jump, start, places, size):
    """The fields of neighbours are one field apart.

    They overlap: from one place to the next it is one jump, not one field.
    """
    first = start + places * field
    return np.maximum(first, 0), np.minimum(first + field, size) - 1


@wrong("seen", hint=4)
def start_forgotten(field, jump, start, places, size):
    """Place 0 is assumed to begin at pixel 0.

    It begins at start, which is in the padding here. Add start to all places.
    """
    return seen(field, jump, 0, places, size)


@wrong("seen", hint=4)
def field_around_centre(field, jump, start, places, size):
    """The field is centred at start + place*jump.

    start is the first pixel that place 0 sees, not the middle one. The field lies to the right of
    it.
    """
    return seen(field, jump, start - field // 2, places, size)


@wrong("seen", hint=4)
def not_clipped_in_front(field, jump, start, places, size):
    """The first pixel may be negative.

    There is no pixel before 0. Take the larger of 0 and the first pixel.
    """
    return start + places * jump, seen(field, jump, start, places, size)[1]


@wrong("seen", hint=4)
def start_in_places(field, jump, start, places, size):
    """The start is multiplied by the jump.

    It is already in pixels. Multiply only the place: start + i*jump.
    """
    return seen(field, jump, start * jump, places, size)


@wrong("seen", hint=4)
def start_subtracted(field, jump, start, places, size):
    """The start has the wrong sign.

    It is negative where there is padding, and it is added: start + i*jump.
    """
    return seen(field, jump, -start, places, size)


@wrong("seen", hint=4)
def moved_inside(field, jump, start, places, size):
    """The field is moved until it fits.

    It does not move. Pixels outside the border do not count, so fewer pixels are seen.
    """
    first = np.clip(start + places * jump, 0, size - field)
    return first, first + field - 1


@wrong("seen", hint=4)
def clipped_at_size(field, jump, start, places, size):
    """The last pixel may be number `size`.

    Pixels are counted from 0: the last one of the input is size - 1.
    """
    first = start + places * jump
    return np.maximum(first, 0), np.minimum(first + field - 1, size)


@wrong("receptive_field", hint=1)
def pooling_without_dilation(kinds, kernels, strides, paddings, dilations):
    """The dilation of poolings is ignored.

    A pooling may have a dilation as well. The rule is the same for both kinds.
    """
    return receptive_field(
        kinds, kernels, strides, paddings, np.where(kinds == "pool", 1, dilations)
    )
