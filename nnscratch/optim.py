"""Optimisers: they move parameters along their gradients.

Stands on `tensor`. Only optimisers write to the data of a Tensor, and only to leaves, between
graphs. Names, arguments and defaults are PyTorch's, but for what a docstring states.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nnscratch.backend import Array, array_module, is_array, to_numpy
from nnscratch.names import no_attribute as _no_attribute
from nnscratch.summary.differences import differences
from nnscratch.tensor import Tensor

State = dict[str, Any]  # what an optimiser remembers of one parameter


class Optimizer:
    """Parameters in groups, each with settings such as lr.

    params: parameters, or groups {"params": parameters, "lr": 0.1, ...} with their own settings
    Frozen parameters (requires_grad False) and those without a gradient are skipped.

    A subclass defines _update(p, g, state, **settings) -> the next value of parameter p with
    gradient g, and its next state.
    """

    _update: Callable[..., tuple[Array, State]]

    def __init__(self, params: Iterable[Any], **settings: Any):
        self.params: list[Tensor] = []
        self.state: list[State] = []  # of each parameter; empty before its first step
        self.param_groups: list[dict[str, Any]] = []
        self._defaults = settings
        items = _items(type(self).__name__, params)
        are_groups = bool(items) and all(isinstance(item, dict) for item in items)
        for group in items if are_groups else [{"params": items}]:
            self.add_param_group(group)
        if not any(p.requires_grad for p in self.params):
            raise ValueError(
                f"{type(self).__name__}: no parameter requires a gradient; unfreeze one with "
                "requires_grad_(), or create it with Tensor(data, requires_grad=True)"
            )

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters; settings that `group` does not name have their defaults."""
        name = type(self).__name__
        settings = {key: value for key, value in group.items() if key != "params"}
        if "params" not in group or not settings.keys() <= self._defaults.keys():
            raise ValueError(
                f"{name}: expected a group with 'params' and settings in {tuple(self._defaults)}, "
                f"got {tuple(group)}"
            )
        settings = self._defaults | settings
        self._check(settings)
        params = _items(name, group["params"])
        if not params:
            raise ValueError(f"{name}: expected at least one parameter, got none")
        known = list(self.params)
        for p in params:
            if not isinstance(p, Tensor) or not p.is_leaf or p.dtype.kind != "f":
                raise ValueError(
                    f"{name}: parameter {len(known)} is not a leaf that requires a gradient; "
                    "create it with Tensor(data, requires_grad=True)"
                )
            if any(p is other for other in known):
                raise ValueError(f"{name}: parameter {len(known)} was given twice")
            known.append(p)
        self.params = known
        self.state += [{} for _ in params]
        plain = {key: _plain(value) for key, value in settings.items()}
        self.param_groups.append({"params": params, **plain})

    def _check(self, settings: Mapping[str, Any]) -> None:
        """ValueError unless each number among the settings is finite and at least 0."""
        for name, value in settings.items():
            is_number = isinstance(value, (int, float, np.number, np.bool_))
            if isinstance(value, (tuple, list)) or (is_number and 0 <= value < math.inf):
                continue
            what = "" if is_number and value < 0 else " as a finite number"
            raise ValueError(
                f"{type(self).__name__}: expected {name}{what} of at least 0, got {value!r}"
            )

    @property
    def lr(self) -> float:
        """The learning rate of the first group; setting it sets that of all groups."""
        return self.param_groups[0]["lr"]

    @lr.setter
    def lr(self, value: float) -> None:
        self._check({"lr": value})
        for group in self.param_groups:
            group["lr"] = float(value)

    def zero_grad(self) -> None:
        """Remove the gradients."""
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        """Move each parameter along its gradient."""
        gradients = [self._gradient(i, p) for i, p in enumerate(self.params)]
        for i, (p, settings) in enumerate(_with_settings(self.param_groups)):
            if (g := gradients[i]) is not None:
                data, self.state[i] = self._update(p.data, g, self.state[i], **settings)
                p.data = data.astype(p.dtype, copy=False)

    def _gradient(self, number: int, p: Tensor) -> Array | None:
        """The gradient in the dtype of p. It is checked, since a user may have assigned it."""
        g: Any = p.grad
        if g is None or not p.requires_grad:
            return None
        if not isinstance(g, Tensor) or g.shape != p.shape:
            raise ValueError(
                f"{type(self).__name__}: expected the gradient of parameter {number} as a Tensor "
                f"of shape {p.shape}, got {type(g).__name__} of shape {np.shape(g)}"
            )
        return g.data.astype(p.dtype, copy=False)

    # -- saving ------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on beside parameters and gradients: arrays and numbers.

        Differs from PyTorch: flat, as a module's, with names like "state.0.m" (of parameter 0) and
        "groups.0.lr", so that a file of arrays can hold it.
        """
        state = {f"state.{i}.{k}": v for i, s in enumerate(self.state) for k, v in s.items()}
        return state | _by_name(self.param_groups)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned, as copies; or nothing: ValueError says why.

        The optimiser must be of the same class, with as many parameters of the same shapes.
        """
        arrays = {name: v if is_array(v) else np.asarray(v) for name, v in state.items()}
        expected = _by_name(self.param_groups)
        groups = [{"params": group["params"]} for group in self.param_groups]
        for name, own in expected.items():
            _, i, key = name.split(".")
            fits = name in arrays and arrays[name].shape == np.shape(own)
            groups[int(i)][key] = _plain(arrays[name]) if fits else own
        for group in groups:
            self._check({key: value for key, value in group.items() if key != "params"})
        for number, (p, settings) in enumerate(_with_settings(groups)):
            prefix = f"state.{number}."
            if any(name.startswith(prefix) for name in arrays):
                with np.errstate(all="ignore"):  # only names and shapes of this step matter
                    _, after_a_step = self._update(p.data, p.data, {}, **settings)
                expected |= {prefix + key: value for key, value in after_a_step.items()}
        if report := differences(_kinds(expected), _kinds(arrays)):
            raise ValueError(f"load_state_dict: the state is of another optimiser: {report}")
        self.param_groups, self.state = groups, [{} for _ in self.params]
        for name, value in expected.items():
            kind, i, key = name.split(".")
            if kind == "state":
                self.state[int(i)][key] = _copy_as(value, arrays[name])


