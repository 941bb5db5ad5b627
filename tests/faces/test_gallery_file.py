"""A gallery's file: it survives kills, forgets the forgotten, and is never trusted."""

import os
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from face_encodings import NETWORK, gallery_of, three_people

from nnscratch.faces.gallery import Gallery


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def people(rng):
    return three_people(rng)


@pytest.fixture
def gallery(people):
    return gallery_of(people)


def same_content(a, b):
    return a.names == b.names and all(
        np.array_equal(a.encodings(name), b.encodings(name)) for name in a.names
    )


def test_a_file_gives_back_the_gallery(gallery, people, tmp_path):
    path = tmp_path / "gallery.npz"
    gallery.save(path)
    loaded = Gallery.load(path, NETWORK, 8, metric="cosine")
    assert same_content(loaded, gallery)
    assert (loaded.network, loaded.embedding_size, loaded.metric) == (NETWORK, 8, "cosine")
    loaded.save(tmp_path / "again.npz")
    assert same_content(Gallery.load(tmp_path / "again.npz", None), gallery)
    loaded.enrol("Ann", people["Ann"])
    assert loaded.counts["Ann"] == 6
    gallery.merge(Gallery.load(path, NETWORK))
    assert gallery.counts["Ann"] == 3
    assert sorted(os.listdir(tmp_path)) == ["again.npz", "gallery.npz"]


def test_an_empty_gallery_is_a_file_as_well(tmp_path):
    Gallery(8, NETWORK).save(tmp_path / "empty.npz")
    loaded = Gallery.load(tmp_path / "empty.npz", NETWORK)
    assert (len(loaded), loaded.embedding_size) == (0, 8)


def traces(folder, name, rows):
    """How often a name or a vector is in the bytes of any file of the folder."""
    data = b"".join(path.read_bytes() for path in folder.iterdir())
    return data.count(name.encode()) + sum(data.count(row.tobytes()) for row in rows)


def test_nothing_of_a_forgotten_person_is_left(gallery, tmp_path):
    rows = gallery.encodings("李 雷")
    gallery.save(tmp_path / "g.npz")
    # what a save that was killed has left, of this file and of others
    (tmp_path / ".g.npz.4242.tmp").write_bytes((tmp_path / "g.npz").read_bytes())
    assert traces(tmp_path, "李 雷", rows) == 6
    (tmp_path / ".other.npz.4242.tmp").write_bytes(b"of another file")
    (tmp_path / ".g.npz.notes.tmp").write_bytes(b"not ours")
    loaded = Gallery.load(tmp_path / "g.npz", NETWORK)
    loaded.forget("李 雷")
    loaded.save(tmp_path / "g.npz")
    assert traces(tmp_path, "李 雷", rows) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(".g.npz.notes.tmp", ".other.npz.4242.tmp", "g.npz")
    ]
    assert Gallery.load(tmp_path / "g.npz", NETWORK).names == ("Ann", "Zoë")


def test_a_gallery_of_another_network_is_refused(gallery, tmp_path):
    gallery.save(tmp_path / "g.npz")
    with pytest.raises(ValueError, match="network 0123456789abcdef, not with fedc: .*enrol"):
        Gallery.load(tmp_path / "g.npz", "fedc")
    with pytest.raises(ValueError, match="holds encodings of 8 numbers, expected 128"):
        Gallery.load(tmp_path / "g.npz", NETWORK, 128)


def arrays_of(path):
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def nan(arrays):
    arrays["vectors"][0, 0] = np.nan


def long(arrays):
    arrays["vectors"] *= 2


def newer(arrays):
    arrays["version"] = np.int64(2)


def versions(arrays):
    arrays["version"] = np.array([1, 1])


def without_names(arrays):
    del arrays["names"]


def objects(arrays):
    arrays["vectors"] = arrays["vectors"].astype(object)


def fewer_owners(arrays):
    arrays["owners"] = arrays["owners"][1:]


def nobodys(arrays):
    arrays["owners"][0] = 3


def twins(arrays):
    arrays["names"] = np.frombuffer(b"Ann\nAnn\nBob", np.uint8)


