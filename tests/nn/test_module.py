"""Parameter and Module: what is found in the tree, saved and loaded states, modes, moving."""

import copy
import re

import numpy as np
import pytest

import nnscratch.functional as F
from nnscratch import Tensor, nn, optim


def small(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, rng=rng), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3, rng=rng)
    )


class Tree(nn.Module):
    """Parameters and layers in every kind of place."""

    def __init__(self):
        self.scale = nn.Parameter([2.0])
        self.constant = Tensor([5.0])
        self.register_buffer("mean", Tensor([0.5]))
        self.register_buffer("window", Tensor([0.25]), persistent=False)
        self.blocks = [nn.Linear(2, 3, rng=0), nn.ReLU()]
        self.heads = {
            "a": nn.Linear(3, 1, rng=1),
            "b": (nn.Linear(3, 2, rng=2), nn.Parameter([1.0])),
        }
        self.note = "text"
        self.shared = self.blocks[0]

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](x) * self.scale


def test_parameters_are_tensors_that_require_gradients():
    p = nn.Parameter(np.ones(3))
    assert p.requires_grad and p.is_leaf and p.dtype == np.float64 and isinstance(p, Tensor)
    assert not nn.Parameter([1.0], requires_grad=False).requires_grad
    assert not isinstance(p * 2, nn.Parameter)
    with pytest.raises(TypeError, match="expected floats"):
        nn.Parameter(np.arange(3))


def test_tree_is_walked_in_order_and_each_parameter_counts_once():
    tree = Tree()
    assert [name for name, _ in tree.named_parameters()] == [
        "scale",
        "heads.b.1",
        "blocks.0.weight",
        "blocks.0.bias",
        "heads.a.weight",
        "heads.a.bias",
        "heads.b.0.weight",
        "heads.b.0.bias",
    ]
    assert len(list(tree.parameters())) == len(set(tree.parameters())) == 8
    names = dict(tree.named_modules())
    assert names[""] is tree and names["heads.b.0"] is tree.heads["b"][0]
    assert [name for name, _ in tree.named_children()] == [
        *("blocks.0", "blocks.1", "heads.a", "heads.b.0", "shared")
    ]


def test_state_is_what_was_registered():
    """A Tensor that `forward` keeps is no state; neither is one of the user's constants."""

    class Keeps(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 3, rng=0)

        def forward(self, x):
            self.features = self.layer(x)
            self.seen = [x, self.features]
            return self.features

    net = Keeps()
    names = list(net.state_dict())
    state = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    net(Tensor([[1.0, 2.0]]))
    assert list(net.state_dict()) == names == ["layer.weight", "layer.bias"]
    net.load_state_dict(state)
    assert net.to(np.float64).features.dtype == np.float32


def test_buffers_are_saved_moved_and_replaced():
    tree = Tree()
    assert [name for name, _ in tree.named_buffers()] == ["mean", "window"]
    assert "mean" in tree.state_dict() and not {"window", "constant"} & set(tree.state_dict())
    tree.to(np.float64)
    assert tree.mean.dtype == tree.window.dtype == np.float64
    assert tree.constant.dtype == np.float32
    tree.mean = Tensor([7.0])
    assert tree.state_dict()["mean"].item() == 7
    tree.register_buffer("later", None)
    assert "later" not in tree.state_dict()
    tree.later = Tensor([1.0])
    assert "later" in tree.state_dict()
    twin = copy.deepcopy(tree)
    twin.mean = Tensor([8.0])
    assert twin.state_dict()["mean"].item() == 8 and tree.mean.item() == 7


def test_integer_buffers_stay_integers():
    net = nn.Linear(1, 1, rng=0)
    net.register_buffer("steps", Tensor(np.array(3)))
    net.to(np.float16)
    assert net.steps.dtype == np.int64 and net.weight.dtype == np.float16
    net.load_state_dict({name: value.numpy() for name, value in net.state_dict().items()})
    assert net.steps.item() == 3


