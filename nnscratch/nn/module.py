"""Parameter and Module: functions that own what they learn, and the trees they form.

Stands on `tensor`. A Module is a plain object: its parameters and children are the attributes that
are Parameters and Modules, in the order of their assignment; buffers are registered by name.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnscratch.backend import DEVICES, Array, array_module, is_array, to_device
from nnscratch.summary.differences import Kinds, differences
from nnscratch.tensor import Tensor

SETTINGS = (bool, int, float, str, tuple, list, type(None))  # attributes that repr shows
COUNTER = "num_batches_tracked"  # of PyTorch's batch norm; nothing here depends on it
OTHER_NAMES = {
    "cuda": 'to("cuda")',
    "cpu": 'to("cpu")',
    "float": "to(np.float32)",
    "double": "to(np.float64)",
    "half": "to(np.float16)",
    "children": "named_children()",
    "buffers": "named_buffers()",
    "apply": "a loop over modules()",
    "register_parameter": "an attribute: module.name = nn.Parameter(values)",
    "add_module": "an attribute: module.name = layer",
}


class Unmatched(NamedTuple):
    """The names that `load_state_dict(state, strict=False)` left out."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Parameter(Tensor):
    """A Tensor that a Module learns."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True):
        super().__init__(data, requires_grad)


class Module:
    """A function with parameters. Subclasses assign parameters and layers, and define `forward`.

    Layers and parameters in lists, tuples and dictionaries belong to the module as well. Differs
    from PyTorch: `super().__init__()` is not needed; a Tensor that is neither a Parameter nor
    registered with `register_buffer` is no part of the state.
    """

    training = True

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise TypeError(f"{type(self).__name__}: defines no forward; add one")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        output = self.forward(*inputs, **options)
        for hook in vars(self).get("_forward_hooks", ()):
            hook(self, inputs, output)
        return output

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; TypeError if that would drop a parameter, a buffer or a layer."""
        before = vars(self).get(name)
        if value is not None and not _can_replace(before, value, name in self._buffers):
            kind = type(before).__name__
            remedy = (
                f"to change its values, write .{name}.data = array"
                if isinstance(before, Tensor)
                else "assign another layer"
            )
            raise TypeError(
                f"{type(self).__name__}: expected a {kind} or None as {name}, "
                f"got {type(value).__name__}; {remedy}"
            )
        super().__setattr__(name, value)

    if not TYPE_CHECKING:  # else mypy would take every attribute for known

        def __getattr__(self, name: str) -> Any:
            if name in OTHER_NAMES:
                ours = OTHER_NAMES[name]
                raise AttributeError(f"{type(self).__name__}.{name}: here it is {ours}")
            return super().__getattribute__(name)  # raises Python's error, or that of a property

    def register_forward_hook(self, hook: Callable[["Module", tuple, Any], None]) -> Callable:
        """Call hook(module, inputs, output) after each call; the returned function removes it.

        Differs from PyTorch: the hook cannot change the output.
        """
        hooks = vars(self).setdefault("_forward_hooks", [])
        hooks.append(hook)
        return partial(hooks.remove, hook)

    @property
    def _buffers(self) -> dict[str, bool]:
        """The names of the buffers of this module, and whether they are saved."""
        return vars(self).get("_registered", {})

    def register_buffer(self, name: str, value: Tensor | None, persistent: bool = True) -> None:
        """Make a Tensor that is not trained part of the state: it is saved, loaded and moved.

        persistent: False for a Tensor that is moved with the module but not saved
        """
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"register_buffer: expected the name of an attribute, got {name!r}")
        if value is not None and (not isinstance(value, Tensor) or isinstance(value, Parameter)):
            raise TypeError(
                f"register_buffer: expected a Tensor as {name}, got {type(value).__name__}; "
                "write Tensor(values)"
            )
        if name not in self._buffers and hasattr(self, name):
            raise ValueError(f"register_buffer: the module has an attribute {name!r} already")
        vars(self).setdefault("_registered", {})[name] = persistent
        setattr(self, name, value)

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

    def _named_tensors(self, with_temporary: bool = True) -> Iterator[tuple[str, Tensor]]:
        """Parameters and buffers; with_temporary: also buffers that are not saved."""
        for prefix, module in self.named_modules():
            for name, value in _members(vars(module)):
                is_buffer = name in module._buffers and (with_temporary or module._buffers[name])
                if isinstance(value, Parameter) or (isinstance(value, Tensor) and is_buffer):
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

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Each Tensor that `register_buffer` made part of the state."""
        tensors = self._named_tensors()
        return ((name, value) for name, value in tensors if not isinstance(value, Parameter))

    def requires_grad_(self, requires_grad: bool = True) -> "Module":
        """Train all parameters here and below, or freeze them: optimisers skip frozen ones."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self) -> None:
        for parameter in self.parameters():
            parameter.grad = None

    # -- values ------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """Parameters and buffers by dotted name, detached."""
        return {name: value.detach() for name, value in self._named_tensors(False)}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Unmatched:
        """Take over all values of `state`, or none: ValueError lists how names or shapes differ.

        Values are copied, cast to the dtype of the parameter and moved to its device.
        strict: False loads the names that agree, and the result lists the others
        Differs from PyTorch: `num_batches_tracked` of its batch norm is left out.
        """
        tensors = dict(self._named_tensors(False))
        arrays = {name: _array(value) for name, value in state.items()}
        arrays = {n: a for n, a in arrays.items() if n in tensors or n.split(".")[-1] != COUNTER}
        missing = [name for name in tensors if name not in arrays]
        unexpected = [name for name in arrays if name not in tensors]
        if not strict:
            tensors = {name: tensor for name, tensor in tensors.items() if name in arrays}
            arrays = {name: arrays[name] for name in tensors}
        if report := differences(_kinds(tensors), _kinds(arrays)):
            raise ValueError(f"load_state_dict: the weights are of another network: {report}")
        copies = {name: _copy(name, arrays[name], tensor) for name, tensor in tensors.items()}
        for name, tensor in tensors.items():
            tensor.data = copies[name]
        return Unmatched(missing, unexpected)

    def to(self, target: Any) -> "Module":
        """Move all parameters and buffers to a device ("cpu", "cuda") or a dtype (np.float64)."""
        if target not in DEVICES and not _is_float(target):
            raise ValueError(f"to: expected a device in {DEVICES} or a float dtype, got {target!r}")
        for _, tensor in self._named_tensors():
            if target in DEVICES:
                tensor.data = to_device(tensor.data, target)
            elif tensor.dtype.kind == "f":  # buffers may be integers
                tensor.data = tensor.data.astype(target)
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
        attributes = [(n, v) for n, v in vars(self).items() if n != "training" and n[0] != "_"]
        settings = [f"{name}={v!r}" for name, v in attributes if isinstance(v, SETTINGS)]
        return f"{kind}({', '.join(settings)})"


def _can_replace(before: Any, value: Any, is_buffer: bool) -> bool:
    """Whether an attribute stays what it is: a parameter, a buffer or a layer (or a function)."""
    if isinstance(before, Parameter):
        return isinstance(value, (Parameter, Module))
    if is_buffer:
        return isinstance(value, Tensor) and not isinstance(value, Parameter)
    return not isinstance(before, Module) or callable(value)


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
    if isinstance(value, Tensor):
        return value.data
    if hasattr(value, "detach"):  # PyTorch's
        return value.detach().cpu().numpy()
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
