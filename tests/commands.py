"""Running sub-commands in this process."""

from nnscratch.cli import main


def succeeds(capsys, *words):
    """Run a command that must come to its end; its standard output."""
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def fails(capsys, *words):
    """Run a command that must fail with exit code 2; its one line of complaint."""
    try:
        code = main([str(word) for word in words])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2, (out, err)
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    return err
