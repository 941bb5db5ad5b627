"""nnscratch style: paint a picture in the style of others."""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from nnscratch import files
from nnscratch.data.images import check_target
from nnscratch.progress import live_line
from nnscratch.style import animation, colour, job, page, presets
from nnscratch.style.descent import Step
from nnscratch.style.job import Job
from nnscratch.style.losses import TV_POWERS
from nnscratch.style.settings import INITS, OPTIMIZERS, Objective, Settings
from nnscratch.style.statistics import KINDS
from nnscratch.style.transfer import Result, Targets
from nnscratch.style.vgg import PADDINGS, POOLINGS, VGG

DESCRIPTION = """\
Paint the scene of CONTENT in the hand of STYLE (Gatys et al. 2016). CONTENT may be a folder: then
OUT is one as well, and what is known of the styles is found once; --page then has a row for each
picture and --json a list. Several styles share the picture, by weights or by masks.

Every cost is 1 where nothing of its target is there, in any network, unless a preset says
otherwise; so --content-weight, --style-weight and --tv-weight compare directly."""
EPILOG = """\
example:
  nnscratch style town.jpg night.jpg -o result.png --size 256
  nnscratch style town.jpg night.jpg -o result.png --weights vgg19.npz --scales auto --page r.html
  nnscratch style town.jpg night.jpg sea.jpg -o two.png --masks sky.png -
  nnscratch style town.jpg night.jpg -o own.png --colors luminance --animation own.gif
  nnscratch style --rerun result.png -o again.png"""

FILES = {  # to write beside the result, and what is asked of their names before long work
    "checkpoint": files.check_place,
    "animation": animation.check_animation,
    "plot": animation.check_plot,
    "page": page.check_page,
    "json": files.check_place,
}
SINGLE = {  # why not for several contents
    "checkpoint": "it holds the state of one run; do them one by one",
    "animation": "it shows how one picture came about; do them one by one",
    "plot": "it shows the losses of one run; --json has those of all",
}
THUMB = 384  # pixels of a picture on a page of several


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add = parser.add_argument
    add(
        "content", metavar="CONTENT", nargs="?", help="the picture whose scene is kept, or a folder"
    )
    add("styles", metavar="STYLE", nargs="*", help="the pictures whose hand is taken")
    add("-o", "--output", metavar="OUT", required=True, help="where the result is written")
    add("--rerun", metavar="PNG", help="repeat what made this result, with its own settings")
    _add_network(parser.add_argument_group("network"))
    _add_objective(parser.add_argument_group("what to match"))
    _add_settings(parser.add_argument_group("how to get there"))
    _add_outputs(parser.add_argument_group("more files"))
    parser.set_defaults(run=run)


