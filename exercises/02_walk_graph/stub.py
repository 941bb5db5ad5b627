"""The backward pass: from a result to everything it was computed from."""


def backward(result):
    """result: node with .grad, .edges -> None; sets the grad of all nodes it depends on."""
    raise NotImplementedError
