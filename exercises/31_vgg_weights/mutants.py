"""Plausible wrong answers for converting weights."""

import numpy as np
from solution import convert, prepare

from nnscratch.learn import wrong


def _changed(arrays, names, change):
    """The layers with every weight replaced by change(weight, name)."""
    layers = convert(arrays, names)
    return {name: (change(weight, name), bias) for name, (weight, bias) in layers.items()}


def _laid_out(arrays, names, layout):
    """The layers with another conversion from HWIO to OIHW, colours reversed after it."""
    layers = {}
    for name, (_, bias) in convert(arrays, names).items():
        weight = layout(arrays[f"{name}/kernel"])
        layers[name] = (weight[:, ::-1] if name == names[0] else weight), bias
    return layers


# -- weights --------------------------------------------------------------------------------------


@wrong("convert", hint=1)
def reshaped(arrays, names):
    """The kernel is reshaped, its axes are not moved.

    The shape is right, but nearly every number is in a wrong place: reshape fills the new array in
    the old order. transpose(3, 2, 0, 1) moves the axes.
    """
    return _laid_out(arrays, names, lambda k: k.reshape(*k.shape[:1:-1], *k.shape[:2]))


@wrong("convert", hint=1)
def not_moved(arrays, names):
    """The kernel still has the order of the file.

    Its axes are height, width, input, output. Convert them to output, input, height, width.
    """
    layers = {}
    for name, (_, bias) in convert(arrays, names).items():
        kernel = arrays[f"{name}/kernel"]
        layers[name] = (kernel[:, :, ::-1] if name == names[0] else kernel), bias
    return layers


@wrong("convert", hint=1)
def inputs_and_outputs_swapped(arrays, names):
    """Input and output channels are swapped.

    You have IOHW. Where a layer has as many inputs as outputs the shape is the same, so there is no
    error. The last axis of the file comes first: transpose(3, 2, 0, 1).
    """
    return _laid_out(arrays, names, lambda k: k.transpose(3, 2, 0, 1).swapaxes(0, 1))


@wrong("convert", hint=1)
def height_and_width_swapped(arrays, names):
    """Height and width of the kernels are swapped.

    .T reverses all four axes and gives OIWH. Square kernels keep their shape, but are transposed.
    transpose(3, 2, 0, 1) keeps h before w.
    """
    return _changed(arrays, names, lambda w, _: w.swapaxes(2, 3))


@wrong("convert", hint=1)
def mirrored(arrays, names):
    """The kernels are rotated by 180 degrees.

    That is for libraries whose convolution flips the kernel. This file was trained with a
    cross-correlation, and ours is one too: keep height and width as they are.
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

    The colours are the inputs. In (O, I, kH, kW) that is axis 1: weight[:, ::-1].
    """
    return _changed(arrays, names, lambda w, name: w[::-1, ::-1] if name == names[0] else w)


@wrong("convert", hint=2)
def width_reversed(arrays, names):
    """The first kernel is mirrored along its width.

    [..., ::-1] reverses the last axis, which is the width in the new order. The input channels are
    axis 1.
    """
    return _changed(arrays, names, lambda w, name: w[:, ::-1, :, ::-1] if name == names[0] else w)


@wrong("convert", hint=2)
def every_layer_reversed(arrays, names):
    """The input channels of every layer are reversed.

    Only the first layer takes colours. The others take features of the layer before, whose order
    did not change.
    """
    return _changed(arrays, names, lambda w, name: w if name == names[0] else w[:, ::-1])


@wrong("convert", hint=2)
def first_in_the_file(arrays, names):
    """The colours are reversed in the first layer of the file.

    A file has its arrays in any order. The layer that takes images is names[0].
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

    There is an error, but the exercise asks for a ValueError that names the missing array.
    """
    for name in names:
        arrays[f"{name}/kernel"], arrays[f"{name}/bias"]
    return convert(arrays, names)


@wrong("convert", hint=3)
def layer_left_out(arrays, names):
    """An incomplete layer is skipped without an error.

    The network would run without it, or with its random weights, and give poor pictures for no
    visible reason. Raise ValueError.
    """
    return convert(arrays, [n for n in names if {f"{n}/kernel", f"{n}/bias"} <= arrays.keys()])


@wrong("convert", hint=3)
def missing_bias_is_zero(arrays, names):
    """A missing bias is replaced by 0.

    The weights were trained with it. A file without it is incomplete: raise ValueError, as for a
    missing kernel.
    """
    zeros = {
        f"{n}/bias": np.zeros(arrays[f"{n}/kernel"].shape[3])
        for n in names
        if f"{n}/kernel" in arrays
    }
    return convert(zeros | arrays, names)


@wrong("convert", hint=3)
def missing_kernel_passes(arrays, names):
    """Only the biases are tested.

    A layer without its kernel is skipped without an error. Every name needs both arrays; raise
    ValueError if one is missing.
    """
    for name in names:
        if f"{name}/bias" not in arrays:
            raise ValueError(f"{name} lacks its bias")
    return layer_left_out(arrays, names)


@wrong("convert", hint=2)
def three_inputs_reversed(arrays, names):
    """Every layer with three inputs has its channels reversed.

    Three channels need not be colours: a small network may have three features. The layer that
    takes images is names[0], and no other.
    """
    return _changed(
        arrays, names, lambda w, name: w[:, ::-1] if name != names[0] and w.shape[1] == 3 else w
    )


