"""Optimisers: steps by hand, convergence, L-BFGS against SciPy, bounds, refusals, old graphs."""

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

import nnscratch as nns
from nnscratch import Tensor, optim

ALL = {
    "SGD": lambda p: optim.SGD(p, 0.1),
    "momentum": lambda p: optim.SGD(p, 0.05, momentum=0.8),
    "nesterov": lambda p: optim.SGD(p, 0.05, momentum=0.8, nesterov=True),
    "Adam": lambda p: optim.Adam(p, 0.1),
    "AdamW": lambda p: optim.Adam(p, 0.1, weight_decay=1e-6, decoupled=True),
}


def leaf(*values, dtype=np.float64):
    return Tensor(np.array(values, dtype), requires_grad=True)


def descend(make, p, loss, steps):
    optimiser = make([p])
    for _ in range(steps):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
    return optimiser


def with_gradient(p, g):
    p.grad = Tensor(np.array(g, p.dtype))
    return p


# -- one step by hand -----------------------------------------------------------------------------


def test_sgd_by_hand():
    p = leaf(1.0, 2.0)
    sgd = optim.SGD([p], 0.1, momentum=0.5, weight_decay=0.01)
    with_gradient(p, [3.0, -1.0])
    sgd.step()
    v = np.array([3.0, -1.0]) + 0.01 * np.array([1.0, 2.0])
    x = np.array([1.0, 2.0]) - 0.1 * v
    np.testing.assert_allclose(p.numpy(), x)
    sgd.step()
    v = 0.5 * v + np.array([3.0, -1.0]) + 0.01 * x
    np.testing.assert_allclose(p.numpy(), x - 0.1 * v)


def test_first_step_of_adam_is_lr_long():
    p = leaf(1.0, 2.0, 3.0)
    adam = optim.Adam([with_gradient(p, [1e-3, -50.0, 0.0])], lr=0.01)
    adam.step()
    np.testing.assert_allclose(p.numpy(), [0.99, 2.01, 3.0], atol=1e-6)


def test_decoupled_decay_shrinks_the_parameter_itself():
    p, q = leaf(10.0), leaf(10.0)
    optim.Adam([with_gradient(p, [0.0])], 0.1, weight_decay=0.5, decoupled=True).step()
    optim.Adam([with_gradient(q, [0.0])], 0.1, weight_decay=0.5).step()
    np.testing.assert_allclose(p.numpy(), [9.5])
    np.testing.assert_allclose(q.numpy(), [9.9])


# -- convergence ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_quadratic(name):
    rng = np.random.default_rng(0)
    root = rng.standard_normal((4, 4))
    matrix, goal = root @ root.T / 4 + np.eye(4), rng.standard_normal(4)
    p = leaf(0.0, 0.0, 0.0, 0.0)
    descend(ALL[name], p, lambda: ((p - goal) @ matrix @ (p - goal)) * 0.5, 600)
    np.testing.assert_allclose(p.numpy(), goal, atol=1e-3)


def rosenbrock(p):
    return (100.0 * (p[1:] - p[:-1] ** 2) ** 2 + (1.0 - p[:-1]) ** 2).sum()


def test_rosenbrock():
    p = leaf(-1.2, 1.0)
    descend(lambda ps: optim.Adam(ps, 0.02), p, lambda: rosenbrock(p), 4000)
    np.testing.assert_allclose(p.numpy(), 1, atol=1e-2)
    p = leaf(-1.2, 1.0)
    descend(
        lambda ps: optim.SGD(ps, 5e-4, momentum=0.9, nesterov=True), p, lambda: rosenbrock(p), 4000
    )
    np.testing.assert_allclose(p.numpy(), 1, atol=2e-2)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_dtype_is_kept(name, dtype):
    p = leaf(1.0, 2.0, dtype=dtype)
    optimiser = descend(ALL[name], p, lambda: (p * p).sum(), 3)
    assert p.dtype == dtype
    optimiser.lr = np.float64(0.01)  # a schedule made with NumPy
    optimiser.step()
    assert p.dtype == dtype


def test_numpy_hyperparameters_are_weak_too():
    rates = np.array([0.1, 0.9, 0.01])
    for make in (
        lambda p: optim.SGD(p, rates[0], rates[1], weight_decay=rates[2]),
        lambda p: optim.Adam(p, rates[0], (rates[1], rates[1]), rates[2], rates[2]),
        lambda p: optim.Adam(p, rates[0], weight_decay=rates[2], decoupled=True),
    ):
        p = leaf(1.0, 2.0, dtype=np.float32)
        descend(make, p, lambda p=p: (p * p).sum(), 3)
        assert p.dtype == np.float32


