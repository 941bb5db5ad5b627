"""nnscratch against PyTorch on the CPU: the same work, in turns, in one run.

Needs PyTorch. `python benchmarks/against_pytorch.py --help`. Each row times nnscratch and both of
PyTorch's memory layouts in turn, a round at a time, and prints the ratio of the medians: nnscratch
to the faster layout. Memory is measured in a process of its own for each side.
"""

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

import nnscratch.functional as F
from nnscratch import Tensor, nn, no_grad, optim
from nnscratch.style import content_cost, gram_matrix, style_cost, vgg

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYER = "relu4_2"
Work = Callable[[], object]


def torch_module():
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    return torch


# -- the same network on both sides ---------------------------------------------------------------


def ours_vgg() -> vgg.VGG:
    return vgg.VGG(vgg.CONFIGS["vgg19"], rng=0).freeze()


def torch_features(torch, network: vgg.VGG, last: str, channels_last: bool) -> Callable:
    """A function image -> {name: features} with the weights of `network`, up to `last`."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    weights = {
        name: (
            torch.tensor(c.weight.numpy()).to(memory_format=layout),
            torch.tensor(c.bias.numpy()),
        )
        for name, c in network.convs.items()
    }
    mean = torch.tensor(network.preprocess.mean).reshape(1, 3, 1, 1)

    def features(image):
        x, found = (image * network.preprocess.scale - mean).to(memory_format=layout), {}
        for name in network.layers:
            if name.startswith("conv"):
                x = torch.nn.functional.conv2d(x, *weights[name], padding=1)
            elif name.startswith("relu"):
                x = torch.relu_(x)
            else:
                x = torch.nn.functional.max_pool2d(x, 2)
            found[name] = x
            if name == last:
                return found
        return found

    return features


def style_step(torch, side: int) -> dict[str, Work]:
    """Forward to relu5_1, five Gram matrices, content, gradient in the pixels."""
    picture = np.random.default_rng(0).random((1, 3, side, side)).astype(np.float32)
    other = np.random.default_rng(1).random((1, 3, side, side)).astype(np.float32)
    return {
        "ours": our_style_step(picture, other),
        "torch": torch_style_step(torch, picture, other, False),
        "torch channels last": torch_style_step(torch, picture, other, True),
    }


def our_style_step(picture: np.ndarray, other: np.ndarray) -> Work:
    network = ours_vgg()
    names = {*STYLE_LAYERS, CONTENT_LAYER}
    with no_grad():
        found = network.features(other, names)
        grams = {name: gram_matrix(found[name]) for name in STYLE_LAYERS}
        target = found[CONTENT_LAYER]

    def step():
        image = Tensor(picture, requires_grad=True)
        found = network.features(image, names)
        loss = content_cost(found[CONTENT_LAYER], target)
        for name in STYLE_LAYERS:
            loss = loss + style_cost(gram_matrix(found[name]), grams[name])
        loss.backward()
        return image.grad

    return step


def torch_style_step(torch, picture, other, channels_last: bool) -> Work:
    features = torch_features(torch, ours_vgg(), STYLE_LAYERS[-1], channels_last)

    def gram(x):
        rows = x.reshape(*x.shape[:2], -1)
        return rows @ rows.transpose(1, 2) / rows.shape[2]

    with torch.no_grad():
        found = features(torch.tensor(other))
        grams = {name: gram(found[name]) for name in STYLE_LAYERS}
        target = found[CONTENT_LAYER]

    def step():
        image = torch.tensor(picture, requires_grad=True)
        found = features(image)
        loss = 0.5 * ((found[CONTENT_LAYER] - target) ** 2).sum()
        for name in STYLE_LAYERS:
            g = gram(found[name])
            loss = loss + ((g - grams[name]) ** 2).sum() / (4 * g.shape[1] ** 2)
        loss.backward()
        return image.grad

    return step


def forward(torch, batch: int) -> dict[str, Work]:
    """VGG-19's convolutions on 224×224."""
    network = ours_vgg()
    images = np.random.default_rng(0).random((batch, 3, 224, 224)).astype(np.float32)

    def ours():
        with no_grad():
            return network(images)

    def theirs(channels_last):
        features = torch_features(torch, network, "pool5", channels_last)
        given = torch.tensor(images)

        def run():
            with torch.no_grad():
                return features(given)["pool5"]

        return run

    return {"ours": ours, "torch": theirs(False), "torch channels last": theirs(True)}


