"""Writes are atomic."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from nnscratch.files import check_apart, replacing, write_text


def test_a_file_is_replaced_when_the_block_succeeds(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_earlier_file_stays_when_the_block_fails(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        _ = 1 / 0
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_are_on_the_disk_before_the_name_is_theirs(tmp_path, monkeypatch):
    path, calls = tmp_path / "a.txt", []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda f: (calls.append("sync"), sync(f)))
    monkeypatch.setattr(os, "replace", lambda *names: (calls.append("replace"), replace(*names)))
    write_text(path, "new")
    assert calls == ["sync", "replace"]


def test_places_that_cannot_be_written_are_named(tmp_path):
    with pytest.raises(ValueError, match="there is no folder .*none"):
        write_text(tmp_path / "none" / "a.txt", "")
    with pytest.raises(ValueError, match="it is a folder"):
        write_text(tmp_path, "")


def test_devices_and_pipes_are_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="pipe': it is a device or a pipe; name a file"):
        write_text(pipe, "")
    assert pipe.is_fifo()


def test_outputs_must_be_apart_from_inputs_and_from_each_other(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "a")
    check_apart([tmp_path / "a", tmp_path / "b"], [tmp_path / "c", tmp_path / "c"])
    with pytest.raises(ValueError, match="cannot write .*a': it is read as well"):
        check_apart([tmp_path / "a"], [tmp_path / "c", tmp_path / "link"])
    with pytest.raises(ValueError, match="cannot write .*link': two results would go there"):
        check_apart([tmp_path / "a", tmp_path / "b" / ".." / "link"], [])


def test_links_in_a_circle_are_apart_from_all_else(tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    check_apart([tmp_path / "a"], [tmp_path / "circle"])


def test_threads_do_not_take_the_temporary_file_of_each_other(tmp_path):
    path, together = tmp_path / "a.txt", Barrier(2)

    def write(text):
        with replacing(path) as temporary:
            temporary.write_text(text)
            together.wait(10)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ["one", "two"]))
    assert path.read_text() in ("one", "two")
    assert list(tmp_path.iterdir()) == [path]