# -- what a step leaves alone ---------------------------------------------------------------------


@pytest.mark.parametrize("name", [*ALL, "LBFGS"])
def test_data_in_an_old_graph_does_not_change(name):
    """What a graph has captured, a step replaces but never writes to."""
    p = leaf(1.0, 2.0)
    y = (p * p * p).sum()
    captured = p.data
    detached, before = p.detach(), p.numpy().copy()
    if name == "LBFGS":
        optim.LBFGS([p], max_iter=3).step(lambda: (p * p).sum())
    else:
        descend(ALL[name], p, lambda: (p * p).sum(), 3)
    assert (p.numpy() != before).all()
    np.testing.assert_array_equal(captured, before)
    np.testing.assert_array_equal(detached.numpy(), before)
    assert p.data is not captured and y.item() == 9


@pytest.mark.parametrize("name", ALL)
def test_gradients_are_not_written_to(name):
    p = leaf(1.0, 2.0)
    optimiser = ALL[name]([with_gradient(p, [3.0, 4.0])])
    for _ in range(3):
        optimiser.step()
    np.testing.assert_array_equal(p.grad.numpy(), [3, 4])


@pytest.mark.parametrize("name", ALL)
def test_parameters_without_gradient_stay(name):
    p, q = leaf(1.0), leaf(2.0)
    optimiser = ALL[name]([p, q])
    (p * p).sum().backward()
    optimiser.step()
    assert p.item() != 1 and q.item() == 2
    optimiser.zero_grad()
    assert p.grad is None and q.grad is None


def test_steps_leave_no_graph():
    p = leaf(1.0)
    descend(ALL["momentum"], p, lambda: (p * p).sum(), 2)
    assert p.is_leaf and p.requires_grad


# -- L-BFGS ---------------------------------------------------------------------------------------


def test_lbfgs_is_scipys():
    """The same points, iteration by iteration."""
    start = np.array([1.3, 0.7, 0.8, 1.9])
    p, path, expected = Tensor(start.copy(), requires_grad=True), [], []
    lbfgs = optim.LBFGS([p], max_iter=60, history_size=5, tolerance_grad=1e-9)
    final = lbfgs.step(lambda: rosenbrock(p), callback=lambda: path.append(p.numpy().copy()))
    result = minimize(
        rosen,
        start,
        jac=rosen_der,
        method="L-BFGS-B",
        callback=lambda x: expected.append(x.copy()),
        options={"maxiter": 60, "maxcor": 5, "gtol": 1e-9, "maxfun": 600},
    )
    assert len(path) == len(expected) > 10
    np.testing.assert_allclose(path[:10], expected[:10], rtol=1e-6)
    np.testing.assert_allclose(p.numpy(), 1, atol=1e-4)
    np.testing.assert_allclose(final, result.fun, atol=1e-10)
    np.testing.assert_allclose(final, rosenbrock(p).item())


def test_lbfgs_over_several_parameters_of_several_shapes():
    rng = np.random.default_rng(0)
    goals = [
        rng.standard_normal(s).astype(t) for s, t in (((2, 3), "f8"), ((), "f4"), ((4,), "f4"))
    ]
    ps = [Tensor(np.zeros_like(g), requires_grad=True) for g in goals]
    unused = leaf(7.0)
    lbfgs = optim.LBFGS([*ps, unused], max_iter=50)
    lbfgs.step(lambda: sum(((p - g) ** 2).sum() for p, g in zip(ps, goals, strict=True)))
    for p, g in zip(ps, goals, strict=True):
        assert p.dtype == g.dtype and p.shape == g.shape
        np.testing.assert_allclose(p.numpy(), g, atol=1e-4)
    assert unused.item() == 7


def test_lbfgs_takes_a_closure_that_goes_backward_itself():
    p = leaf(5.0)

    def closure():
        loss = ((p - 2.0) ** 2).sum()
        loss.backward()
        return loss

    assert optim.LBFGS([p]).step(closure) < 1e-12
    np.testing.assert_allclose(p.numpy(), [2])


