"""How the weights of two networks differ: a report of names, shapes and dtypes, with hints.

Stands on NumPy.
"""

from collections.abc import Callable, Mapping

import numpy as np

LISTED = 12  # lines of each kind in a report

Kinds = Mapping[str, tuple[tuple[int, ...], np.dtype]]  # shape and dtype by name


def differences(expected: Kinds, given: Kinds) -> str:
    """Why `given` cannot be loaded as `expected`, line by line; "" if it can."""
    common = [name for name in expected if name in given]
    missing = [name for name in expected if name not in given]
    unexpected = [name for name in given if name not in expected]
    shapes = [name for name in common if expected[name][0] != given[name][0]]
    dtypes = [n for n in common if not np.can_cast(given[n][1], expected[n][1], "same_kind")]

    def mismatch(name: str, part: int) -> str:
        return f"{name}: expected {expected[name][part]}, got {given[name][part]}"

    lines = [
        *_listed("missing", missing, lambda name: f"{name} {expected[name][0]}"),
        *_listed("unexpected", unexpected, lambda name: f"{name} {given[name][0]}"),
        *_listed("shape", shapes, lambda name: mismatch(name, 0)),
        *_listed("dtype", dtypes, lambda name: mismatch(name, 1)),
    ]
    if not lines:
        return ""
    agree = len(common) - len({*shapes, *dtypes})
    head = f"{agree} of {len(expected)} names agree in shape and dtype"
    return "\n  ".join([head, *lines, *_hints(expected, given, shapes)])


def _listed(kind: str, names: list[str], describe: Callable[[str], str]) -> list[str]:
    lines = [f"{kind:<12}{describe(name)}" for name in names[:LISTED]]
    rest = len(names) - LISTED
    return [*lines, f"{kind:<12}and {rest} more"] if rest > 0 else lines


def _hints(expected: Kinds, given: Kinds, shapes: list[str]) -> list[str]:
    """The likely cause, where the names or the shapes show it."""
    hints = []
    if prefix := _prefix(given, expected):
        hints.append(f"hint: the names agree without {prefix!r} in front")
    if prefix := _prefix(expected, given):
        hints.append(f"hint: the names agree with {prefix!r} in front")
    other_names = set(expected) != set(given)
    same_order = [shape for shape, _ in expected.values()] == [shape for shape, _ in given.values()]
    if not hints and other_names and same_order:
        hints.append("hint: the shapes agree in their order: the same network under other names?")
    for name in shapes:
        shape = expected[name][0]
        if len(shape) == 2 and shape == given[name][0][::-1]:
            return [*hints, f"hint: {name} is transposed; Linear has (outputs, inputs)"]
    return hints


def _prefix(longer: Kinds, shorter: Kinds) -> str:
    """What `longer` has in front of all names of `shorter`; "" if no prefix makes them agree."""
    length = len(min(longer, key=len, default="")) - len(min(shorter, key=len, default=""))
    prefix = next(iter(longer), "")[: max(0, length)]
    return prefix if {prefix + name for name in shorter} == set(longer) else ""
