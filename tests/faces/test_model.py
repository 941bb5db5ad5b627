"""A face model: pictures of every kind in, its file out and in again, broken files refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_faces import people

from nnscratch import nn
from nnscratch.data.images import resize_image
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.encoder import Encoder, encode
from nnscratch.faces.gallery import Gallery
from nnscratch.faces.model import (
    SHRINK,
    FaceModel,
    Whitening,
    check_shown,
    grey,
    standardised,
    state_hash,
)

CALIBRATION = Calibration(0.01, 0.9, 0.1, -5.0, 4.0, 1000.0)


def network(seed=0, size=(16, 12), embedding=8):
    """With running statistics that are no longer 0 and 1."""
    made = Encoder(1, size, (4, 6), embedding=embedding, rng=seed)
    rng = np.random.default_rng(seed)
    state = {name: value.numpy() for name, value in made.state_dict().items()}
    for name, value in state.items():
        if "running" in name:
            state[name] = (value + rng.uniform(0.1, 1, value.shape)).astype(np.float32)
    made.load_state_dict(state)
    return made


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, 8))
    return FaceModel(network(), Whitening.fit(rows, np.arange(40) // 4), CALIBRATION)


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "model.npz")
    return tmp_path / "model.npz"


@pytest.fixture
def pictures():
    return people().images[:5]


# -- pictures in -----------------------------------------------------------------------------------


def test_unit_rows_of_the_picture_and_its_mirror_image(model, pictures):
    f = model.encode(pictures)
    assert f.shape == (5, 8)
    assert f.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(f, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(model.encode(pictures[..., ::-1]), f, atol=1e-6)


def test_the_parts_by_hand(model, pictures):
    small = np.stack([resize_image(picture, (16, 12)) for picture in pictures])
    ready = (small - small.mean((1, 2, 3), keepdims=True)) / small.std((1, 2, 3), keepdims=True)
    both = encode(model.network, ready) + encode(model.network, ready[..., ::-1].copy())
    plain = both / np.linalg.norm(both, axis=1, keepdims=True)
    np.testing.assert_allclose(FaceModel(model.network).encode(pictures), plain, atol=1e-6)
    np.testing.assert_allclose(model.encode(pictures), model.whitening(plain), atol=1e-5)


def test_grey_and_colour_bytes_and_other_sizes(model, pictures):
    f = model.encode(pictures)
    np.testing.assert_allclose(model.encode(np.repeat(pictures, 3, axis=1)), f, atol=1e-4)
    np.testing.assert_allclose(model.encode(pictures.astype(np.float64)), f, atol=1e-6)
    for shape in ((1, 90, 31), (3, 7, 200), (1, 16, 12), (3, 1, 1000)):
        pixels = np.random.default_rng(0).random((2, *shape))
        assert model.encode(pixels).shape == (2, 8)
    assert model.encode(pictures[:0]).shape == (0, 8)


def test_light_and_contrast_leave_no_trace(model, pictures):
    np.testing.assert_allclose(
        model.encode(0.3 + 0.4 * pictures), model.encode(pictures), atol=1e-4
    )


def test_one_by_one_or_all_together(model, pictures):
    alone = np.concatenate([model.encode(picture[None]) for picture in pictures])
    np.testing.assert_allclose(alone, model.encode(pictures), atol=1e-5)


def test_the_given_pictures_are_left_alone(model, pictures):
    before = pictures.copy()
    model.encode(pictures)
    np.testing.assert_array_equal(pictures, before)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.ones((1, 16, 12)), r"expected images \(N, 1 or 3, H, W\), got \(1, 16, 12\)"),
        (np.ones((1, 2, 16, 12)), r"\(N, 1 or 3, H, W\), got \(1, 2, 16, 12\)"),
        (np.ones((1, 16, 12, 3)), r"\(N, 1 or 3, H, W\), got \(1, 16, 12, 3\)"),
        (np.ones((1, 1, 0, 12)), r"\(N, 1 or 3, H, W\), got \(1, 1, 0, 12\)"),
        (np.full((1, 1, 16, 12), 200), r"values in \[0, 1\], got 200 to 200; divide bytes by 255"),
        (np.full((1, 1, 16, 12), -0.1), r"values in \[0, 1\], got -0.1 to -0.1"),
        (np.full((1, 3, 16, 12), np.nan), r"values in \[0, 1\], got NaN; check the pictures"),
        (np.full((1, 1, 16, 12), np.inf), r"values in \[0, 1\], got inf"),
        (np.full((2, 1, 16, 12), 0.5), "picture 1 of 2 is blank: .* leave it out"),
    ],
)
def test_other_pictures_are_refused(model, images, words):
    with pytest.raises(ValueError, match=f"FaceModel: .*{words}"):
        model.encode(images)


def test_one_bad_pixel_is_enough(model, pictures):
    bad = pictures.copy()
    bad[3, 0, 5, 5] = np.nan
    with pytest.raises(ValueError, match="got NaN"):
        model.encode(bad)


def test_a_blank_picture_is_named(model, pictures):
    blank = pictures.copy()
    blank[3] = 0.7
    with pytest.raises(ValueError, match="FaceModel: picture 4 of 5 is blank"):
        model.encode(blank)
    with pytest.raises(
        ValueError, match="FaceModel: 'd.png' is blank: its values are all the same"
    ):
        model.encode(blank, ["a.png", "b.png", "c.png", "d.png", "e.png"])


def test_a_faint_picture_is_none_that_is_blank():
    faint = 0.5 + 0.01 * np.random.default_rng(0).random((1, 1, 8, 8)).astype(np.float32)
    check_shown(faint)
    np.testing.assert_allclose(standardised(faint).std(), 1, rtol=1e-3)
    np.testing.assert_array_equal(standardised(np.full((1, 1, 4, 4), 0.3, np.float32)), 0)


def test_grey_weighs_the_colours():
    colours = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)  # red, green, blue
    np.testing.assert_allclose(grey(colours, (1, 1)).ravel(), [0.299, 0.587, 0.114], rtol=1e-6)
    np.testing.assert_array_equal(grey(np.ones((1, 3, 2, 2)), (2, 2)), 1)
    assert grey(colours, (1, 1)).dtype == np.float32


# -- its file --------------------------------------------------------------------------------------


@pytest.mark.parametrize("whitening", [True, False])
@pytest.mark.parametrize("calibration", [CALIBRATION, None])
def test_a_file_gives_the_same_model_back(model, pictures, tmp_path, whitening, calibration):
    model = FaceModel(model.network, model.whitening if whitening else None, calibration)
    model.save(tmp_path / "a.npz")
    again = FaceModel.load(str(tmp_path / "a.npz"))
    np.testing.assert_array_equal(again.encode(pictures), model.encode(pictures))
    assert again.fingerprint == model.fingerprint
    assert again.calibration == calibration
    assert again.size == model.size == (16, 12)
    assert not again.network.training
    again.save(tmp_path / "b.npz")
    assert (tmp_path / "b.npz").read_bytes() == (tmp_path / "a.npz").read_bytes()


def test_the_fingerprint_is_of_all_that_encodings_depend_on(model):
    other = model.whitening._replace(mean=model.whitening.mean + 1e-3)
    marks = {
        model.fingerprint,
        FaceModel(model.network).fingerprint,
        FaceModel(model.network, other).fingerprint,
        FaceModel(network(1), model.whitening).fingerprint,
    }
    assert len(marks) == 4
    assert FaceModel(model.network, model.whitening).fingerprint == model.fingerprint


def test_the_file_is_written_whole_and_under_its_own_name(model, tmp_path):
    model.save(tmp_path / "without_ending")
    assert [path.name for path in tmp_path.iterdir()] == ["without_ending"]
    with pytest.raises(ValueError, match="there is no folder"):
        model.save(tmp_path / "none" / "model.npz")


def test_an_uncalibrated_model_says_so(model):
    assert model.known_calibration() == CALIBRATION
    with pytest.raises(ValueError, match="expected a calibrated model, .*or give a threshold"):
        FaceModel(model.network).known_calibration()


def arrays_of(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def told(path, **changes):
    """`about` of a file with some of it changed; None leaves it out."""
    about = json.loads(arrays_of(path)["about"].tobytes()) | changes
    text = json.dumps({name: value for name, value in about.items() if value is not None})
    return np.frombuffer(text.encode(), np.uint8)


BROKEN = {
    "no about": (lambda path: {"about": None}, "it tells nothing about a network"),
    "about is no JSON": (lambda path: {"about": np.frombuffer(b"hello", np.uint8)}, "Expecting"),
    "about is a list": (lambda path: {"about": np.frombuffer(b"[1]", np.uint8)}, "list"),
    "another kind": (lambda path: {"about": told(path, kind="style")}, "of kind style, version 1"),
    "a later version": (lambda path: {"about": told(path, version=2)}, "version 2; known here is"),
    "no encoder": (lambda path: {"about": told(path, encoder=None)}, "encoder"),
    "another encoder": (lambda path: {"about": told(path, encoder={"size": 3})}, "embedding"),
    "no calibration": (
        lambda path: {"about": told(path, calibration={"far": 1})},
        "expected the numbers",
    ),
    "a huge network": (
        lambda path: {
            "about": told(
                path,
                encoder={
                    "in_channels": 10**12,
                    "size": [16, 12],
                    "widths": [4, 6],
                    "embedding": 8,
                    "dropout": 0,
                },
            )
        },
        "Unable to allocate",
    ),
    "a weight missing": (lambda path: {"head.2.bias": None}, "missing head.2.bias"),
    "one too many": (lambda path: {"more": np.ones(3)}, "unexpected more"),
    "of another shape": (
        lambda path: {"head.2.bias": np.ones(3)},
        r"head.2.bias: expected \(8,\), got",
    ),
    "NaN": (lambda path: {"head.2.bias": np.full(8, np.nan)}, "head.2.bias are finite numbers"),
    "text": (lambda path: {"head.2.bias": np.full(8, "1")}, "head.2.bias are finite numbers"),
    "NaN to whiten": (lambda path: {"mean": np.full(8, np.nan)}, "its mean are finite numbers"),
    "no matrix": (lambda path: {"matrix": None}, "matrix"),
    "a small matrix": (lambda path: {"matrix": np.eye(7)}, "whitening does not fit its network"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_contents_are_refused(path, name):
    changes, words = BROKEN[name]
    arrays = arrays_of(path) | changes(path)
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    with pytest.raises(ValueError, match=f"FaceModel: expected a model .*'{path}' .*{words}"):
        FaceModel.load(path)


def test_other_files_are_refused(path, tmp_path):
    with pytest.raises(ValueError, match="no model at .*; make one with nnscratch faces train"):
        FaceModel.load(tmp_path / "none.npz")
    with pytest.raises(ValueError, match="no model at"):
        FaceModel.load(tmp_path)
    gallery, text, array = (tmp_path / name for name in ("gallery.npz", "text.npz", "array.npz"))
    Gallery(8, "0" * 16).save(gallery)
    text.write_text("this is no model")
    with array.open("wb") as file:
        np.save(file, np.ones(3))
    for other, words in (
        (gallery, "FaceModel: expected a model .*it tells nothing about a network"),
        (text, "FaceModel: expected a model that nnscratch faces train has written, got another"),
        (array, "FaceModel: expected a model that nnscratch faces train has written, got another"),
    ):
        with pytest.raises(ValueError, match=words):
            FaceModel.load(other)


def test_python_objects_are_not_read(path):
    np.savez(path, **arrays_of(path) | {"head.2.bias": np.full(8, None)})
    with pytest.raises(ValueError, match="FaceModel: .*Python objects, which are not read"):
        FaceModel.load(path)


def test_a_file_cut_short_or_changed_is_refused(path, model):
    """Cut anywhere; and no changed byte gives another model: the numbers have checksums."""
    whole = path.read_bytes()
    for end in range(0, len(whole), len(whole) // 25):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="FaceModel: "):
            FaceModel.load(path)
    rng, refused = np.random.default_rng(0), 0
    for place in rng.choice(len(whole), 150, replace=False):
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ int(rng.integers(1, 256))]) + whole[place + 1 :]
        )
        try:
            assert FaceModel.load(path).fingerprint == model.fingerprint
        except ValueError:
            refused += 1
    assert refused > 75


def test_a_failed_save_leaves_the_earlier_file(path, model, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr("numpy.lib.format.write_array", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save(path)
    assert path.read_bytes() == before
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_a_gallery_of_another_model_is_told_apart(path, model, pictures, tmp_path):
    gallery = Gallery(8, model.fingerprint)
    gallery.enrol("Ann", model.encode(pictures[:2]))
    gallery.save(tmp_path / "gallery.npz")
    again = FaceModel.load(path)
    assert len(Gallery.load(tmp_path / "gallery.npz", again.fingerprint)) == 1
    moved = replace(CALIBRATION, threshold=0.5)
    assert FaceModel(model.network, model.whitening, moved).fingerprint == again.fingerprint
    with pytest.raises(ValueError, match="their encodings do not compare"):
        Gallery.load(tmp_path / "gallery.npz", FaceModel(network(1)).fingerprint)


# -- the hash of a state ---------------------------------------------------------------------------


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_fingerprint_names_all_that_matters(rng):
    state = {"a": rng.standard_normal((2, 3)), "b": np.arange(4, dtype=np.float32)}
    print_ = state_hash(state)
    assert len(print_) == 16 and int(print_, 16) >= 0
    assert state_hash(dict(reversed(state.items()))) == print_
    assert state_hash({k: np.asfortranarray(v) for k, v in state.items()}) == print_
    assert state_hash({k: v.astype(v.dtype.newbyteorder(">")) for k, v in state.items()}) == print_
    changed = state["a"].copy()
    changed[1, 2] = np.nextafter(changed[1, 2], 9)
    others = [
        state | {"a": changed},
        state | {"a": state["a"].reshape(3, 2)},
        state | {"b": state["b"].astype(np.float64)},
        {"A": state["a"], "b": state["b"]},
        {"a": state["a"]},
        {"a": state["b"], "b": state["a"]},
    ]
    assert len({print_, *map(state_hash, others)}) == 7


def test_a_fingerprint_of_a_module():
    layer = nn.Linear(3, 2)
    assert state_hash(layer.state_dict()) == state_hash(layer.state_dict())
    assert state_hash(layer.state_dict()) != state_hash(nn.Linear(3, 2).state_dict())
    arrays = {name: value.numpy() for name, value in layer.state_dict().items()}
    assert state_hash(arrays) == state_hash(layer.state_dict())


# -- whitening -------------------------------------------------------------------------------------


def drawn(people=60, pictures=6, width=5, seed=0, spread=(3.0, 1.0, 0.5, 0.2, 0.1)):
    """Encodings (N, width) whose people differ as a unit normal, pictures along `spread`."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(people), pictures)
    turn = np.linalg.qr(rng.standard_normal((width, width)))[0]
    within = rng.standard_normal((len(labels), width)) * spread @ turn
    return rng.standard_normal((people, width))[labels] + within + 2.0, labels


