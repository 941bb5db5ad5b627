"""The encoding network: signals, pictures and volumes, one set of weights, modes left alone."""

import numpy as np
import pytest

from nnscratch import Tensor, nn
from nnscratch.faces.encoder import Encoder, encode

SIZES = {1: (40,), 2: (20, 16), 3: (9, 8, 10)}


def made(ndim=2, **settings):
    return Encoder(3, SIZES[ndim], (4, 6, 8), embedding=5, rng=0, **settings)


def inputs(ndim=2, count=6, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal((count, 3, *SIZES[ndim])).astype(dtype)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_unit_rows_in_every_rank(ndim, training):
    network = made(ndim).train(training)
    f = network(Tensor(inputs(ndim)))
    assert f.shape == (6, 5)
    assert f.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(f.numpy(), axis=1), 1, rtol=1e-6)
    assert np.ptp(f.numpy(), axis=0).max() > 0.01


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_every_parameter_has_a_gradient(ndim):
    network = made(ndim, dropout=0.0)
    weights = np.random.default_rng(1).standard_normal((6, 5)).astype(np.float32)
    (network(Tensor(inputs(ndim))) * weights).sum().backward()
    for name, parameter in network.named_parameters():
        assert np.abs(parameter.grad.numpy()).max() > 0, name


def test_calling_twice_shares_the_weights():
    """Two calls and one call with both inputs have the same gradient: the sum."""
    network = made(dropout=0.0).to(np.float64).eval()
    a, b = (inputs(dtype=np.float64, seed=seed) for seed in (0, 1))

    def gradients(loss):
        network.zero_grad()
        loss.backward()
        return [p.grad.numpy().copy() for p in network.parameters()]

    twice = gradients(((network(Tensor(a)) - network(Tensor(b))) ** 2).sum())
    both = network(Tensor(np.concatenate([a, b])))
    once = gradients(((both[:6] - both[6:]) ** 2).sum())
    alone = gradients((network(Tensor(a)) ** 3).sum())
    for x, y in zip(twice, once, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-12)
    assert not all(np.allclose(x, y) for x, y in zip(twice, alone, strict=True))


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
def test_any_size_that_leaves_something(blocks):
    """Odd sizes, and as many blocks as fit: the dense layer is as wide as what is left."""
    for size in [(n,) for n in range(1, 20)] + [(9, 14), (7, 23)]:
        left = [-(-n // 2) // 2 ** max(0, blocks - 2) for n in size]
        if 0 in left:
            with pytest.raises(ValueError, match=f"{blocks} blocks leave nothing of size"):
                Encoder(1, size, (3,) * blocks, embedding=4, rng=0)
        else:
            network = Encoder(1, size, (3,) * blocks, embedding=4, rng=0).eval()
            assert network(Tensor(np.ones((2, 1, *size), np.float32))).shape == (2, 4)


def test_the_seed_decides_the_weights():
    a, b, c = (Encoder(1, (12, 12), (4, 4), rng=seed).state_dict() for seed in (0, 0, 1))
    assert all((a[name].numpy() == b[name].numpy()).all() for name in a)
    assert not (a["blocks.0.weight"].numpy() == c["blocks.0.weight"].numpy()).all()


def test_settings_make_the_same_network_again():
    network = made(dropout=0.3)
    again = Encoder(**network.settings)
    again.load_state_dict(network.state_dict())
    x = inputs()
    np.testing.assert_array_equal(encode(again, x), encode(network, x))
    assert again.settings == network.settings


def test_dropout_is_for_training_only():
    network, x = made(dropout=0.5), Tensor(inputs())
    assert not np.allclose(network(x).numpy(), network(x).numpy())
    network.eval()
    np.testing.assert_array_equal(network(x).numpy(), network(x).numpy())


@pytest.mark.parametrize("shape", [(2, 3, 20, 15), (2, 1, 20, 16), (3, 20, 16), (2, 3, 20)])
def test_other_sizes_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected pictures \(N, 3, 20, 16\), got .*resize them"):
        made()(Tensor(np.ones(shape, np.float32)))


@pytest.mark.parametrize("size", [(), (4, 4, 4, 4)])
def test_other_ranks_are_refused(size):
    with pytest.raises(ValueError, match="expected a size of 1 to 3 axes and at least one width"):
        Encoder(1, size)
    with pytest.raises(ValueError, match="at least one width"):
        Encoder(1, (8,), ())


# -- encode ---------------------------------------------------------------------------------------


def test_encode_is_the_forward_pass_in_eval_mode_without_a_graph():
    network, x = made(), inputs(count=7)
    for _ in range(3):
        network(Tensor(x + 1))  # moves the running statistics away from the batch's
    network.eval()
    expected = network(Tensor(x)).numpy()
    network.train()
    seen = []

    def watched(batch):
        seen.append(network(batch))
        return seen[-1]

    network.eval()
    np.testing.assert_array_equal(encode(watched, x), expected)
    assert not seen[0].requires_grad
    network.train()
    np.testing.assert_array_equal(encode(network, x), expected)
    assert not np.allclose(network(Tensor(x)).numpy(), expected)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_the_batch_size_does_not_matter(batch_size):
    network, x = made(), inputs(count=7)
    np.testing.assert_allclose(encode(network, x, batch_size), encode(network, x), atol=1e-6)


def test_encode_leaves_every_mode_as_it_was():
    network = made()
    network.blocks[1].eval()
    before = [module.training for module in network.modules()]
    statistics = network.blocks[1].running_mean.numpy().copy()
    assert {True, False} == set(before)
    encode(network, inputs())
    assert [module.training for module in network.modules()] == before
    with pytest.raises(ValueError, match="expected pictures"):
        encode(network, inputs(1))
    assert [module.training for module in network.modules()] == before
    np.testing.assert_array_equal(network.blocks[1].running_mean.numpy(), statistics)


def test_no_pictures_have_no_encodings():
    assert encode(made(), inputs()[:0]).shape == (0, 5)


def test_encode_takes_any_function():
    x = inputs()
    np.testing.assert_array_equal(encode(nn.Flatten(), x, 4), x.reshape(6, -1))
