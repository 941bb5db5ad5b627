"""`nnscratch bench` as a user meets it: the table, the figures, the picture, bad shapes."""

import json

import pytest
from PIL import Image

from nnscratch.cli import bench, main
from nnscratch.engines import measure

SMALL = ["1x3x8x8:4k3", "2x4x12:4k3s2"]


@pytest.fixture(autouse=True)
def a_small_machine(monkeypatch):
    monkeypatch.setattr(measure, "PRODUCT_SIDE", 128)
    monkeypatch.setattr(measure, "COPY_BYTES", 2**18)


def run(*words):
    return main(["bench", *map(str, words), "--seconds", "0.001"])


def test_a_table_of_all_algorithms_with_the_chosen_one_marked(capsys):
    assert run(*SMALL) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [word for line in lines for word in line.split() if word in SMALL] == SMALL
    rows = [line for line in lines if line.split() and line.split()[-1].count("e-") == 1]
    assert len(rows) == 3 * 4 + 3 * 2  # two of the four need a kernel of 3
    assert sum("→" in line for line in rows) == 2 * 3
    assert all("%" in line for line in rows)
    assert "GFLOP/s in a float32 product" in lines[-1]
    assert max(map(len, lines)) <= 80


def test_results_come_shape_by_shape(monkeypatch, capsys):
    measured = measure.measure

    def stop_at_the_second(job, *rest):
        if str(job) == SMALL[1]:
            raise KeyboardInterrupt
        return measured(job, *rest)

    monkeypatch.setattr(measure, "measure", stop_at_the_second)
    assert run(*SMALL) == 130
    out = capsys.readouterr().out
    assert SMALL[0] in out and "numpy:im2col" in out


def test_the_figures_as_json(tmp_path):
    path = tmp_path / "bench.json"
    assert run(*SMALL, "--seed", 3, "--json", path) == 0
    record = json.loads(path.read_text())
    assert record["machine"]["gflops"] > 0
    assert record["machine"]["gigabytes"] > 0
    assert {row["shape"] for row in record["rows"]} == set(SMALL)
    for row in record["rows"]:
        assert row["milliseconds"] > 0
        assert row["gflops"] > 0
        assert 0 < row["error"] < 1e-5
        assert row["share"] == pytest.approx(row["gflops"] / record["machine"]["gflops"])


def test_the_roofline_is_a_picture(tmp_path):
    path = tmp_path / "roof.png"
    assert run(*SMALL, "--plot", path) == 0
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        assert min(image.size) > 500
        assert len(image.convert("RGB").getcolors(2**24)) > 10
    assert [file.name for file in tmp_path.iterdir()] == ["roof.png"]


def test_shapes_near_each_other_share_a_column():
    marks = [(1, 10.0), (2, 100.0), (3, 10.5), (4, 11.0), (5, 12.5)]
    columns = bench._columns(marks)
    assert [[number for number, _ in column] for column in columns] == [[1, 3, 4], [5], [2]]


def test_the_usual_shapes_are_read_as_they_are_written():
    assert [str(measure.parse(text)) for text in bench.SHAPES] == list(bench.SHAPES)
    axes = {len(measure.parse(text).size) for text in bench.SHAPES}
    assert axes == {1, 2, 3}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["3x3"], "expected N x CHANNELS"),
        (["1x3x8x8:4k3", "1x3x8x8:4k3q1"], "'1x3x8x8:4k3q1'"),
        (["1x3x4x4:4k9p0"], "larger than the padded input"),
        (["1x3x8x8:4k3g2"], "2 groups divide"),
        ([SMALL[0], "--seconds", "0"], "--seconds above 0"),
        ([SMALL[0], "--seconds", "nan"], "--seconds above 0"),
        ([SMALL[0], "--seconds", "long"], "invalid float value"),
        ([SMALL[0], "--plot", "roof.jpg"], "ending in .png"),
        ([SMALL[0], "--plot", "nowhere/roof.png"], "no folder"),
        ([SMALL[0], "--json", "nowhere/bench.json"], "no folder"),
    ],
)
def test_mistakes_are_named_in_one_line(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["bench", *words])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
