"""Losses and metrics by name, and the accuracy that fits each loss.

Stands on `functional`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch.backend import is_array, to_numpy
from nnscratch.tensor import Tensor

Loss = Callable[[Tensor, Any], Tensor]
Metric = Callable[[Tensor, Any], float]


def accuracy(scores: Tensor, target: Any) -> float:
    """The share of items whose highest score is at the target.

    scores (N, C, *size); target (N, *size) class numbers, or one-hot or probabilities as scores.
    One score per item, or several labels, are for `binary_accuracy`: here a ValueError.
    """
    values, classes = _host(scores), _host(target)
    if values.ndim < 2 or values.shape[1] < 2:
        raise ValueError(
            "accuracy: expected scores (N, C, ...) of at least 2 classes, got "
            f"{values.shape}; for one score per item, use training.binary_accuracy"
        )
    if classes.shape == values.shape:
        if not _are_distributions(classes):
            raise ValueError(
                "accuracy: expected one class per item, but target does not sum to 1 over the "
                "classes; for several labels per item, use training.binary_accuracy"
            )
        classes = classes.argmax(1)
    if classes.shape != values.shape[:1] + values.shape[2:]:
        raise ValueError(
            "accuracy: expected scores (N, C, ...) and target (N, ...) or one-hot, got "
            f"{values.shape} and {classes.shape}"
        )
    return float(np.mean(values.argmax(1) == classes))


def binary_accuracy(scores: Tensor, target: Any, threshold: float = 0.0) -> float:
    """The share of scores that are above `threshold` where target is 1, and not where it is 0.

    scores and target of one shape, axes of length 1 aside: one score per item, or one per label.
    The threshold 0 is for logits; for probabilities it is 0.5.
    """
    values, labels = _host(scores), _host(target)
    if [n for n in values.shape if n > 1] != [n for n in labels.shape if n > 1]:
        raise ValueError(
            f"binary_accuracy: expected two of one shape, got {values.shape} and {labels.shape}"
        )
    if labels.min() < 0 or labels.max() > 1:
        raise ValueError(
            f"binary_accuracy: expected targets 0 and 1, got {labels.min()} to {labels.max()}"
        )
    return float(np.mean((values.reshape(-1) > threshold) == (labels.reshape(-1) > 0.5)))


def _accuracy_of_values(values: Tensor, target: Any) -> float:
    """Accuracy after a loss that brings values themselves near 0 and 1."""
    labels = _host(target)
    classes = labels.shape == values.shape and labels.ndim > 1 and labels.shape[1] > 1
    if classes and _are_distributions(labels):
        return accuracy(values, labels)
    return binary_accuracy(values, labels, 0.5)


LOSSES: dict[str, Loss] = {
    "cross_entropy": F.cross_entropy,
    "mse": F.mse_loss,
    "binary_cross_entropy": F.binary_cross_entropy_with_logits,
}
METRICS: dict[str, Metric] = {"accuracy": accuracy, "binary_accuracy": binary_accuracy}
ACCURACIES: dict[Loss, Metric] = {  # what "accuracy" means beside these losses
    F.mse_loss: _accuracy_of_values,
    F.binary_cross_entropy_with_logits: binary_accuracy,
}


def metric_functions(metrics: Any, loss: Any) -> dict[str, Metric]:
    """The functions by name; names that occur twice are numbered."""
    if not isinstance(metrics, (list, tuple)):
        raise TypeError(f'compile: expected metrics as a list, got {metrics!r}; write ["accuracy"]')
    functions: dict[str, Metric] = {}
    for metric in metrics:
        function = named(metric, METRICS, "metric")
        if metric == "accuracy":
            function = ACCURACIES.get(loss, accuracy)
        name = unique = name_of(metric)
        while unique == "loss" or unique in functions:
            unique = f"{name}_{len(functions) + 1}"
        functions[unique] = function
    return functions


def fitting_target(caller: str, loss: Loss, output: Tensor, y: Any) -> Any:
    """y for a loss by name: in the shape of one score per item, in the dtype of the output."""
    if loss is F.cross_entropy:
        if output.ndim > 1 and output.shape[1] == 1:
            raise ValueError(
                f"{caller}: the cross-entropy of one score {output.shape} is always 0; use "
                '"binary_cross_entropy", or one output for each class'
            )
    elif y.shape == output.shape[:-1] and output.shape[-1] == 1:
        y = y.reshape(output.shape)  # (N,) -> (N, 1)
    return y.astype(output.dtype, copy=False) if y.shape == output.shape else y


def named(choice: Any, table: dict[str, Any], what: str) -> Any:
    """The entry of that name; a function is returned as it is."""
    if callable(choice):
        return choice
    if not isinstance(choice, str):
        raise TypeError(
            f"compile: expected {what} in {tuple(table)} or a function (output, target), "
            f"got {choice!r}"
        )
    if choice not in table:
        raise ValueError(f"compile: expected {what} in {tuple(table)}, got {choice!r}")
    return table[choice]


def name_of(function: Any) -> str:
    """A name as it is, of a function its own."""
    if isinstance(function, str):
        return function
    return getattr(function, "__name__", type(function).__name__)


def _host(values: Any) -> np.ndarray:
    """A Tensor, array or list on the host."""
    values = values.data if isinstance(values, Tensor) else values
    return to_numpy(values) if is_array(values) else np.asarray(values)


def _are_distributions(target: np.ndarray) -> bool:
    """Whether target (N, C, ...) holds at least 0 and sums to 1 over the classes."""
    return bool((target >= 0).all() and np.allclose(target.sum(1, dtype=float), 1, atol=1e-2))
