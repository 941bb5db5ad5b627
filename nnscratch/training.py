"""Compile, fit, evaluate, save: a training loop with the interface of Keras.

Stands on `nn`, `optim` and `weights`. The loop itself is `_train_epoch`.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch import nn
from nnscratch.autograd import no_grad
from nnscratch.backend import array_module, to_numpy
from nnscratch.optim import SGD, Adam, Optimizer
from nnscratch.progress import live_line
from nnscratch.summary import Summary
from nnscratch.tensor import Tensor
from nnscratch.weights.state import load_state, save_state

Loss = Callable[[Tensor, Any], Tensor]
Metric = Callable[[Tensor, Any], float]


def accuracy(scores: Tensor, target: Any) -> float:
    """The share of rows of scores (N, C) whose highest score is at the target (N,)."""
    return float(np.mean(scores.numpy().argmax(axis=1) == to_numpy(target)))


OPTIMIZERS = {"adam": Adam, "sgd": SGD}
LOSSES: dict[str, Loss] = {
    "cross_entropy": F.cross_entropy,
    "mse": F.mse_loss,
    "binary_cross_entropy": F.binary_cross_entropy_with_logits,
}
METRICS: dict[str, Metric] = {"accuracy": accuracy}


class Model:
    """A Module with an optimiser, a loss and metrics."""

    def __init__(self, module: nn.Module):
        self.module = module
        self.optimizer: Any = None
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
            optimizer = kind(self.module.parameters(), lr)
        self.optimizer = optimizer
        self.loss = _named(loss, LOSSES, "loss")
        functions = [_named(metric, METRICS, "metric") for metric in metrics]
        names = [m if isinstance(m, str) else m.__name__ for m in metrics]
        self.metrics = dict(zip(names, functions, strict=True))
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
        """Train on x (N, ...), y (N, ...) -> history: one value per epoch for each figure.

        seed: of the order of the items, or a numpy.random.Generator; on_epoch(number, figures)
        """
        _check_pairs("fit", x, y, batch_size)
        if epochs < 1:
            raise ValueError(f"fit: expected at least 1 epoch, got {epochs}")
        rng = np.random.default_rng(seed)
        history: dict[str, list[float]] = {}
        steps = epochs * -(-len(x) // batch_size)
        silent = contextlib.nullcontext(lambda note: None)
        with live_line("fit", steps) if verbose else silent as advance:
            for epoch in range(1, epochs + 1):
                order = rng.permutation(len(x))
                figures = self._train_epoch(_batches(x, y, batch_size, order), advance)
                if validation_data is not None:
                    held_out = self.evaluate(*validation_data, batch_size=batch_size)
                    figures |= {f"val_{name}": value for name, value in held_out.items()}
                for name, value in figures.items():
                    history.setdefault(name, []).append(value)
                if on_epoch is not None:
                    on_epoch(epoch, figures)
        return history

    def _train_epoch(self, batches: Iterable, advance: Callable[[str], None]) -> dict[str, float]:
        """One pass over the data: forward, loss, backward, step."""
        loss_of = self._compiled_loss("fit")
        self.module.train()
        means = _Means()
        for x, y in batches:
            self.optimizer.zero_grad()
            output = self.module(Tensor(x))
            loss = loss_of(output, y)
            if not np.isfinite(loss.item()):
                raise ValueError(f"fit: the loss became {loss.item()}; lower the learning rate")
            loss.backward()
            self.optimizer.step()
            means.add(len(x), self._figures(loss, output, y))
            advance(means.text())
        return means.values()

    def evaluate(self, x: Any, y: Any, batch_size: int = 128) -> dict[str, float]:
        """The loss and the metrics on x, y, in eval mode."""
        _check_pairs("evaluate", x, y, batch_size)
        loss_of = self._compiled_loss("evaluate")
        means = _Means()
        with self.module.evaluating(), no_grad():
            for batch, target in _batches(x, y, batch_size):
                output = self.module(Tensor(batch))
                means.add(len(batch), self._figures(loss_of(output, target), output, target))
        return means.values()

    def predict(self, x: Any, batch_size: int = 128) -> np.ndarray:
        """The output of the network for x (N, ...), in eval mode, as a host array."""
        _check_pairs("predict", x, x, batch_size)
        with self.module.evaluating(), no_grad():
            parts = [self.module(Tensor(b)).numpy() for b, _ in _batches(x, x, batch_size)]
        return np.concatenate(parts)

    def summary(self, input_shape: Sequence[int]) -> Summary:
        """nn.summary of the module."""
        return nn.summary(self.module, input_shape)

    def save(self, path: str | os.PathLike) -> None:
        """Write the weights to a .npz or .safetensors file, all or nothing."""
        save_state(self.module, path, "save")

    def load(self, path: str | os.PathLike) -> "Model":
        """Load the weights from a file that `save` wrote; names and shapes must agree."""
        load_state(self.module, path, "load")
        return self

    def _compiled_loss(self, caller: str) -> Loss:
        if self.loss is None:
            raise ValueError(f"{caller}: call compile(optimizer, loss, metrics) first")
        return self.loss

    def _figures(self, loss: Tensor, output: Tensor, target: Any) -> dict[str, float]:
        metrics = {name: metric(output, target) for name, metric in self.metrics.items()}
        return {"loss": loss.item(), **metrics}


class _Means:
    """Running means of figures, weighted by the size of the batches."""

    def __init__(self) -> None:
        self.count = 0
        self.sums: dict[str, float] = {}

    def add(self, size: int, figures: dict[str, float]) -> None:
        self.count += size
        for name, value in figures.items():
            self.sums[name] = self.sums.get(name, 0.0) + size * value

    def values(self) -> dict[str, float]:
        return {name: total / self.count for name, total in self.sums.items()}

    def text(self) -> str:
        return " ".join(f"{name} {value:.4f}" for name, value in self.values().items())


def _batches(x: Any, y: Any, size: int, order: np.ndarray | None = None) -> Iterator[tuple]:
    """Batches of x and y, in the given order of the items or in their own."""
    starts = _starts(len(x), size)
    for start, stop in zip(starts, [*starts[1:], len(x)], strict=True):
        rows = slice(start, stop)
        if order is not None:
            rows = array_module(x).asarray(order[start:stop])
        yield x[rows], y[rows]


def _starts(count: int, size: int) -> list[int]:
    """Where batches start. A last batch of one item joins the one before: batch norm needs two."""
    starts = list(range(0, count, size))
    return starts[:-1] if len(starts) > 1 and starts[-1] == count - 1 else starts


def _check_pairs(caller: str, x: Any, y: Any, batch_size: int) -> None:
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"{caller}: expected as many inputs as targets, and some, got {len(x)} and {len(y)}"
        )
    if batch_size < 1:
        raise ValueError(f"{caller}: expected batch_size of at least 1, got {batch_size}")


def _named(choice: Any, table: dict[str, Any], what: str) -> Any:
    """The entry of that name; what is no name is returned as it is."""
    if not isinstance(choice, str):
        return choice
    if choice not in table:
        raise ValueError(f"compile: expected {what} in {tuple(table)}, got {choice!r}")
    return table[choice]
