"""Exercises with known wrong answers: specification, diagnosis, messages, a quiz.

Stands on NumPy and Pillow. The files in `exercises/` use only the four names exported here.
"""

from nnscratch.learn.observation import Kink
from nnscratch.learn.specification import claim, right, wrong

__all__ = ["Kink", "claim", "right", "wrong"]
