"""The Gram matrix of features and its gradient."""


def gram(features, g):
    """features (N, C, H, W), g = dcost/dG (N, C, C) -> G (N, C, C), slope (N, C, H, W)."""
    rows = features.reshape(*features.shape[:2], -1)  # (N, C, P)
    places = rows.shape[2]
    slope = (g + g.swapaxes(1, 2)) @ rows / places
    return rows @ rows.swapaxes(1, 2) / places, slope.reshape(features.shape)
