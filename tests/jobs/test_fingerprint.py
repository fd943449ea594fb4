"""What a job's output depends on."""

from quals_jax.jobs.fingerprint import differences, folder_sha256s


def test_a_folder_of_model_folders_has_the_files_of_both(tmp_path):
    for name in ("questions", "answers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(name)
        (tmp_path / name / "README.md").write_text("a model card changes nothing")
    found = folder_sha256s(tmp_path)
    assert list(found) == ["answers/config.json", "questions/config.json"]
    assert len(set(found.values())) == 2
    (tmp_path / "config.json").write_text("{}")  # a model folder: what lies in it is its own
    assert list(folder_sha256s(tmp_path)) == ["config.json"]


def test_null_is_the_same_as_a_field_that_an_older_version_did_not_have():
    assert differences({"a": 1}, {"a": 1, "keys.reference": None}) == []
    assert differences({"a": 1}, {"a": 1, "keys.reference": "r"}) == [
        'keys.reference: nothing there, "r" now'
    ]
    assert differences({"a": False}, {}) == ["a: false there, nothing now"]
