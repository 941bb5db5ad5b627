"""The gradient check: right gradients pass, wrong ones are refused with place and reason."""

import re
import sys

import device
import numpy as np
import pytest

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import GradcheckError, Tensor, grad, gradcheck, gradgradcheck
from nnscratch.gradcheck import check, check_second, gradient_error, gradient_of, numerical_gradient
from nnscratch.opcases import CASES
from nnscratch.operations import tanh
from nnscratch.tensor import as_tensor


def draw(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def wrong(name, forward, *vjps):
    """An operation with the given derivatives: vjp(g, y, *inputs)."""

    def fn(*inputs):
        inputs = [as_tensor(x) for x in inputs]
        edges = [
            (x, lambda g, y, vjp=vjp: vjp(g, y, *inputs))
            for x, vjp in zip(inputs, vjps, strict=True)
        ]
        return Tensor.from_op(name, forward(*(x.data for x in inputs)), *edges)

    fn.__name__ = name
    return fn


NUMBER = r"-?[\d.]+(?:e[-+]\d+)?"


def refused(fn, inputs, argument=0, place=None, hint="", checker=gradcheck, **options):
    """Assert the whole message; return its figures: analytic, numeric, relative error."""
    with pytest.raises(GradcheckError) as caught:
        checker(fn, inputs, **options)
    message = str(caught.value)
    where = r"\[[\d, ]*\]" if place is None else re.escape(place)
    name = getattr(fn, "__name__", "")
    owner = f"gradient of {name}" if checker is gradgradcheck else name
    match = re.fullmatch(
        rf"{re.escape(owner)}: wrong gradient of argument {argument}{where} \(shape \(.*\)\): "
        rf"analytic ({NUMBER}), numeric ({NUMBER}), relative error ({NUMBER}){hint}",
        message,
    )
    assert match, message
    analytic, numeric, relative = map(float, match.groups())
    largest = max(abs(analytic), abs(numeric))
    assert relative == pytest.approx(abs(analytic - numeric) / largest, rel=2e-3)
    return analytic, numeric, relative


# -- the idea -------------------------------------------------------------------------------------


def test_the_idea_measures_a_gradient_known_by_hand():
    x = np.array([[3.0, -1.0], [0.5, 2.0]])
    before = x.copy()
    numeric = numerical_gradient(lambda x: (x**3).sum(), x)
    np.testing.assert_allclose(numeric, 3 * x**2, rtol=1e-8)
    np.testing.assert_array_equal(x, before)


def test_the_idea_passes_a_convolution():
    inputs = draw((2, 3, 5, 4), (4, 3, 3, 2), (4,))
    assert gradient_error(lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1), inputs) < 1e-7


@pytest.mark.parametrize(("factor", "error"), [(2, 1), (-1, 2), (1.001, 0.001)])
def test_the_idea_catches_a_factor_and_a_sign(factor, error):
    fn = wrong("sine", np.sin, lambda g, y, x: g * nns.cos(x) * factor)
    assert gradient_error(fn, draw((2, 3))) == pytest.approx(error, rel=1e-4)


def test_the_idea_and_the_checker_agree():
    fn = wrong("sine", np.sin, lambda g, y, x: g * nns.cos(x) * 1.001)
    assert gradient_error(nns.sin, draw((2, 3))) < 1e-8
    assert check(nns.sin, draw((2, 3))).worst_error < 1e-8
    assert gradient_error(fn, draw((2, 3))) > 1e-4
    refused(fn, draw((2, 3)))


# -- wrong derivatives are refused ----------------------------------------------------------------


def test_wrong_sign():
    fn = wrong("cosine", np.cos, lambda g, y, x: g * nns.sin(x))
    analytic, numeric, relative = refused(fn, draw((2, 3)), 0, "[0, 0]", "; the sign is wrong")
    assert analytic == pytest.approx(-numeric, rel=1e-6) and relative == pytest.approx(2, rel=1e-5)


@pytest.mark.parametrize("factor", [2, 0.5, 3])
def test_missing_factor(factor):
    fn = wrong("power", lambda x: x**2, lambda g, y, x: g * x * (2 / factor))
    refused(fn, draw((3,)), 0, "[0]", f"; a factor {factor:g} is missing")


def test_a_small_factor():
    fn = wrong("power", lambda x: x**2, lambda g, y, x: g * x * 2.00001)
    assert refused(fn, draw((3,)))[2] == pytest.approx(5e-6, rel=0.01)


