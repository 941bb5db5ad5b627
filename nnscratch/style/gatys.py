"""Image style transfer as in the paper: two losses on VGG features, and L-BFGS on the pixels.

Stands on `Tensor`, `optim` and the features of `vgg`. It follows, equation by equation, Gatys,
Ecker and Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks" (CVPR), and has no
option beyond the paper's; `stylize` adds sizes, optimisers, other losses, masks and tiles.
"""

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.optim import LBFGS
from nnscratch.tensor import Tensor

# The paper calls them conv4_2, ...; its gradients (equations 2 and 6) are 0 where F < 0, so the
# features are those behind the ReLU.
CONTENT_LAYER = "relu4_2"
STYLE_WEIGHTS = dict.fromkeys(("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"), 1 / 5)


def content_loss(features, target):
    """½ Σ (F − P)² over features (1, N, H, W) of one layer -> (). Equation 1."""
    return 0.5 * ((features - target) ** 2).sum()


def gram_matrix(features):
    """G = F Fᵀ, the correlations between the filters of a layer: (1, N, H, W) -> (N, N). Eq. 3."""
    rows = features.reshape(features.shape[1], -1)  # (1, N, H, W) -> (N, M), M = H · W
    return rows @ rows.swapaxes(0, 1)


def layer_style_loss(features, target):
    """E = Σ (G − A)² / (4 N² M²) over features (1, N, H, W) of one layer -> (). Equation 4."""
    _, n, height, width = features.shape
    difference = gram_matrix(features) - gram_matrix(target)
    return (difference**2).sum() * (1 / (4 * n**2 * (height * width) ** 2))


def style_loss(features, targets, style_weights):
    """Σ w E over the style layers: {layer: features}, {layer: features} -> (). Equation 5."""
    losses = (
        weight * layer_style_loss(features[layer], targets[layer])
        for layer, weight in style_weights.items()
    )
    return sum(losses)


def transfer(
    network,
    content,
    style,
    start,
    alpha=1.0,
    beta=1e3,
    iterations=500,
    content_layer=CONTENT_LAYER,
    style_weights=STYLE_WEIGHTS,
):
    """Give content the style of another picture: three of (3, H, W) in [0, 1] -> (3, H, W), losses.

    network: `vgg.load("vgg19", pooling="avg")`, as the paper replaces maximum by average pooling
    style: resized to the content's size, as in section 3
    start: white noise (section 2.3), or one of the two pictures (figure 6)
    alpha, beta: the paper takes ratios α/β from 5e-4 to 5e-3 (section 3)
    losses: the total loss at each evaluation. The result may leave [0, 1]; clip it to save it.
    Raises ValueError if the sizes differ.
    Differs from the paper: there the network is scaled so that each filter's mean activation is 1.
    """
    if not content.shape == style.shape == start.shape:
        raise ValueError(
            f"gatys.transfer: expected content, style and start of one size, got {content.shape}, "
            f"{style.shape} and {start.shape}; resize them"
        )
    layers = [content_layer, *style_weights]
    with no_grad():
        content_target = network.features(content[None], layers)[content_layer]
        style_targets = network.features(style[None], layers)
    image = Tensor(start[None], requires_grad=True)
    losses = []

    def total_loss():
        """α L_content + β L_style. Equation 7."""
        features = network.features(image, layers)
        loss = alpha * content_loss(features[content_layer], content_target)
        loss = loss + beta * style_loss(features, style_targets, style_weights)
        losses.append(loss.item())
        return loss

    LBFGS([image], iterations).step(total_loss)
    return image.numpy()[0], np.array(losses)
