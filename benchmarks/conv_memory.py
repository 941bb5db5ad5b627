"""How much memory a convolution takes beyond its operands: 64→64 channels, 3×3, 512×512, float32.

    python benchmarks/conv_memory.py [--json FILE]

Each figure is the peak resident memory of a fresh process less that of the same process when its
operands (image, weights, bias and the gradient of the output) are in place; output and gradients
count. The claim: under 300 MiB. An im2col buffer of the whole image alone would be 576 MiB. Exit
code 1 if it is exceeded.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

MODES = ("forward", "forward+backward")
MIB = 2**20
PAGE = 4096


def resident() -> int:
    """Resident memory of this process in bytes (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


class Peak:
    """The largest resident memory seen in a `with` block, looked at a thousand times a second."""

    def __enter__(self) -> "Peak":
        self.bytes, self.done = resident(), False
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while not self.done:
            self.bytes = max(self.bytes, resident())
            time.sleep(0.001)

    def __exit__(self, *_: object) -> None:
        self.done = True
        self.thread.join()
        self.bytes = max(self.bytes, resident())


def measure(mode: str, channels: int, size: int) -> dict[str, float]:
    """Run in a fresh process: extra MiB at the peak, and seconds."""
    import numpy as np

    import nnscratch.functional as F
    from nnscratch import Tensor

    rng = np.random.default_rng(0)

    def operand(*shape: int) -> Tensor:
        data = rng.standard_normal(shape, np.float32)
        return Tensor(data, requires_grad=mode == "forward+backward")

    x, weight = operand(1, channels, size, size), operand(channels, channels, 3, 3)
    bias = operand(channels)
    # channels last in memory, as what follows a convolution hands it back
    upstream = np.moveaxis(rng.standard_normal((1, size, size, channels), np.float32), -1, 1)
    F.conv2d(x[:, :, :16, :16], weight, bias, padding=1)  # the library's threads and their buffers
    before = resident()
    start = time.perf_counter()
    with Peak() as peak:
        y = F.conv2d(x, weight, bias, padding=1)
        if mode == "forward+backward":
            y.backward(upstream)
    seconds = time.perf_counter() - start
    return {"extra_mib": (peak.bytes - before) / MIB, "seconds": seconds}


def in_fresh_process(mode: str, channels: int, size: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--mode", mode]
    command += ["--channels", str(channels), "--size", str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--limit", type=float, default=300, help="MiB (default 300)")
    parser.add_argument("--mode", choices=MODES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.mode:
        print(json.dumps(measure(args.mode, args.channels, args.size)))
        return 0
    figures = {mode: in_fresh_process(mode, args.channels, args.size) for mode in MODES}
    for mode, found in figures.items():
        print(f"{mode:17}  {found['extra_mib']:6.0f} MiB extra  {found['seconds']:6.2f} s")
    result = {"channels": args.channels, "size": args.size, "limit_mib": args.limit, **figures}
    if args.json:
        Path(args.json).write_text(json.dumps(result, indent=2) + "\n")
    worst = max(found["extra_mib"] for found in figures.values())
    print(f"{'within' if worst < args.limit else 'BEYOND'} the limit of {args.limit:.0f} MiB")
    return int(worst >= args.limit)


if __name__ == "__main__":
    sys.exit(main())
