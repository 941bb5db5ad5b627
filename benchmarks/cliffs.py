"""Small operations of nnscratch against PyTorch's, forward and backward, on one thread each.

Needs PyTorch. `python benchmarks/cliffs.py --help`. Each row times both sides in turns and prints
the ratio of the medians; a ratio above 3 is a cliff. The loss is the sum of the result times random
numbers, and its gradient in every floating-point input is computed.
"""

import os

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ.update(THREADS)  # before NumPy and PyTorch read them

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
from against_pytorch import in_turns  # noqa: E402

import nnscratch.functional as F  # noqa: E402
from nnscratch import Tensor, grad, maximum  # noqa: E402

IMAGES = (8, 64, 56, 56)
# name: shapes of the inputs, ours, PyTorch's with its functional module as first argument
Row = tuple[tuple[tuple[int, ...], ...], Callable[..., Any], Callable[..., Any]]
ROWS: dict[str, Row] = {
    "pairwise_distances (1000, 128)": (
        ((1000, 128),),
        lambda x: F.pairwise_distances(x, x),
        lambda T, x: torch_distances(x),
    ),
    "linear (512, 4, 512)": (((512, 4, 512), (512, 512)), F.linear, lambda T, *a: T.linear(*a)),
    "x ** 3": ((IMAGES,), lambda x: x**3, lambda T, x: x**3),
    "x ** 0.5": ((IMAGES,), lambda x: (x * x + 1) ** 0.5, lambda T, x: (x * x + 1) ** 0.5),
    "maximum": ((IMAGES, IMAGES), maximum, lambda T, x, y: x.maximum(y)),
    "sigmoid": ((IMAGES,), F.sigmoid, lambda T, x: x.sigmoid()),
    "tanh": ((IMAGES,), F.tanh, lambda T, x: x.tanh()),
    "softplus": ((IMAGES,), F.softplus, lambda T, x: T.softplus(x)),
    "leaky_relu": ((IMAGES,), F.leaky_relu, lambda T, x: T.leaky_relu(x)),
    "elu": ((IMAGES,), F.elu, lambda T, x: T.elu(x)),
    "softmax (512, 1000)": (((512, 1000),), lambda x: F.softmax(x, -1), lambda T, x: x.softmax(-1)),
    "log_softmax (512, 1000)": (
        ((512, 1000),),
        lambda x: F.log_softmax(x, -1),
        lambda T, x: x.log_softmax(-1),
    ),
    "layer_norm (512, 16, 256)": (
        ((512, 16, 256), (256,), (256,)),
        lambda x, w, b: F.layer_norm(x, (256,), w, b),
        lambda T, x, w, b: T.layer_norm(x, (256,), w, b),
    ),
    "instance_norm": ((IMAGES,), F.instance_norm, lambda T, x: T.instance_norm(x)),
    "batch_norm": (
        (IMAGES, (64,), (64,)),
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        lambda T, x, w, b: T.batch_norm(x, None, None, w, b, training=True),
    ),
    "normalize (4096, 128)": (((4096, 128),), F.normalize, lambda T, x: T.normalize(x)),
    "cross_entropy (4, 21, 256, 256)": (
        ((4, 21, 256, 256),),
        lambda x: F.cross_entropy(x, labels(x)),
        lambda T, x: T.cross_entropy(x, labels(x)),
    ),
    "depthwise 3×3": (
        (IMAGES, (64, 1, 3, 3)),
        lambda x, w: F.conv2d(x, w, padding=1, groups=64),
        lambda T, x, w: T.conv2d(x, w, padding=1, groups=64),
    ),
    "conv 3×3 float16": (
        ((2, 32, 28, 28), (32, 32, 3, 3)),
        lambda x, w: F.conv2d(x, w, padding=1),
        lambda T, x, w: T.conv2d(x, w, padding=1),
    ),
    "linear (512, 512) float16": (((512, 512), (512, 512)), F.linear, lambda T, *a: T.linear(*a)),
    "adaptive_avg_pool 7×7": (
        (IMAGES,),
        lambda x: F.adaptive_avg_pool2d(x, 7),
        lambda T, x: T.adaptive_avg_pool2d(x, 7),
    ),
    "upsampling by broadcast_to": (
        ((8, 32, 28, 1, 28, 1),),
        lambda x: x.broadcast_to((8, 32, 28, 2, 28, 2)),
        lambda T, x: x.expand(8, 32, 28, 2, 28, 2),
    ),
    "mean over the batch": ((IMAGES,), lambda x: x.mean((0, 2, 3)), lambda T, x: x.mean((0, 2, 3))),
}


def torch_distances(x: Any) -> Any:
    """PyTorch's distances of all pairs of rows, by a matrix product as ours."""
    import torch

    return torch.cdist(x, x, compute_mode="use_mm_for_euclid_dist")


def labels(scores: Any) -> Any:
    """A class for each pixel, for a Tensor of either library."""
    shape = (scores.shape[0], *scores.shape[2:])
    numbers = np.random.default_rng(1).integers(0, scores.shape[1], shape)
    if isinstance(scores, Tensor):
        return numbers
    import torch

    return torch.from_numpy(numbers)


def works(name: str) -> dict[str, Callable[[], object]]:
    """Both sides of a row: functions that compute the result and its gradients."""
    import torch

    shapes, our_function, their_function = ROWS[name]
    dtype = np.float16 if "float16" in name else np.float32
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    ours = [Tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    upstream = rng.standard_normal(our_function(*ours).shape).astype(dtype)

    def run() -> object:
        return grad(our_function(*ours), ours, upstream)

    def run_torch() -> object:
        result = their_function(torch.nn.functional, *theirs)
        return torch.autograd.grad(result, theirs, torch.from_numpy(upstream))

    check(name, run(), run_torch())
    return {"ours": run, "torch": run_torch}


def check(name: str, ours: Any, theirs: Any) -> None:
    """Raise if the two sides do not compute the same gradients."""
    for a, b in zip(ours, theirs, strict=True):
        wide_a, wide_b = a.numpy().astype(np.float64), b.numpy().astype(np.float64)
        tolerance = 2e-2 if a.dtype == np.float16 else 1e-4
        if not np.abs(wide_a - wide_b).max() <= tolerance * np.abs(wide_b).max():
            raise AssertionError(f"{name}: the gradients differ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", help=f"parts of names of: {', '.join(ROWS)}")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each row (default 3)")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    record: dict[str, dict] = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "threads": 1,
            "rows": len(ROWS),
            "numpy": np.__version__,
            "torch": torch.__version__,
        }
    }
    print(f"{'work':34}{'ours ms':>10}{'torch':>10}{'ratio':>8}")
    for name in ROWS:
        if options.rows and not any(part in name for part in options.rows):
            continue
        times = in_turns(works(name), options.seconds)
        ratio = times["ours"] / times["torch"]
        record[name] = {**times, "ratio": ratio}
        print(
            f"{name:34}{1000 * times['ours']:10.2f}{1000 * times['torch']:10.2f}{ratio:8.2f}",
            flush=True,
        )
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)


if __name__ == "__main__":
    main()
