"""`nnscratch faces` as a user meets it: all its jobs on drawn faces, one line for each mistake."""

import json
import re
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from commands import fails, succeeds
from PIL import Image
from small_faces import people

from nnscratch.cli import main
from nnscratch.data.images import save_image
from nnscratch.faces.gallery import Gallery
from nnscratch.faces.model import FaceModel


def write(folder, everyone):
    """folder/NAME/NAME_0001.png and so on, as LFW has them."""
    counts = dict.fromkeys(everyone.names, 0)
    for image, label in zip(everyone.images, everyone.labels, strict=True):
        name = everyone.names[label]
        counts[name] += 1
        (folder / name).mkdir(parents=True, exist_ok=True)
        save_image(folder / name / f"{name}_{counts[name]:04}.png", image)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write(tmp_path_factory.mktemp("photos"), people(6, 4))


@pytest.fixture(scope="module")
def made(photos, tmp_path_factory):
    """The folder of a model trained for two steps, and of its JSON file."""
    folder = tmp_path_factory.mktemp("model")
    words = ["faces", "train", photos, "-o", folder / "faces.npz", "--steps", 2, "--far", 0.2]
    assert main([str(w) for w in [*words, "--json", folder / "train.json"]]) == 0
    return folder


@pytest.fixture
def model(made):
    return made / "faces.npz"


@pytest.fixture
def pictures(photos):
    """The pictures of the first person, then of the second ..."""
    return sorted(photos.rglob("*.png"))


@pytest.fixture
def gallery(tmp_path, model, pictures, capsys):
    """Two people, enrolled through the command line."""
    path = tmp_path / "gallery.npz"
    for name, images in (("Ann", pictures[:2]), ("Bob", pictures[4:6])):
        words = ["faces", "enrol", name, *images, "--model", model, "--gallery", path]
        succeeds(capsys, *words)
    return path


def read(path):
    """JSON that every reader takes: no NaN, no Infinity."""

    def refuse(constant):
        raise ValueError(constant)

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


# -- train ----------------------------------------------------------------------------------------


def test_training_writes_a_model_and_its_figures(made):
    model, record = FaceModel.load(made / "faces.npz"), read(made / "train.json")
    assert record["people"] == 6
    assert record["pictures"] == 24
    assert record["seconds"] > 0
    assert record["fingerprint"] == model.fingerprint
    assert record["calibration"] == model.calibration.to_dict()
    assert record["calibration"]["far"] == 0.2
    assert "impostor pairs" in record["warning"]
    assert sorted(path.name for path in made.iterdir()) == ["faces.npz", "train.json"]


def test_training_prints_what_it_did(photos, tmp_path, capsys):
    model = tmp_path / "m.npz"
    (photos / "Zoe").mkdir()
    save_image(photos / "Zoe" / "1.png", people(1, 1, seed=5).images[0])
    words = ["faces", "train", photos, "-o", model, "--steps", 1, "--loss", "semi-hard"]
    assert main([str(word) for word in words]) == 0
    (photos / "Zoe" / "1.png").unlink()
    (photos / "Zoe").rmdir()
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "1 pictures left out: their person has fewer than 2"
    assert lines[1].startswith(f"{model}: 6 people, threshold ")
    assert "a rate of 0.01 rests on" in lines[2]
    assert "train 1/1" in err and "loss" in err


def test_the_same_seed_gives_the_same_model(photos, made, tmp_path, capsys):
    again, other = tmp_path / "again.npz", tmp_path / "other.npz"
    words = ["faces", "train", photos, "--steps", 2, "--far", 0.2, "-o"]
    succeeds(capsys, *words, again, "--seed", 0)
    succeeds(capsys, *words, other, "--seed", 1)
    assert again.read_bytes() == (made / "faces.npz").read_bytes() != other.read_bytes()


