"""Reading people: folders, ORL's headers, arrays; what is no picture, broken or too few."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from nnscratch.faces.folders import People, folds, read_people, split_people


def picture(path, height=6, width=4, colour=False, seed=0):
    """A noise picture at path; -> its bytes (H, W) or (H, W, 3)."""
    shape = (height, width, 3) if colour else (height, width)
    levels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels).save(path)
    return levels


@pytest.fixture
def folder(tmp_path):
    """Three people with 3, 2 and 1 pictures."""
    for name, count in (("ann", 3), ("bob", 2), ("cem", 1)):
        for at in range(count):
            picture(tmp_path / name / f"{name}_{at}.png", seed=at)
    return tmp_path


def test_reads_a_folder_for_each_person(folder):
    people = read_people(folder)
    assert people.names == ("ann", "bob", "cem")
    assert people.images.shape == (6, 1, 6, 4) and people.images.dtype == np.float32
    assert people.labels.dtype == np.int64
    np.testing.assert_array_equal(people.labels, [0, 0, 0, 1, 1, 2])
    np.testing.assert_array_equal(people.counts, [3, 2, 1])
    assert people.sources[:4] == (
        "ann/ann_0.png",
        "ann/ann_1.png",
        "ann/ann_2.png",
        "bob/bob_0.png",
    )
    assert people.skipped == people.ignored == ()
    with Image.open(folder / "bob/bob_1.png") as file:
        expected = np.asarray(file, np.float32) / 255
    np.testing.assert_array_equal(people.images[4, 0], expected)
    assert repr(people) == "6 pictures of 3 people, 1 × 6 × 4"


def test_numbers_in_names_count_as_numbers(tmp_path):
    for name in ("s10", "s2", "S1", "s2b", "x²"):
        for at in (10, 9, 1):
            picture(tmp_path / name / f"{at}.png")
    people = read_people(tmp_path)
    assert people.names == ("S1", "s2", "s2b", "s10", "x²")
    assert people.sources[:3] == ("S1/1.png", "S1/9.png", "S1/10.png")


@pytest.mark.parametrize("header", [b"P5 4 3 255\n", b"P5\n# a remark\n4 3\n255\n"])
def test_reads_both_headers_of_orl(tmp_path, header):
    levels = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    for name in ("s1", "s2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.pgm").write_bytes(header + levels.tobytes())
    people = read_people(tmp_path)
    np.testing.assert_array_equal(people.images[1, 0], levels.astype(np.float32) / 255)


def test_grey_and_colour_become_one_mode(tmp_path):
    colour = picture(tmp_path / "a" / "1.png", colour=True) / 255
    grey = picture(tmp_path / "b" / "1.png") / 255
    in_grey, in_colour = read_people(tmp_path), read_people(tmp_path, grey=False)
    np.testing.assert_allclose(in_grey.images[0, 0], colour @ (0.299, 0.587, 0.114), atol=1e-6)
    np.testing.assert_array_equal(in_grey.images[1, 0], grey.astype(np.float32))
    np.testing.assert_array_equal(in_colour.images[0], colour.transpose(2, 0, 1).astype("f4"))
    np.testing.assert_array_equal(in_colour.images[1], np.stack([grey] * 3).astype("f4"))


def test_cropping_keeps_the_middle_and_padding_the_whole(tmp_path):
    """A wide picture, black at the left end and white at the right one, grey between."""
    levels = np.full((20, 40), 128, np.uint8)
    levels[:, :10], levels[:, 30:] = 0, 255
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.fromarray(levels).save(tmp_path / name / "1.png")
    cropped, padded = (read_people(tmp_path, 20, fit=fit).images[0, 0] for fit in ("crop", "pad"))
    np.testing.assert_allclose(cropped, 128 / 255, atol=1e-6)
    assert padded.shape == (20, 20)
    np.testing.assert_allclose(
        padded[:, [0, 10, 19]], np.tile([0, 128 / 255, 1], (20, 1)), atol=0.03
    )
    squeezed = read_people(tmp_path, 20, fit="stretch").images[0, 0]
    assert squeezed.shape == (20, 20)
    np.testing.assert_allclose(
        squeezed[:, [0, 10, 19]], np.tile([0, 128 / 255, 1], (20, 1)), atol=0.03
    )
    assert np.count_nonzero(squeezed[0] < 0.2) == np.count_nonzero(squeezed[0] > 0.8) == 5
    stretched = read_people(tmp_path, (10, 20)).images[0, 0]
    np.testing.assert_allclose(stretched[:, 1::6], stretched[:1, 1::6].repeat(10, 0), atol=1e-6)
    assert stretched[0, 0] == 0 and stretched[0, -1] == 1


def test_shrinking_is_antialiased(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.fromarray(np.tile(np.uint8([0, 255]), (64, 32))).save(tmp_path / name / "1.png")
    small = read_people(tmp_path, 8).images[..., 1:-1]  # at the ends the filter is cut off
    assert np.abs(small - 0.5).max() < 0.01


def test_mixed_sizes_need_a_size(folder):
    picture(folder / "bob" / "wide.png", 6, 9)
    with pytest.raises(ValueError, match=r"one size, got \(6, 4\) in 'ann/ann_0.png' and \(6, 9\)"):
        read_people(folder)
    assert read_people(folder, (6, 4)).images.shape == (7, 1, 6, 4)


def test_what_is_no_picture_is_listed(folder):
    (folder / "README").write_text("faces")
    (folder / "ann" / "notes.txt").write_text("left early")
    picture(folder / "ann" / "._ann_0.png")
    picture(folder / "ann" / "older" / "1.png")
    picture(folder / ".cache" / "1.png")
    (folder / "nobody").mkdir()
    people = read_people(folder)
    assert len(people) == 6
    expected = {"README", "ann/notes.txt", "ann/._ann_0.png", "ann/older", ".cache", "nobody"}
    assert set(people.ignored) == expected
    assert repr(people).endswith("6 ignored")


def test_a_broken_picture_is_named_or_skipped(folder):
    good = (folder / "ann" / "ann_0.png").read_bytes()
    (folder / "ann" / "cut.png").write_bytes(good[: len(good) // 2])
    (folder / "bob" / "text.jpg").write_text("no picture at all")
    with pytest.raises(ValueError, match=r"ann/cut\.png"):
        read_people(folder)
    people = read_people(folder, skip_bad=True)
    assert people.skipped == ("ann/cut.png", "bob/text.jpg") and len(people) == 6


def test_people_with_too_few_pictures(folder):
    with pytest.raises(ValueError, match="at least 2 pictures of each person, got 1 of 'cem' in"):
        read_people(folder, min_images=2)
    with pytest.raises(ValueError, match="got 2 of 'bob' and too few of 1 others"):
        read_people(folder, min_images=3)
    people = read_people(folder, min_images=2, drop_few=True)
    assert people.names == ("ann", "bob") and people.skipped == ("cem/cem_0.png",)
    with pytest.raises(ValueError, match="at least 2 people, got 1 with enough"):
        read_people(folder, min_images=3, drop_few=True)


def test_a_person_whose_pictures_are_all_broken(folder):
    (folder / "cem" / "cem_0.png").write_bytes(b"\x89PNG")
    with pytest.raises(ValueError, match="at least 1 pictures of each person, got 0 of 'cem'"):
        read_people(folder, skip_bad=True)


def test_one_person_or_none(tmp_path):
    picture(tmp_path / "ann" / "1.png")
    with pytest.raises(ValueError, match="expected at least 2 people, got 1"):
        read_people(tmp_path)
    assert len(read_people(tmp_path, min_people=1)) == 1


def test_folders_without_people(tmp_path):
    with pytest.raises(ValueError, match="expected a folder or an .npz file, got nothing"):
        read_people(tmp_path / "none")
    with pytest.raises(ValueError, match="got no pictures in"):
        read_people(tmp_path)
    picture(tmp_path / "lfw" / "faces" / "ann" / "1.png")
    with pytest.raises(ValueError, match="deeper in .*; name '.*lfw/faces' instead"):
        read_people(tmp_path)
    picture(tmp_path / "1.png")
    with pytest.raises(ValueError, match="got pictures in '.*' itself; put those of each"):
        read_people(tmp_path)


@pytest.mark.parametrize(
    "options", [{"size": 0}, {"size": (4, 0)}, {"size": (4, 4, 4)}, {"fit": "cover"}]
)
def test_refuses_settings(folder, options):
    with pytest.raises(ValueError, match="^read_people: expected (fit|a side)"):
        read_people(folder, **options)


# -- arrays ---------------------------------------------------------------------------------------

LEVELS = np.random.default_rng(0).integers(0, 256, (4, 5, 6), dtype=np.uint8)
COLOURS = np.random.default_rng(1).integers(0, 256, (4, 5, 6, 3), dtype=np.uint8)


def saved(tmp_path, **arrays):
    path = tmp_path / "people.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    "images", [LEVELS, LEVELS[:, None], LEVELS[..., None], LEVELS / 255, np.float32(LEVELS) / 255]
)
def test_reads_grey_arrays(tmp_path, images):
    people = read_people(saved(tmp_path, images=images, labels=["x", "s10", "s9", "x"]))
    np.testing.assert_array_equal(people.images[:, 0], np.float32(LEVELS) / 255)
    assert people.names == ("s9", "s10", "x")
    np.testing.assert_array_equal(people.labels, [2, 1, 0, 2])
    assert people.sources[1] == "people.npz[1]"


@pytest.mark.parametrize("images", [COLOURS, COLOURS.transpose(0, 3, 1, 2)])
def test_reads_colour_arrays(tmp_path, images):
    path = saved(tmp_path, images=images, labels=np.array([[7], [11], [7], [2]]))
    people = read_people(path, size=(10, 12), grey=False)
    assert people.images.shape == (4, 3, 10, 12) and people.names == ("2", "7", "11")
    people = read_people(path, grey=False)
    np.testing.assert_array_equal(people.images, np.float32(COLOURS.transpose(0, 3, 1, 2)) / 255)
    assert read_people(path).images.shape == (4, 1, 5, 6)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"faces": LEVELS, "labels": [0, 0, 1, 1]}, r"got \['faces', 'labels'\]; rename"),
        ({"images": LEVELS, "labels": [0, 1]}, r"4 labels, .* got int64 \(2,\)"),
        ({"images": LEVELS, "labels": [0.0, 1, 1, 0]}, "whole numbers or text, got float64"),
        ({"images": LEVELS[0], "labels": [0]}, r"images .* got \(5, 6\)"),
        ({"images": LEVELS[:0], "labels": np.zeros(0, int)}, r"got \(0, 1, 5, 6\)"),
        ({"images": np.int64(LEVELS), "labels": [0, 0, 1, 1]}, "bytes .* got int64 from 0 to"),
        ({"images": LEVELS * 1.0, "labels": [0, 0, 1, 1]}, "floats from 0 to 1, got float64"),
        ({"images": LEVELS * np.nan, "labels": [0, 0, 1, 1]}, "from nan to nan"),
    ],
)
def test_refuses_arrays(tmp_path, arrays, words):
    with pytest.raises(ValueError, match=f"^read_people: expected .*{words}"):
        read_people(saved(tmp_path, **arrays))


def test_refuses_python_objects(tmp_path):
    labels = np.array([0, 0, 1, 1], object)
    with pytest.raises(ValueError, match="^read_people: .*Python objects.*; save it anew with num"):
        read_people(saved(tmp_path, images=LEVELS, labels=labels))


def test_refuses_other_files(tmp_path):
    np.save(tmp_path / "a.npy", LEVELS)
    (tmp_path / "b.npz").write_text("no zip")
    for name in ("a.npy", "b.npz"):
        with pytest.raises(
            ValueError, match=f"^read_people: expected an .npz file of plain arrays, .*{name}'"
        ):
            read_people(tmp_path / name)


# -- dividing -------------------------------------------------------------------------------------


def crowd(people=40, each=3):
    """Each picture holds its person's number and its own."""
    labels = np.repeat(np.arange(people), each)[::-1].copy()
    images = np.zeros((len(labels), 1, 1, 2), np.float32)
    images[:, 0, 0] = np.stack([labels, np.arange(len(labels))], 1)
    names = tuple(f"p{at}" for at in range(people))
    return People(images, labels, names, tuple(f"p{label}/{at}" for at, label in enumerate(labels)))


