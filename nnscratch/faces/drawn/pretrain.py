"""Pre-training on drawn faces: makes the weights from which `faces train` starts.

Stands on `training` and `drawn.people`.
"""

import numpy as np

from nnscratch.data.augment import Augment
from nnscratch.faces.drawn.people import generated_people
from nnscratch.faces.encoder import Encoder
from nnscratch.faces.folders import People
from nnscratch.faces.training import START_FILE, FaceSettings, Schedule, learn
from nnscratch.files import write_npz

# weaker augmentation than for photographs: drawn faces vary, and there are many people
AUGMENT = Augment(
    rotation=0.08, shear=0.04, scale=0.06, shift=0.05, elastic=0.02,
    flip=0.5, plane=0.1, gamma=0.15, gain=0.1,
)  # fmt: skip
PRETRAINING = FaceSettings(
    people=32, pictures=3, augment=AUGMENT, schedule=Schedule(steps=1300), start="random"
)


def pretrain(settings: FaceSettings = PRETRAINING, people=1200, seed=7, on_step=None) -> Encoder:
    """A network trained on drawn people, cut to the shape of portraits."""
    drawn = generated_people(people, 12, seed=seed)
    cut = np.ascontiguousarray(drawn.images[:, :, 1:47, 5:43])  # 48 × 48 -> 46 × 38
    return learn(People(cut, drawn.labels, drawn.names), settings, 0, on_step).network


def save_start(network: Encoder, path=START_FILE) -> None:
    """Write the weights in half precision, which changes encodings by less than 1 %."""
    weights = {name: v.numpy().astype(np.float16) for name, v in network.state_dict().items()}
    write_npz(path, weights, compress=True)