class SGD(Optimizer):
    """Stochastic gradient descent with momentum: v ← momentum·v + (1 − dampening)·g, p ← p − lr·v.

    nesterov: step along g + momentum·v; weight_decay adds weight_decay·p to the gradient.
    Source: Sutskever et al. 2013, in PyTorch's form: v starts as g.
    """

    def __init__(
        self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False
    ):
        settings = {"lr": lr, "momentum": momentum, "dampening": dampening}
        super().__init__(params, **settings, weight_decay=weight_decay, nesterov=nesterov)

    def _check(self, settings: Mapping[str, Any]) -> None:
        super()._check(settings)
        if settings.get("nesterov") and (settings["momentum"] <= 0 or settings["dampening"]):
            raise ValueError("SGD: nesterov needs a momentum above 0, and no dampening")

    def _update(
        self, p, g, state, lr, momentum, dampening, weight_decay, nesterov
    ) -> tuple[Array, State]:
        if weight_decay:
            g = g + weight_decay * p
        if not momentum:
            return p - lr * g, {}
        v = state.get("velocity")
        # 1.0 * g is a copy: the owner of a gradient may change it
        v = 1.0 * g if v is None else momentum * v + (1 - dampening) * g
        g = g + momentum * v if nesterov else v
        return p - lr * g, {"velocity": v}


class Adam(Optimizer):
    """Adam: steps scaled by running means m of the gradient and v of its square.

    decoupled: weight decay shrinks the parameter itself, not through the gradient (AdamW).
    amsgrad: divide by the largest v so far (Reddi et al. 2018).
    Source: Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1; Loshchilov and Hutter 2019.
    """

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False,
        *, decoupled=False,
    ):  # fmt: skip
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, **settings, amsgrad=amsgrad, decoupled=decoupled)

    def _check(self, settings: Mapping[str, Any]) -> None:
        super()._check(settings)
        betas = settings.get("betas", (0, 0))
        pair = isinstance(betas, (tuple, list)) and len(betas) == 2
        if not pair or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"{type(self).__name__}: expected betas in [0, 1), got {betas}")

    def _update(
        self, p, g, state, lr, betas, eps, weight_decay, amsgrad, decoupled
    ) -> tuple[Array, State]:
        xp, (beta1, beta2) = array_module(p), betas
        if weight_decay and decoupled:
            p = p * (1 - lr * weight_decay)
        elif weight_decay:
            g = g + weight_decay * p
        m = beta1 * state.get("m", 0.0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0.0) + (1 - beta2) * (g * g)
        t = state.get("t", 0) + 1
        new = {"m": m, "v": v, "t": t}
        if amsgrad:
            new["largest"] = v = xp.maximum(state.get("largest", v), v)
        # bias correction: m and v start at 0, so their means are too small by 1 − beta^t
        size = lr / (1 - beta1**t)
        root = xp.sqrt(v) * (1 - beta2**t) ** -0.5
        return p - size * m / (root + eps), new


