"""A face model in one file: the network, the preparation of pictures, and the calibration.

Stands on `encoder`, `calibration` and `data`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nnscratch.data.images import resize_image
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.distances import check_finite
from nnscratch.faces.encoder import Encoder, encode
from nnscratch.files import open_arrays, write_npz

VERSION = 1
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601
FLAT = 1e-3  # a picture with a smaller standard deviation is blank
SHRINK = 0.3  # of the mean variance, added to each: the covariance is known from few people
BROKEN = (ValueError, KeyError, TypeError, RuntimeError, MemoryError, ArithmeticError)


class Whitening(NamedTuple):
    """Within-class covariance normalisation: subtract mean (D,), multiply by matrix (D, D).

    Light and pose move the encodings of one person along some directions more than along others.
    Dividing by that spread makes the other directions count more. Source: Hatch, Kajarekar and
    Stolcke 2006, Interspeech.
    """

    mean: np.ndarray
    matrix: np.ndarray

    @classmethod
    def fit(cls, encodings, labels, shrink: float = SHRINK) -> "Whitening":
        """encodings (N, D), labels (N,) -> the whitening that equalises the spread within labels.

        With W the covariance within labels plus shrink · its mean variance, matrix · matrixᵀ = W⁻¹.
        Raises ValueError if no label has two rows.
        """
        x, labels = np.asarray(encodings, np.float64), np.asarray(labels)
        if x.ndim != 2 or labels.shape != x.shape[:1]:
            raise ValueError(
                f"Whitening: expected encodings (N, D) and labels (N,), got {x.shape} and "
                f"{labels.shape}"
            )
        check_finite("Whitening", x, "encodings")
        _, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if counts.max(initial=0) < 2:
            raise ValueError("Whitening: expected a label with 2 rows or more, got none")
        sums = np.zeros((len(counts), x.shape[1]))
        np.add.at(sums, numbers, x)
        deviations = x - (sums / counts[:, None])[numbers]
        within = deviations.T @ deviations / len(x)
        within += np.eye(len(within)) * (shrink * np.trace(within) / len(within) + 1e-12)
        matrix = np.linalg.cholesky(np.linalg.inv(within))
        return cls(x.mean(axis=0).astype(np.float32), matrix.astype(np.float32))

    def __call__(self, encodings: np.ndarray) -> np.ndarray:
        """Unit rows (N, D) -> unit rows (N, D)."""
        whitened = (encodings - self.mean) @ self.matrix
        lengths = np.linalg.norm(whitened, axis=1, keepdims=True)
        return whitened / np.maximum(lengths, np.finfo(whitened.dtype).tiny)


class FaceModel:
    """Pictures in, encodings out: encode(images) -> unit rows that compare by squared distance.

    whitening: a Whitening of the network's encodings, learnt from the people it was trained on
    calibration: a Calibration, learnt from people held out of training
    Either may be None.
    """

    def __init__(self, network: Encoder, whitening=None, calibration=None):
        self.network, self.whitening, self.calibration = network, whitening, calibration

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the network's input."""
        _, height, width = self.network.input_shape
        return height, width

    @property
    def fingerprint(self) -> str:
        """The hash by which a gallery recognises its model."""
        return state_hash(self._arrays())

    def _arrays(self) -> dict[str, np.ndarray]:
        """All numbers that encodings depend on."""
        weights = {name: value.numpy() for name, value in self.network.state_dict().items()}
        return weights if self.whitening is None else weights | self.whitening._asdict()

    def encode(self, images, names: Sequence[str] = ()) -> np.ndarray:
        """images (N, C, H, W) in [0, 1], grey or RGB, of any size -> unit rows (N, D) float32.

        The encoding of a picture is the mean of its own and its mirror image's. names: of the
        pictures, for error messages. Raises ValueError on other values and on blank pictures.
        """
        pictures = grey(images, self.size)
        check_shown(pictures, names)
        pictures = standardised(pictures)
        both = encode(self.network, pictures) + encode(self.network, pictures[..., ::-1])
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

    def save(self, path) -> None:
        """Write one .npz file without pickle, whole or not at all."""
        about = {"version": VERSION, "kind": "faces", "encoder": self.network.settings}
        about["calibration"] = self.calibration and self.calibration.to_dict()
        text = np.frombuffer(json.dumps(about).encode(), np.uint8)
        write_npz(path, {"about": text, **self._arrays()})

    @classmethod
    def load(cls, path) -> "FaceModel":
        """Read a file of `save`. Raises ValueError if it is something else, or broken."""
        if not Path(path).is_file():
            raise ValueError(
                f"FaceModel: no model at '{path}'; make one with nnscratch faces train"
            )
        expected = "a model that nnscratch faces train has written"
        arrays = dict(open_arrays(path, "FaceModel", "name another, or train one", expected))
        try:
            return cls(*_model_parts(arrays))
        except BROKEN as error:
            raise ValueError(
                f"FaceModel: expected {expected}, got another kind of file or a broken one: "
                f"'{path}' ({' '.join(str(error).split())})"
            ) from error