def within(x, labels):
    """Σ (x − mean of its label)ᵀ(x − mean of its label) / N, by loops."""
    total = np.zeros((x.shape[1], x.shape[1]))
    for label in np.unique(labels):
        rows = x[labels == label]
        apart = rows - rows.mean(0)
        total += apart.T @ apart
    return total / len(x)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def distances(x):
    return ((x[:, None] - x[None]) ** 2).sum(-1)


def test_the_spread_within_a_person_becomes_the_same_all_round():
    x, labels = drawn()
    found = Whitening.fit(x, labels, shrink=0)
    before = within(x, labels)
    assert np.linalg.cond(before) > 100
    after = within((x - found.mean) @ found.matrix, labels)
    np.testing.assert_allclose(after, np.eye(5), atol=1e-4)  # the matrix is float32


@pytest.mark.parametrize("shrink", [0.0, 0.3, 2.0])
def test_the_matrix_is_a_root_of_the_inverse(shrink):
    x, labels = drawn()
    matrix = Whitening.fit(x, labels, shrink).matrix.astype(np.float64)
    covariance = within(x, labels)
    covariance += shrink * np.trace(covariance) / 5 * np.eye(5)
    np.testing.assert_allclose(matrix @ matrix.T @ covariance, np.eye(5), atol=1e-4)


