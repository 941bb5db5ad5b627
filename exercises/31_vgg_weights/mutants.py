"""Plausible wrong answers for reading weights."""

import numpy as np
from solution import convert, prepare

from nnscratch.learn import wrong


def _changed(arrays, names, change):
    """The layers with every weight passed through change(weight, name)."""
    layers = convert(arrays, names)
    return {name: (change(weight, name), bias) for name, (weight, bias) in layers.items()}


def _laid_out(arrays, names, layout):
    """The layers with another way from HWIO to OIHW, colours turned round after it."""
    layers = {}
    for name, (_, bias) in convert(arrays, names).items():
        weight = layout(arrays[f"{name}/kernel"])
        layers[name] = (weight[:, ::-1] if name == names[0] else weight), bias
    return layers


# -- weights --------------------------------------------------------------------------------------


@wrong("convert", hint=1)
def reshaped(arrays, names):
    """The kernel is reshaped, its axes are not moved.

    The shape is right and nearly every number is in a wrong place: reshape fills the new array in
    the old order. transpose(3, 2, 0, 1) moves the axes.
    """
    return _laid_out(arrays, names, lambda k: k.reshape(*k.shape[:1:-1], *k.shape[:2]))


@wrong("convert", hint=1)
def not_moved(arrays, names):
    """The kernel is still in the order of the file.

    Its axes are height, width, input, output. Convolutions here want output, input, height, width.
    """
    layers = {}
    for name, (_, bias) in convert(arrays, names).items():
        kernel = arrays[f"{name}/kernel"]
        layers[name] = (kernel[:, :, ::-1] if name == names[0] else kernel), bias
    return layers


@wrong("convert", hint=1)
def inputs_and_outputs_swapped(arrays, names):
    """Input and output channels are swapped.

    You have IOHW. Where a layer has as many inputs as outputs its shape is the same, so nothing
    complains. The last axis of the file comes first: transpose(3, 2, 0, 1).
    """
    return _laid_out(arrays, names, lambda k: k.transpose(3, 2, 0, 1).swapaxes(0, 1))


@wrong("convert", hint=1)
def height_and_width_swapped(arrays, names):
    """Height and width of the kernels are swapped.

    .T reverses all four axes and gives OIWH. Square kernels keep their shape and are mirrored
    along the diagonal. transpose(3, 2, 0, 1) keeps h before w.
    """
    return _changed(arrays, names, lambda w, _: w.swapaxes(2, 3))


@wrong("convert", hint=1)
def mirrored(arrays, names):
    """The kernels are turned by 180 degrees.

    That is for libraries whose convolution flips the kernel. This file was trained with a
    cross-correlation, and we compute one: height and width keep their direction.
    """
    return _changed(arrays, names, lambda w, _: w[..., ::-1, ::-1])


@wrong("convert", hint=2)
def still_bgr(arrays, names):
    """The first layer still takes BGR.

    Its input channel 0 has the weights of blue, and our images have red there. Reverse the input
    channels of the first kernel.
    """
    return _changed(arrays, names, lambda w, name: w[:, ::-1] if name == names[0] else w)


@wrong("convert", hint=2)
def outputs_reversed(arrays, names):
    """The outputs of the first layer are reversed, not its inputs.

    The colours are what comes in. In (O, I, kH, kW) that is axis 1: weight[:, ::-1].
    """
    return _changed(arrays, names, lambda w, name: w[::-1, ::-1] if name == names[0] else w)


@wrong("convert", hint=2)
def width_reversed(arrays, names):
    """The first kernel is mirrored along its width.

    [..., ::-1] reverses the last axis, which held the colours of an image once, but in the new
    order is the width. The input channels are axis 1.
    """
    return _changed(arrays, names, lambda w, name: w[:, ::-1, :, ::-1] if name == names[0] else w)


@wrong("convert", hint=2)
def every_layer_reversed(arrays, names):
    """The input channels of every layer are reversed.

    Only the first one takes colours. What the others take are features of the layer before, whose
    order did not change.
    """
    return _changed(arrays, names, lambda w, name: w if name == names[0] else w[:, ::-1])


@wrong("convert", hint=2)
def first_in_the_file(arrays, names):
    """The colours are turned round in the first layer of the file.

    A file keeps its arrays in any order. The layer that takes images is names[0].
    """
    keys = [key for key in arrays if key.endswith("/kernel") and key.split("/")[0] in names]
    first = keys[0].split("/")[0] if keys else names[0]

    def change(weight, name):
        return weight[:, ::-1] if (name == first) != (name == names[0]) else weight

    return _changed(arrays, names, change)


