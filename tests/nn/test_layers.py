"""Layers do what their functions do, with their own parameters; their states and their refusals."""

import inspect
import re

import numpy as np
import pytest

import nnscratch.functional as F
from nnscratch import Tensor, nn

RNG = np.random.default_rng(0)


def draw(*shape):
    return Tensor(RNG.standard_normal(shape).astype(np.float32))


def same(a, b):
    assert a.dtype == b.dtype
    np.testing.assert_array_equal(a.numpy(), b.numpy())


SIZES = {1: (7,), 2: (7, 6), 3: (5, 6, 4)}


@pytest.mark.parametrize("ndim", SIZES)
@pytest.mark.parametrize("bias", [True, False])
def test_convolutions(ndim, bias):
    x = draw(2, 4, *SIZES[ndim])
    layer = getattr(nn, f"Conv{ndim}d")(4, 6, 3, 2, 1, 1, 2, bias, rng=0)
    assert layer.weight.shape == (6, 2, *(3,) * ndim) and (layer.bias is not None) == bias
    function = getattr(F, f"conv{ndim}d")
    same(layer(x), function(x, layer.weight, layer.bias, 2, 1, 1, 2))
    layer = getattr(nn, f"ConvTranspose{ndim}d")(4, 6, 3, 2, 1, 1, 2, bias, rng=0)
    assert layer.weight.shape == (4, 3, *(3,) * ndim) and (layer.bias is not None) == bias
    function = getattr(F, f"conv_transpose{ndim}d")
    same(layer(x), function(x, layer.weight, layer.bias, 2, 1, 1, 2, 1))


def test_arguments_by_name():
    x = draw(1, 2, 9, 9)
    layer = nn.Conv2d(2, 3, (3, 2), padding=((1, 0), (2, 1)), dilation=(2, 1), stride=(1, 2), rng=0)
    expected = F.conv2d(x, layer.weight, layer.bias, (1, 2), ((1, 0), (2, 1)), (2, 1))
    same(layer(x), expected)
    layer = nn.ConvTranspose2d(2, 3, 2, stride=3, output_padding=(2, 1), dilation=2, rng=0)
    same(layer(x), F.conv_transpose2d(x, layer.weight, layer.bias, 3, 0, (2, 1), 1, 2))


@pytest.mark.parametrize("ndim", SIZES)
def test_pools(ndim):
    x = draw(2, 3, *SIZES[ndim])
    for name, layer, args, options in (
        ("max_pool", "MaxPool", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}),
        ("max_pool", "MaxPool", (2, 1), {"dilation": 2}),
        ("avg_pool", "AvgPool", (2,), {"padding": 1, "count_include_pad": False}),
        ("adaptive_avg_pool", "AdaptiveAvgPool", (2,), {}),
    ):
        function, kind = getattr(F, f"{name}{ndim}d"), getattr(nn, f"{layer}{ndim}d")
        same(kind(*args, **options)(x), function(x, *args, **options))


def test_functions_as_layers():
    x = draw(3, 4)
    for layer, expected in (
        (nn.ReLU(), F.relu(x)),
        (nn.LeakyReLU(0.3), F.leaky_relu(x, 0.3)),
        (nn.Sigmoid(), F.sigmoid(x)),
        (nn.Tanh(), F.tanh(x)),
        (nn.Softmax(1), F.softmax(x, 1)),
        (nn.L2Normalize(), F.normalize(x)),
        (nn.L2Normalize(axis=0, eps=1.0), F.normalize(x, 2.0, 0, 1.0)),
        (nn.Identity(), x),
    ):
        same(layer(x), expected)
        assert not list(layer.parameters())


def test_linear():
    layer = nn.Linear(4, 3, rng=0)
    x = draw(2, 5, 4)
    np.testing.assert_allclose(
        layer(x).numpy(), x.data @ layer.weight.data.T + layer.bias.data, rtol=1e-5
    )
    assert nn.Linear(4, 3, bias=False, rng=0).bias is None


def test_flatten():
    assert nn.Flatten()(draw(2, 3, 4)).shape == (2, 12)
    assert nn.Flatten()(draw(2)).shape == (2, 1)
    assert nn.Flatten()(draw(0, 3, 4)).shape == (0, 12)


