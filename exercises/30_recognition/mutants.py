"""Plausible wrong answers for recognition."""

import numpy as np
from solution import person_distances, recognise

from nnscratch.learn import wrong


def _table(queries, encodings):
    return np.linalg.norm(queries[:, None] - encodings, axis=2)


def _by_person(table, people, count, of_several):
    """(Q, N) -> (Q, K) with a given rule for several encodings of one person."""
    found = np.full((len(table), count), np.inf)
    for k in set(people.tolist()):
        found[:, k] = of_several(table[:, people == k])
    return found


# -- the distance to a person ---------------------------------------------------------------------


@wrong("person_distances", hint=1)
def squared(queries, encodings, people, count):
    """The distances are squared.

    The threshold is for distances. Compared with squares it accepts too few where it is above 1,
    and too many where it is below. Take the square root.
    """
    return person_distances(queries, encodings, people, count) ** 2


@wrong("person_distances", hint=1)
def city_blocks(queries, encodings, people, count):
    """The distance is the sum of absolute differences.

    That is the distance along the axes. The Euclidean distance is the root of the sum of squares.
    """
    table = np.abs(queries[:, None] - encodings).sum(2)
    return _by_person(table, people, count, lambda d: d.min(1))


@wrong("person_distances", hint=1)
def averaged_over_coordinates(queries, encodings, people, count):
    """The squares are averaged over the coordinates, not summed.

    The result is too small by a factor of sqrt(D), so the meaning of a threshold depends on the
    length of the encoding. Sum the squares before the root.
    """
    return person_distances(queries, encodings, people, count) / np.sqrt(queries.shape[1])


@wrong("person_distances", hint=2)
def mean_of_distances(queries, encodings, people, count):
    """The distance to a person is the mean over the encodings.

    That makes people with many different pictures too far away. Use the smallest distance: it is
    enough to resemble one picture.
    """
    return _by_person(_table(queries, encodings), people, count, lambda d: d.mean(1))


@wrong("person_distances", hint=2)
def distance_to_mean(queries, encodings, people, count):
    """The distance is that to the mean encoding of a person.

    That is another convention: the mean of several encodings may resemble none of them. Use the
    smallest distance to any one encoding.
    """
    found = np.full((len(queries), count), np.inf)
    for k in set(people.tolist()):
        found[:, k] = np.linalg.norm(queries - encodings[people == k].mean(0), axis=1)
    return found


@wrong("person_distances", hint=2)
def farthest(queries, encodings, people, count):
    """The largest distance of a person is kept, not the smallest.

    A query need resemble only one picture of a person. With the largest distance it must resemble
    all of them.
    """
    return _by_person(_table(queries, encodings), people, count, lambda d: d.max(1))


@wrong("person_distances", hint=2)
def last_one_stays(queries, encodings, people, count):
    """Of several encodings only the last one counts.

    D[:, people] = ... assigns, and of several values for one place the last one remains. Keep the
    smaller of the old and the new value.
    """
    return _by_person(_table(queries, encodings), people, count, lambda d: d[:, -1])


@wrong("person_distances", hint=2)
def first_one_stays(queries, encodings, people, count):
    """Of several encodings only the first one counts.

    Searching a person in a list finds the first place only. Take the minimum over all places where
    people equals k.
    """
    return _by_person(_table(queries, encodings), people, count, lambda d: d[:, 0])


@wrong("person_distances", hint=2)
def absent_is_zero(queries, encodings, people, count):
    """A person without encodings has distance 0.

    The table starts as zeros. Then such a person is the nearest to every query and is always
    recognised. Start with infinity.
    """
    found = person_distances(queries, encodings, people, count)
    return np.where(np.isinf(found), 0, found)


@wrong("person_distances", hint=2)
def absent_is_nan(queries, encodings, people, count):
    """A person without encodings has distance NaN.

    argmin treats NaN as the smallest value, and NaN <= threshold is False: with one such person
    nobody is recognised. Use infinity.
    """
    found = person_distances(queries, encodings, people, count)
    return np.where(np.isinf(found), np.nan, found)


@wrong("person_distances", hint=2)
def absent_left_out(queries, encodings, people, count):
    """People without encodings have no column.

    All columns after such a person move one to the left and belong to the wrong person. Make count
    columns, and fill those without encodings with infinity.
    """
    return person_distances(queries, encodings, people, count)[:, np.unique(people)]


@wrong("person_distances", hint=2)
def absent_crashes(queries, encodings, people, count):
    """A person without encodings raises an error.

    min of an empty sequence is an error. Start with infinity for every person (or give min an
    `initial` value).
    """
    table = _table(queries, encodings)
    found = np.empty((len(queries), count))
    for k in range(count):
        found[:, k] = table[:, people == k].min(1)
    return found


@wrong("person_distances", hint=2)
def nobody_crashes(queries, encodings, people, count):
    """An empty database raises an error in the distances.

    Where nobody is enrolled there are no encodings for a minimum, and no columns to stack. Start
    with np.full((Q, K), np.inf), whose shape is right for K = 0 too.
    """
    found = person_distances(queries, encodings, people, count)
    return np.stack(list(found.T), 1)


@wrong("person_distances", hint=2)
def absent_is_large(queries, encodings, people, count):
    """A person without encodings has a large distance, not an infinite one.

    A threshold may be larger still. np.inf is above every finite threshold.
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

    Each query has its own distances: take the minimum along the axis of the encodings only.
    """
    return _by_person(_table(queries, encodings), people, count, lambda t: t.min())


# -- the answer -----------------------------------------------------------------------------------


