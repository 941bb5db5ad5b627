"""Claims about a scalar node."""

from nnscratch.learn import claim

FUNCTIONS = ("Node",)
READS = "nnscratch/autograd.py"


def _pair(rng, rung):
    return (3.0, 4.0) if rung == 0 else tuple(rng.uniform(0.5, 3, 2))


def _grad(rng, rung, small):
    return small if rung == 0 else rng.standard_normal()


def _exponent(rng, rung):
    return 3 if rung == 0 else (-1.5, 4, 0.5)[rng.integers(3)] if rung == 1 else -2


@claim("values of +, * and **")
def values(f, rng, rung):
    x, y = _pair(rng, rung)
    n = _exponent(rng, rung)
    a, b = f.Node(x), f.Node(y)
    total, product, power = a + b, a * b, a**n
    return {
        "a + b": total.value,
        "a * b": product.value,
        f"a ** {n}": power.value,
        "a afterwards": a.value,
        "b afterwards": b.value,
        "grad at first": [node.grad for node in (a, b, total, product, power)],
    }


@claim("push of a product and of a power", by_hand="a.grad = 2 * b = 2 * 4 = 8")
def slopes(f, rng, rung):
    x, y = _pair(rng, rung)
    a, b, c = f.Node(x), f.Node(y), f.Node(x)
    product, square, power, other = a * b, a * a, c ** _exponent(rng, rung), c**2
    product.grad, square.grad = _grad(rng, rung, 2.0), _grad(rng, rung, 1.0)
    power.grad, other.grad = _grad(rng, rung, 0.5), _grad(rng, rung, 1.0)
    product.push()
    power.push()
    first = {"a.grad": a.grad, "b.grad": b.grad, "c.grad": c.grad}
    square.push()
    other.push()
    return {**first, "a.grad after a * a": a.grad, "c.grad after c ** 2": c.grad}


@claim(
    "push of a sum, also of a node with itself",
    by_hand="a.grad = dL/dy * (1 + 1) = 1 * (1 + 1) = 2",
)
def twice(f, rng, rung):
    x, y = _pair(rng, rung)
    a, b = f.Node(x), f.Node(y)
    doubled, total = a + a, a + b
    doubled.grad = _grad(rng, rung, 1.0)
    doubled.push()
    first = a.grad
    total.grad = _grad(rng, rung, 2.0)
    total.push()
    return {"a.grad": first, "a.grad after a + b": a.grad, "b.grad": b.grad}


@claim("push changes the direct inputs only", by_hand="a.grad after its push = 1 * b = 1 * 4 = 4")
def one_step(f, rng, rung):
    x, y = _pair(rng, rung)
    a, b, c = f.Node(x), f.Node(y), f.Node(y)
    product = a * b
    total = product + c
    total.grad = _grad(rng, rung, 1.0)
    total.push()
    grads = {
        "grad of a * b": product.grad,
        "c.grad": c.grad,
        "a.grad": a.grad,
        "own grad": total.grad,
    }
    product.push()
    a.push()  # a leaf: push does nothing
    grads |= {"a.grad after its push": a.grad, "b.grad": b.grad}
    (a * c).push()  # its grad is 0: push adds 0
    return {**grads, "a.grad at last": a.grad, "c.grad at last": c.grad}
