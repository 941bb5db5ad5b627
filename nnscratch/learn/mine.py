"""Three programs on the learner's own functions: reading digits, verifying faces, painting.

Stands on `borrowed`, `runner` and what the programs need: data, the engine, the built-in network.
Each runs in a process of its own, so that nothing a learner's function does ends the command.
"""

import faulthandler
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nnscratch.functional as F
from nnscratch import nn, optim
from nnscratch.autograd import grad, no_grad
from nnscratch.data import PICTURES, contact_strip, digits, save_image
from nnscratch.faces.drawn.people import generated_people
from nnscratch.faces.encoder import encode
from nnscratch.learn import borrowed, message, runner
from nnscratch.learn.borrowed import Fault, Lender, Part
from nnscratch.learn.folder import HIDDEN, Folder
from nnscratch.operations import concatenate
from nnscratch.style import losses, vgg
from nnscratch.tensor import Tensor

SECONDS = 60.0  # for one program
GRACE = 5.0  # a process ends itself, and says where it was; if it does not, it is ended
PICTURE = Path(HIDDEN, "mine_style.png")
TITLES = {
    "digits": "a network learns to read digits",
    "verification": "a network learns who is who, on drawn faces",
    "style": "pixels learn to look like a painting",
}
# What each does and what it must reach. Measured with our functions, seeds 0 to 7: accuracy 0.956
# to 0.996; EER 0.022 to 0.061, AUC 0.986 to 0.998, recognised 0.775 to 0.944; loss left 0.010 to
# 0.013. 3 to 5 seconds each.
FULL: Mapping[str, Mapping[str, Any]] = {
    "digits": {"steps": 300, "channels": (8, 16), "rate": 1e-2, "least": 0.9},
    "verification": {"steps": 150, "widths": (16, 32, 32), "most": 0.1, "least": 0.65},
    "style": {"steps": 100, "size": 64, "rate": 0.03, "most": 0.05},
}
# The same in a second each, for tests.
QUICK: Mapping[str, Mapping[str, Any]] = {
    "digits": {"steps": 80, "channels": (4, 8), "rate": 2e-2, "least": 0.65},
    "verification": {"steps": 40, "widths": (8, 16, 32), "most": 0.15, "least": 0.55},
    "style": {"steps": 30, "size": 32, "rate": 0.05, "most": 0.12},
}


class Figure(NamedTuple):
    """Something measured; wanted: "at least" or "at most" the bound, or "": it decides nothing."""

    name: str
    value: float
    wanted: str = ""
    bound: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether it is as wanted; what is no number is not."""
        if self.wanted == "at least":
            return self.value >= self.bound
        return self.value <= self.bound if self.wanted else True

    def __str__(self) -> str:
        wanted = f" ({self.wanted} {self.bound:g})" if self.wanted else ""
        return f"{self.name} {self.value:.3f}{wanted}"


# -- digits ---------------------------------------------------------------------------------------

SIDE, TRAIN, TEST, BATCH = 16, 2000, 500, 32
Layers = tuple[Callable[..., Tensor], Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]
ENGINE: Layers = (
    lambda x, weight, bias: F.conv2d(x, weight, bias, padding=1),
    F.relu,
    lambda x: F.max_pool2d(x, 2),
)


def read_digits(
    lend: Lender, seed: int, steps: int, channels: tuple[int, int], rate: float, least: float
) -> list[Figure]:
    """Train two convolutions and a dense layer; judge with the same functions and the engine's."""
    activation, pool, loss = lend(7, "activation"), lend(19, "max_pool"), lend(8, "cross_entropy")
    yours: Layers = (
        borrowed.Convolution(lend),
        lambda x: borrowed.activation(activation, "relu", x),
        lambda x: borrowed.max_pool(pool, x),
    )
    rng = np.random.default_rng(seed)
    images, labels = _double(digits(TRAIN, rng, SIDE))
    unseen = _double(digits(TEST, rng, SIDE))
    weights = _weights(rng, channels)
    descent = borrowed.Descent(lend, weights, rate)
    for step in range(steps):
        descent.rate = optim.cosine_rate(step, steps, rate)
        rows = rng.integers(0, TRAIN, BATCH)
        scores = _scores(Tensor(images[rows]), weights, yours)
        borrowed.cross_entropy(loss, scores, labels[rows]).backward()
        descent.step()
    return [
        Figure("accuracy", _accuracy(weights, yours, *unseen), "at least", least),
        Figure("in the engine", _accuracy(weights, ENGINE, *unseen), "at least", least),
    ]


