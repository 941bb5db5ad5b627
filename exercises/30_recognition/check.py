"""Claims about recognition."""

import math

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("person_distances", "recognise")
READS = "nnscratch/faces/gallery.py"


def _database(rng, rung):
    """Encodings in random order; except at rung 1, one person has none."""
    if rung == 0:
        encodings = np.array([[6.0, 8.0], [3.0, 4.0], [5.0, 12.0], [9.0, 12.0]])
        return np.array([[0.0, 0.0], [6.0, 0.0]]), encodings, np.array([0, 0, 1, 0]), 3
    count, per_person, width = rng.integers(3, 6), rng.integers(2, 4), rng.integers(2, 5)
    present = np.delete(np.arange(count), rng.integers(count) if rung > 1 else [])
    people = rng.permutation(np.repeat(present, per_person))
    queries = rng.standard_normal((rng.integers(3, 6), width))
    return queries, rng.standard_normal((len(people), width)), people, int(count)


def _table(rng, rung):
    """Distances (Q, K), and a threshold that one of them equals; some or all rows are strangers."""
    if rung == 0:
        rows = [7, 5, 9], [4, 3, 8], [2, 4, 9], [6, 7, 9]
        return np.array(rows, float), 5.0
    if rung == 1:
        return np.array([[8.0, 7.0], [6.0, 9.0]]), 5.0
    queries, count = rng.integers(9, 14), rng.integers(4, 7)
    distances = rng.uniform(0.2, 2, (queries, count))
    distances[rng.permutation(queries)[:3]] += 1
    distances[rng.integers(queries)] = np.inf
    distances[rng.permutation(queries)[:2]] /= 10  # near to every person
    nearest = np.sort(distances.min(1))
    distances[rng.random(distances.shape) < 0.1] = np.inf
    unit = 2.0 ** rng.integers(-3, 4)
    return unit * distances, unit * float(nearest[queries // 2])


def _distance_loops(f, rng, rung):
    queries, encodings, people, count = _database(rng, rung)
    result = np.full((len(queries), count), np.inf)
    for q, n in np.ndindex(len(queries), len(encodings)):
        k = people[n]
        result[q, k] = min(result[q, k], math.dist(queries[q], encodings[n]))
    return {"D": result} if np.isfinite(result).all() else {}  # relative errors need finite numbers


def _answer_loops(f, rng, rung):
    distances, threshold = _table(rng, rung)
    answers = []
    for row in distances.tolist():
        known = sorted((d, k) for k, d in enumerate(row) if d <= threshold)
        answers.append(known[0][1] if known else -1)
    return {"answers": np.array(answers)}


_distance_loops.__name__ = _answer_loops.__name__ = "loops"  # the heading of a column


@claim(
    "the distance to each person",
    by_hand="D[0,0] = to [3, 4], the nearest of three = sqrt(3**2 + 4**2) = 5",
    oracle=_distance_loops,
)
def nearest_of_each(f, rng, rung):
    return {"D": f.person_distances(*_database(rng, rung))}


@claim("the nearest person, if near enough", rungs=4, oracle=_answer_loops)
def answers(f, rng, rung):
    return {"answers": f.recognise(*_table(rng, rung))}


@claim("an empty database", rungs=4)
def empty(f, rng, rung):
    """Rungs 0 and 2 ask for answers, 1 and 3 for distances, to show which function failed."""
    queries, width = (1, 2) if rung < 2 else rng.integers(2, 5, 2)
    if rung % 2 == 0:
        return {"answers": f.recognise(np.zeros((queries, 0)), 1.0)}
    nobody = np.zeros((0, width)), np.zeros(0, int), 0
    return {"D": f.person_distances(np.ones((queries, width)), *nobody)}
