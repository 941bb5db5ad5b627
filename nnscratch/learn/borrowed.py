"""Functions of exercises at work in the engine: the learner's where they are right, else ours.

Stands on `attempt` and `tensor`. Whose a function was, and why, can be asked afterwards; what goes
wrong in a learner's function is a Fault, in words.
"""

import math
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
REASONS = {
    "wrong": "not right yet",
    "not attempted": "not attempted",
    "changed": "changed since its check",
    "missing": "missing",
}
Shape = tuple[int, ...] | None  # None: any
Both = Callable[[np.ndarray], Sequence[np.ndarray]]  # gradient of y -> y, gradient of x


class Fault(Exception):
    """What a learner's function did wrong here."""


@dataclass
class Part:
    """One function of an exercise, to be called like it.

    yours: the learner's, or None; why: it is None, in words; patience: seconds; note: what became
    of it
    """

    name: str
    exercise: Exercise
    ours: Callable[..., Any]
    yours: Callable[..., Any] | None
    why: str
    patience: float
    borrowed: bool = False
    calls: int = 0
    seconds: float = 0.0
    note: str = ""

    def __post_init__(self) -> None:
        self.borrowed = self.yours is not None

    @property
    def origin(self) -> str:
        """The number of the exercise, and why it is not the learner's."""
        return f"{self.exercise.number} {self.why}".strip()

    def __call__(self, *args: Any) -> Any:
        if self.yours is None:
            return self.ours(*args)
        start = time.process_time()
        try:
            result = self.yours(*args)
        except Fault:
            raise  # of another part, which this one calls
        except (Exception, SystemExit) as error:
            raise Fault(self._raised(error)) from None
        self.calls += 1
        self.seconds += time.process_time() - start
        if self.seconds > self.patience:
            self._give_way()
        return result

    def gives(self, shapes: Sequence[Shape], *args: Any) -> list[np.ndarray]:
        """The results as arrays of these shapes, if the function gives such. Raises Fault."""
        result = self(*args)
        results = (result,) if len(shapes) == 1 else result
        try:
            arrays = [np.asarray(each, np.float64) for each in results]
        except (TypeError, ValueError):
            raise Fault(f"your {self.name} gave something that is no array of numbers") from None
        if len(arrays) != len(shapes):
            raise Fault(f"your {self.name} gave {len(arrays)} results instead of {len(shapes)}")
        for array, shape in zip(arrays, shapes, strict=True):
            if shape is not None and array.shape != shape:
                raise Fault(f"your {self.name} gave shape {array.shape} where {shape} was expected")
        return arrays

    def _raised(self, error: BaseException) -> str:
        file = f"{self.exercise.name}.py"
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if Path(frame.filename).name == file]
        place = f"{file}:{lines[-1]}" if lines else file
        return f"your {self.name} ({place}) raised {type(error).__name__}: {error}"

    def _give_way(self) -> None:
        each = self.seconds / self.calls
        calls = "1 call" if self.calls == 1 else f"{self.calls} calls"
        self.note = f"your {self.name} takes {each:.2g} s a call: ours took over after {calls}"
        self.yours = None