def check_part(part):
    """Names, labels, pictures and sources still belong together."""
    for image, label, source in zip(part.images, part.labels, part.sources, strict=True):
        person, row = image[0, 0].astype(int)
        assert part.names[label] == f"p{person}" and source == f"p{person}/{row}"


def test_only_some_people():
    part = crowd(5).only([3, 0])
    check_part(part)
    assert part.names == ("p3", "p0") and part.counts.tolist() == [3, 3]
    for numbers in ([0, 0], [5], [-1]):
        with pytest.raises(ValueError, match="^People.only: expected different numbers below 5"):
            crowd(5).only(numbers)


def test_eight_folds_of_five_in_order():
    people = crowd()
    pairs = list(folds(people, 8))
    assert len(pairs) == 8
    for at, (kept, held) in enumerate(pairs):
        assert held.names == tuple(f"p{5 * at + k}" for k in range(5))
        assert set(kept.names) == set(people.names) - set(held.names)
        assert len(kept) == 105 and len(held) == 15
        check_part(kept)
        check_part(held)


def test_folds_of_unlike_size():
    sizes = [len(held.names) for _, held in folds(crowd(7, 1), 3)]
    assert sizes == [3, 2, 2]
    for count in (1, 8):
        with pytest.raises(ValueError, match="^folds: expected 2 to 7 folds for 7 people"):
            folds(crowd(7, 1), count)


