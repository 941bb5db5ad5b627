"""Which rows go into a batch: P classes × K items, or triplets mined over a whole dataset.

Stands on `mining` and `losses`. Batches are row numbers; whoever holds the pictures takes them.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.backend import to_numpy
from nnscratch.faces import mining
from nnscratch.faces.losses import distances, pair_distances
from nnscratch.tensor import as_tensor

Embed = Callable[[np.ndarray], Any]  # rows (n,) -> encodings (n, D)


class PKSampler:
    """Batches of exactly p classes × k items, without end: an iterator of rows (p·k,).

    labels (N,): the class of each item
    groups (N,): the group of each item (alphabet, family, camera), one for all items of a class
    within: the share of batches whose classes are of one group; where that has fewer than p, all of
    it, filled up with classes of others
    seed: or a numpy.random.Generator

    The k rows of a class stand together. Items repeat in a batch only where their class has fewer
    than k. A group is drawn as often as it has classes, so that no class is favoured.
    """

    def __init__(
        self, labels: Any, p: int, k: int, groups: Any = None, within: float = 0.0, seed: Any = 0
    ):
        labels = mining.as_labels("PKSampler", labels)
        self.classes, numbers = np.unique(labels, return_inverse=True)
        _check_counts(p, k, len(self.classes))
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
        of_class = [np.unique(groups[rows]) for rows in self.rows]
        for label, found in zip(self.classes, of_class, strict=True):
            if len(found) > 1:
                raise ValueError(
                    f"PKSampler: expected a class in one group, got class {label} in {found}"
                )
        names, numbers = np.unique([found[0] for found in of_class], return_inverse=True)
        return _split(numbers, len(names))

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        """Rows (p·k,) of the next batch."""
        return np.concatenate([self._items(number) for number in self._draw_classes()])

    def _draw_classes(self) -> np.ndarray:
        everything = np.arange(len(self.classes))
        if self.rng.random() >= self.within:
            return self.rng.choice(everything, self.p, replace=False)
        sizes = np.array([len(members) for members in self.members])
        members = self.members[self.rng.choice(len(sizes), p=sizes / sizes.sum())]
        inside = self.rng.permutation(members)[: self.p]
        others = np.setdiff1d(everything, members)
        return np.append(inside, self.rng.permutation(others)[: self.p - len(inside)])

    def _items(self, number: int) -> np.ndarray:
        rows = self.rows[number]
        return self.rng.choice(rows, self.k, replace=len(rows) < self.k)

    def remark(self) -> str:
        """What to tell the user about classes with too few items, or ""."""
        sizes = np.array([len(rows) for rows in self.rows])
        single, few = int((sizes == 1).sum()), int((sizes < self.k).sum())
        if not few:
            return ""
        text = f"{few} of {len(sizes)} classes have fewer than {self.k} items, which are repeated"
        return f"{text}; {single} have one, and only copies of it as positives" if single else text


class OfflineTriplets:
    """Batches of triplets (batch_size, 3), mined ahead and used until they are easy.

    embed: rows (n,) -> encodings (n, D) as the network gives them now, outside the graph
    labels (N,), margin, metric: as for the loss, `losses.triplet`; the margin is a number
    rows: how many items are encoded for one mining; pool: how many triplets are wanted
    low: the pool is renewed when its size falls below this share of what it was
    miner: a name in mining.MINERS

    Iterate over it: the pool is gone through in random order, then encoded anew, and the triplets
    that have become easy are dropped. It ends when `tries` minings on end find no active triplet.
    Source: the offline generation of Schroff et al. 2015, section 3.2.
    """

    def __init__(
        self,
        embed: Embed,
        labels: Any,
        margin: float = 0.2,
        batch_size: int = 64,
        pool: int = 1024,
        rows: int = 256,
        low: float = 0.25,
        miner: str = "semi-hard",
        metric: str = "squared",
        tries: int = 8,
        seed: Any = 0,
    ):
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
        self.sampler = _mining_sampler(self.labels, rows, self.rng)
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
        """Mine draws of P × K items until the pool is full, or `tries` of them gave nothing."""
        found, count, failures = [np.zeros((0, 3), int)], 0, 0
        while count < self.size and failures < self.tries:
            rows = np.unique(next(self.sampler))  # an item that was drawn twice is no positive
            with no_grad():
                d = distances(self._encodings(rows), metric=self.metric).numpy()
            triplets = rows[self._active(d, self.labels[rows])]
            failures = 0 if len(triplets) else failures + 1
            found.append(triplets)
            count += len(triplets)
        together = np.unique(np.concatenate(found), axis=0)
        self.pool = self.rng.permutation(together)[: self.size]
        self.renewals += 1

    def _active(self, d: np.ndarray, labels: np.ndarray) -> np.ndarray:
        triplets = self.miner(d, labels, self.margin)
        return triplets[mining.kinds(d, triplets, self.margin) > 0]

    def drop_easy(self) -> None:
        """Encode the rows of the pool as the network is now; keep what still costs something."""
        rows, places = np.unique(self.pool, return_inverse=True)
        anchor, positive, negative = self._encodings(rows)[places.reshape(-1, 3).T]  # (T, D) each
        with no_grad():
            ap = pair_distances(anchor, positive, self.metric).numpy()
            an = pair_distances(anchor, negative, self.metric).numpy()
        active = ap - an + self.margin > 0
        self.dropped += int((~active).sum())
        self.pool = self.pool[active]

    def _encodings(self, rows: np.ndarray) -> np.ndarray:
        return to_numpy(as_tensor(self.embed(rows)).data)


def _mining_sampler(labels: np.ndarray, rows: int, rng: np.random.Generator) -> PKSampler:
    """About `rows` items at a time, of as many classes as may have eight each."""
    classes = len(np.unique(labels))
    p = max(1, min(classes, max(2, rows // 8)))
    return PKSampler(labels, p, max(2, rows // p), seed=rng)


def _check_counts(p: int, k: int, classes: int) -> None:
    if p < 1 or k < 1:
        raise ValueError(f"PKSampler: expected p and k of at least 1, got {p} and {k}")
    if p > classes:
        raise ValueError(
            f"PKSampler: expected at least p = {p} classes, got {classes}; lower p or add classes"
        )


def _split(numbers: np.ndarray, count: int) -> list[np.ndarray]:
    """Where each of 0 ... count − 1 stands in `numbers`."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.searchsorted(numbers[order], np.arange(1, count)))
