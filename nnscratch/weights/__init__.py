"""Weight files of VGG networks, of several makes, brought into one inner form.

Stands on NumPy, SciPy, safetensors and, for .h5, h5py. What a file is, is told by its content,
never by its name.
"""

from nnscratch.weights.fetching import fetch
from nnscratch.weights.files import load
from nnscratch.weights.form import LayerWeights, Preprocess, VGGWeights
from nnscratch.weights.inspection import Inspection, convert, inspect
from nnscratch.weights.own import save
from nnscratch.weights.state import load_state, save_state

__all__ = [
    "Inspection",
    "LayerWeights",
    "Preprocess",
    "VGGWeights",
    "convert",
    "fetch",
    "inspect",
    "load",
    "save",
]
