"""Small drawings of ink, and Omniglot's zip files made of them."""

import io
import zipfile

import numpy as np
from PIL import Image, ImageDraw

SIDE = 105


def drawing(character, drawer=0, side=SIDE):
    """A character of four strokes, (side, side) booleans; a drawer moves the ends a little."""
    ends = np.random.default_rng(character).uniform(0.25, 0.75, (5, 2))
    ends = ends + 0.02 * np.random.default_rng([character, drawer]).standard_normal((5, 2))
    picture = Image.new("1", (side, side), 1)
    ImageDraw.Draw(picture).line([tuple(end) for end in ends * side], fill=0, width=3)
    return ~np.asarray(picture)


def png(ink):
    """Ink as the black of a PNG of 1 bit."""
    file = io.BytesIO()
    Image.fromarray(~ink).save(file, "PNG")
    return file.getvalue()


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def background_files(alphabets=(3, 2), drawers=4, root="images_background/"):
    """Names and bytes: alphabets with so many characters, each drawn once by every drawer."""
    files, number = {f"{root}README.txt": b"not a drawing"}, 0
    for alphabet, characters in enumerate(alphabets):
        for character in range(1, characters + 1):
            number += 1
            for drawer in range(1, drawers + 1):
                folder = f"{root}Alphabet{alphabet}/character{character:02}"
                files[f"{folder}/{number:04}_{drawer:02}.png"] = png(drawing(number, drawer))
    return files


def run_files(runs=2, ways=4, root=""):
    """Names and bytes; test drawing i of run r shows the class 1 + (i + r) % ways."""
    files = {}
    for run in range(1, runs + 1):
        lines = []
        for i in range(1, ways + 1):
            shown = 1 + (i + run) % ways
            folder = f"{root}run{run:02}"
            files[f"{folder}/training/class{i:02}.png"] = png(drawing(100 * run + i, 1))
            files[f"{folder}/test/item{i:02}.png"] = png(drawing(100 * run + shown, 2))
            lines.append(
                f"run{run:02}/test/item{i:02}.png run{run:02}/training/class{shown:02}.png"
            )
        files[f"{folder}/class_labels.txt"] = "\n".join(lines).encode()
    return files
