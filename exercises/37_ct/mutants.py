"""Plausible wrong answers for volumes."""

import math

import numpy as np
from solution import conv3d, measure

from nnscratch.learn import wrong

# -- conv3d ---------------------------------------------------------------------------------------


@wrong("conv3d", hint=1)
def depth_summed_away(x, filters, stride):
    """The depth is treated like channels.

    You sum over all slices, so the result is one picture for each filter, (O, H', W'). Sum over
    channels only; along the depth the filter slides: (O, D', H', W').
    """
    return conv3d(x, filters, stride).sum(1)


@wrong("conv3d", hint=1)
def slice_by_slice(x, filters, stride):
    """Each slice is filtered separately.

    You apply the first slice of the filter to every slice of the volume. A filter has a depth K0
    and uses K0 slices at a time.
    """
    return conv3d(x, filters[:, :, :1], stride)


@wrong("conv3d", hint=1)
def slices_added_alike(x, filters, stride):
    """All slices of the filter are treated as one.

    You sum the filter over its depth before you use it (or use the same picture filter for each
    slice). x[d+i] is multiplied by filters[.., i, .., ..].
    """
    return conv3d(x, np.broadcast_to(filters.sum(2, keepdims=True), filters.shape), stride)


@wrong("conv3d", hint=2)
def flipped(x, filters, stride):
    """The filters are flipped along all three axes.

    That is the mathematical convolution. A layer computes a cross-correlation: x[d+i, h+j, w+k]
    times filters[i, j, k].
    """
    return conv3d(x, filters[:, :, ::-1, ::-1, ::-1], stride)


@wrong("conv3d", hint=2)
def flipped_in_depth(x, filters, stride):
    """The filters are flipped along the depth.

    Rows and columns are right; in the depth you multiply x[d+i] by filters[K0-1-i]. Multiply it by
    filters[i].
    """
    return conv3d(x, filters[:, :, ::-1], stride)


@wrong("conv3d", hint=2)
def axes_reversed(x, filters, stride):
    """The filter's axes are used in reverse order.

    Its last three axes are depth, rows, columns, like those of x. You use them as x, y, z.
    """
    return conv3d(x, filters.swapaxes(2, 4), stride)


@wrong("conv3d", hint=2)
def strides_reversed(x, filters, stride):
    """The strides are used in reverse order.

    stride[0] belongs to the depth, stride[2] to the columns: the order of the axes.
    """
    return conv3d(x, filters, stride[::-1])


@wrong("conv3d", hint=2)
def one_stride_for_all(x, filters, stride):
    """The first stride is used for all three axes.

    Each axis has its own stride, in the order of the axes.
    """
    return conv3d(x, filters, (stride[0],) * 3)


@wrong("conv3d", hint=1)
def depth_without_stride(x, filters, stride):
    """The stride is ignored along the depth.

    Rows and columns use their strides; the depth uses stride[0].
    """
    return conv3d(x, filters, (1, *stride[1:]))


@wrong("conv3d", hint=2)
def stride_in_the_shape_only(x, filters, stride):
    """The stride makes the result smaller, but no voxels are skipped.

    The shape is right, but output d uses x[d+i]. It must use x[d*s0 + i], and likewise along the
    two other axes.
    """
    depth, height, width = conv3d(x, filters, stride).shape[1:]
    return conv3d(x, filters, (1, 1, 1))[:, :depth, :height, :width]


@wrong("conv3d", hint=1)
def first_channel_only(x, filters, stride):
    """Only the first channel is used.

    A scan has one, but after a layer there are several. Sum over all C of them.
    """
    return conv3d(x[:1], filters[:, :1], stride)


@wrong("conv3d", hint=1)
def averaged(x, filters, stride):
    """The products are averaged.

    A filter is a sum. You divide by the number of its terms, C*K0*K1*K2.
    """
    return conv3d(x, filters, stride) / filters[0].size


