"""nnscratch style: paint a picture in the style of others."""

import argparse
import json
import tempfile
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rich.console import Console

from nnscratch import files
from nnscratch.data.images import check_target
from nnscratch.progress import live_line
from nnscratch.style import animation, colour, job, page, presets
from nnscratch.style.costs import Objective
from nnscratch.style.descent import OPTIMIZERS
from nnscratch.style.job import Job
from nnscratch.style.losses import TV_POWERS
from nnscratch.style.statistics import KINDS
from nnscratch.style.transfer import INITS, Result, Settings, Step
from nnscratch.style.vgg import PADDINGS, POOLINGS

DESCRIPTION = """\
Paint the scene of CONTENT in the hand of STYLE (Gatys et al. 2016). CONTENT may be a folder: then
OUT is one as well, and what is known of the styles is found once. Several styles share the
picture, by weights or by masks.

Every cost is 1 where nothing of its target is there, in any network, unless a preset says
otherwise; so --content-weight, --style-weight and --tv-weight compare directly."""
EPILOG = """\
example:
  nnscratch style town.jpg night.jpg -o result.png --size 256
  nnscratch style town.jpg night.jpg -o result.png --weights vgg19.npz --scales auto --page r.html
  nnscratch style town.jpg night.jpg sea.jpg -o two.png --masks sky.png -
  nnscratch style town.jpg night.jpg -o own.png --colors luminance --animation own.gif
  nnscratch style --rerun result.png -o again.png"""


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
    add("--weights", metavar="FILE", default="builtin", help="a VGG file (default: built in)")
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
    add("--style-scale", metavar="R", type=float, default=1.0, help="size of styles beside OUT's")
    add("--masks", metavar="FILE", nargs="+", help="where each style applies; - for the rest")
    add("--colors", dest="colours", choices=colour.KINDS, help="keep the content's colours")


def _add_settings(group: argparse._ArgumentGroup) -> None:
    add, default = group.add_argument, Settings()
    add("--size", metavar="N", type=int, default=256, help="longer side in pixels (default 256)")
    add("--iterations", metavar="N", type=int, help=f"at each scale ({default.iterations})")
    add("--scales", metavar="N", help="sizes from coarse to fine, or auto: from 128 pixels on")
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


def run(options: argparse.Namespace) -> int:
    if options.rerun:
        return _paint(options, job.again(options.rerun), {})
    if not options.content or not options.styles:
        raise ValueError("expected CONTENT and STYLE, or --rerun PNG")
    pairs = job.contents(options.content, options.output)
    if len(pairs) > 1:
        _check_single(options)
    if Path(options.content).is_dir():
        Path(options.output).mkdir(parents=True, exist_ok=True)
    targets: dict[float, Any] = {}
    for content, output in pairs:
        wanted, notes = _job(options, content)
        for note in notes:
            _say(f"note: {note}")
        _paint(options, wanted, targets, output)
    return 0


def _check_single(options: argparse.Namespace) -> None:
    for name in ("checkpoint", "animation", "plot", "page", "json"):
        if getattr(options, name):
            raise ValueError(f"--{name}: expected one content, got a folder of several")


def _job(options: argparse.Namespace, content: str) -> tuple[Job, tuple[str, ...]]:
    given = {name: value for name, value in vars(options).items() if value is not None}
    for name in ("content_layers", "style_layers"):
        if name in given:
            given[name] = _layers(given[name])
    if "scales" in given:
        given["scales"] = _scales(given["scales"])
    init_file = given.pop("init") if given.get("init", INITS[0]) not in INITS else None
    base = Job(
        content,
        tuple(options.styles),
        _of(Objective, given, without="preset"),
        _of(Settings, given),
        weights=options.weights,
        pooling=options.pooling,
        padding=options.padding,
        size=options.size,
        style_scale=options.style_scale,
        style_weights=tuple(options.style_weights or ()),
        masks=tuple(options.masks or ()),
        colours=options.colours,
        max_memory=options.max_memory and options.max_memory * 2**20,
        init_file=init_file,
    )
    return job.with_preset(base, options.preset, set(given)) if options.preset else (base, ())


def _of(kind: Any, given: dict[str, Any], without: str = "") -> Any:
    """A dataclass of what was given, the rest as it is by default."""
    names = {item.name for item in fields(kind)} - {without}
    return kind(**{name: value for name, value in given.items() if name in names})


def _layers(words: list[str]) -> tuple[str, ...] | dict[str, float]:
    """relu1_1 relu2_1 -> a tuple; with a weight beside one of them, a dictionary."""
    if not any("=" in word for word in words):
        return tuple(words)
    pairs = [word.partition("=") for word in words]
    try:
        return {name: float(weight or 1) for name, _, weight in pairs}
    except ValueError as error:
        raise ValueError(
            f"expected layers as NAME or NAME=WEIGHT, got {' '.join(words)}"
        ) from error


def _scales(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"--scales: expected auto or a number of at least 1, got {text!r}")
    return int(text)


# -- the work -------------------------------------------------------------------------------------


def _paint(
    options: argparse.Namespace, wanted: Job, targets: dict[float, Any], output: str | None = None
) -> int:
    output = output or options.output
    _check_places(options, output)
    network, pictures = wanted.network(), job.read(wanted)
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
    _write_more(options, wanted, pictures, result, seconds)
    return 0


def _check_places(options: argparse.Namespace, output: str) -> None:
    """All that will be written, before long work."""
    check_target(output)
    if options.animation:
        animation.check_animation(options.animation)
    if options.page:
        page.check_page(options.page)
    for place in filter(None, (options.plot, options.checkpoint)):
        files.check_place(place)


def _write_more(
    options: argparse.Namespace, wanted: Job, pictures: job.Pictures, result: Result, seconds: float
) -> None:
    if options.plot:
        animation.loss_plot(options.plot, result.history)
    if options.page:
        _write_page(options, wanted, pictures, result, seconds)
    if options.json:
        record = {
            "content": wanted.content,
            "styles": list(wanted.styles),
            "weights": wanted.weights,
            "size": list(pictures.content.shape[1:]),
            "objective": asdict(wanted.objective),
            "settings": asdict(wanted.settings),
            "options": wanted.options(),
            "seconds": seconds,
            "loss": result.loss,
            "history": result.history,
        }
        files.write_text(options.json, json.dumps(record, indent=1))


def _write_page(
    options: argparse.Namespace, wanted: Job, pictures: job.Pictures, result: Result, seconds: float
) -> None:
    row = [page.figure(pictures.shown.image, "content")]
    row += [page.figure(style.image, "style") for style in pictures.styles]
    row += [page.figure(result.image, "result")]
    with tempfile.TemporaryDirectory() as folder:
        curves = Path(folder, "losses.png")
        animation.loss_plot(curves, result.history)
        plots = [page.file_figure(curves, "losses")]
    if options.animation:
        plots.append(page.file_figure(options.animation, "the process"))
    tables = {
        "What was matched": asdict(wanted.objective),
        "How": {**asdict(wanted.settings), **wanted.options(), "seconds": round(seconds, 1)},
    }
    page.write_page(options.page, "A style transfer", [row], tables, plots)


def _note(step: Step) -> str:
    return (
        f"loss {step.loss:.4f} (content {step.content:.4f}, style {step.style:.4f}, "
        f"smoothness {step.tv:.4f})"
    )


def _say(line: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True, markup=False).print(line)
