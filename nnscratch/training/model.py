"""Compile, fit, evaluate, save: a training loop with the interface of Keras.

Stands on `nn`, `optim` and `weights`. The loop itself is `_train_epoch`.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from nnscratch import nn, notebook
from nnscratch.autograd import no_grad
from nnscratch.optim import LBFGS, SGD, Adam, AdamW, Optimizer, RMSprop
from nnscratch.progress import live_line
from nnscratch.summary import Summary
from nnscratch.tensor import Tensor
from nnscratch.training.data import as_array, batches, check_count, pairs, validation_pair
from nnscratch.training.metrics import (
    LOSSES,
    Loss,
    Metric,
    fitting_target,
    metric_functions,
    name_of,
    named,
)
from nnscratch.weights.state import load_state, save_state

OPTIMIZERS = {"adam": Adam, "adamw": AdamW, "rmsprop": RMSprop, "sgd": SGD}


class History(dict[str, list[float]]):
    """By figure, one value for each epoch; a notebook shows it as a table."""

    def _repr_html_(self) -> str:
        epochs = enumerate(zip(*self.values(), strict=True), 1)
        rows = [(str(number), *(f"{x:.4g}" for x in values)) for number, values in epochs]
        return notebook.table(("epoch", *self), rows, 0)


class Model:
    """A Module with an optimiser, a loss and metrics.

    history: one value per epoch for each figure, of the last `fit`
    """

    def __init__(self, module: nn.Module):
        self.module = module
        self.optimizer: Any = None
        self.loss: Loss | None = None
        self.metrics: dict[str, Metric] = {}
        self.history = History()
        self._parameters: list[Tensor] = []  # when it was compiled
        self._rng = np.random.default_rng(0)

    def __repr__(self) -> str:
        if self.loss is None:
            return f"Model({self.module!r}, not compiled)"
        names = type(self.optimizer).__name__, name_of(self.loss), list(self.metrics)
        return f"Model({self.module!r}, optimizer={names[0]}, loss={names[1]}, metrics={names[2]})"

    def _repr_html_(self) -> str:
        return notebook.text(self)

    def compile(
        self,
        optimizer: str | Optimizer = "adam",
        loss: str | Loss = "cross_entropy",
        metrics: Sequence[str | Metric] = (),
        lr: float | None = None,
    ) -> "Model":
        """Choose how to train: by names, or an Optimizer and functions (output, target).

        lr: the learning rate of an optimiser that is given by name, 1e-3 if None
        metrics: "accuracy" fits the loss: of the highest score for cross-entropy, of each score
            for the binary one. A metric returns a number, or a Tensor of one.
        """
        function = named(loss, LOSSES, "loss")
        functions = metric_functions(metrics, function)
        self.optimizer = self._optimizer(optimizer, lr)
        self.loss, self.metrics = function, functions
        self._parameters = list(self.module.parameters())
        return self

    def _optimizer(self, optimizer: Any, lr: float | None) -> Any:
        if isinstance(optimizer, str):
            kind = named(optimizer, OPTIMIZERS, "optimizer")
            return kind(self.module.parameters(), 1e-3 if lr is None else lr)
        if isinstance(optimizer, type) or not hasattr(optimizer, "step"):
            kind = getattr(optimizer, "__name__", type(optimizer).__name__)
            raise TypeError(
                f"compile: expected an optimizer in {tuple(OPTIMIZERS)} or an Optimizer, got "
                f"{kind}; write optim.Adam(net.parameters(), lr), or 'adam'"
            )
        if isinstance(optimizer, LBFGS):
            raise TypeError("compile: LBFGS needs a closure, not batches; call its step yourself")
        if lr is not None:
            raise ValueError("compile: lr is for an optimizer given by name; set it in your own")
        own = {id(p) for p in self.module.parameters()}
        if not own & {id(p) for p in getattr(optimizer, "params", ())}:
            raise ValueError(
                "compile: the optimizer has no parameter of this network, so nothing would be "
                "trained; make it with the parameters() of the network in this Model"
            )
        return optimizer

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        epochs: int = 1,
        validation_data: tuple[Any, Any] | None = None,
        seed: Any = None,
        verbose: bool = True,
        on_epoch: Callable[[int, dict[str, float]], None] | None = None,
        shuffle: bool = True,
        drop_last: bool = False,
    ) -> History:
        """Train on x (N, ...), y (N, ...) -> history: one value per epoch for each figure.

        x, y: arrays, Tensors or lists; floats are cast to the dtype of the network
        seed: of the order of the items, or a numpy.random.Generator; None: the model's own
            generator, so that each fit has a new order and a program the same from run to run
        on_epoch: called as on_epoch(number, figures) after each epoch, from 1
        shuffle: False leaves the items in their order
        drop_last: leave out a last batch of fewer than batch_size items

        Ctrl-C raises KeyboardInterrupt, as in Keras. The network then has the weights of its last
        step, and `history` the epochs that were finished.
        """
        x, y = pairs("fit", x, y)
        check_count("fit", "batch_size", batch_size)
        check_count("fit", "epochs", epochs)
        self._check_compiled("fit")
        if validation_data is not None:
            validation_data = validation_pair(validation_data)
        count = len(x) // batch_size if drop_last else -(-len(x) // batch_size)
        if not count:
            raise ValueError(
                f"fit: drop_last leaves nothing of {len(x)} items; "
                f"use a batch_size below {batch_size}"
            )
        rng = self._rng if seed is None else np.random.default_rng(seed)
        self.history = History()
        silent = contextlib.nullcontext(lambda note: None)
        try:
            with live_line("fit", epochs * count) if verbose else silent as advance:
                for epoch in range(1, epochs + 1):
                    order = rng.permutation(len(x)) if shuffle else np.arange(len(x))
                    order = order[: count * batch_size]
                    figures = self._train_epoch(batches(x, y, batch_size, order), advance)
                    if validation_data is not None:
                        held_out = self.evaluate(*validation_data, batch_size=batch_size)
                        figures |= {f"val_{name}": value for name, value in held_out.items()}
                    for name, value in figures.items():
                        self.history.setdefault(name, []).append(value)
                    if on_epoch is not None:
                        on_epoch(epoch, figures)
        except KeyboardInterrupt as interrupt:
            done = len(self.history.get("loss", ()))
            note = (
                f"fit: stopped after {done} of {epochs} epochs; the network has the weights of the "
                "last step, and model.history the finished epochs"
            )
            raise KeyboardInterrupt(note).with_traceback(interrupt.__traceback__) from None
        return self.history

    def _train_epoch(self, batches: Iterable, advance: Callable[[str], None]) -> dict[str, float]:
        """One pass over the data: forward, loss, backward, step."""
        self.module.train()
        means = _Means()
        for x, y in batches:
            self.optimizer.zero_grad()
            loss, figures = self._figures("fit", x, y)
            if not np.isfinite(figures["loss"]):
                raise ValueError(
                    f"fit: the loss became {figures['loss']}, though inputs and targets are "
                    "finite; lower the learning rate, or look for log(0) or 0/0 in the network"
                )
            loss.backward()
            self.optimizer.step()
            means.add(len(x), figures)
            advance(means.text())
        return means.values()

    def evaluate(self, x: Any, y: Any, batch_size: int = 128) -> dict[str, float]:
        """The loss and the metrics on x, y, in eval mode."""
        x, y = pairs("evaluate", x, y)
        check_count("evaluate", "batch_size", batch_size)
        self._check_compiled("evaluate")
        means = _Means()
        with self.module.evaluating(), no_grad():
            for batch, target in batches(x, y, batch_size):
                means.add(len(batch), self._figures("evaluate", batch, target)[1])
        return means.values()

    def _check_compiled(self, caller: str) -> None:
        if self.loss is None:
            raise ValueError(f"{caller}: call compile(optimizer, loss, metrics) first")
        before, now = self._parameters, list(self.module.parameters())
        same = len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))
        if caller == "fit" and not same:
            raise ValueError(
                "fit: the network has other parameters than when it was compiled, which the "
                "optimizer does not train; call compile again"
            )

    def _output(self, x: Any) -> Any:
        """The output of the network; floats are cast to the dtype of its parameters."""
        parameter = next(self.module.parameters(), None)
        if parameter is not None and x.dtype.kind == "f":
            x = x.astype(parameter.dtype, copy=False)
        return self.module(Tensor(x))

    def _figures(self, caller: str, x: Any, y: Any) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch, and all figures as numbers."""
        loss_of: Any = self.loss
        output = self._output(x)
        if loss_of in LOSSES.values():
            y = fitting_target(caller, loss_of, output, y)
        loss = loss_of(output, y)
        if not isinstance(loss, Tensor) or loss.size != 1:
            raise TypeError(
                f"{caller}: expected the loss as a Tensor of one number, got "
                f"{type(loss).__name__} of shape {np.shape(loss)}; end it with .mean()"
            )
        figures = {"loss": loss.item()}
        with no_grad():
            for name, metric in self.metrics.items():
                value = metric(output, y)
                if np.size(value) != 1:
                    raise TypeError(
                        f"{caller}: expected one number from metric {name}, got "
                        f"{type(value).__name__} of shape {np.shape(value)}"
                    )
                figures[name] = float(value)
        return loss, figures

    def predict(self, x: Any, batch_size: int = 128) -> np.ndarray:
        """The output of the network for x (N, ...), in eval mode, as a host array."""
        x = as_array("predict", "x", x, is_input=True)
        check_count("predict", "batch_size", batch_size)
        with self.module.evaluating(), no_grad():
            parts = [self._output(batch).numpy() for batch, _ in batches(x, x, batch_size)]
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
