"""Omniglot's zip files: tiny ones made here, broken ones, the real ones; pictures of one scale."""

import struct
import zlib

import numpy as np
import pytest
from drawings import SIDE, background_files, drawing, png, run_files, write_zip
from scipy.ndimage import zoom

from nnscratch.faces.oneshot.omniglot import (
    Background,
    centred,
    pseudo_runs,
    read_background,
    read_runs,
)


@pytest.fixture
def background(tmp_path):
    return read_background(write_zip(tmp_path / "b.zip", background_files()))


# -- what is read ---------------------------------------------------------------------------------


def test_the_background(background):
    """Two alphabets with 3 and 2 characters of 4 drawers; other files are passed over."""
    assert background.ink.shape == (20, SIDE, SIDE)
    assert background.ink.dtype == bool
    assert background.alphabet_names == ("Alphabet0", "Alphabet1")
    np.testing.assert_array_equal(background.alphabets, [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(background.characters, np.repeat(np.arange(5), 4))
    np.testing.assert_array_equal(background.drawers, np.tile([1, 2, 3, 4], 5))
    for ink, character, drawer in zip(
        background.ink, background.characters, background.drawers, strict=True
    ):
        np.testing.assert_array_equal(ink, drawing(character + 1, drawer))


@pytest.mark.parametrize("root", ["", "a/b/"])
def test_the_folder_in_the_zip_does_not_matter(root, tmp_path, background):
    files = background_files(root=root)
    files["__MACOSX/Alphabet0/character01/._0001_01.png"] = b"no picture"
    again = read_background(write_zip(tmp_path / "again.zip", files))
    np.testing.assert_array_equal(again.ink, background.ink)
    np.testing.assert_array_equal(again.characters, background.characters)


def test_one_character_name_in_two_alphabets_is_two_characters(background):
    """character01 is in both."""
    assert len(np.unique(background.characters)) == len(background.alphabets) == 5


@pytest.mark.parametrize("root", ["", "all_runs/"])
def test_the_runs(root, tmp_path):
    files = run_files(root=root)
    files[f"__MACOSX/{root}run01/test/._item01.png"] = b"no picture"
    runs = read_runs(write_zip(tmp_path / "r.zip", files))
    assert [run.name for run in runs] == ["run01", "run02"]
    for number, run in enumerate(runs, 1):
        shown = [(i + number) % 4 for i in range(1, 5)]
        np.testing.assert_array_equal(run.answers, shown)
        for i in range(4):
            np.testing.assert_array_equal(run.classes[i], drawing(100 * number + i + 1, 1))
            np.testing.assert_array_equal(run.items[i], drawing(100 * number + shown[i] + 1, 2))


# -- runs made of a background --------------------------------------------------------------------


def test_pseudo_runs_have_one_alphabet_and_two_drawers(background):
    runs = pseudo_runs(background, 6, rng=0, ways=2)
    flat = background.ink.reshape(len(background.ink), -1)

    def row(ink):
        (found,) = np.flatnonzero((flat == ink.reshape(-1)).all(1))
        return found

    assert [run.name.split()[0] for run in runs] == ["Alphabet0", "Alphabet1"] * 3
    for run in runs:
        classes, items = (
            np.array([row(ink) for ink in group]) for group in (run.classes, run.items)
        )
        chosen = background.characters[classes]
        assert len(set(chosen)) == 2
        assert len(set(background.alphabets[chosen])) == 1
        np.testing.assert_array_equal(background.characters[items], chosen[run.answers])
        (one,), (other,) = (set(background.drawers[rows]) for rows in (classes, items))
        assert one != other


def test_pseudo_runs_repeat_with_their_seed_and_skip_small_alphabets(background):
    a, b, c = (pseudo_runs(background, 5, seed, ways=3) for seed in (0, 0, 1))
    assert {run.name.split()[0] for run in a} == {"Alphabet0"}
    assert all((x.items == y.items).all() for x, y in zip(a, b, strict=True))
    assert not all((x.items == y.items).all() for x, y in zip(a, c, strict=True))


def test_pseudo_runs_refuse(background):
    with pytest.raises(ValueError, match="no alphabet has 4 characters; ask for fewer ways"):
        pseudo_runs(background, 1, 0, ways=4)
    one = Background(**{**vars(background), "drawers": np.ones(20, int)})
    with pytest.raises(ValueError, match="pseudo_runs: expected drawings of 2 drawers or more"):
        pseudo_runs(one, 1, 0, ways=2)


# -- one place, one scale -------------------------------------------------------------------------


def test_centred_pictures_have_their_ink_in_the_middle():
    pictures = centred(np.stack([drawing(i) for i in range(6)]))
    assert pictures.shape == (6, 1, 28, 28)
    assert pictures.dtype == np.float32
    assert pictures.min() >= 0
    np.testing.assert_allclose(pictures.max((1, 2, 3)), 1, rtol=1e-6)
    y, x = np.indices((28, 28)) - 13.5
    for picture in pictures[:, 0].astype(np.float64):
        weight = picture / picture.sum()
        middle = (weight * y).sum(), (weight * x).sum()
        np.testing.assert_allclose(middle, 0, atol=0.5)  # pixels
        radius = np.sqrt((weight * ((y - middle[0]) ** 2 + (x - middle[1]) ** 2)).sum())
        np.testing.assert_allclose(radius, 0.26 * 28, rtol=0.1)


def test_place_and_scale_leave_hardly_a_trace():
    """Moved: the same to rounding; drawn larger or smaller: far nearer than another character."""
    ink, other = drawing(3), drawing(4)
    reference, different = centred(np.stack([ink, other]))[:, 0]
    moved = np.zeros_like(ink)
    moved[10:] = np.roll(ink, -7, axis=1)[:-10]
    assert moved.sum() == ink.sum()
    np.testing.assert_allclose(centred(moved[None])[0, 0], reference, atol=1e-5)
    for factor in (0.6, 1.5):
        scaled = zoom(ink.astype(float), factor, order=1) > 0.5
        wrong = np.abs(centred(scaled[None])[0, 0] - reference).mean()
        assert wrong < 0.25 * np.abs(different - reference).mean()


def test_a_blank_drawing_and_a_dot():
    ink = np.zeros((3, SIDE, SIDE), bool)
    ink[1, 50, 20] = True
    ink[2] = True
    pictures = centred(ink, size=20)
    assert pictures.shape == (3, 1, 20, 20)
    assert np.isfinite(pictures).all()
    assert not pictures[0].any()
    np.testing.assert_allclose(pictures[1:].max((1, 2, 3)), 1, rtol=1e-6)


# -- what is refused ------------------------------------------------------------------------------


def header(width, height):
    """A PNG that says that it is so large, and holds next to nothing."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    size = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = chunk(b"IHDR", size), chunk(b"IDAT", zlib.compress(b"\0")), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


BAD_DRAWINGS = {
    "empty": (b"", "it is no picture"),
    "text": (b"this is no picture", "it is no picture"),
    "cut short": (png(drawing(1))[:60], "truncated"),
    "too many pixels": (header(3000, 3000), "far more pixels than a drawing"),
    "a bomb": (header(9500, 9500), "could be decompression bomb"),
    "a larger bomb": (header(50_000, 50_000), "could be decompression bomb"),
    "too many bytes": (png(drawing(1)) + bytes(2**21), "far larger than a drawing"),
}


@pytest.mark.parametrize("name", BAD_DRAWINGS)
def test_a_bad_drawing_is_named(name, tmp_path):
    data, why = BAD_DRAWINGS[name]
    files = background_files() | {"A/x/0001_01.png": data}
    path = write_zip(tmp_path / "b.zip", files)
    with pytest.raises(ValueError, match=f"omniglot: A/x/0001_01.png in '{path}' .*{why}.*; fetch"):
        read_background(path)
    path = write_zip(tmp_path / "r.zip", run_files() | {"run01/test/item01.png": data})
    with pytest.raises(ValueError, match=f"run01/test/item01.png in .* cannot be read .*{why}"):
        read_runs(path)


@pytest.mark.parametrize("read", [read_background, read_runs])
def test_other_files_are_refused(read, tmp_path):
    name = read.__name__
    text = tmp_path / "text.zip"
    text.write_text("this is no zip file")
    other = write_zip(tmp_path / "other.zip", {"a.txt": b"a"})
    with pytest.raises(ValueError, match=f"{name}: expected a zip file, got no file at .*check"):
        read(tmp_path / "none.zip")
    with pytest.raises(ValueError, match=f"{name}: expected a zip file, got no file at"):
        read(tmp_path)
    with pytest.raises(
        ValueError, match=f"{name}: .* another kind or a broken one.*fetch it again"
    ):
        read(text)
    with pytest.raises(ValueError, match=f"{name}: expected .* in the zip, got none: .*Omniglot"):
        read(other)


def test_a_zip_that_is_cut_short_or_changed_anywhere_is_refused_or_read(tmp_path):
    """Every byte changed in turn: a ValueError or an answer, nothing else."""
    whole = write_zip(tmp_path / "b.zip", {"A/x/0001_01.png": png(drawing(1))}).read_bytes()
    path, refused = tmp_path / "broken.zip", 0
    for place in range(0, len(whole), 2):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 9]) + whole[place + 1 :])
        try:
            assert read_background(path).ink.shape == (1, SIDE, SIDE)
        except ValueError:
            refused += 1
    assert refused > 100
    path.write_bytes(whole[:-30])
    with pytest.raises(ValueError, match="fetch it again"):
        read_background(path)


def test_an_encrypted_zip_is_refused(tmp_path):
    path = write_zip(tmp_path / "b.zip", {"A/x/0001_01.png": png(drawing(1))})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag of the file, here and in the directory at the end
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="cannot be read .*encrypted"):
        read_background(path)


def test_drawings_of_several_sizes_are_refused(tmp_path):
    files = background_files() | {"A/x/0001_01.png": png(drawing(1, side=50))}
    with pytest.raises(ValueError, match=r"read_background: .*one size.*\(50, 50\), \(105, 105\)"):
        read_background(write_zip(tmp_path / "b.zip", files))
    files = run_files() | {"run02/test/item01.png": png(drawing(1, side=50))}
    with pytest.raises(ValueError, match=r"read_runs: .*one size.*\(50, 50\), \(105, 105\)"):
        read_runs(write_zip(tmp_path / "r.zip", files))


LISTING = "run02/class_labels.txt"


@pytest.mark.parametrize(
    ("listing", "words"),
    [
        (b"", "names no training drawing for item01.png"),
        (b"a b\n", "names no training drawing for item01.png"),
        (b"run02/test/item01.png run02/training/class99.png", "no training drawing for item01"),
        (b"run02/test/item01.png run02/training/class01.png", "no training drawing for item02"),
        (b"\xff\xfe\x00", "names no training drawing"),
        (bytes(2**21), "far larger than a drawing"),
    ],
)
def test_a_listing_that_names_nothing_is_refused(listing, words, tmp_path):
    path = write_zip(tmp_path / "r.zip", run_files() | {LISTING: listing})
    with pytest.raises(ValueError, match=words):
        read_runs(path)


@pytest.mark.parametrize("missing", [LISTING, "run02/test/", "run02/training/"])
def test_a_run_that_lacks_a_part_is_named(missing, tmp_path):
    files = {name: data for name, data in run_files().items() if not name.startswith(missing)}
    path = write_zip(tmp_path / "r.zip", files)
    with pytest.raises(ValueError, match="run02 of .* lacks training or test drawings, or class_"):
        read_runs(path)


def test_runs_of_several_sizes_are_refused(tmp_path):
    files = {k: v for k, v in run_files().items() if "run02/test/item04" not in k}
    with pytest.raises(ValueError, match=r"the same numbers .*\(4, 3\), \(4, 4\)"):
        read_runs(write_zip(tmp_path / "r.zip", files))


def test_a_run_reads_lines_with_tabs_and_carriage_returns(tmp_path):
    files = run_files()
    files[LISTING] = files[LISTING].replace(b" ", b"\t").replace(b"\n", b"\r\n") + b"\r\n\r\n"
    assert len(read_runs(write_zip(tmp_path / "r.zip", files))) == 2


# -- the real files -------------------------------------------------------------------------------


@pytest.mark.real_data
def test_the_real_files(real_data):
    background = read_background(real_data / "omniglot" / "images_background_small1.zip")
    assert background.ink.shape == (2720, 105, 105)
    assert len(background.alphabets) == 136
    assert len(background.alphabet_names) == 5
    assert sorted(set(background.drawers)) == list(range(1, 21))
    np.testing.assert_array_equal(np.bincount(background.characters), 20)
    assert 0.01 < background.ink.mean() < 0.1
    runs = read_runs(real_data / "omniglot" / "all_runs.zip")
    assert [run.name for run in runs] == [f"run{i:02}" for i in range(1, 21)]
    for run in runs:
        assert run.classes.shape == run.items.shape == (20, 105, 105)
        assert sorted(run.answers) == list(range(20))


@pytest.mark.real_data
def test_pseudo_runs_of_the_real_background(real_data):
    background = read_background(real_data / "omniglot" / "images_background_small1.zip")
    runs = pseudo_runs(background, 10, 0)
    assert all(run.items.shape == (20, 105, 105) for run in runs)