def test_lbfgs_within_bounds():
    seen = []
    p = leaf(0.5, 0.5, 0.5)

    def closure():
        seen.append(p.numpy().copy())
        return ((p - np.array([-3.0, 0.4, 9.0])) ** 2).sum()

    optim.LBFGS([p], bounds=(0.0, 1.0)).step(closure)
    np.testing.assert_allclose(p.numpy(), [0, 0.4, 1], atol=1e-6)
    assert np.min(seen) >= 0 and np.max(seen) <= 1
    optim.LBFGS([p], bounds=(None, 0.2)).step(closure)
    np.testing.assert_allclose(p.numpy(), [-3, 0.2, 0.2], atol=1e-5)


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (None, 0.9), (0.75, None), (None, None)])
def test_lbfgs_within_bounds_is_scipys_with_a_pair_for_each_element(bounds):
    """To the last bit, iteration by iteration."""
    start = np.array([1.3, 0.7, 0.8, 1.9]).clip(*bounds)
    p, path, expected = Tensor(start.copy(), requires_grad=True), [], []

    def value_and_slope(x):
        point = Tensor(x.copy(), requires_grad=True)
        value = rosenbrock(point)
        value.backward()
        return value.item(), point.grad.numpy()

    lbfgs = optim.LBFGS([p], max_iter=15, bounds=bounds)
    final = lbfgs.step(lambda: rosenbrock(p), callback=lambda: path.append(p.numpy().copy()))
    result = minimize(
        value_and_slope,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[bounds] * 4,
        callback=lambda x: expected.append(x.copy()),
        options={"maxiter": 15, "maxcor": 10, "gtol": 1e-7, "maxfun": 150},
    )
    assert len(path) > 3
    np.testing.assert_array_equal(path, expected)
    np.testing.assert_array_equal(p.numpy(), result.x)
    assert final == result.fun


def test_lbfgs_starts_within_its_bounds():
    p = leaf(-5.0, 7.0)
    optim.LBFGS([p], max_iter=1, bounds=(0.0, 1.0)).step(lambda: (p * p).sum())
    assert p.numpy().min() >= 0 and p.numpy().max() <= 1


def test_lbfgs_stops_after_max_iter():
    p, count = leaf(-1.2, 1.0), []
    optim.LBFGS([p], max_iter=4).step(lambda: rosenbrock(p), callback=lambda: count.append(1))
    assert len(count) == 4
    before = p.numpy().copy()
    optim.LBFGS([p], max_iter=4).step(lambda: rosenbrock(p))
    assert rosenbrock(p).item() < rosenbrock(Tensor(before)).item()


def test_lbfgs_works_inside_no_grad_blocks_of_others():
    p = leaf(3.0)
    with nns.no_grad():
        value = (p * 2).item()
    optim.LBFGS([p]).step(lambda: (p * p).sum())
    assert value == 6 and abs(p.item()) < 1e-6


# -- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.LBFGS])
def test_refused_parameters(kind):
    name, p = kind.__name__, leaf(1.0)
    with pytest.raises(ValueError, match=f"{name}: expected at least one parameter, got none"):
        kind([])
    for wrong in (p * 2, Tensor([1.0]), np.ones(1)):
        with pytest.raises(ValueError, match=f"{name}: parameter 1 is not a leaf that requires"):
            kind([p, wrong])
    with pytest.raises(ValueError, match=f"{name}: parameter 2 was given twice"):
        kind([p, leaf(1.0), p])


def test_refused_settings():
    p = [leaf(1.0)]
    for kind in (optim.SGD, optim.Adam):
        with pytest.raises(ValueError, match=f"{kind.__name__}: expected lr of at least 0, got -1"):
            kind(p, -1)
    with pytest.raises(ValueError, match="SGD: nesterov needs a momentum above 0"):
        optim.SGD(p, 0.1, nesterov=True)
    for betas in ((1.0, 0.9), (0.9, -0.1)):
        with pytest.raises(ValueError, match=r"Adam: expected betas in \[0, 1\), got"):
            optim.Adam(p, betas=betas)


def test_parameters_may_come_from_a_generator():
    p = leaf(1.0)
    assert optim.SGD(x for x in [p]).params == [p]


def test_the_cosine_rate_warms_up_falls_and_ends():
    from nnscratch.optim import cosine_rate

    rates = [cosine_rate(step, 110, 2.0, 0.5, warmup=10) for step in range(111)]
    np.testing.assert_allclose(rates[:10], 0.2 * np.arange(1, 11))
    assert rates[10] == 2.0
    assert rates[60] == pytest.approx(1.25)  # half way between lr and last_lr
    assert rates[110] == pytest.approx(0.5)
    assert all(a > b for a, b in zip(rates[10:], rates[11:], strict=False))