def _add_network(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--weights", metavar="FILE", help="a VGG file, or vgg19 once fetched (default: built in)")
    add("--pooling", choices=POOLINGS, help="default: max, for the built-in network avg")
    add("--padding", choices=PADDINGS, help="wrap gives a picture that tiles")
    add("--max-memory", metavar="MIB", type=float, help="work in tiles where more would be needed")


def _add_objective(group: argparse._ArgumentGroup) -> None:
    add, default = group.add_argument, Objective()
    add("--preset", choices=tuple(presets.PRESETS), help="do it as this paper or program does")
    add("--content-weight", metavar="W", type=float, help=f"alpha ({default.content_weight:g})")
    add("--style-weight", metavar="W", type=float, help=f"beta ({default.style_weight:g})")
    add("--tv-weight", metavar="W", type=float, help=f"smoothness ({default.tv_weight:g})")
    add("--tv-power", type=int, choices=TV_POWERS, help=f"default {default.tv_power}")
    add("--content-layers", metavar="NAME[=W]", nargs="+", help="e.g. relu4_2")
    add("--style-layers", metavar="NAME[=W]", nargs="+", help="e.g. relu1_1=2 relu2_1 relu3_1")
    add("--style-kind", choices=KINDS, help=f"how styles are compared ({default.style_kind})")
    add("--style-weights", metavar="W", type=float, nargs="+", help="one for each style")
    add("--style-scale", metavar="R", type=float, help="size of styles beside OUT's (1)")
    add("--masks", metavar="FILE", nargs="+", help="where each style applies; - for the rest")
    add("--colors", dest="colours", choices=colour.KINDS, help="keep the content's colours")


def _add_settings(group: argparse._ArgumentGroup) -> None:
    add, default = group.add_argument, Settings()
    add("--size", metavar="N", type=int, help=f"longer side in pixels (default {Job.size})")
    add("--iterations", metavar="N", type=int, help=f"at each scale ({default.iterations})")
    add("--scales", metavar="N", help="how many sizes, or auto: from 128 pixels on (auto)")
    add("--optimizer", choices=OPTIMIZERS, help=f"default {default.optimizer}")
    add("--lr", metavar="R", type=float, help=f"how far a pixel moves in a step ({default.lr:g})")
    add("--init", metavar="KIND", help=f"{', '.join(INITS)} or a picture ({default.init})")
    add("--average", metavar="R", type=float, help="decay of the mean of iterates, 0 for none")
    add("--tolerance", metavar="R", type=float, help="stop when 20 steps gain less than this part")
    add("--seed", metavar="N", type=int, help="of the noise to begin with")


def _add_outputs(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--checkpoint", metavar="FILE", help="save the state here, and go on from it if it exists")
    add("--animation", metavar="FILE", help="the process as .gif or .apng")
    add("--plot", metavar="FILE.png", help="the losses as curves")
    add("--page", metavar="FILE.html", help="a page with the pictures side by side")
    add("--json", metavar="FILE", help="write settings, losses and time as JSON")


# -- what was asked for ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Painted:
    """A result as it is told of: what goes into the JSON, and a row of the page."""

    record: dict[str, Any]
    row: list[page.Figure]


def run(options: argparse.Namespace) -> int:
    jobs = _repeated(options) if options.rerun else _asked_for(options)
    _check_places(options, jobs)
    if len(jobs) > 1:
        for wanted, _ in jobs:
            job.read(wanted)  # a picture that cannot be used is told of now, not in an hour
    network = jobs[0][0].network()
    targets = job.shared_targets(jobs[0][0], network) if len(jobs) > 1 else None
    done = [_paint(options, network, *each, targets) for each in jobs]
    _write_more(options, done)
    return 0


def _repeated(options: argparse.Namespace) -> list[tuple[Job, str]]:
    """The job that made a PNG, as it was."""
    known = {item.name for kind in (Job, Objective, Settings) for item in fields(kind)}
    if others := sorted(map(_flag, known & _given(options).keys())):
        raise ValueError(
            f"--rerun: expected no more than files to write, got {', '.join(others)} as well; "
            "the PNG says all that; leave one of the two out"
        )
    return [(job.again(options.rerun), options.output)]


def _asked_for(options: argparse.Namespace) -> list[tuple[Job, str]]:
    """A job for each content, and where its result goes."""
    if not options.content or not options.styles:
        raise ValueError("expected CONTENT and STYLE, or --rerun PNG")
    pairs = job.contents(options.content, options.output)
    if len(pairs) > 1:
        _check_single(options)
    wanted, notes = _job(options)
    for note in notes:
        _say(f"note: {note}")
    return [(replace(wanted, content=content), output) for content, output in pairs]


def _is_folder(options: argparse.Namespace) -> bool:
    return bool(options.content) and Path(options.content).is_dir()


def _check_single(options: argparse.Namespace) -> None:
    for name, reason in SINGLE.items():
        if getattr(options, name):
            raise ValueError(f"--{name}: expected one content, got a folder of several; {reason}")


def _job(options: argparse.Namespace) -> tuple[Job, tuple[str, ...]]:
    given = _given(options)
    for name in ("content_layers", "style_layers"):
        if name in given:
            given[name] = _layers(given[name])
    if "scales" in given:
        given["scales"] = _scales(given["scales"])
    if "max_memory" in given:
        given["max_memory"] *= 2**20
    if given.get("init", INITS[0]) not in INITS:
        given["init_file"] = given.pop("init")
    parts = {"objective": _of(Objective, given, "preset"), "settings": _of(Settings, given)}
    chosen, notes = _of(Job, given | parts), tuple[str, ...]()
    if options.preset:
        chosen, notes = job.with_preset(chosen, options.preset, set(given))
    job.check_chosen(chosen, set(given))
    return chosen, notes


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """What the user has said, lists as tuples."""
    named = {name: value for name, value in vars(options).items() if value not in (None, [])}
    return {name: tuple(v) if isinstance(v, list) else v for name, v in named.items()}


def _flag(name: str) -> str:
    """How the user writes it."""
    words = {"content": "CONTENT", "styles": "STYLE", "colours": "--colors"}
    return words.get(name, "--" + name.replace("_", "-"))


def _of(kind: Any, given: dict[str, Any], without: str = "") -> Any:
    """A dataclass of what was given, the rest as it is by default."""
    names = {item.name for item in fields(kind)} - {without}
    return kind(**{name: value for name, value in given.items() if name in names})


def _layers(words: Sequence[str]) -> tuple[str, ...] | dict[str, float]:
    """relu1_1 relu2_1 -> a tuple; with a weight beside one of them, a dictionary."""
    pairs = [word.partition("=") for word in words]
    names = tuple(name for name, _, _ in pairs)
    if len(set(names)) < len(names):
        raise ValueError(f"expected each layer once, got {' '.join(words)}")
    if names == tuple(words):
        return names
    try:
        return {name: float(weight) if sign else 1.0 for name, sign, weight in pairs}
    except ValueError as error:
        raise ValueError(
            f"expected layers as NAME or NAME=WEIGHT, got {' '.join(words)}"
        ) from error


def _scales(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"--scales: expected auto or a number of at least 1, got {text!r}")
    return int(text)


def _check_places(options: argparse.Namespace, jobs: Sequence[tuple[Job, str]]) -> None:
    """All that will be written, before long work."""
    outputs = [output for _, output in jobs]
    outputs += [place for name in FILES if (place := getattr(options, name))]
    inputs = [path for wanted, _ in jobs for paths in wanted.inputs().values() for path in paths]
    files.check_apart(outputs, inputs)
    if _is_folder(options):
        files.make_folder(options.output)
    for _, output in jobs:
        check_target(output)
    for name, check in FILES.items():
        if place := getattr(options, name):
            check(place)


# -- the work -------------------------------------------------------------------------------------


def _paint(
    options: argparse.Namespace, network: VGG, wanted: Job, output: str, targets: Targets | None
) -> Painted:
    pictures = job.read(wanted)
    plan = wanted.settings.plan(pictures.content.shape[1:])
    _say(f"{Path(output).name}: {job.foresee(wanted, network, pictures)}")
    film = animation.Film() if options.animation else None
    start = time.perf_counter()
    with live_line("style", sum(count for _, count in plan)) as advance:

        def watch(step: Step) -> None:
            advance(_note(step))
            if film is not None:
                film.add(step.image)

        result = job.run(wanted, network, pictures, output, watch, options.checkpoint, targets)
    seconds = time.perf_counter() - start
    if film is not None:
        film.save(options.animation, result.image)
    side = THUMB if _is_folder(options) else page.SIDE
    row = _row(wanted, pictures, result, side) if options.page else []
    return Painted(_record(wanted, pictures, result, output, seconds), row)


def _record(
    wanted: Job, pictures: job.Pictures, result: Result, output: str, seconds: float
) -> dict[str, Any]:
    return {
        "content": wanted.content,
        "styles": list(wanted.styles),
        "masks": list(wanted.masks),
        "init_file": wanted.init_file,
        "result": output,
        "weights": wanted.weights,
        "size": list(pictures.content.shape[1:]),
        "objective": asdict(wanted.objective),
        "settings": asdict(wanted.settings),
        "options": wanted.options(),
        "seconds": seconds,
        "loss": result.loss,
        "history": result.history,
    }


def _row(wanted: Job, pictures: job.Pictures, result: Result, side: int) -> list[page.Figure]:
    names = [Path(path).name for path in (wanted.content, *wanted.styles)]
    images = [pictures.shown.image, *(style.image for style in pictures.styles), result.image]
    captions = [f"content: {names[0]}", *(f"style: {name}" for name in names[1:]), "result"]
    return [page.figure(*shown, side) for shown in zip(images, captions, strict=True)]


def _write_more(options: argparse.Namespace, done: Sequence[Painted]) -> None:
    if options.plot:
        animation.loss_plot(options.plot, done[0].record["history"])
    if options.page:
        _write_page(options, done)
    if options.json:
        records = [painted.record for painted in done]
        content = records if _is_folder(options) else records[0]
        files.write_text(options.json, json.dumps(content, indent=1))


def _write_page(options: argparse.Namespace, done: Sequence[Painted]) -> None:
    first = done[0].record
    tables = {
        "What was matched": first["objective"],
        "How": {**first["settings"], **first["options"]},
        "Results": {Path(x.record["result"]).name: _in_words(x.record) for x in done},
    }
    plots = []
    if len(done) == 1:
        plots.append(_curves(first["history"]))
    if options.animation:
        plots.append(page.file_figure(options.animation, "the process"))
    page.write_page(options.page, "A style transfer", [x.row for x in done], tables, plots)


def _curves(history: list[dict[str, float]]) -> page.Figure:
    with tempfile.TemporaryDirectory() as folder:
        curves = Path(folder, "losses.png")
        animation.loss_plot(curves, history)
        return page.file_figure(curves, "losses")


def _in_words(record: dict[str, Any]) -> str:
    return f"loss {record['loss']:.4g} by step {len(record['history'])}, {record['seconds']:.1f} s"


def _note(step: Step) -> str:
    return (
        f"loss {step.loss:.4f} (content {step.content:.4f}, style {step.style:.4f}, "
        f"smoothness {step.tv:.4f})"
    )


def _say(line: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True, markup=False).print(line)
