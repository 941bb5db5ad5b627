"""Pictures and datasets: files in and out, drawings of our own, digits, shapes to learn.

Stands on NumPy, and on Pillow for picture files.
"""

from nnscratch.data.augment import Augment
from nnscratch.data.images import contact_strip, read_image, resize_image, save_image
from nnscratch.data.pictures import PICTURES
from nnscratch.data.shapes import digits, shapes

__all__ = [
    "PICTURES",
    "Augment",
    "contact_strip",
    "digits",
    "read_image",
    "resize_image",
    "save_image",
    "shapes",
]
