"""A learner's functions as operations of the engine; the solution's where theirs are not right.

Stands on `attempt` and `tensor`. A mistake in a learner's function raises Fault with a message.
"""

import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.learn import attempt
from nnscratch.learn.exercise import Exercise, find
from nnscratch.tensor import Tensor

PATIENCE = 5.0  # seconds of processor time for one function in one program
REASONS = {"wrong": "not right yet", "changed": "changed since its check"}
Shape = tuple[int, ...] | None  # None: any
Arrays = Sequence[np.ndarray]


class Fault(Exception):
    """A learner's function raised an exception or returned something unusable."""


@dataclass
class LearnerFunction:
    """One function of an exercise: the learner's, or ours if there is a reason.

    reason: why the learner's is not used, or ""; patience: seconds, after which ours takes over
    """

    name: str
    exercise: Exercise
    ours: Callable[..., Any]
    yours: Callable[..., Any] | None
    reason: str
    patience: float
    calls: int = 0
    seconds: float = 0.0
    note: str = ""

    def __call__(self, *args: Any) -> Any:
        if self.yours is None:
            return self.ours(*args)
        start = time.process_time()
        try:
            result = self.yours(*args)
        except Fault:
            raise  # of another function, which this one calls
        except (Exception, SystemExit) as error:
            raise Fault(self._description(error)) from None
        self.calls += 1
        self.seconds += time.process_time() - start
        if self.seconds > self.patience:
            self._replace()
        return result

    def arrays(self, shapes: Sequence[Shape], *args: Any) -> list[np.ndarray]:
        """Call it; its results as float64 arrays of these shapes. Raises Fault."""
        result = self(*args)
        results = (result,) if len(shapes) == 1 else result
        try:
            arrays = [np.asarray(array, np.float64) for array in results]
        except (TypeError, ValueError):
            raise Fault(f"your {self.name} returned something that is not numeric") from None
        if len(arrays) != len(shapes):
            raise Fault(f"your {self.name} returned {len(arrays)} results, expected {len(shapes)}")
        for array, shape in zip(arrays, shapes, strict=True):
            if shape is not None and array.shape != shape:
                raise Fault(f"your {self.name} returned shape {array.shape}, expected {shape}")
        return arrays

    def _description(self, error: BaseException) -> str:
        file = f"{self.exercise.name}.py"
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if Path(frame.filename).name == file]
        place = f"{file}:{lines[-1]}" if lines else file
        return f"your {self.name} ({place}) raised {type(error).__name__}: {error}"

    def _replace(self) -> None:
        calls = "1 call" if self.calls == 1 else f"{self.calls} calls"
        mean = self.seconds / self.calls
        self.note = f"your {self.name} takes {mean:.2g} s a call: ours took over after {calls}"
        self.yours = None


class LearnerFunctions:
    """The learner's functions of exercises that are right, and ours of the others.

    folder: the learner's; states: number of an exercise -> its state, as from Folder.state
    patience: seconds of processor time for each function
    """

    def __init__(self, folder: Path, states: Mapping[int, str], patience: float = PATIENCE):
        self.folder, self.states, self.patience = folder, dict(states), patience
        self._functions: dict[tuple[int, str], LearnerFunction] = {}
        self._loaded: dict[int, tuple[Mapping[str, Any], str]] = {}

    def is_right(self, number: int) -> bool:
        return self.states.get(number) == "right"

    def get(self, number: int, name: str, patience: float | None = None) -> LearnerFunction:
        """The function `name` of an exercise, always the same object."""
        if (number, name) not in self._functions:
            exercise = find(str(number))
            if number not in self._loaded:
                self._loaded[number] = self._load(exercise)
            functions, reason = self._loaded[number]
            ours = exercise.loaded().solution[name]
            seconds = self.patience if patience is None else patience
            self._functions[number, name] = LearnerFunction(
                name, exercise, ours, functions.get(name), reason, seconds
            )
        return self._functions[number, name]

    def _load(self, exercise: Exercise) -> tuple[Mapping[str, Any], str]:
        """The learner's functions and "", or none and the reason."""
        state = self.states.get(exercise.number, "missing")
        if state != "right":
            return {}, REASONS.get(state, state)
        try:
            return attempt.load(self.folder / f"{exercise.name}.py", exercise.loaded()), ""
        except attempt.Refusal as refusal:
            return {}, f"unusable: {refusal.title}"

    def report(self) -> dict[str, list[str]]:
        """The functions that were used: the learner's, ours, and notes about slow ones."""
        functions = list(self._functions.values())
        return {
            "yours": _by_exercise(f for f in functions if not f.reason),
            "ours": _by_exercise(f for f in functions if f.reason),
            "notes": [f.note for f in functions if f.note],
        }


def _by_exercise(functions: Iterable[LearnerFunction]) -> list[str]:
    """For example "unit_rows, distances (23)"."""
    names: dict[str, list[str]] = {}
    for function in functions:
        origin = f"{function.exercise.number} {function.reason}".strip()
        names.setdefault(origin, []).append(function.name)
    return [f"{', '.join(group)} ({origin})" for origin, group in names.items()]


# -- operations -----------------------------------------------------------------------------------


def operation(name: str, value: np.ndarray, inputs: Sequence[Tensor], gradients) -> Tensor:
    """An operation whose gradients are computed together: gradients(g) -> one for each input."""
    latest: dict[str, Any] = {}

    def vjp(i: int) -> Callable[[Tensor, Tensor], Tensor]:
        def gradient(g: Tensor, y: Tensor) -> Tensor:
            if latest.get("g") is not g:
                latest.update(g=g, gradients=gradients(g.numpy()))
            return Tensor(latest["gradients"][i].astype(inputs[i].dtype))

        return gradient

    edges = [(x, vjp(i)) for i, x in enumerate(inputs)]
    return Tensor.from_op(name, value.astype(inputs[0].dtype), *edges)


