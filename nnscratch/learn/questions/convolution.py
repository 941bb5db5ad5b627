"""Questions on convolution and pooling: what is computed, how large it is, what it sees.

Stands on `functional` and `nn`; SciPy is a witness from outside.
"""

import numpy as np
from scipy import signal

import nnscratch.functional as F
from nnscratch import Tensor, grad, nn
from nnscratch.learn.questions.words import row, size, small
from nnscratch.learn.quiz import Computed, Option, Question, predicts

TOPIC = "convolution"


# -- what is computed -----------------------------------------------------------------------------


def _slide() -> Computed:
    x, kernel = np.array([0.0, 0, 1, 0, 0]), np.array([1.0, 2, 4])
    ours = F.conv1d(x[None, None], kernel[None, None]).numpy()[0, 0]
    return {
        "conv1d": ours.tolist(),
        "correlate": signal.correlate(x, kernel, "valid").tolist(),
        "convolve": signal.convolve(x, kernel, "valid").tolist(),
    }


CROSS_CORRELATION = Question(
    TOPIC,
    "The kernel [1, 2, 4] slides over the signal [0, 0, 1, 0, 0]. Which function of scipy.signal "
    "gives the numbers of conv1d?",
    (
        Option("convolve: the name says so", lambda c: _only(c, "convolve", "correlate")),
        Option(
            "correlate: the kernel is laid on as it is", lambda c: _only(c, "correlate", "convolve")
        ),
        Option("both: they agree on this signal", lambda c: c["correlate"] == c["convolve"]),
        Option(
            "neither: conv1d turns the signal round, not the kernel",
            lambda c: c["conv1d"] not in (c["correlate"], c["convolve"]),
        ),
    ),
    _slide,
    lambda c: [f"{name:<9}  {row(c[name])}" for name in ("conv1d", "correlate", "convolve")],
    "What networks call convolution is cross-correlation; the mathematicians' convolution turns "
    "the kernel round first. A network does not care: it would learn the turned kernel.",
)


def _only(c: Computed, this: str, other: str) -> bool:
    return c["conv1d"] == c[this] != c[other]


def _parameters() -> Computed:
    layer = nn.Conv2d(3, 10, 3, rng=0)
    return {
        "weights": layer.weight.size,
        "biases": sum(p.size for p in layer.parameters()) - layer.weight.size,
        "shape": list(layer.weight.shape),
        **{f"at {n}": nn.summary(layer, (1, 3, n, n)).parameters for n in (32, 1000)},
    }


PARAMETERS = Question(
    TOPIC,
    "A layer has 10 filters of 3 x 3, with biases, for images of 3 channels. How many numbers "
    "does it learn?",
    (
        Option("100", lambda c: c["at 32"] == c["at 1000"] == 100),
        Option("270", lambda c: c["at 32"] == c["at 1000"] == 270),
        Option("280", lambda c: c["at 32"] == c["at 1000"] == 280),
        Option("that depends on the size of the images", lambda c: c["at 32"] != c["at 1000"]),
    ),
    _parameters,
    lambda c: [
        f"weights {size(c['shape'])} = {c['weights']}, biases {c['biases']}",
        f"for images of     32 x 32 pixels: {c['at 32']}",
        f"for images of 1000 x 1000 pixels: {c['at 1000']}",
    ],
    "A filter reaches through all channels, so it has 3 x 3 x 3 weights and one bias; it slides, "
    "so the size of the image does not matter.",
)


def _paddings() -> Computed:
    x, kernel = np.ones((1, 1, 12, 12)), np.ones((1, 1, 7, 7))
    sizes = {f"padding {p}": F.conv2d(x, kernel, padding=p).shape[2] for p in (1, 3, 6, 7)}
    return {**sizes, "same": F.conv2d(x, kernel, padding="same").shape[2]}


PADDING = Question(
    TOPIC,
    "Images of 12 x 12 pixels meet a kernel of 7 x 7, stride 1. Which padding on each side keeps "
    "their size?",
    tuple(Option(str(p), predicts(f"padding {p}", 12)) for p in (1, 3, 6, 7)),
    _paddings,
    lambda c: [f"{name}: {n} x {n}" for name, n in c.items()],
    "The output is n + 2p - k + 1 long, so p = (k - 1) / 2 keeps n. It works on both sides alike "
    "only where k is odd, which is one reason why kernels are.",
)


