"""Three programs on a learner's own functions: which are used, the figures, and errors.

The programs run with QUICK, about a second each; FULL would take half a minute.
"""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import nnscratch.functional as F
from nnscratch import Tensor
from nnscratch.learn import course_programs
from nnscratch.learn.course_programs import QUICK, Measurement
from nnscratch.learn.exercise import all_exercises, find
from nnscratch.learn.folder import Folder
from nnscratch.learn.learner_ops import Fault, LearnerFunction, LearnerFunctions, conv2d

USED = {  # exercises whose functions are at work
    "digits": {7, 8, 16, 17, 19, 22},
    "verification": {23, 24, 26, 29, 30},
    "style": {22, 34, 35},
}


def solve(folder, number, text=None):
    """Write a solution, or another text, as the learner's file, and mark it as right."""
    exercise = find(str(number))
    folder.file(exercise).write_text(text or exercise.solution_text)
    folder.note(exercise, state="right", digest=folder.digest(exercise))


@pytest.fixture
def empty(tmp_path):
    return Folder.create(tmp_path / "mine")[0]


@pytest.fixture
def solved(empty):
    for exercise in all_exercises():
        solve(empty, exercise.number)
    return empty


def play(folder, *names, **options):
    """The results of the programs, and the lines that were printed."""
    lines = []
    effort = {name: QUICK[name] for name in names or QUICK}
    results = course_programs.run(folder, 0, lambda *given: lines.extend(given), effort, **options)
    assert all(line.isascii() and len(line) <= 80 for line in lines), lines
    assert not any("Traceback" in line for line in lines)
    assert [result["name"] for result in results] == list(effort)
    return results, "\n".join(lines)


def numbers(listed):
    """["unit_rows, distances (23)"] -> {23}."""
    return {int(each.partition("(")[2].rstrip(")").split()[0]) for each in listed}


# -- without faults -------------------------------------------------------------------------------


def test_all_pass_on_the_learners_functions(solved):
    results, said = play(solved)
    for result in results:
        assert result["passed"], result
        assert numbers(result["yours"]) == USED[result["name"]]
        assert result["ours"] == result["notes"] == []
        assert result["seconds"] > 0
    assert "   ours:" not in said
    assert "yours: hardest (26), triplet_loss, triplet_gradients (24)" in said
    assert "picture: .nnscratch/mine_style.png" in said
    with Image.open(results[-1]["picture"]) as picture:
        assert picture.format == "PNG"
        assert picture.size >= (3 * 32, 32)
    assert solved.path in Path(results[-1]["picture"]).parents


def test_all_pass_on_ours_in_an_empty_folder(empty):
    results, said = play(empty)
    for result in results:
        assert result["passed"], result
        assert numbers(result["ours"]) == USED[result["name"]]
        assert result["yours"] == []
    assert "   yours:" not in said
    assert "adam_step (22 not attempted)" in said


def test_changed_wrong_and_missing_files_are_not_used(solved):
    """One file of each kind."""
    adam, pool, loss = (find(word) for word in ("22", "19", "8"))
    solved.file(adam).write_text(adam.solution_text + "\n# better\n")
    solved.note(pool, state="wrong")
    solved.file(loss).unlink()
    (result,), said = play(solved, "digits")
    assert result["ours"] == [
        "max_pool (19 not right yet)",
        "cross_entropy (8 missing)",
        "adam_step (22 changed since its check)",
    ]
    assert numbers(result["yours"]) == {7, 16, 17}
    assert result["passed"]
    assert "ours: max_pool (19 not right yet)" in said


def test_the_same_seed_gives_the_same_figures(empty):
    first, again, other = (
        course_programs.read_digits(
            LearnerFunctions(empty.path, {}), seed, **{**QUICK["digits"], "steps": 4}
        )
        for seed in (3, 3, 4)
    )
    assert first == again != other
    assert not any(figure.holds for figure in first)  # four steps are too few
    with pytest.raises(ValueError, match="a seed of at least 0, got -1"):
        course_programs.run(empty, -1, lambda *lines: None)


# -- faults --------------------------------------------------------------------------------------


def right_and_then(number, old, new):
    """A solution with a replacement in it."""
    text = find(str(number)).solution_text
    assert old in text
    return text.replace(old, new)


def test_a_slow_function_is_replaced(solved):
    start = '"""x (N, C, H, W), g'
    wait = "import time\n    end = time.process_time() + 0.2\n"
    wait += "    while time.process_time() < end:\n        pass\n"
    text = right_and_then(19, f"    {start}", f"    {wait}    {start}")
    solve(solved, 19, text)
    (result,), said = play(solved, "digits", patience=0.5)
    assert result["passed"]
    assert "max_pool (19)" in result["yours"]
    (note,) = (note for note in result["notes"] if "max_pool" in note)
    assert "s a call: ours took over after 3 calls" in note
    assert "your max_pool takes 0.2" in said


