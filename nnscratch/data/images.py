"""Image files as float RGB arrays, with transparency as a separate array.

Stands on Pillow for decoding and encoding, on NumPy, and on `files`.
"""

import contextlib
import io
import os
import struct
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, PngImagePlugin, UnidentifiedImageError

from nnscratch.data import deep_images
from nnscratch.files import check_file, check_place, replacing

# extension: Pillow's name for the format, and options for good quality
JPEG, TIFF = ("JPEG", {"quality": 95, "subsampling": 0}), ("TIFF", {"compression": "tiff_deflate"})
FORMATS: dict[str, tuple[str, dict]] = {
    ".png": ("PNG", {}), ".jpg": JPEG, ".jpeg": JPEG, ".webp": ("WEBP", {"quality": 95}),
    ".tif": TIFF, ".tiff": TIFF, ".bmp": ("BMP", {}), ".ppm": ("PPM", {}),
}  # fmt: skip
WIDE_GREY = ("I", "I;16", "I;16B", "I;16L", "I;16N")
DEPTHS = (8, 16)  # bits of each colour
ALPHA_FORMATS = ("PNG", "WEBP", "TIFF")


@dataclass(frozen=True)
class Picture:
    """The content of an image file.

    image: (3, H, W) float32, RGB in [0, 1], not premultiplied, white where fully transparent;
    alpha: (H, W) float32, 0 transparent to 1 opaque, or None if all is opaque;
    text: the text chunks of a PNG, by keyword
    """

    image: np.ndarray
    alpha: np.ndarray | None = None
    text: dict[str, str] = field(default_factory=dict)

    def on_white(self) -> np.ndarray:
        """Composite the image over white: (3, H, W) float32."""
        return self.image if self.alpha is None else 1 - self.alpha * (1 - self.image)


def read_image(path: str | os.PathLike, size: int | None = None) -> np.ndarray:
    """Read an image file over white; see `read_picture`.

    path, size (pixels of the longer side, None keeps it) -> (3, H, W) float32, RGB in [0, 1]

    Raises ValueError if there is no readable image at path or size < 1.
    """
    return read_picture(path, size).on_white()


def read_picture(path: str | os.PathLike, size: int | None = None) -> Picture:
    """Read an image file of any format that Pillow supports, upright and in sRGB.

    path, size (pixels of the longer side, None keeps it) -> Picture
    16-bit grey is divided by 65535; of 16-bit colours Pillow reads the upper 8 bits. Floats are
    assumed to be in [0, 1] and clipped. Only the first frame of an animation is read.

    Raises ValueError if there is no readable image at path or size < 1.
    """
    path = Path(path)
    if size is not None and not size >= 1:
        raise ValueError(f"read_image: expected size of at least 1 pixel, got {size}")
    check_file(path, "read_image")
    if path.stat().st_size == 0:
        raise ValueError(
            f"read_image: expected a picture, got an empty file: '{path}'; fetch or export it again"
        )
    try:
        with _quiet_decoders(), Image.open(path) as file:
            picture = _flatten(_upright(file))
            text = {key: str(value) for key, value in getattr(file, "text", {}).items()}
    except UnidentifiedImageError as error:
        kind, remedy = _kind_of(path)
        raise ValueError(
            f"read_image: expected a picture, got {kind}: '{path}'; {remedy}"
        ) from error
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"read_image: expected a smaller picture, got '{path}' ({error}); scale it down first"
        ) from error
    except Exception as error:  # decoders raise a dozen kinds of error on damaged bytes
        raise ValueError(
            f"read_image: expected a whole picture, got one that cannot be decoded: '{path}' "
            f"({error}); fetch or export it again"
        ) from error
    if size is not None:
        # Pillow weights colours by alpha here, so that transparent ones do not bleed
        picture = picture.resize(_fit(picture.size, size), Image.Resampling.LANCZOS)
    image, alpha = _to_arrays(picture)
    return Picture(image, alpha, text)


