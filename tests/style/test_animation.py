"""Animations and loss curves: frames, times and colours, as other programs read them back."""

import errno

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from nnscratch.style.animation import Film, check_animation, loss_plot, scale_starts


def stage(level, size=(12, 16)):
    """A picture of one grey, but for a red corner."""
    image = np.full((3, *size), level)
    image[:, :3, :3] = np.array([1, 0, 0])[:, None, None]
    return image


def film_of(count, **options):
    film = Film(**options)
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
    film = Film()
    for i in range(12):
        film.add(np.random.default_rng(i).random((3, 20, 20)) ** (1 + i))
    film.save(tmp_path / "a.gif")
    content = (tmp_path / "a.gif").read_bytes()
    assert content[10] & 0x80  # a global one
    shown = np.concatenate([frame.reshape(-1, 3) for frame, _ in frames_of(tmp_path / "a.gif")])
    assert 100 < len(np.unique(shown, axis=0)) <= 256


def test_large_stages_are_kept_small_and_small_ones_enlarged_at_the_end(tmp_path):
    film = Film(side=32)
    film.add(stage(0.2, (6, 8)))
    film.add(stage(0.4, (120, 160)))
    assert [frame.size for frame in film.frames] == [(8, 6), (32, 24)]
    film.save(tmp_path / "a.apng")
    assert [frame.shape for frame, _ in frames_of(tmp_path / "a.apng")] == [(24, 32, 3)] * 2


def test_film_holds_nothing_of_what_it_is_shown():
    film, image = Film(), stage(0.2)
    film.add(image)
    image[:] = 1
    np.testing.assert_allclose(levels(film), [0.2], atol=1 / 255)


@given(st.integers(0, 70), st.integers(2, 9))
@settings(max_examples=40, deadline=None)
def test_frames_are_few_and_evenly_spread(count, most):
    film = Film(most=most)
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
    film = Film()
    for level in (0.1, 0.9):
        film.add(np.full((3, 1, 1), level))
    film.save(tmp_path / name)
    assert [frame.shape for frame, _ in frames_of(tmp_path / name)] == [(1, 1, 3)] * 2


# -- refusals -------------------------------------------------------------------------------------


def test_film_refuses(tmp_path):
    with pytest.raises(ValueError, match=r"^Film: expected a side of at least 1 .* got 0 and 9"):
        Film(0, 9)
    with pytest.raises(ValueError, match=r"^Film: expected .*2 frames or more, got 9 and 1"):
        Film(9, 1)
    with pytest.raises(ValueError, match=r"^Film: expected a picture .*got shape \(12, 16\)"):
        Film().add(stage(0)[0])
    with pytest.raises(ValueError, match=r"^Film: expected at least one stage to save, got none"):
        Film().save(tmp_path / "a.gif")
    with pytest.raises(ValueError, match=r"^Film: expected 0.02 to 600 seconds a frame, got 0.01"):
        film_of(2).save(tmp_path / "a.gif", seconds=0.01)
    with pytest.raises(ValueError, match=r"^Film: .* ending in .gif, .apng, .png, got 'a.mp4'"):
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


# -- losses ---------------------------------------------------------------------------------------


def costs(i, scale=0, **other):
    parts = {"content": 0.1 + 0.01 * i, "style": 9.0 / (i + 1), "tv": 0.02}
    return {"scale": scale, "loss": sum(parts.values()), **parts, **other}


HISTORY = [costs(i, i // 20) for i in range(60)]


def colours(path):
    with Image.open(path) as file:
        return {tuple(c) for c in np.asarray(file.convert("RGB")).reshape(-1, 3).tolist()}


BLUE, ORANGE, GREEN = (0, 0x72, 0xB2), (0xD5, 0x5E, 0), (0, 0x9E, 0x73)


def test_loss_plot_draws_each_cost(tmp_path):
    loss_plot(tmp_path / "a.png", HISTORY, (128, 181, "256 wide"), "town $in$ the <hand>")
    assert {BLUE, ORANGE, GREEN, (0, 0, 0)} <= colours(tmp_path / "a.png")
    given = [{k: v for k, v in row.items() if k != "tv"} | {"content": 0.0} for row in HISTORY]
    loss_plot(tmp_path / "b.png", given)
    assert not {BLUE, GREEN} & colours(tmp_path / "b.png")


def drawn(history, sizes=()):
    """The axes that `loss_plot` would save."""
    from matplotlib.figure import Figure

    from nnscratch.style import animation

    axes = Figure().subplots()
    animation._draw_curves(axes, history)
    animation._draw_scales(axes, history, sizes)
    return axes


def test_curves_hold_the_costs_on_a_logarithmic_axis():
    axes = drawn(HISTORY)
    assert axes.get_yscale() == "log" and axes.get_xlabel() == "iteration"
    lines = {line.get_label(): line for line in axes.get_lines()}
    for label, name in (("total", "loss"), ("style", "style"), ("total variation", "tv")):
        np.testing.assert_array_equal(lines[label].get_xdata(), np.arange(1, 61))
        np.testing.assert_allclose(lines[label].get_ydata(), [row[name] for row in HISTORY])


def test_scales_are_marked_where_they_begin():
    assert scale_starts(HISTORY) == {0: 1, 1: 21, 2: 41}
    axes = drawn(HISTORY, (128, "181 wide"))
    assert [text.get_text() for text in axes.texts] == ["128 px", "181 wide", "scale 3"]
    assert [text.xy[0] for text in axes.texts] == [1, 21, 41]
    assert len(drawn(HISTORY[:20], (128,)).texts) == 0  # one scale needs no mark
    assert scale_starts([{"loss": 1.0}] * 3) == {0: 1}


def test_what_has_no_logarithm_is_left_out():
    history = [costs(0), costs(1, loss=np.inf), costs(2, tv=0.0), costs(3, style=np.nan)]
    lines = {line.get_label(): line.get_ydata() for line in drawn(history).get_lines()}
    assert [int(np.isnan(lines[k]).sum()) for k in ("total", "total variation", "style")] == [1] * 3
    assert len(drawn([{"loss": 0.0}]).get_lines()) == 0


def test_loss_plot_of_one_iteration(tmp_path):
    loss_plot(tmp_path / "a.png", HISTORY[:1])
    assert BLUE in colours(tmp_path / "a.png")


def test_loss_plot_refuses(tmp_path):
    with pytest.raises(ValueError, match=r"^loss_plot: expected at least one iteration, got none"):
        loss_plot(tmp_path / "a.png", [])
    with pytest.raises(ValueError, match=r"^loss_plot: expected a file name ending in .png"):
        loss_plot(tmp_path / "a.svg", HISTORY)
    with pytest.raises(ValueError, match=r"^cannot write .*there is no folder"):
        loss_plot(tmp_path / "none" / "a.png", HISTORY)
