"""Sampling: batches of P classes × K items, and triplets mined over a whole dataset.

Stands on `mining` and `distances`. A batch is an array of row numbers; the caller has the pictures.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.faces import mining
from nnscratch.faces.distances import distances, row_distances
from nnscratch.tensor import as_tensor

Embed = Callable[[np.ndarray], Any]  # rows (n,) -> encodings (n, D)


class PKSampler:
    """An endless iterator of batches of exactly p classes × k items: rows (p·k,).

    labels (N,): the class of each item
    groups (N,): the group of each item (alphabet, family, camera), one for all items of a class
    within: the share of batches with classes of one group; a group of fewer than p classes is
    filled up with classes of others
    seed: or a numpy.random.Generator

    The k rows of a class are adjacent. Items repeat in a batch only if their class has fewer than
    k. Groups are drawn in proportion to their classes, so that all classes are equally likely.
    """

    def __init__(self, labels, p: int, k: int, groups=None, within: float = 0.0, seed=0):
        labels = mining.as_labels("PKSampler", labels)
        self.classes, numbers = np.unique(labels, return_inverse=True)
        if p < 1 or k < 1:
            raise ValueError(f"PKSampler: expected p and k of at least 1, got {p} and {k}")
        if p > len(self.classes):
            raise ValueError(
                f"PKSampler: expected at least p = {p} classes, got {len(self.classes)}; "
                "lower p or add classes"
            )
        if not 0 <= within <= 1 or (within and groups is None):
            raise ValueError(
                "PKSampler: expected within in [0, 1], and groups if it is above 0, "
                f"got within {within}"
            )
        self.p, self.k, self.within = p, k, within
        self.rows = _split(numbers, len(self.classes))
        self.members = [] if groups is None else self._classes_by_group(labels, np.asarray(groups))
        self.rng = np.random.default_rng(seed)

    def _classes_by_group(self, labels: np.ndarray, groups: np.ndarray) -> list[np.ndarray]:
        """Class numbers of each group."""
        if groups.shape != labels.shape:
            raise ValueError(
                f"PKSampler: expected one group for each of {len(labels)} items, got {groups.shape}"
            )
        groups_of_classes = [np.unique(groups[rows]) for rows in self.rows]
        for label, own in zip(self.classes, groups_of_classes, strict=True):
            if len(own) > 1:
                raise ValueError(
                    f"PKSampler: expected a class in one group, got class {label} in {own}"
                )
        names, numbers = np.unique([own[0] for own in groups_of_classes], return_inverse=True)
        return _split(numbers, len(names))

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        """Rows (p·k,) of the next batch."""
        return np.concatenate([self._items(number) for number in self._draw_classes()])

    def _draw_classes(self) -> np.ndarray:
        all_classes = np.arange(len(self.classes))
        if self.rng.random() >= self.within:
            return self.rng.choice(all_classes, self.p, replace=False)
        sizes = np.array([len(members) for members in self.members])
        members = self.members[self.rng.choice(len(sizes), p=sizes / sizes.sum())]
        inside = self.rng.permutation(members)[: self.p]
        others = np.setdiff1d(all_classes, members)
        return np.append(inside, self.rng.permutation(others)[: self.p - len(inside)])

    def _items(self, number: int) -> np.ndarray:
        rows = self.rows[number]
        return self.rng.choice(rows, self.k, replace=len(rows) < self.k)

    def remark(self) -> str:
        """A remark about classes with too few items, or ""."""
        sizes = np.array([len(rows) for rows in self.rows])
        single, few = int((sizes == 1).sum()), int((sizes < self.k).sum())
        if not few:
            return ""
        text = f"{few} of {len(sizes)} classes have fewer than {self.k} items, which are repeated"
        return f"{text}; {single} have one, and only copies of it as positives" if single else text


class OfflineTriplets:
    """Batches of triplets (batch_size, 3), mined in advance and used until they are easy.

    embed: rows (n,) -> encodings (n, D) of the current network, without a graph
    labels (N,), margin, metric: as for the loss, `losses.triplet`; the margin is a number
    rows: the number of items encoded for one mining; pool: the number of triplets wanted
    low: the pool is renewed when its size falls below this share of its full size
    miner: a name in mining.MINERS

    Each pass over the pool is in random order; after it the pool is encoded anew, and triplets that
    have become easy are dropped. Iteration ends when `tries` minings in a row find no active
    triplet. Source: the offline generation of Schroff et al. 2015, section 3.2.
    """

    def __init__(
        self, embed: Embed, labels, margin=0.2, batch_size=64, pool=1024, rows=256, low=0.25,
        miner="semi-hard", metric="squared", tries=8, seed=0,
    ):  # fmt: skip
        if miner not in mining.MINERS:
            raise ValueError(
                f"OfflineTriplets: expected miner in {tuple(mining.MINERS)}, got {miner!r}"
            )
        if not 0 <= margin < np.inf or batch_size < 1 or pool < 1 or tries < 1:
            raise ValueError(
                "OfflineTriplets: expected margin of at least 0, batch_size, pool and tries of at "
                f"least 1, got {margin}, {batch_size}, {pool}, {tries}"
            )
        self.labels = mining.as_labels("OfflineTriplets", labels)
        self.embed, self.margin, self.metric = embed, margin, metric
        self.batch_size, self.size, self.low, self.tries = batch_size, pool, low, tries
        self.miner = mining.MINERS[miner]
        self.rng = np.random.default_rng(seed)
        # eight items of each class, if there are enough classes
        p = max(1, min(len(np.unique(self.labels)), max(2, rows // 8)))
        self.sampler = PKSampler(self.labels, p, max(2, rows // p), seed=self.rng)
        self.pool = np.zeros((0, 3), int)
        self.renewals = self.dropped = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        full = 0
        while True:
            if len(self.pool) == 0 or len(self.pool) < self.low * full:
                self.renew()
                full = len(self.pool)
            if not full:
                return
            order = self.rng.permutation(len(self.pool))
            for start in range(0, len(order), self.batch_size):
                yield self.pool[order[start : start + self.batch_size]]
            self.drop_easy()

    def renew(self) -> None:
        """Mine batches of P × K items until the pool is full, or `tries` in a row gave nothing."""
        mined, count, failures = [np.zeros((0, 3), int)], 0, 0
        while count < self.size and failures < self.tries:
            rows = np.unique(next(self.sampler))  # without copies, which would be positives
            with no_grad():
                d = distances(self._encodings(rows), metric=self.metric).numpy()
            triplets = self.miner(d, self.labels[rows], self.margin)
            triplets = rows[triplets[mining.kinds(d, triplets, self.margin) > 0]]
            failures = 0 if len(triplets) else failures + 1
            mined.append(triplets)
            count += len(triplets)
        unique = np.unique(np.concatenate(mined), axis=0)
        self.pool = self.rng.permutation(unique)[: self.size]
        self.renewals += 1

    def drop_easy(self) -> None:
        """Encode the rows of the pool with the current network; keep the active triplets."""
        rows, places = np.unique(self.pool, return_inverse=True)
        anchor, positive, negative = self._encodings(rows)[places.reshape(-1, 3).T]  # (T, D) each
        with no_grad():
            ap = row_distances(anchor, positive, self.metric).numpy()
            an = row_distances(anchor, negative, self.metric).numpy()
        active = ap - an + self.margin > 0
        self.dropped += int((~active).sum())
        self.pool = self.pool[active]

    def _encodings(self, rows: np.ndarray) -> np.ndarray:
        return as_tensor(self.embed(rows)).numpy()


def _split(numbers: np.ndarray, count: int) -> list[np.ndarray]:
    """The places of each of 0 ... count − 1 in `numbers`."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.searchsorted(numbers[order], np.arange(1, count)))