@wrong("recognise", hint=3)
def nobody_is_a_stranger(distances, threshold):
    """The nearest person is returned, however far away.

    A stranger has a nearest person too. Where even the smallest distance is above the threshold,
    the answer is -1.
    """
    return recognise(distances, np.inf)


@wrong("recognise", hint=3)
def strictly_below(distances, threshold):
    """A distance equal to the threshold is rejected.

    The threshold is the largest distance that is accepted: compare with <=, not with <.
    """
    return recognise(distances, np.nextafter(threshold, -np.inf))


@wrong("recognise", hint=3)
def first_below(distances, threshold):
    """The answer is the first person below the threshold.

    Several people may be below it. Find the smallest distance first, and compare it with the
    threshold.
    """
    near = distances <= threshold
    if not near.size:
        return np.full(len(distances), -1)
    return np.where(near.any(1), near.argmax(1), -1)


@wrong("recognise", hint=3)
def last_below(distances, threshold):
    """The answer is the last person below the threshold.

    In your loop each person who is near enough replaces the one before. Replace only if the
    distance is also smaller.
    """
    near = (distances <= threshold)[:, ::-1]
    if not near.size:
        return np.full(len(distances), -1)
    return np.where(near.any(1), near.shape[1] - 1 - near.argmax(1), -1)


@wrong("recognise", hint=3)
def all_must_be_near(distances, threshold):
    """A query that is too far from one person is rejected.

    Hardly any query is near to everybody. Compare only the smallest distance of a row with the
    threshold.
    """
    near = (distances <= threshold).all(1, keepdims=True)
    return recognise(np.where(near, distances, np.inf), threshold)


@wrong("recognise", hint=3)
def one_decision_for_all(distances, threshold):
    """If one query is near enough, all are recognised.

    min() without an axis is the smallest distance of the whole batch. Use the minimum of each row
    for its query.
    """
    near = distances.size and distances.min() <= threshold
    return recognise(distances, np.inf if near else threshold)


@wrong("recognise", hint=3)
def comparison_turned(distances, threshold):
    """Far queries are recognised, near ones rejected.

    A similarity must be at least its threshold, a distance at most.
    """
    if distances.shape[1] == 0:
        return np.full(len(distances), -1)
    return np.where(distances.min(1) >= threshold, distances.argmin(1), -1)


@wrong("recognise", hint=3)
def farthest_person(distances, threshold):
    """The farthest person is used, not the nearest.

    argmax is for similarities. For distances use argmin.
    """
    if distances.shape[1] == 0:
        return np.full(len(distances), -1)
    return np.where(distances.max(1) <= threshold, distances.argmax(1), -1)


@wrong("recognise", hint=1)
def squares_compared(distances, threshold):
    """The distances are squared before the comparison.

    The threshold is for plain distances. Squares are smaller below 1 and larger above, so the
    result differs. (A root of the threshold has the same effect.)
    """
    return recognise(distances**2, threshold)


@wrong("recognise", hint=1)
def threshold_squared(distances, threshold):
    """The threshold is squared, the distances are not.

    That is right for squared distances. D holds plain distances. (Roots of the distances have the
    same effect.)
    """
    return recognise(distances, threshold**2)


@wrong("recognise", hint=3)
def counted_from_one(distances, threshold):
    """People are counted from 1, and 0 means nobody.

    Person numbers are columns of D, which begin at 0. Not recognised is -1.
    """
    return recognise(distances, threshold) + 1


@wrong("recognise", hint=3)
def stranger_is_next(distances, threshold):
    """A query that is not recognised becomes person K.

    This number belongs to the next person who is enrolled. The answer for strangers is -1.
    """
    answers = recognise(distances, threshold)
    return np.where(answers < 0, distances.shape[1], answers)


@wrong("recognise", hint=4)
def empty_crashes(distances, threshold):
    """An empty database raises an error.

    argmin of an empty row is an error. But the answer is defined: nobody is enrolled, so nobody is
    recognised, -1.
    """
    return np.where(distances.min(1) <= threshold, distances.argmin(1), -1)


@wrong("recognise", hint=4)
def empty_is_person_zero(distances, threshold):
    """In an empty database every answer is person 0.

    There is no person 0. Nobody is enrolled, so every answer is -1.
    """
    if distances.shape[1] == 0:
        return np.zeros(len(distances), dtype=int)
    return recognise(distances, threshold)


@wrong("recognise", hint=3)
def stranger_is_zero(distances, threshold):
    """A query that is not recognised becomes person 0.

    0 is a person. The answer for a stranger is -1.
    """
    if distances.shape[1] == 0:
        return recognise(distances, threshold)
    return np.maximum(recognise(distances, threshold), 0)


@wrong("recognise", hint=3)
def strangers_left_out(distances, threshold):
    """There is no answer for queries that are not recognised.

    The result has one answer for each query. Put -1 where nobody is near enough.
    """
    if distances.shape[1] == 0:
        return recognise(distances, threshold)
    found = recognise(distances, threshold)
    return found[found >= 0]


@wrong("recognise", hint=3)
def distance_returned(distances, threshold):
    """The distance is returned, not the person.

    min is the smallest distance, argmin its person. Compare the first with the threshold, and
    return the second.
    """
    if distances.shape[1] == 0:
        return recognise(distances, threshold)
    nearest = distances.min(1)
    return np.where(nearest <= threshold, nearest, -1)


@wrong("recognise", hint=3)
def first_strictly_below(distances, threshold):
    """The answer is the first person below the threshold, and equal is rejected.

    Two changes: find the nearest, not the first (argmin), and accept a distance equal to the
    threshold (<=).
    """
    near = distances < threshold
    return np.where(near.any(1), near.argmax(1) if near.shape[1] else -1, -1)
