"""The settings of a style transfer, stored in the PNG of its result so that it can be repeated.

Stands on `data.images`, which reads and writes text in a PNG. The settings are JSON under one
keyword: input files with their SHA-256, objective, settings, and a fingerprint of the network.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import nnscratch
from nnscratch.data.images import read_picture
from nnscratch.nn import Module
from nnscratch.weights import fetching

KEY = "nnscratch:style"
VERSION = 1


@dataclass(frozen=True)
class Source:
    """An input file: its path as the user gave it, and SHA-256 of its bytes in hex."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Record:
    """All that is needed to repeat a transfer.

    inputs: files by use: content, styles, masks, weights;
    objective, settings, options: values by name, of the dataclasses and of the command;
    network: its `network_fingerprint`; program: the version of nnscratch
    """

    inputs: dict[str, list[Source]]
    objective: dict[str, Any]
    settings: dict[str, Any]
    network: str
    options: dict[str, Any] = field(default_factory=dict)
    program: str = nnscratch.__version__


# -- writing --------------------------------------------------------------------------------------


def record(inputs, objective, settings, network: Module, options=None) -> Record:
    """The record of a run: {use: paths}, two dataclasses or mappings, the network, {option: value}.

    Raises ValueError if a file cannot be read.
    """
    sources = {use: [source(path) for path in paths] for use, paths in inputs.items()}
    values = _as_dict(objective), _as_dict(settings)
    return Record(sources, *values, network_fingerprint(network), dict(options or {}))


def source(path: str | os.PathLike) -> Source:
    """The path and SHA-256 of a file. Raises ValueError if it cannot be read."""
    try:
        return Source(os.fspath(path), fetching.sha256(fetching.locate(os.fspath(path))))
    except OSError as error:
        raise ValueError(f"cannot read '{path}': {error.strerror}") from error


def network_fingerprint(network: Module) -> str:
    """SHA-256 in hex of all that features depend on: layers, their settings, weights.

    Equal numbers give equal fingerprints, whatever file they come from. float32 and float64 of the
    same numbers differ, and so do poolings and paddings.
    """
    digest = hashlib.sha256()
    for name, module in network.named_modules():
        settings = {k: v for k, v in sorted(vars(module).items()) if _is_setting(k, v)}
        digest.update(f"{name} {type(module).__name__} {settings}\n".encode())
    for name, value in network.state_dict().items():
        array = value.numpy()
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def to_text(record: Record) -> dict[str, str]:
    """A record for `save_image(path, image, text=to_text(record))`.

    Raises TypeError for values that JSON does not have, ValueError for NaN and infinity.
    """
    content = {"version": VERSION, **dataclasses.asdict(record)}
    return {KEY: json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True)}


def _as_dict(values: Any) -> dict[str, Any]:
    return dict(values) if isinstance(values, Mapping) else dataclasses.asdict(values)


def _is_setting(name: str, value: Any) -> bool:
    """Whether a module's attribute is a plain value or a dataclass, and not its mode."""
    simple = isinstance(value, (bool, int, float, str, tuple, type(None)))
    return name != "training" and (simple or dataclasses.is_dataclass(value))


# -- reading --------------------------------------------------------------------------------------


def read_settings(path: str | os.PathLike) -> Record:
    """The record in a PNG; `find_inputs` checks the files that it names.

    Raises ValueError if there is no readable picture, or if it stores no settings, broken ones or
    those of another version.
    """
    text = read_picture(path).text.get(KEY)
    if text is None:
        raise ValueError(
            f"read_settings: expected a PNG that nnscratch style wrote, got '{path}' without "
            "settings; programs that edit or send pictures often drop them"
        )
    broken = ValueError(
        f"read_settings: expected settings that nnscratch style wrote, got broken ones in '{path}'"
    )
    try:
        content = json.loads(text)
        version = content.pop("version")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise broken from error
    if version != VERSION:
        raise ValueError(
            f"read_settings: expected settings of version {VERSION}, got {version!r} in '{path}'; "
            f"nnscratch {content.get('program')!r} wrote it and can read it"
        )
    try:
        inputs = {use: [Source(**x) for x in files] for use, files in content.pop("inputs").items()}
        record = Record(inputs, **content)
    except (KeyError, TypeError, AttributeError) as error:
        raise broken from error
    if not _has_right_types(record):
        raise broken
    return record


def _has_right_types(record: Record) -> bool:
    sources = [source for group in record.inputs.values() for source in group]
    texts = [record.network, record.program]
    texts += [text for source in sources for text in (source.path, source.sha256)]
    groups = (record.objective, record.settings, record.options)
    return all(isinstance(x, str) for x in texts) and all(isinstance(x, dict) for x in groups)


def find_inputs(record: Record, result: str | os.PathLike) -> dict[str, list[Path]]:
    """The files of a record, unchanged: {use: paths}.

    Each is looked for at its path, from the working folder and from the folder of `result`, and by
    its name beside `result`; the first with the recorded SHA-256 is taken.
    Raises ValueError, naming the file, if there is none or all are changed.
    """
    folder = Path(result).parent
    return {use: [_find(s, folder) for s in sources] for use, sources in record.inputs.items()}


def _find(wanted: Source, folder: Path) -> Path:
    path = Path(wanted.path)
    places = [p for p in (path, folder / path, folder / path.name) if p.is_file()]
    if not places and wanted.path in fetching.FILES:
        places = [path]  # the name of a fetched file, which `source` locates
    for place in places:
        if source(place).sha256 == wanted.sha256:
            return place
    if places:
        raise ValueError(
            f"rerun: expected '{places[0]}' as it was, got a changed file (SHA-256 "
            f"{source(places[0]).sha256[:12]}…, recorded {wanted.sha256[:12]}…); bring the old one "
            "back, or start a new run with it"
        )
    raise ValueError(f"rerun: expected '{path}', got no file; put it there or beside the result")


def check_network(record: Record, network: Module) -> None:
    """Raise ValueError unless `network` is the one of the record."""
    fingerprint = network_fingerprint(network)
    if fingerprint != record.network:
        raise ValueError(
            f"rerun: expected the network {record.network[:12]}…, got {fingerprint[:12]}…; name "
            "the same weights, pooling and padding, or use nnscratch "
            f"{record.program!r}, which wrote this"
        )


def rebuild(kind: Any, values: Mapping[str, Any]) -> Any:
    """A dataclass of type `kind` from a record's values; lists become tuples again.

    Raises ValueError for a name that `kind` does not have, or a value that it refuses.
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