def test_second_argument_is_named():
    fn = wrong("product", np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * b)
    refused(fn, draw((2, 3), (2, 3)), 1, "[0, 0]")


@pytest.mark.parametrize("forgetful", [lambda g: g[0], lambda g: g.mean(0), lambda g: g[-1:]])
def test_forgotten_broadcast_sum(forgetful):
    fn = wrong("plus", np.add, lambda g, y, a, b: g, lambda g, y, a, b: forgetful(g))
    refused(fn, draw((4, 3), (3,)), 1, "[0]", ".*")


def test_gradient_that_does_not_fit_is_reported_by_the_engine():
    fn = wrong("plus", np.add, lambda g, y, a, b: g, lambda g, y, a, b: g[:, :2])
    with pytest.raises(ValueError, match=r"'plus' returned a gradient of shape \(4, 2\)"):
        gradcheck(fn, draw((4, 3), (3,)))


def test_flipped_kernel():
    def weight_gradient(g, _, x, weight):
        leaf = Tensor(weight.data, requires_grad=True)
        with nns.enable_grad():
            y = F.conv2d(x, leaf)
        (right,) = grad(y, leaf, g)
        return right[:, :, ::-1, ::-1]

    fn = wrong(
        "conv2d",
        lambda x, weight: F.conv2d(x, weight).data,
        lambda g, y, x, weight: F.conv_transpose2d(g, weight),
        weight_gradient,
    )
    refused(fn, draw((2, 3, 5, 4), (2, 3, 3, 2)), 1)


@pytest.mark.parametrize("size", [1000, 5000])
@pytest.mark.parametrize("place", [0, 337, 999])
def test_one_wrong_entry(size, place):
    error = np.zeros(size)
    error[place] = 0.01
    fn = wrong("scale", lambda x: 3 * x, lambda g, y, x: g * (3 + error))
    assert refused(fn, draw((size,)), 0, f"[{place}]")[2] == pytest.approx(0.01 / 3.01, rel=1e-3)


def test_two_wrong_entries_that_cancel_in_a_sum():
    error = np.zeros((70, 80))
    error[3, 4], error[60, 9] = 0.01, -0.01
    fn = wrong("scale", lambda x: 3 * x, lambda g, y, x: g * (3 + error))
    refused(fn, draw((70, 80)))


def test_zero_gradient_of_softmax():
    """With ones upstream 0 would be right: the outputs always add up to 1."""
    fn = wrong(
        "softmax",
        lambda x: F.softmax(x, 1).data,
        lambda g, y, x: y * (1.0 - y.sum(1, keepdims=True)),
    )
    refused(fn, draw((3, 4)), 0, "[0, 0]", "; the analytic gradient is 0: .*")


def test_a_constant_is_not_its_own_derivative():
    def fn(x):
        return Tensor(x.data * 2)

    refused(fn, draw((3,)), 0, "[0]", "; the analytic gradient is 0: .*")


def test_small_gradients_beside_large_ones():
    """An error of 1 % in a gradient a hundred thousand times smaller than the largest."""
    scale = np.array([1e5, 1.0, 1e5])
    error = np.array([1.0, 1.01, 1.0])
    fn = wrong("scale", lambda x: scale * x, lambda g, y, x: g * (scale * error))
    refused(fn, draw((3,)), 0, "[1]")


@pytest.mark.parametrize("unit", [1e-9, 1e-4, 1e6])
def test_errors_in_any_unit(unit):
    fn = wrong("wave", lambda x: unit * np.sin(x), lambda g, y, x: g * nns.cos(x) * (unit * 1.001))
    refused(fn, draw((3,)))
    assert gradcheck(lambda x: nns.sin(x) * unit, draw((3,)))


def test_wrong_among_several_outputs():
    half = wrong("half", lambda x: x / 2, lambda g, y, x: g / 3)

    def both(x):
        return x * 2, half(x)

    refused(both, draw((3,)))
    assert gradcheck(lambda x: (x * 2, x / 2, x.sum()), draw((3,)))


def test_not_a_number():
    fn = wrong("root", np.sqrt, lambda g, y, x: g * np.nan)
    with pytest.raises(GradcheckError, match="argument 0.*analytic nan.*; not a number: look for"):
        gradcheck(fn, [np.ones(2)])
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(GradcheckError, match="numeric nan.*not a nu"),
    ):
        gradcheck(lambda x: nns.log(x), [-np.ones(2)])