class AdamW(Adam):
    """Adam with decoupled weight decay, 0.01 by default."""

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False
    ):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, decoupled=True)


class RMSprop(Optimizer):
    """Steps along the gradient divided by the root of v, a running mean of its square.

    centered: divide by the deviation instead (Graves 2013, arXiv:1308.0850).
    Source: Tieleman and Hinton 2012, lecture 6.5, in PyTorch's form.
    """

    def __init__(
        self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False
    ):
        settings = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, **settings, momentum=momentum, centered=centered)

    def _update(
        self, p, g, state, lr, alpha, eps, weight_decay, momentum, centered
    ) -> tuple[Array, State]:
        if weight_decay:
            g = g + weight_decay * p
        new = {"v": alpha * state.get("v", 0.0) + (1 - alpha) * (g * g)}
        variance = new["v"]
        if centered:
            new["m"] = alpha * state.get("m", 0.0) + (1 - alpha) * g
            variance = variance - new["m"] ** 2
        step = g / (array_module(p).sqrt(variance) + eps)
        if momentum:
            new["velocity"] = step = momentum * state.get("velocity", 0.0) + step
        return p - lr * step, new


class LBFGS(Optimizer):
    """Limited-memory BFGS on all parameters as one vector, through SciPy's L-BFGS-B.

    bounds: (lowest, highest) value of every element; None where there is no bound.
    Differs from PyTorch: each step is a whole minimisation and starts with an empty history, so
    there is no state to save; no lr, no groups with settings; history_size is 10, not 100.
    """

    def __init__(self, params, max_iter=20, history_size=10, tolerance_grad=1e-7, bounds=None):
        super().__init__(params)
        self._check({"tolerance_grad": tolerance_grad})
        for name, value in (("max_iter", max_iter), ("history_size", history_size)):
            if not hasattr(value, "__index__") or value < 1:
                raise ValueError(f"LBFGS: expected {name} as an int of at least 1, got {value!r}")
        self.max_iter, self.history_size = max_iter, history_size
        self.tolerance_grad, self.bounds = tolerance_grad, bounds

    def step(  # type: ignore[override]  # as in PyTorch, it asks for the loss anew
        self, closure: Callable[[], Tensor], callback: Callable | None = None
    ) -> float:
        """Run up to max_iter iterations and return the last loss.

        closure: computes the loss anew; callback: called without arguments after every iteration
        """
        # here, since it takes longer to load than all of nnscratch
        from scipy.optimize import Bounds, minimize

        trained = self._trained()

        def value_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
            self._assign(flat)
            self.zero_grad()
            loss = closure()
            if all(p.grad is None for p in trained):
                loss.backward()
            for i, p in enumerate(self.params):
                self._gradient(i, p)
            return loss.item(), self._flat([p.grad for p in trained])

        def after_iteration(flat: np.ndarray) -> None:
            self._assign(flat)
            if callback is not None:
                callback()

        options = {"maxiter": self.max_iter, "maxcor": self.history_size}
        options |= {"gtol": self.tolerance_grad, "maxfun": 10 * self.max_iter}
        result = minimize(
            value_and_gradient,
            self._flat(trained),
            jac=True,
            method="L-BFGS-B",
            bounds=None if self.bounds is None else Bounds(*self._limits()),
            callback=after_iteration,
            options=options,
        )
        self._assign(result.x)
        return float(result.fun)

    def _limits(self) -> tuple[float, float]:
        low, high = self.bounds
        return -math.inf if low is None else low, math.inf if high is None else high

    def _trained(self) -> list[Tensor]:
        return [p for p in self.params if p.requires_grad]

    def _flat(self, tensors: Iterable[Tensor | None]) -> np.ndarray:
        """All elements as one vector; zeros in place of None."""
        parts = [
            np.zeros(p.size) if x is None else to_numpy(x.data).reshape(-1)
            for x, p in zip(tensors, self._trained(), strict=True)
        ]
        return np.concatenate(parts).astype(np.float64)

    def _assign(self, flat: np.ndarray) -> None:
        """The inverse of `_flat`, into new arrays."""
        trained = self._trained()
        ends = np.cumsum([p.size for p in trained])
        for p, values in zip(trained, np.split(flat, ends[:-1]), strict=True):
            p.data = array_module(p.data).asarray(values.reshape(p.shape).astype(p.dtype))


