import os

import pytest

from quals_jax.checkpoints.file_manifest import MANIFEST, damage_of, write_manifest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "a").write_bytes(b"weights")
    (tmp_path / "inner" / "b").write_bytes(b"")
    (tmp_path / "stamp").write_bytes(b"later")
    write_manifest(tmp_path, without=("stamp",))
    return tmp_path


def test_a_folder_as_it_was_written_has_no_damage(folder):
    assert damage_of(folder) is None
    (folder / "stamp").write_bytes(b"another")
    assert damage_of(folder) is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"weighty", "a has changed (sha256 "),
        (b"weight", "a has 6 bytes, written were 7"),
        (None, "a is missing"),
    ],
)
def test_what_became_of_a_file_is_told(folder, content, expected):
    (folder / "a").unlink()
    if content is not None:
        (folder / "a").write_bytes(content)
    assert damage_of(folder).startswith(expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "sha256.json is missing"),
        (b"", "sha256.json cannot be read"),
        (b"{}", "sha256.json cannot be read"),
        (b'{"files": {"a": 1}}', "sha256.json cannot be read"),
        (b'{"files": ["a"]}', "sha256.json cannot be read"),
        (b"\xff\xfe", "sha256.json cannot be read"),
    ],
)
def test_without_its_manifest_a_folder_is_not_whole(folder, content, expected):
    (folder / MANIFEST).unlink()
    if content is not None:
        (folder / MANIFEST).write_bytes(content)
    assert damage_of(folder) == expected


def test_every_truncation_of_the_manifest_is_found(folder):
    whole = (folder / MANIFEST).read_bytes().rstrip()
    for size in range(len(whole)):
        os.truncate(folder / MANIFEST, size) if size else (folder / MANIFEST).write_bytes(b"")
        assert damage_of(folder) is not None, size
        (folder / MANIFEST).write_bytes(whole)
    assert damage_of(folder) is None
