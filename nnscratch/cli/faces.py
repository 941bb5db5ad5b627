"""nnscratch faces: train a network for faces, verify, enrol, identify, evaluate."""

import argparse
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch import files
from nnscratch.cli.common import add_job, say, write_json
from nnscratch.data.images import read_image
from nnscratch.faces import evaluate, lfw, metrics, training
from nnscratch.faces.folders import People, read_people
from nnscratch.faces.gallery import Gallery
from nnscratch.faces.intervals import Interval, mean_interval
from nnscratch.faces.losses import LOSSES
from nnscratch.faces.model import FaceModel
from nnscratch.progress import live_line

DESCRIPTION = """\
Faces: verification (is it the same person?) and recognition (who is it, if anybody known?).

Pictures show one face each, cropped and upright: there is no detector and no check that a face is
alive. Encodings of faces are personal data, and error rates differ between groups of people; see
docs/faces.md."""
EPILOG = """\
example:
  nnscratch faces demo                                  # on drawn faces, in about two minutes
  nnscratch faces train photos/ -o faces.npz            # photos/PERSON/*.jpg
  nnscratch faces evaluate others/ --model faces.npz
  nnscratch faces verify a.jpg b.jpg --model faces.npz
  nnscratch faces enrol Ann ann1.jpg ann2.jpg
  nnscratch faces identify who.jpg"""
PEOPLE = "PERSON/*.jpg in folders, or an .npz file with images and labels"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    jobs = parser.add_subparsers(dest="job", metavar="JOB", required=True)
    job = partial(add_job, jobs, "faces")

    add = job("train", _train, "train a network on pictures of people", "photos/ -o m.npz")
    add("folder", metavar="FOLDER", help=PEOPLE)
    add("-o", "--output", metavar="MODEL", required=True, help="the file of the model")
    share = {"metavar": "R", "type": float}
    add("--held-out", **share, default=0.2, help="share of people for the threshold (default 0.2)")
    add("--far", **share, default=0.01, help="false-accept rate wanted (default 0.01)")
    _add_settings(add)

    add = job("verify", _verify, "tell whether two pictures show one person", "a.jpg b.jpg")
    add("first", metavar="A")
    add("second", metavar="B")
    _add_model(add)
    _add_threshold(add)

    add = job("enrol", _enrol, "add a person to a gallery", "Ann ann1.jpg ann2.jpg")
    add("name", metavar="NAME")
    add("images", metavar="IMAGE", nargs="+")
    _add_model(add)
    _add_gallery(add)

    add = job("forget", _forget, "remove a person from a gallery for good", "Ann")
    add("name", metavar="NAME")
    _add_gallery(add)

    add = job("identify", _identify, "tell who is on a picture, if anybody known", "x.jpg")
    add("images", metavar="IMAGE", nargs="+")
    _add_model(add)
    _add_gallery(add)
    _add_threshold(add)

    example = "others/ --model faces.npz --json figures.json"
    line = "measure verification and recognition on people"
    add = job("evaluate", _evaluate, line, example)
    add("folder", metavar="FOLDER", help=PEOPLE)
    _add_model(add)
    add("--pairs", metavar="FILE", help="LFW's pairs.txt: ten folds on FOLDER/NAME/NAME_0001.jpg")
    add("--folds", metavar="N", type=int, help="train N models, each on all but one group")
    add("--seeds", metavar="N", type=int, default=1, help="with --folds: repeat N times")
    _add_settings(add)

    add = job("demo", _demo, "train on drawn faces and show every step", "-o faces_demo")
    add("-o", "--output", metavar="FOLDER", default="faces_demo", help="default faces_demo")
    add("--people", metavar="N", type=int, default=600, help="to train on (default 600)")
    _add_training(add, steps=1000)

    add = job("pretrain", _pretrain, "make the weights that train starts from", "-o w.npz")
    add("-o", "--output", metavar="FILE", required=True, help="the file of the weights")


def _add_settings(add: Any) -> None:
    default = training.DEFAULT
    add("--start", choices=training.STARTS, default=default.start, help="initial weights")
    _add_training(add, default.schedule.steps)


def _add_training(add: Any, steps: int) -> None:
    add("--loss", choices=tuple(LOSSES), default=training.DEFAULT.loss)
    add("--steps", metavar="N", type=int, default=steps, help=f"of training (default {steps})")
    add("--seed", metavar="N", type=int, default=0)


