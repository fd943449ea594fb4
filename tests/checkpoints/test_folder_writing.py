"""A model folder appears whole or not at all, and in the place of nobody else's."""

import pytest

from quals_jax.checkpoints import folder_writing
from quals_jax.checkpoints.model_folder import load_model_folder, save_model_folder
from quals_jax.models.bart import init_params
from tests.checkpoints.small_model import CONFIG, PARAMS, SETTINGS, TOKENIZER, contents


@pytest.fixture
def folder(tmp_path):
    save_model_folder(tmp_path / "model", CONFIG, PARAMS, TOKENIZER, SETTINGS)
    return tmp_path / "model"


@pytest.mark.parametrize("content", [{"notes.txt": "mine"}, {"config.json": "{}"}, {"a/b": "c"}])
def test_a_folder_that_is_not_ours_is_left_alone(tmp_path, content):
    target = tmp_path / "model"
    for name, text in content.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text)
    with pytest.raises(FileExistsError, match=r"has no quals\.json"):
        save_model_folder(target, CONFIG, PARAMS, TOKENIZER)
    assert [path.read_text() for path in target.rglob("*") if path.is_file()] == [*content.values()]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_model_folder_with_files_of_others_is_left_alone(folder):
    (folder / "results.csv").write_text("1,2")
    before = contents(folder)
    with pytest.raises(FileExistsError, match=r"other files: results\.csv"):
        save_model_folder(folder, CONFIG, PARAMS, TOKENIZER)
    assert contents(folder) == before


def test_files_and_links_are_not_replaced(tmp_path, folder):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link", "broken"):
        with pytest.raises(FileExistsError, match="not a folder"):
            save_model_folder(tmp_path / name, CONFIG, PARAMS, TOKENIZER)


def test_an_empty_folder_and_new_parents_are_fine(tmp_path):
    (tmp_path / "empty").mkdir()
    save_model_folder(tmp_path / "empty", CONFIG, PARAMS, TOKENIZER)
    save_model_folder(tmp_path / "a/b/c", CONFIG, PARAMS, TOKENIZER)
    assert (
        load_model_folder(tmp_path / "a/b/c").config == load_model_folder(tmp_path / "empty").config
    )


@pytest.mark.parametrize("step", ["write_settings", "write_tokenizer"])
def test_a_failed_save_leaves_the_old_folder_and_nothing_else(tmp_path, folder, monkeypatch, step):
    def fail(*_):
        raise OSError(28, "No space left on device")

    before = contents(folder)
    monkeypatch.setattr(f"quals_jax.checkpoints.model_folder.{step}", fail)
    other = init_params(CONFIG, seed=3)
    with pytest.raises(OSError, match="No space left"):
        save_model_folder(folder, CONFIG, other, TOKENIZER)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_failed_rename_puts_the_old_folder_back(tmp_path, folder, monkeypatch):
    before = contents(folder)
    rename = type(folder).rename

    def fail(self, target):
        if ".partial-" in self.name:
            raise OSError("rename failed")
        return rename(self, target)

    monkeypatch.setattr(type(folder), "rename", fail)
    with pytest.raises(OSError, match="rename failed"):
        save_model_folder(folder, CONFIG, PARAMS, TOKENIZER)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_that_appears_meanwhile_is_left_alone(tmp_path):
    def write():
        with folder_writing.new_folder(target, owned=lambda _: "not ours") as temporary:
            (temporary / "a").write_text("a")
            target.mkdir()
            (target / "theirs").write_text("b")

    target = tmp_path / "new"
    with pytest.raises(FileExistsError, match="not ours"):
        write()
    assert [path.name for path in target.iterdir()] == ["theirs"]
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
