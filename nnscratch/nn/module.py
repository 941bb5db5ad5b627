"""Parameter and Module: functions that own what they learn, and the trees they form.

Stands on `tensor`. A Module is a plain object: its parameters, buffers and children are found by
walking its attributes in the order they were assigned.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nnscratch.backend import DEVICES, array_module, is_array, to_device
from nnscratch.nn.state import Kinds, differences
from nnscratch.tensor import Tensor


class Parameter(Tensor):
    """A Tensor that a Module learns."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True):
        super().__init__(data, requires_grad)


_observers: list[Callable[["Module", Any], None]] = []


class Module:
    """A function with parameters. Subclasses assign parameters and layers, and define `forward`."""

    training = True

    def forward(self, *inputs: Any) -> Any:
        raise TypeError(f"{type(self).__name__}: defines no forward; add one")

    def __call__(self, *inputs: Any) -> Any:
        output = self.forward(*inputs)
        for observe in _observers:
            observe(self, output)
        return output

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        for name, value in _members(vars(self)):
            if isinstance(value, Module):
                yield name, value

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module, named `prefix`, and all below it, with dotted names."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def modules(self) -> Iterator["Module"]:
        return (module for _, module in self.named_modules())

    def _named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        for prefix, module in self.named_modules():
            for name, value in _members(vars(module)):
                if isinstance(value, Tensor):
                    yield f"{prefix}.{name}" if prefix else name, value

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Each parameter once, under its first name."""
        seen = set()
        for name, value in self._named_tensors():
            if isinstance(value, Parameter) and value not in seen:
                seen.add(value)
                yield name, value

    def parameters(self) -> Iterator[Parameter]:
        return (parameter for _, parameter in self.named_parameters())

    def zero_grad(self) -> None:
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, Tensor]:
        """Parameters and buffers by dotted name, detached."""
        return {name: value.detach() for name, value in self._named_tensors()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the values of `state`, or none: ValueError lists where names or shapes differ.

        Values are copied, and cast to the dtype and moved to the device of the parameter.
        """
        own = dict(self._named_tensors())
        given = {name: _array(value) for name, value in state.items()}
        if report := differences(_kinds(own), _kinds(given)):
            raise ValueError(f"load_state_dict: the weights are of another network: {report}")
        ready = {name: _copied(given[name], name, value) for name, value in own.items()}
        for name, value in own.items():
            value.data = ready[name]

    def train(self, mode: bool = True) -> "Module":
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        return self.train(False)

    def to(self, target: Any) -> "Module":
        """All parameters and buffers on a device ("cpu", "cuda") or in a dtype (np.float64)."""
        if target not in DEVICES and not _is_float(target):
            raise ValueError(f"to: expected a device in {DEVICES} or a float dtype, got {target!r}")
        for _, value in self._named_tensors():
            if target in DEVICES:
                value.data = to_device(value.data, target)
            else:
                value.data = value.data.astype(target)
            value.grad = None
        return self

    def _details(self) -> str:
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): {child!r}" for name, child in self.named_children()]
        if not children:
            return f"{type(self).__name__}({self._details()})"
        lines = "\n".join(children).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {lines}\n)"


def _members(container: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Attributes by name, lists, tuples and dictionaries opened up, in order."""
    for name, value in container.items():
        if isinstance(value, (list, tuple)):
            value = {str(i): item for i, item in enumerate(value)}
        if isinstance(value, dict):
            inner = _members({str(key): item for key, item in value.items()})
            yield from ((f"{name}.{key}", item) for key, item in inner)
        else:
            yield name, value


def _is_float(target: Any) -> bool:
    try:
        return target is not None and np.dtype(target).kind == "f"
    except TypeError:
        return False


def _kinds(values: Mapping[str, Any]) -> Kinds:
    return {name: (value.shape, value.dtype) for name, value in values.items()}


def _copied(given: Any, name: str, value: Tensor) -> Any:
    """A copy in the dtype of `value`: training must not write into what the caller loaded."""
    try:
        with np.errstate(over="raise"):
            return array_module(value.data).array(given, dtype=value.dtype)
    except FloatingPointError as error:
        raise ValueError(
            f"load_state_dict: {name} holds numbers that {value.dtype} cannot hold; take the "
            "network .to(np.float64) first"
        ) from error


def _array(value: Any) -> Any:
    return (
        value.data if isinstance(value, Tensor) else value if is_array(value) else np.asarray(value)
    )
