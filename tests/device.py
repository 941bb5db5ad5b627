"""A stand-in for CuPy: an array library whose arrays refuse to become NumPy's unasked.

This module is the library of `DeviceArray`. It offers only what CuPy offers, and behaves as CuPy
where the two differ: a reduction or an element is a 0-d array, and every mixture with a NumPy array
is a TypeError. An engine that calls NumPy on a device array fails here, without a GPU.
"""

import operator
import sys
from types import SimpleNamespace

import numpy as np

UFUNCS = """
absolute add arctan2 bitwise_and bitwise_not bitwise_or ceil copysign cos cosh divide equal exp
expm1 floor floor_divide greater greater_equal isfinite isinf isnan less less_equal log log1p log2
logaddexp logical_and logical_not logical_or maximum minimum mod multiply negative not_equal power
reciprocal rint sign sin sinh sqrt square subtract tan tanh true_divide
"""
FUNCTIONS = """
all any argmax argmin argsort ascontiguousarray broadcast_to clip concatenate cumsum diff dot einsum
empty_like expand_dims flip full_like matmul max mean median min moveaxis nonzero ones_like outer
pad prod ravel repeat reshape roll sort squeeze stack std sum swapaxes take tensordot tile trace
transpose tril triu unique var where zeros_like arange empty eye full identity linspace ones zeros
"""
METHODS = """
all any argmax argmin argsort astype clip copy cumsum dot flatten max mean min nonzero prod ravel
repeat reshape round squeeze std sum swapaxes take trace transpose var view
"""
TO_PYTHON = "__bool__ __float__ __int__ __index__ item tolist"
BINARY = "add sub mul truediv floordiv mod pow matmul and or xor"
COMPARISONS = "lt le gt ge eq ne"
UNARY = "neg pos abs invert"


class DeviceArray:
    """An array on a device that is, underneath, a NumPy array."""

    __array_ufunc__ = None  # ndarray + DeviceArray ends in __radd__, which refuses

    def __init__(self, host):
        self._host = np.asarray(host)

    def __array_namespace__(self):
        return sys.modules[__name__]

    def __array__(self, *_, **__):
        raise TypeError("implicit conversion of a device array to a NumPy array; use .get()")

    def __array_function__(self, function, *_):
        raise TypeError(f"numpy.{function.__name__} was called on a device array")

    def get(self):
        return self._host.copy()

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    strides = property(lambda self: self._host.strides)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    flags = property(lambda self: self._host.flags)
    T = property(lambda self: DeviceArray(self._host.T))

    def __len__(self):
        return len(self._host)

    def __getitem__(self, index):
        return DeviceArray(self._host[_index(index)])

    def __setitem__(self, index, value):
        self._host[_index(index)] = _plain(value)

    def __repr__(self):
        return f"DeviceArray({self._host!r})"

    __hash__ = None


def _plain(value):
    """What NumPy may compute with: device arrays opened, host arrays refused."""
    if isinstance(value, DeviceArray):
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError("unsupported type numpy.ndarray: a host array met a device array")
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return value


def _index(index):
    if isinstance(index, list):
        return index
    return _plain(index)


def _on_device(function):
    def call(*args, **kwargs):
        plain = {name: _plain(value) for name, value in kwargs.items()}
        answer = function(*map(_plain, args), **plain)
        return tuple(map(DeviceArray, answer)) if isinstance(answer, tuple) else DeviceArray(answer)

    return call


def _binary(function):
    call = _on_device(function)

    def refer(self, other):
        """As CuPy does: an operand that says so (a Tensor) has the first word."""
        refers = not isinstance(other, DeviceArray) and getattr(other, "__array_ufunc__", 0) is None
        return NotImplemented if refers else call(self, other)

    return refer


def _in_place(function):
    def call(self, other):
        function(self._host, _plain(other))
        return self

    return call


for _name in BINARY.split():
    _function = getattr(operator, f"__{_name}__")
    setattr(DeviceArray, f"__{_name}__", _binary(_function))
    setattr(DeviceArray, f"__r{_name}__", _binary(lambda a, b, f=_function: f(b, a)))
    setattr(DeviceArray, f"__i{_name}__", _in_place(getattr(operator, f"__i{_name}__")))
for _name in COMPARISONS.split():
    setattr(DeviceArray, f"__{_name}__", _binary(getattr(operator, f"__{_name}__")))
for _name in UNARY.split():
    setattr(DeviceArray, f"__{_name}__", _on_device(getattr(operator, f"__{_name}__")))
for _name in METHODS.split():
    setattr(DeviceArray, _name, _on_device(getattr(np.ndarray, _name)))
for _name in TO_PYTHON.split():
    _method = getattr(np.ndarray, _name)
    setattr(DeviceArray, _name, lambda self, *args, method=_method: method(self._host, *args))


class _Ufunc:
    def __init__(self, ufunc):
        self._ufunc = ufunc
        self._call = _on_device(ufunc)

    def __call__(self, first, *others, **kwargs):
        if not any(isinstance(x, DeviceArray) for x in (first, *others)):
            raise TypeError(f"{self._ufunc.__name__}: expected a device array, got {first!r}")
        return self._call(first, *others, **kwargs)

    def at(self, array, index, values):
        self._ufunc.at(array._host, _index(index), _plain(values))


for _name in UFUNCS.split():
    globals()[_name] = _Ufunc(getattr(np, _name))
for _name in FUNCTIONS.split():
    globals()[_name] = _on_device(getattr(np, _name))


def asarray(values, dtype=None):
    """The way onto the device: host arrays, numbers and lists are welcome here."""
    host = values._host if isinstance(values, DeviceArray) else np.array(values, dtype=dtype)
    return DeviceArray(host if dtype is None else host.astype(dtype, copy=False))


def array(values, dtype=None):
    return DeviceArray(asarray(values, dtype)._host.copy())


def _strided(x, shape, strides):
    return DeviceArray(np.lib.stride_tricks.as_strided(x._host, shape, strides))


lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=_strided))
