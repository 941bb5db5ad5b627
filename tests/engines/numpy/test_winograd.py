"""Winograd's convolution against the definition, and the cache of transformed weights."""

import gc

import definitions as plain
import numpy as np
import pytest

from nnscratch.engines.numpy import winograd
from nnscratch.kernels.window import Window

ACCURACY = {np.float32: 2e-5, np.float64: 1e-13}


def square(padding=((1, 1), (1, 1))):
    return Window((3, 3), (1, 1), padding, (1, 1))


def close(got, expected, dtype):
    assert got.dtype == dtype and got.shape == expected.shape
    return np.abs(got - expected).max() <= ACCURACY[dtype] * max(np.abs(expected).max(), 1e-3)


def cases(count):
    rng = np.random.default_rng(0)
    made = 0
    while made < count:
        n, c_in, c_out = rng.integers(1, 4), rng.integers(1, 9), rng.integers(1, 9)
        size = tuple(int(v) for v in rng.integers(1, 30, 2))
        window = square(tuple(tuple(int(v) for v in rng.integers(0, 4, 2)) for _ in range(2)))
        if min(window.out_size(size)) < 1:
            continue
        dtype = (np.float32, np.float64)[made % 2]
        x = rng.normal(size=(n, c_in, *size)).astype(dtype)
        if made % 3 == 0:
            x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
        weight = rng.normal(size=(c_out, c_in, 3, 3)).astype(dtype)
        g = rng.normal(size=(n, c_out, *window.out_size(size))).astype(dtype)
        made += 1
        yield x, weight, g, window, (4, 2, None)[made % 3], dtype


@pytest.mark.parametrize("block", [128, 5])
def test_agrees_with_the_definition(block, monkeypatch):
    monkeypatch.setattr(winograd, "BLOCK_TILES", block)
    monkeypatch.setattr(winograd, "GRADIENT_BLOCK_TILES", block)
    for x, weight, g, window, m, dtype in cases(150):
        wide = [a.astype(np.float64) for a in (x, weight, g)]
        bias = np.linspace(-1, 1, len(weight)).astype(dtype)
        y = plain.conv(wide[0], wide[1], window, 1, bias)
        assert close(winograd.conv(x, weight, window, 1, bias, m), y, dtype)
        back = plain.conv_grad_input(wide[2], wide[1], window, x.shape[2:], 1)
        assert close(winograd.conv_grad_input(g, weight, window, x.shape[2:], 1, m), back, dtype)
        slope = plain.conv_grad_weight(wide[0], wide[2], window, 1)
        assert close(winograd.conv_grad_weight(x, g, window, 1, m), slope, dtype)


@pytest.mark.parametrize("block", [128, 5, 1])
def test_three_dimensions(block, monkeypatch):
    rng = np.random.default_rng(6)
    monkeypatch.setattr(winograd, "BLOCK_TILES", block)
    monkeypatch.setattr(winograd, "GRADIENT_BLOCK_TILES", block)
    for k in range(25):
        pads = tuple(tuple(int(v) for v in rng.integers(0, 4, 2)) for _ in range(3))
        size = tuple(int(v) for v in rng.integers(3, 12, 3))
        window, m = Window((3,) * 3, (1,) * 3, pads, (1,) * 3), (2, 4)[k % 2]
        x, weight = rng.normal(size=(2, 3, *size)), rng.normal(size=(4, 3, 3, 3, 3))
        bias, g = rng.normal(size=4), rng.normal(size=(2, 4, *window.out_size(size)))
        y = plain.conv(x, weight, window, 1, bias)
        assert close(winograd.conv(x, weight, window, 1, bias, m), y, np.float64)
        back = plain.conv_grad_input(g, weight, window, size, 1)
        assert close(winograd.conv_grad_input(g, weight, window, size, 1, m), back, np.float64)
        slope = plain.conv_grad_weight(x, g, window, 1)
        assert close(winograd.conv_grad_weight(x, g, window, 1, m), slope, np.float64)


