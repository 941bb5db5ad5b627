"""A number that records how it was computed."""


class Node:
    """value: float; grad: float, the derivative of a result by this value, 0.0 at first."""

    def __init__(self, value):
        self.value = float(value)
        self.grad = 0.0

    def __add__(self, other):
        """self + other, both Nodes -> new Node."""
        raise NotImplementedError

    def __mul__(self, other):
        """self * other, both Nodes -> new Node."""
        raise NotImplementedError

    def __pow__(self, n):
        """self ** n, n a plain number -> new Node."""
        raise NotImplementedError

    def push(self):
        """Add self.grad times the local slope to the grad of each input of this node."""
        raise NotImplementedError