def test_an_infinite_gradient_is_refused():
    fn = wrong("same", lambda x: x * 1, lambda g, y, x: g * np.inf)
    with pytest.raises(GradcheckError, match="argument 0.*analytic nan.*; not a number: look"):
        gradcheck(fn, [np.ones(2)])


def test_wrong_second_derivative():
    constant = wrong("square", np.square, lambda g, y, x: g * Tensor(2 * x.data))
    assert gradcheck(constant, draw((3,)))
    refused(constant, draw((3,)), 0, "[0]", "; the analytic gradient is 0: .*", gradgradcheck)
    bent = wrong("sine", np.sin, lambda g, y, x: g * wrong_cosine(x))
    wrong_cosine = wrong("cosine", np.cos, lambda g, y, x: g * nns.sin(x))
    assert gradcheck(bent, draw((3,)))
    refused(bent, draw((3,)), 0, "[0]", "; the sign is wrong", gradgradcheck)


def test_wrong_third_derivative():
    wrong_sine = wrong("minus sine", lambda x: -np.sin(x), lambda g, y, x: g * nns.cos(x))
    cosine = wrong("cosine", np.cos, lambda g, y, x: g * wrong_sine(x))
    fn = wrong("sine", np.sin, lambda g, y, x: g * cosine(x))
    assert gradcheck(fn, draw((3,))) and gradgradcheck(fn, draw((3,)))
    with pytest.raises(GradcheckError, match="^gradient of gradient of sine: wrong gradient"):
        check_second(*gradient_of(fn, draw((3,))))
    check_second(*gradient_of(lambda x: nns.sin(x), draw((3,))))


def test_adjoint_identity():
    nearly = wrong("scale", lambda x: 2 * x, lambda g, y, x: g * (2 + 1e-8))
    assert gradcheck(nearly, draw((4,)))
    words = (
        r"^scale: argument 0: the gradient is not the adjoint: <fn\(u\), v> is "
        rf"{NUMBER}, <u, gradient\(v\)> is {NUMBER}$"
    )
    with pytest.raises(GradcheckError, match=words):
        gradcheck(nearly, draw((4,)), linear=True)
    with pytest.raises(GradcheckError, match="argument 0: the gradient is not the adjoint"):
        gradcheck(lambda x: x + 1.0, draw((4,)), linear=True)
    assert gradcheck(F.conv1d, draw((1, 2, 5), (3, 2, 3)), linear=True)


# -- functions that cannot be checked -------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1])
def test_changed_input(place):
    def greedy(*inputs):
        y = inputs[0] * inputs[1]
        inputs[place].data[0] += 1
        return y

    inputs = [*draw((3,)), np.arange(3)]
    with pytest.raises(GradcheckError, match=f"^greedy: argument {place} was changed by the call"):
        gradcheck(greedy, inputs)


def test_second_call_that_differs():
    rng = np.random.default_rng(0)

    def noisy(x):
        return F.dropout(x, 0.5, rng=rng)

    with pytest.raises(GradcheckError, match="^noisy: a second call with the same inputs gave an"):
        gradcheck(noisy, draw((3, 4)))
    assert gradcheck(lambda x: F.dropout(x, 0.5, rng=0), draw((3, 4)))


@pytest.mark.parametrize("checker", [gradcheck, gradgradcheck])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_points_that_are_not_numbers_are_refused(checker, value):
    x = np.array([1.0, value])
    with pytest.raises(ValueError, match="check: argument 1 holds NaN or infinite numbers"):
        checker(lambda a, b: a * b, [np.ones(2), x])


@pytest.mark.parametrize("checker", [gradcheck, gradgradcheck])
@pytest.mark.parametrize(
    "settings", [{"eps": 0}, {"eps": -1e-6}, {"rtol": np.nan}, {"atol": -1}, {"rtol": np.inf}]
)
def test_settings_with_which_no_check_works_are_refused(checker, settings):
    with pytest.raises(ValueError, match="gradcheck: expected finite eps above 0, rtol and atol"):
        checker(lambda x: x * x, np.ones(2), **settings)


@pytest.mark.parametrize("checker", [gradcheck, gradgradcheck])
def test_float32_is_refused_with_the_reason(checker):
    words = (
        rf"^{checker.__name__}: argument 1 is float32; expected float64: .* about two digits only"
    )
    with pytest.raises(TypeError, match=words):
        checker(lambda a, b: a * b, [np.ones(2), np.ones(2, np.float32)])


