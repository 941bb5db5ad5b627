"""Checkpoints: killed at any moment and resumed, a run gives the very same bytes."""

import functools
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from nnscratch.style import Objective, Settings, Style, checkpoint, stylize, vgg
from nnscratch.style.checkpoint import Checkpoint, State, inputs_digest

CONTENT, STYLE = np.random.default_rng(0).random((2, 3, 16, 18)).astype(np.float32)
NETWORK = vgg.VGG((4, "M", 6), pooling="avg", padding="edge", rng=0).freeze()
OBJECTIVE = Objective(content_layers=("relu1_1",), style_layers=("relu1_1", "relu2_1"))
SETTINGS = {
    "gd": Settings("gd", iterations=8, scales=2),
    "adam": Settings("adam", iterations=8, scales=2),
    "lbfgs": Settings("lbfgs", iterations=(26, 27), scales=2),
}
# where a run is stopped, and where it then begins: L-BFGS is saved at the end of rounds of 25 steps
STOPS = [(name, last, last + 1) for name in ("gd", "adam") for last in (1, 7, 8, 12)]
STOPS += [("lbfgs", *stop) for stop in ((1, 1), (25, 1), (26, 26), (40, 27))]


def run(optimizer, file=None, on_step=None, **others):
    given = {"network": NETWORK, "content": CONTENT, "styles": STYLE, "objective": OBJECTIVE}
    given["settings"] = SETTINGS[optimizer]
    saved = None if file is None else Checkpoint(file, seconds=0)
    return stylize(**{**given, **others}, on_step=on_step, checkpoint=saved)


uninterrupted = functools.lru_cache(run)


def main(folder):
    """What the process does that is killed: all three, each step told on a line."""
    for optimizer in SETTINGS:
        result = run(optimizer, f"{folder}/{optimizer}.npz", lambda step: print(flush=True))
        np.save(f"{folder}/{optimizer}.npy", result.image)


if __name__ == "__main__":
    main(sys.argv[1])


def killed_after(steps, delay, folder):
    """Runs `main` until it has told of so many steps, and a moment more; whether it had ended."""
    words = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        told = sum(1 for _ in zip(process.stdout, range(steps), strict=False))
        if told == steps:
            try:
                process.wait(delay)
            except subprocess.TimeoutExpired:
                process.kill()
    return process.returncode == 0


def test_killed_at_random_moments_the_result_is_the_same_to_the_byte(tmp_path):
    rng = np.random.default_rng()
    kills = 0
    for most in (20, 30, 30):
        kills += not killed_after(rng.integers(1, most), rng.uniform(0, 0.01), tmp_path)
    assert killed_after(10**6, 0, tmp_path)
    assert kills >= 2
    for optimizer in SETTINGS:
        whole = uninterrupted(optimizer).image
        assert np.load(tmp_path / f"{optimizer}.npy").tobytes() == whole.tobytes()


@pytest.mark.parametrize(("optimizer", "last", "first"), STOPS)
def test_stopped_after_any_step_all_is_the_same(tmp_path, optimizer, last, first):
    file = tmp_path / "run.npz"

    class StopHere(Exception):
        pass

    def stop(step):
        if step.iteration == last:
            raise StopHere

    with pytest.raises(StopHere):
        run(optimizer, file, stop)
    steps = []
    resumed, whole = run(optimizer, file, steps.append), uninterrupted(optimizer)
    assert resumed.image.tobytes() == whole.image.tobytes()
    assert resumed.history == whole.history
    assert resumed.loss == whole.loss
    assert steps[0].iteration == first


def test_a_checkpoint_that_lacks_something_is_noticed(tmp_path):
    """The check can fail: without Adam's moments another picture comes out."""
    file, kept = tmp_path / "run.npz", tmp_path / "kept.npz"

    def keep(step):
        if step.iteration == 10:
            kept.write_bytes(file.read_bytes())

    whole = run("adam", file, keep)
    arrays = dict(np.load(kept))
    assert {"moment m", "moment v", "moment t"} < set(arrays)
    np.savez(kept, **{k: v for k, v in arrays.items() if not k.startswith("moment")})
    assert run("adam", kept).image.tobytes() != whole.image.tobytes()


def test_a_finished_run_gives_its_result_again(tmp_path):
    steps = []
    first = run("adam", tmp_path / "run.npz")
    again = run("adam", tmp_path / "run.npz", steps.append)
    assert steps == []
    np.testing.assert_array_equal(first.image, again.image)


OTHERS = {
    "network": {"network": vgg.VGG((4, "M", 6), pooling="max", padding="edge", rng=0).freeze()},
    "content": {"content": CONTENT[:, ::-1].copy()},
    "style": {"styles": Style(STYLE, mask=np.ones((16, 18), np.float32))},
    "start": {"start": STYLE},
    "settings": {"settings": replace(SETTINGS["adam"], lr=0.021)},
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, name):
    file = tmp_path / "run.npz"
    run("adam", file, settings=replace(SETTINGS["adam"], iterations=1))
    before = file.read_bytes()
    others = {"settings": replace(SETTINGS["adam"], iterations=1), **OTHERS[name]}
    with pytest.raises(ValueError, match=f"saved with another {name};"):
        run("adam", file, **others)
    assert file.read_bytes() == before


