"""A toy exercise in a folder: the mean of an array, with everything an exercise has."""

from pathlib import Path

from nnscratch.learn.exercise import Exercise

FILES = {
    "README.md": "# A mean\n\n## What to write\n\n`mean(x)`.\n\n"
    "## Where the engine does it\n\nThere.\n",
    "stub.py": '"""A mean."""\n\n\ndef mean(x):\n    """x (N,) -> the mean, a float."""\n'
    "    raise NotImplementedError\n",
    "solution.py": '"""A mean."""\n\n\ndef mean(x):\n    """x (N,) -> the mean, a float."""\n'
    "    return x.sum() / len(x)\n",
    "check.py": """
import numpy as np
from nnscratch.learn import claim

FUNCTIONS = ("mean",)
READS = "nnscratch/tensor.py"
FORBIDDEN = {"numpy.mean": "add up yourself"}


def numeric(f, rng, rung):
    x = np.array([1.0, 2.0, 6.0]) if rung == 0 else rng.standard_normal(3 + rung)
    return {"mean": sum(x.tolist()) / x.size}


@claim("the mean", by_hand="mean = (1 + 2 + 6) / 3 = 3", oracle=numeric)
def value(f, rng, rung):
    x = np.array([1.0, 2.0, 6.0]) if rung == 0 else rng.standard_normal(3 + rung)
    return {"mean": f.mean(x)}


@claim("the mean of one number", rungs=1)
def alone(f, rng, rung):
    return {"mean of 4": f.mean(np.array([4.0]))}
""",
    "mutants.py": '''
from nnscratch.learn import wrong


@wrong("mean", hint=2)
def sum_only(x):
    """The sum is not divided.

    A mean is the sum over the count.
    """
    return x.sum()


@wrong("mean")
def one_too_few(x):
    """The sum is divided by N - 1.

    That is for variances.
    """
    return x.sum() / max(len(x) - 1, 1)


@wrong("mean")
def first_value(x):
    """The first value is returned.

    Look at all of them.
    """
    return x[0]


@wrong("mean")
def single_wrong(x):
    """One number alone gives nothing.

    The mean of one number is the number.
    """
    return x.sum() / len(x) if len(x) > 1 else 0.0
''',
    "others.py": """
import numpy as np
from nnscratch.learn import right


@right("mean")
def by_loop(x):
    total = 0.0
    for value in x:
        total += value
    return total / len(x)


@right("mean")
def by_product(x):
    return x @ np.full(len(x), 1 / len(x))
""",
    "hints.md": "Add up.\n---\nDivide.\n---\nBy the count.\n",
}


def write(folder: Path, **changes: str) -> Exercise:
    """The toy exercise as files below `folder`; changes: file name without suffix -> text."""
    path = folder / "01_mean"
    path.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        stem = name.partition(".")[0]
        (path / name).write_text(changes.get(stem, text), encoding="utf-8")
    return Exercise(path)
