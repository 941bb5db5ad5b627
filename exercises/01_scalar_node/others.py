"""Other right answers for the scalar node."""

from nnscratch.learn import right


@right("Node")
class WithClosures:
    """Each result has a function that pushes."""

    def __init__(self, value):
        self.value, self.grad = float(value), 0.0
        self.push = lambda: None

    def __add__(self, other):
        result = WithClosures(self.value + other.value)

        def push():
            self.grad += result.grad
            other.grad += result.grad

        result.push = push
        return result

    def __mul__(self, other):
        result = WithClosures(self.value * other.value)

        def push():
            self.grad += other.value * result.grad
            other.grad += self.value * result.grad

        result.push = push
        return result

    def __pow__(self, n):
        result = WithClosures(self.value**n)

        def push():
            self.grad += n * self.value ** (n - 1) * result.grad

        result.push = push
        return result


@right("Node")
class WithParents:
    """Parents and slopes in two lists; the slope of a power from its value."""

    def __init__(self, value, parents=(), slopes=()):
        self.value, self.grad = float(value), 0.0
        self.parents, self.slopes = list(parents), list(slopes)

    def __add__(self, other):
        return WithParents(other.value + self.value, [other, self], [1.0, 1.0])

    def __mul__(self, other):
        return WithParents(other.value * self.value, [other, self], [self.value, other.value])

    def __pow__(self, n):
        value = self.value**n
        return WithParents(value, [self], [n * value / self.value])

    def push(self):
        for i in range(len(self.parents)):
            self.parents[i].grad = self.parents[i].grad + self.slopes[i] * self.grad
