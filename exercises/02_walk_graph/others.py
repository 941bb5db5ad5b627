"""Other right answers for the backward pass through a graph."""

from nnscratch.learn import right


@right("backward")
def by_finishing_order(result):
    """A depth-first search with its own stack; nodes are listed when they are finished."""
    order, visited, stack = [], {result}, [(result, iter(result.edges))]
    while stack:
        node, rest = stack[-1]
        step = next(rest, None)
        if step is None:
            order.append(node)
            stack.pop()
        elif step[0] not in visited:
            visited.add(step[0])
            stack.append((step[0], iter(step[0].edges)))
    for node in order:
        node.grad = 0.0 if node.edges else node.grad
    result.grad = 1.0
    for node in reversed(order):
        for source, slope in node.edges:
            source.grad = source.grad + slope * node.grad


@right("backward")
def with_gradients_aside(result):
    """Gradients are collected in a dict and assigned to the nodes at the end."""
    order, entered, stack = [], set(), [(result, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in entered:
            entered.add(node)
            stack.append((node, True))
            stack += [(source, False) for source, _ in node.edges]
    gradients = dict.fromkeys(order, 0.0)
    gradients[result] = 1.0
    for node in order[::-1]:
        for source, slope in node.edges:
            gradients[source] += slope * gradients[node]
    for node, gradient in gradients.items():
        if len(node.edges) == 0:
            node.grad += gradient
        else:
            node.grad = gradient
