"""Faces drawn by program: the generator, and what is trained on its pictures.

Stands on NumPy and the files above. Reading `faces` does not need this room: the demonstration, the
pre-training of `drawn.npz` and tests use it.
"""
