"""Questions on convolution and pooling: values, sizes, cost, receptive fields.

Stands on `functional` and `nn`; SciPy gives values for comparison.
"""

import numpy as np
from scipy import signal

import nnscratch.functional as F
from nnscratch import Tensor, grad, nn
from nnscratch.learn.quiz import predictions, predicts, question, row, size, small

TOPIC = "convolution"


@question(TOPIC, *predictions("equal", ["convolve"], ["correlate"], ["correlate", "convolve"], []))
def cross_correlation():
    """The kernel [1, 2, 4] slides over the signal [0, 0, 1, 0, 0]. Which function of scipy.signal
    gives the numbers of conv1d?

    - convolve: the name says so
    - correlate: it does not reverse the kernel
    - both: they agree for this signal
    - neither: conv1d reverses the signal, not the kernel

    What networks call convolution is cross-correlation. Convolution in mathematics reverses the
    kernel first. For a network this makes no difference: it would learn the reversed kernel.
    """
    x, kernel = np.array([0.0, 0, 1, 0, 0]), np.array([1.0, 2, 4])
    values = {"conv1d": F.conv1d(x[None, None], kernel[None, None]).numpy()[0, 0].tolist()}
    for function in (signal.correlate, signal.convolve):
        values[function.__name__] = function(x, kernel, "valid").tolist()
    equal = [name for name in ("correlate", "convolve") if values[name] == values["conv1d"]]
    lines = [f"{name:<9}  {row(numbers)}" for name, numbers in values.items()]
    return {**values, "equal": equal}, lines


@question(TOPIC, *predictions("parameters", 100, 270, 280, None))
def parameters():
    """A layer has 10 filters of 3 x 3, with biases, for images with 3 channels. How many
    parameters does it have?

    - 100
    - 270
    - 280
    - that depends on the size of the images

    A filter covers all channels, so it has 3 x 3 x 3 weights and one bias. It slides over the
    image, so the size of the image does not matter.
    """
    layer = nn.Conv2d(3, 10, 3, rng=0)
    weights = layer.weight.size
    biases = sum(p.size for p in layer.parameters()) - weights
    at_32, at_1000 = (nn.summary(layer, (1, 3, n, n)).parameters for n in (32, 1000))
    return {"parameters": at_32 if at_32 == at_1000 else None}, [
        f"weights {size(layer.weight.shape)} = {weights}, biases {biases}",
        f"for images of     32 x 32 pixels: {at_32}",
        f"for images of 1000 x 1000 pixels: {at_1000}",
    ]


@question(TOPIC, *(predicts(f"padding {p}", 12) for p in (1, 3, 6, 7)))
def padding():
    """A kernel of 7 x 7 with stride 1 is applied to images of 12 x 12 pixels. Which padding on
    each side keeps their size?

    - 1
    - 3
    - 6
    - 7

    The output has n + 2p - k + 1 pixels, so p = (k - 1) / 2 keeps the size. This is a whole
    number only if k is odd, which is one reason why kernels are.
    """
    x, kernel = np.ones((1, 1, 12, 12)), np.ones((1, 1, 7, 7))
    sizes = {f"padding {p}": F.conv2d(x, kernel, padding=p).shape[2] for p in (1, 3, 6, 7)}
    sizes["same"] = F.conv2d(x, kernel, padding="same").shape[2]
    return sizes, [f"{name}: {n} x {n}" for name, n in sizes.items()]


# -- cost and receptive field ---------------------------------------------------------------------


@question(
    TOPIC,
    lambda c: c["ratio"] > 1.02,
    lambda c: 0.98 < c["ratio"] < 1.02,
    lambda c: 0.4 < c["ratio"] < 0.6,
    lambda c: 0.05 < c["ratio"] < 0.2,
)
def bottleneck():
    """A convolution takes 28 x 28 pixels with 192 channels to 32 filters of 5 x 5 (padded to keep
    the size). Now 16 filters of 1 x 1 are put before it. How many multiplications are there?

    - more: there is one more layer
    - as many: filters of 1 x 1 do not count
    - about half as many
    - about a tenth

    A 1 x 1 convolution is a linear layer at each pixel: it mixes channels, but no neighbours.
    With few output channels it saves most of the work of the next layer.
    """
    shape = (1, 192, 28, 28)
    narrow = nn.Sequential(nn.Conv2d(192, 16, 1, rng=0), nn.Conv2d(16, 32, 5, padding=2, rng=0))
    table = nn.summary(narrow, shape)
    first, second = (line.multiply_adds for line in table.rows)
    direct = nn.summary(nn.Conv2d(192, 32, 5, padding=2, rng=0), shape).multiply_adds
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((1, 6, 4, 4)), rng.standard_normal((3, 6))
    dense = F.linear(x.transpose(0, 2, 3, 1), Tensor(w)).numpy().transpose(0, 3, 1, 2)
    difference = _largest(F.conv2d(x, w[:, :, None, None]).numpy() - dense)
    ratio = table.multiply_adds / direct
    return {"direct": direct, "first": first, "second": second, "ratio": ratio}, [
        f"5 x 5 on 192 channels         {direct:>12,}",
        f"1 x 1 to 16, then 5 x 5       {first + second:>12,}  = {first:,} + {second:,}",
        f"the second is {ratio:.3f} of the first",
        f"1 x 1 convolution minus a linear layer at each pixel: {small(difference)}",
    ]