def test_weights_come_from_the_generator():
    def weights(rng):
        return [
            layer.weight.numpy()
            for layer in (nn.Linear(3, 4, rng=rng), nn.Conv2d(3, 4, 3, rng=rng))
        ]

    for a, b in zip(weights(3), weights(3), strict=True):
        np.testing.assert_array_equal(a, b)
    rng = np.random.default_rng(0)
    assert (
        nn.Linear(3, 4, rng=rng).weight.numpy() != nn.Linear(3, 4, rng=rng).weight.numpy()
    ).all()
    layer = nn.Conv2d(3, 4, 3, rng=0)
    assert layer.weight.dtype == np.float32 and not layer.bias.numpy().any()


def test_dropout_follows_the_mode_and_its_generator():
    x = Tensor(np.ones((50, 50), np.float32))
    layer, twin = nn.Dropout(0.4, rng=3), nn.Dropout(0.4, rng=3)
    first, second = layer(x).numpy(), layer(x).numpy()
    assert (first != second).any() and abs((first == 0).mean() - 0.4) < 0.05
    np.testing.assert_array_equal(first, twin(x).numpy())
    assert layer.eval()(x) is x


@pytest.mark.parametrize(("kind", "shape"), [(1, (6, 3)), (1, (6, 3, 4)), (2, (6, 3, 4, 2))])
def test_batch_norm(kind, shape):
    layer = getattr(nn, f"BatchNorm{kind}d")(3, momentum=0.5)
    layer.weight.data = np.array([1.0, 2.0, 3.0], np.float32)
    x = draw(*shape) * 2 + 1
    axes = (0, *range(2, len(shape)))
    y = layer(x)
    np.testing.assert_allclose(y.numpy().std(axes), [1, 2, 3], rtol=1e-3)
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.5 * x.data.mean(axes), rtol=1e-5)
    expected = 0.5 + 0.5 * x.data.var(axes, ddof=1)
    np.testing.assert_allclose(layer.running_var.numpy(), expected, rtol=1e-5)
    before = layer.running_mean.data
    layer.eval()
    assert (layer(x).numpy() != y.numpy()).any() and layer.running_mean.data is before
    assert list(nn.BatchNorm3d(3, affine=False).parameters()) == []


def test_batch_norm_of_a_wrong_input():
    for layer, shape in (
        (nn.BatchNorm2d(3), (2, 3, 4)),
        (nn.BatchNorm2d(3), (2, 4, 4, 4)),
        (nn.BatchNorm1d(3), (2, 3, 4, 4)),
        (nn.BatchNorm3d(3), (2, 3, 4, 4)),
        (nn.InstanceNorm2d(3), (2, 3, 4)),
        (nn.InstanceNorm2d(3), (2, 2, 4, 4)),
    ):
        with pytest.raises(ValueError, match=f"{type(layer).__name__}: expected x .*got"):
            layer(draw(*shape))


@pytest.mark.parametrize(("kind", "shape"), [(1, (1, 3)), (1, (1, 3, 1)), (2, (1, 3, 1, 1))])
def test_one_value_per_channel_is_refused_in_training_with_a_remedy(kind, shape):
    layer = getattr(nn, f"BatchNorm{kind}d")(3)
    before = layer.running_mean.data
    with pytest.raises(ValueError, match=f"BatchNorm{kind}d: .* more than one .*drop_last=True"):
        layer(draw(*shape))
    assert layer.running_mean.data is before
    assert layer.eval()(draw(*shape)).shape == shape


def test_layer_norm_without_scale_or_shift():
    x = draw(2, 5) * 3
    plain = nn.LayerNorm(5, elementwise_affine=False)
    assert not list(plain.parameters())
    same(plain(x), F.layer_norm(x, 5))
    assert [name for name, _ in nn.LayerNorm(5, bias=False).named_parameters()] == ["weight"]


