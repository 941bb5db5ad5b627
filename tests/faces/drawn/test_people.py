"""Generated faces: repeatable, each trait and variation seen, hard for pixels but not hopeless."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from nnscratch.faces.drawn import people as people_module
from nnscratch.faces.drawn import portrait as painter
from nnscratch.faces.drawn.people import (
    NAMES,
    PARAMETERS,
    TRAITS,
    VARIATIONS,
    _between,
    _names,
    draw_faces,
    generated_people,
    identities,
)
from nnscratch.faces.drawn.portrait import HAIR, LUMINANCE, Portrait, _blurred, _ellipse, _mix

MIDDLE = np.full((1, PARAMETERS), 0.5)


@pytest.fixture
def pose(monkeypatch):
    """Passport pictures of one person, in colour, but for the variations named."""

    def draw(size=48, glasses=0, occlusion=0, **values):
        with monkeypatch.context() as patch:
            for name, rest in VARIATIONS.items():
                patch.setitem(VARIATIONS, name, (values.get(name, rest[0]), 0))
            return draw_faces(MIDDLE, 0, size, 1, False, glasses, occlusion)[0]

    return draw


# -- form and chance ------------------------------------------------------------------------------


@pytest.mark.parametrize(("grey", "channels"), [(True, 1), (False, 3)])
@pytest.mark.parametrize(("count", "size", "nuisance"), [(0, 48, 1), (3, 8, 4), (20, 31, 1)])
def test_form(grey, channels, count, size, nuisance):
    pictures = draw_faces(identities(count, 0), 1, size, nuisance, grey, 0.5, 0.5)
    assert pictures.shape == (count, channels, size, size) and pictures.dtype == np.float32
    assert np.isfinite(pictures).all() and ((pictures >= 0) & (pictures <= 1)).all()


def test_identities_are_uniform_and_the_first_stay_the_first():
    many = identities(2000, 3)
    assert many.shape == (2000, PARAMETERS) and len(TRAITS) == PARAMETERS
    assert many.min() >= 0 and many.max() < 1
    np.testing.assert_allclose(many.mean(0), 0.5, atol=0.03)
    np.testing.assert_array_equal(many[:7], identities(7, np.random.default_rng(3)))


@pytest.mark.parametrize("grey", [True, False])
def test_chance_does_not_depend_on_how_the_pictures_are_divided(monkeypatch, grey):
    identity = identities(37, 0)
    at_once = draw_faces(identity, 5, grey=grey, occlusion=0.3)
    rng = np.random.default_rng(5)
    parts = [
        draw_faces(part, rng, grey=grey, occlusion=0.3) for part in (identity[:11], identity[11:])
    ]
    np.testing.assert_array_equal(at_once, np.concatenate(parts))
    monkeypatch.setattr(people_module, "CHUNK", 5)
    np.testing.assert_array_equal(at_once, draw_faces(identity, 5, grey=grey, occlusion=0.3))
    assert np.abs(at_once - draw_faces(identity, 6, grey=grey, occlusion=0.3)).mean() > 0.02


def test_without_nuisance_a_person_has_one_picture():
    identity = np.repeat(identities(5, 0), 6, axis=0)
    still, lively = (draw_faces(identity, 1, nuisance=n).reshape(5, 6, 48, 48) for n in (0, 1))
    np.testing.assert_array_equal(still, np.broadcast_to(still[:, :1], still.shape))
    assert np.abs(np.diff(still[:, 0], axis=0)).mean((1, 2)).min() > 0.03
    assert np.abs(np.diff(lively, axis=1)).mean((2, 3)).min() > 0.01


def test_nuisance_is_a_scale():
    identity = np.repeat(identities(40, 0), 2, axis=0)
    pictures = [draw_faces(identity, 1, nuisance=n).reshape(40, 2, -1) for n in (0.25, 0.5, 1, 2)]
    spread = [np.abs(x[:, 0] - x[:, 1]).mean() for x in pictures]
    assert np.all(np.diff(spread) > 0.2 * np.array(spread[:-1]))


@pytest.mark.parametrize("what", ["glasses", "occlusion"])
@pytest.mark.parametrize(("share", "nuisance"), [(0.3, 1), (0.6, 0.5), (1, 2)])
def test_shares_are_kept(what, share, nuisance):
    """Chance is the same with and without: the pictures that differ are those that wear it."""
    identity = identities(300, 0)
    shares = {"glasses": 0, "occlusion": 0}
    bare = draw_faces(identity, 2, 16, nuisance, **shares)
    worn = draw_faces(identity, 2, 16, nuisance, **(shares | {what: share}))
    differ = (bare != worn).any((1, 2, 3)).mean()
    expected = share * min(1, nuisance)
    assert differ == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / 300))


# -- what is drawn --------------------------------------------------------------------------------


@pytest.mark.parametrize("trait", TRAITS)
def test_every_trait_shows(trait):
    low, high = MIDDLE.copy(), MIDDLE.copy()
    column = list(TRAITS).index(trait)
    low[0, column], high[0, column] = 0, 1
    gap = np.abs(
        draw_faces(low, 0, nuisance=0, grey=False) - draw_faces(high, 0, nuisance=0, grey=False)
    )
    assert gap.mean() > 4e-4 and gap.max() > 0.1


@pytest.mark.parametrize("name", VARIATIONS)
def test_every_variation_shows(pose, name):
    rest, far = VARIATIONS[name]
    also = {"cover_kind": 0.5} if name in ("cover_place", "cover_turn", "cover_tone") else {}
    also |= {"blob": 0.2} if name in ("blob_x", "blob_y") else {}
    also |= {"shift_y": -0.2} if name.startswith("clothes") else {}
    worn = {"glasses": name.startswith(("rim", "lens")), "occlusion": name.startswith("cover")}
    low, high = (pose(**worn, **(also | {name: rest + step})) for step in (-far, far))
    assert np.abs(low - high).max() > 0.03


def test_grey_is_the_luminance_of_the_colours():
    identity = identities(10, 0)
    grey, colour = (draw_faces(identity, 0, nuisance=0, grey=g) for g in (True, False))
    unclipped = colour.max(1) < 1
    assert unclipped.mean() > 0.9
    expected = np.tensordot(LUMINANCE, colour, (0, 1))
    np.testing.assert_allclose(grey[:, 0][unclipped], expected[unclipped], atol=1e-5)


def test_a_larger_picture_shows_the_same():
    identity = identities(10, 0)
    small, large = (draw_faces(identity, 0, size, nuisance=0) for size in (48, 144))
    assert np.abs(large.reshape(10, 1, 48, 3, 48, 3).mean((3, 5)) - small).mean() < 0.01


def test_light_comes_from_its_side(pose):
    left, right = (pose(light_side=side)[:, 20:36] for side in (-0.9, 0.9))
    half = left[..., 14:24].mean() - left[..., 24:34].mean()
    assert half > 0.1
    np.testing.assert_allclose(
        left[..., ::-1].mean((0, 1))[16:32], right.mean((0, 1))[16:32], atol=0.03
    )
    above, below = (pose(light_height=height)[:, :, 20:28] for height in (0.9, -0.9))
    assert above[:, 10:14].mean() > 1.2 * below[:, 10:14].mean()


@pytest.mark.parametrize("angle", [-0.3, 0, 0.3])
@pytest.mark.parametrize(("turn", "half", "place"), [("yaw", 0.72, "u"), ("pitch", 1, "v")])
def test_a_turning_head_moves_its_middle(turn, half, place, angle):
    """Seen from ahead at x = 0, turned at x = z·tan a, where z = d·√(1 − (x / half)²)."""
    rest = {name: (value, value) for name, (value, _) in VARIATIONS.items()}
    rest |= {turn: (angle, angle), "shift_y": (0, 0)}
    now = _between(rest, np.zeros((1, len(rest))))
    portrait = Portrait(_between(TRAITS, MIDDLE), now, (1, 1, 801, 801))
    middle = getattr(portrait, place)[0]
    found = np.abs(middle[400] if turn == "yaw" else middle[:, 400]).argmin() * 2 / 801 - 800 / 801
    slope = painter.DEPTH * np.tan(angle)
    moved = slope / np.hypot(1, slope / half) - painter.PIVOT * np.sin(angle)
    assert found == pytest.approx(moved * painter.ZOOM, abs=2e-3)


def test_turning_back_is_a_rotation(monkeypatch):
    monkeypatch.setattr(painter, "PIVOT", 0)
    now = _between(VARIATIONS, np.random.default_rng(0).random((4, len(VARIATIONS))))
    portrait = Portrait(_between(TRAITS, identities(4, 1)), now, (4, 1, 20, 20))
    z = painter.DEPTH * portrait.bulge
    for k in range(4):
        seen = np.stack([portrait.x[k], portrait.y[k], z[k]], -1).reshape(-1, 3)
        turn = Rotation.from_euler("YX", [now.yaw[k, 0, 0], -now.pitch[k, 0, 0]])
        u, v, _ = turn.inv().apply(seen).T
        np.testing.assert_allclose(portrait.u[k].ravel(), u, atol=1e-6)
        np.testing.assert_allclose(portrait.v[k].ravel(), v, atol=1e-6)


def test_ellipse_against_the_nearest_of_many_points():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-1, 1, (2, 400))
    angle = np.linspace(0, 2 * np.pi, 4001)
    outline = np.stack([0.8 * np.cos(angle), 0.5 * np.sin(angle)])
    nearest = np.hypot(*(np.stack([x, y])[:, :, None] - outline[:, None])).min(1)
    found = _ellipse(x, y, 0.8, 0.5)
    np.testing.assert_array_equal(found < 0, (x / 0.8) ** 2 + (y / 0.5) ** 2 < 1)
    close = nearest < 0.05
    assert close.sum() > 30
    spacing = 0.8 * angle[1]
    np.testing.assert_allclose(np.abs(found[close]), nearest[close], rtol=0.1, atol=spacing / 2)


def test_blur_against_scipy():
    picture = np.random.default_rng(0).random((3, 2, 12, 12)).astype(np.float32)
    widths = np.array([-0.5, 0.4, 1.1], np.float32)
    blurred = _blurred(picture, widths[:, None, None, None])
    np.testing.assert_array_equal(blurred[0], picture[0])
    for k in (1, 2):
        expected = picture[k].astype(float)
        for axis in (1, 2):
            expected = gaussian_filter1d(expected, widths[k], axis, mode="nearest", radius=2)
        np.testing.assert_allclose(blurred[k], expected, atol=1e-6)


def test_mix_passes_through_its_colours():
    share = np.array([0, 0.25, 0.375, 1])[:, None, None]
    halfway = (np.array(HAIR[1]) + HAIR[2]) / 2
    np.testing.assert_allclose(_mix(HAIR, share), [HAIR[0], HAIR[1], halfway, HAIR[4]])


# -- difficulty -----------------------------------------------------------------------------------


def equal_error(vectors, labels):
    """The rate at which as many pairs of one person are refused as of two are accepted."""
    square = (vectors**2).sum(1)
    distance = square[:, None] + square - 2 * vectors @ vectors.T
    rows, columns = np.triu_indices(len(vectors), 1)
    same = labels[rows] == labels[columns]
    distance = distance[rows, columns]
    thresholds = np.sort(distance[same])
    refused = 1 - np.arange(1, len(thresholds) + 1) / len(thresholds)
    accepted = (distance[~same] <= thresholds[:, None]).mean(1)
    return accepted[np.argmin(np.abs(accepted - refused))]


def test_equal_error_of_a_known_case():
    vectors, labels = np.array([[0.0], [1], [10], [11]]), np.array([0, 0, 1, 1])
    assert equal_error(vectors, labels) == 0
    assert equal_error(vectors, labels[[0, 2, 1, 3]]) > 0.4


def linear_encoder(people, images):
    """Ridge regression from standardised pixels to identities: pictures -> unit rows."""
    identity = np.repeat(identities(people, 0), images, axis=0)
    seen = standardised(draw_faces(identity, 1, 24))
    weight = np.linalg.solve(seen.T @ seen + 300 * np.eye(seen.shape[1]), seen.T @ (identity - 0.5))

    def encode(pictures):
        rows = standardised(pictures) @ weight
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    return encode


def standardised(pictures):
    rows = pictures.reshape(len(pictures), -1).astype(float)
    return (rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)


def test_pixels_fail_where_a_linear_model_already_helps():
    people = generated_people(50, 8, seed=7)
    small = people.images.reshape(-1, 1, 24, 2, 24, 2).mean((3, 5))
    pixels = equal_error(people.images.reshape(400, -1).astype(float), people.labels)
    linear = equal_error(linear_encoder(150, 10)(small), people.labels)
    assert 0.22 < pixels < 0.38
    assert linear < 0.7 * pixels


# -- people ---------------------------------------------------------------------------------------


def test_people():
    people = generated_people(6, 4, size=20, seed=3, grey=False)
    assert people.images.shape == (24, 3, 20, 20)
    np.testing.assert_array_equal(people.labels, np.repeat(np.arange(6), 4))
    assert people.sources[5] == f"generated/{people.names[1]}_0002"
    assert len(set(people.sources)) == 24
    again = generated_people(6, 4, size=20, seed=3, grey=False)
    np.testing.assert_array_equal(people.images, again.images)
    assert people.names == again.names
    assert (
        np.abs(people.images - generated_people(6, 4, 20, seed=4, grey=False).images).mean() > 0.05
    )


def test_more_people_or_images_change_nobody():
    few, many = (generated_people(n, k, 16, nuisance=0) for n, k in ((4, 1), (9, 3)))
    assert many.names[:4] == few.names
    np.testing.assert_array_equal(many.images[:12:3], few.images)


def test_names_differ_and_can_be_spoken():
    names = _names(NAMES, np.random.default_rng(0))
    assert len(set(names)) == NAMES
    for name in names[:100]:
        assert name.istitle() and all(letter in "aeiou" for letter in name[1::2])
    assert _names(3, np.random.default_rng(1)) != names[:3]


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("identity", [MIDDLE[0], MIDDLE[:, 1:], MIDDLE + 0.6, MIDDLE * np.nan])
def test_refuses_what_is_no_identity(identity):
    with pytest.raises(ValueError, match="^draw_faces: expected identity .*; "):
        draw_faces(identity, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"size": 7}, {"nuisance": -0.1}, {"nuisance": 4.1}, {"nuisance": np.nan}),
        *({"glasses": 1.1}, {"glasses": np.nan}, {"occlusion": -0.1}),
    ],
)
def test_refuses_settings_out_of_range(wrong):
    with pytest.raises(ValueError, match=f"^draw_faces: expected .*{list(wrong)[0]}.*, got "):
        draw_faces(MIDDLE, 0, **wrong)


@pytest.mark.parametrize(("people", "images"), [(0, 3), (3, 0), (NAMES + 1, 1)])
def test_refuses_nobody_and_crowds(people, images):
    with pytest.raises(ValueError, match="^generated_people: expected 1 to 125000 people"):
        generated_people(people, images)


def test_refuses_a_negative_count():
    with pytest.raises(ValueError, match="^identities: expected a count of at least 0, got -1"):
        identities(-1, 0)