def _double(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return pair[0].astype(np.float64), pair[1]


def _weights(rng: np.random.Generator, channels: tuple[int, int]) -> list[Tensor]:
    """Kernels and biases of two convolutions and a dense layer, as He et al. 2015 begin."""
    first, second = channels
    shapes = (first, 1, 3, 3), (second, first, 3, 3), (10, second * (SIDE // 4) ** 2)
    weights = []
    for shape in shapes:
        kernel = rng.standard_normal(shape) * math.sqrt(2 / math.prod(shape[1:]))
        weights += [Tensor(kernel, True), Tensor(np.zeros(shape[0]), True)]
    return weights


def _scores(x: Tensor, weights: list[Tensor], layers: Layers) -> Tensor:
    """x (N, 1, SIDE, SIDE) -> scores (N, 10)."""
    convolution, activation, pool = layers
    for kernel, bias in (weights[:2], weights[2:4]):
        x = pool(activation(convolution(x, kernel, bias)))
    return F.linear(x.reshape(len(x), -1), *weights[4:])


def _accuracy(
    weights: list[Tensor], layers: Layers, images: np.ndarray, labels: np.ndarray
) -> float:
    with no_grad():
        scores = _scores(Tensor(images), weights, layers).numpy()
    return float((scores.argmax(axis=1) == labels).mean())


# -- verification ---------------------------------------------------------------------------------

PEOPLE, IMAGES, PIXELS, NUISANCE = 60, 8, 24, 0.5
JUDGES, UNSEEN, ENROLLED, SHOWN = 16, 24, 4, 4  # people; pictures of each that are enrolled
P, K, MARGIN, RATE = 10, 4, 0.3, 3e-3
AREA = 0.9  # below the ROC, at least


def verify_faces(
    lend: Lender, seed: int, steps: int, widths: tuple[int, ...], most: float, least: float
) -> list[Figure]:
    """Train a Siamese network batch-hard; judge it on people that it has not seen."""
    hardest = lend(26, "hardest")
    triplet = lend(24, "triplet_loss"), lend(24, "triplet_gradients")
    unit_rows, distances = lend(23, "unit_rows"), lend(23, "distances")
    judge = _Judge(lend)
    rng = np.random.default_rng(seed)
    network = _tower(widths, rng)
    _learn_faces(network, hardest, triplet, steps, seed, rng)
    encodings, pairs = [], []
    for people, offset in ((JUDGES, 1), (UNSEEN, 2)):
        drawn = generated_people(people, IMAGES, PIXELS, 3 * seed + offset, NUISANCE)
        raw = encode(network, drawn.images).astype(np.float64)
        (rows,) = unit_rows.gives((raw.shape,), raw)
        (apart,) = distances.gives(((len(rows), len(rows)),), rows)
        encodings.append(rows)
        pairs.append(_pairs(apart, drawn.labels, rng))
    return judge.figures(pairs, encodings[1], most, least)


def _tower(widths: tuple[int, ...], rng: np.random.Generator) -> nn.Sequential:
    """Pictures (N, 1, PIXELS, PIXELS) -> encodings (N, 32), of any length; the engine's layers."""
    layers: list[nn.Module] = []
    channels = 1
    for width in widths:
        conv = nn.Conv2d(channels, width, 3, padding=1, bias=False, rng=rng)
        layers += [conv, nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    left = (PIXELS // 2 ** len(widths)) ** 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * left, 32, rng=rng))


def _learn_faces(
    network: nn.Sequential,
    hardest: Part,
    triplet: tuple[Part, Part],
    steps: int,
    seed: int,
    rng: np.random.Generator,
) -> None:
    """Batches of P people × K pictures, and of each picture its hardest triplet."""
    images = generated_people(PEOPLE, IMAGES, PIXELS, 3 * seed, NUISANCE).images
    images = images.reshape(PEOPLE, IMAGES, 1, PIXELS, PIXELS)
    adam = optim.Adam(network.parameters(), RATE)
    for step in range(steps):
        adam.lr = optim.cosine_rate(step, steps, RATE, RATE / 50, warmup=10)
        who = rng.choice(PEOPLE, P, replace=False)
        which = np.stack([rng.choice(IMAGES, K, replace=False) for _ in who])
        batch = images[who[:, None], which].reshape(P * K, 1, PIXELS, PIXELS)
        f = F.normalize(network(Tensor(batch)))
        chosen = _triplets(hardest, f, np.repeat(who, K))
        adam.zero_grad()
        loss = borrowed.triplet_loss(*triplet, [f[rows] for rows in chosen.T], MARGIN)
        loss.backward()
        adam.step()


def _triplets(hardest: Part, f: Tensor, labels: np.ndarray) -> np.ndarray:
    """(T, 3) rows of f; each of them exists."""
    (found,) = hardest.gives((None,), f.numpy().astype(np.float64), labels)
    if found.ndim != 2 or found.shape[1] != 3 or not np.isin(found, np.arange(len(f))).all():
        raise Fault(f"your hardest gave no rows (T, 3) of {len(f)} encodings")
    return found.astype(int)


def _pairs(
    apart: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Distances and 1 or 0: all pairs of one person, and as many of two."""
    i, j = np.triu_indices(len(apart), 1)
    same = labels[i] == labels[j]
    one, two = np.flatnonzero(same), np.flatnonzero(~same)
    chosen = np.sort(np.append(one, rng.choice(two, len(one), replace=False)))
    return apart[i, j][chosen], same[chosen].astype(int)


class _Judge:
    """Error rates by exercise 29, recognition by exercise 30."""

    def __init__(self, lend: Lender):
        self.error_curve, self.auc = lend(29, "error_curve"), lend(29, "auc")
        self.at_best = lend(29, "at_best")
        self.person_distances = lend(30, "person_distances")
        self.recognise = lend(30, "recognise")

    def figures(
        self,
        pairs: list[tuple[np.ndarray, np.ndarray]],
        rows: np.ndarray,
        most: float,
        least: float,
    ) -> list[Figure]:
        """pairs: of the people who choose the threshold, and of those who are judged by it."""
        chosen, judged = (self._curve(*each) for each in pairs)
        threshold, far, frr = self.at_best.gives(((), (), ()), chosen, judged)
        (area,) = self.auc.gives(((),), judged)
        return [
            Figure("EER", _equal_error(judged), "at most", most),
            Figure("AUC", float(area), "at least", AREA),
            Figure("false accepts", float(far)),
            Figure("false rejects", float(frr)),
            Figure("recognised", self._recognised(rows, float(threshold)), "at least", least),
        ]

    def _curve(self, distances: np.ndarray, same: np.ndarray) -> np.ndarray:
        shape = (3, len(np.unique(distances)) + 1)
        return self.error_curve.gives((shape,), distances, same)[0]

    def _recognised(self, rows: np.ndarray, threshold: float) -> float:
        """The share of right answers, as a mean of those to known people and to strangers.

        Always naming somebody, or never, is no better than one half.
        """
        who, number = np.divmod(np.arange(len(rows)), IMAGES)
        gallery, asked = (who < ENROLLED) & (number < SHOWN), number >= SHOWN
        shape = (int(asked.sum()), ENROLLED)
        (apart,) = self.person_distances.gives(
            (shape,), rows[asked], rows[gallery], who[gallery], ENROLLED
        )
        (answers,) = self.recognise.gives((shape[:1],), apart, threshold)
        known = who[asked] < ENROLLED
        right = answers == np.where(known, who[asked], -1)
        return float(right[known].mean() + right[~known].mean()) / 2


def _equal_error(curve: np.ndarray) -> float:
    """Where as large a share of the different is accepted as of the same is rejected."""
    far, frr = curve[1] / curve[1, -1], curve[2] / curve[2, 0]
    place = int(np.argmin(np.abs(far - frr)))
    return float(far[place] + frr[place]) / 2


# -- style ----------------------------------------------------------------------------------------

SHALLOW, DEEP = ("relu1_1", "relu2_1"), "relu3_1"
ALPHA, BETA = 1e-3, 1.0


def paint(lend: Lender, seed: int, steps: int, size: int, rate: float, most: float) -> list[Figure]:
    """Paint a landscape as the swirls are painted; judge by the engine's own costs."""
    stylise = lend(35, "stylise", calls_others=True)
    easel = _Easel(lend, size, rate)
    content, style = (
        PICTURES[name](size, seed).astype(np.float64) for name in ("landscape", "swirls")
    )
    shapes = content.shape, (steps,)
    arguments = easel.features, easel.pull, easel.cost, 1.0, steps
    image, _ = stylise.gives(shapes, content, content, style, *arguments)
    strip = contact_strip([each.astype(np.float32) for each in (content, style, image)])
    save_image(lend.folder / PICTURE, strip)
    before, after = (_judged(each, content, style) for each in (content, image))
    return [Figure("share of the loss left", after / before, "at most", most)]


class _Easel:
    """What exercise 35 asks for: features, pull, cost. Features of all layers are one row.

    pull: not the gradient by the pixels, but the step that exercise 22 makes of it; with a rate
    of 1 the loop of exercise 35 is then a loop of Adam's.
    """

    def __init__(self, lend: Lender, size: int, rate: float):
        self.gram, self.costs = lend(34, "gram"), lend(35, "costs")
        self.descent = borrowed.Descent(lend, [Tensor(np.zeros((3, size, size)))], rate)
        self.network = vgg.load("builtin")
        found = self._layers(Tensor(np.zeros((1, 3, size, size), np.float32)))
        self.shapes = [each.shape for each in found]

    def features(self, image: np.ndarray) -> np.ndarray:
        """(3, H, W) -> (all features,)."""
        with no_grad():
            return self._row(Tensor(image[None].astype(np.float32))).numpy().astype(np.float64)

    def pull(self, image: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """What to take away from the image."""
        pixels = Tensor(image[None].astype(np.float32), requires_grad=True)
        along = (self._row(pixels) * Tensor(slope.astype(np.float32))).sum()
        g = grad(along, [pixels])[0].numpy()[0].astype(np.float64)
        moved, self.descent.states[0] = self.descent.moved(image, g, self.descent.states[0])
        return image - moved

    def cost(
        self, generated: np.ndarray, content: np.ndarray, style: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Grams at the shallow layers; content and style at the deep one. -> total, slope."""
        row = Tensor(generated, requires_grad=True)
        *shallow, deep = self._split(row)
        *targets, wanted = self._split(Tensor(style))
        total = self._deep(deep, self._split(Tensor(content))[-1].numpy()[0], wanted.numpy()[0])
        for features, target in zip(shallow, targets, strict=True):
            apart = borrowed.gram(self.gram, features) - borrowed.gram(self.gram, target)
            total = total + (BETA / (4 * features.shape[1] ** 2)) * (apart * apart).sum()
        return total.item(), grad(total, [row])[0].numpy()

    def _deep(self, generated: Tensor, content: np.ndarray, style: np.ndarray) -> Tensor:
        shapes = (), (), (), content.shape
        given = generated.numpy()[0], content, style, ALPHA, BETA
        *_, total, slope = self.costs.gives(shapes, *given)
        return Tensor.from_op("costs", total, (generated, lambda g, y: g * Tensor(slope[None])))

    def _layers(self, pictures: Tensor) -> list[Tensor]:
        return list(self.network.features(pictures, (*SHALLOW, DEEP)).values())

    def _row(self, pictures: Tensor) -> Tensor:
        return concatenate([each.reshape(-1) for each in self._layers(pictures)])

    def _split(self, row: Tensor) -> list[Tensor]:
        """A row of features -> those of each layer, (1, C, H, W)."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes]).tolist()
        parts = zip([0, *ends], ends, self.shapes, strict=False)
        return [row[start:end].reshape(*shape) for start, end, shape in parts]


def _judged(image: np.ndarray, content: np.ndarray, style: np.ndarray) -> float:
    """The loss by the engine's costs."""
    network, names = vgg.load("builtin"), (*SHALLOW, DEEP)
    with no_grad():
        found, wanted, target = (
            network.features(Tensor(each[None].astype(np.float32)), names)
            for each in (image, content, style)
        )
        total = ALPHA * losses.content_cost(found[DEEP], wanted[DEEP]).item()
        for name in names:
            grams = (losses.gram_matrix(features[name]) for features in (found, target))
            total += BETA * losses.style_cost(*grams).item()
    return total


# -- each in a process of its own -----------------------------------------------------------------

PROGRAMS: Mapping[str, Callable[..., list[Figure]]] = {
    "digits": read_digits,
    "verification": verify_faces,
    "style": paint,
}
START = "import sys; from nnscratch.learn.mine import main; sys.exit(main(sys.argv[1:]))"
NOTHING: Mapping[str, list[str]] = {"yours": [], "ours": [], "notes": []}
PLACE = re.compile(r'File "(.+)", line (\d+)')


def run(
    folder: Folder,
    seed: int,
    say: Callable[..., None],
    effort: Mapping[str, Mapping[str, Any]] = FULL,
    seconds: float = SECONDS,
    patience: float = borrowed.PATIENCE,
) -> list[dict[str, Any]]:
    """All three programs, one after the other; say(*lines) tells of it.

    -> for each: name, passed, figures, wanted, yours, ours, notes, trouble, seconds, and for
    style the picture. effort: FULL or QUICK, or a part of one; seconds: for a program; patience:
    seconds of processor time for one function in it.
    """
    if seed < 0:
        raise ValueError(f"learn mine: expected a seed of at least 0, got {seed}")
    states = {exercise.number: folder.state(exercise) for exercise in folder.exercises()}
    results = []
    for name, settings in effort.items():
        say(f"{name}: {TITLES[name]} ...")
        job = {
            "name": name,
            "folder": str(folder.path),
            "states": states,
            "seed": seed,
            "settings": dict(settings),
            "seconds": seconds,
            "patience": patience,
        }
        results.append({"name": name, **_separately(job)})
        say(*_lines(results[-1]))
    return results


def _separately(job: dict[str, Any]) -> dict[str, Any]:
    """What the process of a program answers, or how it ended without an answer."""
    with tempfile.TemporaryDirectory() as work:
        answer, trace = Path(work, "answer.json"), Path(work, "trace.txt")
        words = [json.dumps(job), str(answer), str(trace)]
        start = time.perf_counter()
        try:
            code = subprocess.run(
                [sys.executable, "-P", "-c", START, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=job["seconds"] + GRACE,
                env={**os.environ, **runner.ENVIRONMENT},
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = None
        if answer.is_file():
            return json.loads(answer.read_text(encoding="utf-8"))
        return _unanswered(job, code, trace, time.perf_counter() - start)


def _unanswered(
    job: dict[str, Any], code: int | None, trace: Path, seconds: float
) -> dict[str, Any]:
    text = trace.read_text(encoding="utf-8", errors="replace") if trace.is_file() else ""
    if text or code is None:
        trouble = f"still running after {job['seconds']:g} s{_where(text, Path(job['folder']))}"
    else:
        trouble = f"the process ended (code {code}) before the program did"
    return _record([], NOTHING, trouble, seconds)


def _where(trace: str, folder: Path) -> str:
    """The innermost of the learner's lines in a dump of all calls."""
    for file, line in PLACE.findall(trace):
        if Path(file).parent == folder:
            return f", in your {Path(file).name}:{line}; is there an endless loop?"
    return ""


def _record(
    figures: list[Figure], report: Mapping[str, Any], trouble: str, seconds: float
) -> dict[str, Any]:
    """What is known of a program that ran."""
    finite = {f.name: round(f.value, 4) if math.isfinite(f.value) else None for f in figures}
    return {
        "passed": bool(figures) and not trouble and all(figure.holds for figure in figures),
        "figures": finite,
        "wanted": {f.name: f"{f.wanted} {f.bound:g}" for f in figures if f.wanted},
        "told": [str(figure) for figure in figures],
        **report,
        "trouble": trouble,
        "seconds": round(seconds, 2),
    }


def _lines(result: Mapping[str, Any]) -> list[str]:
    """A result in words, 80 columns wide."""
    state = "passed" if result["passed"] else "not passed"
    state += "" if result["yours"] else ", with nothing of yours in it"
    head = f"{'ok' if result['passed'] else 'x '} {result['name']}   {state}"
    sentences = [
        *(f"{whose}: {', '.join(result[whose])}" for whose in ("yours", "ours") if result[whose]),
        *result["notes"],
        ", ".join(result["told"]),
        result["trouble"],
        f"picture: {PICTURE.as_posix()}" if "picture" in result else "",
    ]
    lines = [line for sentence in sentences if sentence for line in message.plain(sentence)]
    return [f"{head}, {result['seconds']:.1f} s", *lines]


def main(arguments: list[str]) -> int:
    """One program, in this process: a job as JSON, files for the answer and for a dump of calls."""
    job, answer, trace = json.loads(arguments[0]), Path(arguments[1]), Path(arguments[2])
    with trace.open("w", encoding="utf-8") as dump:
        faulthandler.dump_traceback_later(job["seconds"], exit=True, file=dump)
        _limit_memory()
        record = _played(job)
        faulthandler.cancel_dump_traceback_later()
    temporary = answer.with_suffix(".part")
    temporary.write_text(json.dumps(record), encoding="utf-8")
    os.replace(temporary, answer)
    return 0


def _limit_memory() -> None:
    """As for a check, where the system can."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (runner.MEMORY, runner.MEMORY))
    except (ImportError, ValueError, OSError):
        pass


def _played(job: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a program; whatever stops it is in there, in words."""
    folder = Path(job["folder"])
    states = {int(number): state for number, state in job["states"].items()}
    lend = Lender(folder, states, job["patience"])
    figures: list[Figure] = []
    trouble, start = "", time.perf_counter()
    try:
        with np.errstate(all="ignore"):
            figures = PROGRAMS[job["name"]](lend, job["seed"], **job["settings"])
    except Fault as fault:
        trouble = str(fault)
    except Exception as error:  # numbers of a learner's that the engine refuses, say
        trouble = f"it stopped with {type(error).__name__}: {error}"
    record = _record(figures, lend.report(), trouble, time.perf_counter() - start)
    if job["name"] == "style" and figures:
        record["picture"] = str(folder / PICTURE)
    return record