def siamese(torch) -> dict[str, Work]:
    """A training step: 96 × 1×28×28, convolutions of 32, 64, 128, dense 128, triplet loss, Adam."""
    images = np.random.default_rng(0).random((96, 1, 28, 28)).astype(np.float32)
    layers, channels = [], 1
    for count in (32, 64, 128):
        layers += [nn.Conv2d(channels, count, 3, padding=1, rng=count), nn.ReLU(), nn.MaxPool2d(2)]
        channels = count
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(1152, 128, rng=0), nn.L2Normalize())
    adam = optim.Adam(net.parameters(), 1e-4)

    def ours():
        y = net(Tensor(images))
        loss = F.triplet_margin_loss(y[:32], y[32:64], y[64:], margin=0.2)
        adam.zero_grad()
        loss.backward()
        adam.step()
        return loss

    def theirs(channels_last):
        t, layers, channels = torch.nn, [], 1
        for count in (32, 64, 128):
            layers += [t.Conv2d(channels, count, 3, padding=1), t.ReLU(), t.MaxPool2d(2)]
            channels = count
        other = t.Sequential(*layers, t.Flatten(), t.Linear(1152, 128))
        layout = torch.channels_last if channels_last else torch.contiguous_format
        other = other.to(memory_format=layout)
        given = torch.tensor(images).to(memory_format=layout)
        adam = torch.optim.Adam(other.parameters(), 1e-4)

        def run():
            y = t.functional.normalize(other(given))
            loss = t.functional.triplet_margin_loss(y[:32], y[32:64], y[64:], margin=0.2)
            adam.zero_grad()
            loss.backward()
            adam.step()
            return loss

        return run

    return {"ours": ours, "torch": theirs(False), "torch channels last": theirs(True)}


