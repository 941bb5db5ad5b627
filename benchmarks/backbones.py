"""Which small network makes the best pictures: networks compared by the quality report.

    python benchmarks/backbones.py random=random.safetensors distilled=builtin ...
        [--pair CONTENT STYLE]... [--size 256] [--style-weights 30 100 300]
        [--sheet FILE.png] [--json FILE]

Each network stylises each pair with the same settings, from the content on, once for each weight of
the style. Of every result the table says how like the style it is (0 as like as another part of it,
1 as unlike as the content) and how much of the content is left (SSIM): read both together, since a
network can buy either with the other. Without --pair: our own drawn pictures. None of the
pictures was used to train the built-in network.
"""

import argparse
import json
from collections.abc import Mapping

import numpy as np
from PIL import Image

from nnscratch.data.drawn_pictures import figure, landscape, mosaic, swirls, woodcut
from nnscratch.data.images import read_image, resize_image
from nnscratch.style import vgg
from nnscratch.style.costs import Objective
from nnscratch.style.report import style_report
from nnscratch.style.transfer import Settings, stylize

Pair = tuple[np.ndarray, np.ndarray]
Results = dict[str, dict[float, dict[str, np.ndarray]]]  # pair, style weight, network -> picture
SETTINGS = Settings(scales=None, iterations=120)


def drawn_pairs(size: int) -> dict[str, Pair]:
    scenes, hands = (landscape, figure), (swirls, mosaic, woodcut)
    return {
        f"{scene.__name__} as {hand.__name__}": (scene(size), hand(size))
        for scene in scenes
        for hand in hands
    }


def pictures(
    networks: Mapping[str, vgg.VGG], pairs: Mapping[str, Pair], weights: list[float]
) -> Results:
    found: Results = {}
    for pair, (content, style) in pairs.items():
        found[pair] = {}
        for weight in weights:
            found[pair][weight] = {
                name: stylize(
                    network, content, style, Objective(style_weight=weight), SETTINGS
                ).image
                for name, network in networks.items()
            }
            print(f"{pair}, style weight {weight:g}: done", flush=True)
    return found


def scores(pairs: Mapping[str, Pair], found: Results) -> list[dict]:
    """One row for each picture: pair, weight, network and its figures."""
    rows = []
    for pair, (content, style) in pairs.items():
        for weight, results in found[pair].items():
            for score in style_report(content, style, results).scores:
                figures = {
                    name: getattr(score, name)
                    for name in ("style", "texture", "patches", "colour", "ssim", "edges")
                }
                rows.append({"pair": pair, "weight": weight, "network": score.name, **figures})
    return rows


def table(rows: list[dict]) -> str:
    """Markdown: for each network and weight the means over pairs."""
    lines = [
        "| network | style weight | style | texture | patches | colour | SSIM | edges |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for network, weight in sorted({(row["network"], row["weight"]) for row in rows}):
        same = [row for row in rows if (row["network"], row["weight"]) == (network, weight)]
        cells = []
        for name in ("style", "texture", "patches", "colour", "ssim", "edges"):
            values = [row[name] for row in same if row[name] is not None]
            cells.append(f"{np.mean(values):.2f}" if values else "–")
        lines.append(f"| {network} | {weight:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw_sheet(path: str, pairs: Mapping[str, Pair], found: Results, side: int = 224) -> None:
    """A row for each pair and weight: content, style, the networks' results."""
    rows = []
    for pair, (content, style) in pairs.items():
        for results in found[pair].values():
            row = [resize_image(x, (side, side)) for x in (content, style, *results.values())]
            rows.append(np.concatenate(row, axis=2))
    sheet = np.concatenate(rows, axis=1).transpose(1, 2, 0)
    Image.fromarray(np.round(sheet.clip(0, 1) * 255).astype(np.uint8)).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("networks", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--pair", nargs=2, action="append", metavar=("CONTENT", "STYLE"))
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--style-weights", type=float, nargs="+", default=[30.0, 100.0, 300.0])
    parser.add_argument("--sheet")
    parser.add_argument("--json")
    options = parser.parse_args()
    networks = {
        name: vgg.load(file, "avg", "edge")
        for name, _, file in (word.partition("=") for word in options.networks)
    }
    pairs = (
        drawn_pairs(options.size)
        if not options.pair
        else {
            f"{c} as {s}": (read_image(c, options.size), read_image(s, options.size))
            for c, s in options.pair
        }
    )
    found = pictures(networks, pairs, options.style_weights)
    rows = scores(pairs, found)
    print(table(rows))
    if options.sheet:
        draw_sheet(options.sheet, pairs, found)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
