"""A stylisation from files to files: pictures in, the transfer, the result with its settings.

Stands on everything else in this package and on `data.images`. The command line calls it; a result
in PNG holds what it takes to make it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.data.images import Picture, check_target, read_image, read_picture, save_image
from nnscratch.style import colour, masks, metadata, presets, vgg
from nnscratch.style.descent import Step
from nnscratch.style.estimate import Estimate, estimate
from nnscratch.style.footprint import extents, used_layers
from nnscratch.style.settings import Objective, Settings, Style
from nnscratch.style.transfer import Result, Targets, prepare_targets, stylize
from nnscratch.style.vgg import VGG

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".ppm")


@dataclass(frozen=True)
class Job:
    """What to do, with which files.

    content, styles, masks: paths; masks: one for each style, or none; "-" for the rest of the
        picture; style_weights: one for each style, or none
    size: the result's longer side in pixels; style_scale: times it, that of the styles
    colours: one of colour.KINDS to keep the content's colours, or None
    max_memory: bytes; work that needs more is done in tiles
    """

    content: str
    styles: tuple[str, ...]
    objective: Objective = field(default_factory=Objective)
    settings: Settings = field(default_factory=Settings)
    weights: str = "builtin"
    pooling: str | None = None
    padding: str | None = None
    size: int = 256
    style_scale: float = 1.0
    style_weights: tuple[float, ...] = ()
    masks: tuple[str, ...] = ()
    colours: str | None = None
    max_memory: float | None = None
    init_file: str | None = None

    def __post_init__(self) -> None:
        for name in ("style_weights", "masks"):
            count = len(getattr(self, name))
            if count not in (0, len(self.styles)):
                raise ValueError(
                    f"style: expected {name.replace('_', ' ')} for each of {len(self.styles)} "
                    f"styles, got {count}"
                )
        if not self.styles:
            raise ValueError("style: expected at least one style, got none")
        if not 0 < self.style_scale < float("inf"):
            raise ValueError(f"style: expected a style scale above 0, got {self.style_scale}")
        if self.size < 1:
            raise ValueError(f"style: expected a size of at least 1 pixel, got {self.size}")
        if self.max_memory is not None and not 0 < self.max_memory < float("inf"):
            raise ValueError(
                f"style: expected max_memory above 0, got {self.max_memory / 2**20:g} MiB; leave "
                "it out for no limit"
            )
        if self.colours is not None and self.colours not in colour.KINDS:
            raise ValueError(f"style: expected colours in {colour.KINDS}, got {self.colours!r}")

    def network(self) -> VGG:
        """The network it asks for; a preset may want other pixels of it."""
        network = vgg.load(self.weights, self.pooling, self.padding)
        preset = self.objective.preset
        return network if preset is None else presets.fit(preset, network).network

    def options(self) -> dict[str, Any]:
        """What a record keeps beside files, objective and settings."""
        kept = ("pooling", "padding", "size", "style_scale", "style_weights", "colours")
        values = {name: getattr(self, name) for name in kept}
        return {**values, "max_memory": self.max_memory, "builtin": self.weights == "builtin"}

    def inputs(self) -> dict[str, list[str]]:
        """The files by what they are for."""
        files = {"content": [self.content], "styles": list(self.styles)}
        files["masks"] = [mask for mask in self.masks if mask != REST]
        files["weights"] = [] if self.weights == "builtin" else [self.weights]
        files["init"] = [] if self.init_file is None else [self.init_file]
        return files


REST = "-"  # for a mask: what the others leave
UNUSED = {
    "lbfgs": {
        "lr": "it finds the length of its steps itself",
        "average": "it goes downhill only, so that no mean of its iterates is better",
    }
}


@dataclass(frozen=True)
class Pictures:
    """What a job's files hold, brought to size; `shown` is the content as it was."""

    shown: Picture
    content: np.ndarray
    styles: list[Style]
    start: np.ndarray | None


def read(job: Job) -> Pictures:
    """The pictures of a job. Raises ValueError that names the file."""
    shown = read_picture(job.content, job.size)
    styles = [read_image(path, max(1, round(job.size * job.style_scale))) for path in job.styles]
    content = shown.image
    if job.colours is not None:
        pairs = [colour.prepare(job.colours, shown.image, style) for style in styles]
        content, styles = pairs[0][0], [style for _, style in pairs]
    weights = job.style_weights or (1.0,) * len(styles)
    regions = _regions(job, content)
    start = None if job.init_file is None else read_image(job.init_file, job.size)
    return Pictures(
        shown,
        content,
        [Style(s, w, m) for s, w, m in zip(styles, weights, regions, strict=True)],
        start,
    )


def _regions(job: Job, content: np.ndarray) -> Sequence[np.ndarray | None]:
    """Where each style applies."""
    if not job.masks:
        return [None] * len(job.styles)
    size = (content.shape[1], content.shape[2])
    return list(masks.regions([None if m == REST else masks.read_mask(m, size) for m in job.masks]))


def foresee(job: Job, network: VGG, pictures: Pictures) -> Estimate:
    """How long it will take, and how much memory.

    Raises ValueError for layers it cannot have, and pictures too small for them.
    """
    _check_sizes(job, network, pictures)
    return estimate(
        network, pictures.content, pictures.styles, job.objective, job.settings, job.max_memory
    )


