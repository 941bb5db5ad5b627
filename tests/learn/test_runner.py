"""A learner's file in a process of its own: whatever it does, the check returns a message."""

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
        result = runner.check(exercise, file, seconds)
        assert len(result.lines) <= 30
        assert not any("Traceback" in line for line in result.lines)
        return result

    return run


def test_right_wrong_and_not_attempted(check):
    assert check(MEAN).state == "right"
    result = check("def mean(x):\n    return x.sum()\n")
    assert (result.state, result.code, result.sure, result.hint) == (
        "wrong",
        "sum-only",
        "certain",
        2,
    )
    assert "your code: 01_mean.py:1" in "\n".join(result.lines)
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
def test_wrapped_functions_of_the_learner_are_accepted(check, text):
    assert check(text).state == "right"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("def mean(x)\n    return 1\n", "syntax", "01_mean.py:1: SyntaxError"),
        ("  def mean(x): pass\n", "syntax", "IndentationError"),
        ("def average(x): return 1\n", "missing", "does not define mean"),
        ("mean = 3\n", "missing", "is not a function but of type int"),
        ("import math\nmean = math.fsum\n", "foreign", "is not defined in your file"),
        ("from statistics import mean\n", "foreign", "statistics.py"),
        ("import nnscratch\n" + MEAN, "reference", "imports nnscratch"),
        ("from nnscratch.functional import mean\n", "reference", "write it yourself"),
        ("from solution import mean\n", "reference", "imports solution"),
        ("import numpy as np\ndef mean(x): return np.mean(x)\n", "short-cut", "add up yourself"),
        ("from numpy import mean as m\ndef mean(x): return m(x)\n", "short-cut", "numpy.mean"),
        ("1 / 0\n" + MEAN, "crash", "01_mean.py:1: ZeroDivisionError while the file is executed"),
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
def test_every_failure_has_a_message(check, text, code, said):
    result = check(text)
    assert (result.state, result.code) == ("wrong", code)
    assert said in " ".join(" ".join(result.lines).split())


def test_an_endless_loop_is_stopped_and_its_line_is_named(check):
    result = check("def mean(x):\n    n = 0\n    while True:\n        n += 1\n", seconds=2)
    assert result.code == "too-slow"
    assert "still running after 2 s" in result.lines[1]
    assert any(f"01_mean.py:{line}" in result.lines[1] for line in (3, 4))


def test_an_endless_loop_while_the_file_is_read(check):
    result = check("while True:\n    pass\n", seconds=2)
    assert result.code == "too-slow"
    assert "01_mean.py:" in result.lines[1]


def test_prints_are_shown(check):
    result = check("def mean(x):\n    print('seen', x.shape)\n    return x.sum() / len(x)\n")
    assert result.state == "right"
    assert "   your code printed:" in result.lines
    assert "   | seen (3,)" in result.lines
    assert result.lines[-1].endswith("more lines")


def test_too_much_memory_is_an_error_like_others(check):
    result = check("import numpy as np\ndef mean(x):\n    return np.zeros(10**12)[0] + 1\n")
    assert result.code == "crash"
    assert "MemoryError" in "".join(result.lines)


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
