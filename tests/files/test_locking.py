"""A lock keeps other threads and processes out, and the death of its holder frees it."""

import subprocess
import sys
import threading
import time

import pytest

from nnscratch.files import locked
from nnscratch.files.locking import try_lock

COUNTER = """
import sys, time
from pathlib import Path
from nnscratch.files import locked, write_text
path = Path(sys.argv[1])
for _ in range(10):
    with locked(path):
        count = int(path.read_text())
        time.sleep(0.001)
        write_text(path, str(count + 1))
"""
HOLDER = """
import sys, time
from nnscratch.files import locked
from nnscratch.files.locking import try_lock
with locked(sys.argv[1]):
    print("locked", flush=True)
    time.sleep(60)
"""


def test_no_count_is_lost_among_processes_or_threads(tmp_path):
    path = tmp_path / "count"
    path.write_text("0")
    command = [sys.executable, "-c", COUNTER, path]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]

    def count():
        for _ in range(10):
            with locked(path):
                value = int(path.read_text())
                time.sleep(0.001)
                path.write_text(str(value + 1))

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() == "60"
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_is_waited_for_and_freed_by_the_death_of_its_holder(tmp_path):
    path, link = tmp_path / "a.txt", tmp_path / "link"
    link.symlink_to(path)
    process = subprocess.Popen([sys.executable, "-c", HOLDER, link], stdout=subprocess.PIPE)
    process.stdout.readline()
    held = pytest.raises(ValueError, match="cannot write .*a.txt': another process has held")
    with held, locked(path, wait=0.1):
        pass
    process.kill()
    process.wait()
    process.stdout.close()
    with locked(path, wait=0.1):
        assert [p.name for p in tmp_path.iterdir() if p.suffix == ".lock"] == [".a.txt.lock"]
    assert list(tmp_path.iterdir()) == [link]


def test_a_lock_where_none_can_be_made(tmp_path):
    refused = pytest.raises(ValueError, match="cannot write .*none/a.txt': No such file")
    with refused, locked(tmp_path / "none" / "a.txt"):
        pass


def test_the_lock_of_a_removed_file_is_no_lock(tmp_path):
    """Its holder removed it before this process locked it: the next one makes another file."""
    with (tmp_path / "lock").open("ab") as file:
        (tmp_path / "lock").unlink()
        assert not try_lock(file)
        (tmp_path / "lock").touch()  # another's
        assert not try_lock(file)
