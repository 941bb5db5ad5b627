"""Reverse-mode differentiation: the graph, and the way back through it.

Stands on `kernels` for the order of gradients in memory, and otherwise on nothing; `tensor` stands
on this page.

    numbers --> Tensor --> ... --> Tensor --> scalar.backward()

An operation records a `Node` with one edge `(input, vjp)` for each input. `vjp(g)` takes the
gradient g of the output and returns the gradient of that input (a vector-Jacobian product);
`vjp(g, y)` takes the output y as well. `gradients` walks the edges once, the youngest node first:
an output is younger than its inputs, so by then its own gradient is complete. Each vjp is written
in Tensor operations, so the result can be differentiated again.
"""

import contextlib
import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from types import FunctionType
from typing import Any

from nnscratch import kernels
from nnscratch.backend import Array, array_module


class _Mode(threading.local):
    recording = True  # each thread has its own


_mode = _Mode()
_clock = itertools.count()


@contextlib.contextmanager
def _recording(on: bool) -> Iterator[None]:
    before, _mode.recording = _mode.recording, on
    try:
        yield
    finally:
        _mode.recording = before


def no_grad() -> "contextlib._GeneratorContextManager[None]":
    """Within this block (or function, as a decorator) operations record nothing."""
    return _recording(False)


def enable_grad() -> "contextlib._GeneratorContextManager[None]":
    """Within this block operations record nodes, also inside a no_grad block."""
    return _recording(True)


class Node:
    """How a value was computed. It holds no numbers but those that a vjp asks for.

    shape, dtype, strides: of the value; its gradient gets the same
    edges: (node of the input, vjp, whether the vjp takes the output); None once freed
    output: the value, if a vjp takes it
    leaf: of a leaf, a weak reference to the Tensor, whose data may be replaced by others
    """

    __slots__ = ("op", "shape", "dtype", "strides", "edges", "output", "leaf", "age")

    edges: "list[Edge] | None"

    def __init__(self, op: str, data: Array, edges: "list[Edge]", output: Array | None = None):
        self.op, self.edges, self.output = op, edges, output
        self.shape, self.dtype = data.shape, data.dtype
        self.strides = data.strides if data.ndim > 1 else None  # one axis has one order
        self.leaf: weakref.ref | None = None
        self.age = next(_clock)


Edge = tuple[Node, Callable, bool]


def _node(x: Any) -> Node:
    """The node of a Tensor; a leaf gets it when it is first used."""
    if x.node is None:
        x.node = Node("leaf", x.data, [])
        x.node.leaf = weakref.ref(x)
    return x.node


def record(op: str, data: Array, edges: Iterable[tuple[Any, Callable]]) -> Node | None:
    """The node of a new value, or None if no gradient can be asked through it.

    Edges to inputs that need no gradient are dropped: frozen weights cost no gradient work.
    """
    if not _mode.recording:
        return None
    kept, output = [], None
    try:
        for x, vjp in edges:
            if x.requires_grad:
                # vjp(g, y), or a callable that is no plain function
                code = vjp.__code__ if type(vjp) is FunctionType else None
                takes_output = not code or code.co_argcount - len(vjp.__defaults__ or ()) > 1
                if takes_output:
                    output = data
                kept.append((x.node or _node(x), vjp, takes_output))
    except (TypeError, ValueError, AttributeError) as error:
        raise TypeError(
            f"from_op: expected edges (input, vjp) after the data of {op!r}, the input a Tensor: "
            "Tensor.from_op(op, data, (x, lambda g: g * slope))"
        ) from error
    return Node(op, data, kept, output) if kept else None


def backward(output: Any, gradient: Any = None, retain_graph: bool = False) -> None:
    """Add d(output)/d(leaf) to `.grad` of every leaf that requires a gradient.

    gradient: the gradient of `output`, same shape; may be left out where it is one number
    retain_graph: keep the graph for another backward; otherwise it is freed on the way
    """
    if not output.requires_grad:
        raise ValueError(
            "backward: nothing here requires a gradient; "
            "create an input with Tensor(data, requires_grad=True)"
        )
    with _recording(False):
        for node, g in gradients(output, _seed(output, gradient, "backward"), retain_graph):
            leaf: Any = node.leaf and node.leaf()
            if leaf is not None:
                if leaf.grad is None:  # a copy: g may share its array with other gradients
                    leaf.grad = g.from_op("gradient", g.data.copy(order="K"))
                else:
                    leaf.grad = leaf.grad + g


