"""Parameter and Module: functions that own what they learn, and the trees they form.

Stands on `tensor`. A Module is a plain object: its parameters, buffers and children are the
attributes that are Parameters, Tensors and Modules, in the order of their assignment.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from nnscratch.backend import DEVICES, Array, array_module, is_array, to_device
from nnscratch.summary.differences import Kinds, differences
from nnscratch.tensor import Tensor

SETTINGS = (bool, int, float, str, tuple, list, type(None))  # attributes that repr shows


class Parameter(Tensor):
    """A Tensor that a Module learns."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True):
        super().__init__(data, requires_grad)


class Module:
    """A function with parameters. Subclasses assign parameters and layers, and define `forward`."""

    training = True

    def forward(self, *inputs: Any) -> Any:
        raise TypeError(f"{type(self).__name__}: defines no forward; add one")

    def __call__(self, *inputs: Any) -> Any:
        output = self.forward(*inputs)
        for hook in vars(self).get("_forward_hooks", ()):
            hook(self, inputs, output)
        return output

    def register_forward_hook(self, hook: Callable[["Module", tuple, Any], None]) -> Callable:
        """Call hook(module, inputs, output) after each call; the returned function removes it.

        Differs from PyTorch: the hook cannot change the output.
        """
        hooks = vars(self).setdefault("_forward_hooks", [])
        hooks.append(hook)
        return partial(hooks.remove, hook)

    # -- the tree ----------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The Modules among the attributes, also those in lists, tuples and dictionaries."""
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

    # -- values ------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """Parameters and buffers by dotted name, detached."""
        return {name: value.detach() for name, value in self._named_tensors()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over all values of `state`, or none: ValueError lists how names or shapes differ.

        Values are copied, cast to the dtype of the parameter and moved to its device.
        """
        tensors = dict(self._named_tensors())
        arrays = {name: _array(value) for name, value in state.items()}
        if report := differences(_kinds(tensors), _kinds(arrays)):
            raise ValueError(f"load_state_dict: the weights are of another network: {report}")
        copies = {name: _copy(name, arrays[name], tensor) for name, tensor in tensors.items()}
        for name, tensor in tensors.items():
            tensor.data = copies[name]

    def to(self, target: Any) -> "Module":
        """Move all parameters and buffers to a device ("cpu", "cuda") or a dtype (np.float64)."""
        if target not in DEVICES and not _is_float(target):
            raise ValueError(f"to: expected a device in {DEVICES} or a float dtype, got {target!r}")
        for _, tensor in self._named_tensors():
            moves = target in DEVICES
            tensor.data = to_device(tensor.data, target) if moves else tensor.data.astype(target)
            tensor.grad = None
        return self

    # -- modes -------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> "Module":
        """Switch dropout and batch norm, here and below, to training."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """Switch dropout and batch norm, here and below, to inference."""
        return self.train(False)

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        """Within this block all modules are in eval mode; after it each is in its own again."""
        modes = {module: module.training for module in self.modules()}
        self.eval()
        try:
            yield
        finally:
            for module, mode in modes.items():
                module.training = mode

    def __repr__(self) -> str:
        """The name with all children, or with the settings among the attributes."""
        kind = type(self).__name__
        children = [f"({name}): {child!r}" for name, child in self.named_children()]
        if children:
            lines = "\n".join(children).replace("\n", "\n  ")
            return f"{kind}(\n  {lines}\n)"
        attributes = [(name, v) for name, v in vars(self).items() if name != "training"]
        settings = [f"{name}={v!r}" for name, v in attributes if isinstance(v, SETTINGS)]
        return f"{kind}({', '.join(settings)})"


def _members(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Attributes by name, in order; the items of lists, tuples and dictionaries one by one."""
    for name, value in attributes.items():
        if isinstance(value, (list, tuple)):
            value = dict(enumerate(value))
        if isinstance(value, dict):
            yield from _members({f"{name}.{key}": item for key, item in value.items()})
        else:
            yield name, value


def _is_float(target: Any) -> bool:
    try:
        return target is not None and np.dtype(target).kind == "f"
    except TypeError:
        return False


def _kinds(values: Mapping[str, Any]) -> Kinds:
    return {name: (value.shape, value.dtype) for name, value in values.items()}


def _array(value: Any) -> Array:
    value = value.data if isinstance(value, Tensor) else value
    return value if is_array(value) else np.asarray(value)


def _copy(name: str, array: Array, tensor: Tensor) -> Array:
    """A copy in the dtype of `tensor`: training must not write into the caller's array."""
    try:
        with np.errstate(over="raise"):
            return array_module(tensor.data).array(array, dtype=tensor.dtype)
    except FloatingPointError as error:
        raise ValueError(
            f"load_state_dict: {name} holds numbers that {tensor.dtype} cannot hold; take the "
            "network .to(np.float64) first"
        ) from error
