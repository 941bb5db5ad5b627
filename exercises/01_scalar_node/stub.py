"""A number that remembers what it was computed from."""


class Node:
    """value: a float; grad: the derivative of some result by this value, 0.0 until pushed."""

    def __init__(self, value):
        self.value = float(value)
        self.grad = 0.0

    def __add__(self, other):
        """self + other, both Nodes -> Node."""
        raise NotImplementedError

    def __mul__(self, other):
        """self * other, both Nodes -> Node."""
        raise NotImplementedError

    def __pow__(self, n):
        """self ** n for a plain number n -> Node."""
        raise NotImplementedError

    def push(self):
        """Add self.grad times the local slope to the grad of each node this one came from."""
        raise NotImplementedError
