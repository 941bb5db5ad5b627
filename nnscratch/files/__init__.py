"""Safe files: atomic writes, checked paths, and files of named arrays read without trust.

Stands on NumPy and, for .safetensors, that library.
"""

# fmt: off

from nnscratch.files.arrays import (
    ArrayFile, LazyArrays, check_card, check_suffix, open_arrays, write_arrays, write_npz,
)
from nnscratch.files.locking import locked
from nnscratch.files.reading import as_path, check_file
from nnscratch.files.writing import check_apart, check_place, make_folder, replacing, write_text
