"""nnscratch demo: a gradient check, a picture, faces and a wrong answer, in about a minute.

Stands on the public names of every room that it shows.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from nnscratch import files
from nnscratch.cli.common import write_json
from nnscratch.cli.gradcheck import check_cases, report
from nnscratch.data import PICTURES, contact_strip, resize_image, save_image
from nnscratch.faces import Calibration, Encoder, FaceModel, Gallery
from nnscratch.faces.drawn.people import generated_people
from nnscratch.learn.exercise import find
from nnscratch.learn.runner import check
from nnscratch.opcases import CASES
from nnscratch.progress import live_line
from nnscratch.style import Settings, Step, stylize, vgg
from nnscratch.style.reports.html_report import html
from nnscratch.weights import load_state

SIZE = 256
STAGES = 5  # intermediate pictures shown, at even distances

FACE_WIDTHS = (24, 48, 64, 96)  # of the network in drawn.npz
FACE_SIZE = (40, 32)
JUDGED = 40  # drawn people that decide on the threshold
FAR = 0.01  # of pairs of different people: how many may be accepted
ENROLLED, SHOWN = 3, 3  # people in the gallery, pictures of each

EXERCISE = "11"
WRONG_ANSWER = '''\
import numpy as np


def conv1d(x, w, b):
    """x (N, C, L), w (O, C, K), b (O,) -> (N, O, L - K + 1)."""
    kernel = w.shape[2]
    y = np.zeros((len(x), len(w), x.shape[2] - kernel + 1))
    for n, o, i in np.ndindex(y.shape):
        for k in range(kernel):
            y[n, o, i] += x[n, :, i + k] @ w[o, :, kernel - 1 - k]
        y[n, o, i] += b[o]
    return y
'''

NEXT = {
    "Paint your own pictures": "nnscratch style PHOTO.jpg PAINTING.jpg -o RESULT.png",
    "Use real VGG weights": "nnscratch weights fetch vgg19",
    "Compare two faces": "nnscratch faces verify A.jpg B.jpg --model {folder}/faces.npz",
    "Learn it by writing it": "nnscratch learn init",
    "Check every derivative": "nnscratch gradcheck",
    "See what you run on": "nnscratch doctor",
}


@dataclass(frozen=True)
class Part:
    """One part of the demonstration: what is printed, HTML for the page, figures for the JSON."""

    printed: Sequence[Any]
    page: str
    figures: dict[str, Any] = field(default_factory=dict)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Check the derivatives of convolution in 1, 2 and 3 dimensions, paint one of the "
        "project's own pictures in the style of another, tell drawn faces apart, and name the "
        "mistake in a wrong answer. Everything is written to a folder with a page to open."
    )
    parser.epilog = "example: nnscratch demo -o my-demo"
    add = parser.add_argument
    add("-o", "--output", metavar="FOLDER", default="nnscratch-demo", help="default nnscratch-demo")
    add("--iterations", metavar="N", type=int, default=70, help="at each of 3 sizes (70)")
    add("--seed", metavar="N", type=int, default=0, help="of the pictures, faces and checks")
    add("--json", metavar="FILE", help="write the figures as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.iterations < 1:
        raise ValueError(f"expected at least 1 iteration, got {options.iterations}")
    if options.seed < 0:
        raise ValueError(f"expected a seed of at least 0, got {options.seed}")
    folder = files.make_folder(options.output)
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    start = time.perf_counter()
    sections: list[str] = []
    figures: dict[str, Any] = {}
    for number, (title, show) in enumerate(PARTS.items(), 1):
        console.print(f"{number}. {title}", style="bold")
        part = show(folder, options)
        console.print(*part.printed, sep="\n", markup=False)
        sections.append(f"<h2>{number}. {title}</h2>\n{part.page}")
        figures |= part.figures
    files.write_text(folder / "index.html", html("nnscratch demo", "\n".join(sections)))
    figures["seconds"] = time.perf_counter() - start
    console.print(f"Done in {figures['seconds']:.0f} s; open {folder / 'index.html'}", markup=False)
    write_json(options, figures)
    return 1 if any(row["problem"] for row in figures["gradcheck"]) else 0


# -- the parts ------------------------------------------------------------------------------------


def derivatives(folder: Path, options: argparse.Namespace) -> Part:
    """The gradient check of convolution, as a table."""
    cases = [case for case in CASES if case.name in ("conv1d", "conv2d", "conv3d")]
    rows = check_cases(cases, options.seed)
    cells = "".join(
        f"<tr><td>{row['op']}</td><td>{row['settings']}</td><td>{row['slopes']:,}</td>"
        f"<td>{row['first']:.1e}</td><td>{row['second']:.1e}</td>"
        f"<td>{escape(row['problem']) or 'right'}</td></tr>"
        for row in rows
    )
    page = f"""<p>Each setting (stride, padding, dilation, groups) compared with central differences