def grad(
    output: Any, inputs: Any, grad_output: Any = None, create_graph: bool = False
) -> tuple[Any, ...]:
    """The gradients of `output` with respect to `inputs`, as a tuple; `.grad` is left alone.

    grad_output: the gradient of `output`, same shape; may be left out where it is one number
    create_graph: make the result differentiable again, for second and higher derivatives

    Differs from PyTorch: an input that `output` does not depend on gets zeros, and the graph is
    kept.
    """
    inputs = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    for i, x in enumerate(inputs):
        if not x.requires_grad:
            raise ValueError(f"grad: input {i} of shape {x.shape} does not require a gradient")
    seed = _seed(output, grad_output, "grad")
    wanted = [_node(x) for x in inputs]
    with _recording(create_graph):
        walk = gradients(output, seed, True, wanted) if output.requires_grad else ()
        found = {node: g for node, g in walk if node in wanted}
    if not create_graph:  # copies, as in backward
        found = {node: g.from_op("gradient", g.data.copy(order="K")) for node, g in found.items()}
    return tuple(
        found[node] if node in found else _zeros_like(x)
        for node, x in zip(wanted, inputs, strict=True)
    )


def _zeros_like(x: Any) -> Any:
    return x.from_op("zeros", array_module(x.data).zeros_like(x.data))


def _seed(output: Any, gradient: Any, caller: str) -> Any:
    """The gradient to start from: 1 for a single number, else what the caller gave."""
    if gradient is None:
        if output.size != 1:
            raise ValueError(
                f"{caller}: expected an output of one element, got shape {output.shape}; "
                "reduce it with .sum() or .mean(), or pass the gradient of the output"
            )
        return output.from_op("seed", array_module(output.data).ones_like(output.data))
    seed = output.constant(gradient)
    if seed.shape != output.shape:
        raise ValueError(
            f"{caller}: expected a gradient of the output's shape {output.shape}, got {seed.shape}"
        )
    return seed


def gradients(
    output: Any, seed: Any, retain_graph: bool, wanted: Sequence[Node] | None = None
) -> Iterator[tuple[Node, Any]]:
    """Each node behind `output` with its complete gradient, the youngest first.

    wanted: follow only edges that lead to one of these
    """
    nodes = _subgraph(_node(output))
    useful = None if wanted is None else _leading_to(wanted, nodes)
    complete = {output.node: _fit(seed, output.node, output.node.op)}
    while nodes:
        node = nodes.pop()
        g = complete.pop(node, None)
        if g is None:
            continue
        yield node, g
        y = None
        if node.output is not None:
            y = output.from_op(node.op, node.output)
            y.node, y.requires_grad = node, True
        for x, vjp, takes_output in node.edges or ():
            if useful is None or x in useful:
                g_x = vjp(g, y) if takes_output else vjp(g)
                if g_x is None:
                    continue
                if type(g_x) is not type(seed):
                    raise TypeError(
                        f"backward: the vjp of {node.op!r} must return a Tensor (or None for no "
                        f"gradient), got {type(g_x).__name__}; compute with Tensor operations"
                    )
                data = g_x.data
                if x.leaf or data.shape != x.shape or data.dtype is not x.dtype or x.strides:
                    g_x = _fit(g_x, x, node.op)
                before = complete.get(x)
                # out of place: two edges may return the same array
                complete[x] = g_x if before is None else before + g_x
        if not retain_graph and node.leaf is None:
            node.edges, node.output = None, None


def _subgraph(output: Node) -> list[Node]:
    """Every node on the way from `output` to its leaves, the oldest first."""
    seen, stack = {output}, [output]
    while stack:
        node = stack.pop()
        if node.edges is None:
            raise ValueError(
                f"backward: the graph behind {node.op!r} {node.shape} was freed by an earlier "
                "backward; pass retain_graph=True to that one, or compute the value again"
            )
        for x, _, _ in node.edges:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return sorted(seen, key=attrgetter("age"))


def _leading_to(wanted: Iterable[Node], nodes: list[Node]) -> set[Node]:
    """Those of `nodes` (the oldest first) through which a gradient reaches one of `wanted`."""
    reached = set(wanted)
    for node in nodes:
        if any(x in reached for x, _, _ in node.edges or ()):
            reached.add(node)
    return reached


def _fit(g: Any, x: Node, op: str) -> Any:
    """The gradient g of input x in the shape, dtype and memory order of x."""
    leaf: Any = x.leaf and x.leaf()
    like: Any = x if leaf is None else leaf.data  # the data of a leaf may have been replaced
    if g.data.shape != like.shape:
        g = _sum_to(g, like.shape, op)
    if g.data.dtype is not like.dtype and g.data.dtype != like.dtype:
        g = g.astype(like.dtype)
    if x.leaf is None and x.strides and g.data.strides != x.strides:
        data = kernels.match_layout(g.data, x.strides)
        g = g if data is g.data else g.from_op("match_layout", data, (g, lambda h: h))
    return g


def _sum_to(g: Any, shape: tuple[int, ...], op: str) -> Any:
    """Sum g over the axes along which an array of `shape` was broadcast."""
    lead = g.ndim - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[lead:], strict=True)):
        raise ValueError(
            f"backward: {op!r} returned a gradient of shape {g.shape} for an input of shape {shape}"
        )
    stretched = tuple(i + lead for i, n in enumerate(shape) if n == 1)
    return g.sum(tuple(range(lead)) + stretched).reshape(shape)
