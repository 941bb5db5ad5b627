"""The engine against PyTorch: values, gradients and second gradients, where it is installed."""

import itertools

import numpy as np
import pytest

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor, nn, optim

torch = pytest.importorskip("torch", reason="PyTorch is an oracle here, not a dependency")
TF = torch.nn.functional

pytestmark = pytest.mark.torch
TOLERANCE = {"rtol": 1e-9, "atol": 1e-9}
BATCHES = 10  # of random settings, so that a failure names a smaller place


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny tensors: threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def both(array):
    """The same leaf, ours and theirs."""
    ours = Tensor(array, requires_grad=array.dtype.kind == "f")
    theirs = torch.tensor(array, requires_grad=array.dtype.kind == "f")
    return ours, theirs


def close(ours, theirs, **tolerance):
    ours, theirs = ours.numpy(), theirs.numpy(force=True)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, **(tolerance or TOLERANCE))


def compare(ours, theirs, arrays, rng, second=True):
    """Value, gradient <g, f> by each input, and the gradient of that gradient by all and by g."""
    pairs = [both(a) for a in arrays]
    mine, yours = [p[0] for p in pairs], [p[1] for p in pairs]
    y, ty = ours(*mine), theirs(*yours)
    close(y, ty)
    g, tg = both(rng.standard_normal(y.shape))
    mine = [x for x in mine if x.requires_grad]
    yours = [x for x in yours if x.requires_grad]
    first = nns.grad((y * g).sum(), mine, create_graph=True)
    tfirst = torch.autograd.grad((ty * tg).sum(), yours, create_graph=True)
    for a, b in zip(first, tfirst, strict=True):
        close(a, b)
    if not second:
        return
    vs = [both(rng.standard_normal(a.shape)) for a in first]
    total = sum(((a * v).sum() for a, (v, _) in zip(first, vs, strict=True)), Tensor(0.0))
    ttotal = sum((b * v).sum() for b, (_, v) in zip(tfirst, vs, strict=True))
    found = nns.grad(total, [*mine, g])
    expected = torch.autograd.grad(ttotal, [*yours, tg], allow_unused=True)
    for a, b, x in zip(found, expected, [*yours, tg], strict=True):
        close(a, torch.zeros_like(x) if b is None else b)


# -- random settings ------------------------------------------------------------------------------


def draw_axes(rng):
    """(rank, kernel, stride, padding, dilation, input size), one value for each axis."""
    ndim = int(rng.integers(1, 4))
    kernel, stride, dilation = (rng.integers(1, 4, ndim).tolist() for _ in range(3))
    padding = rng.integers(0, 3, ndim).tolist()
    return ndim, kernel, stride, padding, dilation, rng.integers(1, 8 - ndim, ndim).tolist()


def fits(size, kernel, padding, dilation):
    axes = zip(size, kernel, padding, dilation, strict=True)
    return all(n + 2 * p >= d * (k - 1) + 1 for n, k, p, d in axes)


def conv_settings(rng):
    while True:
        ndim, kernel, stride, padding, dilation, size = draw_axes(rng)
        if fits(size, kernel, padding, dilation):
            groups, per_in, per_out = rng.integers(1, 3, 3).tolist()
            x = rng.standard_normal((int(rng.integers(1, 3)), groups * per_in, *size))
            weight = rng.standard_normal((groups * per_out, per_in, *kernel))
            bias = rng.standard_normal(groups * per_out)
            name = f"conv{ndim}d"
            yield name, (x, weight, bias), (stride, padding, dilation, groups)


def transpose_settings(rng):
    while True:
        ndim, kernel, stride, padding, dilation, size = draw_axes(rng)
        extra = [int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True)]
        groups, per_in, per_out = rng.integers(1, 3, 3).tolist()
        size = [min(n, 3) for n in size]
        axes = zip(size, kernel, stride, padding, dilation, extra, strict=True)
        if all((n - 1) * s - 2 * p + d * (k - 1) + 1 + e > 0 for n, k, s, p, d, e in axes):
            x = rng.standard_normal((int(rng.integers(1, 3)), groups * per_in, *size))
            weight = rng.standard_normal((groups * per_in, per_out, *kernel))
            bias = rng.standard_normal(groups * per_out)
            name = f"conv_transpose{ndim}d"
            yield name, (x, weight, bias), (stride, padding, extra, groups, dilation)


