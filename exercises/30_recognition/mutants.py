"""Plausible wrong answers for recognition."""

import numpy as np
from solution import person_distances, recognise

from nnscratch.learn import wrong


def _table(queries, encodings):
    return np.linalg.norm(queries[:, None] - encodings, axis=2)


def _by_person(table, people, count, of_several):
    """(Q, N) -> (Q, K) by any rule for several encodings of one person."""
    found = np.full((len(table), count), np.inf)
    for k in set(people.tolist()):
        found[:, k] = of_several(table[:, people == k])
    return found


# -- the distance to a person ---------------------------------------------------------------------


@wrong("person_distances", hint=1)
def squared(queries, encodings, people, count):
    """The distances are squared.

    The threshold is one for distances. Compared with squares it lets in too few where it is above
    1, and too many where it is below. Take the square root.
    """
    return person_distances(queries, encodings, people, count) ** 2


@wrong("person_distances", hint=1)
def city_blocks(queries, encodings, people, count):
    """The distance is the sum of absolute differences.

    That is the way along the axes. The Euclidean distance is the root of the sum of squares.
    """
    table = np.abs(queries[:, None] - encodings).sum(2)
    return _by_person(table, people, count, lambda d: d.min(1))


@wrong("person_distances", hint=1)
def averaged_over_coordinates(queries, encodings, people, count):
    """The squares are averaged over the coordinates, not summed.

    The result is too small by a factor of sqrt(D), so that a threshold would mean something else
    for every length of encoding. Sum the squares before the root.
    """
    return person_distances(queries, encodings, people, count) / np.sqrt(queries.shape[1])


@wrong("person_distances", hint=2)
def mean_of_distances(queries, encodings, people, count):
    """The distance to a person is the mean over the encodings.

    That would punish people with many different pictures. The convention here is the smallest:
    resembling one of them is enough.
    """
    return _by_person(_table(queries, encodings), people, count, lambda d: d.mean(1))


@wrong("person_distances", hint=2)
def distance_to_mean(queries, encodings, people, count):
    """The distance is that to the mean encoding of a person.

    A sound convention too, but another one: the mean of several faces may look like none of them.
    Here it is the smallest distance to any one encoding.
    """
    found = np.full((len(queries), count), np.inf)
    for k in set(people.tolist()):
        found[:, k] = np.linalg.norm(queries - encodings[people == k].mean(0), axis=1)
    return found


@wrong("person_distances", hint=2)
def farthest(queries, encodings, people, count):
    """The largest distance of a person is kept, not the smallest.

    A query need only resemble one picture of a person. With the largest distance it has to
    resemble all of them.
    """
    return _by_person(_table(queries, encodings), people, count, lambda d: d.max(1))


@wrong("person_distances", hint=2)
def last_one_stays(queries, encodings, people, count):
    """Of several encodings only the last one counts.

    D[:, people] = ... assigns, and of several values for one place the last one stays. Keep the
    smaller of what is there and what comes.
    """
    return _by_person(_table(queries, encodings), people, count, lambda d: d[:, -1])


@wrong("person_distances", hint=2)
def first_one_stays(queries, encodings, people, count):
    """Of several encodings only the first one counts.

    Looking a person up in a list finds the first place where it stands. There may be more: take
    the minimum over all places where people equals k.
    """
    return _by_person(_table(queries, encodings), people, count, lambda d: d[:, 0])


@wrong("person_distances", hint=2)
def absent_is_zero(queries, encodings, people, count):
    """Whoever has no encoding is at distance 0.

    The table began as zeros. A person without pictures would then be the nearest to everybody, and
    always be recognised. Begin with infinity.
    """
    found = person_distances(queries, encodings, people, count)
    return np.where(np.isinf(found), 0, found)


@wrong("person_distances", hint=2)
def absent_is_nan(queries, encodings, people, count):
    """Whoever has no encoding is at distance NaN.

    argmin takes NaN for the smallest of all, and NaN <= threshold is False: one such person, and
    nobody is recognised any more. Use infinity.
    """
    found = person_distances(queries, encodings, people, count)
    return np.where(np.isinf(found), np.nan, found)


