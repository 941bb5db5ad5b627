"""Which engine computes a kernel: the first one, in measured order, whose condition holds.

Stands on `kernels`. An engine registers an implementation for a kernel by name, in the order in
which they should be tried. Where none fits, the definition computes.
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

    name: the engine's, and behind a colon the algorithm's where the engine has several;
    can: whether the result is right; pays: whether it is also the fastest, by measurement
    """

    name: str
    compute: Callable[..., Any]
    can: Condition
    pays: Condition

    def belongs_to(self, name: str) -> bool:
        """Whether `name` is this implementation's or its engine's name."""
        return name in (self.name, self.name.partition(":")[0])


IMPLEMENTATIONS: dict[str, list[Implementation]] = {}  # by kernel, the first to try first


def always(*args: Any, **kwargs: Any) -> bool:
    """The condition that always holds."""
    return True


def register(
    kernel: str, name: str, compute: Callable[..., Any], can: Condition, pays: Condition = always
) -> None:
    """Offer `compute` for a kernel, after those registered for it before."""
    IMPLEMENTATIONS.setdefault(kernel, []).append(Implementation(name, compute, can, pays))


def find(kernel: str, wanted: str | None, *args: Any, **kwargs: Any) -> Implementation | None:
    """The first implementation that fits the arguments and pays; None for the definition.

    wanted: look only among those of this engine or algorithm. An algorithm that is wanted by its
    full name is taken wherever its result is right.
    """
    for offer in IMPLEMENTATIONS.get(kernel, ()):
        if wanted is not None and not offer.belongs_to(wanted):
            continue
        pays = always if offer.name == wanted else offer.pays
        if offer.can(*args, **kwargs) and pays(*args, **kwargs):
            return offer
    return None


def choose(
    kernel: str, *args: Any, wanted: str | None = None, **kwargs: Any
) -> Callable[..., Any] | None:
    """The function of what `find` finds: the chooser of `kernels`."""
    offer = find(kernel, wanted, *args, **kwargs)
    return None if offer is None else offer.compute


def names() -> tuple[str, ...]:
    """All engines, and those of their algorithms that have a name."""
    offers = [offer.name for kernel in IMPLEMENTATIONS.values() for offer in kernel]
    engines = [name.partition(":")[0] for name in offers]
    return tuple(dict.fromkeys([DEFINITION, *engines, *sorted(set(offers) - set(engines))]))


@contextlib.contextmanager
def engine(name: str) -> Iterator[None]:
    """Within this block the kernels of this thread are computed by engine `name`.

    name: "definition", an engine such as "numpy", or one of its algorithms such as "numpy:im2col".
    Where that one cannot compute a kernel, the definition does.
    """
    if name not in names():
        raise ValueError(f"engine: expected one of {names()}, got {name!r}")
    with choosing(None if name == DEFINITION else partial(choose, wanted=name)):
        yield
