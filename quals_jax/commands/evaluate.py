"""`quals evaluate`: several metrics of every summary in one pass, means with intervals."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from quals_jax.checkpoints.open_qagen import OPEN_QAGEN, THE_OPEN_QAGEN
from quals_jax.commands.evaluated_rows import EvaluationTally, metric_worker, write_summary
from quals_jax.commands.model import prepare_jax
from quals_jax.commands.parser import Parser, did_you_mean, whole_number
from quals_jax.commands.rows import RESUME_HELP, add_row_arguments, format_of_output, run_rows
from quals_jax.jobs.row_job import Worker
from quals_jax.metrics.registry import METRICS, MetricEntry, MetricOptions, load_metrics

DEFAULT_METRICS = "ngram,entities"  # what needs neither a model nor references

_DESCRIPTION = """Measures summaries by several metrics in one pass.

Rows in:   {{"id": 1, "document": "…", "summary": "…", "reference": "…"}}
           or with "summaries": ["…", "…"] instead of "summary"; rouge needs references, entities
           uses them where they are
Rows out:  {{"id": 1, "document_sha256": "…", "metrics": {{"ngram1_precision": 0.93, …}},
            "reasons": {{"rouge": "no_reference"}}}}
           or {{"id": 1, "document_sha256": "…", "scores": [one {{"metrics": …, "reasons": …}} per
            summary]}}
A number that cannot be had is null, and reasons says why. OUT.summary.json and the table at the end
hold the mean of each number over the summaries that have it, with a 95 % bootstrap interval that
resamples documents.

metrics:
{metrics}
"""

_EXAMPLES = """examples:
  quals evaluate summaries.jsonl -o metrics.jsonl
  quals evaluate summaries.jsonl -o metrics.jsonl \\
      --metrics quals,qags,factcc,rouge,entities,ngram --reference-key target \\
      --quals-model models/qagen --qags-model models/qags --factcc-model models/factcc
  quals evaluate summaries.csv -o metrics.jsonl --metrics bartscore --bartscore-model models/bart
  quals generate docs.jsonl --model models/bart | quals evaluate - -o metrics.jsonl
"""

COLUMNS = ("id", "document_sha256", "metrics", "reasons")


def add_parser(commands: Any) -> None:
    """Adds `evaluate` to the subcommands."""
    width = max(map(len, METRICS))
    lines = [f"  {name:{width}}  {entry.help}" for name, entry in METRICS.items()]
    parser = commands.add_parser(
        "evaluate",
        usage="quals evaluate IN -o OUT [--metrics NAME,NAME,…] [options]",
        help="measure summaries by several metrics",
        description=_DESCRIPTION.format(metrics="\n".join(lines)),
        epilog=_EXAMPLES + RESUME_HELP,
    )
    parser.set_defaults(run=run, command="quals evaluate")
    _add_metric_arguments(parser)
    add_row_arguments(parser, ("document", "summary", "summaries", "reference"), model=False)


def _add_metric_arguments(parser: Parser) -> None:
    group = parser.add_argument_group("metrics")
    group.add_argument(
        "--metrics",
        metavar="NAME,…",
        type=_names,
        default=_names(DEFAULT_METRICS),
        help=f"which, with commas between (default: {DEFAULT_METRICS}, which need no model)",
    )
    for name, entry in METRICS.items():
        if entry.model:
            group.add_argument(
                f"--{name}-model", metavar="DIR", type=Path, help=_model_help(name, entry)
            )
    group.add_argument(
        "--dtype",
        choices=("float32", "bfloat16"),
        help="of matrix products (default: float32; bfloat16 is faster on accelerators)",
    )
    group.add_argument(
        "--quals-mode", choices=("clean", "paper"), help="as --mode of quals score (default: clean)"
    )
    group.add_argument(
        "--quals-num-beams",
        metavar="N",
        type=whole_number(1),
        help="pairs generated per summary; fewer are faster (default: 60)",
    )
    group.add_argument(
        "--qags-refill",
        action="store_true",
        default=None,
        help="questions that the summary does not answer as expected fill empty places, as "
        "officially: more summaries get a number, weak models a vaguer one",
    )
    group.add_argument(
        "--entity-spans",
        choices=("auto", "spacy", "rules"),
        help="who finds entities (entities, qags); auto: spaCy's en_core_web_lg where it is "
        "installed, else rules (default: auto)",
    )
    group.add_argument(
        "--entity-level",
        type=int,
        choices=(0, 1, 2),
        help="how an entity is found in a text; 0: as written, 1: in any case, 2: any part of it "
        "(default: 2)",
    )


def _model_help(name: str, entry: MetricEntry) -> str:
    default = "" if entry.default_model is None else f" (default: {THE_OPEN_QAGEN})"
    return f"for {name}: {entry.model}{default}"


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in METRICS:
            raise argparse.ArgumentTypeError(
                f"{name!r} is none of {', '.join(METRICS)}{did_you_mean(name, METRICS)}"
            )
        if names.count(name) > 1:
            raise argparse.ArgumentTypeError(f"{name} is named twice")
    return names


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit status."""
    models = _models(args)
    given = {name: value for name in _SETTINGS if (value := getattr(args, name)) is not None}
    _refuse_idle_settings(args.metrics, given)
    options = MetricOptions(models=models, **given)
    settings = {name: getattr(options, name) for name in _settings_of(args.metrics)}
    tally = EvaluationTally()

    def load_worker() -> Worker:
        if models:
            prepare_jax()
        metrics = load_metrics(args.metrics, options)
        if models and not args.quiet:
            if models.get("quals") == OPEN_QAGEN:
                told = f"quals: {THE_OPEN_QAGEN}; --quals-model names another"
                print(told, file=sys.stderr, flush=True)
            _tell_device(args.command, options.dtype)
        return metric_worker(metrics)

    settings["metrics"] = list(args.metrics)
    reference = _reference(args.metrics)
    if args.reference_key and not reference:
        raise ValueError(f"--reference-key: {_none_of('reads references', args.metrics)}")

    def sum_up() -> None:
        table = write_summary(args.output, format_of_output(args), tally)
        if not args.quiet and table:
            print(table, file=sys.stderr, flush=True)

    return run_rows(
        args,
        settings,
        load_worker,
        tally,
        COLUMNS,
        models,
        reference=reference,
        at_end=sum_up,
    )


