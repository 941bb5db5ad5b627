"""Draw the files of this folder again: python data/make.py [FOLDER].

Everything comes from programs and fixed seeds; nothing was photographed, recorded or downloaded.
"""

import sys
from pathlib import Path

import numpy as np

from nnscratch.data import PICTURES, save_image
from nnscratch.faces.drawn.people import generated_people

SIZE = 256  # pixels of the scene and of the painting
PEOPLE, PICTURES_EACH = 8, 6
RATE = 100  # values a second of the EKG
SECONDS = 180
VOLUME = (48, 96, 96)  # depth, height, width
CELL = 16  # voxels from one tube or ball to the next
LEVELS = 32  # grey levels of the volume


def main(folder: Path) -> None:
    """Write every file into the folder."""
    save_image(folder / "scene.png", PICTURES["landscape"](SIZE))
    save_image(folder / "style.png", PICTURES["swirls"](SIZE))
    draw_faces(folder)
    (folder / "ekg.csv").write_text(ekg(np.random.default_rng(1)), encoding="utf-8")
    np.savez_compressed(folder / "volume.npz", **volume(np.random.default_rng(2)))


def draw_faces(folder: Path) -> None:
    """faces/NAME/1.png to 6.png, and stranger.png: colour, 69 × 57 pixels, cut as portraits are."""
    people = generated_people(PEOPLE + 1, PICTURES_EACH, size=72, seed=3, grey=False)
    portraits = people.images[:, :, 1:70, 7:64]
    *known, stranger = people.names
    for number, name in enumerate(known):
        (folder / "faces" / name).mkdir(parents=True, exist_ok=True)
        for place, portrait in enumerate(portraits[people.labels == number], 1):
            save_image(folder / "faces" / name / f"{place}.png", portrait)
    save_image(folder / "stranger.png", portraits[people.names.index(stranger) * PICTURES_EACH])


# -- the heart ------------------------------------------------------------------------------------

# wave: millivolts, seconds from the peak of the R wave, width in seconds
NORMAL = {"P": (0.12, -0.17, 0.025), "Q": (-0.12, -0.03, 0.010), "R": (1.0, 0.0, 0.011)} | {
    "S": (-0.22, 0.03, 0.011),
    "T": (0.28, 0.25, 0.045),
}
PREMATURE = {"R": (1.05, 0.0, 0.035), "S": (-0.45, 0.09, 0.040), "T": (-0.30, 0.30, 0.060)}


def ekg(rng: np.random.Generator) -> str:
    """A recording as CSV: seconds, millivolts, and N or V at the R wave of each beat.

    N is a normal beat. V is a premature one from the ventricles: early, wide, without a P wave,
    its T wave turned over, and a pause behind it.
    """
    time = np.arange(RATE * SECONDS) / RATE
    signal = 0.15 * np.sin(2 * np.pi * 0.22 * time + 1)  # breathing moves the baseline
    signal += rng.normal(0, 0.03, time.shape)
    labels = np.full(time.shape, " ")
    peak, interval = 0.6, 0.85  # seconds
    while peak < SECONDS - 0.6:
        kind = "V" if rng.random() < 0.2 else "N"
        if kind == "V":
            peak -= rng.uniform(0.20, 0.32) * interval
        size = rng.uniform(0.8, 1.15)
        for height, offset, width in (PREMATURE if kind == "V" else NORMAL).values():
            shake = rng.normal(1, 0.06, 3)
            at = peak + offset * shake[1]
            bump = np.exp(-(((time - at) / (width * shake[2])) ** 2) / 2)
            signal += size * shake[0] * height * bump
        labels[round(peak * RATE)] = kind
        interval = 0.85 + rng.normal(0, 0.04)
        peak += (1.35 if kind == "V" else 1.0) * interval
    rows = zip(time, signal, labels, strict=True)
    return "seconds,millivolts,beat\n" + "".join(
        f"{t:.2f},{v:.2f},{label.strip()}\n" for t, v, label in rows
    )


# -- the volume -----------------------------------------------------------------------------------


def volume(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A block of tissue with tubes through its whole depth, and balls as thick as those.

    voxels (D, H, W) bytes; centres (K, 3) in voxels, depth first; balls (K,) whether it is a ball.
    A slice through the middle of a ball shows the same bright disc as one through a tube.
    """
    depth, height, width = VOLUME
    z, y, x = np.meshgrid(*(np.arange(side) for side in VOLUME), indexing="ij", sparse=True)
    voxels = 0.25 + 0.05 * np.sin(x / 9) * np.cos(y / 11) * np.cos(z / 7)
    centres, balls = [], []
    for row in range(CELL // 2, height, CELL):
        for column in range(CELL // 2, width, CELL):
            cy, cx = np.array([row, column]) + rng.uniform(-1, 1, 2)
            ball = len(balls) // 2 % 2 == (row // CELL) % 2
            for cz in np.array([depth // 4, 3 * depth // 4]) + rng.uniform(-3, 3, 2):
                radius = rng.uniform(2.2, 3.8)
                tilt = rng.uniform(-0.1, 0.1, 2)
                dy = y - cy - tilt[0] * (z - cz)
                dx = x - cx - tilt[1] * (z - cz)
                dz = z - cz if ball else 0  # a tube has no end
                distance = np.sqrt(dz**2 + dy**2 + dx**2)
                half = (z < depth / 2) == (cz < depth / 2)
                bright = half * np.clip(radius - distance + 0.5, 0, 1)
                voxels = voxels + rng.uniform(0.35, 0.55) * bright
                centres.append((cz, cy, cx))
                balls.append(ball)
    voxels = voxels + rng.normal(0, 0.04, VOLUME)
    levels = np.rint(np.clip(voxels, 0, 1) * (LEVELS - 1)) * (256 // LEVELS)
    return {
        "voxels": levels.astype(np.uint8),
        "centres": np.rint(centres).astype(np.int16),
        "balls": np.array(balls),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