def test_rows_are_of_length_one_and_keep_their_dtype():
    x, labels = drawn()
    whiten = Whitening.fit(unit(x), labels)
    for dtype in (np.float32, np.float64):
        turned = whiten(unit(x).astype(dtype))
        assert turned.dtype == dtype
        np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 1, rtol=1e-6)
    assert whiten.mean.dtype == whiten.matrix.dtype == np.float32
    assert whiten(unit(x)[:0]).shape == (0, 5)


def test_turned_encodings_are_as_far_apart_as_before():
    """Axes mean nothing: a rotation before fitting changes no distance afterwards."""
    x, labels = drawn()
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    plain, turned = (Whitening.fit(y, labels)(y) for y in (x, x @ turn))
    np.testing.assert_allclose(distances(turned), distances(plain), atol=1e-4)
    assert not np.allclose(turned, plain, atol=0.1)


def test_people_are_told_apart_better():
    """Of people who were not fitted, where the spread is far from round."""
    x, labels = drawn()
    known = labels < 30
    whiten = Whitening.fit(x[known], labels[known])
    new, owners = x[~known], labels[~known]
    same = owners[:, None] == owners[None]

    def share(y):
        """The mean distance of one person's pictures beside that of different people's."""
        d = distances(y)
        return d[same].mean() / d[~same].mean()

    assert share(whiten(new)) < 0.7 * share(unit(new))


