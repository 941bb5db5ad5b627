"""A face model in one file: the network, how pictures are brought to it, and what distances mean.

Stands on `encoder`, `fingerprint`, `calibration`, `whitening` and `data`.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.data.images import resize_image
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.encoder import Encoder, encode
from nnscratch.faces.fingerprint import fingerprint
from nnscratch.faces.whitening import Whitening
from nnscratch.files import open_arrays, write_npz

VERSION = 1
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601
FLAT = 1e-3  # a picture whose deviation is smaller shows nothing
BROKEN = (ValueError, KeyError, TypeError, RuntimeError, MemoryError, ArithmeticError)


class FaceModel:
    """Pictures in, encodings out: encode(images) -> unit rows that compare by squared distance.

    whitening: what is done to the network's encodings, learnt from the people it was trained on
    calibration: what distances mean, from people who were held out of training
    """

    def __init__(
        self,
        network: Encoder,
        whitening: Whitening | None = None,
        calibration: Calibration | None = None,
    ):
        self.network, self.whitening, self.calibration = network, whitening, calibration

    @property
    def size(self) -> tuple[int, int]:
        """Height and width the network sees."""
        _, height, width = self.network.input_shape
        return height, width

    @property
    def fingerprint(self) -> str:
        """What a gallery remembers of its network."""
        return fingerprint(self._arrays())

    def _arrays(self) -> dict[str, np.ndarray]:
        """All numbers that encodings depend on."""
        weights = {name: value.numpy() for name, value in self.network.state_dict().items()}
        return weights if self.whitening is None else weights | self.whitening._asdict()

    def encode(self, images: Any, names: Sequence[str] = ()) -> np.ndarray:
        """images (N, C, H, W) in [0, 1], grey or RGB, of any size -> unit rows (N, D) float32.

        The encoding of a picture is the mean of its own and its mirror image's. names: what an
        error calls the pictures. Raises ValueError on other values, and where one is blank.
        """
        ready = grey(images, self.size)
        check_shown(ready, names)
        ready = standardised(ready)
        both = encode(self.network, ready) + encode(self.network, ready[..., ::-1])
        unit = both / np.linalg.norm(both, axis=1, keepdims=True)
        return unit if self.whitening is None else self.whitening(unit)

    def known_calibration(self) -> Calibration:
        """The calibration. Raises ValueError if the model has none."""
        if self.calibration is None:
            raise ValueError(
                "FaceModel: expected a calibrated model, got one without; train it with people "
                "held out, or give a threshold"
            )
        return self.calibration

    def save(self, path: str | os.PathLike) -> None:
        """Write all of it to one .npz file without pickle, whole or not at all."""
        about = {
            "version": VERSION,
            "kind": "faces",
            "encoder": self.network.settings,
            "calibration": self.calibration and self.calibration.to_dict(),
        }
        text = np.frombuffer(json.dumps(about).encode(), np.uint8)
        write_npz(path, {"about": text, **self._arrays()})

    @classmethod
    def load(cls, path: str | os.PathLike) -> "FaceModel":
        """Read what `save` wrote. Raises ValueError if the file is something else, or broken."""
        if not Path(path).is_file():
            raise ValueError(
                f"FaceModel: no model at '{path}'; make one with nnscratch faces train"
            )
        made = "a model that nnscratch faces train has written"
        held = dict(open_arrays(path, "FaceModel", "name another, or train one", made))
        try:
            arrays = _finite(held)
            about = json.loads(arrays.pop("about").tobytes())
            if about["kind"] != "faces" or about["version"] > VERSION:
                raise ValueError(
                    f"it is of kind {about['kind']}, version {about['version']}; known here is "
                    f"faces, version {VERSION}"
                )
            whitening = _whitening(arrays, about["encoder"]["embedding"])
            network = Encoder(**about["encoder"])
            network.load_state_dict(arrays)
            numbers = about["calibration"]
            calibration = None if numbers is None else Calibration.from_dict(numbers)
        except BROKEN as error:
            raise ValueError(
                f"FaceModel: expected {made}, got another kind of file or a broken one: '{path}' "
                f"({' '.join(str(error).split())})"
            ) from error
        network.eval()
        return cls(network, whitening, calibration)


def _finite(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`arrays` if they are what a model's file holds: a text, `about`, and numbers."""
    if "about" not in arrays:
        raise ValueError("it tells nothing about a network")
    for name, array in arrays.items():
        if name != "about" and not (array.dtype.kind == "f" and np.isfinite(array).all()):
            raise ValueError(f"not all of its {name} are finite numbers")
    return arrays


def _whitening(arrays: dict[str, np.ndarray], size: int) -> Whitening | None:
    """Taken out of the arrays of a file, if they hold one."""
    if "mean" not in arrays:
        return None
    found = Whitening(arrays.pop("mean"), arrays.pop("matrix"))
    if [array.shape for array in found] != [(size,), (size, size)]:
        raise ValueError("its whitening does not fit its network")
    return found


def grey(images: Any, size: tuple[int, int]) -> np.ndarray:
    """images (N, 1 or 3, H, W) in [0, 1] -> (N, 1, *size) float32 in [0, 1].

    Raises ValueError on other shapes, on NaN and on values outside [0, 1].
    """
    images = np.asarray(images, np.float32)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape[2:]:
        raise ValueError(f"FaceModel: expected images (N, 1 or 3, H, W), got {images.shape}")
    if np.isnan(images).any():
        raise ValueError(
            "FaceModel: expected values in [0, 1], got NaN; look at where it comes from"
        )
    if images.size and not 0 <= images.min() <= images.max() <= 1:
        raise ValueError(
            "FaceModel: expected values in [0, 1], got "
            f"{images.min():.3g} to {images.max():.3g}; divide bytes by 255"
        )
    if images.shape[1] == 3:
        images = np.tensordot(images, LUMINANCE, (1, 0))[:, None].clip(0, 1)
    if images.shape[2:] != tuple(size):
        resized = [resize_image(picture, size) for picture in images]
        images = np.array(resized, np.float32).reshape(-1, 1, *size)
    return images.astype(np.float32, copy=False)


def standardised(images: np.ndarray) -> np.ndarray:
    """Each picture (C, H, W) with mean 0 and deviation 1: light and contrast leave no trace.

    A blank one becomes zeros; an augmented picture may be.
    """
    deviation = images.std(axis=(1, 2, 3), keepdims=True)
    return (images - images.mean(axis=(1, 2, 3), keepdims=True)) / deviation.clip(FLAT)


def check_shown(images: np.ndarray, names: Sequence[str] = ()) -> None:
    """Raise ValueError if one of the pictures (N, C, H, W) is blank; names: what they are called.

    Raised before a training, that it may not end there.
    """
    flat = np.flatnonzero(images.std(axis=(1, 2, 3)) < FLAT)
    if len(flat):
        which = f"'{names[flat[0]]}'" if names else f"picture {flat[0] + 1} of {len(images)}"
        raise ValueError(f"FaceModel: {which} is blank: its values are all the same; leave it out")
