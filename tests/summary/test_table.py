"""The table of a network: shapes, parameters, multiply-adds, receptive fields, all without data."""

import numpy as np
import pytest

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor, nn

# Receptive field and jump of VGG-19, from the recurrence r += (k − 1)·j, j *= s, done by hand.
VGG19_FIELDS = {
    "conv1_1": (3, 1),
    "conv1_2": (5, 1),
    "pool1": (6, 2),
    "conv2_1": (10, 2),
    "conv2_2": (14, 2),
    "pool2": (16, 4),
    "conv3_1": (24, 4),
    "conv3_2": (32, 4),
    "conv3_3": (40, 4),
    "conv3_4": (48, 4),
    "pool3": (52, 8),
    "conv4_1": (68, 8),
    "conv4_2": (84, 8),
    "conv4_3": (100, 8),
    "conv4_4": (116, 8),
    "pool4": (124, 16),
    "conv5_1": (156, 16),
    "conv5_4": (252, 16),
    "pool5": (268, 32),
}
BLOCKS = [(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)]


def vgg19():
    layers, before = {}, 3
    for block, (count, channels) in enumerate(BLOCKS, 1):
        for i in range(1, count + 1):
            layer = nn.Conv2d(before, 1, 3, padding=1, rng=0)  # the weights are never drawn
            layer.weight.data = np.broadcast_to(np.float32(0), (channels, before, 3, 3))
            layer.bias.data = np.broadcast_to(np.float32(0), (channels,))
            layers[f"conv{block}_{i}"], before = layer, channels
            layers[f"relu{block}_{i}"] = nn.ReLU()
        layers[f"pool{block}"] = nn.MaxPool2d(2)
    return nn.Sequential(layers)


@pytest.fixture(scope="module")
def vgg():
    return {row.name: row for row in nn.summary(vgg19(), (1, 3, 224, 224)).rows}


@pytest.mark.parametrize("name", VGG19_FIELDS)
def test_receptive_fields_of_vgg19(vgg, name):
    field, jump = VGG19_FIELDS[name]
    assert (vgg[name].receptive_field, vgg[name].jump) == ((field,) * 2, (jump,) * 2)


def test_shapes_and_costs_of_vgg19(vgg):
    assert vgg["conv1_1"].output_shape == (1, 64, 224, 224)
    assert vgg["pool5"].output_shape == (1, 512, 7, 7)
    assert sum(row.parameters for row in vgg.values()) == 20_024_384
    assert vgg["conv1_2"].multiply_adds == 224 * 224 * 64 * 64 * 9
    assert vgg["relu1_1"].multiply_adds == vgg["pool1"].multiply_adds == 0
    total = sum(row.multiply_adds for row in vgg.values())
    side, channels, expected = 224, 3, 0
    for count, out in BLOCKS:
        for _ in range(count):
            expected += side * side * 9 * channels * out
            channels = out
        side //= 2
    assert total == expected


def only(layer, shape):
    found = nn.summary(nn.Sequential(layer), shape)
    assert len(found.rows) == 1
    return found.rows[0]


def test_multiply_adds_by_hand():
    row = only(nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, groups=2, rng=0), (5, 4, 7, 6))
    assert row.output_shape == (5, 6, 4, 4)
    assert row.multiply_adds == 5 * 6 * 4 * 4 * (2 * 3 * 2)
    assert row.parameters == 6 * 2 * 3 * 2 + 6
    row = only(nn.ConvTranspose2d(4, 6, 3, stride=2, rng=0), (1, 4, 5, 5))
    assert row.output_shape == (1, 6, 11, 11) and row.multiply_adds == 4 * 25 * 6 * 9
    row = only(nn.Linear(10, 7, rng=0), (3, 10))
    assert row.multiply_adds == 3 * 10 * 7 and row.parameters == 77
    row = only(nn.Conv1d(2, 3, 5, rng=0), (1, 2, 20))
    assert row.multiply_adds == 16 * 3 * 2 * 5
    row = only(nn.Conv3d(2, 3, 2, rng=0), (1, 2, 4, 5, 6))
    assert row.multiply_adds == 3 * 4 * 5 * 3 * 2 * 8


