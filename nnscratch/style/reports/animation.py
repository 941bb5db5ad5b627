"""The stages of a style transfer as an animated GIF or PNG.

Stands on Pillow and `files`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from nnscratch.files import replacing
from nnscratch.style.reports.output import check_name, thumbnail

KINDS = {".gif": "GIF", ".apng": "PNG", ".png": "PNG"}
SAMPLES = 8  # frames from which the 256 colours of a GIF are chosen


class Animation:
    """Reduced copies of the stages of a picture, at most `most` of them.

    side: longer side of a frame in pixels; most: frames, at least 2. When `most` frames are stored,
    every second one is dropped, and from then on only every second stage is stored. So the frames
    are evenly spaced for any number of stages, in at most most · side² · 3 bytes.
    """

    def __init__(self, side: int = 320, most: int = 100) -> None:
        if side < 1 or most < 2:
            raise ValueError(
                "Animation: expected a side of at least 1 and 2 frames or more, "
                f"got {side} and {most}"
            )
        self.side, self.most = side, most
        self.frames: list[Image.Image] = []
        self._seen, self._step = 0, 1

    def add(self, image) -> None:
        """Store a reduced copy of a stage (3, H, W) in [0, 1], of any size."""
        if self._seen % self._step == 0:
            if len(self.frames) == self.most:
                self.frames, self._step = self.frames[::2], 2 * self._step
            if self._seen % self._step == 0:
                self.frames.append(thumbnail(image, self.side, "Animation"))
        self._seen += 1

    def save(self, path, final=None, seconds=0.08, last_seconds=2.0, loop=True) -> None:
        """Write an animated .gif (256 colours), .apng or .png (all colours).

        final (3, H, W): the last frame, after the stages; all frames get its size.
        seconds, last_seconds: how long each frame and the last one are shown, in steps of 0.01.
        Raises ValueError for another suffix, times below 0.02, or if there are no frames.
        """
        path = check_animation(path)
        kind = KINDS[path.suffix.lower()]
        frames = list(self.frames)
        if final is not None:
            frames.append(thumbnail(final, self.side, "Animation"))
        if not frames:
            raise ValueError("Animation: expected at least one stage, got none; add them first")
        times = [_milliseconds(seconds)] * (len(frames) - 1) + [_milliseconds(last_seconds)]
        frames = [_enlarged(frame, frames[-1].size) for frame in frames]
        frames = _with_one_palette(frames) if kind == "GIF" else frames
        options: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": times}
        if loop or kind == "PNG":
            options["loop"] = 0 if loop else 1
        with replacing(path) as temporary:
            frames[0].save(temporary, format=kind, **options)


def check_animation(path) -> Path:
    """The path. Raises ValueError if no animation can be written there."""
    return check_name(path, tuple(KINDS), "Animation")


def _enlarged(frame: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A frame of a coarse scale at the size of the last frame."""
    return frame if frame.size == size else frame.resize(size, Image.Resampling.BICUBIC)


def _with_one_palette(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """All frames in the same 256 colours: a palette for each frame would flicker."""
    width, height = frames[-1].size
    chosen = sorted({len(frames) - 1 - i * len(frames) // SAMPLES for i in range(SAMPLES)})
    samples = [frames[i] for i in chosen if i >= 0]
    stack = Image.new("RGB", (width, height * len(samples)))
    for row, frame in enumerate(samples):
        stack.paste(frame, (0, row * height))
    palette = stack.quantize(256)
    return [frame.quantize(palette=palette) for frame in frames]


def _milliseconds(seconds: float) -> int:
    """Rounded to the hundredths of a second of a GIF; browsers show below 20 ms as 100 ms."""
    if not 0.02 <= seconds <= 600:
        raise ValueError(f"Animation: expected 0.02 to 600 seconds a frame, got {seconds:g}")
    return 10 * round(100 * seconds)
