"""The measuring of algorithms: the grammar of shapes, the counts, and errors that are seen."""

import math

import numpy as np
import pytest

from nnscratch.engines import measure
from nnscratch.engines.numpy import im2col
from nnscratch.engines.registry import IMPLEMENTATIONS

ALGORITHMS = ("definition", "numpy:winograd", "numpy:winograd-2x2", "numpy:im2col")

SEEN = [
    ("1x64x224x224:64k3", (1, 64, 224, 224), (64, 64, 3, 3), (1, 64, 224, 224)),
    ("2x3x10:4k5", (2, 3, 10), (4, 3, 5), (2, 4, 10)),
    ("2x4x6x7x8:6k3s2g2", (2, 4, 6, 7, 8), (6, 2, 3, 3, 3), (2, 6, 3, 4, 4)),
    ("1x2x9x11:3k3x1p0d2", (1, 2, 9, 11), (3, 2, 3, 1), (1, 3, 5, 11)),
    ("1x2x9x11:3k2s1x3p1x0", (1, 2, 9, 11), (3, 2, 2, 2), (1, 3, 10, 4)),
    ("8x16x5x5:16k3g16", (8, 16, 5, 5), (16, 1, 3, 3), (8, 16, 5, 5)),
]


@pytest.mark.parametrize(("text", "x", "weight", "y"), SEEN)
def test_a_shape_is_read_and_written(text, x, weight, y):
    job = measure.parse(text)
    assert (job.x_shape, job.weight_shape, job.y_shape) == (x, weight, y)
    assert str(job) == text
    assert measure.parse(str(job)) == job


def test_a_shape_is_written_without_what_goes_without_saying():
    for text in ("1x1x5x5:1p1s1k3x3d1g1", "01x1x5x5:1k3", "1x1x5x5:1k3p1x1"):
        assert str(measure.parse(text)) == "1x1x5x5:1k3"


BAD = [
    ("", "expected N x CHANNELS"),
    ("1x3x8x8", "expected N x CHANNELS"),
    ("1x3:4k3", "expected N x CHANNELS"),
    ("1x3x2x2x2x2:4k3", "expected N x CHANNELS"),
    ("1x3x8x8:4", "expected N x CHANNELS"),
    ("1x3x8x8:4k", "expected N x CHANNELS"),
    ("1x3x8x8:4k-3", "expected N x CHANNELS"),
    ("1x3x8x8:4k3z2", "expected N x CHANNELS"),
    ("1x3x8x8 :4k3", "expected N x CHANNELS"),
    ("1x3x٣x8:4k3", "expected N x CHANNELS"),
    ("1x3x8x8:4s2", "expected one k"),
    ("1x3x8x8:4k3k3", "at most once"),
    ("1x3x8x8:4k3s1s2", "at most once"),
    ("1x0x8x8:4k3", "at least 1"),
    ("1x3x8x8:0k3", "at least 1"),
    ("1x3x8x8:4k0", "expected kernel"),
    ("1x3x8x8:4k3s0", "expected stride"),
    ("1x3x8x8:4k3x3x3", "expected kernel"),
    ("1x3x8x8:4k3g0", "expected groups"),
    ("1x3x8x8:4k3g2", "2 groups divide"),
    ("1x4x8x8:3k3g2", "2 groups divide"),
    ("1x3x2x2:4k5p0", "larger than the padded input"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_bad_shape_is_named(text, message):
    with pytest.raises(ValueError, match="shape") as error:
        measure.parse(text)
    assert message in str(error.value)
    assert repr(text) in str(error.value)


def test_operations_and_bytes_are_counted():
    job = measure.parse("2x3x5:4k3")
    assert job.operations == 2 * (2 * 4 * 5) * (3 * 3)
    assert job.intensity == job.operations / (4 * (2 * 3 * 5 + 4 * 3 * 3 + 2 * 4 * 5))
    depthwise = measure.parse("2x4x5:4k3g4")
    assert depthwise.operations == 2 * (2 * 4 * 5) * 3


def test_the_roof_rises_and_is_flat():
    machine = measure.Machine(gflops=100.0, gigabytes=20.0, threads=2)
    assert [machine.roof(i) for i in (1, 5, 50)] == [20, 100, 100]


def test_the_machine_is_measured(monkeypatch):
    monkeypatch.setattr(measure, "PRODUCT_SIDE", 64)
    monkeypatch.setattr(measure, "COPY_BYTES", 2**16)
    machine = measure.machine()
    assert machine.threads >= 1
    assert 0 < machine.gflops < math.inf
    assert 0 < machine.gigabytes < math.inf


def rows_of(text, **options):
    return measure.measure(measure.parse(text), peak=100.0, seconds=0.001, **options)


def test_each_direction_and_each_algorithm_that_can_do_it_has_a_row():
    rows = rows_of("2x4x9x9:5k3")
    found = [(row.direction, row.algorithm) for row in rows]
    assert found == [(d, a) for d in measure.DIRECTIONS for a in ALGORITHMS]
    for direction in measure.DIRECTIONS:
        assert sum(row.chosen for row in rows if row.direction == direction) == 1
    strided = rows_of("2x4x9x9:5k3s2")
    assert {row.algorithm for row in strided} == {"definition", "numpy:im2col"}
    for row in rows:
        assert row.shape == "2x4x9x9:5k3"
        assert row.share == pytest.approx(row.gflops / 100)
        operations = 2 * (2 * 5 * 81) * (4 * 9)
        assert row.gflops == pytest.approx(operations / row.milliseconds / 1e6)


@pytest.mark.parametrize(
    "text", ["2x4x9x9:5k3", "2x4x20:6k5s2g2", "1x3x5x6x7:4k3", "2x6x8x8:6k3g6"]
)
def test_errors_are_those_of_float32(text):
    for row in rows_of(text):
        assert 1e-9 < row.error < (1e-5 if row.algorithm == "numpy:winograd" else 2e-6)
        if row.algorithm == "definition" and row.direction == "forward":
            assert row.error < 5e-7


def test_the_seed_decides_the_numbers():
    errors = [[row.error for row in rows_of("2x4x9x9:5k3", seed=seed)] for seed in (0, 0, 1)]
    assert errors[0] == errors[1] != errors[2]


def test_a_wrong_algorithm_shows_a_large_error(monkeypatch):
    right = im2col.conv

    def wrong(x, weight, window, groups, bias=None):
        y = right(x, weight, window, groups, bias)
        y[0, 0, 0, 0] += np.float32(0.1)
        return y

    offers = IMPLEMENTATIONS["conv"]
    offers = [o._replace(compute=wrong) if o.compute is right else o for o in offers]
    monkeypatch.setitem(IMPLEMENTATIONS, "conv", offers)
    errors = {(r.direction, r.algorithm): r.error for r in rows_of("2x4x9x9:5k3")}
    assert errors["forward", "numpy:im2col"] > 1e-3
    assert errors["forward", "definition"] < 1e-6


def test_works_take_turns_and_each_has_its_median():
    called = []
    works = {name: lambda name=name: called.append(name) for name in ("a", "b")}
    medians = measure.in_turns(works, 0.0)
    assert list(medians) == ["a", "b"]
    assert all(0 <= value < 0.1 for value in medians.values())
    assert called == ["a", "a", "b", "b"] * measure.LEAST_TURNS