@wrong("conv3d", hint=1)
def channels_last(x, filters, stride):
    """The channels of the result are last.

    (D', H', W', O) is another layout. Here channels come first, in x and in the result.
    """
    return np.moveaxis(conv3d(x, filters, stride), 0, -1)


@wrong("conv3d", hint=2)
def last_place_missing(x, filters, stride):
    """The last place along every axis is missing.

    There are (D - K0) // s0 + 1 places, and so on: the one at 0 counts too.
    """
    return conv3d(x, filters, stride)[:, :-1, :-1, :-1]


@wrong("conv3d", hint=2)
def stride_ignored(x, filters, stride):
    """The stride is ignored.

    From one output to the next the filter moves by s voxels along an axis: y[o, d] begins at d*s.
    """
    return conv3d(x, filters, (1, 1, 1))


@wrong("conv3d", hint=2)
def flipped_within_slices(x, filters, stride):
    """The filters are flipped along rows and columns.

    That is the mathematical convolution. Here x[... + i, ... + j, ... + k] is multiplied by
    filters[..., i, j, k].
    """
    return conv3d(x, filters[..., ::-1, ::-1], stride)


@wrong("conv3d", hint=1)
def channels_mixed(x, filters, stride):
    """The channels are added before the multiplication.

    Each channel has its own numbers in the filter. Multiply first, then sum over the channels.
    """
    return conv3d(x.sum(0, keepdims=True), filters.sum(1, keepdims=True), stride)


# -- measure: the volume --------------------------------------------------------------------------


@wrong("measure", hint=3)
def voxels_counted(ct, level, spacing):
    """The volume is a number of voxels.

    Multiply by the volume of a voxel, the product of the three spacings, and divide by 1000 for
    millilitres.
    """
    return float(np.count_nonzero(ct >= level)), measure(ct, level, spacing)[1]


@wrong("measure", hint=3)
def cubic_millimetres(ct, level, spacing):
    """The volume is in cubic millimetres.

    A millilitre is a cubic centimetre: 10 * 10 * 10 = 1000 mm^3. Divide by 1000.
    """
    millilitres, steepness = measure(ct, level, spacing)
    return millilitres * 1000, steepness


@wrong("measure", hint=3)
def divided_by_ten(ct, level, spacing):
    """A millilitre is treated as 10 cubic millimetres.

    A centimetre is 10 mm, but a cubic centimetre is 10 * 10 * 10 = 1000 mm^3.
    """
    millilitres, steepness = measure(ct, level, spacing)
    return millilitres * 100, steepness


@wrong("measure", hint=3)
def slices_without_thickness(ct, level, spacing):
    """The volume lacks the distance of the slices.

    Rows times columns is an area. Multiply by spacing[0] too.
    """
    millilitres, steepness = measure(ct, level, spacing)
    return millilitres / spacing[0], steepness


@wrong("measure", hint=3)
def cubes(ct, level, spacing):
    """A voxel is treated as a cube.

    spacing[0] is the distance of the slices only. The volume of a voxel is the product of three
    different lengths.
    """
    steepness = measure(ct, level, spacing)[1]
    return np.count_nonzero(ct >= level) * spacing[0] ** 3 / 1000, steepness


@wrong("measure", hint=3)
def level_left_out(ct, level, spacing):
    """Voxels exactly at the level are not counted.

    The condition is ct >= level, not ct > level. CT values are whole numbers, so such voxels occur.
    """
    millilitres = np.count_nonzero(ct > level) * math.prod(spacing) / 1000
    return millilitres, measure(ct, level, spacing)[1]


# -- measure: the steepness -----------------------------------------------------------------------


def _with_slopes(ct, level, spacing, slopes):
    return measure(ct, level, spacing)[0], np.sqrt(sum(slope**2 for slope in slopes))


@wrong("measure", hint=4)
def spacing_ignored(ct, level, spacing):
    """The slopes are per voxel, not per millimetre.

    A step of one slice may be 5 mm, a step of one column half a millimetre. Divide the difference
    along each axis by the spacing of that axis.
    """
    return _with_slopes(ct, level, spacing, np.gradient(ct))