# Which metrics a setting concerns; None: those with a model.
_SETTINGS: dict[str, tuple[str, ...] | None] = {
    "dtype": None,
    "quals_mode": ("quals",),
    "quals_num_beams": ("quals",),
    "qags_refill": ("qags",),
    "entity_spans": ("entities", "qags"),
    "entity_level": ("entities",),
}


def _settings_of(metrics: Sequence[str]) -> list[str]:
    """The settings that concern one of these metrics."""
    return [
        setting
        for setting, concerned in _SETTINGS.items()
        if any(METRICS[name].model if concerned is None else name in concerned for name in metrics)
    ]


def _refuse_idle_settings(metrics: Sequence[str], given: dict[str, Any]) -> None:
    for setting in given.keys() - set(_settings_of(metrics)):
        flag = f"--{setting.replace('_', '-')}"
        concerned = _SETTINGS[setting]
        what = "has a model" if concerned is None else f"is {' or '.join(concerned)}"
        raise ValueError(f"{flag}: {_none_of(what, metrics)}")


def _none_of(what: str, metrics: Sequence[str]) -> str:
    return f"none of the metrics ({', '.join(metrics)}) {what}; see --metrics"


def _models(args: argparse.Namespace) -> dict[str, Path]:
    """The model folders of the metrics; ValueError or FileNotFoundError that says what to do."""
    models = {}
    for name, entry in METRICS.items():
        folder = getattr(args, f"{name}_model") if entry.model else None
        if name not in args.metrics:
            if folder is not None:
                raise ValueError(f"--{name}-model: {_none_of(f'is {name}', args.metrics)}")
            continue
        folder = folder or entry.default_model
        if entry.model and folder is None:
            raise ValueError(
                f"the metric {name} needs a model and none is given: pass --{name}-model DIR "
                f"({entry.model}), or leave {name} out of --metrics.\n"
                "  The ways to a model folder:  quals convert --help, python -m train --help"
            )
        if folder is not None:
            models[name] = folder
            _check_folder(name, folder)
    return models


def _check_folder(name: str, folder: Path) -> None:
    if not folder.is_dir():
        from quals_jax.checkpoints.model_folder import load_model_folder

        try:
            load_model_folder(folder)  # raises, and tells what to do
        except FileNotFoundError as error:
            raise FileNotFoundError(f"--{name}-model: {error}") from None


def _reference(metrics: Sequence[str]) -> Literal["", "optional", "needed"]:
    wishes = {METRICS[name].reference for name in metrics}
    return "needed" if "needed" in wishes else "optional" if "optional" in wishes else ""


def _tell_device(command: str, dtype: str) -> None:
    import jax

    number = f"{jax.local_device_count()} x " if jax.local_device_count() > 1 else ""
    kind = jax.local_devices()[0].device_kind
    print(f"{command}: {dtype} on {number}{kind}", file=sys.stderr, flush=True)
