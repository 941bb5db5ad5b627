"""Loads a learner's file: parse it, reject shortcuts, execute it, take its functions.

Stands on `exercise`. A file that cannot be examined raises Refusal, which says why.
"""

import ast
import functools
import inspect
import sys
import traceback
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.learn.exercise import Loaded

MAX_WRAPPERS = 10  # around a function
REFERENCE = ("nnscratch", "solution", "torch", "tensorflow", "jax")
REFERENCE_REASON = "write it yourself"


class Refusal(Exception):
    """Why a file cannot be examined: a code, a title, the line in the file, its text."""

    def __init__(self, code: str, title: str, line: int | None = None, detail: str = ""):
        super().__init__(title)
        self.code, self.title, self.line, self.detail = code, title, line, detail


def load(path: Path, loaded: Loaded) -> dict[str, Any]:
    """The learner's functions by name. Raises Refusal."""
    tree = _parsed(path)
    _check_rules(tree, loaded.forbidden)
    module = _run(path, tree)
    return {name: _own(module, name, path) for name in loaded.functions}


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8-sig"), str(path))
    except FileNotFoundError:
        raise Refusal("no-file", f"the file {path.name} is missing") from None
    except UnicodeDecodeError:
        raise Refusal("encoding", f"{path.name} is not UTF-8; save it in UTF-8") from None
    except SyntaxError as error:
        title = f"{type(error).__name__}: {error.msg}"
        raise Refusal("syntax", title, error.lineno, (error.text or "").strip()) from None
    except ValueError as error:  # a null byte
        raise Refusal("syntax", f"SyntaxError: {error}") from None


def _check_rules(tree: ast.Module, forbidden: Mapping[str, str]) -> None:
    """Raise Refusal at an import of a reference or a forbidden call."""
    names: dict[str, str] = {}  # local name -> full name
    for node in ast.walk(tree):
        for alias, full in _imports(node):
            names[alias] = full
            if full.split(".")[0] in REFERENCE:
                title = f"imports {full.split('.')[0]}: {REFERENCE_REASON}"
                raise Refusal("reference", title, getattr(node, "lineno", 1))
    for node in ast.walk(tree):
        dotted = _dotted(node, names)
        if dotted in forbidden:
            title = f"uses {dotted}: {forbidden[dotted]}"
            raise Refusal("short-cut", title, getattr(node, "lineno", 1))


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for name in node.names:
            full = name.name if name.asname else name.name.split(".")[0]
            yield name.asname or full, name.name if name.asname else full
    if isinstance(node, ast.ImportFrom) and node.module:
        for name in node.names:
            yield name.asname or name.name, f"{node.module}.{name.name}"


def _dotted(node: ast.AST, names: Mapping[str, str]) -> str:
    """np.linalg.norm -> numpy.linalg.norm; "" for anything else."""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value, names)
        return f"{before}.{node.attr}" if before else ""
    return ""


def _run(path: Path, tree: ast.Module) -> types.ModuleType:
    """Execute the file as a module. Raises Refusal if it raises."""
    module = types.ModuleType("__learner__")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look it up there
    try:
        exec(compile(tree, str(path), "exec"), vars(module))
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        title = f"{type(error).__name__} while the file is executed: {error}"
        raise Refusal("crash", title, lines[-1] if lines else None) from None
    return module


def _own(module: types.ModuleType, name: str, path: Path) -> Any:
    """The object of that name; it must be defined in the file."""
    function = getattr(module, name, None)
    if function is None:
        raise Refusal("missing", f"{path.name} does not define {name}; see the stub")
    if not callable(function):
        raise Refusal("missing", f"{name} is not a function but of type {type(function).__name__}")
    code = _code(function)
    home = None if code is None else code.co_filename
    if isinstance(function, type):
        home = str(path) if function.__module__ == module.__name__ else function.__module__
    if home != str(path):
        origin = home or getattr(function, "__module__", None) or "elsewhere"
        raise Refusal("foreign", f"{name} is not defined in your file; it comes from {origin}")
    return function


def _code(function: Any) -> types.CodeType | None:
    """The code that runs, below functools and numpy.vectorize and behind callable objects."""
    for _ in range(MAX_WRAPPERS):
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, np.vectorize):
            function = function.pyfunc
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif hasattr(function, "__code__"):
            return function.__code__
        else:
            function = inspect.getattr_static(type(function), "__call__", None)
    return None


def first_line(function: Any) -> int | None:
    """The first line of a function, or of a class's methods."""
    if isinstance(function, type):
        methods = (getattr(value, "__code__", None) for value in vars(function).values())
        lines = [code.co_firstlineno for code in methods if code is not None]
        return min(lines) if lines else None
    code = _code(function)
    return None if code is None else code.co_firstlineno
