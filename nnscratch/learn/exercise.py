"""The exercises as they lie in their folders: texts, stub, solution, claims, wrong answers.

Stands on `claims`. Files are loaded by path, as none of them is a package.
"""

import functools
import importlib.util
import re
import sys
import types
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnscratch.learn.claims import Claim, Variant, claims_of, observe, variants_of
from nnscratch.learn.outcome import Outcome

FOLDER = re.compile(r"(\d\d)_(\w+)")
HINTS_APART = re.compile(r"^---+\s*$", re.MULTILINE)
PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Exercise:
    """One folder of `exercises/`."""

    path: Path

    @property
    def name(self) -> str:
        """As in 11_conv1d_loops."""
        return self.path.name

    @property
    def number(self) -> int:
        return int(self.name[:2])

    @property
    def title(self) -> str:
        return self.readme.partition("\n")[0].lstrip("# ").strip()

    @property
    def readme(self) -> str:
        return self._text("README.md")

    @property
    def stub(self) -> str:
        return self._text("stub.py")

    @property
    def solution_text(self) -> str:
        return self._text("solution.py")

    @property
    def hints(self) -> list[str]:
        return [part.strip() for part in HINTS_APART.split(self._text("hints.md")) if part.strip()]

    def _text(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def loaded(self) -> "Loaded":
        return _loaded(self.path)


@dataclass(frozen=True)
class Loaded:
    """What the Python files of an exercise hold.

    functions: names that are asked of the learner; reads: the engine file that does it for real;
    forbidden: dotted names that would miss the point, with the reason
    """

    functions: tuple[str, ...]
    reads: str
    forbidden: Mapping[str, str]
    solution: Mapping[str, Any]
    claims: tuple[Claim, ...]
    mutants: tuple[Variant, ...]
    others: tuple[Variant, ...]

    _kept: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def with_variant(self, variant: Variant) -> dict[str, Any]:
        """The functions of the solution, one of them replaced."""
        return {**self.solution, variant.replaces: variant.implementation}

    def observed(self, variant: Variant | None, claim: Claim, seed: int, rung: int) -> Outcome:
        """What the solution, or a variant of it, does in a case; looked at once."""
        functions = self.solution if variant is None else self.with_variant(variant)
        key = (variant, claim, seed, rung)
        return self.once(key, lambda: observe(claim, functions, seed, rung))

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gave when it was first asked for by that key."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]


@functools.lru_cache(maxsize=64)
def _loaded(path: Path) -> Loaded:
    solution = load_file(path / "solution.py")
    with _importable(solution=solution):
        check = load_file(path / "check.py")
        mutants = load_file(path / "mutants.py")
        others = load_file(path / "others.py")
    functions = tuple(check.FUNCTIONS)
    return Loaded(
        functions,
        check.READS,
        getattr(check, "FORBIDDEN", {}),
        {name: getattr(solution, name) for name in functions},
        tuple(claims_of(check)),
        tuple(variants_of(mutants, "wrong")),
        tuple(variants_of(others, "right")),
    )


def load_file(path: Path) -> types.ModuleType:
    """A Python file as a module of no package. Raises what the file raises."""
    spec = importlib.util.spec_from_file_location(f"exercise_{path.parent.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"'{path}' is no Python file")
    module = importlib.util.module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # keep the folders clean
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module


class _importable:
    """While in force, `import solution` and the like find these modules."""

    def __init__(self, **modules: types.ModuleType):
        self._modules = modules
        self._before: dict[str, Any] = {}

    def __enter__(self) -> None:
        self._before = {name: sys.modules.get(name) for name in self._modules}
        sys.modules.update(self._modules)

    def __exit__(self, *exception: object) -> None:
        for name, before in self._before.items():
            if before is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = before


# -- where they are -------------------------------------------------------------------------------


def exercises_folder() -> Path:
    """Inside an installed package, or beside it in a checkout.

    Raises ValueError if neither is there.
    """
    for folder in (PACKAGE / "_exercises", PACKAGE.parent / "exercises"):
        if folder.is_dir():
            return folder
    raise ValueError(
        "the exercises are missing from this installation; install nnscratch again, or "
        "work in a clone of its repository"
    )


def all_exercises(folder: Path | None = None) -> list[Exercise]:
    """The exercises in their order."""
    found = sorted((folder or exercises_folder()).iterdir())
    return [Exercise(path) for path in found if path.is_dir() and FOLDER.fullmatch(path.name)]


def find(wanted: str, among: Iterable[Exercise] | None = None) -> Exercise:
    """The exercise of that number, name, or part of a name; ValueError if none or several fit."""
    exercises = list(among if among is not None else all_exercises())
    key = Path(wanted).name.removesuffix(".py").lower()
    exact = [e for e in exercises if key == e.name or (key.isdigit() and int(key) == e.number)]
    fitting = exact or [e for e in exercises if key and not key.isdigit() and key in e.name]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(exercise.name for exercise in fitting)
        raise ValueError(f"'{wanted}' may be {names}; give the number")
    raise ValueError(
        f"expected an exercise, 1 to {len(exercises)} or its name, got '{wanted}'; "
        "see nnscratch learn list"
    )