def test_instance_and_layer_norm():
    x = draw(2, 3, 4, 5) * 3 + 2
    y = nn.InstanceNorm2d(3)(x).numpy()
    np.testing.assert_allclose(y.mean((2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((2, 3)), 1, rtol=1e-3)
    assert len(list(nn.InstanceNorm2d(3, affine=True).parameters())) == 2
    for shape, axes in ((5, (3,)), ((4, 5), (2, 3)), ([3, 4, 5], (1, 2, 3))):
        y = nn.LayerNorm(shape)(x).numpy()
        np.testing.assert_allclose(y.mean(axes), 0, atol=1e-5)
        np.testing.assert_allclose(y.std(axes), 1, rtol=1e-3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Linear(0, 3), "Linear: expected in_features as an int of at least 1, got 0"),
        (lambda: nn.Linear(2, 3.0), "Linear: expected out_features as an int .*, got 3.0"),
        (lambda: nn.Linear(2, -1), "Linear: expected out_features as an int .*, got -1"),
        (lambda: nn.Conv2d(2.0, 3, 3), "Conv2d: expected in_channels as an int .*, got 2.0"),
        (lambda: nn.Conv2d(2, 0, 3), "Conv2d: expected out_channels as an int .*, got 0"),
        (lambda: nn.Conv2d(1, 2, 3, padding="not_same"), "Conv2d: expected padding .*'not_same'"),
        (lambda: nn.Conv1d(1, 2, 3, 2, "same"), 'Conv1d: padding "same" needs stride 1, got'),
        (lambda: nn.Conv2d(2, 2, 3, groups=1.0), "Conv2d: groups must divide .*, got groups 1.0"),
        (
            lambda: nn.ConvTranspose1d(1, 2, 3, stride=2, output_padding=2),
            "ConvTranspose1d: output_padding must be smaller than the stride or the dilation, got",
        ),
        (
            lambda: nn.ConvTranspose2d(1, 2, 3, output_padding=-1),
            "ConvTranspose2d: expected output_padding",
        ),
        (lambda: nn.BatchNorm2d(0), "BatchNorm2d: expected num_features as an int .*, got 0"),
        (lambda: nn.BatchNorm1d(3, eps=-1), "BatchNorm1d: expected eps as a finite number of at"),
        (lambda: nn.BatchNorm1d(3, momentum=None), "BatchNorm1d: expected momentum as a finite"),
        (lambda: nn.InstanceNorm2d(3, eps=np.nan), "InstanceNorm2d: expected eps as a finite"),
        (lambda: nn.LayerNorm((3, 0)), "LayerNorm: expected normalized_shape"),
        (lambda: nn.LayerNorm(3.5), "LayerNorm: expected normalized_shape"),
        (lambda: nn.LayerNorm(3, eps="1"), "LayerNorm: expected eps as a finite number"),
        (lambda: nn.LeakyReLU(np.nan), "LeakyReLU: expected negative_slope as a finite number"),
        (lambda: nn.Dropout(np.nan), "Dropout: expected a probability"),
        (lambda: nn.Dropout("0.5"), "Dropout: expected a probability p in .*, got '0.5'"),
        (lambda: nn.L2Normalize(eps=-1e-3), "L2Normalize: expected eps as a finite number of"),
    ],
)
def test_values_that_cannot_work_are_refused_when_made(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_arguments_of_pytorch_programs():
    x = draw(3, 4)
    same(nn.ReLU(inplace=True)(x), F.relu(x))
    same(nn.LeakyReLU(0.2, True)(x), F.leaky_relu(x, 0.2))
    with pytest.raises(TypeError, match=r"Softmax: .*called axis here; write Softmax\(axis=1\)"):
        nn.Softmax(dim=1)


def test_axes_are_checked_when_made():
    for layer in (nn.Softmax, nn.L2Normalize):
        for axis in (None, 1.0, "1"):
            with pytest.raises(TypeError, match=f"{layer.__name__}: expected axis as an int, got"):
                layer(axis)


@pytest.mark.parametrize("kind", ["Conv1d", "Conv2d", "ConvTranspose3d"])
def test_refused_when_made(kind):
    layer = getattr(nn, kind)
    for groups in (2, 3, 0, -1):
        with pytest.raises(ValueError, match=f"{kind}: groups must divide both channels"):
            layer(3, 4, 3, groups=groups)
    with pytest.raises(ValueError, match=f"{kind}: expected kernel_size"):
        layer(3, 4, 0)
    with pytest.raises(ValueError, match=f"{kind}: expected kernel_size"):
        layer(3, 4, (3,) * 4)


def test_refused_in_use():
    with pytest.raises(ValueError, match="conv2d: x has 4 channels but weight expects 3"):
        nn.Conv2d(3, 4, 3)(draw(1, 4, 8, 8))
    with pytest.raises(ValueError, match="linear: the last axis of x must be 3 long"):
        nn.Linear(3, 4)(draw(1, 4))
    with pytest.raises(ValueError, match="Dropout: expected a probability"):
        nn.Dropout(-0.1)


def test_layers_say_what_they_are():
    for layer, text in (
        (nn.Linear(2, 3), "Linear(in_features=2, out_features=3)"),
        (nn.Linear(2, 3, bias=False), "Linear(in_features=2, out_features=3, bias=None)"),
        (
            nn.MaxPool2d(2, stride=1),
            "MaxPool2d(kernel_size=2, stride=1, padding=0, dilation=1, ceil_mode=False)",
        ),
        (
            nn.AvgPool1d(3),
            "AvgPool1d(kernel_size=3, stride=3, padding=0, ceil_mode=False, "
            "count_include_pad=True)",
        ),
        (nn.AdaptiveAvgPool2d((1, 2)), "AdaptiveAvgPool2d(output_size=(1, 2))"),
        (nn.BatchNorm2d(3), "BatchNorm2d(num_features=3, eps=1e-05, momentum=0.1)"),
        (nn.Dropout(0.2), "Dropout(p=0.2)"),
        (nn.LeakyReLU(), "LeakyReLU(negative_slope=0.01)"),
        (nn.Flatten(), "Flatten()"),
        (nn.LayerNorm((2, 3)), "LayerNorm(normalized_shape=(2, 3), eps=1e-05)"),
        (nn.Softmax(1), "Softmax(axis=1)"),
    ):
        assert repr(layer) == text
    text = repr(nn.ConvTranspose1d(4, 6, 3, stride=2, groups=2))
    assert text.startswith(
        "ConvTranspose1d(in_channels=4, out_channels=6, kernel_size=(3,), stride=2"
    )


POOLS = {
    "MaxPool": ("max_pool", "kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False"),
    "AvgPool": (
        "avg_pool",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
    ),
    "AdaptiveAvgPool": ("adaptive_avg_pool", "output_size"),
}


@pytest.mark.parametrize("ndim", SIZES)
@pytest.mark.parametrize("kind", POOLS)
def test_pools_have_the_signatures_of_pytorch(kind, ndim):
    name, arguments = POOLS[kind]
    signature = inspect.signature(getattr(nn, f"{kind}{ndim}d"))
    assert str(signature) == f"({arguments})"
    function = inspect.signature(getattr(F, f"{name}{ndim}d"))
    assert list(function.parameters) == ["x", *signature.parameters]


@pytest.mark.parametrize("ndim", SIZES)
@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose", "BatchNorm", *POOLS])
def test_every_argument_is_documented(kind, ndim):
    layer = getattr(nn, f"{kind}{ndim}d")
    arguments = set(inspect.signature(layer).parameters) - {"in_channels", "out_channels"}
    words = set(re.findall(r"\w+", layer.__init__.__doc__))
    assert arguments <= words


@pytest.mark.parametrize("ndim", SIZES)
def test_pools_refuse_wrong_arguments_when_made(ndim):
    for kind in ("MaxPool", "AvgPool"):
        layer, name = getattr(nn, f"{kind}{ndim}d"), f"{kind}{ndim}d"
        for wrong in (0, "2", (2,) * 4, 1.5):
            with pytest.raises(ValueError, match=f"^{name}: expected kernel_size"):
                layer(wrong)
        with pytest.raises(ValueError, match=f"^{name}: expected stride"):
            layer(2, stride=0)
        with pytest.raises(ValueError, match=f"^{name}: expected padding"):
            layer(2, padding=-1)
        with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
            layer(2, size=3)
    with pytest.raises(ValueError, match=f"^MaxPool{ndim}d: expected dilation"):
        getattr(nn, f"MaxPool{ndim}d")(2, dilation=0)
    with pytest.raises(ValueError, match=f"^AdaptiveAvgPool{ndim}d: expected output_size"):
        getattr(nn, f"AdaptiveAvgPool{ndim}d")(0)


@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d"])
def test_convolutions_refuse_wrong_arguments_when_made(kind):
    for argument in ("stride", "dilation", "padding"):
        with pytest.raises(ValueError, match=f"^{kind}: expected {argument}"):
            getattr(nn, kind)(3, 4, 3, **{argument: -1})
