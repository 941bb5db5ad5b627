"""How much of the content is left at equal style: `stylize` against a plain Gram transfer.

    python benchmarks/content_kept.py CONTENT STYLE [CONTENT STYLE ...] [--weights FILE]
        [--size 192] [--iterations 120] [--scales N] [--content-weight 1]

The plain program is `gatys.transfer`, from the content, with the same layers of the same network,
for several ratios β/α. Style distance is the mean over layers of |G − A|² / |A|² (0: equal); the
plain program's SSIM at the distance of `stylize` is interpolated between its runs, and is that of
its nearest run where no run came so close.
"""

import argparse
import os
import platform
from pathlib import Path

import numpy as np

from nnscratch.data.images import read_image
from nnscratch.style import Objective, Settings, gatys, stylize, vgg
from nnscratch.style.colour import luma
from nnscratch.style.scales import resize
from nnscratch.style.settings import default_layers

RATIOS = (30.0, 300.0, 3e3)  # β/α of the plain program
WINDOW = 7  # pixels


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Mean structural similarity of the brightness of two pictures (3, H, W) in [0, 1].

    Source: Wang et al. 2004, "Image Quality Assessment", equation 13, with even windows of 7 × 7.
    """
    windows = [
        np.lib.stride_tricks.sliding_window_view(luma(x).astype(np.float64), (WINDOW, WINDOW))
        for x in (a, b)
    ]
    (mean_a, mean_b), (var_a, var_b) = ([f(x, (2, 3)) for x in windows] for f in (np.mean, np.var))
    shared = (windows[0] * windows[1]).mean((2, 3)) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    brightness = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return float((brightness * (2 * shared + c2) / (var_a + var_b + c2)).mean())


def style_distance(network, layers, image: np.ndarray, style: np.ndarray) -> float:
    """Mean over layers of |G − A|² / |A|², G and A the Gram matrices of mean products."""
    found, target = (network.features(x[None], layers) for x in (image, style))
    distances = []
    for layer in layers:
        g, a = (
            gatys.gram_matrix(x[layer]).numpy() / np.prod(x[layer].shape[2:])
            for x in (found, target)
        )
        distances.append(((g - a) ** 2).sum() / (a**2).sum())
    return float(np.mean(distances))


def compare(arguments, content: np.ndarray, style: np.ndarray) -> tuple[float, float, float]:
    """Style distance and SSIM of `stylize`, and SSIM of the plain program at that distance."""
    network = vgg.load(arguments.weights, padding="mirror")
    plain = vgg.load(arguments.weights)
    (content_layer,), layers = default_layers(network)

    def scores(image: np.ndarray) -> tuple[float, float]:
        image = image.clip(0, 1)
        return style_distance(plain, layers, image, style), ssim(image, content)

    settings = Settings(iterations=arguments.iterations, scales=arguments.scales)
    objective = Objective(content_weight=arguments.content_weight)
    ours = scores(stylize(network, content, style, objective, settings).image)
    same_size = resize(style, content.shape[1:])
    runs = sorted(
        scores(
            gatys.transfer(
                plain, content, same_size, content, 1.0, ratio, arguments.plain_iterations,
                content_layer, dict.fromkeys(layers, 1 / len(layers)),
            )[0]
        )
        for ratio in RATIOS
    )  # fmt: skip
    distances, similarities = np.array(runs).T
    print("ours, plain:", *(f"({x:.4f}, {y:.3f})" for x, y in (ours, *runs)), flush=True)
    return *ours, float(np.interp(np.log(ours[0]), np.log(distances), similarities))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+")
    parser.add_argument("--weights", default="builtin")
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--iterations", type=int, default=Settings().iterations)
    parser.add_argument("--plain-iterations", type=int, default=300)
    parser.add_argument("--scales", type=int)
    parser.add_argument("--content-weight", type=float, default=Objective().content_weight)
    arguments = parser.parse_args()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {arguments.size} px"
    )
    print("| content, style | style distance | SSIM, stylize | SSIM, plain |\n|---|---|---|---|")
    pairs = zip(arguments.pictures[::2], arguments.pictures[1::2], strict=True)
    for pair in pairs:
        content, style = (read_image(path, arguments.size) for path in pair)
        distance, ours, plain = compare(arguments, content, style)
        names = ", ".join(Path(path).stem for path in pair)
        print(f"| {names} | {distance:.4f} | {ours:.2f} | {plain:.2f} |", flush=True)


if __name__ == "__main__":
    main()