# -- what is missing ------------------------------------------------------------------------------


@wrong("convert", hint=3)
def key_error(arrays, names):
    """A missing array raises KeyError.

    It does not pass unseen, which is the main thing. But who calls you is promised a ValueError
    that says which array the file lacks.
    """
    for name in names:
        arrays[f"{name}/kernel"], arrays[f"{name}/bias"]
    return convert(arrays, names)


@wrong("convert", hint=3)
def layer_left_out(arrays, names):
    """A layer that is not complete is left out in silence.

    The network would run without it, or with the random weights it had, and give poor pictures
    for reasons that nobody finds. Raise ValueError.
    """
    return convert(arrays, [n for n in names if {f"{n}/kernel", f"{n}/bias"} <= arrays.keys()])


@wrong("convert", hint=3)
def missing_bias_is_zero(arrays, names):
    """A missing bias is taken to be 0.

    It was there when the weights were trained. A file without it is cut short: raise ValueError,
    as for a missing kernel.
    """
    zeros = {
        f"{n}/bias": np.zeros(arrays[f"{n}/kernel"].shape[3])
        for n in names
        if f"{n}/kernel" in arrays
    }
    return convert(zeros | arrays, names)


@wrong("convert", hint=3)
def missing_kernel_passes(arrays, names):
    """Only the biases are looked for.

    A layer whose kernel is missing is skipped in silence. Both arrays of every name must be there;
    raise ValueError if one is not.
    """
    for name in names:
        if f"{name}/bias" not in arrays:
            raise ValueError(f"{name} lacks its bias")
    return layer_left_out(arrays, names)


@wrong("convert", hint=2)
def three_inputs_reversed(arrays, names):
    """Every layer with three inputs has its channels reversed.

    That a layer takes three channels does not make them colours: a small network may have three
    features. The layer that takes images is names[0], and no other.
    """
    return _changed(
        arrays, names, lambda w, name: w[:, ::-1] if name != names[0] and w.shape[1] == 3 else w
    )


@wrong("convert", hint=2)
def bias_reversed(arrays, names):
    """The bias of the first layer is reversed.

    A bias belongs to an output channel, and the outputs are no colours. Only the input channels
    of the first kernel are turned round.
    """
    layers = convert(arrays, names)
    weight, bias = layers[names[0]]
    return {**layers, names[0]: (weight, bias[::-1])}


@wrong("convert", hint=1)
def reshaped_and_still_bgr(arrays, names):
    """The kernel is reshaped, and still takes BGR.

    A reshape does not move axes: np.transpose does. And the input channels of the first kernel are
    to be turned round, from BGR to RGB.
    """
    convert(arrays, names)
    layers = {}
    for name in names:
        kernel = arrays[f"{name}/kernel"]
        shape = [kernel.shape[axis] for axis in (3, 2, 0, 1)]
        layers[name] = kernel.reshape(shape), arrays[f"{name}/bias"]
    return layers


@wrong("convert", hint=3)
def everything_converted(arrays, names):
    """Layers that are not in names are converted as well.

    A file may hold layers that this network does not have. Go through names, not through the
    arrays.
    """
    more = {key.split("/")[0] for key in arrays} - set(names)
    more = sorted(name for name in more if {f"{name}/kernel", f"{name}/bias"} <= arrays.keys())
    return convert(arrays, [*names, *more])


@wrong("convert", hint=3)
def none_in_its_place(arrays, names):
    """A missing array becomes None.

    dict.get gives None where nothing is, and the layer fails later, or never. Raise ValueError.
    """
    found = {key: array for key, array in arrays.items() if array is not None}
    layers = {}
    for name in names:
        kernel, bias = found.get(f"{name}/kernel"), found.get(f"{name}/bias")
        if kernel is not None:
            kernel = kernel.transpose(3, 2, 0, 1)
            kernel = kernel[:, ::-1] if name == names[0] else kernel
        layers[name] = kernel, bias
    return layers


@wrong("convert", hint=3)
def nothing_if_missing(arrays, names):
    """If an array is missing, None is returned.

    Whoever calls you would have to look for it each time. Raise ValueError, which nobody overlooks.
    """
    for name in names:
        if f"{name}/kernel" not in arrays or f"{name}/bias" not in arrays:
            return None
    return convert(arrays, names)


# -- pixels ---------------------------------------------------------------------------------------


