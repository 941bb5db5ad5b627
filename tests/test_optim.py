"""Optimisers: steps by hand, convergence, L-BFGS against SciPy, bounds, refusals, old graphs."""

import re

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

import nnscratch as nns
from nnscratch import Tensor, nn, optim

ALL = {
    "SGD": lambda p: optim.SGD(p, 0.1),
    "momentum": lambda p: optim.SGD(p, 0.05, momentum=0.8),
    "nesterov": lambda p: optim.SGD(p, 0.05, momentum=0.8, nesterov=True),
    "Adam": lambda p: optim.Adam(p, 0.1),
    "AdamW": lambda p: optim.AdamW(p, 0.1, weight_decay=1e-6),
    "AMSGrad": lambda p: optim.Adam(p, 0.1, amsgrad=True),
    "RMSprop": lambda p: optim.RMSprop(p, 0.004),
    "centred RMSprop": lambda p: optim.RMSprop(p, 0.002, momentum=0.5, centered=True),
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
    for wrong in (p * 2, Tensor(np.arange(2)), np.ones(1)):
        with pytest.raises(ValueError, match=f"{name}: parameter 1 is not a leaf that requires"):
            kind([p, wrong])
    with pytest.raises(ValueError, match=f"{name}: parameter 2 was given twice"):
        kind([p, leaf(1.0), p])


def test_refused_settings():
    p = [leaf(1.0)]
    for kind in (optim.SGD, optim.Adam):
        with pytest.raises(ValueError, match=f"{kind.__name__}: expected lr of at least 0, got -1"):
            kind(p, -1)
        for lr in (np.nan, np.inf, "0.1", None):
            with pytest.raises(ValueError, match=f"{kind.__name__}: expected lr as a finite numb"):
                kind(p, lr)
    with pytest.raises(ValueError, match="SGD: nesterov needs a momentum above 0"):
        optim.SGD(p, 0.1, nesterov=True)
    with pytest.raises(ValueError, match="SGD: nesterov needs .* and no dampening"):
        optim.SGD(p, 0.1, 0.9, 0.5, nesterov=True)
    for kind, name, value in (
        (optim.Adam, "eps", -1),
        (optim.AdamW, "weight_decay", np.nan),
        (optim.SGD, "momentum", -0.5),
        (optim.SGD, "weight_decay", np.inf),
        (optim.RMSprop, "alpha", np.nan),
        (optim.LBFGS, "tolerance_grad", -1),
        (optim.LBFGS, "max_iter", 2.5),
        (optim.LBFGS, "history_size", 0),
    ):
        with pytest.raises(ValueError, match=f"{kind.__name__}: expected {name} .*got {value}"):
            kind(p, **{name: value})
    for betas in ((1.0, 0.9), (0.9, -0.1), 0.9, (0.9,), (np.nan, 0.9)):
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


# -- what is given in place of parameters ---------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (nn.Linear(2, 1, rng=0), "got Linear; pass net.parameters()"),
        (nn.Sequential(nn.Linear(2, 1, rng=0)), "got Sequential; pass net.parameters()"),
        (nn.Linear(2, 1, rng=0).parameters, "got method; call it, as in net.parameters()"),
        (leaf(1.0, 2.0), "got Tensor; put it into a list"),
        ({"params": [leaf(1.0)]}, "got dict; put a group into a list"),
        (nn.Linear(2, 1, rng=0).named_parameters(), "pass parameters without names"),
        (None, "got NoneType; pass net.parameters()"),
    ],
)
def test_what_is_no_list_of_parameters_is_named(params, words):
    with pytest.raises(TypeError, match=f"SGD: expected parameters or .*{re.escape(words)}"):
        optim.SGD(params, 0.1)


# -- frozen parameters and gradients that were assigned -------------------------------------------


