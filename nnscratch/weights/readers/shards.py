"""A network in several files, called shards, which are read together from their index.

Stands on `files`. The index is that of Hugging Face's libraries: a JSON text such as
model.safetensors.index.json, whose weight_map says for each array the shard that holds it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from nnscratch.files import LazyArrays
from nnscratch.weights.readers.contents import Contents, Refused, naming, shown

SUFFIX = ".index.json"
SHARD = re.compile(r"(.+)-(\d+)-of-(\d+)(\.\w+)")  # model-00001-of-00002.safetensors
LARGEST = 64 * 2**20  # bytes of an index
TOGETHER = "fetch the index and all shards into one folder, and give the index"


class ShardedArrays(LazyArrays):
    """The arrays of all shards; each is read from its own on access."""

    def __init__(self, shards: Mapping[str, Mapping[str, np.ndarray]], names: Mapping[str, str]):
        self.shards, self.names = shards, dict(names)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.shards[self.names[name]][name]


def is_index(start: bytes) -> bool:
    """Whether a file that begins with `start` is a JSON text; a safetensors has NUL bytes there."""
    return start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{" and b"\0" not in start[:8]


def read(path: Path, open_shard: Callable[[Path], Contents]) -> Contents:
    """The contents of all shards of an index. Raises ValueError if one is missing or broken."""
    with naming(path):
        names = _weight_map(path)
        missing = [
            name for name in dict.fromkeys(names.values()) if not (path.parent / name).exists()
        ]
        if missing:
            raise Refused(f"lists shards that are not beside it: {_listed(missing)}; fetch them")
    shards = {name: open_shard(path.parent / name) for name in dict.fromkeys(names.values())}
    for array, shard in names.items():
        if array not in shards[shard].arrays:
            raise ValueError(
                f"weights: '{path.parent / shard}' lacks {shown(array)}, which its index "
                f"'{path.name}' says is there; fetch it again"
            )
    kind = next(iter(shards.values())).container
    arrays = ShardedArrays({name: shard.arrays for name, shard in shards.items()}, names)
    return Contents(f"{kind}, {len(shards)} shards", arrays)


def files_of(path: Path) -> list[Path]:
    """The index and its shards. Raises ValueError if it is no index."""
    with naming(path):
        return [path, *(path.parent / name for name in dict.fromkeys(_weight_map(path).values()))]


def _weight_map(path: Path) -> dict[str, str]:
    """{array: shard} of an index. Raises Refused for other texts."""
    if path.stat().st_size > LARGEST:
        raise Refused(f"is a text of more than {LARGEST >> 20} MiB, not an index of weights")
    try:
        index = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"is broken or cut short ({' '.join(str(error).split())}); fetch it again"
        ) from error
    weight_map = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        raise Refused(
            "is a JSON text without a weight_map, so no index of weights; give the file that holds "
            "the weights"
        )
    for shard in weight_map.values():
        if not isinstance(shard, str) or not shard or Path(shard).name != shard or "\\" in shard:
            raise Refused(
                f"names the shard {shown(str(shard))}, expected the name of a file beside it; "
                "fetch it again"
            )
    return weight_map


def check_whole(path: Path) -> None:
    """Raise ValueError, which points to the index, if a file is one of several shards."""
    match = SHARD.fullmatch(path.name)
    part = f"shard {int(match[2])} of {int(match[3])}" if match else "one of several shards"
    if index := next(_indexes_with(path), None):
        remedy = f"give the index, '{index}', with which all are read together"
    elif match and int(match[3]) > 1:
        remedy = f"there is no index '{match[1]}{match[4]}{SUFFIX}' beside it; {TOGETHER}"
    else:
        return
    raise ValueError(f"weights: '{path}' is {part} of a network; {remedy}")


def _indexes_with(path: Path) -> Iterator[Path]:
    """The indexes beside a file that list it among several shards."""
    for index in sorted(path.parent.glob(f"*{SUFFIX}")):
        try:
            shards = set(_weight_map(index).values())
        except (OSError, ValueError):
            continue
        if path.name in shards and len(shards) > 1:
            yield index


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(shown(name) for name in names[:3]) + more