def test_weights_of_another_network_are_noticed(tmp_path):
    file = tmp_path / "run.npz"
    run("adam", file)
    other = vgg.VGG((4, "M", 6), pooling="avg", padding="edge", rng=1).freeze()
    with pytest.raises(ValueError, match="saved with another network;"):
        run("adam", file, network=other)


NONE = [b"", b"PK\x03\x04 no zip", b"text", b"\x93NUMPY", b"\x89PNG\r\n\x1a\n", b"\x80\x04."]


@pytest.mark.parametrize("content", NONE)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    file = tmp_path / "run.npz"
    file.write_bytes(content)
    told = r"^resume: .*(a checkpoint, got another kind|broken or cut short).*; name another file"
    with pytest.raises(ValueError, match=told):
        run("adam", file)
    assert file.read_bytes() == content


def test_broken_bytes_are_refused_or_do_not_matter(tmp_path):
    """One byte wrong at a time: headers, names, flags, the arrays themselves."""
    saved = Checkpoint(tmp_path / "run.npz", 0)
    picture = np.random.default_rng(0).random((1, 2, 3)).astype(np.float32)
    saved.save(State(picture[None], picture, picture, done=True), {"network": "a"})
    whole, refused = saved.path.read_bytes(), 0
    for place in range(0, len(whole), 5):
        broken = bytearray(whole)
        broken[place] ^= 255
        saved.path.write_bytes(broken)
        try:
            found = saved.load({"network": "a"})
        except ValueError:
            refused += 1
        else:
            np.testing.assert_array_equal(found.image[0], picture)
    assert refused > 0.5 * len(whole) / 5


def test_other_arrays_are_refused_and_nothing_is_unpickled(tmp_path):
    file = tmp_path / "run.npz"
    np.savez(file, a=np.zeros(3))
    with pytest.raises(ValueError, match="checkpoint of format 1"):
        run("adam", file)
    np.savez(file, format=np.array([{"a": 1}], object))
    with pytest.raises(ValueError, match="Python objects, which are not read.*; name another file"):
        run("adam", file)


def test_a_missing_folder_is_said_before_the_work(tmp_path):
    with pytest.raises(ValueError, match="there is no folder"):
        run("adam", tmp_path / "missing" / "run.npz")


def test_saved_at_most_every_so_many_seconds(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    saved, state = Checkpoint(tmp_path / "run.npz", 10), State(*np.zeros((3, 1, 3, 2, 2)))
    for second, exists in ((9.9, False), (10.0, True)):
        now[0] = second
        saved.save(state, {})
        assert saved.path.exists() == exists
    saved.path.unlink()
    now[0] = 15.0
    saved.save(state, {})
    assert not saved.path.exists()
    saved.save(replace(state, done=True), {})
    assert saved.path.exists()


def test_a_failed_write_leaves_the_earlier_checkpoint(tmp_path, monkeypatch):
    file = tmp_path / "run.npz"
    run("adam", file, settings=replace(SETTINGS["adam"], iterations=1))
    before = file.read_bytes()

    def full(stream, array, **options):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.lib.format.write_array", full)
    state = State(*np.zeros((3, 1, 3, 2, 2)), scale=2, done=True)
    with pytest.raises(ValueError, match="No space left"):
        Checkpoint(file, 0).save(state, {})
    assert file.read_bytes() == before
    assert [x.name for x in tmp_path.iterdir()] == ["run.npz"]


def test_two_processes_of_one_run_keep_the_later_state(tmp_path):
    arrays = np.zeros((3, 1, 3, 2, 2))
    first, second = (Checkpoint(tmp_path / "run.npz", seconds=0) for _ in range(2))
    first.save(State(*arrays, scale=1, step=3), {"content": "a"})
    for scale, step in ((0, 9), (1, 2)):
        second.save(State(*arrays, scale=scale, step=step), {"content": "a"})
        assert first.load({"content": "a"}).step == 3
    second.save(State(*arrays, scale=1, step=4), {"content": "a"})
    assert first.load({"content": "a"}).step == 4


def test_a_checkpoint_that_another_run_has_made_meanwhile_stays(tmp_path):
    arrays = np.zeros((3, 1, 3, 2, 2))
    first, second = (Checkpoint(tmp_path / "run.npz", seconds=0) for _ in range(2))
    first.save(State(*arrays, step=3), {"content": "a"})
    with pytest.raises(ValueError, match="was saved with another content; repeat"):
        second.save(State(*arrays, step=4), {"content": "b"})
    assert first.load({"content": "a"}).step == 3


def test_inputs_digests_tell_what_differs():
    a = np.arange(6, dtype=np.float32)
    different = [
        a,
        a.astype(np.float64),
        a.reshape(2, 3),
        a.reshape(3, 2),
        a[::-1],
        [a],
        {"a": a},
        {"b": a},
        [a, a],
        [[a], a],
        None,
        "None",
        1,
        1.0,
    ]
    digests = [inputs_digest(x) for x in different]
    assert len(set(digests)) == len(digests)
    assert inputs_digest(a[::-1][::-1]) == inputs_digest(a.copy())
    assert inputs_digest({"a": 1, "b": 2}) == inputs_digest({"b": 2, "a": 1})


def test_a_checkpoint_of_another_size_says_so(tmp_path):
    run("adam", tmp_path / "a.npz")
    with pytest.raises(
        ValueError, match="of a result of 12×18 pixels, but .* one of 16×18 pixels;"
    ):
        run("adam", tmp_path / "a.npz", content=CONTENT[:, :12])
