"""Safe files: atomic writes, checked paths, and files of named arrays read without trust.

Stands on NumPy and, for .safetensors, that library.
"""

from nnscratch.files.arrays import (
    ArrayFile,
    LazyArrays,
    check_card,
    check_suffix,
    open_arrays,
    write_arrays,
    write_npz,
)
from nnscratch.files.reading import as_path, check_file
from nnscratch.files.writing import check_apart, check_place, make_folder, replacing, write_text

__all__ = [
    "ArrayFile",
    "LazyArrays",
    "as_path",
    "check_apart",
    "check_card",
    "check_file",
    "check_place",
    "check_suffix",
    "make_folder",
    "open_arrays",
    "replacing",
    "write_arrays",
    "write_npz",
    "write_text",
]
