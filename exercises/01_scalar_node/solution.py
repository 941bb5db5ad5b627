"""A number that records how it was computed."""


class Node:
    """value: float; grad: float, the derivative of a result by this value, 0.0 at first."""

    def __init__(self, value, edges=()):
        self.value = float(value)
        self.grad = 0.0
        self.edges = edges  # pairs (node, local slope)

    def __add__(self, other):
        """self + other, both Nodes -> new Node."""
        return type(self)(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        """self * other, both Nodes -> new Node."""
        return type(self)(self.value * other.value, ((self, other.value), (other, self.value)))

    def __pow__(self, n):
        """self ** n, n a plain number -> new Node."""
        return type(self)(self.value**n, ((self, n * self.value ** (n - 1)),))

    def push(self):
        """Add self.grad times the local slope to the grad of each input of this node."""
        for node, slope in self.edges:
            node.grad += self.grad * slope
