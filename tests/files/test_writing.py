"""Writes are atomic."""

import errno
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from nnscratch.files import check_apart, locked, locking, replacing, write_text
from nnscratch.files.writing import DAY, HOST


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


# -- links and modes ------------------------------------------------------------------------------


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path):
    (tmp_path / "shared").mkdir()
    real, link, second = tmp_path / "shared" / "real", tmp_path / "link", tmp_path / "second"
    real.write_text("old")
    link.symlink_to("shared/real")
    second.symlink_to(link)
    write_text(second, "new")
    assert second.is_symlink() and link.is_symlink() and not real.is_symlink()
    assert real.read_text() == "new"
    assert list((tmp_path / "shared").iterdir()) == [real]


def test_a_link_to_a_file_that_is_not_there_yet_is_followed(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("real")
    write_text(link, "new")
    assert link.is_symlink() and (tmp_path / "real").read_text() == "new"
    (tmp_path / "astray").symlink_to("none/real")
    with pytest.raises(ValueError, match="astray': there is no folder .*none"):
        write_text(tmp_path / "astray", "new")
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(ValueError, match="circle': it is a link that leads to itself"):
        write_text(tmp_path / "circle", "new")
    assert (tmp_path / "circle").is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o777])
def test_a_file_keeps_its_mode_and_is_private_until_then(tmp_path, mode):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(mode)
    with replacing(path) as temporary:
        assert temporary.stat().st_mode & 0o777 == 0o600
        temporary.write_text("new")
    assert path.stat().st_mode & 0o777 == mode and path.read_text() == "new"


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_a_new_file_has_the_mode_of_the_umask(tmp_path, umask):
    earlier = os.umask(umask)
    try:
        write_text(tmp_path / "a.txt", "new")
    finally:
        os.umask(earlier)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o666 & ~umask


def test_long_names_have_room_for_a_temporary_name(tmp_path):
    path = tmp_path / ("ä" * 120)  # 240 bytes of the 255 that a name may have
    write_text(path, "new")
    with locked(path):
        assert path.read_text() == "new"


# -- leftovers ------------------------------------------------------------------------------------

WRITER = """
import sys, time
from nnscratch.files import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print("in the middle", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """A process in the middle of writing tmp_path / "other.bin"."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, tmp_path / "other.bin"], stdout=subprocess.PIPE
    )
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def temporaries(folder):
    return sorted(path for path in folder.iterdir() if path.suffix == ".tmp")


def test_leftovers_of_killed_processes_are_removed_and_living_ones_are_not(writer, tmp_path):
    (half,) = temporaries(tmp_path)
    write_text(tmp_path / "a.txt", "new")
    assert temporaries(tmp_path) == [half]  # its process lives
    writer.kill()
    writer.wait()
    write_text(tmp_path / "a.txt", "new")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_a_leftover_of_another_host_is_removed_after_a_day(tmp_path):
    fresh, old = (tmp_path / f".a.txt.{HOST + i:010}.0000000001.tmp" for i in (1, 2))
    for path in (fresh, old):
        path.write_text("half")
    os.utime(old, (0, time.time() - DAY - 1))
    write_text(tmp_path / "a.txt", "new")
    assert temporaries(tmp_path) == [fresh]


def test_files_that_only_look_like_leftovers_stay(tmp_path):
    names = [".a.txt.notes.tmp", ".other.txt.4242.tmp", "a.txt.0000000001.0000000001.tmp"]
    for name in names:
        (tmp_path / name).write_text("not ours")
    write_text(tmp_path / "a.txt", "new")
    assert sorted(path.name for path in temporaries(tmp_path)) == names


def test_without_locks_files_are_written_and_nothing_is_removed(tmp_path, monkeypatch):
    leftover = tmp_path / f".a.txt.{HOST:010}.0000000001.tmp"
    leftover.write_text("half")

    def unknown(file):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking, "system_lock", unknown)
    write_text(tmp_path / "a.txt", "new")
    with locked(tmp_path / "a.txt"):
        assert (tmp_path / "a.txt").read_text() == "new"
    assert sorted(tmp_path.iterdir()) == [leftover, tmp_path / "a.txt"]
