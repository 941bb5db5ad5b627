"""The questions of the quiz, in the order of the course.

Stands on `quiz`, which says what a question is; each file holds those of one part.
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