def test_wrong_buffers_are_refused():
    tree = Tree()
    for value in (np.zeros(2), [1.0], nn.Parameter([1.0])):
        with pytest.raises(TypeError, match="register_buffer: expected a Tensor as offset, got"):
            tree.register_buffer("offset", value)
    with pytest.raises(ValueError, match="register_buffer: the module has an attribute 'scale'"):
        tree.register_buffer("scale", Tensor([1.0]))
    for name in ("a.b", "", 3):
        with pytest.raises(ValueError, match="register_buffer: expected the name of an attribute"):
            tree.register_buffer(name, Tensor([1.0]))


@pytest.mark.parametrize("value", [np.zeros((3, 2)), Tensor(np.zeros((3, 2))), [[1.0]], 0.0])
def test_a_value_put_over_a_parameter_is_refused(value):
    layer = nn.Linear(2, 3, rng=0)
    before = layer.weight
    words = (
        f"Linear: expected a Parameter or None as weight, got {type(value).__name__}; "
        "to change its values, write .weight.data = array"
    )
    with pytest.raises(TypeError, match=re.escape(words)):
        layer.weight = value
    assert layer.weight is before and "weight" in layer.state_dict()


def test_what_may_take_the_place_of_a_parameter_or_a_layer():
    layer = nn.Linear(2, 3, rng=0)
    layer.weight = nn.Parameter(np.ones((3, 2), np.float32))
    layer.bias = None
    assert layer(Tensor([[1.0, 2.0]])).numpy().tolist() == [[3, 3, 3]]
    assert list(layer.state_dict()) == ["weight"]
    norm = nn.BatchNorm1d(2)
    for value in (np.zeros(2), nn.Parameter([1.0, 2.0]), 0.0):
        with pytest.raises(TypeError, match="BatchNorm1d: expected a Tensor or None as running_me"):
            norm.running_mean = value
    tree = Tree()
    with pytest.raises(TypeError, match="Tree: expected a Linear or None as shared, got ndarray"):
        tree.shared = np.zeros(3)
    tree.shared = F.tanh
    tree.note = 3


def test_keyword_arguments_reach_forward():
    class Scaled(nn.Module):
        def forward(self, x, scale=1.0, *, shift=0.0):
            return x * scale + shift

    net, calls = Scaled(), []
    net.register_forward_hook(lambda module, inputs, output: calls.append((inputs, output)))
    x = Tensor([1.0, 2.0])
    assert net(x, scale=2.0, shift=1.0).numpy().tolist() == [3, 5]
    assert net(x).numpy().tolist() == [1, 2]
    assert [len(inputs) for inputs, _ in calls] == [1, 1]


def test_names_of_pytorch_are_answered_with_ours():
    net = small()
    for name, ours in (("cuda", r'to\("cuda"\)'), ("double", "float64"), ("apply", "modules")):
        with pytest.raises(AttributeError, match=f"Sequential.{name}: here it is .*{ours}"):
            getattr(net, name)
    with pytest.raises(AttributeError, match="'Sequential' object has no attribute 'fc'$"):
        _ = net.fc

    class Broken(nn.Module):
        @property
        def size(self):
            return self.missing

    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        _ = Broken().size
    for name, ours in (
        ("ModuleList", "a plain list.* registered"),
        ("CrossEntropyLoss", "functional.cross_entropy"),
        ("functional", "import nnscratch.functional as F"),
        ("Mish", "a forward of your own"),
    ):
        with pytest.raises(AttributeError, match=f"nn.{name}: .*{ours}"):
            getattr(nn, name)


def test_frozen_layers():
    net = small()
    assert net[0].requires_grad_(False) is net[0]
    assert [p.requires_grad for p in net.parameters()] == [False] * 2 + [True] * 4
    x = np.random.default_rng(0).random((4, 1, 4, 4), np.float32)
    net(Tensor(x)).sum().backward()
    assert net[0].weight.grad is None and net[3].weight.grad is not None
    net.requires_grad_()
    assert all(p.requires_grad for p in net.parameters())


