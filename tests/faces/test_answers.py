"""Answers: what they say in words."""

from nnscratch.faces.answers import Answer, Candidate, Verdict


def test_answers_read_like_sentences():
    ann, bob = Candidate("Ann", 0.21), Candidate("Bob", 0.81)
    assert str(Answer(0.9, (ann, bob))) == "Ann (distance 0.21, margin 0.60)"
    assert str(Answer(0.9, (ann,))) == "Ann (distance 0.21)"
    stranger = Answer(0.9, (Candidate("Ann", 1.21), Candidate("Bob", 1.3)))
    assert str(stranger) == "not recognised (nearest: Ann at 1.21, limit 0.90)"
    assert stranger.name is None and stranger.nearest == "Ann"
    assert str(Verdict("Ann", 0.21, 0.9)) == "is Ann (distance 0.21, limit 0.90)"
    assert str(Verdict("Ann", 1.21, 0.9)) == "is not Ann (distance 1.21, limit 0.90)"