@wrong("person_distances", hint=2)
def absent_left_out(queries, encodings, people, count):
    """People without encodings have no column.

    All columns after such a person move one to the left, and stand for somebody else. Make count
    columns, and fill those of nobody with infinity.
    """
    return person_distances(queries, encodings, people, count)[:, np.unique(people)]


@wrong("person_distances", hint=2)
def absent_crashes(queries, encodings, people, count):
    """A person without encodings is an error.

    There is no smallest of nothing, says min. Begin with infinity for everybody (or give min an
    `initial` value), and whoever has no encoding keeps it.
    """
    table = _table(queries, encodings)
    found = np.empty((len(queries), count))
    for k in range(count):
        found[:, k] = table[:, people == k].min(1)
    return found


@wrong("person_distances", hint=2)
def nobody_crashes(queries, encodings, people, count):
    """Distances to nobody are an error.

    Where nobody is enrolled there are no encodings to take a minimum of, and no columns to be put
    together. Begin with np.full((Q, K), np.inf): its shape is right for K = 0, too.
    """
    found = person_distances(queries, encodings, people, count)
    return np.stack(list(found.T), 1)


@wrong("person_distances", hint=2)
def absent_is_large(queries, encodings, people, count):
    """Whoever has no encoding is at a large distance, not an infinite one.

    A threshold might be larger still. np.inf is never at most a threshold.
    """
    return np.nan_to_num(person_distances(queries, encodings, people, count), posinf=1e9)


@wrong("person_distances", hint=1)
def largest_coordinate(queries, encodings, people, count):
    """The distance is the largest difference of a coordinate.

    The Euclidean distance is the root of the sum of the squares of all differences.
    """
    table = np.abs(queries[:, None] - encodings).max(2)
    return _by_person(table, people, count, lambda t: t.min(1))


@wrong("person_distances", hint=2)
def nearest_over_all_queries(queries, encodings, people, count):
    """The minimum is taken over the queries as well.

    Each query has distances of its own: take the minimum along the axis of the encodings only.
    """
    return _by_person(_table(queries, encodings), people, count, lambda t: t.min())


# -- the answer -----------------------------------------------------------------------------------


@wrong("recognise", hint=3)
def nobody_is_a_stranger(distances, threshold):
    """The nearest person is returned, however far away.

    Somebody is always nearest, to a stranger as well. Where even the smallest distance is above
    the threshold, the answer is -1.
    """
    return recognise(distances, np.inf)


@wrong("recognise", hint=3)
def strictly_below(distances, threshold):
    """A distance equal to the threshold is refused.

    The threshold is the largest distance that is accepted: compare with <=, not with <.
    """
    return recognise(distances, np.nextafter(threshold, -np.inf))


@wrong("recognise", hint=3)
def first_below(distances, threshold):
    """The first person below the threshold is the answer.

    Several people may be below it. Look for the smallest distance first, and compare that one
    with the threshold.
    """
    near = distances <= threshold
    if not near.size:
        return np.full(len(distances), -1)
    return np.where(near.any(1), near.argmax(1), -1)


@wrong("recognise", hint=3)
def last_below(distances, threshold):
    """The last person below the threshold is the answer.

    In your loop each person who is near enough replaces the one before. Replace only if the
    distance is smaller, too.
    """
    near = (distances <= threshold)[:, ::-1]
    if not near.size:
        return np.full(len(distances), -1)
    return np.where(near.any(1), near.shape[1] - 1 - near.argmax(1), -1)


@wrong("recognise", hint=3)
def all_must_be_near(distances, threshold):
    """Whoever is too far from one person is refused.

    Nobody is near to everybody. Only the smallest distance of a row is compared with the
    threshold.
    """
    near = (distances <= threshold).all(1, keepdims=True)
    return recognise(np.where(near, distances, np.inf), threshold)


@wrong("recognise", hint=3)
def one_decision_for_all(distances, threshold):
    """One query near enough, and all are recognised.

    min() without an axis is the smallest distance of the whole batch. Each query is judged by the
    minimum of its own row.
    """
    near = distances.size and distances.min() <= threshold
    return recognise(distances, np.inf if near else threshold)


