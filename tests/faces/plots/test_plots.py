"""Pictures of an encoder: the files that appear, and what their pixels say."""

import warnings

import numpy as np
import pytest
from PIL import Image, ImageColor
from scipy import ndimage

from nnscratch.faces import metrics, plots
from nnscratch.faces.distances import CollapsedError
from nnscratch.faces.plots import drawing, maps, neighbours, roc

GREY = 0.7


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def faces(rng, people=3, each=4, size=(12, 9)):
    """Grey images, encodings in groups, labels and names."""
    labels = np.repeat(np.arange(people), each)
    centres = 5 * rng.standard_normal((people, 6))
    encodings = centres[labels] + 0.1 * rng.standard_normal((len(labels), 6))
    names = [f"Person {k}" for k in range(people)]
    return np.full((len(labels), 1, *size), GREY), encodings, labels, names


def curves(rng, count=2, pairs=3000):
    same = rng.random(pairs) < 0.3
    return {
        f"curve {k}": metrics.roc(rng.normal(np.where(same, 0, 1 + k), 1), same)
        for k in range(count)
    }


def pixels(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def of_colour(picture, colour):
    return (picture == ImageColor.getrgb(colour)).all(2)


def frames(picture, colour, width, least=30):
    """Where the frames of this colour are: slices, each outline whole and `width` thick."""
    parts, _ = ndimage.label(of_colour(picture, colour))
    boxes = [box for box in ndimage.find_objects(parts) if min(_sides(box)) >= least]
    for box in boxes:
        height, across = _sides(box)
        outline = height * across - (height - 2 * width) * (across - 2 * width)
        assert of_colour(picture[box], colour).sum() == outline
    return boxes


def _sides(box):
    return [part.stop - part.start for part in box]


# -- the ROC


def test_every_curve_is_drawn_in_its_colour(rng, tmp_path):
    plots.roc_plot(tmp_path / "roc.png", curves(rng, 3), "a $title")
    picture = pixels(tmp_path / "roc.png")
    assert picture.shape == (660, 1080, 3)
    for k, (colour, _) in enumerate(roc.CURVES):
        assert (of_colour(picture, colour).sum() > 200) == (k < 3 or colour == "#000000")


def test_perfect_and_useless_curves_are_drawn(rng, tmp_path):
    same = np.arange(50) < 20
    perfect = metrics.roc(np.where(same, 0, 1) + 0.1 * rng.random(50), same)
    wrong = metrics.roc(np.where(same, 1, 0) + 0.1 * rng.random(50), same)
    plots.roc_plot(tmp_path / "roc.png", {"perfect": perfect, "wrong": wrong})
    picture = pixels(tmp_path / "roc.png")
    assert all(of_colour(picture, colour).sum() > 200 for colour, _ in roc.CURVES[:2])


def test_letters_that_the_font_lacks_are_no_trouble(rng, tmp_path):
    (curve,) = curves(rng, 1).values()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.roc_plot(tmp_path / "roc.png", {"名前 $x_": curve})
    assert (tmp_path / "roc.png").exists()


def test_labels_are_spread_downward():
    values = np.array([0.5, 0.9, 0.88, 0.1])
    np.testing.assert_allclose(roc._spread(values, 0.05), [0.5, 0.9, 0.85, 0.1])


@pytest.mark.parametrize("count", [0, len(roc.CURVES) + 1])
def test_no_curves_or_too_many_are_refused(rng, tmp_path, count):
    with pytest.raises(ValueError, match=f"roc_plot: expected 1 to 7 curves, got {count}"):
        plots.roc_plot(tmp_path / "roc.png", curves(rng, count))
    assert list(tmp_path.iterdir()) == []


# -- the sheet of neighbours


def test_frames_are_green_for_the_same_person_and_red_for_others(rng, tmp_path):
    images, encodings, labels, names = faces(rng)
    encodings[1] = encodings[4:8].mean(0)  # a picture of person 0 amid those of person 1
    plots.neighbours_sheet(tmp_path / "sheet.png", images, encodings, labels, names, 3, 4)
    picture = pixels(tmp_path / "sheet.png")
    found = {}
    for colour in (neighbours.RIGHT, neighbours.WRONG):
        for down, across in frames(picture, colour, neighbours.FRAME):
            found[down.start, across.start] = colour == neighbours.RIGHT
            inner = picture[down, across][
                neighbours.FRAME : -neighbours.FRAME, neighbours.FRAME : -neighbours.FRAME
            ]
            assert (inner == round(255 * GREY)).all()
    drawn = np.array([found[place] for place in sorted(found)]).reshape(3, 4)
    squared = ((encodings[[0, 4, 8], None] - encodings) ** 2).sum(2)
    nearest = squared.argsort(1)[:, 1:5]
    np.testing.assert_array_equal(drawn, labels[nearest] == np.arange(3)[:, None])
    assert drawn[0].sum() == 2  # both colours are there
    assert not drawn[1].all()


def test_those_who_ask_are_spread_over_people_with_two_pictures():
    labels = np.array([5, 2, 5, 0, 2, 3, 3, 3])  # 0 has one picture
    assert neighbours._probes(labels, 2).tolist() == [1, 0]  # 2 and 5, of 2, 3, 5
    assert neighbours._probes(labels, 3).tolist() == [1, 5, 0]
    assert neighbours._probes(labels, 5).tolist() == [1, 5, 0, 4, 6]
    assert len(neighbours._probes(labels, 50)) == 7


def test_a_sheet_is_no_larger_than_there_are_pictures(rng, tmp_path):
    images, encodings, labels, names = faces(rng, people=1, each=3)
    plots.neighbours_sheet(tmp_path / "sheet.png", images, encodings, labels, names)
    assert len(frames(pixels(tmp_path / "sheet.png"), neighbours.RIGHT, neighbours.FRAME)) == 3 * 2


def test_long_names_are_shortened():
    font = drawing.font(15)
    name = drawing.shortened("Wolfeschlegelsteinhausenbergerdorff", font, 100)
    assert name.startswith("Wolfe")
    assert name.endswith("…")
    assert 80 < font.getlength(name) <= 100
    assert drawing.shortened("Ann", font, 100) == "Ann"


def test_a_sheet_needs_somebody_twice(rng, tmp_path):
    images, encodings, labels, names = faces(rng, each=1)
    with pytest.raises(ValueError, match="neighbours_sheet: expected somebody with 2 pictures"):
        plots.neighbours_sheet(tmp_path / "sheet.png", images, encodings, labels, names)
    with pytest.raises(ValueError, match="expected rows and columns of at least 1, got 0, 6"):
        plots.neighbours_sheet(tmp_path / "sheet.png", images, encodings, labels, names, rows=0)


# -- the map


@pytest.mark.parametrize("method", plots.METHODS)
def test_all_pictures_stand_on_the_map_without_overlap(rng, tmp_path, method):
    images, encodings, labels, names = faces(rng, people=4, each=6)
    plots.embedding_map(tmp_path / "map.png", encodings, labels, images, names, method)
    picture = pixels(tmp_path / "map.png")
    assert picture.shape == (maps.MAP + maps.FOOT, maps.MAP, 3)
    for colour in maps.PEOPLE[:4]:
        boxes = frames(picture, colour, maps.RIM)
        assert len(boxes) == 6
        for box in boxes:
            assert (
                picture[box][maps.RIM : -maps.RIM, maps.RIM : -maps.RIM] == round(255 * GREY)
            ).all()


def test_the_thirteenth_person_is_grey(rng, tmp_path):
    images, encodings, labels, names = faces(rng, people=13, each=2, size=(8, 8))
    labels[0] = 12  # now 0 has one picture, 12 has three
    plots.embedding_map(tmp_path / "map.png", encodings, labels, images, names, "pca")
    picture = pixels(tmp_path / "map.png")
    counts = [len(frames(picture, colour, maps.RIM)) for colour in maps.PEOPLE]
    assert counts == [3] + 11 * [2]
    assert len(frames(picture, maps.OTHERS, maps.RIM)) == 1


def test_pictures_in_one_place_are_thinned(rng, tmp_path):
    images, encodings, labels, names = faces(rng, people=1, each=80)
    encodings[:-1] = encodings[0]
    plots.embedding_map(tmp_path / "map.png", encodings, labels, images, names, "pca")
    shown = frames(pixels(tmp_path / "map.png"), maps.PEOPLE[0], maps.RIM)
    assert 20 < len(shown) < 60


def test_without_images_there_are_dots(rng, tmp_path):
    _, encodings, labels, _ = faces(rng, people=14, each=2)
    plots.embedding_map(tmp_path / "map.png", encodings, labels, method="pca")
    picture = pixels(tmp_path / "map.png")
    for colour in (*maps.PEOPLE, maps.OTHERS):
        assert of_colour(picture, colour).sum() >= 40  # within the soft edge of one dot
    bare = picture[: maps.MAP].reshape(-1, 3)
    assert (bare == 255).all(1).mean() > 0.95


def test_names_avoid_what_is_there():
    middle, size = np.array([300.0, 300]), (80, 20)
    taken = np.array([[250.0, 250, 350, 350]])
    box = maps._free_box(middle, size, taken, np.zeros((0, 4)))
    assert maps._covered(box[None], taken) == [0]
    again = maps._free_box(middle, size, taken, box[None])
    assert maps._covered(again[None], np.array([*taken, box])) == [0]
    corner = maps._free_box(np.zeros(2), size, np.zeros((0, 4)), np.zeros((0, 4)))
    assert (corner >= 0).all()


def test_a_collapsed_encoder_has_no_map(rng, tmp_path):
    images, encodings, labels, names = faces(rng)
    encodings[:] = 1 + 1e-8 * rng.random(encodings.shape)
    with pytest.raises(CollapsedError, match="embedding_map: all 12 encodings are equal"):
        plots.embedding_map(tmp_path / "map.png", encodings, labels, images, names, "pca")
    with pytest.raises(CollapsedError, match="neighbours_sheet: all 12 encodings are equal"):
        plots.neighbours_sheet(tmp_path / "map.png", images, encodings, labels, names)


# -- files and bad input


def draw_roc(path, rng):
    plots.roc_plot(path, curves(rng, 1))


def draw_sheet(path, rng):
    plots.neighbours_sheet(path, *faces(rng))


def draw_map(path, rng):
    _, encodings, labels, _ = faces(rng)
    plots.embedding_map(path, encodings, labels, method="pca")


every_plot = pytest.mark.parametrize("draw", [draw_roc, draw_sheet, draw_map])


@every_plot
def test_an_earlier_file_stays_if_writing_fails(rng, tmp_path, monkeypatch, draw):
    path = tmp_path / "plot.png"
    path.write_bytes(b"earlier")

    def full(_, file, *args, **kwargs):
        with open(file, "wb") as half:
            half.write(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", full)
        with pytest.raises(ValueError, match="cannot write .*: No space left on device"):
            draw(path, rng)
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]
    draw(path, rng)
    assert pixels(path).ndim == 3


@every_plot
def test_places_where_no_png_can_be_are_refused(rng, tmp_path, draw):
    with pytest.raises(ValueError, match="expected a file name ending in .png, got .*plot.jpg"):
        draw(tmp_path / "plot.jpg", rng)
    with pytest.raises(ValueError, match="there is no folder"):
        draw(tmp_path / "missing" / "plot.png", rng)


def spoiled(images, encodings, labels, names, what):
    with_nan, images_nan = encodings.copy(), images.copy()
    with_nan[0, 0] = images_nan[0, 0, 0, 0] = np.nan
    return {
        "nan": (images, with_nan, labels, names),
        "flat": (images, encodings[:, 0], labels, names),
        "whole encodings": (images, encodings.astype(int), labels, names),
        "few labels": (images, encodings, labels[:-1], names),
        "float labels": (images, encodings, labels.astype(float), names),
        "few names": (images, encodings, labels, names[:-1]),
        "few images": (images[:-1], encodings, labels, names),
        "two channels": (images.repeat(2, 1), encodings, labels, names),
        "bytes": ((255 * images).astype(np.uint8), encodings, labels, names),
        "nan image": (images_nan, encodings, labels, names),
    }[what]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("nan", "finite encodings, got NaN"),
        ("flat", r"encodings \(N, D\) of floats, got float64 \(12,\)"),
        ("whole encodings", "of floats, got int"),
        ("few labels", r"labels \(N,\) of 12 encodings, 2 at least, got int64 \(11,\)"),
        ("float labels", "whole numbers as labels"),
        ("few names", "labels from 0 to 1, one for each name, got 0 to 2"),
        ("few images", "an image a label, got 11 and 12"),
        ("two channels", "1 or 3 channels, got"),
        ("bytes", r"images of finite floats in \[0, 1\]"),
        ("nan image", r"images of finite floats in \[0, 1\]"),
    ],
)
def test_what_does_not_fit_is_refused(rng, tmp_path, what, message):
    images, encodings, labels, names = spoiled(*faces(rng), what)
    with pytest.raises(ValueError, match=f"neighbours_sheet: expected .*{message}"):
        plots.neighbours_sheet(tmp_path / "p.png", images, encodings, labels, names)
    with pytest.raises(ValueError, match=f"embedding_map: expected .*{message}"):
        plots.embedding_map(tmp_path / "p.png", encodings, labels, images, names)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_method_is_refused(rng, tmp_path):
    _, encodings, labels, _ = faces(rng)
    with pytest.raises(ValueError, match="expected method in .*'t-sne', 'pca'.*, got 'umap'"):
        plots.embedding_map(tmp_path / "p.png", encodings, labels, method="umap")
