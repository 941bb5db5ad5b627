"""Face recognition on drawn faces: train, verify, enrol, identify, and draw the results.

Stands on `drawn.people`, `training`, `evaluate`, `gallery` and `plots`.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from nnscratch.data.augment import Augment
from nnscratch.faces import evaluate, metrics, plots
from nnscratch.faces.distances import pair_distances
from nnscratch.faces.drawn.people import generated_people
from nnscratch.faces.folders import People
from nnscratch.faces.gallery import Gallery
from nnscratch.faces.model import FaceModel, grey
from nnscratch.faces.training import FaceSettings, Schedule, learn_calibrated

# large batches and weak augmentation: drawn faces vary, and there are many people
SETTINGS = FaceSettings(
    people=48, pictures=2, size=(40, 40), dropout=0.0, schedule=Schedule(steps=1000),
    augment=Augment(rotation=0.05, scale=0.03, shift=0.03, flip=0.5), start="random",
)  # fmt: skip
FAR = 0.05  # the share of searches that may recognise a stranger
UNSEEN = 60  # people to evaluate on
PICTURES = 10  # of each person
ENROLLED, SHOWN = 30, 5  # people in the gallery, pictures of each
MAPPED = 12  # people on the map


def run(folder: Path, people, settings: FaceSettings, seed, advance) -> tuple[list[str], dict]:
    """Train on that many drawn people, evaluate on others, write pictures into the folder.

    advance(note) is called after each step. Returns lines to print, and figures for JSON.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = generated_people(people, PICTURES, seed=2 * seed)
    unseen = generated_people(UNSEEN, PICTURES, seed=2 * seed + 1)
    model = learn_calibrated(known, settings, FAR, seed=seed, on_step=lambda r: advance(r.line()))
    model.save(folder / "faces.npz")
    encodings = model.encode(unseen.images)
    result = evaluate.evaluation(evaluate.trial(encodings, unseen.labels), seed)
    _draw(folder, unseen, encodings, settings)
    lines = [
        f"trained on {people} drawn people, evaluated on {UNSEEN} others:",
        f"  verification: EER {result.eer}, AUC {result.auc}",
        f"  recognition:  rank 1 {result.rank1}, found at 1 % false alarms {result.dir_at_far_1}",
        f"gallery of {ENROLLED} people, {SHOWN} pictures each; some answers:",
        *(f"  {line}" for line in _recognised(folder, model, unseen, encodings)),
        f"see {folder}/roc.png, neighbours.png, map.png; the model is {folder}/faces.npz",
    ]
    return lines, asdict(result)


def _draw(folder: Path, unseen: People, encodings: np.ndarray, settings: FaceSettings) -> None:
    """The ROC curve beside that of raw pixels, nearest neighbours, and a map."""
    pixels = grey(unseen.images, settings.size).reshape(len(unseen), -1)
    curves = {}
    for name, rows in (("network", encodings), ("pixels", pixels)):
        pairs = pair_distances(rows, unseen.labels)
        curves[name] = metrics.roc(pairs.distances, pairs.same)
    plots.roc_plot(folder / "roc.png", curves, f"verification of {UNSEEN} unseen people")
    images, labels, names = unseen.images, unseen.labels, unseen.names
    plots.neighbours_sheet(folder / "neighbours.png", images, encodings, labels, names)
    few = labels < MAPPED
    plots.embedding_map(folder / "map.png", encodings[few], labels[few], images[few], names)


def _recognised(folder: Path, model: FaceModel, unseen: People, encodings: np.ndarray) -> list[str]:
    """Enrol some of the people; identify some of them and some strangers."""
    gallery = Gallery(encodings.shape[1], model.fingerprint)
    for number in range(ENROLLED):
        gallery.enrol(unseen.names[number], encodings[unseen.labels == number][:SHOWN])
    gallery.save(folder / "gallery.npz")
    asked = [np.flatnonzero(unseen.labels == n)[-1] for n in (0, 1, 2, UNSEEN - 2, UNSEEN - 1)]
    answers = gallery.identify(encodings[asked], model.known_calibration(), score="mean")
    names = [unseen.names[unseen.labels[row]] for row in asked]
    kinds = ["enrolled" if name in gallery else "a stranger" for name in names]
    return [f"{n} ({k}): {answer}" for n, k, answer in zip(names, kinds, answers, strict=True)]
