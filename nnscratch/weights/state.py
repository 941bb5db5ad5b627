"""The weights of a Module in a file and back.

Stands on `files`. A file names its kind and version; one of another program, which does not, is
accepted if its names and shapes agree.
"""

import os
from typing import Any

from nnscratch.files import check_card, open_arrays, write_arrays

KIND, VERSION = "state_dict", 1


def save_state(module: Any, path: str | os.PathLike, caller: str = "save_state") -> None:
    """Write the parameters and buffers of a Module to .npz or .safetensors, all or nothing."""
    _check_module(module, "state_dict", caller)
    arrays = {name: value.numpy() for name, value in module.state_dict().items()}
    write_arrays(path, arrays, {"kind": KIND, "version": VERSION}, caller)


def load_state(
    module: Any, path: str | os.PathLike, caller: str = "load_state", strict: bool = True
) -> Any:
    """Load what `save_state` wrote; names and shapes must agree, or nothing changes.

    strict: False loads the names that agree; the result lists the others (Module.load_state_dict)
    Raises ValueError that says how they differ, or what else is wrong with the file.
    """
    _check_module(module, "load_state_dict", caller)
    with open_arrays(path, caller, "save it anew, as .npz or .safetensors") as arrays:
        if arrays.card is not None:
            check_card(arrays.card, KIND, VERSION, f"{caller}: '{path}'")
        state = dict(arrays)
    try:
        return module.load_state_dict(state, strict)
    except ValueError as error:
        report = str(error).removeprefix("load_state_dict: ")
        raise ValueError(f"{caller}: '{path}' does not fit: {report}") from error


def _check_module(module: Any, method: str, caller: str) -> None:
    if not hasattr(module, method):
        raise TypeError(
            f"{caller}: expected a Module, got {type(module).__name__}; the module comes first, "
            "then the path"
        )
