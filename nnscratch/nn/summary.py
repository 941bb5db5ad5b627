"""The table of a network: what comes out of each layer, what it costs, what it sees.

Stands on `module` and `shapes`: the network runs on shapes, so no number is computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nnscratch.autograd import no_grad
from nnscratch.kernels import choosing
from nnscratch.nn import module as modules
from nnscratch.nn import shapes
from nnscratch.nn.module import Module
from nnscratch.nn.shapes import Field, Meter, ShapeOnly
from nnscratch.tensor import Tensor


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


@dataclass(frozen=True)
class Summary:
    """The rows of `summary`; printing it gives the table."""

    rows: tuple[Row, ...]
    parameters: int
    multiply_adds: int

    def __str__(self) -> str:
        heads = ("layer", "kind", "output", "parameters", "multiply-adds", "sees", "jump")
        lines = [heads, *map(_cells, self.rows)]
        total = ("total", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", "", "")
        widths = [max(len(line[i]) for line in [*lines, total]) for i in range(len(heads))]
        rule = "-" * (sum(widths) + 2 * len(widths) - 2)
        text = [_aligned(line, widths) for line in lines]
        return "\n".join([text[0], rule, *text[1:], rule, _aligned(total, widths)])


def summary(model: Module, input_shape: Sequence[int]) -> Summary:
    """Output shape, parameters, multiply-adds, receptive field and jump of each layer.

    input_shape: (N, C, *size). No data runs through the model.
    Parameters that two layers share are counted in the total once.
    """
    meter, rows = Meter(), []
    counted = 0

    def record(layer: Module, output: Any) -> None:
        nonlocal counted
        if any(True for _ in layer.named_children()) or not isinstance(output, Tensor):
            return
        data = output.data
        field = data.field if isinstance(data, ShapeOnly) else None
        size = sum(p.size for p in layer.parameters())
        cost, counted = meter.multiply_adds - counted, meter.multiply_adds
        rows.append(
            Row(
                names.get(layer, ""),
                type(layer).__name__,
                data.shape,
                size,
                cost,
                None if field is None else field.size,
                None if field is None else field.jump,
            )
        )

    names = {layer: name for name, layer in model.named_modules()}
    modes = {layer: layer.training for layer in model.modules()}
    modules._observers.append(record)
    try:
        model.eval()  # running statistics must not move
        with no_grad(), choosing(shapes.choose):
            model(Tensor(_input(model, tuple(input_shape), meter)))
    finally:
        modules._observers.remove(record)
        for layer, mode in modes.items():
            layer.training = mode
    return Summary(tuple(rows), sum(p.size for p in model.parameters()), meter.multiply_adds)


def _input(model: Module, shape: tuple[int, ...], meter: Meter) -> ShapeOnly:
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
        cell.ljust(width) if i < 3 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
