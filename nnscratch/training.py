"""Create, compile, fit, evaluate, save: a training loop in the manner of Keras.

Stands on `nn` and `optim`. The loop is all in `_run_epoch`; everything else is bookkeeping.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch import nn
from nnscratch.autograd import no_grad
from nnscratch.backend import array_module, to_numpy
from nnscratch.nn.summary import Summary
from nnscratch.optim import SGD, Adam, Optimizer
from nnscratch.progress import live_line
from nnscratch.tensor import Tensor

Loss = Callable[[Tensor, Any], Tensor]
Metric = Callable[[Tensor, Any], float]


def accuracy(scores: Tensor, target: Any) -> float:
    """The share of rows (N, C) whose highest score is at the target (N,)."""
    return float(np.mean(scores.numpy().argmax(axis=1) == to_numpy(target)))


OPTIMIZERS = {"adam": Adam, "sgd": SGD}
LOSSES: dict[str, Loss] = {
    "cross_entropy": F.cross_entropy,
    "mse": F.mse_loss,
    "binary_cross_entropy": F.binary_cross_entropy_with_logits,
}
METRICS: dict[str, Metric] = {"accuracy": accuracy}


class Model:
    """A Module with what it takes to train it."""

    def __init__(self, module: nn.Module):
        self.module = module
        self.optimizer: Optimizer | None = None
        self.loss: Loss | None = None
        self.metrics: dict[str, Metric] = {}

    def compile(
        self,
        optimizer: str | Optimizer = "adam",
        loss: str | Loss = "cross_entropy",
        metrics: Sequence[str | Metric] = (),
        lr: float = 1e-3,
    ) -> "Model":
        """Choose how to train: by names, or an Optimizer and functions (output, target)."""
        if isinstance(optimizer, str):
            kind = _named(optimizer, OPTIMIZERS, "optimizer")
            self.optimizer = kind(self.module.parameters(), lr)
        else:
            self.optimizer = optimizer
        self.loss = _named(loss, LOSSES, "loss") if isinstance(loss, str) else loss
        self.metrics = {
            (m if isinstance(m, str) else m.__name__): (
                _named(m, METRICS, "metric") if isinstance(m, str) else m
            )
            for m in metrics
        }
        return self

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        epochs: int = 1,
        validation_data: tuple[Any, Any] | None = None,
        seed: Any = 0,
        verbose: bool = True,
        on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    ) -> dict[str, list[float]]:
        """Train on x (N, ...), y (N, ...) -> history: for each figure one value an epoch.

        seed: of the order of the items, or a numpy.random.Generator; on_epoch(number, figures)
        """
        _check_pairs("fit", x, y, batch_size)
        if epochs < 1:
            raise ValueError(f"fit: expected at least 1 epoch, got {epochs}")
        rng = np.random.default_rng(seed)
        history: dict[str, list[float]] = {}
        batches = -(-len(x) // batch_size)
        with live_line("fit", epochs * batches) if verbose else _silence() as advance:
            for epoch in range(epochs):
                self.module.train()
                order = rng.permutation(len(x))
                figures = self._run_epoch(_batches(x, y, batch_size, order), advance)
                if validation_data is not None:
                    held_out = self.evaluate(*validation_data, batch_size=batch_size)
                    figures |= {f"val_{name}": value for name, value in held_out.items()}
                for name, value in figures.items():
                    history.setdefault(name, []).append(value)
                if on_epoch is not None:
                    on_epoch(epoch + 1, figures)
        return history

    def _run_epoch(
        self, batches: Iterable[tuple], advance: Callable[[str], None]
    ) -> dict[str, float]:
        """One pass over the data: forward, loss, backward, step."""
        loss_of, optimizer = self._compiled("fit")
        seen = _Means()
        for x, y in batches:
            optimizer.zero_grad()
            output = self.module(Tensor(x))
            loss = loss_of(output, y)
            if not np.isfinite(loss.item()):
                raise ValueError(f"fit: the loss became {loss.item()}; lower the learning rate")
            loss.backward()
            optimizer.step()
            seen.add(len(x), loss.item(), {name: m(output, y) for name, m in self.metrics.items()})
            advance(seen.text())
        return seen.values()

    def evaluate(self, x: Any, y: Any, batch_size: int = 128) -> dict[str, float]:
        """The loss and the metrics on x, y, in eval mode."""
        _check_pairs("evaluate", x, y, batch_size)
        loss_of, _ = self._compiled("evaluate")
        seen = _Means()
        for batch, target in _batches(x, y, batch_size, None):
            output = self._apply(batch)
            figures = {name: metric(output, target) for name, metric in self.metrics.items()}
            seen.add(len(batch), loss_of(output, target).item(), figures)
        return seen.values()

    def predict(self, x: Any, batch_size: int = 128) -> np.ndarray:
        """The network's output for x (N, ...), in eval mode, as a host array."""
        _check_pairs("predict", x, x, batch_size)
        parts = [self._apply(b).numpy() for b, _ in _batches(x, x, batch_size, None)]
        return np.concatenate(parts)

    def _apply(self, x: Any) -> Tensor:
        modes = {module: module.training for module in self.module.modules()}
        self.module.eval()
        try:
            with no_grad():
                return self.module(Tensor(x))
        finally:
            for module, mode in modes.items():
                module.training = mode

    def summary(self, input_shape: Sequence[int]) -> Summary:
        """nn.summary of the module."""
        return nn.summary(self.module, input_shape)

    def save(self, path: str | os.PathLike) -> None:
        """Write the weights to a .npz or .safetensors file, whole or not at all."""
        nn.save_state(self.module, path, "save")

    def load(self, path: str | os.PathLike) -> "Model":
        """Take over the weights of a file that `save` wrote; names and shapes must agree."""
        nn.load_state(self.module, path, "load")
        return self

    def _compiled(self, caller: str) -> tuple[Loss, Any]:
        if self.loss is None:
            raise ValueError(f"{caller}: call compile(optimizer, loss, metrics) first")
        return self.loss, self.optimizer


