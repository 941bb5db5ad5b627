"""Optimisers: they move parameters along their gradients.

Stands on `tensor`. Only optimisers write to the data of a Tensor, and only to leaves, between
graphs.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from nnscratch.backend import Array, array_module, to_numpy
from nnscratch.tensor import Tensor


class Optimizer:
    """A list of parameters and a learning rate; subclasses define `step`."""

    def __init__(self, params: Iterable[Tensor], lr: float):
        self.params, self.lr = list(params), lr
        name = type(self).__name__
        if not self.params:
            raise ValueError(f"{name}: expected at least one parameter, got none")
        for i, p in enumerate(self.params):
            if not isinstance(p, Tensor) or not p.is_leaf or not p.requires_grad:
                raise ValueError(
                    f"{name}: parameter {i} is not a leaf that requires a gradient; "
                    "create it with Tensor(data, requires_grad=True)"
                )
            if any(p is other for other in self.params[:i]):
                raise ValueError(f"{name}: parameter {i} was given twice")
        if lr < 0:
            raise ValueError(f"{name}: expected lr of at least 0, got {lr}")

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None


class SGD(Optimizer):
    """Stochastic gradient descent with momentum: v ← momentum·v + g, p ← p − lr·v.

    nesterov: step along g + momentum·v; weight_decay adds weight_decay·p to the gradient.
    Source: Sutskever et al. 2013, in PyTorch's form.
    """

    def __init__(self, params, lr=1e-3, momentum=0.0, nesterov=False, weight_decay=0.0):
        super().__init__(params, lr)
        if nesterov and momentum <= 0:
            raise ValueError("SGD: nesterov needs a momentum above 0")
        self.momentum, self.nesterov = float(momentum), nesterov
        self.weight_decay = float(weight_decay)
        self.velocity: list[Array | None] = [None] * len(self.params)

    def step(self) -> None:
        for i, p in enumerate(self.params):
            if p.grad is not None:
                p.data, self.velocity[i] = self._update(p.data, p.grad.data, self.velocity[i])

    def _update(self, p: Array, g: Array, v: Array | None) -> tuple[Array, Array | None]:
        if self.weight_decay:
            g = g + self.weight_decay * p
        if self.momentum:
            v = g if v is None else self.momentum * v + g
            g = g + self.momentum * v if self.nesterov else v
        return p - float(self.lr) * g, v  # a NumPy float64 would promote float32


class Adam(Optimizer):
    """Adam: steps scaled by running means m of the gradient and v of its square.

    decoupled: weight decay shrinks the parameter itself, not through the gradient (AdamW).
    Source: Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1; Loshchilov and Hutter 2019.
    """

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False
    ):
        super().__init__(params, lr)
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"Adam: expected betas in [0, 1), got {betas}")
        self.betas, self.eps = (float(betas[0]), float(betas[1])), float(eps)
        self.weight_decay, self.decoupled = float(weight_decay), decoupled
        self.moments: list[tuple[Array, Array, int] | None] = [None] * len(self.params)

    def step(self) -> None:
        for i, p in enumerate(self.params):
            if p.grad is not None:
                p.data, self.moments[i] = self._update(p.data, p.grad.data, self.moments[i])

    def _update(self, p: Array, g: Array, moments: Any) -> tuple[Array, tuple[Array, Array, int]]:
        lr, (beta1, beta2) = float(self.lr), self.betas
        if self.weight_decay and self.decoupled:
            p = p * (1 - lr * self.weight_decay)
        elif self.weight_decay:
            g = g + self.weight_decay * p
        m, v, t = moments or (0.0, 0.0, 0)
        m, v, t = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * (g * g), t + 1
        # bias correction: m and v start at 0, so their means are too small by 1 − beta^t
        size = lr / (1 - beta1**t)
        root = array_module(v).sqrt(v) * (1 - beta2**t) ** -0.5
        return p - size * m / (root + self.eps), (m, v, t)


class LBFGS(Optimizer):
    """Limited-memory BFGS on all parameters as one vector, through SciPy's L-BFGS-B.

    bounds: (lowest, highest) value of every element; None where there is no bound.
    Differs from PyTorch: each step is a whole minimisation and starts with an empty history.
    """

    def __init__(self, params, max_iter=20, history_size=10, tolerance_grad=1e-7, bounds=None):
        super().__init__(params, lr=1.0)
        self.max_iter, self.history_size = max_iter, history_size
        self.tolerance_grad, self.bounds = tolerance_grad, bounds

    def step(self, closure: Callable[[], Tensor], callback: Callable | None = None) -> float:
        """Run up to max_iter iterations and return the last loss.

        closure: computes the loss anew; callback: called without arguments after every iteration
        """
        # here, since it takes longer to load than all of nnscratch
        from scipy.optimize import Bounds, minimize

        def value_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
            self._assign(flat)
            self.zero_grad()
            loss = closure()
            if all(p.grad is None for p in self.params):
                loss.backward()
            return loss.item(), self._flat([p.grad for p in self.params])

        def after_iteration(flat: np.ndarray) -> None:
            self._assign(flat)
            if callback is not None:
                callback()

        options = {"maxiter": self.max_iter, "maxcor": self.history_size}
        options |= {"gtol": self.tolerance_grad, "maxfun": 10 * self.max_iter}
        result = minimize(
            value_and_gradient,
            self._flat(self.params),
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

    def _flat(self, tensors: Iterable[Tensor | None]) -> np.ndarray:
        """All elements as one vector; zeros in place of None."""
        parts = [
            np.zeros(p.size) if x is None else to_numpy(x.data).reshape(-1)
            for x, p in zip(tensors, self.params, strict=True)
        ]
        return np.concatenate(parts).astype(np.float64)

    def _assign(self, flat: np.ndarray) -> None:
        """The inverse of `_flat`, into new arrays."""
        ends = np.cumsum([p.size for p in self.params])
        for p, values in zip(self.params, np.split(flat, ends[:-1]), strict=True):
            p.data = array_module(p.data).asarray(values.reshape(p.shape).astype(p.dtype))


def cosine_rate(step: int, steps: int, lr: float, last_lr: float = 0.0, warmup: int = 0) -> float:
    """The learning rate of a step, from 0: up to lr in `warmup` steps, then down half a cosine.

    Source: Loshchilov and Hutter 2017 (arXiv:1608.03983), equation 5, after a warm-up.
    """
    if step < warmup:
        return lr * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return last_lr + (lr - last_lr) * (1 + math.cos(math.pi * done)) / 2
