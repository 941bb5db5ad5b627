"""Claims about the backward pass through a graph."""

import functools

from nnscratch.learn import claim

FUNCTIONS = ("backward",)
READS = "nnscratch/autograd.py"
FORBIDDEN = {"sys.setrecursionlimit": "walk with a list of your own and no recursion"}
LINKS = 5000  # of the long chain
READS_EACH = 10  # how often the edges of a node may be read


class Node:
    """The class of the README with a name; its repr shows what it was computed from."""

    def __init__(self, value, edges=(), name="x"):
        self.value, self.grad, self.edges, self.name = value, 0.0, edges, name

    def __repr__(self):
        """<y = 3c + 2b, b = 5c>: the first few nodes, each with its edges (not counted)."""
        nodes, at = {self: self.__dict__["edges"]}, 0
        while at < len(nodes) < 8:
            nodes |= {node: node.__dict__["edges"] for node, _ in list(nodes.values())[at]}
            at += 1
        sums = [
            f"{made.name} = " + " + ".join(f"{slope:.3g}{node.name}" for node, slope in edges)
            for made, edges in nodes.items()
            if edges
        ]
        return f"<{', '.join(sums)}>"


class Counting(Node):
    """Counts how often its edges are read."""

    reads = 0

    def __getattribute__(self, name):
        if name == "edges":
            self.reads += 1
        return super().__getattribute__(name)


def _node(name, *edges, kind=Node):
    """A node from pairs (node, slope)."""
    value = sum(slope * node.value for node, slope in edges)
    return kind(float(value), tuple((node, float(slope)) for node, slope in edges), name)


def _derivative(result, source):
    """d(result)/d(source): the sum over all paths between them of the product of slopes."""
    if result is source:
        return 1.0
    return sum(slope * _derivative(node, source) for node, slope in result.edges)


# -- small graphs ---------------------------------------------------------------------------------


def _graph(rng, rung):
    """All nodes, the result last."""
    if rung == 0:
        a = Node(1.0, name="a")
        c = _node("c", (a, 7))
        b = _node("b", (c, 5))
        return [a, b, c, _node("y", (c, 3), (b, 2), (c, 4))]
    leaves = rng.integers(1, 4)
    nodes = [Node(rng.standard_normal(), name="abc"[i]) for i in range(leaves)]
    for name in "pqrstu"[: rng.integers(2, 4) + rung]:
        sources = rng.integers(max(0, len(nodes) - 4), len(nodes), rng.integers(1, 4))
        nodes.append(_node(name, *((nodes[i], rng.uniform(-2, 2)) for i in sources)))
    last = nodes[leaves:]
    rng.shuffle(last)
    return [*nodes, _node("y", *((node, rng.uniform(-2, 2)) for node in last[:3]))]


def paths(f, rng, rung):
    nodes = _graph(rng, rung)
    return {f"{node.name}.grad": _derivative(nodes[-1], node) for node in nodes}


@claim(
    "the gradient of each node of a small graph",
    rungs=4,
    by_hand="a.grad = dy/dc * 7 = (3 + 4 + 2*5) * 7 = 119",
    oracle=paths,
)
def small_graphs(f, rng, rung):
    nodes = _graph(rng, rung)
    f.backward(nodes[-1])
    return {f"{node.name}.grad": node.grad for node in nodes}


# -- several walks --------------------------------------------------------------------------------


def _two_losses(rng, rung):
    """A weight where two chains begin, an inner node of the first, the ends of both."""
    w = Node(1.0, name="w")
    if rung == 0:
        p, q = _node("p", (w, 3)), _node("q", (w, 7))
        return w, p, _node("L", (p, 2)), _node("M", (q, 5))
    p = _node("p", (w, rng.uniform(0.5, 2)))
    first, second = p, w
    for _ in range(rng.integers(1, 4)):
        first = _node("s", (first, rng.uniform(0.5, 2)))
        second = _node("t", (second, rng.uniform(0.5, 2)))
    return w, p, _node("L", (first, rng.uniform(0.5, 2))), _node("M", (second, rng.uniform(0.5, 2)))


@claim(
    "several calls: leaves accumulate, inner nodes start at 0",
    by_hand="w.grad after L, M, L = 2*3 + 5*7 + 2*3 = 47",
)
def several(f, rng, rung):
    w, p, first, second = _two_losses(rng, rung)
    grads = {}
    for walks, result in (("L", first), ("L, M", second), ("L, M, L", first)):
        f.backward(result)
        grads[f"w.grad after {walks}"] = w.grad
    grads |= {"p.grad after L, M, L": p.grad, "L.grad after L, M, L": first.grad}
    edges = p.edges
    f.backward(p)  # which has an old gradient
    grads |= {"w.grad after L, M, L, p": w.grad, "p.grad after its own call": p.grad}
    return {**grads, "edges as before": "yes" if p.edges == edges != () else "no"}


# -- large graphs ---------------------------------------------------------------------------------


@claim("a ladder of x + x, without following each path", by_hand="a.grad = 2**8 = 256")
def doubled(f, rng, rung):
    nodes = [Counting(1.0, name="a")]
    for i in range(8 if rung == 0 else rng.integers(8, 11)):
        slopes = (1, 1) if rung == 0 else rng.uniform(0.5, 1.5, 2)
        edges = [(nodes[-1], slope) for slope in slopes]
        nodes.append(_node(f"x{i + 1}", *edges, kind=Counting))
    f.backward(nodes[-1])
    return {"a.grad": nodes[0].grad, "edges are read": _how_often(nodes)}


def _how_often(nodes):
    """In words, how often the edges of these nodes were read; in a ladder the paths double."""
    reads = sum(node.reads for node in nodes)
    if reads <= READS_EACH * len(nodes):
        return "seldom"
    return "once for each path" if reads >= 2 ** (len(nodes) - 1) else "too often"


@functools.cache
def _chain():
    """The nodes of a chain and their edges, leaf first; cached, as making so many is slow."""
    nodes = [(Node(1.0, name="a"), ())]
    for i in range(LINKS):
        edges = ((nodes[-1][0], 0.5 if i % 2 else 2.0),)
        nodes.append((Node(1.0, edges), edges))
    return nodes


@claim(f"a chain of {LINKS} nodes", rungs=1, by_hand="a.grad = (2 * 0.5)**2500 = 1")
def chain(f, rng, rung):
    nodes = _chain()
    for node, edges in nodes:
        vars(node).clear()  # remove attributes that a traversal may have left
        node.__init__(1.0, edges, "x" if edges else "a")
    f.backward(nodes[-1][0])
    short = [Counting(1.0, name="a")]
    for _ in range(200):
        short.append(_node("x", (short[-1], 1), kind=Counting))
    f.backward(short[-1])
    return {
        "a.grad": nodes[0][0].grad,
        "grad of the next": nodes[1][0].grad,
        "edges of 200 are read": _how_often(short),
    }