in float64, first and second order.</p>
<table>
<tr><th>operation</th><th>settings</th><th>slopes</th><th>worst error, 1st</th>
<th>worst error, 2nd</th><th></th></tr>
{cells}
</table>"""
    return Part([report(rows)], page, {"gradcheck": rows})


def painting(folder: Path, options: argparse.Namespace) -> Part:
    """Style transfer; writes content.png, style.png, result.png and strip.png."""
    content, style = (PICTURES[name](SIZE, options.seed) for name in ("landscape", "swirls"))
    stages: list[np.ndarray] = [content]
    settings = Settings(iterations=options.iterations, seed=options.seed)
    total = options.iterations * len(settings.plan(content.shape[1:]))
    shown = {max(1, total * (i + 1) // (STAGES + 1)) for i in range(STAGES)}
    with live_line("style", total) as advance:

        def watch(step: Step) -> None:
            if step.iteration in shown:
                stages.append(resize_image(step.image, content.shape[1:]))
            advance(f"loss {step.loss:.3f}")

        network = vgg.load("builtin")
        result = stylize(network, content, style, settings=settings, on_step=watch)
    save_image(folder / "content.png", content)
    save_image(folder / "style.png", style)
    save_image(folder / "result.png", result.image)
    save_image(folder / "strip.png", contact_strip([*stages, result.image]))
    line = f"   {folder / 'result.png'}: loss {result.loss:.3f} after {total} steps"
    captions = {"content": "content", "style": "style", "result": f"result, loss {result.loss:.3f}"}
    page = f"""{_row({f"{name}.png": text for name, text in captions.items()})}
<p>{options.iterations} steps of Adam on the pixels at each of three sizes; on the way:</p>
<img src="strip.png" alt="the content, intermediate pictures at even distances, and the result">"""
    return Part([line], page, {"loss": result.loss})


def faces(folder: Path, options: argparse.Namespace) -> Part:
    """Verification and recognition of drawn people; writes the pictures and faces.npz."""
    model = _face_model(2 * options.seed + 1000)
    model.save(folder / "faces.npz")
    seed = 2 * options.seed + 1001
    drawn = generated_people(ENROLLED + 1, SHOWN + 2, size=144, seed=seed, grey=False)
    images = _portraits(drawn.images)
    people = images.reshape(ENROLLED + 1, SHOWN + 2, *images.shape[1:])
    encodings = np.stack([model.encode(pictures) for pictures in people])  # (people, pictures, D)
    pairs, compared = _verified(folder, model, people[:, SHOWN:], encodings[:, SHOWN:])
    asked, answers = _recognised(folder, model, drawn.names, people[:, SHOWN], encodings)
    lines = [f"   {caption}" for caption in (*pairs.values(), *asked.values())]
    page = f"""<p>A network turns each picture into a unit vector. It has learnt on other drawn
