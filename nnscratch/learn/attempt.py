"""A learner's file: read, checked for what would miss the point, loaded, and its functions taken.

Stands on `exercise`. What cannot be examined is refused in words, as a Refusal.
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

DEEPEST = 10  # wrappers around a function
REFERENCE = ("nnscratch", "solution", "torch", "tensorflow", "jax")
REFERENCE_REASON = "the exercise is to write it yourself"


class Refusal(Exception):
    """Why a file cannot be examined: a code, one line, and a line to look at."""

    def __init__(self, code: str, title: str, line: int | None = None, detail: str = ""):
        super().__init__(title)
        self.code, self.title, self.line, self.detail = code, title, line, detail


def load(path: Path, loaded: Loaded) -> dict[str, Any]:
    """The learner's functions by name. Raises Refusal."""
    tree = _parsed(path)
    for code, title, line in _rules(tree, loaded.forbidden):
        raise Refusal(code, title, line)
    module = _run(path, tree)
    return {name: _own(module, name, path) for name in loaded.functions}


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8-sig"), str(path))
    except FileNotFoundError:
        raise Refusal("no-file", f"there is no file {path.name}") from None
    except UnicodeDecodeError:
        raise Refusal("encoding", f"{path.name} is not written in UTF-8; save it so") from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        text = getattr(error, "text", None) or ""
        name = "SyntaxError" if isinstance(error, ValueError) else type(error).__name__
        raise Refusal(
            "syntax", f"{name}: {getattr(error, 'msg', error)}", line, text.strip()
        ) from None


def _rules(tree: ast.Module, forbidden: Mapping[str, str]) -> Iterator[tuple[str, str, int]]:
    """Imports of the reference, and calls that would do the exercise for the learner."""
    names: dict[str, str] = {}  # as it is called here -> what it is
    for node in ast.walk(tree):
        for alias, full in _imports(node):
            names[alias] = full
            if full.split(".")[0] in REFERENCE:
                title = f"imports {full.split('.')[0]}: {REFERENCE_REASON}"
                yield "reference", title, getattr(node, "lineno", 1)
    for node in ast.walk(tree):
        dotted = _dotted(node, names)
        if dotted in forbidden:
            yield "short-cut", f"uses {dotted}: {forbidden[dotted]}", getattr(node, "lineno", 1)


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
    """The module, once executed; it may print, it may raise."""
    module = types.ModuleType("__learner__")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look for it there
    try:
        exec(compile(tree, str(path), "exec"), vars(module))
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        title = f"{type(error).__name__} while the file is read: {error}"
        raise Refusal("crash", title, lines[-1] if lines else None) from None
    return module


def _own(module: types.ModuleType, name: str, path: Path) -> Any:
    """What the file defines under that name; it must be the file's own code."""
    found = getattr(module, name, None)
    if found is None:
        raise Refusal("missing", f"{path.name} defines no {name}; the stub shows how it begins")
    if not callable(found):
        raise Refusal("missing", f"{name} is no function, it is a {type(found).__name__}")
    code = _code(found)
    home = None if code is None else code.co_filename
    if isinstance(found, type):
        home = str(path) if found.__module__ == module.__name__ else found.__module__
    if home != str(path):
        origin = home or f"{getattr(found, '__module__', None) or 'elsewhere'}"
        raise Refusal("foreign", f"{name} is not your file's own code, it comes from {origin}")
    return found


def _code(found: Any) -> types.CodeType | None:
    """What runs in the end, through functools, numpy.vectorize and objects that can be called."""
    for _ in range(DEEPEST):
        if isinstance(found, functools.partial):
            found = found.func
        elif isinstance(found, np.vectorize):
            found = found.pyfunc
        elif hasattr(found, "__wrapped__"):
            found = found.__wrapped__
        elif hasattr(found, "__code__"):
            return found.__code__
        else:
            found = inspect.getattr_static(type(found), "__call__", None)
    return None


def first_line(function: Any) -> int | None:
    """Where a function begins."""
    if isinstance(function, type):
        methods = (getattr(value, "__code__", None) for value in vars(function).values())
        lines = [code.co_firstlineno for code in methods if code is not None]
        return min(lines) if lines else None
    code = _code(function)
    return None if code is None else code.co_firstlineno
