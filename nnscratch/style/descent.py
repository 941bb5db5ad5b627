"""One scale of a style transfer: an optimiser moves the pixels along the gradient of the costs.

Stands on `optim`, and on `checkpoint` for the state that it moves.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnscratch.optim import LBFGS, SGD, Adam
from nnscratch.style import scales
from nnscratch.style.checkpoint import State
from nnscratch.style.scales import Size
from nnscratch.style.settings import Settings
from nnscratch.tensor import Tensor

BETAS = (0.9, 0.99)  # Adam's; the gradient has no noise, so its square needs no long memory
MOMENTUM = 0.9  # of gradient descent
FASTER, SLOWER = 1.05, 0.5  # its rate, after a fall and after a rise of the loss
ROUND = 25  # iterations of L-BFGS between two checkpoints
WINDOW = 20  # iterations whose mean loss counts as one when progress is judged


@dataclass(frozen=True)
class Step:
    """The weighted costs of an iteration, and the picture (C, *size) after it.

    iteration: from 1, over all scales; scale: its number, from 0
    """

    iteration: int
    loss: float
    content: float
    style: float
    tv: float
    image: np.ndarray
    scale: int = 0


OnStep = Callable[[Step], None]


class Descent:
    """Lowers the costs of `state.image` for `iterations`, or until it has converged.

    costs: Costs or TiledCosts
    on_step: None, or called after each iteration; save: called with each state to resume from
    """

    def __init__(self, costs, settings: Settings, iterations: int, state: State, on_step, save):
        self.costs, self.settings, self.iterations = costs, settings, iterations
        self.state, self.on_step, self.save = state, on_step, save
        self.image = Tensor(state.image, requires_grad=True)
        self.values: dict[str, float] = {}  # of the costs at self.image

    def run(self) -> None:
        if self.settings.optimizer == "lbfgs":
            self._lbfgs()
        else:
            optimizer = self._optimizer()
            while self._remaining():
                self._evaluate()
                if isinstance(optimizer, SGD):
                    self._set_rate(optimizer)
                optimizer.step()
                self.image.data = self.image.data.clip(0.0, 1.0)
                self._add_to_average()
                self._advance(_moments(optimizer))
        self._compare_last_pictures()

    def _remaining(self) -> int:
        """The iterations still to do: none where the scale has converged."""
        losses = [values["loss"] for values in self.state.history[-self.state.step or None :]]
        if self.state.step and has_converged(losses, self.settings.tolerance):
            return 0
        return self.iterations - self.state.step

    # -- the optimisers -----------------------------------------------------------------------

    def _optimizer(self) -> Adam | SGD:
        """Adam or gradient descent, with the moments in the state; `_moments` is the inverse."""
        saved = self.state.moments
        if self.settings.optimizer == "adam":
            adam = Adam([self.image], self.settings.lr, BETAS)
            if saved:
                adam.state = [{"m": saved["m"], "v": saved["v"], "t": int(saved["t"])}]
            return adam
        sgd = SGD([self.image], float(saved.get("rate", 0.0)), MOMENTUM)
        if "velocity" in saved:
            sgd.state = [{"velocity": saved["velocity"]}]
        return sgd

    def _set_rate(self, optimizer: SGD) -> None:
        """The "bold driver": the rate grows by 5 % while the loss falls.

        After a rise the rate is halved and the velocity reset. The first step has a root mean
        square of lr / 10; with momentum 0.9, steps in one direction become ten times as long.
        """
        if not optimizer.lr:
            gradient: Any = self.image.grad
            length = np.sqrt(np.mean(np.square(gradient.data, dtype=np.float64)))
            optimizer.lr = (1 - MOMENTUM) * self.settings.lr / (float(length) or 1.0)
        elif self.state.step and self.values["loss"] > self.state.history[-1]["loss"]:
            optimizer.lr, optimizer.state = SLOWER * optimizer.lr, [{}]
        else:
            optimizer.lr = FASTER * optimizer.lr

    def _lbfgs(self) -> None:
        """In rounds that each begin without history, as SciPy's cannot be saved."""
        moved = True
        while moved and (remaining := self._remaining()):
            step = self.state.step
            optimizer = LBFGS([self.image], min(ROUND, remaining), bounds=(0.0, 1.0))
            optimizer.step(self._evaluate, self._advance)
            self.state.image = self.image.data
            moved = self.state.step > step
            self.save(self.state)

    def _add_to_average(self) -> None:
        state, decay = self.state, self.settings.average
        if decay:
            state.average = decay * state.average + (1 - decay) * self.image.data[0]
            state.share = decay * state.share + (1 - decay)

    def _advance(self, moments: dict[str, Any] | None = None) -> None:
        """Enter an iteration into the state. moments: None where it cannot be resumed from here."""
        state, values = self.state, self.values
        state.image = self.image.data
        state.step += 1
        state.history.append({"scale": float(state.scale), **values})
        if moments is not None:
            state.moments = moments
            self.save(state)
        if self.on_step is not None:
            step = Step(len(state.history), **values, image=state.image[0], scale=state.scale)
            self.on_step(step)

    # -- the costs ----------------------------------------------------------------------------

    def _evaluate(self) -> Tensor:
        """The loss of the picture; its gradient goes to image.grad."""
        parts, gradient = self.costs.gradient(self.image.data)
        self._record(parts, self.image.data[0])
        if not np.isfinite(gradient).all():
            raise ValueError(
                "style: the gradient is not finite where the loss is; raise tv_weight, or begin "
                'with init "noise"'
            )
        self.image.grad = Tensor(gradient)
        return Tensor(np.float64(self.values["loss"]))

    def _record(self, parts: Any, picture: np.ndarray) -> None:
        """Keep the costs, and the picture if it is the best so far."""
        values = {name: float(getattr(parts, name)) for name in ("content", "style", "tv")}
        self.values = {"loss": sum(values.values()), **values}
        if self.values["loss"] < self.state.best_loss:
            self.state.best_loss, self.state.best = self.values["loss"], picture.copy()

    def _compare_last_pictures(self) -> None:
        """The last picture and the running mean may be better than the best so far."""
        state = self.state
        pictures = [state.image[0]]
        if state.share:
            mean = state.average / state.share
            pictures.append(mean.astype(state.image.dtype).clip(0.0, 1.0))
        for picture in pictures:
            self._record(self.costs.value(picture[None]), picture)


