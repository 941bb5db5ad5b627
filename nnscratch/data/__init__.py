"""Images and datasets: image files, augmentation, generated pictures, digits, shapes and faces.

Stands on NumPy, and on Pillow for image files.
"""

from nnscratch.data.augment import Augment
from nnscratch.data.drawn_pictures import PICTURES
from nnscratch.data.drawn_shapes import digits, shapes
from nnscratch.data.generated_faces import draw_faces, generated_people
from nnscratch.data.images import contact_strip, read_image, resize_image, save_image
from nnscratch.data.people import People, read_people, split_people

__all__ = [
    "PICTURES",
    "Augment",
    "People",
    "contact_strip",
    "digits",
    "draw_faces",
    "generated_people",
    "read_image",
    "read_people",
    "resize_image",
    "save_image",
    "shapes",
    "split_people",
]
