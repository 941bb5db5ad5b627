"""From a result back through everything it was made from."""


def backward(result):
    """A node with .grad and .edges -> None; sets the grad of all nodes behind it."""
    raise NotImplementedError
