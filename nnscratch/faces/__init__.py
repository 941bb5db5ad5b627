"""Faces: verification, recognition and one-shot learning with encodings that a network learns.

Read `siamese` first: a network, the triplet loss and a training loop on one page. Then, each with
more options: `encoder`, `distances`, `losses`, `mining`, `sampling`, `training`, `monitor`; for the
use of a trained network `model`, `calibration`, `gallery`; for its evaluation `metrics`,
`identification`, `evaluate`. The rooms `plots`, `drawn` and `oneshot` can be left out.

Stands on `nn`, `optim`, `data` and `files`.
"""

# fmt: off

from nnscratch.faces.calibration import Calibration
from nnscratch.faces.distances import distances
from nnscratch.faces.encoder import Encoder, encode
from nnscratch.faces.folders import People, read_people, split_people
from nnscratch.faces.gallery import Answer, Gallery
from nnscratch.faces.losses import (
    batch_all, batch_hard, contrastive, n_pair, prototypical, semi_hard, triplet,
)
from nnscratch.faces.model import FaceModel
from nnscratch.faces.monitor import Monitor
from nnscratch.faces.sampling import OfflineTriplets, PKSampler
from nnscratch.faces.siamese import SiameseNet
