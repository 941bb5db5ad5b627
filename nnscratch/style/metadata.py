"""How a result came about, kept in its own PNG, so that it can be made again.

Stands on `data.images` for the notes in a PNG. The settings are JSON under one keyword: what was
read, with SHA-256 of each file, what was wanted, and which network looked.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

import nnscratch
from nnscratch.data.images import read_picture
from nnscratch.nn import Module
from nnscratch.weights import fetching

KEY = "nnscratch:style"
VERSION = 1

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


@dataclass(frozen=True)
class Source:
    """A file that went in: its path as the user gave it, and SHA-256 of its bytes in hex."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Record:
    """What it takes to make a result again.

    inputs: files by what they are for, such as content, styles, masks, weights;
    objective, settings, options: values by name, of the dataclasses and of the command;
    network: `fingerprint`; program: nnscratch's version
    """

    inputs: dict[str, list[Source]]
    objective: dict[str, Any]
    settings: dict[str, Any]
    network: str
    options: dict[str, Any] = field(default_factory=dict)
    program: str = nnscratch.__version__


# -- writing --------------------------------------------------------------------------------------


def record(
    inputs: Mapping[str, Sequence[str | os.PathLike]],
    objective: Any,
    settings: Any,
    network: Module,
    options: Mapping[str, Any] | None = None,
) -> Record:
    """The record of a run: paths by what they are for, two dataclasses or mappings, the network.

    Raises ValueError if a file cannot be read.
    """
    sources = {use: [source(path) for path in paths] for use, paths in inputs.items()}
    return Record(
        sources, _plain(objective), _plain(settings), fingerprint(network), dict(options or {})
    )


def source(path: str | os.PathLike) -> Source:
    """A file as it is now, called as the user calls it. Raises ValueError if it cannot be read."""
    try:
        with open(fetching.locate(os.fspath(path)), "rb") as file:
            return Source(os.fspath(path), hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise ValueError(f"cannot read '{path}': {error.strerror}") from error


def fingerprint(network: Module) -> str:
    """SHA-256 in hex of all that a network's features depend on: its layers, settings, weights.

    Equal numbers give an equal fingerprint, from whatever file they came; float32 and float64 of
    the same numbers differ, as do poolings and paddings.
    """
    digest = hashlib.sha256()
    for name, module in network.named_modules():
        settings = {k: v for k, v in sorted(vars(module).items()) if _matters(k, v)}
        digest.update(f"{name} {type(module).__name__} {settings}\n".encode())
    for name, value in network.state_dict().items():
        array = value.numpy()
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def to_text(made: Record) -> dict[str, str]:
    """A record as `save_image` takes it: save_image(path, image, text=to_text(record)).

    Raises TypeError for values that JSON does not know, ValueError for NaN and infinity.
    """
    content = {"version": VERSION, **dataclasses.asdict(made)}
    return {KEY: json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True)}


def _plain(values: Any) -> dict[str, Any]:
    return dict(values) if isinstance(values, Mapping) else dataclasses.asdict(values)


def _matters(name: str, value: Any) -> bool:
    """Whether a module's attribute is a setting of it: a plain value or a dataclass of such."""
    simple = isinstance(value, (bool, int, float, str, tuple, type(None)))
    return name != "training" and (simple or dataclasses.is_dataclass(value))


# -- reading --------------------------------------------------------------------------------------


def read_settings(path: str | os.PathLike) -> Record:
    """The record in a PNG. The files it names are not looked at: see `find_inputs`.

    Raises ValueError if there is no readable picture, if it holds no settings, broken ones, or
    those of another version.
    """
    text = read_picture(path).text.get(KEY)
    if text is None:
        raise ValueError(
            f"read_settings: expected a PNG that nnscratch style wrote, got '{path}' without "
            "settings; programs that edit or send pictures often drop them"
        )
    try:
        content = json.loads(text)
        version = content.pop("version")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _broken(path) from error
    if version != VERSION:
        raise ValueError(
            f"read_settings: expected settings of version {VERSION}, got {version!r} in '{path}'; "
            f"nnscratch {content.get('program')!r} wrote it and can read it"
        )
    return _checked(path, content)


def _checked(path: str | os.PathLike, content: dict[str, Any]) -> Record:
    try:
        found = {
            use: [Source(**given) for given in sources]
            for use, sources in content.pop("inputs").items()
        }
        made = Record(found, **content)
    except (KeyError, TypeError, AttributeError) as error:
        raise _broken(path) from error
    texts = [made.network, made.program]
    texts += [text for given in found.values() for s in given for text in (s.path, s.sha256)]
    groups = (made.objective, made.settings, made.options)
    if not all(isinstance(x, str) for x in texts) or not all(isinstance(x, dict) for x in groups):
        raise _broken(path)
    return made


def _broken(path: str | os.PathLike) -> ValueError:
    return ValueError(
        f"read_settings: expected settings that nnscratch style wrote, got broken ones in '{path}'"
    )


def find_inputs(made: Record, result: str | os.PathLike) -> dict[str, list[Path]]:
    """The files that a record names, unchanged: {use: paths}.

    Each is looked for where its path says, from the working folder and from the folder of
    `result`, and by its name beside `result`; the first of the recorded bytes counts.
    Raises ValueError, naming the file, if none is there or all are changed.
    """
    folder = Path(result).parent
    return {use: [_find(s, folder) for s in sources] for use, sources in made.inputs.items()}


def _find(wanted: Source, folder: Path) -> Path:
    path = Path(wanted.path)
    there = [p for p in (path, folder / path, folder / path.name) if p.is_file()]
    if not there and wanted.path in fetching.FILES:
        there = [path]  # a name: `source` knows where its file is, or how to fetch it
    for place in there:
        if source(place).sha256 == wanted.sha256:
            return place
    if there:
        raise ValueError(
            f"rerun: expected '{there[0]}' as it was, got a changed file (SHA-256 "
            f"{source(there[0]).sha256[:12]}…, recorded {wanted.sha256[:12]}…); bring the old one "
            "back, or start a new run with it"
        )
    raise ValueError(
        f"rerun: expected '{path}', got no such file; put it there or beside the result"
    )


def check_network(made: Record, network: Module) -> None:
    """Raise ValueError unless `network` is the one that was used."""
    found = fingerprint(network)
    if found != made.network:
        raise ValueError(
            f"rerun: expected the network {made.network[:12]}…, got {found[:12]}…; name the same "
            f"weights, pooling and padding, or use nnscratch {made.program!r}, which wrote this"
        )


def rebuild(kind: type[T], values: Mapping[str, Any]) -> T:
    """A dataclass from a record's values: lists become the tuples that they were.

    Raises ValueError if there is a name that `kind` does not have, or a value it refuses.
    """
    names = {item.name for item in dataclasses.fields(kind)}
    if unknown := sorted(values.keys() - names):
        raise ValueError(
            f"rebuild: expected fields of {kind.__name__}, got {', '.join(unknown)} as well; "
            "another nnscratch wrote them"
        )
    return kind(**{name: _tuples(value) for name, value in values.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
