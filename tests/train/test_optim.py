import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.golden_files import read_json
from tests.tolerances import PARAMS
from train.optim import OptimConfig, make_optimizer
from train.schedules import ScheduleConfig, make_schedule

RECORDED = read_json("sched_optim.json")


def config_of(recorded, clip_norm=0.0):
    beta1, beta2 = (float(x) for x in recorded["adam_betas"].strip("()").split(","))
    learning_rate = recorded["lr"][0]
    return OptimConfig(
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        eps=recorded["adam_eps"],
        weight_decay=recorded["weight_decay"],
        clip_norm=clip_norm,
        schedule=ScheduleConfig(
            name=recorded["lr_scheduler"],
            warmup_steps=recorded["warmup_updates"],
            total_steps=recorded["total_num_update"],
            end_ratio=recorded["end_learning_rate"] / learning_rate,
            power=recorded["power"],
        ),
    )


@pytest.mark.parametrize("case", RECORDED["schedules"], ids=lambda case: case["name"])
def test_schedule_equals_the_recorded_one(case):
    config = config_of(case["config"])
    schedule = make_schedule(config.schedule, config.learning_rate, num_steps=10**9)
    ours = schedule(jnp.asarray(case["num_updates"]))
    # float32 against the float64 of the record; relative to the peak where it reaches zero.
    np.testing.assert_allclose(ours, case["lr"], rtol=1e-5, atol=1e-7 * config.learning_rate)


@pytest.mark.parametrize("case", RECORDED["adam"], ids=lambda case: case["name"])
def test_twenty_updates_equal_the_recorded_ones(case):
    config = config_of(case["config"], case["clip_norm"])
    optimizer, schedule = make_optimizer(config, num_steps=10**9)
    params = [jnp.asarray(p, jnp.float32) for p in case["initial_params"]]
    state = optimizer.init(params)
    update = jax.jit(optimizer.update)
    for index, step in enumerate(case["steps"]):
        assert float(schedule(index)) == pytest.approx(step["lr_used"], rel=1e-5)
        grads = [jnp.asarray(g, jnp.float32) / case["sample_size"] for g in step["raw_grads"]]
        updates, state = update(grads, state, params)
        params = [p + u for p, u in zip(params, updates, strict=True)]
        for ours, recorded in zip(params, step["params_after"], strict=True):
            np.testing.assert_allclose(ours, recorded, rtol=PARAMS, atol=PARAMS)
    adam = state[-1] if case["clip_norm"] else state
    for name, moments in (("final_exp_avg", adam.mu), ("final_exp_avg_sq", adam.nu)):
        for ours, recorded in zip(moments, case[name], strict=True):
            np.testing.assert_allclose(ours, recorded, rtol=2e-5, atol=1e-12)


def test_the_first_update_after_warmup_steps_has_learning_rate_zero():
    schedule = make_schedule(ScheduleConfig(warmup_steps=5), 0.1, num_steps=50)
    assert [round(float(schedule(n)), 6) for n in (0, 1, 5)] == [0.0, 0.02, 0.1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fixed", [1.0, 1.0, 1.0, 1.0]),
        ("polynomial_decay", [1.0, 0.55, 0.1, 0.1]),
        ("cosine", [1.0, 0.55, 0.1, 0.1]),
        ("inverse_sqrt", [1.0, (4 / 12) ** 0.5, (4 / 20) ** 0.5, (4 / 100) ** 0.5]),
    ],
)
def test_shapes_after_warmup(name, expected):
    config = ScheduleConfig(name, warmup_steps=4, end_ratio=0.1)
    schedule = make_schedule(config, 1.0, num_steps=20)
    np.testing.assert_allclose([float(schedule(n)) for n in (4, 12, 20, 100)], expected, rtol=1e-6)


def test_an_unknown_schedule_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'cosine'"):
        ScheduleConfig("cosin")


@pytest.mark.parametrize("wrong", [{"beta1": 1.0}, {"learning_rate": -1.0}, {"clip_norm": -0.1}])
def test_values_outside_their_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        OptimConfig(**wrong)