@pytest.mark.parametrize("name", [*ALL, "LBFGS"])
def test_frozen_parameters_are_skipped(name):
    p, frozen, late = leaf(1.0), leaf(2.0), leaf(3.0)
    with_gradient(frozen, [1.0])
    frozen.requires_grad = late.requires_grad = False
    make = ALL.get(name, optim.LBFGS)
    optimiser = make([frozen, p, late])

    def loss():
        return ((p - 5.0) ** 2 + frozen * 1.0 + (late - 5.0) ** 2).sum()

    def step():
        if name == "LBFGS":
            optimiser.step(loss)
        else:
            loss().backward()
            optimiser.step()

    step()
    assert p.item() != 1 and frozen.item() == 2 and late.item() == 3
    late.requires_grad = True
    step()
    assert late.item() != 3 and frozen.item() == 2


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.RMSprop, optim.LBFGS])
def test_nothing_to_train_is_said(kind):
    with pytest.raises(ValueError, match=f"{kind.__name__}: no parameter requires a gradient; unf"):
        kind([Tensor([1.0])])


@pytest.mark.parametrize("name", ALL)
def test_a_gradient_of_another_shape_or_kind_is_refused(name):
    p, q = leaf(1.0, 2.0), leaf(3.0, 4.0)
    optimiser = ALL[name]([p, q])
    with_gradient(p, [1.0, 1.0])
    for gradient, words in (
        (Tensor(np.ones(1)), r"Tensor of shape \(1,\)"),
        (Tensor(np.ones((2, 2))), r"Tensor of shape \(2, 2\)"),
        (Tensor(np.ones(())), r"Tensor of shape \(\)"),
        (np.ones(2), r"ndarray of shape \(2,\)"),
        (1.0, r"float of shape \(\)"),
    ):
        q.grad = gradient
        with pytest.raises(ValueError, match=f"the gradient of parameter 1 as a .*got {words}"):
            optimiser.step()
        assert p.numpy().tolist() == [1, 2]  # nothing moved
        assert optimiser.state == [{}, {}]


def test_lbfgs_refuses_a_gradient_of_another_shape():
    p = leaf(1.0, 2.0)

    def closure():
        p.grad = Tensor(np.ones(1))
        return (p * p).sum()

    with pytest.raises(ValueError, match=r"LBFGS: expected the gradient of parameter 0 .*\(1,\)"):
        optim.LBFGS([p]).step(closure)


@pytest.mark.parametrize("name", ALL)
def test_a_gradient_of_another_dtype_does_not_change_the_parameters(name):
    p = leaf(1.0, 2.0, dtype=np.float32)
    p.grad = Tensor(np.array([3.0, 4.0]))
    optimiser = ALL[name]([p])
    optimiser.step()
    assert p.dtype == np.float32
    assert all(np.asarray(x).dtype != np.float64 for x in optimiser.state[0].values())


def test_velocity_is_not_the_gradient_itself():
    p = with_gradient(leaf(1.0), [1.0])
    sgd = optim.SGD([p], 0.1, momentum=0.5)
    sgd.step()
    p.grad.data *= 100  # its owner may change it
    assert sgd.state[0]["velocity"].tolist() == [1]


# -- groups ---------------------------------------------------------------------------------------


def test_groups_have_their_own_settings():
    p, q, r = leaf(1.0), leaf(1.0), leaf(1.0)
    groups = [{"params": [p], "lr": 0.5}, {"params": (x for x in [q]), "momentum": 0.9}]
    sgd = optim.SGD(groups, lr=0.1)
    sgd.add_param_group({"params": [r], "weight_decay": 1.0})
    for _ in range(2):
        for x in (p, q, r):
            with_gradient(x, [1.0])
        sgd.step()
    np.testing.assert_allclose([p.item(), q.item()], [1 - 0.5 * 2, 1 - 0.1 * (1 + 1.9)])
    np.testing.assert_allclose(r.item(), (1 - 0.1 * 2) - 0.1 * (1 + 0.8))
    assert [group["lr"] for group in sgd.param_groups] == [0.5, 0.1, 0.1]
    assert sgd.params == [p, q, r] and sgd.lr == 0.5
    sgd.lr = 0.2
    assert [group["lr"] for group in sgd.param_groups] == [0.2, 0.2, 0.2]
    with pytest.raises(ValueError, match="SGD: expected lr as a finite number"):
        sgd.lr = np.nan