def test_arrays_and_pictures_of_all_sizes_and_colours(tmp_path, capsys):
    everyone = people(4, 3)
    np.savez(tmp_path / "p.npz", images=everyone.images, labels=everyone.labels)
    folder = tmp_path / "photos"
    for at, (image, label) in enumerate(zip(everyone.images, everyone.labels, strict=True)):
        (folder / f"p{label}").mkdir(parents=True, exist_ok=True)
        grey = Image.fromarray((image[0] * 255).astype(np.uint8)).resize((30 + at, 50 - at))
        ending, mode = (("png", "L"), ("jpg", "RGB"), ("webp", "RGBA"))[at % 3]
        grey.convert(mode).save(folder / f"p{label}" / f"{at}.{ending}")
    for source in (tmp_path / "p.npz", folder):
        figures = tmp_path / "figures.json"
        words = ["faces", "train", source, "-o", tmp_path / "m.npz", "--steps", 1]
        succeeds(capsys, *words, "--json", figures)
        assert read(figures)["pictures"] == 12


# -- verify ---------------------------------------------------------------------------------------


def test_verify_one_picture_with_itself_and_with_another(model, pictures, tmp_path, capsys):
    figures = tmp_path / "v.json"
    words = ["faces", "verify", pictures[0], pictures[0], "--model", model, "--json", figures]
    out = succeeds(capsys, *words)
    assert out.startswith("the same person (distance 0.000, limit ")
    assert "probability of the same " in out
    record = read(figures)
    assert record["same"] is True
    assert record["distance"] == 0
    assert 0 < record["probability"] <= 1
    loaded = FaceModel.load(model)
    assert record["threshold"] == loaded.calibration.threshold
    words = ["faces", "verify", pictures[0], pictures[9], "--model", model, "--threshold", 0]
    assert succeeds(capsys, *words).startswith("different people (distance ")


def test_verify_without_calibration_needs_a_threshold(model, pictures, tmp_path, capsys):
    plain = FaceModel.load(model)
    FaceModel(plain.network, plain.whitening).save(tmp_path / "plain.npz")
    words = ["faces", "verify", *pictures[:2], "--model", tmp_path / "plain.npz"]
    assert "give a threshold" in fails(capsys, *words)
    figures = tmp_path / "v.json"
    out = succeeds(capsys, *words, "--threshold", 4, "--json", figures)
    assert out.startswith("the same person (distance") and "probability" not in out
    assert read(figures)["probability"] is None


# -- galleries ------------------------------------------------------------------------------------


def test_enrol_counts_and_adds(gallery, model, pictures, tmp_path, capsys):
    figures = tmp_path / "e.json"
    words = ["faces", "enrol", "Ann", pictures[2], "--model", model, "--gallery", gallery]
    out = succeeds(capsys, *words, "--json", figures)
    assert out.startswith(f"{gallery}: Ann has 3 pictures; Gallery of 2 people, 5 encodings")
    assert read(figures) == {"people": {"Ann": 3, "Bob": 2}}


def test_names_of_any_alphabet(model, pictures, tmp_path, capsys):
    """Also as macOS spells them: letters and accents apart."""
    path = tmp_path / "g.npz"
    for name in ("Zoë", unicodedata.normalize("NFD", "Zoë"), "李小龍", "[bold]Ann"):
        words = ["faces", "enrol", name, pictures[0], "--model", model, "--gallery", path]
        assert name in succeeds(capsys, *words)
    assert Gallery.load(path, None).counts == {"Zoë": 2, "李小龍": 1, "[bold]Ann": 1}
    words = ["faces", "forget", unicodedata.normalize("NFD", "Zoë"), "--gallery", path]
    succeeds(capsys, *words)
    assert "Zoë" not in Gallery.load(path, None)


def test_twelve_processes_enrol_at_once_and_one_forgets(gallery, model, pictures, tmp_path):
    """The gallery is a private file behind a link, and stays so."""
    link = tmp_path / "link.npz"
    link.symlink_to(gallery)
    gallery.chmod(0o600)
    command = [sys.executable, "-m", "nnscratch", "faces"]
    jobs = [["enrol", f"p{i}", pictures[i % 2], "--model", model] for i in range(12)]
    jobs.insert(6, ["forget", "Ann"])
    processes = [subprocess.Popen([*command, *job, "--gallery", link]) for job in jobs]
    assert [process.wait() for process in processes] == [0] * 13
    assert set(Gallery.load(gallery, None).names) == {"Bob", *(f"p{i}" for i in range(12))}
    assert link.is_symlink() and gallery.stat().st_mode & 0o777 == 0o600
    assert sorted(tmp_path.iterdir()) == [gallery, link]