def clip_grad_norm(params: Iterable[Tensor], max_norm: float) -> float:
    """Scale gradients so that all together have a 2-norm of at most max_norm; return the old norm.

    Call it between backward() and step(). Source: Pascanu et al. 2013 (arXiv:1211.5063). Differs
    from PyTorch's clip_grad_norm_: gradients are replaced, not written to; the result is a float;
    ValueError if the norm is NaN or infinite.
    """
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm: expected max_norm of at least 0, got {max_norm}")
    with_grad: Any = [p for p in _items("clip_grad_norm", params) if p.grad is not None]
    if not all(isinstance(p.grad, Tensor) for p in with_grad):
        raise TypeError("clip_grad_norm: expected gradients as Tensors; write Tensor(values)")
    squares = [array_module(p.grad.data).square(p.grad.data, dtype=np.float64) for p in with_grad]
    norm = math.sqrt(sum(float(square.sum()) for square in squares))
    if not math.isfinite(norm):
        raise ValueError(
            f"clip_grad_norm: the norm of the gradients is {norm}; look for NaN in the inputs, or "
            "lower the learning rate"
        )
    if norm > max_norm:
        for p in with_grad:
            p.grad = p.grad * (max_norm / (norm + 1e-6))
    return norm


def step_rate(step: int, every: int, lr: float, factor: float = 0.1) -> float:
    """The learning rate of a step, from 0: lr, times `factor` after each `every` steps."""
    if every < 1:
        raise ValueError(f"step_rate: expected every as at least 1 step, got {every}")
    return lr * factor ** (step // every)


def cosine_rate(step: int, steps: int, lr: float, last_lr: float = 0.0, warmup: int = 0) -> float:
    """The learning rate of a step, from 0: up to lr in `warmup` steps, then down half a cosine.

    Source: Loshchilov and Hutter 2017 (arXiv:1608.03983), equation 5, after a warm-up.
    """
    if step < warmup:
        return lr * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return last_lr + (lr - last_lr) * (1 + math.cos(math.pi * done)) / 2


def _items(caller: str, params: Any) -> list[Any]:
    """`params` as a list; TypeError with the remedy if it is no collection of parameters."""
    remedy = ""
    if hasattr(params, "parameters"):
        remedy = "pass net.parameters()"
    elif isinstance(params, Tensor):
        remedy = "put it into a list"
    elif isinstance(params, Mapping):
        remedy = "put a group into a list; of a dictionary of parameters, pass .values()"
    elif callable(params):
        remedy = "call it, as in net.parameters()"
    elif not isinstance(params, Iterable):
        remedy = "pass net.parameters(), or a list"
    items = [] if remedy else list(params)
    if any(isinstance(item, tuple) for item in items):
        remedy = "pass parameters without names, as in net.parameters()"
    if remedy:
        raise TypeError(
            f"{caller}: expected parameters or groups of them, got {type(params).__name__}; "
            f"{remedy}"
        )
    return items


def _with_settings(groups: list[dict[str, Any]]) -> Iterator[tuple[Tensor, dict[str, Any]]]:
    """Each parameter with the settings of its group."""
    for group in groups:
        settings = {name: _plain(value) for name, value in group.items() if name != "params"}
        for p in group["params"]:
            yield p, settings


def _by_name(groups: list[dict[str, Any]]) -> dict[str, Any]:
    """The settings of all groups: "groups.0.lr", ..."""
    numbered = enumerate(groups)
    return {f"groups.{i}.{k}": v for i, g in numbered for k, v in g.items() if k != "params"}


def _plain(value: Any) -> Any:
    """A setting as Python numbers: NumPy's float64 would promote float32."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, (tuple, list)):
        return tuple(map(float, value))
    return value if isinstance(value, bool) else float(value)


def _kinds(values: Mapping[str, Any]) -> dict[str, Any]:
    arrays = {name: v if is_array(v) else np.asarray(v) for name, v in values.items()}
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


def _copy_as(value: Any, array: Array) -> Any:
    """A copy of `array` as what `value` is: an int, or an array of its library and dtype."""
    if isinstance(value, int):
        return int(array)
    return array_module(value).array(array, dtype=value.dtype)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)
