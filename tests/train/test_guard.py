import json

import pytest

from train.config import (
    BatchConfig,
    ConSeqConfig,
    ContrastData,
    Experiment,
    SummaryData,
    TextData,
)
from train.guard import CollapseGuard


def guard_after(nlls, **options):
    guard = CollapseGuard(ConSeqConfig(**{"max_nll_rise": 0.2, "guard_window_steps": 3} | options))
    for nll in nlls:
        guard.observe(nll * 10, 10)
    return guard


def test_a_rise_of_the_smoothed_nll_is_a_collapse_and_a_single_bad_batch_is_none():
    start = [1.0, 1.1, 0.9]  # mean 1
    assert guard_after([*start, 1.5, 0.9, 1.0]).collapse is None
    collapsed = guard_after([*start, 1.0, 1.2, 1.45])  # mean 1.2167
    assert collapsed.collapse == "S+ NLL 1.217 is 22% above its start, 1.000 (allowed: 20%)"
    assert guard_after([*start, 0.5, 0.6, 0.9]).collapse is None  # a rise, but below the start


def test_updates_weigh_by_their_tokens_and_those_without_positives_do_not_count():
    guard = guard_after([1.0, 1.0, 1.0])
    for _ in range(5):
        guard.observe(0.0, 0)
    guard.observe(3.0, 1)  # one token of 21
    assert guard.rise == pytest.approx(23 / 21 - 1)
    assert guard.collapse is None


def test_nothing_is_judged_before_the_start_is_known():
    assert guard_after([1.0, 9.0]).collapse is None
    assert guard_after([1.0, 9.0]).rise == 0.0


def test_parameters_are_good_until_half_of_the_rise_is_used_up():
    assert guard_after([1.0, 1.0, 1.0, 1.09, 1.09, 1.09]).is_good
    close = guard_after([1.0, 1.0, 1.0, 1.11, 1.11, 1.11])
    assert close.collapse is None
    assert not close.is_good


def test_a_model_that_knows_its_summaries_by_heart_may_waver():
    assert guard_after([0.01, 0.01, 0.01, 0.1, 0.1, 0.1]).collapse is None
    assert guard_after([0.01, 0.01, 0.01, 0.2, 0.1, 0.1]).collapse is not None


def test_the_first_reason_is_the_one_that_is_told():
    guard = guard_after([1.0, 1.0, 1.0, 2.0])
    reason = guard.collapse
    guard.observe(90.0, 10)
    assert guard.collapse == reason == guard_after([1.0, 1.0, 1.0, 2.0]).collapse


def test_zero_switches_the_guard_off():
    off = guard_after([1.0, 1.0, 1.0, 5.0, 50.0, 500.0], max_nll_rise=0.0)
    assert off.collapse is None
    assert off.is_good


def test_dev_loss_is_compared_with_the_first_evaluation():
    guard = guard_after([], max_dev_rise=0.1)
    for loss in (2.0, 1.5, 2.19):
        guard.observe_dev(loss)
    assert guard.collapse is None
    guard.observe_dev(2.21)
    assert guard.collapse == "dev loss 2.210 is 10% above its start, 2.000 (allowed: 10%)"
    off = guard_after([])
    off.observe_dev(1.0)
    off.observe_dev(100.0)
    assert off.collapse is None


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_restored_guard_decides_as_one_that_was_never_stopped(stop):
    nlls = [1.0, 1.1, 0.9, 1.15, 1.25, 1.25]
    whole = guard_after(nlls)
    before = guard_after(nlls[:stop])
    after = guard_after([])
    after.restore(json.loads(json.dumps(before.to_json())))
    for nll in nlls[stop:]:
        after.observe(nll * 10, 10)
    assert after.to_json() == whole.to_json()
    assert after.collapse == whole.collapse is not None


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="negative_weight is -1"):
        ConSeqConfig(negative_weight=-1)
    with pytest.raises(ValueError, match="hellinger is 3"):
        ConSeqConfig(hellinger=3)
    with pytest.raises(ValueError, match="max_nll_rise"):
        ConSeqConfig(max_nll_rise=-0.1)
    with pytest.raises(ValueError, match="reference_share is 1"):
        ContrastData(references=("rows:a",), reference_share=1.0)
    with pytest.raises(ValueError, match=r"set both data\.references and"):
        ContrastData(references=("rows:a",))
    with pytest.raises(ValueError, match="only ContrastData has S-"):
        Experiment(data=SummaryData(), conseq=ConSeqConfig(negative_weight=0.1), num_steps=1)
    with pytest.raises(ValueError, match="TextData, which has no limits"):
        Experiment(data=TextData(), batch=BatchConfig(pad_to_limits=True), num_steps=1)