def _add_model(add: Any) -> None:
    add("--model", metavar="MODEL", default="faces.npz", help="default faces.npz")


def _add_gallery(add: Any) -> None:
    add("--gallery", metavar="FILE", default="gallery.npz", help="default gallery.npz")


def _add_threshold(add: Any) -> None:
    add("--threshold", metavar="D", type=float, help="squared distance; default the model's")


# -- the jobs -------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> int:
    files.check_place(options.output)
    settings, start = _settings(options), time.perf_counter()
    people = _people(options, settings.size, at_least=4)
    shares, seed = (options.far, options.held_out), options.seed
    with live_line("train", settings.schedule.steps) as advance:
        model = training.learn_calibrated(
            people, settings, *shares, seed, lambda reading: advance(reading.line())
        )
    model.save(options.output)
    calibration = model.known_calibration()
    _say_left_out(people)
    say(f"{options.output}: {len(people.names)} people, threshold {calibration.threshold:.3f}")
    if calibration.warning:
        say(calibration.warning)
    figures = {"people": len(people.names), "pictures": len(people), "warning": calibration.warning}
    figures |= {"seconds": time.perf_counter() - start, "fingerprint": model.fingerprint}
    return write_json(options, {**figures, "calibration": calibration.to_dict()})


def _verify(options: argparse.Namespace) -> int:
    model = FaceModel.load(options.model)
    first, second = _encodings(model, [options.first, options.second])
    limit = _threshold(options)
    limit = model.known_calibration().threshold if limit is None else limit
    distance = float(((first - second) ** 2).sum())
    same = distance <= limit
    chance = model.calibration and float(model.calibration.probability(distance))
    text = f"distance {distance:.3f}, limit {limit:.3f}"
    text += "" if chance is None else f", probability of the same {chance:.2f}"
    say(f"{'the same person' if same else 'different people'} ({text})")
    figures = {"same": same, "distance": distance, "threshold": limit, "probability": chance}
    return write_json(options, figures)


def _enrol(options: argparse.Namespace) -> int:
    model = FaceModel.load(options.model)
    encodings = _encodings(model, options.images)
    path = files.check_place(options.gallery)
    gallery = Gallery.open(path, model.fingerprint, encodings.shape[1])
    gallery.enrol(options.name, encodings)
    gallery.save(path)
    count = len(gallery.encodings(options.name))
    say(f"{path}: {options.name} has {count} pictures; {gallery!r}")
    return write_json(options, {"people": gallery.counts})


def _forget(options: argparse.Namespace) -> int:
    gallery = Gallery.load(options.gallery, None)
    gallery.forget(options.name)
    gallery.save(options.gallery)
    say(f"{options.gallery}: {options.name} is forgotten; {gallery!r}")
    return write_json(options, {"people": gallery.counts})


def _identify(options: argparse.Namespace) -> int:
    model = FaceModel.load(options.model)
    gallery = Gallery.load(options.gallery, model.fingerprint)
    encodings = _encodings(model, options.images)
    limit = _threshold(options)
    answers = gallery.identify(encodings, model.known_calibration() if limit is None else limit)
    rows = []
    for image, answer in zip(options.images, answers, strict=True):
        say(f"{image}: {answer}")
        names = ("name", "distance", "margin", "nearest")
        rows.append({"image": image, **{name: getattr(answer, name) for name in names}})
    return write_json(options, {"answers": rows})


def _evaluate(options: argparse.Namespace) -> int:
    if options.pairs:
        return _evaluate_pairs(options)
    if options.folds is not None:
        return _evaluate_folds(options)
    model = FaceModel.load(options.model)
    people = _people(options, model.size)
    _say_left_out(people)
    trial = evaluate.trial(model.encode(people.images, people.sources), people.labels)
    return _show(options, evaluate.evaluation(trial, options.seed))


