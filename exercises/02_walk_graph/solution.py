"""The backward pass: from a result to everything it was computed from."""


def backward(result):
    """result: node with .grad, .edges -> None; sets the grad of all nodes it depends on."""
    waiting = {result: 0}  # node -> number of pushes that it still waits for
    unvisited = [result]
    while unvisited:
        for source, _ in unvisited.pop().edges:
            if source not in waiting:
                waiting[source] = 0
                unvisited.append(source)
            waiting[source] += 1
    for node in waiting:
        if node.edges:
            node.grad = 0.0
    result.grad = 1.0
    complete = [result]
    while complete:
        node = complete.pop()
        for source, slope in node.edges:
            source.grad += node.grad * slope
            waiting[source] -= 1
            if not waiting[source]:
                complete.append(source)