def pool_settings(rng):
    while True:
        ndim, kernel, stride, padding, dilation, size = draw_axes(rng)
        padding = [min(p, k // 2) for p, k in zip(padding, kernel, strict=True)]
        stride = None if rng.random() < 0.2 else stride
        shape = (int(rng.integers(1, 3)), 2, *size)
        # all different, and none so small that padding by 0 would not show
        x = rng.permutation(np.prod(shape)).reshape(shape) / 7.0 - 50
        ceil_mode = bool(rng.integers(2))
        if rng.integers(2):
            # n < d: a window could step over the input and see padding only
            wide = all(n >= d for n, d in zip(size, dilation, strict=True))
            if wide and fits(size, kernel, padding, dilation):
                setting = (kernel, stride, padding, dilation, ceil_mode)
                yield f"max_pool{ndim}d", (x,), setting
        elif fits(size, kernel, [0] * ndim, [1] * ndim):  # avg_pool3d asks for it without padding
            setting = (kernel, stride, padding, ceil_mode, bool(rng.integers(2)))
            yield f"avg_pool{ndim}d", (x,), setting


def agree(settings, count, seed):
    rng = np.random.default_rng(seed)
    for name, arrays, setting in itertools.islice(settings(rng), count):
        mine = tuple(tuple(s) if isinstance(s, list) else s for s in setting)
        try:
            compare(
                lambda *a, name=name, mine=mine: getattr(F, name)(*a, *mine),
                lambda *a, name=name, yours=setting: getattr(TF, name)(*a, *yours),
                arrays,
                rng,
            )
        except Exception as error:
            shapes = [a.shape for a in arrays]
            raise AssertionError(f"{name} of {shapes} with {setting}: {error}") from error


@pytest.mark.parametrize("batch", range(BATCHES))
def test_1000_convolutions(batch):
    agree(conv_settings, 100, seed=batch)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_600_transposed_convolutions(batch):
    agree(transpose_settings, 60, seed=batch)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_1000_pools(batch):
    agree(pool_settings, 100, seed=batch)


def test_string_padding():
    rng = np.random.default_rng(0)
    for kernel, dilation in itertools.product((1, 2, 3, 4), (1, 2, 3)):
        x, weight = rng.standard_normal((2, 2, 7)), rng.standard_normal((3, 2, kernel))
        for padding in ("same", "valid"):
            if padding == "valid" and dilation * (kernel - 1) >= 7:
                continue
            if padding == "same" and dilation * (kernel - 1) % 2:  # PyTorch warns that it copies
                theirs = torch.tensor(np.pad(x, ((0, 0), (0, 0), (0, 1))))
                total = dilation * (kernel - 1)
                expected = TF.conv1d(
                    theirs, torch.tensor(weight), padding=total // 2, dilation=dilation
                )
            else:
                expected = TF.conv1d(
                    torch.tensor(x), torch.tensor(weight), padding=padding, dilation=dilation
                )
            close(F.conv1d(x, weight, padding=padding, dilation=dilation), expected)


@pytest.mark.parametrize("size", [(7,), (5, 4), (3, 5, 4)])
@pytest.mark.parametrize("output", [1, 2, 3, 6])
def test_adaptive_pools(size, output):
    rng = np.random.default_rng(0)
    name = f"adaptive_avg_pool{len(size)}d"
    compare(
        lambda x: getattr(F, name)(x, output),
        lambda x: getattr(TF, name)(x, output),
        [rng.standard_normal((2, 3, *size))],
        rng,
    )


# -- activations and norms ------------------------------------------------------------------------

ACTIVATIONS = {
    "relu": (F.relu, TF.relu),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.2), lambda x: TF.leaky_relu(x, 0.2)),
    "elu": (lambda x: F.elu(x, 1.3), lambda x: TF.elu(x, 1.3)),
    "sigmoid": (F.sigmoid, torch.sigmoid),
    "tanh": (F.tanh, torch.tanh),
    "softplus": (lambda x: F.softplus(x, 1.7), lambda x: TF.softplus(x, 1.7)),
    "softmax": (lambda x: F.softmax(x, 1), lambda x: TF.softmax(x, 1)),
    "log_softmax": (lambda x: F.log_softmax(x, -1), lambda x: TF.log_softmax(x, -1)),
    "exp": (nns.exp, torch.exp),
    "sin": (nns.sin, torch.sin),
    "abs": (nns.abs, torch.abs),
    "clip": (lambda x: nns.clip(x, -0.5, 0.8), lambda x: torch.clamp(x, -0.5, 0.8)),
    "max": (lambda x: x.max(1), lambda x: x.amax(1)),
    "min": (lambda x: x.min((0, 2)), lambda x: x.amin((0, 2))),
    "var": (lambda x: x.var(1, ddof=1), lambda x: x.var(1)),
    "normalize": (lambda x: F.normalize(x), lambda x: TF.normalize(x)),
    "normalize p=1": (lambda x: F.normalize(x, 1.0, 2), lambda x: TF.normalize(x, 1.0, 2)),
    "normalize p=3": (lambda x: F.normalize(x, 3.0, 0), lambda x: TF.normalize(x, 3.0, 0)),
    "instance_norm": (lambda x: F.instance_norm(x), lambda x: TF.instance_norm(x)),
    "layer_norm": (lambda x: F.layer_norm(x, (5, 4)), lambda x: TF.layer_norm(x, (5, 4))),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_functions_of_one_input(name):
    rng = np.random.default_rng(0)
    compare(*ACTIVATIONS[name], [rng.standard_normal((3, 5, 4)) * 2], rng)


@pytest.mark.parametrize("size", [(), (4,), (3, 4), (2, 3, 2)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(size, training):
    rng = np.random.default_rng(0)
    stats = rng.standard_normal(3), rng.random(3) + 0.5
    mine, yours = [Tensor(s) for s in stats], [torch.tensor(s) for s in stats]
    compare(
        lambda x, w, b: F.batch_norm(x, *mine, w, b, training, 0.3, 1e-3),
        lambda x, w, b: TF.batch_norm(x, *yours, w, b, training, 0.3, 1e-3),
        [rng.standard_normal((5, 3, *size)), rng.standard_normal(3), rng.standard_normal(3)],
        rng,
    )
    for a, b in zip(mine, yours, strict=True):
        close(a, b)


def test_running_statistics_over_several_batches():
    rng = np.random.default_rng(0)
    ours, theirs = nn.BatchNorm2d(3).to(np.float64), torch.nn.BatchNorm2d(3).double()
    for step in range(6):
        x = rng.standard_normal((4, 3, 5, 2)) * step + step
        close(ours(Tensor(x)), theirs(torch.tensor(x)))
    close(ours.running_mean, theirs.running_mean)
    close(ours.running_var, theirs.running_var)
    ours.eval(), theirs.eval()
    close(ours(Tensor(x)), theirs(torch.tensor(x)))


def test_affine_norms():
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal(3), rng.standard_normal(3)
    compare(
        lambda x, w, b: F.instance_norm(x, w, b, 1e-3),
        lambda x, w, b: TF.instance_norm(x, weight=w, bias=b, eps=1e-3),
        [x, w, b],
        rng,
    )
    w, b = rng.standard_normal((4, 5)), rng.standard_normal((4, 5))
    compare(
        lambda x, w, b: F.layer_norm(x, (4, 5), w, b),
        lambda x, w, b: TF.layer_norm(x, (4, 5), w, b),
        [x, w, b],
        rng,
    )


def test_linear_and_matmul():
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s) for s in ((2, 3, 4), (5, 4), (5,))]
    compare(F.linear, TF.linear, arrays, rng)
    for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 1, 3, 4), (5, 4, 2))):
        arrays = [rng.standard_normal(a), rng.standard_normal(b)]
        compare(nns.matmul, torch.matmul, arrays, rng)


