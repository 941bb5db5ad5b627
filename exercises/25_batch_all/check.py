"""Claims about batch-all mining."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("batch_all",)
READS = "nnscratch/faces/mining.py"


def _batch(rng, rung):
    """f, labels, margin; one label twice, one three times, one once, and two equal encodings."""
    if rung == 0:
        return np.array([[0.0], [1.0], [2.0], [5.0]]), np.array([0, 0, 1, 1]), 3.0
    if rung == 1:  # two equal encodings of one label, near one of another; a label with three rows
        f = np.array([[0.0], [0.0], [1.0], [3.0], [4.0]])
        return f + float(rng.integers(-9, 10)), np.array([7, 7, 3, 3, 3]), 2.0
    names = rng.permutation(20)[:4]
    counts = [2, 3, 1, int(rng.integers(0, 3))]
    labels = np.repeat(names, counts)
    f = rng.standard_normal((len(labels), int(rng.integers(2, 5))))
    f[0] = f[1]
    order = rng.permutation(len(labels))
    return f[order], labels[order], float(rng.uniform(0.2, 1.5))


def _idle_batch(rng, rung):
    """A batch in which all triplets are easy, or all labels are equal, or all differ."""
    labels = np.array([[1, 1, 2], [3, 3, 3], [5, 6, 7]][rung])
    far = 100.0 * (labels == 2)
    return np.array([0.0, 1.0, 2.0])[:, None] + far[:, None] + rng.integers(9), labels, 1.0


def _loops_over(batch):
    def loops(f, rng, rung):
        rows, labels, margin = batch(rng, rung)
        costs = []
        for i, j, k in np.ndindex((len(rows),) * 3):
            if i != j and labels[i] == labels[j] and labels[i] != labels[k]:
                near, far = (sum((rows[i] - rows[other]) ** 2) for other in (j, k))
                costs.append(max(0.0, near - far + margin))
        active = sum(cost > 0 for cost in costs)
        return {"loss": sum(costs) / max(active, 1), "active": active, "valid": len(costs)}

    return loops


def _named(answer):
    """The three results; None for a missing one."""
    parts = answer if isinstance(answer, (tuple, list)) or np.ndim(answer) else (answer,)
    loss, active, valid = (*parts, None, None, None)[:3]
    return {"loss": loss, "active": active, "valid": valid}


@claim(
    "the mean of the active triplets, and both counts",
    by_hand="loss = ((1 - 1 + 3) + (9 - 4 + 3) + (9 - 1 + 3))/3 = 7.3333",
    oracle=_loops_over(_batch),
)
def loss(f, rng, rung):
    return _named(f.batch_all(*_batch(rng, rung)))


@claim("the loss is 0 if no triplet is active", oracle=_loops_over(_idle_batch))
def idle(f, rng, rung):
    return _named(f.batch_all(*_idle_batch(rng, rung)))
