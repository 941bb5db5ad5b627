"""VGG weight files: `load` and `inspect` any common kind, `convert` it to our own, `fetch` one.

Stands on NumPy, safetensors and, for .h5, h5py. A file's kind is decided by its contents,
never by its name.
"""

from nnscratch.weights.fetching import fetch
from nnscratch.weights.inspection import Inspection, convert, inspect
from nnscratch.weights.loading import load
from nnscratch.weights.state import load_state, save_state
from nnscratch.weights.vgg_weights import LayerWeights, Preprocess, VGGWeights, save