@pytest.mark.parametrize(("mode", "theirs"), [("reflect", "reflect"), ("edge", "replicate")])
def test_pad(mode, theirs):
    rng = np.random.default_rng(0)
    compare(
        lambda x: F.pad(x, ((1, 2), (3, 0)), mode),
        lambda x: TF.pad(x, (3, 0, 1, 2), theirs),
        [rng.standard_normal((2, 3, 4, 5))],
        rng,
    )


# -- losses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses(reduction):
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal((6, 5)) for _ in range(3))
    classes = rng.integers(0, 5, 6)
    mine, yours = {"reduction": reduction}, {"reduction": reduction}
    compare(
        lambda x, t: F.mse_loss(x, t, **mine), lambda x, t: TF.mse_loss(x, t, **yours), [a, b], rng
    )
    for smoothing in (0.0, 0.1):
        compare(
            lambda x, s=smoothing: F.cross_entropy(x, classes, label_smoothing=s, **mine),
            lambda x, s=smoothing: TF.cross_entropy(
                x, torch.tensor(classes), label_smoothing=s, **yours
            ),
            [a],
            rng,
        )
    compare(
        lambda x: F.nll_loss(x, classes, **mine),
        lambda x: TF.nll_loss(x, torch.tensor(classes), **yours),
        [a],
        rng,
    )
    compare(
        lambda x, t: F.binary_cross_entropy_with_logits(x, t, **mine),
        lambda x, t: TF.binary_cross_entropy_with_logits(x, t, **yours),
        [3 * a, rng.random((6, 5))],
        rng,
    )
    for swap in (False, True):
        compare(
            lambda x, y, z, s=swap: F.triplet_margin_loss(x, y, z, 0.7, swap=s, **mine),
            lambda x, y, z, s=swap: TF.triplet_margin_loss(x, y, z, 0.7, swap=s, **yours),
            [a, b, c],
            rng,
        )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_of_images_and_of_probabilities(reduction):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 4, 3, 5))
    classes = rng.integers(0, 4, (2, 3, 5))
    compare(
        lambda x: F.cross_entropy(x, classes, reduction),
        lambda x: TF.cross_entropy(x, torch.tensor(classes), reduction=reduction),
        [x],
        rng,
    )
    if reduction == "mean":  # PyTorch divides by the number of images, not of pixels
        x = x[:, :, 0, 0]
    probabilities = rng.dirichlet(np.ones(4), x.shape[:1] + x.shape[2:])
    probabilities = np.ascontiguousarray(np.moveaxis(probabilities, -1, 1))
    compare(
        lambda x, p: F.cross_entropy(x, p, reduction, 0.2),
        lambda x, p: TF.cross_entropy(x, p, reduction=reduction, label_smoothing=0.2),
        [x, probabilities],
        rng,
    )


