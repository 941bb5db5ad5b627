"""Claims about momentum and Adam."""

import math

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("momentum_step", "adam_step")
READS = "nnscratch/optim.py"


def _pair(result):
    """Both results; None unchanged; ValueError if there are not two."""
    if result is not None and (np.ndim(result[0]) == 0 or len(result) != 2):
        raise ValueError("a pair is expected")
    return result


def _start(rng, rung):
    """p, and its gradients at several steps."""
    if rung < 2:
        return np.array([1.0]), [np.array([2.0]), np.array([6.0])]
    shape = tuple(rng.integers(2, 4, int(rng.integers(1, 3))))
    return rng.standard_normal(shape), list(rng.standard_normal((3, *shape)))


def _momentum_settings(rng, rung):
    return (0.5, 0.25) if rung == 0 else (rng.uniform(0.05, 0.5), rng.uniform(0.5, 0.95))


def _adam_settings(rng, rung):
    """Without decay at rung 0, with decay from rung 1 on."""
    if rung == 0:
        return {"lr": 0.5, "beta1": 0.5, "beta2": 0.75, "eps": 2.0}
    if rung == 1:
        return {"lr": 0.5, "beta1": 0.5, "beta2": 0.75, "eps": 2.0, "decay": 0.5}
    return {
        "lr": rng.uniform(0.05, 0.5),
        "beta1": rng.uniform(0.5, 0.7),
        "beta2": rng.uniform(0.75, 0.95),
        "eps": rng.uniform(0.1, 0.5),
        "decay": rng.uniform(0.1, 0.5),
    }


def _loops_of_momentum(f, rng, rung):
    """One number at a time: the velocity as a sum with explicit powers of beta."""
    p, gradients = _start(rng, rung)
    lr, beta = _momentum_settings(rng, rung)
    results, p = {}, p.copy()
    for t in range(1, len(gradients) + 1):
        v = np.zeros(p.shape)
        for at in np.ndindex(p.shape):
            v[at] = sum(beta ** (t - 1 - k) * gradients[k][at] for k in range(t))
            p[at] -= lr * v[at]
        results |= {f"p{t}": p.copy(), f"v{t}": v}
    return results


def _loops_of_adam(f, rng, rung):
    """One number at a time: the means as explicit sums."""
    p, gradients = _start(rng, rung)
    s = _adam_settings(rng, rung)
    results, p, rate = {}, p.copy(), s.get("decay", 0.0)
    for t in range(1, len(gradients) + 1):
        m, v = np.zeros(p.shape), np.zeros(p.shape)
        for at in np.ndindex(p.shape):
            for k in range(t):
                g, age = gradients[k][at], t - 1 - k
                m[at] += (1 - s["beta1"]) * s["beta1"] ** age * g
                v[at] += (1 - s["beta2"]) * s["beta2"] ** age * g * g
            root = math.sqrt(v[at] / (1 - s["beta2"] ** t))
            step = m[at] / (1 - s["beta1"] ** t) / (root + s["eps"])
            p[at] -= s["lr"] * (step + rate * p[at])
        results |= {f"p{t}": p.copy(), f"m{t}": m, f"v{t}": v, f"t{t}": t}
    return results


_loops_of_momentum.__name__ = _loops_of_adam.__name__ = "loops"  # the heading of a column


@claim(
    "momentum over several steps",
    by_hand="v2[0] = beta*v1 + g2 = 0.25*2 + 6 = 6.5",
    oracle=_loops_of_momentum,
)
def momentum(f, rng, rung):
    p, gradients = _start(rng, rung)
    lr, beta = _momentum_settings(rng, rung)
    v, results = np.zeros_like(p), {}
    for t, g in enumerate(gradients, 1):
        p, v = _pair(f.momentum_step(p, g, v, lr, beta))
        results |= {f"p{t}": np.array(p), f"v{t}": np.array(v)}
    return results


@claim(
    "Adam over several steps, with decay and without",
    by_hand="p1[0] = p - lr*m_hat/(sqrt(v_hat) + eps) = 1 - 0.5*2/(sqrt(4) + 2) = 0.75",
    oracle=_loops_of_adam,
)
def adam(f, rng, rung):
    p, gradients = _start(rng, rung)
    settings = _adam_settings(rng, rung)
    state, results = (np.zeros_like(p), np.zeros_like(p), 0), {}
    for t, g in enumerate(gradients, 1):
        p, state = _pair(f.adam_step(p, g, state, **settings))
        m, v, steps = state if np.iterable(state) else ("no state",) * 3
        results |= {
            f"p{t}": np.array(p),
            f"m{t}": np.array(m),
            f"v{t}": np.array(v),
            f"t{t}": steps,
        }
    return results