people; {JUDGED} more set the limit, which accepts {FAR:.0%} of the pairs of different people.</p>
{_row(pairs)}
<p>{ENROLLED} people are enrolled with {SHOWN} pictures each. New pictures of them, and one of
somebody who is not enrolled:</p>
{_row(asked)}"""
    return Part(lines, page, {"faces": {**compared, "answers": answers}})


def _face_model(seed: int) -> FaceModel:
    """The network that comes with nnscratch, with a limit from people drawn for it."""
    network = Encoder(1, FACE_SIZE, FACE_WIDTHS)
    load_state(network, str(resources.files("nnscratch.faces") / "drawn.npz"))
    people = generated_people(JUDGED, 5, seed=seed)
    encodings = FaceModel(network).encode(_portraits(people.images))
    first, second = np.triu_indices(len(encodings), 1)
    distances = ((encodings[first] - encodings[second]) ** 2).sum(1)
    same = people.labels[first] == people.labels[second]
    return FaceModel(network, calibration=Calibration.fit(distances, same, FAR))


def _portraits(images: np.ndarray) -> np.ndarray:
    """images (N, C, S, S) cut to the shape that the network has learnt on: 46 : 38."""
    side = images.shape[-1] // 48
    return images[:, :, side : 47 * side, 5 * side : 43 * side]


def _verified(folder: Path, model: FaceModel, images, encodings) -> tuple[dict, dict]:
    """Two pictures of one person, and two of different ones: captions by file, and figures."""
    limit = model.known_calibration().threshold
    captions, figures = {}, {}
    for name, other in {"same": (0, 1), "different": (1, 0)}.items():
        save_image(folder / f"{name}.png", contact_strip([images[0, 0], images[other]]))
        distance = float(((encodings[0, 0] - encodings[other]) ** 2).sum())
        verdict = "the same person" if distance <= limit else "different people"
        captions[f"{name}.png"] = f"{verdict} (distance {distance:.2f}, limit {limit:.2f})"
        figures[name] = {"distance": distance, "limit": limit}
    return captions, figures


def _recognised(folder: Path, model: FaceModel, names, images, encodings) -> tuple[dict, dict]:
    """Enrol all but the last person, ask about everybody: captions by file, and answers."""
    gallery = Gallery(encodings.shape[-1], model.fingerprint)
    for name, rows in zip(names[:-1], encodings[:-1], strict=True):
        gallery.enrol(name, rows[:SHOWN])
    answers = gallery.identify(encodings[:, SHOWN], model.known_calibration(), score="mean")
    captions = {}
    for name, image, answer in zip(names, images, answers, strict=True):
        save_image(folder / f"{name}.png", image)
        status = "enrolled" if name in gallery else "a stranger"
        captions[f"{name}.png"] = f"{name}, {status}: {answer}"
    return captions, {name: answer.name for name, answer in zip(names, answers, strict=True)}


def wrong_answer(folder: Path, options: argparse.Namespace) -> Part:
    """A mistake in an exercise, named as `nnscratch learn check` does; writes the file."""
    exercise = find(EXERCISE)
    file = folder / f"{exercise.name}.py"
    files.write_text(file, WRONG_ANSWER)
    answer = check(exercise, file)
    lines = [line for line in answer.lines if not line.startswith("  next:")]
    page = f"""<p>Somebody&rsquo;s answer to exercise {EXERCISE}, run in a process of its own:</p>
<pre>{escape(WRONG_ANSWER)}</pre>
<pre>{escape(chr(10).join(lines))}</pre>"""
    return Part(lines, page, {"exercise": {"code": answer.code, "sure": answer.sure}})


def what_next(folder: Path, options: argparse.Namespace) -> Part:
    """Commands to go on with."""
    commands = {purpose: command.format(folder=folder) for purpose, command in NEXT.items()}
    items = [
        f"<li>{escape(purpose)}: <code>{escape(command)}</code></li>"
        for purpose, command in commands.items()
    ]
    lines = [f"   {purpose}: {command}" for purpose, command in commands.items()]
    return Part(lines, f"<ul>{''.join(items)}</ul>")


def _row(captions: dict[str, str]) -> str:
    """Pictures side by side: captions by file name -> HTML."""
    figures = "".join(
        f'<figure style="flex: 1"><img src="{name}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for name, caption in captions.items()
    )
    return f'<div class="row">{figures}</div>'


PARTS = {
    "Are the derivatives of convolution right?": derivatives,
    "A picture in the style of another": painting,
    "Who is it?": faces,
    "What is wrong with this answer?": wrong_answer,
    "What next": what_next,
}
