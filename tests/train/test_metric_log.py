import io

import numpy as np

from quals_jax.data.loader import HostBatch
from train.losses import LossSums
from train.metric_log import MetricLog, Window, read_metrics
from train.progress import Progress
from train.step import StepMetrics


def metrics(loss, num_tokens, norm):
    sums = LossSums(*map(np.float32, (loss, loss / 2, 3, num_tokens, 0, 0)))
    return StepMetrics(sums, np.float32(norm), np.float32(0.5), np.bool_(False), np.float32(1.0))


def batch(*ids):
    members = np.arange(sum(map(bool, ids)))
    return HostBatch(np.zeros((len(ids), 1)), np.zeros((len(ids), 1, 1)), ids, members)


def test_a_window_weighs_steps_by_their_tokens():
    window = Window()
    window.add(metrics(10.0, 2, 1.0), 5, 0, [batch("a", "")])
    window.add(metrics(20.0, 8, 3.0), 6, 1, [batch("b", "c"), batch("d")])
    row = window.take()
    assert (row["step"], row["epoch"], row["num_steps"]) == (6, 1, 2)
    assert (row["loss"], row["nll"], row["accuracy"]) == (3.0, 1.5, 0.6)
    assert (row["grad_norm"], row["num_tokens"], row["num_examples"]) == (2.0, 10, 4)
    assert window.take() is None


def test_resuming_cuts_rows_that_will_be_written_again(tmp_path):
    path = tmp_path / "metrics.jsonl"
    log = MetricLog(path)
    for step in (1, 2, 3):
        log.write("train", step, loss=step / 2)
    log.close()
    with path.open("a") as file:
        file.write('{"kind": "tra')
    MetricLog(path, resume_step=2).close()
    assert [row["step"] for row in read_metrics(path)] == [1, 2]
    assert path.read_text().endswith("\n")


def test_progress_in_a_file_is_plain_lines():
    stream = io.StringIO()
    progress = Progress(num_steps=20, step=0, stream=stream)
    for step in range(1, 21):
        progress.update(step, {"num_tokens": 100, "loss": 1.25})
    progress.say("done")
    progress.close()
    lines = stream.getvalue().splitlines()
    assert lines[-1] == "done"
    assert lines[-2].startswith("step 20/20 · loss 1.2500 · ")
    assert lines[-2].endswith("0 s left")
    assert len(lines) <= 4  # the first, the last, and not one per step


def test_progress_on_a_terminal_draws_a_bar():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    progress = Progress(num_steps=10, step=4, stream=stream)
    progress.update(5, {"num_tokens": 100, "loss": 2.0, "positive_nll": 1.5})
    progress.say("a line above the bar")
    progress.close()
    assert "a line above the bar" in stream.getvalue()
    assert "step 5/10 · loss 2.0000 · S+ 1.5000 · " in stream.getvalue()
