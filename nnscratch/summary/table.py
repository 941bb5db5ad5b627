"""The rows of a network's table, and how they are printed.

Stands on `shapes`: the network runs on shapes, so no number is computed. It may be any tree of
modules that has hooks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nnscratch import notebook
from nnscratch.autograd import no_grad
from nnscratch.kernels import choosing
from nnscratch.summary import shapes
from nnscratch.summary.shapes import Field, Meter, ShapeOnly
from nnscratch.tensor import Tensor

HEADS = ("layer", "kind", "output", "parameters", "multiply-adds", "sees", "jump")
LEFT = 3  # columns of text; the others are numbers


@dataclass(frozen=True)
class Row:
    """One layer. receptive_field and jump in pixels per axis; None: it sees all of the input."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    receptive_field: tuple[int, ...] | None
    jump: tuple[int, ...] | None


@dataclass(frozen=True, repr=False)
class Summary:
    """The rows of `summary`; printing it, or a notebook that shows it, gives the table."""

    rows: tuple[Row, ...]
    parameters: int
    multiply_adds: int

    def _lines(self) -> list[tuple[str, ...]]:
        total = ("total", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", "", "")
        return [HEADS, *map(_cells, self.rows), total]

    def __repr__(self) -> str:
        lines = self._lines()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rule = "-" * (sum(widths) + 2 * len(widths) - 2)
        heads, *rows, total = (_aligned(line, widths) for line in lines)
        return "\n".join([heads, rule, *rows, rule, total])

    def _repr_html_(self) -> str:
        heads, *rows = self._lines()
        return notebook.table(heads, rows, LEFT)


def summary(model: Any, input_shape: Sequence[int]) -> Summary:
    """Output shape, parameters, multiply-adds, receptive field and jump of each layer.

    input_shape: (N, C, *size). No data runs through the model.
    Parameters that two layers share are counted in the total once.
    """
    meter = Meter()
    rows: list[Row] = []
    names = {layer: name for name, layer in model.named_modules()}

    def record(layer: Any, inputs: tuple, output: Any) -> None:
        if not isinstance(output, Tensor):
            return
        field = getattr(output.data, "field", None)
        rows.append(
            Row(
                names[layer],
                type(layer).__name__,
                output.shape,
                sum(p.size for p in layer.parameters()),
                meter.multiply_adds - sum(row.multiply_adds for row in rows),
                field and field.size,
                field and field.jump,
            )
        )

    leaves = [layer for layer in names if not any(True for _ in layer.named_children())]
    removals = [layer.register_forward_hook(record) for layer in leaves]
    try:
        with model.evaluating(), no_grad(), choosing(shapes.choose):  # no statistics may move
            model(Tensor(_input(model, tuple(input_shape), meter)))
    finally:
        for remove in removals:
            remove()
    return Summary(tuple(rows), sum(p.size for p in model.parameters()), meter.multiply_adds)


def _input(model: Any, shape: tuple[int, ...], meter: Meter) -> ShapeOnly:
    if not shape or any(not isinstance(n, int) or n < 1 for n in shape):
        raise ValueError(f"summary: expected input_shape as positive ints (N, C, ...), got {shape}")
    first = next(model.parameters(), None)
    axes = max(len(shape) - 2, 0)
    return ShapeOnly(
        shape, "float32" if first is None else first.dtype, Field((1,) * axes, (1,) * axes), meter
    )


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        row.kind,
        str(row.output_shape),
        f"{row.parameters:,}",
        f"{row.multiply_adds:,}",
        _pixels(row.receptive_field, "all"),
        _pixels(row.jump, ""),
    )


def _pixels(values: tuple[int, ...] | None, otherwise: str) -> str:
    """(3, 3) -> 3, (1, 3) -> 1x3."""
    if not values:
        return otherwise
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    """The first three columns to the left, numbers to the right."""
    padded = [
        cell.ljust(width) if i < LEFT else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