@wrong("prepare", hint=4)
def mean_not_reversed(images, mean):
    """Red gets the mean of blue.

    mean comes in the order of the file: blue, green, red. The images are red, green, blue, so it
    has to be reversed. The means are close to each other, which is why nobody notices.
    """
    return prepare(images, mean[::-1])


@wrong("prepare", hint=4)
def images_reversed(images, mean):
    """The images are turned to BGR once more.

    The first kernel takes RGB now. Either the kernel is turned round or the images are; with both,
    red meets the weights of blue again.
    """
    return prepare(images, mean)[:, ::-1]


@wrong("prepare", hint=4)
def subtracted_before_scaling(images, mean):
    """The mean is subtracted before the scaling.

    255 * (image - mean) takes away 255 times too much. The mean is one of pixels from 0 to 255:
    scale first.
    """
    return 255 * (prepare(images, mean) - 255 * images + images)


@wrong("prepare", hint=4)
def not_scaled(images, mean):
    """The images are still in [0, 1].

    The mean is around 110, so all pixels come out nearly the same. Multiply the images by 255
    first.
    """
    return prepare(images, mean) - 254 * images


@wrong("prepare", hint=4)
def scaled_back(images, mean):
    """The result is 255 times too small.

    image - mean/255 is centred, but it stays within 1. The network was trained on differences
    of up to 150.
    """
    return prepare(images, mean) / 255


@wrong("prepare", hint=4)
def mean_added(images, mean):
    """The mean is added, not subtracted.

    Adding it is the way back, from the network's pixels to an image.
    """
    return 2 * 255 * images - prepare(images, mean)


@wrong("prepare", hint=4)
def mean_along_width(images, mean):
    """The mean runs along the width, not along the colours.

    An array (3,) is lined up with the last axis, which is W here. Give it the shape (3, 1, 1).
    """
    return 255 * images - mean[::-1]


@wrong("prepare", hint=4)
def mean_along_height(images, mean):
    """The mean runs along the height, not along the colours.

    An array (3, 1) is lined up with the last two axes, H and W. One more axis of length 1 is
    needed: (3, 1, 1).
    """
    return 255 * images - mean[::-1, None]


@wrong("prepare", hint=4)
def one_mean_for_all(images, mean):
    """One number is subtracted from all colours.

    Each colour has a mean of its own, and the network was trained with these three.
    """
    return 255 * images - mean.mean()


@wrong("prepare", hint=4)
def own_mean(images, mean):
    """The mean of the images at hand is subtracted.

    Then a dark picture looks like a bright one to the network. What is subtracted are the means of
    the pictures it was trained on, the same for all.
    """
    return 255 * (images - images.mean((0, 2, 3), keepdims=True))


@wrong("prepare", hint=4)
def whole_numbers(images, mean):
    """The pixels are cut to whole numbers.

    uint8 is how a file stores them. Images in [0, 1] may have finer steps: keep the fractions.
    """
    return prepare(np.floor(255 * images) / 255, mean)


@wrong("prepare", hint=4)
def rounded(images, mean):
    """The pixels are rounded to whole numbers.

    That is how a file stores them. Images in [0, 1] may have finer steps: keep the fractions.
    """
    return prepare(np.round(255 * images) / 255, mean)


@wrong("prepare", hint=4)
def kept_above_zero(images, mean):
    """The result is clipped to 0 to 255.

    Pixels minus their mean are negative about half of the time, and are meant to be.
    """
    return np.clip(prepare(images, mean), 0, 255)


@wrong("prepare", hint=4)
def pixels_from_the_mean(images, mean):
    """The pixels are subtracted from the mean.

    The result is a negative: bright is dark. It is 255 * image - mean.
    """
    return -prepare(images, mean)


@wrong("prepare", hint=4)
def scaled_by_256(images, mean):
    """The images are scaled by 256.

    There are 256 values, from 0 to 255: white is 255.
    """
    return prepare(images * (256 / 255), mean)


@wrong("prepare", hint=4)
def not_scaled_and_mean_not_reversed(images, mean):
    """The images are still in [0, 1], and red gets the mean of blue.

    Two things: the mean belongs to pixels from 0 to 255, so multiply by 255 first; and it is in the
    order blue, green, red, so reverse it.
    """
    return images - np.reshape(mean, (3, 1, 1))


@wrong("convert", hint=2)
def first_by_alphabet(arrays, names):
    """The first name of the alphabet is taken for the layer that sees images.

    names comes in the order of the layers, and names[0] takes images, whatever it is called.
    """
    layers = convert(arrays, [min(names), *names])
    return {name: layers[name] for name in names}