def _model_parts(arrays: dict) -> tuple[Encoder, Whitening | None, Calibration | None]:
    """The parts of a FaceModel from the arrays of its file. Raises one of BROKEN on others."""
    _check_finite(arrays)
    about = json.loads(arrays["about"].tobytes())
    if about["kind"] != "faces" or about["version"] > VERSION:
        raise ValueError(
            f"it is of kind {about['kind']}, version {about['version']}; known here is "
            f"faces, version {VERSION}"
        )
    weights = {name: array for name, array in arrays.items() if name != "about"}
    whitening = None
    if "mean" in weights:
        whitening = Whitening(weights.pop("mean"), weights.pop("matrix"))
        size = about["encoder"]["embedding"]
        if [array.shape for array in whitening] != [(size,), (size, size)]:
            raise ValueError("its whitening does not fit its network")
    network = Encoder(**about["encoder"])
    network.load_state_dict(weights)
    network.eval()
    numbers = about["calibration"]
    return network, whitening, None if numbers is None else Calibration.from_dict(numbers)


def _check_finite(arrays: dict[str, np.ndarray]) -> None:
    """Raise ValueError unless the arrays are a text, `about`, and finite numbers."""
    if "about" not in arrays:
        raise ValueError("it tells nothing about a network")
    for name, array in arrays.items():
        if name != "about" and not (array.dtype.kind == "f" and np.isfinite(array).all()):
            raise ValueError(f"not all of its {name} are finite numbers")


def state_hash(state: Mapping[str, Any]) -> str:
    """16 hexadecimal digits of the SHA-256 of arrays or Tensors by name, in any order.

    Names, shapes, dtypes and every bit of the values count.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        array = state[name]
        array = np.asarray(array.numpy() if hasattr(array, "numpy") else array)
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode() + b"\n")
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


# -- pictures -------------------------------------------------------------------------------------


def grey(images, size: tuple[int, int]) -> np.ndarray:
    """images (N, 1 or 3, H, W) in [0, 1] -> (N, 1, *size) float32 in [0, 1].

    Raises ValueError on other shapes, on NaN and on values outside [0, 1].
    """
    images = np.asarray(images, np.float32)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape[2:]:
        raise ValueError(f"FaceModel: expected images (N, 1 or 3, H, W), got {images.shape}")
    if np.isnan(images).any():
        raise ValueError("FaceModel: expected values in [0, 1], got NaN; check the pictures")
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
    """Each picture (C, H, W) with mean 0 and deviation 1, which removes brightness and contrast.

    A blank picture becomes zeros; augmentation can produce one.
    """
    deviation = images.std(axis=(1, 2, 3), keepdims=True)
    return (images - images.mean(axis=(1, 2, 3), keepdims=True)) / deviation.clip(FLAT)


def check_shown(images: np.ndarray, names: Sequence[str] = ()) -> None:
    """Raise ValueError if one of the pictures (N, C, H, W) is blank; names: for the message.

    Called before a training, so that it does not fail at its end.
    """
    flat = np.flatnonzero(images.std(axis=(1, 2, 3)) < FLAT)
    if len(flat):
        which = f"'{names[flat[0]]}'" if names else f"picture {flat[0] + 1} of {len(images)}"
        raise ValueError(f"FaceModel: {which} is blank: its values are all the same; leave it out")
