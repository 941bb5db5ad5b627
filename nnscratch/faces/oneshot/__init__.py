"""One-shot learning of characters: Omniglot's task, its files, and baselines without training.

Stands on the files above.
"""