def latin(arrays):
    arrays["names"] = np.frombuffer("Ann\nZoë\nBob".encode("latin-1"), np.uint8)


def flat(arrays):
    arrays["vectors"] = arrays["vectors"].ravel()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (nan, "finite encodings"),
        (long, "length 1, got lengths from 2 to 2"),
        (newer, "gallery of version 2, expected 1; use a newer nnscratch"),
        (versions, "is no gallery, or broken: expected the arrays"),
        (without_names, "is no gallery, or broken: expected the arrays"),
        (objects, "is broken or cut short .*Python objects"),
        (fewer_owners, r"is broken: \(6, 8\) encodings do not fit \(5,\) owners"),
        (nobodys, "names do not fit its encodings"),
        (twins, "names do not fit its encodings"),
        (latin, "a text in it is not UTF-8"),
        (flat, "is broken"),
    ],
)
def test_wrong_files_are_refused(gallery, tmp_path, change, message):
    path = tmp_path / "g.npz"
    gallery.save(path)
    arrays = arrays_of(path)
    change(arrays)
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=f"load: '.*{message}"):
        Gallery.load(path, NETWORK)


def test_files_of_another_kind_are_refused(tmp_path):
    path = tmp_path / "g.npz"
    with pytest.raises(ValueError, match="load: no file at"):
        Gallery.load(path, NETWORK)
    for write in (
        lambda: path.write_bytes(b""),
        lambda: path.write_text("no zip"),
        lambda: np.save(tmp_path / "rows.npy", np.eye(3)) or (tmp_path / "rows.npy").rename(path),
        lambda: np.savez(path, a=np.eye(3)),
        lambda: zipfile.ZipFile(path, "w").close(),
    ):
        write()
        with pytest.raises(ValueError, match="is no gallery, or broken|got another kind"):
            Gallery.load(path, NETWORK)


def test_cut_and_flipped_files_are_refused_or_right(gallery, tmp_path, rng):
    """Never another error, never another gallery."""
    path = tmp_path / "g.npz"
    gallery.save(path)
    whole, refused = path.read_bytes(), 0
    for trial in range(200):
        data = bytearray(whole)
        if trial % 2:
            del data[int(rng.integers(len(data))) :]
        else:
            data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            assert same_content(Gallery.load(path, NETWORK), gallery)
        except ValueError as error:
            refused += 1
            assert "load: " in str(error)
    assert refused > 150


SAVING = """
import sys, time
import numpy as np
from numpy.lib import format as npy
from nnscratch.faces.gallery import Gallery
rows = np.eye(256, dtype=np.float32)
galleries = [Gallery(256, "n") for _ in range(2)]
for gallery, count in zip(galleries, (200, 256)):
    for i in range(count):
        gallery.enrol(f"p{i}", rows[i:i + 1].repeat(10, 0))
galleries[0].save(sys.argv[1])
write = npy.write_array

def write_half(stream, array, **options):
    if array.ndim < 2:
        return write(stream, array, **options)
    stream.write(array.tobytes()[: array.nbytes // 2])
    print("in the middle", flush=True)
    time.sleep(60)

if sys.argv[2] == "0":
    npy.write_array = write_half
else:
    print("ready", flush=True)
while True:
    for gallery in galleries:
        gallery.save(sys.argv[1])
"""


@pytest.fixture
def saving(tmp_path):
    """Five processes that save for ever, each in a folder, the first stopped in the middle."""
    paths = [tmp_path / str(i) / "g.npz" for i in range(5)]
    for path in paths:
        path.parent.mkdir()
    processes = [
        subprocess.Popen([sys.executable, "-c", SAVING, path, str(i)], stdout=subprocess.PIPE)
        for i, path in enumerate(paths)
    ]
    yield paths, processes
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_kill_while_saving_leaves_a_whole_file(saving, tmp_path, rng):
    paths, processes = saving
    for path, process in zip(paths, processes, strict=True):
        process.stdout.readline()
        time.sleep(0.03 * rng.random())
        assert process.poll() is None
        process.kill()
        process.wait()
        assert len(Gallery.load(path, "n")) in (200, 256)
    (half,) = paths[0].parent.glob(".g.npz.*.tmp")
    with pytest.raises(ValueError, match="is broken or cut short"):
        Gallery.load(half, "n")
    for path in paths:
        Gallery(256, "n").save(path)
    assert sorted(tmp_path.glob("*/*")) == paths  # what the killed have left is gone