@wrong("recognise", hint=3)
def comparison_turned(distances, threshold):
    """The far ones are recognised, the near ones refused.

    A similarity has to be at least its threshold. A distance has to be at most its own.
    """
    if distances.shape[1] == 0:
        return np.full(len(distances), -1)
    return np.where(distances.min(1) >= threshold, distances.argmin(1), -1)


@wrong("recognise", hint=3)
def farthest_person(distances, threshold):
    """The farthest person is looked at, not the nearest.

    argmax is for similarities. Of distances the smallest counts.
    """
    if distances.shape[1] == 0:
        return np.full(len(distances), -1)
    return np.where(distances.max(1) <= threshold, distances.argmax(1), -1)


@wrong("recognise", hint=1)
def squares_compared(distances, threshold):
    """The distances are squared before they meet the threshold.

    The threshold is one for distances as they are. Squares are smaller below 1 and larger above,
    so it lets in others than it should. (A root of the threshold would do the same.)
    """
    return recognise(distances**2, threshold)


@wrong("recognise", hint=1)
def threshold_squared(distances, threshold):
    """The threshold is squared, the distances are not.

    That is right for squared distances. D holds distances: compare them as they are. (Taking the
    roots of the distances would do the same.)
    """
    return recognise(distances, threshold**2)


@wrong("recognise", hint=3)
def counted_from_one(distances, threshold):
    """People are counted from 1, and 0 stands for nobody.

    Person numbers are columns of D, which begin at 0. Whoever is not recognised is -1.
    """
    return recognise(distances, threshold) + 1


@wrong("recognise", hint=3)
def stranger_is_next(distances, threshold):
    """Whoever is not recognised becomes person K.

    The number after the last is free today, and somebody's tomorrow. The answer for strangers
    is -1.
    """
    answers = recognise(distances, threshold)
    return np.where(answers < 0, distances.shape[1], answers)


@wrong("recognise", hint=4)
def empty_crashes(distances, threshold):
    """An empty database is an error.

    There is no smallest of nothing, says argmin. But the question has an answer: nobody is
    enrolled, so nobody is recognised.
    """
    return np.where(distances.min(1) <= threshold, distances.argmin(1), -1)


@wrong("recognise", hint=4)
def empty_is_person_zero(distances, threshold):
    """In an empty database everyone is person 0.

    There is no person 0 yet. Nobody is enrolled, so every answer is -1.
    """
    if distances.shape[1] == 0:
        return np.zeros(len(distances), dtype=int)
    return recognise(distances, threshold)


@wrong("recognise", hint=3)
def stranger_is_zero(distances, threshold):
    """Whoever is not recognised becomes person 0.

    0 is a person. The answer for a stranger is -1.
    """
    if distances.shape[1] == 0:
        return recognise(distances, threshold)
    return np.maximum(recognise(distances, threshold), 0)


@wrong("recognise", hint=3)
def strangers_left_out(distances, threshold):
    """There is no answer for those who are not recognised.

    The result is as long as there are queries, so that one can see whose answer is which. Put -1
    where nobody is near enough.
    """
    if distances.shape[1] == 0:
        return recognise(distances, threshold)
    found = recognise(distances, threshold)
    return found[found >= 0]


@wrong("recognise", hint=3)
def distance_returned(distances, threshold):
    """The distance is returned, not whose it is.

    min says how near the nearest is, argmin who it is. The first is compared with the threshold,
    the second is the answer.
    """
    if distances.shape[1] == 0:
        return recognise(distances, threshold)
    nearest = distances.min(1)
    return np.where(nearest <= threshold, nearest, -1)


@wrong("recognise", hint=3)
def first_strictly_below(distances, threshold):
    """The first person below the threshold is the answer, and equal is refused.

    Two things: find the nearest, not the first (argmin), and a distance equal to the threshold is
    near enough (<=).
    """
    near = distances < threshold
    return np.where(near.any(1), near.argmax(1) if near.shape[1] else -1, -1)
