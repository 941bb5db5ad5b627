"""Animations: frames, times and colours, as Pillow reads them back."""

import errno

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from nnscratch.style.reports.animation import Animation, check_animation


def stage(level, size=(12, 16)):
    """A picture of one grey, but for a red corner."""
    image = np.full((3, *size), level)
    image[:, :3, :3] = np.array([1, 0, 0])[:, None, None]
    return image


def film_of(count, **options):
    film = Animation(**options)
    for i in range(count):
        film.add(stage(i / max(count - 1, 1)))
    return film


def frames_of(path):
    """[(RGB bytes (H, W, 3), milliseconds)] as Pillow reads them."""
    with Image.open(path) as file:
        sequence = ImageSequence.Iterator(file)
        return [(np.asarray(f.convert("RGB")), f.info["duration"]) for f in sequence]


def levels(film):
    return [np.asarray(frame)[-1, -1, 0] / 255 for frame in film.frames]


# -- frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.gif", "a.apng", "a.png", "a.GIF"])
def test_frames_and_times_come_back(tmp_path, name):
    film = film_of(4)
    film.save(tmp_path / name, final=stage(0.5), seconds=0.12, last_seconds=1.5)
    frames = frames_of(tmp_path / name)
    assert [time for _, time in frames] == [120] * 4 + [1500]
    for (frame, _), level in zip(frames, (0, 1 / 3, 2 / 3, 1, 0.5), strict=True):
        np.testing.assert_allclose(frame[-1, -1] / 255, level, atol=0.03)
        np.testing.assert_allclose(frame[0, 0] / 255, (1, 0, 0), atol=0.03)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_apng_is_exact(tmp_path):
    image = np.random.default_rng(0).random((3, 12, 16))
    film = film_of(2)
    film.save(tmp_path / "a.apng", final=image)
    np.testing.assert_array_equal(
        frames_of(tmp_path / "a.apng")[-1][0], np.rint(image.transpose(1, 2, 0) * 255)
    )


@pytest.mark.parametrize(("name", "looped", "once"), [("a.gif", 0, None), ("a.apng", 0, 1)])
def test_loop(tmp_path, name, looped, once):
    for loop, expected in ((True, looped), (False, once)):
        film_of(3).save(tmp_path / name, loop=loop)
        with Image.open(tmp_path / name) as file:
            assert file.info.get("loop") == expected


def test_gif_has_one_palette(tmp_path):
    film = Animation()
    for i in range(12):
        film.add(np.random.default_rng(i).random((3, 20, 20)) ** (1 + i))
    film.save(tmp_path / "a.gif")
    content = (tmp_path / "a.gif").read_bytes()
    assert content[10] & 0x80  # a global one
    shown = np.concatenate([frame.reshape(-1, 3) for frame, _ in frames_of(tmp_path / "a.gif")])
    assert 100 < len(np.unique(shown, axis=0)) <= 256


def test_large_stages_are_kept_small_and_small_ones_enlarged_at_the_end(tmp_path):
    film = Animation(side=32)
    film.add(stage(0.2, (6, 8)))
    film.add(stage(0.4, (120, 160)))
    assert [frame.size for frame in film.frames] == [(8, 6), (32, 24)]
    film.save(tmp_path / "a.apng")
    assert [frame.shape for frame, _ in frames_of(tmp_path / "a.apng")] == [(24, 32, 3)] * 2


def test_film_holds_nothing_of_what_it_is_shown():
    film, image = Animation(), stage(0.2)
    film.add(image)
    image[:] = 1
    np.testing.assert_allclose(levels(film), [0.2], atol=1 / 255)


@given(st.integers(0, 70), st.integers(2, 9))
@settings(max_examples=40, deadline=None)
def test_frames_are_few_and_evenly_spread(count, most):
    film = Animation(most=most)
    for i in range(count):
        film.add(np.full((3, 1, 1), i / 255))
    seen = [round(255 * level) for level in levels(film)]
    assert len(seen) <= most and len(seen) >= min(count, most / 2)
    step = seen[1] - seen[0] if len(seen) > 1 else 1
    assert seen == list(range(0, count, step))[: len(seen)]
    assert count - (seen[-1] if seen else 0) <= step or len(seen) == 1
    assert count == 0 or seen[0] == 0


@pytest.mark.parametrize("name", ["a.gif", "a.apng"])
def test_one_frame_and_one_pixel(tmp_path, name):
    film_of(0).save(tmp_path / name, final=stage(0.4))
    with Image.open(tmp_path / name) as file:
        assert getattr(file, "n_frames", 1) == 1 and file.size == (16, 12)
    film = Animation()
    for level in (0.1, 0.9):
        film.add(np.full((3, 1, 1), level))
    film.save(tmp_path / name)
    assert [frame.shape for frame, _ in frames_of(tmp_path / name)] == [(1, 1, 3)] * 2


# -- refusals -------------------------------------------------------------------------------------


def test_film_refuses(tmp_path):
    with pytest.raises(
        ValueError, match=r"^Animation: expected a side of at least 1 .* got 0 and 9"
    ):
        Animation(0, 9)
    with pytest.raises(ValueError, match=r"^Animation: expected .*2 frames or more, got 9 and 1"):
        Animation(9, 1)
    with pytest.raises(ValueError, match=r"^Animation: expected a picture .*got shape \(12, 16\)"):
        Animation().add(stage(0)[0])
    with pytest.raises(ValueError, match=r"^Animation: expected at least one stage, got none"):
        Animation().save(tmp_path / "a.gif")
    with pytest.raises(
        ValueError, match=r"^Animation: expected 0.02 to 600 seconds a frame, got 0.01"
    ):
        film_of(2).save(tmp_path / "a.gif", seconds=0.01)
    with pytest.raises(
        ValueError, match=r"^Animation: .* ending in .gif, .apng, .png, got 'a.mp4'"
    ):
        check_animation("a.mp4")
    with pytest.raises(ValueError, match=r"^cannot write .*there is no folder"):
        check_animation(tmp_path / "none" / "a.gif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.gif", "a.apng"])
def test_a_full_disk_leaves_the_earlier_file(tmp_path, monkeypatch, name):
    film_of(3).save(tmp_path / name)
    before = (tmp_path / name).read_bytes()

    def save(picture, path, **options):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(ValueError, match=f"^cannot write '.*{name}': No space left on device"):
        film_of(4).save(tmp_path / name)
    assert (tmp_path / name).read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [name]