def test_state_dict_holds_buffers_and_is_detached():
    net = small()
    state = net.state_dict()
    assert list(state) == [
        *("0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"),
        *("3.weight", "3.bias"),
    ]
    assert not any(value.requires_grad for value in state.values())
    before = {name: value.numpy().copy() for name, value in state.items()}
    adam = optim.Adam(net.parameters(), 0.1)
    F.mse_loss(
        net(np.random.default_rng(0).random((4, 1, 4, 4), np.float32)), np.zeros((4, 3))
    ).backward()
    adam.step()
    for name, value in state.items():  # what was saved does not move with the training
        np.testing.assert_array_equal(value.numpy(), before[name])
        if name != "0.bias":  # batch norm takes it out again: no gradient
            assert (net.state_dict()[name].numpy() != before[name]).any()


@pytest.mark.parametrize(
    "convert", [lambda x: x, lambda x: x.numpy(), lambda x: x.numpy().tolist()]
)
def test_states_are_loaded_as_copies(convert):
    ours, theirs = small(0), small(1)
    theirs[1].running_mean.data = np.array([3.0, 4.0], np.float32)
    state = {name: convert(value) for name, value in theirs.state_dict().items()}
    ours.load_state_dict(state)
    for name, value in ours.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), theirs.state_dict()[name].numpy())
        assert not np.shares_memory(value.data, theirs.state_dict()[name].data)


@pytest.mark.parametrize("prefix", ["", "0."])
def test_the_counters_of_pytorchs_batch_norm_are_left_out(prefix):
    inner = nn.BatchNorm1d(3)
    net = nn.Sequential(inner) if prefix else inner
    state = {name: value.numpy() + 1 for name, value in net.state_dict().items()}
    net.load_state_dict(state | {f"{prefix}num_batches_tracked": np.array(7)})
    np.testing.assert_array_equal(inner.running_var.numpy(), [2, 2, 2])
    longer = {f"module.{name}": value for name, value in state.items()}
    longer |= {f"module.{prefix}num_batches_tracked": np.array(7)}
    with pytest.raises(ValueError, match="hint: the names agree without 'module.' in front"):
        net.load_state_dict(longer)


def test_a_counter_of_ones_own_is_loaded():
    net = nn.Module()
    net.register_buffer("num_batches_tracked", Tensor([0.0]))
    net.load_state_dict({"num_batches_tracked": np.array([3.0])})
    assert net.num_batches_tracked.item() == 3


def test_not_strict_loads_what_agrees_and_tells_the_rest():
    net = small()
    state = {name: value.numpy() + 1 for name, value in net.state_dict().items()}
    del state["0.bias"]
    state["head.weight"] = np.ones(2)
    before = net[0].bias.numpy().copy()
    missing, unexpected = net.load_state_dict(state, strict=False)
    assert missing == ["0.bias"] and unexpected == ["head.weight"]
    np.testing.assert_array_equal(net[0].bias.numpy(), before)
    np.testing.assert_array_equal(net[3].weight.numpy(), state["3.weight"])
    assert net.load_state_dict(net.state_dict()) == ([], [])
    with pytest.raises(ValueError, match=r"shape       3\.weight: expected"):
        net.load_state_dict({"3.weight": np.ones((1, 1))}, strict=False)


def test_loading_keeps_dtype():
    net = small()
    net.load_state_dict({n: v.numpy().astype(np.float64) for n, v in net.state_dict().items()})
    assert all(p.dtype == np.float32 for p in net.parameters())


