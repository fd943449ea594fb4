"""What the message of a refused file must be like."""

from pathlib import Path


def check_message(error: Exception, path: Path) -> None:
    """It names the file, and nothing in it can steer a terminal."""
    assert not isinstance(error, UnicodeError), "not said by us"
    assert str(path) in str(error)
    assert str(error).replace("\n", "").isprintable()
