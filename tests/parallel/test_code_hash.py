import shutil

from quals_jax.parallel import code_hash
from quals_jax.parallel.code_hash import code_sha256


def test_the_hash_is_of_what_the_source_files_say(tmp_path, monkeypatch):
    places = [tmp_path / "here", tmp_path / "there"]
    for place in places:
        (place / "quals_toy" / "inner").mkdir(parents=True)
        (place / "quals_toy" / "__init__.py").write_text("")
        (place / "quals_toy" / "inner" / "step.py").write_text("rate = 1\n")
        shutil.copyfile(place / "quals_toy" / "__init__.py", place / "quals_toy" / "notes.txt")
    monkeypatch.setattr(code_hash, "_PACKAGES", ("quals_toy", "quals_not_installed"))
    monkeypatch.syspath_prepend(places[0])
    here = code_sha256()
    monkeypatch.syspath_prepend(places[1])
    assert code_sha256() == here  # wherever it is installed
    step = places[1] / "quals_toy" / "inner" / "step.py"
    (places[1] / "quals_toy" / "notes.txt").write_text("no code")
    assert code_sha256() == here
    step.write_text("rate = 2\n")
    changed = code_sha256()
    assert changed != here
    step.rename(step.with_name("other.py"))
    assert code_sha256() not in (here, changed)


def test_the_installed_packages_are_found_at_all(monkeypatch):
    whole = code_sha256()
    for package in code_hash._PACKAGES:
        others = tuple(name for name in code_hash._PACKAGES if name != package)
        monkeypatch.setattr(code_hash, "_PACKAGES", others)
        assert code_sha256() != whole
        monkeypatch.undo()
