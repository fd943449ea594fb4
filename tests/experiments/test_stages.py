"""Stages are done once, continued, refused with other settings, and shared through a cache."""

import json
import threading

import pytest

from experiments.pipeline import stages
from experiments.pipeline.stages import Stage, Workspace
from quals_jax.jobs.claim import RefusedError


class Recipe:
    """Two stages that count how often they work: words -> a text of these words."""

    def __init__(self, words=("a", "b"), loud=False):
        self.done: list[str] = []

        def write_words(output, path):
            self.done.append("words")
            output.write_text(" ".join(words))

        def write_text(output, path):
            self.done.append("text")
            text = path(self.words).read_text()
            output.write_text(text.upper() if loud else text)

        self.words = Stage("words", "words.txt", write_words, {"words": list(words)})
        self.text = Stage("out/text", "out/text.txt", write_text, {"loud": loud}, (self.words,))

    def run(self, workdir, cache=None, restart=False):
        workspace = Workspace(workdir, cache, restart=restart)
        workspace.run([self.words, self.text])
        return workspace.path(self.text).read_text()


def test_finished_stages_are_skipped_and_timed(tmp_path):
    recipe = Recipe()
    assert recipe.run(tmp_path) == recipe.run(tmp_path) == "a b"
    assert recipe.done == ["words", "text"]
    assert Workspace(tmp_path).seconds(recipe.text) >= 0
    assert Workspace(tmp_path).seconds(Recipe(loud=True).text) is not None  # by name, not by key


def test_a_lost_output_is_made_again(tmp_path):
    recipe = Recipe()
    recipe.run(tmp_path)
    (tmp_path / "out" / "text.txt").unlink()
    recipe.run(tmp_path)
    assert recipe.done == ["words", "text", "text"]


def test_changed_settings_are_refused_with_their_names_and_nothing_is_touched(tmp_path):
    Recipe().run(tmp_path)
    other = Recipe(loud=True)
    with pytest.raises(RefusedError, match=r"settings.loud: false there, true now"):
        other.run(tmp_path)
    assert other.done == []
    assert Recipe().run(tmp_path) == "a b"


def test_restart_makes_anew_what_changed_and_what_depends_on_it(tmp_path):
    Recipe().run(tmp_path)
    loud = Recipe(loud=True)
    assert loud.run(tmp_path, restart=True) == "A B"
    assert loud.done == ["text"]
    words = Recipe(words=("c",), loud=True)
    assert words.run(tmp_path, restart=True) == "C"
    assert words.done == ["words", "text"]


def test_a_foreign_file_is_never_overwritten(tmp_path):
    (tmp_path / "words.txt").write_text("mine")
    with pytest.raises(RefusedError, match="was not written by this pipeline"):
        Recipe().run(tmp_path, restart=True)
    assert (tmp_path / "words.txt").read_text() == "mine"


def test_a_stage_that_broke_off_is_continued_with_what_it_left(tmp_path):
    def work(output, path):
        before = output.read_text() if output.exists() else ""
        output.write_text(before + "x")
        if len(before) < 2:
            raise RuntimeError("broken off")

    stage = Stage("work", "work.txt", work)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            Workspace(tmp_path).run([stage])
        assert Workspace(tmp_path).seconds(stage) is None
    Workspace(tmp_path).run([stage])
    assert (tmp_path / "work.txt").read_text() == "xxx"


def test_runs_with_one_cache_share_the_stages_they_agree_in(tmp_path):
    cache = tmp_path / "cache"
    quiet, loud, other = Recipe(), Recipe(loud=True), Recipe(words=("c",))
    assert quiet.run(tmp_path / "1", cache) == "a b"
    assert loud.run(tmp_path / "2", cache) == "A B"
    assert other.run(tmp_path / "3", cache) == "c"
    assert (quiet.done, loud.done, other.done) == (["words", "text"], ["text"], ["words", "text"])
    assert Recipe().words.key == quiet.words.key != other.words.key


def test_a_second_runner_waits_for_the_stage_of_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "_WAIT_SECS", 0.01)
    begun, go_on = threading.Event(), threading.Event()
    calls = []

    def slow(output, path):
        calls.append(threading.current_thread().name)
        begun.set()
        assert go_on.wait(30)
        output.write_text("done")

    stage = Stage("slow", "slow.txt", slow)
    runners = [
        threading.Thread(target=Workspace(tmp_path / name, tmp_path / "cache").run, args=([stage],))
        for name in "ab"
    ]
    runners[0].start()
    assert begun.wait(30)
    runners[1].start()
    runners[1].join(0.2)
    assert runners[1].is_alive()
    go_on.set()
    for runner in runners:
        runner.join(30)
    assert len(calls) == 1


def test_a_record_that_a_kill_left_before_the_output_is_continued(tmp_path):
    recipe = Recipe()
    workspace = Workspace(tmp_path)
    record = tmp_path / "stages" / "words.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"fields": recipe.words.fields, "secs": 3.0, "finished": False}))
    workspace.run([recipe.words])
    assert workspace.seconds(recipe.words) >= 3.0


def test_a_workdir_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file; --workdir names a folder"):
        Workspace(tmp_path / "file")
