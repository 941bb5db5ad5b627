"""nnscratch style from files to files: results, every option, settings kept and repeated, mistakes.

The network is a small one of fixed weights, nearly everywhere: nothing here depends on how the
built-in one was trained.
"""

import argparse
import errno
import functools
import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from nnscratch.cli import main
from nnscratch.cli import style as command
from nnscratch.data.drawn_pictures import PICTURES
from nnscratch.data.images import read_image, read_picture, save_image
from nnscratch.style import KINDS, colour, estimate
from nnscratch.style.descent import Descent
from nnscratch.weights import fetching

drawn = functools.cache(lambda name, seed=0: PICTURES[name](32, seed=seed))
PAIR = ("content.png", "style.png")
QUICK = ("--size", "32", "--iterations", "3", "--weights", "small.npz")


@pytest.fixture
def pictures(tmp_path, monkeypatch, keras_file):
    """content.png (24 × 32, transparent at the left), style.png, other.png, left.png, small.npz."""
    monkeypatch.chdir(tmp_path)
    alpha = np.ones((24, 32), np.float32)
    alpha[:, :4] = 0
    save_image("content.png", drawn("landscape")[:, :24], alpha=alpha)
    save_image("style.png", drawn("swirls"))
    save_image("other.png", drawn("mosaic"))
    left = np.zeros((1, 24, 32), np.float32)
    left[:, :, :16] = 1
    save_image("left.png", left)
    return tmp_path


@pytest.fixture
def folder(pictures):
    """in/a.png (32 × 32), in/b.png (24 × 32), and a file that is no picture."""
    (pictures / "in").mkdir()
    save_image("in/a.png", drawn("landscape", 1))
    save_image("in/b.png", drawn("landscape", 2)[:, :24])
    (pictures / "in" / "notes.txt").write_text("no picture")
    return pictures


@pytest.fixture
def style(capsys):
    """Runs nnscratch style: (exit code, output, complaints and progress)."""

    def run(*words):
        try:
            code = main(["style", *words])
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def record(style):
    """Runs nnscratch style, which must succeed, and gives its JSON."""

    def run(*words, out="r.png"):
        code, _, error = style(*words, "-o", out, "--json", "record.json")
        assert code == 0, error
        with open("record.json") as file:
            return json.load(file)

    return run


# -- results --------------------------------------------------------------------------------------


def test_a_result_keeps_size_alpha_and_settings(pictures, style):
    """By the built-in network."""
    assert style(*PAIR, "-o", "r.png", *QUICK[:4])[0] == 0
    result = read_picture("r.png")
    assert result.image.shape == (3, 24, 32)
    assert result.alpha[:, :3].max() == 0 and result.alpha[:, 8:].min() == 1
    assert "nnscratch:style" in result.text


def test_without_a_size_the_longer_side_is_256(pictures, style):
    assert style(*PAIR, "-o", "r.png", "--iterations", "1", *QUICK[4:])[0] == 0
    assert read_image("r.png").shape == (3, 192, 256)


def test_a_rerun_repeats_it_to_the_byte(pictures, style):
    given = ("--masks", "left.png", "-", "--style-weight", "50", "--scales", "2", "--seed", "3")
    style(*PAIR, "other.png", "-o", "r.png", *QUICK, *given, "--init", "noise")
    code, _, error = style("--rerun", "r.png", "-o", "again.png", "--page", "p.html")
    assert code == 0, error
    assert (pictures / "r.png").read_bytes() == (pictures / "again.png").read_bytes()
    assert captions(pictures / "p.html")[0] == "content: content.png"


def test_a_rerun_with_a_changed_file_is_refused(pictures, style):
    style(*PAIR, "-o", "r.png", *QUICK)
    save_image("style.png", drawn("mosaic"))
    code, _, error = style("--rerun", "r.png", "-o", "again.png")
    assert code == 2 and "changed" in error
    assert not (pictures / "again.png").exists()