def test_nothing_to_differentiate_by():
    with pytest.raises(TypeError, match="^gradcheck: expected at least one float64 argument"):
        gradcheck(lambda x: x * 2, [np.arange(3)])


def test_result_that_is_no_tensor():
    with pytest.raises(TypeError, match="expected a Tensor as result, got ndarray$"):
        gradcheck(lambda x: x.data, draw((3,)))


# -- right derivatives pass -----------------------------------------------------------------------


def test_integers_are_passed_on():
    x, index = *draw((4, 3)), np.array([0, 2, 0])
    assert gradcheck(lambda x, i: x[i], [x, index]) and gradgradcheck(lambda x, i: x[i], [x, index])


def test_one_input_need_not_be_in_a_list():
    assert gradcheck(nns.exp, np.ones(3)) and gradcheck(nns.exp, Tensor(np.ones(())))


def test_empty_input():
    assert gradcheck(nns.exp, [np.ones((0, 3))])


def test_report():
    report = check(nns.sin, draw((2, 3)))
    assert report.slopes == 6 and report.moves == 0 and report.worst_error < 1e-8
    assert check(nns.sin, draw((3000,))).slopes == 8


def test_inputs_from_the_same_seed_are_not_the_output_gradient():
    """Else a normalised x would be checked along itself, where the gradient is 0."""
    blind = wrong("unit", lambda x: x / np.linalg.norm(x), lambda g, y, x: g * 0.0)
    for seed in range(3):
        refused(blind, draw((5,), seed=seed), 0, None, "; the analytic gradient .*", seed=seed)


def test_on_a_device():
    x = device.asarray(draw((2, 3))[0])
    assert gradcheck(tanh, [x]) and gradgradcheck(tanh, [x])
    with pytest.raises(GradcheckError, match=r"argument 0\[0, 0\].*the sign is wrong"):
        gradcheck(lambda x: Tensor.from_op("neg", x.data * 1, (x, lambda g, y: -g)), [x])


# -- kinks ----------------------------------------------------------------------------------------

KINKS = {
    "relu": (F.relu, [np.array([[0.0, 1.0], [-1.0, 0.0]])]),
    "leaky_relu": (F.leaky_relu, [np.zeros(3)]),
    "max_pool": (lambda x: F.max_pool2d(x, 2), [np.ones((1, 2, 4, 4))]),
    "max": (lambda x: x.max(1), [np.ones((2, 3))]),
    "maximum": (nns.maximum, [np.ones((2, 2)), np.ones((2, 2))]),
    "clip": (lambda x: nns.clip(x, -1, 1), [np.array([-1.0, 1.0, 0.5])]),
}


@pytest.mark.parametrize("name", KINKS)
def test_right_answers_pass_after_moving_off_a_kink(name):
    report = check(*KINKS[name])
    assert report.worst_error < 1e-7
    if name not in ("max", "maximum"):  # ties share the gradient: the mean of both slopes
        assert 1 <= report.moves <= 3


def test_moving_off_does_not_excuse_a_wrong_answer():
    fn = wrong("relu", lambda x: np.maximum(x, 0), lambda g, y, x: g * (x.data < 0))
    refused(fn, [np.zeros(4)], hint=".*")
    fn = wrong("relu", lambda x: np.maximum(x, 0), lambda g, y, x: g * (x.data > 0) * 1.001)
    refused(fn, [np.zeros(4)])


@pytest.mark.parametrize("distance", [1e-9, 1e-7, 1e-6, 1e-5])
def test_near_a_kink(distance):
    assert gradcheck(F.relu, [np.array([distance, -distance, 1.0])])
    assert gradcheck(nns.abs, [np.array([distance, -distance, 1.0])])


def test_kinks_in_many_elements_at_once():
    x = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], 3000)
    assert check(F.relu, [x]).moves == 1


def blancmange(x, waves=45):
    """Triangle waves, each half as high and half as wide: continuous, and a kink everywhere."""
    x, total = as_tensor(x), 0.0
    for k in range(waves):
        scaled = x * 2.0**k
        total = total + nns.abs(scaled - Tensor(np.round(scaled.data))) * 2.0**-k
    return total


@pytest.mark.parametrize("seed", range(5))
def test_a_kink_everywhere_cannot_be_decided(seed):
    with pytest.raises(GradcheckError, match="^blancmange: argument 0.*cannot be decided here"):
        gradcheck(blancmange, draw((4,), seed=seed))


