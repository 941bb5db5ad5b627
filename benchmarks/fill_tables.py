"""Fill a page with measured figures: between `<!-- figures: NAME -->` and `<!-- end -->`.

    python benchmarks/fill_tables.py docs/performance.md against_pytorch.json peers.json bench.json

Each JSON file is one of against_pytorch.py, of cliffs.py, of against_peers.py, or of
`nnscratch bench --json`; its contents tell which. The text between the marks is replaced.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

MARKS = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def against_pytorch(record: dict) -> str:
    """Milliseconds (memory: MiB), and the ratio to the faster of PyTorch's layouts."""
    sides = ("ours", "torch", "torch channels last")
    rows = [
        [name, *(amount(name, row.get(side)) for side in sides), f"**{row['ratio']:.2f}**"]
        for name, row in record.items()
        if "ratio" in row
    ]
    head = ("work, in ms", "nnscratch", "PyTorch", "PyTorch, channels last", "ratio")
    errors = [f"\n{name}: {row['error']:.1e}\n" for name, row in record.items() if "error" in row]
    return about(record["machine"]) + table(head, rows) + "".join(errors)


def cliffs(record: dict) -> str:
    """Milliseconds on one thread, and the ratio."""
    rows = [
        [name, amount(name, row["ours"]), amount(name, row["torch"]), f"**{row['ratio']:.2f}**"]
        for name, row in record.items()
        if "ratio" in row
    ]
    head = ("work, in ms", "nnscratch", "PyTorch", "ratio")
    return about(record["machine"]) + table(head, rows)


def against_peers(record: dict) -> str:
    """Milliseconds, and how many times those of nnscratch."""
    peers = record["machine"]["peers"]
    rows = []
    for name, row in record.items():
        if name != "machine":
            ours = row["nnscratch"]
            cells = [
                f"{amount(name, row[p])} ({row[p] / ours:.1f}×)" if p in row else "–" for p in peers
            ]
            rows.append([name, f"**{amount(name, ours)}**", *cells])
    head = ("work, in ms", "nnscratch", *(f"{peer} {version}" for peer, version in peers.items()))
    return about(record["machine"]) + table(head, rows)


def bench(record: dict) -> str:
    """One line for each convolution and direction: every algorithm, the one taken in bold."""
    names = list(dict.fromkeys(row["algorithm"] for row in record["rows"]))
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for row in record["rows"]:
        text = f"{row['milliseconds']:.2f} ms, {row['share']:.0%}, {row['error']:.0e}"
        line = lines.setdefault((row["shape"], row["direction"]), {})
        line[row["algorithm"]] = f"**{text}**" if row["chosen"] else text
    rows = [
        [f"`{shape}` {direction}", *(line.get(name, "–") for name in names)]
        for (shape, direction), line in lines.items()
    ]
    machine = record["machine"]
    limits = f"{machine['gflops']:.0f} GFLOP/s, {machine['gigabytes']:.0f} GB/s"
    return about(machine, limits) + table(("convolution", *names), rows)


KINDS: dict[str, tuple[str, Callable[[dict], str]]] = {  # by what only its machine tells
    "rows": ("cliffs", cliffs),
    "torch": ("against_pytorch", against_pytorch),
    "peers": ("against_peers", against_peers),
    "gigabytes": ("bench", bench),
}


def about(machine: dict, *more: str) -> str:
    versions = [f"NumPy {machine['numpy']}"]
    versions += [f"PyTorch {machine['torch']}"] if "torch" in machine else []
    facts = (machine["processor"], f"{machine['threads']} threads", *versions, *more)
    return f"*{', '.join(facts)}*\n\n"


def amount(name: str, value: float | None) -> str:
    """MiB where `name` speaks of memory, else seconds as milliseconds with three digits."""
    if value is None:
        return "–"
    if "memory" in name:
        return f"{value:.0f} MiB"
    return f"{1000 * value:.{2 if value < 0.01 else 1 if value < 0.1 else 0}f}"


def tables(paths: Iterable[str]) -> dict[str, str]:
    """NAME -> what belongs between its marks."""
    found = {}
    for path in paths:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        machine = record.get("machine", {})
        kind = next((kind for key, kind in KINDS.items() if key in machine), None)
        if kind is None:
            names = ", ".join(name for name, _ in KINDS.values())
            raise SystemExit(f"{path}: expected the figures of one of {names}")
        name, make = kind
        found[name] = make(record)
    return found


def fill(page: str, found: dict[str, str]) -> str:
    missing = set(found) - {match[2] for match in MARKS.finditer(page)}
    if missing:
        raise SystemExit(f"the page has no place for {', '.join(sorted(missing))}")

    def place(match: re.Match) -> str:
        return match[1] + found[match[2]] + match[3] if match[2] in found else match[0]

    return MARKS.sub(place, page)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", help="the Markdown file to fill")
    parser.add_argument("figures", metavar="JSON", nargs="+")
    options = parser.parse_args()
    page = Path(options.page)
    filled = fill(page.read_text(encoding="utf-8"), tables(options.figures))
    page.write_text(filled, encoding="utf-8")


if __name__ == "__main__":
    main()
