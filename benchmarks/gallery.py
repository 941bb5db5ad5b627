"""The gallery of docs/style.md: our own scenes in our own styles, and the effect of the options.

    python benchmarks/gallery.py [docs] [--size 256] [--weights FILE]

Writes gallery.jpg (two scenes in three styles) and options.jpg (one scene, one change at a time),
and prints a table of quality scores. All pictures are drawn by nnscratch.data.drawn_pictures.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nnscratch.data.drawn_pictures import figure, landscape, mosaic, swirls, woodcut
from nnscratch.style import colour, masks, vgg
from nnscratch.style.reports.output import to_pillow
from nnscratch.style.reports.report_image import in_words
from nnscratch.style.reports.scores import style_report
from nnscratch.style.settings import Objective, Settings, Style
from nnscratch.style.transfer import stylize

SCENES, STYLES = (landscape, figure), (swirls, mosaic, woodcut)
GAP, LINE = 8, 22  # pixels


def styled_scenes(network: vgg.VGG, size: int) -> tuple[list[list[np.ndarray]], list[str]]:
    """Rows of pictures, with styles in the first row and scenes in the first column; a table."""
    styles = {style.__name__: style(size) for style in STYLES}
    rows = [[np.ones((3, size, size), np.float32), *styles.values()]]
    lines = ["| scene | style of | style | SSIM | edges |", "|---|---|---|---|---|"]
    for scene in SCENES:
        content = scene(size)
        rows.append([content])
        for name, style in styles.items():
            image = stylize(network, content, style).image
            score = style_report(content, style, {"": image}).scores[0]
            rows[-1].append(image)
            values = " | ".join(map(in_words, (score.style, score.ssim, score.edges)))
            lines.append(f"| {scene.__name__} | {name} | {values} |")
            print(lines[-1], flush=True)
    return rows, lines


def options(network: vgg.VGG, size: int) -> dict[str, np.ndarray]:
    """One scene in one style, one change at a time."""
    content, style, other = landscape(size), swirls(size), woodcut(size)

    def styled(**changes) -> np.ndarray:
        return stylize(network, content, style, objective=Objective(**changes)).image

    own = stylize(network, *colour.prepare("luminance", content, style)).image
    down = np.linspace(1, 0, size)[:, None]
    sky = np.broadcast_to(np.clip(1.5 - 2 * (1 - down), 0, 1), (size, size))
    regions = masks.regions([sky, None])
    both = [Style(style, 1.0, regions[0]), Style(other, 1.0, regions[1])]
    tile = vgg.load("builtin", padding="wrap")
    only_style, noise = Objective(content_weight=0.0), Settings(init="noise")
    texture = stylize(tile, content, mosaic(size), objective=only_style, settings=noise).image
    half = texture.reshape(3, size // 2, 2, size // 2, 2).mean((2, 4))  # sides are even
    return {
        "as it comes": styled(),
        "content weight 5": styled(content_weight=5.0),
        "mean and variance": styled(style_kind="mean-variance"),
        "Wasserstein": styled(style_kind="wasserstein"),
        "sliced Wasserstein": styled(style_kind="sliced"),
        "colours of the content": colour.finish("luminance", own, content),
        "two styles by masks": stylize(network, content, both).image,
        "a texture that tiles": np.tile(half, (1, 2, 2)),
    }


def sheet(rows: Sequence[Sequence[np.ndarray]], captions: Sequence[str] = ()) -> Image.Image:
    """Pictures in rows on white, with captions below them."""
    side, line = rows[0][0].shape[1], LINE if captions else 0
    width = len(rows[0]) * (side + GAP) - GAP
    height = len(rows) * (side + line + GAP) - GAP
    page = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            x, y = j * (side + GAP), i * (side + line + GAP)
            page.paste(to_pillow(image, "sheet"), (x, y))
            if captions:
                pen.text((x + 2, y + side + 2), captions[i * len(row) + j], "#333333", font)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    default = Path(__file__).parent.parent / "docs"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--weights", default="builtin")
    arguments = parser.parse_args()
    network = vgg.load(arguments.weights)
    rows, lines = styled_scenes(network, arguments.size)
    sheet(rows).save(arguments.folder / "gallery.jpg", quality=88)
    changed = options(network, arguments.size)
    pictures = list(changed.values())
    captioned = sheet([pictures[:4], pictures[4:]], list(changed))
    captioned.save(arguments.folder / "options.jpg", quality=88)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
