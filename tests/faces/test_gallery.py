"""A gallery: answers against loops, files that survive, people who are forgotten."""

import os
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from nnscratch import nn
from nnscratch.faces import gallery as module
from nnscratch.faces.gallery import Answer, Candidate, Gallery, fingerprint
from nnscratch.faces.metrics import Calibration

NETWORK = "0123456789abcdef"


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def unit(rng, *shape):
    x = rng.standard_normal(shape).astype(np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.fixture
def people(rng):
    return {"Ann": unit(rng, 3, 8), "Zoë": unit(rng, 1, 8), "李 雷": unit(rng, 2, 8)}


@pytest.fixture
def gallery(people):
    made = Gallery(8, NETWORK)
    for name, rows in people.items():
        made.enrol(name, rows)
    return made


def same_content(a, b):
    return a.names == b.names and all(
        np.array_equal(a.encodings(name), b.encodings(name)) for name in a.names
    )


# -- who is in it


def test_enrolling_keeps_names_and_encodings(gallery, people):
    assert gallery.names == ("Ann", "Zoë", "李 雷")
    assert len(gallery) == 3 and gallery.counts == {"Ann": 3, "Zoë": 1, "李 雷": 2}
    for name, rows in people.items():
        np.testing.assert_allclose(gallery.encodings(name), rows, atol=1e-7)
    assert "3 people, 6 encodings of 8 numbers, network 0123456789abcdef" in repr(gallery)


def test_a_known_person_gets_more_encodings(gallery, people, rng):
    more = unit(rng, 8)
    gallery.enrol("Ann", more)
    assert gallery.counts["Ann"] == 4 and len(gallery) == 3
    np.testing.assert_allclose(gallery.encodings("Ann")[3], more, atol=1e-7)
    assert gallery.identify(more, 0.01)[0].name == "Ann"


def test_one_spelling_of_a_name(gallery, rng):
    """Zoë with ë as one character and with e and a mark are one person."""
    gallery.enrol("Zoe\u0308", unit(rng, 8))
    assert gallery.counts["Zoë"] == 2 and "Zoe\u0308" in gallery
    gallery.remove("Zoe\u0308", 0)
    gallery.rename("Zoe\u0308", "Eve")
    assert "Zoë" not in gallery and gallery.counts["Eve"] == 1


def test_removing_one_picture_then_the_person(gallery, people):
    gallery.remove("Ann", 1)
    np.testing.assert_allclose(gallery.encodings("Ann"), people["Ann"][[0, 2]], atol=1e-7)
    gallery.remove("Zoë", 0)  # the only one
    assert gallery.names == ("Ann", "李 雷")
    assert gallery.identify(people["李 雷"], 0.01)[1].name == "李 雷"
    gallery.remove("Ann")
    assert gallery.names == ("李 雷",) and gallery.counts == {"李 雷": 2}
    with pytest.raises(ValueError, match="remove: '李 雷' has encodings 0 to 1, got 2"):
        gallery.remove("李 雷", 2)
    with pytest.raises(ValueError, match="remove: no 'Ann' in the gallery; it holds 李 雷$"):
        gallery.remove("Ann")


def test_renaming(gallery, people):
    gallery.rename("Ann", "Bea")
    assert gallery.names == ("Bea", "Zoë", "李 雷")
    assert gallery.identify(people["Ann"][0], 0.01)[0].name == "Bea"
    with pytest.raises(ValueError, match="rename: 'Zoë' is in the gallery already"):
        gallery.rename("Bea", "Zoë")
    with pytest.raises(ValueError, match="rename: no 'Ann'"):
        gallery.rename("Ann", "Cid")


def test_merging(gallery, people, rng):
    other = Gallery(8, NETWORK)
    extra, new = unit(rng, 1, 8), unit(rng, 2, 8)
    other.enrol("Bob", new)
    other.enrol("Ann", np.concatenate([extra, people["Ann"][:1]]))
    gallery.merge(other)
    assert gallery.counts == {"Ann": 4, "Zoë": 1, "李 雷": 2, "Bob": 2}
    np.testing.assert_allclose(gallery.encodings("Ann")[3:], extra, atol=1e-7)
    np.testing.assert_allclose(gallery.encodings("Bob"), new, atol=1e-7)
    gallery.merge(gallery)
    gallery.merge(Gallery(8, NETWORK))
    assert gallery.counts["Ann"] == 4
    for wrong in (Gallery(8, "another"), Gallery(9, NETWORK)):
        with pytest.raises(ValueError, match="merge: expected a gallery of network 0123"):
            gallery.merge(wrong)


def test_a_random_history_equals_a_dictionary(rng, tmp_path):
    made, truth = Gallery(4, NETWORK), {}
    for step in range(300):
        name = f"p{rng.integers(6)}"
        action = rng.integers(5)
        if action < 2 or name not in truth:
            rows = unit(rng, int(rng.integers(1, 4)), 4)
            made.enrol(name, rows)
            truth.setdefault(name, []).extend(rows)
        elif action == 2:
            index = int(rng.integers(len(truth[name])))
            made.remove(name, index)
            del truth[name][index]
        elif action == 3:
            made.forget(name)
            del truth[name]
        else:
            made.rename(name, f"q{step}")
            truth = {f"q{step}" if n == name else n: rows for n, rows in truth.items()}
        truth = {n: rows for n, rows in truth.items() if rows}
        assert made.names == tuple(truth)
        query = unit(rng, 4)
        if truth:
            best = min(truth, key=lambda n: min(((query - r) ** 2).sum() for r in truth[n]))
            assert made.identify(query, 4)[0].name == best
    for name, rows in truth.items():
        np.testing.assert_allclose(made.encodings(name), rows, atol=1e-7)


# -- asking


def answer_by_loops(people, query, metric, score):
    """People with distances, nearest first."""
    found = []
    for name, rows in people.items():
        rows = rows.astype(float)
        if score == "mean":
            mean = rows.mean(0)
            rows = mean[None] / np.sqrt(mean @ mean)
        squared = min(sum((row - query.astype(float)) ** 2) for row in rows)
        distance = {"squared": squared, "euclidean": squared**0.5, "cosine": squared / 2}[metric]
        found.append((name, distance))
    return sorted(found, key=lambda item: item[1])


@pytest.mark.parametrize("score", module.SCORES)
@pytest.mark.parametrize("metric", ["squared", "euclidean", "cosine"])
def test_answers_equal_loops(rng, metric, score):
    made = Gallery(8, NETWORK, metric)
    people = {f"p{i}": unit(rng, int(rng.integers(1, 30)), 8) for i in range(12)}
    for name, rows in people.items():
        made.enrol(name, rows[:1])
    for name, rows in people.items():
        if len(rows) > 1:
            made.enrol(name, rows[1:])
    queries = unit(rng, 30, 8)
    for query, answer in zip(queries, made.identify(queries, 0.3, 5, score), strict=True):
        expected = answer_by_loops(people, query, metric, score)[:5]
        assert [c.name for c in answer.candidates] == [name for name, _ in expected]
        distances = [d for _, d in expected]
        np.testing.assert_allclose([c.distance for c in answer.candidates], distances, rtol=1e-5)
        assert answer.nearest == expected[0][0] and answer.second == expected[1][0]
        assert answer.margin == pytest.approx(distances[1] - distances[0], abs=1e-6)
        assert answer.name == (expected[0][0] if distances[0] <= 0.3 else None)
        verdict = made.verify("p3", query, 0.3, score)
        expected = dict(answer_by_loops(people, query, metric, score))["p3"]
        assert verdict.distance == pytest.approx(expected, rel=1e-5)
        assert verdict.same == (expected <= 0.3)


def test_one_person_with_many_pictures_does_not_hide_the_second(rng):
    made, query = Gallery(8, NETWORK), unit(rng, 8)
    near = query + 0.01 * rng.standard_normal((500, 8)).astype(np.float32)
    made.enrol("Ann", near / np.linalg.norm(near, axis=1, keepdims=True))
    made.enrol("Bob", -query)
    answer = made.identify(query, 0.5)[0]
    assert (answer.name, answer.second) == ("Ann", "Bob")
    assert answer.margin == pytest.approx(4, abs=0.01)


def test_many_queries_go_in_pieces(gallery, rng, monkeypatch):
    queries = unit(rng, 50, 8)
    whole = gallery.identify(queries, 0.5)
    monkeypatch.setattr(module, "CHUNK", 40)
    assert gallery.identify(queries, 0.5) == whole


def test_near_duplicates_keep_their_distance(gallery, people, rng):
    row = gallery.encodings("Ann")[0]
    near = row.astype(float) + 1e-4 * rng.standard_normal(8)
    near = (near / np.linalg.norm(near)).astype(np.float32)
    exact = ((near.astype(float) - row) ** 2).sum()
    assert gallery.identify(near, 0.5)[0].distance == pytest.approx(exact, rel=1e-2)
    assert gallery.identify(row, 0)[0].name == "Ann"  # itself: exactly 0


def test_answers_read_like_sentences():
    ann, bob = Candidate("Ann", 0.21), Candidate("Bob", 0.81)
    assert str(Answer(0.9, (ann, bob))) == "Ann (distance 0.21, margin 0.60)"
    assert str(Answer(0.9, (ann,))) == "Ann (distance 0.21)"
    stranger = Answer(0.9, (Candidate("Ann", 1.21), Candidate("Bob", 1.3)))
    assert str(stranger) == "not recognised (nearest: Ann at 1.21, limit 0.90)"
    assert stranger.name is None and stranger.nearest == "Ann"
    assert str(module.Verdict("Ann", 0.21, 0.9)) == "is Ann (distance 0.21, limit 0.90)"
    assert str(module.Verdict("Ann", 1.21, 0.9)) == "is not Ann (distance 1.21, limit 0.90)"


def test_a_calibration_gives_a_stricter_limit_to_a_larger_gallery(gallery, people):
    calibration = Calibration(0.01, 0.9, 0.2, -5, 4, 10_000)
    query = people["Ann"][0]
    assert gallery.identify(query, calibration)[0].limit == calibration.threshold_for_gallery(6)
    by_mean = gallery.identify(query, calibration, score="mean")[0]
    assert by_mean.limit == calibration.threshold_for_gallery(3)
    assert gallery.verify("Zoë", query, calibration).limit == calibration.threshold
    assert gallery.verify("Ann", query, calibration).limit < calibration.threshold


def test_a_mean_follows_what_is_enrolled(gallery, people, rng):
    query = unit(rng, 8)
    before = gallery.identify(query, 4, 3, "mean")[0]
    gallery.enrol("Ann", query)
    people["Ann"] = np.concatenate([people["Ann"], query[None]])
    after = dict(gallery.identify(query, 4, 3, "mean")[0].candidates)
    assert after != dict(before.candidates)
    for name, distance in answer_by_loops(people, query, "squared", "mean"):
        assert after[name] == pytest.approx(distance, rel=1e-5)


def test_pictures_that_cancel_have_no_mean(rng):
    made, row = Gallery(8, NETWORK), unit(rng, 8)
    made.enrol("Ann", np.stack([row, -row]))
    with pytest.raises(ValueError, match="the encodings of 'Ann' cancel each other"):
        made.identify(row, 1, score="mean")
    assert made.identify(row, 1)[0].name == "Ann"


# -- wrong input


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            np.ones((2, 7), np.float32),
            r"expected encodings \(K, 8\) of floats, got float32 \(2, 7\)",
        ),
        (np.ones((1, 2, 8), np.float32), r"expected encodings \(K, 8\)"),
        (np.eye(8, dtype=int), "of floats, got int64"),
        (np.empty((0, 8), np.float32), "expected at least one encoding"),
        (np.full((1, 8), np.nan, np.float32), "finite encodings, got NaN or infinity"),
        (np.ones((1, 8), np.float32), "length 1, got lengths from 2.83 to 2.83; divide each row"),
        (np.zeros((1, 8), np.float32), "length 1, got lengths from 0 to 0"),
    ],
)
def test_wrong_encodings_are_refused_whole(gallery, rows, message):
    calls = {
        "enrol": lambda: gallery.enrol("Ann", rows),
        "identify": lambda: gallery.identify(rows, 0.5),
        "verify": lambda: gallery.verify("Ann", rows, 0.5),
    }
    for caller, call in calls.items():
        with pytest.raises(ValueError, match=f"{caller}: .*{message}"):
            call()
    assert gallery.counts["Ann"] == 3