def _kind_of(path: Path) -> tuple[str, str]:
    """What a file is that Pillow cannot read, and what to do."""
    with path.open("rb") as file:
        head = file.read(12)
    still = head[8:12] in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif")
    if head[4:8] == b"ftyp" and still:
        return "a HEIC or AVIF file", "export it as PNG or JPEG in the program that shows it"
    film = head[4:8] == b"ftyp" or head[:4] == b"\x1aE\xdf\xa3" or head[8:12] == b"AVI "
    if film or path.suffix.lower() in (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg"):
        return "a video", (
            "make a folder of its frames, `ffmpeg -i VIDEO frames/%05d.png`, and paint that folder "
            "with `nnscratch style frames STYLE -o painted --frames`"
        )
    return "a file of another kind", "open it in a picture program and export it as PNG or JPEG"


def save_image(path: str | os.PathLike, image, alpha=None, text=None, bits: int = 8) -> None:
    """Write an image file; the extension of path decides the format.

    path, image (3, H, W) RGB or (1, H, W) grey, floats in [0, 1] (clipped, rounded to bits);
    alpha (H, W), 0 transparent to 1 opaque, for PNG, WebP, TIFF; text: a dict by keyword, for PNG
    bits: of each colour, 8, or 16 for PNG and TIFF
    The write is atomic: an earlier file stays until the new one is complete.

    Raises TypeError if image does not hold floats, ValueError if its shape or values, the
    extension or the folder are wrong, if the format cannot hold alpha or text, or the disk is full.
    """
    path = Path(path)
    picture = _to_picture(np.asarray(image))
    kind, options = check_target(path, bits)
    if alpha is not None:
        picture.putalpha(_to_alpha(path, kind, np.asarray(alpha), picture.size))
    if text:
        options = {**options, "pnginfo": _to_notes(path, kind, text)}
    if bits == 16:
        bands = np.asarray(image) if alpha is None else np.concatenate([image, [alpha]])
        levels = np.rint(np.clip(bands, 0, 1) * 65535).transpose(1, 2, 0)  # (C, H, W) -> (H, W, C)
        data = deep_images.ENCODERS[kind](levels.astype(np.uint16), text or {})
        with replacing(path) as temporary:
            temporary.write_bytes(data)
        return
    with replacing(path) as temporary:
        encoded = io.BytesIO()  # libtiff itself does not report a full disk
        picture.save(encoded, format=kind, **options)
        temporary.write_bytes(encoded.getbuffer())


def resize_image(image: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Resize an image with a Lanczos filter, which also smooths when shrinking.

    image (C, H, W) floats in [0, 1], size_hw (H', W') -> (C, H', W') float32 in [0, 1]

    Raises ValueError if image has another rank or a new side is < 1.
    """
    image = np.asarray(image, dtype=np.float32)
    height, width = size_hw
    if image.ndim != 3 or 0 in image.shape:
        raise ValueError(f"resize_image: expected image (C, H, W), got shape {image.shape}")
    if height < 1 or width < 1:
        raise ValueError(f"resize_image: expected sides of at least 1 pixel, got {tuple(size_hw)}")
    channels = [Image.fromarray(channel) for channel in image]
    resized = [c.resize((width, height), Image.Resampling.LANCZOS) for c in channels]
    # the filter overshoots at edges
    return np.clip(np.stack([np.asarray(channel) for channel in resized]), 0, 1)


def contact_strip(images: Iterable[np.ndarray], gap: int = 8) -> np.ndarray:
    """Place images of one height side by side, with white between them.

    images, each (C, H, W_i) in [0, 1], gap in pixels -> (C, H, sum W_i + gap · (len − 1)) float32

    Raises ValueError if there are none, or their channels or heights differ.
    """
    images = [np.asarray(image, dtype=np.float32) for image in images]
    shapes = [image.shape for image in images]
    if not images:
        raise ValueError("contact_strip: expected at least one image, got none")
    if any(len(shape) != 3 for shape in shapes) or len({shape[:2] for shape in shapes}) > 1:
        raise ValueError(
            f"contact_strip: expected images (C, H, W) of one C and H, got {shapes}; "
            "use resize_image first"
        )
    white = np.ones((*shapes[0][:2], gap), np.float32)
    parts = [part for image in images for part in (white, image)]
    return np.concatenate(parts[1:], axis=2)


@contextlib.contextmanager
def _quiet_decoders():
    """Silence Pillow's warnings on odd metadata and on images that are large but allowed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _upright(picture):
    """Decode, then rotate by the EXIF orientation; broken EXIF is ignored."""
    picture.load()
    try:
        return ImageOps.exif_transpose(picture)
    except (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error):
        return picture


def _flatten(picture):
    """Convert any mode to "RGB" or "RGBA", or to "F" if 8 bits would lose grey levels."""
    if picture.mode in WIDE_GREY:
        return Image.fromarray(np.asarray(picture, dtype=np.float32) / 65535)
    if picture.mode == "F":
        return picture
    if picture.has_transparency_data:
        return _to_srgb(picture.convert("RGBA"), picture.info)
    picture = picture.convert("RGB") if picture.mode in ("1", "P") else picture
    return _to_srgb(picture, picture.info).convert("RGB")


def _to_srgb(picture, info):
    """Apply the embedded colour profile; a broken or unsuitable one is ignored."""
    if not info.get("icc_profile"):
        return picture
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(info["icc_profile"]))
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, profile, srgb, outputMode=mode)
    except (ImageCms.PyCMSError, OSError):
        return picture