# -- what it costs, what it sees ------------------------------------------------------------------


def _bottleneck() -> Computed:
    shape = (1, 192, 28, 28)
    narrow = nn.Sequential(nn.Conv2d(192, 16, 1, rng=0), nn.Conv2d(16, 32, 5, padding=2, rng=0))
    table = nn.summary(narrow, shape)
    direct = nn.summary(nn.Conv2d(192, 32, 5, padding=2, rng=0), shape).multiply_adds
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((1, 6, 4, 4)), rng.standard_normal((3, 6))
    dense = F.linear(x.transpose(0, 2, 3, 1), Tensor(w)).numpy().transpose(0, 3, 1, 2)
    return {
        "direct": direct,
        "by 1 x 1": [line.multiply_adds for line in table.rows],
        "ratio": table.multiply_adds / direct,
        "1 x 1 less linear": _largest(F.conv2d(x, w[:, :, None, None]).numpy() - dense),
    }


BOTTLENECK = Question(
    TOPIC,
    "28 x 28 pixels with 192 channels go to 32 filters of 5 x 5 (padded to keep the size). Now "
    "16 filters of 1 x 1 come in between. What becomes of the multiplications?",
    (
        Option("more: there is one layer more", lambda c: c["ratio"] > 1.02),
        Option("as many: 1 x 1 filters do not count", lambda c: 0.98 < c["ratio"] < 1.02),
        Option("about half as many", lambda c: 0.4 < c["ratio"] < 0.6),
        Option("about a tenth", lambda c: 0.05 < c["ratio"] < 0.2),
    ),
    _bottleneck,
    lambda c: [
        f"5 x 5 on 192 channels         {c['direct']:>12,}",
        f"1 x 1 to 16, then 5 x 5       {sum(c['by 1 x 1']):>12,}"
        f"  = {c['by 1 x 1'][0]:,} + {c['by 1 x 1'][1]:,}",
        f"the second is {c['ratio']:.3f} of the first",
        "1 x 1 convolution less a linear layer on each pixel's channels: "
        + small(c["1 x 1 less linear"]),
    ],
    "A 1 x 1 convolution is a linear layer at each pixel: it mixes channels and looks at no "
    "neighbour. Made narrow, it spares the layer after it most of the work.",
)


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max())


def _footprint() -> Computed:
    net = nn.Sequential(nn.Conv2d(1, 1, 3, rng=1), nn.AvgPool2d(2), nn.Conv2d(1, 1, 3, rng=2))
    x = Tensor(np.ones((1, 1, 16, 16)), requires_grad=True)
    (g,) = grad(net(x)[0, 0, 2, 2], [x])
    rows = nn.summary(net, (1, 1, 16, 16)).rows
    return {
        "measured": int(np.count_nonzero(g.numpy()[0, 0].any(axis=0))),
        "sees": [line.receptive_field[0] for line in rows if line.receptive_field],
        "jump": [line.jump[0] for line in rows if line.jump],
    }


RECEPTIVE_FIELD = Question(
    TOPIC,
    "A convolution of 3 x 3, an average pooling of 2 x 2, a convolution of 3 x 3. How wide is the "
    "square of the input that one output sees?",
    tuple(Option(str(n), predicts("measured", n)) for n in (5, 6, 8, 10)),
    _footprint,
    lambda c: [
        f"pixels in a row with a gradient from one output: {c['measured']}",
        f"sees after each layer, counted by summary: {row(c['sees'])}",
        f"pixels from one output to the next:        {row(c['jump'])}",
    ],
    "A layer adds (k - 1) times the jump so far: 1 + 2 + 1, and then 2 * 2, as after the pooling "
    "neighbours are two pixels apart.",
)


# -- pooling --------------------------------------------------------------------------------------


def _orders() -> Computed:
    x = np.random.default_rng(2).standard_normal((1, 3, 8, 8))
    pools = {"max": F.max_pool2d, "average": F.avg_pool2d}
    return {
        name: _largest(pool(F.relu(x), 2).numpy() - F.relu(pool(x, 2)).numpy())
        for name, pool in pools.items()
    }