@pytest.mark.parametrize("name", ["", "  ", "Ann\nBob", "Ann\x00", "\ud800", "a\u2028b"])
def test_wrong_names_are_refused(gallery, rng, name):
    with pytest.raises(ValueError, match="enrol: expected a name of printable characters"):
        gallery.enrol(name, unit(rng, 8))
    with pytest.raises(TypeError, match="enrol: expected a name as text, got int"):
        gallery.enrol(7, unit(rng, 8))
    assert len(gallery) == 3


def test_wrong_questions_are_refused(gallery, people):
    query = people["Ann"][0]
    with pytest.raises(ValueError, match="the gallery is empty; enrol somebody first"):
        Gallery(8, NETWORK).identify(query, 0.5)
    with pytest.raises(ValueError, match=r"expected score in \('nearest', 'mean'\), got 'worst'"):
        gallery.identify(query, 0.5, score="worst")
    with pytest.raises(ValueError, match="expected k of at least 1, got 0"):
        gallery.identify(query, 0.5, k=0)
    with pytest.raises(ValueError, match="expected a threshold, got nan"):
        gallery.identify(query, float("nan"))
    with pytest.raises(ValueError, match="expected one encoding, got 3"):
        gallery.verify("Ann", people["Ann"], 0.5)
    with pytest.raises(
        ValueError, match="verify: no 'Bob' in the gallery; it holds Ann, Zoë, 李 雷"
    ):
        gallery.verify("Bob", query, 0.5)
    with pytest.raises(ValueError, match=r"expected index in \('exact', 'faiss'\), got 'tree'"):
        Gallery(8, NETWORK, index="tree")
    with pytest.raises(ValueError, match="expected metric in"):
        Gallery(8, NETWORK, metric="manhattan")
    with pytest.raises(ValueError, match="embedding_size of at least 1"):
        Gallery(0, NETWORK)


