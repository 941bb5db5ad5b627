"""nnscratch style: paint a picture in the style of others."""

import argparse
import contextlib
import shlex
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from nnscratch import files
from nnscratch.cli.common import say, write_json
from nnscratch.data.images import DEPTHS, check_target, save_image
from nnscratch.progress import live_line
from nnscratch.style import colour, file_transfer, presets
from nnscratch.style.descent import Step
from nnscratch.style.file_transfer import Job, JobImages
from nnscratch.style.losses import TV_POWERS
from nnscratch.style.reports import animation, html_report, loss_plot
from nnscratch.style.reports.html_report import PageImage, check_html_report, write_html_report
from nnscratch.style.settings import INITS, OPTIMIZERS, Objective, Settings
from nnscratch.style.statistics import KINDS
from nnscratch.style.transfer import Result
from nnscratch.style.vgg import PADDINGS, POOLINGS

DESCRIPTION = """\
Render CONTENT in the style of STYLE (Gatys et al. 2016). If CONTENT is a folder, OUT is a folder as
well, and the features of the styles are computed once; --page then has a row for each picture and
--json a list. Several styles share the picture by weights or by masks.

Each cost is scaled to be 1 if nothing of its target is in the picture, in any network, unless a
preset says otherwise. So --content-weight, --style-weight and --tv-weight compare directly."""
EPILOG = """\
example:
  nnscratch style town.jpg night.jpg -o result.png --size 256
  nnscratch style town.jpg night.jpg -o result.png --weights vgg19.npz --scales auto --page r.html
  nnscratch style town.jpg night.jpg sea.jpg -o two.png --masks sky.png -
  nnscratch style town.jpg night.jpg -o own.png --colors luminance --animation own.gif
  nnscratch style --rerun result.png -o again.png"""

FILES = {  # optional files, and the checks of their names before long work
    "checkpoint": files.check_place,
    "animation": animation.check_animation,
    "plot": loss_plot.check_plot,
    "page": check_html_report,
    "json": files.check_place,
}
SINGLE = {  # options for one content only, and why
    "checkpoint": "it holds the state of one run; do them one by one",
    "animation": "it shows how one picture came about; do them one by one",
    "plot": "it shows the losses of one run; --json has those of all",
}
THUMB = 384  # pixels, longer side of a picture on a page of several

Record = dict[str, Any]  # of a finished job, for --json


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add = parser.add_argument
    add("content", metavar="CONTENT", nargs="?", help="a picture, or a folder of pictures")
    add("styles", metavar="STYLE", nargs="*", help="one or more pictures of a style")
    add("-o", "--output", metavar="OUT", required=True, help="the picture or folder to write")
    add("--rerun", metavar="PNG", help="repeat the transfer that wrote PNG, with its settings")
    _add_network(parser.add_argument_group("network"))
    _add_objective(parser.add_argument_group("what to match"))
    _add_settings(parser.add_argument_group("optimisation"))
    _add_outputs(parser.add_argument_group("more files"))
    parser.set_defaults(run=run)


