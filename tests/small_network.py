"""A small network with all kinds of weights, and a copy of its values."""

from nnscratch import nn


def net(seed=0, hidden=4):
    return nn.Sequential(
        nn.Conv2d(3, 2, 3, rng=seed),
        nn.BatchNorm2d(2),
        nn.Flatten(),
        nn.Linear(8, hidden, rng=seed),
    )


def values(network):
    return {name: value.numpy().copy() for name, value in network.state_dict().items()}
