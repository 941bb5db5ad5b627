"""The exercises on disk: texts, stub, solution, claims, known wrong and right answers.

Stands on `specification` and `probing`. Files are loaded by path; the folders are no packages.
"""

import contextlib
import functools
import importlib.util
import re
import sys
import types
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnscratch.learn.observation import Observation
from nnscratch.learn.probing import observe
from nnscratch.learn.specification import Claim, Variant, claims_of, variants_of

FOLDER = re.compile(r"(\d\d)_(\w+)")
HINT_SEPARATOR = re.compile(r"^---+\s*$", re.MULTILINE)
PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Exercise:
    """One folder of `exercises/`."""

    path: Path

    @property
    def name(self) -> str:
        """For example 11_conv1d_loops."""
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
        parts = HINT_SEPARATOR.split(self._text("hints.md"))
        return [part.strip() for part in parts if part.strip()]

    def _text(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def loaded(self) -> "Loaded":
        return _loaded(self.path)


@dataclass(frozen=True)
class Loaded:
    """The contents of an exercise's Python files.

    functions: names that the learner has to write; reads: the engine's file that does the same
    forbidden: dotted names that would bypass the exercise -> the reason
    """

    functions: tuple[str, ...]
    reads: str
    forbidden: Mapping[str, str]
    solution: Mapping[str, Any]
    claims: tuple[Claim, ...]
    mutants: tuple[Variant, ...]
    others: tuple[Variant, ...]

    _cache: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def with_variant(self, variant: Variant) -> dict[str, Any]:
        """The functions of the solution, one of them replaced."""
        return {**self.solution, variant.replaces: variant.implementation}

    def observed(self, variant: Variant | None, claim: Claim, seed: int, rung: int) -> Observation:
        """The observation of the solution, or of a variant of it, in one case; cached."""
        functions = self.solution if variant is None else self.with_variant(variant)
        key = (variant, claim, seed, rung)
        return self.once(key, lambda: observe(claim, functions, seed, rung))

    def once(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The result of `compute`, cached under `key`."""
        if key not in self._cache:
            self._cache[key] = compute()
        return self._cache[key]


@functools.lru_cache(maxsize=64)
def _loaded(path: Path) -> Loaded:
    solution = load_file(path / "solution.py")
    with _importable("solution", solution):
        check, mutants, others = (
            load_file(path / f"{name}.py") for name in ("check", "mutants", "others")
        )
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
    """Execute a Python file as a module. Raises whatever the file raises."""
    spec = importlib.util.spec_from_file_location(f"exercise_{path.parent.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"'{path}' is not a Python file")
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # keep the folders clean
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


@contextlib.contextmanager
def _importable(name: str, module: types.ModuleType) -> Iterator[None]:
    """Within this context, `import name` gives the module."""
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        yield
    finally:
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before


# -- finding them ---------------------------------------------------------------------------------


def exercises_folder() -> Path:
    """The folder inside an installed package, or beside it in a clone. Raises ValueError."""
    for folder in (PACKAGE / "_exercises", PACKAGE.parent / "exercises"):
        if folder.is_dir():
            return folder
    raise ValueError(
        "this installation has no exercises; install nnscratch again, or work in a clone of its "
        "repository"
    )


def all_exercises(folder: Path | None = None) -> list[Exercise]:
    """The exercises in order."""
    paths = sorted((folder or exercises_folder()).iterdir())
    return [Exercise(path) for path in paths if path.is_dir() and FOLDER.fullmatch(path.name)]


def find(query: str, exercises: Iterable[Exercise] | None = None) -> Exercise:
    """The exercise with this number, name, or part of a name; ValueError if none or several."""
    exercises = list(exercises if exercises is not None else all_exercises())
    key = Path(query).name.removesuffix(".py").lower()
    exact = [e for e in exercises if key == e.name or (key.isdigit() and int(key) == e.number)]
    matches = exact or [e for e in exercises if key and not key.isdigit() and key in e.name]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(exercise.name for exercise in matches)
        raise ValueError(f"'{query}' matches {names}; give the number")
    raise ValueError(
        f"expected an exercise, 1 to {len(exercises)} or its name, got '{query}'; "
        "see nnscratch learn list"
    )
