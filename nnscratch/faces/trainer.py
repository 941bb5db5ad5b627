"""Training an encoder: batches of P classes × K pictures, one forward pass, one loss over all.

Stands on `optim` and `monitor`. What a batch is and what its loss is, the caller says.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnscratch import nn
from nnscratch.optim import Adam, cosine_rate
from nnscratch.tensor import Tensor

Sample = Callable[[int], tuple[np.ndarray, np.ndarray]]  # step -> images (B, ...), labels (B,)
Loss = Callable[[Tensor, np.ndarray], Tensor]
OnStep = Callable[[int, float, np.ndarray, np.ndarray], None]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: Adam whose rate falls from lr to last_lr along half a cosine."""

    steps: int = 3000
    lr: float = 2e-3
    last_lr: float = 2e-5
    warmup: int = 50
    weight_decay: float = 1e-4

    def rate(self, step: int) -> float:
        return cosine_rate(step, self.steps, self.lr, self.last_lr, self.warmup)


def train(
    network: nn.Module, sample: Sample, loss: Loss, schedule: Schedule, on_step: OnStep
) -> None:
    """Train in place. on_step(step, loss, encodings, labels) after each step; it may raise.

    Raises ValueError if the loss becomes NaN or infinite.
    """
    optimizer = Adam(network.parameters(), schedule.lr, weight_decay=schedule.weight_decay)
    network.train()
    for step in range(schedule.steps):
        optimizer.lr = schedule.rate(step)
        images, labels = sample(step)
        optimizer.zero_grad()
        encodings = network(Tensor(images))
        value = loss(encodings, labels)
        if not np.isfinite(value.item()):
            raise ValueError(
                f"train: the loss became {value.item()} at step {step + 1}; lower the learning rate"
            )
        value.backward()
        optimizer.step()
        on_step(step + 1, value.item(), encodings.numpy(), labels)
    network.eval()
