"""A style transfer from files to a file: read pictures, stylise, write the result and its settings.

Stands on `transfer`, `estimate`, `metadata` and `data.images`. A PNG stores what repeats it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.data.images import (
    Picture,
    check_target,
    read_image,
    read_picture,
    resize_image,
    save_image,
)
from nnscratch.style import colour, masks, metadata, presets, vgg
from nnscratch.style.estimate import Estimator
from nnscratch.style.memory_use import extents
from nnscratch.style.settings import Objective, Settings, Style
from nnscratch.style.transfer import Result, Targets, prepare_targets, stylize
from nnscratch.style.vgg import VGG

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".ppm")
PADDING = "mirror"  # by default, for any network
CHANGE = 0.1  # of a colour between two frames, from which on the place has moved
REST = "-"  # in place of a mask: all that the other masks leave
UNUSED = {  # settings that an optimiser ignores, and why
    "lbfgs": {
        "lr": "it finds the length of its steps itself",
        "average": "it goes downhill only, so that no mean of its iterates is better",
    }
}


@dataclass(frozen=True)
class Job:
    """The files and options of a transfer.

    content, styles, masks: paths; masks: none, or one for each style, "-" for the rest of the
        picture; style_weights: none, or one for each style
    size: longer side of the result in pixels; style_scale: that of the styles, over `size`
    colours: one of colour.KINDS to keep the content's colours, or None
    max_memory: bytes; a step that needs more is done in tiles
    init_file: a picture to begin with; bits: of each colour in the result, 8 or 16
    previous, steady: the content of the frame before, whose result is init_file; where the two
        contents agree, this part of that result is kept
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
    bits: int = 8
    previous: str | None = None
    steady: float = 0.0

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
        if not 0 <= self.steady <= 1:
            raise ValueError(f"style: expected steady in [0, 1], got {self.steady}")
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
        """The network, with the pixels that a preset expects."""
        network = vgg.load(self.weights, self.pooling, self.padding or PADDING)
        preset = self.objective.preset
        return network if preset is None else presets.fit(preset, network).network

    def options(self) -> dict[str, Any]:
        """What a record stores beside files, objective and settings."""
        names = ["pooling", "padding", "size", "style_scale", "style_weights", "colours", "bits"]
        names += ["steady"] if self.previous else []
        values = {name: getattr(self, name) for name in [*names, "max_memory"]}
        return {**values, "builtin": self.weights == "builtin"}

    def inputs(self) -> dict[str, list[str]]:
        """The files by their use."""
        return {
            "content": [self.content],
            "styles": list(self.styles),
            "masks": [mask for mask in self.masks if mask != REST],
            "weights": [] if self.weights == "builtin" else [self.weights],
            "init": [] if self.init_file is None else [self.init_file],
            "previous": [] if self.previous is None else [self.previous],
        }


@dataclass(frozen=True)
class JobImages:
    """The pictures of a job at their sizes; `original` is the content with its own colours.

    still: (H, W), the part of `start` that the result keeps, or None
    """

    original: Picture
    content: np.ndarray
    styles: list[Style]
    start: np.ndarray | None
    still: np.ndarray | None = None


def read_images(job: Job) -> JobImages:
    """The pictures of a job. Raises ValueError that names the file."""
    original = read_picture(job.content, job.size)
    content = original.image
    styles = [read_image(path, max(1, round(job.size * job.style_scale))) for path in job.styles]
    if job.colours is not None:
        pairs = [colour.prepare(job.colours, content, style) for style in styles]
        content, styles = pairs[0][0], [style for _, style in pairs]
    weights = job.style_weights or (1.0,) * len(styles)
    regions = _regions(job, content)
    start = None if job.init_file is None else read_image(job.init_file, job.size)
    weighted = [Style(*parts) for parts in zip(styles, weights, regions, strict=True)]
    return JobImages(original, content, weighted, start, _still(job, original.image))


def _still(job: Job, content: np.ndarray) -> np.ndarray | None:
    """`steady` where the frame before has the same colours, less and less until a change of 0.1."""
    if job.previous is None:
        return None
    before = resize_image(read_image(job.previous, job.size), (content.shape[1], content.shape[2]))
    return job.steady * (1 - np.abs(content - before).max(0) / CHANGE).clip(0)


def _regions(job: Job, content: np.ndarray) -> Sequence[np.ndarray | None]:
    """Where each style applies."""
    if not job.masks:
        return [None] * len(job.styles)
    size = (content.shape[1], content.shape[2])
    return list(masks.regions([None if m == REST else masks.read_mask(m, size) for m in job.masks]))


def estimate_job(job: Job, network: VGG, images: JobImages) -> Estimator:
    """The memory of a job and, once it runs, its time.

    Raises ValueError for layers that the network does not have, and for pictures too small for
    them; the message names the file.
    """
    content, style = job.objective.layers_in(network)
    layers = [*content, *style]
    network.check_layers(layers)
    _check_size(job.content, images.content, network, layers)
    _check_styles(job, images, network)
    options = job.objective, job.settings, job.max_memory
    return Estimator(network, images.content, images.styles, *options)


def _check_styles(job: Job, images: JobImages, network: VGG) -> None:
    layers = job.objective.layers_in(network)[1]
    for path, style in zip(job.styles, images.styles, strict=True):
        _check_size(path, style.image, network, layers)