LAYERS = {
    "conv": lambda: nn.Conv2d(3, 4, (3, 1), stride=(2, 1), padding=1, dilation=(2, 1), rng=0),
    "transposed": lambda: nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1, rng=0),
    "max pool": lambda: nn.MaxPool2d(3, 2, 1, ceil_mode=True),
    "avg pool": lambda: nn.AvgPool2d((2, 3)),
    "avg pool, padded": lambda: nn.AvgPool2d(3, 2, 1, True, False),
    "adaptive": lambda: nn.AdaptiveAvgPool2d((3, 2)),
    "global": lambda: nn.AdaptiveAvgPool2d(1),
    "batch norm": lambda: nn.BatchNorm2d(3),
    "instance norm": lambda: nn.InstanceNorm2d(3, affine=True),
    "layer norm": lambda: nn.LayerNorm((3, 11, 9)),
    "flatten": lambda: nn.Flatten(),
    "dropout": lambda: nn.Dropout(0.3, 0),
    "sigmoid": lambda: nn.Sigmoid(),
    "tanh": lambda: nn.Tanh(),
    "leaky": lambda: nn.LeakyReLU(),
    "softmax": lambda: nn.Softmax(1),
    "l2": lambda: nn.L2Normalize(),
}


@pytest.mark.parametrize("name", LAYERS)
def test_shapes_are_those_of_a_real_run(name):
    net = nn.Sequential(LAYERS[name]()).eval()
    x = Tensor(np.random.default_rng(0).random((2, 3, 11, 9), np.float32))
    (row,) = nn.summary(net, x.shape).rows
    assert row.output_shape == net(x).shape


def seen_by_the_middle(net, size):
    """First and last input pixel that the middle output depends on, by its gradient."""
    rng = np.random.default_rng(0)
    x = Tensor(rng.random((1, 1, size, size)) + 0.1, requires_grad=True)
    y = net(x)
    (g,) = nns.grad(y[0, 0, y.shape[2] // 2, y.shape[3] // 2], x)
    return [np.flatnonzero(g.numpy()[0, 0].any(axis)) for axis in (1, 0)]


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [nn.Conv2d(1, 1, 3, padding=1, rng=0), nn.Conv2d(1, 1, (5, 1), rng=0)],
        lambda: [nn.Conv2d(1, 1, 3, dilation=(2, 3), rng=0), nn.Conv2d(1, 1, 3, rng=1)],
        lambda: [nn.Conv2d(1, 1, 3, (2, 1), rng=0), nn.BatchNorm2d(1), nn.AvgPool2d(3, 2)],
        lambda: [nn.AvgPool2d(2), nn.Conv2d(1, 1, 3, rng=0), nn.AvgPool2d((2, 3), 1)],
    ],
)
def test_receptive_field_is_the_reach_of_the_gradient(layers):
    net = nn.Sequential(*layers()).eval().to(np.float64)
    reach = tuple(int(seen[-1] - seen[0] + 1) for seen in seen_by_the_middle(net, 41))
    assert nn.summary(net, (1, 1, 41, 41)).rows[-1].receptive_field == reach


def test_layers_that_see_everything():
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, rng=0), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2, rng=0)
    )
    fields = [row.receptive_field for row in nn.summary(net, (1, 3, 8, 8)).rows]
    assert fields == [(3, 3), None, None, None]


class Residual(nn.Module):
    """Plain functions, arithmetic, joins and indexing between the layers."""

    def __init__(self):
        self.first = nn.Conv2d(3, 8, 3, padding=1, rng=0)
        self.second = nn.Conv2d(8, 8, 5, padding=2, rng=0)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(16, 4, rng=0)

    def forward(self, x):
        a = F.relu(self.first(x))
        b = a + 0.5 * self.norm(self.second(a)).tanh() ** 2 / 3.0
        b = nns.maximum(b, F.pad(a[:, :, 1:-1, 1:-1], [(1, 1), (1, 1)], "reflect"))
        c = nns.concatenate([F.max_pool2d(a, 2), F.max_pool2d(b, 2)], axis=1)
        c = nns.where(c > 0, c, -c).clip(0.0, 6.0)
        return F.log_softmax(self.head(c.mean((2, 3)).reshape(len(x), -1)), 1)


def test_own_modules_with_plain_functions():
    net = Residual()
    x = Tensor(np.random.default_rng(0).random((2, 3, 8, 8), np.float32))
    found = nn.summary(net, x.shape)
    assert [row.name for row in found.rows] == ["first", "second", "norm", "head"]
    assert [row.receptive_field for row in found.rows] == [(3, 3), (7, 7), (7, 7), None]
    assert found.rows[-1].output_shape == net.eval()(x).shape == (2, 4)
    assert found.multiply_adds == 2 * 64 * (8 * 27 + 8 * 200) + 2 * 16 * 4


