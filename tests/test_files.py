"""Files appear whole or not at all."""

import pytest

from nnscratch.files import replacing, write_text


def test_a_file_is_replaced_when_the_block_succeeds(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_earlier_file_stays_when_the_block_fails(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        _ = 1 / 0
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written_are_named(tmp_path):
    with pytest.raises(ValueError, match="there is no folder .*none"):
        write_text(tmp_path / "none" / "a.txt", "")
    with pytest.raises(ValueError, match="it is a folder"):
        write_text(tmp_path, "")
