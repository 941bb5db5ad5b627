"""One scale of a style transfer: pixels that follow their gradient, by one of three optimisers.

Stands on `optim`, and on `checkpoint` for the state that it moves along.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from nnscratch.optim import LBFGS, SGD, Adam
from nnscratch.style import scales
from nnscratch.style.checkpoint import State
from nnscratch.style.scales import Size
from nnscratch.tensor import Tensor

OPTIMIZERS = ("gd", "adam", "lbfgs")
BETAS = (0.9, 0.99)  # Adam's; the gradient has no noise, so its square needs no long memory
MOMENTUM = 0.9  # of gradient descent
FASTER, SLOWER = 1.05, 0.5  # its rate, after a fall and after a rise of the loss
ROUND = 25  # iterations of L-BFGS between two checkpoints
WINDOW = 20  # iterations whose mean loss counts as one when progress is judged


class Descent:
    """Moves `state.image` downhill, until `iterations` are done or it has converged.

    evaluation: see tiles.Evaluation
    settings: see transfer.Settings; report() is called after each iteration, pause() wherever the
    state is whole, to be saved
    """

    def __init__(
        self,
        evaluation: Any,
        settings: Any,
        iterations: int,
        state: State,
        report: Callable[[], None],
        pause: Callable[[], None],
    ):
        self.evaluation, self.settings, self.iterations = evaluation, settings, iterations
        self.state, self.report, self.pause = state, report, pause
        self.image = Tensor(state.image, requires_grad=True)
        self.costs: dict[str, float] = {}

    def run(self) -> None:
        by_name = {"gd": self._gradient_descent, "adam": self._adam, "lbfgs": self._lbfgs}
        by_name[self.settings.optimizer]()
        self._finish()

    def _left(self) -> int:
        """The iterations still to do: none where the scale has converged."""
        losses = [costs["loss"] for costs in self.state.history[-self.state.step or None :]]
        done = self.state.step and has_converged(losses, self.settings.tolerance)
        return 0 if done else self.iterations - self.state.step

    # -- the optimisers -----------------------------------------------------------------------

    def _adam(self) -> None:
        optimizer, kept = Adam([self.image], self.settings.lr, BETAS), self.state.moments
        if kept:
            optimizer.moments = [(kept["m"], kept["v"], int(kept["t"]))]
        while self._left():
            self._evaluate()
            self._follow(optimizer)
            m, v, t = optimizer.moments[0] or (None, None, 0)
            self._advance({"m": m, "v": v, "t": np.array(t)})

    def _gradient_descent(self) -> None:
        """Steps along the gradient, with momentum 0.9 and so ten times as long as the first.

        The first is a tenth of lr, in the mean. Then the rate grows while the loss falls.

        Where it has risen the rate is halved, and the velocity forgotten: the "bold driver".
        """
        optimizer, kept = SGD([self.image], 1.0, MOMENTUM), self.state.moments
        optimizer.velocity = [kept.get("velocity")]
        rate = kept.get("rate")
        while self._left():
            self._evaluate()
            if rate is None:
                rate = (1 - MOMENTUM) * self.settings.lr / _mean_length(self.image.grad)
            elif self._has_risen():
                rate, optimizer.velocity = SLOWER * rate, [None]
            else:
                rate = FASTER * rate
            optimizer.lr = float(rate)
            self._follow(optimizer)
            self._advance({"velocity": optimizer.velocity[0], "rate": np.array(rate)})

    def _lbfgs(self) -> None:
        """In rounds, as SciPy's memory of earlier steps cannot be saved: each begins without."""
        moved = True
        while moved and self._left():
            before = self.state.step
            optimizer = LBFGS([self.image], min(ROUND, self._left()), bounds=(0.0, 1.0))
            optimizer.step(self._evaluate, self._advance)
            self.state.image = self.image.data
            moved = self.state.step > before
            self.pause()

    def _has_risen(self) -> bool:
        return self.state.step > 0 and self.costs["loss"] > self.state.history[-1]["loss"]

    def _follow(self, optimizer: Any) -> None:
        """One step, back into [0, 1]; the running mean takes the new picture in."""
        optimizer.step()
        self.image.data = self.image.data.clip(0.0, 1.0)
        state, decay = self.state, self.settings.average
        state.image = self.image.data
        if decay:
            state.average = decay * state.average + (1 - decay) * state.image[0]
            state.share = decay * state.share + (1 - decay)

    def _advance(self, moments: dict[str, Any] | None = None) -> None:
        self.state.image = self.image.data
        self.state.step += 1
        self.state.history.append({"scale": float(self.state.scale), **self.costs})
        if moments is not None:
            self.state.moments = moments
            self.pause()
        self.report()

    # -- the costs ----------------------------------------------------------------------------

    def _evaluate(self) -> Tensor:
        """The loss at the picture; its gradient is left in image.grad."""
        parts, gradient = self.evaluation.gradient(self.image.data)
        self._note(parts, self.image.data[0])
        if not np.isfinite(gradient).all():
            raise ValueError(
                "style: the gradient is not finite where the loss is; raise tv_weight, or begin "
                'with init "noise"'
            )
        self.image.grad = Tensor(gradient)
        return Tensor(np.float64(self.costs["loss"]))

    def _note(self, parts: Any, picture: np.ndarray) -> None:
        """Keep the costs, and the picture where it is the best so far."""
        values = {name: float(getattr(parts, name)) for name in ("content", "style", "tv")}
        self.costs = {"loss": sum(values.values()), **values}
        if self.costs["loss"] < self.state.best_loss:
            self.state.best_loss, self.state.best = self.costs["loss"], picture.copy()

    def _finish(self) -> None:
        """The last picture and the mean of the last ones may be the best as well."""
        state = self.state
        last = [state.image[0]]
        if state.share:
            last.append((state.average / state.share).astype(state.image.dtype).clip(0.0, 1.0))
        for picture in last:
            self._note(self.evaluation.value(picture[None]), picture)


def has_converged(losses: list[float], tolerance: float) -> bool:
    """Whether the mean of the last 20 losses is below that of the 20 before by less than a part.

    tolerance: that part, of the mean of the 20 before; 0: never.
    """
    if not tolerance or len(losses) < 2 * WINDOW:
        return False
    before, now = np.mean(losses[-2 * WINDOW : -WINDOW]), np.mean(losses[-WINDOW:])
    return bool(before - now < tolerance * abs(before))


def fresh(picture: np.ndarray) -> State:
    """The state before the first iteration at `picture` (C, *size)."""
    return State(picture[None], picture, np.zeros_like(picture))


def grown(state: State, size: Size) -> State:
    """The state before the first iteration at the next scale, of `size`.

    A pixel's part in the costs shrinks as pixels become more: so does its gradient, and what an
    optimiser remembers of it.
    """
    picture = scales.resize(state.best, size)
    part = state.best.size / picture.size
    unit = {"m": part, "v": part**2, "velocity": part, "rate": 1 / part}
    moments = {
        name: _resampled(array, size) * np.asarray(unit.get(name, 1), array.dtype)
        for name, array in state.moments.items()
    }
    return replace(fresh(picture), scale=state.scale + 1, moments=moments, history=state.history)


def _resampled(array: np.ndarray, size: Size) -> np.ndarray:
    return scales.resample(array, size) if array.ndim else array


def _mean_length(gradient: Any) -> float:
    """The root mean square, or 1 where there is no slope at all."""
    return float(np.sqrt(np.mean(np.square(gradient.data, dtype=np.float64)))) or 1.0
