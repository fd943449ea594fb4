import io
import tarfile

import pytest

from quals_jax.data.story_files import find_file, story_files


def write_archive(path, files):
    mode = "w:gz" if path.name.endswith("gz") else "w"
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def place(tmp_path):
    """A folder with files, then archives, and names that occur twice."""
    (tmp_path / "cnn" / "stories").mkdir(parents=True)
    (tmp_path / "cnn" / "stories" / "a.story").write_bytes(b"A")
    (tmp_path / "cnn" / "stories" / "b.story").write_bytes(b"B")
    (tmp_path / "cnn" / "stories" / "b.txt").write_bytes(b"no story")
    files = {"dm/stories/b.story": b"again", "dm/stories/c.story": b"C", "dm/d.story": b"D"}
    write_archive(tmp_path / "dm_stories.tgz", files)
    write_archive(
        tmp_path / "more.tar", {"._e.story": b"junk", "c.story": b"again", "e.story": b"E"}
    )
    return tmp_path


def test_wanted_files_come_from_folders_and_archives_once(place):
    found = list(story_files(place, {".story"}, {"b", "c", "e", "missing"}))
    assert found == [("b", b"B"), ("c", b"C"), ("e", b"E")]


def test_an_archive_is_a_place_too(place):
    found = story_files(place / "dm_stories.tgz", (".story",), ["b", "d"])
    assert list(found) == [("b", b"again"), ("d", b"D")]


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"x" * 2000])
def test_damaged_archives_are_named(place, damage):
    archive = place / "dm_stories.tgz"
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(ValueError, match=r"dm_stories\.tgz is damaged or no archive"):
        list(story_files(archive, {".story"}, {"d"}))


def test_a_missing_place_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none: no such folder or file"):
        list(story_files(tmp_path / "none", {".story"}, {"a"}))


def test_files_are_found_below_a_folder_and_beside_an_archive(place):
    inside = place / "cnn" / "ids.json"
    inside.write_text("{}")
    assert find_file(place, "ids.json") == inside
    assert find_file(place / "more.tar", "ids.json") is None
    beside = inside.rename(place / "ids.json")
    assert find_file(place / "more.tar", "ids.json") == beside