def test_a_fetched_network_goes_by_its_name(pictures, style, record, monkeypatch):
    """The PNG keeps the name, nobody's folders, and the SHA-256: a rerun finds the same file."""
    monkeypatch.setattr(fetching, "cache_folder", lambda: pictures / "cache")
    words = (*PAIR, *QUICK[:4], "--weights", "vgg19")
    code, out, error = style(*words, "-o", "r.png")
    assert code == 2 and out == "" and error.count("\n") == 1
    assert "vgg19 has not been fetched" in error and "nnscratch weights fetch vgg19" in error
    assert not (pictures / "r.png").exists()
    path = pictures / "cache" / fetching.FILES["vgg19"]
    path.parent.mkdir()
    path.write_bytes((pictures / "small.npz").read_bytes())
    assert record(*words)["weights"] == "vgg19"
    assert style("--rerun", "r.png", "-o", "again.png")[0] == 0
    assert (pictures / "r.png").read_bytes() == (pictures / "again.png").read_bytes()
    assert str(pictures) not in read_picture("again.png").text["nnscratch:style"]
    path.rename(pictures / "moved")
    code, _, error = style("--rerun", "r.png", "-o", "third.png")
    assert code == 2 and "vgg19 has not been fetched" in error
    (pictures / "moved").rename(pictures / "vgg19")
    assert record(*words, out="here.png")["weights"] == "vgg19"


def test_there_is_one_transfer_and_the_time_is_told_from_its_steps(pictures, style, monkeypatch):
    """No hidden transfer measures the time."""
    runs, run = [], Descent.run  # one at each scale of a transfer
    monkeypatch.setattr(Descent, "run", lambda self: runs.append(1) or run(self))
    code, _, error = style(*PAIR, *QUICK, "--iterations", "12", "-o", "r.png")
    assert code == 0 and runs == [1]
    memory, time, *_ = [line for line in error.split("\n") if line.startswith("r.png: ")]
    assert re.fullmatch(r"r.png: about \d+ MiB", memory)
    assert re.fullmatch(r"r.png: about \d+ s \(\S+ s a step at full size\)", time)


def test_an_unknown_option_points_to_the_help_of_style(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["style", *PAIR, "-o", "r.png", "--num-iterations", "3"])
    told = capsys.readouterr().err
    assert told == (
        "nnscratch style: unrecognized arguments: --num-iterations 3; did you mean --iterations?; "
        "see nnscratch style --help\n"
    )


# -- options --------------------------------------------------------------------------------------

NOISE = ("--init", "noise")
ROWS = [  # what is said beside it, the option, and what the record then holds
    ((), "--weights builtin", {"weights": "builtin"}),
    ((), "--pooling avg", {"pooling": "avg"}),
    ((), "--padding wrap", {"padding": "wrap"}),
    ((), "--preset gatys2016 --optimizer adam", {"preset": "gatys2016", "content_weight": 1.0}),
    ((), "--content-weight 400", {"content_weight": 400.0}),
    ((), "--style-weight 0.5", {"style_weight": 0.5}),
    ((), "--tv-weight 500", {"tv_weight": 500.0}),
    (("--tv-weight", "50"), "--tv-power 1", {"tv_power": 1}),
    ((), "--content-layers relu2_1", {"content_layers": ["relu2_1"]}),
    ((), "--style-layers relu1_1=2 relu2_1", {"style_layers": {"relu1_1": 2.0, "relu2_1": 1.0}}),
    ((), "--style-kind mean-variance", {"style_kind": "mean-variance"}),
    ((), "--style-weights 3 1", {"style_weights": [3.0, 1.0]}),
    ((), "--style-scale 0.6", {"style_scale": 0.6}),
    ((), "--masks left.png -", {"masks": ["left.png", "-"]}),
    ((), "--colors luminance", {"colours": "luminance"}),
    ((), "--colors symmetric", {"colours": "symmetric"}),
    ((), "--size 24", {"size": 24}),
    ((), "--iterations 4", {"iterations": 4}),
    ((), "--scales 2", {"scales": 2}),
    ((), "--optimizer lbfgs", {"optimizer": "lbfgs"}),
    ((), "--optimizer gd", {"optimizer": "gd"}),
    ((), "--lr 0.1", {"lr": 0.1}),
    ((), "--init noise", {"init": "noise"}),
    ((), "--init other.png", {"init_file": "other.png"}),
    (NOISE, "--seed 3", {"seed": 3}),
]
OWN_TEST = ("average", "tolerance", "max-memory", "checkpoint", "animation", "plot", "page", "json")
OWN_TEST += ("output", "rerun", "help", "ignore-memory")
OWN_TEST += ("skip-existing", "frames", "steady", "every", "bits")