def test_identify_names_people_and_strangers(gallery, model, pictures, tmp_path, capsys):
    figures = tmp_path / "i.json"
    known, stranger = pictures[4], pictures[20]
    words = ["faces", "identify", known, stranger, "--model", model, "--gallery", gallery]
    out = succeeds(capsys, *words, "--threshold", 1e-6, "--json", figures)
    first, second = out.splitlines()
    assert first.startswith(f"{known}: Bob (distance 0.00, margin ")
    assert second.startswith(f"{stranger}: not recognised (nearest: ")
    rows = read(figures)["answers"]
    assert [row["image"] for row in rows] == [str(known), str(stranger)]
    assert rows[0]["name"] == rows[0]["nearest"] == "Bob"
    assert rows[0]["distance"] < 1e-6 < rows[0]["margin"]
    assert rows[1]["name"] is None
    assert rows[1]["nearest"] in ("Ann", "Bob")
    assert rows[1]["distance"] > 1e-6
    assert "not recognised" not in succeeds(capsys, *words, "--threshold", 4)


def test_identify_by_the_model_alone(gallery, model, pictures, capsys):
    words = ["faces", "identify", pictures[0], "--model", model, "--gallery", gallery]
    limit = FaceModel.load(model).calibration.threshold_for_gallery(4)
    out = succeeds(capsys, *words)
    assert ("Ann" in out) if limit >= 0 else (f"limit {limit:.2f}" in out)


def test_forget_leaves_nothing_of_a_person(gallery, model, pictures, tmp_path, capsys):
    figures = tmp_path / "f.json"
    before = Gallery.load(gallery, None).encodings("Ann").tobytes()
    words = ["faces", "forget", "Ann", "--gallery", gallery]
    assert "Ann is forgotten" in succeeds(capsys, *words, "--json", figures)
    assert read(figures) == {"people": {"Bob": 2}}
    assert b"Ann" not in gallery.read_bytes() and before not in gallery.read_bytes()
    succeeds(capsys, "faces", "forget", "Bob", "--gallery", gallery)
    asked = ["faces", "identify", pictures[0], "--model", model, "--gallery", gallery]
    assert "the gallery is empty; enrol somebody first" in fails(capsys, *asked)


# -- evaluate -------------------------------------------------------------------------------------

SHARES = ("eer", "auc", "rank1", "dir_at_far_1", "tar_at_far_1", "far_of_dir")


def check_figures(record, everybody, pictures):
    for name in SHARES:
        assert 0 <= record[name] <= 1, name
    for name, (value, low, high) in record["intervals"].items():
        assert record[name] == value
        assert 0 <= low <= value <= high <= 1
    assert set(record["intervals"]) == {"eer", "auc", "rank1", "dir_at_far_1", "far_of_dir"}
    assert record["people"] == everybody
    assert record["pairs"] == pictures * (pictures - 1) / 2
    assert record["searches"] > 0 and record["strangers"] > 0
    assert all(isinstance(warning, str) for warning in record["warnings"])


def test_evaluate_a_model(photos, model, tmp_path, capsys):
    figures = tmp_path / "e.json"
    out = succeeds(capsys, "faces", "evaluate", photos, "--model", model, "--json", figures)
    assert [line.split()[0] for line in out.splitlines()[:4]] == [
        *("eer", "auc", "rank1", "dir_at_far_1")
    ]
    check_figures(read(figures), 6, 24)
    again = tmp_path / "again.json"
    succeeds(capsys, "faces", "evaluate", photos, "--model", model, "--json", again)
    assert again.read_bytes() == figures.read_bytes()


