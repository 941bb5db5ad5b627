"""The sliding window: which inputs an output sees, in any number of dimensions.

Stands on `backend` alone; convolution and pooling are loops over what `Window.views` yields.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from nnscratch.backend import Array, array_module

Size = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
PADDINGS = ("same", "valid")


@dataclass(frozen=True)
class Window:
    """Output position p sees input position p·stride + offset·dilation − before.

    size: kernel size per axis; padding: (before, after) per axis; dilation 1 means no gaps
    """

    size: Size
    stride: Size
    padding: Pairs
    dilation: Size

    @property
    def span(self) -> Size:
        """How many inputs lie between the first and the last one seen, both included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.size, self.dilation, strict=True))

    def padded_size(self, in_size: Size) -> Size:
        return tuple(n + a + b for n, (a, b) in zip(in_size, self.padding, strict=True))

    def out_size(self, in_size: Size) -> Size:
        """floor((in + before + after − span) / stride) + 1 per axis."""
        axes = zip(self.padded_size(in_size), self.span, self.stride, strict=True)
        return tuple((n - span) // s + 1 for n, span, s in axes)

    def in_size(self, out_size: Size) -> Size:
        """The smallest input that has `out_size` outputs: out_size the other way round."""
        axes = zip(out_size, self.stride, self.span, self.padding, strict=True)
        return tuple((n - 1) * s + span - before - after for n, s, span, (before, after) in axes)

    def covering(self, in_size: Size) -> "Window":
        """The same window with more padding behind, so that no input is left over (ceil_mode).

        A window that would start in that padding is left out, as in PyTorch.
        """
        padding = []
        for n, span, s, (before, after) in zip(
            in_size, self.span, self.stride, self.padding, strict=True
        ):
            last = -((span - n - before - after) // s)  # number of the last window: rounded up
            if last * s >= n + before:
                last -= 1
            padding.append((before, max(after, last * s + span - n - before)))
        return replace(self, padding=tuple(padding))

    def check(self, caller: str, in_size: Size) -> None:
        """Raise ValueError unless the window fits into the padded input."""
        padded = self.padded_size(in_size)
        if any(n < span for n, span in zip(padded, self.span, strict=True)):
            raise ValueError(
                f"{caller}: the kernel is larger than the padded input: kernel {self.size} with "
                f"dilation {self.dilation} spans {self.span}, input {tuple(in_size)} with padding "
                f"{self.padding} is {padded}; use a smaller kernel or more padding"
            )

    def sees_padding_only(self, in_size: Size) -> bool:
        """Whether some output sees no input: the inputs lie in the gaps of its window."""
        starts = zip(self.out_size(in_size), self.stride, self.padding, strict=True)
        windows = zip(starts, self.size, self.dilation, in_size, strict=True)
        return any(
            not any(0 <= p * s - before + j * d < n for j in range(k))
            for (outputs, s, (before, _)), k, d, n in windows
            for p in range(outputs)
        )

    def views(self, out_size: Size) -> Iterator[tuple[Size, tuple]]:
        """For each kernel offset the slices of the padded input that all outputs see through it."""
        for offset in itertools.product(*map(range, self.size)):
            axes = zip(offset, self.dilation, self.stride, out_size, strict=True)
            yield offset, (..., *(slice(o * d, o * d + s * (n - 1) + 1, s) for o, d, s, n in axes))

    def crop(self, in_size: Size) -> tuple:
        """The slices that take the padding off again."""
        axes = zip(self.padding, in_size, strict=True)
        return (..., *(slice(before, before + n) for (before, _), n in axes))


def window(
    caller: str, ndim: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> Window:
    """A Window over `ndim` axes; each value an int or one int per axis.

    padding: also "same" (stride 1 only), "valid" or pairs ((before, after), ...)
    """
    size = as_tuple(caller, "kernel_size", kernel_size, ndim, least=1)
    steps = as_tuple(caller, "stride", stride, ndim, least=1)
    gaps = as_tuple(caller, "dilation", dilation, ndim, least=1)
    return Window(size, steps, _padding(caller, padding, size, steps, gaps), gaps)


def _padding(caller: str, padding: Any, size: Size, stride: Size, dilation: Size) -> Pairs:
    if padding == "valid":
        return ((0, 0),) * len(size)
    if padding == "same":
        if any(s != 1 for s in stride):
            raise ValueError(f'{caller}: padding "same" needs stride 1, got {stride}')
        totals = [d * (k - 1) for k, d in zip(size, dilation, strict=True)]
        return tuple((t // 2, t - t // 2) for t in totals)
    if isinstance(padding, str):
        raise ValueError(
            f"{caller}: expected padding as an int, ints, pairs or one of {PADDINGS}, "
            f"got {padding!r}"
        )
    if isinstance(padding, (tuple, list)) and any(isinstance(p, (tuple, list)) for p in padding):
        if len(padding) != len(size):
            raise ValueError(
                f"{caller}: expected {len(size)} pairs (before, after) as padding, got {padding}"
            )
        pairs = (as_tuple(caller, "padding", pair, 2) for pair in padding)
        return tuple((before, after) for before, after in pairs)
    return tuple((p, p) for p in as_tuple(caller, "padding", padding, len(size)))


def as_tuple(caller: str, name: str, value: Any, length: int, least: int = 0) -> Size:
    """`value`, an int or a sequence of `length` ints of at least `least`, as a tuple."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * length
    whole = all(hasattr(v, "__index__") and not isinstance(v, bool) for v in values)
    if len(values) != length or not whole or any(v < least for v in values):
        raise ValueError(
            f"{caller}: expected {name} as an int or {length} ints, each at least {least}, "
            f"got {value!r}"
        )
    return tuple(int(v) for v in values)


def pad(x: Array, padding: Pairs, value: float = 0) -> Array:
    """x (N, C, *size) with `value` around it -> (N, C, *padded_size); x itself if there is none."""
    if not any(map(any, padding)):
        return x
    xp = array_module(x)
    size = tuple(n + a + b for n, (a, b) in zip(x.shape[2:], padding, strict=True))
    padded = xp.full(x.shape[:2] + size, value, dtype=x.dtype)
    axes = zip(x.shape[2:], padding, strict=True)
    padded[(..., *(slice(before, before + n) for n, (before, _) in axes))] = x
    return padded