@pytest.mark.parametrize(("held_out", "count"), [(1, 1), (8, 8), (0.25, 10), (39, 39)])
def test_split_by_person(held_out, count):
    kept, held = split_people(crowd(), held_out, seed=3)
    assert len(held.names) == count and len(kept.names) == 40 - count
    assert not set(kept.names) & set(held.names)
    check_part(kept)
    check_part(held)
    assert split_people(crowd(), held_out, seed=3)[1].names == held.names
    assert split_people(crowd(), held_out, seed=4)[1].names != held.names


@pytest.mark.parametrize("held_out", [0, 40, -1, 1.5, 0.001, float("nan")])
def test_split_leaves_someone_on_either_side(held_out):
    with pytest.raises(ValueError, match="^split_people: expected to hold out 1 to 39 of 40"):
        split_people(crowd(), held_out)


IMAGES = np.zeros((2, 1, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((IMAGES[0], np.array([0]), ("a",)), ValueError),
        ((IMAGES, np.array([0]), ("a",)), ValueError),
        ((IMAGES, np.array([0, 1]), ("a",)), ValueError),
        ((IMAGES, np.array([0, -1]), ("a",)), ValueError),
        ((IMAGES, np.array([0.0, 0.0]), ("a",)), TypeError),
        ((IMAGES, np.array([0, 0]), ("a",), ("one",)), ValueError),
    ],
)
def test_people_must_fit_together(arguments, error):
    with pytest.raises(error, match="^People: expected"):
        People(*arguments)


def test_importing_nnscratch_data_loads_no_faces():
    code = "import sys, nnscratch.data; print(*(m for m in sys.modules if 'nnscratch' in m))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = out.stdout.split()
    assert "nnscratch.data" in modules
    assert [m for m in modules if m.startswith("nnscratch.faces")] == []


@pytest.mark.real_data
def test_orl(real_data):
    people = read_people(real_data / "orl_faces", min_images=2)
    assert people.images.shape == (400, 1, 112, 92)
    assert people.names == tuple(f"s{at}" for at in range(1, 41))
    assert people.counts.tolist() == [10] * 40
    assert people.sources[9] == "s1/10.pgm" and people.ignored == ("README",)
    raw = (real_data / "orl_faces/s40/10.pgm").read_bytes()[-112 * 92 :]
    expected = np.frombuffer(raw, np.uint8).reshape(112, 92).astype(np.float32) / 255
    np.testing.assert_array_equal(people.images[-1, 0], expected)
