"""Plausible wrong answers for the scalar node."""

from solution import Node

from nnscratch.learn import wrong


@wrong("Node", hint=3)
class GradOverwritten(Node):
    """= instead of +=: one of two contributions is lost.

    A node that is used twice gets a contribution from each use. With `node.grad = ...` the second
    one replaces the first; write `node.grad += ...`.
    """

    def push(self):
        for node, slope in self.edges:
            node.grad = self.grad * slope


@wrong("Node", hint=2)
class UpstreamForgotten(Node):
    """The upstream gradient is missing.

    You push the local slope alone. The chain rule multiplies it by self.grad, the derivative of the
    final result by this node.
    """

    def push(self):
        for node, slope in self.edges:
            node.grad += slope


@wrong("Node", hint=2)
class PartialsSwapped(Node):
    """The slopes of a product are swapped.

    For y = a*b the slope by a is b, and the slope by b is a. In your code each node gets its own
    value.
    """

    def __mul__(self, other):
        return type(self)(self.value * other.value, ((self, self.value), (other, other.value)))


@wrong("Node", hint=2)
class PowerNotLowered(Node):
    """The exponent is not lowered in the slope of a power.

    The slope of a**n by a is n * a**(n - 1). You have n * a**n.
    """

    def __pow__(self, n):
        return type(self)(self.value**n, ((self, n * self.value**n),))


@wrong("Node", hint=2)
class ExponentNotConstant(Node):
    """The exponent is treated as the variable.

    a**n * log(a) is the slope by n. Here n is a constant; the exercise asks for the slope by a, n *
    a**(n - 1).
    """

    def __pow__(self, n):
        import math

        return type(self)(self.value**n, ((self, self.value**n * math.log(self.value)),))


@wrong("Node", hint=1)
class SumIsProduct(Node):
    """The sum has the slopes of a product.

    For y = a + b both slopes are 1, whatever the values are.
    """

    def __add__(self, other):
        return type(self)(self.value + other.value, ((self, other.value), (other, self.value)))


@wrong("Node", hint=1)
class PowerIsProduct(Node):
    """a ** n is computed as a * n.

    The value of the power itself is wrong: 3 ** 3 is 27, you have 9. Use Python's **.
    """

    def __pow__(self, n):
        return type(self)(self.value * n, ((self, n * self.value ** (n - 1)),))


@wrong("Node", hint=1)
class SumSlopesAreValues(Node):
    """The slopes of a sum are the two values.

    In y = a + b, a step of a changes y by the same step, whatever a is. Both slopes are 1.
    """

    def __add__(self, other):
        return type(self)(self.value + other.value, ((self, self.value), (other, other.value)))


@wrong("Node", hint=2)
class PowerFactorForgotten(Node):
    """The factor n is missing in the slope of a power.

    The slope of a**n by a is n * a**(n - 1). You lower the exponent, but n must also appear as a
    factor in front.
    """

    def __pow__(self, n):
        return type(self)(self.value**n, ((self, self.value ** (n - 1)),))


@wrong("Node", hint=2)
class PowerFactorLowered(Node):
    """The factor in the slope of a power is n - 1, not n.

    The slope of a**n by a is n * a**(n - 1). Only the exponent is lowered; the factor in front is
    the original n.
    """

    def __pow__(self, n):
        return type(self)(self.value**n, ((self, (n - 1) * self.value ** (n - 1)),))


@wrong("Node", hint=2)
class PowerBrackets(Node):
    """Brackets are missing: a**n - 1 is not a**(n - 1).

    Python computes the power first and subtracts 1 from it. The slope of a**n is n * a**(n - 1);
    you have n * a**n - 1.
    """

    def __pow__(self, n):
        return type(self)(self.value**n, ((self, n * self.value**n - 1),))


@wrong("Node", hint=2)
class PowerIsSquare(Node):
    """The slope of a power is that of a square, for every n.

    2 * a is the slope of a**2 only. For any n the slope by a is n * a**(n - 1).
    """

    def __pow__(self, n):
        return type(self)(self.value**n, ((self, 2 * self.value),))