def test_a_failed_save_keeps_the_old_file(gallery, tmp_path, monkeypatch):
    path = tmp_path / "g.npz"
    gallery.save(path)
    gallery.forget("Ann")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.lib.format.write_array", full)
    with pytest.raises(ValueError, match="cannot write .*No space left"):
        gallery.save(path)
    assert len(Gallery.load(path, NETWORK)) == 3 and os.listdir(tmp_path) == ["g.npz"]
    with pytest.raises(ValueError, match="there is no folder"):
        gallery.save(tmp_path / "absent" / "g.npz")


# -- several at once ------------------------------------------------------------------------------

ENROLLING = """
import sys
import numpy as np
from nnscratch.faces.gallery import Gallery
path, names = sys.argv[1], sys.argv[2:]
print("ready", flush=True)
sys.stdin.readline()
for name in names:
    gallery = Gallery.open(path, "n", 8)
    if name.startswith("-"):
        gallery.forget(name[1:])
    else:
        gallery.enrol(name, np.eye(8)[[len(name) % 8]])
    gallery.save(path)
"""


def together(path, *histories):
    """Run each history, names to enrol and -names to forget, in a process of its own."""
    command = [sys.executable, "-c", ENROLLING, path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [subprocess.Popen([*command, *words], **pipes) for words in histories]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.close()  # all begin now
    codes = [process.wait() for process in processes]
    for process in processes:
        process.stdout.close()
    assert codes == [0] * len(histories)


def test_nobody_is_lost_or_comes_back_if_processes_save_at_once(tmp_path):
    path = tmp_path / "g.npz"
    together(path, *([f"a{i}", f"b{i}", f"c{i}"] for i in range(4)))
    everybody = {f"{letter}{i}" for letter in "abc" for i in range(4)}
    assert set(Gallery.load(path, "n").names) == everybody
    together(path, ["-a0", "-a1", "-a2"], ["d0", "d1", "d2"], ["-b0", "b0", "-b1"])
    left = (everybody - {"a0", "a1", "a2", "b1"}) | {"d0", "d1", "d2"}
    assert set(Gallery.load(path, "n").names) == left
    assert os.listdir(tmp_path) == ["g.npz"]


def test_changes_are_repeated_on_what_others_have_saved(tmp_path):
    path, rows = tmp_path / "g.npz", np.eye(8)
    first = Gallery(8, "n")
    first.enrol("Ann", rows[:2])
    first.enrol("Bob", rows[2:4])
    first.save(path)
    second = Gallery.load(path, "n")
    first.enrol("Ann", rows[4])
    first.enrol("Cid", rows[5])
    first.forget("Bob")
    first.save(path)
    second.remove("Ann", 0)
    second.rename("Bob", "Rob")
    second.enrol("Cid", rows[6])
    second.save(path)
    for gallery in (second, Gallery.load(path, "n")):
        assert gallery.counts == {"Ann": 2, "Cid": 2}  # Bob was forgotten, and stays so as Rob
        assert (gallery.encodings("Ann") == rows[[1, 4]]).all()
        assert (gallery.encodings("Cid") == rows[[5, 6]]).all()
    first.rename("Cid", "Dan")
    second.enrol("Dan", rows[7])
    second.save(path)
    first.save(path)
    assert first.counts == {"Ann": 2, "Dan": 3}
    assert first.identify(rows[7], 0.1)[0].name == "Dan"


def test_a_gallery_of_another_network_is_not_replaced_by_its_former_owner(tmp_path):
    path = tmp_path / "g.npz"
    gallery = Gallery.open(path, "n", 8)
    other = Gallery(8, "other")
    other.enrol("Eve", np.eye(8)[0])
    other.save(path)
    gallery.enrol("Ann", np.eye(8)[1])
    with pytest.raises(ValueError, match="made with the network other"):
        gallery.save(path)
    assert Gallery.load(path, "other").names == ("Eve",)
