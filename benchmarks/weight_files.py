"""Time and memory to load weight files of VGG-19, compared with NumPy, SciPy and torch.

    python benchmarks/weight_files.py [--rounds N] [--json FILE]

Writes files of the published shapes with random numbers to a temporary folder (1.5 GB): the 16
convolutions (80 MB) as .safetensors, .npz, .pth in both forms and .mat, and the whole network (574
MB) as .pth. Files are in the disk cache, rounds alternate between the readers, and the median
counts. Memory is measured in a fresh process (Linux): the peak minus that before loading. Without
torch, the .pth files and torch's own time are left out.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

WIDTHS = (64, 64, 0, 128, 128, 0, *(256,) * 4, 0, *(512,) * 4, 0, *(512,) * 4)  # 0: a pooling
HEAD = ((4096, 25088), (4096, 4096), (1000, 4096))
MIB = 2**20

MEMORY = """
import re, sys
import numpy as np, safetensors, nnscratch.weights
def peak():
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
before = peak()
vgg = nnscratch.weights.load(sys.argv[1])
print(peak() - before, sum(w.weight.nbytes + w.bias.nbytes for w in vgg.layers.values()))
"""


def convolutions(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """features.0.weight (64, 3, 3, 3), features.0.bias (64,), ..."""
    arrays, inputs, number = {}, 3, 0
    for width in WIDTHS:
        if width:
            weight = 0.05 * rng.standard_normal((width, inputs, 3, 3), np.float32)
            arrays[f"features.{number}.weight"] = weight
            arrays[f"features.{number}.bias"] = rng.standard_normal(width, np.float32)
            inputs = width
        number += 2 if width else 1
    return arrays


def head() -> dict[str, np.ndarray]:
    arrays = {}
    for number, shape in zip((0, 3, 6), HEAD, strict=True):
        arrays[f"classifier.{number}.weight"] = np.zeros(shape, np.float32)
        arrays[f"classifier.{number}.bias"] = np.zeros(shape[0], np.float32)
    return arrays


def matconvnet(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The argument of scipy.io.savemat: a cell of structs, kernels (kH, kW, C_in, C_out)."""
    layers, block, place = [], 1, 1
    numbers = iter(arrays.values())
    for width in WIDTHS:
        if not width:
            block, place = block + 1, 1
            continue
        pair = np.empty((1, 2), object)
        pair[0] = [next(numbers).transpose(2, 3, 1, 0), next(numbers)[:, None]]
        layers.append({"name": f"conv{block}_{place}", "type": "conv", "weights": pair})
        place += 1
    cell = np.empty((1, len(layers)), object)
    cell[0] = layers
    return {"layers": cell}


def write(folder: Path) -> tuple[dict[str, Path], Path | None]:
    """The 80 MB files by kind, and the 574 MB file if torch is installed."""
    from safetensors.numpy import save_file
    from scipy.io import savemat

    arrays = convolutions(np.random.default_rng(0))
    kinds = (".safetensors", ".npz", ".mat")
    files = {kind: folder / f"convolutions{kind}" for kind in kinds}
    save_file(arrays, files[".safetensors"])
    np.savez(files[".npz"], **arrays)
    savemat(files[".mat"], matconvnet(arrays))
    try:
        import torch
    except ImportError:
        return files, None
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    files[".pth (zip)"], files[".pth (stream)"] = folder / "zip.pth", folder / "stream.pth"
    torch.save(state, files[".pth (zip)"])
    torch.save(state, files[".pth (stream)"], _use_new_zipfile_serialization=False)
    whole = folder / "whole.pth"
    everything = state | {name: torch.from_numpy(array) for name, array in head().items()}
    torch.save(everything, whole, _use_new_zipfile_serialization=False)
    return files, whole


def readers(files: dict[str, Path]) -> dict[str, Callable[[], object]]:
    """Our reader for each file, and those of other libraries; all return float32 in memory."""
    from nnscratch import weights

    functions: dict[str, Callable[[], object]] = {}
    for kind, path in files.items():
        functions[f"nnscratch {kind}"] = lambda path=path: weights.load(path)

    def numpy_npz() -> dict[str, np.ndarray]:
        with np.load(files[".npz"]) as file:
            return dict(file)

    def safetensors() -> dict[str, np.ndarray]:
        from safetensors.numpy import load_file

        return load_file(files[".safetensors"])

    def scipy_mat() -> dict[str, np.ndarray]:
        from scipy.io import loadmat

        return loadmat(files[".mat"])

    functions |= {"NumPy .npz": numpy_npz, "safetensors": safetensors, "SciPy .mat": scipy_mat}
    if ".pth (zip)" in files:
        import torch

        for kind in (".pth (zip)", ".pth (stream)"):
            path = files[kind]
            functions[f"torch {kind}"] = lambda path=path: torch.load(path, weights_only=True)
    return functions


def timed(functions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds, without the first round."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds + 1):
        for name, read in functions.items():
            start = time.perf_counter()
            read()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}


def memory(path: Path) -> dict[str, float]:
    """Peak MiB minus the MiB before, and the MiB of the convolutions."""
    command = [sys.executable, "-c", MEMORY, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak, convs = map(int, done.stdout.split())
    return {"extra_mib": peak / MIB, "convolutions_mib": convs / MIB}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files, whole = write(Path(folder))
        seconds = timed(readers(files), options.rounds)
        used = {kind: memory(path) for kind, path in files.items()}
        if whole is not None:
            used[f".pth of {whole.stat().st_size / 1e6:.0f} MB"] = memory(whole)
    base = seconds["NumPy .npz"]
    print("80 MB of convolutions            seconds    relative to NumPy's .npz")
    for name, value in seconds.items():
        print(f"{name:32s} {value:7.3f}    {value / base:.2f}")
    print("\nmemory of weights.load           extra      convolutions, MiB")
    for name, figures in used.items():
        print(f"{name:32s} {figures['extra_mib']:7.1f}    {figures['convolutions_mib']:.1f}")
    if options.json:
        Path(options.json).write_text(json.dumps({"seconds": seconds, "memory": used}, indent=1))


if __name__ == "__main__":
    main()