def test_shared_parameters_count_once():
    layer = nn.Conv2d(3, 3, 3, padding=1, rng=0)
    found = nn.summary(nn.Sequential(layer, nn.ReLU(), layer), (1, 3, 8, 8))
    assert found.parameters == 84
    assert [row.parameters for row in found.rows] == [84, 0, 84]
    assert found.multiply_adds == 2 * 64 * 81


def test_a_layer_used_twice_has_two_rows():
    class Twice(nn.Module):
        def __init__(self):
            self.layer = nn.Conv2d(3, 3, 3, padding=1, rng=0)

        def forward(self, x):
            return self.layer(F.relu(self.layer(x)))

    rows = nn.summary(Twice(), (1, 3, 8, 8)).rows
    assert [(row.name, row.receptive_field) for row in rows] == [
        ("layer", (3, 3)),
        ("layer", (5, 5)),
    ]


def test_nothing_is_left_behind():
    """Statistics, modes, gradients, generators: all as before, also after an error."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3, rng=0), nn.BatchNorm2d(4), nn.Dropout(0.5, 0))
    net[2].eval()
    state = {name: value.data for name, value in net.state_dict().items()}
    chance = net[2].rng.bit_generator.state
    nn.summary(net, (2, 3, 8, 8))
    with pytest.raises(ValueError, match="x has 5 channels but weight expects 3"):
        nn.summary(net, (2, 5, 8, 8))
    assert [m.training for m in net.modules()] == [True, True, True, False]
    assert all(net.state_dict()[name].data is data for name, data in state.items())
    assert net[2].rng.bit_generator.state == chance
    assert not any(vars(module).get("_forward_hooks") for module in net.modules())
    y = net(Tensor(np.ones((2, 3, 8, 8), np.float32)))
    assert isinstance(y.data, np.ndarray) and y.requires_grad


def test_no_data_is_computed():
    """A picture of 16 terapixels goes through in no time and no memory."""
    net = nn.Sequential(
        nn.Conv2d(3, 64, 3, padding=1, rng=0), nn.ReLU(), nn.BatchNorm2d(64), nn.MaxPool2d(2)
    )
    side = 4_000_000
    rows = nn.summary(net, (1, 3, side, side)).rows
    assert rows[-1].output_shape == (1, 64, side // 2, side // 2)
    assert rows[0].multiply_adds == side * side * 64 * 27


def test_errors_of_the_network_are_its_own():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, rng=0), nn.Flatten(), nn.Linear(10, 2, rng=0))
    with pytest.raises(
        ValueError, match=r"linear: the last axis of x must be 10 long: x \(1, 144\)"
    ):
        nn.summary(net, (1, 3, 8, 8))
    with pytest.raises(ValueError, match="kernel is larger than the padded input"):
        nn.summary(net, (1, 3, 2, 2))


@pytest.mark.parametrize(
    "asks", [lambda x: x.max() > 0 and x, lambda x: x.sum().item(), lambda x: x.numpy()]
)
def test_a_model_that_looks_at_values(asks):
    model = nn.Sequential(asks)
    with pytest.raises(TypeError, match="summary: the model asks for a value, .* shapes only"):
        nn.summary(model, (2, 3))


@pytest.mark.parametrize("shape", [(), (0, 3), (1, -3), (1, 3.0), (1, None)])
def test_bad_input_shape(shape):
    with pytest.raises(ValueError, match="summary: expected input_shape as positive ints"):
        nn.summary(nn.ReLU(), shape)


def test_the_table():
    net = nn.Sequential({"conv": nn.Conv2d(3, 8, (3, 1), (2, 1), rng=0), "flat": nn.Flatten()})
    assert repr(nn.summary(net, (1, 3, 9, 4))) == str(nn.summary(net, (1, 3, 9, 4)))
    assert str(nn.summary(net, (1, 3, 9, 4))).splitlines() == [
        "layer  kind     output        parameters  multiply-adds  sees  jump",
        "-------------------------------------------------------------------",
        "conv   Conv2d   (1, 8, 4, 4)          80          1,152   3x1   2x1",
        "flat   Flatten  (1, 128)               0              0   all",
        "-------------------------------------------------------------------",
        "total                                 80          1,152",
    ]