def test_pairwise_distances():
    rng = np.random.default_rng(0)
    compare(
        F.pairwise_distances,
        torch.cdist,
        [rng.standard_normal((4, 3)), rng.standard_normal((5, 3))],
        rng,
        second=False,
    )


# -- optimisers and training ----------------------------------------------------------------------

OPTIMISERS = {
    "SGD": (lambda p: optim.SGD(p, 0.03), lambda p: torch.optim.SGD(p, 0.03)),
    "momentum": (
        lambda p: optim.SGD(p, 0.03, 0.9, weight_decay=0.1),
        lambda p: torch.optim.SGD(p, 0.03, 0.9, weight_decay=0.1),
    ),
    "nesterov": (
        lambda p: optim.SGD(p, 0.03, 0.8, nesterov=True, weight_decay=0.01),
        lambda p: torch.optim.SGD(p, 0.03, 0.8, nesterov=True, weight_decay=0.01),
    ),
    "Adam": (
        lambda p: optim.Adam(p, 0.05, (0.8, 0.95), 1e-6),
        lambda p: torch.optim.Adam(p, 0.05, (0.8, 0.95), 1e-6),
    ),
    "Adam with decay": (
        lambda p: optim.Adam(p, 0.05, weight_decay=0.1),
        lambda p: torch.optim.Adam(p, 0.05, weight_decay=0.1),
    ),
    "AdamW": (
        lambda p: optim.AdamW(p, 0.05, weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, 0.05, weight_decay=0.1),
    ),
    "AMSGrad": (
        lambda p: optim.Adam(p, 0.05, amsgrad=True),
        lambda p: torch.optim.Adam(p, 0.05, amsgrad=True),
    ),
    "dampening": (
        lambda p: optim.SGD(p, 0.03, 0.8, 0.3, 0.01),
        lambda p: torch.optim.SGD(p, 0.03, 0.8, 0.3, 0.01),
    ),
    "RMSprop": (
        lambda p: optim.RMSprop(p, 0.02, weight_decay=0.1),
        lambda p: torch.optim.RMSprop(p, 0.02, weight_decay=0.1),
    ),
    "RMSprop, all of it": (
        lambda p: optim.RMSprop(p, 0.02, 0.9, 1e-4, 0.1, 0.5, True),
        lambda p: torch.optim.RMSprop(p, 0.02, 0.9, 1e-4, 0.1, 0.5, True),
    ),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_trajectories(name):
    """A quartic with a changing target; now and then a parameter has no gradient."""
    rng = np.random.default_rng(0)
    starts = [rng.standard_normal((3, 4)), rng.standard_normal(5)]
    mine, yours = zip(*map(both, starts), strict=True)
    ours, theirs = (make(p) for make, p in zip(OPTIMISERS[name], (mine, yours), strict=True))
    for step in range(60):
        targets = [rng.standard_normal(s.shape) for s in starts]
        used = 1 if step % 7 == 3 else 2
        ours.zero_grad(), theirs.zero_grad()
        sum(
            ((p - t) ** 4).mean() for p, t in list(zip(mine, targets, strict=True))[:used]
        ).backward()
        terms = list(zip(yours, map(torch.tensor, targets), strict=True))[:used]
        sum(((p - t) ** 4).mean() for p, t in terms).backward()
        ours.step(), theirs.step()
        for a, b in zip(mine, yours, strict=True):
            close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("max_norm", [0.1, 1.0, 100.0])
def test_clipped_gradients(max_norm):
    rng = np.random.default_rng(1)
    mine, yours = zip(*(both(rng.standard_normal(s)) for s in ((3, 4), (5,))), strict=True)
    for ours, theirs in zip(mine, yours, strict=True):
        (ours**3).sum().backward()
        (theirs**3).sum().backward()
    norm = optim.clip_grad_norm(mine, max_norm)
    assert norm == pytest.approx(torch.nn.utils.clip_grad_norm_(yours, max_norm).item(), rel=1e-12)
    for ours, theirs in zip(mine, yours, strict=True):
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-12)