def test_a_wrong_state_lists_every_problem_and_changes_nothing():
    net = small()
    before = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    state = {name: value.numpy() + 1 for name, value in net.state_dict().items()}
    del state["0.bias"]
    state["3.weight"] = np.ones((3, 9))
    state["extra"] = np.ones(1)
    words = (
        "load_state_dict: the weights are of another network: 6 of 8 names agree in shape and "
        r"dtype\n  missing     0\.bias \(2,\)\n  unexpected  extra \(1,\)\n"
        r"  shape       3\.weight: expected \(3, 8\), got \(3, 9\)$"
    )
    with pytest.raises(ValueError, match=words):
        net.load_state_dict(state)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])


def test_modes_reach_every_layer():
    net = nn.Sequential(nn.Dropout(0.5, 0), nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5, 1)))
    assert net.training and net.eval() is net
    assert not any(module.training for module in net.modules())
    x = Tensor(np.ones((4, 3), np.float32))
    np.testing.assert_array_equal(net(x).numpy(), net(x).numpy())
    assert net.train() is net and all(module.training for module in net.modules())
    assert (net(x + 1).numpy() == 0).any()


def test_zero_grad():
    net = nn.Linear(2, 3, rng=0)
    net(Tensor([[1.0, 2.0]])).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("dtype", [np.float64, "float64", np.dtype("float64"), np.float16])
def test_to_a_dtype(dtype):
    net = small()
    parameters = list(net.parameters())
    assert net.to(dtype) is net and net.to("cpu") is net
    assert all(value.dtype == np.dtype(dtype) for value in net.state_dict().values())
    assert all(a is b for a, b in zip(parameters, net.parameters(), strict=True))
    assert all(p.requires_grad for p in net.parameters())


@pytest.mark.parametrize("target", ["gpu", "cuda:1", np.int64, bool, None, "int32"])
def test_to_something_else(target):
    with pytest.raises((ValueError, TypeError), match=r"to: expected a device .* or a float dtype"):
        small().to(target)


def test_no_forward():
    with pytest.raises(TypeError, match="Unfinished: defines no forward; add one"):
        type("Unfinished", (nn.Module,), {})()(1)


def test_repr():
    net = nn.Sequential(
        {"conv": nn.Conv2d(3, 4, 3, padding=1, rng=0), "inner": nn.Sequential(nn.ReLU())}
    )
    assert repr(net) == (
        "Sequential(\n"
        "  (conv): Conv2d(in_channels=3, out_channels=4, kernel_size=(3, 3), stride=1, padding=1, "
        "dilation=1, groups=1)\n"
        "  (inner): Sequential(\n"
        "    (0): ReLU()\n"
        "  )\n"
        ")"
    )


def test_repr_shows_the_settings_of_a_module_of_your_own():
    class Scaled(nn.Module):
        def __init__(self):
            self.factor, self.mode, self.note = 2.0, "up", None
            self.weight, self.rng = nn.Parameter([1.0]), np.random.default_rng(0)

    assert repr(Scaled().eval()) == "Scaled(factor=2.0, mode='up', note=None)"


def test_evaluating_restores_each_mode():
    net = nn.Sequential(nn.Dropout(0.5, 0), nn.Dropout(0.5, 1), nn.ReLU())
    net[1].eval()
    with net.evaluating():
        assert not any(module.training for module in net.modules())
    assert [module.training for module in net.modules()] == [True, True, False, True]
    with pytest.raises(ZeroDivisionError), net.evaluating():
        _ = 1 / 0
    assert [module.training for module in net.modules()] == [True, True, False, True]


def test_a_deep_copy_trains_alone(monkeypatch):
    # copy leaves a note on the class; as it was absent before, monkeypatch takes it off again
    monkeypatch.setattr(Tensor, "__slotnames__", [], raising=False)
    monkeypatch.delattr(Tensor, "__slotnames__")
    net = small()
    twin = copy.deepcopy(net)
    x = Tensor(np.random.default_rng(0).random((2, 1, 4, 4), np.float32))
    np.testing.assert_array_equal(net.eval()(x).numpy(), twin.eval()(x).numpy())
    twin(x).sum().backward()
    assert all(p.grad is None for p in net.parameters())
    assert all(p.grad is not None for p in twin.parameters())


