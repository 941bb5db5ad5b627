"""Weight files of VGG networks, of several makes, brought into one inner form.

Stands on NumPy and safetensors. What a file is, is told by its content, never by its name.
"""

from nnscratch.weights.files import load
from nnscratch.weights.form import LayerWeights, Preprocess, VGGWeights
from nnscratch.weights.own import save

__all__ = ["LayerWeights", "Preprocess", "VGGWeights", "load", "save"]