# -- the network's name


def test_a_fingerprint_names_all_that_matters(rng):
    state = {"a": rng.standard_normal((2, 3)), "b": np.arange(4, dtype=np.float32)}
    print_ = fingerprint(state)
    assert len(print_) == 16 and int(print_, 16) >= 0
    assert fingerprint(dict(reversed(state.items()))) == print_
    assert fingerprint({k: np.asfortranarray(v) for k, v in state.items()}) == print_
    assert fingerprint({k: v.astype(v.dtype.newbyteorder(">")) for k, v in state.items()}) == print_
    changed = state["a"].copy()
    changed[1, 2] = np.nextafter(changed[1, 2], 9)
    others = [
        state | {"a": changed},
        state | {"a": state["a"].reshape(3, 2)},
        state | {"b": state["b"].astype(np.float64)},
        {"A": state["a"], "b": state["b"]},
        {"a": state["a"]},
        {"a": state["b"], "b": state["a"]},
    ]
    assert len({print_, *map(fingerprint, others)}) == 7


def test_a_fingerprint_of_a_module():
    layer = nn.Linear(3, 2)
    assert fingerprint(layer.state_dict()) == fingerprint(layer.state_dict())
    assert fingerprint(layer.state_dict()) != fingerprint(nn.Linear(3, 2).state_dict())
    arrays = {name: value.numpy() for name, value in layer.state_dict().items()}
    assert fingerprint(arrays) == fingerprint(layer.state_dict())


