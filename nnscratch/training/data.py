"""Data as a user has them: arrays, Tensors or lists, checked and cut into batches.

Stands on `tensor`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from nnscratch.backend import array_module, is_array
from nnscratch.tensor import Tensor


def batches(x: Any, y: Any, size: int, order: np.ndarray | None = None) -> Iterator[tuple]:
    """Batches of x and y, in the given order of the items or in their own."""
    for start in range(0, len(x) if order is None else len(order), size):
        rows = slice(start, start + size)
        if order is None:
            yield x[rows], y[rows]
        else:  # an index must be of the library of its array
            yield tuple(a[array_module(a).asarray(order[rows])] for a in (x, y))


def pairs(caller: str, x: Any, y: Any) -> tuple[Any, Any]:
    """x and y as arrays of finite numbers, with as many items."""
    x, y = as_array(caller, "x", x, is_input=True), as_array(caller, "y", y)
    if len(x) != len(y):
        raise ValueError(f"{caller}: expected as many inputs as targets, got {len(x)} and {len(y)}")
    for name, array in (("x", x), ("y", y)):
        if array.dtype.kind != "f":
            continue
        finite = array_module(array).isfinite(array).reshape(len(array), -1).all(1)
        if not finite.all():
            raise ValueError(
                f"{caller}: {name} holds NaN or infinite numbers in {int((~finite).sum())} of "
                f"{len(array)} items, first in item {int(finite.argmin())}; remove or replace them"
            )
    return x, y


def as_array(caller: str, name: str, values: Any, is_input: bool = False) -> Any:
    """An array, Tensor or list as an array (N, ...); a list of floats, or of inputs, as float32."""
    array = values.data if isinstance(values, Tensor) else values
    if not is_array(array) or hasattr(array, "detach"):  # a list, or an array of other libraries
        try:
            array = np.asarray(array)
        except ValueError as error:
            raise ValueError(f"{caller}: the items of {name} differ in shape: {error}") from error
        if array.dtype == np.float64 or (is_input and array.dtype.kind in "biu"):
            array = array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{caller}: expected {name} as an array, a Tensor or a list of numbers, got "
            f"{type(values).__name__} of {array.dtype}"
        )
    if not array.ndim or not len(array):
        raise ValueError(
            f"{caller}: expected {name} (N, ...) of at least 1 item, got {array.shape}"
        )
    return array


def validation_pair(data: Any) -> tuple[Any, Any]:
    """validation_data (x, y) as `pairs` returns it."""
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(
            f"fit: expected validation_data as a pair (x, y), got {type(data).__name__}"
        )
    return pairs("fit: validation_data", *data)


def check_count(caller: str, name: str, value: Any) -> None:
    """ValueError unless `value` is an int of at least 1."""
    if not hasattr(value, "__index__") or isinstance(value, bool) or value < 1:
        raise ValueError(f"{caller}: expected {name} as an int of at least 1, got {value!r}")
