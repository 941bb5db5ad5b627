"""Compare the speed of nnscratch with that of DeZero, HIPS autograd and numpy-ml.

    pip install dezero autograd numpy-ml matplotlib
    python benchmarks/against_peers.py [--seconds S] [--json FILE] [ROW ...]

Forward and backward of one layer, and of a chain of small operations, in float32: the same work in
turns, medians. Libraries that are not installed or have no such operation are left out. Before
anything is timed, the gradients of all libraries are compared.
"""

import argparse
import collections
import collections.abc
import importlib
import importlib.metadata
import json
import platform
import warnings
from collections.abc import Callable

import numpy as np

import nnscratch.functional as F
from nnscratch import Tensor
from nnscratch.engines.measure import in_turns, parse
from nnscratch.engines.numpy import parallel

OURS = "nnscratch"
PEERS = ("dezero", "autograd", "numpy-ml")
CLOSE = 1e-3
Work = Callable[[], tuple]


def restore_old_names() -> None:
    """DeZero and numpy-ml use names that NumPy and Python have since removed."""
    for name in collections.abc.__all__:
        if not hasattr(collections, name):
            setattr(collections, name, getattr(collections.abc, name))
    for kind in (int, float, bool):
        if kind.__name__ not in vars(np):
            setattr(np, kind.__name__, kind)


def installed() -> dict[str, str]:
    """The peers that can be imported, with their versions."""
    restore_old_names()
    found = {}
    for name in PEERS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name.replace("-", "_"))
            found[name] = importlib.metadata.version(name)
        except Exception as error:  # an old library may fail in any way
            print(f"{name}: left out ({type(error).__name__}: {str(error).splitlines()[0]})")
    return found


# --- The same work on all sides: each returns gradients as NumPy arrays ---------------------------


def conv(text: str) -> dict[str, Callable[[], Work]]:
    """One conv2d layer without padding, with the gradients of x (N, C, H, W) and of the weight."""
    job = parse(text)
    x, w, g = numbers(job.x_shape, job.weight_shape, job.y_shape)
    return {
        OURS: lambda: our_layer(lambda a, b: F.conv2d(a, b), g, x, w),
        "dezero": lambda: dezero_conv(x, w, g),
        "autograd": lambda: autograd_conv(x, w, g),
        "numpy-ml": lambda: numpy_ml_conv(x, w, g),
    }


