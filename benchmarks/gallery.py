"""The gallery of docs/style.md: our own scenes in our own hands, and what the options do.

    python benchmarks/gallery.py [docs] [--size 256] [--weights FILE]

Writes gallery.jpg (two scenes in three hands) and options.jpg (one scene, one change at a time),
and prints a table of the quality report. All pictures are drawn by nnscratch.data.drawn_pictures.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nnscratch.data.drawn_pictures import figure, landscape, mosaic, swirls, woodcut
from nnscratch.style import colour, masks, vgg
from nnscratch.style.costs import Objective, Style
from nnscratch.style.report import style_report
from nnscratch.style.transfer import Settings, stylize

SCENES, HANDS = (landscape, figure), (swirls, mosaic, woodcut)
GAP, LINE = 8, 22  # pixels
SETTINGS = Settings()


def hands(network: vgg.VGG, size: int) -> tuple[list[list[np.ndarray]], list[str]]:
    """Rows of pictures, the styles above and the scenes at the left; lines of a table."""
    blank = np.ones((3, size, size), np.float32)
    rows = [[blank, *(hand(size) for hand in HANDS)]]
    lines = ["| scene | hand | style | SSIM | edges |", "|---|---|---|---|---|"]
    for scene in SCENES:
        content = scene(size)
        rows.append([content])
        for hand in HANDS:
            image = stylize(network, content, hand(size), None, SETTINGS).image
            score = style_report(content, hand(size), {"": image}).scores[0]
            rows[-1].append(image)
            lines.append(
                f"| {scene.__name__} | {hand.__name__} | {score.style:.2f} | {score.ssim:.2f} | "
                f"{score.edges:.2f} |"
            )
            print(lines[-1], flush=True)
    return rows, lines


def options(network: vgg.VGG, size: int) -> dict[str, np.ndarray]:
    """One scene in one hand, one change at a time."""
    content, style, other = landscape(size), swirls(size), woodcut(size)

    def made(objective: Objective | None = None, **changes) -> np.ndarray:
        return stylize(network, content, style, objective, replace(SETTINGS, **changes)).image

    prepared = colour.prepare("luminance", content, style)
    own = stylize(network, prepared[0], prepared[1], None, SETTINGS).image
    down = np.linspace(1, 0, size)[:, None]
    sky = np.broadcast_to(np.clip(1.5 - 2 * (1 - down), 0, 1), (size, size))
    regions = masks.regions([sky, None])
    both = [Style(style, 1.0, regions[0]), Style(other, 1.0, regions[1])]
    tile = vgg.load("builtin", padding="wrap")
    nothing = Objective(content_weight=0.0)
    texture = stylize(tile, content, mosaic(size), nothing, replace(SETTINGS, init="noise")).image
    half = texture.reshape(3, size // 2, 2, size // 2, 2).mean((2, 4))  # sides are even
    return {
        "as it comes": made(),
        "content weight 5": made(Objective(content_weight=5.0)),
        "mean and variance": made(Objective(style_kind="mean-variance")),
        "Wasserstein": made(Objective(style_kind="wasserstein")),
        "sliced Wasserstein": made(Objective(style_kind="sliced")),
        "colours of the content": colour.finish("luminance", own, content),
        "two hands by masks": stylize(network, content, both, None, SETTINGS).image,
        "a texture that tiles": np.tile(half, (1, 2, 2)),
    }


def sheet(rows: Sequence[Sequence[np.ndarray]], captions: Sequence[str] = ()) -> Image.Image:
    """Pictures in rows on white, a caption under each where there are captions."""
    side, line = rows[0][0].shape[1], LINE if captions else 0
    width = len(rows[0]) * (side + GAP) - GAP
    height = len(rows) * (side + line + GAP) - GAP
    page = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            x, y = j * (side + GAP), i * (side + line + GAP)
            pixels = np.round(image.transpose(1, 2, 0).clip(0, 1) * 255).astype(np.uint8)
            page.paste(Image.fromarray(pixels), (x, y))
            if captions:
                pen.text((x + 2, y + side + 2), captions[i * len(row) + j], "#333333", font)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    default = Path(__file__).parent.parent / "docs"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--weights", default="builtin")
    given = parser.parse_args()
    network = vgg.load(given.weights)
    rows, lines = hands(network, given.size)
    sheet(rows).save(given.folder / "gallery.jpg", quality=88)
    changed = options(network, given.size)
    pictures = list(changed.values())
    sheet([pictures[:4], pictures[4:]], list(changed)).save(
        given.folder / "options.jpg", quality=88
    )
    print("\n".join(lines))


if __name__ == "__main__":
    main()
