"""Batches of P classes × K items, and triplets mined ahead."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.faces.mining import all_active
from nnscratch.faces.sampling import OfflineTriplets, PKSampler


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# -- P × K ----------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 8), min_size=1, max_size=40), st.integers(1, 4), st.data())
def test_every_batch_has_exactly_p_classes_of_k_rows(labels, k, data):
    labels = np.array(labels)
    p = data.draw(st.integers(1, len(set(labels.tolist()))))
    sampler = PKSampler(labels, p, k, seed=data.draw(st.integers(0, 9)))
    sizes = Counter(labels.tolist())
    for rows in islice(sampler, 4):
        drawn = labels[rows].reshape(p, k)
        assert (drawn == drawn[:, :1]).all()
        assert len(set(drawn[:, 0].tolist())) == p
        for label, items in zip(drawn[:, 0].tolist(), rows.reshape(p, k), strict=True):
            assert sizes[label] < k or len(set(items.tolist())) == k


def test_a_seed_fixes_the_batches():
    labels = np.repeat(np.arange(9), 5)
    first, same, other = (PKSampler(labels, 4, 3, seed=seed) for seed in (1, 1, 2))
    batches = [np.concatenate(list(islice(s, 3))).tolist() for s in (first, same, other)]
    assert batches[0] == batches[1] != batches[2]


def test_every_class_and_every_item_has_its_turn():
    labels = np.repeat(np.arange(6), [2, 3, 4, 5, 6, 20])
    counts = np.bincount(np.concatenate(list(islice(PKSampler(labels, 3, 2), 1000))))
    of_class = np.bincount(labels, counts)
    np.testing.assert_allclose(of_class, 1000, rtol=0.1)  # half of the batches, two rows each
    np.testing.assert_allclose(counts[:2], 500, rtol=0.15)


def test_within_draws_from_one_group():
    """Four groups of 8, 5, 3 and 1 classes, p = 5: the last two are filled up."""
    group_of_class = np.repeat([7, 2, 5, 9], [8, 5, 3, 1])
    labels = np.repeat(np.arange(17), 4)
    sampler = PKSampler(labels, 5, 2, groups=group_of_class[labels], within=1.0)
    seen = Counter()
    for rows in islice(sampler, 600):
        classes = labels[rows][::2]
        inside = Counter(group_of_class[classes].tolist())
        # the group drawn is there with all it has, up to five classes
        drawn = {g for g, n in inside.items() if n == min(5, (group_of_class == g).sum())}
        assert drawn
        seen[7] += inside == {7: 5}
        seen[2] += inside == {2: 5}
    assert seen[7] / 600 == pytest.approx(8 / 17, abs=0.07)
    assert seen[2] / 600 == pytest.approx(5 / 17, abs=0.07)


def test_within_is_a_share_of_the_batches():
    group_of_class = np.repeat([0, 1, 2, 3], 10)
    labels = np.repeat(np.arange(40), 2)
    sampler = PKSampler(labels, 6, 2, group_of_class[labels], within=2 / 3)
    one = [len(set(group_of_class[labels[rows]].tolist())) == 1 for rows in islice(sampler, 600)]
    assert np.mean(one) == pytest.approx(2 / 3, abs=0.06)


def test_it_says_which_classes_are_too_small():
    labels = [0, 0, 0, 1, 1, 2]
    assert PKSampler(labels, 2, 3).remark() == (
        "2 of 3 classes have fewer than 3 items, which are repeated; "
        "1 have one, and only copies of it as positives"
    )
    assert PKSampler([0, 0, 1, 1], 2, 2).remark() == ""


def test_wrong_samplers_are_refused():
    with pytest.raises(ValueError, match="expected at least p = 4 classes, got 3"):
        PKSampler([0, 1, 2], 4, 2)
    with pytest.raises(ValueError, match="expected p and k of at least 1"):
        PKSampler([0, 1, 2], 2, 0)
    with pytest.raises(ValueError, match="expected within in"):
        PKSampler([0, 1, 2], 2, 2, within=0.5)
    with pytest.raises(ValueError, match="expected a class in one group, got class 1"):
        PKSampler([0, 1, 1], 2, 2, groups=[0, 0, 1])
    with pytest.raises(ValueError, match="expected one group for each of 3 items"):
        PKSampler([0, 1, 1], 2, 2, groups=[0, 0])
    with pytest.raises(ValueError, match="PKSampler: expected labels as integers"):
        PKSampler(["ann", "bob"], 1, 1)


# -- offline triplets -----------------------------------------------------------------------------


class Encodings:
    """A network in the place of one: a table that a test moves."""

    def __init__(self, rng, classes=6, each=8):
        self.labels = np.repeat(np.arange(classes), each)
        self.centres = rng.standard_normal((classes, 3))[self.labels]
        self.noise = rng.standard_normal((classes * each, 3))
        self.spread, self.calls = 1.0, 0

    def __call__(self, rows):
        self.calls += 1
        return self.centres[rows] + self.spread * self.noise[rows]

    def active(self, margin):
        f = self(np.arange(len(self.labels)))
        d = ((f[:, None] - f[None]) ** 2).sum(2)
        return set(map(tuple, all_active(d, self.labels, margin).tolist()))


@pytest.mark.parametrize("miner", ["semi-hard", "hardest", "random", "all"])
def test_offline_triplets_are_active_when_mined(rng, miner):
    embed = Encodings(rng)
    embed.spread = 0.4
    triplets = OfflineTriplets(embed, embed.labels, 0.5, 10, pool=60, rows=40, miner=miner)
    batches = list(islice(triplets, 6))
    assert [batch.shape for batch in batches[:-1]] == [(10, 3)] * 5
    rows = set(map(tuple, np.concatenate(batches).tolist()))
    assert len(rows) == sum(map(len, batches))  # each once in a pass
    assert rows <= embed.active(0.5)


def test_what_has_become_easy_is_dropped_and_the_rest_kept(rng):
    embed = Encodings(rng)
    triplets = OfflineTriplets(embed, embed.labels, 0.5, 16, pool=200, rows=48, low=0.0)
    stream = iter(triplets)
    first = set(map(tuple, np.concatenate(list(islice(stream, 1))).tolist()))
    full = set(map(tuple, triplets.pool.tolist()))
    assert first <= full
    embed.spread = 0.5
    list(islice(stream, -(-len(full) // 16)))  # the rest of the pass, and one batch of the next
    left = set(map(tuple, triplets.pool.tolist()))
    assert 0 < len(left) < len(full)
    assert left == full & embed.active(0.5)
    assert (triplets.renewals, triplets.dropped) == (1, len(full) - len(left))


def test_a_low_pool_is_renewed(rng):
    embed = Encodings(rng)
    triplets = OfflineTriplets(embed, embed.labels, 0.5, 16, pool=64, rows=48, low=0.9)
    stream = iter(triplets)
    list(islice(stream, 4))
    assert triplets.renewals == 1
    embed.spread = 0.5
    next(stream)
    assert triplets.renewals == 2
    assert set(map(tuple, triplets.pool.tolist())) <= embed.active(0.5)


def test_it_ends_when_everything_is_easy(rng):
    embed = Encodings(rng)
    embed.spread = 0.0
    triplets = OfflineTriplets(embed, embed.labels, margin=0.01, batch_size=4, tries=3)
    assert list(triplets) == []
    assert embed.calls == 3
    embed.spread = 1.0
    batches = 0
    for _ in triplets:
        embed.spread = 0.0  # learned at once
        batches += 1
    assert batches > 1
    assert list(OfflineTriplets(embed, np.zeros(48, int))) == []


def test_wrong_offline_triplets_are_refused(rng):
    embed = Encodings(rng)
    with pytest.raises(ValueError, match="OfflineTriplets: expected miner in"):
        OfflineTriplets(embed, embed.labels, miner="hard")
    with pytest.raises(ValueError, match="OfflineTriplets: expected margin"):
        OfflineTriplets(embed, embed.labels, batch_size=0)
