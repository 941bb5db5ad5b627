"""The learner's folder: no file is lost, and progress survives broken files."""

import json
import threading

import pytest
import toy_exercise as toy

from nnscratch.learn import folder as rooms
from nnscratch.learn.folder import HIDDEN, Folder

RIGHT = "def mean(x):\n    return x.sum() / len(x)\n"


@pytest.fixture
def exercise(tmp_path, monkeypatch):
    made = toy.write(tmp_path / "exercises")
    monkeypatch.setattr(rooms, "all_exercises", lambda: [made])
    return made


@pytest.fixture
def folder(exercise, tmp_path):
    return Folder.create(tmp_path / "mine")[0]


def test_a_new_folder_holds_the_stubs_and_a_test_for_pytest(folder, exercise):
    assert folder.file(exercise).read_text() == exercise.stub
    assert "test_exercise" in (folder.path / "test_exercises.py").read_text()
    assert folder.state(exercise) == "not attempted"
    assert folder.next() == exercise


def test_existing_files_stay(folder, exercise):
    folder.file(exercise).write_text(RIGHT)
    again, new = Folder.create(folder.path)
    assert new == 0
    assert again.file(exercise).read_text() == RIGHT


def test_the_folder_is_found_from_within_and_from_above(folder, tmp_path, monkeypatch):
    inner = folder.path / "notes"
    inner.mkdir()
    assert Folder.nearest(inner).path == folder.path
    with pytest.raises(ValueError, match="nnscratch learn init makes one"):
        Folder.nearest(tmp_path / "exercises")
    with pytest.raises(ValueError, match="made by nnscratch learn init"):
        Folder(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        Folder.create(tmp_path / "file")


def test_states_follow_the_file(folder, exercise):
    folder.file(exercise).write_text(RIGHT)
    assert folder.state(exercise) == "changed"
    assert folder.check(exercise).state == "right"
    assert folder.state(exercise) == "right"
    assert folder.next() is None
    folder.file(exercise).write_text(RIGHT + "\n# more\n")
    assert folder.state(exercise) == "changed"
    folder.file(exercise).unlink()
    assert folder.state(exercise) == "missing"
    assert folder.check(exercise).code == "no-file"


def test_hints_come_in_order_unless_one_helps_with_the_mistake(folder, exercise):
    assert folder.hint(exercise) == (1, "Add up.")
    folder.note(exercise, hint=3)
    assert folder.hint(exercise) == (3, "By the count.")
    assert folder.hint(exercise)[0] == 3


def test_a_reset_keeps_a_backup(folder, exercise):
    folder.file(exercise).write_text("first\n")
    first = folder.reset(exercise)
    folder.file(exercise).write_text("second\n")
    second = folder.reset(exercise)
    assert (first.read_text(), second.read_text()) == ("first\n", "second\n")
    assert folder.file(exercise).read_text() == exercise.stub
    assert folder.reset(exercise) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"state": 3}', '{"other": 1}', "null", "\x00"])
def test_broken_progress_is_moved_aside(folder, exercise, text):
    file = folder.path / HIDDEN / f"{exercise.name}.json"
    file.write_text(text)
    assert folder.progress(exercise).state == "not attempted"
    kept = list((folder.path / HIDDEN).glob("*.broken-*"))
    assert [path.read_text() for path in kept] == [text]
    folder.file(exercise).write_text(RIGHT)
    folder.check(exercise)
    assert json.loads(file.read_text())["state"] == "right"


def test_two_checks_at_once(folder, exercise):
    folder.file(exercise).write_text(RIGHT)
    results = []
    work = [threading.Thread(target=lambda: results.append(folder.check(exercise))) for _ in "ab"]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert [result.state for result in results] == ["right", "right"]
    assert folder.progress(exercise).state == "right"
