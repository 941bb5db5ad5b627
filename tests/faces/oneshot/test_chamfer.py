"""Costs between drawings: a drawing to itself, turned and moved ones, brute force, by hand."""

import numpy as np
import pytest
from drawings import SIDE, drawing
from scipy.ndimage import rotate, zoom
from scipy.spatial.distance import cdist

from nnscratch.faces.oneshot import chamfer
from nnscratch.faces.oneshot.chamfer import modified_hausdorff, oriented_chamfer

BOTH = pytest.mark.parametrize("costs", [modified_hausdorff, oriented_chamfer])
DRAWINGS = np.stack([drawing(character) for character in range(6)])


def turned(ink, degrees):
    return rotate(ink.astype(float), degrees, reshape=False, order=1) > 0.4


def stroke(degrees, length=60):
    """A straight stroke through the middle."""
    ink = np.zeros((SIDE, SIDE), bool)
    angle, along = np.radians(degrees), np.linspace(-length / 2, length / 2, 4 * length)
    rows, columns = (np.rint(SIDE // 2 + along * f(angle)).astype(int) for f in (np.sin, np.cos))
    for down in (0, 1):
        for right in (0, 1):
            ink[rows + down, columns + right] = True
    return ink


# -- both -----------------------------------------------------------------------------------------


@BOTH
def test_a_drawing_is_at_0_from_itself_and_farther_from_others(costs):
    found = costs(DRAWINGS, DRAWINGS)
    assert found.shape == (6, 6)
    np.testing.assert_allclose(np.diag(found), 0, atol=1e-12)
    assert (found[~np.eye(6, dtype=bool)] > 1).all()  # pixels


@BOTH
@pytest.mark.parametrize("degrees", [-10, 10])
def test_a_drawing_is_nearest_to_itself_turned_a_little(costs, degrees):
    items = np.stack([turned(ink, degrees) for ink in DRAWINGS])
    np.testing.assert_array_equal(costs(items, DRAWINGS).argmin(1), np.arange(6))


@BOTH
def test_where_a_drawing_lies_does_not_matter(costs):
    moved = np.roll(np.roll(DRAWINGS, 9, axis=1), -6, axis=2)
    assert not (moved == DRAWINGS).all()
    np.testing.assert_allclose(costs(moved, DRAWINGS), costs(DRAWINGS, DRAWINGS), atol=0.5)


@BOTH
def test_both_ways_cost_the_same(costs):
    """With oriented chamfer about the same: the maps are of one drawing, not their inverses."""
    there, back = costs(DRAWINGS[:3], DRAWINGS[3:]), costs(DRAWINGS[3:], DRAWINGS[:3]).T
    off = np.abs(there - back) / np.maximum(there, back)
    assert off.mean() < (1e-12 if costs is modified_hausdorff else 0.15)


@BOTH
def test_other_drawers_of_a_character_are_nearer_than_other_characters(costs):
    items = np.stack([drawing(character, drawer=7) for character in range(6)])
    np.testing.assert_array_equal(costs(items, DRAWINGS).argmin(1), np.arange(6))


@BOTH
def test_blank_drawings_and_dots_have_finite_costs(costs):
    odd = np.zeros((3, SIDE, SIDE), bool)
    odd[1, 3, 3] = True
    odd[2] = True
    found = costs(odd, DRAWINGS)
    assert found.shape == (3, 6)
    assert np.isfinite(found).all() and (found > 1).all()
    assert costs(odd[:1], odd[:1]) == 0


# -- modified Hausdorff ---------------------------------------------------------------------------


def test_modified_hausdorff_by_brute_force():
    def places(ink):
        found = np.argwhere(ink).astype(float)
        return found - found.mean(0)

    found = modified_hausdorff(DRAWINGS[:2], DRAWINGS)
    for i, item in enumerate(DRAWINGS[:2]):
        for j, other in enumerate(DRAWINGS):
            distances = cdist(places(item), places(other))
            expected = max(distances.min(1).mean(), distances.min(0).mean())
            assert found[i, j] == pytest.approx(expected, abs=1e-9)


def test_modified_hausdorff_by_hand():
    """Two dots 4 apart and two 10 apart, both about their middle: each is 3 from the other."""
    near, far = np.zeros((2, 9, 21), bool)
    near[4, [8, 12]] = True
    far[4, [5, 15]] = True
    far_one = far.copy()
    far_one[4, 10] = True  # in the middle: 2 from either, while 0 is at the mean of two
    assert modified_hausdorff(near[None], far[None]) == pytest.approx(3)
    assert modified_hausdorff(near[None], far_one[None]) == pytest.approx((3 + 3 + 2) / 3)


# -- oriented chamfer -----------------------------------------------------------------------------


def test_the_maps_are_81_and_one_of_them_changes_nothing():
    maps = chamfer._maps()
    assert maps.shape == (81, 2, 2)
    assert sum(np.allclose(m, np.eye(2)) for m in maps) == 1
    assert len({tuple(np.round(m.ravel(), 9)) for m in maps}) == 81
    assert (np.linalg.det(maps) > 0.5).all()


@pytest.mark.parametrize("degrees", [0, 20, 45, 80, 90, 130, 170])
def test_directions_of_straight_strokes(degrees):
    ink = stroke(degrees)
    angles = chamfer._stroke_angles(ink)[ink]
    off = np.abs((np.degrees(angles) - degrees + 90) % 180 - 90)
    assert np.median(off) < 4


def test_a_bin_and_how_far_bins_are_apart_round_the_half_turn():
    angles = np.radians([0, 29, 31, 90, 179.9])
    np.testing.assert_array_equal(chamfer._bin(angles), [0, 0, 1, 3, 5])
    assert chamfer._bin(np.array([np.pi])) == 0
    np.testing.assert_array_equal(chamfer._apart(np.arange(6), 0), [0, 1, 2, 3, 2, 1])
    np.testing.assert_array_equal(chamfer._apart(np.arange(6), 4), [2, 3, 2, 1, 0, 1])


def test_a_stroke_across_is_far_though_its_ink_is_near():
    """By place alone a cross of short strokes lies within pixels of either."""
    lying, standing = stroke(0, 24), stroke(90, 24)
    near = modified_hausdorff(lying[None], standing[None]).item()
    far = oriented_chamfer(lying[None], standing[None]).item()
    assert near < 7
    assert far == pytest.approx(2 * chamfer.FARTHEST, rel=0.15)  # no ink of that direction at all


@pytest.mark.parametrize("change", [(1.18, 1.0), (0.85, 1.0), (1.18, 0.85)])
def test_stretching_is_undone(change):
    """A drawing stretched as one of the maps does is near, at most two pixels both ways."""
    ink = DRAWINGS[1]
    stretched = zoom(ink.astype(float), change, order=1) > 0.4
    shape = max(stretched.shape)
    canvas = np.zeros((2, shape, shape), bool)
    canvas[0, : stretched.shape[0], : stretched.shape[1]] = stretched
    canvas[1, :SIDE, :SIDE] = ink[:shape, :shape]
    found = oriented_chamfer(canvas[:1], canvas[1:]).item()
    assert found < 2
    assert found < 0.3 * oriented_chamfer(canvas[:1], DRAWINGS[2:]).min()


def test_the_seed_chooses_the_points():
    a, b, c = (oriented_chamfer(DRAWINGS[:2], DRAWINGS, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    np.testing.assert_allclose(a, c, atol=1.5)


def test_large_drawings_are_cut_to_the_canvas():
    ink = np.zeros((1, 400, 400), bool)
    ink[0, ::20, 5] = ink[0, 7, ::3] = True
    assert np.isfinite(oriented_chamfer(ink, DRAWINGS)).all()