def test_evaluate_in_folds_and_seeds(photos, tmp_path, capsys):
    figures = tmp_path / "e.json"
    words = ["faces", "evaluate", photos, "--folds", 2, "--steps", 1, "--seeds", 2]
    out = succeeds(capsys, *words, "--json", figures)
    assert out.startswith("pooled EER over 2 seeds: 0.")
    record = read(figures)
    assert record["people"] == 6
    assert record["pairs"] == 2 * 12 * 11 / 2  # of the people of one fold alone
    assert len(record["seeds"]) == 2
    assert np.shape(record["eer_of_folds"]) == (2, 2)
    assert all(0 <= record[name] <= 1 for name in SHARES)
    assert record["seeds"][0]["eer"][0] == record["eer"]


def test_evaluate_pairs_of_lfw(photos, model, tmp_path, capsys):
    names = [path.name for path in sorted(photos.iterdir())]
    lines = ["2\t2"]
    for fold in range(2):
        a, b, c = names[3 * fold : 3 * fold + 3]
        lines += [f"{a}\t1\t2", f"{b}\t1\t3", f"{a}\t1\t{b}\t2", f"{b}\t2\t{c}\t4"]
    (tmp_path / "pairs.txt").write_text("\n".join(lines))
    figures = tmp_path / "e.json"
    words = ["faces", "evaluate", photos, "--model", model, "--pairs", tmp_path / "pairs.txt"]
    assert succeeds(capsys, *words, "--json", figures).startswith("accuracy ")
    record = read(figures)
    assert len(record["accuracies"]) == 2
    assert all(0 <= record[name] <= 1 for name in ("accuracy", "eer", "auc"))
    (tmp_path / "pairs.txt").write_text("\n".join(lines).replace("\t4", "\t9"))
    assert "2 of" in fails(capsys, *words) or "pictures are missing under" in fails(capsys, *words)


# -- bad input ------------------------------------------------------------------------------------


@pytest.fixture
def no_training(monkeypatch):
    """Mistakes are found before the long work."""
    monkeypatch.setattr("nnscratch.faces.training.train", lambda *_: pytest.fail("it was trained"))


def a_folder(path, **files):
    """path/NAME/…png from NAME__file=content."""
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        place = path.joinpath(*name.split("__")).with_suffix(".png")
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            save_image(place, content)
    return path


FACES = people(4, 2).images
EACH_ONE = {f"p{i}__1": FACES[i] for i in range(5)}
EACH_TWO = {f"p{i // 2}__{i % 2}": FACES[i] for i in range(8)}
BAD_PEOPLE = {
    "empty": ({}, "expected a folder for each person, got no pictures in"),
    "no sub-folders": ({"a": FACES[0]}, "put those of each person into a folder with the person's"),
    "too deep": ({"a__b__c": FACES[0]}, "got pictures deeper in .*; name '"),
    "one picture each": (EACH_ONE, "at least 4 people, got 0 with enough pictures .2. in"),
    "three people": (
        {k: v for k, v in EACH_TWO.items() if k[:2] != "p3"},
        "expected at least 4 people, got 3 with enough pictures",
    ),
    "a text": (EACH_TWO | {"p1__2": b"text"}, "p1/2.png'; open it in a picture program"),
    "an empty file": (EACH_TWO | {"p1__2": b""}, "got an empty file: .*p1/2.png'"),
    "a blank picture": (EACH_TWO | {"p1__2": 0 * FACES[0]}, "'p1/2.png' is blank: .*leave it out"),
}


@pytest.mark.parametrize("name", BAD_PEOPLE)
def test_training_on_bad_folders(name, tmp_path, capsys, no_training):
    files, words = BAD_PEOPLE[name]
    folder, model, figures = a_folder(tmp_path / "in", **files), tmp_path / "m.npz", tmp_path / "j"
    model.write_bytes(b"as before")
    err = fails(capsys, "faces", "train", folder, "-o", model, "--json", figures)
    assert re.search(words, err), err
    assert err.startswith("nnscratch faces: ")
    assert model.read_bytes() == b"as before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "m.npz"]