def _check_sizes(job: Job, network: VGG, pictures: Pictures) -> None:
    """ValueError that names the file of a picture too small for the layers that look at it."""
    content, style = used_layers(network, job.objective)
    network.check_layers(content + style)
    looked_at = [(job.content, pictures.content, content + style)]
    looked_at += [
        (path, given.image, style) for path, given in zip(job.styles, pictures.styles, strict=True)
    ]
    for path, image, layers in looked_at:
        if not layers:
            continue
        try:
            extents(network, layers, len(image), image.shape[1:])
        except ValueError as error:
            raise ValueError(f"style: cannot use '{path}' at this size: {error}") from error


def run(
    job: Job,
    network: VGG,
    pictures: Pictures,
    output: str,
    on_step: Callable[[Step], None] | None = None,
    checkpoint: str | None = None,
    targets: Targets | None = None,
) -> Result:
    """Do it and write the result; a PNG holds the settings. An earlier file stays until then."""
    check_target(output)
    text = None
    if Path(output).suffix.lower() == ".png":
        made = metadata.record(
            job.inputs(), job.objective, job.settings, network, job.options() | {"masks": job.masks}
        )
        text = metadata.to_text(made)  # before the work: it refuses what cannot be written
    result = stylize(
        network,
        pictures.content,
        pictures.styles,
        job.objective,
        job.settings,
        on_step,
        checkpoint=checkpoint,
        max_memory=job.max_memory,
        start=pictures.start,
        targets=targets,
    )
    if job.colours is not None:
        result.image = colour.finish(job.colours, result.image, pictures.shown.image)
    save_image(output, result.image, alpha=pictures.shown.alpha, text=text)
    return result


def shared_targets(job: Job, network: VGG) -> Targets | None:
    """The styles' statistics for every content of a folder; None where each has its own styles."""
    if job.colours is not None or job.masks:
        return None
    pictures = read(job)
    _check_sizes(job, network, pictures)
    size = (job.size, job.size)  # only the longer side counts
    return prepare_targets(
        network, pictures.styles, size, job.objective, job.settings, job.max_memory
    )


def again(path: str) -> Job:
    """The job that made a PNG, with the files it names as they were.

    Raises ValueError if the PNG holds no settings, a file is missing or changed, or the network is
    another one.
    """
    made = metadata.read_settings(path)
    found = {
        use: [str(p) for p in paths] for use, paths in metadata.find_inputs(made, path).items()
    }
    options = dict(made.options)
    builtin = options.pop("builtin", True)
    drawn = iter(found.get("masks", []))
    parts = [part if part == REST else next(drawn) for part in options.pop("masks", [])]
    values = {
        **options,
        "content": found["content"][0],
        "styles": found["styles"],
        "masks": parts,
        "weights": "builtin" if builtin else found["weights"][0],
        "init_file": next(iter(found.get("init", [])), None),
        "objective": metadata.rebuild(Objective, made.objective),
        "settings": metadata.rebuild(Settings, made.settings),
    }
    job = metadata.rebuild(Job, values)
    metadata.check_network(made, job.network())
    return job


def with_preset(job: Job, name: str, chosen: set[str]) -> tuple[Job, tuple[str, ...]]:
    """The job with a preset in place of all that was not chosen: a job, and notes to read.

    chosen: names of fields of Objective, Settings and Job that the user has given
    """
    preset = presets.find(name)
    base = replace(
        job,
        pooling=job.pooling if "pooling" in chosen else preset.pooling,
        padding=job.padding if "padding" in chosen else preset.padding,
    )
    fitted = presets.fit(name, base.network())
    objective = replace(fitted.objective, **_given(job.objective, chosen))
    settings = replace(Settings(**fitted.settings), **_given(job.settings, chosen))
    return replace(base, objective=objective, settings=settings), fitted.notes


def check_chosen(job: Job, chosen: set[str]) -> None:
    """Raise ValueError where something was chosen that the optimiser makes no use of."""
    reasons = UNUSED.get(job.settings.optimizer, {})
    for name, reason in reasons.items():
        if name in chosen and getattr(job.settings, name):
            raise ValueError(
                f"style: {name} {getattr(job.settings, name)} contradicts optimizer "
                f"{job.settings.optimizer!r}: {reason}; leave one of the two out"
            )


def _given(values: Any, chosen: set[str]) -> dict[str, Any]:
    kept = chosen - {"preset"}
    return {item.name: getattr(values, item.name) for item in fields(values) if item.name in kept}


def contents(path: str, output: str) -> list[tuple[str, str]]:
    """The pictures to do, each with its result: one, or all of a folder into a folder."""
    if not Path(path).is_dir():
        return [(path, output)]
    found = sorted(p for p in Path(path).iterdir() if p.suffix.lower() in SUFFIXES)
    if not found:
        raise ValueError(f"style: expected pictures in the folder '{path}', got none")
    if Path(output).suffix:
        raise ValueError(
            f"style: expected a folder for the results of a folder, got the file '{output}'"
        )
    _check_stems(found)
    return [(str(p), str(Path(output) / f"{p.stem}.png")) for p in found]


def _check_stems(paths: Sequence[Path]) -> None:
    """Two pictures of one name, such as a.jpg and a.png, would have one result."""
    by_stem: dict[str, Path] = {}
    for path in paths:
        other = by_stem.setdefault(path.stem, path)
        if other is not path:
            raise ValueError(
                f"style: expected one picture for each result, got '{other.name}' and "
                f"'{path.name}', which would both become '{path.stem}.png'; rename one"
            )
