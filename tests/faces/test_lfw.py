"""LFW's lists and folds: hand-made files, broken ones, thresholds by loops."""

import numpy as np
import pytest

from nnscratch.faces import lfw
from nnscratch.faces.distances import CollapsedError

HEAD = "2\t2"
FOLDS = [
    ["Ann_Lee\t1\t2", "Bob\t1\t3", "Ann_Lee\t1\tBob\t2", "Bob\t1\tCid\t1"],
    ["Cid\t1\t12", "Dot\t1\t2", "Cid\t1\tDot\t1", "Ann_Lee\t2\tDot\t2"],
]


@pytest.fixture
def write(tmp_path):
    def write(*lines, end="\n", encoding="utf-8"):
        path = tmp_path / "pairs.txt"
        path.write_bytes((end.join(lines) + end).encode(encoding))
        return path

    return write


@pytest.fixture
def pairs(write):
    return lfw.read_pairs(write(HEAD, *FOLDS[0], *FOLDS[1]))


def test_pairs_of_view_2(pairs):
    assert [p.fold for p in pairs] == [0] * 4 + [1] * 4
    assert [p.same for p in pairs] == [True, True, False, False] * 2
    assert pairs[0] == ("Ann_Lee", 1, "Ann_Lee", 2, 0)
    assert pairs[3] == ("Bob", 1, "Cid", 1, 0)
    assert pairs[4] == ("Cid", 1, "Cid", 12, 1)


def test_pairs_of_view_1(write):
    pairs = lfw.read_pairs(write("2", *FOLDS[0]))
    assert [p.fold for p in pairs] == [0] * 4
    assert [p.same for p in pairs] == [True, True, False, False]


def test_kinds_of_white_space_do_not_matter(write, pairs):
    lines = [HEAD, *FOLDS[0], "", *FOLDS[1], " "]
    for end, blank, encoding in (("\r\n", "\t", "utf-8-sig"), ("\n", "  ", "utf-8")):
        text = [" " + line.replace("\t", blank) + " " for line in lines]
        assert lfw.read_pairs(write(*text, end=end, encoding=encoding)) == pairs


@pytest.mark.parametrize(
    ("number", "line", "message"),
    [
        (1, "ten folds of pairs", "line 1: expected `folds n` or `n`"),
        (1, "two\t2", "line 1: expected a whole number from 1, got 'two'"),
        (2, "Ann_Lee\t1", "line 2: expected a pair of one person"),
        (2, "Ann_Lee\t1\tBob\t1", "line 2: expected a pair of one person: `name i j`"),
        (3, "Bob\t1\tx", "line 3: expected a whole number from 1, got 'x'"),
        (3, "Bob\t0\t1", "line 3: expected a whole number from 1, got '0'"),
        (4, "Ann_Lee\t1\t2", "line 4: expected a pair of two people: `name1 i name2 j`"),
        (4, "Ann\t1\tAnn\t2", "line 4: expected two different people"),
        (5, "../Bob\t1\tCid\t1", "line 5: expected names without a path"),
        (5, "Bob\t1\t..\\Cid\t1", "line 5: expected names without a path"),
    ],
)
def test_errors_name_the_line(write, number, line, message):
    lines = [HEAD, *FOLDS[0], *FOLDS[1]]
    lines[number - 1] = line
    with pytest.raises(ValueError) as error:
        lfw.read_pairs(write(*lines))
    assert message in str(error.value)


def test_files_of_another_length_or_kind_are_refused(write, tmp_path):
    with pytest.raises(ValueError, match=r"expected 8 pairs .*2 x 2 x 2.*got 7"):
        lfw.read_pairs(write(HEAD, *FOLDS[0], *FOLDS[1][:-1]))
    with pytest.raises(ValueError, match="expected 4 pairs .*got 8"):
        lfw.read_pairs(write("2", *FOLDS[0], *FOLDS[1]))
    with pytest.raises(ValueError, match="line 1: expected `folds n`"):
        lfw.read_pairs(write(""))
    with pytest.raises(ValueError, match="cannot read .*check the path"):
        lfw.read_pairs(tmp_path / "absent.txt")
    with pytest.raises(ValueError, match="cannot read"):
        lfw.read_pairs(write(HEAD, "Zoë\t1\t2", encoding="latin-1"))


def put_pictures(root, pairs, suffix=".jpg"):
    for p in pairs:
        for name, number in ((p.name_a, p.number_a), (p.name_b, p.number_b)):
            (root / name).mkdir(exist_ok=True)
            (root / name / f"{name}_{number:04d}{suffix}").touch()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".pgm"])