class Lender:
    """Gives parts: the learner's functions of exercises that are right, ours of the others.

    folder: the learner's; states: of the exercises by number, as Folder.state says; patience:
    seconds of processor time for each function; after that ours takes over
    """

    def __init__(self, folder: Path, states: Mapping[int, str], patience: float = PATIENCE):
        self.folder, self.states, self.patience = folder, dict(states), patience
        self.parts: list[Part] = []
        self._loaded: dict[int, tuple[Mapping[str, Any], str]] = {}

    def is_right(self, number: int) -> bool:
        return self.states.get(number) == "right"

    def __call__(self, number: int, name: str, calls_others: bool = False) -> Part:
        """The function `name` of an exercise; calls_others: its time is that of other parts."""
        exercise = find(str(number))
        if number not in self._loaded:
            self._loaded[number] = self._load(exercise)
        functions, why = self._loaded[number]
        ours = exercise.loaded().solution[name]
        patience = math.inf if calls_others else self.patience
        part = Part(name, exercise, ours, functions.get(name), why, patience)
        self.parts.append(part)
        return part

    def _load(self, exercise: Exercise) -> tuple[Mapping[str, Any], str]:
        """The learner's functions, or none and why."""
        if not self.is_right(exercise.number):
            return {}, REASONS.get(self.states.get(exercise.number, "missing"), REASONS["wrong"])
        try:
            return attempt.load(self.folder / f"{exercise.name}.py", exercise.loaded()), ""
        except attempt.Refusal as refusal:
            return {}, f"of no use: {refusal.title}"

    def report(self) -> dict[str, list[str]]:
        """Whose the parts were, and what became of them."""
        return {
            "yours": _listed(part for part in self.parts if part.borrowed),
            "ours": _listed(part for part in self.parts if not part.borrowed),
            "notes": [part.note for part in self.parts if part.note],
        }


def _listed(parts: Iterable[Part]) -> list[str]:
    """Each exercise once: "unit_rows, distances (23)"."""
    names: dict[str, list[str]] = {}
    for part in parts:
        names.setdefault(part.origin, []).append(part.name)
    return [f"{', '.join(group)} ({origin})" for origin, group in names.items()]


# -- as operations of the engine ------------------------------------------------------------------


def there_and_back(name: str, x: Tensor, shape: tuple[int, ...], both: Both) -> Tensor:
    """An operation whose function does both ways at once: asked once for y, and once for dx."""
    return Tensor.from_op(
        name, both(np.zeros(shape))[0], (x, lambda g, y: Tensor(both(g.numpy())[1]))
    )


def activation(part: Part, kind: str, x: Tensor) -> Tensor:
    """Exercise 7: x of any shape -> y of that shape."""
    shapes = (x.shape, x.shape)
    return there_and_back(kind, x, x.shape, lambda g: part.gives(shapes, kind, x.numpy(), g))


