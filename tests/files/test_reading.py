"""If no file can be read, the message says what is there instead."""

import os

import pytest

from nnscratch.files import as_path, check_file


def test_what_is_no_path_is_said(tmp_path):
    with open(os.devnull, "rb") as file:
        for given in (None, 3, b"a.npz", ["a.npz"], file):
            said = f"load: expected a path, .*, got {type(given).__name__}; name the file"
            with pytest.raises(TypeError, match=said):
                as_path(given, "load")
    assert as_path(str(tmp_path), "load") == as_path(tmp_path, "load") == tmp_path


def test_what_is_no_file_is_said(tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    os.mkfifo(tmp_path / "pipe")
    for path, said in {
        tmp_path / "none": "load: expected a file, got no file at '.*none'; check the path",
        tmp_path / "circle": "load: expected a file, got no file at '.*circle'; check the path",
        tmp_path: "load: expected a file, got a folder: '.*'; name a file in it",
        tmp_path / "pipe": "load: expected a file, got a device or pipe: '.*pipe'; name a file",
        tmp_path / ("a" * 300): "load: cannot read '.*a': File name too long; check its name",
    }.items():
        with pytest.raises(ValueError, match=said):
            check_file(path, "load")


def test_a_file_of_somebody_else_is_said(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    path.write_bytes(b"x")
    assert check_file(path, "load") == path

    def locked(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", locked)  # root may read all
    with pytest.raises(ValueError, match="load: cannot read '.*': Permission denied; check its"):
        check_file(path, "load")
