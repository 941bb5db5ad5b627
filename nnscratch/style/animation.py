"""How a result came about: its stages as an animated GIF or PNG, its losses as curves.

Stands on Pillow for animations, on matplotlib for curves, and on `files`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nnscratch.files import check_place, replacing

KINDS = {".gif": "GIF", ".apng": "PNG", ".png": "PNG"}
CURVES = (  # name, colour (Okabe and Ito: the colour-blind tell them apart), width
    *(("loss", "#000000", 2.2), ("content", "#0072B2", 1.5)),
    *(("style", "#D55E00", 1.5), ("tv", "#009E73", 1.5)),
)
LABELS = {"loss": "total", "tv": "total variation"}
SAMPLES = 8  # frames that a GIF's 256 colours are chosen from


# -- stages ---------------------------------------------------------------------------------------


class Film:
    """The stages of a picture, made small as they come, few enough to keep.

    side: pixels of a frame's longer side; most: frames, at least 2. Where more stages come, every
    second one is dropped, and from then on every second one is kept: frames are evenly spread
    whatever the number of stages, and memory is most · side² · 3 bytes.
    """

    def __init__(self, side: int = 320, most: int = 100) -> None:
        if side < 1 or most < 2:
            raise ValueError(
                f"Film: expected a side of at least 1 and 2 frames or more, got {side} and {most}"
            )
        self.side, self.most = side, most
        self.frames: list[Image.Image] = []
        self._seen, self._step = 0, 1

    def add(self, image: np.ndarray) -> None:
        """See a stage (3, H, W) in [0, 1], of any size; nothing of it is held on to."""
        if self._seen % self._step == 0:
            if len(self.frames) == self.most:
                self.frames, self._step = self.frames[::2], 2 * self._step
            if self._seen % self._step == 0:
                self.frames.append(_small(image, self.side))
        self._seen += 1

    def save(
        self,
        path: str | os.PathLike,
        final: np.ndarray | None = None,
        seconds: float = 0.08,
        last_seconds: float = 2.0,
        loop: bool = True,
    ) -> None:
        """Write an animated .gif (256 colours), .apng or .png (all colours), whole or not at all.

        final (3, H, W) comes after the stages. Frames have the size of the last one. Each stands
        for `seconds`, in steps of 0.01, the last one for last_seconds; loop: again and again.
        Raises ValueError for another extension, times below 0.02, or if nothing was seen.
        """
        path, kind = check_animation(path)
        frames = [*self.frames, *([] if final is None else [_small(final, self.side)])]
        if not frames:
            raise ValueError("Film: expected at least one stage to save, got none; add them first")
        times = [_hundredths(seconds)] * (len(frames) - 1) + [_hundredths(last_seconds)]
        frames = [_sized(frame, frames[-1].size) for frame in frames]
        frames = _in_few_colours(frames) if kind == "GIF" else frames
        options: dict[str, Any] = {"loop": 0} if loop else {"loop": 1} if kind == "PNG" else {}
        with replacing(path) as temporary:
            frames[0].save(
                temporary,
                format=kind,
                save_all=True,
                append_images=frames[1:],
                duration=times,
                **options,
            )


def check_animation(path: str | os.PathLike) -> tuple[Path, str]:
    """The path and Pillow's name for its kind, before any work is done for it.

    Raises ValueError if no animation of that name can be written.
    """
    path = Path(path)
    if path.suffix.lower() not in KINDS:
        raise ValueError(f"Film: expected a file name ending in {', '.join(KINDS)}, got '{path}'")
    return check_place(path), KINDS[path.suffix.lower()]


def _small(image: np.ndarray, side: int) -> Image.Image:
    image = np.asarray(image)
    if image.ndim != 3 or len(image) != 3 or not image.size:
        raise ValueError(f"Film: expected a picture (3, H, W), got shape {image.shape}")
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    frame = Image.fromarray(levels.transpose(1, 2, 0))  # (3, H, W) -> (H, W, 3)
    frame.thumbnail((side, side), Image.Resampling.LANCZOS)
    return frame


def _sized(frame: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A frame of a coarse scale enlarged to the last frame's size."""
    return frame if frame.size == size else frame.resize(size, Image.Resampling.BICUBIC)