def max_pool(part: Part, x: Tensor) -> Tensor:
    """Exercise 19, windows of 2 × 2 side by side: x (N, C, H, W) -> (N, C, H/2, W/2)."""
    half = (*x.shape[:2], x.shape[2] // 2, x.shape[3] // 2)
    return there_and_back(
        "max_pool", x, half, lambda g: part.gives((half, x.shape), x.numpy(), g, (2, 2), 2)
    )


def gram(part: Part, x: Tensor) -> Tensor:
    """Exercise 34: features (N, C, H, W) -> (N, C, C)."""
    square = (*x.shape[:2], x.shape[1])
    return there_and_back("gram", x, square, lambda g: part.gives((square, x.shape), x.numpy(), g))


def cross_entropy(part: Part, x: Tensor, labels: np.ndarray) -> Tensor:
    """Exercise 8: scores x (N, C), labels (N,) -> the mean loss, ()."""
    _, loss, dx = part.gives((x.shape, (), x.shape), x.numpy(), labels)
    return Tensor.from_op("cross_entropy", loss, (x, lambda g, y: g * Tensor(dx)))


def triplet_loss(loss: Part, gradients: Part, rows: Sequence[Tensor], margin: float) -> Tensor:
    """Exercise 24: anchors, positives and negatives (N, D) each -> the mean loss, ()."""
    arrays = [row.numpy().astype(np.float64) for row in rows]
    (value,) = loss.gives(((),), *arrays, margin)
    slopes = gradients.gives([row.shape for row in rows], *arrays, margin)
    given = [Tensor(slope.astype(rows[0].dtype)) for slope in slopes]
    a, p, n = rows
    return Tensor.from_op(
        "triplet_loss",
        value.astype(a.dtype),
        (a, lambda g, y: g * given[0]),
        (p, lambda g, y: g * given[1]),
        (n, lambda g, y: g * given[2]),
    )


class Convolution:
    """Exercise 17, or 18 where only that is right, with the gradients of exercise 16.

    Called with x (N, C, H, W), weight (O, C, 3, 3), bias (O,) -> y (N, O, H, W).
    """

    def __init__(self, lend: Lender):
        self.any_axes = lend.is_right(18) and not lend.is_right(17)
        self.forward = lend(18, "conv_nd") if self.any_axes else lend(17, "conv2d")
        self.backward = lend(16, "conv1d_backward")

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        kept: list[np.ndarray] = []  # the three gradients, made at once

        def gradient(which: int) -> Callable[[Tensor, Tensor], Tensor]:
            def vjp(g: Tensor, y: Tensor) -> Tensor:
                if not kept:
                    kept.extend(self.gradients(x.numpy(), weight.numpy(), g.numpy()))
                return Tensor(kept[which])

            return vjp

        edges = [(each, gradient(i)) for i, each in enumerate((x, weight, bias))]
        return Tensor.from_op("conv2d", self._value(x, weight, bias), *edges)

    def _value(self, x: Tensor, weight: Tensor, bias: Tensor) -> np.ndarray:
        shape = (len(x), len(weight), *x.shape[2:])
        if not self.any_axes:
            arrays = (x.numpy(), weight.numpy(), bias.numpy())
            return self.forward.gives((shape,), *arrays, 1, 1)[0]
        (y,) = self.forward.gives((shape,), x.numpy(), weight.numpy(), (1, 1), (1, 1, 1, 1))
        return y + bias.numpy()[:, None, None]

    def gradients(
        self, x: np.ndarray, weight: np.ndarray, g: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """dx, dweight, dbias: a convolution of images is one of rows for each row of the kernel.

        y[:, :, i] = Σ_k conv1d(x̃[:, :, i + k], weight[:, :, k]), where the rows of all images are
        a batch of signals.
        """
        height = g.shape[2]
        tall = np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0)))
        dtall, dweight, dbias = np.zeros_like(tall), np.zeros_like(weight), np.zeros(len(weight))
        for k in range(weight.shape[2]):
            seen = np.s_[:, :, k : k + height]  # the rows that row k of the kernel meets
            rows = _rows(tall[seen])
            shapes = rows.shape, weight[:, :, k].shape, dbias.shape
            drows, dweight[:, :, k], dbias = self.backward.gives(
                shapes, rows, weight[:, :, k], _rows(g), 1, 1
            )
            dtall[seen] += drows.reshape(len(x), height, *drows.shape[1:]).swapaxes(1, 2)
        return dtall[:, :, 1:-1], dweight, dbias


def _rows(images: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> (N·H, C, W)."""
    return images.swapaxes(1, 2).reshape(-1, images.shape[1], images.shape[3])


class Descent:
    """Parameters that follow their gradients by Adam's steps of exercise 22."""

    def __init__(self, lend: Lender, parameters: Sequence[Tensor], rate: float):
        self.step_of, self.parameters, self.rate = lend(22, "adam_step"), parameters, rate
        self.states: list[Any] = [(np.zeros(p.shape), np.zeros(p.shape), 0) for p in parameters]

    def step(self) -> None:
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                slope = p.grad.numpy().astype(np.float64)
                p.data, self.states[i] = self.moved(p.numpy(), slope, self.states[i])
                p.grad = None

    def moved(self, p: np.ndarray, g: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """p after one step, and what is to be remembered."""
        result = self.step_of(p, g, state, self.rate)
        try:
            moved, state = result
        except (TypeError, ValueError):
            raise Fault("your adam_step gave no pair (p, state)") from None
        moved = np.asarray(moved)
        if moved.shape != p.shape or moved.dtype.kind != "f":
            raise Fault(f"your adam_step gave {moved.dtype} {moved.shape} where p is {p.shape}")
        return moved, state
