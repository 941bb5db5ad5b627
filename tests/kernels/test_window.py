"""The sliding window: sizes, what each offset sees, padding, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnscratch.kernels import Window, as_tuple, pad, window

axis = st.tuples(
    st.integers(1, 20),  # input
    st.integers(1, 5),  # kernel
    st.integers(1, 5),  # stride
    st.tuples(st.integers(0, 6), st.integers(0, 6)),
    st.integers(1, 4),  # dilation
)
windows = st.lists(axis, min_size=1, max_size=3).map(
    lambda axes: (
        tuple(a[0] for a in axes),
        Window(*(tuple(a[i] for a in axes) for i in range(1, 5))),
    )
)


def starts(n, k, s, pads, d):
    """Where windows start that lie within the padded input."""
    return [p for p in range(0, n + sum(pads), s) if p + d * (k - 1) < n + sum(pads)]


def each_axis(in_size, w):
    return zip(in_size, w.size, w.stride, w.padding, w.dilation, strict=True)


@given(windows)
def test_out_size_counts_the_windows_that_fit(drawn):
    in_size, w = drawn
    counted = tuple(len(starts(*a)) for a in each_axis(in_size, w))
    assert tuple(max(n, 0) for n in w.out_size(in_size)) == counted
    if all(counted):
        w.check("test", in_size)
    else:
        with pytest.raises(ValueError, match="test: the kernel is larger than the padded input"):
            w.check("test", in_size)


@given(windows)
def test_in_size_is_the_smallest_input_with_these_outputs(drawn):
    in_size, w = drawn
    out_size = w.out_size(in_size)
    if min(out_size) < 1:
        return
    smallest = w.in_size(out_size)
    assert w.out_size(smallest) == out_size
    assert all(
        small <= n < small + s for small, n, s in zip(smallest, in_size, w.stride, strict=True)
    )


@given(windows)
def test_covering_leaves_no_input_over(drawn):
    in_size, w = drawn
    if any(max(p) > span // 2 for p, span in zip(w.padding, w.span, strict=True)):
        return  # pooling refuses it
    wide = w.covering(in_size)
    assert (wide.size, wide.stride, wide.dilation) == (w.size, w.stride, w.dilation)
    for (n, _, s, (before, after), _), more, out, span in zip(
        each_axis(in_size, w), wide.padding, wide.out_size(in_size), w.span, strict=True
    ):
        # PyTorch's rule: rounded up, but the last window starts within input or left padding
        wanted = -((span - n - before - after) // s) + 1
        wanted -= (wanted - 1) * s >= n + before
        assert out == max(wanted, out * (wanted < 1))
        assert more[0] == before and more[1] >= after


@given(windows)
def test_views_are_what_outputs_see(drawn):
    in_size, w = drawn
    out_size = w.out_size(in_size)
    if min(out_size) < 1:
        return
    positions = np.stack(np.meshgrid(*map(np.arange, w.padded_size(in_size)), indexing="ij"))
    count = 0
    for offset, view in w.views(out_size):
        seen = positions[view]
        for i, (o, d, s, n) in enumerate(zip(offset, w.dilation, w.stride, out_size, strict=True)):
            wanted = (o * d + s * np.arange(n)).reshape(-1, *(1,) * (len(out_size) - i - 1))
            assert seen[i].shape == out_size and (seen[i] == wanted).all()
        count += 1
    assert count == np.prod(w.size)


@given(windows)
def test_crop_undoes_pad(drawn):
    in_size, w = drawn
    x = np.random.default_rng(0).standard_normal((2, 3, *in_size))
    padded = pad(x, w.padding, 7.0)
    np.testing.assert_array_equal(
        padded, np.pad(x, ((0, 0), (0, 0), *w.padding), constant_values=7.0)
    )
    assert padded.shape[2:] == w.padded_size(in_size)
    np.testing.assert_array_equal(padded[w.crop(in_size)], x)


def test_nothing_to_pad_is_no_copy():
    x = np.ones((1, 1, 3))
    assert pad(x, ((0, 0),)) is x


def test_span():
    assert window("test", 3, (1, 2, 3), 1, 0, (5, 4, 3)).span == (1, 5, 7)


def test_padding_in_all_its_forms():
    def padding(value, **changes):
        given = {"kernel_size": (4, 3), "stride": 1, "dilation": 1, **changes}
        return window("test", 2, padding=value, **given).padding

    assert padding(1) == ((1, 1), (1, 1))
    assert padding((1, 2)) == padding([1, 2]) == ((1, 1), (2, 2))
    assert padding(((1, 2), (0, 3))) == padding([[1, 2], [0, 3]]) == ((1, 2), (0, 3))
    assert padding(((1, 2), 3)) == ((1, 2), (3, 3))
    assert padding("valid") == ((0, 0), (0, 0))
    assert padding("same") == ((1, 2), (1, 1))
    assert padding("same", dilation=3) == ((4, 5), (3, 3))
    assert padding(np.int64(2)) == ((2, 2), (2, 2))


@pytest.mark.parametrize(
    ("padding", "words"),
    [
        ("full", r"conv: expected padding as an int, ints, pairs or one of .*'same'.*got 'full'"),
        ("SAME", "got 'SAME'"),
        (-1, "expected padding as an int or 2 ints, each at least 0, got -1"),
        (1.5, "expected padding .* got 1.5"),
        (True, "expected padding .* got True"),
        (None, "expected padding .* got None"),
        ((1, 2, 3), r"expected padding .* got \(1, 2, 3\)"),
        (((1, 2),), r"expected 2 pairs \(before, after\) as padding"),
        (((1, 2), (3, 4), (5, 6)), r"expected 2 pairs"),
        (((1, 2), (3,)), "expected padding"),
        (((1, -2), (3, 4)), r"expected padding .* got \(1, -2\)"),
    ],
)
def test_bad_padding(padding, words):
    with pytest.raises(ValueError, match=words):
        window("conv", 2, 3, 1, padding, 1)


def test_same_needs_stride_1():
    with pytest.raises(ValueError, match=r'conv: padding "same" needs stride 1, got \(1, 2\)'):
        window("conv", 2, 3, (1, 2), "same", 1)


@pytest.mark.parametrize("name", ["kernel_size", "stride", "dilation"])
@pytest.mark.parametrize("value", [0, -1, 1.0, "2", (1,), (1, 2, 3), (1, 0), None, True])
def test_bad_sizes(name, value):
    given = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1, name: value}
    with pytest.raises(
        ValueError, match=f"f: expected {name} as an int or 2 ints, each at least 1"
    ):
        window("f", 2, **given)


def test_as_tuple():
    assert as_tuple("f", "n", 3, 2) == as_tuple("f", "n", [3, 3], 2) == (3, 3)
    values = as_tuple("f", "n", (np.int8(3), 4), 2)
    assert values == (3, 4) and all(type(v) is int for v in values)