def _check_size(path: str, image: np.ndarray, network: VGG, layers) -> None:
    try:
        if layers:
            extents(network, layers, len(image), image.shape[1:])
    except ValueError as error:
        raise ValueError(f"style: cannot use '{path}' at this size: {error}") from error


def run_job(job, network, images, output, on_step=None, checkpoint=None, targets=None) -> Result:
    """Stylise the images of a Job and write the result to `output`; a PNG stores the settings.

    on_step, checkpoint, targets: as in `stylize`; targets: of `shared_targets`.
    An earlier file stays until the new one is complete.
    """
    check_target(output, job.bits)
    objective, settings, text = job.objective, job.settings, None
    if Path(output).suffix.lower() == ".png":
        options = job.options() | {"masks": job.masks}
        record = metadata.record(job.inputs(), objective, settings, network, options)
        text = metadata.to_text(record)  # before the work: it refuses what cannot be written
    rest = {"checkpoint": checkpoint, "max_memory": job.max_memory}
    rest |= {"start": images.start, "targets": targets}
    result = stylize(network, images.content, images.styles, objective, settings, on_step, **rest)
    if job.colours is not None:
        result.image = colour.finish(job.colours, result.image, images.original.image)
    if images.still is not None and images.start is not None:
        start = resize_image(images.start, (result.image.shape[1], result.image.shape[2]))
        result.image = result.image + images.still * (start - result.image)
    save_image(output, result.image, images.original.alpha, text, job.bits)
    return result


def shared_targets(job: Job, network: VGG) -> Targets | None:
    """The styles' statistics for every content of a folder; None if they depend on the content."""
    if job.colours is not None or job.masks:
        return None
    images = read_images(job)
    network.check_layers(job.objective.layers_in(network)[1])
    _check_styles(job, images, network)
    size = (job.size, job.size)  # only the longer side counts
    options = job.objective, job.settings, job.max_memory
    return prepare_targets(network, images.styles, size, *options)


def job_from_png(path: str) -> Job:
    """The job that made a PNG, with the files that it names.

    Raises ValueError if the PNG stores no settings, a file is missing or changed, or the network
    is another one.
    """
    record = metadata.read_settings(path)
    paths = {use: [*map(str, files)] for use, files in metadata.find_inputs(record, path).items()}
    options = dict(record.options)
    builtin = options.pop("builtin", True)
    mask_files = iter(paths.get("masks", []))
    values = {
        **options,
        "content": paths["content"][0],
        "styles": paths["styles"],
        "masks": [m if m == REST else next(mask_files) for m in options.get("masks", [])],
        "weights": "builtin" if builtin else paths["weights"][0],
        "init_file": next(iter(paths.get("init", [])), None),
        "previous": next(iter(paths.get("previous", [])), None),
        "objective": metadata.rebuild(Objective, record.objective),
        "settings": metadata.rebuild(Settings, record.settings),
    }
    job = metadata.rebuild(Job, values)
    metadata.check_network(record, job.network())
    return job


def with_preset(job: Job, name: str, chosen: set[str]) -> tuple[Job, tuple[str, ...]]:
    """The job with a preset in place of all that the user did not choose, and the preset's notes.

    chosen: names of fields of Objective, Settings and Job
    """
    preset = presets.find(name)
    pooling = job.pooling if "pooling" in chosen else preset.pooling
    padding = job.padding if "padding" in chosen else preset.padding
    job = replace(job, pooling=pooling, padding=padding)
    fitted = presets.fit(name, job.network())
    objective = replace(fitted.objective, **_chosen_values(job.objective, chosen - {"preset"}))
    settings = replace(Settings(**fitted.settings), **_chosen_values(job.settings, chosen))
    return replace(job, objective=objective, settings=settings), fitted.notes


def _chosen_values(values: Any, chosen: set[str]) -> dict[str, Any]:
    return {f.name: getattr(values, f.name) for f in fields(values) if f.name in chosen}


def check_chosen(job: Job, chosen: set[str]) -> None:
    """Raise ValueError if the user chose a setting that the optimiser does not use."""
    for name, reason in UNUSED.get(job.settings.optimizer, {}).items():
        if name in chosen and getattr(job.settings, name):
            raise ValueError(
                f"style: {name} {getattr(job.settings, name)} contradicts optimizer "
                f"{job.settings.optimizer!r}: {reason}; leave one of the two out"
            )


def expand_inputs(path: str, output: str) -> list[tuple[str, str]]:
    """The contents and their results: one, or one for each picture of a folder."""
    if not Path(path).is_dir():
        return [(path, output)]
    contents = sorted(p for p in Path(path).iterdir() if p.suffix.lower() in SUFFIXES)
    if not contents:
        raise ValueError(f"style: expected pictures in the folder '{path}', got none")
    if Path(output).suffix:
        raise ValueError(
            f"style: expected a folder for the results of a folder, got the file '{output}'"
        )
    by_stem: dict[str, Path] = {}
    for content in contents:
        other = by_stem.setdefault(content.stem, content)
        if other is not content:
            raise ValueError(
                f"style: expected one picture for each result, got '{other.name}' and "
                f"'{content.name}', which would both become '{content.stem}.png'; rename one"
            )
    return [(str(p), str(Path(output) / f"{p.stem}.png")) for p in contents]
