"""Exercises that know what went wrong: claims, known wrong answers, diagnosis, a runner.

Stands on NumPy, Pillow and the files of `exercises/`, which use the four names given here.
"""

from nnscratch.learn.claims import claim, right, wrong
from nnscratch.learn.outcome import Kink

__all__ = ["Kink", "claim", "right", "wrong"]