@wrong("measure", hint=4)
def spacing_reversed(ct, level, spacing):
    """The spacings are used in reverse order.

    They are in the order of the axes: depth, rows, columns. Files often have the reverse order, x,
    y, z.
    """
    return _with_slopes(ct, level, spacing, np.gradient(ct, *spacing[::-1]))


@wrong("measure", hint=4)
def rows_and_columns_swapped(ct, level, spacing):
    """The spacings of rows and columns are swapped.

    spacing[1] is from one row to the next, spacing[2] from one column to the next.
    """
    return _with_slopes(ct, level, spacing, np.gradient(ct, *np.array(spacing)[[0, 2, 1]]))


@wrong("measure", hint=4)
def spacing_multiplied(ct, level, spacing):
    """The slopes are multiplied by the spacing.

    A slope is a difference divided by a distance.
    """
    slopes = [slope * mm for slope, mm in zip(np.gradient(ct), spacing, strict=True)]
    return _with_slopes(ct, level, spacing, slopes)


@wrong("measure", hint=4)
def within_slices_only(ct, level, spacing):
    """The slope along the depth is missing.

    You handle each slice separately. The values also change from slice to slice: that is the first
    of the three slopes.
    """
    return _with_slopes(ct, level, spacing, np.gradient(ct, *spacing)[1:])


@wrong("measure", hint=4)
def half_forgotten(ct, level, spacing):
    """Inside, the slopes are twice too large.

    From the previous voxel to the next it is two steps: divide by twice the spacing. At the ends it
    is one step, and yours are right.
    """
    slopes = []
    for axis, (slope, mm) in enumerate(zip(np.gradient(ct), spacing, strict=True)):
        steps = np.moveaxis(slope / mm, axis, 0)
        steps[1:-1] *= 2
        slopes.append(np.moveaxis(steps, 0, axis))
    return _with_slopes(ct, level, spacing, slopes)


@wrong("measure", hint=4)
def forward_differences(ct, level, spacing):
    """The slopes are forward differences.

    next - this is the slope half a voxel further on. Inside, take (next - previous) over two
    spacings; only at the ends one of them is missing.
    """
    slopes = []
    for axis, mm in enumerate(spacing):
        steps = np.diff(ct, axis=axis) / mm
        slopes.append(np.concatenate((steps, steps.take([-1], axis)), axis))
    return _with_slopes(ct, level, spacing, slopes)


@wrong("measure", hint=4)
def ends_are_neighbours(ct, level, spacing):
    """The first and the last voxel are treated as neighbours.

    np.roll moves one end to the other. At the ends there is one neighbour, one spacing away.
    """
    slopes = [
        (np.roll(ct, -1, axis) - np.roll(ct, 1, axis)) / (2 * mm) for axis, mm in enumerate(spacing)
    ]
    return _with_slopes(ct, level, spacing, slopes)