def pool(shape: tuple[int, ...], loops: bool) -> dict[str, Callable[[], Work]]:
    """Maxima of 2×2, with the gradient of x; loops: whether to wait for loops in Python."""
    x, g = numbers(shape, (*shape[:2], shape[2] // 2, shape[3] // 2))
    works = {
        OURS: lambda: our_layer(lambda a: F.max_pool2d(a, 2), g, x),
        "dezero": lambda: dezero_pool(x, g),
        "autograd": lambda: autograd_pool(x, g),
    }
    return works | {"numpy-ml": lambda: numpy_ml_pool(x, g)} if loops else works


def chain() -> dict[str, Callable[[], Work]]:
    """1,000 operations on shape (4,), one after the other; numpy-ml has no graph for them."""
    x = np.ones(4, np.float32)

    def ours() -> Work:
        return our_layer(thousand, np.ones(4, np.float32), x)

    return {OURS: ours, "dezero": lambda: dezero_chain(x), "autograd": lambda: autograd_chain(x)}


def thousand(x):
    y = x
    for _ in range(500):
        y = y * 1.0001
        y = y + x
    return y


def numbers(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def our_layer(function: Callable, g: np.ndarray, *arrays: np.ndarray) -> Work:
    def work():
        given = [Tensor(array, requires_grad=True) for array in arrays]
        function(*given).backward(g)
        return tuple(tensor.grad.numpy() for tensor in given)

    return work


def dezero_layer(function: Callable, g: np.ndarray, *arrays: np.ndarray) -> Work:
    from dezero import Variable

    def work():
        given = [Variable(array) for array in arrays]
        y = function(*given)
        y.grad = Variable(g)
        y.backward()
        return tuple(variable.grad.data for variable in given)

    return work


def dezero_conv(x: np.ndarray, w: np.ndarray, g: np.ndarray) -> Work:
    from dezero import functions

    return dezero_layer(lambda a, b: functions.conv2d(a, b), g, x, w)


def dezero_pool(x: np.ndarray, g: np.ndarray) -> Work:
    from dezero import functions

    return dezero_layer(lambda a: functions.pooling(a, 2, 2), g, x)


def dezero_chain(x: np.ndarray) -> Work:
    return dezero_layer(thousand, np.ones(4, np.float32), x)


def autograd_layer(function: Callable, g: np.ndarray, *arrays: np.ndarray) -> Work:
    from autograd import make_vjp

    def work():
        vjp, _ = make_vjp(lambda given: function(*given))(arrays)
        return vjp(g)

    return work


def autograd_conv(x: np.ndarray, w: np.ndarray, g: np.ndarray) -> Work:
    """Its convolution flips the kernel, so it gets a flipped one."""
    from autograd.scipy.signal import convolve

    def layer(a, b):
        return convolve(a, b, axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")

    work = autograd_layer(layer, g, x, np.ascontiguousarray(w[..., ::-1, ::-1]))

    def turned():
        gx, gw = work()
        return gx, gw[..., ::-1, ::-1]

    return turned


def autograd_pool(x: np.ndarray, g: np.ndarray) -> Work:
    """As in its own example of a convolutional network."""
    import autograd.numpy as anp

    n, c, h, w = x.shape
    return autograd_layer(
        lambda a: anp.max(anp.reshape(a, (n, c, h // 2, 2, w // 2, 2)), axis=(3, 5)), g, x
    )


def autograd_chain(x: np.ndarray) -> Work:
    return autograd_layer(thousand, np.ones(4, np.float32), x)


def numpy_ml_conv(x: np.ndarray, w: np.ndarray, g: np.ndarray) -> Work:
    """Channels last, and a kernel (kH, kW, C_in, C_out)."""
    from numpy_ml.neural_nets.layers import Conv2D

    layer = Conv2D(out_ch=len(w), kernel_shape=w.shape[2:])
    run = numpy_ml_layer(layer, x, g)
    run()  # makes the parameters
    layer.parameters["W"] = np.ascontiguousarray(w.transpose(2, 3, 1, 0))
    layer.parameters["b"] = layer.parameters["b"].astype(np.float32)

    def work():
        return *run(), layer.gradients["W"].transpose(3, 2, 0, 1)

    return work


def numpy_ml_pool(x: np.ndarray, g: np.ndarray) -> Work:
    from numpy_ml.neural_nets.layers import Pool2D

    return numpy_ml_layer(Pool2D(kernel_shape=(2, 2), stride=2), x, g)


def numpy_ml_layer(layer, x: np.ndarray, g: np.ndarray) -> Work:
    x, g = (np.ascontiguousarray(a.transpose(0, 2, 3, 1)) for a in (x, g))

    def work():
        if layer.is_initialized:
            layer.flush_gradients()
        layer.forward(x)
        return (layer.backward(g).transpose(0, 3, 1, 2),)

    return work


ROWS: dict[str, Callable[[], dict[str, Callable[[], Work]]]] = {
    "conv2d 32×1×28×28, 8 of 5×5": lambda: conv("32x1x28x28:8k5p0"),
    "conv2d 32×16×28×28, 32 of 3×3": lambda: conv("32x16x28x28:32k3p0"),
    "conv2d 1×64×112×112, 64 of 3×3": lambda: conv("1x64x112x112:64k3p0"),
    "conv2d 8×64×56×56, 64 of 3×3": lambda: conv("8x64x56x56:64k3p0"),
    "max pool 2×2, 8×16×28×28": lambda: pool((8, 16, 28, 28), True),
    "max pool 2×2, 8×64×112×112": lambda: pool((8, 64, 112, 112), False),
    "chain of 1,000 operations": chain,
}


# --- Comparing -----------------------------------------------------------------------------------


def compare(name: str, works: dict[str, Work]) -> None:
    """All gradients must be those of nnscratch, or the times would mean nothing."""
    ours = works[OURS]()
    for peer, work in works.items():
        for mine, other in zip(ours, work(), strict=True):
            if np.abs(mine - other).max() > CLOSE * np.abs(mine).max():
                raise SystemExit(f"{name}: {peer} computes other gradients than nnscratch")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", metavar="ROW", nargs="*", help=f"parts of: {'; '.join(ROWS)}")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each row (default 5)")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON")
    options = parser.parse_args()
    peers = installed()
    machine = {
        "processor": platform.processor() or platform.machine(),
        "threads": parallel.threads(),
        "numpy": np.__version__,
        "peers": peers,
    }
    record: dict[str, dict] = {"machine": machine}
    print(f"{'milliseconds':32}{OURS:>12}" + "".join(f"{peer:>20}" for peer in peers))
    for name, make in ROWS.items():
        if options.rows and not any(part in name for part in options.rows):
            continue
        works = {who: ready() for who, ready in make().items() if who in (OURS, *peers)}
        compare(name, works)
        record[name] = times = in_turns(works, options.seconds)
        cells = "".join(f"{cell(times, peer):>20}" for peer in peers)
        print(f"{name:32}{1000 * times[OURS]:12.2f}{cells}", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)


def cell(times: dict[str, float], peer: str) -> str:
    if peer not in times:
        return "-"
    return f"{1000 * times[peer]:.2f} ({times[peer] / times[OURS]:.1f}×)"


if __name__ == "__main__":
    main()
