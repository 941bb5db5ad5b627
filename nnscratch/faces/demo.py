"""All of face recognition on drawn faces: train, verify, enrol, recognise, and show it.

Stands on everything else in this package and on the generator of faces.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.data.augment import Augment
from nnscratch.data.generated_faces import generated_people
from nnscratch.data.people import People
from nnscratch.faces import evaluate, metrics, plots
from nnscratch.faces.gallery import Gallery
from nnscratch.faces.model import FaceModel, grey
from nnscratch.faces.pairs import pair_distances
from nnscratch.faces.recipe import Recipe, learn_calibrated
from nnscratch.faces.trainer import Schedule

# drawn faces vary enough as they are, and there are as many people as one likes: large batches
RECIPE = Recipe(
    people=48,
    pictures=2,
    size=(40, 40),
    dropout=0.0,
    augment=Augment(rotation=0.05, scale=0.03, shift=0.03, flip=0.5),
    schedule=Schedule(steps=1000),
    start="random",
)
FAR = 0.05  # of searches: strangers that may be taken for somebody
UNSEEN = 60  # people to judge on
PICTURES = 10  # of each person
ENROLLED, SHOWN = 30, 5  # people in the gallery, pictures of each
MAPPED = 12  # people on the map


@dataclass(frozen=True)
class Story:
    """What the demonstration found: lines to read, figures for machines."""

    lines: tuple[str, ...]
    figures: dict[str, Any]


def run(
    folder: Path, people: int, recipe: Recipe, seed: int, advance: Callable[[str], None]
) -> Story:
    """Train on so many drawn people, judge on others, write pictures into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    known = generated_people(people, PICTURES, seed=2 * seed)
    unseen = generated_people(UNSEEN, PICTURES, seed=2 * seed + 1)
    model = learn_calibrated(known, recipe, FAR, seed=seed, on_step=lambda r: advance(r.line()))
    model.save(folder / "faces.npz")
    encodings = model.encode(unseen.images)
    report = evaluate.report(evaluate.trial(encodings, unseen.labels), seed)
    _draw(folder, unseen, encodings, recipe)
    answers = _recognised(folder, model, unseen, encodings)
    lines = (
        f"trained on {people} drawn people, judged on {UNSEEN} others:",
        f"  verification: EER {report.eer}, AUC {report.auc}",
        f"  recognition:  rank 1 {report.rank1}, found at 1 % false alarms {report.dir_at_far_1}",
        f"gallery of {ENROLLED} people, {SHOWN} pictures each; some answers:",
        *(f"  {line}" for line in answers),
        f"see {folder}/roc.png, neighbours.png, map.png; the model is {folder}/faces.npz",
    )
    return Story(lines, asdict(report))


def _draw(folder: Path, unseen: People, encodings: np.ndarray, recipe: Recipe) -> None:
    """The ROC beside that of bare pixels, nearest neighbours, and a map."""
    pixels = grey(unseen.images, recipe.size).reshape(len(unseen), -1)
    curves = {}
    for name, rows in (("network", encodings), ("pixels", pixels)):
        pairs = pair_distances(rows, unseen.labels)
        curves[name] = metrics.roc(pairs.distances, pairs.same)
    plots.roc_plot(folder / "roc.png", curves, f"verification of {UNSEEN} unseen people")
    plots.neighbours_sheet(
        folder / "neighbours.png", unseen.images, encodings, unseen.labels, unseen.names
    )
    few = unseen.labels < MAPPED
    plots.embedding_map(
        folder / "map.png", encodings[few], unseen.labels[few], unseen.images[few], unseen.names
    )


def _recognised(folder: Path, model: FaceModel, unseen: People, encodings: np.ndarray) -> list[str]:
    """Enrol some of the people, and ask about them and about strangers."""
    gallery = Gallery(encodings.shape[1], model.fingerprint)
    for number in range(ENROLLED):
        gallery.enrol(unseen.names[number], encodings[unseen.labels == number][:SHOWN])
    gallery.save(folder / "gallery.npz")
    asked = [np.flatnonzero(unseen.labels == n)[-1] for n in (0, 1, 2, UNSEEN - 2, UNSEEN - 1)]
    answers = gallery.identify(encodings[asked], model.known_calibration(), score="mean")
    who = [unseen.names[unseen.labels[row]] for row in asked]
    kind = ["enrolled" if name in gallery else "a stranger" for name in who]
    return [f"{n} ({k}): {answer}" for n, k, answer in zip(who, kind, answers, strict=True)]