def test_first_ten_losses_of_a_small_conv_net():
    """Same weights, same batches, float32: the losses agree to 1e-5."""
    rng = np.random.default_rng(0)
    ours = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False, rng=rng),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, stride=2, padding=1, rng=rng),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 10, rng=rng),
    )
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3, padding=1, bias=False),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(8, 16, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(64, 10),
    )
    state = {name: torch.tensor(x.numpy()) for name, x in ours.state_dict().items()}
    theirs.load_state_dict(state, strict=False)
    images = rng.random((160, 1, 16, 16), np.float32)
    labels = rng.integers(0, 10, 160)
    mine = optim.SGD(ours.parameters(), 0.1, momentum=0.9)
    yours = torch.optim.SGD(theirs.parameters(), 0.1, momentum=0.9)
    losses = []
    for start in range(0, 160, 16):
        x, t = images[start : start + 16], labels[start : start + 16]
        loss, tloss = (
            F.cross_entropy(ours(x), t),
            TF.cross_entropy(theirs(torch.tensor(x)), torch.tensor(t)),
        )
        ours.zero_grad(), theirs.zero_grad()
        loss.backward(), tloss.backward()
        mine.step(), yours.step()
        losses.append((loss.item(), tloss.item()))
    assert len(losses) == 10 and loss.dtype == np.float32
    np.testing.assert_allclose(*np.transpose(losses), rtol=1e-5)