@pytest.mark.parametrize(
    ("name", "number", "old", "new", "said"),
    [
        ("digits", 17, "    y = np.zeros", "    1 / 0\n    y = np.zeros", "ZeroDivisionError"),
        ("digits", 17, "    y = np.zeros", "    exit(3)\n    y = np.zeros", "SystemExit: 3"),
        ("digits", 19, "return values.max(0), ", "return values.max(1), ", "returned shape"),
        (
            "digits",
            22,
            "return p, (m, v, t)",
            "return p, m, v, t",
            r"did not return a pair \(p, state\)",
        ),
        ("digits", 22, "return p, (m, v, t)", "return p[:0], (m, v, t)", r"returned float64 \(0, "),
        ("verification", 26, "[anchor, pos", "[anchor + 99, pos", "did not return rows"),
        ("style", 34, "return rows", "return None and rows", "your gram returned"),
        (
            "style",
            35,
            "return image, totals",
            "return image, totals[:-1]",
            r"returned shape \(29,\)",
        ),
    ],
)
def test_a_fault_of_a_function_is_reported(empty, name, number, old, new, said):
    solve(empty, number, right_and_then(number, old, new))
    with pytest.raises(Fault, match=said):
        course_programs.PROGRAMS[name](
            LearnerFunctions(empty.path, {number: "right"}), 0, **QUICK[name]
        )


def test_a_crash_an_exit_and_an_endless_loop_are_reported(empty):
    start = '    if kind == "relu"'
    for line, seconds, words in (
        ("len(3)", 60.0, "your activation (07_activations.py:8) raised TypeError: object of"),
        ("import os; os._exit(7)", 60.0, "the process ended (code 7) before the program did"),
        ("while True: kind", 5.0, "still running after 5 s, in your 07_activations.py:8; is"),
    ):
        solve(empty, 7, right_and_then(7, start, f"    {line}\n{start}"))
        (result,), said = play(empty, "digits", seconds=seconds)
        assert not result["passed"]
        assert words in " ".join(said.split())


@pytest.mark.parametrize(
    ("name", "number", "old", "new"),
    [
        ("digits", 16, "dpadded[:, :, seen] +=", "dpadded[:, :, seen] -="),
        ("verification", 24, "slopes = n - p, p - a, a - n", "slopes = p - n, a - p, n - a"),
        ("style", 35, "alpha * apart + beta * style_slope", "alpha * apart - beta * style_slope"),
    ],
)
def test_a_wrong_function_does_not_pass(empty, monkeypatch, name, number, old, new):
    """It was not checked and runs without an error, but the figures are too bad."""
    for used in USED[name]:
        solve(empty, used)
    empty.file(find(str(number))).write_text(right_and_then(number, old, new))
    monkeypatch.setattr(Folder, "state", lambda self, exercise: "right")
    (result,), said = play(empty, name)
    assert numbers(result["yours"]) == USED[name]
    assert result["trouble"] == ""
    assert not result["passed"]
    assert f"x  {name}   not passed" in said


def test_files_that_the_check_refuses_are_not_used(empty, monkeypatch):
    empty.file(find("22")).write_text("import nnscratch\n\n\ndef adam_step():\n    pass\n")
    functions = LearnerFunctions(empty.path, {22: "right", 7: "right"})
    assert functions.get(22, "adam_step").yours is None
    assert functions.get(7, "activation").yours is not None  # the stub, as nobody checked
    assert functions.report()["ours"][0].startswith("adam_step (22 unusable: imports nnscratch")


# -- pieces ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", [{}, {18: "right"}], ids=["conv2d", "conv_nd"])
def test_the_convolution_and_its_gradients_equal_the_engines(empty, right):
    for number in right:
        solve(empty, number)
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s) for s in ((3, 2, 6, 5), (4, 2, 3, 3), (4,), (3, 4, 6, 5))]
    results = []
    for convolution in (
        partial(conv2d, LearnerFunctions(empty.path, right)),
        partial(F.conv2d, padding=1),
    ):
        x, w, b = (Tensor(each, requires_grad=True) for each in arrays[:3])
        y = convolution(x, w, b)
        (y * Tensor(arrays[3])).sum().backward()
        results.append([y.numpy(), *(each.grad.numpy() for each in (x, w, b))])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_unusable_results_are_faults():
    def part(function):
        exercise = SimpleNamespace(name="01_one", number=1)
        return LearnerFunction("one", exercise, None, function, "", 1.0)

    assert part(lambda: [1, 2]).arrays(((2,),))[0].dtype == np.float64
    assert part(lambda: (1, [2, 3])).arrays(((), None))[1].tolist() == [2, 3]
    for given, shapes, said in (
        ([[1], [2, 3]], ((2,),), "not numeric"),
        (None, ((), ()), "not numeric"),
        ((1, 2, 3), ((), ()), "3 results, expected 2"),
        (np.zeros((2, 3)), ((3, 2),), r"shape \(2, 3\), expected \(3, 2\)"),
    ):
        with pytest.raises(Fault, match=said):
            part(lambda given=given: given).arrays(shapes)


def test_measurements_hold_or_not():
    assert Measurement("a", 0.5, "at least", 0.5).holds
    assert not Measurement("a", 0.4, "at least", 0.5).holds
    assert Measurement("a", 0.5, "at most", 0.5).holds
    assert not Measurement("a", 0.6, "at most", 0.5).holds
    assert Measurement("a", 0.6).holds
    assert not any(
        Measurement("a", np.nan, wanted, 1.0).holds for wanted in ("at least", "at most")
    )
    assert str(Measurement("EER", 0.04166, "at most", 0.1)) == "EER 0.042 (at most 0.1)"


def test_a_pass_without_the_learners_functions_says_so():
    result = {"name": "a", "passed": True, "yours": [], "ours": ["f"], "notes": [], "told": []}
    lines = course_programs._lines(result | {"trouble": "", "seconds": 1.0})
    assert lines[0] == "ok a   passed, without any of your functions, 1.0 s"
    lines = course_programs._lines(result | {"yours": ["f"], "trouble": "", "seconds": 1.0})
    assert lines[0] == "ok a   passed, 1.0 s"