def _in_few_colours(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """All frames in one palette: one for each would flicker."""
    width, height = frames[-1].size
    chosen = sorted({len(frames) - 1 - i * len(frames) // SAMPLES for i in range(SAMPLES)})
    samples = [frames[i] for i in chosen if i >= 0]
    sheet = Image.new("RGB", (width, height * len(samples)))
    for row, frame in enumerate(samples):
        sheet.paste(frame, (0, row * height))
    palette = sheet.quantize(256)
    return [frame.quantize(palette=palette) for frame in frames]


def _hundredths(seconds: float) -> int:
    """Milliseconds in tens, which is what a GIF can hold; browsers take less than 20 for 100."""
    if not 0.02 <= seconds <= 600:
        raise ValueError(f"Film: expected 0.02 to 600 seconds a frame, got {seconds:g}")
    return 10 * round(100 * seconds)


# -- losses ---------------------------------------------------------------------------------------


def loss_plot(
    path: str | os.PathLike,
    history: Sequence[Mapping[str, float]],
    sizes: Sequence[str | int] = (),
    title: str = "",
) -> None:
    """The weighted costs at each iteration, on a logarithmic axis, as a PNG.

    history: "loss", "content", "style", "tv" by iteration, and "scale", the number of the scale
    from 0, where there are several; sizes: what to call each scale, numbers being pixels.
    Costs that are 0 or not finite have no place on the axis and are left out.
    Raises ValueError if history is empty, or no place for a .png.
    """
    from matplotlib.figure import Figure

    path = check_plot(path)
    if not history:
        raise ValueError("loss_plot: expected at least one iteration, got none")
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    _draw_curves(axes, history)
    _draw_scales(axes, history, sizes)
    axes.set_title(title, loc="left", pad=22, parse_math=False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def check_plot(path: str | os.PathLike) -> Path:
    """The path, or ValueError if no curves can be written there: asked before long work."""
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"loss_plot: expected a file name ending in .png, got '{path}'")
    return check_place(path)


def _draw_curves(axes: Any, history: Sequence[Mapping[str, float]]) -> None:
    iterations = np.arange(1, len(history) + 1)
    drawn = False
    for name, colour, width in CURVES:
        values = np.array([costs.get(name, np.nan) for costs in history], np.float64)
        shown = np.where(np.isfinite(values) & (values > 0), values, np.nan)
        if np.isnan(shown).all():
            continue
        mark = "o" if len(history) == 1 else ""
        label = LABELS.get(name, name)
        axes.plot(iterations, shown, mark + "-", color=colour, linewidth=width, label=label)
        drawn = True
    axes.set(xlabel="iteration", ylabel="weighted cost", yscale="log" if drawn else "linear")
    axes.margins(x=0.02)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if drawn:
        axes.figure.legend(loc="outside right center", frameon=False, labelcolor="linecolor")


def _draw_scales(
    axes: Any, history: Sequence[Mapping[str, float]], sizes: Sequence[str | int]
) -> None:
    """A line where each scale begins, what it is called above it."""
    starts = scale_starts(history)
    if len(starts) < 2:
        return
    for scale, start in starts.items():
        called = sizes[scale] if scale < len(sizes) else f"scale {scale + 1}"
        text = f"{called} px" if isinstance(called, int) else called
        axes.axvline(start, color="#999999", linewidth=1, linestyle=":", zorder=1)
        axes.annotate(
            text,
            (start, 1.02),
            xycoords=("data", "axes fraction"),
            color="#555555",
            fontsize=9,
            parse_math=False,
        )


def scale_starts(history: Sequence[Mapping[str, float]]) -> dict[int, int]:
    """The iteration, from 1, at which each scale begins: {scale: iteration}."""
    starts: dict[int, int] = {}
    for iteration, costs in enumerate(history, start=1):
        starts.setdefault(int(costs.get("scale", 0)), iteration)
    return starts