def has_converged(losses: list[float], tolerance: float) -> bool:
    """Whether the mean of the last 20 losses is hardly below that of the 20 before.

    tolerance: the least decrease, as a fraction of the mean of the 20 before; 0: never converged
    """
    if not tolerance or len(losses) < 2 * WINDOW:
        return False
    before, now = np.mean(losses[-2 * WINDOW : -WINDOW]), np.mean(losses[-WINDOW:])
    return bool(before - now < tolerance * abs(before))


def first_state(picture: np.ndarray) -> State:
    """The state before the first iteration at `picture` (C, *size)."""
    return State(picture[None], picture, np.zeros_like(picture))


def next_scale(state: State, size: Size) -> State:
    """The state before the first iteration at the next scale, of `size`.

    A pixel's part in the costs shrinks as pixels become more, and so do its gradient and the
    moments of an optimiser.
    """
    picture = scales.resize(state.best, size)
    ratio = state.best.size / picture.size
    factors = {"m": ratio, "v": ratio**2, "velocity": ratio, "rate": 1 / ratio}
    moments = {
        name: (scales.resample(array, size) if array.ndim else array)
        * np.asarray(factors.get(name, 1), array.dtype)
        for name, array in state.moments.items()
    }
    return replace(
        first_state(picture), scale=state.scale + 1, moments=moments, history=state.history
    )


def _moments(optimizer: Adam | SGD) -> dict[str, Any]:
    """What the next step of the optimiser depends on."""
    state = optimizer.state[0]
    if isinstance(optimizer, SGD):
        return {"velocity": state["velocity"], "rate": np.array(optimizer.lr)}
    return {"m": state["m"], "v": state["v"], "t": np.array(state["t"])}