@pytest.mark.parametrize("seed", range(5))
def test_noise_that_drowns_the_slope_decides_nothing(seed):
    rough = wrong("rough", lambda x: x + 1e-3 * np.sin(1e13 * x), lambda g, y, x: g)
    with pytest.raises(GradcheckError, match="^rough: argument 0.*cannot be decided here"):
        gradcheck(rough, draw((4,), seed=seed))
    gentle = wrong("gentle", lambda x: x + 1e-11 * np.sin(1e13 * x), lambda g, y, x: g)
    assert gradcheck(gentle, draw((4,), seed=seed))


# -- right answers are never refused --------------------------------------------------------------

SMOOTH = {
    "exp": lambda x: nns.exp(5.0 * tanh(x)),
    "steep": lambda x: nns.exp(5.0 * x),
    "tanh": tanh,
    "saturated": lambda x: tanh(30.0 * x),
    "sigmoid": F.sigmoid,
    "softplus": lambda x: F.softplus(x, 20.0),
    "sin": lambda x: nns.sin(20.0 * x),
    "cube": lambda x: x**3,
    "reciprocal": lambda x: 1.0 / x,
    "sqrt": lambda x: nns.sqrt(x * x),
    "log": lambda x: nns.log(nns.abs(x)),
    "relu": F.relu,
    "softmax": lambda x: F.softmax(x, 0),
    "log_softmax": lambda x: F.log_softmax(x, 0),
    "var": lambda x: x.var(),
    "normalize": lambda x: F.normalize(x, axis=0),
    "layer_norm": lambda x: F.layer_norm(x, x.shape),
    "product": lambda x: x * x.sum() * 1e-3,
}


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("name", SMOOTH)
def test_right_answers_pass_at_every_scale(name, scale):
    if name == "steep" and scale > 1:
        scale = 10.0  # exp(5000) is no number
    for seed in range(5):
        x = scale * np.random.default_rng(seed).standard_normal(6)
        assert gradcheck(SMOOTH[name], [x], seed=seed)


@pytest.mark.parametrize("smallest", [1e-12, 1e-8, 1e-6, 1e-4])
def test_right_answers_pass_near_the_edge_of_the_domain(smallest):
    x = smallest * np.array([1.0, 2.5, 7.0])
    assert gradcheck(nns.sqrt, [x]) and gradcheck(nns.log, [x])
    refused(wrong("sqrt", np.sqrt, lambda g, y, x: g / (2.002 * y)), [x], 0, "[0]")


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_wrong_answers_are_refused_at_every_scale(scale):
    for seed in range(5):
        x = scale * np.random.default_rng(seed).standard_normal(6)
        refused(wrong("sine", np.sin, lambda g, y, x: g * nns.cos(x) * 1.001), [x], seed=seed)
        cube = wrong("cube", lambda x: x**3, lambda g, y, x: g * x * x * 3.003)
        refused(cube, [x], seed=seed)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__.replace(" ", ""))
def test_every_row_at_every_scale(case, scale, monkeypatch):
    """The right gradient passes; with one entry wrong by a thousandth it does not."""
    arrays = case.inputs(np.random.default_rng(2))
    arrays = [x * scale if x.dtype.kind == "f" else x for x in arrays]
    with np.errstate(over="ignore"):
        if not np.isfinite(case(*map(Tensor, arrays)).numpy()).all():
            pytest.skip("exp(1000) is no number")
    assert check(case, arrays).worst_error < 1e-5
    planted = []

    def grad_with_an_error(output, inputs, **options):
        gradients = grad(output, inputs, **options)
        sizes = [np.abs(g.numpy()).max() for g in gradients]
        i = int(np.argmax(sizes))
        wrong = gradients[i].numpy().copy()
        place = np.unravel_index(np.abs(wrong).argmax(), wrong.shape)
        wrong[place] += 1e-3 * (wrong[place] if sizes[i] > 1e-6 else 1.0)
        argument = [k for k, x in enumerate(arrays) if x.dtype.kind == "f"][i]
        planted.append(f"argument {argument}[{', '.join(map(str, place))}]")
        return (*gradients[:i], Tensor(wrong), *gradients[i + 1 :])

    monkeypatch.setattr(sys.modules[check.__module__], "grad", grad_with_an_error)
    with pytest.raises(GradcheckError) as caught:
        check(case, arrays)
    assert planted[0] in str(caught.value)
