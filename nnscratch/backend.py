"""Which array library owns an array, and how an array moves between the host and a GPU.

Stands on NumPy alone; CuPy is imported only when somebody asks for a GPU.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or cupy.ndarray: whatever array_module accepts

DEVICES = ("cpu", "cuda")


def array_module(*arrays: Array) -> Any:
    """The library that owns `arrays`: numpy or cupy. Raises TypeError if there are two."""
    if all(type(array) is np.ndarray for array in arrays):
        return np
    libraries = {library.__name__: library for library in map(_library, arrays)}
    for library in libraries.values():
        if getattr(library, "takes_all_arrays", False):
            return library
    if len(libraries) > 1:
        raise TypeError(
            f"array_module: expected arrays of one library, got {' and '.join(sorted(libraries))}; "
            'move them together with .to("cpu") or .to("cuda")'
        )
    return libraries.popitem()[1]


def _library(array: Array) -> Any:
    """The array says so itself (array API standard), or its class lives in that package."""
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    return sys.modules[type(array).__module__.partition(".")[0]]


def asarray(value: Any) -> Array:
    """`value` itself where it is an array, else a NumPy array of it."""
    return value if is_array(value) else np.asarray(value)


def is_array(value: object) -> bool:
    """Whether `value` is an array (of any library) rather than a number, list or Tensor."""
    return isinstance(value, (np.ndarray, np.generic)) or (
        hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value, "reshape")
    )


def to_numpy(array: Array) -> np.ndarray:
    """A host array with the same values; NumPy arrays are returned as they are."""
    return array if isinstance(array, np.ndarray) else array.get()


def to_device(array: Array, device: str) -> Array:
    """`array` on "cpu" (NumPy) or "cuda" (CuPy)."""
    if device not in DEVICES:
        raise ValueError(f"to: expected a device in {DEVICES}, got {device!r}")
    if device == "cpu":
        return to_numpy(array)
    return import_cupy().asarray(array)


def import_cupy() -> ModuleType:
    """CuPy, or a ValueError that says how to install it."""
    try:
        return importlib.import_module("cupy")
    except ImportError as error:
        raise ValueError(
            'to("cuda"): CuPy is not installed; '
            'install it with pip install "nnscratch[cuda12]" or "nnscratch[cuda13]", or in a '
            'clone with pip install ".[cuda12]"'
        ) from error


def put(values: Array, index: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with `values` added at `index`; an index that occurs twice adds twice."""
    xp = array_module(values)
    if is_basic_index(index):
        array = xp.zeros(shape, dtype=values.dtype)
        array[index] = values
        return array
    # in float64, as in every other long sum of float32
    wide = "float64" if values.dtype.kind == "f" else values.dtype
    array = xp.zeros(shape, dtype=wide)
    xp.add.at(array, index, values.astype(wide, copy=False))
    return array.astype(values.dtype, copy=False)


def copied_index(index: Any) -> Any:
    """`index` with its arrays copied: the caller may change them before backward needs them."""
    if isinstance(index, tuple):
        return tuple(map(copied_index, index))
    return index.copy() if is_array(index) else index


def is_basic_index(index: Any) -> bool:
    """Whether `index` holds only integers, slices, None and ...: then no element occurs twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, slice)
        or (isinstance(part, (int, np.integer)) and not isinstance(part, bool))
        for part in parts
    )