def _largest(values):
    return float(np.abs(values).max())


@question(TOPIC, *predictions("measured", 5, 6, 8, 10))
def receptive_field():
    """A convolution of 3 x 3, an average pooling of 2 x 2 and a convolution of 3 x 3 follow each
    other. How many pixels wide is the part of the input that one output depends on?

    - 5
    - 6
    - 8
    - 10

    A layer adds (k - 1) times the distance of its inputs in pixels: 1 + 2 + 1, and then 2 * 2,
    as after the pooling neighbours are two pixels apart.
    """
    net = nn.Sequential(nn.Conv2d(1, 1, 3, rng=1), nn.AvgPool2d(2), nn.Conv2d(1, 1, 3, rng=2))
    x = Tensor(np.ones((1, 1, 16, 16), np.float32), requires_grad=True)
    (g,) = grad(net(x)[0, 0, 2, 2], [x])
    measured = int(np.count_nonzero(g.numpy()[0, 0].any(axis=0)))
    layers = nn.summary(net, (1, 1, 16, 16)).rows
    fields = [layer.receptive_field[0] for layer in layers if layer.receptive_field]
    jumps = [layer.jump[0] for layer in layers if layer.jump]
    return {"measured": measured}, [
        f"pixels in a row with a gradient from one output: {measured}",
        f"receptive field after each layer, by summary: {row(fields)}",
        f"distance of its outputs in pixels:            {row(jumps)}",
    ]


# -- pooling --------------------------------------------------------------------------------------


@question(TOPIC, *predictions("equal", ["max"], ["average"], ["max", "average"], []))
def pooling_and_relu():
    """Do ReLU before pooling and pooling before ReLU give equal results?

    - for max pooling only
    - for average pooling only
    - for both
    - for neither

    ReLU keeps the order of numbers, so the maximum may be taken before or after it; pooling 2 x
    2 first saves three quarters of the ReLUs. A mean mixes in the values that ReLU would have
    set to 0.
    """
    x = np.random.default_rng(2).standard_normal((1, 3, 8, 8))
    differences = {
        name: _largest(pool(F.relu(x), 2).numpy() - F.relu(pool(x, 2)).numpy())
        for name, pool in (("max", F.max_pool2d), ("average", F.avg_pool2d))
    }
    equal = [name for name, difference in differences.items() if difference == 0]
    lines = [f"{name} pooling: largest difference {small(d)}" for name, d in differences.items()]
    return {**differences, "equal": equal}, lines


@question(
    TOPIC,
    *predictions(
        "additive",
        ["average pooling", "max pooling", "convolution with a bias"],
        ["average pooling", "max pooling"],
        ["average pooling", "convolution with a bias"],
        ["average pooling"],
    ),
)
def additivity():
    """A map f is additive if f(a + b) = f(a) + f(b). Which of these are: average pooling, max
    pooling, a convolution with a bias?

    - all three
    - the two poolings
    - average pooling and the convolution
    - average pooling only

    Average pooling is a convolution with fixed weights. A bias is added twice on the right and
    once on the left, and the maxima of a and b may be at different positions.
    """
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((2, 1, 2, 6, 6))
    weight, bias = rng.standard_normal((2, 2, 3, 3)), np.array([0.5, -1.0])
    maps = {
        "average pooling": lambda x: F.avg_pool2d(x, 2),
        "max pooling": lambda x: F.max_pool2d(x, 2),
        "convolution with a bias": lambda x: F.conv2d(x, weight, Tensor(bias)),
    }
    gaps = {name: _largest((f(a + b) - f(a) - f(b)).numpy()) for name, f in maps.items()}
    lines = [f"  {name:<23}  {small(gap)}" for name, gap in gaps.items()]
    additive = [name for name, gap in gaps.items() if gap < 1e-9]
    return {**gaps, "additive": additive}, ["the largest |f(a + b) - f(a) - f(b)|", *lines]


@question(
    TOPIC, *predictions("gradient", [1, 0, 0, 0], [0.5, 0.5, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0])
)
def tie():
    """A max pooling gets [3, 3, 1, 2], with two maxima. The gradient of its output is 1. What is
    the gradient of the four inputs?

    - 1 0 0 0: the first maximum gets it
    - 0.5 0.5 0 0: both share it
    - 1 1 0 0: both are the maximum
    - 0 0 0 0: there is no slope at a tie

    At a tie the derivative does not exist, and any shares that add up to 1 are valid. nnscratch
    gives all to the first, like PyTorch. Giving 1 to both would count the gradient twice.
    """
    values = np.array([3.0, 3.0, 1.0, 2.0])
    x = Tensor(values[None, None], requires_grad=True)
    (g,) = grad(F.max_pool1d(x, 4).sum(), [x])
    gradient = g.numpy().reshape(-1).tolist()
    steps = [0.5, 0.5, 0, 0], [0.5, 0, 0, 0], [-0.5, 0, 0, 0]
    both, raised, lowered = (F.max_pool1d((values + s)[None, None], 4).item() - 3 for s in steps)
    return {"gradient": gradient}, [
        f"gradient: {row(gradient)}",
        f"both raised by 0.5: the maximum rises by {both:g}, so the shares must add up to 1",
        f"only the first raised by 0.5: {raised:+g}; lowered by 0.5: {small(lowered)}",
    ]