def test_wrong_groups_are_refused():
    p = leaf(1.0)
    for group, words in (
        ({"params": [p], "learning_rate": 0.1}, "Adam: expected a group with 'params' and .*'lr'"),
        ({"lr": 0.1}, "Adam: expected a group with 'params'"),
        ({"params": [p], "eps": -1.0}, "Adam: expected eps of at least 0, got -1"),
        ({"params": [p], "betas": (0.9, 1.0)}, "Adam: expected betas in"),
        ({"params": []}, "Adam: expected at least one parameter"),
        ({"params": [p, p]}, "Adam: parameter 1 was given twice"),
    ):
        with pytest.raises(ValueError, match=words):
            optim.Adam([group])
    adam = optim.Adam([{"params": [p]}])
    with pytest.raises(ValueError, match="Adam: parameter 1 was given twice"):
        adam.add_param_group({"params": [p]})
    assert len(adam.param_groups) == len(adam.params) == len(adam.state) == 1
    with pytest.raises(TypeError, match="Adam: expected .*got Tensor; put it into a list"):
        adam.add_param_group({"params": leaf(2.0)})


# -- saving and resuming --------------------------------------------------------------------------


def through_a_file(state, path):
    np.savez(path, **state)
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_resumed_training_has_the_same_bits(name, dtype, tmp_path):
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((9, 3)).astype(dtype)

    def run(optimiser, p, steps):
        for g in steps:
            with_gradient(p, g)
            optimiser.step()

    p, unused = leaf(1.0, 2.0, 3.0, dtype=dtype), leaf(7.0, dtype=dtype)
    first = ALL[name]([unused, p])
    run(first, p, gradients[:4])
    first.lr = first.lr * 0.7
    state = through_a_file(first.state_dict(), tmp_path / "state.npz")
    twin, twin_unused = Tensor(p.numpy().copy(), True), leaf(7.0, dtype=dtype)
    run(first, p, gradients[4:])
    second = ALL[name]([twin_unused, twin])
    second.load_state_dict(state)
    run(second, twin, gradients[4:])
    np.testing.assert_array_equal(p.numpy(), twin.numpy())
    assert second.state_dict().keys() == first.state_dict().keys()
    assert second.state[0] == {} and twin.dtype == dtype
    for array in state.values():
        assert not any(array is x or np.shares_memory(array, x) for x in second.state[1].values())


def test_a_state_of_another_optimiser_is_refused_and_changes_nothing():
    p = with_gradient(leaf(1.0, 2.0), [3.0, 4.0])
    adam = optim.Adam([p])
    adam.step()
    state = adam.state_dict()
    assert set(state) == {
        *("state.0.m", "state.0.v", "state.0.t", "groups.0.lr", "groups.0.betas", "groups.0.eps"),
        *("groups.0.weight_decay", "groups.0.amsgrad", "groups.0.decoupled"),
    }
    for other, words in (
        (optim.SGD([leaf(1.0, 2.0)], momentum=0.9), "(.|\n)*missing     groups.0.momentum"),
        (optim.Adam([leaf(1.0)]), r"(.|\n)*shape       state.0.m: expected \(1,\), got \(2,\)"),
        (optim.Adam([{"params": [leaf(1.0, 2.0)]}, {"params": [leaf(1.0)]}]), "(.|\n)*groups.1.lr"),
    ):
        before = other.state_dict()
        with pytest.raises(ValueError, match=f"load_state_dict: .* of another optimiser: {words}"):
            other.load_state_dict(state)
        assert other.state_dict() == before
    fresh = optim.Adam([leaf(1.0, 2.0)])
    for broken, words in (
        ({k: v for k, v in state.items() if k != "state.0.v"}, "missing     state.0.v"),
        (state | {"state.1.m": np.zeros(2)}, "unexpected  state.1.m"),
        (state | {"groups.0.lr": np.nan}, "Adam: expected lr as a finite number"),
        (state | {"groups.0.betas": np.array([0.9])}, "shape       groups.0.betas"),
        (state | {"groups.0.amsgrad": True}, "missing     state.0.largest"),
    ):
        with pytest.raises(ValueError, match=words):
            fresh.load_state_dict(broken)
        assert fresh.state == [{}] and fresh.lr == 1e-3