def _evaluate_pairs(options: argparse.Namespace) -> int:
    model = FaceModel.load(options.model)
    pairs = lfw.find_pictures(lfw.read_pairs(options.pairs), options.folder)
    encodings = _encodings(model, [str(path) for path in pairs.pictures])
    distances = ((encodings[pairs.numbers[:, 0]] - encodings[pairs.numbers[:, 1]]) ** 2).sum(1)
    result = lfw.ten_folds(distances, pairs.same, pairs.folds)
    say(f"accuracy {result}")
    eer, auc = (measure(distances, pairs.same) for measure in (metrics.eer, metrics.auc))
    figures = {"accuracy": result.accuracy, "standard_error": result.standard_error}
    figures |= {"accuracies": result.accuracies.tolist(), "eer": eer, "auc": auc}
    return write_json(options, figures)


def _evaluate_folds(options: argparse.Namespace) -> int:
    if options.seeds < 1:
        raise ValueError(f"--seeds: expected at least 1, got {options.seeds}")
    settings = _settings(options)
    people = _people(options, settings.size)
    _say_left_out(people)
    seeds = range(options.seed, options.seed + options.seeds)
    with live_line("evaluate", options.folds * options.seeds) as advance:
        fold = partial(training.cross_validated, people, options.folds, settings)
        runs = [fold(seed, advance) for seed in seeds]
    evaluations = [evaluate.evaluation(evaluate.pooled(trials), options.seed) for trials in runs]
    eers = [evaluation.eer.value for evaluation in evaluations]
    folds = [[metrics.eer(t.pairs.distances, t.pairs.same) for t in trials] for trials in runs]
    if len(eers) > 1:
        say(f"pooled EER over {len(eers)} seeds: {mean_interval(eers)}")
    figures = {"seeds": [asdict(e) for e in evaluations], "eer_of_folds": folds}
    return _show(options, evaluations[0], **figures)


def _show(options: argparse.Namespace, evaluation: evaluate.Evaluation, **more: Any) -> int:
    for name in ("eer", "auc", "rank1", "dir_at_far_1"):
        say(f"{name:13} {getattr(evaluation, name)}")
    say(*evaluation.warnings)
    figures = asdict(evaluation)
    intervals = {k: list(v) for k, v in figures.items() if isinstance(v, Interval)}
    single = {k: v[0] if k in intervals else v for k, v in figures.items()}
    return write_json(options, {**single, "intervals": intervals, **more})


def _demo(options: argparse.Namespace) -> int:
    from nnscratch.faces.drawn import demo

    settings = _settings(options, demo.SETTINGS)
    with live_line("demo", options.steps) as advance:
        folder = Path(options.output)
        lines, figures = demo.run(folder, options.people, settings, options.seed, advance)
    say(*lines)
    return write_json(options, figures)


def _pretrain(options: argparse.Namespace) -> int:
    from nnscratch.faces.drawn import pretrain

    files.check_place(options.output)
    start = time.perf_counter()
    with live_line("pretrain", pretrain.PRETRAINING.schedule.steps) as advance:
        network = pretrain.pretrain(on_step=lambda reading: advance(reading.line()))
    pretrain.save_start(network, options.output)
    return write_json(options, {"seconds": time.perf_counter() - start})


# -- small parts ----------------------------------------------------------------------------------


def _settings(options: argparse.Namespace, default: Any = training.DEFAULT) -> Any:
    if options.steps < 1:
        raise ValueError(f"--steps: expected at least 1, got {options.steps}")
    schedule = replace(default.schedule, steps=options.steps)
    start = getattr(options, "start", default.start)
    return replace(default, loss=options.loss, schedule=schedule, start=start)


def _people(options: argparse.Namespace, size: tuple[int, int], at_least: int = 2) -> People:
    """People with 2 pictures or more, all pictures resized as `FaceModel.encode` does it."""
    limits = {"min_images": 2, "min_people": at_least, "drop_few": True}
    return read_people(options.folder, size, fit="stretch", **limits)


def _threshold(options: argparse.Namespace) -> float | None:
    if options.threshold is not None and not 0 <= options.threshold <= 4:
        raise ValueError(
            f"--threshold: expected a squared distance from 0 to 4, got {options.threshold}"
        )
    return options.threshold


def _encodings(model: FaceModel, paths: list[str]) -> np.ndarray:
    return np.concatenate([model.encode(read_image(path)[None], [path]) for path in paths])


def _say_left_out(people: People) -> None:
    if people.skipped:
        say(f"{len(people.skipped)} pictures left out: their person has fewer than 2")
