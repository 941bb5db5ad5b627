"""From a result back through everything it was made from."""


def backward(result):
    """A node with .grad and .edges -> None; sets the grad of all nodes behind it."""
    waiting = {result: 0}  # node -> how many pushes are still to arrive there
    found = [result]
    while found:
        for source, _ in found.pop().edges:
            if source not in waiting:
                waiting[source] = 0
                found.append(source)
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
