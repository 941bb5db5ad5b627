"""Pictures of how well an encoder works: ROC curves, nearest neighbours, a map of the encodings.

Stands on the files above, on Pillow and on matplotlib.
"""

from nnscratch.faces.plots.maps import METHODS, embedding_map
from nnscratch.faces.plots.neighbours import neighbours_sheet
from nnscratch.faces.plots.roc import roc_plot
