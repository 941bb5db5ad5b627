"""Faces: verification, recognition and one-shot learning with encodings that a network learns.

Stands on `nn`, `optim`, `data` and `weights`.
"""

from nnscratch.faces.answers import Answer
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.encoder import Encoder, encode
from nnscratch.faces.gallery import Gallery
from nnscratch.faces.losses import (
    batch_all,
    batch_hard,
    contrastive,
    distances,
    n_pair,
    prototypical,
    semi_hard,
    triplet,
)
from nnscratch.faces.model import FaceModel
from nnscratch.faces.monitor import Monitor
from nnscratch.faces.sampling import OfflineTriplets, PKSampler

__all__ = [
    "Answer",
    "Calibration",
    "Encoder",
    "FaceModel",
    "Gallery",
    "Monitor",
    "OfflineTriplets",
    "PKSampler",
    "batch_all",
    "batch_hard",
    "contrastive",
    "distances",
    "encode",
    "n_pair",
    "prototypical",
    "semi_hard",
    "triplet",
]