IMAGES = people(4, 2).images[:, 0]
BAD_ARRAYS = {
    "NaN": ({"images": IMAGES * np.nan, "labels": np.arange(8) // 2}, "floats from 0 to 1, got"),
    "too large": ({"images": IMAGES * 255, "labels": np.arange(8) // 2}, "floats from 0 to 1, got"),
    "names": ({"faces": IMAGES, "names": np.arange(8)}, "expected arrays images and labels"),
    "labels": ({"images": IMAGES, "labels": np.arange(7)}, "expected 8 labels"),
    "objects": (
        {"images": np.array([{}]), "labels": np.arange(1)},
        "Python objects, which are not read",
    ),
    "one each": ({"images": IMAGES, "labels": np.arange(8)}, "expected at least 4 people, got 0"),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_training_on_bad_arrays(name, tmp_path, capsys, no_training):
    arrays, words = BAD_ARRAYS[name]
    np.savez(tmp_path / "in.npz", **arrays)
    err = fails(capsys, "faces", "train", tmp_path / "in.npz", "-o", tmp_path / "m.npz")
    assert words in err
    assert not (tmp_path / "m.npz").exists()


def test_training_with_bad_options(photos, tmp_path, capsys, no_training):
    base = ["faces", "train", photos, "-o", tmp_path / "m.npz"]
    for words, message in (
        (["--steps", 0], "--steps: expected at least 1, got 0"),
        (["--held-out", 0], "share held out and far between 0 and 1, got 0.0"),
        (["--held-out", 5], "between 0 and 1, got 5.0"),
        (["--held-out", "nan"], "between 0 and 1, got nan"),
        (["--far", 2], "between 0 and 1, got 0.2 and 2.0"),
        (["--loss", "hinge"], "invalid choice: 'hinge'"),
        (["--seed", "one"], "invalid int value: 'one'"),
        (["-o", tmp_path / "none" / "m.npz"], "there is no folder"),
        (["-o", tmp_path], "it is a folder; name a file in it"),
        (["--json", tmp_path / "none" / "j.json"], "there is no folder"),
    ):
        assert message in fails(capsys, *base, *words)
    assert "got nothing at" in fails(capsys, "faces", "train", tmp_path / "x", "-o", tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_bad_models_are_named(photos, pictures, gallery, tmp_path, capsys):
    missing, text = tmp_path / "none.npz", tmp_path / "text.npz"
    text.write_text("no model")
    jobs = (
        ["verify", *pictures[:2]],
        ["enrol", "Cid", pictures[0], "--gallery", gallery],
        ["identify", pictures[0], "--gallery", gallery],
        ["evaluate", photos],
    )
    before = gallery.read_bytes()
    for job in jobs:
        err = fails(capsys, "faces", *job, "--model", missing)
        assert f"no model at '{missing}'; make one with nnscratch faces train" in err
        for other in (text, gallery):
            err = fails(capsys, "faces", *job, "--model", other)
            assert (
                "expected a model that nnscratch faces train has written, got another kind" in err
            )
            assert f"'{other}'" in err
    assert gallery.read_bytes() == before


def test_bad_pictures_are_named(model, gallery, pictures, tmp_path, capsys):
    text, blank, none = (tmp_path / f"{name}.png" for name in ("text", "blank", "none"))
    text.write_text("no picture")
    save_image(blank, np.full((3, 20, 20), 0.5, np.float32))
    before = gallery.read_bytes()
    for bad, message in (
        (text, f"got a file of another kind: '{text}'"),
        (blank, f"'{blank}' is blank: its values are all the same; leave it out"),
        (none, f"got no file at '{none}'; check the path"),
        (tmp_path, f"got a folder: '{tmp_path}'; name a file"),
    ):
        for job in (
            ["verify", pictures[0], bad],
            ["enrol", "Ann", pictures[0], bad, "--gallery", gallery],
            ["identify", pictures[0], bad, "--gallery", gallery],
        ):
            assert message in fails(capsys, "faces", *job, "--model", model)
    assert gallery.read_bytes() == before


def test_bad_galleries_are_named(model, gallery, pictures, tmp_path, capsys):
    none, text, other = (tmp_path / f"{name}.npz" for name in ("none", "text", "other"))
    text.write_text("no gallery")
    stranger = Gallery(128, "0123456789abcdef")
    stranger.enrol("Ann", np.eye(128, dtype=np.float32)[:1])
    stranger.save(other)
    before = other.read_bytes()
    enrol, identify = (["faces", *job, pictures[0]] for job in (["enrol", "Ann"], ["identify"]))
    assert "no file at" in fails(capsys, *identify, "--model", model, "--gallery", none)
    for job in (enrol, identify):
        words = [*job, "--model", model, "--gallery"]
        assert "made with the network 0123456789abcdef, not with" in fails(capsys, *words, other)
        assert "expected a gallery, got another kind" in fails(capsys, *words, text)
        assert "is no gallery, or broken" in fails(capsys, *words, model)
    assert other.read_bytes() == before and text.read_text() == "no gallery"
    assert not none.exists()
    assert "no file at" in fails(capsys, "faces", "forget", "Ann", "--gallery", none)
    err = fails(capsys, "faces", "forget", "Eve", "--gallery", gallery)
    assert "no 'Eve' in the gallery; it holds Ann, Bob" in err
    for name in ("", " ", "two\nlines"):
        words = ["faces", "enrol", name, pictures[0], "--model", model, "--gallery", gallery]
        assert "expected a name of printable characters" in fails(capsys, *words)
    words = ["faces", "enrol", "Ann", pictures[0], "--model", model]
    assert "there is no folder" in fails(capsys, *words, "--gallery", tmp_path / "x" / "g.npz")


@pytest.mark.parametrize("threshold", ["nan", "inf", "-1", "5"])
def test_thresholds_that_mean_nothing(threshold, model, gallery, pictures, capsys):
    for job in (["verify", *pictures[:2]], ["identify", pictures[0], "--gallery", gallery]):
        words = ["faces", *job, "--model", model, f"--threshold={threshold}"]
        assert "--threshold: expected a squared distance from 0 to 4" in fails(capsys, *words)


def test_evaluating_with_bad_options(photos, model, tmp_path, capsys, no_training):
    base = ["faces", "evaluate", photos, "--model", model]
    for words, message in (
        (["--folds", 0], "expected 2 to 6 folds for 6 people, got 0"),
        (["--folds", 1], "expected 2 to 6 folds for 6 people, got 1"),
        (["--folds", -3], "expected 2 to 6 folds for 6 people, got -3"),
        (["--folds", 4], "expected at most 3 folds for 6 people, so that each holds 2"),
        (["--folds", 2, "--seeds", 0], "--seeds: expected at least 1, got 0"),
        (["--folds", 2, "--steps", 0], "--steps: expected at least 1, got 0"),
        (["--pairs", tmp_path / "none.txt"], "cannot read"),
    ):
        assert message in fails(capsys, *base, *words)
    (tmp_path / "empty").mkdir()
    words = ["faces", "evaluate", tmp_path / "empty", "--model", model]
    assert "got no pictures in" in fails(capsys, *words)
    one = a_folder(tmp_path / "one", **{k: v for k, v in EACH_TWO.items() if k[:2] == "p0"})
    words = ["faces", "evaluate", one, "--model", model]
    assert "expected at least 2 people, got 1" in fails(capsys, *words)


def test_jobs_have_help_with_an_example(capsys):
    for job in ("train", "verify", "enrol", "forget", "identify", "evaluate", "demo", "pretrain"):
        with pytest.raises(SystemExit) as stop:
            main(["faces", job, "--help"])
        assert stop.value.code == 0
        out = capsys.readouterr().out
        assert f"example:\n  nnscratch faces {job} " in out
        assert f"faces {job} {job}" not in out
        assert "--json" in out
    assert "the following arguments are required: JOB" in fails(capsys, "faces")
    assert "invalid choice: 'recognise'" in fails(capsys, "faces", "recognise")
    assert "required: B" in fails(capsys, "faces", "verify", "a.png")
