"""A learner's file in a process of its own: whatever it does, there is an answer in words."""

import functools

import numpy as np
import pytest
import toy_exercise as toy

from nnscratch.learn import attempt, runner

MEAN = "def mean(x):\n    return x.sum() / len(x)\n"


@pytest.fixture
def check(tmp_path):
    """Write a learner's file and check it."""
    exercise = toy.write(tmp_path / "exercises")

    def run(text, seconds=10.0):
        file = tmp_path / "01_mean.py"
        if text is not None:
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        answer = runner.check(exercise, file, seconds)
        assert len(answer.lines) <= 30
        assert not any("Traceback" in line for line in answer.lines)
        return answer

    return run


def test_right_wrong_and_not_attempted(check):
    assert check(MEAN).state == "right"
    answer = check("def mean(x):\n    return x.sum()\n")
    assert (answer.state, answer.code, answer.sure, answer.hint) == (
        "wrong",
        "sum-only",
        "certain",
        2,
    )
    assert "01_mean.py:1 (your code ran, and no other)" in "\n".join(answer.lines)
    assert check(toy.FILES["stub.py"]).state == "not attempted"


PARTS = "def _sum(scale, x):\n    return scale * x.sum() / len(x)\n"


@pytest.mark.parametrize(
    "text",
    [
        "import functools\n" + PARTS + "mean = functools.partial(_sum, 1.0)\n",
        "import functools\n\ndef plain(f):\n    @functools.wraps(f)\n    def g(*a):\n"
        "        return f(*a)\n    return g\n\n@plain\n" + MEAN,
        "class Mean:\n    def __call__(self, x):\n        return x.sum() / len(x)\nmean = Mean()\n",
        "mean = lambda x: sum(x) / len(x)\n",
    ],
)
def test_own_code_in_other_clothes_is_taken(check, text):
    assert check(text).state == "right"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("def mean(x)\n    return 1\n", "syntax", "01_mean.py:1: SyntaxError"),
        ("  def mean(x): pass\n", "syntax", "IndentationError"),
        ("def average(x): return 1\n", "missing", "defines no mean"),
        ("mean = 3\n", "missing", "is no function, it is a int"),
        ("import math\nmean = math.fsum\n", "foreign", "not your file's own code"),
        ("from statistics import mean\n", "foreign", "statistics.py"),
        ("import nnscratch\n" + MEAN, "reference", "imports nnscratch"),
        ("from nnscratch.functional import mean\n", "reference", "write it yourself"),
        ("from solution import mean\n", "reference", "imports solution"),
        ("import numpy as np\ndef mean(x): return np.mean(x)\n", "short-cut", "add up yourself"),
        ("from numpy import mean as m\ndef mean(x): return m(x)\n", "short-cut", "numpy.mean"),
        ("1 / 0\n" + MEAN, "crash", "01_mean.py:1: ZeroDivisionError while the file is read"),
        ("import missing_module\n", "crash", "ModuleNotFoundError"),
        ("def mean(x):\n    return x.total()\n", "crash", "AttributeError in line 2"),
        ("def mean():\n    return 1\n", "crash", "TypeError"),
        ("def mean(x):\n    return mean(x)\n", "crash", "RecursionError"),
        ("import sys\ndef mean(x):\n    sys.exit(0)\n", "crashed", "the process ended (code 0)"),
        ("import os\ndef mean(x):\n    os._exit(7)\n", "crashed", "the process ended (code 7)"),
        (b"def mean(x):\n    return '\xff'\n", "encoding", "UTF-8"),
        (None, "no-file", "learn reset 1 writes the stub again"),
    ],
)
def test_every_mishap_has_its_words(check, text, code, said):
    answer = check(text)
    assert (answer.state, answer.code) == ("wrong", code)
    assert said in " ".join(" ".join(answer.lines).split())


def test_an_endless_loop_is_stopped_and_its_line_is_named(check):
    answer = check("def mean(x):\n    n = 0\n    while True:\n        n += 1\n", seconds=2)
    assert answer.code == "too-slow"
    assert "still running after 2 s" in answer.lines[1]
    assert any(f"01_mean.py:{line}" in answer.lines[1] for line in (3, 4))


def test_an_endless_loop_while_the_file_is_read(check):
    answer = check("while True:\n    pass\n", seconds=2)
    assert answer.code == "too-slow"
    assert "01_mean.py:" in answer.lines[1]


def test_prints_are_shown_and_do_no_harm(check):
    answer = check("def mean(x):\n    print('seen', x.shape)\n    return x.sum() / len(x)\n")
    assert answer.state == "right"
    assert "   your code printed:" in answer.lines
    assert "   | seen (3,)" in answer.lines
    assert answer.lines[-1].endswith("more lines")


def test_too_much_memory_is_an_error_like_others(check):
    answer = check("import numpy as np\ndef mean(x):\n    return np.zeros(10**12)[0] + 1\n")
    assert answer.code == "crash"
    assert "MemoryError" in "".join(answer.lines)


def test_a_file_named_like_a_module_beside_it_does_not_take_its_place(check, tmp_path):
    (tmp_path / "numpy.py").write_text("raise SystemExit\n")
    assert check(MEAN).state == "right"


def test_code_is_found_below_what_wraps_it():
    def own(x):
        return x

    for wrapped in (functools.cache(own), functools.partial(own, 1), np.vectorize(own), own):
        assert attempt._code(wrapped) is own.__code__
        assert attempt.first_line(wrapped) == own.__code__.co_firstlineno
    assert attempt._code(len) is None and attempt._code(3) is None
