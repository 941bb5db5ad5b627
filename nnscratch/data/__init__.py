"""Images and datasets: image files, augmentation, generated pictures, digits and shapes.

Stands on NumPy, and on Pillow for image files.
"""

from nnscratch.data.augment import Augment
from nnscratch.data.images import contact_strip, read_image, resize_image, save_image
from nnscratch.data.drawn_pictures import PICTURES
from nnscratch.data.drawn_shapes import digits, shapes
