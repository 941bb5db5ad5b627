"""Compile, fit, evaluate, save: a training loop with the interface of Keras.

Stands on `nn`, `optim` and `weights`. The loop itself is `Model._train_epoch` in `model`.
"""

from nnscratch.training.metrics import accuracy, binary_accuracy
from nnscratch.training.model import History, Model