@wrong("convert", hint=2)
def bias_reversed(arrays, names):
    """The bias of the first layer is reversed.

    A bias belongs to an output channel, and the outputs are no colours. Reverse only the input
    channels of the first kernel.
    """
    layers = convert(arrays, names)
    weight, bias = layers[names[0]]
    return {**layers, names[0]: (weight, bias[::-1])}


@wrong("convert", hint=1)
def reshaped_and_still_bgr(arrays, names):
    """The kernel is reshaped, and still takes BGR.

    A reshape does not move axes: use np.transpose. Also reverse the input channels of the first
    kernel, from BGR to RGB.
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

    dict.get gives None for a missing key, and the layer fails later, or never. Raise ValueError.
    """
    present = {key: array for key, array in arrays.items() if array is not None}
    layers = {}
    for name in names:
        kernel, bias = present.get(f"{name}/kernel"), present.get(f"{name}/bias")
        if kernel is not None:
            kernel = kernel.transpose(3, 2, 0, 1)
            kernel = kernel[:, ::-1] if name == names[0] else kernel
        layers[name] = kernel, bias
    return layers


@wrong("convert", hint=3)
def nothing_if_missing(arrays, names):
    """If an array is missing, None is returned.

    Every caller would have to test for None. Raise ValueError.
    """
    for name in names:
        if f"{name}/kernel" not in arrays or f"{name}/bias" not in arrays:
            return None
    return convert(arrays, names)


# -- pixels ---------------------------------------------------------------------------------------


@wrong("prepare", hint=4)
def mean_not_reversed(images, mean):
    """Red gets the mean of blue.

    mean has the order of the file: blue, green, red. The images are red, green, blue, so reverse
    it. The means are close to each other, so the error is hard to notice.
    """
    return prepare(images, mean[::-1])


@wrong("prepare", hint=4)
def images_reversed(images, mean):
    """The images are converted to BGR.

    The first kernel already takes RGB. Reverse either the kernel or the images; with both, red gets
    the weights of blue again.
    """
    return prepare(images, mean)[:, ::-1]


@wrong("prepare", hint=4)
def subtracted_before_scaling(images, mean):
    """The mean is subtracted before the scaling.

    255 * (image - mean) subtracts 255 times too much. The mean is for pixels from 0 to 255: scale
    first.
    """
    return 255 * (prepare(images, mean) - 255 * images + images)


@wrong("prepare", hint=4)
def not_scaled(images, mean):
    """The images are still in [0, 1].

    The mean is around 110, so all pixels are nearly equal. Multiply the images by 255 first.
    """
    return prepare(images, mean) - 254 * images


@wrong("prepare", hint=4)
def scaled_back(images, mean):
    """The result is 255 times too small.

    image - mean/255 is centred, but its values are within 1. The network was trained on values up
    to 150.
    """
    return prepare(images, mean) / 255


@wrong("prepare", hint=4)
def mean_added(images, mean):
    """The mean is added, not subtracted.

    Adding it converts pixels of the network back to an image.
    """
    return 2 * 255 * images - prepare(images, mean)


@wrong("prepare", hint=4)
def mean_along_width(images, mean):
    """The mean is aligned with the width, not with the colours.

    An array (3,) is aligned with the last axis, which is W. Give it the shape (3, 1, 1).
    """
    return 255 * images - mean[::-1]


@wrong("prepare", hint=4)
def mean_along_height(images, mean):
    """The mean is aligned with the height, not with the colours.

    An array (3, 1) is aligned with the last two axes, H and W. Add one more axis of size 1: (3, 1,
    1).
    """
    return 255 * images - mean[::-1, None]


@wrong("prepare", hint=4)
def one_mean_for_all(images, mean):
    """One number is subtracted from all colours.

    Each colour has its own mean, and the network was trained with these three.
    """
    return 255 * images - mean.mean()


@wrong("prepare", hint=4)
def own_mean(images, mean):
    """The mean of the given images is subtracted.

    Then a dark picture looks like a bright one to the network. Subtract the means of the training
    images, the same for all pictures.
    """
    return 255 * (images - images.mean((0, 2, 3), keepdims=True))


@wrong("prepare", hint=4)
def whole_numbers(images, mean):
    """The pixels are truncated to whole numbers.

    A uint8 file stores whole numbers. Images in [0, 1] may have finer steps: keep the fractions.
    """
    return prepare(np.floor(255 * images) / 255, mean)


@wrong("prepare", hint=4)
def rounded(images, mean):
    """The pixels are rounded to whole numbers.

    A uint8 file stores whole numbers. Images in [0, 1] may have finer steps: keep the fractions.
    """
    return prepare(np.round(255 * images) / 255, mean)


@wrong("prepare", hint=4)
def kept_above_zero(images, mean):
    """The result is clipped to 0 to 255.

    Pixels minus their mean are negative about half of the time, which is right.
    """
    return np.clip(prepare(images, mean), 0, 255)


@wrong("prepare", hint=4)
def pixels_from_the_mean(images, mean):
    """The pixels are subtracted from the mean.

    The result is a negative image: bright is dark. It is 255 * image - mean.
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

    Two changes: the mean is for pixels from 0 to 255, so multiply by 255 first; and it has the
    order blue, green, red, so reverse it.
    """
    return images - np.reshape(mean, (3, 1, 1))


@wrong("convert", hint=2)
def first_by_alphabet(arrays, names):
    """The first name in the alphabet is used as the layer that takes images.

    names has the order of the layers, and names[0] takes images, whatever its name is.
    """
    layers = convert(arrays, [min(names), *names])
    return {name: layers[name] for name in names}