def test_many_channels_and_blocks_of_several_kinds():
    rng = np.random.default_rng(1)
    for c_in, c_out, n, size in (
        (96, 80, 1, (70, 33)),
        (160, 256, 3, (9, 14)),
        (17, 3, 2, (40, 90)),
    ):
        x = rng.normal(size=(n, c_in, *size)).astype(np.float32)
        weight = rng.normal(size=(c_out, c_in, 3, 3)).astype(np.float32)
        y = plain.conv(x.astype(np.float64), weight.astype(np.float64), square(), 1)
        assert close(winograd.conv(x, weight, square(), 1), y, np.float32)


def test_inputs_stay_as_they_are_and_outputs_lie_channels_last():
    rng = np.random.default_rng(2)
    x, weight = rng.normal(size=(2, 5, 9, 9)), rng.normal(size=(4, 5, 3, 3))
    before = x.copy(), weight.copy()
    y = winograd.conv(x, weight, square(), 1)
    assert np.array_equal(before[0], x) and np.array_equal(before[1], weight)
    assert np.moveaxis(y, 1, -1).flags.c_contiguous


def test_accuracy_of_the_points():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(1, 64, 56, 56)).astype(np.float32)
    weight = (rng.normal(size=(64, 64, 3, 3)) / 17).astype(np.float32)
    exact = winograd.conv(x.astype(np.float64), weight.astype(np.float64), square(), 1)
    for m, most in ((4, 5e-6), (2, 1e-6)):
        y = winograd.conv(x, weight, square(), 1, m=m)
        assert np.abs(y - exact).max() / np.abs(exact).max() < most


class TestCache:
    def setup_method(self):
        winograd.free()
        rng = np.random.default_rng(5)
        self.x, self.weight = rng.normal(size=(1, 3, 8, 8)), rng.normal(size=(2, 3, 3, 3))

    def check(self):
        y = plain.conv(self.x, self.weight, square(), 1)
        assert close(winograd.conv(self.x, self.weight, square(), 1), y, np.float64)
        g = plain.conv_grad_input(y, self.weight, square(), (8, 8), 1)
        assert close(winograd.conv_grad_input(y, self.weight, square(), (8, 8), 1), g, np.float64)

    def test_is_used(self, monkeypatch):
        self.check()
        monkeypatch.setattr(winograd, "at_points", None)
        self.check()

    @pytest.mark.parametrize(
        "write",
        [
            lambda w: w.__imul__(2),
            lambda w: w.__setitem__((0, 0, 0, 0), np.nextafter(w[0, 0, 0, 0], 9)),
            lambda w: w.__setitem__(..., w[:, :, ::-1, ::-1].copy()),
            lambda w: w.__setitem__(..., w[::-1].copy()),
            lambda w: np.negative(w, out=w),
        ],
    )
    def test_sees_every_write(self, write):
        self.check()
        write(self.weight)
        before = len(winograd._cache)
        self.check()
        assert len(winograd._cache) == before

    def test_forgets_weights_that_are_gone(self):
        self.check()
        assert len(winograd._cache) == 2
        self.weight = None
        gc.collect()
        assert not winograd._cache

    def test_takes_weights_in_any_layout(self):
        self.weight = np.asfortranarray(self.weight)
        self.check()
        self.check()
        self.weight = self.weight[:, ::-1]
        self.check()

    def test_is_bounded(self, monkeypatch):
        monkeypatch.setattr(winograd, "CACHE_BYTES", 20_000)
        kept = [np.full((4, 4, 3, 3), float(i)) for i in range(20)]
        x = np.ones((1, 4, 8, 8))
        for weight in kept:
            winograd.conv(x, weight, square(), 1)
        assert 0 < sum(e.points.nbytes for e in winograd._cache.values()) <= 20_000


def test_says_what_it_cannot_do():
    with pytest.raises(ValueError, match="winograd: expected a 3×3 or"):
        winograd.conv(
            np.ones((1, 1, 5, 5)),
            np.ones((1, 1, 3, 3)),
            Window((3, 3), (2, 2), ((0, 0),) * 2, (1, 1)),
            1,
        )