def test_every_option_is_tested():
    parser = argparse.ArgumentParser()
    command.configure(parser)
    offered = {action.option_strings[-1] for action in parser._actions if action.option_strings}
    in_rows = {word for _, words, _ in ROWS for word in words.split() if word[:2] == "--"}
    assert offered == in_rows | {f"--{name}" for name in OWN_TEST}


@pytest.mark.parametrize(("base", "option", "kept"), ROWS, ids=[row[1] for row in ROWS])
def test_each_option_changes_the_picture_and_is_kept(pictures, record, base, option, kept):
    given = (*PAIR, "other.png", *QUICK, *base)
    both = record(*given, out="plain.png"), record(*given, *option.split(), out="changed.png")
    assert not np.array_equal(read_image("plain.png"), read_image("changed.png"))
    before, after = ({**r, **r["objective"], **r["settings"], **r["options"]} for r in both)
    assert kept.items() <= after.items() and not kept.items() <= before.items()


def test_a_preset_brings_its_formula_and_hints(pictures, style, record):
    given = ("--preset", "jcjohnson", "--optimizer", "adam", "--iterations", "2", "--size", "32")
    found = record(*PAIR, *given, "--weights", "small.npz")
    assert found["objective"]["preset"] == "jcjohnson"
    assert found["objective"]["content_weight"] == 5 and found["options"]["pooling"] == "max"
    assert found["settings"]["init"] == "noise" and found["settings"]["iterations"] == 2
    assert style("--rerun", "r.png", "-o", "again.png")[0] == 0
    assert (pictures / "r.png").read_bytes() == (pictures / "again.png").read_bytes()


def test_the_mean_of_iterates_is_the_result_where_it_is_better(pictures, record):
    """Steps that overshoot about the one minimum there is: the mean lies nearer to it."""
    one_minimum = ("--style-weight", "0", "--tv-weight", "0", "--content-layers", "conv1_1")
    given = (*PAIR, *QUICK, *one_minimum, *NOISE, "--lr", "0.3", "--iterations", "10")
    last, mean = (record(*given, "--average", decay) for decay in ("0", "0.9"))
    assert mean["settings"]["average"] == 0.9
    assert mean["history"] == last["history"]
    assert mean["loss"] < 0.5 * last["loss"]


def test_tolerance_ends_a_run_that_gains_little(pictures, record):
    """Forty steps are needed to compare twenty with twenty."""
    given = (*PAIR, *QUICK, "--size", "16", "--iterations")
    whole = record(*given, "50", out="whole.png")
    early = record(*given, "50", "--tolerance", "0.99", out="early.png")
    record(*given, "40", out="forty.png")
    assert len(whole["history"]) == 50 and len(early["history"]) == 40
    np.testing.assert_array_equal(read_image("early.png"), read_image("forty.png"))


def test_little_memory_means_tiles_and_the_same_picture(pictures, style, record):
    given = (*PAIR, *QUICK, "--size", "128")
    whole = record(*given, out="whole.png")
    code, _, error = style(*given, "-o", "few.png", "--max-memory", "1")
    least = int(re.search(r"max_memory of at least (\d+) MiB", error)[1])
    assert code == 2 and not (pictures / "few.png").exists()
    some = str(least + 2)  # at the least itself there are thousands of tiles
    code, _, error = style(*given, "-o", "tiled.png", "--max-memory", some)
    assert code == 0 and re.search(r" in \d+ tiles", error)
    tiled = record(*given, "--max-memory", some, out="tiled.png")
    assert tiled["options"]["max_memory"] == (least + 2) * 2**20
    assert tiled["loss"] == pytest.approx(whole["loss"], rel=1e-5)
    np.testing.assert_allclose(read_image("tiled.png"), read_image("whole.png"), atol=1.5 / 255)


