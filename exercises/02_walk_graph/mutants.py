"""Plausible wrong answers for the backward pass through a graph."""

from collections import deque

from nnscratch.learn import wrong


def _ordered(result):
    """All nodes that result depends on, each after everything computed from it."""
    order, entered, stack = [], set(), [(result, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in entered:
            entered.add(node)
            stack.append((node, True))
            stack += [(source, False) for source, _ in node.edges]
    return order[::-1]


def _clear(nodes):
    for node in nodes:
        if node.edges:
            node.grad = 0.0


def _push(node):
    for source, slope in node.edges:
        source.grad += node.grad * slope


@wrong("backward", hint=2)
def recursive(result):
    """The traversal is recursive, and a long chain is too deep for it.

    Each node of a chain costs one nested call, and Python allows about 1,000 of them. Your order is
    right; find it with a list as a stack.
    """
    order, visited = [], set()

    def visit(node):
        if node not in visited:
            visited.add(node)
            for source, _ in node.edges:
                visit(source)
            order.append(node)

    visit(result)
    _clear(order)
    result.grad = 1.0
    for node in reversed(order):
        _push(node)


@wrong("backward", hint=2)
def every_way_walked(result):
    """Every path through the graph is followed on its own.

    The numbers are right, but a node is visited once for each path that leads to it, and the paths
    double with each x + x. Let a node wait until its gradient is complete, and push once.
    """
    _clear(_ordered(result))
    stack = [(result, 1.0)]
    while stack:
        node, gradient = stack.pop()
        node.grad += gradient
        stack += [(source, gradient * slope) for source, slope in node.edges]


@wrong("backward", hint=2)
def every_way_by_recursion(result):
    """Every path through the graph is followed, by recursion.

    You make one call for each edge of each path. Small graphs come out right, but a long chain is
    too deep for Python, and in x + x the paths double with each step. List the nodes first, each
    once, then push in that order.
    """
    _clear(_ordered(result))

    def visit(node, gradient):
        node.grad += gradient
        for source, slope in node.edges:
            visit(source, gradient * slope)

    visit(result, 1.0)


def _first_come(result, take):
    """Push each node when it is first taken from a list."""
    _clear(_ordered(result))
    result.grad = 1.0
    pushed, queue = set(), deque([result])
    while queue:
        node = take(queue)
        if node not in pushed:
            pushed.add(node)
            _push(node)
            queue.extend(source for source, _ in node.edges)


@wrong("backward", hint=1)
def pushed_when_met(result):
    """A node pushes before its own gradient is complete.

    You search depth first and push a node as soon as you reach it. If another node computed from it
    has not pushed yet, that contribution arrives too late and never reaches its sources.
    """
    _first_come(result, deque.pop)


@wrong("backward", hint=1)
def pushed_by_distance(result):
    """Nodes push by their distance from the result.

    You search breadth first. A node that is one edge away on one path and several on another pushes
    with the contribution of the short path only. The longest path counts: all nodes computed from
    it must have pushed before.
    """
    _first_come(result, deque.popleft)


@wrong("backward", hint=1)
def pushed_when_met_by_recursion(result):
    """A node pushes when the recursion first reaches it.

    Other nodes that were computed from it may not have pushed yet; their contributions come too
    late for its sources. List all nodes first (with a stack, as recursion fails on a long chain),
    then push each after everything computed from it.
    """
    _clear(_ordered(result))
    result.grad, visited = 1.0, set()

    def visit(node):
        visited.add(node)
        _push(node)
        for source, _ in node.edges:
            if source not in visited:
                visit(source)

    visit(result)


@wrong("backward", hint=1)
def pushed_twice(result):
    """A node pushes again each time it is reached.

    At the second arrival it pushes its whole gradient, and the first part of that has been pushed
    already. Each node must push once, when its gradient is complete.
    """
    _clear(_ordered(result))
    result.grad, stack = 1.0, [result]
    while stack:
        node = stack.pop()
        _push(node)
        stack += [source for source, _ in node.edges]


@wrong("backward", hint=1)
def pushed_twice_by_recursion(result):
    """After each push the recursion continues from the source.

    A node that is reached twice pushes twice, and the second time its whole gradient, with the part
    that it has pushed already. Also, a long chain is too deep for recursion. Find the order first,
    then let each node push once.
    """
    _clear(_ordered(result))
    result.grad = 1.0

    def visit(node):
        for source, slope in node.edges:
            source.grad += node.grad * slope
            visit(source)

    visit(result)


@wrong("backward", hint=3)
def inner_gradients_kept(result):
    """Inner nodes keep the gradient of the previous call.

    In a second call they push the old gradient again, together with the new one. Before you push,
    set the grad of every node that has edges to 0.
    """
    order = _ordered(result)
    result.grad = 1.0
    for node in order:
        _push(node)


@wrong("backward", hint=3)
def seed_added(result):
    """The result starts from its old gradient plus 1.

    d(result)/d(result) is always 1. In a second call yours is 2, and all gradients are doubled:
    write result.grad = 1.0, not +=.
    """
    order = _ordered(result)
    _clear(node for node in order if node is not result)
    result.grad += 1.0
    for node in order:
        _push(node)


@wrong("backward", hint=3)
def leaves_reset(result):
    """Leaves are set to 0 before the traversal.

    Two results may depend on one leaf, such as a shared weight; its gradient is the sum over both.
    Only nodes with edges start at 0.
    """
    order = _ordered(result)
    for node in order:
        node.grad = 0.0
    result.grad = 1.0
    for node in order:
        _push(node)


@wrong("backward", hint=2)
def marks_stay(result):
    """Nodes visited in one call count as done in the next.

    A mark on the node, or a set that outlives the call (a default argument, a global), still says
    "visited" in the second call, which then skips the node. Begin each call with a new set.
    """
    order = [node for node in _ordered(result) if not hasattr(node, "visited")]
    _clear(order)
    result.grad = 1.0
    for node in order:
        node.visited = True
        _push(node)


@wrong("backward", hint=3)
def result_without_gradient(result):
    """The gradient of the result itself is never set.

    It must be 1, the derivative of the result by itself. If you do not set it, every push
    multiplies by 0. If you return the gradients or collect them in a dict, write them to node.grad
    as well.
    """
    order = _ordered(result)
    _clear(order)
    for node in order:
        _push(node)


@wrong("backward", hint=4)
def gradients_overwritten(result):
    """= instead of +=: a source keeps the last push only.

    A node that is used several times gets a contribution from each use, and a leaf still has its
    gradient from before the call. Contributions add up: source.grad += node.grad * slope.
    """
    order = _ordered(result)
    _clear(order)
    result.grad = 1.0
    for node in order:
        for source, slope in node.edges:
            source.grad = node.grad * slope


@wrong("backward", hint=4)
def slopes_alone(result):
    """The slope is pushed without the gradient of the node.

    The slope is the derivative of the node by its source; node.grad is the derivative of the result
    by the node. The chain rule multiplies the two.
    """
    order = _ordered(result)
    _clear(order)
    result.grad = 1.0
    for node in order:
        for source, slope in node.edges:
            source.grad += slope


@wrong("backward", hint=4)
def double_edge_lost(result):
    """Of two edges to the same node only one is used.

    In c * c or 3c + 4c a node is in `edges` twice. A dict or a set of the sources holds it only
    once; use the pairs as they are.
    """
    order = _ordered(result)
    _clear(order)
    result.grad = 1.0
    for node in order:
        for source, slope in dict(node.edges).items():
            source.grad += node.grad * slope


@wrong("backward", hint=1)
def order_not_reversed(result):
    """The nodes push in the opposite order, sources first.

    A list that is built from the leaves up must be read from its end. Otherwise each node pushes
    while its own gradient is still 0, and only the result pushes a value.
    """
    order = _ordered(result)
    _clear(order)
    result.grad = 1.0
    for node in reversed(order):
        _push(node)


@wrong("backward", hint=1)
def marked_when_listed(result):
    """A node is marked as soon as it is put on the stack.

    The stack returns it only after everything that was put there later, even if it is a source of
    that. So it can be listed, and push, before its gradient is complete. Mark a node when it is
    taken from the stack, and list it after its sources.
    """
    entered, order, stack = {result}, [], [(result, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
            continue
        stack.append((node, True))
        for source, _ in node.edges:
            if source not in entered:
                entered.add(source)
                stack.append((source, False))
    _clear(order)
    result.grad = 1.0
    for node in reversed(order):
        _push(node)


@wrong("backward", hint=1)
def pushed_in_order_of_marks(result):
    """Each node pushes when it is taken from a stack, once.

    The first node that reached it put it there. Others that were computed from it may not have
    pushed yet, and their contributions come too late for its sources. First list all nodes, each
    after everything computed from it.
    """
    order, entered, stack = [], {result}, [result]
    while stack:
        node = stack.pop()
        order.append(node)
        for source, _ in node.edges:
            if source not in entered:
                entered.add(source)
                stack.append(source)
    _clear(order)
    result.grad = 1.0
    for node in order:
        _push(node)


@wrong("backward", hint=4)
def slopes_left_out(result):
    """The gradient is pushed without the slope.

    Each source gets node.grad itself. The chain rule multiplies it by the slope that is in the same
    pair of `edges`.
    """
    order = _ordered(result)
    _clear(order)
    result.grad = 1.0
    for node in order:
        for source, _ in node.edges:
            source.grad += node.grad


@wrong("backward", hint=3)
def inner_gradients_erased(result):
    """Inner nodes are set to 0 after they have pushed.

    After the call every node must have grad = d(result)/d(node), the result included. Set inner
    nodes to 0 before the traversal, not after it.
    """
    order = _ordered(result)
    _clear(order)
    result.grad = 1.0
    for node in order:
        _push(node)
    _clear(order)