@wrong("measure", hint=4)
def ends_repeated(ct, level, spacing):
    """At the ends the slopes are half of what they should be.

    You repeated the last voxel beyond the end, and divided the difference by two spacings. There
    the neighbour is one spacing away: divide by one.
    """
    slopes = []
    for axis, mm in enumerate(spacing):
        wide = np.pad(ct, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
        n = wide.shape[axis]
        high, low = (np.take(wide, range(a, n - 2 + a), axis) for a in (2, 0))
        slopes.append((high - low) / (2 * mm))
    return _with_slopes(ct, level, spacing, slopes)


@wrong("measure", hint=4)
def absolute_slopes_added(ct, level, spacing):
    """The three slopes are added.

    They are the components of a vector, and the steepness is its length: the root of the sum of
    squares.
    """
    slopes = np.gradient(ct, *spacing)
    return measure(ct, level, spacing)[0], sum(np.abs(slope) for slope in slopes)


@wrong("measure", hint=4)
def root_forgotten(ct, level, spacing):
    """The root is missing.

    The sum of squares is in HU^2 per mm^2. The steepness is its square root.
    """
    millilitres, steepness = measure(ct, level, spacing)
    return millilitres, steepness**2


@wrong("measure", hint=3)
def below_the_level(ct, level, spacing):
    """The voxels below the level are counted.

    Count the voxels with ct >= level.
    """
    _, steepness = measure(ct, level, spacing)
    return np.count_nonzero(ct < level) * math.prod(spacing) / 1000, steepness


@wrong("measure", hint=3)
def divided_by_a_million(ct, level, spacing):
    """A millilitre is treated as a million cubic millimetres.

    That is a litre: 100 mm along each edge. A millilitre is 10 mm along each edge, 1000 mm^3.
    """
    millilitres, steepness = measure(ct, level, spacing)
    return millilitres / 1000, steepness


@wrong("measure", hint=3)
def divided_by_a_hundred(ct, level, spacing):
    """A millilitre is treated as 100 cubic millimetres.

    It is a cube with 10 mm along each edge: 10 * 10 * 10 = 1000 mm^3.
    """
    millilitres, steepness = measure(ct, level, spacing)
    return 10 * millilitres, steepness


@wrong("measure", hint=3)
def values_summed(ct, level, spacing):
    """The values of the voxels are summed, not the voxels.

    Count the voxels: sum the mask, ct >= level, not the values of ct.
    """
    _, steepness = measure(ct, level, spacing)
    return ct[ct >= level].sum() * math.prod(spacing) / 1000, steepness


@wrong("measure", hint=3)
def spacings_added(ct, level, spacing):
    """The volume of a voxel is the sum of the spacings.

    It is the product of its three edges.
    """
    _, steepness = measure(ct, level, spacing)
    return np.count_nonzero(ct >= level) * sum(spacing) / 1000, steepness


@wrong("measure", hint=4)
def first_spacing_for_all(ct, level, spacing):
    """The spacing of the slices is used for all three axes.

    Each axis has its own: np.gradient takes one number for each, np.gradient(ct, *spacing).
    """
    return _with_slopes(ct, level, spacing, np.gradient(ct, spacing[0]))


@wrong("measure", hint=4)
def steepest_axis(ct, level, spacing):
    """The steepness is the largest of the three slopes.

    The steepest direction may lie between the axes. The steepness is the length of the vector: the
    root of the sum of the squares.
    """
    slopes = np.abs(np.gradient(ct, *spacing))
    return measure(ct, level, spacing)[0], slopes.max(0)


@wrong("measure", hint=4)
def mean_of_squares(ct, level, spacing):
    """The squares are averaged, not summed.

    The length of a vector is the root of the sum of its squares; with the mean it is sqrt(3) times
    too small.
    """
    millilitres, steepness = measure(ct, level, spacing)
    return millilitres, steepness / math.sqrt(3)


@wrong("measure", hint=4)
def flat_ends(ct, level, spacing):
    """At the ends of an axis the slope is 0.

    Only one neighbour is missing there: (next - this) / m, or (this - previous) / m.
    """
    slopes = []
    for axis, slope in enumerate(np.gradient(ct, *spacing)):
        slope = np.moveaxis(slope, axis, 0)
        slope[[0, -1]] = 0.0
        slopes.append(np.moveaxis(slope, 0, axis))
    return _with_slopes(ct, level, spacing, slopes)


@wrong("measure", hint=4)
def zeros_beyond_the_ends(ct, level, spacing):
    """Beyond the ends the values are assumed to be 0.

    0 HU is water, and there is no water around the scan. At an end use the one neighbour that
    exists, and its distance.
    """
    padded = np.pad(ct, 1)
    slopes = np.gradient(padded, *spacing)
    return _with_slopes(ct, level, spacing, [slope[1:-1, 1:-1, 1:-1] for slope in slopes])


@wrong("measure", hint=4)
def three_results(ct, level, spacing):
    """The three slopes are returned, not the steepness.

    The steepness is one number for each voxel, the length of the vector of the three slopes.
    """
    return measure(ct, level, spacing)[0], np.stack(np.gradient(ct, *spacing))