def test_memory_that_the_machine_lacks_is_refused_before_the_work(pictures, style, monkeypatch):
    monkeypatch.setattr(estimate, "free_bytes", lambda: 2**16)
    code, _, told = style(*PAIR, "-o", "out.png", *QUICK)
    assert (code, (pictures / "out.png").exists()) == (2, False)
    assert "--ignore-memory to go on anyway" in told
    assert style(*PAIR, "-o", "out.png", *QUICK, "--ignore-memory")[0] == 0


def captions(path):
    return re.findall("<figcaption>(.*?)</figcaption>", path.read_text(encoding="utf-8"))


def test_more_files(pictures, record):
    more = ("--animation", "a.gif", "--plot", "l.png", "--page", "p.html")
    found = record(*PAIR, *QUICK, *more)
    with Image.open("a.gif") as film:
        assert film.n_frames >= 3
    with Image.open("l.png") as plot:
        assert min(plot.size) > 200
    shown = ["content: content.png", "style: style.png", "result", "losses", "the process"]
    assert captions(pictures / "p.html") == shown
    page = (pictures / "p.html").read_text()
    assert f"loss {found['loss']:.4g} by step 3" in page
    assert "<pre>nnscratch style --rerun r.png -o again.png</pre>" in page
    assert len(found["history"]) == 3 and found["size"] == [24, 32]
    assert found["content"] == "content.png" and found["result"] == "r.png"
    assert found["loss"] <= min(costs["loss"] for costs in found["history"])


def test_a_checkpoint_goes_on(pictures, style):
    given = (*PAIR, *QUICK, "--checkpoint", "c.npz")
    style(*given, "-o", "first.png")
    code, _, error = style(*given, "-o", "second.png")
    assert code == 0 and "1/3" not in error  # nothing was left to do
    assert (pictures / "first.png").read_bytes() == (pictures / "second.png").read_bytes()


# -- folders --------------------------------------------------------------------------------------


def test_a_folder_of_contents(folder, style):
    assert style("in", "style.png", "-o", "out", *QUICK)[0] == 0
    style("in/b.png", "style.png", "-o", "b.png", *QUICK)
    assert sorted(p.name for p in (folder / "out").iterdir()) == ["a.png", "b.png"]
    np.testing.assert_array_equal(read_image("out/b.png"), read_image("b.png"))


def test_a_folder_has_one_page_with_a_row_for_each_and_a_list_of_records(folder, record):
    given = ("in", "style.png", "other.png", *QUICK, "--preset", "coursera")
    found = record(*given, "--page", "p.html", out="out")
    row = ["style: style.png", "style: other.png", "result"]
    assert captions(folder / "p.html") == ["content: a.png", *row, "content: b.png", *row]
    text = (folder / "p.html").read_text()
    assert text.count('<div class="row">') == 2
    assert [r["content"] for r in found] == ["in/a.png", "in/b.png"]
    assert [r["result"] for r in found] == ["out/a.png", "out/b.png"]
    assert [r["size"] for r in found] == [[32, 32], [24, 32]]
    for one in found:
        assert len(one["history"]) == 3
        assert f"loss {one['loss']:.4g} by step 3, {one['seconds']:.1f} s" in text


def test_a_folder_of_one_is_told_of_as_a_folder(folder, record):
    (folder / "in" / "b.png").unlink()
    found = record("in", "style.png", *QUICK, "--animation", "a.gif", out="out")
    assert [r["content"] for r in found] == ["in/a.png"]
    assert (folder / "a.gif").exists()


