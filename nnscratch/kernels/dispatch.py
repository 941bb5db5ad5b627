"""How an engine takes the place of a definition.

Stands on nothing. Every function marked `@kernel` is a definition. Before it runs, the chooser is
asked whether an engine has a faster way to the same numbers; without a chooser it always runs.
"""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
# (name of a kernel, its arguments) -> a function that computes it, or None for the definition
Chooser = Callable[..., Callable[..., Any] | None]


class _Choice(threading.local):
    chooser: Chooser | None = None  # on the class for all threads, on an object for one


_choice = _Choice()


def kernel(define: Callable[P, R]) -> Callable[P, R]:
    """Mark the definition of a kernel; the result computes it by the engine that is chosen."""
    name = define.__name__

    @functools.wraps(define)
    def compute(*args: P.args, **kwargs: P.kwargs) -> R:
        choose = _choice.chooser
        engine = choose(name, *args, **kwargs) if choose else None
        return (engine or define)(*args, **kwargs)

    return compute


def definition(kernel: Callable[P, R]) -> Callable[P, R]:
    """The definition of a kernel, whatever engine is chosen."""
    return kernel.__wrapped__  # type: ignore[attr-defined]


@contextlib.contextmanager
def choosing(chooser: Chooser | None) -> Iterator[None]:
    """Within this block the kernels of this thread ask `chooser`; None: the definitions compute."""
    before, _choice.chooser = _choice.chooser, chooser
    try:
        yield
    finally:
        _choice.chooser = before


def set_default(chooser: Chooser) -> None:
    """Let the kernels of all threads ask `chooser`."""
    _Choice.chooser = staticmethod(chooser)
