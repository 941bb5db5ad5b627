"""Compare small networks for style transfer by the quality scores of their pictures.

    python benchmarks/backbones.py random=random.safetensors distilled=builtin ...
        [--pair CONTENT STYLE]... [--size 256] [--style-weights 30 100 300]
        [--sheet FILE.png] [--json FILE]

Each network stylises each pair with the same settings, from the content on, once for each weight of
the style. For every result the table has the similarity to the style (0 if as similar as another
part of it, 1 if as different as the content) and to the content (SSIM). Read both together, since
each can be improved at the cost of the other. Without --pair: our own drawn pictures. None of the
pictures was used to train the built-in network.
"""

import argparse
import json
from collections.abc import Mapping

import numpy as np

from nnscratch.data.drawn_pictures import figure, landscape, mosaic, swirls, woodcut
from nnscratch.data.images import contact_strip, read_image, resize_image, save_image
from nnscratch.style import vgg
from nnscratch.style.reports.scores import style_report
from nnscratch.style.settings import Objective, Settings
from nnscratch.style.transfer import stylize

Pair = tuple[np.ndarray, np.ndarray]
Results = dict[str, dict[float, dict[str, np.ndarray]]]  # pair, style weight, network -> picture
SETTINGS = Settings(scales=None, iterations=120)
COLUMNS = ("style", "texture", "patches", "colour", "ssim", "edges")


def drawn_pairs(size: int) -> dict[str, Pair]:
    return {
        f"{content.__name__} as {style.__name__}": (content(size), style(size))
        for content in (landscape, figure)
        for style in (swirls, mosaic, woodcut)
    }


def pictures(
    networks: Mapping[str, vgg.VGG], pairs: Mapping[str, Pair], weights: list[float]
) -> Results:
    results: Results = {}
    for pair, (content, style) in pairs.items():
        results[pair] = {}
        for weight in weights:
            objective = Objective(style_weight=weight)
            results[pair][weight] = {
                name: stylize(network, content, style, objective=objective, settings=SETTINGS).image
                for name, network in networks.items()
            }
            print(f"{pair}, style weight {weight:g}: done", flush=True)
    return results


def scores(pairs: Mapping[str, Pair], results: Results) -> list[dict]:
    """One row for each picture: pair, weight, network and its scores."""
    rows = []
    for pair, (content, style) in pairs.items():
        for weight, by_network in results[pair].items():
            for score in style_report(content, style, by_network).scores:
                values = {name: getattr(score, name) for name in COLUMNS}
                rows.append({"pair": pair, "weight": weight, "network": score.name, **values})
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
        for name in COLUMNS:
            values = [row[name] for row in same if row[name] is not None]
            cells.append(f"{np.mean(values):.2f}" if values else "–")
        lines.append(f"| {network} | {weight:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw_sheet(path: str, pairs: Mapping[str, Pair], results: Results, side: int = 224) -> None:
    """A row for each pair and weight: content, style, results of the networks."""
    rows = []
    for pair, (content, style) in pairs.items():
        for by_network in results[pair].values():
            row = [resize_image(x, (side, side)) for x in (content, style, *by_network.values())]
            rows.append(contact_strip(row, gap=0))
    save_image(path, np.concatenate(rows, axis=1))


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
    pairs = {
        f"{c} as {s}": (read_image(c, options.size), read_image(s, options.size))
        for c, s in options.pair or []
    }
    pairs = pairs or drawn_pairs(options.size)
    results = pictures(networks, pairs, options.style_weights)
    rows = scores(pairs, results)
    print(table(rows))
    if options.sheet:
        draw_sheet(options.sheet, pairs, results)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