# -- files


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
    """Five processes that save for ever, each its own file, the first stopped in the middle."""
    paths = [tmp_path / f"g{i}.npz" for i in range(5)]
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
    (half,) = tmp_path.glob(".g0.npz.*.tmp")
    with pytest.raises(ValueError, match="is broken or cut short"):
        Gallery.load(half, "n")
    for path in paths:
        Gallery(256, "n").save(path)
    assert sorted(tmp_path.iterdir()) == paths  # what the killed have left is gone


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


# -- large galleries


def test_enrolling_one_by_one_rarely_copies(rng):
    """The matrix doubles its room: 3,000 people move it a dozen times, not 3,000."""
    made, row, moves, room = Gallery(8, NETWORK), unit(rng, 8), 0, None
    for i in range(3000):
        made.enrol(f"p{i}", row)
        moves += made._vectors.room is not room
        room = made._vectors.room
    assert moves <= 14 and made._vectors.filled.flags.c_contiguous
    assert made._vectors.filled.dtype == np.float32


def test_a_query_of_100_000_is_one_product(rng):
    """Under 20 ms on two cores is the aim (8 ms measured); tested in time of the processor."""
    made, rows = Gallery(128, NETWORK), rng.random((100_000, 128), np.float32) - 0.5
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    for i in range(100):
        made.enrol(f"p{i}", rows[1000 * i : 1000 * i + 1000])
    made.identify(rows[0], 0.5)
    times = []
    for i in (5, 50_005, 99_999):
        start = time.process_time()
        answer = made.identify(rows[i], 0.5)[0]
        times.append(time.process_time() - start)
        assert answer.name == f"p{i // 1000}" and answer.distance < 1e-12
    assert min(times) < 0.2


