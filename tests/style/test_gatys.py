"""The paper on one page: its gradients, and `stylize` held to it."""

import numpy as np
import pytest

from nnscratch import Tensor, grad, gradcheck
from nnscratch.data import PICTURES
from nnscratch.style import Settings, Style, gatys, stylize, vgg
from nnscratch.style.costs import Costs
from nnscratch.style.presets import PRESETS

GATYS = PRESETS["gatys2016"].objective
CONFIG = (4, "M", 5, "M", 6, "M", 7, 6, "M", 5)  # has all the paper's layers
LAYERS = [gatys.CONTENT_LAYER, *gatys.STYLE_WEIGHTS]


def network(seed):
    return vgg.VGG(CONFIG, pooling="avg", rng=seed).to(np.float64).freeze()


def pictures(seed, size=(32, 24)):
    return np.random.default_rng(seed).random((3, 3, *size))


def losses_and_gradient(net, content, style, image):
    """α L_content, β L_style and the gradient of their sum, by the page."""
    leaf = Tensor(image[None], requires_grad=True)
    targets = [net.features(x[None], LAYERS) for x in (content, style)]
    features = net.features(leaf, LAYERS)
    content_loss = gatys.content_loss(
        features[gatys.CONTENT_LAYER], targets[0][gatys.CONTENT_LAYER]
    )
    style_loss = 1e3 * gatys.style_loss(features, targets[1], gatys.STYLE_WEIGHTS)
    (gradient,) = grad(content_loss + style_loss, leaf)
    return content_loss.item(), style_loss.item(), gradient.numpy()


@pytest.mark.parametrize("seed", range(3))
def test_costs_and_gradients_of_stylize_are_the_papers(seed):
    net, (content, style, image) = network(seed), pictures(seed)
    content_loss, style_loss, expected = losses_and_gradient(net, content, style, image)
    costs, gradient = Costs(net, content, [Style(style)], GATYS).gradient(image[None])
    assert costs.content.item() == pytest.approx(content_loss, rel=1e-12)
    assert costs.style.item() == pytest.approx(style_loss, rel=1e-12)
    assert costs.tv.item() == 0
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_another_picture_is_another_gradient():
    """The comparison can fail."""
    net, (content, style, image) = network(0), pictures(0)
    expected = losses_and_gradient(net, content, style, image)[2]
    other = Costs(net, content, [Style(style[:, ::-1].copy())], GATYS).gradient(image[None])[1]
    assert np.abs(other - expected).max() > 1e-3 * np.abs(expected).max()


def test_the_losses_have_right_gradients():
    a, b = np.random.default_rng(0).random((2, 1, 3, 4, 5))
    assert gradcheck(gatys.content_loss, [a, b])
    assert gradcheck(gatys.layer_style_loss, [a, b])


def test_the_losses_by_hand():
    features, target = np.zeros((1, 2, 1, 3)), np.zeros((1, 2, 1, 3))
    features[0, :, 0] = [[1, 2, 0], [0, 1, 3]]
    np.testing.assert_array_equal(gatys.gram_matrix(Tensor(features)).numpy(), [[5, 2], [2, 10]])
    assert gatys.content_loss(Tensor(features), Tensor(target)).item() == 7.5
    expected = (25 + 4 + 4 + 100) / (4 * 2**2 * 3**2)
    assert gatys.layer_style_loss(Tensor(features), Tensor(target)).item() == pytest.approx(
        expected
    )


def test_a_run_as_in_the_paper_and_by_stylize():
    net = network(1)
    content, style = (PICTURES[name](32).astype(np.float64) for name in ("landscape", "swirls"))
    noise = np.random.default_rng(0).uniform(0.3, 0.7, content.shape)
    image, losses = gatys.transfer(net, content, style, noise, iterations=20)
    assert image.shape == content.shape
    assert losses[-1] < 0.5 * losses[0]
    settings = Settings("lbfgs", iterations=20, scales=1)
    result = stylize(net, content, style, GATYS, settings, start=noise)
    assert result.history[0]["loss"] < losses[0]
    assert result.loss < 0.5 * losses[0]
    total = Costs(net, content, [Style(style)], GATYS)(Tensor(image[None])).total.item()
    assert total == pytest.approx(min(losses), rel=1e-6)


def test_pictures_of_different_sizes_are_refused():
    content, style, start = pictures(0)
    with pytest.raises(ValueError, match=r"of one size, got \(3, 32, 24\), \(3, 30, 24\) and"):
        gatys.transfer(network(0), content, style[:, :30], start)


def test_the_start_and_other_pictures_stay_as_they_are():
    net, given = network(0), pictures(0)
    before = given.copy()
    gatys.transfer(net, *given, iterations=2)
    np.testing.assert_array_equal(given, before)