def test_each_picture_is_found_once(pairs, tmp_path, suffix):
    put_pictures(tmp_path, pairs, suffix)
    found = lfw.find_pictures(pairs, tmp_path)
    assert found.pairs == pairs and found.missing == ()
    assert len(set(found.pictures)) == len(found.pictures) == 9
    for pair, (i, j) in zip(pairs, found.numbers, strict=True):
        first, second = found.pictures[i], found.pictures[j]
        assert first == tmp_path / pair.name_a / f"{pair.name_a}_{pair.number_a:04d}{suffix}"
        assert second == tmp_path / pair.name_b / f"{pair.name_b}_{pair.number_b:04d}{suffix}"
    assert found.same.tolist() == [True, True, False, False] * 2
    assert found.folds.tolist() == [0] * 4 + [1] * 4


def test_missing_pictures_are_counted_and_listed(pairs, tmp_path):
    put_pictures(tmp_path, pairs)
    (tmp_path / "Bob" / "Bob_0001.jpg").unlink()
    (tmp_path / "Dot" / "Dot_0002.jpg").unlink()
    with pytest.raises(ValueError) as error:
        lfw.find_pictures(pairs, tmp_path)
    text = str(error.value)
    assert "2 of 9 pictures are missing" in text
    assert "Bob_0001.jpg" in text and "Dot_0002.jpg" in text
    found = lfw.find_pictures(pairs, tmp_path, allow_missing=True)
    assert [path.name for path in found.missing] == ["Bob_0001.jpg", "Dot_0002.jpg"]
    assert found.pairs == (pairs[0], pairs[2], pairs[4], pairs[6])
    assert [path.name for path in found.pictures[-2:]] == ["Cid_0012.jpg", "Dot_0001.jpg"]
    assert found.numbers.shape == (4, 2) and found.numbers.max() == len(found.pictures) - 1


def test_a_wrong_folder_lists_ten_names_and_counts_the_rest(write, tmp_path):
    lines = [f"P{i}\t1\t2" for i in range(10)] + [f"P{i}\t3\tQ{i}\t1" for i in range(10)]
    pairs = lfw.read_pairs(write("10", *lines))
    with pytest.raises(ValueError, match="40 of 40 pictures are missing.* and 30 more; check"):
        lfw.find_pictures(pairs, tmp_path)
    assert lfw.find_pictures(pairs, tmp_path, allow_missing=True).numbers.shape == (0, 2)


def folds_by_loops(distances, same, folds):
    """The best of all midpoints on the other folds, in plain loops; the middle one of equals."""
    accuracies = []
    for fold in sorted(set(folds)):
        others, own = folds != fold, folds == fold
        values = sorted(set(distances[others]))
        middles = [(a + b) / 2 for a, b in zip(values, values[1:], strict=False)]
        candidates = [values[0] - 1, *middles, values[-1]]
        right = [np.sum((distances[others] <= t) == same[others]) for t in candidates]
        best = [t for t, r in zip(candidates, right, strict=True) if r == max(right)]
        t = best[len(best) // 2]
        accuracies.append(np.mean((distances[own] <= t) == same[own]))
    return accuracies


@pytest.mark.parametrize("decimals", [8, 1])
def test_ten_folds_equal_loops(decimals):
    rng = np.random.default_rng(0)
    folds, same = np.repeat(np.arange(10), 20), np.tile(np.repeat([True, False], 10), 10)
    distances = rng.normal(np.where(same, 0.8, 1.3), 0.3).round(decimals)
    found = lfw.ten_folds(distances, same, folds)
    expected = folds_by_loops(distances, same, folds)
    np.testing.assert_allclose(found.accuracies, expected, atol=1e-12)
    assert found.accuracy == pytest.approx(np.mean(expected), abs=1e-12)
    mean = sum(expected) / 10
    s = (sum((x - mean) ** 2 for x in expected) / 9) ** 0.5
    assert found.standard_error == pytest.approx(s / 10**0.5, abs=1e-12)
    assert "(standard error)" in str(found) and len(found.thresholds) == 10


def test_a_fold_does_not_choose_its_own_threshold():
    """Fold 1 lies elsewhere; judged by fold 0's threshold, all of its same pairs are rejected."""
    distances = np.array([0.1, 0.2, 0.8, 0.9, 2.1, 2.2, 2.8, 2.9])
    same, folds = np.array([1, 1, 0, 0] * 2), np.repeat([0, 1], 4)
    found = lfw.ten_folds(distances, same, folds)
    assert found.accuracies.tolist() == [0.5, 0.5]
    assert found.thresholds.tolist() == [2.5, 0.5]


def test_wrong_folds_are_refused():
    with pytest.raises(ValueError, match="at least 2 folds, got 1"):
        lfw.ten_folds([0.1, 0.2], [1, 0], [0, 0])
    with pytest.raises(ValueError, match=r"expected folds \(2,\), got \(3,\)"):
        lfw.ten_folds([0.1, 0.2], [1, 0], [0, 1, 2])
    with pytest.raises(CollapsedError, match="ten_folds: all 4 distances are 0"):
        lfw.ten_folds(np.zeros(4), [1, 0, 1, 0], [0, 0, 1, 1])
