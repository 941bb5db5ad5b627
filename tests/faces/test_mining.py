"""Mining against loops over all triplets, and against the table of its docstring."""

import numpy as np
import pytest

from nnscratch.faces import mining
from nnscratch.faces.mining import (
    KINDS,
    MINERS,
    all_active,
    hardest,
    kinds,
    negatives,
    positive_pairs,
    positives,
    random_triplets,
    semi_hard,
    slacks,
    valid_triplets,
)


def batch(seed):
    """Distances that are a lattice in one of two batches, so that equal ones occur."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 9))
    f = rng.standard_normal((size, 2)) if seed % 2 else rng.integers(0, 3, (size, 2))
    d = ((f[:, None] - f[None]) ** 2).sum(2).astype(float)
    return d, rng.integers(0, 3, size)


def triplets_by_loops(y):
    rows = range(len(y))
    return [
        (a, p, n)
        for a in rows
        for p in rows
        for n in rows
        if a != p and y[a] == y[p] and y[n] != y[a]
    ]


def as_tuples(triplets):
    return list(map(tuple, triplets.tolist()))


every_batch = pytest.mark.parametrize("seed", range(30))


@every_batch
def test_masks_and_lists_are_the_loops(seed):
    _, y = batch(seed)
    assert as_tuples(valid_triplets(y)) == triplets_by_loops(y)
    size = range(len(y))
    assert positives(y).tolist() == [[i != j and y[i] == y[j] for j in size] for i in size]
    assert negatives(y).tolist() == [[y[i] != y[j] for j in size] for i in size]
    both = list(zip(*(rows.tolist() for rows in positive_pairs(y)), strict=True))
    assert both == [(i, j) for i in size for j in size if i != j and y[i] == y[j]]


@every_batch
@pytest.mark.parametrize("margin", [0.0, 1.0, np.inf])
def test_all_active_leaves_out_the_easy_ones_alone(seed, margin):
    d, y = batch(seed)
    expected = [t for t in triplets_by_loops(y) if d[t[0], t[1]] + margin > d[t[0], t[2]]]
    assert as_tuples(all_active(d, y, margin)) == expected


@every_batch
def test_hardest(seed):
    d, y = batch(seed)
    expected = []
    for a in range(len(y)):
        near = [p for p in range(len(y)) if p != a and y[p] == y[a]]
        far = [n for n in range(len(y)) if y[n] != y[a]]
        if near and far:  # max and min take the first of equals
            best = max(near, key=lambda p, a=a: d[a, p]), min(far, key=lambda n, a=a: d[a, n])
            expected.append((a, *best))
    assert as_tuples(hardest(d, y)) == expected


@every_batch
@pytest.mark.parametrize("margin", [0.5, 2.0, np.inf])
def test_semi_hard(seed, margin):
    d, y = batch(seed)
    expected = []
    for a, p in zip(*positive_pairs(y), strict=True):
        far = [n for n in range(len(y)) if y[n] != y[a]]
        farther = [n for n in far if d[a, n] > d[a, p]]
        if farther:
            choice = min(farther, key=lambda n, a=a: d[a, n])
        elif far:
            choice = max(far, key=lambda n, a=a: d[a, n])
        if far and d[a, choice] < d[a, p] + margin:
            expected.append((int(a), int(p), choice))
    assert as_tuples(semi_hard(d, y, margin)) == expected


@every_batch
def test_random_triplets_are_active_and_one_for_each_pair_that_has_any(seed):
    d, y = batch(seed)
    active = as_tuples(all_active(d, y, 1.0))
    drawn = as_tuples(random_triplets(d, y, 1.0, rng=seed))
    assert set(drawn) <= set(active)
    assert [t[:2] for t in drawn] == sorted({t[:2] for t in active})
    assert drawn == as_tuples(random_triplets(d, y, 1.0, rng=seed))


def test_random_triplets_draw_every_active_negative():
    d, y = batch(5)
    seen = {t for seed in range(60) for t in as_tuples(random_triplets(d, y, 9.0, seed))}
    assert len(seen) > 1
    assert seen == set(as_tuples(all_active(d, y, 9.0)))


def test_the_table_of_kinds():
    """One anchor, its positive at 1, negatives on both sides of every boundary; margin ½."""
    d = np.zeros((7, 7))
    d[0, 1:] = [1.0, 0.9, 1.0, 1.25, 1.5, 2.0]
    y = np.array([0, 0, 1, 2, 3, 4, 5])
    triplets = np.array([(0, 1, n) for n in range(2, 7)])
    names = [KINDS[kind] for kind in kinds(d, triplets, 0.5)]
    assert names == ["hard", "hard", "semi-hard", "easy", "easy"]
    of_anchor = slacks(d, y, 0.5)[0, 2:]
    assert ["easy" if slack <= 0 else "active" for slack in of_anchor] == [
        "easy" if name == "easy" else "active" for name in names
    ]
    assert as_tuples(semi_hard(d, y, 0.5))[0] == (0, 1, 4)
    assert as_tuples(hardest(d, y))[0] == (0, 1, 2)


@pytest.mark.parametrize("labels", [[1, 1, 1], [1, 2, 3], [1]])
def test_where_nothing_is_possible_nothing_is_chosen(labels):
    d = np.ones((len(labels), len(labels)))
    for name, miner in MINERS.items():
        assert miner(d, np.array(labels, int), 0.2).shape == (0, 3), name


def test_what_is_no_number_is_chosen_not_lost():
    d, y = np.full((4, 4), np.nan), np.array([0, 0, 1, 1])
    for miner in MINERS.values():
        assert len(miner(d, y, 0.2)) > 0


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"hardest: expected distances \(B, B\)"):
        hardest(np.ones((2, 3)), [0, 1])
    with pytest.raises(ValueError, match="semi_hard: expected distances"):
        semi_hard(np.ones((0, 0)), np.zeros(0, int), 0.2)
    with pytest.raises(ValueError, match="all_active: expected labels as integers"):
        all_active(np.ones((2, 2)), [0.5, 1.0], 0.2)
    with pytest.raises(ValueError, match=r"np\.unique\(names, return_inverse=True\)"):
        mining.as_labels("f", ["ann", "bob"])