def test_what_is_read_once_serves_all_of_a_folder(folder, style, monkeypatch):
    loads = []
    own = command.Job.network
    monkeypatch.setattr(command.Job, "network", lambda self: loads.append(1) or own(self))
    assert style("in", "style.png", "-o", "out", *QUICK)[0] == 0
    assert len(loads) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-o", "out", "--checkpoint", "c.npz"), "got a folder of several; it holds the state"),
        (("-o", "out", "--animation", "a.gif"), "got a folder of several; it shows how one"),
        (("-o", "out", "--plot", "l.png"), "got a folder of several; it shows the losses of one"),
        (("-o", "out.png"), "a folder for the results of a folder, got the file 'out.png'"),
        (("-o", "nowhere/out"), "no folder 'nowhere' to create 'out' in"),
        (("-o", "file"), "cannot create the folder 'file': File exists"),
        (("-o", "in"), "cannot write 'in/a.png': it is read as well"),
        (("-o", "out", "--every", "0"), "--every: expected a number of at least 1, got 0"),
        (("-o", "out", "--steady", "0.5"), "--steady: expected --frames as well"),
        (("-o", "out", "--frames", "--steady", "2"), "expected steady in [0, 1], got 2"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes_with_a_folder(folder, style, words, told):
    (folder / "file").write_text("in the way")
    before = contents(folder)
    code, _, error = style("in", "style.png", *QUICK, *words)
    assert code == 2 and told in error.strip().split("\n")[-1], error
    assert {k: v for k, v in contents(folder).items() if k in before} == before


def test_a_broken_picture_in_a_folder_does_not_stop_the_others(folder, style):
    (folder / "in" / "a.jpg").write_text("no picture")
    (folder / "in" / "a.png").rename(folder / "in" / "c.png")
    code, _, error = style("in", "style.png", "-o", "out", *QUICK)
    first, *_, last = error.strip().split("\n")
    assert code == 1 and "in/a.jpg" in first and last == "2 done, 1 not: 'a.jpg'"
    assert sorted(os.listdir("out")) == ["b.png", "c.png"]


def test_a_style_that_no_picture_of_a_folder_can_have_is_a_mistake(folder, style):
    code, _, error = style("in", "in/notes.txt", "-o", "out", *QUICK)
    assert code == 2 and "in/notes.txt" in error.strip().split("\n")[-1]


def test_results_that_are_there_are_skipped_when_asked(folder, style):
    (folder / "out").mkdir()
    (folder / "out" / "a.png").write_text("of yesterday")
    assert style("in", "style.png", "-o", "out", *QUICK, "--skip-existing")[0] == 0
    assert (folder / "out" / "a.png").read_text() == "of yesterday"
    before = contents(folder)
    assert style("in", "style.png", "-o", "out", *QUICK, "--skip-existing")[0] == 0
    assert contents(folder) == before


def test_frames_begin_from_the_one_before_and_can_be_kept_steady(folder, style):
    save_image("in/b.png", read_image("in/a.png"))
    shown = {}
    for steady in ("0", "1"):
        words = ("--frames", "--steady", steady, "--content-weight", "0")
        assert style("in", "style.png", "-o", f"out{steady}", *QUICK, *words)[0] == 0
        shown[steady] = [read_image(f"out{steady}/{name}.png") for name in "ab"]
    np.testing.assert_array_equal(*shown["1"])
    assert np.abs(shown["0"][0] - shown["0"][1]).max() > 0.01
    assert style("--rerun", "out0/b.png", "-o", "again.png")[0] == 0
    np.testing.assert_array_equal(read_image("again.png"), shown["0"][1])
    assert style(*PAIR, "-o", "one.png", *QUICK, "--frames")[0] == 2


def test_a_picture_every_few_steps(pictures, style):
    assert style(*PAIR, "-o", "out.png", *QUICK, "--iterations", "5", "--every", "2")[0] == 0
    written = sorted(name for name in os.listdir() if name.startswith("out"))
    assert written == ["out-0002.png", "out-0004.png", "out.png"]


def test_sixteen_bits(pictures, style):
    assert style(*PAIR, "-o", "out.png", *QUICK, "--bits", "16")[0] == 0
    assert (pictures / "out.png").read_bytes()[24] == 16  # the depth in a PNG's header
    assert style("--rerun", "out.png", "-o", "again.png")[0] == 0
    assert (pictures / "out.png").read_bytes() == (pictures / "again.png").read_bytes()
    code, _, error = style(*PAIR, "-o", "out.jpg", *QUICK, "--bits", "16")
    assert code == 2 and "16 in a .png or .tif" in error


def test_folders_without_pictures_or_with_two_of_one_name(folder, style):
    (folder / "none").mkdir()
    code, _, error = style("none", "style.png", "-o", "out")
    assert code == 2 and "expected pictures in the folder 'none', got none" in error
    save_image("in/a.jpg", drawn("landscape"))
    code, _, error = style("in", "style.png", "-o", "out")
    assert code == 2 and "'a.jpg' and 'a.png', which would both become 'a.png'" in error
    assert not (folder / "out").exists()


# -- odd input that works -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(3, 24, 24), (3, 1, 1)], ids=["flat", "one pixel"])
def test_styles_of_one_colour(pictures, record, kind, shape):
    save_image("flat.png", np.full(shape, 0.3, np.float32))
    found = record("content.png", "flat.png", *QUICK, "--style-kind", kind)
    assert 0 <= found["loss"] < found["history"][0]["loss"]


@pytest.mark.parametrize("kind", colour.KINDS)
def test_styles_of_one_colour_in_the_colours_of_the_content(pictures, record, kind):
    save_image("flat.png", np.full((3, 24, 24), 0.3, np.float32))
    found = record("content.png", "flat.png", *QUICK, "--colors", kind)
    assert 0 <= found["loss"] < found["history"][0]["loss"]


def test_contents_of_one_pixel_and_of_one_colour(pictures, record):
    save_image("one.png", np.full((3, 1, 1), 0.3, np.float32))
    found = record("one.png", "style.png", *QUICK)
    assert read_image("r.png").shape == (3, 32, 32)
    assert found["loss"] < found["history"][0]["loss"]
    same = record("one.png", "one.png", *QUICK)
    assert same["loss"] == 0
    np.testing.assert_allclose(read_image("r.png"), 0.3, atol=0.5 / 255)


def test_masks_of_another_size_are_resampled(pictures, record):
    for name, size in (("small.png", (12, 16)), ("large.png", (48, 64))):
        mask = np.zeros((1, *size), np.float32)
        mask[:, :, : size[1] // 2] = 1
        save_image(name, mask)
        record(*PAIR, "other.png", *QUICK, "--masks", name, "-", out=f"with-{name}")
    record(*PAIR, "other.png", *QUICK, "--masks", "left.png", "-", out="exact.png")
    exact = read_image("exact.png")
    np.testing.assert_array_equal(read_image("with-large.png"), exact)
    far = np.s_[:, :, [*range(8), *range(24, 32)]]  # from the edge, which is blurred
    np.testing.assert_allclose(read_image("with-small.png")[far], exact[far], atol=0.1)


# -- mistakes -------------------------------------------------------------------------------------


def contents(folder):
    """All files, and what is in them."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


TWO = (*PAIR, "other.png")
BOTH = "leave one of the two out"
MISTAKES = {
    "no style": (("content.png",), "CONTENT and STYLE"),
    "no content": (("nothing.png", "style.png"), "nothing.png"),
    "missing style": (("content.png", "nothing.png"), "nothing.png"),
    "no picture": (("text.png", "style.png"), "a file of another kind: 'text.png'"),
    "no picture as style": (("content.png", "text.png"), "a file of another kind: 'text.png'"),
    "empty picture": (("empty.png", "style.png"), "an empty file: 'empty.png'"),
    "cut picture": (("cut.png", "style.png"), "cannot be decoded: 'cut.png'"),
    "one pixel": (("one.png", "style.png", "--size", "1"), "'one.png' at this size: features"),
    "a line": (("content.png", "line.png"), "'line.png' at this size: features: images of 1×32"),
    "tiny styles": ((*PAIR, "--style-scale", "0.01"), "'style.png' at this size: features"),
    "mask of another shape": ((*PAIR, "--masks", "square.png"), "got 'square.png' of 32×32"),
    "black mask": ((*PAIR, "--masks", "black.png"), "'black.png' black at 32×24 pixels"),
    "nothing for the rest": ((*TWO, "--masks", "white.png", "-"), "what the masks leave"),
    "only the rest": ((*PAIR, "--masks", "-"), "at least one mask"),
    "masks": ((*TWO, "--masks", "left.png"), "masks for each of 2"),
    "missing mask": ((*PAIR, "--masks", "nothing.png"), "nothing.png"),
    "style weights": ((*TWO, "--style-weights", "1"), "style weights for each of 2"),
    "style weights of 0": ((*TWO, "--style-weights", "0", "0"), "a style of weight above 0"),
    "negative style weight": (
        (*TWO, "--style-weights", "1", "-1"),
        "at least 0 and finite, got -1",
    ),
    "layer": ((*PAIR, "--style-layers", "relu9_9"), "no layer 'relu9_9'; it holds conv1_1"),
    "content layer": ((*PAIR, "--content-layers", "fc6"), "no layer 'fc6'; it holds conv1_1"),
    "layer weight": ((*PAIR, "--style-layers", "relu1_1=x"), "NAME=WEIGHT"),
    "layer without weight": ((*PAIR, "--style-layers", "relu1_1="), "NAME=WEIGHT"),
    "layer of weight NaN": ((*PAIR, "--style-layers", "relu1_1=nan"), "finite, got nan"),
    "layers of weight 0": ((*PAIR, "--style-layers", "relu1_1=0"), "leave nothing to match"),
    "a layer twice": ((*PAIR, "--style-layers", "relu1_1=1", "relu1_1=2"), "each layer once"),
    "scales": ((*PAIR, "--scales", "0"), "--scales"),
    "scales in words": ((*PAIR, "--scales", "²"), "--scales"),
    "too many scales": ((*PAIR, "--scales", "50"), "scales that grow to the content's"),
    "size": ((*PAIR, "--size", "0"), "size of at least 1 pixel, got 0"),
    "iterations": ((*PAIR, "--iterations", "0"), "at least 1 iteration, got 0"),
    "iterations in words": ((*PAIR, "--iterations", "many"), "--iterations: invalid int"),
    "seed": ((*PAIR, "--init", "noise", "--seed", "-1"), "seed of at least 0, got -1"),
    "init": ((*PAIR, "--init", "nothing.png"), "nothing.png"),
    "no weight at all": ((*PAIR, "--content-weight", "0", "--style-weight", "0"), "above 0"),
    "NaN": ((*PAIR, "--style-weight", "nan"), "style_weight of at least 0 and finite, got nan"),
    "negative": ((*PAIR, "--content-weight", "-1"), "content_weight of at least 0 and finite"),
    "infinite": ((*PAIR, "--tv-weight", "inf"), "tv_weight of at least 0 and finite, got inf"),
    "lr": ((*PAIR, "--lr", "nan"), "lr above 0, got nan"),
    "average": ((*PAIR, "--average", "1"), "average in [0, 1), got 1"),
    "tolerance": ((*PAIR, "--tolerance", "nan"), "tolerance in [0, 1), got nan"),
    "style scale": ((*PAIR, "--style-scale", "nan"), "style scale above 0, got nan"),
    "no memory": ((*PAIR, "--max-memory", "0"), "max_memory above 0, got 0 MiB"),
    "infinite memory": ((*PAIR, "--max-memory", "inf"), "max_memory above 0, got inf MiB"),
    "little memory": ((*PAIR, "--max-memory", "100"), "got 100; allow more"),
    "preset and kind": ((*PAIR, "--preset", "crowson", "--style-kind", "sliced"), BOTH),
    "preset and power": ((*PAIR, "--preset", "jcjohnson", "--tv-power", "1"), BOTH),
    "L-BFGS and mean": ((*PAIR, "--optimizer", "lbfgs", "--average", "0.5"), BOTH),
    "L-BFGS and rate": ((*PAIR, "--optimizer", "lbfgs", "--lr", "0.5"), BOTH),
    "L-BFGS of a preset": ((*PAIR, "--preset", "gatys2016", "--average", "0.5"), BOTH),
    "weights": ((*PAIR, "--weights", "text.png"), "not a weight file"),
    "no weights": ((*PAIR, "--weights", "nothing.npz"), "nothing.npz"),
    "no place": ((*PAIR, "--page", "nowhere/p.html"), "nowhere"),
    "no place for JSON": ((*PAIR, "--json", "nowhere/j.json"), "nowhere"),
    "no place for a checkpoint": ((*PAIR, "--checkpoint", "nowhere/c.npz"), "nowhere"),
    "page": ((*PAIR, "--page", "p.pdf"), "ending in .html"),
    "animation": ((*PAIR, "--animation", "a.mp4"), "ending in .gif"),
    "plot": ((*PAIR, "--plot", "l.jpg"), "ending in .png"),
    "two files of one name": ((*PAIR, "--plot", "r.png"), "'r.png': two results would go there"),
    "a content to be replaced": (("r.png", "style.png"), "'r.png': it is read as well"),
    "a checkpoint that is none": ((*PAIR, "--checkpoint", "text.png"), "expected a checkpoint"),
    "a checkpoint cut short": ((*PAIR, "--checkpoint", "cut.npz"), "cut short"),
    "a checkpoint of another run": ((*PAIR, "--checkpoint", "other.npz"), "another settings"),
    "rerun of what": (("--rerun", "nothing.png"), "nothing.png"),
    "rerun without settings": (("--rerun", "style.png"), "without settings"),
}


@pytest.fixture
def bad_files(pictures, style):
    """What the mistakes need; r.png is an earlier result."""
    given = (*PAIR, *QUICK, "--style-weight", "7", "--checkpoint", "other.npz")
    assert style(*given, "-o", "r.png")[0] == 0
    (pictures / "cut.npz").write_bytes((pictures / "other.npz").read_bytes()[:2000])
    (pictures / "text.png").write_text("no picture")
    (pictures / "empty.png").write_bytes(b"")
    (pictures / "cut.png").write_bytes((pictures / "content.png").read_bytes()[:300])
    save_image("one.png", np.full((3, 1, 1), 0.3, np.float32))
    save_image("line.png", drawn("landscape")[:, :1])
    save_image("black.png", np.zeros((1, 24, 32), np.float32))
    save_image("white.png", np.ones((1, 24, 32), np.float32))
    save_image("square.png", np.ones((1, 32, 32), np.float32))
    return pictures


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_keeps_what_was_there(bad_files, style, name):
    words, told = MISTAKES[name]
    network = () if "--rerun" in words or "--weights" in words else QUICK[4:]
    iterations = () if "--rerun" in words or "--iterations" in words else ("--iterations", "2")
    size = () if "--rerun" in words or "--size" in words else ("--size", "32")
    before = contents(bad_files)
    code, out, error = style(*words, *network, *iterations, *size, "-o", "r.png")
    *notes, last = error.strip().split("\n")
    assert code == 2 and told in last and "Traceback" not in error, error
    assert out == "" and all(note.startswith(("note:", "r.png: about")) for note in notes)
    assert contents(bad_files) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (PAIR, "CONTENT, STYLE"),
        (("--size", "256"), "--size"),
        (("--colors", "pca", "--style-weight", "7"), "--colors, --style-weight"),
        (("--preset", "anish"), "--preset"),
    ],
    ids=" ".join,
)
def test_a_rerun_takes_no_other_settings(bad_files, style, words, told):
    before = contents(bad_files)
    code, _, error = style("--rerun", "r.png", *words, "-o", "again.png")
    assert code == 2 and f"--rerun: expected no more than files to write, got {told} as" in error
    assert contents(bad_files) == before


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("nowhere/r.png", "there is no folder 'nowhere'"),
        ("r.xyz", "ending in .png, .jpg"),
        ("folder.png", "cannot write 'folder.png': it is a folder"),
    ],
)
def test_results_that_have_no_place(pictures, style, place, told):
    (pictures / "folder.png").mkdir()
    code, _, error = style(*PAIR, *QUICK, "-o", place)
    assert code == 2 and told in error and error.count("\n") == 1


OUTPUTS = {"-o": "r.png", "--checkpoint": "c.npz", "--animation": "a.gif", "--plot": "l.png"}
OUTPUTS |= {"--page": "p.html", "--json": "j.json"}


@pytest.mark.parametrize("option", OUTPUTS)
def test_a_full_disk_leaves_the_earlier_file(pictures, style, monkeypatch, option):
    """It is full when the last byte is to be there; the files of before the work stay as well."""
    place = OUTPUTS[option]
    if option != "--checkpoint":  # that must be one of this very run: see tests/style
        (pictures / place).write_bytes(b"from before")
    before = contents(pictures)
    replace = os.replace

    def full(source, target):
        if os.path.basename(target) == place:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    more = () if option == "-o" else (option, place)
    code, _, error = style(*PAIR, *QUICK, "-o", "r.png", *more)
    last = error.strip().split("\n")[-1]
    assert code == 2 and last.endswith(f"cannot write '{place}': No space left on device")
    after = contents(pictures)
    assert before.items() <= after.items() and after.keys() - before.keys() <= {"r.png"}
