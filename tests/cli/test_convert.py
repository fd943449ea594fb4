"""`quals convert` and `quals export`: from a checkpoint to a model folder and on."""

from tests import golden_files


def test_a_fairseq_checkpoint_becomes_a_model_folder_and_is_exported(quals, tmp_path):
    done = quals(
        *("convert", golden_files.path("models/full_p/model.pt"), "-o", tmp_path / "qagen"),
        *("--tokenizer", golden_files.path("bpe"), "--separator-id", "50259"),
    )
    assert done.status == 0, done.messages
    assert "2+2 layers, d_model 16, 50,264 tokens, separator 50259" in done.messages
    done = quals("export", tmp_path / "qagen", "-o", tmp_path / "copy")
    assert done.status == 0, done.messages
    original, copy = (
        (tmp_path / name / "model.safetensors").read_bytes() for name in ("qagen", "copy")
    )
    assert copy == original
    done = quals("export", tmp_path / "qagen", "-o", tmp_path / "half", "--weights", "bfloat16")
    assert done.status == 0, done.messages
    assert len((tmp_path / "half" / "model.safetensors").read_bytes()) < 0.6 * len(original)
    assert "Weights: bfloat16" in (tmp_path / "half" / "README.md").read_text("utf-8")


def test_what_cannot_be_converted_is_named(quals, tmp_path):
    done = quals("convert", tmp_path / "none.pt", "-o", tmp_path / "out")
    assert done.status == 2
    assert "there is no checkpoint" in done.messages
    page = tmp_path / "page.pt"
    page.write_text("<html>not found</html>")
    done = quals("convert", page, "-o", tmp_path / "out")
    assert done.status == 2
    assert "page.pt" in done.messages
    assert not (tmp_path / "out").exists()


def test_a_folder_of_somebody_else_is_not_replaced(quals, tmp_path, model_dir):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    done = quals("export", model_dir, "-o", tmp_path / "home")
    assert done.status == 2
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.txt"]