def _add_network(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--weights", metavar="FILE", help="a VGG file, or vgg19 once fetched (default: built in)")
    add("--pooling", choices=POOLINGS, help="default: max, for the built-in network avg")
    add("--padding", choices=PADDINGS, help="default: mirror; wrap gives a picture that tiles")
    add("--max-memory", metavar="MIB", type=float, help="work in tiles if a step needs more")
    add("--ignore-memory", action="store_true", help="go on where the memory may not suffice")


def _add_objective(group: argparse._ArgumentGroup) -> None:
    add, default = group.add_argument, Objective()
    add("--preset", choices=tuple(presets.PRESETS), help="as this paper or program does it")
    add("--content-weight", metavar="W", type=float, help=f"alpha ({default.content_weight:g})")
    add("--style-weight", metavar="W", type=float, help=f"beta ({default.style_weight:g})")
    add("--tv-weight", metavar="W", type=float, help=f"smoothness ({default.tv_weight:g})")
    add("--tv-power", type=int, choices=TV_POWERS, help=f"default {default.tv_power}")
    add("--content-layers", metavar="NAME[=W]", nargs="+", help="e.g. relu4_2")
    add("--style-layers", metavar="NAME[=W]", nargs="+", help="e.g. relu1_1=2 relu2_1 relu3_1")
    add("--style-kind", choices=KINDS, help=f"statistic of the style ({default.style_kind})")
    add("--style-weights", metavar="W", type=float, nargs="+", help="one for each style")
    add("--style-scale", metavar="R", type=float, help="size of the styles over that of OUT (1)")
    add("--masks", metavar="FILE", nargs="+", help="white where each style applies; - for the rest")
    add("--colors", dest="colours", choices=colour.KINDS, help="keep the content's colours")


def _add_settings(group: argparse._ArgumentGroup) -> None:
    add, default = group.add_argument, Settings()
    add("--size", metavar="N", type=int, help=f"longer side in pixels (default {Job.size})")
    add("--iterations", metavar="N", type=int, help=f"at each scale ({default.iterations})")
    add("--scales", metavar="N", help="number of sizes, or auto: from 128 pixels on (auto)")
    add("--optimizer", choices=OPTIMIZERS, help=f"default {default.optimizer}")
    add("--lr", metavar="R", type=float, help=f"change of a pixel in a step ({default.lr:g})")
    add("--init", metavar="KIND", help=f"{', '.join(INITS)} or a picture ({default.init})")
    add("--average", metavar="R", type=float, help="decay of the mean of iterates, 0 for none")
    add("--tolerance", metavar="R", type=float, help="stop if 20 steps gain less than this part")
    add("--seed", metavar="N", type=int, help="of --init noise")


def _add_outputs(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--bits", type=int, choices=DEPTHS, help="for each colour: 16 for .png, .tif (8)")
    add("--skip-existing", action="store_true", help="leave results alone that are there already")
    add("--frames", action="store_true", help="a folder's pictures begin from the one before")
    add("--steady", metavar="R", type=float, help="part of the frame before kept where all rests")
    add("--every", metavar="N", type=int, help="write OUT-0020.png, ... every N steps")
    add("--checkpoint", metavar="FILE", help="save the state here, and resume from it if it exists")
    add("--animation", metavar="FILE", help="the stages as .gif or .apng")
    add("--plot", metavar="FILE.png", help="the losses as curves")
    add("--page", metavar="FILE.html", help="a page with the pictures side by side")
    add("--json", metavar="FILE", help="write settings, losses and time as JSON")


# -- jobs from options ----------------------------------------------------------------------------


def run(options: argparse.Namespace) -> int:
    jobs = _repeated(options) if options.rerun else _requested(options)
    _check_places(options, jobs)
    if options.skip_existing:
        done = [output for _, output in jobs if Path(output).exists()]
        say(*(f"'{output}' exists: skipped" for output in done), stderr=True)
        jobs = [(job, output) for job, output in jobs if output not in done]
        if not jobs:
            return 0
    network = jobs[0][0].network()
    if _is_folder(options):
        return _paint_folder(options, network, jobs)
    record, row = _stylize(options, network, *jobs[0], None)
    _write_more(options, [record], [row])
    return 0


def _paint_folder(options: argparse.Namespace, network, jobs: Sequence[tuple[Job, str]]) -> int:
    """Paint all pictures of a folder that can be read. -> 1 if one could not be painted, else 0."""
    failures: dict[str, ValueError] = {}
    for job, _ in jobs:  # an unreadable picture is told of now, not in an hour
        with _noting(failures, job):
            file_transfer.read_images(replace(job, init_file=None, previous=None))
    jobs = [(job, output) for job, output in jobs if job.content not in failures]
    if not jobs:
        raise next(iter(failures.values()))
    targets = file_transfer.shared_targets(jobs[0][0], network)
    outcomes, last = [], None
    for job, output in jobs:
        if options.frames and last:
            job = replace(job, init_file=last[1], previous=last[0] if job.steady else None)
        with _noting(failures, job):
            outcomes.append(_stylize(options, network, job, output, targets))
            last = job.content, output
    if outcomes:
        _write_more(options, *zip(*outcomes, strict=True))
    if failures:
        names = ", ".join(f"'{Path(name).name}'" for name in failures)
        say(f"{len(outcomes)} done, {len(failures)} not: {names}", stderr=True)
    return 1 if failures else 0


@contextlib.contextmanager
def _noting(failures: dict[str, ValueError], job: Job) -> Iterator[None]:
    """Print a mistake with a job's picture, and go on."""
    try:
        yield
    except ValueError as error:
        failures[job.content] = error
        say(f"nnscratch style: '{job.content}': {error}", stderr=True)


def _repeated(options: argparse.Namespace) -> list[tuple[Job, str]]:
    """The job that made a PNG."""
    known = {item.name for kind in (Job, Objective, Settings) for item in fields(kind)}
    if others := sorted(map(_flag, known & _chosen(options).keys())):
        raise ValueError(
            f"--rerun: expected no more than files to write, got {', '.join(others)} as well; "
            "the PNG says all that; leave one of the two out"
        )
    return [(file_transfer.job_from_png(options.rerun), options.output)]


def _requested(options: argparse.Namespace) -> list[tuple[Job, str]]:
    """A job and its output for each content."""
    if not options.content or not options.styles:
        raise ValueError("expected CONTENT and STYLE, or --rerun PNG")
    pairs = file_transfer.expand_inputs(options.content, options.output)
    if len(pairs) > 1:
        for name, reason in SINGLE.items():
            if getattr(options, name):
                raise ValueError(
                    f"--{name}: expected one content, got a folder of several; {reason}"
                )
    if options.frames and not _is_folder(options):
        raise ValueError("--frames: expected a folder of frames as CONTENT, got one picture")
    if options.steady is not None and not options.frames:
        raise ValueError("--steady: expected --frames as well, whose pictures it keeps steady")
    job, notes = _job(options)
    say(*(f"note: {note}" for note in notes), stderr=True)
    return [(replace(job, content=content), output) for content, output in pairs]


def _is_folder(options: argparse.Namespace) -> bool:
    return bool(options.content) and Path(options.content).is_dir()


def _job(options: argparse.Namespace) -> tuple[Job, tuple[str, ...]]:
    chosen = _chosen(options)
    for name in ("content_layers", "style_layers"):
        if name in chosen:
            chosen[name] = _layers(chosen[name])
    if "scales" in chosen:
        chosen["scales"] = _scales(chosen["scales"])
    if "max_memory" in chosen:
        chosen["max_memory"] *= 2**20
    if chosen.get("init", INITS[0]) not in INITS:
        chosen["init_file"] = chosen.pop("init")
    names = set(chosen)
    objective = _build(Objective, {k: v for k, v in chosen.items() if k != "preset"})
    job = _build(Job, {**chosen, "objective": objective, "settings": _build(Settings, chosen)})
    notes: tuple[str, ...] = ()
    if options.preset:
        job, notes = file_transfer.with_preset(job, options.preset, names)
    file_transfer.check_chosen(job, names)
    return job, notes


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    """The options that the user chose, lists as tuples."""
    chosen = {name: value for name, value in vars(options).items() if value not in (None, [])}
    return {name: tuple(v) if isinstance(v, list) else v for name, v in chosen.items()}


def _flag(name: str) -> str:
    """The option as the user writes it."""
    words = {"content": "CONTENT", "styles": "STYLE", "colours": "--colors"}
    return words.get(name, "--" + name.replace("_", "-"))


def _build(kind: Any, chosen: dict[str, Any]) -> Any:
    """A dataclass with the chosen values, and defaults for the rest."""
    names = {item.name for item in fields(kind)}
    return kind(**{name: value for name, value in chosen.items() if name in names})


def _layers(words: Sequence[str]) -> tuple[str, ...] | dict[str, float]:
    """relu1_1 relu2_1 -> a tuple; a dictionary if a layer has a weight, as relu1_1=2."""
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
    """Check all outputs before long work."""
    more = {name: path for name in FILES if (path := getattr(options, name))}
    inputs = [path for job, _ in jobs for paths in job.inputs().values() for path in paths]
    files.check_apart([*(output for _, output in jobs), *more.values()], inputs)
    if _is_folder(options):
        files.make_folder(options.output)
    if options.every is not None and options.every < 1:
        raise ValueError(f"--every: expected a number of at least 1, got {options.every}")
    for job, output in jobs:
        check_target(output, job.bits)
    for name, path in more.items():
        FILES[name](path)


# -- the work -------------------------------------------------------------------------------------


def _stylize(options, network, job: Job, output: str, targets) -> tuple[Record, list[PageImage]]:
    """The result of a job as a record for --json, and as a row of pictures for --page."""
    console, name = Console(stderr=True), Path(output).name
    images = file_transfer.read_images(job)
    estimator = file_transfer.estimate_job(job, network, images)
    _print(console, f"{name}: {estimator}")
    frames = animation.Animation() if options.animation else None
    if not options.ignore_memory:
        estimator.check()
    start, works = time.perf_counter(), estimator.works()
    with live_line("style", len(works), console, works) as advance:

        def on_step(step: Step) -> None:
            if time_left := estimator.after(step):
                _print(console, f"{name}: {time_left}")
            advance(
                f"loss {step.loss:.4f} (content {step.content:.4f}, style {step.style:.4f}, "
                f"smoothness {step.tv:.4f})"
            )
            if frames is not None:
                frames.add(step.image)
            if options.every and step.iteration % options.every == 0:
                path = Path(output)
                save_image(path.with_stem(f"{path.stem}-{step.iteration:04}"), step.image)

        result = file_transfer.run_job(
            job, network, images, output, on_step, options.checkpoint, targets
        )
    seconds = time.perf_counter() - start
    if frames is not None:
        frames.save(options.animation, result.image)
    side = THUMB if _is_folder(options) else html_report.SIDE
    row = _row(job, images, result, side) if options.page else []
    return _record(job, images, result, output, seconds), row


def _record(job: Job, images: JobImages, result: Result, output: str, seconds: float) -> Record:
    names = ("content", "styles", "masks", "init_file", "weights")
    record = {name: getattr(job, name) for name in names}
    record |= {"result": output, "size": images.content.shape[1:], "options": job.options()}
    record |= {"objective": asdict(job.objective), "settings": asdict(job.settings)}
    return {**record, "seconds": seconds, "loss": result.loss, "history": result.history}


def _row(job: Job, images: JobImages, result: Result, side: int) -> list[PageImage]:
    styles = zip(job.styles, images.styles, strict=True)
    captioned = [
        (images.original.image, f"content: {Path(job.content).name}"),
        *((style.image, f"style: {Path(path).name}") for path, style in styles),
        (result.image, "result"),
    ]
    return [html_report.page_image(image, caption, side) for image, caption in captioned]


def _write_more(options: argparse.Namespace, records: Sequence[Record], rows: Any) -> None:
    if options.plot:
        loss_plot.loss_plot(options.plot, records[0]["history"])
    if options.page:
        _write_page(options, records, rows)
    write_json(options, records if _is_folder(options) else records[0])


def _write_page(options: argparse.Namespace, records: Sequence[Record], rows: Any) -> None:
    first = records[0]
    tables = {
        "What was matched": first["objective"],
        "How": {**first["settings"], **first["options"]},
        "Results": {
            Path(r["result"]).name: f"loss {r['loss']:.4g} by step {len(r['history'])}, "
            f"{r['seconds']:.1f} s"
            for r in records
        },
    }
    plots = [] if len(records) > 1 else [_curves(first["history"])]
    if options.animation:
        plots.append(html_report.page_image_file(options.animation, "the process"))
    commands = [
        f"nnscratch style --rerun {shlex.quote(record['result'])} -o again.png"
        for record in records
        if record["result"].lower().endswith(".png")
    ]
    write_html_report(options.page, "A style transfer", rows, tables, plots, "\n".join(commands))


def _curves(history: list[dict[str, float]]) -> PageImage:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "losses.png")
        loss_plot.loss_plot(path, history)
        return html_report.page_image_file(path, "losses")


def _print(console: Console, line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True, markup=False)
