"""The registry of implementations: for each kernel, which engine computes it.

Stands on `kernels`. Engines register implementations for a kernel by name, the fastest first (by
measurement). The first one whose conditions hold computes; without one, the definition does.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from nnscratch.kernels import choosing

DEFINITION = "definition"
Condition = Callable[..., bool]  # of the kernel's arguments


class Implementation(NamedTuple):
    """One way to compute a kernel.

    name: "engine" or "engine:algorithm"; can: whether it can compute the kernel for these
    arguments; pays: whether it is also the fastest way, by measurement
    """

    name: str
    compute: Callable[..., Any]
    can: Condition
    pays: Condition

    def belongs_to(self, name: str) -> bool:
        """Whether `name` is the name of this implementation or of its engine."""
        return name in (self.name, self.name.partition(":")[0])


IMPLEMENTATIONS: dict[
    str, list[Implementation]
] = {}  # by kernel, in the order in which they are tried


def always(*args: Any, **kwargs: Any) -> bool:
    """The condition that always holds."""
    return True


def register(
    kernel: str, name: str, compute: Callable[..., Any], can: Condition, pays: Condition = always
) -> None:
    """Add `compute` to the implementations of a kernel; earlier ones are tried first."""
    IMPLEMENTATIONS.setdefault(kernel, []).append(Implementation(name, compute, can, pays))


def find(kernel: str, wanted: str | None, *args: Any, **kwargs: Any) -> Implementation | None:
    """The first implementation that can compute these arguments and pays; else None.

    wanted: consider only this engine or algorithm. An algorithm wanted by its full name need not
    pay.
    """
    for candidate in IMPLEMENTATIONS.get(kernel, ()):
        if wanted is not None and not candidate.belongs_to(wanted):
            continue
        pays = always if candidate.name == wanted else candidate.pays
        if candidate.can(*args, **kwargs) and pays(*args, **kwargs):
            return candidate
    return None


def choose(
    kernel: str, *args: Any, wanted: str | None = None, **kwargs: Any
) -> Callable[..., Any] | None:
    """As `find`, but only the function. `kernels` calls this before each kernel."""
    implementation = find(kernel, wanted, *args, **kwargs)
    return None if implementation is None else implementation.compute


def names() -> tuple[str, ...]:
    """All names that `engine` accepts: the engines in measured order, then their algorithms."""
    registered = [offer.name for offers in IMPLEMENTATIONS.values() for offer in offers]
    engines = [name.partition(":")[0] for name in registered]
    return tuple(dict.fromkeys([DEFINITION, *engines, *sorted(registered)]))


@contextlib.contextmanager
def engine(name: str) -> Iterator[None]:
    """Within this block, engine `name` computes the kernels of this thread.

    name: "definition", an engine such as "numpy", or an algorithm such as "numpy:im2col". The
    definition computes what this engine or algorithm cannot.
    """
    if name not in names():
        raise ValueError(f"engine: expected one of {names()}, got {name!r}")
    with choosing(None if name == DEFINITION else partial(choose, wanted=name)):
        yield
