"""The questions of the quiz, in the order of the course.

Stands on `quiz`; each file has the questions of one part of the course.
"""

from nnscratch.learn.questions import convolution, faces, style, training, worlds

QUESTIONS = (
    *convolution.QUESTIONS,
    *training.QUESTIONS,
    *faces.QUESTIONS,
    *style.QUESTIONS,
    *worlds.QUESTIONS,
)

__all__ = ["QUESTIONS"]
