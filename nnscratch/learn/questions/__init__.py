"""The questions of the quiz, in the order of the course.

Stands on `quiz`; each file has the questions of one part of the course.
"""

from nnscratch.learn.questions import convolution, faces, style, training, worlds
from nnscratch.learn.quiz import Question

_PARTS = (convolution, training, faces, style, worlds)
_OBJECTS = [item for part in _PARTS for item in vars(part).values()]
QUESTIONS = tuple(item for item in _OBJECTS if isinstance(item, Question))

__all__ = ["QUESTIONS"]