@wrong("Node", hint=3)
class SecondForgotten(Node):
    """Only the first of two inputs gets a gradient.

    A sum and a product have two inputs, and both get a contribution: a.grad and b.grad.
    """

    def push(self):
        for node, slope in self.edges[:1]:
            node.grad += self.grad * slope


@wrong("Node", hint=3)
class SameNodeOnce(Node):
    """In a + a and a * a one of the two uses is lost.

    When both inputs are the same node, it gets a contribution from each. A dict with nodes as keys,
    for example, holds the node only once; a list of pairs can hold it twice.
    """

    def push(self):
        for node, slope in dict(self.edges).items():
            node.grad += self.grad * slope


@wrong("Node", hint=3)
class PushWalksOn(Node):
    """push does not stop after one step.

    Your push also calls push on its inputs. When the check calls push on these nodes later, their
    gradients are counted again. Here push changes its direct inputs only.
    """

    def push(self):
        for node, slope in self.edges:
            node.grad += self.grad * slope
            node.push()


@wrong("Node", hint=3)
class OwnGradErased(Node):
    """push erases the node's own grad.

    After push() the grad of the node itself is 0. This grad is a result too, the derivative by this
    node. push changes only the grads of the inputs.
    """

    def push(self):
        super().push()
        if self.edges:
            self.grad = 0.0


class _Signed(Node):
    """A node that knows which operation computed it."""

    sign = ""

    def __add__(self, other):
        return _signed(super().__add__(other), "+")

    def __mul__(self, other):
        return _signed(super().__mul__(other), "*")

    def __pow__(self, n):
        return _signed(super().__pow__(n), "**")

    def _overwrite(self, sign):
        for node, slope in self.edges:
            node.grad = self.grad * slope + (0.0 if self.sign == sign else node.grad)

    def _forget(self, sign):
        for node, slope in self.edges:
            node.grad += slope * (1.0 if self.sign == sign else self.grad)


def _signed(node, sign):
    node.sign = sign
    return node


@wrong("Node", hint=3)
class SumOverwrites(_Signed):
    """A sum replaces the grads that it should add to.

    Products and powers add to the grads that are there, as with +=. A sum sets node.grad anew, so
    earlier contributions are lost; in a + a even its own first half.
    """

    def push(self):
        self._overwrite("+")


@wrong("Node", hint=3)
class ProductOverwrites(_Signed):
    """A product replaces the grads that it should add to.

    Sums and powers add to the grads that are there, as with +=. A product sets node.grad anew, so
    earlier contributions are lost; in a * a even its own first half.
    """

    def push(self):
        self._overwrite("*")


@wrong("Node", hint=3)
class PowerOverwrites(_Signed):
    """A power replaces the grad that it should add to.

    Sums and products add to the grads that are there, as with +=. A power sets node.grad anew, so
    earlier contributions are lost.
    """

    def push(self):
        self._overwrite("**")


@wrong("Node", hint=2)
class SumForgetsUpstream(_Signed):
    """A sum pushes 1 instead of its own grad.

    The local slopes of a sum are 1, but they too are multiplied by self.grad: a sum passes its own
    grad on unchanged.
    """

    def push(self):
        self._forget("+")


@wrong("Node", hint=2)
class ProductForgetsUpstream(_Signed):
    """A product pushes its slopes without its own grad.

    Sums and powers have the factor self.grad, products do not. By the chain rule a gets self.grad *
    b, and b gets self.grad * a.
    """

    def push(self):
        self._forget("*")


@wrong("Node", hint=2)
class PowerForgetsUpstream(_Signed):
    """A power pushes its slope without its own grad.

    Sums and products have the factor self.grad, powers do not. By the chain rule a gets self.grad *
    n * a**(n - 1).
    """

    def push(self):
        self._forget("**")
