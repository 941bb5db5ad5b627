"""`data/` at the top of the repository: small, and what data/make.py draws."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from nnscratch.data import read_image
from nnscratch.faces import read_people

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def redrawn(tmp_path_factory):
    """A folder in which data/make.py has drawn everything anew."""
    folder = tmp_path_factory.mktemp("data")
    spec = importlib.util.spec_from_file_location("make_data", DATA / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(folder)
    return folder


def names(folder):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in (".png", ".csv", ".npz")
    )


def test_make_draws_every_file_again(redrawn):
    """Equal but for rounding: one level of a pixel or voxel, a hundredth of a millivolt.

    Bytes are not compared, since they depend on the version of zlib.
    """
    assert names(redrawn) == names(DATA)
    for name in names(DATA):
        old, new = DATA / name, redrawn / name
        if old.suffix == ".png":
            assert np.abs(read_image(old) - read_image(new)).max() < 1.5 / 255
        if old.suffix == ".csv":
            before, after = (read_ekg(path) for path in (old, new))
            assert before[2] == after[2]
            np.testing.assert_allclose(before[:2], after[:2], atol=0.0101)
        if old.suffix == ".npz":
            before, after = np.load(old), np.load(new)
            assert before.files == after.files
            step = np.abs(before["voxels"].astype(int) - after["voxels"])
            assert step.max() <= 8
            assert np.mean(step > 0) < 0.001
            np.testing.assert_array_equal(before["centres"], after["centres"])
            np.testing.assert_array_equal(before["balls"], after["balls"])


def read_ekg(path):
    """Seconds, millivolts and labels of the CSV file."""
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    assert header == "seconds,millivolts,beat"
    seconds, millivolts, labels = zip(*(row.split(",") for row in rows), strict=True)
    return [float(s) for s in seconds], [float(m) for m in millivolts], labels


def test_the_files_are_small():
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 1.2e6


def test_readme_names_every_file():
    text = (DATA / "README.md").read_text(encoding="utf-8")
    for name in names(DATA):
        assert name in text or name.startswith("faces/")


def test_faces_are_people_with_six_pictures_each():
    people = read_people(DATA / "faces")
    assert people.counts.tolist() == [6] * 8
    assert not people.ignored


def test_the_ekg_has_beats_of_both_kinds():
    seconds, millivolts, labels = read_ekg(DATA / "ekg.csv")
    assert len(seconds) == 18000
    assert labels.count("N") > 100
    assert labels.count("V") > 30
    at_beats = [m for m, label in zip(millivolts, labels, strict=True) if label]
    assert np.mean(at_beats) > np.mean(millivolts) + 0.5


def test_slices_of_balls_and_tubes_look_alike_but_columns_do_not():
    volume = np.load(DATA / "volume.npz")
    voxels, balls = volume["voxels"].astype(float), volume["balls"]
    assert balls.sum() == 36
    middle = np.array([voxels[z, y, x] for z, y, x in volume["centres"]])
    below = np.array(
        [voxels[z + 7, y - 1 : y + 2, x - 1 : x + 2].mean() for z, y, x in volume["centres"]]
    )
    assert abs(middle[balls].mean() - middle[~balls].mean()) < 20
    assert below[balls].max() < below[~balls].min()