def _fit(sides, longer):
    """Scale (width, height) to the given longer side, keeping the aspect ratio, no side below 1."""
    return tuple(max(1, round(side * longer / max(sides))) for side in sides)


def _to_arrays(picture):
    """Pillow "RGB", "RGBA" or "F" -> (3, H, W) float32 in [0, 1], and alpha (H, W) or None."""
    if picture.mode == "F":
        grey = np.asarray(picture)
        if np.isnan(grey).any():
            raise ValueError("read_image: expected grey values in [0, 1], got NaN among them")
        return np.repeat(np.clip(grey, 0, 1)[None], 3, axis=0), None
    bytes_ = np.asarray(picture).transpose(2, 0, 1)  # (H, W, C) -> (C, H, W)
    bands = np.ascontiguousarray(bytes_, dtype=np.float32) / 255
    if len(bands) == 3 or bands[3].min() == 1:
        return bands[:3], None
    return np.where(bands[3] == 0, np.float32(1), bands[:3]), bands[3]


def _to_picture(image):
    """(3, H, W) or (1, H, W) floats -> Pillow "RGB" or "L"."""
    if image.ndim != 3 or image.shape[0] not in (1, 3) or 0 in image.shape:
        raise ValueError(
            f"save_image: expected image (3, H, W) or (1, H, W), got shape {image.shape}"
        )
    if image.dtype.kind != "f":
        raise TypeError(
            f"save_image: expected floats in [0, 1], got {image.dtype}; divide bytes by 255"
        )
    bad = np.count_nonzero(~np.isfinite(image))
    if bad:
        raise ValueError(
            f"save_image: expected finite values, got NaN or infinity in {bad} of {image.size}; "
            "lower the learning rate if training produced them"
        )
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0))


def _to_alpha(path, kind, alpha, size):
    """(H, W) floats -> Pillow "L"."""
    if kind not in ALPHA_FORMATS:
        raise ValueError(
            f"save_image: expected a format that holds transparency, got '{path}'; name a .png"
        )
    if alpha.shape != size[::-1]:
        raise ValueError(
            f"save_image: expected alpha of the picture's size {size[::-1]}, got {alpha.shape}"
        )
    return _to_picture(alpha[None])


def _to_notes(path, kind, text):
    if kind != "PNG":
        raise ValueError(f"save_image: expected a .png, which can hold text, got '{path}'")
    notes = PngImagePlugin.PngInfo()
    for keyword, words in text.items():
        notes.add_itxt(keyword, words, zip=True)
    return notes


def check_target(path: str | os.PathLike, bits: int = 8) -> tuple[str, dict]:
    """Pillow's name and options for the format of `path`. To be called before long work.

    Raises ValueError if the extension is unknown, path is a folder, or its folder is missing.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(
            f"save_image: expected a file name ending in {', '.join(FORMATS)}, got '{path}'"
        )
    check_place(path)
    kind, options = FORMATS[path.suffix.lower()]
    if bits not in DEPTHS or (bits == 16 and kind not in deep_images.ENCODERS):
        raise ValueError(
            f"save_image: expected 8 bits for each colour, or 16 in a .png or .tif, got {bits} for "
            f"'{path}'"
        )
    return kind, options