# -- clipping and schedules -----------------------------------------------------------------------


def test_gradients_are_clipped_together():
    p, q, unused = leaf(0.0, 0.0), leaf(0.0, dtype=np.float32), leaf(5.0)
    with_gradient(p, [3.0, 0.0]), with_gradient(q, [4.0])
    before = p.grad.data
    assert optim.clip_grad_norm([p, q, unused], 10.0) == pytest.approx(5.0)
    assert p.grad.data is before
    assert optim.clip_grad_norm((x for x in (p, q, unused)), 1.0) == pytest.approx(5.0)
    np.testing.assert_allclose(p.grad.numpy(), [0.6, 0.0], rtol=1e-6)
    np.testing.assert_allclose(q.grad.numpy(), [0.8], rtol=1e-6)
    assert before.tolist() == [3, 0] and q.grad.dtype == np.float32 and unused.grad is None
    assert optim.clip_grad_norm([unused], 1.0) == 0
    huge = with_gradient(leaf(0.0, 0.0, dtype=np.float16), [6e4, 6e4])
    assert optim.clip_grad_norm([huge], 1.0) == pytest.approx(6e4 * 2**0.5, rel=1e-3)


def test_clipping_says_what_is_wrong():
    p = with_gradient(leaf(0.0), [np.nan])
    with pytest.raises(ValueError, match="clip_grad_norm: the norm of the gradients is nan; look"):
        optim.clip_grad_norm([p], 1.0)
    for norm in (-1.0, np.nan):
        with pytest.raises(ValueError, match="clip_grad_norm: expected max_norm of at least 0"):
            optim.clip_grad_norm([p], norm)
    with pytest.raises(TypeError, match=r"clip_grad_norm: .* pass net.parameters\(\)"):
        optim.clip_grad_norm(nn.Linear(1, 1), 1.0)
    p.grad = np.ones(1)
    with pytest.raises(TypeError, match="clip_grad_norm: expected gradients as Tensors"):
        optim.clip_grad_norm([p], 1.0)


def test_a_rate_in_steps():
    rates = [optim.step_rate(step, 3, 0.5, factor=0.1) for step in range(7)]
    np.testing.assert_allclose(rates, [0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.005])
    with pytest.raises(ValueError, match="step_rate: expected every as at least 1 step, got 0"):
        optim.step_rate(1, 0, 0.5)


def test_names_of_pytorch_are_answered_with_ours():
    for name, words in (
        ("lr_scheduler", "set optimizer.lr to a function of the step, as optim.cosine_rate"),
        ("clip_grad_norm_", "use optim.clip_grad_norm"),
        ("Adagrad", "not here"),
    ):
        with pytest.raises(AttributeError, match=f"optim.{name}: {words}"):
            getattr(optim, name)


def test_amsgrad_divides_by_the_largest_mean_square_so_far():
    gradients, lr = (10.0, 0.1, 0.1, 0.1, 3.0), 0.1
    beta1, beta2 = betas = (0.9, 0.5)  # v falls soon after the first gradient
    p = leaf(1.0)
    adam = optim.Adam([p], lr, betas, amsgrad=True)
    value, m, v, largest = 1.0, 0.0, 0.0, 0.0
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        largest = max(largest, v)
        root = (largest / (1 - beta2**t)) ** 0.5
        value -= lr * m / (1 - beta1**t) / (root + 1e-8)
        with_gradient(p, [g])
        adam.step()
        assert p.item() == pytest.approx(value, rel=1e-12)
    assert largest > v