def test_people_of_one_picture_say_nothing_about_the_spread():
    x, labels = drawn(people=20)
    lone = np.random.default_rng(3).standard_normal((30, 5)) * 100
    both = Whitening.fit(np.concatenate([x, lone]), np.append(labels, 100 + np.arange(30)), 0)
    alone = Whitening.fit(x, labels, 0)
    # the covariance is divided by all rows, which scales the matrix
    scale = np.sqrt((len(x) + 30) / len(x))
    np.testing.assert_allclose(both.matrix, scale * alone.matrix, rtol=1e-4)


def test_fewer_rows_than_numbers_in_an_encoding():
    """A spread that is not known along some directions is filled up by the share of the mean."""
    rng = np.random.default_rng(0)
    whiten = Whitening.fit(rng.standard_normal((6, 50)), [0, 0, 1, 1, 2, 2])
    assert np.isfinite(whiten.matrix).all()
    turned = whiten(unit(rng.standard_normal((9, 50))))
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 1, rtol=1e-6)
    assert SHRINK > 0


def test_encodings_that_are_all_equal_stay_finite():
    whiten = Whitening.fit(np.ones((6, 3)), [0, 0, 0, 1, 1, 1])
    assert np.isfinite(whiten(np.ones((2, 3), np.float32))).all()


def test_labels_may_be_names():
    x, labels = drawn()
    names = np.array([f"person {label}" for label in labels])
    np.testing.assert_array_equal(Whitening.fit(x, names).matrix, Whitening.fit(x, labels).matrix)


@pytest.mark.parametrize(
    ("x", "labels", "words"),
    [
        (np.ones(4), np.ones(4), r"expected encodings \(N, D\) and labels \(N,\), got \(4,\)"),
        (np.ones((4, 2)), np.ones(3), r"got \(4, 2\) and \(3,\)"),
        (np.ones((4, 2)), np.arange(4), "expected a label with 2 rows or more, got none"),
        (np.ones((0, 2)), np.arange(0), "expected a label with 2 rows or more, got none"),
        (np.full((4, 2), np.nan), np.zeros(4), "expected finite encodings, got NaN or infinity"),
    ],
)
def test_refused(x, labels, words):
    with pytest.raises(ValueError, match=f"Whitening: .*{words}"):
        Whitening.fit(x, labels)