POOLING_AND_RELU = Question(
    TOPIC,
    "ReLU and then pooling, or pooling and then ReLU: for which poolings are the numbers the same?",
    (
        Option("for max pooling only", lambda c: c["max"] == 0 < c["average"]),
        Option("for average pooling only", lambda c: c["average"] == 0 < c["max"]),
        Option("for both", lambda c: c["max"] == c["average"] == 0),
        Option("for neither", lambda c: c["max"] > 0 and c["average"] > 0),
    ),
    _orders,
    lambda c: [f"{name} pooling: largest difference {small(x)}" for name, x in c.items()],
    "ReLU keeps the order of numbers, so it does not matter whether the largest is picked before "
    "or after; pooling 2 x 2 first spares three quarters of the ReLUs. A mean mixes what ReLU "
    "would have cut off.",
)


def _additions() -> Computed:
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((2, 1, 2, 6, 6))
    weight, bias = rng.standard_normal((2, 2, 3, 3)), np.array([0.5, -1.0])
    maps = {
        "average pooling": lambda x: F.avg_pool2d(x, 2),
        "max pooling": lambda x: F.max_pool2d(x, 2),
        "convolution with a bias": lambda x: F.conv2d(x, weight, Tensor(bias)),
    }
    return {name: _largest((f(a + b) - f(a) - f(b)).numpy()) for name, f in maps.items()}


LINEARITY = Question(
    TOPIC,
    "A map f is linear if f(a + b) = f(a) + f(b). Which of these are: average pooling, max "
    "pooling, a convolution with a bias?",
    (
        Option("all three", lambda c: _linear(c) == [1, 1, 1]),
        Option("the two poolings", lambda c: _linear(c) == [1, 1, 0]),
        Option("average pooling and the convolution", lambda c: _linear(c) == [1, 0, 1]),
        Option("average pooling only", lambda c: _linear(c) == [1, 0, 0]),
    ),
    _additions,
    lambda c: [
        "the largest of |f(a + b) - f(a) - f(b)|",
        *(f"  {name:<23}  {small(x)}" for name, x in c.items()),
    ],
    "Average pooling is a convolution with fixed weights. A bias is added twice on the right and "
    "once on the left; and two maxima may sit in different places.",
)


def _linear(c: Computed) -> list[int]:
    names = ("average pooling", "max pooling", "convolution with a bias")
    return [int(c[name] < 1e-9) for name in names]


def _tie() -> Computed:
    values = np.array([3.0, 3.0, 1.0, 2.0])
    x = Tensor(values[None, None], requires_grad=True)
    (g,) = grad(F.max_pool1d(x, 4).sum(), [x])

    def moved(*by: float) -> float:
        return F.max_pool1d((values + by)[None, None], 4).item() - 3.0

    return {
        "gradient": g.numpy().reshape(-1).tolist(),
        "both raised": moved(0.5, 0.5, 0, 0),
        "first raised": moved(0.5, 0, 0, 0),
        "first lowered": moved(-0.5, 0, 0, 0),
    }


TIE = Question(
    TOPIC,
    "A max pooling sees [3, 3, 1, 2]: two are largest. Which gradient goes back to the four, if 1 "
    "comes in?",
    (
        Option("1 0 0 0: the first one has it", predicts("gradient", [1, 0, 0, 0])),
        Option("0.5 0.5 0 0: they share it", predicts("gradient", [0.5, 0.5, 0, 0])),
        Option("1 1 0 0: both are the maximum", predicts("gradient", [1, 1, 0, 0])),
        Option("0 0 0 0: a corner has no slope", predicts("gradient", [0, 0, 0, 0])),
    ),
    _tie,
    lambda c: [
        f"gradient: {row(c['gradient'])}",
        f"both raised by 0.5: the maximum rises by {c['both raised']:g}, so it must add up to 1",
        f"the first alone raised by 0.5: {c['first raised']:+g}; "
        f"lowered by 0.5: {small(c['first lowered'])}",
    ],
    "At a tie there is a corner, and any shares that add up to 1 are a fair choice; nnscratch, "
    "like PyTorch, takes the first. Paying both would pay twice.",
)

QUESTIONS = (
    CROSS_CORRELATION,
    PARAMETERS,
    PADDING,
    BOTTLENECK,
    RECEPTIVE_FIELD,
    POOLING_AND_RELU,
    LINEARITY,
    TIE,
)