class _Means:
    """Running means of a loss and of metrics, weighted by the size of the batches."""

    def __init__(self) -> None:
        self.count = 0
        self.sums: dict[str, float] = {}

    def add(self, size: int, loss: float, figures: dict[str, float]) -> None:
        self.count += size
        for name, value in {"loss": loss, **figures}.items():
            self.sums[name] = self.sums.get(name, 0.0) + size * value

    def values(self) -> dict[str, float]:
        return {name: total / self.count for name, total in self.sums.items()}

    def text(self) -> str:
        return " ".join(f"{name} {value:.4f}" for name, value in self.values().items())


class _silence:
    """In the place of a live line where none is wanted."""

    def __enter__(self) -> Callable[[str], None]:
        return lambda note: None

    def __exit__(self, *exception: object) -> None:
        return None


def _batches(x: Any, y: Any, size: int, order: np.ndarray | None) -> Iterator[tuple[Any, Any]]:
    """Pieces of x and y; in batch norm's sake a last piece of one item joins the one before."""
    count = len(x)
    starts = list(range(0, count, size))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    for start, stop in zip(starts, [*starts[1:], count], strict=True):
        if order is None:
            yield x[start:stop], y[start:stop]
        else:
            rows = array_module(x).asarray(order[start:stop])
            yield x[rows], y[rows]


def _check_pairs(caller: str, x: Any, y: Any, batch_size: int) -> None:
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"{caller}: expected as many inputs as targets, and some, got {len(x)} and {len(y)}"
        )
    if batch_size < 1:
        raise ValueError(f"{caller}: expected batch_size of at least 1, got {batch_size}")


def _named(name: str, table: dict[str, Any], what: str) -> Any:
    if name not in table:
        raise ValueError(f"compile: expected {what} in {tuple(table)}, got {name!r}")
    return table[name]