def convolution(torch, shape, filters: int, kernel: int) -> dict[str, Work]:
    """Forward and both gradients of a convolution with padding that keeps the size."""
    ndim = len(shape) - 2
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape).astype(np.float32)
    w = (0.1 * rng.standard_normal((filters, shape[1], *(kernel,) * ndim))).astype(np.float32)
    g = rng.standard_normal((shape[0], filters, *shape[2:])).astype(np.float32)
    conv = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[ndim]

    def ours():
        a, b = Tensor(x, requires_grad=True), Tensor(w, requires_grad=True)
        conv(a, b, padding=kernel // 2).backward(g)
        return a.grad, b.grad

    def theirs(channels_last):
        functions = torch.nn.functional
        function = {1: functions.conv1d, 2: functions.conv2d, 3: functions.conv3d}[ndim]
        layout = torch.contiguous_format
        if channels_last and ndim > 1:
            layout = torch.channels_last if ndim == 2 else torch.channels_last_3d
        given = [torch.tensor(v).to(memory_format=layout) for v in (x, w, g)]

        def run():
            a, b = (v.detach().requires_grad_() for v in given[:2])
            function(a, b, padding=kernel // 2).backward(given[2])
            return a.grad, b.grad

        return run

    works = {"ours": ours, "torch": theirs(False)}
    return works if ndim == 1 else works | {"torch channels last": theirs(True)}


def pooling(torch, kind: str, kernel: int, shape=(8, 64, 112, 112)) -> dict[str, Work]:
    """Forward and backward of a pooling with stride 2, on memory as convolutions leave it."""
    rng = np.random.default_rng(0)
    x = np.moveaxis(rng.standard_normal((shape[0], *shape[2:], shape[1])).astype(np.float32), -1, 1)
    pool = F.max_pool2d if kind == "max" else F.avg_pool2d
    with no_grad():
        out = pool(Tensor(x), kernel, 2).shape
    g = np.moveaxis(rng.standard_normal((out[0], *out[2:], out[1])).astype(np.float32), -1, 1)

    def ours():
        a = Tensor(x, requires_grad=True)
        pool(a, kernel, 2).backward(g)
        return a.grad

    def theirs(channels_last):
        functions = torch.nn.functional
        function = functions.max_pool2d if kind == "max" else functions.avg_pool2d
        layout = torch.channels_last if channels_last else torch.contiguous_format
        given = [torch.tensor(np.ascontiguousarray(v)).to(memory_format=layout) for v in (x, g)]

        def run():
            a = given[0].detach().requires_grad_()
            function(a, kernel, 2).backward(given[1])
            return a.grad

        return run

    return {"ours": ours, "torch": theirs(False), "torch channels last": theirs(True)}


def chain(torch, length: int = 10_000) -> dict[str, Work]:
    """Forward and backward through a chain of operations on shape (4,)."""

    def run_chain(x):
        y = x
        for _ in range(length // 2):
            y = y * 1.0001
            y = y + x
        y.sum().backward()
        return x.grad

    return {
        "ours": lambda: run_chain(Tensor(np.ones(4, np.float32), requires_grad=True)),
        "torch": lambda: run_chain(torch.ones(4, requires_grad=True)),
    }


ROWS: dict[str, Callable] = {
    "style step 512": lambda torch: style_step(torch, 512),
    "style step 224": lambda torch: style_step(torch, 224),
    "vgg19 forward 224 batch 1": lambda torch: forward(torch, 1),
    "vgg19 forward 224 batch 8": lambda torch: forward(torch, 8),
    "siamese training step": siamese,
    "conv1d 32x16x1000 k9": lambda torch: convolution(torch, (32, 16, 1000), 32, 9),
    "conv3d 2x16x32x32x32 k3": lambda torch: convolution(torch, (2, 16, 32, 32, 32), 32, 3),
    "max pool 2/2": lambda torch: pooling(torch, "max", 2),
    "avg pool 2/2": lambda torch: pooling(torch, "avg", 2),
    "max pool 3/2": lambda torch: pooling(torch, "max", 3),
    "avg pool 3/2": lambda torch: pooling(torch, "avg", 3),
    "chain of 10,000": chain,
}
MEMORY = "style step 512, peak memory"
ERROR = "vgg19 features, error against float64"


# -- measuring ------------------------------------------------------------------------------------


def in_turns(works: dict[str, Work], seconds: float) -> dict[str, float]:
    """Median seconds of each, one after the other round by round, for about `seconds`.

    Each runs once untimed at the start of its turn: the threads of the one before, of either
    library, wait in a loop for some milliseconds and would be charged to it. The garbage collector
    does not look at what was there before, such as the thousands of objects of an imported PyTorch.
    """
    for work in works.values():
        work()
    gc.collect()
    gc.freeze()
    times: dict[str, list[float]] = {name: [] for name in works}
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds or len(times["ours"]) < 5:
        for name, work in works.items():
            work()
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def peak_memory(side: str) -> float:
    """MiB at the peak of a process that does three style steps at 512."""
    words = [sys.executable, __file__, "--peak-of", side]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return float(done.stdout)


def run_for_peak(side: str) -> None:
    picture, other = (
        np.random.default_rng(i).random((1, 3, 512, 512)).astype(np.float32) for i in (0, 1)
    )
    if side == "ours":
        step = our_style_step(picture, other)
    else:
        step = torch_style_step(torch_module(), picture, other, side != "torch")
    for _ in range(3):
        step()
    with open("/proc/self/status", encoding="ascii") as status:  # getrusage would count the parent
        print(next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")))


def profile(work: Work, runs: int = 10) -> None:
    """Print where nnscratch spends its time: each kernel and shape, in ms of one run."""
    from nnscratch import kernels

    names = ("conv", "conv_grad_input", "conv_grad_weight", "max_pool", "max_unpool", "sum_pool")
    names += ("sum_unpool", "relu", "relu_grad", "match_layout", "total", "matmul")
    originals = {name: getattr(kernels, name) for name in names}
    spent: dict[tuple, float] = {}

    def timed(name: str) -> Callable:
        def run(x, *rest, **options):
            start = time.perf_counter()
            result = originals[name](x, *rest, **options)
            key = (name, x.shape)
            spent[key] = spent.get(key, 0.0) + time.perf_counter() - start
            return result

        return run

    work()
    for name in names:
        setattr(kernels, name, timed(name))
    start = time.perf_counter()
    for _ in range(runs):
        work()
    whole = time.perf_counter() - start
    for name, original in originals.items():
        setattr(kernels, name, original)
    for (name, shape), seconds in sorted(spent.items(), key=lambda item: -item[1])[:16]:
        print(f"  {1000 * seconds / runs:8.2f} ms  {name} {shape}")
    print(f"  {1000 * (whole - sum(spent.values())) / runs:8.2f} ms  everything else")


def feature_error() -> float:
    """The largest error of any VGG feature, relative to the largest feature of its layer."""
    network = ours_vgg()
    image = np.random.default_rng(0).random((1, 3, 224, 224))
    with no_grad():
        single = network.features(image.astype(np.float32), network.layers)
        double = network.to(np.float64).features(image, network.layers)
    return max(
        float(np.abs(single[name].numpy() - y.numpy()).max() / np.abs(y.numpy()).max())
        for name, y in double.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", help=f"parts of names of: {', '.join(ROWS)}")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each row (default 10)")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--profile", action="store_true", help="also show where our time goes")
    parser.add_argument("--peak-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak_of:
        run_for_peak(options.peak_of)
        return
    torch = torch_module()
    record: dict[str, dict] = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(),
            "numpy": np.__version__,
            "torch": torch.__version__,
        }
    }

    def wanted(name: str) -> bool:
        return not options.rows or any(part in name for part in options.rows)

    print(f"{'work':32}{'ours ms':>10}{'torch':>10}{'ch. last':>10}{'ratio':>8}")
    for name, make in ROWS.items():
        if not wanted(name):
            continue
        works = make(torch)
        times = in_turns(works, options.seconds)
        ours, *theirs = times.values()
        record[name] = {**times, "ratio": ours / min(theirs)}
        cells = "".join(f"{1000 * t:10.1f}" for t in (ours, *theirs))
        print(f"{name:32}{cells:30}{ours / min(theirs):8.2f}", flush=True)
        if options.profile:
            profile(works["ours"])
    if wanted(MEMORY):
        peaks = {side: peak_memory(side) for side in ("ours", "torch", "torch channels last")}
        ours, *theirs = peaks.values()
        record[MEMORY] = {**peaks, "ratio": ours / min(theirs)}
        cells = "".join(f"{mib:10.0f}" for mib in peaks.values())
        print(f"{MEMORY + ' MiB':32}{cells:30}{ours / min(theirs):8.2f}")
    if wanted(ERROR):
        record[ERROR] = {"error": feature_error()}
        print(f"{ERROR}: {record[ERROR]['error']:.1e}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)


if __name__ == "__main__":
    main()
