"""The Gram matrix of features and its gradient."""

import numpy as np


def gram(features, g):
    """features (N, C, H, W), g = dcost/dG (N, C, C) -> G (N, C, C), slope (N, C, H, W)."""
    raise NotImplementedError