# -- Sequential -----------------------------------------------------------------------------------


def test_sequential():
    first, second = nn.Linear(2, 3, rng=0), nn.ReLU()
    net = nn.Sequential(first, second, F.tanh)
    assert list(net) == [first, second, F.tanh] and len(net) == 3
    assert net[0] is first and net[-1] is F.tanh
    assert isinstance(net[:2], nn.Sequential) and list(net[:2]) == [first, second]
    x = Tensor(np.array([[1.0, -2.0]], np.float32))
    np.testing.assert_array_equal(net(x).numpy(), np.tanh(np.maximum(first(x).numpy(), 0)))
    assert nn.Sequential()(x) is x
    net.eval()
    assert len(net) == 3  # the mode is no layer


def test_sequential_with_names():
    net = nn.Sequential({"fc": nn.Linear(2, 3, rng=0), "act": nn.ReLU()})
    assert [name for name, _ in net.named_parameters()] == ["fc.weight", "fc.bias"]
    assert net.fc is net[0] and net(Tensor([[1.0, 2.0]])).shape == (1, 3)
    assert [name for name, _ in net[:1].named_parameters()] == ["fc.weight", "fc.bias"]


def test_sequential_refuses_what_is_no_layer():
    with pytest.raises(TypeError, match=r"Sequential: expected layers, got 3 as 1"):
        nn.Sequential(nn.ReLU(), 3)


@pytest.mark.parametrize("name", ["training", "forward", "parameters", "_names"])
def test_sequential_refuses_names_that_mean_something(name):
    with pytest.raises(ValueError, match=f"Sequential: .*{name}"):
        nn.Sequential({name: nn.ReLU()})


def test_an_attribute_of_a_sequential_is_no_layer():
    first = nn.Linear(2, 3, rng=0)
    net = nn.Sequential(first, nn.ReLU())
    net.loss_fn = F.mse_loss
    net.head = nn.Linear(3, 1, rng=1)
    net.note = "text"
    assert list(net) == [first, net[1]] and len(net) == 2
    assert list(net[:]) == [first, net[1]]
    assert net(Tensor([[1.0, 2.0]])).shape == (1, 3)
    assert [name for name, _ in net.named_children()] == ["0", "1", "head"]


def test_a_layer_is_replaced_by_its_index_or_its_name():
    net = nn.Sequential({"fc": nn.Linear(2, 3, rng=0), "act": nn.ReLU(), "out": nn.Tanh()})
    other = nn.Linear(2, 4, rng=1)
    net.fc, net[1], net[-1] = other, F.tanh, nn.Sigmoid()
    assert net[0] is net.fc is other and net[1] is net.act is F.tanh and len(net) == 3
    assert list(net.state_dict()) == ["fc.weight", "fc.bias"]
    x = Tensor([[1.0, 2.0]])
    np.testing.assert_array_equal(net(x).numpy(), F.sigmoid(F.tanh(other(x))).numpy())
    for replace in (lambda: setattr(net, "fc", 3), lambda: net.__setitem__(0, 3)):
        with pytest.raises(TypeError, match="Sequential: expected layers, got 3 as fc"):
            replace()
    with pytest.raises(IndexError):
        net[3] = nn.ReLU()
    assert net[0] is other


def test_shared_layers_train_as_one():
    layer = nn.Linear(2, 2, bias=False, rng=0)
    net = nn.Sequential(layer, nn.Tanh(), layer)
    assert len(list(net.parameters())) == 1
    x = Tensor(np.array([[1.0, 2.0]], np.float32))
    net(x).sum().backward()
    w = layer.weight.data.astype(np.float64)
    h = np.tanh(x.data @ w.T)
    back = (np.ones(2) @ w) * (1 - h[0] ** 2)
    expected = np.outer(np.ones(2), h[0]) + np.outer(back, x.data[0])
    np.testing.assert_allclose(layer.weight.grad.numpy(), expected, rtol=1e-5)
