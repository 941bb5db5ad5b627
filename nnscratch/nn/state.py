"""Weights in a file and back, and a report that says how two networks' weights differ.

Stands on `files`. The file says of what kind and version it is; one without that, of another
program, is taken as well if its names and shapes agree.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnscratch.files import check_card, open_arrays, write_arrays

KIND, VERSION = "state_dict", 1
LISTED = 12  # lines of each sort in a report

Kinds = Mapping[str, tuple[tuple[int, ...], np.dtype]]  # shape and dtype by name


def save_state(module: Any, path: str | os.PathLike, caller: str = "save_state") -> None:
    """Write the parameters and buffers of a Module to .npz or .safetensors, whole or not at all."""
    _check_module(module, "state_dict", caller)
    arrays = {name: value.numpy() for name, value in module.state_dict().items()}
    write_arrays(path, arrays, {"kind": KIND, "version": VERSION}, caller)


def load_state(module: Any, path: str | os.PathLike, caller: str = "load_state") -> None:
    """Take over what `save_state` wrote; names and shapes must agree, or nothing is changed.

    Raises ValueError that says how they differ, or what else is wrong with the file.
    """
    _check_module(module, "load_state_dict", caller)
    with open_arrays(path, caller, "save it anew, as .npz or .safetensors") as found:
        if found.card is not None:
            check_card(found.card, KIND, VERSION, f"{caller}: '{path}'")
        state = dict(found)
    try:
        module.load_state_dict(state)
    except ValueError as error:
        report = str(error).removeprefix("load_state_dict: ")
        raise ValueError(f"{caller}: '{path}' does not fit: {report}") from error


def _check_module(module: Any, has: str, caller: str) -> None:
    if not hasattr(module, has):
        raise TypeError(
            f"{caller}: expected a Module, got {type(module).__name__}; the module comes first, "
            "then the path"
        )


def differences(expected: Kinds, given: Kinds) -> str:
    """What keeps `given` from being taken for `expected`, a line each; "" if nothing does."""
    common = [name for name in expected if name in given]
    missing = [name for name in expected if name not in given]
    unexpected = [name for name in given if name not in expected]
    shapes = [name for name in common if expected[name][0] != given[name][0]]
    kinds = [n for n in common if not np.can_cast(given[n][1], expected[n][1], "same_kind")]
    lines = [
        *_listed(missing, lambda name: f"missing     {name} {expected[name][0]}"),
        *_listed(unexpected, lambda name: f"unexpected  {name} {given[name][0]}"),
        *_listed(shapes, lambda name: f"shape       {_not(name, 0, expected, given)}"),
        *_listed(kinds, lambda name: f"dtype       {_not(name, 1, expected, given)}"),
    ]
    if not lines:
        return ""
    agree = len(common) - len({*shapes, *kinds})
    head = f"{agree} of {len(expected)} names agree in shape and dtype"
    return "\n".join([head, *(f"  {line}" for line in lines + _hints(expected, given, shapes))])


def _listed(names: list[str], line: Any) -> list[str]:
    rest = len(names) - LISTED
    more = [f"{line(names[LISTED]).partition(' ')[0]:<12}and {rest} more"] if rest > 0 else []
    return [line(name) for name in names[:LISTED]] + more


def _not(name: str, part: int, expected: Kinds, given: Kinds) -> str:
    return f"{name}: expected {expected[name][part]}, got {given[name][part]}"


def _hints(expected: Kinds, given: Kinds, shapes: list[str]) -> list[str]:
    """What probably happened, where the names or the shapes show it."""
    found = []
    if prefix := _prefix(given, expected):
        found.append(f"hint: the names agree without {prefix!r} in front")
    if prefix := _prefix(expected, given):
        found.append(f"hint: the names agree with {prefix!r} in front")
    other_names = set(expected) != set(given)
    in_order = [shape for shape, _ in expected.values()] == [shape for shape, _ in given.values()]
    if not found and other_names and in_order:
        found.append("hint: the shapes agree in their order: the same network under other names?")
    turned = [n for n in shapes if len(expected[n][0]) == 2 and expected[n][0] == given[n][0][::-1]]
    if turned:
        found.append(f"hint: {turned[0]} is transposed; Linear has (outputs, inputs)")
    return found


def _prefix(longer: Kinds, shorter: Kinds) -> str:
    """What `longer` has in front of all names of `shorter`; "" if nothing makes them agree."""
    length = len(min(longer, key=len, default="")) - len(min(shorter, key=len, default=""))
    prefix = next(iter(longer), "")[: max(0, length)]
    return prefix if {prefix + name for name in shorter} == set(longer) else ""