def _both_ways(name: str, function: LearnerFunction, x: Tensor, shape, arguments) -> Tensor:
    """An operation by one function for both ways: function(*arguments(g)) -> y, gradient of x."""

    def both(g: np.ndarray) -> Arrays:
        return function.arrays((shape, x.shape), *arguments(g))

    return operation(name, both(np.zeros(shape))[0], [x], lambda g: both(g)[1:])


def activation(functions: LearnerFunctions, kind: str, x: Tensor) -> Tensor:
    """Exercise 7: x of any shape -> y of that shape."""
    function = functions.get(7, "activation")
    return _both_ways(kind, function, x, x.shape, lambda g: (kind, x.numpy(), g))


def max_pool(functions: LearnerFunctions, x: Tensor) -> Tensor:
    """Exercise 19 with windows of 2 × 2, stride 2: x (N, C, H, W) -> (N, C, H/2, W/2)."""
    function, half = functions.get(19, "max_pool"), (*x.shape[:2], *(n // 2 for n in x.shape[2:]))
    return _both_ways("max_pool", function, x, half, lambda g: (x.numpy(), g, (2, 2), 2))


def gram(functions: LearnerFunctions, x: Tensor) -> Tensor:
    """Exercise 34: features (N, C, H, W) -> (N, C, C)."""
    function, square = functions.get(34, "gram"), (*x.shape[:2], x.shape[1])
    return _both_ways("gram", function, x, square, lambda g: (x.numpy(), g))


def cross_entropy(functions: LearnerFunctions, x: Tensor, labels: np.ndarray) -> Tensor:
    """Exercise 8: scores x (N, C), labels (N,) -> the mean loss, ()."""
    shapes = x.shape, (), x.shape
    _, loss, dx = functions.get(8, "cross_entropy").arrays(shapes, x.numpy(), labels)
    return operation("cross_entropy", loss, [x], lambda g: [g * dx])


def triplet_loss(functions: LearnerFunctions, rows: Sequence[Tensor], margin: float) -> Tensor:
    """Exercise 24: anchors, positives and negatives (N, D) each -> the mean loss, ()."""
    arrays = [row.numpy().astype(np.float64) for row in rows]
    (loss,) = functions.get(24, "triplet_loss").arrays(((),), *arrays, margin)
    shapes = [row.shape for row in rows]
    slopes = functions.get(24, "triplet_gradients").arrays(shapes, *arrays, margin)
    return operation("triplet_loss", loss, rows, lambda g: [g * slope for slope in slopes])


def adam_step(functions: LearnerFunctions, p: np.ndarray, g: np.ndarray, state, rate: float):
    """Exercise 22: p and its gradient g of one shape -> p after the step, state.

    state: (m, v, t) at first; later whatever the learner's function returned
    """
    result = functions.get(22, "adam_step")(p, g, state, rate)
    try:
        moved, state = result
    except (TypeError, ValueError):
        raise Fault("your adam_step did not return a pair (p, state)") from None
    moved = np.asarray(moved)
    if moved.shape != p.shape or moved.dtype.kind != "f":
        raise Fault(f"your adam_step returned {moved.dtype} {moved.shape}, but p is {p.shape}")
    return moved, state


# -- convolution ----------------------------------------------------------------------------------


def conv2d(functions: LearnerFunctions, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Exercise 17, or 18 if only that is right, with the gradients of exercise 16; padding 1.

    x (N, C, H, W), weight (O, C, 3, 3), bias (O,) -> y (N, O, H, W)
    """
    shape = (len(x), len(weight), *x.shape[2:])
    arrays = x.numpy(), weight.numpy(), bias.numpy()
    if functions.is_right(18) and not functions.is_right(17):
        conv_nd = functions.get(18, "conv_nd")
        (y,) = conv_nd.arrays((shape,), *arrays[:2], (1, 1), (1, 1, 1, 1))
        y = y + arrays[2][:, None, None]
    else:
        (y,) = functions.get(17, "conv2d").arrays((shape,), *arrays, 1, 1)
    backward = functions.get(16, "conv1d_backward")
    inputs = x, weight, bias
    return operation("conv2d", y, inputs, lambda g: _conv2d_backward(backward, *arrays[:2], g))


def _conv2d_backward(conv1d_backward: LearnerFunction, x, weight, g: np.ndarray) -> Arrays:
    """dx, dweight, dbias, by a 1-D convolution for each row k of the kernel.

    y[:, :, i] = Σ_k conv1d(x̃[:, :, i + k], weight[:, :, k]); the rows of all images are one batch.
    """
    height = g.shape[2]
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0)))
    dpadded, dweight, dbias = np.zeros_like(padded), np.zeros_like(weight), np.zeros(len(weight))
    for k in range(weight.shape[2]):
        window = np.s_[:, :, k : k + height]  # the rows that row k of the kernel meets
        rows, kernel = _rows(padded[window]), weight[:, :, k]
        shapes = rows.shape, kernel.shape, dbias.shape
        arguments = rows, kernel, _rows(g), 1, 1
        drows, dweight[:, :, k], dbias = conv1d_backward.arrays(shapes, *arguments)
        dpadded[window] += drows.reshape(len(x), height, *drows.shape[1:]).swapaxes(1, 2)
    return dpadded[:, :, 1:-1], dweight, dbias


def _rows(images: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> (N·H, C, W)."""
    return images.swapaxes(1, 2).reshape(-1, images.shape[1], images.shape[3])