class Careless:
    """Stands in for faiss: an index that keeps its own copy and fills no more than 20 places."""

    def __init__(self, embedding_size):
        self.rows, self.added = np.empty((0, embedding_size), np.float32), []

    def search(self, rows, queries, count):
        if len(rows) > len(self.rows):
            self.added.append(len(rows) - len(self.rows))
            self.rows = np.concatenate([self.rows, rows[len(self.rows) :]])
        order = np.argsort(-(queries @ self.rows.T), axis=1)[:, :count]
        order[:, 20:] = -1
        return order


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setitem(module.INDEXES, "faiss", Careless)
    monkeypatch.setattr(module, "_import_faiss", lambda: None)


def check_index(made, exact, rng):
    """The same answers as the exact gallery, through enrolling, removing and both scores."""
    for i in range(40):
        rows = unit(rng, 3, 8)
        for g in (made, exact):
            g.enrol(f"p{i}", rows)
    for change in (
        lambda g: None,
        lambda g: g.enrol("new", -g.encodings("p3")),
        lambda g: g.remove("p5"),
        lambda g: g.remove("p6", 1),
        lambda g: g.rename("p7", "Ann"),
    ):
        change(made), change(exact)
        queries = unit(rng, 10, 8)
        for score in module.SCORES:
            found, expected = (g.identify(queries, 0.5, score=score) for g in (made, exact))
            assert [a.candidates for a in found] == [a.candidates for a in expected]


def test_an_index_with_a_copy_stays_in_step(stand_in, rng):
    made = Gallery(8, NETWORK, index="faiss")
    check_index(made, Gallery(8, NETWORK), rng)


def test_appended_rows_are_added_not_indexed_anew(stand_in, rng):
    made = Gallery(8, NETWORK, index="faiss")
    made.enrol("Ann", unit(rng, 40, 8))
    made.enrol("Bob", unit(rng, 40, 8))
    made.identify(unit(rng, 8), 1)
    index = made._searchers["nearest"]
    made.enrol("Cid", unit(rng, 5, 8))
    made.identify(unit(rng, 8), 1)
    assert made._searchers["nearest"] is index and index.added == [80, 5]
    made.remove("Bob")
    made.identify(unit(rng, 8), 1)
    assert made._searchers["nearest"].added == [45]


def test_a_missing_faiss_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ValueError, match="faiss, which is not installed; .*pip install faiss-cpu"):
        Gallery(8, NETWORK, index="faiss")
    assert len(Gallery(8, NETWORK)) == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the classes that faiss wraps
def test_faiss_finds_what_the_exact_search_finds(rng):
    pytest.importorskip("faiss", reason="install faiss-cpu to test galleries of millions")
    check_index(Gallery(8, NETWORK, index="faiss"), Gallery(8, NETWORK), rng)
